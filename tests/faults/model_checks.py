"""What must hold after every step of the model, and what must hold once all has come to rest."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import Any

from connectors.store.leases import MAX_CRASHES
from connectors.store.outbox import UPDATE_TICKET, effect_key
from jobs.outcomes import LONGEST_AGE, LONGEST_WAIT_S, MOST_TRIES
from jobs.plan import CAUSE
from tests.faults.model_desk import WANTED
from tests.faults.model_ground import TENANT
from tests.faults.model_line import Line, instant
from triage.loops import MOST_EFFECTS, SPAN

UNFINISHED = ("new", "planning", "pending", "inflight", "unknown")
LONGEST_LEASE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
"""No row that waits may be due later than this: it would wait for nothing that we know of."""
RESTARTED = {("planning", "planning"), ("inflight", "inflight")}
BY_HAND = {("parked", "ignored"), ("ignored", "ignored")}
ARROWS = {
    "in": {
        *RESTARTED,
        *BY_HAND,
        ("new", "planning"),
        ("planning", "done"),
        ("planning", "ignored"),
        ("planning", "parked"),
        ("planning", "new"),
        ("new", "done"),  # covered by another event's reading
        ("new", "parked"),
        ("parked", "new"),
        ("ignored", "new"),
    },
    "out": {
        *RESTARTED,
        *BY_HAND,
        ("pending", "inflight"),
        ("unknown", "inflight"),
        ("inflight", "done"),
        ("inflight", "pending"),
        ("inflight", "unknown"),
        ("inflight", "parked"),
        ("pending", "parked"),
        ("unknown", "parked"),
        ("parked", "pending"),
        ("parked", "unknown"),
        ("ignored", "pending"),
        ("ignored", "unknown"),
        ("pending", "ignored"),  # shadow mode, before it was tried
    },
}
LEASED = "state, next_at, tries, crashes, lease_token, lease_until, ticket_ref"


class Checks:
    """Looks at the database and the helpdesk's log from outside the product."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.seen_moves = 0
        self.seen_effects = 0

    def after_a_step(self) -> None:
        inbox = self.line.rows(f"SELECT id, received_at AS since, {LEASED} FROM inbox")  # noqa: S608
        outbox = self.line.rows(
            f"SELECT id, first_attempt_at AS since, key, inbox_id, payload, created_at, {LEASED} FROM outbox"  # noqa: S608
        )
        self._moves()
        for name, rows in (("in", inbox), ("out", outbox)):
            self._leases(name, rows)
        self._effects(outbox)

    def at_rest(self) -> None:
        line = self.line
        inbox = line.rows("SELECT * FROM inbox")
        outbox = {row["key"]: row for row in line.rows("SELECT * FROM outbox")}
        unended = [f"{row['id']} {row['state']}" for row in (*inbox, *outbox.values()) if row["state"] in UNFINISHED]
        assert unended == [], "rows that never end"
        assert line.store.replays.parked() == []
        stored = {row["dedup_key"] for row in inbox if row["source"] == "webhook"}
        assert line.acknowledged <= stored, "acknowledged, and not there"
        made = Counter(effect.key for effect in line.world.log)
        for key, row in outbox.items():
            assert made[key] == 1 or row["state"] != "done", f"out-{row['id']} is done, and nothing was written"
        for ref, ticket in line.world.tickets.items():
            if WANTED in ticket.tags:
                self._decided_and_carried_out(ref, outbox)

    def _decided_and_carried_out(self, ref: str, outbox: dict[str, Any]) -> None:
        decisions = self.line.rows("SELECT shadow, body FROM decision WHERE ticket_ref = ?", ref)
        to_change = [row for row in decisions if json.loads(row["body"])["actions"]]
        if ref in self.line.dropped:
            return
        assert to_change, f"ticket {ref} was never decided: a lost event"
        if all(row["shadow"] for row in to_change):
            return
        row = outbox.get(effect_key(TENANT, UPDATE_TICKET, ref, CAUSE))
        assert row is not None, f"ticket {ref} was decided, and its effect was never planned"
        assert row["state"] in ("done", "ignored")

    def _moves(self) -> None:
        moves = self.line.rows("SELECT * FROM model_moves WHERE id > ?", self.seen_moves)
        for move in moves:
            arrow = (move["was"], move["now"])
            assert arrow in ARROWS[move["line"]], f"{move['line']}-{move['row']} went {arrow[0]} -> {arrow[1]}"
            self.seen_moves = move["id"]

    def _leases(self, name: str, rows: list[Any]) -> None:
        now = self.line.now()
        live: Counter[str] = Counter()
        for row in rows:
            if row["state"] not in UNFINISHED:
                continue
            which = f"{name}-{row['id']}"
            assert instant(row["next_at"]) <= now + LONGEST_PAUSE, f"{which} waits for ever"
            assert 0 <= row["crashes"] < MAX_CRASHES, f"{which} killed its process {row['crashes']} times"
            assert row["tries"] >= 0, f"{which} was tried {row['tries']} times"
            if row["lease_until"] is None:
                # One whose process died is handed out again, and given back when the queue loses it.
                given_back = row["crashes"] > 0 and instant(row["next_at"]) <= now
                assert given_back or row["state"] not in ("planning", "inflight"), f"{which} runs without a lease"
            else:
                assert instant(row["lease_until"]) <= now + LONGEST_LEASE, f"{which} is leased for ever"
                live[row["ticket_ref"] or which] += instant(row["lease_until"]) > now
            if row["tries"] > MOST_TRIES and row["state"] in ("new", "pending", "unknown") and row["since"]:
                given_up = instant(row["since"]) + LONGEST_AGE + timedelta(seconds=LONGEST_WAIT_S)
                assert instant(row["next_at"]) <= given_up, f"{which} is tried without end"
        assert all(count <= 1 for count in live.values()), f"two at once on one ticket in {name}: {live}"

    def _effects(self, outbox: list[Any]) -> None:
        log = self.line.world.log
        if len(log) == self.seen_effects:
            return
        by_key = {row["key"]: row for row in outbox}
        made = Counter(effect.key for effect in log)
        assert max(made.values()) == 1, f"made twice: {made}"
        for effect in log[self.seen_effects :]:
            row = by_key[effect.key]
            was = json.loads(row["payload"])["was"]
            if effect.sets_group and "group_id" in was:
                assert effect.group_before == was["group_id"], f"out-{row['id']} wrote over a person's group"
            allowed = self.line.may_write_in_shadow
            assert allowed is None or effect.key in allowed, f"out-{row['id']} was written in shadow mode"
        self.seen_effects = len(log)
        for ref in {effect.ref for effect in log}:
            numbers = [by_key[effect.key]["id"] for effect in log if effect.ref == ref]
            assert numbers == sorted(numbers), f"effects of ticket {ref} out of order: {numbers}"
            planned = [
                instant(by_key[effect.key]["created_at"])
                for effect in log
                if effect.ref == ref and by_key[effect.key]["inbox_id"] is not None
            ]
            for last in planned:
                within = sum(last - SPAN < each <= last for each in planned)
                assert within <= MOST_EFFECTS, f"ticket {ref} was changed {within} times within an hour"
