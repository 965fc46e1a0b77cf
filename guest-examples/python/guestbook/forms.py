"""Forms: the host receives them, this file says what is acceptable."""

from dataclasses import dataclass

from componentize_py_types import Err
from wit_world.imports import blob_upload
from wit_world.imports.blob_upload import BlobErrorCode, FormLimits

import visitor

MAX_PHOTO_BYTES = 10 * 1024 * 1024
MAX_NAME_CHARS = 80
MAX_MESSAGE_CHARS = 2_000
# The host takes no longer name for a user.
MAX_USER_BYTES = 200

WITH_PHOTO = FormLimits(max_file=MAX_PHOTO_BYTES, max_total=None, max_files=1, accept=["image/*"])
WITHOUT_FILES = FormLimits(max_file=None, max_total=None, max_files=0, accept=[])

# What to tell a visitor whose form has not arrived. What he wrote is not known then.
NOT_RECEIVED = {
    BlobErrorCode.TOO_LARGE: (413, "That is too much: one photo of at most 10 MiB fits."),
    BlobErrorCode.QUOTA_EXCEEDED: (413, "The book is full: there is no room for another photo."),
    BlobErrorCode.UNSUPPORTED_TYPE: (415, "That file is no image."),
    BlobErrorCode.BAD_FORM: (400, "The form could not be read."),
    BlobErrorCode.INTERRUPTED: (400, "The form could not be read."),
}


@dataclass
class Draft:
    """What a visitor wrote into the form for an entry."""

    author: str = ""
    message: str = ""


class Refused(Exception):
    """A form was not accepted: a status from 400 to 499, the reason for the visitor, what he wrote, to be corrected."""

    def __init__(self, status: int, reason: str, draft: Draft) -> None:
        super().__init__(reason)
        self.status, self.reason, self.draft = status, reason, draft


class Form:
    """A form that this app has handed out to this visitor."""

    def __init__(self, received: blob_upload.Form) -> None:
        # Reversed, so that of several fields of one name the first counts.
        self._fields = {field.name: field.value for field in reversed(received.fields)}
        self.photo = next((file.blob.id for file in received.files if file.field == "photo"), None)

    def draft(self) -> Draft:
        """The entry that was written."""
        self._check("author", "your name", MAX_NAME_CHARS)
        self._check("message", "your message", MAX_MESSAGE_CHARS)
        return self._unchecked_draft()

    def user(self) -> str:
        """The name to sign in with."""
        self._check("name", "your name", MAX_NAME_CHARS)
        name = self.field("name")
        if len(name.encode()) > MAX_USER_BYTES:
            raise self.refused(422, "Please choose a shorter name.")
        return name

    def field(self, name: str) -> str:
        """The first field of this name, or an empty text."""
        return self._fields.get(name, "")

    def refused(self, status: int, reason: str) -> Refused:
        """The exception that gives the form back to the visitor."""
        return Refused(status, reason, self._unchecked_draft())

    def _check(self, name: str, spoken: str, max_chars: int) -> None:
        problem = problem_of(self.field(name), spoken, max_chars)
        if problem is not None:
            raise self.refused(422, problem)

    def _unchecked_draft(self) -> Draft:
        return Draft(self.field("author"), self.field("message"))


def receive(limits: FormLimits) -> Form:
    """Receives the form of this request, and refuses one that was not made for this visitor."""
    try:
        form = Form(blob_upload.receive_form(limits))
    except Err as error:
        if error.value.code not in NOT_RECEIVED:
            raise
        raise Refused(*NOT_RECEIVED[error.value.code], Draft()) from None
    if not visitor.is_csrf_token(form.field("csrf")):
        raise form.refused(403, "This page was out of date. Please send the form again.")
    return form


def problem_of(text: str, spoken: str, max_chars: int) -> str | None:
    """What is wrong with a text, if anything."""
    if not text.strip():
        return f"Please fill in {spoken}."
    if len(text) > max_chars:
        return f"Please shorten {spoken}: {len(text)} characters are too many, {max_chars} fit."
    if "\0" in text:
        # Postgres keeps no such character.
        return f"Please remove the invisible character from {spoken}."
    return None
