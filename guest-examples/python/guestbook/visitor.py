"""The visitor: who is signed in, how often he came, and the proof that his forms are the app's own."""

from dataclasses import dataclass

from wit_world.imports import session

# One name for all forms: the token of `/me` is good for each of them.
CSRF_FORM = "guestbook"
VISITS = "visits"


@dataclass
class Visitor:
    """What the session says about the visitor."""

    name: str | None
    visits: int
    csrf: str


def current() -> Visitor:
    """Reads the session."""
    visits = session.get(VISITS) or ""
    return Visitor(session.get_user(), int(visits) if visits.isdecimal() else 0, session.csrf_token(CSRF_FORM))


def welcome() -> Visitor:
    """Reads the session and counts this visit."""
    visitor = current()
    # Counted by the host, so that two pages at once are two visits.
    visitor.visits = session.increment(VISITS, 1)
    return visitor


def is_csrf_token(token: str) -> bool:
    """Whether a form with this token is this app's own."""
    return session.csrf_check(CSRF_FORM, token)
