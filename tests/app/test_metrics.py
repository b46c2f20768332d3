"""What an operator's Prometheus reads: the names promised, the figures of the database, and nobody else reads them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from app import create_app
from app.bootstrap import Deps
from app.settings import Settings
from connectors.store import Store
from connectors.store.clockwork import LEADER_LEASE, Leadership
from connectors.store.inbox import WEBHOOK
from connectors.store.schema import circuit
from connectors.store.tallies import API_429, DUP_PREVENTED, EFFECTS, JOBS_REFUSED, LEASE_LOST, NOBODY, RECONCILED
from tests.conftest import ToldClock
from tests.connectors.store.test_line import plan_effect, receive

TOKEN = "a-long-enough-token"
PROMISED = {
    "inbox_oldest_seconds": {"tenant"},
    "outbox_oldest_seconds": {"tenant", "kind"},
    "parked_total": {"tenant", "direction"},
    "effects_total": {"tenant", "kind", "outcome"},
    "dup_prevented_total": {"tenant"},
    "reconciled_total": {"tenant"},
    "api_429_total": {"tenant"},
    "lease_lost_total": {"tenant"},
}
NONE: frozenset[str] = frozenset()
Samples = dict[tuple[str, frozenset[str]], float]


def opened(store: Store, clock: ToldClock, tmp_path: Path, **env: str) -> FlaskClient:
    settings = Settings.from_env({"DESKHAND_VAR": str(tmp_path), "REDIS_URL": "redis://127.0.0.1:9/0", **env})
    return create_app(settings, Deps(settings, store, clock)).test_client()


@pytest.fixture
def client(store: Store, clock: ToldClock, tmp_path: Path) -> FlaskClient:
    return opened(store, clock, tmp_path)


def read(client: FlaskClient) -> Samples:
    """Every sample by its name and the values of its labels, as Prometheus' own parser reads them."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(answer.text)
    return {(each.name, frozenset(each.labels.values())): each.value for family in families for each in family.samples}


def test_the_promised_names_have_the_promised_labels(
    client: FlaskClient, store: Store, tenant: str, clock: ToldClock
) -> None:
    store.tallies.add(tenant, EFFECTS, "update_ticket:done")
    answer = client.get("/metrics").text
    found = {
        sample.name: set(sample.labels)
        for family in text_string_to_metric_families(answer)
        for sample in family.samples
    }
    assert {name: found.get(name) for name in PROMISED} == PROMISED
    assert all(name in PROMISED or name.startswith("deskhand_") for name in found)
    assert "# TYPE parked_total counter" in answer
    assert "# TYPE inbox_oldest_seconds gauge" in answer


def test_ages_and_rows_are_those_of_what_waits(
    client: FlaskClient, store: Store, tenant: str, clock: ToldClock
) -> None:
    receive(store, tenant, clock, "old")
    clock.forward(seconds=90)
    receive(store, tenant, clock, "new")
    plan_effect(store, tenant, clock)
    clock.forward(seconds=10)
    samples = read(client)
    assert samples["inbox_oldest_seconds", frozenset({tenant})] == 100
    assert samples["outbox_oldest_seconds", frozenset({tenant, "update_ticket"})] == 10
    assert samples["deskhand_rows", frozenset({tenant, "in", "new"})] == 2
    assert samples["deskhand_rows", frozenset({tenant, "out", "pending"})] == 1
    assert samples["deskhand_rows", frozenset({tenant, "out", "parked"})] == 0
    store.replays.park(["in-1", "in-2", "out-1"], now=clock())
    samples = read(client)
    assert samples["inbox_oldest_seconds", frozenset({tenant})] == 0
    assert samples["deskhand_rows", frozenset({tenant, "in", "parked"})] == 2
    assert samples["deskhand_rows", frozenset({tenant, "out", "parked"})] == 1


def test_counters_are_the_tallies(client: FlaskClient, store: Store, tenant: str, clock: ToldClock) -> None:
    assert read(client)["api_429_total", frozenset({tenant})] == 0
    for name, by in ((DUP_PREVENTED, 2), (RECONCILED, 3), (API_429, 4), (LEASE_LOST, 5)):
        store.tallies.add(tenant, name, by=by)
    store.tallies.add(tenant, EFFECTS, "add_comment:unknown", by=6)
    store.tallies.add(NOBODY, JOBS_REFUSED, by=7)
    store.inbox.set_aside(tenant, WEBHOOK, "x", state="parked", reason="unreadable", now=clock(), raw=b"?", headers={})
    samples = read(client)
    assert [
        samples[f"{name}_total", frozenset({tenant})] for name in (DUP_PREVENTED, RECONCILED, API_429, LEASE_LOST)
    ] == [*(2, 3, 4, 5)]
    assert samples["effects_total", frozenset({tenant, "add_comment", "unknown"})] == 6
    assert samples["outbox_oldest_seconds", frozenset({tenant, "add_comment"})] == 0
    assert samples["deskhand_jobs_refused_total", NONE] == 7
    assert samples["parked_total", frozenset({tenant, "in"})] == 1


def test_clock_redis_and_circuits(client: FlaskClient, store: Store, tenant: str, clock: ToldClock) -> None:
    samples = read(client)
    assert samples["deskhand_leader_seconds", NONE] == float("inf")
    assert samples["deskhand_redis_up", NONE] == 0
    assert samples["deskhand_database_up", NONE] == 1
    assert ("deskhand_queue_length", NONE) not in samples
    Leadership(store.database, "me", LEADER_LEASE).hold(clock())
    clock.forward(seconds=4)
    with store.database.write() as connection:
        values = {"tenant": tenant, "family": "updates", "failures": 5, "open_until": clock() + timedelta(seconds=30)}
        connection.execute(circuit.insert().values(**values))
    samples = read(client)
    assert samples["deskhand_leader_seconds", NONE] == 4
    assert samples["deskhand_circuit_open", frozenset({tenant, "updates"})] == 1


def test_without_a_database_it_says_so(clock: ToldClock, tmp_path: Path) -> None:
    away = Store.open(f"sqlite:///{tmp_path}/empty.sqlite3", var=tmp_path)  # no tables
    samples = read(opened(away, clock, tmp_path))
    assert samples["deskhand_database_up", NONE] == 0
    assert samples["deskhand_redis_up", NONE] == 0
    away.database.close()


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ({}, "10.1.2.3"),
        ({"X-Forwarded-For": "10.1.2.3"}, "127.0.0.1"),
        ({"Forwarded": "for=10.1.2.3"}, "127.0.0.1"),
        ({"Host": "attacker.example"}, "127.0.0.1"),
    ],
)
def test_without_a_token_only_this_machine_may_read(client: FlaskClient, headers: dict[str, str], address: str) -> None:
    answer = client.get("/metrics", headers=headers, environ_overrides={"REMOTE_ADDR": address})
    assert answer.status_code == 403
    assert "tenant" not in answer.text


def test_behind_a_public_address_there_must_be_a_token(store: Store, clock: ToldClock, tmp_path: Path) -> None:
    """A proxy on the same machine need not say that it is one."""
    client = opened(store, clock, tmp_path, DESKHAND_PUBLIC_URL="https://desk.example")
    assert client.get("/metrics").status_code == 403


@pytest.mark.parametrize(
    ("authorization", "status"),
    [(f"Bearer {TOKEN}", 200), (f"Bearer {TOKEN}x", 403), (TOKEN, 403), ("", 403), ("Bearer caf\u00e9", 403)],
)
def test_with_a_token_it_is_wanted_from_everybody(
    store: Store, clock: ToldClock, tmp_path: Path, authorization: str, status: int
) -> None:
    client = opened(store, clock, tmp_path, DESKHAND_METRICS_TOKEN=TOKEN, DESKHAND_PUBLIC_URL="https://desk.example")
    for address in ("127.0.0.1", "10.1.2.3"):
        answer = client.get(
            "/metrics", headers={"Authorization": authorization}, environ_overrides={"REMOTE_ADDR": address}
        )
        assert answer.status_code == status
