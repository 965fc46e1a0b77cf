"""A list of notes: one page with a form, and the notes as JSON."""

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
    """The notes, newest first, with a form for the next one."""
    notes = db.query("select text from notes order by id desc limit 50")
    items = "".join(f"<li>{escape(note.text)}</li>" for note in notes)
    form = f'<form method="post">{session.csrf_field("note")}<input name="text" maxlength="500" required><button>Add</button></form>'
    return f"<!doctype html><title>my-app</title><h1>Notes</h1>{form}<ul>{items}</ul>"


@app.post("/")
def add(request: Request) -> Response:
    """Adds a note. The host has checked that the form is this app's own."""
    form = receive_form(csrf="note", max_files=0)
    text = form.get("text")
    # A browser heeds `maxlength`, a program need not; no database keeps NUL.
    if not re.fullmatch(r"[^\0]{1,500}", text):
        raise HTTPError(422, "A note has 1 to 500 characters.")
    db.execute("insert into notes (text) values ($1)", text)
    return Response.redirect("/")


@app.get("/notes.json")
def notes_json(request: Request) -> Response:
    """The notes for programs."""
    return Response.json([dict(note) for note in db.query("select id, text, created from notes order by id")])
