"""What breaks in a helpdesk is found, told and mended; what an admin did on purpose stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app import install
from connectors.installing import Health
from connectors.limits import depth
from tests.app.install_site import Site
from triage.route import TRIAGED_TAG

Break = Callable[[Site, str], None]


def hook(desk: Site) -> Any:
    face: Any = desk.face
    return next(iter(face.hooks.webhooks.values()))


def change_hook(desk: Site, **changes: Any) -> None:
    face: Any = desk.face
    face.hooks.webhooks[hook(desk).id] = replace(hook(desk), **changes)


def rule(desk: Site) -> Any:
    face: Any = desk.face
    return next(iter(face.automations.rules.values()))


def change_rule(desk: Site, **changes: Any) -> None:
    face: Any = desk.face
    face.automations.rules[rule(desk).id] = replace(rule(desk), asked={**rule(desk).asked, **changes})


def change_action(desk: Site, **changes: Any) -> None:
    (action,) = rule(desk).asked["actions"]
    change_rule(desk, actions=[{**action, **changes}])


def delete_webhook(desk: Site, tenant: str) -> None:
    face: Any = desk.face
    if desk.vendor == "zendesk":
        face.hooks.webhooks.clear()
    else:
        del face.automations.rules[rule(desk).id]


def disable_trigger(desk: Site, tenant: str) -> None:
    face: Any = desk.face
    if desk.vendor == "freshdesk":
        change_rule(desk, active=False)
        return
    number = min(face.hooks.triggers)
    face.hooks.triggers[number] = replace(face.hooks.triggers[number], active=False)


def delete_trigger(desk: Site, tenant: str) -> None:
    face: Any = desk.face
    table = face.hooks.triggers if desk.vendor == "zendesk" else face.automations.rules
    del table[min(table)]


def change_secret(desk: Site, tenant: str) -> None:
    if desk.vendor == "zendesk":
        change_hook(desk, secret="another-secret")
    else:
        change_action(desk, custom_headers={"X-Webhook-Token": "another-secret"})


def change_url(desk: Site, tenant: str) -> None:
    url = f"{desk.deps.settings.public_url}/webhooks/{desk.vendor}/elsewhere"
    if desk.vendor == "zendesk":
        change_hook(desk, endpoint=url)
    else:
        change_action(desk, url=url)


def delete_field(desk: Site, tenant: str) -> None:
    fields = desk.running.simulator.state.ticket_fields
    del fields[next(number for number, field in fields.items() if field.title == "Product area")]


def drop_option(desk: Site, tenant: str) -> None:
    fields = desk.running.simulator.state.ticket_fields
    number, field = next((number, field) for number, field in fields.items() if field.title == "Category")
    fields[number] = replace(field, options=field.options[3:])


def double(desk: Site, tenant: str) -> None:
    face: Any = desk.face
    if desk.vendor == "zendesk":
        original = hook(desk)
        face.hooks.new_webhook(name=original.name, endpoint=original.endpoint, subscriptions=original.subscriptions)
    else:
        face.automations.create(rule(desk).type_id, rule(desk).asked, desk.running.simulator.state.integration_user_id)


def switch_off(desk: Site, tenant: str) -> None:
    change_hook(desk, status="inactive")


def edit_trigger(desk: Site, tenant: str) -> None:
    face: Any = desk.face
    number = min(face.hooks.triggers)
    action = {"field": "notification_webhook", "value": [hook(desk).id, '{"text":"{{ticket.description}}"}']}
    face.hooks.triggers[number] = replace(face.hooks.triggers[number], actions=[action])


def revoke(desk: Site, tenant: str) -> None:
    face: Any = desk.face
    face.tokens._tokens.clear()
    assert desk.connection(tenant).token


def delete_group(desk: Site, tenant: str) -> None:
    desk.running.simulator.state.delete_group(int(desk.connection(tenant).groups["Billing"]))


BOTH: list[tuple[Break, str]] = [
    (disable_trigger, "triggers"),
    (delete_trigger, "triggers"),
    (change_secret, "webhook_secret"),
    (change_url, "webhook_url"),
    (delete_field, "fields"),
    (drop_option, "fields"),
    (double, "duplicates"),
    (delete_group, "groups"),
]


@pytest.mark.parametrize(("break_it", "check"), BOTH, ids=lambda each: getattr(each, "__name__", each))
def test_what_broke_is_found_and_mended(desk: Site, break_it: Break, check: str) -> None:
    tenant = desk.connect().tenant
    break_it(desk, tenant)
    found = desk.bad(tenant)
    assert check in found
    assert found[check].repairable
    assert found[check].fix
    assert install.repair(desk.deps, tenant) or check == "groups"
    assert desk.bad(tenant, with_test_event=desk.vendor == "freshdesk") == {}
    assert install.repair(desk.deps, tenant) == ()


@pytest.mark.parametrize(
    ("break_it", "check"),
    [(delete_webhook, "webhook"), (switch_off, "webhook"), (edit_trigger, "triggers"), (revoke, "permission")],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_what_only_zendesk_can_lose_is_found_and_mended(zendesk: Site, break_it: Break, check: str) -> None:
    tenant = zendesk.connect().tenant
    break_it(zendesk, tenant)
    found = zendesk.bad(tenant)
    assert check in found
    assert found[check].repairable
    assert install.repair(zendesk.deps, tenant)
    assert zendesk.bad(tenant) == {}


def test_a_mended_secret_lets_the_next_test_event_in(zendesk: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The receiver still knows the old secret for a moment: the event is sent again."""
    monkeypatch.setattr("app.webhooks.KEPT_FOR", timedelta(seconds=0.5))
    monkeypatch.setattr("app.install.round_trip.SEND_AGAIN_S", 0.6)
    tenant = zendesk.connect().tenant
    change_secret(zendesk, tenant)
    install.repair(zendesk.deps, tenant)
    found = install.diagnose(zendesk.deps, tenant, with_test_event=True)
    assert next(each for each in found if each.check == "test_event").health is Health.GOOD


def test_a_test_event_with_a_strange_signature_says_so(zendesk: Site) -> None:
    tenant = zendesk.connect().tenant
    change_secret(zendesk, tenant)
    assert zendesk.bad(tenant, with_test_event=True)["test_event"].state == "Signature refused"


def test_an_unreachable_install_says_so(zendesk: Site) -> None:
    tenant = zendesk.connect().tenant
    zendesk.running.simulator.faults.set({"webhook_off": True})
    finding = zendesk.bad(tenant, with_test_event=True)["test_event"]
    assert finding.state == "Not reached"
    assert zendesk.deps.settings.public_url in finding.fix


def test_conditions_that_an_admin_added_are_told_and_stay(zendesk: Site) -> None:
    tenant = zendesk.connect().tenant
    face: Any = zendesk.face
    number = min(face.hooks.triggers)
    trigger = face.hooks.triggers[number]
    added = {"field": "group_id", "operator": "is", "value": "7"}
    narrowed = {"all": [*trigger.conditions["all"], added], "any": []}
    face.hooks.triggers[number] = replace(trigger, conditions=narrowed, active=False)
    assert "triggers" in zendesk.bad(tenant)
    install.repair(zendesk.deps, tenant)
    found = {each.check: each for each in install.diagnose(zendesk.deps, tenant)}
    assert (found["triggers"].health, found["triggers"].repairable) == (Health.WARN, False)
    assert added in face.hooks.triggers[number].conditions["all"]


def test_an_option_that_an_admin_added_stays(desk: Site) -> None:
    tenant = desk.connect().tenant
    fields = desk.running.simulator.state.ticket_fields
    number, field = next((number, field) for number, field in fields.items() if field.title == "Category")
    own = replace(field.options[0], name="own", value="own")
    fields[number] = replace(field, options=(own, *field.options[2:]))
    install.repair(desk.deps, tenant)
    values = [option.value for option in fields[number].options]
    assert values[0] == "own"
    assert {option.value for option in field.options} <= set(values)


def test_the_loop_guard_is_the_tag_that_triage_sets() -> None:
    from connectors.zendesk.install_triggers import MARKER_TAG

    assert MARKER_TAG == TRIAGED_TAG


def test_a_scope_that_is_missing_is_named(zendesk: Site) -> None:
    tenant = zendesk.connect().tenant
    face: Any = zendesk.face
    face.tokens._tokens = {key: replace(one, scope="read") for key, one in face.tokens._tokens.items()}
    assert "tickets:write" in zendesk.bad(tenant)["scopes"].detail


def test_checking_does_not_use_up_what_it_reports(zendesk: Site) -> None:
    tenant = zendesk.connect(limits={"requests": 400.0}).tenant
    zendesk.deps.store.budgets.relimit(tenant, "requests", 400.0, now=zendesk.deps.now())
    later = replace(zendesk.deps, now=lambda: datetime.now(UTC) + timedelta(minutes=1))
    found = {each.check: each for each in install.diagnose(later, tenant)}
    assert (found["limit"].health, found["limit"].state) == (Health.GOOD, f"{depth(400.0):.0f} now, 400 a minute")


def test_a_helpdesk_that_asks_to_wait_is_not_said_to_be_away(zendesk: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.install.places.LONGEST_WAIT_S", 0.2)
    tenant = zendesk.connect().tenant
    zendesk.deps.store.budgets.hold(tenant, until=zendesk.deps.now() + timedelta(minutes=5))
    found = {each.check: each for each in install.diagnose(zendesk.deps, tenant)}
    assert (found["address"].health, found["address"].state) == (Health.WARN, "Asks to wait")
    assert found["webhook"].state == "Not checked"


def test_a_clock_that_is_wrong_is_told(zendesk: Site) -> None:
    tenant = zendesk.connect().tenant
    wrong = replace(zendesk.deps, now=lambda: datetime.now(UTC) + timedelta(minutes=2))
    found = {each.check: each for each in install.diagnose(wrong, tenant)}
    assert found["clock"].health is Health.BAD
    assert found["clock"].state in ("119 s off", "120 s off")
