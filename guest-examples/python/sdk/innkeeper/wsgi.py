"""WSGI (PEP 3333): Flask, Bottle, Django and others run as they are.

    app = Flask(__name__)               # app.py; build it with `python -m innkeeper_build app`

`wsgi.input` reads from the visitor only when it is read, so `innkeeper.receive_form` works inside a
WSGI app, as long as nobody has read the body before. To answer with a blob, set the header
`innkeeper-send-blob` to its id.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from innkeeper.app import plain, to_http_error
from innkeeper.http import HTTPError, Request, Response

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def adapt(application: WsgiApp) -> Callable[[Request], Response]:
    """Makes of a WSGI application what `innkeeper.serving` calls."""

    def answer(request: Request) -> Response:
        if "%00" in request.path:
            # No database keeps NUL in a text, so nothing has a name with it.
            return plain(HTTPError(404))
        try:
            return _run(application, request)
        except Exception as error:
            return plain(to_http_error(error))

    return answer


def environ(request: Request) -> dict[str, Any]:
    """What WSGI calls the environment of a request."""
    authority = urlsplit(f"//{request.headers['host']}")
    variables: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        # PEP 3333: the bytes of the path, each as one character.
        "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"),
        "QUERY_STRING": request.query_string,
        "REQUEST_URI": f"{request.path}?{request.query_string}" if request.query_string else request.path,
        "SERVER_NAME": authority.hostname or "localhost",
        "SERVER_PORT": str(authority.port or (443 if request.scheme == "https" else 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": request.scheme,
        "wsgi.input": _LateBody(request),
        # The end of the body is the end of the input, whatever its length.
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        if "_" in name:
            # It would pass for the header that is spelled with a hyphen.
            continue
        key = name.upper().replace("-", "_")
        variables[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    return variables


class _LateBody(io.RawIOBase):
    """The body of a request, which is taken from the host when it is first read."""

    def __init__(self, request: Request) -> None:
        super().__init__()
        self._request = request

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._request.stream.readinto(buffer)

    def readline(self, size: int | None = -1) -> bytes:
        return self._request.stream.readline(-1 if size is None else size)


class _Body(Iterable[bytes]):
    """The pieces of a body, the first of which has been asked for already."""

    def __init__(self, first: bytes, rest: Iterator[bytes], close: Callable[[], object]) -> None:
        self._first, self._rest, self.close = first, rest, close

    def __iter__(self) -> Iterator[bytes]:
        yield self._first
        yield from self._rest


def _run(application: WsgiApp, request: Request) -> Response:
    heads: list[tuple[str, list[tuple[str, str]]]] = []
    written: list[bytes] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        if heads and exc_info is None:
            raise AssertionError("start_response was called twice")
        heads[:] = [(status, headers)]
        return written.append

    answer = application(environ(request), start_response)
    close = getattr(answer, "close", lambda: None)
    if isinstance(answer, (list, tuple)):
        body: bytes | _Body = b"".join([*written, *answer])
    else:
        pieces = iter(answer)
        first = _first(pieces, heads)
        body = _Body(b"".join([*written, first]), pieces, close)
    status, headers = heads[0]
    return Response(body, int(status.split(" ", 1)[0]), "", headers)


def _first(pieces: Iterator[bytes], heads: list[Any]) -> bytes:
    """The first piece: an application may call `start_response` as late as with it."""
    for piece in pieces:
        if piece or heads:
            return piece
    if not heads:
        raise AssertionError("the application has not called start_response")
    return b""
