"""The entries of the book: all SQL of this app."""

from typing import Any, NamedTuple

from wit_world.imports import db

import clock
import sql
from forms import Draft

# A row: `id` (a larger one is newer), `author`, `message`, `photo` (the id of its blob, or None), `owner` (who was
# signed in while writing, and may delete the entry, or None) and `created`.
Entry = dict[str, Any]

LARGEST_ID = 2**63 - 1


def column(name: str, type: db.ColumnType, *, nullable: bool = False, identity: bool = False) -> db.Column:
    """A column without further rules."""
    return db.Column(name, type, nullable, identity, max_length=None, initial=None, references=None)


# The guestbooks in all languages describe the same table: each finds the entries of the others.
TABLE = db.Table(
    name="entries",
    columns=[
        column("id", db.ColumnType.INTEGER, identity=True),
        column("author", db.ColumnType.TEXT),
        column("message", db.ColumnType.TEXT),
        column("photo", db.ColumnType.TEXT, nullable=True),
        column("owner", db.ColumnType.TEXT, nullable=True),
        column("created", db.ColumnType.INSTANT),
    ],
    primary_key=["id"],
    indexes=[db.Index(columns=["photo"], unique=False)],
    checks=[],
)


class Listing(NamedTuple):
    """Some entries, newest first. `next` is where the next listing begins, None at the end of the book."""

    entries: list[Entry]
    next: int | None


def define() -> None:
    """Makes the table where it is missing; costs nothing once that has been done."""
    db.define_table(TABLE)


def listing(before: int | None, limit: int) -> Listing:
    """At most `limit` entries that are older than the entry `before`, or the newest."""
    # One more than asked for shows whether there are older ones.
    rows = sql.query(
        "select id, author, message, photo, owner, created from entries where id < $1 order by id desc limit $2",
        LARGEST_ID if before is None else before,
        limit + 1,
    )
    entries = rows[:limit]
    return Listing(entries, entries[-1]["id"] if len(rows) > limit else None)


def insert(draft: Draft, photo: str | None, owner: str | None) -> None:
    """Writes an entry, dated now."""
    sql.execute(
        "insert into entries (author, message, photo, owner, created) values ($1, $2, $3, $4, $5)",
        draft.author,
        draft.message,
        photo,
        owner,
        clock.now(),
    )


def has_photo(blob: str) -> bool:
    """Whether an entry shows this photo."""
    return sql.query_one("select id from entries where photo = $1", blob) is not None


def exists(id: int) -> bool:
    """Whether there is such an entry."""
    return sql.query_one("select id from entries where id = $1", id) is not None


def delete(id: int, owner: str) -> Entry | None:
    """Deletes the entry if it belongs to `owner`. Returns a row with its `photo`, or None where nothing was deleted."""
    # One statement decides and deletes, so that of two parallel requests only one gets the photo to delete.
    return sql.query_one("delete from entries where id = $1 and owner = $2 returning photo", id, owner)
