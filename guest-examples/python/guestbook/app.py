"""A guestbook: entries with photos, for visitors with or without a name.

`app.py` knows which address is answered where. From there: `routes` do it, with the help of `forms` and `visitor` (what
comes in), `entries` (the table) and `pages` (what goes out). `sql` and `web` suit any app: they make the bindings
comfortable.
"""

import re
from collections.abc import Callable

from wit_world import exports
from wit_world.imports import types

import entries
import errors
import forms
import routes
from web import Request, Response, send

Handler = Callable[..., Response | None]

READ = ["GET", "HEAD"]
WRITE = ["POST"]

# The methods that an address takes, and who answers them.
ROUTES: list[tuple[re.Pattern[str], list[str], Handler]] = [
    (re.compile(r"/"), READ, routes.book),
    (re.compile(r"/entries"), WRITE, routes.add_entry),
    (re.compile(r"/entries/([^/]*)/delete"), WRITE, routes.delete_entry),
    (re.compile(r"/entries\.json"), READ, routes.entries_json),
    (re.compile(r"/photos/([^/]*)"), READ, routes.photo),
    (re.compile(r"/login"), WRITE, routes.login),
    (re.compile(r"/logout"), WRITE, routes.logout),
    (re.compile(r"/me"), READ, routes.me),
]


class IncomingHandler(exports.IncomingHandler):
    """What the host calls; the name is given by the contract."""

    def handle(self, request: types.IncomingRequest, response_out: types.ResponseOutparam) -> None:
        """Answers one request."""
        asked = Request.of(request)
        response = answer(asked)
        if response is not None:
            send(response_out, response, asked.is_head)


def answer(request: Request) -> Response | None:
    """The response; None where the host answers with a blob. An exception that left the app would end its instance."""
    try:
        return route(request)
    except Exception as error:
        return errors.to_response(error)


def route(request: Request) -> Response | None:
    """Finds out who answers, and lets them."""
    handler, parts = find(request)
    # Before anything is written: afterwards it is refused.
    entries.define()
    try:
        return handler(request, *parts)
    except forms.Refused as refused:
        return routes.refused(refused)


def find(request: Request) -> tuple[Handler, tuple[str, ...]]:
    """The handler for a request and the parts of the path that it is about."""
    for pattern, methods, handler in ROUTES:
        match = pattern.fullmatch(request.path)
        if match and request.method in methods:
            return handler, match.groups()
        if match:
            raise errors.MethodNotAllowed(", ".join(methods))
    raise errors.NotFound
