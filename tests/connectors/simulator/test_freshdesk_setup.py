"""What an admin's key reads and makes: people, fields, policies, hours, articles, ratings; and the process itself."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from connectors.simulator.due import add_minutes
from connectors.simulator.freshdesk.due import OFFICE_HOURS
from connectors.simulator.freshdesk.policies import clock
from connectors.simulator.records import HelpArticle, HelpSection, Schedule, Translation
from tests.connectors.simulator.freshdesk_desk import FreshDesk, errors, running_desk

TARGET = {"respond_within": 900, "resolve_within": 3600, "business_hours": True, "escalation_enabled": True}


@pytest.fixture
def desk(company: Path) -> Iterator[FreshDesk]:
    with running_desk(company) as made:
        yield made


def test_contacts_are_found_and_made(desk: FreshDesk) -> None:
    (kim,) = desk.api("GET", "contacts?email=KIM@acme.example").json()
    assert (kim["language"], kim["time_zone"]) == ("de", "Berlin")
    asked = {"name": "Max", "email": "max@acme.example", "time_zone": "Pacific Time (US & Canada)"}
    made = desk.api("POST", "contacts", asked)
    assert (made.status_code, made.json()["company_id"]) == (201, kim["company_id"])
    assert desk.api("GET", f"contacts/{made.json()['id']}").json()["time_zone"] == "Pacific Time (US & Canada)"
    again = desk.api("POST", "contacts", asked)
    assert (again.status_code, again.json()["errors"][0]["additional_info"]) == (409, {"user_id": made.json()["id"]})
    since = (desk.now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert desk.api("GET", f"contacts?updated_since={since}").json() == []
    agent = desk.connection["integration_user_id"]
    assert desk.api("GET", f"contacts/{agent}").status_code == 404
    assert desk.api("GET", f"agents/{kim['id']}").status_code == 404
    assert errors(desk.api("POST", "contacts", {"name": "Nobody"})) == [("email", "missing_field")]


def test_companies_hold_choices(desk: FreshDesk) -> None:
    (acme,) = desk.api("GET", "companies").json()
    path = f"companies/{acme['id']}"
    assert acme["custom_fields"]["seats"] == 10
    changed = desk.api("PUT", path, {"health_score": "At risk", "custom_fields": {"seats": 11}}).json()
    assert (changed["health_score"], changed["custom_fields"]["seats"]) == ("At risk", 11)
    assert changed["domains"] == ["acme.example"]
    bad = desk.api(
        "PUT", path, {"health_score": "Sad", "account_tier": "Gold", "custom_fields": {"seats": "x", "nope": 1}}
    )
    assert errors(bad) == [
        ("health_score", "invalid_value"), ("account_tier", "invalid_value"), ("seats", "datatype_mismatch"),
        ("nope", "invalid_field"),
    ]  # fmt: skip
    assert desk.api("POST", "companies", {"name": "acme tools"}).status_code == 409
    made = desk.api("POST", "companies", {"name": "Beta", "domains": ["beta.example"]}).json()
    assert desk.api("GET", f"companies/{made['id']}").json()["domains"] == ["beta.example"]


def test_company_fields_are_added(desk: FreshDesk) -> None:
    made = desk.api("POST", "company_fields", {"label": "Health number", "type": "custom_number"})
    assert (made.status_code, made.json()["name"]) == (201, "health_number")
    names = [one["name"] for one in desk.api("GET", "company_fields").json()]
    assert {"health_score", "tier", "health_number"} <= set(names)
    assert errors(desk.api("POST", "company_fields", {"label": "Health score", "type": "custom_text"})) == [
        ("label", "duplicate_value")
    ]
    assert desk.api("DELETE", f"company_field/{made.json()['id']}").status_code == 204


def test_roles_have_names(desk: FreshDesk) -> None:
    me = desk.api("GET", "agents/me").json()
    assert desk.api("GET", f"roles/{me['role_ids'][0]}").json()["name"] == "Account Administrator"
    (ana,) = desk.api("GET", "agents?email=ana@desk.example").json()
    assert [one["name"] for one in desk.api("GET", "roles").json() if one["id"] in ana["role_ids"]] == ["Agent"]


def test_a_ticket_that_nobody_has_touched_is_open_and_low(desk: FreshDesk) -> None:
    number = desk.arrive()
    kept, shown = desk.simulator.state.tickets[number], desk.api("GET", f"tickets/{number}").json()
    assert (kept.status, kept.priority) == ("open", "low")
    assert (shown["status"], shown["priority"]) == (2, 1)


def test_an_admin_has_made_the_rule_that_others_are_copied_from(desk: FreshDesk) -> None:
    rules = desk.api("GET", "automations/1/rules").json()["rules"]
    (template,) = (rule for rule in rules if rule["name"] == "Deskhand template")
    assert (template["active"], template["actions"][0]["request_type"]) == (False, "POST")


def test_groups_are_made(desk: FreshDesk) -> None:
    (ana,) = desk.api("GET", "agents?email=ana@desk.example").json()
    made = desk.api("POST", "groups", {"name": "Night", "agent_ids": [ana["id"]]})
    assert (made.status_code, made.json()["agent_ids"]) == (201, [ana["id"]])
    assert made.json()["id"] in desk.api("GET", f"agents/{ana['id']}").json()["group_ids"]
    assert desk.api("POST", "groups", {"name": "night"}).status_code == 409


def test_the_form_shapes_its_choices_in_its_own_ways(desk: FreshDesk) -> None:
    fields = {one["name"]: one for one in desk.api("GET", "ticket_fields").json()}
    assert fields["status"]["choices"]["2"] == ["Open", "Being Processed"]
    assert fields["status"]["choices"]["8"][0] == "Waiting on Engineering"
    assert fields["priority"]["choices"] == {"Low": 1, "Medium": 2, "High": 3, "Urgent": 4}
    assert fields["ticket_type"]["choices"] == ["Question", "Incident", "Problem", "Feature Request"]
    assert "Billing" in fields["group"]["choices"]
    assert fields["cf_category"]["choices"] == ["billing", "bug"]


def test_a_drop_down_is_made_changed_and_taken_away(desk: FreshDesk) -> None:
    asked = {"label": "AI severity", "type": "custom_dropdown", "choices": [{"value": "S1", "position": 1}]}
    made = desk.api("POST", "admin/ticket_fields", asked)
    assert (made.status_code, made.json()["name"]) == (201, "cf_ai_severity")
    path = f"admin/ticket_fields/{made.json()['id']}"
    first = made.json()["choices"][0]["id"]
    more = desk.api("PUT", path, {"choices": [{"value": "S2"}, {"value": "S3"}]}).json()
    assert [one["value"] for one in more["choices"]] == ["S1", "S2", "S3"]
    less = desk.api("PUT", path, {"choices": [{"id": first, "_destroy": True}]}).json()
    assert [one["value"] for one in less["choices"]] == ["S2", "S3"]
    assert errors(desk.api("PUT", path, {"choices": [{"value": "S2"}]})) == [("choices", "duplicate_value")]
    assert errors(desk.api("POST", "admin/ticket_fields", asked)) == [("label", "duplicate_value")]
    number = desk.arrive()
    assert desk.put(number, {"custom_fields": {"cf_ai_severity": "S3"}}).ok
    assert desk.put(number, {"custom_fields": {"cf_ai_severity": "S1"}}).status_code == 400
    assert desk.api("DELETE", path).status_code == 204
    assert desk.api("GET", path).status_code == 404
    assert "cf_ai_severity" not in desk.api("GET", f"tickets/{number}").json()["custom_fields"]


def test_policies_are_made_in_whole_minutes(desk: FreshDesk) -> None:
    (acme,) = desk.api("GET", "companies").json()
    targets = {f"priority_{code}": TARGET for code in (4, 3, 2, 1)}
    asked = {"name": "Gold", "sla_target": targets, "applicable_to": {"company_ids": [acme["id"]]}}
    assert desk.api("POST", "sla_policies", asked).status_code == 201
    gold, usual = desk.api("GET", "sla_policies").json()[0], desk.api("GET", "sla_policies").json()[-1]
    assert (gold["name"], gold["sla_target"]["priority_4"]["respond_within"]) == ("Gold", 900)
    assert (usual["is_default"], usual["applicable_to"]) == (True, {})
    assert desk.api("PUT", f"sla_policies/{gold['id']}", {"name": "Golden"}).json()["name"] == "Golden"
    for wrong in (60, 930):
        target = {**targets, "priority_4": {**TARGET, "respond_within": wrong}}
        assert errors(desk.api("POST", "sla_policies", {**asked, "sla_target": target}))[0][0] == "respond_within"
    assert errors(desk.api("POST", "sla_policies", {**asked, "applicable_to": {}})) == [
        ("applicable_to", "missing_field")
    ]
    assert errors(desk.api("POST", "sla_policies", {**asked, "sla_target": {"priority_4": TARGET}}))


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(0, "12:00:00 am"), (480, "08:00:00 am"), (720, "12:00:00 pm"), (1020, "05:00:00 pm"), (1440, "11:59:59 pm")],
)
def test_clock_times(minutes: int, text: str) -> None:
    assert clock(minutes) == text


def test_business_hours_hide_the_holidays(desk: FreshDesk) -> None:
    (usual,) = desk.api("GET", "business_hours").json()
    assert (usual["is_default"], usual["time_zone"]) == (True, "Eastern Time (US & Canada)")
    schedule = Schedule(
        id=desk.simulator.state.next_id(), name="Berlin", time_zone="Europe/Berlin",
        intervals=((0, 1440), (1440 + 480, 1440 + 720), (1440 + 780, 1440 + 1020)),
        holidays=(("New Year", "2027-01-01", "2027-01-01"),),
    )  # fmt: skip
    desk.simulator.state.put(desk.simulator.state.schedules, schedule)
    shown = desk.api("GET", f"business_hours/{schedule.id}").json()
    assert shown["time_zone"] == "Berlin"
    assert shown["business_hours"] == {
        "monday": {"start_time": "12:00:00 am", "end_time": "11:59:59 pm"},
        "tuesday": {"start_time": "08:00:00 am", "end_time": "05:00:00 pm"},
    }
    assert "New Year" not in str(shown)


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        ("2026-03-02T13:00", 60, "2026-03-02T14:00"),
        ("2026-03-06T21:30", 60, "2026-03-09T12:30"),  # over a week-end, and New York's clocks go forward in it
        ("2026-03-07T10:00", 540, "2026-03-09T21:00"),
    ],
)
def test_due_times_skip_closed_hours(start: str, minutes: int, end: str) -> None:
    office = Schedule(id=1, name="", time_zone="America/New_York", intervals=OFFICE_HOURS)
    begins = datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert add_minutes(begins, minutes, office) == datetime.fromisoformat(end).replace(tzinfo=UTC)
    assert add_minutes(begins, minutes, None) == begins + timedelta(minutes=minutes)


def test_articles_are_walked_by_readers(desk: FreshDesk) -> None:
    state, at = desk.simulator.state, desk.simulator.state.second()
    category, shelf, inner = (
        HelpSection(id=state.next_id(), name=name, parent_id=None, created_at=at, updated_at=at)
        for name in ("Data", "Exports", "Deep")
    )
    state.put(state.sections, category)
    for child, parent in ((shelf, category), (inner, shelf)):
        made = HelpSection(id=child.id, name=child.name, parent_id=parent.id, created_at=at, updated_at=at)
        state.put(state.sections, made)
    (acme,) = state.organizations
    for title, audience, section in (
        ("Public", "everyone", shelf),
        ("Inside", "agents", shelf),
        ("Ours", "restricted", shelf),
        ("Low", "everyone", inner),
    ):
        texts = {"en": Translation(title=title, body=f"<p>{title} text</p>", draft=title == "Low")}
        if title == "Public":
            texts["de"] = Translation(title="Offen", body="<p>Text</p>", outdated=True)
        article = HelpArticle(
            id=state.next_id(), section_id=section.id, locale="en", translations=texts, author_id=1, created_at=at,
            updated_at=at, audience=audience, organization_ids=(acme,) if audience == "restricted" else (),
        )  # fmt: skip
        state.put(state.articles, article)
    folders = desk.api("GET", f"solutions/categories/{category.id}/folders").json()
    assert [(one["name"], one["visibility"], one["articles_count"]) for one in folders] == [
        ("Exports", 1, 1), ("Exports", 4, 1), ("Exports", 3, 1),
    ]  # fmt: skip
    assert folders[1]["company_ids"] == [acme]
    (deep,) = desk.api("GET", f"solutions/folders/{folders[0]['id']}/subfolders").json()
    assert (deep["parent_folder_id"], [one["data"]["name"] for one in deep["hierarchy"]]) == (
        shelf.id, ["Data", "Exports", "Deep"],
    )  # fmt: skip
    (low,) = desk.api("GET", f"solutions/folders/{deep['id']}/articles").json()
    assert (low["status"], low["folder_id"]) == (1, deep["id"])
    (public,) = desk.api("GET", f"solutions/folders/{folders[0]['id']}/articles").json()
    german = desk.api("GET", f"solutions/articles/{public['id']}/de").json()
    assert (german["title"], german["outdated"], public["status"]) == ("Offen", True, 2)
    assert desk.api("GET", f"solutions/articles/{low['id']}/de").status_code == 404
    hits = desk.api("GET", "search/solutions?term=inside").json()
    assert [(one["title"], one["folder_visibility"]) for one in hits] == [("Inside", 3)]
    assert desk.api("GET", "settings/helpdesk").json()["supported_languages"] == ["de"]


def test_ratings_are_numbers(desk: FreshDesk) -> None:
    number = desk.arrive()
    path = f"tickets/{number}/satisfaction_ratings"
    assert desk.api("POST", path, {"feedback": "Slow", "ratings": {"default_question": -103}}).status_code == 201
    (one,) = desk.api("GET", "surveys/satisfaction_ratings").json()
    assert (one["ticket_id"], one["ratings"], one["feedback"]) == (number, {"default_question": -103}, "Slow")
    assert desk.simulator.state.ratings[one["id"]].score == "bad"
    tomorrow = (desk.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert desk.api("GET", f"surveys/satisfaction_ratings?created_since={tomorrow}").json() == []
    assert len(desk.api("GET", path).json()) == 1
    assert desk.api("GET", "surveys?state=active").json()[0]["questions"][0]["accepted_ratings"] == [-103, 100, 103]


def test_the_process_starts_and_stops() -> None:
    command = [sys.executable, "-m", "connectors.simulator", "--vendor", "freshdesk", "--port", "0", "--arrivals", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        base = process.stdout.readline().removeprefix("Helpdesk on ").strip().removesuffix("/agent")
        try:
            key = requests.get(f"{base}/_sim/credentials", timeout=5).json()["secrets"]["api_key"]
            assert requests.get(f"{base}/api/v2/agents/me", auth=(key, "X"), timeout=5).ok
            assert requests.get(f"{base}/agent", timeout=5).ok
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
