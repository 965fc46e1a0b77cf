"""Tables by their portable description, and migrations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from wit_world.imports import db

from innkeeper.errors import call, optional_number, text
from innkeeper.values import to_value

ColumnType = Literal[
    "boolean", "integer", "float", "decimal", "text", "bytes", "uuid", "date", "time", "datetime", "instant", "json"
]
OnDelete = Literal["restrict", "cascade", "set-null"]


class _Keyword:
    """A default that the database computes."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


NOW = _Keyword("NOW")
"""The default of a column: the time at which the transaction began, in UTC."""
RANDOM_UUID = _Keyword("RANDOM_UUID")
"""The default of a `uuid` column: a random one."""
_NOTHING = _Keyword("nothing")


@dataclass(frozen=True)
class Column:
    """A column of a table; it takes no NULL unless `nullable` says so.

    `identity`: the database numbers new rows. `default`: a value, `NOW` or `RANDOM_UUID`.
    `references`: `"authors.id"`, with what becomes of the row when that one is deleted in
    `on_delete`. `index` and `unique` make an index of this column alone.
    """

    type: ColumnType
    nullable: bool = False
    identity: bool = False
    max_length: int | None = None
    default: Any = _NOTHING
    references: str | None = None
    on_delete: OnDelete = "restrict"
    index: bool = False
    unique: bool = False

    def to_binding(self, name: str) -> db.Column:
        """The description as the host takes it."""
        return db.Column(
            text(name, "the name of a column"),
            _member(db.ColumnType, self.type),
            bool(self.nullable),
            bool(self.identity),
            optional_number(self.max_length, "max_length"),
            self._initial(),
            self._reference(),
        )

    def _initial(self) -> db.ColumnDefault | None:
        if self.default is _NOTHING:
            return None
        if self.default is NOW:
            return db.ColumnDefault_Now()
        if self.default is RANDOM_UUID:
            return db.ColumnDefault_RandomUuid()
        return db.ColumnDefault_Constant(to_value(self.default))

    def _reference(self) -> db.Reference | None:
        if self.references is None:
            return None
        table, dot, column = text(self.references, "references").partition(".")
        if not dot:
            raise ValueError(f'references is "table.column", not {self.references!r}')
        return db.Reference(table, column, _member(db.OnDelete, self.on_delete))


@dataclass(frozen=True)
class Table:
    """A table by its portable description: the same on Postgres and SQLite.

    The primary key is the `identity` column, else the column `id`, unless `primary_key` names
    others. `indexes` and `unique` list indexes of several columns, `checks` conditions by name.
    """

    name: str
    columns: Mapping[str, Column]
    primary_key: Sequence[str] = ()
    indexes: Sequence[Sequence[str]] = ()
    unique: Sequence[Sequence[str]] = ()
    checks: Mapping[str, str] = field(default_factory=dict)

    def define(self) -> bool:
        """Makes the table, or what it lacks. Returns whether anything was changed.

        Call it at the start of each request: it costs nothing once it has been done.
        """
        return call("db", db.define_table, self.to_binding())

    def to_binding(self) -> db.Table:
        """The description as the host takes it."""
        return db.Table(
            text(self.name, "the name of a table"),
            [column.to_binding(name) for name, column in self.columns.items()],
            self._primary_key(),
            [*self._indexes(False), *self._indexes(True)],
            [db.Check(text(name, "a check"), text(condition, "a check")) for name, condition in self.checks.items()],
        )

    def _primary_key(self) -> list[str]:
        if self.primary_key:
            return _names(self.primary_key)
        return [name for name, column in self.columns.items() if column.identity] or ["id"]

    def _indexes(self, unique: bool) -> list[db.Index]:
        single = [[name] for name, column in self.columns.items() if (column.unique if unique else column.index)]
        several = [_names(columns) for columns in (self.unique if unique else self.indexes)]
        return [db.Index(columns, unique) for columns in single + several]


@dataclass(frozen=True)
class Migration:
    """A step in the history of the app's tables: its name and its statements.

    `sqlite_statements` are run instead on SQLite. `destroys` names what may be lost (`entries`,
    `entries.note`, `*`).
    """

    name: str
    statements: Sequence[str]
    sqlite_statements: Sequence[str] | None = None
    destroys: Sequence[str] = ()

    def to_binding(self) -> db.Migration:
        """The step as the host takes it."""
        other = None if self.sqlite_statements is None else _names(self.sqlite_statements)
        name = text(self.name, "the name of a migration")
        return db.Migration(name, _names(self.statements), other, _names(self.destroys))


def migrate(migrations: Sequence[Migration]) -> list[str]:
    """Runs those of the migrations that this app has not run yet, and returns their names.

    Call it at the start of each request: it costs nothing once it has been done.
    """
    return call("db", db.migrate, [migration.to_binding() for migration in migrations])


def _names(texts: Sequence[str]) -> list[str]:
    """A list of texts. A text alone is taken for a list of one."""
    return [text(texts, "a name")] if isinstance(texts, str) else [text(name, "a name") for name in texts]


def _member(kind: Any, name: str) -> Any:
    """The member of an enum of the bindings for its name in the WIT."""
    try:
        return kind[name.replace("-", "_").upper()]
    except KeyError:
        known = ", ".join(member.name.replace("_", "-").lower() for member in kind)
        raise ValueError(f"{name!r} is none of {known}") from None
