// The pages, as HTML that needs no script.

import { html, page, raw } from "innkeeper-sdk";

import { htmlDatetime, spoken } from "./clock.js";
import style from "./style.css";

const SECURITY = {
  "content-security-policy":
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  "referrer-policy": "same-origin",
};

/** The book, with the status of the refused form where there is one. */
export function book({ listing, visitor, messages, isNewest, refusal }) {
  return document(
    refusal?.status ?? 200,
    html`${refusal && html`<p class="notice problem" role="alert">${refusal.message}</p>`}
${messages.map((message) => html`<p class="notice" role="status">${message}</p>`)}
<div class="columns">
<aside>${entryForm(visitor, refusal?.form)}${signIn(visitor)}</aside>
<main>${entries(listing.listed, visitor, isNewest)}${paging(listing.next, isNewest)}</main>
</div>
<footer>You have visited ${visitor.visits} times.</footer>`,
  );
}

/** A page that says one thing. */
export function short(status, text, headers) {
  return document(status, html`<main class="short"><p>${text}</p><p><a href="/">To the book</a></p></main>`, headers);
}

function document(status, body, headers) {
  const markup = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Guestbook</title>
<style>
${raw(style)}</style>
</head>
<body>
<header><h1><a href="/">Guestbook</a></h1><p>Leave a line before you go.</p></header>
${body}
</body>
</html>
`;
  return page(markup, { status, headers: { ...SECURITY, ...headers } });
}

/** For writing an entry, filled in with what was not accepted the last time. */
function entryForm(visitor, refused) {
  const author = refused ? refused.text("author") : visitor.name;
  // A browser drops the first line break in a textarea, so one is put there for it.
  return html`<form class="card" method="post" action="/entries" enctype="multipart/form-data">
<h2>Sign the book</h2>
${csrf(visitor)}<label for="author">Your name</label>
<input id="author" name="author" value="${author}" maxlength="80" required autocomplete="nickname">
<label for="message">Your message</label>
<textarea id="message" name="message" rows="5" maxlength="2000" required>
${refused?.text("message")}</textarea>
<label for="photo">A photo, if you like</label>
<input id="photo" name="photo" type="file" accept="image/*">
<button>Write it down</button>
</form>
`;
}

/** For signing in, or out. */
function signIn(visitor) {
  if (visitor.name !== null) {
    return html`<form class="card plain" method="post" action="/logout">
${csrf(visitor)}<div class="row"><p>Signed in as <strong>${visitor.name}</strong></p>
<button class="quiet">Sign out</button></div>
</form>
`;
  }
  return html`<form class="card plain" method="post" action="/login">
${csrf(visitor)}<label for="name">Sign in, to be able to delete what you write</label>
<div class="row"><input id="name" name="name" maxlength="80" required autocomplete="username" placeholder="Any name">
<button class="quiet">Sign in</button></div>
</form>
`;
}

function entries(listed, visitor, isNewest) {
  if (listed.length === 0) {
    const text = isNewest ? "The first page is still blank. It is yours." : "No older entries.";
    return html`<p class="empty">${text}</p>`;
  }
  return listed.map((entry) => article(entry, visitor));
}

function article(entry, visitor) {
  const { id, author, message, created } = entry;
  return html`<article class="card" id="entry-${id}">
<p class="message">${message}</p>
${entry.photo && photo(entry)}
<footer><strong>${author}</strong> <time datetime="${htmlDatetime(created)}">${spoken(created)}</time>
${entry.owner !== null && entry.owner === visitor.name && deletion(entry, visitor)}</footer>
</article>
`;
}

function photo({ photo, author }) {
  const path = `/photos/${photo}`;
  return html`<a href="${path}"><img src="${path}" alt="Photo from ${author}" loading="lazy" decoding="async"></a>`;
}

function deletion({ id }, visitor) {
  return html`<form method="post" action="/entries/${id}/delete">${csrf(visitor)}<button class="quiet">Delete</button></form>`;
}

function paging(next, isNewest) {
  const newest = !isNewest && html`<a href="/">newest entries</a>`;
  const older = next !== null && html`<a href="/?before=${next}" rel="next">older entries</a>`;
  return html`<nav>${newest}${older}</nav>`;
}

function csrf(visitor) {
  return html`<input type="hidden" name="csrf" value="${visitor.csrf}">`;
}
