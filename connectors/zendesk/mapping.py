"""Zendesk's words and ours, as tables, each under the vendor page that states it."""

from __future__ import annotations

from datetime import UTC, datetime

from triage.sla import Metric
from triage.tickets import Channel, Priority, Satisfaction, Status

# https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#json-format (status)
# "deleted" appears in incremental exports only.
STATUS = {
    "new": Status.NEW,
    "open": Status.OPEN,
    "pending": Status.PENDING,
    "hold": Status.ON_HOLD,
    "solved": Status.SOLVED,
    "closed": Status.CLOSED,
    "deleted": Status.DELETED,
}
STATUS_OUT = {ours: theirs for theirs, ours in STATUS.items()}

# https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#json-format (priority)
PRIORITY = {
    "urgent": Priority.P1,
    "high": Priority.P2,
    "normal": Priority.P3,
    "low": Priority.P4,
}
PRIORITY_OUT = {ours: theirs for theirs, ours in PRIORITY.items()}

# https://developer.zendesk.com/documentation/ticketing/reference-guides/via-types
# Via types and the older "mail" spelling of event payloads; an unlisted one is an integration: OTHER.
CHANNEL = {
    "email": Channel.EMAIL,
    "mail": Channel.EMAIL,
    "chat": Channel.CHAT,
    "messaging": Channel.CHAT,
    "native_messaging": Channel.CHAT,
    "answer_bot_for_messaging": Channel.CHAT,
    "sms": Channel.CHAT,
    "whatsapp": Channel.CHAT,
    "facebook": Channel.CHAT,
    "facebook_message": Channel.CHAT,
    "twitter": Channel.CHAT,
    "twitter_dm": Channel.CHAT,
    "apple_business_chat": Channel.CHAT,
    "line": Channel.CHAT,
    "telegram": Channel.CHAT,
    "instagram_dm": Channel.CHAT,
    "web": Channel.IN_APP,
    "web_form": Channel.IN_APP,
    "web_widget": Channel.IN_APP,
    "answer_bot_for_web_widget": Channel.IN_APP,
    "help_center": Channel.IN_APP,
    "dropbox": Channel.IN_APP,
    "mobile": Channel.IN_APP,
    "mobile_sdk": Channel.IN_APP,
    "answer_bot_for_sdk": Channel.IN_APP,
    "iphone": Channel.IN_APP,
    "api": Channel.API,
    "web_service": Channel.API,
    "resource_push": Channel.API,
    "voice": Channel.PHONE,
    "phone": Channel.PHONE,
    "voicemail": Channel.PHONE,
    "phone_call_inbound": Channel.PHONE,
    "phone_call_outbound": Channel.PHONE,
    "rule": Channel.OTHER,
    "system": Channel.OTHER,
    "merge": Channel.OTHER,
    "batch": Channel.OTHER,
    "linked_problem": Channel.OTHER,
    "closed_ticket": Channel.OTHER,
    "side_conversation": Channel.OTHER,
    "any_channel": Channel.OTHER,
    "any": Channel.OTHER,
    "other": Channel.OTHER,
}
CHANNEL_OUT = {
    Channel.EMAIL: "email",
    Channel.CHAT: "chat",
    Channel.IN_APP: "web",
    Channel.API: "api",
    Channel.PHONE: "voice",
    Channel.OTHER: "other",
}
# Same page, column "via id": some senders give the number.
CHANNEL_BY_ID = {0: "web_form", 4: "mail", 5: "web_service", 8: "rule", 9: "linked_problem", 17: "dropbox", 29: "chat"}

# https://developer.zendesk.com/api-reference/ticketing/users/users/#roles
ROLE = {"end-user": "end_user", "agent": "agent", "admin": "admin"}

# https://developer.zendesk.com/api-reference/ticketing/ticket-management/satisfaction_ratings/#json-format (score)
# Filters know `good_with_comment` too: what is before the first underscore counts.
SATISFACTION = {"good": Satisfaction.GOOD, "bad": Satisfaction.BAD}

# https://developer.zendesk.com/api-reference/ticketing/business-rules/sla_policies/#metrics
METRIC = {
    "first_reply_time": Metric.FIRST_REPLY_TIME,
    "next_reply_time": Metric.NEXT_REPLY_TIME,
    "requester_wait_time": Metric.REQUESTER_WAIT_TIME,
    "agent_work_time": Metric.AGENT_WORK_TIME,
    "pausable_update_time": Metric.PAUSABLE_UPDATE_TIME,
    "periodic_update_time": Metric.PERIODIC_UPDATE_TIME,
    "total_resolution_time": Metric.FULL_RESOLUTION_TIME,
}

# What an SLA policy's condition looks at, in our words; any other is kept as Zendesk calls it. Same page, Filter.
CONDITION_SUBJECT = {"current_tags": "tag", "tags": "tag"}


def channel(value: str | int | None) -> Channel:
    """Our channel for `via.channel`; one that is on no list is OTHER."""
    name = CHANNEL_BY_ID.get(value) if isinstance(value, int) else value
    return CHANNEL.get((name or "").lower(), Channel.OTHER)


def parse_instant(text: str) -> datetime:
    """Aware UTC; fractions beyond microseconds are cut off. Raises ValueError without a zone.

    Event payloads carry nanoseconds: https://developer.zendesk.com/api-reference/webhooks/event-types/webhook-event-types/
    """
    instant = datetime.fromisoformat(text.strip())
    if instant.tzinfo is None:
        raise ValueError(f"no time zone in {text!r}")
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"not a date we can place: {text!r}") from error
