"""One champion for each target, the way there and back, and what is kept of older models."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.store import Store
from connectors.store.models import CHALLENGER, CHAMPION, FILES_KEPT, REFUSED, RETIRED, ModelProblem, StoredModel
from tests.conftest import ToldClock, new_tenant
from tests.model_cards import card


def save(
    store: Store, clock: ToldClock, version: str, state: str = CHALLENGER, target: str = "category"
) -> StoredModel:
    clock.forward(minutes=1)
    made = replace(card(target=target, version=version), trained_at=clock())
    return store.models.save("acme", made, f"file of {version}".encode(), state=state, why="Trained.")


def states(store: Store) -> dict[str, str]:
    return {each.version: each.state for each in store.models.versions("acme")}


def promote(store: Store, clock: ToldClock, version: str | None = None) -> StoredModel:
    clock.forward(minutes=1)
    return store.models.promote("acme", "category", version, by="Ana", why="better", now=clock())


def rollback(store: Store, clock: ToldClock) -> StoredModel | None:
    clock.forward(minutes=1)
    return store.models.rollback("acme", by="Ana", why="worse on Mondays", now=clock())


def test_a_card_comes_back_as_it_was(store: Store, tenant: str, clock: ToldClock) -> None:
    stored = save(store, clock, "v1", CHAMPION)
    assert stored.card == replace(card(version="v1"), trained_at=clock())
    assert store.models.champion(tenant) == stored
    assert store.models.champion_id(tenant) == stored.id
    assert store.models.file(tenant, stored.id) == b"file of v1"
    assert (stored.promoted_at, stored.has_file) == (clock(), True)


def test_without_a_model_nothing_is_found(store: Store, tenant: str, clock: ToldClock) -> None:
    assert store.models.champion(tenant) is None
    assert store.models.champion_id(tenant) is None
    assert store.models.versions(tenant) == []
    assert store.models.targets(tenant) == []
    assert store.models.file(tenant, 7) is None
    with pytest.raises(ModelProblem, match="nothing to go back from"):
        rollback(store, clock)
    with pytest.raises(ModelProblem, match="no challenger"):
        promote(store, clock)


def test_a_promotion_retires_the_one_before_and_says_who_and_why(store: Store, tenant: str, clock: ToldClock) -> None:
    save(store, clock, "v1", CHAMPION)
    save(store, clock, "v2")
    promoted = promote(store, clock)
    assert (promoted.version, promoted.why) == ("v2", "Promoted by Ana: better")
    assert states(store) == {"v2": CHAMPION, "v1": RETIRED}
    before = store.models.version(tenant, "category", "v1")
    assert before is not None
    assert (before.retired_at, before.why) == (clock(), "Gave way to v2.")
    assert promote(store, clock, "v2") == promoted


def test_rolling_back_goes_back_one_model_each_time_and_then_to_none(
    store: Store, tenant: str, clock: ToldClock
) -> None:
    save(store, clock, "v1", CHAMPION)
    for version in ("v2", "v3"):
        save(store, clock, version)
        promote(store, clock)
    back = rollback(store, clock)
    assert back is not None
    assert (back.version, back.why) == ("v2", "Rolled back by Ana: worse on Mondays")
    assert states(store) == {"v3": RETIRED, "v2": CHAMPION, "v1": RETIRED}
    assert rollback(store, clock).version == "v1"  # type: ignore[union-attr]
    assert rollback(store, clock) is None
    assert store.models.champion(tenant) is None
    assert promote(store, clock, "v3").state == CHAMPION


def test_only_the_newest_challenger_waits(store: Store, tenant: str, clock: ToldClock) -> None:
    for version in ("v1", "v2"):
        save(store, clock, version)
    assert states(store) == {"v2": CHALLENGER, "v1": REFUSED}
    waiting = store.models.challenger(tenant)
    assert waiting is not None
    store.models.refuse(tenant, waiting.id, "No better.")
    assert store.models.challenger(tenant) is None
    assert promote(store, clock, "v2").state == CHAMPION


def test_old_files_go_and_their_cards_stay(store: Store, tenant: str, clock: ToldClock) -> None:
    save(store, clock, "v0", CHAMPION)
    save(store, clock, "v1")
    promote(store, clock)
    for number in range(2, 3 + FILES_KEPT):
        save(store, clock, f"v{number}")
    kept = {each.version: each.has_file for each in store.models.versions(tenant)}
    assert kept["v0"], "a rollback needs it"
    assert kept["v1"], "it answers"
    assert [version for version, has_file in kept.items() if not has_file] == ["v2"]
    assert len(kept) == 3 + FILES_KEPT
    with pytest.raises(ModelProblem, match="no longer kept"):
        promote(store, clock, "v2")
    assert save(store, clock, "v2").has_file


def test_the_same_version_again_keeps_its_state(store: Store, tenant: str, clock: ToldClock) -> None:
    first = save(store, clock, "v1", CHAMPION)
    assert save(store, clock, "v1") == first
    assert states(store) == {"v1": CHAMPION}


def test_targets_and_tenants_are_apart(store: Store, tenant: str, clock: ToldClock) -> None:
    store.tenants.add(new_tenant("other"), webhook_token="elsewhere", now=clock())
    stored = save(store, clock, "v1", CHAMPION)
    save(store, clock, "v1", CHAMPION, target="group")
    assert store.models.targets(tenant) == ["category", "group"]
    assert states(store) == {"v1": CHAMPION}
    assert store.models.versions("other") == []
    assert store.models.file("other", stored.id) is None
    store.models.refuse("other", stored.id, "not yours")
    with pytest.raises(ModelProblem):
        store.models.promote("other", "category", "v1", by="Eve", why="", now=clock() + timedelta(days=1))
    assert states(store) == {"v1": CHAMPION}


def test_a_version_by_its_beginning_only_where_one_begins_so(store: Store, tenant: str, clock: ToldClock) -> None:
    for version in ("abc1", "abd2"):
        save(store, clock, version)
    assert store.models.version(tenant, "category", "abc").version == "abc1"  # type: ignore[union-attr]
    assert store.models.version(tenant, "category", "ab") is None
    assert store.models.version(tenant, "category", "%") is None
