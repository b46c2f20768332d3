"""Zendesk's installer against the simulated helpdesk: what is ours, what is somebody else's, what it may not see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
import responses

from connectors.base import Connection
from connectors.errors import AuthFailed, Forbidden, NotFound, Unavailable
from connectors.installing import CHECKS, FieldPlan, Finding, Health, Installed, Place
from connectors.simulator.knobs import Knobs
from connectors.simulator.server import Running
from connectors.zendesk.install import ZendeskInstaller
from connectors.zendesk.install_api import Api
from connectors.zendesk.install_triggers import TRIGGERS
from connectors.zendesk.session import session_for

PLACE = Place(
    app_url="http://127.0.0.1:9",
    webhook_url="http://127.0.0.1:9/webhooks/zendesk/token-1",
    fields={"category": FieldPlan(title="Category", choices=(("billing", "Billing"), ("bug", "Bug")))},
    groups=("Front desk",),
)

FAR = Connection(tenant="far", vendor="zendesk", base_url="https://far.zendesk.com", token="token-of-far")


@dataclass
class Account:
    """The helpdesk and what we remember of it between two installations."""

    running: Running
    connection: Connection

    @property
    def face(self) -> Any:
        return self.running.simulator.face

    def installer(self, place: Place = PLACE) -> ZendeskInstaller:
        return ZendeskInstaller(self.connection, place, now=lambda: datetime.now(UTC))

    def install(self, place: Place = PLACE) -> Installed:
        installed = self.installer(place).install()
        self.connection = replace(
            self.connection,
            webhook_secrets=(installed.webhook_secret or "",),
            groups=installed.groups,
            fields=installed.fields,
            settings={**self.connection.settings, **installed.settings},
        )
        return installed

    def check(self) -> dict[str, Finding]:
        return {each.check: each for each in self.installer().check()}


@pytest.fixture
def account() -> Iterator[Account]:
    with Running(vendor="zendesk", seed_folder=None, knobs=Knobs().unlimited()) as running:
        face: Any = running.simulator.face
        token = face.tokens.issue(running.simulator.state.integration_user_id).access
        yield Account(running, Connection(tenant="acme", vendor="zendesk", base_url=running.base_url, token=token))


def test_what_is_made_says_only_ids(account: Account) -> None:
    installed = account.install()
    assert len(installed.made) == 4
    (hook,) = account.face.hooks.webhooks.values()
    assert (hook.name, hook.endpoint, hook.status) == ("Deskhand", PLACE.webhook_url, "active")
    assert hook.secret == installed.webhook_secret
    assert hook.secret not in repr(installed)
    bodies = [trigger.actions[0]["value"][1] for trigger in account.face.hooks.triggers.values()]
    assert bodies == [
        '{"ticket_id":"{{ticket.id}}","event":"created","actor_id":"{{current_user.id}}"}',
        '{"ticket_id":"{{ticket.id}}","event":"updated","actor_id":"{{current_user.id}}"}',
    ]
    guard = {"field": "current_tags", "operator": "not_includes", "value": "deskhand_triaged"}
    assert guard in next(iter(account.face.hooks.triggers.values())).conditions["all"]


def test_a_trigger_is_known_by_its_number_when_it_was_renamed(account: Account) -> None:
    account.install()
    number = min(account.face.hooks.triggers)
    account.face.hooks.triggers[number] = replace(account.face.hooks.triggers[number], title="Our bot")
    assert "renamed" in account.check()["triggers"].detail
    account.install()
    assert {one.title for one in account.face.hooks.triggers.values()} == {each.title for each in TRIGGERS}


def test_triggers_of_a_deleted_webhook_are_pointed_to_the_new_one(account: Account) -> None:
    account.install()
    account.face.hooks.webhooks.clear()
    account.connection = replace(account.connection, settings={})
    account.install()
    (hook,) = account.face.hooks.webhooks.values()
    assert len(account.face.hooks.triggers) == 2
    assert {one.actions[0]["value"][0] for one in account.face.hooks.triggers.values()} == {hook.id}


def test_an_admins_own_trigger_on_our_webhook_stays(account: Account) -> None:
    account.install()
    (hook,) = account.face.hooks.webhooks.values()
    ours = next(iter(account.face.hooks.triggers.values()))
    own = replace(ours, id=999, title="Tell Deskhand of refunds")
    account.face.hooks.triggers[999] = own
    account.install()
    assert account.face.hooks.triggers[999] == own
    assert own.actions[0]["value"][0] == hook.id


def test_a_webhook_that_subscribes_to_something_else_is_replaced(account: Account) -> None:
    account.install()
    (hook,) = account.face.hooks.webhooks.values()
    account.face.hooks.webhooks[hook.id] = replace(hook, subscriptions=("zen:event-type:ticket.created",))
    assert account.check()["webhook"].state == "Changed"
    account.install()
    (fresh,) = account.face.hooks.webhooks.values()
    assert fresh.id != hook.id
    assert {one.actions[0]["value"][0] for one in account.face.hooks.triggers.values()} == {fresh.id}


def test_a_moved_install_takes_its_webhook_along(account: Account) -> None:
    account.install()
    moved = replace(PLACE, app_url="https://new.example", webhook_url="https://new.example/webhooks/zendesk/token-1")
    account.install(moved)
    assert [hook.endpoint for hook in account.face.hooks.webhooks.values()] == [moved.webhook_url]


def test_refused_credentials_are_one_finding_and_the_rest_is_not_checked(account: Account) -> None:
    account.install()
    account.connection = replace(account.connection, token="revoked")
    found = account.check()
    assert (found["permission"].health, found["permission"].repairable) == (Health.BAD, True)
    assert {each.state for check, each in found.items() if check != "permission"} == {"Not checked"}
    assert set(found) <= set(CHECKS)
    with pytest.raises(AuthFailed):
        account.installer().install()


def test_a_forbidden_part_is_a_finding_of_its_own(account: Account) -> None:
    account.install()
    token = account.face.tokens.issue(account.running.simulator.state.integration_user_id, "users:read").access
    account.connection = replace(account.connection, token=token)
    found = account.check()
    assert found["permission"].health is Health.GOOD
    assert (found["webhook"].health, found["fields"].health) == (Health.BAD, Health.BAD)
    assert "administrator" in found["webhook"].fix


def test_an_agent_may_not_install(account: Account) -> None:
    state = account.running.simulator.state
    user = state.users[state.integration_user_id]
    state.put(state.users, replace(user, role="agent"))
    with pytest.raises(Forbidden, match="administrator"):
        account.installer().install()
    assert not account.face.hooks.webhooks


def test_a_text_field_of_our_name_is_not_taken_for_ours(account: Account) -> None:
    fields = account.running.simulator.state.ticket_fields
    number, field = next((number, each) for number, each in fields.items() if each.title == "Category")
    fields[number] = replace(field, type="text")
    installed = account.install()
    assert installed.fields["category"] != str(number)
    assert fields[int(installed.fields["category"])].type == "tagger"
    assert fields[number].options == ()


def test_there_is_nothing_to_test_before_there_is_a_webhook(account: Account) -> None:
    with pytest.raises(NotFound):
        account.installer().send_test("nonce")


def test_uninstalling_keeps_fields_and_says_so(account: Account) -> None:
    installed = account.install()
    said = account.installer().uninstall()
    assert not account.face.hooks.webhooks
    assert not account.face.hooks.triggers
    assert int(installed.fields["category"]) in account.running.simulator.state.ticket_fields
    assert any("fields stay" in line for line in said)
    assert len(account.installer().uninstall()) == 1


@pytest.mark.parametrize("answer", [{}, {"webhooks": {}}, {"webhook": {}}, {"webhook": {"id": "../tickets/1"}}])
def test_what_is_made_without_a_number_is_an_answer_that_failed(answer: dict[str, Any]) -> None:
    with responses.RequestsMock() as helpdesk:
        helpdesk.post(f"{FAR.base_url}/api/v2/webhooks", json=answer)
        with pytest.raises(Unavailable):
            Api(session_for(FAR), FAR.base_url).write("POST", "webhooks", "webhook", {"name": "Deskhand"})


@pytest.mark.parametrize("row", [{"name": "Deskhand"}, {"id": None}, {"id": "1/../../users/2"}, {"id": "1?x"}])
def test_a_row_whose_number_cannot_stand_in_a_path_is_an_answer_that_failed(row: dict[str, Any]) -> None:
    with responses.RequestsMock() as helpdesk:
        helpdesk.get(f"{FAR.base_url}/api/v2/webhooks", json={"webhooks": [row]})
        with pytest.raises(Unavailable):
            Api(session_for(FAR), FAR.base_url).rows("webhooks")


@pytest.mark.parametrize("answer", [{}, {"webhooks": None}, {"webhooks": {}}, {"triggers": []}])
def test_an_answer_without_a_list_is_no_empty_list(answer: dict[str, Any]) -> None:
    with responses.RequestsMock() as helpdesk:
        helpdesk.get(f"{FAR.base_url}/api/v2/webhooks", json=answer)
        with pytest.raises(Unavailable):
            Api(session_for(FAR), FAR.base_url).rows("webhooks")


def test_an_answer_without_a_secret_replaces_no_secret(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    account.install()
    read = Api.read
    monkeypatch.setattr(Api, "read", lambda api, path, name: {} if "secret" in name else read(api, path, name))
    with pytest.raises(Unavailable):
        account.installer().install()
