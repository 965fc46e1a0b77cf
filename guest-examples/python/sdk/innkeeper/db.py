"""Rows: SQL with plain Python values, over Postgres or SQLite.

    for entry in db.query("select id, title from entries where id < $1 order by id desc", before):
        print(entry.id, entry["title"])

Parameters are written `$1` to `$n` on both databases; `innkeeper.values` lists the types. What fails
raises `innkeeper.Error`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, TypeVar, overload

from wit_world.imports import db as bindings

from innkeeper.errors import Error, call, number, optional_number, text
from innkeeper.rows import Columns, Row, to_rows
from innkeeper.tables import NOW, RANDOM_UUID, Column, Migration, Table, _member, migrate
from innkeeper.values import Json, Other, from_value, to_value

__all__ = [
    "NOW", "RANDOM_UUID", "Column", "Error", "Json", "Migration", "Other", "Outcome", "Row", "Table", "Transaction",
    "batch", "commit", "cursor", "execute", "migrate", "query", "query_one", "rollback", "transaction",
]  # fmt: skip

T = TypeVar("T")
Isolation = Literal["read-committed", "repeatable-read", "serializable"]


@overload
def query(sql: str, *params: object) -> list[Row]: ...
@overload
def query(sql: str, *params: object, into: type[T]) -> list[T]: ...
def query(sql: str, *params: object, into: Any = None) -> list[Any]:
    """Runs a statement and returns its rows.

    `into`: a dataclass, or another class that takes the columns as arguments by name.
    """
    return _read(bindings.query, sql, params, into)


@overload
def query_one(sql: str, *params: object) -> Row | None: ...
@overload
def query_one(sql: str, *params: object, into: type[T]) -> T | None: ...
def query_one(sql: str, *params: object, into: Any = None) -> Any:
    """The first row of a query, or None where it has no rows."""
    return next(iter(_read(bindings.query, sql, params, into)), None)


def execute(sql: str, *params: object) -> int:
    """Runs a statement and returns how many rows it inserted, updated or deleted."""
    return call("db", bindings.execute, text(sql, "a statement"), _values(params))


def cursor(sql: str, *params: object, size: int = 100) -> Generator[Row, None, None]:
    """The rows of a query one after the other, `size` of them fetched at a time.

    The query is run when the first row is asked for. Closing the generator closes the cursor.
    """
    number(size, "size")
    with call("db", bindings.open_cursor, text(sql, "a statement"), _values(params)) as opened:
        columns = Columns(opened.columns())
        while rows := call("db", opened.next, size):
            for values in rows:
                yield Row(columns, [from_value(value) for value in values])


@dataclass(frozen=True)
class Outcome:
    """What one statement of a batch did."""

    affected: int
    rows: list[Row]


def batch(statements: Iterable[str | Sequence[Any]]) -> list[Outcome]:
    """Runs statements one after the other, all or none.

    For example `batch([("delete from a where id = $1", 7), "delete from b"])`.
    """
    parts = [_statement(statement) for statement in statements]
    return [Outcome(outcome.affected, to_rows(outcome.rows)) for outcome in call("db", bindings.batch, parts)]


def commit() -> None:
    """Keeps what this request has written so far, whatever happens later."""
    call("db", bindings.commit)


def rollback() -> None:
    """Undoes what this request has written since it began or since the last `commit`.

    That goes for blobs and the session too.
    """
    call("db", bindings.rollback)


class Transaction:
    """A part of the request that can be undone by itself; made by `transaction`."""

    def __init__(self, options: bindings.TransactionOptions | None) -> None:
        self._options = options
        self._handle: bindings.Transaction | None = None

    def __enter__(self) -> Transaction:
        self._handle = call("db", bindings.begin, self._options)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._handle is None:
            return
        handle, self._handle = self._handle, None
        # Dropped without a commit, it is rolled back.
        with handle:
            if error is None:
                call("db", handle.commit)

    @overload
    def query(self, sql: str, *params: object) -> list[Row]: ...
    @overload
    def query(self, sql: str, *params: object, into: type[T]) -> list[T]: ...
    def query(self, sql: str, *params: object, into: Any = None) -> list[Any]:
        """Like `db.query`, inside this transaction."""
        return _read(self._open().query, sql, params, into)

    @overload
    def query_one(self, sql: str, *params: object) -> Row | None: ...
    @overload
    def query_one(self, sql: str, *params: object, into: type[T]) -> T | None: ...
    def query_one(self, sql: str, *params: object, into: Any = None) -> Any:
        """Like `db.query_one`, inside this transaction."""
        return next(iter(_read(self._open().query, sql, params, into)), None)

    def execute(self, sql: str, *params: object) -> int:
        """Like `db.execute`, inside this transaction."""
        return call("db", self._open().execute, text(sql, "a statement"), _values(params))

    def rollback(self) -> None:
        """Undoes everything since the transaction began, and ends it."""
        handle, self._handle = self._open(), None
        with handle:
            call("db", handle.rollback)

    def _open(self) -> bindings.Transaction:
        if self._handle is None:
            raise Error("db", "closed", "the transaction has ended, or has not begun: use it in a `with`")
        return self._handle


def transaction(
    isolation: Isolation | None = None, read_only: bool = False, timeout_ms: int | None = None
) -> Transaction:
    """`with db.transaction() as tx:` commits at the end of the block.

    Where it raises, it rolls back.
    """
    if isolation is None and not read_only and timeout_ms is None:
        return Transaction(None)
    level = None if isolation is None else _member(bindings.Isolation, isolation)
    options = bindings.TransactionOptions(level, bool(read_only), optional_number(timeout_ms, "timeout_ms"))
    return Transaction(options)


def _statement(statement: str | Sequence[Any]) -> bindings.Statement:
    sql, params = (statement, ()) if isinstance(statement, str) else (statement[0], statement[1:])
    return bindings.Statement(text(sql, "a statement"), _values(params))


def _values(params: Iterable[object]) -> list[bindings.Value]:
    return [to_value(param) for param in params]


def _read(run: Any, sql: str, params: Iterable[object], into: Any) -> list[Any]:
    rows = to_rows(call("db", run, text(sql, "a statement"), _values(params)))
    return rows if into is None else [into(**dict(row)) for row in rows]
