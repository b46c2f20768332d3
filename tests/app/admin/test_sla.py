"""The SLA page: what is promised to whom, and one ticket's clock as picture, ledger and people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from flask.testing import FlaskClient

from app.admin.sla_charts import LEFT, RIGHT, chart
from tests.app.admin.connect_fakes import OTHER, TENANT
from tests.app.admin.console_fakes import FakeConsole
from tests.app.admin.console_site import build
from tests.app.admin.test_console import XSS, Marks, log_in
from tests.app.admin.test_triage import words
from tests.triage.sla.stories import LADDERED, NOW, REF, STORY_RULES
from triage.sla.case import case
from triage.sla.policies import Metric

HOME = f"/console/sla/{TENANT}"


@pytest.fixture
def deps() -> FakeConsole:
    return FakeConsole()


@pytest.fixture
def admin(deps: FakeConsole) -> Iterator[FlaskClient]:
    with build(deps).test_client() as client:
        client.environ_base["wsgi.url_scheme"] = "https"
        assert log_in(client).status_code == 303
        yield client


def look(admin: FlaskClient, **query: str) -> dict[str, str]:
    answer = admin.get(HOME, query_string=query)
    assert answer.status_code == 200
    return words(answer.text)


def test_it_is_in_the_navigation_and_needs_a_log_in(admin: FlaskClient) -> None:
    text = admin.get("/console/sla").text
    assert re.search(r'href="/console/sla" aria-current="page">SLA', text)
    admin.delete_cookie("deskhand")
    with build(FakeConsole()).test_client() as stranger:
        assert stranger.get("/console/sla").status_code == 303


def test_a_policy_says_times_hours_and_who_is_told(admin: FlaskClient) -> None:
    said = look(admin)["policy-enterprise"]
    assert "Policy “Enterprise”, for tier enterprise" in said
    assert "Schedule: the organization’s, then the requester’s time zone, else “Amsterdam”." in said
    for row in (
        "P1 15 min 30 min 4 h day and night at once: Ladder A",
        "P2 1 h 4 h 24 h opening hours 50, 75, 90 %, then Ladder B",
        "P3 4 h 8 h 3 business days opening hours 75, 90 %",
        "P4 1 business day 2 business days 5 business days opening hours 90 %",
    ):
        assert row in said


def test_schedules_name_their_next_holidays_and_who_has_them(admin: FlaskClient) -> None:
    said = look(admin)["schedules"]
    assert "Amsterdam the default, kept in any requester’s own zone Mon to Fri 08:00–18:00 Europe/Amsterdam" in said
    assert "25 Dec Christmas Day, 26 Dec Second Day of Christmas, 1 Jan 2027 New Year’s Day" in said
    assert "1 Jan New Year’s Day" not in said
    assert "Day and night chosen by 1 rule day and night Etc/UTC none ahead" in said


def test_a_level_that_reaches_nobody_is_told_with_its_reason(admin: FlaskClient) -> None:
    said = look(admin)
    assert "Ladder B P2 when late" in said["ladder-2"]
    assert "3 Mei Tanaka by mail 1 h" in said["ladder-2"]
    assert "group lead Reaches nobody no queue has a lead in leads" in said["ladder-2"]
    assert "Reaches nobody" not in said["ladder-1"]
    assert "Tomás Rey duty officer page" in said["people"]


def test_a_tickets_ledger_adds_up_to_what_its_clock_says(admin: FlaskClient) -> None:
    said = look(admin, ticket=f"#{REF}")
    assert "Ticket #48102 , resolution clock" in said["life"]
    assert (
        "Veldt Energy, P2, 24 h of open time, Mon to Fri 08:00–18:00 Amsterdam. Now Tue 14:24: 31 min left."
        in said["life"]
    )
    for row in (
        "Thu 12 Nov 15:20 Opened Runs 2 h 40 min 2 h 40 min",
        "Fri 11:05 Waiting for the customer Paused 0 min 5 h 45 min",
        "Fri 18:00 Weekend Closed 0 min 7 h 05 min",
        "Tue 14:24 Now of 24 h 23 h 29 min",
    ):
        assert row in said["ledger"]
    assert "Tue 17 Nov 08:00  Open again" in admin.get(f"{HOME}?ticket={REF}").text


def test_the_picture_names_its_finding_and_keeps_its_marks_inside(admin: FlaskClient) -> None:
    marks = Marks()
    marks.feed(admin.get(f"{HOME}?ticket={REF}").text)
    pictures = [attrs for tag, attrs in marks.found if tag == "svg" and attrs.get("role") == "img"]
    assert [str(attrs["aria-label"]).replace("\N{NO-BREAK SPACE}", " ") for attrs in pictures] == [
        "Resolution of ticket 48102: ran 23 h 29 min of 24 h, held for 5 h 35 min of it, due 14:55"
    ]
    known = case(LADDERED, STORY_RULES, NOW)
    reading = known.chosen(Metric.FULL_RESOLUTION_TIME)
    assert reading
    picture = known.timeline(reading)
    assert picture
    drawn = chart(picture, "")
    assert [word.text for word in drawn.notes] == ["held", "closed", "closed"]
    assert [word.text.replace("\N{NO-BREAK SPACE}", " ") for word in drawn.marks] == [
        "opened 15:20",
        "first reply 15:58, met",
        "50 %, 12:55",
        "75 %, 08:55",
        "90 %, 12:31",
    ]
    day = (RIGHT - LEFT) / 6
    widths = [float(box.width) for box in drawn.bars]
    assert widths == pytest.approx([day * minutes / (14 * 60) for minutes in (160, 185, 80, 600, 384)], abs=0.2)
    assert all(LEFT <= float(word.line_x) <= RIGHT for word in drawn.marks)
    for row in {word.y for word in drawn.marks}:
        ends = sorted((float(word.x), len(word.text) * 6.4) for word in drawn.marks if word.y == row)
        assert all(b - bw / 2 >= a + aw / 2 for (a, aw), (b, bw) in pairwise(ends))
    assert drawn.due
    assert drawn.due.text == "due 14:55"
    assert float(drawn.due.y) < drawn.height


def test_who_is_told_next_and_a_step_that_reaches_nobody(admin: FlaskClient) -> None:
    said = look(admin, ticket=REF)["next"]
    assert "Ladder B, if nothing happens before" in said
    assert "14:55 Priya Nair, group lead, by chat level 1, resolution late" in said
    assert "17:25 Nobody: group lead: the ticket is in no group level 4, resolution late" in said


def test_another_clock_of_the_ticket_is_one_click_away(admin: FlaskClient) -> None:
    text = admin.get(f"{HOME}?ticket={REF}").text
    link = re.search(r'href="([^"]*metric=first_reply_time[^"]*)"', text)
    assert link
    said = words(admin.get(link[1].replace("&amp;", "&")).text)
    assert "first reply clock" in said["life"]
    assert "Thu 15:58 Replied of 1 h 38 min" in said["ledger"]


def test_the_helpdesk_is_asked_only_on_demand(admin: FlaskClient, deps: FakeConsole) -> None:
    assert "Compare now" in look(admin, ticket=REF)["same"]
    assert deps.compared == []
    said = look(admin, ticket=REF, compare="1")["same"]
    assert deps.compared == [REF]
    assert "Ours 14:55 Amsterdam Tidedesk 09:20 Amsterdam Differs by 5 h 35 min: ours is later" in said
    assert "Why Its resolution time goes on while the ticket is pending." in said
    deps.sla_silent = True
    assert "Tidedesk The helpdesk does not answer. Compare again" in look(admin, ticket=REF, compare="1")["same"]


@pytest.mark.parametrize(
    ("ticket", "reason"),
    [
        ("99", "Nothing is known of ticket 99 at Fieldline. Check its number"),
        ("48302", "No clock runs: the ticket has no priority yet."),
    ],
)
def test_a_ticket_without_a_clock_says_why_and_leaves_the_rules(admin: FlaskClient, ticket: str, reason: str) -> None:
    said = look(admin, ticket=ticket)
    assert reason in said[""]
    assert "policy-enterprise" in said
    assert "ledger" not in said


def test_a_held_clock_has_no_due_time(admin: FlaskClient) -> None:
    said = look(admin, ticket="48303")
    assert "paused, 3 h 35 min left" in said["life"]
    assert "Ours no due time now" in said["same"]


def test_a_long_life_is_cut_in_the_picture_and_folded_in_the_ledger(admin: FlaskClient) -> None:
    text = admin.get(f"{HOME}?ticket=48304&metric=full_resolution_time").text
    assert "The picture shows a part" in text
    assert "more days, 10\N{NO-BREAK SPACE}h each" in text
    assert text.count("<tr>") < 90


def test_rules_that_cannot_be_read_say_what_to_do(admin: FlaskClient, deps: FakeConsole) -> None:
    deps.sla_problem = "schedules: Office: Monday 09:00 to 08:00 ends before it starts."
    text = admin.get(HOME).text
    assert "The rules in use cannot be read, so no clock runs." in text
    assert "Monday 09:00 to 08:00 ends before it starts." in text
    assert "deskhand config import sla FILE" in text


def test_without_a_helpdesk_it_leads_to_connect(admin: FlaskClient, deps: FakeConsole) -> None:
    deps.sla_connected = False
    assert "Connect a helpdesk" in admin.get("/console/sla").text


def test_another_helpdesk_has_its_own_page_and_one_that_is_gone_none(admin: FlaskClient) -> None:
    assert admin.get(f"/console/sla/{OTHER}").status_code == 200
    assert admin.get("/console/sla/nobody").status_code == 404


@pytest.mark.parametrize("text", XSS)
def test_what_is_typed_is_shown_as_text(admin: FlaskClient, text: str) -> None:
    marks = Marks()
    marks.feed(admin.get(HOME, query_string={"ticket": text, "metric": text}).text)
    tags = {tag for tag, _ in marks.found}
    assert not tags & {"img", "iframe"}
    assert not any(name.startswith("on") for _, attrs in marks.found for name in attrs)
