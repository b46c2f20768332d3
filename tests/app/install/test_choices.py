"""Agents read words in the fields, triage reads keys, whatever a helpdesk keeps: through connect, write and read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from app import install
from app.bootstrap import Deps
from app.install.places import helpdesk
from connectors.simulator.records import Option
from tests.app.install_site import Site, site
from triage.actions import UpdateTicket

CHANGE = {"category": "login_problem", "product_area": "identity"}
WORDS = {"Category": "Login or password problem", "Product area": "Identity"}


@pytest.fixture
def account(deps: Deps, company: Path) -> Iterator[Site]:
    """As an admin leaves it who read the guide: with the one rule made by hand."""
    with site(deps, "freshdesk", company, by_hand=True) as made:
        yield made


def arrive(desk: Site) -> str:
    body = {"requester": "kim@acme.example", "subject": "Help"}
    return str(requests.post(f"{desk.running.base_url}/_sim/tickets", json=body, timeout=5).json()["id"])


def write(desk: Site, tenant: str, key: str) -> Any:
    ref = arrive(desk)
    client = helpdesk(desk.deps, desk.connection(tenant))
    client.update_ticket(UpdateTicket(ticket_ref=ref, **CHANGE), key=key)
    return ref, client


def shown(desk: Site, ref: str) -> dict[str, str]:
    """The fields by title as the helpdesk itself keeps them."""
    state = desk.running.simulator.state
    values = state.tickets[int(ref)].custom_fields
    return {field.title: str(values[field.id]) for field in state.ticket_fields.values()}


def test_agents_read_words_and_we_read_keys(account: Site) -> None:
    tenant = account.connect().tenant
    ref, client = write(account, tenant, "k")
    assert shown(account, ref) == WORDS
    assert client.ticket(ref).fields == CHANGE
    assert account.bad(tenant) == {}


def test_an_installation_that_wrote_keys_goes_on_with_words(account: Site) -> None:
    tenant = account.connect().tenant
    fields = account.running.simulator.state.ticket_fields
    for number, field in fields.items():
        name = field.title.lower().replace(" ", "_")
        keys = account.connection(tenant).settings["choices"][name]
        fields[number] = replace(field, options=tuple(Option(name=key, value=key) for key in keys))
    account.deps.store.installations.set(tenant, choices={})
    old, client = write(account, tenant, "old")
    assert shown(account, old) == {"Category": "login_problem", "Product area": "identity"}
    assert account.bad(tenant)["fields"].repairable

    assert install.repair(account.deps, tenant)
    new, client = write(account, tenant, "new")
    # A key that differs from its label in case only is kept: two such choices would be one.
    assert shown(account, new) == {"Category": "Login or password problem", "Product area": "identity"}
    assert client.ticket(old).fields == client.ticket(new).fields == CHANGE
    (category,) = (field for field in fields.values() if field.title == "Category")
    assert {"login_problem", "Login or password problem"} <= {option.value for option in category.options}
    assert account.bad(tenant) == {}
    assert install.repair(account.deps, tenant) == ()


def test_a_choice_that_an_admin_renamed_is_told_and_made_good(account: Site) -> None:
    tenant = account.connect().tenant
    fields = account.running.simulator.state.ticket_fields
    (category,) = (field for field in fields.values() if field.title == "Category")
    renamed = tuple(
        Option(name="Sign-in", value="Sign-in") if option.value == WORDS["Category"] else option
        for option in category.options
    )
    fields[category.id] = replace(category, options=renamed)
    assert WORDS["Category"] in account.bad(tenant)["fields"].detail
    install.repair(account.deps, tenant)
    offered = [option.value for option in fields[category.id].options]
    assert {"Sign-in", WORDS["Category"]} <= set(offered)
    ref, _ = write(account, tenant, "k")
    assert shown(account, ref) == WORDS
    assert account.bad(tenant) == {}
