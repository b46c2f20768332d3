"""Whose rules hold."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from app.sla.rules import default_rules, rules_for
from connectors.defaults import load_sla
from connectors.store import Store
from connectors.store.config import SLA
from tests.conftest import ToldClock, new_tenant
from triage.sla.reading import SlaRulesError


def body(title: str) -> dict[str, Any]:
    """The default with another title, as the database gives it back."""
    made: dict[str, Any] = json.loads(json.dumps(load_sla()))
    made["policies"][0]["title"] = title
    return made


def test_a_fresh_install_has_the_shipped_rules(store: Store, tenant: str) -> None:
    assert rules_for(store, tenant) is default_rules()
    assert default_rules().version.startswith("shipped-")


def test_each_tenants_own_newest_version_holds_from_its_saving_on(store: Store, tenant: str, clock: ToldClock) -> None:
    store.tenants.add(new_tenant("other"), webhook_token="elsewhere", now=clock())
    for title in ("First", "Second"):
        store.config.save(tenant, SLA, body(title), by="Ana", why="", now=clock())
        rules = rules_for(store, tenant)
        assert rules.policies[0].title == title
        assert rules_for(store, tenant) is rules, "read again, with calendars to be built again"
    assert rules.version == "2"
    assert rules_for(store, "other") is default_rules()


def test_rules_of_so_many_tenants_are_kept_and_no_more(
    store: Store, tenant: str, clock: ToldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.kept_rules.KEPT", 1)
    store.tenants.add(new_tenant("other"), webhook_token="elsewhere", now=clock())
    for each in (tenant, "other"):
        store.config.save(each, SLA, body(each), by="Ana", why="", now=clock())
    first = rules_for(store, tenant)
    assert rules_for(store, "other").policies[0].title == "other"
    again = rules_for(store, tenant)
    assert again is not first
    assert again == first


def test_stored_rules_that_cannot_be_read_say_so(store: Store, tenant: str, clock: ToldClock) -> None:
    wrong = deepcopy(body("Wrong"))
    wrong["schedules"]["office"]["time_zone"] = "Narnia"
    store.config.save(tenant, SLA, wrong, by="Ana", why="", now=clock())
    with pytest.raises(SlaRulesError, match="Narnia"):
        rules_for(store, tenant)
