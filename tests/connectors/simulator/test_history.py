"""The made-up past: solved tickets as a desk has them after people sorted them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests
from sklearn.feature_extraction.text import TfidfVectorizer

from connectors.defaults import load_taxonomy
from connectors.registry import VENDORS
from connectors.simulator import history, history_material, seed
from connectors.simulator.history_values import SLOT
from connectors.simulator.records import Ticket
from connectors.simulator.state import HelpdeskState
from tests.conformance.world import World, open_world
from triage.tickets import Status

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
TAXONOMY = load_taxonomy()
CATEGORIES = {each.key: each for each in TAXONOMY.categories}


def desk(count: int = 2000, number: int = 1, days: int = 180) -> HelpdeskState:
    state = HelpdeskState(now=lambda: NOW)
    seed.load(state)
    history.fill(state, count=count, seed=number, days=days)
    return state


@pytest.fixture(scope="module")
def state() -> HelpdeskState:
    return desk()


@pytest.fixture(scope="module", params=list(VENDORS))
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with open_world(request.param, seed.FOLDER) as made:
        yield made


def said(state: HelpdeskState, ticket: Ticket) -> str | None:
    """The category that the desk's people gave."""
    field = next(field.id for field in state.ticket_fields.values() if field.title == "Category")
    return ticket.custom_fields.get(field)


# -- the material ----------------------------------------------------------------------------


def test_every_category_has_material_enough() -> None:
    material = history_material.load()
    assert material.kinds.keys() == CATEGORIES.keys()
    for name, kind in material.kinds.items():
        assert len({opening["text"] for opening in kind.openings}) >= 12, name
        assert len(set(kind.details)) >= 10, name
        assert kind.logs, name
        assert kind.german, name
        assert kind.weight > 0, name
        assert kind.confused_with, name


def test_the_material_names_only_what_the_taxonomy_has() -> None:
    material = history_material.load()
    areas = {area.key for area in TAXONOMY.product_areas}
    for name, kind in material.kinds.items():
        assert {opening["area"] for opening in kind.openings} - {None} <= areas, name
        assert set(kind.confused_with) <= CATEGORIES.keys() - {name}, name
    for first, second, opening in material.borders:
        assert {first, second} <= CATEGORIES.keys(), opening["text"]
        assert first != second


def test_a_line_that_is_no_opening_is_named() -> None:
    with pytest.raises(ValueError, match=r"strange\.yaml: write `subject :: text` instead of 'no subject here'"):
        history_material.matches(history_material.OPENING, "strange", "no subject here")


# -- the tickets -----------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_past() -> None:
    first, again, other = desk(200), desk(200), desk(200, number=2)
    assert first.tickets == again.tickets
    assert first.truth == again.truth
    assert {each.description for each in first.tickets.values()}.isdisjoint(
        {each.description for each in other.tickets.values()}
    )


def test_all_is_over_and_spread_over_working_days(state: HelpdeskState) -> None:
    tickets = list(state.tickets.values())
    assert len(tickets) == 2000
    assert {each.status for each in tickets} == {"solved", "closed"}
    for each in tickets:
        assert NOW - timedelta(days=181) < each.created_at < each.updated_at <= NOW - timedelta(hours=2)
        assert each.touched_at == each.updated_at
    assert [each.created_at for each in tickets] == sorted(each.created_at for each in tickets)
    by_weekday = Counter(each.created_at.weekday() < 5 for each in tickets)
    assert by_weekday[False] < 0.1 * len(tickets)
    months = Counter(each.created_at.month for each in tickets)
    assert min(months[month] for month in (6, 7, 8, 9, 10)) > 200


def test_people_sorted_them_and_were_wrong_in_a_fixed_share(state: HelpdeskState) -> None:
    filed = {each.id: said(state, each) for each in state.tickets.values()}
    chatter = [number for number, truth in state.truth.items() if truth is None]
    assert len(chatter) == 60
    assert {filed[number] for number in chatter} == {None}
    wrong = [number for number, truth in state.truth.items() if truth and filed[number] != truth]
    assert len(wrong) == 80
    counts = Counter(filed[number] for number in filed if filed[number])
    assert counts.keys() == CATEGORIES.keys()
    assert max(counts.values()) > 3 * min(counts.values())


def test_queue_and_area_follow_the_category(state: HelpdeskState) -> None:
    groups = {group.id: group.name for group in state.groups.values()}
    usual = 0
    for ticket in state.tickets.values():
        category = CATEGORIES.get(said(state, ticket) or "")
        name = groups[ticket.group_id or 0]
        if category is None:
            assert name == TAXONOMY.human_group
            continue
        area = TAXONOMY.area(category.product_area)
        assert area is not None
        usual += area.group == name
        assert ticket.priority in ("low", "normal", "high", "urgent")
        assert state.users[ticket.assignee_id or 0].is_staff
        assert not state.users[ticket.requester_id].is_staff
    assert 0.9 < usual / len(state.tickets) < 1.0


def test_no_slot_and_no_choice_is_left_open(state: HelpdeskState) -> None:
    for ticket in state.tickets.values():
        text = f"{ticket.subject}\n{ticket.description}"
        assert not SLOT.search(text), text
        assert not re.search(r"<[^<>\n]*\|[^<>\n]*>", text), text
        assert ticket.subject.strip()
        assert ticket.description.strip()


def test_near_copies_are_rare(state: HelpdeskState) -> None:
    texts = [f"{each.subject}\n{each.description}" for each in state.tickets.values()]
    vectors = TfidfVectorizer(analyzer="char", ngram_range=(4, 4), use_idf=False).fit_transform(texts)
    close = vectors @ vectors.T
    close.setdiag(0)
    share = (close.max(axis=1).toarray().ravel() > 0.9).mean()
    # Some send the same twice: there must be a few.
    assert 0.0 < share < 0.05


def test_they_are_written_in_many_ways(state: HelpdeskState) -> None:
    texts = [each.description for each in state.tickets.values()]
    assert {each.channel for each in state.tickets.values()} == {"mail", "chat", "web"}
    assert sum("Fieldline Support wrote:" in text for text in texts) > 50
    assert sum(bool(re.search(r"Grüße|Gruß", text)) for text in texts) > 20
    lengths = sorted(len(text) for text in texts)
    assert lengths[len(lengths) // 10] < 160
    assert lengths[-len(lengths) // 10] > 480
    assert lengths[-1] > 900
    assert len({each.requester_id for each in state.tickets.values()}) > 15


# -- the helpdesk around them ----------------------------------------------------------------


def test_nothing_happens_while_the_past_is_made(world: World) -> None:
    before = len(world.state.effects)
    answer = requests.post(f"{world.running.base_url}/_sim/history", json={"count": 300, "seed": 3}, timeout=30)
    assert answer.status_code == 200
    assert len(answer.json()["truth"]) == 300
    assert world.running.simulator.face.wait_idle(5)
    assert world.inbox == []
    assert len(world.state.effects) == before


def test_the_connector_finds_them_all_with_their_labels(world: World) -> None:
    if not world.state.truth:
        history.fill(world.state, count=300, seed=3, days=180)
    found = {}
    for page, _ in world.helpdesk.tickets(cursor=None, updated_since=datetime.now(UTC) - timedelta(days=200)):
        found |= {each.ref: each for each in page}
    assert found.keys() == {str(number) for number in world.state.truth}
    keys = {each.key: each.key for each in TAXONOMY.categories} | {each.name: each.key for each in TAXONOMY.categories}
    right = 0
    for ref, ticket in found.items():
        assert ticket.status in (Status.SOLVED, Status.CLOSED)
        truth = world.state.truth[int(ref)]
        if truth is None:
            assert not ticket.fields.get("category")
            continue
        assert ticket.fields["product_area"]
        assert ticket.group_id in world.connection.groups.values()
        right += keys[ticket.fields["category"]] == truth
    assert right == len(found) - round(0.03 * len(found)) - round(0.04 * len(found))
    ref = max(found, key=int)
    assert [each.author_id == found[ref].requester_id for each in world.helpdesk.comments(ref)] == [True, False]


def test_a_new_ticket_stands_above_a_past_that_came_later(world: World) -> None:
    url = world.running.base_url
    made = requests.post(f"{url}/_sim/tickets", json={"subject": "New today"}, timeout=10).json()["id"]
    history.fill(world.state, count=20, seed=4, days=30)
    assert max(world.state.tickets) > made
    rows = requests.get(f"{url}/agent/feed", timeout=10).json()["tickets"]
    assert rows[0]["id"] == made


@pytest.mark.parametrize("asked", [{"count": 0}, {"count": 10**7}, {"days": 0}, {"count": "many"}])
def test_a_senseless_request_is_refused(world: World, asked: dict[str, object]) -> None:
    known = len(world.state.tickets)
    answer = requests.post(f"{world.running.base_url}/_sim/history", json=asked, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert len(world.state.tickets) == known


def test_a_desk_without_customers_has_no_past() -> None:
    empty = HelpdeskState()
    seed.install_fields(empty)
    with pytest.raises(ValueError, match="agents and customers"):
        history.fill(empty, count=10, seed=1, days=10)
