"""What we say outside the helpdesk, as data: a mail, a page, a chat post."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Severity(Enum):
    """How bad a page is, in the words of Events API v2, which pagers share."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


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
    """Somebody on duty is to look now. `source` is what it is about; `links` are (address, text)."""

    summary: str
    severity: Severity
    source: str
    details: Mapping[str, str] = field(default_factory=dict)
    links: tuple[tuple[str, str], ...] = ()

    def to_payload(self) -> dict[str, Any]:
        return {
            "summary": self.summary,
            "severity": self.severity.value,
            "source": self.source,
            "details": dict(self.details),
            "links": [list(link) for link in self.links],
        }

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> Page:
        severity, links = Severity(payload["severity"]), tuple((each[0], each[1]) for each in payload["links"])
        return cls(**(payload | {"severity": severity, "links": links}))


@dataclass(frozen=True, slots=True, kw_only=True)
class PostChat:
    """A text for a chat channel; `channel` is our name for it, under which its address is kept."""

    channel: str
    text: str

    @property
    def summary(self) -> str:
        return f"Post to {self.channel}"

    def to_payload(self) -> dict[str, Any]:
        return {"channel": self.channel, "text": self.text}

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> PostChat:
        return cls(**payload)
