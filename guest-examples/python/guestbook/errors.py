"""Why a request is answered with something else than it asked for."""

import traceback

from componentize_py_types import Err
from wit_world.imports.blob_upload import BlobError, BlobErrorCode
from wit_world.imports.db import DbError
from wit_world.imports.session import SessionError

import pages
from web import Response

# These codes have the same names in all three interfaces.
TRY_LATER = {"UNAVAILABLE", "BUSY", "SERIALIZATION"}


class NotFound(Exception):
    """There is nothing by that name."""


class BadNumber(Exception):
    """The address contains something that is no number."""


class MethodNotAllowed(Exception):
    """The path exists, for the methods in `allow`."""

    def __init__(self, allow: str) -> None:
        super().__init__(allow)
        self.allow = allow


def to_response(error: Exception) -> Response:
    """A short page that says what is wrong. What belongs into the log goes there."""
    match error:
        case NotFound() | Err(BlobError(code=BlobErrorCode.NOT_FOUND)):
            return pages.short(404, "There is nothing here.")
        case MethodNotAllowed(allow=allow):
            return pages.short(405, "This address does not take that method.", allow=allow)
        case BadNumber():
            return pages.short(400, "The address contains something that is no number.")
        case Err(DbError(code=code) | SessionError(code=code) | BlobError(code=code)) if code.name in TRY_LATER:
            return pages.short(503, "The book is in use just now. Please try again.", retry_after="2")
    traceback.print_exception(error)
    return pages.short(500, "Something went wrong. Nothing was changed.")
