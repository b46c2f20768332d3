"""Freshdesk's installer against the simulated helpdesk: rules copied from one made by hand, the rest left alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.base import Connection
from connectors.errors import Unavailable
from connectors.freshdesk.install import FreshdeskInstaller
from connectors.freshdesk.install_rules import TEMPLATE
from connectors.installing import FieldPlan, Finding, Health, Installed, Place
from connectors.simulator.freshdesk.connect import make_template
from connectors.simulator.knobs import Knobs
from connectors.simulator.records import Option
from connectors.simulator.server import Running

PLACE = Place(
    app_url="http://127.0.0.1:9",
    webhook_url="http://127.0.0.1:9/webhooks/freshdesk/token-1",
    fields={
        "category": FieldPlan(title="Category", choices=(("billing", "Billing or invoice"), ("bug", "Bug in the app")))
    },
    groups=("Front desk",),
)
BY_MAIL = [
    {
        "name": "condition_set_1",
        "match_type": "all",
        "properties": [{"resource_type": "ticket", "field_name": "source", "operator": "is", "value": 1}],
    }
]


def by_hand(name: str, **action: Any) -> dict[str, Any]:
    """A rule as an admin saves it, with somebody else's address and credentials."""
    content = {"content_layout": "advanced", "content_type": "application/json", "body": '{"id": "{{ticket.id}}"}'}
    made = {
        "field_name": "trigger_webhook",
        "request_type": "POST",
        "url": "https://other.example/hook",
        "auth_header": {"username": "them", "password": "their-password"},
        "custom_headers": {"X-Their": "their-secret"},
        "content": content,
    }
    return {"name": name, "active": True, "conditions": BY_MAIL, "actions": [{**made, **action}]}


@dataclass
class Account:
    running: Running
    connection: Connection

    @property
    def face(self) -> Any:
        return self.running.simulator.face

    @property
    def rules(self) -> dict[str, Any]:
        return {str(rule.asked["name"]): rule for rule in self.face.automations.rules.values()}

    @property
    def choices(self) -> list[str]:
        (field,) = (one for one in self.running.simulator.state.ticket_fields.values() if one.title == "Category")
        return [option.value for option in field.options]

    @choices.setter
    def choices(self, texts: list[str]) -> None:
        fields = self.running.simulator.state.ticket_fields
        (field,) = (one for one in fields.values() if one.title == "Category")
        fields[field.id] = replace(field, options=tuple(Option(name=text, value=text) for text in texts))

    def add_rule(self, asked: dict[str, Any]) -> None:
        self.face.automations.create(1, asked, self.running.simulator.state.integration_user_id)

    def installer(self) -> FreshdeskInstaller:
        return FreshdeskInstaller(self.connection, PLACE, now=lambda: datetime.now(UTC))

    def install(self) -> Installed:
        installed = self.installer().install()
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
    with Running(vendor="freshdesk", seed_folder=None, knobs=Knobs().unlimited()) as running:
        face: Any = running.simulator.face
        face.automations.rules.clear()
        key = face.credentials(running.base_url)["secrets"]["api_key"]
        connection = Connection(
            tenant="acme", vendor="freshdesk", base_url=running.base_url, token=f"{key}:X", scheme="basic"
        )
        yield Account(running, connection)


def test_without_a_rule_to_copy_a_person_is_asked(account: Account) -> None:
    installed = account.install()
    assert not account.rules
    assert installed.fields == {"category": "cf_category"}
    finding = account.check()["webhook"]
    assert (finding.health, finding.state) == (Health.BAD, "Needs you")
    assert TEMPLATE in finding.fix
    assert (installed.webhook_secret or "-") not in finding.fix


def test_the_rule_that_the_account_has_is_one_to_copy(account: Account) -> None:
    make_template(account.face.automations, account.running.simulator.state.integration_user_id)
    account.install()
    assert list(account.rules) == [TEMPLATE, "Deskhand: new ticket", "Deskhand: ticket changed"]
    assert [rule.active for rule in account.rules.values()] == [False, True, True]
    assert account.check()["triggers"].health is Health.GOOD


def test_the_spelling_is_copied_and_nobody_elses_credentials(account: Account) -> None:
    account.add_rule(by_hand(TEMPLATE))
    installed = account.install()
    rule = account.rules["Deskhand: new ticket"].asked
    (action,) = rule["actions"]
    assert action["field_name"] == "trigger_webhook"
    assert action["url"] == PLACE.webhook_url
    assert action["custom_headers"] == {"X-Webhook-Token": installed.webhook_secret}
    assert "auth_header" not in action
    assert json.loads(action["content"]["body"])["ticket_id"] == "{{ticket.id}}"
    assert rule["conditions"] == BY_MAIL
    assert account.rules["Deskhand: ticket changed"].type_id == 4
    assert account.rules[TEMPLATE].asked == by_hand(TEMPLATE)
    assert {each.health for check, each in account.check().items() if check not in ("sidebar", "groups")} == {
        Health.GOOD
    }


def test_a_strangers_rule_lends_its_spelling_but_not_its_conditions(account: Account) -> None:
    account.add_rule(by_hand("Tell the billing system"))
    account.install()
    (every,) = account.rules["Deskhand: new ticket"].asked["conditions"]
    assert every["match_type"] == "any"
    assert {one["operator"] for one in every["properties"]} == {"is", "is_not"}
    assert "their-secret" not in json.dumps(account.rules["Deskhand: new ticket"].asked)


def test_installing_again_changes_nothing(account: Account) -> None:
    account.add_rule(by_hand(TEMPLATE))
    first = account.install()
    before = {name: rule.asked for name, rule in account.rules.items()}
    again = account.install()
    assert again.made == ()
    assert again.webhook_secret == first.webhook_secret
    assert {name: rule.asked for name, rule in account.rules.items()} == before


LABELS = ["Billing or invoice", "Bug in the app"]
TEXTS = {"billing": "Billing or invoice", "bug": "Bug in the app"}


def test_a_drop_down_offers_labels_and_the_installation_notes_them(account: Account) -> None:
    installed = account.install()
    assert account.choices == LABELS
    assert installed.settings["choices"] == {"category": TEXTS}
    assert account.check()["fields"].health is Health.GOOD


def test_a_drop_down_made_from_nothing_offers_labels(account: Account) -> None:
    account.running.simulator.state.ticket_fields.clear()
    installed = account.install()
    assert account.choices == LABELS
    assert installed.settings["choices"] == {"category": TEXTS}
    assert account.install().made == ()


def test_keys_of_an_older_installation_stay_beside_the_labels(account: Account) -> None:
    account.choices = ["billing", "bug", "their own"]
    account.connection = replace(account.connection, fields={"category": "cf_category"})
    assert "“Billing or invoice”" in account.check()["fields"].detail
    account.install()
    assert account.choices == ["billing", "bug", "their own", *LABELS]
    assert account.check()["fields"].health is Health.GOOD


def test_a_choice_that_was_renamed_is_found_and_added_again(account: Account) -> None:
    account.install()
    account.choices = ["Money", "Bug in the app"]
    finding = account.check()["fields"]
    assert (finding.health, finding.repairable) == (Health.BAD, True)
    assert "lacks 1 of 2 choices: “Billing or invoice”." in finding.detail
    assert account.install().made == ("Completed the ticket field “Category”.",)
    assert account.choices == ["Money", "Bug in the app", "Billing or invoice"]
    assert account.install().made == ()


def test_a_choice_spelt_in_another_way_is_taken_as_it_is(account: Account) -> None:
    account.install()
    account.choices = ["BILLING OR INVOICE", "Bug in the app"]
    finding = account.check()["fields"]
    assert (finding.health, finding.repairable) == (Health.BAD, True)
    installed = account.install()
    assert account.choices == ["BILLING OR INVOICE", "Bug in the app"]
    assert installed.settings["choices"]["category"]["billing"] == "BILLING OR INVOICE"
    assert account.check()["fields"].health is Health.GOOD
    assert account.install().made == ()


def test_labels_that_are_there_but_not_noted_are_told(account: Account) -> None:
    account.install()
    account.connection = replace(account.connection, settings={})
    assert account.check()["fields"].repairable
    assert account.install().made
    assert account.check()["fields"].health is Health.GOOD


def test_an_admins_conditions_on_our_rule_stay(account: Account) -> None:
    account.add_rule(by_hand(TEMPLATE))
    account.install()
    rule = account.rules["Deskhand: new ticket"]
    narrowed = [{**BY_MAIL[0], "match_type": "any"}]
    changed = {**rule.asked, "active": False, "conditions": narrowed}
    account.face.automations.rules[rule.id] = replace(rule, asked=changed)
    account.install()
    after = account.rules["Deskhand: new ticket"].asked
    assert (after["active"], after["conditions"]) == (True, narrowed)


def test_only_our_rules_go(account: Account) -> None:
    account.add_rule(by_hand(TEMPLATE))
    account.add_rule(by_hand("Deskhand: new ticket"))  # another install's: its address is not ours
    account.install()
    assert len(account.rules) == 3
    account.installer().uninstall()
    assert set(account.rules) == {"Deskhand: new ticket", TEMPLATE}
    assert account.rules["Deskhand: new ticket"].asked["actions"][0]["url"] == "https://other.example/hook"


def test_an_agent_without_rights_is_told_for_what(account: Account) -> None:
    account.add_rule(by_hand(TEMPLATE))
    account.install()
    state = account.running.simulator.state
    state.put(state.users, replace(state.users[state.integration_user_id], role="agent"))
    found = account.check()
    assert found["permission"].health is Health.GOOD
    assert found["triggers"].health is Health.BAD
    assert found["triggers"].fix


def test_a_refused_key_is_one_finding(account: Account) -> None:
    account.connection = replace(account.connection, token="nobody:X")
    found = account.check()
    assert found["permission"].health is Health.BAD
    assert {each.state for check, each in found.items() if check != "permission"} == {"Not checked"}


def test_a_test_event_that_reaches_nobody_says_so(account: Account) -> None:
    installer = account.installer()
    assert installer.test_answer() is None
    assert installer.send_test("nonce") is False
    assert "could not be reached" in str(installer.test_answer())


@pytest.mark.parametrize("answer", [{}, {"rules": None}, {"rules": [{"name": "no id"}]}, "rules", [7]], ids=str)
def test_a_list_of_rules_that_cannot_be_read_is_not_taken_for_empty(
    account: Account, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    account.installer().install()
    installer = account.installer()
    monkeypatch.setattr(installer._rules._api, "get", lambda *_: answer)
    with pytest.raises(Unavailable):
        installer._rules.mend()
    with pytest.raises(Unavailable):
        installer._rules.remove()
