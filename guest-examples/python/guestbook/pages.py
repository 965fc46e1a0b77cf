"""The pages, as HTML that needs no script."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from html import escape
from pathlib import Path

from innkeeper import HTTPError, Response

# Read while the component is built: it has no files when it runs.
STYLE = Path(__file__).with_name("style.css").read_text()
SECURITY_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
MINUTE, HOUR, DAY, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)


@dataclass
class Entry:
    """A row of the book.

    A larger id is newer; `photo` is the id of a blob; `owner` may delete the entry.
    """

    id: int
    author: str
    message: str
    photo: str | None
    owner: str | None
    created: datetime


@dataclass
class Listing:
    """Some entries, newest first.

    `next` is where the next listing begins, None at the end of the book.
    """

    entries: list[Entry]
    next: int | None


@dataclass
class Visitor:
    """What the session says about the visitor."""

    name: str | None
    visits: int
    csrf: str


@dataclass
class Draft:
    """What a visitor wrote into the form for an entry."""

    author: str = ""
    message: str = ""


class Refused(HTTPError):
    """A form was not accepted: the status, the reason, and what the visitor wrote, to be corrected."""

    def __init__(self, status: int, reason: str, draft: Draft) -> None:
        super().__init__(status, reason)
        self.draft = draft


def now() -> datetime:
    """This moment."""
    return datetime.now(timezone.utc)


def book(
    listing: Listing, visitor: Visitor, messages: list[str], is_newest: bool, refused: Refused | None = None
) -> Response:
    """The book, with the status of the refused form where there is one."""
    draft = refused.draft if refused else Draft(author=visitor.name or "")
    body = f"""{_notices(messages, refused)}<div class="columns">
<aside>{_entry_form(visitor, draft)}{_sign_in(visitor)}</aside>
<main>{_entries(listing, visitor, is_newest)}{_paging(listing, is_newest)}</main>
</div>
<footer>You have visited {visitor.visits} times.</footer>"""
    return _document(refused.status if refused else 200, body)


def short(status: int, text: str) -> Response:
    """A page that says one thing."""
    return _document(status, f'<main class="short"><p>{escape(text)}</p><p><a href="/">To the book</a></p></main>')


def _document(status: int, body: str) -> Response:
    html = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Guestbook</title>
<style>
{STYLE}</style>
</head>
<body>
<header><h1><a href="/">Guestbook</a></h1><p>Leave a line before you go.</p></header>
{body}
</body>
</html>
"""
    security = {"content-security-policy": SECURITY_POLICY, "referrer-policy": "same-origin"}
    return Response(html, status, headers=security)


def _notices(messages: list[str], refused: Refused | None) -> str:
    problem = f'<p class="notice problem" role="alert">{escape(refused.message)}</p>' if refused else ""
    return problem + "".join(f'<p class="notice" role="status">{escape(message)}</p>' for message in messages)


def _entry_form(visitor: Visitor, draft: Draft) -> str:
    # A browser drops the first line break in a textarea, so one is put there for it.
    return f"""<form class="card" method="post" action="/entries" enctype="multipart/form-data">
<h2>Sign the book</h2>
{_csrf(visitor)}<label for="author">Your name</label>
<input id="author" name="author" value="{escape(draft.author)}" maxlength="80" required autocomplete="nickname">
<label for="message">Your message</label>
<textarea id="message" name="message" rows="5" maxlength="2000" required>
{escape(draft.message)}</textarea>
<label for="photo">A photo, if you like</label>
<input id="photo" name="photo" type="file" accept="image/*">
<button>Write it down</button>
</form>
"""


def _sign_in(visitor: Visitor) -> str:
    if visitor.name is not None:
        return f"""<form class="card plain" method="post" action="/logout">
{_csrf(visitor)}<div class="row"><p>Signed in as <strong>{escape(visitor.name)}</strong></p>
<button class="quiet">Sign out</button></div>
</form>
"""
    return f"""<form class="card plain" method="post" action="/login">
{_csrf(visitor)}<label for="name">Sign in, to be able to delete what you write</label>
<div class="row"><input id="name" name="name" maxlength="80" required autocomplete="username" placeholder="Any name">
<button class="quiet">Sign in</button></div>
</form>
"""


def _csrf(visitor: Visitor) -> str:
    return f'<input type="hidden" name="csrf" value="{escape(visitor.csrf)}">'


def _entries(listing: Listing, visitor: Visitor, is_newest: bool) -> str:
    if not listing.entries:
        text = "The first page is still blank. It is yours." if is_newest else "No older entries."
        return f'<p class="empty">{text}</p>'
    moment = now()
    return "".join(_entry(entry, visitor, moment) for entry in listing.entries)


def _entry(entry: Entry, visitor: Visitor, now: datetime) -> str:
    time = f'<time datetime="{entry.created:%Y-%m-%dT%H:%M:%SZ}">{_spoken(entry.created, now)}</time>'
    return f"""<article class="card" id="entry-{entry.id}">
<p class="message">{escape(entry.message)}</p>
{_photo(entry)}<footer><strong>{escape(entry.author)}</strong> {time}{_delete_button(entry, visitor)}</footer>
</article>
"""


def _spoken(instant: datetime, now: datetime) -> str:
    """A point in time for people: `5 minutes ago`, and the day once a week has gone by."""
    age = now - instant
    if age < MINUTE:
        return "just now"
    if age >= WEEK:
        return f"{instant.day} {instant:%B %Y}"
    unit, name = next((unit, name) for unit, name in [(DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")] if age >= unit)
    count = age // unit
    return f"{count} {name}{'' if count == 1 else 's'} ago"


def _photo(entry: Entry) -> str:
    if entry.photo is None:
        return ""
    path, alt = f"/photos/{escape(entry.photo)}", f"Photo from {escape(entry.author)}"
    return f'<a href="{path}"><img src="{path}" alt="{alt}" loading="lazy" decoding="async"></a>\n'


def _delete_button(entry: Entry, visitor: Visitor) -> str:
    if entry.owner is None or entry.owner != visitor.name:
        return ""
    action = f"/entries/{entry.id}/delete"
    return f'<form method="post" action="{action}">{_csrf(visitor)}<button class="quiet">Delete</button></form>'


def _paging(listing: Listing, is_newest: bool) -> str:
    newest = "" if is_newest else '<a href="/">newest entries</a>'
    older = "" if listing.next is None else f'<a href="/?before={listing.next}" rel="next">older entries</a>'
    return f"<nav>{newest}{older}</nav>"
