// A guestbook: entries with photos, for visitors with or without a name.
//
// This file knows which address is answered where, and does it, with the help of `entries` (the
// table), `forms` (what comes in) and `pages` (what goes out).

import { type Context, Hono } from "hono";
import {
  blobs,
  failure,
  FormError,
  HttpError,
  InnkeeperError,
  seeOther,
  sendBlob,
  serve,
  session,
} from "innkeeper-sdk";

import * as entries from "./entries.js";
import { draftOf, receive, userOf, withPhoto } from "./forms.js";
import { Book, Short } from "./pages.js";
import * as visitor from "./visitor.js";

const PAGE_ENTRIES = 20;
const MAX_ENTRIES = 100;
/**
 * A photo never changes; an hour is how long one that was deleted may still show in a browser that
 * knows it.
 */
const PHOTO_MAX_AGE_SECONDS = 3_600;
const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const READ = "GET, HEAD";
const WRITE = "POST";

const app = new Hono();

app.use(async (c, next) => {
  await next();
  // Everything here depends on the visitor, but for the photos, which say so.
  if (!c.res.headers.has("cache-control")) {
    c.header("cache-control", "no-store");
  }
  c.header("x-content-type-options", "nosniff");
});

app.use(async (_, next) => {
  entries.define();
  await next();
});

app.get("/", (c) => {
  const before = number(c, "before");
  const listing = entries.list(before, PAGE_ENTRIES);
  const reader = visit(c);
  // HEAD shows nobody the messages.
  const messages = isHead(c) ? [] : session.takeFlash();
  return page(c, <Book listing={listing} visitor={reader} messages={messages} isNewest={before === undefined} />);
});

app.get("/entries.json", (c) => {
  let before, limit;
  try {
    [before, limit] = [number(c, "before"), number(c, "limit")];
  } catch {
    return c.json({ error: "`before` and `limit` must be whole numbers" }, 400);
  }
  const { listed, next } = entries.list(before, Math.min(Math.max(Number(limit ?? PAGE_ENTRIES), 1), MAX_ENTRIES));
  const shown = listed.map(({ owner, ...entry }) => ({ ...entry, photo: entry.photo && `/photos/${entry.photo}` }));
  return c.json({ entries: shown, next });
});

app.post("/entries", () => {
  const form = receive(withPhoto);
  const { author, message } = draftOf(form);
  const photo = form.file("photo");
  if (photo) {
    blobs.keep(photo.id);
  }
  entries.insert({ author, message, photo: photo?.id ?? null, owner: session.user() ?? null });
  session.flash(`Thank you, ${author}.`);
  return seeOther("/");
});

app.post("/entries/:id/delete", (c) => {
  receive();
  const id = whole(c.req.param("id"));
  if (id === undefined) {
    throw notFound();
  }
  const deleted = entries.remove(id, session.user() ?? null);
  if (deleted) {
    deletePhoto(deleted.photo);
    return seeOther("/");
  }
  throw entries.exists(id) ? new HttpError(403, "This entry is somebody else's.") : notFound();
});

app.get("/photos/:id", (c) => {
  const id = c.req.param("id");
  if (!entries.hasPhoto(id)) {
    throw notFound();
  }
  return sendBlob(id, { maxAge: PHOTO_MAX_AGE_SECONDS });
});

app.post("/login", () => {
  const name = userOf(receive());
  session.renew(name);
  session.flash(`Welcome, ${name}.`);
  return seeOther("/");
});

app.post("/logout", () => {
  receive();
  session.destroy();
  return seeOther("/");
});

app.get("/me", (c) => c.json(visit(c)));

for (const path of ["/", "/entries.json", "/photos/:id", "/me"]) {
  app.all(path, () => notAllowed(READ));
}
for (const path of ["/entries", "/entries/:id/delete", "/login", "/logout"]) {
  app.all(path, () => notAllowed(WRITE));
}

app.notFound((c) => short(c, 404, notFound().message));

/** Every answer that is none of the above: a page that says what is wrong. */
app.onError((error, c) => {
  if (error instanceof FormError) {
    const listing = entries.list(undefined, PAGE_ENTRIES);
    const [reader, messages] = [visitor.current(), session.takeFlash()];
    return page(
      c,
      <Book listing={listing} visitor={reader} messages={messages} isNewest refusal={error} />,
      error.status,
    );
  }
  if (error instanceof HttpError) {
    return short(c, error.status, error.message, error.headers);
  }
  if (error instanceof InnkeeperError && error.status === 404) {
    return short(c, 404, notFound().message);
  }
  const { status, headers } = failure(error);
  if (status === 503) {
    return short(c, status, "The book is in use just now. Please try again.", {
      "retry-after": headers.get("retry-after")!,
    });
  }
  return short(c, status, "Something went wrong. Nothing was changed.");
});

serve(app);

function page(c: Context, content: ReturnType<typeof Book>, status = 200, headers: Record<string, string> = {}) {
  c.header("content-security-policy", POLICY);
  c.header("referrer-policy", "same-origin");
  return c.html(content, status as 200, headers);
}

function short(c: Context, status: number, text: string, headers?: Record<string, string>) {
  return page(c, <Short>{text}</Short>, status, headers);
}

function notAllowed(allow: string): never {
  throw new HttpError(405, "This address does not take that method.", { headers: { allow } });
}

function notFound() {
  return new HttpError(404, "There is nothing here.");
}

function isHead(c: Context) {
  return c.req.method === "HEAD";
}

/** GET is a visit; HEAD only asks. */
function visit(c: Context) {
  return isHead(c) ? visitor.current() : visitor.welcome();
}

function deletePhoto(id: string | null) {
  try {
    if (id) {
      blobs.delete(id);
    }
  } catch (error) {
    // What the operator has removed already needs no deletion.
    if (!(error instanceof InnkeeperError && error.code === "not-found")) {
      throw error;
    }
  }
}

/** The number in a query parameter, if there is one. */
function number(c: Context, name: string) {
  const text = c.req.query(name);
  const number = text === undefined ? undefined : whole(text);
  if (text !== undefined && number === undefined) {
    throw new HttpError(400, "The address contains something that is no number.");
  }
  return number;
}

/** A whole number that the database can hold, or undefined. */
function whole(text: string) {
  const number = /^[+-]?0*\d{1,19}$/.test(text) ? BigInt(text.replace("+", "")) : undefined;
  return number === undefined || BigInt.asIntN(64, number) !== number ? undefined : number;
}
