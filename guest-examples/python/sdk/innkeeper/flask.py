"""Forms of a Flask app, received by the host: `app.request_class = innkeeper.flask.Request`.

Then `request.form` holds the texts, and `request.files["photo"].blob` is the staged blob; its bytes
do not pass through the app unless it reads the file.
"""

from __future__ import annotations

import io
from typing import IO, Any

import flask
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.formparser import FormDataParser

from innkeeper import blobs
from innkeeper.forms import FormError, receive_form

FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


class File(FileStorage):
    """A file of a form.

    `blob` is what the host has staged: keep it with `blobs.keep(file.blob.id)`.
    """

    def __init__(self, field: str, blob: blobs.Blob) -> None:
        super().__init__(io.BufferedReader(_LateBlob(blob.id)), blob.name or "", field, blob.content_type, blob.size)
        self.blob = blob


class FormParser(FormDataParser):
    """Lets the host receive forms.

    The app's limits are `max_content_length` and `max_form_parts` no longer.
    """

    def parse(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str] | None = None
    ) -> tuple[IO[bytes], MultiDict[str, str], MultiDict[str, FileStorage]]:
        """Receives the form of the current request."""
        if mimetype not in FORMS:
            return super().parse(stream, mimetype, content_length, options)
        try:
            form = receive_form()
        except FormError as error:
            refused = HTTPException(error.message)
            refused.code = error.status
            raise refused from error
        files = [(field, File(field, blob)) for field, blob in form.files]
        return io.BytesIO(), self.cls(form.fields), self.cls(files)


class Request(flask.Request):
    """Flask's request, whose forms are received by the host."""

    form_data_parser_class = FormParser


class _LateBlob(io.RawIOBase):
    """A blob that is opened when it is first read, since only a few may be open at once."""

    def __init__(self, id: str) -> None:
        super().__init__()
        self._id = id
        self._reader: blobs.Reader | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._reader is None:
            self._reader = blobs.open(self._id)
        return self._reader.readinto(buffer)

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
        super().close()
