"""What the console shows, as data, and the Protocol that fills it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.admin.connect_model import ConnectDeps
from app.admin.deliveries_model import DeliveriesDeps
from app.admin.knowledge_model import KnowledgeDeps
from app.admin.sla_model import SlaDeps
from app.admin.tones import Tone
from app.admin.triage_model import TriageDeps


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRecord:
    """A local console user. `password_hash` is argon2id; raising `session_version` ends every session of theirs."""

    id: str
    email: str
    name: str
    password_hash: str
    session_version: int = 0
    role: str = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """Failed log-ins of one e-mail from one address since its last success, and of the address in the last hour."""

    failures: int = 0
    last_failed_at: datetime | None = None
    address_failures: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """What surrounds every page. `place` is "Fieldline, on …", ready to print; `zone` is an IANA name.

    `bad_checks` counts what is broken in the connections, `reviews` the articles that are due for review.
    """

    place: str
    zone: str
    parked: int = 0
    bad_checks: int = 0
    reviews: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One row of "Is it working?". `history` is one number a day, oldest first, at most 14."""

    name: str
    detail: str
    tone: Tone
    word: str
    figure: str
    history: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Todo:
    """Something an admin has to do; `page` is the console page (endpoint name) where, `tenant` whose it is."""

    fact: str
    text: str
    action: str
    page: str
    tenant: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The first page. `events_today` has a count per full hour so far; `usual` is (low, high) for 24 hours or empty.

    `working` is False when events are not received or effects not sent at all.
    """

    checked_at: datetime
    parts: tuple[Part, ...]
    todo: tuple[Todo, ...]
    summary: str
    events_today: tuple[int, ...]
    usual: tuple[tuple[int, int], ...] = ()
    working: bool = True


class ConsoleDeps(ConnectDeps, DeliveriesDeps, TriageDeps, SlaDeps, KnowledgeDeps, Protocol):
    """What the console needs; the Overview is about all helpdesks of this installation."""

    def find_user(self, email: str) -> UserRecord | None:
        """The user with this e-mail (lower case)."""

    def login_attempts(self, email: str, ip: str) -> Attempts:
        """The failures that throttle the next try."""

    def record_attempt(self, email: str, ip: str, ok: bool) -> None:
        """Remember one try whose password was checked; a success clears the pair's failures."""

    def end_sessions(self, user_id: str) -> None:
        """Raise the user's `session_version`."""

    def shell(self) -> Shell:
        """What surrounds every page."""

    def overview(self) -> Overview:
        """The first page now."""
