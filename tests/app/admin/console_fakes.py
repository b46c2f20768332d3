"""An in-memory `ConsoleDeps` with the figures of one working day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from app.admin import (
    Attempts,
    Deliveries,
    Delivery,
    Overview,
    Parked,
    Part,
    Promise,
    Shell,
    Stage,
    Todo,
    Tone,
    UserRecord,
)
from app.admin.deliveries_model import Chosen, HeldRow, OneDelivery, Search, Told
from app.admin.payload import leaves
from app.passwords import hash_password
from connectors.store.names import NoSuchDelivery
from tests.app.admin.connect_fakes import FakeConnect
from tests.app.admin.knowledge_fakes import FakeKnowledge
from tests.app.admin.sla_fakes import FakeSla
from tests.app.admin.triage_fakes import FakeTriage
from triage.dry_run import FieldChange, Preview, Verdict

NOW = datetime(2026, 11, 17, 13, 24, 6, tzinfo=UTC)
PASSWORD = "correct horse battery"
USER = UserRecord(id="1", email="ana@fieldline.example", name="Ana Lind", password_hash=hash_password(PASSWORD))
DAYS = (1400, 1420, 1360, 1050, 210, 190, 1410, 1430, 1400, 1390, 1350, 260, 200, 1412)
EVENTS = (18, 12, 9, 8, 10, 22, 48, 96, 142, 168, 174, 160, 131, 118)
USUAL = tuple(
    (round(middle * 0.8), round(middle * 1.2))
    for middle in (
        20,
        14,
        10,
        8,
        11,
        24,
        52,
        98,
        138,
        158,
        162,
        150,
        140,
        150,
        156,
        148,
        132,
        98,
        66,
        48,
        40,
        34,
        28,
        22,
    )
)
PARKED = (
    Parked(
        id="out-34",
        effect="Set product area, add note",
        ticket_ref="48166",
        reason="The helpdesk answered 422: field 3600142 does not exist.",
        advice="Restore the field, then replay.",
        tries=1,
        since=NOW - timedelta(hours=3, minutes=10),
        ticket_url="https://fieldline.example/agent/tickets/48166",
    ),
    Parked(
        id="out-35",
        effect="Set product area",
        ticket_ref="48171",
        reason="Same cause as #48166.",
        advice="",
        tries=1,
        since=NOW - timedelta(hours=2, minutes=53),
    ),
)
LATEST = (
    ("out-9", 4, True, "Category, priority, group, note", "48213", "7f3a90c1e2", Tone.GOOD, "Done", 1.4, ""),
    ("in-8", 5, False, "Ticket created", "48213", "01KA7MZZQ4", Tone.GOOD, "Planned", 0.6, ""),
    ("out-7", 44, True, "Mail: next update at 15:00", "48190", "91be03aa5d", Tone.WARN, "Being verified", 40, ""),
    (
        "in-6",
        45,
        False,
        "Comment added",
        "48204",
        "01KA7MZZM9",
        Tone.OFF,
        "Ignored on purpose",
        0.002,
        "repeat, dropped",
    ),
)


def deliveries() -> Deliveries:
    return Deliveries(
        stages=(
            Stage(name="Inbox: received", today=1412, waiting=0, oldest=None, tone=Tone.GOOD, word="Works"),
            Stage(name="Planned", today=1412, waiting=3, oldest=timedelta(seconds=0.8), tone=Tone.GOOD, word="Works"),
            Stage(
                name="Outbox: sent", today=2204, waiting=5, oldest=timedelta(seconds=2), tone=Tone.GOOD, word="Works"
            ),
            Stage(name="Being verified", today=1, waiting=1, oldest=timedelta(seconds=40), tone=Tone.WARN, word="Wait"),
            Stage(
                name="Parked",
                today=2,
                waiting=2,
                oldest=timedelta(hours=3, minutes=10),
                tone=Tone.BAD,
                word="Needs you",
            ),
        ),
        promise=Promise(
            since=date(2026, 11, 1),
            accepted=21884,
            lost=0,
            median=timedelta(seconds=1.9),
            slowest_5_percent=timedelta(seconds=6.2),
            found_by_check=4,
        ),
        parked=PARKED,
        latest=tuple(
            Delivery(
                id=id_,
                at=NOW - timedelta(seconds=ago),
                outgoing=out,
                what=what,
                ticket_ref=ref,
                key=key,
                tone=tone,
                word=word,
                took=timedelta(seconds=took),
                detail=detail,
            )
            for id_, ago, out, what, ref, key, tone, word, took, detail in LATEST
        ),
        held=(
            HeldRow(
                what="Change of a ticket",
                desk="",
                tone=Tone.BAD,
                word="Parked",
                counts=(0, 0, 0, 2),
                search=Search(direction="out", state="parked", kind="update_ticket"),
            ),
            HeldRow(
                what="Ticket created",
                desk="",
                tone=Tone.WARN,
                word="Waiting",
                counts=(3, 1, 0, 0),
                search=Search(direction="in", state="new", kind="ticket_created"),
            ),
        ),
        parked_total=2,
        kinds=(("ticket_created", "Ticket created"), ("update_ticket", "Change of a ticket")),
        tenants=(("fieldline", "Fieldline"), ("globex", "Globex")),
        states=(("waiting", "Waiting"), ("parked", "Parked")),
    )


def one_delivery() -> OneDelivery:
    """A parked effect with a history, as the page of one row shows it."""
    return OneDelivery(
        row=Delivery(
            id="out-34",
            at=NOW - timedelta(hours=3, minutes=12),
            outgoing=True,
            what="Category, product area, note",
            ticket_ref="48166",
            key="7f3a90c1e2",
            tone=Tone.BAD,
            word="Parked",
            took=timedelta(minutes=2),
        ),
        desk="Fieldline",
        tries=3,
        reason="The helpdesk answered 422: field 3600142 does not exist.",
        facts=(
            ("Name", "out-34"),
            ("Tries", "3"),
            ("Last answer", "422"),
            ("Key", "7f3a90c1e2b4d5f60718293a4b5c6d7e"),
        ),
        history=(
            Told(at=NOW - timedelta(hours=3, minutes=12), mark="ok", title="Planned"),
            Told(
                at=NOW - timedelta(hours=3, minutes=11),
                mark="look",
                title="Try failed (503)",
                detail="The helpdesk answered 503.",
            ),
            Told(
                at=NOW - timedelta(hours=3, minutes=10, seconds=50),
                mark="look",
                title="Taken over",
                detail="worker-1:4711 ended while it worked on this: death 1 of 3.",
            ),
            Told(
                at=NOW - timedelta(hours=3, minutes=10),
                mark="ko",
                title="Parked (422)",
                detail="The helpdesk answered 422: field 3600142 does not exist.",
            ),
        ),
        payload=leaves(
            {
                "ticket_ref": "48166",
                "category": "integration_problem",
                "priority": None,
                "add_tags": ["deskhand_triaged"],
                "note": "Webhook delivery, 91 % sure. Nadja wrote: since this morning nothing arrives.",
            }
        ),
        related=(deliveries().latest[1],),
        actions=("replay", "dry-run", "drop"),
        advice="Mend the cause in the helpdesk, then replay.",
        ticket_url="https://fieldline.example/agent/tickets/48166",
    )


def preview() -> Preview:
    return Preview(
        verdict=Verdict.CHANGES,
        summary="The ticket would be changed.",
        changes=(
            FieldChange(field="category", before=None, after="integration_problem"),
            FieldChange(field="group_id", before="3600007", after="3600012"),
        ),
        stays=(FieldChange(field="priority", before="P1", after="P2"),),
        add_tags=("deskhand_triaged",),
        note="Webhook delivery, 91 % sure. They wrote: since this morning nothing arrives.",
    )


def overview() -> Overview:
    return Overview(
        checked_at=NOW,
        parts=(
            Part(
                name="Receiving events",
                detail="Last one 12 s ago",
                tone=Tone.GOOD,
                word="Works",
                figure="1,412 today",
                history=DAYS,
            ),
            Part(
                name="Writing to the helpdesk",
                detail="2 parked, oldest 3 h",
                tone=Tone.BAD,
                word="Needs you",
                figure="2,204 today",
                history=DAYS[::-1],
            ),
            Part(
                name="Clock and reminders", detail="Swept 1 s ago", tone=Tone.GOOD, word="Works", figure="38 due today"
            ),
        ),
        todo=(
            Todo(
                fact="2 updates are parked.",
                text="The field “Product area” was deleted. Restore it, then replay.",
                action="Open",
                page="console.deliveries",
            ),
        ),
        summary="No ticket was lost, no event is waiting.",
        events_today=EVENTS,
        usual=USUAL,
    )


class FakeConsole(FakeConnect, FakeTriage, FakeSla, FakeKnowledge):
    """Users, attempts and deliveries in memory; `asked` remembers what was filtered, `done` what was pressed."""

    def __init__(self) -> None:
        FakeConnect.__init__(self)
        FakeTriage.__init__(self)
        FakeSla.__init__(self)
        FakeKnowledge.__init__(self)
        self.user: UserRecord | None = USER
        self.attempts: dict[tuple[str, str], Attempts] = {}
        self.page = deliveries()
        self.first = overview()
        self.parked_count = 2
        self.asked: list[Search] = []
        self.befores: list[str | None] = []
        self.one = one_delivery()
        self.plan: Preview | None = preview()
        self.seen_at: datetime | None = None
        self.by = ""
        self.stuck = 0
        self.checked = 0
        self.now = NOW

    def find_user(self, email: str) -> UserRecord | None:
        return self.user if self.user and email == self.user.email else None

    def login_attempts(self, email: str, ip: str) -> Attempts:
        return self.attempts.get((email, ip), Attempts())

    def record_attempt(self, email: str, ip: str, ok: bool) -> None:
        self.checked += 1
        before = self.login_attempts(email, ip)
        self.attempts[email, ip] = (
            Attempts() if ok else replace(before, failures=before.failures + 1, last_failed_at=self.now)
        )

    def end_sessions(self, user_id: str) -> None:
        if self.user:
            self.user = replace(self.user, session_version=self.user.session_version + 1)

    def shell(self) -> Shell:
        place = "Fieldline, on one helpdesk"
        due = self.knowledge.due_total if self.knowledge else 0
        return Shell(
            place=place, zone="Europe/Berlin", parked=self.parked_count, bad_checks=self.bad_checks, reviews=due
        )

    def overview(self) -> Overview:
        return self.first

    def deliveries(self, search: Search, *, before: str | None) -> Deliveries:
        self.asked.append(search)
        self.befores.append(before)
        return self.page

    def delivery(self, name: str, *, texts: bool) -> OneDelivery:
        if name != self.one.row.id:
            raise NoSuchDelivery(f"There is no delivery {name}.")
        shown = leaves({"note": "Nadja wrote this."}, texts=True)
        return replace(self.one, payload=shown) if texts else self.one

    def chosen(self, action: str, ids: Sequence[str], search: Search) -> Chosen:
        self.asked.append(search)
        names = tuple(ids) or tuple(each.id for each in PARKED)
        return Chosen(ids=names, first=self.page.latest[:2], seen_at=self.now)

    def matching(self, action: str, search: Search, *, seen_at: datetime) -> Sequence[str]:
        self.asked.append(search)
        self.seen_at = seen_at
        return [each.id for each in PARKED]

    def move(self, action: str, ids: Sequence[str], *, by: str) -> int:
        self.done.append((action, list(ids)))
        self.by = by
        return len(ids) - self.stuck

    def ask_dry_run(self, name: str, *, by: str) -> int:
        self.done.append(("dry-run", [name]))
        return 7

    def dry_run(self, name: str, number: int) -> Preview | None:
        return self.plan
