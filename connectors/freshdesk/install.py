"""Freshdesk's side of an installation: automation rules, fields, groups; it has no webhook of its own to test."""

from __future__ import annotations

import secrets as random
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

import requests

from connectors.base import Connection
from connectors.errors import AuthFailed, ConnectorError, Unavailable
from connectors.freshdesk import install_rules
from connectors.freshdesk.api import Api
from connectors.freshdesk.fields import CHOICES
from connectors.freshdesk.install_form import Form
from connectors.freshdesk.install_rules import HEADER, NoTemplate, Rules
from connectors.installing import Finding, Health, Installed, Place, looked_at, not_checked
from connectors.limits import OPEN, Gate

READ_AFTER_PERMISSION = ("scopes", *install_rules.CHECKS, "fields", "groups", "sidebar")
TEST_TIMEOUT_S = (3.0, 10.0)
NOT_A_PERSON = ("deskhand", "integration", "api", "bot", "service", "automation")


class FreshdeskInstaller:
    """One account's installation; see `connectors.installing.Installer`."""

    def __init__(self, connection: Connection, place: Place, *, now: Callable[[], datetime], gate: Gate = OPEN) -> None:
        self._connection = connection
        self._place = place
        # The secret is ours to choose: admins can read it in the rule, so each tenant has its own.
        self._secret = connection.webhook_secrets[0] if connection.webhook_secrets else random.token_urlsafe(24)
        self._api = Api(connection, gate)
        self._rules = Rules(self._api, connection, place, self._secret)
        self._form = Form(self._api, connection, place)
        self._answer: str | None = None

    def check(self) -> tuple[Finding, ...]:
        try:
            me = self._me()
        except AuthFailed as error:
            fix = "Connect again with an API key that is valid."
            refused = Finding(check="permission", health=Health.BAD, state="Refused", detail=str(error), fix=fix)
            return (refused, *not_checked(READ_AFTER_PERMISSION, "Freshdesk refuses our API key."))
        except ConnectorError as error:
            return not_checked(("permission", *READ_AFTER_PERMISSION), str(error), fix="Check again in a minute.")
        return (
            Finding(check="permission", health=Health.GOOD, state="Yes", detail=f"Signed in as {_name(me)}."),
            self._rights(me),
            *looked_at(install_rules.CHECKS, self._rules.check),
            *looked_at(("fields",), self._form.check_fields),
            *looked_at(("groups",), self._form.check_groups),
            *self._sidebar(),
        )

    def install(self) -> Installed:
        me = self._me()
        fields, texts, fields_made = self._form.mend_fields()
        groups, groups_made = self._form.mend_groups()
        settings: dict[str, Any] = {CHOICES: texts}
        rules_made: tuple[str, ...] = ()
        # Without a template the check asks a person for one; until then the regular look at changed tickets finds all.
        with suppress(NoTemplate):
            settings["rule_ids"], rules_made = self._rules.mend()
        return Installed(
            account_id=self._connection.account_id,
            actor_id=str(me["id"]),
            groups=groups,
            fields=fields,
            settings=settings,
            webhook_secret=self._secret,
            made=(*rules_made, *fields_made, *groups_made),
        )

    def send_test(self, nonce: str) -> bool:
        """See `Installer.send_test`: sent from here, the way a rule of ours sends."""
        try:
            answer = requests.post(
                self._place.webhook_url,
                json={"deskhand_test": nonce},
                headers={HEADER: self._secret},
                timeout=TEST_TIMEOUT_S,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            self._answer = f"could not be reached ({type(error).__name__})"
            return False
        self._answer = f"answered {answer.status_code}"
        return False

    def test_answer(self) -> str | None:
        return self._answer

    def uninstall(self) -> tuple[str, ...]:
        kept = "The ticket fields stay: they hold what your desk filled in. Delete them in Freshdesk if you want."
        app = "If you installed the Deskhand app, remove it under Admin > Apps."
        return (*self._rules.remove(), kept, app)

    def _me(self) -> dict[str, Any]:
        found = self._api.get("me", "/agents/me")
        if not isinstance(found, dict) or "id" not in found:
            raise Unavailable("me: Freshdesk's answer names no agent", vendor="freshdesk", operation="me")
        return found

    def _rights(self, me: dict[str, Any]) -> Finding:
        """Rules are admins' business and are looked at next; here, whether a person's clicks would pass for ours."""
        contact = me.get("contact") if isinstance(me.get("contact"), dict) else {}
        words = f"{_name(me)} {contact.get('email') if contact else ''}".lower()
        if any(word in words for word in NOT_A_PERSON):
            return Finding(check="scopes", health=Health.GOOD, state="Own agent", detail="")
        return Finding(
            check="scopes",
            health=Health.WARN,
            state="A person's key",
            detail=f"The API key is {_name(me)}'s: what this person does is taken for our own work.",
            fix="Make an agent called Deskhand, give it the administrator role, and connect again with its key.",
        )

    def _sidebar(self) -> Iterable[Finding]:
        """No API tells which apps are installed."""
        fix = "Install Deskhand's app package under Admin > Apps; its settings are shown by `deskhand connect`."
        yield Finding(
            check="sidebar",
            health=Health.WARN,
            state="Not visible",
            detail="Freshdesk does not say whether the app is installed.",
            fix=fix,
        )


def _name(me: dict[str, Any]) -> str:
    contact = me.get("contact")
    return str(contact.get("name") or "an agent") if isinstance(contact, dict) else "an agent"
