"""What is asked for, and what is answered."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl

from innkeeper.values import to_json

HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
MAX_BODY_BYTES = 1024 * 1024


class HTTPError(Exception):
    """Answers the request with a status of 400 or above. Raise it anywhere in a handler."""

    def __init__(self, status: int, message: str = "", headers: Mapping[str, str] | None = None) -> None:
        self.status, self.message, self.headers = status, message or HTTPStatus(status).phrase, dict(headers or {})
        super().__init__(f"{status} {self.message}")


class Headers(dict[str, str]):
    """The headers of a request by their names in small letters.

    Several of one name are joined with commas.
    """

    @classmethod
    def of(cls, entries: Iterable[tuple[str, bytes]]) -> Headers:
        """Takes the headers out of the host's list."""
        headers = cls()
        for name, value in entries:
            name, text = name.lower(), value.decode("latin-1")
            joint = "; " if name == "cookie" else ", "
            headers[name] = f"{headers[name]}{joint}{text}" if name in headers else text
        return headers


class Request:
    """What is asked for.

    The body stays with the host until it is read, so that the host can receive a form itself.
    """

    def __init__(
        self, method: str, target: str, headers: Headers, open_body: Callable[[], io.RawIOBase], scheme: str = "http"
    ) -> None:
        self.method, self.headers, self.scheme = method, headers, scheme
        self.path, _, self.query_string = target.partition("?")
        self._open_body = open_body
        self._stream: io.BufferedReader | None = None

    @property
    def is_head(self) -> bool:
        """Whether only the head of the answer is wanted."""
        return self.method == "HEAD"

    @property
    def query(self) -> dict[str, str]:
        """The parameters in the address. Of several of one name the first counts."""
        return dict(reversed(self.query_all))

    @property
    def query_all(self) -> list[tuple[str, str]]:
        """All parameters in the address, in their order."""
        return parse_qsl(self.query_string, keep_blank_values=True)

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that the app sees; that of the session stays with the host."""
        return {name: morsel.value for name, morsel in SimpleCookie(self.headers.get("cookie", "")).items()}

    @property
    def stream(self) -> io.BufferedReader:
        """The body as a file to read from."""
        if self._stream is None:
            self._stream = io.BufferedReader(self._open_body(), 65_536)
        return self._stream

    def read(self, limit: int = MAX_BODY_BYTES) -> bytes:
        """The whole body. One of more than `limit` bytes is answered with 413."""
        body = self.stream.read(limit + 1)
        if len(body) > limit:
            raise HTTPError(413, f"The body has more than {limit} bytes.")
        return body

    def json(self, limit: int = MAX_BODY_BYTES) -> Any:
        """The body as a JSON document. What is none is answered with 400."""
        try:
            return json.loads(self.read(limit))
        except (ValueError, RecursionError):
            raise HTTPError(400, "The body is not a JSON document.") from None


class Response:
    """An answer. `body`: text, bytes, or pieces of bytes that are sent one after the other."""

    def __init__(
        self,
        body: str | bytes | Iterable[bytes] = b"",
        status: int = 200,
        content_type: str = HTML,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    ) -> None:
        self.body = body.encode() if isinstance(body, str) else body
        self.status = status
        named = list(headers.items() if isinstance(headers, Mapping) else headers)
        self.headers = [("content-type", content_type), *named] if content_type else named

    @classmethod
    def text(cls, text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """Plain text."""
        return cls(text, status, TEXT, headers or {})

    @classmethod
    def json(cls, document: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """A JSON document. Points in time, decimals and UUIDs in it become texts."""
        return cls(to_json(document), status, "application/json", headers or {})

    @classmethod
    def redirect(cls, location: str, status: int = 303) -> Response:
        """Sends the browser on with GET. After a form, a reload does not send it again then."""
        return cls(b"", status, "", {"location": location})

    @classmethod
    def of(cls, answer: object) -> Response:
        """What a handler returns: a response, HTML as text, or JSON as a dict or a list."""
        if isinstance(answer, Response):
            return answer
        if isinstance(answer, str):
            return cls(answer)
        if isinstance(answer, (dict, list)):
            return cls.json(answer)
        raise TypeError(f"a handler returns a Response, a str, a dict or a list, not {type(answer).__name__}")

    def add_defaults(self, headers: Mapping[str, str]) -> None:
        """Adds headers that are not set yet."""
        known = {name.lower() for name, _ in self.headers}
        self.headers += [(name, value) for name, value in headers.items() if name.lower() not in known]


class Sent(Response):
    """Stands for an answer that the host gives by itself: what `blobs.send` returns."""
