// The pages, as HTML that needs no script.

import type { PropsWithChildren } from "hono/jsx";
import { html, raw } from "hono/html";
import type { FormError } from "innkeeper-sdk";

import { htmlDatetime, spoken } from "./clock.js";
import type { Entry, Listing } from "./entries.js";
import style from "./style.css";
import type { Visitor } from "./visitor.js";

interface BookProps {
  listing: Listing;
  visitor: Visitor;
  /** What the visitor is to be told. */
  messages: string[];
  /** Whether the newest entries are among those shown. */
  isNewest: boolean;
  /** A form that was not accepted. */
  refusal?: FormError;
}

/** The book, with the form that was refused where there is one. */
export function Book({ listing, visitor, messages, isNewest, refusal }: BookProps) {
  return (
    <Document>
      {refusal && (
        <p class="notice problem" role="alert">
          {refusal.message}
        </p>
      )}
      {messages.map((message) => (
        <p class="notice" role="status">
          {message}
        </p>
      ))}
      <div class="columns">
        <aside>
          <EntryForm visitor={visitor} refusal={refusal} />
          <SignIn visitor={visitor} />
        </aside>
        <main>
          <Entries listed={listing.listed} visitor={visitor} isNewest={isNewest} />
          <nav>
            {isNewest || <a href="/">newest entries</a>}
            {listing.next !== null && (
              <a href={`/?before=${listing.next}`} rel="next">
                older entries
              </a>
            )}
          </nav>
        </main>
      </div>
      <footer>You have visited {visitor.visits} times.</footer>
    </Document>
  );
}

/** A page that says one thing. */
export function Short({ children }: PropsWithChildren) {
  return (
    <Document>
      <main class="short">
        <p>{children}</p>
        <p>
          <a href="/">To the book</a>
        </p>
      </main>
    </Document>
  );
}

function Document({ children }: PropsWithChildren) {
  return html`<!doctype html>${(
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>Guestbook</title>
        <style>{raw(style)}</style>
      </head>
      <body>
        <header>
          <h1>
            <a href="/">Guestbook</a>
          </h1>
          <p>Leave a line before you go.</p>
        </header>
        {children}
      </body>
    </html>
  )}`;
}

/** For writing an entry, filled in with what was not accepted the last time. */
function EntryForm({ visitor, refusal }: { visitor: Visitor; refusal?: FormError }) {
  const written = refusal?.form;
  const author = written ? written.text("author") : (visitor.name ?? "");
  return (
    <form class="card" method="post" action="/entries" enctype="multipart/form-data">
      <h2>Sign the book</h2>
      <Csrf visitor={visitor} />
      <label for="author">Your name</label>
      <input id="author" name="author" value={author} maxlength={80} required autocomplete="nickname" />
      <label for="message">Your message</label>
      <textarea id="message" name="message" rows={5} maxlength={2000} required>
        {/* A browser drops the first line break in a textarea, so one is put there for it. */}
        {`\n${written?.text("message") ?? ""}`}
      </textarea>
      <label for="photo">A photo, if you like</label>
      <input id="photo" name="photo" type="file" accept="image/*" />
      <button>Write it down</button>
    </form>
  );
}

/** For signing in, or out. */
function SignIn({ visitor }: { visitor: Visitor }) {
  if (visitor.name !== null) {
    return (
      <form class="card plain" method="post" action="/logout">
        <Csrf visitor={visitor} />
        <div class="row">
          <p>
            Signed in as <strong>{visitor.name}</strong>
          </p>
          <button class="quiet">Sign out</button>
        </div>
      </form>
    );
  }
  return (
    <form class="card plain" method="post" action="/login">
      <Csrf visitor={visitor} />
      <label for="name">Sign in, to be able to delete what you write</label>
      <div class="row">
        <input id="name" name="name" maxlength={80} required autocomplete="username" placeholder="Any name" />
        <button class="quiet">Sign in</button>
      </div>
    </form>
  );
}

function Entries({ listed, visitor, isNewest }: { listed: Entry[]; visitor: Visitor; isNewest: boolean }) {
  if (listed.length === 0) {
    return <p class="empty">{isNewest ? "The first page is still blank. It is yours." : "No older entries."}</p>;
  }
  return (
    <>
      {listed.map((entry) => (
        <Article entry={entry} visitor={visitor} />
      ))}
    </>
  );
}

function Article({ entry, visitor }: { entry: Entry; visitor: Visitor }) {
  const { id, author, message, photo, owner, created } = entry;
  return (
    <article class="card" id={`entry-${id}`}>
      <p class="message">{message}</p>
      {photo && (
        <a href={`/photos/${photo}`}>
          <img src={`/photos/${photo}`} alt={`Photo from ${author}`} loading="lazy" decoding="async" />
        </a>
      )}
      <footer>
        <strong>{author}</strong> <time datetime={htmlDatetime(created)}>{spoken(created)}</time>
        {owner !== null && owner === visitor.name && (
          <form method="post" action={`/entries/${id}/delete`}>
            <Csrf visitor={visitor} />
            <button class="quiet">Delete</button>
          </form>
        )}
      </footer>
    </article>
  );
}

function Csrf({ visitor }: { visitor: Visitor }) {
  return <input type="hidden" name="csrf" value={visitor.csrf} />;
}
