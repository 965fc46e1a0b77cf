// The visitor: who is signed in, and how often he came.

import { session } from "innkeeper-sdk";

/** One name for all forms: the token of `/me` is good for each of them. */
export const CSRF_FORM = "guestbook";

const VISITS = "visits";

/** What the session says about the visitor. */
export function current() {
  return {
    name: session.user() ?? null,
    visits: Number(session.get(VISITS) ?? 0),
    csrf: session.csrfToken(CSRF_FORM),
  };
}

/** The same, with this visit counted: by the host, so that two pages at once are two visits. */
export function welcome() {
  return { ...current(), visits: session.increment(VISITS) };
}
