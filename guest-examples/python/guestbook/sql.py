"""SQL with plain Python values: `query` gives rows as dicts, `execute` a number of rows.

The bindings want every parameter wrapped (`db.Value_Integer(42)`), and one of a wrong type ends the instance without an
exception. `to_value` wraps, and raises where a value does not fit; `from_value` unwraps.
"""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, get_args
from uuid import UUID

from wit_world.imports import db

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def query(sql: str, *params: Any) -> list[dict[str, Any]]:
    """Runs a statement and returns its rows, each as a dict from the name of a column to the value."""
    found = db.query(sql, [to_value(param) for param in params])
    return [dict(zip(found.columns, map(from_value, row), strict=True)) for row in found.rows]


def query_one(sql: str, *params: Any) -> dict[str, Any] | None:
    """The first row of a query, or None where it has no rows."""
    return next(iter(query(sql, *params)), None)


def execute(sql: str, *params: Any) -> int:
    """Runs a statement and returns how many rows it inserted, updated or deleted."""
    return db.execute(sql, [to_value(param) for param in params])


def to_value(plain: Any) -> db.Value:
    """Wraps a Python value as a parameter. What is wrapped already, as a `db.Value_Other` is, stays as it is."""
    if isinstance(plain, get_args(db.Value)):
        return plain
    for kind, wrap in _WRAP:
        if isinstance(plain, kind):
            return wrap(plain)
    raise TypeError(f"a {type(plain).__name__} cannot be a parameter of a statement")


def from_value(value: db.Value) -> Any:
    """Unwraps a value of a row. What Python has no type for (`db.Value_Other`, the year 10000) stays wrapped."""
    if isinstance(value, db.Value_Null):
        return None
    if isinstance(value, db.Value_Other):
        return value
    unwrap = _UNWRAP.get(type(value))
    try:
        return unwrap(value.value) if unwrap else value.value
    except (ValueError, OverflowError):
        return value


def _wrap_integer(plain: int) -> db.Value:
    if not -(2**63) <= plain < 2**63:
        raise ValueError("an integer for the database must fit into 64 bits")
    return db.Value_Integer(plain)


def _wrap_text(plain: str) -> db.Value:
    plain.encode()  # Raises for half a surrogate pair, which no UTF-8 can carry.
    return db.Value_Text(plain)


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
    (float, db.Value_Float),
    (str, _wrap_text),
    ((bytes, bytearray, memoryview), lambda plain: db.Value_Bytes(bytes(plain))),
    (Decimal, lambda plain: db.Value_Decimal(format(plain, "f"))),
    (UUID, lambda plain: db.Value_Uuid(str(plain))),
    (datetime, _wrap_datetime),
    (date, lambda plain: db.Value_Date(_date(plain))),
    (time, _wrap_time),
    ((dict, list), lambda plain: db.Value_Json(json.dumps(plain, ensure_ascii=False))),
]

_UNWRAP: dict[type, Callable[[Any], Any]] = {
    db.Value_Decimal: Decimal,
    db.Value_Uuid: UUID,
    db.Value_Date: _unwrap_date,
    db.Value_Time: _unwrap_time,
    db.Value_Datetime: lambda moment: datetime.combine(_unwrap_date(moment.date), _unwrap_time(moment.time)),
    db.Value_Instant: lambda microseconds: EPOCH + microseconds * MICROSECOND,
    db.Value_Json: json.loads,
}
