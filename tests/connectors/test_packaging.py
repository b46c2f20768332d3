"""Reading an app's folder, filling it in, zipping it and reading a zip back."""

from __future__ import annotations

import io
import json
import os
import zipfile
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from connectors import packaging
from connectors.packaging import DuplicateKeys, PackagingError, UnreadableJson


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The manifests of a helpdesk called acme, in a project of its own."""
    monkeypatch.setattr(packaging, "PROJECT", tmp_path)
    monkeypatch.setattr(packaging, "MANIFESTS", tmp_path / "manifests")
    acme = tmp_path / "manifests" / "acme"
    acme.mkdir(parents=True)
    (acme / "manifest.json").write_text('{"url": "@APP_URL@"}')
    return acme


def test_fills_in_text_and_leaves_pictures_alone(folder: Path) -> None:
    (folder / "picture.png").write_bytes(b"\xff@APP_URL@")
    (folder / ".hidden").write_text("x")
    files = packaging.source("acme", values={"@APP_URL@": "https://a.example"})
    assert files == {"manifest.json": b'{"url": "https://a.example"}', "picture.png": b"\xff@APP_URL@"}


def test_takes_over_the_projects_own_files(folder: Path) -> None:
    (folder.parent.parent / "panel.js").write_text("go();")
    (folder / "build.json").write_text(json.dumps({"copy": {"app/panel.js": "panel.js"}}))
    files = packaging.source("acme", values={"@APP_URL@": "x"})
    assert sorted(files) == ["app/panel.js", "manifest.json"]
    assert files["app/panel.js"] == b"go();"


@pytest.mark.parametrize("path", ["../outside.txt", "/etc/hostname", "gone.js", "manifests"])
def test_copies_nothing_from_elsewhere(folder: Path, path: str) -> None:
    (folder.parent.parent.parent / "outside.txt").write_text("x")
    (folder / "build.json").write_text(json.dumps({"copy": {"a.js": path}}))
    with pytest.raises(PackagingError, match="not a file of the project"):
        packaging.source("acme", values={"@APP_URL@": "x"})


def test_a_placeholder_without_a_value_is_named(folder: Path) -> None:
    with pytest.raises(PackagingError, match="@APP_URL@"):
        packaging.source("acme", values={})


@pytest.mark.parametrize("value", ['https://a"', "https://a<script>", "https://a b", "https://a\\"])
def test_a_value_cannot_end_the_text_it_stands_in(folder: Path, value: str) -> None:
    with pytest.raises(PackagingError, match="plain address"):
        packaging.source("acme", values={"@APP_URL@": value})


@pytest.mark.parametrize(
    ("url", "host", "name"),
    [("https://a.example/", "a.example", "a.example"), ("http://localhost:8710", "localhost:8710", "localhost")],
)
def test_what_an_address_gives(url: str, host: str, name: str) -> None:
    values = packaging.address_values(url)
    assert (values["@APP_URL@"], values["@APP_HOST@"], values["@APP_NAME@"]) == (url.rstrip("/"), host, name)
    assert values["@APP_VERSION@"]


def test_a_zip_reads_back_and_a_folder_too(tmp_path: Path) -> None:
    files = {"b/c.txt": b"two", "a.txt": b"one"}
    (tmp_path / "app.zip").write_bytes(packaging.zipped(files))
    assert packaging.opened(tmp_path / "app.zip").files == files
    with zipfile.ZipFile(tmp_path / "app.zip") as archive:
        archive.extractall(tmp_path / "app")
    assert packaging.opened(tmp_path / "app").files == files


def test_a_file_that_is_there_twice_is_an_error(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.txt", "2")
    (tmp_path / "app.zip").write_bytes(buffer.getvalue())
    (problem,) = packaging.opened(tmp_path / "app.zip").problems
    assert problem.file == "a.txt"


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "app.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * (packaging.MAX_BYTES + 1))
    with pytest.raises(PackagingError, match="not an app"):
        packaging.opened(tmp_path / "app.zip")


@pytest.mark.parametrize("cut", [1, 10, 60, -1])
def test_a_damaged_zip_is_said_to_be_none(tmp_path: Path, cut: int) -> None:
    (tmp_path / "app.zip").write_bytes(packaging.zipped({"a.txt": b"one" * 100})[:cut])
    with pytest.raises(PackagingError, match="is not a zip"):
        packaging.opened(tmp_path / "app.zip")


@pytest.mark.parametrize("data", [b"", b"{", b"{}{}", b"NaN", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_said(data: bytes) -> None:
    with pytest.raises(UnreadableJson):
        packaging.parsed(data)


def test_a_key_that_is_there_twice_is_found_at_any_depth() -> None:
    data = b'{"a": [{"b": 1, "b": 2}]}'
    assert packaging.parsed(data) == {"a": [{"b": 2}]}
    with pytest.raises(DuplicateKeys, match="b"):
        packaging.parsed(data, unique_keys=True)


@pytest.mark.parametrize("path", ["/a", "../a", "a/../../b", "a\\b", "C:a"])
def test_paths_that_leave_are_errors(path: str) -> None:
    (problem,) = packaging.bad_paths([path, "fine/a..b.txt"])
    assert (problem.file, problem.is_error) == (path, True)


def test_errors_come_first_and_once() -> None:
    warning, error = packaging.warning("a", "", "w", "x"), packaging.error("b", "", "e", "x")
    assert packaging.errors_first([warning, error, warning]) == (error, warning)


def test_a_zip_with_changed_bytes_is_read_or_refused(tmp_path: Path) -> None:
    file, whole, dice = (
        tmp_path / "app.zip",
        packaging.zipped({"manifest.json": b"{}", "a/b.txt": b"one" * 99}),
        Random(1),
    )
    for _ in range(3000):
        spoilt = bytearray(whole)
        for _ in range(dice.randint(1, 3)):
            spoilt[dice.randrange(len(spoilt))] = dice.randrange(256)
        file.write_bytes(spoilt)
        with suppress(PackagingError):
            packaging.opened(file)


def test_a_name_that_is_no_text_can_be_printed(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"bad\xff.txt")).write_text("x")
    except OSError:
        pytest.skip("this file system takes text only as names")
    assert list(packaging.opened(tmp_path).files) == ["bad?.txt"]
