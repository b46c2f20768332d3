"""Two at once: one installs, the other is told, and nothing stands there twice."""

from __future__ import annotations

import threading

import pytest

from app import install
from app.install import ConnectFailed
from app.install.turns import alone
from connectors.errors import Unavailable
from tests.app.install_site import WAIT_S, Site, ours


def test_of_two_who_connect_at_once_one_makes_everything_once(zendesk: Site) -> None:
    start, ends = threading.Barrier(2), []

    def connect() -> None:
        start.wait()
        try:
            ends.append(zendesk.connect().tenant)
        except ConnectFailed as failed:
            ends.append(failed.step.key)

    threads = [threading.Thread(target=connect) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tenant = zendesk.deps.store.tenants.all()[0].id
    # One may have finished its turn before the other asked: then both are through.
    assert set(ends) <= {tenant, "events"}
    assert tenant in ends
    assert sorted(ours(zendesk)) == ["Deskhand", "Deskhand: new ticket", "Deskhand: ticket changed"]
    assert zendesk.bad(tenant, with_test_event=True) == {}


def test_while_one_is_at_it_the_others_change_nothing(zendesk: Site) -> None:
    tenant = zendesk.connect().tenant
    standing = ours(zendesk)
    with alone(zendesk.deps, "zendesk", zendesk.running.base_url):
        with pytest.raises(ConnectFailed, match="somebody else"):
            zendesk.connect()
        for act in (install.repair, install.uninstall):
            with pytest.raises(Unavailable, match="somebody else"):
                act(zendesk.deps, tenant)
    assert ours(zendesk) == standing
    assert zendesk.connection(tenant).token


def test_a_turn_ends_with_its_failure(zendesk: Site) -> None:
    with pytest.raises(ZeroDivisionError), alone(zendesk.deps, "zendesk", zendesk.running.base_url):
        raise ZeroDivisionError
    assert install.connect(zendesk.deps, zendesk.request(), wait_s=WAIT_S).tenant
