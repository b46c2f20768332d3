"""The Freshdesk app we hand out: it breaks no rule, calls nobody but us, and is the same bytes every time."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace

import pytest

from connectors.freshdesk.package import build
from connectors.freshdesk.package_rules import check
from connectors.installing import Place
from connectors.packaging import zipped


@pytest.fixture
def place() -> Place:
    return Place(app_url="https://deskhand.example", webhook_url="https://x/path-of-this-tenant", fields={}, groups=())


def test_breaks_no_rule(place: Place) -> None:
    assert [str(problem) for problem in check(build(place))] == []


def test_every_request_goes_to_this_install(place: Place) -> None:
    requests = json.loads(build(place)["config/requests.json"])
    assert {template["schema"]["host"] for template in requests.values()} == {"deskhand.example"}


def test_no_placeholder_and_no_secret_path_is_left(place: Place) -> None:
    files = build(place)
    assert not [path for path, data in files.items() if b"@APP_" in data or b"path-of-this-tenant" in data]
    assert "build.json" not in files


def test_the_zip_is_the_same_every_time_and_opens_again(place: Place) -> None:
    once, again = zipped(build(place)), zipped(dict(reversed(build(place).items())))
    assert once == again
    with zipfile.ZipFile(io.BytesIO(once)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == dict(build(place))


@pytest.mark.parametrize("url", ["http://127.0.0.1:8710", "https://deskhand.example:8443", "http://localhost:8710"])
def test_an_address_the_proxy_cannot_reach_is_refused(place: Place, url: str) -> None:
    problems = check(build(replace(place, app_url=url)))
    assert problems
    assert {problem.file for problem in problems} == {"config/requests.json"}
    assert all(problem.key.endswith(".schema.host") for problem in problems)
