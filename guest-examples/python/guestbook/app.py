"""A guestbook: entries with photos, for visitors with or without a name.

This file says who answers which address; `pages.py` makes the HTML.
"""

import re

import pages
from innkeeper import App, Form, FormError, HTTPError, Request, Response, blobs, db, receive_form, session
from pages import Draft, Entry, Listing, Refused, Visitor

PAGE_ENTRIES = 20
MAX_ENTRIES = 100
MAX_PHOTO_BYTES = 10 * 1024 * 1024
MAX_NAME_CHARS = 80
MAX_MESSAGE_CHARS = 2_000
# The host takes no longer name for a user.
MAX_USER_BYTES = 200
# A photo never changes; an hour is how long one that was deleted may still show in a browser that
# knows it.
PHOTO_MAX_AGE = 3_600
LARGEST_ID = 2**63 - 1
# One name for all forms: the token of `/me` is good for each of them.
CSRF_FORM = "guestbook"
VISITS = "visits"

# What to tell a visitor whose form was not taken.
NOT_TAKEN = {
    "too-large": (413, "That is too much: a short message and one photo of at most 10 MiB fit."),
    "quota-exceeded": (413, "The book is full: there is no room for another photo."),
    "unsupported-type": (415, "That file is no image."),
    "csrf": (403, "This page was out of date. Please send the form again."),
}
UNREADABLE = (400, "The form could not be read.")

ERROR_TEXTS = {
    404: "There is nothing here.",
    405: "This address does not take that method.",
    500: "Something went wrong. Nothing was changed.",
    503: "The book is in use just now. Please try again.",
}

# The guestbooks in all languages describe the same table: each finds the entries of the others.
ENTRIES = db.Table(
    "entries",
    {
        "id": db.Column("integer", identity=True),
        "author": db.Column("text"),
        "message": db.Column("text"),
        "photo": db.Column("text", nullable=True, index=True),
        "owner": db.Column("text", nullable=True),
        "created": db.Column("instant"),
    },
)

app = App(headers={"cache-control": "no-store"})


@app.before
def define(request: Request) -> None:
    """Makes the table where it is missing; costs nothing once that has been done."""
    ENTRIES.define()


@app.get("/")
def book(request: Request) -> Response:
    """The book."""
    before = number(request, "before")
    found, reader = listing(before, PAGE_ENTRIES), visit(request)
    # HEAD shows nobody the messages.
    messages = [] if request.is_head else session.take_flash()
    return pages.book(found, reader, messages, is_newest=before is None)


@app.get("/entries.json")
def entries_json(request: Request) -> Response:
    """The book for programs."""
    try:
        before, limit = number(request, "before"), number(request, "limit")
    except HTTPError:
        return Response.json({"error": "`before` and `limit` must be whole numbers"}, 400)
    found = listing(before, PAGE_ENTRIES if limit is None else min(max(limit, 1), MAX_ENTRIES))
    return Response.json({"entries": [entry_json(entry) for entry in found.entries], "next": found.next})


@app.post("/entries")
def add_entry(request: Request) -> Response:
    """Writes into the book."""
    form = receive(max_file=MAX_PHOTO_BYTES, max_files=1, accept=["image/*"])
    author = filled_in(form, "author", "your name", MAX_NAME_CHARS)
    message = filled_in(form, "message", "your message", MAX_MESSAGE_CHARS)
    photo = form.file("photo")
    if photo is not None:
        blobs.keep(photo.id)
    db.execute(
        "insert into entries (author, message, photo, owner, created) values ($1, $2, $3, $4, $5)",
        author,
        message,
        photo and photo.id,
        session.user(),
        pages.now(),
    )
    session.flash(f"Thank you, {author}.")
    return Response.redirect("/")


@app.post("/entries/{id}/delete")
def delete_entry(request: Request, id: str) -> Response:
    """Tears an entry out, with its photo."""
    receive(max_files=0)
    wanted = whole(id)
    if wanted is None:
        raise HTTPError(404)
    # One statement decides and deletes, so that of two parallel requests only one gets the photo to
    # delete.
    deleted = db.query_one("delete from entries where id = $1 and owner = $2 returning photo", wanted, session.user())
    if deleted is None:
        if db.query_one("select id from entries where id = $1", wanted):
            return pages.short(403, "This entry is somebody else's.")
        raise HTTPError(404)
    if deleted.photo is not None:
        # What the operator has removed already needs no deletion.
        blobs.delete_if_there(deleted.photo)
    return Response.redirect("/")


@app.get("/photos/{id}")
def photo(request: Request, id: str) -> Response:
    """A photo, if an entry shows it. The host answers."""
    if not db.query_one("select id from entries where photo = $1", id):
        raise HTTPError(404)
    return blobs.send(id, max_age=PHOTO_MAX_AGE)


@app.post("/login")
def login(request: Request) -> Response:
    """Takes the visitor at his word."""
    form = receive(max_files=0)
    name = filled_in(form, "name", "your name", MAX_NAME_CHARS)
    if len(name.encode()) > MAX_USER_BYTES:
        raise refused(form, 422, "Please choose a shorter name.")
    session.renew(name)
    session.flash(f"Welcome, {name}.")
    return Response.redirect("/")


@app.post("/logout")
def logout(request: Request) -> Response:
    """Forgets him."""
    receive(max_files=0)
    session.destroy()
    return Response.redirect("/")


@app.get("/me")
def me(request: Request) -> Response:
    """What the app knows about the visitor."""
    reader = visit(request)
    return Response.json({"name": reader.name, "visits": reader.visits, "csrf": reader.csrf})


@app.error(Refused)
def book_to_correct(request: Request, form: Refused) -> Response:
    """The book with a form that was not accepted, to be corrected."""
    return pages.book(listing(None, PAGE_ENTRIES), visitor(), session.take_flash(), is_newest=True, refused=form)


@app.error(HTTPError)
def error_page(request: Request, error: HTTPError) -> Response:
    """A short page that says what is wrong."""
    return pages.short(error.status, ERROR_TEXTS.get(error.status, error.message))


def listing(before: int | None, limit: int) -> Listing:
    """At most `limit` entries that are older than the entry `before`, or the newest."""
    # One more than asked for shows whether there are older ones.
    found = db.query(
        "select id, author, message, photo, owner, created from entries where id < $1 order by id desc limit $2",
        LARGEST_ID if before is None else before,
        limit + 1,
        into=Entry,
    )
    entries = found[:limit]
    return Listing(entries, entries[-1].id if len(found) > limit else None)


def entry_json(entry: Entry) -> dict[str, object]:
    """An entry for programs."""
    photo = None if entry.photo is None else f"/photos/{entry.photo}"
    return {
        "id": entry.id,
        "author": entry.author,
        "message": entry.message,
        "photo": photo,
        "created": entry.created,
    }


def visitor() -> Visitor:
    """What the session says about the visitor."""
    visits = session.get(VISITS) or ""
    return Visitor(session.user(), int(visits) if visits.isdecimal() else 0, session.csrf_token(CSRF_FORM))


def visit(request: Request) -> Visitor:
    """GET is a visit; HEAD only asks."""
    reader = visitor()
    if not request.is_head:
        # Counted by the host, so that two pages at once are two visits.
        reader.visits = session.increment(VISITS)
    return reader


def receive(max_files: int, max_file: int | None = None, accept: list[str] | None = None) -> Form:
    """Receives the form of this request, and refuses one that was not made for this visitor."""
    try:
        return receive_form(CSRF_FORM, max_file=max_file, max_files=max_files, accept=accept or [])
    except FormError as error:
        raise refused(error.form, *NOT_TAKEN.get(error.code, UNREADABLE)) from error


def filled_in(form: Form, name: str, spoken: str, max_chars: int) -> str:
    """The text of a field, which must be there and not too long."""
    text = form.get(name)
    if not text.strip():
        raise refused(form, 422, f"Please fill in {spoken}.")
    if len(text) > max_chars:
        raise refused(form, 422, f"Please shorten {spoken}: {len(text)} characters are too many, {max_chars} fit.")
    if "\0" in text:
        # Postgres keeps no such character.
        raise refused(form, 422, f"Please remove the invisible character from {spoken}.")
    return text


def refused(form: Form, status: int, reason: str) -> Refused:
    """The exception that gives the form back to the visitor."""
    return Refused(status, reason, Draft(form.get("author"), form.get("message")))


def number(request: Request, name: str) -> int | None:
    """The number in a query parameter, if there is one."""
    text = request.query.get(name)
    if text is None:
        return None
    value = whole(text)
    if value is None:
        raise HTTPError(400, "The address contains something that is no number.")
    return value


def whole(text: str) -> int | None:
    """A whole number that the database can hold.

    `int` alone would take `1_000` and digits of other scripts too.
    """
    if not re.fullmatch(r"[+-]?0*[0-9]{1,19}", text):
        return None
    value = int(text)
    return value if -LARGEST_ID - 1 <= value <= LARGEST_ID else None
