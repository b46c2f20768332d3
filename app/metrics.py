"""GET /metrics in Prometheus' text format.

There are several processes, so nothing is counted in memory: every scrape reads the database, and asks Redis how long
its queue is. The first eight names are those of the design and have no prefix; all others begin with `deskhand_`.
"""

from __future__ import annotations

import hmac
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Blueprint, Request, Response, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from app.bootstrap import Deps
from app.probes import Look
from app.settings import Settings
from connectors.queue import QueueDown, WakeUps, connect
from connectors.redis_server import url_for
from connectors.store import inbox, outbox, tallies
from connectors.store.tallies import Tally

log = logging.getLogger("deskhand.web")
SCRAPED_WITHIN_S = 5.0
REDIS_ANSWERS_WITHIN_S = 0.5
PROXIED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via")
ON_THIS_MACHINE = ("127.0.0.1", "localhost", "[::1]", "::1")
STATES = {
    "in": (*inbox.STATES.unfinished, inbox.STATES.parked),
    "out": (*outbox.STATES.unfinished, outbox.STATES.parked),
}
COUNTERS = {
    "dup_prevented": (tallies.DUP_PREVENTED, "Events that came again and effects found done: nothing happened twice."),
    "reconciled": (tallies.RECONCILED, "Changes that no webhook brought and the regular check found."),
    "api_429": (tallies.API_429, "Answers 429 of the helpdesk, or 503 with a time to come back."),
    "lease_lost": (tallies.LEASE_LOST, "Rows taken over because whoever worked on them went silent."),
    "deskhand_suggestions_failed": (tallies.SUGGESTION_FAILED, "Tickets for which the search for articles failed."),
}
REFUSED = (
    "Metrics are for this machine, where DESKHAND_PUBLIC_URL is on it too, "
    "or for who brings the bearer token of DESKHAND_METRICS_TOKEN."
)


def create_blueprint(deps: Deps) -> Blueprint:
    blueprint = Blueprint("metrics", __name__)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(LineCollector(deps))
    scrape = Look(lambda: generate_latest(registry), within_s=SCRAPED_WITHIN_S)

    @blueprint.get("/metrics")
    def metrics() -> Response:
        if not may_read(request, deps.settings):
            return Response(REFUSED + "\n", 403, mimetype="text/plain")
        try:
            return Response(scrape(), content_type=CONTENT_TYPE_PLAIN_0_0_4)
        except TimeoutError:
            return Response("The database does not answer.\n", 503, mimetype="text/plain")

    return blueprint


def may_read(asked: Request, settings: Settings) -> bool:
    """Who brings the token; where there is none, only who asks on this machine and not through a proxy on it.

    A proxy makes every request look local and need not say that it is one. So an install that is reached from
    elsewhere, by its public address, always wants the token.
    """
    if settings.metrics_token:
        given = asked.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {settings.metrics_token}".encode())
    return (
        urlsplit(settings.public_url).hostname in ON_THIS_MACHINE
        and ip_address(asked.remote_addr or "0.0.0.0").is_loopback  # noqa: S104
        and asked.host.rsplit(":", 1)[0] in ON_THIS_MACHINE  # a page in a browser here may only name its own host
        and not any(name in asked.headers for name in PROXIED)
    )


class LineCollector(Collector):
    """Reads everything at each scrape; without the database only that it is away, and what Redis says."""

    def __init__(self, deps: Deps) -> None:
        self.deps = deps

    def collect(self) -> Iterator[Metric]:
        yield _gauge("deskhand_build_info", "1; the label says which version runs.", [((_version(),), 1)], "version")
        try:
            counted = self.deps.store.tallies.all()
            tenants = self.deps.store.gauges.tenants()
            from_database = [*self._line(tenants, counted), *_counters(tenants, counted), *self._others()]
        except SQLAlchemyError as error:
            log.warning("the database was not read for metrics: %s", type(error).__name__)
            from_database = None
        up = int(from_database is not None)
        yield _gauge("deskhand_database_up", "1 when the database could be read.", [((), up)])
        yield from from_database or ()
        yield from self._queue()

    def _line(self, tenants: Sequence[str], counted: Sequence[Tally]) -> Iterator[Metric]:
        now = self.deps.now()
        rows: Counter[tuple[str, ...]] = Counter()
        incoming = {(tenant,): 0.0 for tenant in tenants}
        outgoing = {(tally.tenant, tally.label.split(":")[0]): 0.0 for tally in _named(tallies.EFFECTS, counted)}
        for tenant in tenants:
            rows.update({(tenant, way, state): 0 for way, states in STATES.items() for state in states})
        for each in self.deps.store.gauges.unfinished():
            rows[(each.tenant, each.direction, each.state)] += each.rows
            if each.state == inbox.STATES.parked:
                continue
            age = max(0.0, (now - each.oldest_at).total_seconds())
            if each.direction == "in":
                incoming[(each.tenant,)] = max(age, incoming.get((each.tenant,), 0.0))
            else:
                key = (each.tenant, each.kind)
                outgoing[key] = max(age, outgoing.get(key, 0.0))
        text = "Age of the oldest event that is not planned yet; 0 when none waits."
        yield _gauge("inbox_oldest_seconds", text, incoming.items(), "tenant")
        text = "Age of the oldest effect that is not carried out yet; 0 when none waits."
        yield _gauge("outbox_oldest_seconds", text, outgoing.items(), "tenant", "kind")
        text = "Rows that wait, run or are parked; in is what came, out is what goes."
        yield _gauge("deskhand_rows", text, rows.items(), "tenant", "direction", "state")

    def _others(self) -> Iterator[Metric]:
        led_at = self.deps.store.gauges.led_at()
        age = float("inf") if led_at is None else (self.deps.now() - led_at).total_seconds()
        text = "Seconds since a clock last said that it leads; +Inf when none does."
        yield _gauge("deskhand_leader_seconds", text, [((), max(0.0, age))])
        circuits = [((each.tenant, each.family), 1) for each in self.deps.store.circuits.open()]
        text = "1 for each kind of request that the helpdesk failed too often: it is tried by probes only."
        yield _gauge("deskhand_circuit_open", text, circuits, "tenant", "family")

    def _queue(self) -> Iterator[Metric]:
        try:
            length, workers = self._wake_ups.look()
        except QueueDown:
            yield _gauge("deskhand_redis_up", "1 when Redis answers.", [((), 0)])
            return
        yield _gauge("deskhand_redis_up", "1 when Redis answers.", [((), 1)])
        yield _gauge("deskhand_queue_length", "Jobs handed to Redis that no worker has begun.", [((), length)])
        yield _gauge("deskhand_workers", "Workers that were heard of lately.", [((), workers)])

    @cached_property
    def _wake_ups(self) -> WakeUps:
        settings = self.deps.settings
        return WakeUps(connect(url_for(settings.redis_url, settings.var), timeout_s=REDIS_ANSWERS_WITHIN_S))


def _counters(tenants: Sequence[str], counted: Sequence[Tally]) -> Iterator[Metric]:
    parked = {(tenant, way): 0 for tenant in tenants for way in STATES}
    parked |= {(tally.tenant, tally.label): tally.value for tally in _named(tallies.PARKED, counted)}
    text = "Rows ever parked; those parked now are deskhand_rows."
    yield _counter("parked", text, parked.items(), "tenant", "direction")
    effects = [((tally.tenant, *tally.label.split(":", 1)), tally.value) for tally in _named(tallies.EFFECTS, counted)]
    text = "Tries of effects by what came of them: done, retry, unknown or parked."
    yield _counter("effects", text, effects, "tenant", "kind", "outcome")
    for name, (tally_name, text) in COUNTERS.items():
        values = {(tenant,): 0 for tenant in tenants}
        values |= {(tally.tenant,): tally.value for tally in _named(tally_name, counted)}
        yield _counter(name, text, values.items(), "tenant")
    refused = sum(tally.value for tally in _named(tallies.JOBS_REFUSED, counted))
    text = "Queue entries that were none of ours: somebody else writes to our Redis."
    yield _counter("deskhand_jobs_refused", text, [((), refused)])


def _named(name: str, counted: Sequence[Tally]) -> list[Tally]:
    return [tally for tally in counted if tally.name == name]


Values = Iterable[tuple[tuple[str, ...], float]]


def _gauge(name: str, text: str, values: Values, *labels: str) -> Metric:
    return _filled(GaugeMetricFamily(name, text, labels=labels), values)


def _counter(name: str, text: str, values: Values, *labels: str) -> Metric:
    """`_total` is added to the name by the format."""
    return _filled(CounterMetricFamily(name, text, labels=labels), values)


def _filled(family: GaugeMetricFamily | CounterMetricFamily, values: Values) -> Metric:
    for labels, value in values:
        family.add_metric(labels, value)
    return family


def _version() -> str:
    try:
        return version("deskhand")
    except PackageNotFoundError:
        return "unknown"
