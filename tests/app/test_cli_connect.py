"""`deskhand connect`, `doctor` and `mode` as typed: prompts, tables, exit codes, and no secret on the screen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app import cli
from app.bootstrap import Deps
from app.install import ConnectRequest
from connectors.errors import Unavailable
from connectors.store import Store
from connectors.store.tenants import API_TOKEN, LIVE, MODE, WEBHOOK_TOKEN
from connectors.zendesk.install_form import Form
from tests.app.install_site import Site, site, web


@pytest.fixture
def deps(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deps]:
    """The install that the command finds in its environment, its web process running."""
    with web(store, tmp_path) as made:
        monkeypatch.setenv("DESKHAND_VAR", str(tmp_path))
        monkeypatch.setenv("DESKHAND_PORT", str(made.settings.port))
        monkeypatch.setenv("DATABASE_URL", store.database.url)
        yield made


@pytest.fixture
def zendesk(deps: Deps) -> Iterator[Site]:
    with site(deps, "zendesk") as made:
        yield made


@pytest.fixture
def freshdesk(deps: Deps) -> Iterator[Site]:
    with site(deps, "freshdesk") as made:
        yield made


def run(*args: str, text: str | None = None) -> Result:
    return CliRunner().invoke(cli.cli, args, input=text)


def typed(request: ConnectRequest) -> str:
    return "".join(f"{value}\n" for value in request.secrets.values())


def connect(desk: Site, *more: str) -> Result:
    asked = desk.request()
    args = ("connect", desk.vendor, "--address", asked.address, "--sign-in", asked.sign_in, *more)
    return run(*args, text=typed(asked))


def test_what_is_secret_is_asked_for_and_never_shown(zendesk: Site) -> None:
    asked = zendesk.request()
    result = connect(zendesk)
    assert result.exit_code == 0, result.output
    assert asked.secrets["client_secret"] not in result.output
    for title in ("Helpdesk address", "Permission", "Events", "Fields", "Groups", "Test event", "Sidebar"):
        assert title in result.output
    assert "writes nothing" in result.output
    assert "/console" in result.output


def test_secrets_come_from_a_file(zendesk: Site, tmp_path: Path) -> None:
    asked = zendesk.request()
    file = tmp_path / "secrets"
    file.write_text("# ours\n" + "".join(f"{name}={value}\n" for name, value in asked.secrets.items()))
    args = ("connect", "zendesk", "--address", asked.address, "--sign-in", asked.sign_in, "--secrets-from", str(file))
    result = run(*args, "--live", "--json", "--name", "Fieldline")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout.splitlines()[-1])
    (tenant,) = zendesk.deps.store.tenants.all()
    assert (found["tenant"], tenant.name, tenant.settings[MODE]) == (tenant.id, "Fieldline", LIVE)
    assert {step["state"] for step in found["steps"]} <= {"done", "warn"}


def test_a_misspelt_secret_is_not_repeated(zendesk: Site) -> None:
    result = run("connect", "zendesk", "--address", "acme", "--sign-in", "oauth_client", "--secret", "hunter2hunter2")
    assert result.exit_code == 2
    assert "hunter2" not in result.output
    assert "client_id" in result.output


def test_an_unknown_sign_in_names_those_there_are(deps: Deps) -> None:
    result = run("connect", "freshdesk", "--address", "acme", "--sign-in", "magic")
    assert result.exit_code == 2
    assert "api_key" in result.output


def test_wrong_credentials_end_with_what_to_do(zendesk: Site) -> None:
    asked = zendesk.request()
    args = ("connect", "zendesk", "--address", asked.address, "--sign-in", asked.sign_in)
    result = run(*args, text="wrong\nwrong\n")
    assert result.exit_code == 1
    assert "✗ Permission" in result.output
    assert "Check what you typed" in result.output
    assert zendesk.deps.store.tenants.all() == []


def test_the_doctor_without_a_helpdesk_says_how_to_begin(deps: Deps) -> None:
    result = run("doctor")
    assert result.exit_code == 0
    assert "deskhand connect" in result.output


def test_the_doctor_finds_and_repairs(zendesk: Site) -> None:
    connect(zendesk)
    assert run("doctor", "--test-event").exit_code == 0
    face: Any = zendesk.face
    face.hooks.triggers.clear()
    sick = run("doctor")
    assert sick.exit_code == 1
    assert "■ 0 of 2" in sick.output
    assert "--repair" in sick.output
    healed = run("doctor", "--repair")
    assert healed.exit_code == 0
    assert "Made the trigger “Deskhand: new ticket”." in healed.output
    assert "● 2 of 2" in healed.output


def test_the_doctor_speaks_json_and_keeps_what_it_found(zendesk: Site) -> None:
    connect(zendesk)
    (tenant,) = zendesk.deps.store.tenants.all()
    found = json.loads(run("doctor", "--json", "--tenant", tenant.id).stdout)[tenant.id]
    assert {"check", "health", "state", "detail", "fix", "repairable"} == set(found[0])
    kept = [each.finding.check for each in zendesk.deps.store.findings.all(tenant.id)]
    assert kept == [each["check"] for each in found]


def test_the_doctor_reports_a_helpdesk_that_is_away(zendesk: Site) -> None:
    connect(zendesk)
    zendesk.running.stop()
    result = run("doctor", "--repair")
    assert result.exit_code == 1
    assert "No answer" in result.output


def test_the_mode_is_switched_for_one_that_exists(zendesk: Site) -> None:
    connect(zendesk)
    (tenant,) = zendesk.deps.store.tenants.all()
    assert "decides and writes" in run("mode", tenant.id, "live").output
    assert zendesk.deps.store.tenants.summary(tenant.id).settings[MODE] == LIVE
    assert run("mode", "nobody", "live").exit_code == 2
    assert run("mode", tenant.id, "loud").exit_code == 2


def test_uninstalling_asks_first_and_says_what_went(zendesk: Site) -> None:
    connect(zendesk)
    face: Any = zendesk.face
    assert run("connect", "zendesk", "--uninstall", text="n\n").exit_code == 1
    assert face.hooks.webhooks
    result = run("connect", "zendesk", "--uninstall", "--yes")
    assert result.exit_code == 0
    assert "Removed the webhook" in result.output
    assert not face.hooks.webhooks
    assert run("connect", "zendesk", "--uninstall", "--yes").exit_code == 2


def test_the_apps_settings_are_shown_only_when_asked_for(freshdesk: Site) -> None:
    freshdesk.make_by_hand()
    result = connect(freshdesk)
    assert result.exit_code == 0, result.output
    shown = dict(line.split() for line in run("connect", "freshdesk", "--app-settings").output.splitlines())
    assert set(shown) == {"panel_token", "webhook_secret", "webhook_path"}
    assert not any(value in result.output for value in shown.values())


def test_a_step_for_a_person_is_a_failure_with_the_steps(freshdesk: Site) -> None:
    result = connect(freshdesk)
    assert result.exit_code == 1
    assert "Admin > Workflows > Automations" in result.output


def test_a_file_that_is_no_text_is_wrong_usage(zendesk: Site, tmp_path: Path) -> None:
    file = tmp_path / "secrets.txt"
    file.write_bytes(b"client_secret=\xff\xfe")
    result = connect(zendesk, "--secrets-from", str(file))
    assert result.exit_code == 2
    assert "cannot be read as text" in result.output


def test_what_stopped_on_the_way_can_be_taken_back(zendesk: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise Unavailable("The helpdesk went away.")

    with monkeypatch.context() as patch:
        patch.setattr(Form, "mend_fields", broken)
        assert connect(zendesk).exit_code == 1
    face: Any = zendesk.face
    assert face.hooks.webhooks
    assert run("doctor").output.startswith("No helpdesk is connected.")
    result = run("connect", "zendesk", "--uninstall", "--yes")
    assert result.exit_code == 0, result.output
    assert not face.hooks.webhooks
    assert not face.hooks.triggers
    assert run("connect", "zendesk", "--uninstall", "--yes").exit_code == 2


def test_the_doctor_says_what_keeps_it_from_mending(zendesk: Site) -> None:
    tenant = json.loads(connect(zendesk, "--json").stdout)["tenant"]
    zendesk.deps.store.installations.forget(tenant, [WEBHOOK_TOKEN])
    zendesk.deps.store.tenants.set_secret(tenant, API_TOKEN, "revoked")
    result = run("doctor", "--repair")
    assert result.exit_code == 1
    assert "Could not be mended" in result.output
    assert "Permission valid" in result.output
