"""The page behind the link in a message: it tells, and only its button takes."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app import create_app
from app.bootstrap import Deps
from app.settings import Settings
from app.sla.acknowledging import acknowledge
from app.sla.links import LinkExpired, LinkForged, ack_link, pager_hook, read_ack_link, read_pager_hook
from connectors.store import Store
from connectors.store.config import SLA
from connectors.store.vault import Vault
from tests.app.sla.ground import REF, keep, opened, with_people
from tests.conftest import ToldClock
from triage.sla.log import Acknowledged, Reply, StatusSet
from triage.tickets import Status

CLIMB = "first_reply_time/1"
TAKE = "Acknowledge, I have it"


@pytest.fixture
def deps(store: Store, tenant: str, clock: ToldClock, tmp_path: Path) -> Deps:
    made = Deps(Settings.from_env({"DESKHAND_VAR": str(tmp_path)}), store, clock)
    with_people(made)
    opened(made, clock() - timedelta(minutes=72))
    return made


@pytest.fixture
def client(deps: Deps) -> FlaskClient:
    return create_app(deps.settings, deps).test_client()


@pytest.fixture
def path(deps: Deps, clock: ToldClock) -> str:
    return path_of(ack_link(deps, "acme", REF, person="priya", climb=CLIMB, now=clock()))


def path_of(link: str) -> str:
    assert link.startswith("http://127.0.0.1:8710/a/")
    return link.removeprefix("http://127.0.0.1:8710")


def taken(deps: Deps) -> list[Acknowledged]:
    return [event for event in deps.store.ticket_log.read("acme", REF) if isinstance(event, Acknowledged)]


def words(client: FlaskClient, path: str, *, post: bool = False, status: int = 200) -> str:
    answer = client.post(path) if post else client.get(path)
    assert answer.status_code == status
    main = re.search(r"<main.*</main>", answer.text, re.DOTALL)
    assert main is not None
    return " ".join(re.sub(r"<[^>]+>", " ", main[0]).replace("\xa0", " ").split())


def test_looking_tells_what_is_late_and_takes_nothing(client: FlaskClient, deps: Deps, path: str) -> None:
    for _ in range(3):
        said = words(client, path)
    assert client.head(path).status_code == 200
    assert "Ticket #1042 P2" in said
    assert "First reply: 12 min late It was due 14:34 (Berlin)" in said
    assert "Resolution" not in said
    assert (TAKE in said, taken(deps)) == (True, [])


def test_the_button_takes_it_for_whom_the_link_was_sent_to(
    client: FlaskClient, deps: Deps, path: str, clock: ToldClock
) -> None:
    said = words(client, path, post=True)
    assert "You have it" in said
    assert "Priya Nair has ticket #1042 since 14:46" in said
    assert TAKE not in said
    assert taken(deps) == [Acknowledged(at=clock(), by="Priya Nair", way="mail")]
    clock.forward(minutes=1)
    assert "Priya Nair has it" in words(client, path, post=True)
    assert "Priya Nair has it" in words(client, path)
    assert len(taken(deps)) == 1


def test_whoever_comes_second_sees_who_was_first(client: FlaskClient, deps: Deps, path: str, clock: ToldClock) -> None:
    other = path_of(ack_link(deps, "acme", REF, climb=CLIMB, way="chat", now=clock()))
    client.post(other)
    said = words(client, path, post=True)
    assert "Whoever is on duty has it" in said
    assert [(each.by, each.way) for each in taken(deps)] == [("Whoever is on duty", "chat")]


def test_before_anything_is_late_it_tells_what_will_be_first(client: FlaskClient, deps: Deps, clock: ToldClock) -> None:
    opened(deps, clock() - timedelta(minutes=45), ref="7")
    said = words(client, path_of(ack_link(deps, "acme", "7", person="priya", now=clock())))
    assert "First reply: 15 min left It is due 15:01 (Berlin)" in said
    assert TAKE in said


def test_a_ticket_without_clocks_can_be_taken_too(client: FlaskClient, deps: Deps, clock: ToldClock) -> None:
    path = path_of(ack_link(deps, "acme", "nothing-known", now=clock()))
    assert "Nobody has said yet" in words(client, path)
    assert "You have it" in words(client, path, post=True)


@pytest.mark.parametrize(("happened", "expected"), [("solved", "Solved meanwhile"), ("answered", "Nothing to take")])
@pytest.mark.parametrize("post", [False, True])
def test_what_is_over_is_not_taken(
    client: FlaskClient, deps: Deps, path: str, clock: ToldClock, happened: str, expected: str, post: bool
) -> None:
    at = clock() - timedelta(minutes=1)
    keep(deps, StatusSet(at=at, status=Status.SOLVED) if happened == "solved" else Reply(at=at, by_agent=True))
    said = words(client, path, post=post)
    assert (expected in said, TAKE in said, taken(deps)) == (True, False, [])


@pytest.mark.parametrize("post", [False, True])
def test_a_link_works_for_seven_days(client: FlaskClient, deps: Deps, path: str, clock: ToldClock, post: bool) -> None:
    clock.forward(days=7, seconds=1)
    assert "too old" in words(client, path, post=post, status=410)
    assert taken(deps) == []


@pytest.mark.parametrize("post", [False, True])
def test_a_changed_link_opens_nothing(client: FlaskClient, deps: Deps, path: str, post: bool) -> None:
    for at in range(3, len(path)):
        other = "A" if path[at] != "A" else "B"
        answer = client.open(path[:at] + other + path[at + 1 :], method="POST" if post else "GET")
        # The last letter of a signature holds bits that count for nothing.
        assert answer.status_code == 404 or at == len(path) - 1
    assert "not complete" in words(client, "/a/" + "x" * 5000, status=404)
    assert "not complete" in words(client, path[:-8], status=404)
    assert post or taken(deps) == []


def test_a_link_of_another_install_or_another_kind_opens_nothing(deps: Deps, clock: ToldClock, tmp_path: Path) -> None:
    hook = pager_hook(deps, "acme").rpartition("/")[2]
    link = ack_link(deps, "acme", REF, now=clock()).rpartition("/")[2]
    with pytest.raises(LinkForged):
        read_ack_link(deps, hook, clock())
    with pytest.raises(LinkForged):
        read_pager_hook(deps, link)
    assert read_pager_hook(deps, hook) == "acme"
    deps.store.vault = Vault(b"k" * 32)
    with pytest.raises(LinkForged):
        read_ack_link(deps, link, clock())


def test_a_link_from_the_future_is_not_ours(deps: Deps, clock: ToldClock) -> None:
    token = ack_link(deps, "acme", REF, now=clock() + timedelta(hours=1)).rpartition("/")[2]
    with pytest.raises(LinkExpired):
        read_ack_link(deps, token, clock())


def test_a_helpdesk_that_was_disconnected_is_named_so(
    client: FlaskClient, deps: Deps, path: str, clock: ToldClock
) -> None:
    deps.store.installations.disconnect("acme", now=clock())
    assert "not connected" in words(client, path, post=True, status=410)
    assert taken(deps) == []


def test_rules_that_cannot_be_read_are_said_to_be(client: FlaskClient, deps: Deps, path: str, clock: ToldClock) -> None:
    deps.store.config.save("acme", SLA, {"policies": 3}, by="test", why="broken", now=clock())
    assert "cannot read its rules" in words(client, path, status=503)
    assert "cannot read its rules" in words(client, path, post=True, status=503)
    assert acknowledge(deps, "acme", REF, by="Priya Nair", way="panel", now=clock())


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_page_is_kept_nowhere_and_tells_no_other_site(client: FlaskClient, path: str, method: str) -> None:
    for address in (path, "/a/forged"):
        headers = client.open(address, method=method).headers
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "Set-Cookie" not in headers


def test_the_page_names_no_customer(client: FlaskClient, path: str, deps: Deps) -> None:
    link = read_ack_link(deps, path.removeprefix("/a/"), deps.now())
    assert (link.tenant, link.ref, link.person) == ("acme", REF, "priya")
    assert "priya@desk.example" not in client.get(path).text
