"""What we say outside the helpdesk, as data: a mail, a page, a chat post, a call of somebody's webhook.

Links are (address, text).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

Links = tuple[tuple[str, str], ...]


class Severity(Enum):
    """How bad a page is, in the words of Events API v2, which pagers share."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class PageAction(Enum):
    """What becomes of the incident at the pager."""

    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMail:
    """One mail to one person, so that it is refused or taken as a whole.

    `kind` is what sort of mail it is ("digest", "notice"), for lists and counts. `headers` are further ones, such as
    List-Unsubscribe; sender, recipient, date and Message-ID are the mailer's.
    """

    to: str
    subject: str
    text: str
    kind: str
    html: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        return f"Mail: {self.kind}"

    def to_payload(self) -> dict[str, Any]:
        """JSON-ready dict for the outbox; `from_payload` reads it back."""
        return {
            "to": self.to,
            "subject": self.subject,
            "text": self.text,
            "kind": self.kind,
            "html": self.html,
            "headers": dict(self.headers),
        }

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> SendMail:
        return cls(**payload)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Somebody on duty is to look now, or need not any more. `source` is what it is about, `tickets` the refs of what
    is acknowledged together with it.

    A trigger makes an incident under its own outbox key: pagers wake nobody for a trigger whose incident is open, so
    each level of a ladder triggers one of its own. `incident` is that key (`effect_key` of the trigger's row) where a
    page is to acknowledge or resolve; a trigger leaves it empty.
    """

    summary: str
    severity: Severity
    source: str
    details: Mapping[str, str] = field(default_factory=dict)
    links: Links = ()
    action: PageAction = PageAction.TRIGGER
    incident: str = ""
    tickets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.action is PageAction.TRIGGER) == bool(self.incident):
            raise ValueError("a trigger makes its incident, acknowledging and resolving name one")

    def to_payload(self) -> dict[str, Any]:
        return {
            "summary": self.summary,
            "severity": self.severity.value,
            "source": self.source,
            "details": dict(self.details),
            "links": [list(link) for link in self.links],
            "action": self.action.value,
            "incident": self.incident,
            "tickets": list(self.tickets),
        }

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> Page:
        """A page that an earlier version planned is a trigger."""
        read = {
            "severity": Severity(payload["severity"]),
            "links": _links(payload),
            "action": PageAction(payload.get("action", PageAction.TRIGGER.value)),
            "tickets": tuple(payload.get("tickets", ())),
        }
        return cls(**(payload | read))


@dataclass(frozen=True, slots=True, kw_only=True)
class PostChat:
    """A text for a chat channel; `channel` is our name for it, under which its address is kept. `links` are shown as
    buttons where the chat has those, else as lines below the text.
    """

    channel: str
    text: str
    links: Links = ()

    @property
    def summary(self) -> str:
        return f"Post to {self.channel}"

    def to_payload(self) -> dict[str, Any]:
        return {"channel": self.channel, "text": self.text, "links": [list(link) for link in self.links]}

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> PostChat:
        return cls(**(payload | {"links": _links(payload)}))


@dataclass(frozen=True, slots=True, kw_only=True)
class PostWebhook:
    """What happened, for another program of the customer's; `event` is what sort it is, such as `reminder` or `late`.

    `at` is when it happened, as ISO 8601 with its zone; `details` are further facts by name.
    """

    event: str
    subject: str
    text: str
    at: str
    tickets: tuple[str, ...] = ()
    links: Links = ()
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        return f"Webhook: {self.event}"

    def to_payload(self) -> dict[str, Any]:
        return {
            "event": self.event,
            "subject": self.subject,
            "text": self.text,
            "at": self.at,
            "tickets": list(self.tickets),
            "links": [list(link) for link in self.links],
            "details": dict(self.details),
        }

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> PostWebhook:
        return cls(**(payload | {"links": _links(payload), "tickets": tuple(payload["tickets"])}))


Message = SendMail | Page | PostChat | PostWebhook


def _links(payload: Mapping[str, Any]) -> Links:
    return tuple((each[0], each[1]) for each in payload.get("links", ()))
