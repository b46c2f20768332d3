"""What sends us Zendesk's events: one webhook, and two triggers that call it with ids only.

A webhook is ours by its name together with its address (or the id we noted); a trigger by its title together with
the webhook it calls. What an admin made beside them is never touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.base import Connection
from connectors.errors import NotFound, Unavailable
from connectors.installing import Finding, Health, Place, not_checked
from connectors.zendesk.install_api import Api, Row
from connectors.zendesk.install_triggers import TRIGGERS, Wanted, called, is_narrowed, lost_a_condition, problems

NAME = "Deskhand"

WEBHOOK = {
    "name": NAME,
    "description": "Tells Deskhand which ticket is new or was changed. Made by Deskhand.",
    "http_method": "POST",
    "request_format": "json",
    "status": "active",
}
SUBSCRIPTIONS = ["conditional_ticket_events"]
CHECKS = ("webhook", "webhook_url", "webhook_secret", "duplicates", "triggers")


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything of ours as it is now; `webhooks` has the one to keep first."""

    webhooks: tuple[Row, ...]
    triggers: Mapping[str, tuple[Row, ...]]

    @property
    def webhook(self) -> Row | None:
        return self.webhooks[0] if self.webhooks else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """`secret` signs what the webhook sends; `settings` are the ids to remember."""

    secret: str
    settings: Mapping[str, Any]
    made: tuple[str, ...]


class Events:
    def __init__(self, api: Api, connection: Connection, place: Place) -> None:
        self._api = api
        self._place = place
        self._secrets = connection.webhook_secrets
        self._webhook_id = str(connection.settings.get("webhook_id") or "")
        noted = connection.settings.get("trigger_ids")
        self._trigger_ids = {str(value) for value in noted.values()} if isinstance(noted, Mapping) else set()

    def see(self) -> Seen:
        everyones = self._api.rows("webhooks")
        ours = [row for row in everyones if self._is_ours(row)]
        ours.sort(key=self._worth_keeping)
        known, own = {str(row.get("id")) for row in everyones}, {str(row.get("id")) for row in ours}
        triggers: dict[str, list[Row]] = {wanted.key: [] for wanted in TRIGGERS}
        for row in self._api.rows("triggers"):
            if (wanted := self._wanted(row, known, own)) is not None:
                triggers[wanted.key].append(row)
        for rows in triggers.values():
            rows.sort(key=lambda row: (str(row.get("id")) not in self._trigger_ids, not row.get("active")))
        return Seen(tuple(ours), {key: tuple(rows) for key, rows in triggers.items()})

    def check(self) -> tuple[Finding, ...]:
        seen = self.see()
        if seen.webhook is None:
            gone = _bad("webhook", "Missing", "No webhook called Deskhand calls this address.")
            rest = not_checked(("webhook_url", "webhook_secret"), "There is no webhook to look at.")
            return (gone, *rest, _good("duplicates", "None"), self._triggers(seen))
        return (
            self._active(seen.webhook),
            self._url(seen.webhook),
            self._secret(seen.webhook),
            _duplicates(seen),
            self._triggers(seen),
        )

    def mend(self) -> Mended:
        """Webhook first, then the triggers that call it; what is left over goes last, when nothing calls it."""
        made: list[str] = []
        seen = self.see()
        webhook_id = self._mend_webhook(seen.webhook, made)
        trigger_ids = {}
        for wanted in TRIGGERS:
            trigger_ids[wanted.key] = self._mend_trigger(wanted, seen.triggers[wanted.key], webhook_id, made)
        for row in seen.webhooks:
            if str(row.get("id")) != webhook_id:
                self._api.delete(f"webhooks/{row['id']}")
                made.append(f"Removed the second webhook {row['id']}.")
        secret = self._read_secret(webhook_id)
        if self._secrets and secret != self._secrets[0]:
            made.append("Took over the webhook's new signing secret.")
        return Mended(secret=secret, settings={"webhook_id": webhook_id, "trigger_ids": trigger_ids}, made=tuple(made))

    def remove(self) -> tuple[str, ...]:
        """Triggers before the webhook they call."""
        seen = self.see()
        made = []
        for row in (row for rows in seen.triggers.values() for row in rows):
            self._gone(f"triggers/{row['id']}")
            made.append(f"Removed the trigger “{row.get('title')}”.")
        for row in seen.webhooks:
            self._gone(f"webhooks/{row['id']}")
            made.append(f"Removed the webhook “{row.get('name')}”.")
        return tuple(made)

    def webhook_id(self) -> str | None:
        webhook = self.see().webhook
        return None if webhook is None else str(webhook["id"])

    def _is_ours(self, row: Row) -> bool:
        """By id, or by name and an address of this install: another install on the same account keeps its own."""
        if self._webhook_id and str(row.get("id")) == self._webhook_id:
            return True
        endpoint = str(row.get("endpoint") or "")
        return row.get("name") == NAME and endpoint.startswith(f"{self._place.app_url}/webhooks/")

    def _worth_keeping(self, row: Row) -> tuple[bool, bool, str]:
        return (
            row.get("endpoint") != self._place.webhook_url,
            str(row.get("id")) != self._webhook_id,
            str(row.get("created_at") or ""),
        )

    def _wanted(self, row: Row, known: set[str], own: set[str]) -> Wanted | None:
        """Which of ours it is: by its noted id, or by its title and by calling our webhook or one that is gone."""
        calls = {called(action) for action in row.get("actions") or () if isinstance(action, dict)} - {None}
        ours = bool(calls & own) or bool(calls - known) or str(row.get("id")) in self._trigger_ids
        if not ours:
            return None
        by_title = next((each for each in TRIGGERS if each.title == row.get("title")), None)
        if by_title is not None or str(row.get("id")) not in self._trigger_ids:
            return by_title
        bodies = [str(action.get("value")) for action in row.get("actions") or () if isinstance(action, dict)]
        return next((each for each in TRIGGERS if any(f'"{each.event}"' in body for body in bodies)), None)

    def _active(self, webhook: Row) -> Finding:
        if webhook.get("status") != "active":
            return _bad("webhook", "Switched off", "The webhook Deskhand is inactive, so no event is sent.")
        if _form(webhook):
            return _bad("webhook", "Changed", f"The webhook sends in another way than it must: {_form(webhook)}.")
        return _good("webhook", "Yes")

    def _url(self, webhook: Row) -> Finding:
        if webhook.get("endpoint") == self._place.webhook_url:
            return _good("webhook_url", "Yes")
        return _bad("webhook_url", "Another address", "The webhook sends to an address that is not this install's.")

    def _secret(self, webhook: Row) -> Finding:
        if self._secrets and self._read_secret(str(webhook["id"])) == self._secrets[0]:
            return _good("webhook_secret", "Yes")
        return _bad("webhook_secret", "Changed", "The signing secret was reset in Zendesk, so events are refused.")

    def _triggers(self, seen: Seen) -> Finding:
        webhook_id = str(seen.webhook["id"]) if seen.webhook else ""
        broken = [text for wanted in TRIGGERS for text in problems(wanted, seen.triggers[wanted.key], webhook_id)]
        if broken:
            right = sum(not problems(wanted, seen.triggers[wanted.key], webhook_id) for wanted in TRIGGERS)
            return _bad("triggers", f"{right} of {len(TRIGGERS)}", " ".join(broken))
        narrowed = [wanted.title for wanted in TRIGGERS if is_narrowed(wanted, seen.triggers[wanted.key][0])]
        if narrowed:
            return Finding(
                check="triggers",
                health=Health.WARN,
                state="Narrowed",
                detail=f"Somebody added conditions to {_quoted(narrowed)}: other tickets are seen minutes later.",
                fix="Remove the added conditions in Zendesk if they are not meant.",
            )
        return _good("triggers", f"{len(TRIGGERS)} of {len(TRIGGERS)}")

    def _mend_webhook(self, webhook: Row | None, made: list[str]) -> str:
        whole = {**WEBHOOK, "endpoint": self._place.webhook_url}
        if webhook is None or webhook.get("subscriptions") not in (None, SUBSCRIPTIONS):
            # What a webhook subscribes to cannot be changed: another one takes its place.
            created = self._api.write("POST", "webhooks", "webhook", {**whole, "subscriptions": SUBSCRIPTIONS})
            made.append("Made the webhook “Deskhand”.")
            return str(created["id"])
        changed = {name: value for name, value in whole.items() if webhook.get(name) != value}
        if changed:
            self._api.write("PATCH", f"webhooks/{webhook['id']}", "webhook", changed)
            made.append(f"Changed the webhook “Deskhand”: {', '.join(sorted(changed))}.")
        return str(webhook["id"])

    def _mend_trigger(self, wanted: Wanted, rows: tuple[Row, ...], webhook_id: str, made: list[str]) -> str:
        if not rows:
            created = self._api.write("POST", "triggers", "trigger", wanted.whole(webhook_id))
            made.append(f"Made the trigger “{wanted.title}”.")
            return str(created["id"])
        kept, *others = rows
        if problems(wanted, (kept,), webhook_id):
            whole = wanted.whole(webhook_id)
            if not lost_a_condition(wanted, kept):
                del whole["conditions"]  # conditions that an admin added stay
            self._api.write("PUT", f"triggers/{kept['id']}", "trigger", whole)
            made.append(f"Mended the trigger “{wanted.title}”.")
        for row in others:
            self._api.delete(f"triggers/{row['id']}")
            made.append(f"Removed the second trigger “{wanted.title}”.")
        return str(kept["id"])

    def _read_secret(self, webhook_id: str) -> str:
        path = f"webhooks/{webhook_id}/signing_secret"
        secret = self._api.read(path, "signing_secret").get("secret")
        if not isinstance(secret, str) or not secret:
            raise Unavailable(f"{path}: Zendesk's answer has no secret", vendor="zendesk", operation=path)
        return secret

    def _gone(self, path: str) -> None:
        try:
            self._api.delete(path)
        except NotFound:
            return


def _form(webhook: Row) -> str:
    wrong = [name for name in ("http_method", "request_format") if webhook.get(name) != WEBHOOK[name]]
    wrong += ["subscriptions"] if webhook.get("subscriptions") not in (None, SUBSCRIPTIONS) else []
    return ", ".join(wrong)


def _duplicates(seen: Seen) -> Finding:
    if len(seen.webhooks) == 1:
        return _good("duplicates", "None")
    return _bad("duplicates", f"{len(seen.webhooks)} webhooks", "More than one webhook is ours: events arrive twice.")


def _quoted(titles: Iterable[str]) -> str:
    return " and ".join(f"“{title}”" for title in titles)


def _good(check: str, state: str) -> Finding:
    return Finding(check=check, health=Health.GOOD, state=state, detail="")


def _bad(check: str, state: str, detail: str) -> Finding:
    fix = "Run `deskhand doctor --repair`."
    return Finding(check=check, health=Health.BAD, state=state, detail=detail, fix=fix, repairable=True)
