"""Freshdesk's words and ours, as tables: the API speaks in codes, automation webhooks in labels."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from triage.tickets import Channel, Priority, Satisfaction, Status

# https://developers.freshdesk.com/api/#ticket_properties (status); 6 and 7 are the defaults of every account.
STATUS = {
    2: Status.OPEN,
    3: Status.PENDING,
    4: Status.SOLVED,
    5: Status.CLOSED,
    6: Status.PENDING,
    7: Status.ON_HOLD,
}
STATUS_OUT = {
    Status.NEW: 2,
    Status.OPEN: 2,
    Status.PENDING: 3,
    Status.SOLVED: 4,
    Status.CLOSED: 5,
    Status.ON_HOLD: 7,
}
STATUS_LABEL = {
    "open": 2,
    "being processed": 2,
    "pending": 3,
    "awaiting your reply": 3,
    "resolved": 4,
    "closed": 5,
    "waiting on customer": 6,
    "waiting on third party": 7,
}

# https://developers.freshdesk.com/api/#ticket_properties (priority)
PRIORITY = {1: Priority.P4, 2: Priority.P3, 3: Priority.P2, 4: Priority.P1}
PRIORITY_OUT = {ours: theirs for theirs, ours in PRIORITY.items()}
PRIORITY_LABEL = {"low": 1, "medium": 2, "high": 3, "urgent": 4}

# https://developers.freshdesk.com/api/#ticket_properties (source); others exist and are OTHER. A ticket made by the
# API says 2 (portal) unless told otherwise: there is no source of its own for it.
CHANNEL = {
    1: Channel.EMAIL,
    2: Channel.IN_APP,
    3: Channel.PHONE,
    4: Channel.OTHER,
    5: Channel.CHAT,
    6: Channel.CHAT,
    7: Channel.CHAT,
    8: Channel.IN_APP,
    9: Channel.IN_APP,
    10: Channel.EMAIL,
}
CHANNEL_OUT = {Channel.EMAIL: 1, Channel.IN_APP: 2, Channel.API: 2, Channel.PHONE: 3, Channel.CHAT: 7}
CHANNEL_LABEL = {
    "email": 1,
    "portal": 2,
    "phone": 3,
    "forum": 4,
    "twitter": 5,
    "facebook": 6,
    "chat": 7,
    "mobihelp": 8,
    "feedback widget": 9,
    "outbound email": 10,
}

# https://developers.freshdesk.com/api/#satisfaction-ratings; classic surveys know 1 to 3 only, and 3 is bad there.
SATISFACTION = {
    103: Satisfaction.GOOD,
    102: Satisfaction.GOOD,
    101: Satisfaction.GOOD,
    100: Satisfaction.NEUTRAL,
    -101: Satisfaction.BAD,
    -102: Satisfaction.BAD,
    -103: Satisfaction.BAD,
    1: Satisfaction.GOOD,
    2: Satisfaction.NEUTRAL,
    3: Satisfaction.BAD,
}

STAMP = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ]0*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,12}))?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})",
    re.IGNORECASE,
)
MILLISECONDS_FROM = 1e11
"""A number of seconds this large is the year 5138: it is milliseconds."""


def status(value: int | str | None) -> Status:
    """Our status for a code or a label; an account's own status is OPEN, so that its clock keeps running."""
    return STATUS.get(_code(value, STATUS_LABEL) or 0, Status.OPEN)


def priority(value: int | str | None) -> Priority | None:
    """Our priority for a code or a label; None for one that is on no list."""
    return PRIORITY.get(_code(value, PRIORITY_LABEL) or 0)


def channel(value: int | str | None) -> Channel:
    """Our channel for a code or a label; one that is on no list is OTHER."""
    return CHANNEL.get(_code(value, CHANNEL_LABEL) or 0, Channel.OTHER)


def parse_instant(value: str) -> datetime:
    """Aware UTC from `2015-08-28T09:08:16Z`, an offset, or the reference's own `T010:08:16Z`; else ValueError.

    Source: https://developers.freshdesk.com/api/#date_format and its samples, which do not keep to it.
    """
    found = STAMP.fullmatch(value.strip())
    if found is None:
        raise ValueError(f"not an instant with a time zone: {value[:40]!r}")
    day, hour, minute, second, fraction, zone = found.groups()
    zone = "+00:00" if zone.upper() in ("Z", "UTC") else zone
    text = f"{day}T{hour.zfill(2)}:{minute}:{second or '00'}.{(fraction or '0')[:6].ljust(6, '0')}{zone}"
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"not a date we can place: {value[:40]!r}") from error


def instant_or_none(value: object) -> datetime | None:
    """Any of the forms an app event's `timestamp` has: seconds (float), milliseconds, digits as text, or a date."""
    if isinstance(value, str):
        try:
            return _recent(parse_instant(value))
        except ValueError:
            value = float(value) if re.fullmatch(r"\d{1,20}(\.\d{1,12})?", value.strip()) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e15:
        return None
    seconds = value / 1000 if value >= MILLISECONDS_FROM else float(value)
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def _recent(at: datetime) -> datetime | None:
    """Nothing happened there before the helpdesk existed: such a date is nonsense, and arithmetic on it may fail."""
    return at if at.year > 2000 else None


def stamp(at: datetime) -> str:
    """An instant as Freshdesk takes it in a query: UTC, whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _code(value: int | str | None, labels: dict[str, int]) -> int | None:
    if isinstance(value, str):
        text = value.strip().lower()
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else labels.get(text)
    return value
