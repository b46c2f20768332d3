"""What a ticket that was sent in becomes in the helpdesk. Pure.

Helpdesks differ in which fields an app may set, and an account may have none of ours. So what goes beyond subject and
body stands under the body, for an agent to read; the channel is a tag too, which views and rules can use. The block
begins with a line `--`: triage takes it for a signature and decides by the customer's own words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.intake_errors import Refused
from app.intake_request import Asked, seen
from connectors.plain_text import plain_text
from triage.actions import CreateTicket

MOST_BYTES = 60_000
"""Of body and block together: helpdesks take some 64 kB in one comment."""
CUT = "\n[Cut here: the message was longer than a ticket can be.]"


@dataclass(frozen=True, slots=True)
class Drafted:
    """The ticket to create; `notes` say what of the request does not reach it whole."""

    action: CreateTicket
    notes: tuple[str, ...]


def drafted(asked: Asked) -> Drafted:
    """Raises `Refused` where HTML holds no text."""
    notes: list[str] = []
    body = seen(asked.body)
    if body != asked.body.replace("\r\n", "\n").replace("\r", "\n"):
        notes.append("body: control characters were taken out.")
    if asked.body_format == "html":
        body = plain_text(body)
        if not body:
            raise Refused("not_a_ticket", problems=[("body", "There is no text in this HTML")])
        notes.append("body: turned from HTML into text; pictures, formatting and the targets of links are not carried.")
    if asked.attachments:
        notes.append("attachments: only their names are on the ticket.")
    block = "\n".join(("", "", "--", *_lines(asked)))
    kept = _cut(body.strip("\n"), MOST_BYTES - len(block.encode()))
    if kept.endswith(CUT):
        notes.append(f"body: cut, because body and further fields together may have {MOST_BYTES} bytes as text.")
    action = CreateTicket(
        requester_email=asked.requester.email,
        requester_name=asked.requester.name,
        subject=asked.subject,
        body=kept + block,
        tags=(f"deskhand_{asked.channel}",),
    )
    return Drafted(action, tuple(notes))


def _lines(asked: Asked) -> Iterator[str]:
    yield f"Channel: {asked.channel}"
    for label, value in (
        ("Product area", asked.product_area),
        ("Version", asked.version),
        ("Environment", asked.environment),
        ("Attachments, not included", ", ".join(asked.attachments)),
    ):
        if value:
            yield f"{label}: {value}"
    for name, value in asked.metadata.items():
        yield f"{name}: {value}"


def _cut(text: str, most_bytes: int) -> str:
    whole = text.encode()
    if len(whole) <= most_bytes:
        return text
    return whole[: most_bytes - len(CUT.encode())].decode("utf-8", "ignore") + CUT
