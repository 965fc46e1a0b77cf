"""Forms: received by the host, and checked to be the app's own."""

from __future__ import annotations

from collections.abc import Sequence

from innkeeper import blobs, session
from innkeeper.blobs import Blob
from innkeeper.errors import Error
from innkeeper.http import HTTPError

# What a form that the host has not taken is answered with, by the code of its error.
STATUSES = {"too-large": 413, "quota-exceeded": 507, "unsupported-type": 415, "bad-form": 400, "interrupted": 400}
MESSAGES = {
    413: "That is too much.",
    507: "There is no room for it.",
    415: "A file of that type is not taken here.",
    400: "The form could not be read.",
    403: "This page was out of date. Please send the form again.",
}


class Form:
    """A form of this request: texts and files by the names of their fields."""

    def __init__(self, fields: Sequence[tuple[str, str]] = (), files: Sequence[tuple[str, Blob]] = ()) -> None:
        self.fields, self.files = list(fields), list(files)

    def get(self, name: str, default: str = "") -> str:
        """The first field of this name, or `default`."""
        return next((value for field, value in self.fields if field == name), default)

    def get_all(self, name: str) -> list[str]:
        """All fields of this name."""
        return [value for field, value in self.fields if field == name]

    def file(self, name: str) -> Blob | None:
        """The first file of this name, staged, or None."""
        return next((blob for field, blob in self.files if field == name), None)

    def file_all(self, name: str) -> list[Blob]:
        """All files of this name."""
        return [blob for field, blob in self.files if field == name]


class FormError(HTTPError):
    """A form was not accepted.

    `code` is that of the host's error, or `csrf`; then `form` is what has arrived.
    """

    def __init__(self, status: int, code: str, form: Form | None = None) -> None:
        super().__init__(status, MESSAGES[status])
        self.code, self.form = code, form or Form()


def receive_form(
    csrf: str | None = None,
    *,
    max_file: int | None = None,
    max_total: int | None = None,
    max_files: int | None = None,
    accept: Sequence[str] = (),
    csrf_field: str = "csrf",
) -> Form:
    """Receives the form of this request and stages its files.

    `csrf` is the name that was given to `session.csrf_field`: a form without this visitor's token
    is refused with 403. None checks nothing. Uncaught, what is raised is answered with 400, 403,
    413, 415 or 507. The limits are those of `blobs.limits`.
    """
    try:
        received = blobs.receive_form(blobs.limits(max_file, max_total, max_files, accept))
    except Error as error:
        if error.code not in STATUSES:
            raise
        raise FormError(STATUSES[error.code], error.code) from error
    fields = [(field.name, field.value) for field in received.fields]
    form = Form(fields, [(file.field, Blob.of(file.blob)) for file in received.files])
    if csrf is not None and not session.csrf_check(csrf, form.get(csrf_field)):
        raise FormError(403, "csrf", form)
    return form
