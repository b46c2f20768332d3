"""`deskhand package`: what it writes, what it refuses to write, and what it checks."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import cli
from connectors import packaging
from connectors.registry import VENDORS
from connectors.store import Store
from tests.conftest import new_tenant

AT = datetime(2026, 11, 17, 13, 46, tzinfo=UTC)
pytestmark = pytest.mark.parametrize("vendor", sorted(VENDORS))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An install with a public address, its database not made yet."""
    monkeypatch.setenv("DESKHAND_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/cli.sqlite3")
    monkeypatch.setenv("DESKHAND_PUBLIC_URL", "https://deskhand.example")
    return tmp_path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["package", *map(str, arguments)])


def test_writes_a_package_without_problems_and_says_what_is_next(here: Path, vendor: str) -> None:
    done = run(vendor, "--out", here / "app.zip")
    assert done.exit_code == 0, done.output
    assert "0 errors, 0 warnings" in done.output
    assert "1. " in done.output
    with zipfile.ZipFile(here / "app.zip") as archive:
        assert "manifest.json" in archive.namelist()
        assert any(b"deskhand.example" in archive.read(name) for name in archive.namelist())
    assert not (here / "app.zip.part").exists()


def test_writes_the_same_bytes_twice(here: Path, vendor: str) -> None:
    for name in ("one.zip", "two.zip"):
        assert run(vendor, "--out", here / name).exit_code == 0
    assert (here / "one.zip").read_bytes() == (here / "two.zip").read_bytes()


def test_refuses_an_address_nobody_reaches_and_leaves_the_old_file(
    here: Path, vendor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "app.zip").write_bytes(b"the one before")
    monkeypatch.setenv("DESKHAND_PUBLIC_URL", "http://127.0.0.1:8710")
    done = run(vendor, "--out", here / "app.zip")
    assert done.exit_code == 1
    assert "DESKHAND_PUBLIC_URL" in done.output
    assert "Nothing was written." in done.output
    assert (here / "app.zip").read_bytes() == b"the one before"


def test_says_it_in_json(here: Path, vendor: str) -> None:
    done = run(vendor, "--out", here / "app.zip", "--json")
    said = json.loads(done.output)
    assert (said["errors"], said["warnings"], said["out"]) == (0, 0, str(here / "app.zip"))
    assert "manifest.json" in said["files"]


def test_checks_a_zip_and_a_folder(here: Path, vendor: str) -> None:
    run(vendor, "--out", here / "app.zip")
    assert run(vendor, "--check", here / "app.zip").exit_code == 0
    with zipfile.ZipFile(here / "app.zip") as archive:
        archive.extractall(here / "folder")
    assert run(vendor, "--check", here / "folder").exit_code == 0
    (here / "folder" / "manifest.json").write_text("{}")
    done = run(vendor, "--check", here / "folder", "--json")
    assert done.exit_code == 1
    assert {problem["file"] for problem in json.loads(done.output)["problems"] if problem["level"] == "error"} == {
        "manifest.json", *(["config/requests.json"] if "config/requests.json" in done.output else []),
    }  # fmt: skip


def test_a_symbolic_link_is_refused_in_a_zip_and_in_a_folder(here: Path, vendor: str) -> None:
    run(vendor, "--out", here / "app.zip")
    with zipfile.ZipFile(here / "app.zip", "a") as archive:
        link = zipfile.ZipInfo("assets/link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/hostname")
    done = run(vendor, "--check", here / "app.zip")
    assert done.exit_code == 1
    assert "error: assets/link: This is a symbolic link." in done.output
    (here / "folder").mkdir()
    os.symlink("/etc/hostname", here / "folder" / "manifest.json")
    done = run(vendor, "--check", here / "folder")
    assert done.exit_code == 1
    assert "error: manifest.json: This is a symbolic link." in done.output


def test_what_is_no_package_is_said_in_one_line(here: Path, vendor: str) -> None:
    (here / "text.zip").write_text("hello")
    done = run(vendor, "--check", here / "text.zip")
    assert (done.exit_code, done.output.count("\n")) == (1, 1)
    assert "is not a zip" in done.output


def test_without_the_manifests_it_says_where_they_are_looked_for(
    here: Path, vendor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packaging, "MANIFESTS", here / "nothing")
    done = run(vendor, "--out", here / "app.zip")
    assert done.exit_code == 1
    assert f"There is no {here / 'nothing' / vendor}" in done.output


@pytest.mark.parametrize("arguments", [(), ("--out", "a.zip", "--check", "."), ("--check", ".", "--tenant", "acme")])
def test_wrong_usage(here: Path, vendor: str, arguments: tuple[str, ...]) -> None:
    assert run(vendor, *arguments).exit_code == 2


def test_a_tenant_must_be_connected_to_this_helpdesk(here: Path, vendor: str) -> None:
    store = Store.open(f"sqlite:///{here}/cli.sqlite3", var=here / "var")
    store.database.migrate()
    tenant = new_tenant()
    store.tenants.add(tenant, webhook_token="path-token", now=AT)
    store.database.close()
    done = run(vendor, "--out", here / "app.zip", "--tenant", tenant.id)
    assert done.exit_code == (0 if vendor == tenant.vendor else 2), done.output
    assert run(vendor, "--out", here / "app.zip", "--tenant", "nobody").exit_code == 2


def test_a_package_for_a_connected_helpdesk_brings_no_fields_a_second_time(here: Path, vendor: str) -> None:
    store = Store.open(f"sqlite:///{here}/cli.sqlite3", var=here / "var")
    store.database.migrate()
    tenant = new_tenant(vendor=vendor)
    store.tenants.add(tenant, webhook_token="path-token", now=AT)
    store.database.close()
    first, later = here / "first.zip", here / "later.zip"
    assert run(vendor, "--out", first).exit_code == 0
    assert run(vendor, "--out", later, "--tenant", tenant.id).exit_code == 0
    names = [set(packaging.opened(each).files) for each in (first, later)]
    assert names[0] - names[1] <= {"requirements.json"}
    assert "requirements.json" not in names[1]
