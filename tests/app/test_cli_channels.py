"""`deskhand channels` as typed: secrets go in and never come out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app import cli, cli_channels
from app.bootstrap import Deps
from app.settings import Settings
from app.sla.links import read_pager_hook
from connectors.outside import Outside
from connectors.store import Store
from connectors.store.tenants import (
    OPSGENIE_KEY,
    OPSGENIE_REGION,
    OUT_WEBHOOK_SECRET,
    OUT_WEBHOOK_URL,
    PAGER_KEY,
    PAGER_SECRET,
    SHADOW,
    chat_address,
)
from jobs import runtime
from jobs.clock import Clock
from jobs.runtime import Runtime
from jobs.send import send
from tests.connectors.servers import taker
from tests.jobs.conftest import Direct

HOOK = "https://hooks.chat.example/T/secret-path"


def deps_of(store: Store, var: Path, **env: str) -> Deps:
    settings = Settings.from_env({"DESKHAND_VAR": str(var), **env})
    return Deps(settings, store, outside=Outside(loopback=True, timeout_s=0.5))


@pytest.fixture
def desk(store: Store, tenant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(cli_channels, "start", lambda: deps_of(store, tmp_path))
    return store


def run(*args: str, typed: str = "") -> Result:
    return CliRunner().invoke(cli.cli, ["channels", *args], input=typed)


def kept(store: Store, *names: str) -> list[str | None]:
    return [store.tenants.secret("acme", name) for name in names]


def test_a_secret_comes_from_standard_input_or_a_file_and_is_not_shown(desk: Store, tmp_path: Path) -> None:
    path = tmp_path / "hook.txt"
    path.write_text(f"{HOOK}\n", encoding="utf-8")
    shown = run("set", "pager", typed="routing-key-1\n").output
    shown += run("set", "chat:support", "--file", str(path)).output
    shown += run("list").output
    assert kept(desk, PAGER_KEY, chat_address("support")) == ["routing-key-1", HOOK]
    assert "secret-path" not in shown
    assert "routing-key-1" not in shown


def test_the_list_says_what_is_set(desk: Store) -> None:
    run("set", "chat:support", typed=HOOK)
    listed = dict(line.split(maxsplit=1) for line in run("list").output.splitlines())
    assert (listed["chat:support"], listed["pager"], listed["webhook"]) == ("set", "not set", "not set")
    assert "DESKHAND_SMTP_URL" in listed["mail"]


def test_a_helpdesk_has_one_pager(desk: Store) -> None:
    run("set", "pager", typed="routing-key-1")
    assert "pager was removed" in run("set", "opsgenie", "--region", "eu", typed="genie-key-1").output
    assert kept(desk, PAGER_KEY, OPSGENIE_KEY, OPSGENIE_REGION) == [None, "genie-key-1", "eu"]
    assert "opsgenie was removed" in run("set", "pager", typed="routing-key-2").output
    assert kept(desk, PAGER_KEY, OPSGENIE_KEY, OPSGENIE_REGION) == ["routing-key-2", None, None]


def test_a_webhooks_secret_is_given_or_made_and_then_shown_once(desk: Store) -> None:
    given = run("set", "webhook", typed="https://me.example/in\nmy-secret\n").output
    assert kept(desk, OUT_WEBHOOK_URL, OUT_WEBHOOK_SECRET) == ["https://me.example/in", "my-secret"]
    assert "my-secret" not in given
    made = run("set", "webhook", typed="https://me.example/in\n").output
    [secret] = kept(desk, OUT_WEBHOOK_SECRET)
    assert secret is not None
    assert len(secret) >= 32
    assert secret in made


def test_the_pagers_webhook_has_an_address_and_a_secret(desk: Store, tmp_path: Path) -> None:
    said = run("set", "pager-webhook", typed="from-the-pager").output
    assert kept(desk, PAGER_SECRET) == ["from-the-pager"]
    token = said.split()[-1].rpartition("/")[2]
    assert read_pager_hook(deps_of(desk, tmp_path), token) == "acme"
    made = run("set", "pager-webhook", "--new").output
    assert f"Deskhand-Secret: {kept(desk, PAGER_SECRET)[0]}" in made


def test_a_removed_channel_is_gone(desk: Store) -> None:
    run("set", "chat:support", typed=HOOK)
    assert run("remove", "chat:support").exit_code == 0
    assert kept(desk, chat_address("support")) == [None]
    assert run("remove", "chat:support").exit_code == 1


@pytest.mark.parametrize(
    ("args", "typed"),
    [
        (["set", "fax"], "x"),
        (["set", "chat:"], HOOK),
        (["set", "chat:a b"], HOOK),
        (["set", "pager"], ""),
        (["set", "pager"], " \n "),
        (["set", "pager"], "one\ntwo"),
        (["set", "webhook"], "https://me.example/in\na\nb"),
        (["set", "webhook"], "http://me.example/top-secret"),
        (["set", "chat:support"], "https://me:top-secret@chat.example/x"),
        (["set", "chat:support"], "https://[top-secret"),
        (["set", "pager", "--new"], "x"),
        (["set", "pager", "--tenant", "nobody"], "x"),
        (["test", "mail"], ""),
        (["test", "pager", "--to", "me@acme.example"], ""),
        (["test", "pager"], ""),
        (["test", "pager-webhook"], ""),
    ],
)
def test_what_cannot_be_is_refused_and_not_quoted(desk: Store, args: list[str], typed: str) -> None:
    before = desk.tenants.secret_names("acme")
    result = run(*args, typed=typed)
    assert result.exit_code == 2
    assert "top-secret" not in result.output
    assert desk.tenants.secret_names("acme") == before


@pytest.fixture
def working(desk: Store, tmp_path: Path) -> Iterator[None]:
    """The clock and a worker, as long as the test runs."""
    run_ = Runtime(deps_of(desk, tmp_path))
    runtime.use(run_)
    queue = Direct()
    clock = Clock(run_, queue)  # type: ignore[arg-type]
    clock.timetable = ()
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.02):
            clock.turn()
            jobs, queue.waiting = queue.waiting, []
            for _, row_id, token in jobs:
                send(row_id, token)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    over.set()
    thread.join()


@pytest.mark.usefixtures("working")
def test_a_test_goes_the_way_of_every_message(desk: Store) -> None:
    with taker(status=204, body=b"") as there:
        desk.tenants.set_secret("acme", OUT_WEBHOOK_URL, there.url)
        desk.tenants.set_secret("acme", OUT_WEBHOOK_SECRET, "signing-key-1")
        result = run("test", "webhook")
    assert (result.exit_code, result.output) == (0, "Sent: the webhook answered 204\n")
    assert [body["event"] for body in there.bodies] == ["test"]


@pytest.mark.usefixtures("working")
def test_a_test_page_is_resolved_again(desk: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with taker() as there:
        runtime.use(Runtime(deps_of(desk, tmp_path, DESKHAND_PAGER_URL=there.url)))
        run("set", "pager", typed="routing-key-1")
        assert run("test", "pager").exit_code == 0
    assert [body["event_action"] for body in there.bodies] == ["trigger", "resolve"]
    assert len({body["dedup_key"] for body in there.bodies}) == 1


@pytest.mark.usefixtures("working")
def test_a_test_that_fails_says_why(desk: Store) -> None:
    with taker(status=404, body=b"no_service") as there:
        desk.tenants.set_secret("acme", chat_address("support"), there.url)
        result = run("test", "chat:support")
    assert (result.exit_code, result.output) == (1, "Not sent: The chat answered 404: no_service\n")


def test_nobody_works(desk: Store) -> None:
    run("set", "chat:support", typed=HOOK)
    result = run("test", "chat:support", "--wait", "1")
    assert (result.exit_code, "deskhand up" in result.output) == (1, True)


def test_in_shadow_mode_nothing_is_sent(desk: Store) -> None:
    run("set", "chat:support", typed=HOOK)
    desk.tenants.set_mode("acme", SHADOW)
    result = run("test", "chat:support")
    assert (result.exit_code, "shadow mode" in result.output) == (1, True)
