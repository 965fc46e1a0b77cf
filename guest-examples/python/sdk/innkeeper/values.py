"""Python values for the values of the database, both ways.

| Python | database | |
|---|---|---|
| None | NULL | |
| bool | boolean | |
| int | integer | 64 bits |
| float | float | |
| decimal.Decimal | decimal | every digit is kept |
| str | text | |
| bytes | bytes | bytearray and memoryview as parameters too |
| uuid.UUID | uuid | |
| datetime.date | date | |
| datetime.time | time | |
| datetime.datetime without a zone | datetime | what a clock on the wall shows |
| datetime.datetime with a zone | instant | read in UTC |
| Json(x) | json | reading gives x; a dict or a list needs no Json around it |
| Other(type_name, text) | any other type | |

A date or a time that Python has no value for (the years before 1 and after 9999, 24:00:00) is read
as the record of the bindings (`Value_Date(Date(year=10000, ...))`), which is a parameter too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, get_args
from uuid import UUID

from wit_world.imports import db

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MICROSECOND = timedelta(microseconds=1)
# Postgres takes 131,072 before the point and 16,383 behind it. `1e999999999` would fill the memory.
MAX_DECIMAL_DIGITS = 200_000


@dataclass(frozen=True)
class Json:
    """A parameter that is a JSON document, for example `Json("text")` or `Json(None)`."""

    document: Any


@dataclass(frozen=True)
class Other:
    """A value of a type that the host has no case for, for example `Other("inet", "10.0.0.1")`."""

    type_name: str
    text: str


def to_value(plain: object) -> db.Value:
    """The parameter for a Python value. Raises `TypeError` or `ValueError` where there is none."""
    if isinstance(plain, get_args(db.Value)):
        value: db.Value = plain
        return value
    for kind, wrap in _WRAP:
        if isinstance(plain, kind):
            return wrap(plain)
    raise TypeError(f"a {type(plain).__name__} cannot be a parameter of a statement")


def from_value(value: db.Value) -> Any:
    """The Python value for a value of a row."""
    unwrap = _UNWRAP.get(type(value))
    if unwrap is None:
        return value.value  # type: ignore[union-attr]
    try:
        return unwrap(value)
    except (ValueError, OverflowError, RecursionError):
        return value


def from_instant(microseconds: int) -> datetime:
    """The point in time that many microseconds after 1970-01-01T00:00:00Z."""
    return EPOCH + microseconds * MICROSECOND


def to_json(document: object) -> str:
    """A document as JSON. Points in time, dates, decimals and UUIDs become texts."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=_json_text)


def rfc3339(instant: datetime) -> str:
    """A point in time as RFC 3339 writes it, to the microsecond: `2026-10-03T14:05:06.000123Z`."""
    return instant.astimezone(timezone.utc).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _json_text(plain: object) -> str:
    if isinstance(plain, datetime) and plain.tzinfo is not None:
        return rfc3339(plain)
    if isinstance(plain, (date, time)):
        return plain.isoformat()
    if isinstance(plain, (Decimal, UUID)):
        return str(plain)
    raise TypeError(f"a {type(plain).__name__} cannot be part of a JSON document")


def _wrap_integer(plain: int) -> db.Value:
    if not -(2**63) <= plain < 2**63:
        raise ValueError("an integer for the database must fit into 64 bits")
    return db.Value_Integer(int(plain))


def _wrap_text(plain: str) -> db.Value:
    plain.encode()  # Raises for half a surrogate pair, which no UTF-8 can carry.
    return db.Value_Text(str(plain))


def _wrap_decimal(plain: Decimal) -> db.Value:
    if plain.is_finite() and not -MAX_DECIMAL_DIGITS < plain.adjusted() < MAX_DECIMAL_DIGITS:
        raise ValueError(f"a decimal for the database has at most {MAX_DECIMAL_DIGITS} digits")
    if plain.is_nan() and (plain.is_snan() or plain.is_signed()):
        raise ValueError("a decimal for the database has one NaN: Decimal('NaN')")
    return db.Value_Decimal(format(plain, "f"))


def _wrap_datetime(plain: datetime) -> db.Value:
    if plain.tzinfo is not None:
        return db.Value_Instant((plain - EPOCH) // MICROSECOND)
    return db.Value_Datetime(db.Datetime(_date(plain), _time(plain)))


def _wrap_time(plain: time) -> db.Value:
    if plain.tzinfo is not None:
        raise ValueError("a time for the database has no time zone")
    return db.Value_Time(_time(plain))


def _date(plain: date) -> db.Date:
    return db.Date(plain.year, plain.month, plain.day)


def _time(plain: time | datetime) -> db.Time:
    return db.Time(plain.hour, plain.minute, plain.second, plain.microsecond)


def _unwrap_date(day: db.Date) -> date:
    return date(day.year, day.month, day.day)


def _unwrap_time(clock: db.Time) -> time:
    return time(clock.hour, clock.minute, clock.second, clock.microsecond)


# In this order, because a bool is an int too, and a datetime a date.
_WRAP: list[tuple[Any, Callable[[Any], db.Value]]] = [
    (type(None), lambda _: db.Value_Null()),
    (bool, db.Value_Boolean),
    (int, _wrap_integer),
    (float, lambda plain: db.Value_Float(float(plain))),
    (str, _wrap_text),
    ((bytes, bytearray, memoryview), lambda plain: db.Value_Bytes(bytes(plain))),
    (Decimal, _wrap_decimal),
    (UUID, lambda plain: db.Value_Uuid(str(plain))),
    (datetime, _wrap_datetime),
    (date, lambda plain: db.Value_Date(_date(plain))),
    (time, _wrap_time),
    (Json, lambda plain: db.Value_Json(to_json(plain.document))),
    ((dict, list), lambda plain: db.Value_Json(to_json(plain))),
    (Other, lambda plain: db.Value_Other(db.OtherValue(plain.type_name, plain.text))),
]

_UNWRAP: dict[type, Callable[[Any], Any]] = {
    db.Value_Null: lambda value: None,
    db.Value_Decimal: lambda value: Decimal(value.value),
    db.Value_Uuid: lambda value: UUID(value.value),
    db.Value_Date: lambda value: _unwrap_date(value.value),
    db.Value_Time: lambda value: _unwrap_time(value.value),
    db.Value_Datetime: lambda value: datetime.combine(_unwrap_date(value.value.date), _unwrap_time(value.value.time)),
    db.Value_Instant: lambda value: from_instant(value.value),
    db.Value_Json: lambda value: json.loads(value.value),
    db.Value_Other: lambda value: Other(value.value.type_name, value.value.text),
}
