"""Notes that visitors leave: one page with a form."""

import re
from html import escape

from innkeeper import App, HTTPError, Request, Response, db, receive_form, session

NOTES = db.Table(
    "notes",
    {
        "id": db.Column("integer", identity=True),
        "text": db.Column("text", max_length=500),
        "created": db.Column("instant", default=db.NOW),
    },
)

app = App()


@app.before
def define(request: Request) -> None:
    """Makes the table where it is missing; costs nothing once that has been done."""
    NOTES.define()


@app.get("/")
def page(request: Request) -> str:
    """The notes, newest first, and a form for the next one."""
    is_visit = not request.is_head  # HEAD only asks: it counts no visit and takes no messages
    visits = session.increment("visits", 1 if is_visit else 0)
    messages = session.take_flash() if is_visit else []
    notes = db.query("select text from notes order by id desc limit 50")
    return f"""<!doctype html>
<title>my-app</title>
<h1>my-app</h1>
{"".join(f"<p><strong>{escape(message)}</strong></p>" for message in messages)}
<form method="post">
{session.csrf_field("note")}
<input name="text" maxlength="500" required>
<button>Add</button>
</form>
<ul>{"".join(f"<li>{escape(note.text)}</li>" for note in notes)}</ul>
<p>Your visits: {visits}</p>
"""


@app.post("/")
def add(request: Request) -> Response:
    """Adds a note. Note and message are kept together, or neither is."""
    form = receive_form(csrf="note")  # 403 where this app has not handed the form to this visitor
    text = form.get("text")
    # A browser heeds `maxlength`, a program need not; no database keeps NUL.
    if not re.fullmatch(r"[^\0]{1,500}", text):
        raise HTTPError(422, "A note has 1 to 500 characters.")
    db.execute("insert into notes (text) values ($1)", text)
    session.flash("Thank you for the note.")
    return Response.redirect("/")
