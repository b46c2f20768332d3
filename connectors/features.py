"""What each helpdesk can do, as the table in docs/features.md: `python -m connectors.features > docs/features.md`."""

from __future__ import annotations

import sys

from connectors.base import Feature
from connectors.registry import VENDORS, vendor

# Feature -> what it is, and what happens on a helpdesk that lacks it.
WORDS = {
    Feature.SIGNED_WEBHOOKS: (
        "Webhooks carry the helpdesk's signature",
        "A secret travels with each delivery, and the delivery only says which ticket to read.",
    ),
    Feature.WEBHOOK_TEST: (
        "The helpdesk sends a test event on request",
        "The installer sends the test event itself; the first real one is awaited.",
    ),
    Feature.SAFE_UPDATE: (
        "A change can be made conditional on the version that was read",
        "The ticket is read right before the write, and only what differs is written.",
    ),
    Feature.IDEMPOTENT_CREATE: (
        "Creating a ticket takes an idempotency key",
        "The requester's newest tickets are searched for our mark before a second try.",
    ),
    Feature.BULK_UPDATE: ("Many tickets in one request", "One request for each ticket."),
    Feature.INCREMENTAL_EXPORT: (
        "Changed tickets come as a stream with a cursor",
        "Changed tickets are listed by time, with an overlap.",
    ),
    Feature.INCIDENT_LINKS: (
        "Tickets can be linked to their incident",
        "A tag and a note say which incident it is.",
    ),
    Feature.SCHEDULES: ("Business hours can be read", "They are not known from the helpdesk."),
    Feature.HOLIDAYS: ("Holidays can be read", "They are not known from the helpdesk."),
    Feature.SLA_POLICIES: ("SLA policies can be read", "They are not known from the helpdesk."),
    Feature.HISTORY: (
        "Every change of a ticket's status and priority can be read afterwards",
        "Its messages and the last time of some statuses; changes in between count from when we saw them.",
    ),
    Feature.RATINGS: ("Satisfaction ratings can be read", "No ratings in reports."),
    Feature.ARTICLES: ("Help centre articles can be read", "No suggestions from the knowledge base."),
    Feature.ARTICLE_CHANGES: (
        "Articles changed since a time can be listed",
        "The whole help centre is read and compared.",
    ),
    Feature.OAUTH: ("Access by OAuth", "Access by an API key of a dedicated agent."),
    Feature.SIGNED_SIDEBAR: (
        "The sidebar's opener is signed by the helpdesk",
        "The panel shows itself with the installation's own token; which agent it is, is looked up.",
    ),
}


def table() -> str:
    """The page's Markdown, one row for each feature and one column for each registered helpdesk."""
    vendors = [vendor(name) for name in VENDORS]
    lines = [
        "# What each helpdesk can do",
        "",
        "Made from the connectors' own declarations by `python -m connectors.features`; a test keeps it true.",
        "",
        f"| feature | {' | '.join(each.title for each in vendors)} | where it is missing |",
        f"|---|{'---|' * len(vendors)}---|",
    ]
    for feature in Feature:
        what, otherwise = WORDS[feature]
        marks = ["yes" if feature in each.features else "no" for each in vendors]
        lines.append(f"| {what} | {' | '.join(marks)} | {otherwise} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table())
