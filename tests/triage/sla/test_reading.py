"""What an admin writes, and what is said about mistakes in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.defaults import load_sla
from connectors.yaml_text import parse
from tests.triage.tickets import ticket
from triage.escalation.people import Level, Via
from triage.hours import Holiday, LocalSpan
from triage.sla import Metric
from triage.sla.facts import facts_of
from triage.sla.reading import SlaRulesError, rules_from
from triage.sla.reading.policies import OF_ORGANIZATION, SUBJECTS
from triage.sla.rules import SlaRules
from triage.tickets import Organization, Priority, Requester, Status

WRITTEN = """
policies:
  - id: gold
    applies_to: {tier: [gold], organization.region: EU, channel: [email]}
    hours: calendar
    targets:
      P1: {first_reply: 15, resolution: {time: 4 h, hours: business}}
      P2: {first_reply: 90 s, update: 2 days, hours: calendar}
  - id: 17
    title: Everybody
    active: false
    targets:
      P3: {first_reply: 4 h, resolution: 3 business days, agent_work: 8 h, requester_wait: 1 h, periodic_update: 1 h}
schedules:
  berlin:
    name: Berlin
    time_zone: Europe/Berlin
    monday: ["13:00-17:30", "09:00-12:00"]
    sunday: "22:00-24:00"
    holidays:
      - {date: 2026-12-24, until: 2026-12-26, name: Closed}
      - {country: DE, subdivision: BY}
    date_hours: {2026-12-23: ["09:00-12:00"], 2026-12-31: []}
    breaks: {2026-12-21: ["10:00-10:30"]}
  always: {time_zone: UTC, hours: 24/7}
which_schedule:
  order: [group, organization]
  organizations: {360012: berlin}
  zones: {Europe/Paris: berlin}
  groups: {Billing: berlin}
  default: always
paused_in: [pending, on_hold]
escalation:
  people:
    ana: {name: Ana, email: ana@example.com, time_zone: Europe/Berlin, quiet: ["22:00-07:00"], helpdesk_id: 12}
    ben: {name: Ben, chat: support}
  rotations:
    duty:
      people: [ana, ben]
      starts_at: 2026-01-05 09:00:00
      turn: 7 days
      time_zone: Europe/Berlin
      overrides: [{person: ben, from: 2026-12-24, until: 2026-12-26T12:00+01:00}]
  ladders:
    late:
      levels:
        - {to: [assignee, "rotation:duty"], by: [mail, chat], wait: 30 min}
        - {by: page}
  leads: {Billing: ana}
  responses:
    P1: {reminders: [90, 50 %, 50], ladder: late, at_once: true}
    P4: {reminders: []}
  remind: {to: group_lead, by: mail}
"""


def read(change: Callable[[dict[str, Any]], None] | None = None) -> SlaRules:
    mapping = parse(WRITTEN)
    if change is not None:
        change(mapping)
    return rules_from(mapping, version="7")


def targets(rules: SlaRules, at: int) -> dict[tuple[str, str], tuple[float, float | None, bool]]:
    return {
        (each.priority.value, each.metric.value): (each.target_minutes, each.business_days, each.in_business_hours)
        for each in rules.policies[at].targets
    }


def test_policies_in_their_order_with_hours_at_each_place() -> None:
    rules = read()
    assert [(each.id, each.title, each.position, each.is_active) for each in rules.policies] == [
        ("gold", "gold", 1, True),
        ("17", "Everybody", 2, False),
    ]
    assert rules.policies[0].applies_to == {"tier": ("gold",), "organization.region": ("EU",), "channel": ("email",)}
    assert targets(rules, 0) == {
        ("P1", "first_reply_time"): (15, None, False),
        ("P1", "full_resolution_time"): (240, None, True),
        ("P2", "first_reply_time"): (1.5, None, False),
        ("P2", "pausable_update_time"): (2880, None, False),
    }
    assert targets(rules, 1)["P3", "full_resolution_time"] == (0, 3, True)
    assert {metric for _, metric in targets(rules, 1)} == {
        each.value for each in Metric if each not in (Metric.NEXT_REPLY_TIME, Metric.PAUSABLE_UPDATE_TIME)
    }


def test_schedules_with_every_kind_of_closed_day() -> None:
    berlin, always = read().schedules["berlin"], read().schedules["always"]
    assert berlin.intervals == ((540, 720), (780, 1050), (6 * 1440 + 22 * 60, 7 * 1440))
    assert berlin.holidays[0] == Holiday(name="Closed", starts_on=date(2026, 12, 24), ends_on=date(2026, 12, 26))
    assert Holiday(name="Epiphany", starts_on=date(2027, 1, 6), ends_on=date(2027, 1, 6)) in berlin.holidays
    assert berlin.date_hours == (
        LocalSpan(on=date(2026, 12, 23), start=540, end=720),
        LocalSpan(on=date(2026, 12, 31), start=0, end=0),
    )
    assert berlin.breaks == (LocalSpan(on=date(2026, 12, 21), start=600, end=630),)
    assert always.intervals == ((0, 7 * 1440),)


def test_which_schedule_holds_and_what_pauses() -> None:
    rules = read()
    assert (rules.order, rules.default_schedule, rules.zone_copies) == (("group", "organization"), "always", None)
    assert (rules.by_organization, rules.by_zone) == ({"360012": "berlin"}, {"Europe/Paris": "berlin"})
    assert rules.by_group == {"Billing": "berlin"}
    assert rules.paused_in == {Status.PENDING, Status.ON_HOLD}
    assert rules.schedule_for({"organization_id": ("360012",)})[0].id == "berlin"


def test_who_is_told() -> None:
    found = read().escalation
    assert (found.people["ana"].quiet, found.people["ana"].helpdesk_id) == (((1320, 420),), "12")
    duty = found.rotations["duty"]
    assert (duty.starts_at, duty.turn) == (datetime(2026, 1, 5, 8, tzinfo=UTC), timedelta(days=7))
    assert (duty.overrides[0].starts_at, duty.overrides[0].ends_at) == (
        datetime(2026, 12, 23, 23, tzinfo=UTC),
        datetime(2026, 12, 26, 11, tzinfo=UTC),
    )
    first, second = found.ladders["late"].levels
    assert first == Level(to=("assignee", "rotation:duty"), by=(Via.MAIL, Via.CHAT), wait=timedelta(minutes=30))
    assert second == Level(to=(), by=(Via.PAGE,), wait=timedelta(0))
    assert found.leads == {"Billing": "ana"}
    assert (found.responses[Priority.P1].reminders, found.responses[Priority.P4].reminders) == ((0.5, 0.9), ())
    assert found.remind == Level(to=("group_lead",), by=(Via.MAIL,), wait=timedelta(0))


def test_rules_come_back_from_json_the_same() -> None:
    assert rules_from(json.loads(json.dumps(parse(WRITTEN))), version="7") == read()


def test_dates_may_be_dates_already() -> None:
    def dated(mapping: dict[str, Any]) -> None:
        mapping["schedules"]["berlin"]["holidays"][0] = {"date": date(2026, 12, 24), "until": date(2026, 12, 26)}
        mapping["schedules"]["berlin"]["breaks"] = {date(2026, 12, 21): ["10:00-10:30"]}
        mapping["escalation"]["rotations"]["duty"]["starts_at"] = datetime(2026, 1, 5, 8, tzinfo=UTC)

    found = read(dated)
    assert found.schedules["berlin"].holidays[0].ends_on == date(2026, 12, 26)
    assert found.schedules["berlin"].breaks == read().schedules["berlin"].breaks
    assert found.escalation.rotations == read().escalation.rotations


P = "policies[gold].targets.P1"
B = "schedules.berlin"
L = "escalation.ladders.late"
WRONG: list[tuple[str, Any, str]] = [
    # where, what is written there, what is said
    ("polices", [], "polices: is not known here. Did you mean `policies`?"),
    ("policies", None, "policies: is missing. List the policies"),
    ("policies", {"gold": {}}, "policies: expected a list"),
    ("policies.1.id", "gold", "policies: the id “gold” is used more than once. Rename all but one."),
    ("policies.0.id", "the gold", "policies[the gold].id: “the gold” cannot be a name here"),
    ("policies.0.id", None, "].id: is missing. Write a text."),
    ("policies.0.hours", "office", "policies[gold].hours: there is no “office”. Use one of: business, calendar."),
    ("policies.0.active", "yes", "policies[gold].active: expected true or false, found “yes”."),
    ("policies.0.targets.P1.first_reply", "soon", f"{P}.first_reply: “soon” is no length of time. Write it as 15 min"),
    ("policies.0.targets.P1.first_reply", -5, f"{P}.first_reply: “-5” has to be longer than nothing."),
    ("policies.0.targets.P1.firstreply", "1 h", f"{P}.firstreply: is not known here. Did you mean `first_reply`?"),
    ("policies.0.targets.P1.full_resolution", "1 h", f"{P}.full_resolution: is the same as `resolution`."),
    ("policies.0.targets.P1.resolution.time", "2 days", f"{P}.resolution.time: a day of 24 hours in business hours"),
    ("policies.0.targets.P5", {}, "policies[gold].targets.P5: is not known here. Use one of: P1, P2, P3, P4."),
    ("policies.0.targets.P1", "1 h", f"{P}: expected keys and values such as `first_reply`, found “1 h”."),
    ("policies.0.applies_to.priority", ["P1"], "applies_to.priority: policies are chosen without looking at the prio"),
    ("policies.0.applies_to.priority is_not", ["P1"], "applies_to.priority is_not: no ticket has this, so the policy"),
    (
        "policies.0.applies_to.teir",
        ["gold"],
        "applies_to.teir: no ticket has this, so the policy would never hold. Did",
    ),
    ("policies.0.applies_to.tier", [], "applies_to.tier: no value would ever fit."),
    ("policies.0.applies_to.channel", ["fax"], "applies_to.channel: no ticket comes by “fax”. Use one of: api, chat"),
    ("policies.0.applies_to.requester_zone", "Berlin", "applies_to.requester_zone: There is no time zone 'Berlin'."),
    ("policies.0.applies_to.tag", ["deskhand_x"], "applies_to.tag: “deskhand_x” is a tag that we write ourselves"),
    ("schedules", None, "schedules: is missing. Define at least one schedule"),
    ("schedules.berlin.time_zone", "Berlin", f"{B}.time_zone: There is no time zone 'Berlin'. Use an IANA name"),
    ("schedules.berlin.time_zone", None, f"{B}.time_zone: is missing."),
    ("schedules.berlin.monday", ["17:00-09:00"], f"{B}.monday: 17:00 to 09:00 ends before it starts. Swap the two, or"),
    ("schedules.berlin.monday", ["09:00-09:00"], f"{B}.monday: 09:00 to 09:00 ends before it starts."),
    (
        "schedules.berlin.monday",
        "9 to 5",
        f"{B}.monday: “9 to 5” is no span of time. Write it in quotes as 09:00-17:30",
    ),
    ("schedules.berlin.monday", ["09:00-25:00"], f"{B}.monday: 09:00 to 25:00 is no time of a day."),
    ("schedules.berlin.monday", ["09:75-10:00"], f"{B}.monday: 09:75 to 10:00 is no time of a day."),
    ("schedules.berlin.monday", "09:00-12:00, 11:59-13:00", f"{B}.monday: 09:00-12:00 and 11:59-13:00 overlap."),
    ("schedules.berlin.hours", "9-17", f"{B}.hours: expected 24/7, found “9-17”."),
    ("schedules.always.monday", ["09:00-17:00"], "schedules.always.monday: stands beside `hours: 24/7`."),
    ("schedules.berlin.holidays", [{"country": "XX"}], f"{B}.holidays[0]: no holidays are known of country 'XX'."),
    (
        "schedules.berlin.holidays",
        [{"country": False}],
        f"{B}.holidays[0].country: expected a text, found “False”. Put it",
    ),
    (
        "schedules.berlin.holidays",
        [{"country": "DE", "subdivision": "Bayer"}],
        f"{B}.holidays[0]: country DE has no subdivision 'Bayer'. Did you mean BY?",
    ),
    ("schedules.berlin.holidays", [{"calendar": "no"}], f"{B}.holidays[0]: this is no calendar (.ics) that can be rea"),
    ("schedules.berlin.holidays", ["2026-12-24"], f"{B}.holidays[0]: expected `country`, `calendar` or `date`"),
    ("schedules.berlin.holidays", [{"date": "2026-02-30"}], f"{B}.holidays[0].date: “2026-02-30” is no date."),
    (
        "schedules.berlin.holidays",
        [{"date": "2026-12-24", "until": "2026-12-01"}],
        f"{B}.holidays[0]: ends on 2026-12-01, before it starts on 2026-12-24.",
    ),
    (
        "schedules.berlin.holidays",
        [{"date": "2026-12-24", "until": "9999-12-01"}],
        f"{B}.holidays[0]: 2026-12-24 to 9999-12-01 is longer than a year.",
    ),
    ("schedules.berlin.date_hours", {"24.12.": []}, f"{B}.date_hours.24.12.: “24.12.” is no date."),
    ("schedules.berlin.breaks", {"2026-12-24": []}, f"{B}.breaks.2026-12-24: is empty. Write spans"),
    ("schedules.our desk", {"time_zone": "UTC"}, "schedules.our desk: “our desk” cannot be a name here."),
    ("which_schedule", None, "which_schedule: expected keys and values such as `order`, found “nothing”."),
    ("which_schedule.default", "berln", "which_schedule.default: there is no schedule “berln”. Did you mean `berlin`?"),
    ("which_schedule.zones", {"Berlin": "berlin"}, "which_schedule.zones: There is no time zone 'Berlin'."),
    ("which_schedule.groups", {"Billing": "x"}, "which_schedule.groups.Billing: there is no schedule “x”."),
    (
        "which_schedule.order",
        ["groups"],
        "which_schedule.order: there is no “groups” to be asked. Did you mean `group`",
    ),
    ("which_schedule.order", ["default", "group"], "which_schedule.order: what stands behind `default` is never asked"),
    ("paused_in", ["solved"], "paused_in: “solved” cannot pause a clock. Use one of: new, on_hold, open, pending."),
    ("escalation.people.ana.email", "ana", "escalation.people.ana.email: “ana” is no mail address."),
    ("escalation.people.ana.quiet", ["22-7"], "escalation.people.ana.quiet: “22-7” is no span of time."),
    ("escalation.people.a b", {}, "escalation.people.a b: “a b” cannot be a name here."),
    ("escalation.rotations.duty.people", ["eve"], "escalation.rotations.duty.people[0]: there is no person “eve”."),
    ("escalation.rotations.duty.starts_at", "Monday", "duty.starts_at: “Monday” is no moment. Write it as 2026-12-24T"),
    ("escalation.rotations.duty.turn", "1 business day", "duty.turn: a turn cannot be so many business days."),
    ("escalation.rotations.duty.overrides.0.until", "2026-12-01", "duty.overrides[0]: ends before it starts."),
    ("escalation.ladders.late.levels", [], f"{L}.levels: is missing. A ladder needs at least one level"),
    (
        "escalation.ladders.late.levels.0.to",
        ["asignee"],
        f"{L}.levels[0].to: there is no “asignee” to be told. Did you",
    ),
    ("escalation.ladders.late.levels.0.to", ["person:eve"], f"{L}.levels[0].to: there is no “person:eve” to be told."),
    ("escalation.ladders.late.levels.0.by", ["mial"], f"{L}.levels[0].by: there is no “mial”. Did you mean `mail`?"),
    ("escalation.ladders.late.levels.0.wait", "1 business day", f"{L}.levels[0].wait: a wait cannot be so many busine"),
    ("escalation.ladders.late.levels.1.by", "mail", f"{L}.levels[1].to: is missing. Say who is told"),
    ("escalation.ladders.late.levels.1.by", None, f"{L}.levels[1].by: is missing. Say how: mail, chat, page, webhook."),
    ("escalation.leads.Billing", "eve", "escalation.leads.Billing: there is no person “eve”. Use one of: ana, ben."),
    ("escalation.responses.P1.ladder", "lat", "escalation.responses.P1.ladder: there is no ladder “lat”. Did you mean"),
    ("escalation.responses.P1.ladder", None, "escalation.responses.P1.at_once: needs a `ladder` to begin with."),
    ("escalation.responses.P1.reminders", [0.5], "escalation.responses.P1.reminders[0]: “0.5” is no share of the time"),
    ("escalation.responses.P1.reminders", [100], "escalation.responses.P1.reminders[0]: “100” is no share of the time"),
]


def put(mapping: dict[str, Any], where: str, value: Any) -> None:
    """Write `value` at a place such as `policies.0.id`; the last key may hold dots nowhere else."""
    at: Any = mapping
    keys = where.split(".")
    for key in keys[:-1]:
        at = at[int(key)] if isinstance(at, list) else at.setdefault(key, {})
    if isinstance(at, list):
        at[int(keys[-1])] = value
    else:
        at[keys[-1]] = value


@pytest.mark.parametrize(("where", "value", "said"), WRONG, ids=[f"{each[0]}={str(each[1])[:20]}" for each in WRONG])
def test_a_mistake_is_said_with_its_place_and_the_way_out(where: str, value: Any, said: str) -> None:
    with pytest.raises(SlaRulesError) as error:
        read(lambda mapping: put(mapping, where, value))
    assert [problem for problem in error.value.problems if said in problem], error.value.problems


def test_all_mistakes_are_said_at_once() -> None:
    def spoil(mapping: dict[str, Any]) -> None:
        for where in ("schedules.berlin.monday", "policies.0.hours", "paused_in", "escalation.leads.Billing"):
            put(mapping, where, "nonsense")

    with pytest.raises(SlaRulesError) as error:
        read(spoil)
    assert len(error.value.problems) == 4
    assert all(problem in str(error.value) for problem in error.value.problems)


def test_business_hours_of_a_desk_that_never_opens_are_refused_only_where_they_could_be_met() -> None:
    def shut(mapping: dict[str, Any]) -> None:
        mapping["schedules"]["shut"] = {"time_zone": "UTC"}

    def met(mapping: dict[str, Any]) -> None:
        shut(mapping)
        mapping["which_schedule"]["requester_zone_copies"] = "shut"

    def met_by_day_and_night_only(mapping: dict[str, Any]) -> None:
        met(mapping)
        mapping["policies"][0]["targets"]["P1"]["resolution"] = "4 h"

    read(shut)
    read(met_by_day_and_night_only)
    with pytest.raises(
        SlaRulesError, match=r"schedules\.shut: has no weekly hours, and policy “gold” promises business"
    ):
        read(met)


def test_what_is_no_file_of_rules_at_all() -> None:
    for wrong in (None, [], "rules", 7):
        with pytest.raises(SlaRulesError, match="top level: expected keys and values such as `policies`"):
            rules_from(wrong, version="1")  # type: ignore[arg-type]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3),
    max_leaves=8,
)
PLACES = sorted(
    {where for where, _, _ in WRONG} | {"escalation", "escalation.people", "policies.0", "schedules.berlin"}
)


@settings(max_examples=150, deadline=None)
@given(where=st.sampled_from(PLACES), value=anything)
def test_whatever_is_written_is_read_or_refused_in_words(where: str, value: Any) -> None:
    said = problems_of(where, value)
    assert said is None or said
    assert all(len(problem) < 600 for problem in said or ())


def problems_of(where: str, value: Any) -> tuple[str, ...] | None:
    try:
        read(lambda mapping: put(mapping, where, value))
    except SlaRulesError as error:
        return error.problems
    return None


def test_the_rules_of_a_fresh_install_promise_what_is_documented() -> None:
    rules = rules_from(load_sla(), version="default")
    assert rules_from(json.loads(json.dumps(load_sla())), version="default") == rules
    facts = {"requester_zone": ("Asia/Kolkata",)}
    schedule, why = rules.schedule_for(facts)
    assert (schedule.time_zone, why) == ("Asia/Kolkata", "the requester's time zone")
    day = timedelta(hours=8)
    promised = {
        priority.value: [rules.promised(facts, priority)[metric][0] for metric in Metric if metric in wanted]
        for wanted in [(Metric.FIRST_REPLY_TIME, Metric.NEXT_REPLY_TIME, Metric.FULL_RESOLUTION_TIME)]
        for priority in Priority
    }
    minutes, hours = (lambda number: timedelta(minutes=number)), (lambda number: timedelta(hours=number))
    assert promised == {
        "P1": [minutes(15), minutes(30), hours(4)],
        "P2": [hours(1), hours(4), hours(24)],
        "P3": [hours(4), hours(8), 3 * day],
        "P4": [day, 2 * day, 5 * day],
    }
    (policy,) = rules.policies
    by_hours = {
        priority: {target.in_business_hours for target in policy.targets if target.priority is priority}
        for priority in Priority
    }
    assert by_hours == {Priority.P1: {False}, Priority.P2: {True}, Priority.P3: {True}, Priority.P4: {True}}
    responses = {
        each.value: (found.reminders, found.ladder, found.at_once) for each, found in rules.escalation.responses.items()
    }
    assert responses == {
        "P1": ((0.5, 0.75, 0.9), "service_down", True),
        "P2": ((0.5, 0.75, 0.9), "late", False),
        "P3": ((0.75, 0.9), None, False),
        "P4": ((0.9,), None, False),
    }


def test_conditions_may_name_whatever_a_ticket_has() -> None:
    asked = ticket(fields={"category": "how_to", "product_area": "billing"}, group_id="7", tags=("vip",))
    who = Requester(id="1", name="A", email=None, organization_id="2", time_zone="Europe/Berlin")
    company = Organization(id="2", name="Veldt", fields={"tier": "gold", "region": "EU"})
    found = facts_of(asked, who, company, {"Billing": "7"})
    assert {each for each in found if not each.startswith(OF_ORGANIZATION)} <= set(SUBJECTS)
