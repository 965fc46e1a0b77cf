"""Between the host and the app: what the component exports."""

from __future__ import annotations

import io
import linecache
import sys
from collections.abc import Callable, Iterable
from typing import Any

from componentize_py_types import Err, Ok
from wit_world import exports
from wit_world.imports import types
from wit_world.imports.streams import StreamError_Closed

from innkeeper import errors, preload, wsgi  # noqa: F401
from innkeeper.app import App
from innkeeper.http import Headers, Request, Response, Sent

# What is written at once where the host has room.
PIECE_BYTES = 65_536

_app: Callable[[Request], Response] | None = None


def serve(app: Any) -> None:
    """Says which app answers: an `App`, or any WSGI application, such as a Flask app."""
    if not callable(app):
        raise TypeError(f"the app is an innkeeper.App or a WSGI application, not {type(app).__name__}")
    answer_with(app if isinstance(app, App) else wsgi.adapt(app))


def answer_with(function: Callable[[Request], Response]) -> None:
    """Says which function answers. No exception may leave it."""
    global _app
    _app = function


def keep_sources() -> None:
    """Remembers the lines of the app's modules, which a traceback shows.

    The files are not there when it runs.
    """
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None) or ""
        if file.startswith(f"{errors.ROOT}/") and (lines := linecache.getlines(file)):
            # Without a time of change, the file is not looked for again.
            linecache.cache[file] = (sum(map(len, lines)), None, lines, file)


class IncomingHandler(exports.IncomingHandler):
    """What the host calls; the name is given by the contract."""

    def handle(self, request: types.IncomingRequest, response_out: types.ResponseOutparam) -> None:
        """Answers one request."""
        if _app is None:
            raise RuntimeError("no app: call innkeeper.serving.serve")
        errors.is_importing = False
        asked = _request(request)
        response = _app(asked)
        if not isinstance(response, Sent):
            _send(response_out, response, asked.is_head)


class Body(io.RawIOBase):
    """The body of a request as a file."""

    def __init__(self, request: types.IncomingRequest) -> None:
        super().__init__()
        try:
            self._body = request.consume()
            self._bytes = self._body.stream()
        except Err:
            raise OSError("the body of the request has been read already") from None

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Reads into a buffer, and returns how many bytes; 0 at the end."""
        try:
            data = self._bytes.blocking_read(len(buffer))
        except Err as error:
            if isinstance(error.value, StreamError_Closed):
                return 0
            raise OSError("the visitor went away before everything had arrived") from None
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Gives both handles back, the stream before the body that it belongs to."""
        if not self.closed and hasattr(self, "_bytes"):
            self._bytes.__exit__(None, None, None)
            self._body.__exit__(None, None, None)
        super().close()


def _request(incoming: types.IncomingRequest) -> Request:
    method = incoming.method()
    name = method.value if isinstance(method, types.Method_Other) else type(method).__name__[len("Method_") :].upper()
    with incoming.headers() as fields:
        headers = Headers.of(fields.entries())
    headers.setdefault("host", incoming.authority() or "localhost")
    scheme = "https" if isinstance(incoming.scheme(), types.Scheme_Https) else "http"
    return Request(name, incoming.path_with_query() or "/", headers, lambda: Body(incoming), scheme)


def _send(response_out: types.ResponseOutparam, response: Response, head_only: bool) -> None:
    try:
        outgoing = _head(response)
    except Exception as error:
        # A header that HTTP does not know, or a status: the app's mistake.
        errors.tell(error)
        response = Response.text("500 Internal Server Error\n", 500)
        outgoing = _head(response)
    body = None if head_only else outgoing.body()
    types.ResponseOutparam.set(response_out, Ok(outgoing))
    if body is not None:
        _write(body, [response.body] if isinstance(response.body, bytes) else response.body)


def _head(response: Response) -> types.OutgoingResponse:
    entries = [(name, value.encode("latin-1")) for name, value in response.headers]
    if isinstance(response.body, bytes) and not any(name.lower() == "content-length" for name, _ in entries):
        entries.append(("content-length", str(len(response.body)).encode()))
    try:
        fields = types.Fields.from_list(entries)
    except Err as error:
        raise ValueError(f"the host refuses the headers {response.headers}: {type(error.value).__name__}") from None
    outgoing = types.OutgoingResponse(fields)
    try:
        outgoing.set_status_code(response.status)
    except Err:
        raise ValueError(f"{response.status} is not a status of HTTP") from None
    return outgoing


def _write(body: types.OutgoingBody, pieces: Iterable[bytes]) -> None:
    """Writes the body.

    Where a piece fails, the body stays unfinished, and the host cuts the connection.
    """
    try:
        # `with`, because the stream has to be closed before the body is finished: otherwise the
        # instance ends.
        with body.write() as stream:
            for piece in pieces:
                _write_piece(stream, piece)
            stream.blocking_flush()
        types.OutgoingBody.finish(body, None)
    except Err:
        pass  # The visitor has gone away, which is no error of this app.
    except Exception as error:
        errors.tell(error)
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()


def _write_piece(stream: Any, piece: bytes) -> None:
    rest = memoryview(bytes(piece))
    while rest:
        room = stream.check_write()
        if room == 0:
            with stream.subscribe() as ready:
                ready.block()
            continue
        count = min(room, len(rest), PIECE_BYTES)
        stream.write(bytes(rest[:count]))
        rest = rest[count:]
