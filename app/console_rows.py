"""Rows of the line in the console's words. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from app.admin.deliveries_model import Choices, Delivery, HeldRow, Search, Stage, Told
from app.admin.tones import Tone
from app.admin.words import span
from app.console_overview import is_slow
from connectors.store import history as told
from connectors.store.deliveries import Held, LineState
from connectors.store.deliveries import Stage as Counted
from connectors.store.history import Attempt
from connectors.store.leases import KILLED
from connectors.store.rows import Delivery as Row
from connectors.store.rows import kind_in_words

WORDS = {
    "new": (Tone.WARN, "Waiting"),
    "planning": (Tone.WARN, "Being read"),
    "pending": (Tone.WARN, "Waiting"),
    "inflight": (Tone.WARN, "Being sent"),
    "unknown": (Tone.WARN, "Being verified"),
    "done": (Tone.GOOD, "Done"),
    "ignored": (Tone.OFF, "Ignored on purpose"),
    "parked": (Tone.BAD, "Parked"),
}
STATE_CHOICES = (
    ("waiting", "Waiting"),
    ("unknown", "Being verified"),
    ("parked", "Parked"),
    ("done", "Done"),
    ("ignored", "Ignored on purpose"),
)
BUG = "The worker's log has the trace."
"""How the reason ends of a row parked because our own code failed on it."""
MARKS = {
    told.FAILED: ("look", "Try failed"),
    told.UNKNOWN: ("look", "No answer: outcome not known"),
    told.TAKEN_OVER: ("look", "Taken over"),
    told.PARKED: ("ko", "Parked"),
    told.REPLAYED: ("next", "Replayed"),
    told.DROPPED: ("ok", "Dropped"),
    told.SET_ASIDE: ("ko", "Set aside"),
    told.OVERTAKEN: ("ok", "Not replayed: overtaken"),
    told.DONE: ("ok", "Done"),
    told.IGNORED: ("ok", "Ignored on purpose"),
}


def stages(line: LineState, now: datetime) -> tuple[Stage, ...]:
    return (
        _stage("Inbox: received", line.received, now),
        _stage("Planned", line.planned, now),
        _stage("Outbox: sent", line.sent, now),
        _stage("Being verified", line.verifying, now),
        _stage("Parked", line.parked, now, parked=True),
    )


def held(each: Held, desks: Mapping[str, str]) -> HeldRow:
    tone, word = WORDS[each.state]
    search = Search(direction=each.direction, state=each.state, kind=each.kind or "")
    desk = ""
    if len(desks) > 1 or each.tenant not in desks:
        desk = desks.get(each.tenant, each.tenant)
        search = Search(**{**search.args, "tenant": each.tenant})
    return HeldRow(what=kind_in_words(each.kind), desk=desk, tone=tone, word=word, counts=each.ages, search=search)


def shown(row: Row) -> Delivery:
    tone, word = WORDS[row.state]
    if row.direction == "in" and row.state == "done":
        word = "Planned"
    return Delivery(
        id=row.id,
        at=row.at,
        outgoing=row.direction == "out",
        what=row.what,
        ticket_ref=row.ticket_ref or "",
        key=row.key.rpartition(":")[2][:10],
        tone=tone,
        word=word,
        took=timedelta(seconds=row.took_s) if row.took_s is not None else None,
        detail=row.error or "",
    )


def kinds(found: Iterable[str]) -> Choices:
    return tuple((kind, kind_in_words(kind)) for kind in found)


def is_poison(row: Row) -> bool:
    """Whether it is the row itself that does harm: it killed its process, or our code fails on it every time."""
    reason = row.error or ""
    return row.state == "parked" and (reason.startswith(KILLED) or reason.endswith(BUG))


def advice(row: Row, *, overtaken_by: str | None = None) -> str:
    """What to do about a parked row; empty for any other."""
    reason = row.error or ""
    if row.state != "parked":
        return ""
    if overtaken_by:
        return f"Drop it: the ticket got a newer change, `{overtaken_by}`, which a replay does not undo."
    if reason.startswith(KILLED):
        return "Do not replay it yet. Look in the worker's log for a crash or memory at these times; mend that first."
    if reason.endswith(BUG):
        return "Our own code failed on it. Send the trace to whoever looks after Deskhand; after an update, replay."
    if row.direction == "out":
        return "Mend the cause in the helpdesk, then replay."
    if row.kind is None:
        return f"It cannot be replayed. See `deskhand deliveries show {row.id}`, then drop it."
    return "Mend the cause, then replay."


def actions(row: Row) -> tuple[str, ...]:
    """What a person may do with it, the usual first."""
    if row.state == "parked":
        return ("replay", "dry-run", "drop") if row.kind else ("drop",)
    if row.state == "ignored":
        return ("replay", "dry-run") if row.kind else ()
    if row.state in ("new", "pending", "unknown"):
        return ("dry-run", "park")
    return ()


def facts(row: Row, now: datetime) -> Choices:
    """What the row holds, by name, without what is empty."""
    waits = row.state in ("new", "pending", "unknown")
    worked_on = row.lease_owner if row.lease_until and row.lease_until > now else None
    left = span(row.lease_until - now) if worked_on and row.lease_until else ""
    due = "now" if row.next_at <= now else f"in {span(row.next_at - now)}"
    pairs = (
        ("Name", row.id),
        (
            "Came by",
            {"webhook": "Webhook", "reconcile": "Our check", "schedule": "Our clock"}.get(row.source or "", ""),
        ),
        ("Tries", str(row.tries)),
        ("Next try", due if waits else ""),
        ("Worked on by", f"{worked_on}, for {left} more" if worked_on else ""),
        ("Deaths of its process", str(row.crashes) if row.crashes else ""),
        ("Last answer", str(row.status) if row.status else ""),
        ("Evidence", row.evidence or ""),
        ("Key", row.key),
    )
    return tuple((name, value) for name, value in pairs if value)


def history(row: Row, lines: Sequence[Attempt]) -> tuple[Told, ...]:
    """From its beginning to how it stands now; what went straight is told from the row itself."""
    began = Told(at=row.at, mark="ok", title="Planned" if row.direction == "out" else "Received")
    found = [began, *(_told(each) for each in lines)]
    if row.done_at is not None and (not lines or lines[-1].at < row.done_at):
        tone, word = WORDS[row.state]
        mark = {Tone.BAD: "ko", Tone.GOOD: "ok", Tone.OFF: "ok"}.get(tone, "look")
        found.append(Told(at=row.done_at, mark=mark, title=word, detail=row.error or row.evidence or ""))
    return tuple(found)


def carried(whole: Mapping[str, Any]) -> tuple[Any, str]:
    """A row's payload, or the text of a delivery that is not JSON; (None, "") for a row that carries nothing."""
    if "payload" in whole:
        return whole["payload"], ""
    if not whole["raw"]:
        return None, ""
    try:
        return json.loads(whole["raw"]), ""
    except ValueError:
        return None, str(whole["raw"])


def _told(each: Attempt) -> Told:
    mark, title = MARKS.get(each.what, ("look", each.what.replace("_", " ").capitalize()))
    if each.status:
        title += f" ({each.status})"
    if each.by:
        title += f" by {each.by}"
    return Told(at=each.at, mark=mark, title=title, detail=each.detail or "")


def _stage(name: str, counted: Counted, now: datetime, *, parked: bool = False) -> Stage:
    oldest = now - counted.oldest_at if counted.oldest_at else None
    if parked:
        tone, word = (Tone.BAD, "Needs you") if counted.waiting else (Tone.GOOD, "Works")
    elif is_slow(counted, now):
        tone, word = Tone.WARN, "Wait"
    else:
        tone, word = Tone.GOOD, "Works"
    return Stage(name=name, today=counted.total, waiting=counted.waiting, oldest=oldest, tone=tone, word=word)
