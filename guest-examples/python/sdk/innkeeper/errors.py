"""What the host's interfaces raise, and checks of what is passed to them."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from componentize_py_types import Err

P = ParamSpec("P")
T = TypeVar("T")

# Where componentize-py shows the folder of the app: behind that of the module that
# `innkeeper_build` writes.
ROOT = "/1"
# Whether the app is still being imported: the host can be called only during a request.
is_importing = True


class Error(Exception):
    """A call to `db`, `blobs` or `session` failed.

    `interface` is `db`, `blob-upload` or `session`. `code` is the code of that interface as text,
    for example `unique-violation`. `retryable` tells whether the same request may well succeed if
    it is made again. `constraint` and `sqlstate` are known for some errors of `db`, `field` (the
    form field to blame) for some of `blobs`.
    """

    def __init__(
        self,
        interface: str,
        code: str,
        message: str,
        *,
        retryable: bool = False,
        constraint: str | None = None,
        sqlstate: str | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(f"{interface}: {code}: {message}")
        self.interface, self.code, self.message, self.retryable = interface, code, message, retryable
        self.constraint, self.sqlstate, self.field = constraint, sqlstate, field

    @classmethod
    def of(cls, interface: str, record: Any) -> Error:
        """The exception for an error record of the bindings."""
        return cls(
            interface,
            record.code.name.lower().replace("_", "-"),
            record.message,
            retryable=record.retryable,
            constraint=getattr(record, "constraint", None),
            sqlstate=getattr(record, "sqlstate", None) or None,
            field=getattr(record, "field", None),
        )


def call(interface: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Calls a function of the bindings and raises what it fails with as an `Error`."""
    if is_importing:
        raise RuntimeError(
            f"{interface} was called while the app was imported: call it in a function, during a request"
        )
    try:
        return function(*args, **kwargs)
    except Err as failure:
        raise Error.of(interface, failure.value) from None


def tell(error: BaseException) -> None:
    """Writes an exception with its traceback to standard error.

    Files of the app are named as the app's folder has them.
    """
    told = "".join(traceback.format_exception(error))
    print(told.replace(f'File "{ROOT}/', 'File "'), end="", file=sys.stderr)


def text(value: object, what: str) -> str:
    """A text that the bindings take.

    One of a wrong type would end the instance without an exception.
    """
    if not isinstance(value, str):
        raise TypeError(f"{what} must be a str, not {type(value).__name__}")
    value.encode()  # Raises for half a surrogate pair, which no UTF-8 can carry.
    return value


def optional_text(value: object, what: str) -> str | None:
    """A text, or None."""
    return None if value is None else text(value, what)


def number(value: object, what: str, bits: int = 32, signed: bool = False) -> int:
    """An integer that the bindings take: it fits into `bits` bits."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{what} must be an int, not {type(value).__name__}")
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1)) if signed else (0, 2**bits)
    if not low <= value < high:
        raise ValueError(f"{what} must be from {low} to {high - 1}, not {value}")
    return value


def optional_number(value: object, what: str) -> int | None:
    """An integer of 32 bits without a sign, or None."""
    return None if value is None else number(value, what)
