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

CREATE_TABLE_POSTGRES = (
    "create table entries (id bigint generated always as identity primary key, "
    "author text not null, message text not null, photo text, owner text, created timestamptz not null)"
)
CREATE_TABLE_SQLITE = (
    "create table entries (id integer primary key autoincrement, "
    "author text not null, message text not null, photo text, owner text, created timestamptz not null)"
)
CREATE_INDEX = "create index entries_photo on entries (photo)"

# The guestbooks in all languages share the text of the statements: a host refuses a migration whose text has changed.
MIGRATIONS = [
    db.Migration(
        name="0001-entries",
        statements=[CREATE_TABLE_POSTGRES, CREATE_INDEX],
        sqlite_statements=[CREATE_TABLE_SQLITE, CREATE_INDEX],
    )
]


class Listing(NamedTuple):
    """Some entries, newest first. `next` is where the next listing begins, None at the end of the book."""

    entries: list[Entry]
    next: int | None


def migrate() -> None:
    """Brings the table up to date; costs nothing once that has been done."""
    db.migrate(MIGRATIONS)


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
