"""Who answers which address."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, unquote

from innkeeper.errors import Error, tell
from innkeeper.http import HTTPError, Request, Response

Handler = Callable[..., Any]
H = TypeVar("H", bound=Callable[..., Any])


class App:
    """A table of routes.

        app = App()

        @app.get("/entries/{id}")
        def entry(request, id): ...

    A part in braces is one step of the path. A handler returns a `Response`, HTML as a str, or a
    JSON document as a dict or list. `headers` are added to every answer that does not set them.
    """

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        self.headers = {"x-content-type-options": "nosniff", **(headers or {})}
        self._routes: list[tuple[re.Pattern[str], str, Handler]] = []
        self._before: list[Callable[[Request], object]] = []
        self._errors: dict[type[Exception], Callable[[Request, Any], object]] = {}

    def route(self, method: str, path: str) -> Callable[[H], H]:
        """Registers a handler for a method and a path. One for GET answers HEAD too."""

        def register(handler: H) -> H:
            self._routes.append((_pattern(path), method.upper(), handler))
            return handler

        return register

    def get(self, path: str) -> Callable[[H], H]:
        """Registers a handler for GET and HEAD."""
        return self.route("GET", path)

    def post(self, path: str) -> Callable[[H], H]:
        """Registers a handler for POST."""
        return self.route("POST", path)

    def put(self, path: str) -> Callable[[H], H]:
        """Registers a handler for PUT."""
        return self.route("PUT", path)

    def delete(self, path: str) -> Callable[[H], H]:
        """Registers a handler for DELETE."""
        return self.route("DELETE", path)

    def before(self, function: H) -> H:
        """Registers a function that is called before the handler.

        It is the place to define tables.
        """
        self._before.append(function)
        return function

    def error(self, kind: type[Exception]) -> Callable[[H], H]:
        """Registers who answers where a handler raises `kind`, with the request and the exception.

        What nothing is registered for becomes an `HTTPError`, so `@app.error(HTTPError)` makes all
        other error pages. Their status and their headers stay those of the error.
        """

        def register(function: H) -> H:
            self._errors[kind] = function
            return function

        return register

    def __call__(self, request: Request) -> Response:
        """Answers a request. No exception leaves it."""
        try:
            handler, parts = self._find(request)
            for function in self._before:
                function(request)
            response = Response.of(handler(request, **parts))
        except Exception as error:
            response = self._failed(request, error)
        response.add_defaults(self.headers)
        return response

    def _find(self, request: Request) -> tuple[Handler, dict[str, str]]:
        allowed: list[str] = []
        # Each step in one spelling, so that `/m%65` is `/me`.
        path = "/".join(quote(unquote(step), safe="") for step in request.path.split("/"))
        for pattern, method, handler in self._routes:
            if match := pattern.fullmatch(path):
                methods = ["GET", "HEAD"] if method == "GET" else [method]
                if request.method in methods:
                    return handler, _parts(match)
                allowed += methods
        if allowed:
            raise HTTPError(405, headers={"allow": ", ".join(allowed)})
        raise HTTPError(404)

    def _failed(self, request: Request, error: Exception) -> Response:
        function = self._error_function(error)
        if function is None:
            error = to_http_error(error)
            function = self._error_function(error)
        try:
            response = Response.of(function(request, error)) if function else None
        except Exception as second:
            # The page failed as well: its error is told, and the visitor gets plain text.
            error, response = to_http_error(second), None
        if isinstance(error, HTTPError):
            response = response or plain(error)
            response.status = error.status
            response.add_defaults(error.headers)
        return response or plain(to_http_error(error))

    def _error_function(self, error: Exception) -> Callable[[Request, Any], object] | None:
        return next((self._errors[kind] for kind in type(error).__mro__ if kind in self._errors), None)


def to_http_error(error: Exception) -> HTTPError:
    """What an uncaught exception is answered with.

    What nobody foresaw goes to standard error, with its traceback.
    """
    if isinstance(error, HTTPError):
        return error
    if isinstance(error, Error) and error.interface == "blob-upload" and error.code == "not-found":
        return HTTPError(404)
    if isinstance(error, Error) and error.retryable:
        print(error, file=sys.stderr)
        return HTTPError(503, headers={"retry-after": "2"})
    tell(error)
    return HTTPError(500)


def _parts(match: re.Match[str]) -> dict[str, str]:
    parts = {name: unquote(part) for name, part in match.groupdict().items()}
    if any("\0" in part for part in parts.values()):
        # Postgres keeps no such character, so nothing can have that name.
        raise HTTPError(404)
    return parts


def plain(error: HTTPError) -> Response:
    """The answer for an error as plain text."""
    return Response.text(f"{error.status} {error.message}\n", error.status, error.headers)


def _pattern(path: str) -> re.Pattern[str]:
    if not path.startswith("/"):
        raise ValueError(f"a path begins with a slash, unlike {path!r}")
    parts = re.split(r"\{(\w+)\}", path)
    return re.compile(
        "".join(f"(?P<{part}>[^/]+)" if place % 2 else re.escape(quote(part)) for place, part in enumerate(parts))
    )
