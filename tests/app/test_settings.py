"""Settings: every problem at once, secrets masked, all documented."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from app.settings import Settings, SettingsError
from tests.conftest import ROOT


def test_nothing_needs_to_be_set() -> None:
    settings = Settings.from_env({})
    assert settings.database_url.startswith("sqlite:///")
    assert settings.public_url == "http://127.0.0.1:8710"
    assert not settings.secure_cookies


def test_every_problem_is_reported_at_once() -> None:
    env = {
        "DESKHAND_PORT": "eighty",
        "DESKHAND_WORKERS": "0",
        "DESKHAND_LEASE_S": "-1",
        "DESKHAND_PUBLIC_URL": "http://support.example",
        "DATABASE_URL": "mysql://x",
        "REDIS_URL": "redis://10.0.0.5:6379",
        "DESKHAND_LOG_LEVEL": "LOUD",
        "DESKHAND_WEBWORKERS": "3",
    }
    with pytest.raises(SettingsError) as failed:
        Settings.from_env(env)
    assert len(failed.value.problems) == len(env)
    for variable in env:
        assert any(problem.startswith(variable) for problem in failed.value.problems)
    assert "password" in str(failed.value)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("DESKHAND_PORT", "70000"),
        ("DESKHAND_SWEEP_S", "soon"),
        ("DESKHAND_WEB_WORKERS", "many"),
        ("REDIS_URL", "localhost:6379"),
        ("DESKHAND_PUBLIC_URL", "support.example"),
    ],
)
def test_a_bad_value_names_its_variable(variable: str, text: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        Settings.from_env({variable: text})


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("from-the-file\n", encoding="utf-8")
    assert Settings.from_env({"DESKHAND_MASTER_KEY_FILE": str(path)}).master_key == "from-the-file"
    with pytest.raises(SettingsError, match="both set"):
        Settings.from_env({"DESKHAND_MASTER_KEY_FILE": str(path), "DESKHAND_MASTER_KEY": "x"})
    with pytest.raises(SettingsError, match="cannot read"):
        Settings.from_env({"DESKHAND_MASTER_KEY_FILE": str(tmp_path / "none")})


def test_secrets_do_not_show() -> None:
    shown = repr(Settings.from_env({"DESKHAND_MASTER_KEY": "secret-1", "REDIS_URL": "rediss://:secret-2@h"}))
    assert "secret" not in shown


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("DESKHAND_SMTP_URL", "mail.example"),
        ("DESKHAND_MAIL_FROM", "Deskhand"),
        ("DESKHAND_PAGER_URL", "pager.example"),
    ],
)
def test_a_channel_that_cannot_work_stops_the_start(variable: str, text: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        Settings.from_env({variable: text})


def test_mail_needs_a_sender_and_hides_its_password() -> None:
    address = {"DESKHAND_SMTP_URL": "smtp://me:secret-3@mail.example"}
    with pytest.raises(SettingsError, match="DESKHAND_MAIL_FROM") as failed:
        Settings.from_env(address)
    assert "secret-3" not in str(failed.value)
    settings = Settings.from_env({**address, "DESKHAND_MAIL_FROM": "Support <support@acme.example>"})
    assert "secret-3" not in repr(settings)


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    usual = {"database_url": "DATABASE_URL", "redis_url": "REDIS_URL"}
    for field in fields(Settings):
        assert f"`{usual.get(field.name, 'DESKHAND_' + field.name.upper())}`" in page


def test_the_procfile_names_what_up_runs() -> None:
    from app.processes import programs

    procfile = (ROOT / "Procfile").read_text(encoding="utf-8")
    settings = Settings.from_env({"REDIS_URL": "redis://127.0.0.1:1/0"})
    for program in programs(settings):
        module = program.command[2]
        line = next(line for line in procfile.splitlines() if line.startswith(program.name.split(".")[0] + ":"))
        assert module in line
