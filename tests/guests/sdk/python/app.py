"""Tries the SDK on a real host: each function below is a check that is asked for by its name."""

import random
import time as clock
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timezone
from decimal import Decimal
from uuid import UUID

from innkeeper import App, Error, Json, Request, Response, blobs, config, db, receive_form, session

app = App()
checks: dict[str, Callable[[], None]] = {}

ALL = db.Table(
    "everything",
    {
        "id": db.Column("integer", identity=True),
        "flag": db.Column("boolean", nullable=True),
        "big": db.Column("integer", nullable=True),
        "ratio": db.Column("float", nullable=True),
        "price": db.Column("decimal", nullable=True),
        "title": db.Column("text", max_length=40, unique=True),
        "raw": db.Column("bytes", nullable=True),
        "key": db.Column("uuid", default=db.RANDOM_UUID),
        "day": db.Column("date", nullable=True),
        "hour": db.Column("time", nullable=True),
        "wall": db.Column("datetime", nullable=True),
        "moment": db.Column("instant", default=db.NOW),
        "data": db.Column("json", nullable=True),
    },
    checks={"not_negative": "big >= 0"},
)
STEPS = [db.Migration("0001-marks", ["create table marks (n bigint primary key)"])]


@dataclass
class Entry:
    """Some columns of a row."""

    id: int
    title: str


def check(function: Callable[[], None]) -> Callable[[], None]:
    """Registers a check."""
    checks[function.__name__] = function
    return function


@app.before
def define(request: Request) -> None:
    """Makes the tables."""
    ALL.define()
    db.migrate(STEPS)


@app.get("/checks")
def names(request: Request) -> Response:
    """The names of the checks."""
    return Response.json(sorted(checks))


@app.post("/checks/{name}")
def run(request: Request, name: str) -> str:
    """Runs one check; an exception becomes 500, with the reason on standard error."""
    checks[name]()
    return "ok"


@check
def values_survive_the_database() -> None:
    """Every type both ways, through a table."""
    row = {
        "flag": True,
        "big": 2**63 - 1,
        "ratio": 0.1,
        "price": Decimal("12345678901234567890.0000000001"),
        "title": "Grüße 🦀 'x'",
        "raw": bytes(range(256)),
        "key": UUID(int=2**127 + 1),
        "day": date(9999, 12, 31),
        "hour": time(23, 59, 59, 999_999),
        "wall": datetime(1, 1, 1, 0, 0, 0, 1),
        "moment": datetime(2026, 10, 3, 14, 5, 6, 123_456, tzinfo=timezone.utc),
        "data": {"a": [1, None, "ä", 2.5]},
    }
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    db.execute(f"insert into everything ({', '.join(row)}) values ({places})", *row.values())
    found = db.query_one(f"select {', '.join(row)} from everything where title = $1", row["title"])
    assert found is not None and dict(found) == row, found


@check
def null_and_defaults() -> None:
    """NULL, and what the database fills in."""
    db.execute("insert into everything (title, flag) values ($1, $2)", "defaults", None)
    row = db.query_one("select flag, key, moment, data from everything where title = $1", "defaults")
    assert row is not None and row.flag is None and row.data is None, row
    assert isinstance(row.key, UUID) and abs((datetime.now(timezone.utc) - row.moment).total_seconds()) < 60, row


@check
def json_markers() -> None:
    """A JSON document that is a text."""
    db.execute("insert into everything (title, data) values ($1, $2)", "json", Json("text"))
    assert db.query_one("select data from everything where title = 'json'").data == "text"


@check
def years_beyond_python() -> None:
    """A date that Python has no value for is never a wrong one."""
    from_host = None
    db.execute("insert into everything (title, day) values ('far', $1)", _far())
    from_host = db.query_one("select day from everything where title = 'far'").day
    assert from_host == _far(), from_host


@check
def errors_have_codes_and_constraints() -> None:
    """What a failure says."""
    db.execute("insert into everything (title) values ('once')")
    for sql, code in [
        ("insert into everything (title) values ('once')", "unique-violation"),
        ("insert into everything (title, big) values ('negative', -1)", "check-violation"),
        ("insert into everything (title) values (null)", "not-null-violation"),
        ("select nothing from nowhere", "syntax"),
        ("pragma foreign_keys", "denied"),
    ]:
        try:
            db.execute(sql)
        except Error as error:
            assert (error.interface, error.code, error.retryable) == ("db", code, False), error
        else:
            raise AssertionError(sql)


@check
def transactions_commit_and_roll_back() -> None:
    """The end of a block, an exception, and one inside the other."""
    with db.transaction() as tx:
        tx.execute("insert into marks (n) values ($1)", 1)
        try:
            with db.transaction() as inner:
                inner.execute("insert into marks (n) values ($1)", 2)
                raise LookupError
        except LookupError:
            pass
        assert [row.n for row in tx.query("select n from marks")] == [1]
        with db.transaction() as undone:
            undone.execute("insert into marks (n) values ($1)", 3)
            undone.rollback()
    assert db.query("select n from marks", into=lambda n: n) == [1]  # type: ignore[arg-type]
    db.rollback()
    assert db.query("select n from marks") == []


@check
def cursors_and_batches() -> None:
    """Many rows piece by piece."""
    insert = "insert into marks (n) values ($1)"
    outcomes = db.batch([(insert, number) for number in range(10, 260)])
    assert sum(outcome.affected for outcome in outcomes) == 250
    rows = db.cursor("select n from marks where n >= $1 order by n", 10, size=100)
    assert [row.n for row in rows] == list(range(10, 260))
    for row in db.cursor("select n from marks where n >= 10 order by n", size=10):
        if row.n == 25:
            break
    assert db.execute("delete from marks") == 250


@check
def rows_become_objects() -> None:
    """A dataclass from a row."""
    row = db.query_one("insert into everything (title) values ('typed') returning id, title", into=Entry)
    assert row == Entry(row.id, "typed") if row else False
    assert db.query_one("select id from everything where title = 'no such'") is None


@check
def blobs_are_written_and_read() -> None:
    """Blobs that the app makes."""
    data = bytes(range(256)) * 10_000
    blob = blobs.save(data, "data.bin")
    assert (blob.size, blob.name, blob.kept) == (len(data), "data.bin", False), blob
    assert blobs.read(blob.id) == data
    with blobs.open(blob.id, first=256, last=511) as part:
        assert part.readall() == bytes(range(256))
    blobs.keep(blob.id)
    assert blobs.stat(blob.id).kept and blob.id in [one.id for one in blobs.all_blobs()]
    assert blobs.sign_download(blob.id, 60).startswith("/")
    ticket = blobs.sign_upload(60, blobs.limits(max_file=100))
    assert ticket.path.startswith("/") and len(ticket.id) == 32
    assert blobs.delete_if_there(blob.id) and not blobs.delete_if_there(blob.id)
    with blobs.create() as dropped:
        dropped.write(b"left alone")


@check
def sessions_keep_values() -> None:
    """The whole of a session."""
    session.set("a", "1")
    assert (session.get("a"), session.get("b"), session.increment("n", 2), session.increment("n")) == ("1", None, 2, 3)
    assert session.keys() == ["a", "n"]
    assert session.compare_and_set("a", "1", "2") and not session.compare_and_set("a", "1", "3")
    session.remove("a")
    session.flash("hello")
    assert session.take_flash() == ["hello"] and session.take_flash() == []
    token = session.csrf_token("form")
    assert session.csrf_check("form", token) and not session.csrf_check("other", token)
    session.renew("ada")
    session.set_expiry(idle_seconds=60)
    assert session.user() == "ada" and session.destroy_all("nobody") == 0
    session.destroy()
    assert session.user() is None


@check
def the_standard_library_is_there() -> None:
    """What is imported late works, and time and chance are those of the request."""
    assert datetime.strptime("2026-10-03", "%Y-%m-%d").day == 3
    assert "bücher.example".encode("idna") == b"xn--bcher-kva.example" and "ä".encode("utf-16-le") == b"\xe4\x00"
    assert f"{datetime(2026, 10, 3):%A %B}" == "Saturday October"
    assert clock.time() > 1_700_000_000 and random.random() != random.random()
    assert config.get("no-such-setting", "default") == "default"


@app.get("/boom")
def boom(request: Request) -> Response:
    """Fails after it has written."""
    db.execute("insert into marks (n) values (7)")
    raise ValueError("boom, as asked for")


@app.get("/marks")
def marks(request: Request) -> Response:
    """How many marks there are."""
    return Response.json({"marks": db.query_one("select count(*) as n from marks where n = 7").n})


@app.get("/stream")
def stream(request: Request) -> Response:
    """An answer in pieces."""

    def pieces() -> Iterator[bytes]:
        for number in range(200):
            yield f"{number}\n".encode() * 1_000

    return Response(pieces(), content_type="text/plain")


@app.get("/broken-stream")
def broken_stream(request: Request) -> Response:
    """An answer that fails on the way."""

    def pieces() -> Iterator[bytes]:
        yield b"a part"
        raise ValueError("on the way")

    return Response(pieces(), content_type="text/plain")


@app.get("/bad-header")
def bad_header(request: Request) -> Response:
    """An answer with a header that HTTP does not know."""
    return Response("x", headers={"bad name": "x"})


@app.post("/echo")
def echo(request: Request) -> Response:
    """The body, as it came."""
    return Response(request.read(limit=5_000_000), content_type=request.headers.get("content-type", ""))


@app.post("/form")
def form(request: Request) -> Response:
    """The fields of a form."""
    return Response.json({"fields": receive_form(max_files=0).fields, "cookies": request.cookies})


@app.put("/blob")
def put_blob(request: Request) -> Response:
    """The whole body as a blob, which the next line sends back."""
    return blobs.send(blobs.receive_body("body.txt").id, download=True)


def _far() -> object:
    from wit_world.imports.db import Date, Value_Date

    return Value_Date(Date(10_000, 1, 1))
