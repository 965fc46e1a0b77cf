"""Rows of a query."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from wit_world.imports import db

from innkeeper.values import from_value


class Columns:
    """The names of the columns of a result; all its rows share them."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.places: dict[str, int] = {name: place for place, name in enumerate(self.names)}
        self.doubles = {name for name in self.names if self.names.count(name) > 1}

    def place(self, name: str) -> int:
        """Where the column stands. Raises `KeyError` where it is not clear which is meant."""
        if name in self.doubles:
            raise KeyError(f"there are several columns {name!r}: rename them with AS, or take them by number")
        if name not in self.places:
            raise KeyError(f"there is no column {name!r}, but {', '.join(map(repr, self.names)) or 'none at all'}")
        return self.places[name]


class Row:
    """A row: `row.title`, `row["title"]`, `row[0]`, `id, title = row`, `dict(row)`.

    A column that is called `keys` is reached with brackets alone.
    """

    __slots__ = ("_columns", "_values")

    def __init__(self, columns: Columns, values: Sequence[Any]) -> None:
        self._columns = columns
        self._values = tuple(values)

    def __getitem__(self, key: str | int) -> Any:
        return self._values[key if isinstance(key, int) else self._columns.place(key)]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self._values[self._columns.place(name)]
        except KeyError as error:
            raise AttributeError(error.args[0]) from None

    def keys(self) -> tuple[str, ...]:
        """The names of the columns from left to right."""
        return self._columns.names

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Row) and (self.keys(), self._values) == (other.keys(), other._values)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Row({', '.join(f'{name}={value!r}' for name, value in zip(self.keys(), self._values))})"


def to_rows(found: db.Rows) -> list[Row]:
    """The rows of a result."""
    columns = Columns(found.columns)
    return [Row(columns, [from_value(value) for value in values]) for values in found.rows]
