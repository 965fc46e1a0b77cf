"""One function for each address."""

import json
import re
from typing import Any

from componentize_py_types import Err
from wit_world.imports import blob_upload, session
from wit_world.imports.blob_upload import BlobErrorCode, SendOptions

import clock
import entries
import forms
import pages
import visitor
from errors import BadNumber, NotFound
from forms import Refused
from visitor import Visitor
from web import Request, Response, see_other

PAGE_ENTRIES = 20
MAX_ENTRIES = 100
# A photo never changes; an hour is how long one that was deleted may still show in a browser that knows it.
PHOTO = SendOptions(name=None, download=False, max_age=3_600)


def book(request: Request) -> Response:
    """`GET /`: the book."""
    before = _number(request, "before")
    listing = entries.listing(before, PAGE_ENTRIES)
    reader = _visit(request)
    # HEAD shows nobody the messages.
    messages = [] if request.is_head else session.take_flash()
    return pages.book(listing, reader, messages, is_newest=before is None)


def refused(form: Refused) -> Response:
    """The book with a form that was not accepted, to be corrected."""
    listing = entries.listing(None, PAGE_ENTRIES)
    reader = visitor.current()
    return pages.book(listing, reader, session.take_flash(), is_newest=True, refused=form)


def entries_json(request: Request) -> Response:
    """`GET /entries.json`: the book for programs."""
    try:
        before, limit = _number(request, "before"), _number(request, "limit")
    except BadNumber:
        return _json(400, {"error": "`before` and `limit` must be whole numbers"})
    listing = entries.listing(before, PAGE_ENTRIES if limit is None else min(max(limit, 1), MAX_ENTRIES))
    return _json(200, {"entries": [_entry_json(entry) for entry in listing.entries], "next": listing.next})


def add_entry(request: Request) -> Response:
    """`POST /entries`: writes into the book."""
    form = forms.receive(forms.WITH_PHOTO)
    draft = form.draft()
    if form.photo is not None:
        blob_upload.keep(form.photo)
    entries.insert(draft, form.photo, session.get_user())
    session.flash(f"Thank you, {draft.author}.")
    return see_other("/")


def delete_entry(request: Request, id: str) -> Response:
    """`POST /entries/ID/delete`: tears an entry out, with its photo."""
    forms.receive(forms.WITHOUT_FILES)
    number, user = _entry_id(id), session.get_user()
    deleted = None if user is None else entries.delete(number, user)
    if deleted is not None:
        _delete_photo(deleted["photo"])
        return see_other("/")
    if entries.exists(number):
        return pages.short(403, "This entry is somebody else's.")
    raise NotFound


def photo(request: Request, id: str) -> Response | None:
    """`GET /photos/ID`: a photo, if an entry shows it. The host answers."""
    if not entries.has_photo(id):
        raise NotFound
    blob_upload.send(id, PHOTO)
    return None


def login(request: Request) -> Response:
    """`POST /login`: takes the visitor at his word."""
    name = forms.receive(forms.WITHOUT_FILES).user()
    session.renew(name)
    session.flash(f"Welcome, {name}.")
    return see_other("/")


def logout(request: Request) -> Response:
    """`POST /logout`: forgets him."""
    forms.receive(forms.WITHOUT_FILES)
    session.destroy()
    return see_other("/")


def me(request: Request) -> Response:
    """`GET /me`: what the app knows about the visitor."""
    reader = _visit(request)
    return _json(200, {"name": reader.name, "visits": reader.visits, "csrf": reader.csrf})


def _visit(request: Request) -> Visitor:
    """GET is a visit; HEAD only asks."""
    return visitor.current() if request.is_head else visitor.welcome()


def _entry_json(entry: entries.Entry) -> dict[str, Any]:
    return {
        "id": entry["id"],
        "author": entry["author"],
        "message": entry["message"],
        "photo": None if entry["photo"] is None else f"/photos/{entry['photo']}",
        "created": clock.rfc3339(entry["created"]),
    }


def _json(status: int, document: dict[str, Any]) -> Response:
    return Response(status, "application/json", json.dumps(document, ensure_ascii=False, separators=(",", ":")))


def _delete_photo(photo: str | None) -> None:
    try:
        if photo is not None:
            blob_upload.delete(photo)
    except Err as error:
        # What the operator has removed already needs no deletion.
        if error.value.code != BlobErrorCode.NOT_FOUND:
            raise


def _entry_id(text: str) -> int:
    try:
        return _whole(text)
    except BadNumber:
        raise NotFound from None


def _number(request: Request, name: str) -> int | None:
    """The number in a query parameter, if there is one."""
    text = request.query.get(name)
    return None if text is None else _whole(text)


def _whole(text: str) -> int:
    """A whole number that the database can hold. `int` alone would take `1_000` and digits of other scripts too."""
    if not re.fullmatch(r"[+-]?[0-9]{1,19}", text) or not -(2**63) <= int(text) < 2**63:
        raise BadNumber
    return int(text)
