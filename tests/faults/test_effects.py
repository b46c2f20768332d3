"""What leaves us otherwise than to a helpdesk, on real sockets that fail: each kind keeps to its policy.

A page is made and a webhook called at least once, under one key; a mail and a chat post at most once. What is counted
is what arrived.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from app.bootstrap import Deps
from app.settings import Settings
from connectors.opsgenie import HOSTS
from connectors.outside import Outside
from connectors.queue import SEND
from connectors.recorder import FILE
from connectors.store import Store
from connectors.store.outbox import MESSAGES, PAGE, POST_CHAT, POST_WEBHOOK, SEND_MAIL, effect_key
from connectors.store.schema import outbox
from connectors.store.tenants import (
    LIVE,
    OPSGENIE_KEY,
    OPSGENIE_REGION,
    OUT_WEBHOOK_SECRET,
    OUT_WEBHOOK_URL,
    PAGER_KEY,
    SHADOW,
    chat_address,
)
from jobs import runtime
from jobs.clock import Clock
from jobs.outcomes import AfterUnknown
from jobs.runtime import RUNNING_LEASE, Runtime
from jobs.send import EFFECTS, send
from tests.conftest import ToldClock
from tests.connectors.servers import ANSWER, RESET_AFTER, RESET_BEFORE, SILENT, Post, Taker, post_office, taker
from tests.jobs.conftest import Direct
from triage.messages import Page, PageAction, PostChat, PostWebhook, SendMail, Severity

RECIPIENT = "nadja@nordlicht.example"
ACTIONS: dict[str, Any] = {
    SEND_MAIL: SendMail(to=RECIPIENT, subject="Your week", text="Three tickets.\n.\nBye.", kind="digest"),
    PAGE: Page(summary="P1 unanswered for 30 min", severity=Severity.CRITICAL, source="ticket 7"),
    POST_CHAT: PostChat(channel="support", text="A P1 came in."),
    POST_WEBHOOK: PostWebhook(event="late", subject="#7 is late", text="Due 14:05.", at="2026-11-23T14:05:00+00:00"),
}
KEYED = (PAGE, POST_WEBHOOK)
"""Kinds whose receiver knows a repetition."""


class Line:
    """A tenant with every channel set up, and the jobs stepped by hand."""

    def __init__(self, store: Store, clock: ToldClock, var: Path, **settings: str) -> None:
        self.store, self.clock = store, clock
        env = {"DESKHAND_VAR": str(var), **{f"DESKHAND_{name.upper()}": value for name, value in settings.items()}}
        outside = Outside(loopback=True, timeout_s=0.3)
        self.run = Runtime(Deps(Settings.from_env(env), store, clock, outside))
        runtime.use(self.run)
        self.queue = Direct()
        self.sweeper = Clock(self.run, self.queue)  # type: ignore[arg-type]
        self.sweeper.timetable = ()

    def plan(self, kind: str, cause: str = "test", message: Any = None) -> None:
        message = message or ACTIONS[kind]
        with self.store.database.write() as transaction:
            assert self.store.outbox.add_in(
                transaction,
                tenant="acme",
                kind=kind,
                ticket_ref=None,
                cause=cause,
                payload=message.to_payload(),
                summary=message.summary,
                now=self.clock(),
            )

    def work(self, minutes: int = 30) -> None:
        """Run what is due, and what becomes due in that time."""
        for _ in range(minutes):
            self.clock.forward(minutes=1)
            self.sweeper.turn()
            jobs, self.queue.waiting = self.queue.waiting, []
            for job, row_id, token in jobs:
                assert job == SEND
                send(row_id, token)

    def row(self) -> dict[str, Any]:
        with self.store.database.read() as connection:
            return dict(connection.execute(select(outbox)).one()._mapping)

    def states(self) -> list[str]:
        with self.store.database.read() as connection:
            return list(connection.execute(select(outbox.c.state).order_by(outbox.c.id)).scalars())

    def die_in(self, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
        """The process ends at that crash point, and its lease runs out."""

        def end(point: str) -> None:
            if point == at:
                raise Killed(point)

        with monkeypatch.context() as patched:
            patched.setattr("jobs.send.crash_point", end)
            with pytest.raises(Killed):
                self.work(1)
        self.clock.at += 2 * RUNNING_LEASE


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def line(store: Store, tenant: str, clock: ToldClock, tmp_path: Path) -> Callable[..., Line]:
    def make(*, pager: str = "", chat: str = "", smtp: str = "", webhook: str = "", **more: str) -> Line:
        settings = more | {
            "pager_url": pager,
            "smtp_url": smtp,
            "mail_from": "Deskhand <deskhand@acme.example>" if smtp else "",
        }
        made = Line(store, clock, tmp_path, **settings)
        if pager:
            store.tenants.set_secret(tenant, PAGER_KEY, "routing-key-1")
        if chat:
            store.tenants.set_secret(tenant, chat_address("support"), chat)
        if webhook:
            store.tenants.set_secret(tenant, OUT_WEBHOOK_URL, webhook)
            store.tenants.set_secret(tenant, OUT_WEBHOOK_SECRET, "signing-key-1")
        return made

    return make


def of_kind(line: Callable[..., Line], kind: str, there: Taker | Post) -> Line:
    return line(**{{PAGE: "pager", POST_CHAT: "chat", SEND_MAIL: "smtp", POST_WEBHOOK: "webhook"}[kind]: there.url})


def test_every_message_has_a_policy() -> None:
    never = {kind for kind, effect in EFFECTS.items() if effect.after_unknown is AfterUnknown.NEVER}
    verified = {kind for kind, effect in EFFECTS.items() if effect.after_unknown is AfterUnknown.VERIFY}
    assert never == {SEND_MAIL, POST_CHAT}
    assert verified == set(EFFECTS) - set(MESSAGES)


def test_a_mail_arrives_whole_and_once(line: Callable[..., Line]) -> None:
    with post_office() as post:
        made = line(smtp=post.url)
        made.plan(SEND_MAIL)
        made.work()
        assert made.row()["state"] == "done"
    [raw] = post.taken
    mail = message_from_bytes(raw, policy=policy.SMTP)
    assert (mail["To"], mail["Subject"]) == (RECIPIENT, "Your week")
    assert mail["Message-ID"] == f"<{made.row()['key']}@acme.example>"
    assert mail.get_content().splitlines() == ["Three tickets.", ".", "Bye."]


def test_a_mail_server_that_dies_after_the_data_is_not_asked_again(line: Callable[..., Line]) -> None:
    with post_office(dies=True) as post:
        made = line(smtp=post.url)
        made.plan(SEND_MAIL)
        made.work()
        assert len(post.taken) == 1
        row = made.row()
        assert (row["state"], "may have been sent" in row["error"]) == ("parked", True)
        post.dies = False
        made.store.replays.replay(["out-1"], now=made.clock())
        made.work()
    assert (made.row()["state"], len(post.taken)) == ("done", 2)
    assert len({message_from_bytes(raw)["Message-ID"] for raw in post.taken}) == 1


@pytest.mark.parametrize("field", ["recipient_answer", "data_answer"])
def test_a_refused_mail_is_parked_at_once_with_the_servers_words(line: Callable[..., Line], field: str) -> None:
    with post_office(**{field: f"550 5.1.1 <{RECIPIENT}> is nobody"}) as post:
        made = line(smtp=post.url)
        made.plan(SEND_MAIL)
        made.work()
        row = made.row()
        assert (row["state"], row["tries"], row["last_status"], post.asked) == ("parked", 1, 550, 1)
        assert "is nobody" in row["error"]
        assert RECIPIENT not in row["error"]
        assert "may have been sent" not in row["error"]


@pytest.mark.parametrize("field", ["recipient_answer", "data_answer"])
def test_a_mail_refused_for_now_is_tried_again(line: Callable[..., Line], field: str) -> None:
    with post_office(**{field: "451 4.7.1 Come back later"}) as post:
        made = line(smtp=post.url)
        made.plan(SEND_MAIL)
        made.work(2)
        assert made.row()["state"] == "pending"
        setattr(post, field, "250 OK")
        made.work()
        assert made.row()["state"] == "done"
    assert len(post.taken) == (1 if field == "recipient_answer" else post.asked)


def test_a_mail_server_that_is_away_is_waited_for(line: Callable[..., Line]) -> None:
    with post_office() as post:
        address = post.url
    made = line(smtp=address)
    made.plan(SEND_MAIL)
    made.work(3)
    assert made.row()["state"] == "pending"
    back = Post()
    controller = Controller(back, hostname="127.0.0.1", port=int(address.rpartition(":")[2]))
    controller.start()
    try:
        made.work()
    finally:
        controller.stop()
    assert (made.row()["state"], len(back.taken)) == ("done", 1)


@pytest.mark.parametrize("fault", [RESET_BEFORE, RESET_AFTER, SILENT])
def test_a_page_whose_answer_is_lost_is_repeated_under_its_key(line: Callable[..., Line], fault: str) -> None:
    with taker(does=[fault, fault, ANSWER]) as pager:
        made = line(pager=pager.url)
        made.plan(PAGE)
        made.work()
        assert made.row()["state"] == "done"
    assert len(pager.bodies) == 3
    assert {body["dedup_key"] for body in pager.bodies} == {made.row()["key"]}


@pytest.mark.parametrize("fault", [RESET_BEFORE, RESET_AFTER, SILENT])
def test_a_webhook_whose_answer_is_lost_is_called_again_with_the_same_key_and_body(
    line: Callable[..., Line], fault: str
) -> None:
    with taker(does=[fault, fault, ANSWER]) as there:
        made = line(webhook=there.url)
        made.plan(POST_WEBHOOK)
        made.work()
        assert made.row()["state"] == "done"
    assert len(there.raw) == 3
    assert len(set(there.raw)) == 1
    assert {headers["Deskhand-Key"] for headers in there.sent} == {made.row()["key"]} == {there.bodies[0]["key"]}


@pytest.fixture
def opsgenie(line: Callable[..., Line], monkeypatch: pytest.MonkeyPatch) -> Callable[[Taker], Line]:
    def make(there: Taker) -> Line:
        made = line()
        monkeypatch.setitem(HOSTS, "eu", there.url.removesuffix("/hook"))
        made.store.tenants.set_secret("acme", OPSGENIE_KEY, "genie-key-1")
        made.store.tenants.set_secret("acme", OPSGENIE_REGION, "eu")
        return made

    return make


@pytest.mark.parametrize("fault", [RESET_BEFORE, RESET_AFTER, SILENT])
def test_an_alert_whose_answer_is_lost_is_repeated_under_its_alias(
    opsgenie: Callable[[Taker], Line], fault: str
) -> None:
    with taker(does=[fault, fault, ANSWER]) as there:
        made = opsgenie(there)
        made.plan(PAGE)
        made.work()
        assert made.row()["state"] == "done"
    assert len(there.bodies) == 3
    assert {body["alias"] for body in there.bodies} == {made.row()["key"]}
    assert {(path, sent["Authorization"]) for path, sent in zip(there.paths, there.sent, strict=True)} == {
        ("/v2/alerts", "GenieKey genie-key-1")
    }


def ending(action: PageAction) -> Page:
    incident = effect_key("acme", PAGE, "", "test")
    return Page(summary="Solved", severity=Severity.INFO, source="ticket 7", action=action, incident=incident)


def test_a_page_is_acknowledged_and_resolved_under_the_key_that_it_was_made_with(line: Callable[..., Line]) -> None:
    with taker() as pager:
        made = line(pager=pager.url)
        made.plan(PAGE)
        made.work(1)
        made.plan(PAGE, "acknowledged", ending(PageAction.ACKNOWLEDGE))
        made.work(1)
        made.plan(PAGE, "solved", ending(PageAction.RESOLVE))
        made.work(1)
    assert made.states() == ["done"] * 3
    assert [body["event_action"] for body in pager.bodies] == ["trigger", "acknowledge", "resolve"]
    assert {body["dedup_key"] for body in pager.bodies} == {effect_key("acme", PAGE, "", "test")}


def test_a_page_is_not_resolved_before_it_was_made(line: Callable[..., Line]) -> None:
    """A pager takes a resolve of nothing, and would then keep the page that comes after it."""
    with taker(status=429, headers={"Retry-After": "600"}) as pager:
        made = line(pager=pager.url)
        made.plan(PAGE)
        made.work(1)
        pager.status = 202
        made.plan(PAGE, "solved", ending(PageAction.RESOLVE))
        made.work()
    assert made.states() == ["done", "done"]
    assert [body["event_action"] for body in pager.bodies] == ["trigger", "trigger", "resolve"]


def test_the_end_of_a_page_that_was_never_sent_is_not_sent_either(line: Callable[..., Line]) -> None:
    with taker() as pager:
        made = line(pager=pager.url)
        made.plan(PAGE)
        made.store.tenants.set_mode("acme", SHADOW)
        made.store.tenants.set_mode("acme", LIVE)
        made.plan(PAGE, "solved", ending(PageAction.RESOLVE))
        made.work(2)
    assert (made.states(), pager.bodies) == (["ignored", "done"], [])


def test_without_a_pager_the_end_of_a_page_asks_for_nobody(line: Callable[..., Line]) -> None:
    made = line()
    made.plan(PAGE)
    made.work(1)
    made.plan(PAGE, "solved", ending(PageAction.RESOLVE))
    made.work(1)
    assert made.states() == ["parked", "done"]


def test_a_page_that_was_given_up_is_ended_all_the_same(line: Callable[..., Line]) -> None:
    """It may have been taken before it was parked."""
    with taker(status=400) as pager:
        made = line(pager=pager.url)
        made.plan(PAGE)
        made.work(1)
        pager.status = 202
        made.plan(PAGE, "solved", ending(PageAction.RESOLVE))
        made.work(1)
    assert made.states() == ["parked", "done"]
    assert [body["event_action"] for body in pager.bodies] == ["trigger", "resolve"]


@pytest.mark.parametrize("kind", MESSAGES)
def test_what_is_recorded_goes_nowhere_and_needs_no_channel(line: Callable[..., Line], kind: str) -> None:
    made = line(messages="record")
    made.plan(kind)
    made.work(1)
    [told] = recorded(made)
    assert (made.row()["state"], told["key"]) == ("done", made.row()["key"])


def test_a_recorded_repetition_is_seen(line: Callable[..., Line], monkeypatch: pytest.MonkeyPatch) -> None:
    made = line(messages="record")
    made.plan(PAGE)
    made.die_in(monkeypatch, "send.answered")
    made.work()
    assert len(recorded(made)) == 2
    assert len({told["key"] for told in recorded(made)}) == 1


def recorded(made: Line) -> list[dict[str, Any]]:
    path = made.run.deps.settings.var / FILE
    return [json.loads(each) for each in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_pager_in_trouble_is_asked_again_and_holds_up_nobody(line: Callable[..., Line], status: int) -> None:
    with taker(status=status, headers={"Retry-After": "90"} if status == 429 else {}) as pager:
        made = line(pager=pager.url)
        made.plan(PAGE)
        made.work(1)
        assert (made.row()["state"], made.row()["last_status"]) == ("pending", status)
        assert made.store.budgets.held_until("acme") is None
        pager.status = 202
        made.work()
    assert made.row()["state"] == "done"
    assert len({body["dedup_key"] for body in pager.bodies}) == 1


def test_a_refused_page_is_parked_without_its_key(line: Callable[..., Line]) -> None:
    with taker(status=400, body=b'{"message": "invalid key routing-key-1"}') as pager:
        made = line(pager=pager.url)
        made.plan(PAGE)
        made.work()
    assert (made.row()["state"], len(pager.bodies)) == ("parked", 1)
    assert "invalid key" in made.row()["error"]
    assert "routing-key-1" not in made.row()["error"]


@pytest.mark.parametrize("fault", [RESET_BEFORE, RESET_AFTER, SILENT])
def test_a_chat_post_whose_answer_is_lost_is_not_repeated(line: Callable[..., Line], fault: str) -> None:
    with taker(does=[fault, ANSWER], status=200) as chat:
        made = line(chat=chat.url)
        made.plan(POST_CHAT)
        made.work()
        assert len(chat.bodies) == 1
        row = made.row()
        assert (row["state"], "may have been sent" in row["error"]) == ("parked", True)
        assert "hook" not in row["error"]
        made.store.replays.replay(["out-1"], now=made.clock())
        made.work()
    assert (made.row()["state"], len(chat.bodies)) == ("done", 2)


def test_a_chat_post_that_was_surely_not_taken_is_tried_again(line: Callable[..., Line]) -> None:
    with taker(status=429, headers={"Retry-After": "5"}) as chat:
        made = line(chat=chat.url)
        made.plan(POST_CHAT)
        made.work(1)
        assert made.row()["state"] == "pending"
        chat.status = 200
        made.work()
    assert (made.row()["state"], len(chat.bodies)) == ("done", 2)


@pytest.mark.parametrize("at", ["send.started", "send.answered"])
@pytest.mark.parametrize("kind", MESSAGES)
def test_a_process_that_dies_while_it_sends(
    line: Callable[..., Line], monkeypatch: pytest.MonkeyPatch, kind: str, at: str
) -> None:
    """Before or after: the next process cannot tell. What has a key goes out again, the rest is left to a person."""
    with post_office() as post, taker(status=200 if kind == POST_CHAT else 202) as there:
        made = of_kind(line, kind, post if kind == SEND_MAIL else there)
        made.plan(kind)
        if at == "send.answered":
            made.die_in(monkeypatch, at)
        else:
            died_early(made)
        made.work()
        arrived = len(post.taken) + len(there.bodies)
    sent_before = int(at == "send.answered")
    assert (made.row()["state"], arrived) == (("done", sent_before + 1) if kind in KEYED else ("parked", sent_before))


@pytest.mark.parametrize("kind", [SEND_MAIL, POST_CHAT])
def test_an_effect_that_the_database_did_not_take_down_is_not_repeated(
    line: Callable[..., Line], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    with post_office() as post, taker(status=200) as chat:
        made = of_kind(line, kind, post if kind == SEND_MAIL else chat)
        made.plan(kind)

        def full(*_: Any, **__: Any) -> None:
            raise OSError("disk full")

        with monkeypatch.context() as patched:
            patched.setattr(made.store.outbox, "done", full)
            made.work(1)
        made.work()
        assert len(post.taken) + len(chat.bodies) == 1
    assert made.row()["state"] == "parked"


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        (SEND_MAIL, "DESKHAND_SMTP_URL"),
        (PAGE, PAGER_KEY),
        (POST_CHAT, chat_address("support")),
        (POST_WEBHOOK, OUT_WEBHOOK_URL),
    ],
)
def test_a_channel_that_is_not_set_up_says_what_to_set(line: Callable[..., Line], kind: str, named: str) -> None:
    made = line()
    made.plan(kind)
    made.work(1)
    assert (made.row()["state"], named in made.row()["error"]) == ("parked", True)


@pytest.mark.parametrize("kind", [PAGE, POST_CHAT, POST_WEBHOOK])
def test_no_message_goes_into_our_own_network(line: Callable[..., Line], kind: str) -> None:
    with taker() as inside:
        made = of_kind(line, kind, inside)
        made.run.deps = Deps(made.run.deps.settings, made.store, made.clock)
        made.plan(kind)
        made.work(1)
        assert (made.row()["state"], inside.bodies) == ("parked", [])


def test_a_page_waits_neither_for_the_helpdesk_nor_for_its_access(line: Callable[..., Line]) -> None:
    with taker() as pager:
        made = line(pager=pager.url)
        made.store.budgets.hold("acme", until=made.clock.at.replace(year=2030))
        made.plan(PAGE)
        made.work(1)
        assert made.row()["state"] == "done"


def test_a_message_names_no_ticket_as_changed(line: Callable[..., Line]) -> None:
    made = line()
    with made.store.database.write() as transaction, pytest.raises(ValueError, match="changes no ticket"):
        made.store.outbox.add_in(
            transaction,
            tenant="acme",
            kind=PAGE,
            ticket_ref="7",
            cause="test",
            payload=ACTIONS[PAGE].to_payload(),
            summary="Page",
            now=made.clock(),
        )


def died_early(made: Line) -> None:
    """A process that took the row and sent nothing."""
    [claimed] = made.store.outbox.claim(now=made.clock(), lease=RUNNING_LEASE, limit=1)
    assert made.store.outbox.start(claimed, now=made.clock(), owner="gone", lease=RUNNING_LEASE)
    made.clock.at += 2 * RUNNING_LEASE
