"""Transactions, cursors, tables and errors, over a host that is made up."""

import unittest
from types import TracebackType
from typing import Any
from unittest import mock

from componentize_py_types import Err
from wit_world.imports import db as bindings
from wit_world.imports import session as session_bindings

from innkeeper import Error, db, session


class Handle:
    """Stands for a resource of the host, and notes what is called."""

    def __init__(self, pages: list[list[list[Any]]] | None = None) -> None:
        self.calls: list[str] = []
        self.pages = pages or []

    def __enter__(self) -> "Handle":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.calls.append("drop")

    def commit(self) -> None:
        self.calls.append("commit")

    def rollback(self) -> None:
        self.calls.append("rollback")

    def execute(self, sql: str, params: list[Any]) -> int:
        self.calls.append(sql)
        return 1

    def columns(self) -> list[str]:
        return ["n"]

    def next(self, max_rows: int) -> list[list[Any]]:
        self.calls.append(f"next {max_rows}")
        return self.pages.pop(0) if self.pages else []


def failing(code: bindings.DbErrorCode, **more: Any) -> Err[bindings.DbError]:
    known = {"sqlstate": "", "message": "no", "constraint": None, "retryable": False, **more}
    return Err(bindings.DbError(code, **known))


class Transactions(unittest.TestCase):
    def test_the_end_of_the_block_commits(self) -> None:
        handle = Handle()
        with mock.patch.object(bindings, "begin", return_value=handle) as begin, db.transaction() as tx:
            self.assertEqual(tx.execute("delete"), 1)
        self.assertEqual(handle.calls, ["delete", "commit", "drop"])
        begin.assert_called_once_with(None)

    def test_an_exception_rolls_back_and_goes_on(self) -> None:
        handle = Handle()
        with self.assertRaises(LookupError), mock.patch.object(bindings, "begin", return_value=handle):
            with db.transaction():
                raise LookupError
        self.assertEqual(handle.calls, ["drop"])

    def test_after_a_rollback_nothing_is_committed_and_nothing_runs(self) -> None:
        handle = Handle()
        with mock.patch.object(bindings, "begin", return_value=handle), db.transaction() as tx:
            tx.rollback()
            with self.assertRaises(Error) as failed:
                tx.execute("delete")
        self.assertEqual((failed.exception.code, handle.calls), ("closed", ["rollback", "drop"]))

    def test_options_are_given_to_the_host(self) -> None:
        with mock.patch.object(bindings, "begin", return_value=Handle()) as begin:
            with db.transaction("repeatable-read", read_only=True, timeout_ms=500):
                pass
        begin.assert_called_once_with(bindings.TransactionOptions(bindings.Isolation.REPEATABLE_READ, True, 500))


class Cursors(unittest.TestCase):
    def test_rows_come_page_by_page_and_the_cursor_is_closed(self) -> None:
        handle = Handle([[[bindings.Value_Integer(1)], [bindings.Value_Integer(2)]], [[bindings.Value_Integer(3)]]])
        with mock.patch.object(bindings, "open_cursor", return_value=handle):
            self.assertEqual([row.n for row in db.cursor("select", size=2)], [1, 2, 3])
        self.assertEqual(handle.calls, ["next 2", "next 2", "next 2", "drop"])

    def test_a_loop_that_is_left_closes_the_cursor(self) -> None:
        handle = Handle([[[bindings.Value_Integer(1)]]])
        with mock.patch.object(bindings, "open_cursor", return_value=handle):
            rows = db.cursor("select")
            next(rows)
            rows.close()
        self.assertEqual(handle.calls[-1], "drop")


class Errors(unittest.TestCase):
    def test_everything_known_about_a_failure(self) -> None:
        failure = failing(bindings.DbErrorCode.UNIQUE_VIOLATION, sqlstate="23505", constraint="a_key", message="twice")
        with mock.patch.object(bindings, "execute", side_effect=failure), self.assertRaises(Error) as failed:
            db.execute("insert")
        error = failed.exception
        self.assertEqual((error.interface, error.code, error.message), ("db", "unique-violation", "twice"))
        self.assertEqual((error.constraint, error.sqlstate, error.retryable), ("a_key", "23505", False))

    def test_what_would_end_the_instance_raises(self) -> None:
        calls: list[Any] = [
            lambda: db.query(7),  # type: ignore[call-overload]
            lambda: db.execute("select $1", object()),
            lambda: session.set("key", 7),  # type: ignore[arg-type]
            lambda: session.increment("key", 1.5),  # type: ignore[arg-type]
            lambda: session.flash(None),  # type: ignore[arg-type]
        ]
        for call in calls:
            with self.assertRaises(TypeError):
                call()
        with self.assertRaises(ValueError):
            session.increment("key", 2**63)

    def test_a_batch_takes_statements_with_and_without_parameters(self) -> None:
        outcome = bindings.Outcome(2, bindings.Rows([], []))
        with mock.patch.object(bindings, "batch", return_value=[outcome, outcome]) as batch:
            done = db.batch([("delete from a where id = $1", 7), "delete from b"])
        self.assertEqual([one.affected for one in done], [2, 2])
        parts = [bindings.Statement("delete from a where id = $1", [bindings.Value_Integer(7)])]
        batch.assert_called_once_with([*parts, bindings.Statement("delete from b", [])])


class Tables(unittest.TestCase):
    def test_a_table_with_everything(self) -> None:
        table = db.Table(
            "entries",
            {
                "id": db.Column("uuid", default=db.RANDOM_UUID),
                "author": db.Column("integer", references="authors.id", on_delete="set-null", nullable=True),
                "title": db.Column("text", max_length=80, default="untitled", unique=True),
                "created": db.Column("instant", default=db.NOW, index=True),
            },
            indexes=[["author", "created"]],
            checks={"has_title": "title <> ''"},
        )
        kinds, made = bindings.ColumnType, table.to_binding()
        authors = bindings.Reference("authors", "id", bindings.OnDelete.SET_NULL)
        untitled = bindings.ColumnDefault_Constant(bindings.Value_Text("untitled"))
        self.assertEqual(
            made.columns,
            [
                bindings.Column("id", kinds.UUID, False, False, None, bindings.ColumnDefault_RandomUuid(), None),
                bindings.Column("author", kinds.INTEGER, True, False, None, None, authors),
                bindings.Column("title", kinds.TEXT, False, False, 80, untitled, None),
                bindings.Column("created", kinds.INSTANT, False, False, None, bindings.ColumnDefault_Now(), None),
            ],
        )
        indexes = [(index.columns, index.unique) for index in made.indexes]
        self.assertEqual(indexes, [(["created"], False), (["author", "created"], False), (["title"], True)])
        self.assertEqual((made.primary_key, made.checks), (["id"], [bindings.Check("has_title", "title <> ''")]))

    def test_mistakes_are_named(self) -> None:
        with self.assertRaisesRegex(ValueError, "'string' is none of boolean, integer"):
            db.Column("string").to_binding("a")  # type: ignore[arg-type]
        with self.assertRaisesRegex(ValueError, "table.column"):
            db.Column("integer", references="authors").to_binding("a")

    def test_migrations(self) -> None:
        with mock.patch.object(bindings, "migrate", return_value=["0001"]) as migrate:
            self.assertEqual(db.migrate([db.Migration("0001", ["drop table a"], destroys=["a"])]), ["0001"])
        migrate.assert_called_once_with([bindings.Migration("0001", ["drop table a"], None, ["a"])])


class Sessions(unittest.TestCase):
    def test_a_hidden_field_is_escaped(self) -> None:
        with mock.patch.object(session_bindings, "csrf_token", return_value='a"b'):
            self.assertEqual(session.csrf_field("f"), '<input type="hidden" name="csrf" value="a&quot;b">')
