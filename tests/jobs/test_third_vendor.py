"""Adding a helpdesk touches one folder and one line: a ticket of a third one goes all the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import create_app
from app.bootstrap import Deps
from app.settings import Settings
from connectors import registry
from connectors.features import table
from connectors.store import Store
from jobs import runtime
from jobs.clock import Clock
from jobs.own_threads import OwnThreads
from jobs.runtime import Runtime
from jobs.triager import Triager
from tests.conftest import ToldClock, new_tenant
from tests.jobs import thirddesk
from tests.jobs.conftest import Direct


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.VENDORS, "thirddesk", "tests.jobs.thirddesk:VENDOR")
    for remembered in (thirddesk.TICKETS, thirddesk.NOTES, thirddesk.WRITTEN):
        remembered.clear()


@pytest.mark.usefixtures("registered")
def test_a_ticket_of_a_third_helpdesk_goes_all_the_way(
    store: Store, clock: ToldClock, triager: Triager, tmp_path: Path
) -> None:
    store.tenants.add(
        new_tenant("third", vendor="thirddesk", secrets={"api_token": "key", "webhook_secret": "s3cret"}),
        webhook_token="third-path",
        now=clock(),
    )
    settings = Settings.from_env({"DESKHAND_VAR": str(tmp_path), "DESKHAND_RECONCILE_S": "86400"})
    deps = Deps(settings, store, clock)
    thirddesk.arrive("41", "Invoice for October", "Please send me the invoice for October again, I cannot find it.")

    web = create_app(settings, deps).test_client()
    refused = web.post("/webhooks/thirddesk/third-path", json={"ticket": 41}, headers={"X-Secret": "guess"})
    stored = web.post("/webhooks/thirddesk/third-path", json={"ticket": 41}, headers={"X-Secret": "s3cret"})
    assert (refused.status_code, stored.status_code) == (401, 200)

    run = Runtime(deps)
    run.__dict__["triager"] = triager
    runtime.use(run)
    queue = Direct()
    clock_process = Clock(run, queue)  # type: ignore[arg-type]
    for _ in range(5):
        clock_process.turn()
        jobs, queue.waiting = queue.waiting, []
        for job, row_id, token in jobs:
            OwnThreads.find(job)(row_id, token)
    assert thirddesk.TICKETS["41"].group_id == "3"
    assert len(thirddesk.NOTES["41"]) == 1


@pytest.mark.usefixtures("registered")
def test_it_is_on_the_page_of_features() -> None:
    assert "| Thirddesk |" in table()
