// The visitor: who is signed in, and how often he came.

import { session } from "innkeeper-sdk";

/** One name for all forms: the token of `/me` is good for each of them. */
export const CSRF_FORM = "guestbook";

const VISITS = "visits";

/** What the session says about the visitor. */
export interface Visitor {
  name: string | null;
  visits: number;
  csrf: string;
}

/** Reads the session. */
export function current(): Visitor {
  return {
    name: session.user() ?? null,
    visits: Number(session.get(VISITS) ?? 0),
    csrf: session.csrfToken(CSRF_FORM),
  };
}

/**
 * Reads the session with this visit counted: by the host, so that two pages at once are two visits.
 */
export function welcome(): Visitor {
  return { ...current(), visits: Number(session.increment(VISITS)) };
}
