"""The Triage page over the real store: which model is shown, what the buttons change, and nobody else's figures."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient

from app import console_triage, create_app
from app.bootstrap import Deps
from app.console import ConsoleService
from app.console_triage import UNDO_FOR
from app.settings import Settings
from connectors.base import Connection
from connectors.installing import Finding, Health
from connectors.store import Store
from connectors.store.examples import Example
from connectors.store.models import CHALLENGER, CHAMPION, REFUSED, ModelProblem
from connectors.store.tenants import UnknownTenant
from tests.app.admin.triage_fakes import card
from tests.app.test_console import EVA, FROM, HASH, log_in, token
from tests.conftest import ToldClock, new_tenant
from tests.connectors.store.test_line import claim, start
from triage.decisions import Decision, Neighbour, Outcome, Prediction
from triage.route import DEFAULT_FLOOR
from triage.tickets import Channel, Status, Ticket

pytestmark = pytest.mark.on_both
TICKETS = ("sso", "sso", "invoice", "seats")


@pytest.fixture
def deps(store: Store, tenant: str, clock: ToldClock, tmp_path: Path) -> Deps:
    store.users.save(email=EVA, name="Eva Berg", password_hash=HASH, now=clock())
    return Deps(Settings.from_env({"DESKHAND_VAR": str(tmp_path)}), store, clock)


@pytest.fixture
def service(deps: Deps) -> ConsoleService:
    return ConsoleService(deps)


@pytest.fixture
def admin(deps: Deps) -> FlaskClient:
    client = create_app(deps.settings, deps).test_client()
    assert log_in(client).status_code == 303
    return client


def save(
    store: Store,
    clock: ToldClock,
    version: str,
    state: str = CHALLENGER,
    tenant: str = "acme",
    target: str = "category",
) -> None:
    clock.forward(minutes=1)
    made = replace(card(), version=version, trained_at=clock(), target=target)
    store.models.save(tenant, made, b"a file", state=state, why="Trained.")


def decide(store: Store, clock: ToldClock, ref: str, category: str, version: str, outcome: Outcome) -> int:
    ticket = Ticket(
        ref=ref,
        subject="Hello",
        description="",
        status=Status.NEW,
        priority=None,
        channel=Channel.EMAIL,
        tags=(),
        requester_id=None,
        organization_id=None,
        group_id=None,
        assignee_id=None,
        created_at=clock(),
        updated_at=clock(),
        version="1",
    )
    made = Decision(
        outcome=outcome,
        category=category if outcome is Outcome.TRIAGED else None,
        product_area=None,
        priority=None,
        group=None,
        confidence=0.95,
        floor=0.9,
        reasons=(),
        actions=(),
        prediction=Prediction(
            category=category,
            confidence=0.95,
            alternatives=(),
            phrases=(),
            neighbours=(Neighbour(text="Hello", category=category, similarity=0.9),),
            model_version=version,
        ),
        taxonomy_version="1",
    )
    with store.database.write() as transaction:
        return store.decisions.record_in(transaction, "acme", ticket, made, inbox_id=None, now=clock())


def test_before_any_training_the_shipped_floor_is_shown(service: ConsoleService, admin: FlaskClient) -> None:
    page = service.triage_page(None, None)
    assert page
    assert (page.desk.id, page.model, page.floor.value, page.floor.chosen) == ("acme", None, DEFAULT_FLOOR, False)
    assert "deskhand triage train" in admin.get("/console/triage").text


def test_a_first_model_that_was_not_better_is_told(
    service: ConsoleService, store: Store, clock: ToldClock, admin: FlaskClient
) -> None:
    save(store, clock, "first", REFUSED)
    text = admin.get("/console/triage").text
    assert "The shipped taxonomy is in use" in text
    assert "Trained later, not in use" in text


def test_the_page_shows_the_model_in_use_and_where_a_roll_back_leads(
    service: ConsoleService, store: Store, clock: ToldClock
) -> None:
    save(store, clock, "one", CHAMPION)
    page = service.triage_page("acme", None)
    assert page
    assert page.model
    assert (page.model.card.version, page.earlier, page.challenger) == ("one", None, None)
    assert page.floor.value == card().automation.floor
    assert page.ticket_url.startswith("https://acme.zendesk.example/")
    assert page.ticket_url.format(ref="7").endswith("/7")
    save(store, clock, "two")
    clock.forward(minutes=1)
    service.promote_model("acme", "category", "two", by="Eva Berg")
    page = service.triage_page("acme", None)
    assert page
    assert page.model
    assert page.earlier
    assert (page.model.card.version, page.earlier.card.version) == ("two", "one")
    assert page.model.why == "Promoted by Eva Berg."
    led = store.models.rollback("acme", by="Eva", why="", now=clock.forward(minutes=1))
    assert led
    assert led.version == page.earlier.card.version


def test_rolled_back_is_undone_by_promoting_again(admin: FlaskClient, store: Store, clock: ToldClock) -> None:
    save(store, clock, "one", CHAMPION)
    home = "/console/triage/acme"
    form = {"csrf_token": token(admin.get(home)), "version": "one"}
    answer = admin.post(f"{home}/roll-back", data=form, headers=FROM)
    assert answer.status_code == 303
    assert store.models.champion("acme") is None
    text = admin.get(answer.headers["Location"]).text
    assert "The shipped model is in use again." in text
    undo = re.search(r'action="/console/triage/acme/promote">.*?name="version" value="([^"]+)".*?Undo<', text)
    assert undo
    clock.forward(minutes=1)
    admin.post(f"{home}/promote", data=form | {"version": undo[1]}, headers=FROM)
    champion = store.models.champion("acme")
    assert champion
    assert champion.version == "one"


def test_only_the_model_that_was_looked_at_is_rolled_back(
    service: ConsoleService, store: Store, clock: ToldClock
) -> None:
    with pytest.raises(ModelProblem):
        service.roll_back_model("acme", "category", "one", by="Eva")
    save(store, clock, "one", CHAMPION)
    save(store, clock, "two")
    service.promote_model("acme", "category", "two", by="Eva")
    with pytest.raises(ModelProblem, match="while you looked"):
        service.roll_back_model("acme", "category", "one", by="Eva")
    for version in ("", "none"):
        with pytest.raises(ModelProblem):
            service.promote_model("acme", "category", version, by="Eva")


def test_the_floor_that_is_set_is_the_one_that_decides(service: ConsoleService, store: Store, clock: ToldClock) -> None:
    from app.learning.deciding import floor_for

    save(store, clock, "one", CHAMPION)
    champion: Any = SimpleNamespace(automation=card().automation)

    def connection() -> Connection:
        return store.tenants.connection("acme")

    service.use_floor("acme", 0.75, by="Eva")
    assert floor_for(connection(), champion) == (0.75, "")
    page = service.triage_page("acme", None)
    assert page
    assert page.floor.undo
    assert (page.floor.value, page.floor.chosen) == (0.75, True)
    assert (page.floor.undo.floor, page.floor.undo.changed_by) == (None, "Eva")
    service.use_floor("acme", 0.8, by="Mei")
    service.undo_floor("acme")
    assert floor_for(connection(), champion) == (0.75, "")
    service.undo_floor("acme")  # there is only one step back
    assert floor_for(connection(), champion) == (0.75, "")
    service.use_floor("acme", None, by="Mei")
    assert floor_for(connection(), champion) == (card().automation.floor, "")
    page = service.triage_page("acme", None)
    assert page
    assert (page.floor.value, page.floor.chosen) == (card().automation.floor, False)


def test_a_floor_cannot_be_undone_after_thirty_days(service: ConsoleService, store: Store, clock: ToldClock) -> None:
    service.use_floor("acme", 0.75, by="Eva")
    clock.forward(seconds=UNDO_FOR.total_seconds() + 1)
    page = service.triage_page("acme", None)
    assert page
    assert page.floor.undo is None
    service.undo_floor("acme")
    assert store.tenants.summary("acme").settings[console_triage.FLOOR] == 0.75


def test_what_agents_changed_counts_as_wrong(service: ConsoleService, store: Store, clock: ToldClock) -> None:
    decide(store, clock, "1", "sso", "one", Outcome.TRIAGED)  # before the model was in use
    save(store, clock, "one", CHAMPION)
    clock.forward(days=1)
    for number, category in enumerate(TICKETS, start=10):
        decision = decide(store, clock, str(number), category, "one", Outcome.TRIAGED)
    decide(store, clock, "20", "sso", "one", Outcome.SENT_TO_HUMAN)
    decide(store, clock, "21", "sso", "another", Outcome.TRIAGED)
    with store.database.write() as transaction:
        store.decisions.correct_in(
            transaction,
            "acme",
            "13",
            decision_id=decision,
            category="invoice",
            by_id="7",
            by_name="Mei",
            now=clock(),
        )
        changed = Example(ref="11", text="Hello", labels={"category": "seats"}, created_at=clock(), solved_at=clock())
        store.examples.keep_in(transaction, "acme", [changed])
    page = service.triage_page("acme", None)
    assert page
    assert page.lately
    assert (page.lately.right, page.lately.of, page.lately.per_week) == (2, 4, None)
    clock.forward(days=13)
    page = service.triage_page("acme", None)
    assert page
    assert page.lately
    assert page.lately.per_week == 2  # five tickets in two weeks and a minute


def test_one_tenant_never_sees_anothers_model(
    service: ConsoleService, store: Store, clock: ToldClock, admin: FlaskClient
) -> None:
    store.tenants.add(new_tenant("globex"), webhook_token="other-path", now=clock())
    save(store, clock, "globexonly", CHAMPION, tenant="globex")
    for target in (None, "category", "group"):
        page = service.triage_page("acme", target)
        assert page
        assert (page.model, page.challenger, page.refused, page.lately) == (None, None, None, None)
    assert "globexonly" not in admin.get("/console/triage/acme").text
    assert "globexonly" in admin.get("/console/triage").text  # the first that has a model
    form = {"csrf_token": token(admin.get("/console/triage/acme")), "version": "globexonly"}
    for action in ("promote", "roll-back"):
        assert admin.post(f"/console/triage/acme/{action}", data=form, headers=FROM).status_code == 409
    assert store.models.champion("acme") is None
    store.installations.disconnect("globex", now=clock())
    with pytest.raises(UnknownTenant):
        service.triage_page("globex", None)
    assert admin.get("/console/triage/globex/card.png").status_code == 404


def test_each_target_has_its_own_page_and_only_the_category_has_the_dial(
    store: Store, clock: ToldClock, admin: FlaskClient
) -> None:
    save(store, clock, "byname", CHAMPION)
    save(store, clock, "bygroup", CHAMPION, target="group")
    text = admin.get("/console/triage/acme?target=group").text
    assert "bygroup" in text
    assert "Use from now on" not in text
    assert 'href="/console/triage/acme/card.png?target=group"' in text
    form = {"csrf_token": token(admin.get("/console/triage")), "version": "bygroup", "target": "group"}
    sure = repr(card().risk[0].confidence)
    answer = admin.post("/console/triage/acme/floor", data=form | {"confidence": sure}, headers=FROM)
    assert answer.status_code == 400
    admin.post("/console/triage/acme/roll-back", data=form, headers=FROM)
    assert store.models.champion("acme", "group") is None
    assert store.models.champion("acme") is not None


def test_a_lesson_under_way_and_what_the_nightly_look_found_are_told(
    service: ConsoleService, store: Store, clock: ToldClock
) -> None:
    save(store, clock, "one", CHAMPION)
    good = Finding(check="model", health=Health.GOOD, state="In use", detail="Version one.")
    drift = Finding(check="drift", health=Health.WARN, state="Less sure", detail="It is less sure.", fix="Look.")
    other = Finding(check="webhook", health=Health.BAD, state="Gone", detail="It is gone.", fix="Mend it.")
    store.findings.save("acme", [good, drift, other], clock())
    page = service.triage_page("acme", None)
    assert page
    assert [each.state for each in page.alarms] == ["Less sure"]
    assert page.training_since is None
    assert store.schedule.run_due("acme", "learn", timedelta(days=1), now=clock())
    began = clock()
    [claimed] = claim(store, clock)
    page = service.triage_page("acme", None)
    assert page
    assert page.training_since is None  # nobody has begun
    start(store, clock, claimed)
    clock.forward(seconds=1)
    page = service.triage_page("acme", None)
    assert page
    assert page.training_since == began
