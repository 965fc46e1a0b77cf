"""Files: received and sent by the host, kept in the app's database.

    form = receive_form(csrf="album", max_files=1, accept=["image/*"])
    photo = form.file("photo")
    blobs.keep(photo.id)                # with the row that names it, or not at all
    return blobs.send(photo.id)         # the host answers

What fails raises `innkeeper.Error`.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any

from wit_world.imports import blob_upload as bindings

from innkeeper.errors import Error, call, number, optional_number, optional_text, text
from innkeeper.http import Sent
from innkeeper.values import from_instant

NAME = "blob-upload"
# The most that the host takes or gives in one call.
PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Blob:
    """What is known about a blob.

    `size` is in bytes, `sha256` in hexadecimal, `name` the sender's file name or None.
    """

    id: str
    size: int
    sha256: str
    content_type: str
    name: str | None
    created: datetime
    kept: bool

    @classmethod
    def of(cls, blob: bindings.Blob) -> Blob:
        """Takes over the record of the bindings."""
        created = from_instant(blob.created)
        return cls(blob.id, blob.size, blob.sha256, blob.content_type, blob.name, created, blob.kept)


@dataclass(frozen=True)
class UploadTicket:
    """Leave to upload one blob without the app.

    It has the id that the blob will have, and the path to upload to (tus 1.0).
    """

    id: str
    path: str


class Writer:
    """Takes the bytes of a blob that the app makes.

    Closed before `finish`, nothing is left of it.
    """

    def __init__(self, handle: bindings.Writer) -> None:
        self._handle = handle

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._handle.__exit__(None, None, None)

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Appends bytes, and returns how many."""
        data = bytes(data)
        for start in range(0, len(data), PIECE_BYTES):
            call(NAME, self._handle.write, data[start : start + PIECE_BYTES])
        return len(data)

    def finish(self) -> Blob:
        """Stages the blob and ends the writer."""
        return Blob.of(call(NAME, self._handle.finish))


class Reader(io.RawIOBase):
    """Reads a blob, or a part of it, from one end to the other."""

    def __init__(self, handle: bindings.Reader) -> None:
        super().__init__()
        self._handle = handle
        self.blob = Blob.of(handle.get_blob())

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Reads into a buffer, and returns how many bytes; 0 at the end."""
        data = call(NAME, self._handle.read, min(len(buffer), PIECE_BYTES))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Ends the reader."""
        if not self.closed:
            self._handle.__exit__(None, None, None)
        super().close()


def limits(
    max_file: int | None = None,
    max_total: int | None = None,
    max_files: int | None = None,
    accept: Sequence[str] = (),
) -> bindings.FormLimits:
    """What may be uploaded.

    The sizes are in bytes; `accept` lists media types such as `image/*`.
    """
    return bindings.FormLimits(
        optional_number(max_file, "max_file"),
        optional_number(max_total, "max_total"),
        optional_number(max_files, "max_files"),
        [text(kind, "accept") for kind in accept],
    )


def receive_form(limits: bindings.FormLimits | None = None) -> bindings.Form:
    """Receives the form of this request as the host gives it.

    `innkeeper.receive_form` is more convenient.
    """
    return call(NAME, bindings.receive_form, limits)


def receive_body(name: str | None = None, limits: bindings.FormLimits | None = None) -> Blob:
    """Receives the whole body of this request as one staged blob."""
    return Blob.of(call(NAME, bindings.receive_body, optional_text(name, "name"), limits))


def create(name: str | None = None, content_type: str = "application/octet-stream") -> Writer:
    """Begins a blob that the app makes: `with blobs.create("a.csv", "text/csv") as writer:`."""
    return Writer(call(NAME, bindings.create, optional_text(name, "name"), text(content_type, "content_type")))


def save(data: bytes, name: str | None = None, content_type: str = "application/octet-stream") -> Blob:
    """Stages bytes as a blob in one call."""
    with create(name, content_type) as writer:
        writer.write(data)
        return writer.finish()


def open(id: str, first: int = 0, last: int | None = None) -> Reader:
    """Opens a blob for reading, from byte `first` to byte `last`, included; None: to the end."""
    whole = first == 0 and last is None
    end = None if last is None else number(last, "last", bits=64)
    part = None if whole else bindings.ByteRange(number(first, "first", bits=64), end)
    return Reader(call(NAME, bindings.open, text(id, "id"), part))


def read(id: str) -> bytes:
    """All bytes of a blob."""
    with open(id) as reader:
        return reader.readall()


def stat(id: str) -> Blob:
    """What is known about a blob, staged or kept."""
    return Blob.of(call(NAME, bindings.stat, text(id, "id")))


def list_blobs(after: str | None = None, limit: int = 1_000) -> list[Blob]:
    """Kept blobs in the order of their ids, at most `limit`, beginning behind the id `after`."""
    found = call(NAME, bindings.list_blobs, optional_text(after, "after"), number(limit, "limit"))
    return [Blob.of(blob) for blob in found]


def all_blobs() -> Iterator[Blob]:
    """All kept blobs in the order of their ids."""
    page = list_blobs()
    while page:
        yield from page
        page = list_blobs(after=page[-1].id)


def keep(id: str) -> None:
    """Makes a staged blob stay, with the rows of this request or not at all."""
    call(NAME, bindings.keep, text(id, "id"))


def delete(id: str) -> None:
    """Deletes a blob, with the rows of this request or not at all."""
    call(NAME, bindings.delete, text(id, "id"))


def delete_if_there(id: str) -> bool:
    """Deletes a blob. Returns whether there was one."""
    try:
        delete(id)
    except Error as error:
        if error.code != "not-found":
            raise
        return False
    return True


def send(id: str, name: str | None = None, download: bool = False, max_age: int | None = None) -> Sent:
    """Answers this request with a blob.

    Return what it returns; a WSGI app sets `innkeeper-send-blob` instead.
    """
    call(NAME, bindings.send, text(id, "id"), _send_options(name, download, max_age))
    return Sent()


def sign_download(
    id: str, seconds: int, name: str | None = None, download: bool = False, max_age: int | None = None
) -> str:
    """A path at which anyone can fetch the blob for so many seconds, without the app."""
    options = _send_options(name, download, max_age)
    return call(NAME, bindings.sign_download, text(id, "id"), options, number(seconds, "seconds"))


def sign_upload(seconds: int, limits: bindings.FormLimits | None = None) -> UploadTicket:
    """Leave for whoever holds the path to upload one blob for so many seconds, without the app."""
    ticket = call(NAME, bindings.sign_upload, limits, number(seconds, "seconds"))
    return UploadTicket(ticket.id, ticket.path)


def _send_options(name: str | None, download: bool, max_age: int | None) -> bindings.SendOptions:
    return bindings.SendOptions(optional_text(name, "name"), bool(download), optional_number(max_age, "max_age"))
