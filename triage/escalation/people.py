"""Who can be told: people with their quiet hours, rotations with overrides, and ladders of levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from triage.tickets import Priority


class Via(Enum):
    """How somebody is told."""

    MAIL = "mail"
    CHAT = "chat"
    PAGE = "page"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """`quiet` are spans of wall time in `time_zone`, (start, end) in minutes since midnight; an end before its start
    is on the next day. `chat` is our name of the channel that reaches them; `helpdesk_id` is their user there.
    """

    id: str
    name: str
    role: str = ""
    email: str = ""
    chat: str = ""
    helpdesk_id: str = ""
    time_zone: str = "Etc/UTC"
    quiet: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """`person` is on duty from `starts_at` until `ends_at`, whoever's turn it is."""

    person: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """`people` take turns of `turn` each, the first from `starts_at` on, by the wall clock of `time_zone`."""

    id: str
    people: tuple[str, ...]
    starts_at: datetime
    turn: timedelta
    overrides: tuple[Override, ...] = ()
    time_zone: str = "Etc/UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """`to` are `assignee`, `group_lead`, `person:<id>` or `rotation:<id>`; the next level waits for `wait`.

    Without any, the level goes to whoever the pager or the webhook itself has on call.
    """

    to: tuple[str, ...]
    by: tuple[Via, ...]
    wait: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    id: str
    name: str
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What one priority asks for: reminders at these shares of a target, then `ladder` once it is late.

    With `at_once` the ladder begins when the ticket gets the priority, as for a service that is down. Where there is
    no ladder, those who get reminders are told that it is late.
    """

    reminders: tuple[float, ...] = (0.5, 0.75, 0.9)
    ladder: str | None = None
    at_once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationRules:
    """`leads` maps a queue's name or helpdesk group id to the id of the person who leads it. `remind` is who gets
    reminders, as in `Level.to`, and how. A priority without a response asks for nothing.
    """

    people: Mapping[str, Person] = field(default_factory=dict)
    rotations: Mapping[str, Rotation] = field(default_factory=dict)
    ladders: Mapping[str, Ladder] = field(default_factory=dict)
    leads: Mapping[str, str] = field(default_factory=dict)
    responses: Mapping[Priority, Response] = field(default_factory=dict)
    remind: Level = field(
        default_factory=lambda: Level(to=("assignee", "group_lead"), by=(Via.CHAT,), wait=timedelta())
    )
