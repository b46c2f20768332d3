"""Every sample payload beside this checkout goes through the parser or wire model that would meet it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.base import WebhookRequest
from connectors.freshdesk import VENDOR, knowledge, webhook, wire, wire_setup
from connectors.freshdesk.app_events import HANDLED, IGNORED
from connectors.freshdesk.fields import Fields
from connectors.freshdesk.wire import Wire
from triage.events import EventKind

SAMPLES = Path(__file__).parents[4] / "shared/platforms/samples/freshdesk"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="../shared is absent")
SECRET = "a-shared-secret-of-32-characters"
NOW = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)

# File name without method -> what reads such an object. The first that matches counts.
MODELS: tuple[tuple[str, type[Wire] | None], ...] = (
    (r"(get|put|patch|post)_tickets_id_accesses", None),
    (r".*_(summary|watchers|time_entries|toggle_timer|imports|imports_id|export|export_id|cancel)", None),
    (r"put_time_entries_id|get_time_entries|post_account_export", None),
    (r".*_admin_skills.*", None),
    (r".*_sections.*", None),
    (r".*_automations_.*|.*_email_configs_.*|.*_notifications_.*", None),
    (r".*_(company|contact)_fields?(_id)?", None),
    (r"get_products(_id)?|get_agents_.*availability", None),
    (r"get_roles(_id)?", wire.Role),
    (r"put_agents_id_availability", None),
    (r"(get|post)_(agents|companies|contacts)_(autocomplete|bulk).*", None),
    (r"post_.*_satisfaction_ratings|put_contacts_id_make_agent", None),
    (r"post_tickets_bulk_(update|delete)", wire_setup.BulkAnswer),
    (r"get_jobs_id", wire_setup.Job),
    (r".*_satisfaction_ratings", wire_setup.Rating),
    (r"get_tickets_id_associated_tickets", wire.AssociatedTickets),
    (r"post_tickets_id_(reply|forward|reply_to_forward)|post_tickets_ticket_id_notes", wire.Conversation),
    (r"get_tickets(_archived)?_id_conversations|put_conversations_id", wire.Conversation),
    (
        r"(get|put)_tickets(_archived)?_id|get_tickets_id_prime_association|post_tickets|post_tickets_outbound_email",
        wire.Ticket,
    ),
    (r"get_business_hours(_id)?", wire_setup.BusinessHours),
    (r".*_sla_policies(_id)?", wire_setup.SlaPolicy),
    (r".*_groups_id_agents|.*_agents(_id|_me)?", wire.Agent),
    (r".*_groups(_id)?", wire_setup.Group),
    (r".*_contacts(_id)?", wire.Contact),
    (r".*_companies(_id)?", wire.Company),
    (r".*_admin_ticket_fields_id", wire_setup.TicketField),
    (r"get_settings_helpdesk", knowledge.Languages),
    (r".*_articles(_id)?(_language_code)?", knowledge.SolutionArticle),
    (r".*_(folders|subfolders)(_id)?(_language_code)?", knowledge.Folder),
    (r".*_categories(_id)?(_language_code)?", knowledge.Category),
)
SCHEMAS: dict[str, type[Wire] | None] = {
    "agents": wire.Agent,
    "business_hours": wire_setup.BusinessHours,
    "companies": wire.Company,
    "contacts": wire.Contact,
    "conversations": wire.Conversation,
    "groups": wire_setup.Group,
    "satisfaction_ratings": wire_setup.Rating,
    "skills": None,
    "sla_policies": wire_setup.SlaPolicy,
    "solution_articles": knowledge.SolutionArticle,
    "solution_categories": knowledge.Category,
    "solution_folders": knowledge.Folder,
    "surveys": None,
    "ticket_fields": wire_setup.TicketField,
    "tickets": wire.Ticket,
    "time_entries": None,
}


def files(folder: str) -> list[Path]:
    return sorted((SAMPLES / folder).glob("*.json"))


def model_of(path: Path) -> type[Wire] | None:
    """What reads the file; one on no list is a ticket, so that it cannot pass unseen."""
    return next((model for pattern, model in MODELS if re.fullmatch(pattern, path.stem)), wire.Ticket)


def objects(value: Any) -> Iterator[dict[str, Any]]:
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, list):
            yield from objects(each)
        elif isinstance(each, dict):
            yield each


def deliver(path: Path, account_id: str | None = None) -> Any:
    request = WebhookRequest(headers={webhook.SECRET_HEADER: SECRET}, body=path.read_bytes(), received_at=NOW)
    return VENDOR.parse_webhook(request, secrets=(SECRET,), account_id=account_id)


def test_nothing_is_missing() -> None:
    counts = {
        folder: len(files(folder)) for folder in ("api_reference", "fdk_events", "zulip_webhooks", "airbyte_schemas")
    }
    assert counts["api_reference"] >= 126
    assert counts["fdk_events"] >= 20
    assert counts["zulip_webhooks"] >= 7
    assert counts["airbyte_schemas"] >= 16
    assert len(READ_ANSWERS) >= 65
    assert set(SCHEMAS) == {path.stem for path in files("airbyte_schemas")}


READ_ANSWERS = [path for path in files("api_reference") if model_of(path) is not None]


@pytest.mark.parametrize("path", READ_ANSWERS, ids=lambda path: path.stem)
def test_the_references_answers(path: Path) -> None:
    model = model_of(path)
    assert model is not None
    samples = list(objects(json.loads(path.read_text())))
    assert samples, "an empty sample proves nothing"
    for sample in samples:
        read = model.model_validate(sample)
        if isinstance(read, wire.Ticket):
            assert read.normalised(Fields()).ref == str(sample["id"])
        elif isinstance(read, (wire.Contact, wire.Agent, wire.Company, wire_setup.Group)):
            assert read.normalised().id == str(sample["id"])
        elif isinstance(read, wire.Conversation):
            assert read.normalised().body
        elif isinstance(read, wire_setup.BusinessHours):
            assert read.normalised().intervals
        elif isinstance(read, wire_setup.Rating):
            assert read.normalised().id
        elif isinstance(read, wire_setup.TicketField):
            assert read.normalised(Fields()).id
        elif isinstance(read, wire_setup.SlaPolicy):
            assert len(read.normalised(1).targets) == 2 * len(sample.get("sla_target", {}))


@pytest.mark.parametrize("path", files("fdk_events"), ids=lambda path: path.stem)
def test_app_events(path: Path) -> None:
    sample = json.loads(path.read_text())
    event = deliver(path, account_id=str(sample["account_id"]))
    name = sample["event"]
    if name in IGNORED:
        assert event is None
        return
    thing = sample["data"].get("ticket") or sample["data"]["conversation"]
    expected = EventKind.TICKET_DELETED if path.stem == "onTicketUpdate" else HANDLED[name]
    assert event.kind is expected
    assert event.ticket_ref == str(thing["ticket_id"] if "conversation" in sample["data"] else thing["id"])
    actor = sample["data"]["actor"]["id"]
    assert event.actor_id == (str(actor) if actor else None)
    assert event.occurred_at is not None
    assert 2021 <= event.occurred_at.year <= 2026


@pytest.mark.parametrize("path", files("zulip_webhooks"), ids=lambda path: path.stem)
def test_automation_webhooks(path: Path) -> None:
    kinds = {
        "ticket_created": EventKind.TICKET_CREATED,
        "inline_images": EventKind.TICKET_CREATED,
        "private_note": EventKind.COMMENT_ADDED,
        "public_note": EventKind.COMMENT_ADDED,
    }
    event = deliver(path)
    assert event.kind is kinds.get(path.stem, EventKind.TICKET_UPDATED)
    assert event.ticket_ref == json.loads(path.read_text())["freshdesk_webhook"]["ticket_id"]


VALUES = {"integer": 12, "number": 12, "string": "12", "boolean": True, "array": [], "object": {}}


def instance(schema: dict[str, Any], key: str = "", *, full: bool) -> Any:
    """A value that the schema allows: as full, or as empty, as it may be."""
    allowed = schema.get("type", "string")
    names = allowed if isinstance(allowed, list) else [allowed]
    if key == "time_zone":
        return "Chennai"
    if key in ("start_time", "end_time"):
        return "08:00:00 am" if key == "start_time" else "05:00:00 pm"
    if key.endswith("_at") or key in ("due_by", "fr_due_by", "created_at"):
        return "2015-08-28T09:08:16Z"
    if not full and "null" in names and key not in ("id", "ticket_id", "name"):
        return None
    if "properties" in schema:
        return {name: instance(each, name, full=full) for name, each in schema["properties"].items()}
    if "items" in schema:
        return [instance(schema["items"], full=full)]
    return VALUES[next(name for name in names if name != "null")]


@pytest.mark.parametrize("full", [True, False], ids=["full", "empty"])
@pytest.mark.parametrize(
    "path", [path for path in files("airbyte_schemas") if SCHEMAS.get(path.stem)], ids=lambda p: p.stem
)
def test_objects_as_a_schema_allows_them(path: Path, full: bool) -> None:
    model = SCHEMAS[path.stem]
    assert model is not None
    schema = json.loads(path.read_text())
    sample = instance(schema, full=full)
    assert set(sample) & set(model.model_fields), "the model reads none of it"
    assert model.model_validate(sample)
