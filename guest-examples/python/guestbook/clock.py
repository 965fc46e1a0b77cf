"""Points in time, as people and programs read them."""

from datetime import UTC, datetime, timedelta

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def rfc3339(instant: datetime) -> str:
    """As RFC 3339 writes it, to the microsecond: `2026-10-03T14:05:06.000123Z`."""
    return _utc(instant, "microseconds")


def html_datetime(instant: datetime) -> str:
    """For the attribute `datetime`, which knows no more than three digits of a second."""
    return _utc(instant, "seconds")


def spoken(instant: datetime, now: datetime) -> str:
    """For people: `5 minutes ago`, and the day once a week has gone by."""
    age = now - instant
    if age < MINUTE:
        return "just now"
    if age >= WEEK:
        return f"{instant.day} {instant:%B %Y}"
    unit, name = next((unit, name) for unit, name in [(DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")] if age >= unit)
    count = age // unit
    return f"{count} {name}{'' if count == 1 else 's'} ago"


def _utc(instant: datetime, precision: str) -> str:
    return instant.replace(tzinfo=None).isoformat(timespec=precision) + "Z"
