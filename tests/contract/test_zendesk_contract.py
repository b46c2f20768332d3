"""The connector and the simulated helpdesk, held against the vendor's own OpenAPI files.

Every story is told once more with a recorder at the helpdesk's door: each request must be one the vendor
documents, and each answer one it could give. What the files themselves lack is named in `GAPS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.installing import FieldPlan, Place
from tests.conformance.test_conformance import STORIES
from tests.conformance.world import World, open_world, utc_now
from tests.conftest import ROOT
from tests.contract.openapi import contract
from tests.contract.traffic import Exchange, Recorder

FILES = ROOT.parent / "shared" / "platforms" / "zendesk-openapi"
# What the vendor's files leave out or state wrongly: a pattern of the misfit, and what is really so.
GAPS = {
    r"answer \d+: .*fields\[\d+\]\.value: None is not valid": "a custom field without a value is null",
    r"request: .*custom_fields\[\d+\]\.value: None is not valid": "a custom field is emptied with null",
    r"answer \d+: .*\.(priority|type): None is not one of": "priority and type may be empty: then they are null",
    r"satisfaction_ratings\[\d+\]\.(assignee|group)_id: None": "a ticket without assignee or group can be rated",
    r"/business_hours/.*: no such path": "schedules are documented on a page of their own, not in the file",
    r"/api/v2/(webhooks|apps)\b.*: no such path": "webhooks and apps are documented on pages of their own",
    r"PUT /api/v2/ticket_fields/.*: request: the file states no body": "the body of a change is on the page only",
    r"PUT /api/v2/tickets/update_many: request": "the ids that tell the tickets apart are read-only in the file",
}

pytestmark = pytest.mark.skipif(
    not FILES.is_dir(), reason="not run: the vendor's OpenAPI files (../shared/platforms/zendesk-openapi) are absent"
)


def an_installation_is_made_checked_and_taken_away(world: World) -> object:
    plan = FieldPlan(title="Deskhand test", choices=(("one", "One"), ("two", "Two")))
    place = Place(
        app_url="https://deskhand.example",
        webhook_url="https://deskhand.example/webhooks/zendesk/path",
        fields={"category": plan},
        groups=("Front desk", "New group"),
        make_groups=True,
    )
    installer = world.vendor.installer(world.connection, place, now=utc_now)
    assert installer.install().made
    assert {finding.check for finding in installer.check()} >= {"webhook", "triggers", "fields", "groups"}
    assert installer.uninstall()
    return "gone"


@pytest.mark.parametrize("name", [*STORIES, "an_installation_is_made_checked_and_taken_away"])
def test_every_exchange_fits_the_vendors_file(name: str, company: Path) -> None:
    with open_world("zendesk", company) as world:
        app = world.running.simulator.app
        recorder = Recorder(app.wsgi_app)
        app.wsgi_app = recorder  # type: ignore[method-assign]
        STORIES.get(name, an_installation_is_made_checked_and_taken_away)(world)
    misfits = {
        misfit for exchange in recorder.exchanges if exchange.path.startswith("/api/v2/") for misfit in _fit(exchange)
    }
    assert {each for each in misfits if not any(re.search(gap, each) for gap in GAPS)} == set()


def _fit(exchange: Exchange) -> Iterator[str]:
    name = "helpcenter-oas.yaml" if "/help_center/" in exchange.path else "support-oas.yaml"
    return contract(FILES / name).misfits(exchange)


@pytest.mark.parametrize(
    ("exchange", "misfit"),
    [
        (Exchange("GET", "/api/v2/no_such_thing", 200, None, {}), "no such path"),
        (Exchange("PATCH", "/api/v2/tickets/1", 200, None, {}), "no such method"),
        (Exchange("GET", "/api/v2/tickets/1", 299, None, {}), "status 299 is not listed"),
        (Exchange("PUT", "/api/v2/tickets/1", 200, {"ticket": {"priority": "P1"}}, None), "'P1' is not one of"),
        (Exchange("GET", "/api/v2/tickets/1", 200, None, {"ticket": {"id": "one"}}), "'one' is not of type 'integer'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_misfit_is_seen(exchange: Exchange, misfit: str) -> None:
    assert any(misfit in each for each in _fit(exchange))
