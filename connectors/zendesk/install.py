"""Zendesk's side of an installation: webhook, triggers, fields, groups, and the sidebar as far as the API shows it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from connectors.base import Connection
from connectors.errors import AuthFailed, ConnectorError, Forbidden, NotFound, Unavailable
from connectors.installing import Finding, Health, Installed, Place, looked_at, not_checked
from connectors.limits import OPEN, Gate
from connectors.zendesk import install_events
from connectors.zendesk.install_api import Api, Row
from connectors.zendesk.install_events import NAME, Events
from connectors.zendesk.install_form import Form
from connectors.zendesk.session import session_for

# https://developer.zendesk.com/api-reference/ticketing/oauth/grant_type_tokens/ : `read` and `write` cover the rest.
NEEDED_SCOPES = ("read", "tickets:write", "triggers:write", "webhooks:write")
READ_AFTER_PERMISSION = ("scopes", *install_events.CHECKS, "fields", "groups", "sidebar")
APPS = "Admin Center > Apps and integrations > Zendesk Support apps"


class ZendeskInstaller:
    """One account's installation; see `connectors.installing.Installer`."""

    def __init__(self, connection: Connection, place: Place, *, now: Callable[[], datetime], gate: Gate = OPEN) -> None:
        self._connection = connection
        self._api = Api(session_for(connection, gate), connection.base_url)
        self._events = Events(self._api, connection, place)
        self._form = Form(self._api, connection, place)
        self._tested: tuple[str, str] | None = None

    def check(self) -> tuple[Finding, ...]:
        try:
            me = self._me()
        except AuthFailed as error:
            fix = "Run `deskhand doctor --repair`; if that does not help, connect again."
            refused = Finding(
                check="permission", health=Health.BAD, state="Refused", detail=str(error), fix=fix, repairable=True
            )
            return (refused, *not_checked(READ_AFTER_PERMISSION, "Zendesk refuses our credentials."))
        except ConnectorError as error:
            return not_checked(("permission", *READ_AFTER_PERMISSION), str(error), fix="Check again in a minute.")
        return (
            Finding(check="permission", health=Health.GOOD, state="Yes", detail=f"Signed in as {me.get('name')}."),
            *looked_at(("scopes",), lambda: self._rights(me)),
            *looked_at(install_events.CHECKS, self._events.check),
            *looked_at(("fields",), self._form.check_fields),
            *looked_at(("groups",), self._form.check_groups),
            *looked_at(("sidebar",), self._sidebar),
        )

    def install(self) -> Installed:
        me = self._me()
        if me.get("role") != "admin":
            raise Forbidden(
                f"{me.get('name')} is no administrator in Zendesk: webhooks and triggers need one. "
                "Sign in as an administrator, best a user of its own for Deskhand.",
                vendor="zendesk",
                operation="install",
            )
        events = self._events.mend()
        fields = self._form.mend_fields()
        groups = self._form.mend_groups()
        return Installed(
            # No endpoint names the account's number; a signature proves more than that header.
            account_id=self._connection.account_id,
            actor_id=str(me["id"]),
            groups=groups.ids,
            fields=fields.ids,
            settings={**events.settings, **self._app_ids()},
            webhook_secret=events.secret,
            made=(*events.made, *fields.made, *groups.made),
        )

    def send_test(self, nonce: str) -> bool:
        """See `Installer.send_test`: Zendesk signs a test call like any other."""
        webhook_id = self._events.webhook_id()
        if webhook_id is None:
            raise NotFound("there is no webhook to test", vendor="zendesk", operation="send_test")
        request = {"request_method": "POST", "request_format": "json", "payload": test_body(nonce)}
        answer = self._api.post("webhooks/test", {"request": request}, webhook_id=webhook_id)
        self._tested = (webhook_id, str(answer.get("invocation_id") or ""))
        return True

    def test_answer(self) -> str | None:
        """From the activity log: the status of the newest attempt."""
        if self._tested is None:
            return None
        webhook_id, invocation_id = self._tested
        rows = self._api.rows(f"webhooks/{webhook_id}/invocations")
        status = next((row.get("status_code") for row in rows if row.get("id") == invocation_id), None)
        return None if status is None else f"answered {status}"

    def uninstall(self) -> tuple[str, ...]:
        kept = "The ticket fields stay: they hold what your desk filled in. Delete them in Zendesk if you want."
        return (*self._events.remove(), kept)

    def _me(self) -> Row:
        me = self._api.read("users/me", "user")
        if not str(me.get("id") or "").isdigit():
            raise Unavailable("users/me: Zendesk's answer names no user", vendor="zendesk", operation="users/me")
        return me

    def _rights(self, me: Row) -> Iterable[Finding]:
        if me.get("role") != "admin":
            detail = f"{me.get('name')} is no administrator: webhooks, triggers and the export need one."
            fix = "Make this user an administrator, or connect again as one."
            return [Finding(check="scopes", health=Health.BAD, state="Not an admin", detail=detail, fix=fix)]
        try:
            scopes = set(self._api.read("oauth/tokens/current", "token").get("scopes") or ())
        except NotFound:  # an API token: it may do what its user may
            return [Finding(check="scopes", health=Health.GOOD, state="All", detail="")]
        missing = [each for each in NEEDED_SCOPES if not {each, each.rpartition(":")[2]} & scopes]
        if missing:
            detail = f"The token lacks {', '.join(missing)}."
            fix = "Connect again and allow all that is asked for."
            return [Finding(check="scopes", health=Health.BAD, state="Too few", detail=detail, fix=fix)]
        return [Finding(check="scopes", health=Health.GOOD, state=", ".join(sorted(scopes)), detail="")]

    def _sidebar(self) -> Iterable[Finding]:
        app = self._app()
        if app is None:
            detail = "Agents do not see the panel yet. Triage works without it."
            fix = f"Upload Deskhand's app package under {APPS}, then run `deskhand doctor --repair`."
            return [Finding(check="sidebar", health=Health.WARN, state="Not installed", detail=detail, fix=fix)]
        if app.get("enabled") is False:
            fix = f"Switch it on under {APPS}."
            return [
                Finding(check="sidebar", health=Health.WARN, state="Switched off", detail="The app is off.", fix=fix)
            ]
        if self._connection.settings.get("installation_id") != str(app.get("id")):
            detail = "The app was installed after Deskhand was connected."
            fix = "Run `deskhand doctor --repair`."
            return [Finding(check="sidebar", health=Health.WARN, state="New", detail=detail, fix=fix, repairable=True)]
        return [Finding(check="sidebar", health=Health.GOOD, state="Yes", detail="")]

    def _app_ids(self) -> dict[str, Any]:
        try:
            app = self._app()
        except (Forbidden, NotFound):  # a plan or user without apps: the rest works
            return {}
        return {} if app is None else {"app_id": str(app.get("app_id")), "installation_id": str(app.get("id"))}

    def _app(self) -> Row | None:
        """Our app among the installed ones: by the id we noted, else by name."""
        rows = self._api.rows("apps/installations")
        noted = self._connection.settings.get("installation_id")
        for row in rows:
            if noted is not None and str(row.get("id")) == noted:
                return row
        return next((row for row in rows if _named(row) == NAME), None)


def test_body(nonce: str) -> str:
    """What our own receiver takes for a test event."""
    return json.dumps({"deskhand_test": nonce})


def _named(app: Row) -> object:
    settings = app.get("settings")
    return settings.get("name") or settings.get("title") if isinstance(settings, dict) else None
