"""What belongs to one visitor: values by key, messages for the next page, who is signed in.

    session.set("theme", "dark")
    visits = session.increment("visits")

The host sets the cookie. What fails raises `innkeeper.Error`.
"""

from __future__ import annotations

from html import escape

from wit_world.imports import session as bindings

from innkeeper.errors import call, number, optional_number, optional_text, text


def get(key: str) -> str | None:
    """The value under `key`, or None."""
    return call("session", bindings.get, text(key, "key"))


def set(key: str, value: str) -> None:
    """Puts a value under `key`."""
    call("session", bindings.set, text(key, "key"), text(value, "value"))


def remove(key: str) -> None:
    """Takes `key` away, if it is there."""
    call("session", bindings.remove, text(key, "key"))


def keys() -> list[str]:
    """All keys, sorted."""
    return call("session", bindings.get_keys)


def increment(key: str, by: int = 1) -> int:
    """Adds to the number under `key` (none counts as 0) and returns the sum.

    Parallel requests lose nothing.
    """
    return call("session", bindings.increment, text(key, "key"), number(by, "by", bits=64, signed=True))


def compare_and_set(key: str, expected: str | None, value: str) -> bool:
    """Puts `value` under `key` only if `expected` is there (None: nothing).

    Returns whether it did.
    """
    expected = optional_text(expected, "expected")
    return call("session", bindings.compare_and_set, text(key, "key"), expected, text(value, "value"))


def flash(message: str) -> None:
    """Leaves a message for the visitor, to be shown once, on this page or the next."""
    call("session", bindings.flash, text(message, "message"))


def take_flash() -> list[str]:
    """Takes the messages left for the visitor, oldest first."""
    return call("session", bindings.take_flash)


def user() -> str | None:
    """Who is signed in, or None."""
    return call("session", bindings.get_user)


def renew(user: str | None) -> None:
    """Gives the session a new id and notes who is signed in: call it at every sign-in."""
    call("session", bindings.renew, optional_text(user, "user"))


def set_expiry(idle_seconds: int | None = None, absolute_seconds: int | None = None) -> None:
    """Changes how long this session lives: after its last use, and from now on at most."""
    idle, absolute = optional_number(idle_seconds, "idle_seconds"), optional_number(
        absolute_seconds, "absolute_seconds"
    )
    call("session", bindings.set_expiry, idle, absolute)


def destroy() -> None:
    """Ends the session and everything in it."""
    call("session", bindings.destroy)


def destroy_all(user: str) -> int:
    """Ends every session in which `user` is signed in. Returns how many."""
    return call("session", bindings.destroy_all, text(user, "user"))


def csrf_token(form: str) -> str:
    """A token for a hidden field of a form. Begins a session where the visitor has none."""
    return call("session", bindings.csrf_token, text(form, "form"))


def csrf_check(form: str, token: str) -> bool:
    """Whether `token` is the one that `csrf_token` gives this visitor for `form`."""
    return call("session", bindings.csrf_check, text(form, "form"), text(token, "token"))


def csrf_field(form: str, name: str = "csrf") -> str:
    """The hidden field, as HTML, that `innkeeper.receive_form(csrf=form)` looks for."""
    return f'<input type="hidden" name="{escape(name)}" value="{escape(csrf_token(form))}">'
