// A guestbook: entries with photos, for visitors with or without a name.
//
// This file knows which address is answered where, and does it, with the help of `entries` (the
// table), `forms` (what comes in) and `pages` (what goes out).

import {
  blobs,
  failure,
  FormError,
  HttpError,
  InnkeeperError,
  router,
  seeOther,
  sendBlob,
  serve,
  session,
} from "innkeeper-sdk";

import * as entries from "./entries.js";
import { draftOf, receive, userOf, withPhoto } from "./forms.js";
import * as pages from "./pages.js";
import * as visitor from "./visitor.js";

const PAGE_ENTRIES = 20;
const MAX_ENTRIES = 100;
/**
 * A photo never changes; an hour is how long one that was deleted may still show in a browser that
 * knows it.
 */
const PHOTO_MAX_AGE_SECONDS = 3_600;

const routes = router({
  "GET /": book,
  "GET /entries.json": entriesJson,
  "POST /entries": addEntry,
  "POST /entries/:id/delete": deleteEntry,
  "GET /photos/:id": photo,
  "POST /login": login,
  "POST /logout": logout,
  "GET /me": me,
});

serve(
  (request) => {
    entries.define();
    return routes(request);
  },
  { onError },
);

function book(request) {
  const before = number(request, "before");
  const listing = entries.list(before, PAGE_ENTRIES);
  const reader = visit(request);
  // HEAD shows nobody the messages.
  const messages = request.method === "HEAD" ? [] : session.takeFlash();
  return pages.book({ listing, visitor: reader, messages, isNewest: before === undefined });
}

function entriesJson(request) {
  try {
    const limit = Number(number(request, "limit") ?? PAGE_ENTRIES);
    const { listed, next } = entries.list(number(request, "before"), Math.min(Math.max(limit, 1), MAX_ENTRIES));
    const shown = listed.map(({ id, author, message, photo, created }) => ({
      id,
      author,
      message,
      photo: photo && `/photos/${photo}`,
      created,
    }));
    return json({ entries: shown, next });
  } catch (error) {
    if (error instanceof HttpError) {
      return json({ error: "`before` and `limit` must be whole numbers" }, 400);
    }
    throw error;
  }
}

function addEntry() {
  const form = receive(withPhoto);
  const { author, message } = draftOf(form);
  const photo = form.file("photo");
  if (photo) {
    blobs.keep(photo.id);
  }
  entries.insert({ author, message, photo: photo?.id ?? null, owner: session.user() ?? null });
  session.flash(`Thank you, ${author}.`);
  return seeOther("/");
}

function deleteEntry(_, { id }) {
  receive();
  const number = whole(id);
  if (number === undefined) {
    throw notFound();
  }
  const deleted = entries.remove(number, session.user() ?? null);
  if (deleted) {
    deletePhoto(deleted.photo);
    return seeOther("/");
  }
  throw entries.exists(number) ? new HttpError(403, "This entry is somebody else's.") : notFound();
}

function photo(_, { id }) {
  if (!entries.hasPhoto(id)) {
    throw notFound();
  }
  return sendBlob(id, { maxAge: PHOTO_MAX_AGE_SECONDS });
}

function login() {
  const name = userOf(receive());
  session.renew(name);
  session.flash(`Welcome, ${name}.`);
  return seeOther("/");
}

function logout() {
  receive();
  session.destroy();
  return seeOther("/");
}

function me(request) {
  return json(visit(request));
}

/** Every answer that is none of the above: a page that says what is wrong. */
function onError(error) {
  if (error instanceof FormError) {
    const listing = entries.list(undefined, PAGE_ENTRIES);
    const [reader, messages] = [visitor.current(), session.takeFlash()];
    return pages.book({ listing, visitor: reader, messages, isNewest: true, refusal: error });
  }
  if (error instanceof HttpError) {
    return pages.short(error.status, error.message, error.headers);
  }
  if (error instanceof InnkeeperError && error.status === 404) {
    return onError(notFound());
  }
  const { status, headers } = failure(error);
  const text =
    status === 503 ? "The book is in use just now. Please try again." : "Something went wrong. Nothing was changed.";
  return pages.short(status, text, status === 503 ? { "retry-after": headers.get("retry-after") } : {});
}

/** GET is a visit; HEAD only asks. */
function visit(request) {
  return request.method === "HEAD" ? visitor.current() : visitor.welcome();
}

function deletePhoto(id) {
  try {
    if (id) {
      blobs.delete(id);
    }
  } catch (error) {
    // What the operator has removed already needs no deletion.
    if (error.code !== "not-found") {
      throw error;
    }
  }
}

function notFound() {
  return new HttpError(404, "There is nothing here.");
}

/** The number in a query parameter, if there is one. */
function number(request, name) {
  const text = new URL(request.url).searchParams.get(name);
  const number = text === null ? undefined : whole(text);
  if (text !== null && number === undefined) {
    throw new HttpError(400, "The address contains something that is no number.");
  }
  return number;
}

/** A whole number that the database can hold, or undefined. */
function whole(text) {
  const number = /^[+-]?0*\d{1,19}$/.test(text) ? BigInt(text.replace("+", "")) : undefined;
  return number === undefined || BigInt.asIntN(64, number) !== number ? undefined : number;
}

function json(document, status = 200) {
  const headers = {
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  };
  return new Response(JSON.stringify(document), { status, headers });
}
