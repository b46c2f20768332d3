"""Solved tickets as they are kept, and what we and agents said about them before."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from connectors.store import Store
from connectors.store.examples import AT_ONCE, HISTORY, Example, Ours
from tests.conftest import ToldClock, new_tenant
from tests.triage.tickets import ticket
from triage.decisions import Decision, Neighbour, Outcome, Prediction


def example(clock: ToldClock, ref: str = "1", **labels: str) -> Example:
    return Example(ref=ref, text=f"text {ref}", labels=labels, created_at=clock(), solved_at=clock())


def keep(store: Store, *found: Example, tenant: str = "acme") -> None:
    with store.database.write() as transaction:
        store.examples.keep_in(transaction, tenant, found)


def refs(store: Store, target: str = "category", limit: int = 10) -> list[str]:
    return [each.ref for each in store.examples.newest("acme", target, limit=limit)]


def decided(
    store: Store,
    clock: ToldClock,
    ref: str,
    category: str | None,
    *,
    shadow: bool = False,
    version: str = "v1",
    tenant: str = "acme",
    said: Prediction | None = None,
) -> int:
    said = said or Prediction(
        category=category or "login",
        confidence=0.75,
        alternatives=(),
        phrases=(),
        neighbours=(Neighbour(text="like it", category="login", similarity=0.5),),
        model_version=version,
    )
    made = Decision(
        outcome=Outcome.TRIAGED if category else Outcome.SENT_TO_HUMAN,
        category=category,
        product_area=None,
        priority=None,
        group=None,
        confidence=0.75,
        floor=0.7,
        reasons=(),
        actions=(),
        prediction=said,
        taxonomy_version="1",
    )
    with store.database.write() as transaction:
        return store.decisions.record_in(
            transaction, tenant, replace(ticket(), ref=ref), made, inbox_id=None, now=clock(), shadow=shadow
        )


def corrected(store: Store, clock: ToldClock, ref: str, category: str) -> int:
    with store.database.write() as transaction:
        decision = store.decisions.latest("acme", ref)
        assert decision is not None
        given = {"category": category, "by_id": "7", "by_name": "Ana"}
        return store.decisions.correct_in(transaction, "acme", ref, decision_id=decision.id, now=clock(), **given)


def take_back(store: Store, clock: ToldClock, number: int) -> None:
    with store.database.write() as transaction:
        assert store.decisions.undo_in(transaction, "acme", number, now=clock())


def test_a_ticket_comes_back_as_it_was_kept(store: Store, tenant: str, clock: ToldClock) -> None:
    made = replace(example(clock, category="login", group="9"), corrected={"category": "billing"})
    keep(store, made)
    assert store.examples.newest(tenant, "category", limit=5) == [made]
    assert made.label("category") == "billing"
    assert made.label("group") == "9"
    assert made.label("priority") is None


def test_the_newest_are_taken_and_given_oldest_first(store: Store, tenant: str, clock: ToldClock) -> None:
    for number in range(6):
        clock.forward(minutes=1)
        keep(store, example(clock, str(number), category="login"))
    assert refs(store, limit=3) == ["3", "4", "5"]
    since = clock() - timedelta(minutes=1)
    assert [each.ref for each in store.examples.newest(tenant, "category", limit=9, since=since)] == ["4", "5"]


def test_only_tickets_with_a_label_of_the_target_count(store: Store, tenant: str, clock: ToldClock) -> None:
    keep(store, example(clock, "1", category="login"), example(clock, "2", group="9"))
    keep(store, replace(example(clock, "3"), corrected={"category": "login"}))
    assert sorted(refs(store)) == ["1", "3"]
    assert refs(store, "group") == ["2"]
    assert refs(store, "field:42") == []
    assert [store.examples.count(tenant, target) for target in ("category", "group", "priority")] == [2, 1, 0]
    keep(store, example(clock, "2", **{"field:42": "yes"}))
    assert refs(store, "field:42") == ["2"]


def test_tickets_without_a_label_are_given_by_target_and_tenant(store: Store, tenant: str, clock: ToldClock) -> None:
    keep(store, example(clock, "1", category="login"), example(clock, "2", group="9"), example(clock, "3"))
    keep(store, replace(example(clock, "4"), corrected={"category": "billing"}))
    keep(store, replace(example(clock, "5"), text=" "))
    store.tenants.add(new_tenant("other"), webhook_token="elsewhere", now=clock())
    keep(store, example(clock, "6"), tenant="other")
    assert store.examples.unlabelled("acme", "category", limit=10) == ["text 2", "text 3"]
    assert store.examples.unlabelled("acme", "category", limit=1) == ["text 3"]
    assert store.examples.unlabelled("acme", "group", limit=10) == ["text 1", "text 3", "text 4"]


def test_a_second_reading_changes_what_it_knows_and_leaves_the_rest(
    store: Store, tenant: str, clock: ToldClock
) -> None:
    keep(store, replace(example(clock, category="login", group="9"), corrected={"category": "billing"}))
    clock.forward(days=1)
    keep(store, replace(example(clock, category="outage"), text="longer"), example(clock, category="outage"))
    [found] = store.examples.newest(tenant, "category", limit=5)
    assert found.labels == {"category": "outage", "group": "9"}
    assert found.corrected == {"category": "billing"}
    assert found.solved_at == clock()


def test_more_than_one_query_takes(store: Store, tenant: str, clock: ToldClock) -> None:
    many = [example(clock, str(number), category="login") for number in range(AT_ONCE + 20)]
    keep(store, *many)
    assert store.examples.count(tenant) == AT_ONCE + 20
    assert store.examples.known(tenant, [each.ref for each in many] + ["none"]) == {each.ref for each in many}


def test_tenants_are_apart(store: Store, tenant: str, clock: ToldClock) -> None:
    store.tenants.add(new_tenant("other"), webhook_token="elsewhere", now=clock())
    keep(store, example(clock, category="login"), tenant="other")
    decided(store, clock, "1", "login", tenant="other")
    assert refs(store) == []
    assert store.examples.known(tenant, ["1"]) == set()
    assert store.examples.ours(tenant, ["1"]) == {}
    assert store.examples.correct(tenant, "category", {"1": "billing"}) == 0


def test_a_lesson_is_due_where_the_history_was_not_read_for_a_while(
    store: Store, tenant: str, clock: ToldClock
) -> None:
    store.tenants.add(new_tenant("other"), webhook_token="elsewhere", now=clock())
    with store.database.write() as transaction:
        store.cursors.set_in(transaction, "other", HISTORY, "7", now=clock())
        store.cursors.set_in(transaction, tenant, "tickets", "7", now=clock())
    assert store.examples.resting(clock()) == []
    assert store.examples.resting(clock.forward(hours=12)) == ["other"]


def test_what_we_wrote_last_without_shadow_is_ours(store: Store, tenant: str, clock: ToldClock) -> None:
    for category in ("login", "billing"):
        clock.forward(minutes=1)
        decided(store, clock, "1", category)
    at = clock()
    clock.forward(minutes=1)
    decided(store, clock, "1", "outage", shadow=True)
    decided(store, clock, "2", None)
    assert store.examples.ours(tenant, ["1", "2", "3"]) == {"1": Ours(category="billing", decided_at=at)}


def test_the_last_correction_that_stands_counts(store: Store, tenant: str, clock: ToldClock) -> None:
    for ref in ("1", "2", "3"):
        decided(store, clock, ref, "login")
    corrected(store, clock, "1", "billing")
    corrected(store, clock, "1", "outage")
    take_back(store, clock, corrected(store, clock, "2", "billing"))
    first = corrected(store, clock, "3", "billing")
    take_back(store, clock, corrected(store, clock, "3", "outage"))
    assert {ref: label for ref, (label, _) in store.examples.corrections(tenant).items()} == {
        "1": "outage",
        "2": None,
        "3": "billing",
    }
    take_back(store, clock, first)
    assert store.examples.corrections(tenant)["3"][0] is None


def test_corrections_are_noted_and_taken_back(store: Store, tenant: str, clock: ToldClock) -> None:
    keep(store, example(clock, "1", category="login"), example(clock, "2", category="login"))
    assert store.examples.correct(tenant, "category", {"1": "billing", "2": None, "9": "x"}) == 1
    assert store.examples.correct(tenant, "category", {"1": "billing"}) == 0
    labels = {each.ref: each.label("category") for each in store.examples.newest(tenant, "category", limit=5)}
    assert labels == {"1": "billing", "2": "login"}
    assert store.examples.correct(tenant, "category", {"1": None}) == 1
    assert refs(store) == ["1", "2"]
    assert store.examples.newest(tenant, "category", limit=5)[0].label("category") == "login"


def test_answers_of_one_model_since_then_one_for_each_ticket(store: Store, tenant: str, clock: ToldClock) -> None:
    decided(store, clock, "1", "login")
    clock.forward(days=1)
    since = clock()
    decided(store, clock, "2", "login", version="another")
    decided(store, clock, "3", "login")
    decided(store, clock, "3", "billing", shadow=True)
    decided(store, clock, "4", None)
    found = store.examples.answered(tenant, "v1", since=since)
    assert [(each.ref, each.category, each.confidence, each.nearest) for each in found] == [
        ("3", "billing", 0.75, 0.5),
        ("4", "login", 0.75, 0.5),
    ]
