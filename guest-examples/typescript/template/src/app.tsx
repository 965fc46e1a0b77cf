// Notes that visitors leave: one page with a form.

import { Hono } from "hono";
import { db, failure, form, HttpError, NOW, seeOther, serve, session } from "innkeeper-sdk";

interface Note {
  text: string;
}

const app = new Hono();

app.use(async (_, next) => {
  // Makes the table where it is missing; costs nothing once that has been done.
  db.table("notes", {
    id: { type: "integer", identity: true },
    text: { type: "text", maxLength: 500 },
    created: { type: "instant", default: NOW },
  });
  await next();
});

/** The notes, newest first, and a form for the next one. */
app.get("/", (c) => {
  const isVisit = c.req.method !== "HEAD"; // HEAD only asks: it counts no visit and takes no messages
  const visits = session.increment("visits", isVisit ? 1 : 0);
  const messages = isVisit ? session.takeFlash() : [];
  const notes = db.query<Note>("select text from notes order by id desc limit 50");
  return c.html(
    <html>
      <title>my-app</title>
      <h1>my-app</h1>
      {messages.map((message) => (
        <p>
          <strong>{message}</strong>
        </p>
      ))}
      <form method="post">
        <input type="hidden" name="csrf" value={session.csrfToken()} />
        <input name="text" maxlength={500} required /> <button>Add</button>
      </form>
      <ul>
        {notes.map(({ text }) => (
          <li>{text}</li>
        ))}
      </ul>
      <p>Your visits: {visits}</p>
    </html>,
  );
});

/** Adds a note. Note and message are kept together, or neither is. */
app.post("/", () => {
  const text = form().text("text"); // 403 where this app has not handed the form to this visitor
  // A browser heeds `maxlength`, a program need not; no database keeps NUL.
  if (!/^[^\0]{1,500}$/u.test(text)) {
    throw new HttpError(422, "A note has 1 to 500 characters.");
  }
  db.execute("insert into notes (text) values ($1)", text);
  session.flash("Thank you for the note.");
  return seeOther("/");
});

app.onError(failure);

serve(app);
