"""Takes the place of every channel: each message becomes one line of a file, and nothing leaves the machine.

Each call appends, so that a message which went out twice is there twice.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.base import Receipt
from triage.messages import Message, Page, PostChat, PostWebhook, SendMail

FILE = "messages.jsonl"
"""In the folder of `DESKHAND_VAR`."""
MAIL, PAGE, CHAT, WEBHOOK = "mail", "page", "chat", "webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    path: Path
    tenant: str = ""

    def send(self, message: Message, *, key: str, now: datetime) -> Receipt:
        """Append the message as one JSON line; two processes do not mix theirs."""
        line = {"at": now.isoformat(), "tenant": self.tenant, "key": key, **told(message)}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, json.dumps(line, ensure_ascii=False).encode() + b"\n")
        finally:
            os.close(descriptor)
        return Receipt(applied=True, status=None, evidence=f"recorded in {self.path.name}, not sent")


def told(message: Message) -> dict[str, Any]:
    """The message's own fields of the line; those that every kind has come first."""
    match message:
        case SendMail():
            # A mail has its links in its text.
            return _line(MAIL, message.to, message.subject, message.text, (), {"sort": message.kind})
        case Page():
            details = "\n".join(f"{name}: {value}" for name, value in message.details.items())
            more = {"severity": message.severity.value, "action": message.action.value, "incident": message.incident}
            more_of_page = {**more, "source": message.source, "tickets": list(message.tickets)}
            return _line(PAGE, "", message.summary, details, message.links, more_of_page)
        case PostChat():
            return _line(CHAT, message.channel, "", message.text, message.links, {})
        case PostWebhook():
            more_of_call = {
                "event": message.event,
                "tickets": list(message.tickets),
                "details": dict(message.details),
            }
            return _line(WEBHOOK, "", message.subject, message.text, message.links, more_of_call)


def _line(
    kind: str, to: str, subject: str, text: str, links: tuple[tuple[str, str], ...], more: dict[str, Any]
) -> dict[str, Any]:
    return {"kind": kind, "to": to, "subject": subject, "text": text, "links": [list(each) for each in links], **more}
