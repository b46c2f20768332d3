"""What the Deliveries pages need, from the store."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from urllib.parse import quote

from app import console_rows
from app.admin.deliveries_model import (
    Chosen,
    Deliveries,
    OneDelivery,
    Parked,
    Promise,
    Search,
)
from app.admin.payload import leaves
from app.console_connect import ConnectService
from app.dry_runs import LONGEST_WAIT, wait_for
from connectors import registry
from connectors.store.filters import Filter
from connectors.store.names import NoSuchDelivery
from connectors.store.replays import DROP, PARK, REPLAY
from connectors.store.rows import Delivery as Row
from connectors.store.rows import Place
from connectors.store.schema import EPOCH
from connectors.store.tenants import TenantSummary
from triage.dry_run import Preview

PAGE, MOST_PARKED, SHOWN = 50, 100, 10


class DeliveriesService(ConnectService):
    """Implements `app.admin.deliveries_model.DeliveriesDeps`."""

    def deliveries(self, search: Search, *, before: str | None) -> Deliveries:
        now, deliveries = self.deps.now(), self.store.deliveries
        line, ever = deliveries.line(since=midnight(now)), deliveries.line(since=EPOCH)
        first = deliveries.arrivals(since=EPOCH)[:1]
        times = ever.seconds_to_effect
        parked = deliveries.newest(Filter(state="parked"), limit=MOST_PARKED)
        found = deliveries.newest(
            search.filter, now=now, before=Place.parse(before) if before else None, limit=PAGE + 1
        )
        latest = found[:PAGE]
        desks = self._names()
        link = self._linker()
        return Deliveries(
            stages=console_rows.stages(line, now),
            promise=Promise(
                since=(first[0] if first else now).date(),
                accepted=ever.received.total,
                lost=ever.lost,
                median=timedelta(seconds=times[len(times) // 2]) if times else None,
                slowest_5_percent=timedelta(seconds=times[int(len(times) * 0.95)]) if times else None,
                found_by_check=deliveries.found_by_check(since=EPOCH),
            ),
            held=tuple(console_rows.held(each, desks) for each in deliveries.unfinished(now)),
            parked=tuple(self._parked(row, link) for row in reversed(parked)),
            parked_total=line.parked.waiting,
            matching=len(self.matching(REPLAY, search, seen_at=now)) if search.args else 0,
            latest=tuple(console_rows.shown(row) for row in latest),
            older=str(latest[-1].place) if len(found) > PAGE else None,
            kinds=console_rows.kinds(deliveries.kinds()),
            tenants=tuple(desks.items()) if len(desks) > 1 else (),
            states=console_rows.STATE_CHOICES,
        )

    def delivery(self, name: str, *, texts: bool) -> OneDelivery:
        row = self.store.deliveries.one(name)
        whole = self.store.deliveries.show(name)
        if row.direction == "in":
            related = self.store.deliveries.effects_of(name)
        else:
            related = [self.store.deliveries.one(row.caused_by)] if row.caused_by else []
        payload, not_json = console_rows.carried(whole)
        overtaken = self.store.replays.overtaken_by(name) if row.state == "parked" else None
        return OneDelivery(
            row=console_rows.shown(row),
            desk=self._names().get(row.tenant, row.tenant),
            tries=row.tries,
            reason=row.error or "",
            facts=console_rows.facts(row, self.deps.now()),
            history=console_rows.history(row, self.store.history.of(name)),
            payload=None if payload is None else leaves(payload, texts=texts),
            not_json=not_json if texts else f"{len(not_json)} characters that are not JSON" if not_json else "",
            related=tuple(console_rows.shown(each) for each in related),
            actions=console_rows.actions(row),
            advice=console_rows.advice(row, overtaken_by=overtaken),
            ticket_url=self._linker()(row),
        )

    def chosen(self, action: str, ids: Sequence[str], search: Search) -> Chosen:
        now = self.deps.now()
        names = list(dict.fromkeys(ids)) or self.matching(action, search, seen_at=now)
        rows = [self.store.deliveries.one(name) for name in names[:SHOWN]]
        return Chosen(ids=tuple(names), first=tuple(console_rows.shown(row) for row in rows), seen_at=now)

    def matching(self, action: str, search: Search, *, seen_at: datetime) -> Sequence[str]:
        return self.store.replays.matching(search.filter, action, now=seen_at)

    def move(self, action: str, ids: Sequence[str], *, by: str) -> int:
        replays = self.store.replays
        moves: Mapping[str, Callable[..., int]] = {REPLAY: replays.replay, DROP: replays.drop, PARK: replays.park}
        return moves[action](ids, now=self.deps.now(), by=by)

    def ask_dry_run(self, name: str, *, by: str) -> int:
        return self.store.dry_runs.ask(name, by=by, now=self.deps.now())

    def dry_run(self, name: str, number: int) -> Preview | None:
        asked = self.store.dry_runs.get(number)
        if asked is None or asked.delivery != name:
            raise NoSuchDelivery(f"There is no such dry run of {name} any more. Ask again on its page.")
        left = (asked.asked_at + LONGEST_WAIT - self.deps.now()).total_seconds()
        result = wait_for(self.store, number, until=time.monotonic() + min(left, LONGEST_WAIT.total_seconds()))
        return None if result is None else Preview.from_json(result)

    def _parked(self, row: Row, link: Callable[[Row], str | None]) -> Parked:
        return Parked(
            id=row.id,
            effect=row.what,
            ticket_ref=row.ticket_ref or "",
            reason=row.error or "No reason was noted.",
            advice=console_rows.advice(row),
            tries=row.tries,
            since=row.done_at or row.at,
            ticket_url=link(row),
            poison=console_rows.is_poison(row),
        )

    def _names(self) -> dict[str, str]:
        return {each.id: each.name for each in self.store.tenants.all()}

    def _linker(self) -> Callable[[Row], str | None]:
        """Where a row's ticket is in its helpdesk, each helpdesk looked up once."""
        known: dict[str, TenantSummary | None] = {each.id: each for each in self.store.tenants.all()}

        def link(row: Row) -> str | None:
            summary = known.get(row.tenant)
            if summary is None or not row.ticket_ref:
                return None
            path = registry.vendor(summary.vendor).ticket_path
            return summary.origin + path.format(ref=quote(row.ticket_ref, safe=""))

        return link


def midnight(now: datetime) -> datetime:
    return datetime.combine(now.date(), time_of_day(), UTC)
