"""Freshdesk's numbers and labels for our neutral words (platform notes 2.3, 2.9)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from connectors.simulator.records import Ticket, TicketField

PRIORITY_LABELS = {1: "Low", 2: "Medium", 3: "High", 4: "Urgent"}
PRIORITY_WORDS = {1: "low", 2: "normal", 3: "high", 4: "urgent"}
PRIORITY_CODES = {word: code for code, word in PRIORITY_WORDS.items()}

SOURCE_LABELS = {
    1: "Email",
    2: "Portal",
    3: "Phone",
    4: "Forum",
    5: "Twitter",
    6: "Facebook",
    7: "Chat",
    9: "Feedback Widget",
    10: "Outbound Email",
}
SOURCE_CODES = {"mail": 1, "web": 2, "api": 2, "phone": 3, "forum": 4, "twitter": 5, "facebook": 6, "chat": 7,
                "feedback_widget": 9, "outbound_email": 10}  # fmt: skip
CHANNELS = {code: word for word, code in SOURCE_CODES.items() if word != "api"}

TYPE_WORDS = {"Question": "question", "Incident": "incident", "Problem": "problem", "Feature Request": "task"}
TYPE_LABELS = {word: label for label, word in TYPE_WORDS.items()}

FIELD_TYPES = {
    "tagger": "custom_dropdown",
    "text": "custom_text",
    "textarea": "custom_paragraph",
    "checkbox": "custom_checkbox",
    "integer": "custom_number",
    "decimal": "custom_decimal",
    "date": "custom_date",
}
FIELD_WORDS = {name: word for word, name in FIELD_TYPES.items()}

RATING_CODES = {"good": 103, "neutral": 100, "bad": -103}


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One status of the account: `word` is the neutral one it belongs to."""

    code: int
    label: str
    for_customers: str
    word: str
    stops_clock: bool = False


# The account's own list; those above 7 are an admin's.
STATUSES = {
    status.code: status
    for status in (
        Status(code=2, label="Open", for_customers="Being Processed", word="open"),
        Status(code=3, label="Pending", for_customers="Awaiting your Reply", word="pending", stops_clock=True),
        Status(code=4, label="Resolved", for_customers="This ticket has been Resolved", word="solved"),
        Status(code=5, label="Closed", for_customers="This ticket has been Closed", word="closed"),
        Status(code=6, label="Waiting on Customer", for_customers="Awaiting your Reply", word="pending",
               stops_clock=True),
        Status(code=7, label="Waiting on Third Party", for_customers="Being Processed", word="on_hold",
               stops_clock=True),
        Status(code=8, label="Waiting on Engineering", for_customers="Being Processed", word="on_hold"),
    )
}  # fmt: skip
USUAL_CODES = {"new": 2, "open": 2, "pending": 3, "on_hold": 7, "solved": 4, "closed": 5}


def status_code(ticket: Ticket, statuses: Mapping[int, Status] = STATUSES) -> int:
    """The ticket's finer status while it belongs to its word, else the word's usual one."""
    finer = statuses.get(ticket.status_code or 0)
    return finer.code if finer is not None and finer.word == ticket.status else USUAL_CODES[ticket.status]


def priority_code(ticket: Ticket) -> int:
    """No priority is Low: every ticket here has one."""
    return PRIORITY_CODES.get(ticket.priority or "low", 1)


def source_code(ticket: Ticket) -> int:
    return SOURCE_CODES.get(ticket.channel, 2)


def type_label(ticket: Ticket) -> str | None:
    return TYPE_LABELS.get(ticket.type or "")


def slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")


def field_name(field: TicketField) -> str:
    """A custom field's name in the API; in app events the account's id follows it."""
    return "cf_" + slug(field.title)
