"""The sidebar as agents meet it: the real app on a real store, beside simulated helpdesks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
import requests
from flask.testing import FlaskClient
from itsdangerous import URLSafeSerializer
from sqlalchemy import select
from sqlalchemy.event import listen
from werkzeug.test import TestResponse

from app import create_app
from app.bootstrap import Deps
from app.settings import Settings
from app.sidebar_sessions import LONGEST_SESSION, SESSION
from connectors.defaults import load_sla
from connectors.simulator.knobs import Knobs
from connectors.simulator.server import Running
from connectors.store import Store
from connectors.store.config import SLA
from connectors.store.decisions import StoredCorrection
from connectors.store.outbox import OutboxRow
from connectors.store.schema import outbox
from tests.conftest import ToldClock, new_tenant
from triage.actions import UpdateTicket
from triage.decisions import Alternative, Decision, Outcome, Prediction
from triage.sla.log import Acknowledged, Event, PrioritySet, StatusSet, Told
from triage.tickets import Priority, Status

CUSTOMER = "nadja@nordlicht.example"
ROUTES = (("GET", ""), ("POST", "/correction"), ("POST", "/undo"), ("POST", "/acknowledge"))
LEASE = timedelta(seconds=30)


class Visitor(FlaskClient):
    """A browser that takes no cookie, from any answer in this file."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        answer = super().open(*args, **kwargs)
        assert "Set-Cookie" not in answer.headers
        return answer


@dataclass
class Office:
    """One connected helpdesk with its agents and tickets."""

    name: str
    running: Running
    connection: dict[str, Any]
    store: Store
    clock: ToldClock

    @property
    def url(self) -> str:
        return self.running.base_url

    @property
    def groups(self) -> dict[str, str]:
        return dict(self.connection["groups"])

    def person(self, email: str) -> Any:
        found = self.running.simulator.state.user_by_email(email)
        assert found is not None
        return found

    def token(self, email: str = "ana.lind@fieldline.example") -> str:
        launch = self.running.simulator.face.launch(agent_id=self.person(email).id, base=self.url, color_scheme="light")
        return str(launch["fields"]["token"])

    def control(self, method: str, path: str, body: object = None) -> Any:
        answer = requests.request(method, f"{self.url}/_sim/{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def ticket(self, subject: str = "Webhooks stopped") -> str:
        return str(self.control("POST", "tickets", {"requester": CUSTOMER, "subject": subject})["id"])

    def read(self, ref: str, made: Decision) -> None:
        """As if triage had decided about the ticket."""
        seen = Deps(settings_of(self.store), self.store, self.clock).helpdesk(self.name).ticket(ref)
        with self.store.database.write() as transaction:
            self.store.decisions.record_in(transaction, self.name, seen, made, inbox_id=None, now=self.clock())

    def planned(self) -> list[dict[str, Any]]:
        """This tenant's effects, oldest first."""
        with self.store.database.read() as connection:
            rows = connection.execute(select(outbox).where(outbox.c.tenant == self.name).order_by(outbox.c.id))
            return [dict(row._mapping) for row in rows]

    def corrections(self, ref: str) -> list[StoredCorrection]:
        return self.store.decisions.corrections(self.name, ref)

    def send(self) -> None:
        """Carry out every effect that waits, oldest first, as the worker does."""
        helpdesk = Deps(settings_of(self.store), self.store, self.clock).helpdesk(self.name)
        while claims := self.store.outbox.claim(now=self.clock(), lease=LEASE, limit=1):
            row = self.store.outbox.start(claims[0], now=self.clock(), owner="worker", lease=LEASE)
            assert isinstance(row, OutboxRow)
            receipt = helpdesk.update_ticket(UpdateTicket.from_payload(row.payload), key=row.key)
            self.store.outbox.done(row, now=self.clock(), status=receipt.status, evidence=receipt.evidence)

    def on_the_ticket(self, ref: str) -> tuple[str | None, str | None]:
        """The category and the queue as the helpdesk has them now."""
        now = Deps(settings_of(self.store), self.store, self.clock).helpdesk(self.name).ticket(ref)
        queue = next((name for name, each in self.groups.items() if each == now.group_id), None)
        return now.fields.get("category") or None, queue


@dataclass
class Agent:
    """An agent's open panel: every request carries the bearer."""

    client: FlaskClient
    bearer: str

    def ask(self, method: str, path: str, **more: Any) -> TestResponse:
        return self.client.open(path, method=method, headers={"Authorization": f"Bearer {self.bearer}"}, **more)

    def look(self, ref: str) -> TestResponse:
        return self.ask("GET", f"/sidebar/panel/{ref}")

    def correct(self, ref: str, category: str) -> TestResponse:
        return self.ask("POST", f"/sidebar/panel/{ref}/correction", json={"category": category})

    def undo(self, ref: str) -> TestResponse:
        return self.ask("POST", f"/sidebar/panel/{ref}/undo")

    def renew(self) -> int:
        answer = self.ask("POST", "/sidebar/session")
        if answer.status_code == 200:
            self.bearer = answer.json["bearer"]  # type: ignore[index]
        return answer.status_code


def settings_of(store: Store) -> Settings:
    return Settings.from_env({"DESKHAND_VAR": store.database.url.removeprefix("sqlite:///").rpartition("/")[0]})


def decision(category: str | None = "integration_problem") -> Decision:
    sure = category is not None
    return Decision(
        outcome=Outcome.TRIAGED if sure else Outcome.SENT_TO_HUMAN,
        category=category,
        product_area="integrations" if sure else None,
        priority=Priority.P2,
        group="Integrations" if sure else "Front desk",
        confidence=0.97 if sure else 0.41,
        floor=0.9,
        reasons=("It names webhooks.",),
        actions=(),
        prediction=Prediction(
            category="integration_problem",
            confidence=0.97 if sure else 0.41,
            alternatives=(
                Alternative(category="integration_problem", confidence=0.97 if sure else 0.41),
                Alternative(category="api_error", confidence=0.02),
            ),
            phrases=("Webhooks stopped",),
            neighbours=(),
            model_version="1",
        ),
        taxonomy_version="1",
    )


def state(answer: TestResponse) -> str:
    """What the panel says it shows."""
    found = re.search(r'data-state="(\w+)"', answer.text)
    assert found, answer.text
    return found[1]


def connect(store: Store, clock: ToldClock, running: Running, name: str) -> Office:
    given = requests.post(
        f"{running.base_url}/_sim/connect", json={"webhook_url": "http://127.0.0.1:9/webhooks"}, timeout=10
    ).json()
    tenant = new_tenant(
        name,
        base_url=running.base_url,
        origin=running.base_url,
        actor_id=given["integration_user_id"],
        groups=given["groups"],
        fields=given["fields"],
        settings={
            "app_id": given["app_id"],
            "installation_id": given["installation_id"],
            "limits": {"requests": 1_000_000, "updates": 1_000_000},  # the told clock refills no budget
        },
        secrets={"api_token": given["oauth_token"], "webhook_secret": given["signing_secret"]},
    )
    store.tenants.add(tenant, webhook_token=f"path-of-{name}", now=clock())
    return Office(name, running, given, store, clock)


@pytest.fixture
def clock() -> ToldClock:
    """The helpdesk signs with the time that is, so the story begins now."""
    return ToldClock(datetime.now(UTC))


@pytest.fixture
def acme(store: Store, clock: ToldClock) -> Iterator[Office]:
    with Running(knobs=Knobs().unlimited()) as running:
        yield connect(store, clock, running, "acme")


@pytest.fixture
def globex(store: Store, clock: ToldClock, acme: Office) -> Iterator[Office]:
    with Running(knobs=Knobs().unlimited()) as running:
        yield connect(store, clock, running, "globex")


@pytest.fixture
def client(store: Store, clock: ToldClock) -> FlaskClient:
    settings = settings_of(store)
    app = create_app(settings, Deps(settings, store, clock))
    app.test_client_class = Visitor
    return app.test_client()


def launch(client: FlaskClient, office: Office, token: str, *, origin: str | None = None) -> TestResponse:
    """What the helpdesk's page does: post the token into the frame."""
    query = urlencode({"origin": origin or office.url, "app_guid": "guid", "colorScheme": "light"})
    return client.post(f"/sidebar/zendesk?{query}", data={"token": token})


def bearer(answer: TestResponse) -> str:
    found = re.search(r'name="deskhand-session" content="([^"]+)"', answer.text)
    assert found, answer.text
    return found[1]


def enter(client: FlaskClient, office: Office, email: str = "ana.lind@fieldline.example") -> Agent:
    answer = launch(client, office, office.token(email))
    assert answer.status_code == 200
    return Agent(client, bearer(answer))


@pytest.fixture
def ana(client: FlaskClient, acme: Office) -> Agent:
    return enter(client, acme)


def test_the_helpdesks_token_opens_a_session_that_reads_a_ticket(client: FlaskClient, acme: Office) -> None:
    answer = launch(client, acme, acme.token())
    assert answer.status_code == 200
    assert f"frame-ancestors {acme.url}" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    ref = acme.ticket()
    acme.read(ref, decision())
    panel = Agent(client, bearer(answer)).look(ref)
    assert (panel.status_code, state(panel)) == (200, "routed")
    assert "Webhooks and integrations" in panel.text
    assert "Nadja" in panel.text


def test_a_ticket_that_triage_has_not_read_is_pending(acme: Office, ana: Agent) -> None:
    panel = ana.look(acme.ticket())
    assert state(panel) == "pending"
    assert "data-poll" in panel.text


def test_a_used_token_is_refused(client: FlaskClient, acme: Office) -> None:
    token = acme.token()
    assert launch(client, acme, token).status_code == 200
    again = launch(client, acme, token)
    assert again.status_code == 401
    assert "was used before" in again.text
    assert "deskhand-session" not in again.text
    assert f"frame-ancestors {acme.url}" in again.headers["Content-Security-Policy"]


def test_a_used_token_stays_used_until_it_can_no_longer_be_accepted(
    client: FlaskClient, acme: Office, clock: ToldClock
) -> None:
    token = acme.token()
    launch(client, acme, token)
    answers = set()
    for _ in range(20):
        clock.forward(seconds=20)
        launch(client, acme, acme.token())  # each launch tidies the used tokens
        answers.add(launch(client, acme, token).status_code)
    assert answers == {401}


def test_an_expired_token_is_refused(client: FlaskClient, acme: Office, clock: ToldClock) -> None:
    token = acme.token()
    clock.forward(minutes=10)
    answer = launch(client, acme, token)
    assert answer.status_code == 401
    assert "expired" in answer.text


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "*", "http://127.0.0.1:1"])
def test_a_wrong_origin_is_refused_and_may_not_frame_us(client: FlaskClient, acme: Office, origin: str) -> None:
    answer = launch(client, acme, acme.token(), origin=origin)
    assert answer.status_code == 401
    assert "not connected" in answer.text
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_a_helpdesk_nobody_speaks_has_no_page(client: FlaskClient, acme: Office) -> None:
    assert client.post(f"/sidebar/nobody?origin={acme.url}", data={"token": acme.token()}).status_code == 404


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "é", "x" * 10_000])
def test_what_is_no_token_is_refused(client: FlaskClient, acme: Office, token: str) -> None:
    assert launch(client, acme, token).status_code == 401


def test_a_token_signed_by_somebody_else_is_refused(client: FlaskClient, acme: Office) -> None:
    claims = jwt.decode(acme.token(), options={"verify_signature": False})
    forged = jwt.encode(claims, "s" * 32, algorithm="HS256")
    assert launch(client, acme, forged).status_code == 401
    assert launch(client, acme, jwt.encode(claims, None, algorithm="none")).status_code == 401


def test_one_helpdesks_token_does_not_open_another(client: FlaskClient, acme: Office, globex: Office) -> None:
    assert launch(client, acme, globex.token()).status_code == 401
    assert launch(client, globex, acme.token(), origin=globex.url).status_code == 401


def test_a_customers_token_is_refused(client: FlaskClient, acme: Office) -> None:
    acme.ticket()
    answer = launch(client, acme, acme.token(CUSTOMER))
    assert answer.status_code == 401
    assert "agents" in answer.text
    assert "deskhand-session" not in answer.text


def test_a_refused_launch_says_nothing_about_other_tenants(client: FlaskClient, acme: Office, globex: Office) -> None:
    answer = launch(client, acme, "nonsense")
    assert "Globex" not in answer.text
    assert globex.url not in answer.text + answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_an_agent_of_one_tenant_reaches_no_ticket_of_another(
    client: FlaskClient, acme: Office, globex: Office, ana: Agent, method: str, path: str
) -> None:
    ours = acme.ticket()
    theirs = globex.ticket("Merger with Initech, confidential")
    while theirs <= ours:
        theirs = globex.ticket("Merger with Initech, confidential")
    globex.read(theirs, decision())
    stranger = enter(client, globex)
    assert stranger.correct(theirs, "api_error").status_code == 200
    before = (globex.planned(), globex.corrections(theirs))
    body = {"json": {"category": "billing"}} if path == "/correction" else {}
    answer = ana.ask(method, f"/sidebar/panel/{theirs}{path}", **body)
    assert answer.status_code in (404, 409)
    for secret in ("Initech", "integration", "Ana Lind", "Nordlicht", "Globex"):
        assert secret not in answer.text
    assert (globex.planned(), globex.corrections(theirs)) == before
    assert acme.planned() == []


def test_two_tenants_with_the_same_ticket_number_see_and_change_their_own(
    client: FlaskClient, acme: Office, globex: Office, ana: Agent
) -> None:
    ref, same = acme.ticket(), globex.ticket()
    assert ref == same
    acme.read(ref, decision())
    globex.read(ref, decision(None))
    stranger = enter(client, globex)
    assert [state(each.look(ref)) for each in (ana, stranger)] == ["routed", "unsure"]
    ana.correct(ref, "api_error")
    assert [state(each.look(ref)) for each in (ana, stranger)] == ["corrected", "unsure"]
    assert stranger.undo(ref).status_code == 409
    assert (len(acme.planned()), len(globex.planned())) == (1, 0)
    acme.send()
    assert acme.on_the_ticket(ref) == ("api_error", "Platform API")
    assert globex.on_the_ticket(ref) == (None, None)


@pytest.mark.parametrize("ref", ["999999", "0", "-1", "%2e%2e", "1%3Fx=1", "1" * 65, "é"])
def test_what_is_no_ticket_is_missing(ana: Agent, ref: str) -> None:
    answer = ana.look(ref)
    assert (answer.status_code, state(answer)) == (404, "missing")


def test_a_session_ends_after_ten_minutes(acme: Office, ana: Agent, clock: ToldClock) -> None:
    ref = acme.ticket()
    acme.read(ref, decision())
    clock.forward(seconds=SESSION.total_seconds() - 1)
    assert ana.look(ref).status_code == 200
    clock.forward(seconds=1)
    for answer in (ana.look(ref), ana.correct(ref, "api_error"), ana.undo(ref)):
        assert (answer.status_code, state(answer)) == (401, "ended")
    assert ana.renew() == 401
    assert acme.planned() == []


def test_renewing_keeps_a_session_for_twelve_hours_and_no_longer(acme: Office, ana: Agent, clock: ToldClock) -> None:
    ref = acme.ticket()
    began = clock()
    while ana.renew() == 200:
        assert ana.look(ref).status_code == 200
        clock.forward(minutes=9)
    assert LONGEST_SESSION < clock() - began <= LONGEST_SESSION + SESSION
    clock.forward(minutes=10)
    assert state(ana.look(ref)) == "ended"


def test_an_agent_who_is_none_any_more_cannot_renew(acme: Office, ana: Agent) -> None:
    person = acme.person("ana.lind@fieldline.example")
    acme.running.simulator.state.users[person.id] = replace(person, role="end-user")
    assert ana.renew() == 401


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer nonsense", "Bearer a.b", "é"])
@pytest.mark.parametrize(("method", "path"), [*ROUTES, ("POST", None)])
def test_without_a_bearer_of_ours_nothing_is_read(
    client: FlaskClient, method: str, path: str | None, header: str | None
) -> None:
    place = "/sidebar/session" if path is None else f"/sidebar/panel/1{path}"
    headers = {} if header is None else {"Authorization": header}
    answer = client.open(place, method=method, headers=headers)
    assert (answer.status_code, state(answer)) == (401, "ended")


def test_a_tampered_bearer_is_refused(client: FlaskClient, acme: Office, store: Store, ana: Agent) -> None:
    ref = acme.ticket()
    claims = URLSafeSerializer("any", salt="sidebar").loads_unsafe(ana.bearer)[1]
    assert claims["tenant"] == "acme"
    payload, _, signature = ana.bearer.rpartition(".")
    mine = str(URLSafeSerializer("guessed", salt="sidebar").dumps(claims | {"tenant": "globex"}))
    console = str(URLSafeSerializer(store.vault.derive("console-session"), salt="sidebar").dumps(claims))
    for tampered in (
        f"{mine.rpartition('.')[0]}.{signature}",
        f"{payload[:-1]}{'A' if payload[-1] != 'A' else 'B'}.{signature}",
        f"{payload}.{signature[::-1]}",
        payload,
        f"{payload}.",
        mine,
        console,
    ):
        assert Agent(client, tampered).look(ref).status_code == 401
        assert Agent(client, tampered).renew() == 401


def test_the_bearer_is_taken_from_the_header_alone(client: FlaskClient, acme: Office, ana: Agent) -> None:
    ref = acme.ticket()
    client.set_cookie("deskhand-session", ana.bearer)
    assert client.get(f"/sidebar/panel/{ref}?bearer={ana.bearer}").status_code == 401


def test_a_correction_is_an_effect_with_who_did_it(acme: Office, ana: Agent, clock: ToldClock) -> None:
    ref = acme.ticket()
    acme.read(ref, decision())
    answer = ana.correct(ref, "payment_problem")
    assert (answer.status_code, state(answer)) == (200, "corrected")
    assert "Changed to Payment or refund." in answer.text
    [row] = acme.planned()
    assert (row["kind"], row["state"], row["ticket_ref"]) == ("update_ticket", "pending", ref)
    change = UpdateTicket.from_payload(row["payload"])
    assert change == UpdateTicket(
        ticket_ref=ref, category="payment_problem", product_area="billing", group_id=acme.groups["Billing"]
    )
    [stored] = acme.corrections(ref)
    assert (stored.category, stored.by_name, stored.at, stored.undone_at) == (
        "payment_problem",
        "Ana Lind",
        clock(),
        None,
    )
    assert stored.by_id == str(acme.person("ana.lind@fieldline.example").id)
    acme.send()
    assert acme.on_the_ticket(ref) == ("payment_problem", "Billing")


def test_a_colleague_reads_who_corrected(client: FlaskClient, acme: Office, ana: Agent) -> None:
    ref = acme.ticket()
    acme.read(ref, decision())
    ana.correct(ref, "payment_problem")
    panel = enter(client, acme, "mei.tanaka@fieldline.example").look(ref)
    assert "Moved to Billing. By Ana Lind." in panel.text
    assert "set by Ana Lind" in panel.text


def test_undo_after_two_corrections_goes_back_to_the_first(acme: Office, ana: Agent) -> None:
    ref = acme.ticket()
    acme.read(ref, decision())
    ana.correct(ref, "payment_problem")
    ana.correct(ref, "api_error")
    answer = ana.undo(ref)
    assert state(answer) == "corrected"
    assert "Changed to Payment or refund." in answer.text
    assert [each.undone_at is None for each in acme.corrections(ref)] == [False, True]
    acme.send()
    assert acme.on_the_ticket(ref) == ("payment_problem", "Billing")
    again = ana.undo(ref)
    assert state(again) == "routed"
    assert "Correction undone." in again.text
    acme.send()
    assert acme.on_the_ticket(ref) == ("integration_problem", "Integrations")
    assert len(acme.planned()) == 4


def test_the_same_correction_after_an_undo_is_an_effect_of_its_own(acme: Office, ana: Agent) -> None:
    ref = acme.ticket()
    acme.read(ref, decision())
    for _ in range(2):
        ana.correct(ref, "api_error")
        ana.undo(ref)
    ana.correct(ref, "api_error")
    assert len({row["key"] for row in acme.planned()}) == 5
    acme.send()
    assert acme.on_the_ticket(ref) == ("api_error", "Platform API")


def test_undo_on_a_ticket_a_human_got_clears_the_category(acme: Office, ana: Agent) -> None:
    ref = acme.ticket()
    acme.read(ref, decision(None))
    ana.correct(ref, "api_error")
    acme.send()
    assert acme.on_the_ticket(ref) == ("api_error", "Platform API")
    assert state(ana.undo(ref)) == "unsure"
    change = UpdateTicket.from_payload(acme.planned()[-1]["payload"])
    assert change.clear == ("category", "product_area")
    acme.send()
    assert acme.on_the_ticket(ref) == (None, "Front desk")


def test_a_second_undo_changes_nothing(acme: Office, ana: Agent) -> None:
    ref = acme.ticket()
    acme.read(ref, decision())
    ana.correct(ref, "api_error")
    ana.undo(ref)
    answer = ana.undo(ref)
    assert (answer.status_code, state(answer)) == (409, "refused")
    assert "no correction to undo" in answer.text
    assert len(acme.planned()) == 2


@pytest.mark.parametrize("body", [{}, {"category": ""}, {"category": 5}, {"category": "no_such"}, [], "api_error"])
def test_what_is_no_category_is_refused_in_words(acme: Office, ana: Agent, body: object) -> None:
    ref = acme.ticket()
    acme.read(ref, decision())
    answer = ana.ask("POST", f"/sidebar/panel/{ref}/correction", json=body)
    assert (answer.status_code, state(answer)) == (409, "refused")
    assert acme.planned() == acme.corrections(ref) == []


def test_a_ticket_that_was_not_read_yet_cannot_be_corrected(acme: Office, ana: Agent) -> None:
    answer = ana.correct(acme.ticket(), "api_error")
    assert answer.status_code == 409
    assert "not been read yet" in answer.text
    assert acme.planned() == []


def test_a_correction_the_helpdesk_refused_says_so(acme: Office, ana: Agent, store: Store, clock: ToldClock) -> None:
    ref = acme.ticket()
    acme.read(ref, decision())
    assert "Being written to the ticket." in ana.correct(ref, "api_error").text
    store.replays.park(["out-1"], now=clock())
    panel = ana.look(ref)
    assert "Not on the ticket." in panel.text
    assert "under Deliveries" in panel.text


def test_a_closed_ticket_offers_no_correction(acme: Office, ana: Agent) -> None:
    ref = acme.ticket()
    acme.read(ref, decision())
    acme.control("POST", f"tickets/{ref}", {"status": "closed"})
    panel = ana.look(ref)
    assert "can no longer change" in panel.text
    assert "data-correct" not in panel.text


def test_a_deleted_ticket_is_missing(acme: Office, ana: Agent) -> None:
    ref = acme.ticket()
    acme.read(ref, decision())
    acme.control("DELETE", f"tickets/{ref}")
    answer = ana.look(ref)
    assert (answer.status_code, state(answer)) == (404, "missing")


def test_a_helpdesk_that_is_down_is_said_to_be(acme: Office, ana: Agent) -> None:
    ref = acme.ticket()
    acme.control("POST", "knobs", {"error_5xx_share": 1.0, "error_status": 503})
    answer = ana.look(ref)
    assert (answer.status_code, state(answer)) == (503, "down")
    acme.control("POST", "knobs", {"error_5xx_share": 0.0})
    assert ana.look(ref).status_code == 200
    acme.running.stop()
    answer = ana.look(ref)
    assert (answer.status_code, state(answer)) == (503, "down")
    assert "The helpdesk does not answer" in answer.text


def test_the_page_opened_by_itself_shows_no_customer_data(client: FlaskClient, acme: Office) -> None:
    answer = client.get("/sidebar/zendesk")
    assert answer.status_code == 200
    assert "Open Deskhand inside your helpdesk" in answer.text
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_the_key_is_fetched_once_and_kept_sealed(client: FlaskClient, acme: Office, store: Store) -> None:
    assert store.tenants.secret("acme", "sidebar_key") is None
    launch(client, acme, acme.token())
    key = store.tenants.secret("acme", "sidebar_key")
    assert key is not None
    assert key.startswith("-----BEGIN PUBLIC KEY-----")


@pytest.mark.parametrize(
    ("change", "status"), [({"status": "closed"}, 409), ({"delete": True}, 404)], ids=["closed", "deleted"]
)
def test_what_cannot_be_changed_is_not_promised(acme: Office, ana: Agent, change: dict[str, Any], status: int) -> None:
    ref = acme.ticket()
    acme.read(ref, decision())
    assert ana.correct(ref, "api_error").status_code == 200
    acme.send()
    acme.control("POST", f"tickets/{ref}", change)
    before = (len(acme.planned()), len(acme.corrections(ref)))
    assert ana.correct(ref, "invoice_request").status_code == status
    assert ana.undo(ref).status_code == status
    assert (len(acme.planned()), len(acme.corrections(ref))) == before


def test_a_correction_while_the_helpdesk_is_down_stores_nothing(acme: Office, ana: Agent) -> None:
    ref = acme.ticket()
    acme.read(ref, decision())
    acme.control("POST", "knobs", {"error_5xx_share": 1.0, "error_status": 503})
    assert ana.correct(ref, "api_error").status_code == 503
    assert acme.corrections(ref) == []
    acme.control("POST", "knobs", {"error_5xx_share": 0.0})
    assert ana.correct(ref, "api_error").status_code == 200
    assert len(acme.corrections(ref)) == len(acme.planned()) == 1


def test_opening_while_the_helpdesk_is_down_says_so_in_its_frame_and_spends_no_token(
    client: FlaskClient, acme: Office
) -> None:
    token = acme.token()
    assert launch(client, acme, acme.token()).status_code == 200  # the key is known from now on
    acme.control("POST", "knobs", {"error_5xx_share": 1.0, "error_status": 503})
    refused = launch(client, acme, token)
    assert refused.status_code == 401
    assert "does not answer" in refused.text
    assert f"frame-ancestors {acme.url}" in refused.headers["Content-Security-Policy"]
    acme.control("POST", "knobs", {"error_5xx_share": 0.0})
    assert launch(client, acme, token).status_code == 200


def test_an_agent_the_helpdesk_no_longer_knows_cannot_renew(acme: Office, ana: Agent) -> None:
    users = acme.running.simulator.state.users
    del users[acme.person("ana.lind@fieldline.example").id]
    assert ana.renew() == 401


def test_a_group_that_is_not_mapped_is_not_said_to_be_moved_to(acme: Office, ana: Agent, store: Store) -> None:
    store.tenants.set_groups("acme", {"Front desk": acme.groups["Front desk"]})
    ref = acme.ticket()
    acme.read(ref, decision())
    answer = ana.correct(ref, "api_error")
    assert "Changed to API error" in answer.text
    assert "Moved to" not in answer.text


def test_a_deleted_organization_does_not_hide_the_panel(acme: Office, ana: Agent) -> None:
    ref = acme.ticket()
    acme.read(ref, decision())
    state_now = acme.running.simulator.state
    for number in list(state_now.organizations):
        del state_now.organizations[number]
    assert ana.look(ref).status_code == 200


def test_a_helpdesk_that_was_disconnected_ends_its_sessions_at_once(
    client: FlaskClient, acme: Office, ana: Agent, store: Store, clock: ToldClock
) -> None:
    ref = acme.ticket()
    token = acme.token()
    assert ana.look(ref).status_code == 200
    store.installations.disconnect("acme", now=clock())
    assert ana.look(ref).status_code == 401
    assert ana.correct(ref, "api_error").status_code == 401
    assert ana.renew() == 401
    assert "not connected" in launch(client, acme, token).text


def test_a_helpdesk_that_is_still_being_connected_has_no_panel(client: FlaskClient, acme: Office, store: Store) -> None:
    store.installations.set("acme", connected=False)
    refused = launch(client, acme, acme.token())
    assert refused.status_code == 401
    assert "not connected" in refused.text


def happened(acme: Office, ref: str, *events: Event) -> None:
    with acme.store.database.write() as transaction:
        acme.store.ticket_log.append_in(transaction, acme.name, ref, events, now=acme.clock())


def begun(acme: Office, priority: Priority) -> tuple[Event, ...]:
    since = acme.clock() - timedelta(minutes=5)
    return StatusSet(at=since, status=Status.OPEN), PrioritySet(at=since, priority=priority)


def test_the_panel_counts_down_from_the_stored_log(acme: Office, ana: Agent) -> None:
    ref = acme.ticket()
    assert "Nothing is known of this ticket yet." in ana.look(ref).text
    happened(acme, ref, *begun(acme, Priority.P1))
    text = ana.look(ref).text.replace("\N{NO-BREAK SPACE}", " ")
    assert 'data-clock="First reply" data-of="900" data-left="600"' in text
    assert "P1: 15 min, day and night." in text


def test_clocks_cost_the_panel_two_queries(acme: Office, ana: Agent, store: Store) -> None:
    ref = acme.ticket()
    happened(acme, ref, *begun(acme, Priority.P1))
    asked: list[str] = []
    listen(store.database.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    ana.look(ref)
    mine = [query for query in asked if "ticket_event" in query or "FROM config" in query]
    assert len(mine) == 2


def test_who_presses_acknowledge_has_it_and_the_ladder_is_looked_at_at_once(acme: Office, ana: Agent) -> None:
    ref = acme.ticket()
    told = Told(at=acme.clock() - timedelta(minutes=4), key="at_once/1/level/1", to=("manager",), by=("page",))
    happened(acme, ref, *begun(acme, Priority.P1), told)
    assert "data-acknowledge" in ana.look(ref).text
    done = ana.ask("POST", f"/sidebar/panel/{ref}/acknowledge")
    assert "Ana Lind has it since" in done.text
    assert "data-acknowledge" not in done.text
    again = ana.ask("POST", f"/sidebar/panel/{ref}/acknowledge")
    assert again.status_code == 200
    acks = [each for each in acme.store.ticket_log.read(acme.name, ref) if isinstance(each, Acknowledged)]
    assert [(each.by, each.way) for each in acks] == [("Ana Lind", "panel")]
    assert list(acme.store.timers.due(acme.clock())) == [acme.name]


def test_rules_that_give_no_due_time_leave_the_rest_of_the_panel(acme: Office, ana: Agent) -> None:
    ref = acme.ticket()
    acme.read(ref, decision())
    happened(acme, ref, *begun(acme, Priority.P2))
    body = {**load_sla(), "schedules": {"office": {"name": "Never", "time_zone": "Etc/UTC"}}}
    acme.store.config.save(acme.name, SLA, body, by="Ana", why="", now=acme.clock())
    text = ana.look(ref).text
    assert "The clocks are not shown:" in text
    assert "Webhooks and integrations" in text
