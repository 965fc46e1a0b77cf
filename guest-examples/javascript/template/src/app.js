// Notes that visitors leave: one page with a form.

import { csrfField, db, form, html, NOW, page, router, seeOther, serve, session } from "innkeeper-sdk";

const routes = router({ "GET /": notes, "POST /": addNote });

serve((request) => {
  // Makes the table where it is missing; costs nothing once that has been done.
  db.table("notes", {
    id: { type: "integer", identity: true },
    text: { type: "text", maxLength: 500 },
    created: { type: "instant", default: NOW },
  });
  return routes(request);
});

/** `GET /`: the notes, newest first, and a form for the next one. */
function notes() {
  const visits = session.increment("visits");
  const notes = db.query("select text from notes order by id desc limit 50");
  return page(html`<!doctype html>
<title>my-app</title>
<h1>my-app</h1>
${session.takeFlash().map((message) => html`<p><strong>${message}</strong></p>`)}
<form method="post">${csrfField()}<input name="text" maxlength="500" required> <button>Add</button></form>
<ul>${notes.map(({ text }) => html`<li>${text}</li>`)}</ul>
<p>Your visits: ${visits}</p>`);
}

/** `POST /`: adds a note. Note and message are kept together, or neither is. */
function addNote() {
  const note = form(); // 403 where this app has not handed the form to this visitor
  db.execute("insert into notes (text) values ($1)", note.text("text"));
  session.flash("Thank you for the note.");
  return seeOther("/");
}
