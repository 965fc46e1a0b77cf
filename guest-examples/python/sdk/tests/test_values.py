"""Values both ways, and rows."""

import unittest
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from unittest import mock
from uuid import UUID

from wit_world.imports import db as bindings

from innkeeper import Json, Other, Row, db, rfc3339
from innkeeper.rows import Columns
from innkeeper.values import from_value, to_json, to_value

BERLIN = timezone(timedelta(hours=1))
BOTH_WAYS: list[tuple[object, bindings.Value]] = [
    (None, bindings.Value_Null()),
    (True, bindings.Value_Boolean(True)),
    (-(2**63), bindings.Value_Integer(-(2**63))),
    (2**63 - 1, bindings.Value_Integer(2**63 - 1)),
    (0.1, bindings.Value_Float(0.1)),
    (Decimal("12345678901234567890.000000000100"), bindings.Value_Decimal("12345678901234567890.000000000100")),
    (Decimal("Infinity"), bindings.Value_Decimal("Infinity")),
    ("Grüße 🦀", bindings.Value_Text("Grüße 🦀")),
    (b"\x00\xff", bindings.Value_Bytes(b"\x00\xff")),
    (UUID(int=7), bindings.Value_Uuid("00000000-0000-0000-0000-000000000007")),
    (date(9999, 12, 31), bindings.Value_Date(bindings.Date(9999, 12, 31))),
    (time(23, 59, 59, 999_999), bindings.Value_Time(bindings.Time(23, 59, 59, 999_999))),
    (
        datetime(2026, 10, 3, 14, 5, 6, 123),
        bindings.Value_Datetime(bindings.Datetime(bindings.Date(2026, 10, 3), bindings.Time(14, 5, 6, 123))),
    ),
    (datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=timezone.utc), bindings.Value_Instant(-1)),
    ({"a": [1, None, "ä"]}, bindings.Value_Json('{"a":[1,null,"ä"]}')),
    (Other("inet", "10.0.0.1"), bindings.Value_Other(bindings.OtherValue("inet", "10.0.0.1"))),
]


class Values(unittest.TestCase):
    def test_values_survive_both_ways(self) -> None:
        for plain, value in BOTH_WAYS:
            with self.subTest(plain=plain):
                self.assertEqual(to_value(plain), value)
                back = from_value(value)
                self.assertEqual((back, type(back)), (plain, type(plain)))

    def test_other_spellings_of_parameters(self) -> None:
        for plain, value in [
            (bytearray(b"a"), bindings.Value_Bytes(b"a")),
            (Decimal("1E+3"), bindings.Value_Decimal("1000")),
            (Json("text"), bindings.Value_Json('"text"')),
            (Json(None), bindings.Value_Json("null")),
            (datetime(2026, 1, 1, 1, tzinfo=BERLIN), to_value(datetime(2026, 1, 1, 0, tzinfo=timezone.utc))),
            (bindings.Value_Integer(3), bindings.Value_Integer(3)),
        ]:
            with self.subTest(plain=plain):
                self.assertEqual(to_value(plain), value)

    def test_what_does_not_fit_is_refused(self) -> None:
        for plain, error in [
            (2**63, ValueError),
            (Decimal("sNaN"), ValueError),
            (Decimal("1E+999999999"), ValueError),
            (Decimal("0E-999999999"), ValueError),
            ("\ud800", ValueError),
            (time(1, tzinfo=timezone.utc), ValueError),
            (object(), TypeError),
            ({1, 2}, TypeError),
            ({"a": object()}, TypeError),
        ]:
            with self.subTest(plain=plain), self.assertRaises(error):
                to_value(plain)

    def test_what_python_has_no_value_for_stays_as_it_is(self) -> None:
        beyond: list[bindings.Value] = [
            bindings.Value_Date(bindings.Date(0, 1, 1)),
            bindings.Value_Date(bindings.Date(294_276, 1, 1)),
            bindings.Value_Time(bindings.Time(24, 0, 0, 0)),
            bindings.Value_Datetime(bindings.Datetime(bindings.Date(10_000, 1, 1), bindings.Time(0, 0, 0, 0))),
            bindings.Value_Instant(253_402_300_800_000_000),
            bindings.Value_Instant(-(2**63)),
        ]
        for value in beyond:
            with self.subTest(value=value):
                self.assertEqual(from_value(value), value)
                self.assertEqual(to_value(from_value(value)), value)
        last = bindings.Value_Instant(253_402_300_799_999_999)
        self.assertEqual(from_value(last), datetime.max.replace(tzinfo=timezone.utc))

    def test_json_spells_points_in_time_to_the_microsecond(self) -> None:
        moment = datetime(2026, 10, 3, 15, 5, 6, 123, tzinfo=BERLIN)
        self.assertEqual(rfc3339(moment), "2026-10-03T14:05:06.000123Z")
        document = {"at": moment, "day": date(2026, 10, 3), "price": Decimal("1.50"), "id": UUID(int=0)}
        self.assertEqual(
            to_json(document),
            '{"at":"2026-10-03T14:05:06.000123Z","day":"2026-10-03","price":"1.50",'
            '"id":"00000000-0000-0000-0000-000000000000"}',
        )


@dataclass
class Entry:
    id: int
    title: str


class Rows(unittest.TestCase):
    def test_columns_by_name_by_number_and_all_at_once(self) -> None:
        row = Row(Columns(["id", "title"]), [7, "hello"])
        self.assertEqual((row.id, row["title"], row[0], list(row)), (7, "hello", 7, [7, "hello"]))
        self.assertEqual(dict(row), {"id": 7, "title": "hello"})
        self.assertEqual(repr(row), "Row(id=7, title='hello')")
        self.assertEqual(row, Row(Columns(["id", "title"]), [7, "hello"]))

    def test_an_unknown_column_is_named_and_so_are_those_that_exist(self) -> None:
        row = Row(Columns(["id", "title"]), [7, "hello"])
        with self.assertRaisesRegex(AttributeError, "no column 'titel', but 'id', 'title'"):
            row.titel
        with self.assertRaises(KeyError):
            row["titel"]

    def test_two_columns_of_one_name_are_told_apart_by_number(self) -> None:
        row = Row(Columns(["id", "id"]), [1, 2])
        with self.assertRaisesRegex(KeyError, "several columns 'id'"):
            row["id"]
        self.assertEqual((row[0], row[1]), (1, 2))

    def test_rows_become_objects_of_a_class(self) -> None:
        found = bindings.Rows(["id", "title"], [[bindings.Value_Integer(7), bindings.Value_Text("hello")]])
        with mock.patch.object(bindings, "query", return_value=found) as query:
            self.assertEqual(db.query("select $1", 7, into=Entry), [Entry(7, "hello")])
            self.assertEqual(db.query_one("select $1", 7, into=Entry), Entry(7, "hello"))
        query.assert_called_with("select $1", [bindings.Value_Integer(7)])
