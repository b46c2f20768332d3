"""The helpdesk's own policies and schedules as our rules."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from datetime import date
from typing import Any

from connectors.defaults import load_sla
from triage.hours import Holiday, Schedule
from triage.sla import Metric, Policy, Target
from triage.sla.adopting import Adopted, adopted
from triage.sla.reading import rules_from
from triage.sla.rules import SlaRules
from triage.tickets import Priority

REPLY, SOLVE = Metric.FIRST_REPLY_TIME, Metric.FULL_RESOLUTION_TIME
CHRISTMAS = Holiday(name="Christmas", starts_on=date(2026, 12, 24), ends_on=date(2026, 12, 26))
HOURS = tuple((day * 1440 + 480, day * 1440 + 1080) for day in range(5))


def target(priority: Priority, metric: Metric, minutes: float, in_hours: bool = True) -> Target:
    return Target(metric=metric, priority=priority, target_minutes=minutes, in_business_hours=in_hours)


def policy(name: str = "1", position: int = 1, **changes: Any) -> Policy:
    values: dict[str, Any] = {
        "title": f"Policy {name}",
        "targets": (target(Priority.P1, REPLY, 15), target(Priority.P1, SOLVE, 240)),
    }
    return Policy(id=name, position=position, **(values | changes))


def schedule(key: str = "7", **changes: Any) -> Schedule:
    values: dict[str, Any] = {"name": "Berlin", "time_zone": "Europe/Berlin", "intervals": HOURS, "is_default": True}
    return Schedule(id=key, **(values | changes))


def adopt(
    policies: Sequence[Policy] = (policy(),),
    schedules: Sequence[Schedule] = (schedule(),),
    before: Any = None,
    tells_holidays: bool = True,
) -> tuple[SlaRules, Adopted]:
    found = adopted(before or load_sla(), policies, schedules, is_shipped=before is None, tells_holidays=tells_holidays)
    return rules_from(found.rules, version="2"), found


def own() -> dict[str, Any]:
    """What an admin wrote, with an earlier import in it."""
    rules = deepcopy(dict(load_sla()))
    rules["policies"] = [
        {"id": "vip", "applies_to": {"tier": ["gold"]}, "targets": {"P1": {"first_reply": "5 min"}}},
        {"id": "native-1", "targets": {}},
        {"id": "native-gone", "targets": {}},
        {"id": "rest", "targets": {}},
    ]
    rules["schedules"]["native-7"] = {
        "time_zone": "UTC",
        "monday": ["09:00-10:00"],
        "holidays": [{"date": "2026-05-01", "name": "Ours"}, {"country": "DE"}],
        "breaks": {"2026-12-21": ["10:00-11:00"]},
    }
    rules["schedules"]["native-gone"] = {"time_zone": "UTC", "hours": "24/7"}
    rules["which_schedule"] = {
        "organizations": {"Veldt": "office", "Kestrel": "native-gone", "Bluefin": "native-7"},
        "requester_zone_copies": "native-gone",
        "default": "native-gone",
    }
    rules["paused_in"] = ["pending", "on_hold"]
    return rules


def test_on_a_fresh_install_the_helpdesks_own_stand_alone() -> None:
    rules, found = adopt([policy("2", 2, applies_to={}), policy("1", 1, applies_to={"group_id": ("9",)})])
    assert [(each.id, each.title, dict(each.applies_to)) for each in rules.policies] == [
        ("native-1", "Policy 1", {"group_id": ("9",)}),
        ("native-2", "Policy 2", {}),
    ]
    assert set(rules.schedules) == {"native-7"}
    assert (rules.default_schedule, rules.zone_copies) == ("native-7", None)
    assert rules.escalation == rules_from(load_sla(), version="1").escalation
    assert any("requester_zone_copies: native-7" in note for note in found.notes)


def test_targets_mean_the_same_and_read_short() -> None:
    targets = (
        target(Priority.P1, REPLY, 0.5, in_hours=False),
        target(Priority.P1, SOLVE, 240, in_hours=True),
        target(Priority.P2, REPLY, 90, in_hours=False),
        target(Priority.P2, SOLVE, 100 / 3, in_hours=False),
    )
    rules, found = adopt([policy(targets=targets)])
    assert set(rules.policies[0].targets) == set(targets)
    assert found.rules["policies"][0]["targets"] == {
        "P1": {
            "first_reply": {"time": "30 s", "hours": "calendar"},
            "resolution": {"time": "4 h", "hours": "business"},
        },
        "P2": {"first_reply": "1 h 30 min", "resolution": "2000 s", "hours": "calendar"},
    }
    _, found = adopt([policy()])
    assert found.rules["policies"][0] == {
        "id": "native-1",
        "title": "Policy 1",
        "hours": "business",
        "targets": {"P1": {"first_reply": "15 min", "resolution": "4 h"}},
    }


def test_a_policy_whose_conditions_cannot_be_expressed_never_holds() -> None:
    strange = policy(applies_to={"priority is_not": ("low",), "tag": ("vip",), "channel": ("carrier pigeon",)})
    rules, found = adopt([strange, policy("2", 2)])
    assert [(each.id, each.is_active) for each in rules.policies] == [("native-1", False), ("native-2", True)]
    (note,) = (each for each in found.notes if "cannot be expressed" in each)
    assert "priority is_not low" in note
    assert "channel carrier pigeon" in note
    assert "vip" not in note
    assert "priority is_not low" in found.rules["policies"][0]["note"]


def test_what_is_off_there_is_off_here_and_no_time_is_no_target() -> None:
    rules, found = adopt([policy(is_active=False, targets=(target(Priority.P1, REPLY, 0),))])
    assert (rules.policies[0].is_active, rules.policies[0].targets) == (False, ())
    assert any("a target of no time" in note for note in found.notes)


def test_schedules_keep_their_hours_and_holidays() -> None:
    over_midnight = ((0, 1440 + 360), (6 * 1440 + 1200, 7 * 1440))
    night = schedule("8", name="Night", intervals=over_midnight, is_default=False, holidays=(CHRISTMAS,))
    always = schedule("9", name="Always", intervals=((0, 10_080),), is_default=False)
    rules, found = adopt(schedules=[night, always, schedule()])
    assert rules.default_schedule == "native-7"
    kept = rules.schedules["native-8"]
    assert kept.intervals == ((0, 1440), (1440, 1800), (6 * 1440 + 1200, 10_080))
    assert (kept.holidays, kept.time_zone) == ((CHRISTMAS,), "Europe/Berlin")
    assert rules.schedules["native-7"].intervals == HOURS
    assert found.rules["schedules"]["native-9"]["hours"] == "24/7"


def test_what_an_admin_added_stays() -> None:
    rules, found = adopt([policy("1"), policy("3", 2)], [schedule(holidays=(CHRISTMAS,))], before=own())
    assert [each.id for each in rules.policies] == ["vip", "native-1", "native-3", "rest"]
    assert list(rules.schedules) == ["office", "always", "native-7"]
    berlin = found.rules["schedules"]["native-7"]
    assert berlin["holidays"] == [
        {"date": "2026-12-24", "until": "2026-12-26", "name": "Christmas"},
        {"country": "DE"},
    ]
    assert berlin["breaks"] == {"2026-12-21": ["10:00-11:00"]}
    assert (rules.default_schedule, rules.zone_copies) == ("native-7", None)
    assert rules.by_organization == {"Veldt": "office", "Bluefin": "native-7"}
    assert len(rules.paused_in) == 2


def test_where_holidays_are_not_told_those_added_here_stay() -> None:
    _, found = adopt(before=own(), tells_holidays=False)
    assert found.rules["schedules"]["native-7"]["holidays"] == [
        {"date": "2026-05-01", "name": "Ours"},
        {"country": "DE"},
    ]
    _, fresh = adopt(tells_holidays=False)
    assert any("add them under its `holidays`" in note for note in fresh.notes)


def test_the_same_import_again_changes_nothing() -> None:
    for tells in (True, False):
        _, first = adopt(
            before=own(), tells_holidays=tells, schedules=[schedule(holidays=(CHRISTMAS,) if tells else ())]
        )
        _, again = adopt(
            before=first.rules, tells_holidays=tells, schedules=[schedule(holidays=(CHRISTMAS,) if tells else ())]
        )
        assert again.rules == first.rules


def test_a_helpdesk_without_any_changes_nothing_and_says_so() -> None:
    _, found = adopt((), ())
    assert found.rules == load_sla()
    assert len(found.notes) == 2


def test_schedules_with_problems_are_named() -> None:
    found = adopted(
        load_sla(),
        (),
        [schedule("8", name="Mixed", intervals=((0, 60), (30, 90))), schedule("9", name="Shut", intervals=())],
        is_shipped=True,
        tells_holidays=True,
    )
    assert any("Mixed" in note and "overlap" in note for note in found.notes)
    assert "Schedule “Shut” is never open." in found.notes
