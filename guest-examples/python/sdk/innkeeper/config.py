"""The app's settings, as the operator has set them."""

from __future__ import annotations

from componentize_py_types import Err
from wit_world.imports import store

from innkeeper.errors import Error, text


def get(key: str, default: str | None = None) -> str | None:
    """The setting `key`, or `default`."""
    try:
        value = store.get(text(key, "key"))
    except Err as failure:
        raise Error("config", "other", str(getattr(failure.value, "value", failure.value))) from None
    return default if value is None else value


def all() -> dict[str, str]:
    """All settings."""
    try:
        return dict(store.get_all())
    except Err as failure:
        raise Error("config", "other", str(getattr(failure.value, "value", failure.value))) from None
