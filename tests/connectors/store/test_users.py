"""Console users and the attempts that throttle their log-ins."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select

from connectors.store import Store
from connectors.store.schema import EPOCH, login_attempt
from tests.conftest import ToldClock

EVA = "eva@fieldline.example"
HOME, CAFE = "192.0.2.1", "198.51.100.7"


def save(store: Store, clock: ToldClock, email: str = EVA, name: str = "Eva", hashed: str = "hash") -> None:
    store.users.save(email=email, name=name, password_hash=hashed, now=clock())


def attempt(
    store: Store, clock: ToldClock, ok: bool = False, *, email: str = EVA, ip: str = HOME, keep: datetime = EPOCH
) -> None:
    store.users.record_attempt(email, ip, ok=ok, now=clock(), keep_since=keep)


def test_a_saved_user_is_found_whatever_the_case(store: Store, clock: ToldClock) -> None:
    save(store, clock, email="Eva@Fieldline.Example")
    for written in (EVA, EVA.upper()):
        found = store.users.find(written)
        assert found is not None
        assert (found.email, found.name, found.password_hash, found.session_version) == (EVA, "Eva", "hash", 0)


def test_nobody_is_found_by_a_part_or_a_pattern(store: Store, clock: ToldClock) -> None:
    save(store, clock)
    for written in ("", "eva", "%", "eva@fieldline.exampl_", f"{EVA} "):
        assert store.users.find(written) is None


def test_saving_again_changes_name_and_password_and_keeps_the_user(store: Store, clock: ToldClock) -> None:
    save(store, clock)
    before = store.users.find(EVA)
    save(store, clock, email="somebody@else.example")
    save(store, clock, email=EVA.upper(), name="Eva Berg", hashed="another")
    after = store.users.find(EVA)
    assert before is not None
    assert after is not None
    assert (after.id, after.name, after.password_hash) == (before.id, "Eva Berg", "another")


def test_ending_sessions_is_for_that_user_alone(store: Store, clock: ToldClock) -> None:
    save(store, clock)
    save(store, clock, email="somebody@else.example")
    eva = store.users.find(EVA)
    assert eva is not None
    store.users.end_sessions(eva.id)
    store.users.end_sessions(eva.id)
    store.users.end_sessions(404)
    versions = [store.users.find(email) for email in (EVA, "somebody@else.example")]
    assert [each.session_version for each in versions if each] == [2, 0]


def test_without_an_attempt_there_is_no_failure(store: Store) -> None:
    assert store.users.failures(EVA, HOME, since=EPOCH) == (0, None, 0)


def test_failures_are_counted_for_the_pair_and_for_the_address(store: Store, clock: ToldClock) -> None:
    attempt(store, clock)
    last = clock.forward(seconds=5)
    attempt(store, clock, email=EVA.upper())
    clock.forward(seconds=5)
    attempt(store, clock, email="somebody@else.example")
    attempt(store, clock, ip=CAFE)
    assert store.users.failures(EVA, HOME, since=EPOCH) == (2, last, 3)
    assert store.users.failures(EVA, CAFE, since=EPOCH) == (1, clock(), 1)


def test_a_success_clears_the_pair_but_not_the_address(store: Store, clock: ToldClock) -> None:
    for ok in (False, False, True):
        attempt(store, clock, ok)
    assert store.users.failures(EVA, HOME, since=EPOCH) == (0, None, 2)
    attempt(store, clock)
    assert store.users.failures(EVA, HOME, since=EPOCH) == (1, clock(), 3)


def test_somebody_elses_success_clears_nothing(store: Store, clock: ToldClock) -> None:
    attempt(store, clock)
    attempt(store, clock, True, email="somebody@else.example")
    attempt(store, clock, True, ip=CAFE)
    assert store.users.failures(EVA, HOME, since=EPOCH) == (1, clock(), 1)


def test_only_failures_since_then_count(store: Store, clock: ToldClock) -> None:
    attempt(store, clock)
    then = clock.forward(seconds=1)
    attempt(store, clock)
    assert store.users.failures(EVA, HOME, since=then) == (1, then, 1)
    assert store.users.failures(EVA, HOME, since=then + timedelta(microseconds=1)) == (0, None, 0)


def test_old_attempts_are_tidied_away(store: Store, clock: ToldClock) -> None:
    attempt(store, clock)
    attempt(store, clock, ip=CAFE)
    clock.forward(hours=2)
    attempt(store, clock, keep=clock() - timedelta(hours=1))
    with store.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(login_attempt)).scalar_one() == 1
