"""The `deskhand` command: what it prints, what it changes and how it ends."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app import cli, cli_deliveries
from app.cli_deliveries import deliveries
from app.passwords import is_password
from connectors.store import Store
from connectors.store.dry_runs import DryRuns
from connectors.store.inbox import WEBHOOK
from tests.conftest import new_tenant
from triage.dry_run import FieldChange, Preview, Verdict
from triage.events import EventKind, TicketEvent

AT = datetime(2026, 11, 17, 13, 46, tzinfo=UTC)
PASSWORD = "a good long password"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An install in an empty folder, its database not made yet."""
    monkeypatch.setenv("DESKHAND_VAR", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/cli.sqlite3")
    return tmp_path


@pytest.fixture
def opened(here: Path) -> Iterator[Store]:
    """The install's database, with one tenant."""
    store = Store.open(f"sqlite:///{here}/cli.sqlite3", var=here)
    store.database.migrate()
    store.tenants.add(new_tenant(), webhook_token="path-token", now=AT)
    yield store
    store.database.close()


def run(*args: str, text: str | None = None) -> Result:
    return CliRunner().invoke(cli.cli, args, input=text)


def from_the_shell(monkeypatch: pytest.MonkeyPatch, *args: str) -> int:
    """The exit status of `deskhand args`."""
    monkeypatch.setattr(sys, "argv", ["deskhand", *args])
    try:
        cli.main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    return 0


def receive(store: Store, ref: str) -> None:
    event = TicketEvent(kind=EventKind.TICKET_CREATED, ticket_ref=ref, dedup_key=f"key-{ref}")
    store.inbox.receive("acme", WEBHOOK, event, now=AT, raw=b'{"ticket_id":"1"}', headers={})


def park_unreadable(store: Store) -> None:
    store.inbox.set_aside(
        "acme", WEBHOOK, "hash", state="parked", reason="not JSON", now=AT, raw=b"{ticket", headers={}
    )


def state(store: Store, name: str) -> str:
    return str(store.deliveries.show(name)["state"])


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_lists_every_command(option: str) -> None:
    result = run(option)
    assert result.exit_code == 0
    for name in ("demo", "up", "migrate", "prepare", "deliveries", "user"):
        assert f"\n  {name} " in result.output
    for name in ("list", "show", "history", "replay", "drop", "park"):
        assert f"\n  {name} " in run("deliveries", option).output
    assert "\n  add " in run("user", option).output


def test_every_command_says_what_it_does() -> None:
    for name, command in {**cli.cli.commands, **deliveries.commands, **cli.user.commands}.items():
        assert command.help, name


def test_help_needs_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESKHAND_PORT", "eighty")
    assert from_the_shell(monkeypatch, "--help") == 0


def test_migrate_makes_the_database_and_can_run_again(here: Path) -> None:
    for _ in range(2):
        result = run("migrate")
        assert (result.exit_code, result.output) == (0, "The database is up to date.\n")
    assert (here / "cli.sqlite3").exists()
    assert run("deliveries", "list").exit_code == 0


def test_a_user_is_added_and_can_be_given_a_new_password(opened: Store) -> None:
    for name, password in (("Eva", PASSWORD), ("Eva Berg", "another long password")):
        result = run("user", "add", "Eva@Fieldline.Example", "--name", name, "--password", password)
        assert result.exit_code == 0
        assert "/console" in result.output
        assert password not in result.output
        user = opened.users.find("eva@fieldline.example")
        assert user is not None
        assert user.name == name
        assert is_password(user.password_hash, password)


def test_the_password_is_asked_for_twice(opened: Store) -> None:
    args = ("user", "add", "eva@fieldline.example", "--name", "Eva")
    assert run(*args, text=f"{PASSWORD}\n{PASSWORD}\n").exit_code == 0
    differing = run(*args, text=f"{PASSWORD}\nsomething else entirely\n")
    assert differing.exit_code == 1
    assert PASSWORD not in differing.output


@pytest.mark.parametrize(
    ("email", "password", "said"),
    [
        ("eva", PASSWORD, "not an e-mail address"),
        ("eva@fieldline.example", "eleven char", "at least 12 characters"),
        ("eva@fieldline.example", "", "at least 12 characters"),
    ],
)
def test_a_bad_address_or_a_short_password_adds_nobody(
    opened: Store, monkeypatch: pytest.MonkeyPatch, email: str, password: str, said: str
) -> None:
    args = ("user", "add", email, "--name", "Eva", "--password", password)
    result = run(*args)
    assert result.exit_code == 2
    assert said in result.output
    assert opened.users.find(email) is None
    assert from_the_shell(monkeypatch, *args) == 2


def test_an_empty_list_says_what_will_be_there(opened: Store) -> None:
    assert run("deliveries", "list").output.startswith("Nothing here.")
    assert json.loads(run("deliveries", "list", "--json").output) == []


def test_deliveries_are_listed_by_line_and_as_json(opened: Store) -> None:
    receive(opened, "48166")
    park_unreadable(opened)
    lines = run("deliveries", "list").output.splitlines()
    assert len(lines) == 2
    assert any("in-1" in line and "#48166" in line and "new" in line for line in lines)
    assert any("in-2" in line and "parked" in line and "not JSON" in line for line in lines)
    rows = {row["id"]: row for row in json.loads(run("deliveries", "list", "--json").output)}
    assert rows["in-1"]["ticket_ref"] == "48166"
    assert datetime.fromisoformat(rows["in-1"]["at"]) == AT
    assert rows["in-2"]["error"] == "not JSON"


@pytest.mark.parametrize(
    ("args", "names"),
    [
        (("--state", "waiting"), {"in-1", "in-2"}),
        (("--state", "parked"), {"in-3"}),
        (("--state", "done"), set()),
        (("--find", "#48166"), {"in-1"}),
        (("--find", "key-4817"), {"in-2"}),
        (("--limit", "1"), {"in-3"}),
    ],
)
def test_the_list_can_be_narrowed(opened: Store, args: tuple[str, ...], names: set[str]) -> None:
    receive(opened, "48166")
    receive(opened, "48171")
    opened.inbox.set_aside(
        "acme", WEBHOOK, "hash", state="parked", reason="not JSON", now=datetime.now(UTC), raw=b"", headers={}
    )
    assert {row["id"] for row in json.loads(run("deliveries", "list", "--json", *args).output)} == names


def test_an_unknown_state_is_wrong_usage(opened: Store) -> None:
    result = run("deliveries", "list", "--state", "sneezed")
    assert result.exit_code == 2
    assert "parked" in result.output


def test_one_delivery_is_shown_whole(opened: Store) -> None:
    park_unreadable(opened)
    shown = json.loads(run("deliveries", "show", "in-1").output)
    assert (shown["name"], shown["state"], shown["error"], shown["raw"]) == ("in-1", "parked", "not JSON", "{ticket")
    assert datetime.fromisoformat(shown["received_at"]) == AT


@pytest.mark.parametrize("command", ["show", "replay", "park"])
@pytest.mark.parametrize("name", ["in-9", "out-1", "nonsense", "in-"])
def test_a_name_that_is_none_ends_with_one_plain_line(
    opened: Store,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    name: str,
) -> None:
    assert from_the_shell(monkeypatch, "deliveries", command, name) == 1
    printed = capsys.readouterr()
    assert name in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


def test_waiting_rows_are_parked_and_replayed_by_name(opened: Store) -> None:
    receive(opened, "1")
    receive(opened, "2")
    parked = run("deliveries", "park", "in-1", "in-2")
    assert (parked.exit_code, parked.output) == (0, "2 of 2 parked.\n")
    assert [state(opened, name) for name in ("in-1", "in-2")] == ["parked"] * 2
    replayed = run("deliveries", "replay", "in-1")
    assert (replayed.exit_code, replayed.output) == (0, "1 of 1 put back to work.\n")
    assert [state(opened, name) for name in ("in-1", "in-2")] == ["new", "parked"]


def test_what_was_not_moved_is_a_problem_found(opened: Store) -> None:
    receive(opened, "1")
    replayed = run("deliveries", "replay", "in-1")
    assert (replayed.exit_code, replayed.output) == (1, "0 of 1 put back to work.\n")
    run("deliveries", "park", "in-1")
    again = run("deliveries", "park", "in-1")
    assert (again.exit_code, again.output) == (1, "0 of 1 parked.\n")


def test_all_that_is_parked_is_replayed_but_not_what_cannot_be_read(opened: Store) -> None:
    receive(opened, "1")
    receive(opened, "2")
    run("deliveries", "park", "in-1", "in-2")
    park_unreadable(opened)
    replayed = run("deliveries", "replay", "--all")
    assert (replayed.exit_code, replayed.output) == (1, "2 of 3 put back to work.\n")
    assert opened.replays.parked() == ["in-3"]


def test_replaying_all_of_nothing_is_done_and_naming_nothing_is_wrong_usage(
    opened: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("deliveries", "replay", "--all").exit_code == 0
    for args in (("deliveries", "replay"), ("deliveries", "park"), ("deliveries", "show"), ("sneeze",)):
        assert run(*args).exit_code == 2
        assert from_the_shell(monkeypatch, *args) == 2


@pytest.mark.parametrize(
    ("args", "moved"),
    [
        (("--kind", "ticket_created"), {"in-1", "in-2"}),
        (("--find", "48166"), {"in-1"}),
        (("--tenant", "globex"), set()),
        (("--older-than", "10m"), {"in-1", "in-2"}),
        (("--newer-than", "10m"), set()),
        (("--direction", "out"), set()),
    ],
)
def test_all_that_match_are_moved(opened: Store, args: tuple[str, ...], moved: set[str]) -> None:
    receive(opened, "48166")
    receive(opened, "48171")
    preview = run("deliveries", "park", "--dry-run", *args)
    assert (preview.exit_code, preview.output.partition("\n")[0]) == (0, f"{len(moved)} would be parked.")
    assert opened.replays.parked() == []
    done = run("deliveries", "park", "--json", *args)
    assert (done.exit_code, json.loads(done.output)) == (0, {"asked": len(moved), "moved": len(moved)})
    assert set(opened.replays.parked()) == moved
    dropped = run("deliveries", "drop", *args)
    assert (dropped.exit_code, dropped.output) == (0, f"{len(moved)} of {len(moved)} dropped.\n")
    back = run("deliveries", "replay", "--state", "ignored", *args)
    assert (back.exit_code, back.output) == (0, f"{len(moved)} of {len(moved)} put back to work.\n")


def test_names_and_a_filter_together_are_wrong_usage_and_so_is_a_bad_age(opened: Store) -> None:
    receive(opened, "1")
    for args in (("in-1", "--state", "parked"), ("--older-than", "soon"), ("--older-than", "10"), ("in-1", "--all")):
        assert run("deliveries", "replay", *args).exit_code == 2
    assert run("deliveries", "drop").exit_code == run("deliveries", "park").exit_code == 2


def test_the_history_tells_who_did_what(opened: Store) -> None:
    receive(opened, "1")
    assert "all went straight" in run("deliveries", "history", "in-1").output
    run("deliveries", "park", "in-1")
    told = run("deliveries", "history", "in-1").output
    assert "set aside, by " in told
    assert "command line" in told
    [line] = json.loads(run("deliveries", "history", "in-1", "--json").output)
    assert line["what"] == "set_aside"
    assert json.loads(run("deliveries", "show", "in-1").output)["history"] == [line]
    assert run("deliveries", "list", "--find", "nowhere").output == "Nothing matches.\n"


def test_a_dry_run_prints_the_workers_plan_and_moves_nothing(opened: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    receive(opened, "1")
    run("deliveries", "park", "in-1")
    plan = Preview(
        verdict=Verdict.CHANGES,
        summary="The ticket would be changed.",
        changes=(FieldChange(field="priority", before=None, after="P2"),),
        stays=(FieldChange(field="category", before="billing", after="api_error"),),
        note="three words here",
    )

    def worker(ask: Callable[..., int]) -> Callable[..., int]:
        def asked(name: str, *, by: str, now: datetime) -> int:
            number = ask(name, by=by, now=now)
            opened.dry_runs.answer(number, plan.to_json(), now=now)
            return number

        return asked

    ask = DryRuns.ask
    monkeypatch.setattr(DryRuns, "ask", lambda self, name, by, now: worker(partial(ask, self))(name, by=by, now=now))
    result = run("deliveries", "replay", "in-1", "--dry-run")
    assert result.exit_code == 0
    for said in ("1 would be replayed.", "priority: empty -> P2", "category stays billing", "a note of 16 characters"):
        assert said in result.output
    assert json.loads(run("deliveries", "replay", "in-1", "--dry-run", "--json").output) == {
        "in-1": json.loads(json.dumps(plan.to_json()))
    }
    assert state(opened, "in-1") == "parked"


def test_a_dry_run_without_a_worker_says_so(opened: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_deliveries, "LONGEST_WAIT", timedelta(0))
    receive(opened, "1")
    run("deliveries", "park", "in-1")
    result = run("deliveries", "replay", "in-1", "--dry-run")
    assert result.exit_code == 1
    assert "No worker answered" in result.output


def test_bad_settings_end_with_every_problem_and_no_trace(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DESKHAND_PORT", "eighty")
    monkeypatch.setenv("DESKHAND_WEBWORKERS", "3")
    assert from_the_shell(monkeypatch, "migrate") == 2
    printed = capsys.readouterr()
    assert "DESKHAND_PORT" in printed.err
    assert "DESKHAND_WEBWORKERS" in printed.err
    assert "Traceback" not in printed.err
    assert list(here.iterdir()) == []
