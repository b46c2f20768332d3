"""What becomes of a row whose work failed: one table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import (
    AuthFailed,
    BadSignature,
    Conflict,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    OverBudget,
    RateLimited,
    Rejected,
    Unavailable,
    Unsupported,
)
from jobs.outcomes import (
    LONGEST_AGE,
    LONGEST_WAIT_S,
    MOST_BUGS,
    MOST_TRIES,
    RECONNECT_WAIT,
    VERIFY_WAIT,
    Park,
    TryAgain,
    after_failure,
)

NOW = datetime(2026, 11, 17, 13, 46, tzinfo=UTC)


def after(error: Exception, tries: int = 1, age: timedelta = timedelta(0), jitter: float = 0.5) -> TryAgain | Park:
    return after_failure(error, tries=tries, since=NOW - age, now=NOW, jitter_0_1=jitter)


@pytest.mark.parametrize("error", [NotFound("gone"), Rejected("422: no such group"), Unsupported("cannot")])
def test_what_the_helpdesk_refuses_is_parked_with_its_words(error: Exception) -> None:
    assert after(error) == Park(reason=str(error))


@pytest.mark.parametrize("tries", [1, MOST_TRIES])
def test_a_refused_log_in_waits_for_an_admin_however_long(tries: int) -> None:
    assert after(AuthFailed("401."), tries=tries, age=LONGEST_AGE * 9) == TryAgain(
        at=NOW + RECONNECT_WAIT, counted=False, refused=True
    )


def test_a_missing_right_is_parked_with_the_next_step() -> None:
    found = after(Forbidden("403: no webhooks:write."))
    assert isinstance(found, Park)
    assert found.reason.startswith("403: no webhooks:write. Give Deskhand's user this right")


@pytest.mark.parametrize("tries", [1, MOST_TRIES])
def test_our_own_budget_is_nobodys_failure(tries: int) -> None:
    found = after(OverBudget("used up", retry_after_s=2.5), tries=tries, age=LONGEST_AGE * 9, jitter=0)
    assert found == TryAgain(at=NOW + timedelta(seconds=2.5), counted=False)


def test_other_errors_of_ours_are_parked() -> None:
    assert after(BadSignature("odd")) == Park(reason="BadSignature: odd")


def test_a_rate_limit_is_obeyed_for_the_whole_tenant() -> None:
    found = after(RateLimited("429", retry_after_s=37), jitter=0)
    assert found == TryAgain(at=NOW + timedelta(seconds=37), hold_tenant=True)


def test_an_unknown_outcome_waits_out_the_stamp_and_is_verified() -> None:
    assert after(OutcomeUnknown("no answer"), jitter=0) == TryAgain(at=NOW + VERIFY_WAIT, unknown=True)


def test_a_write_that_may_still_land_is_waited_for() -> None:
    found = after(OutcomeUnknown("timed out", retry_after_s=40), jitter=0)
    assert found == TryAgain(at=NOW + timedelta(seconds=40), unknown=True)


def test_an_outage_is_not_verified_and_its_wait_is_obeyed() -> None:
    assert after(Unavailable("503", retry_after_s=50), jitter=0) == TryAgain(at=NOW + timedelta(seconds=50))


def test_a_conflict_is_soon_tried_again() -> None:
    found = after(Conflict("409"))
    assert isinstance(found, TryAgain)
    assert found.at <= NOW + timedelta(seconds=2)


def test_a_bug_is_tried_a_few_times_and_then_parked() -> None:
    assert isinstance(after(ZeroDivisionError(), tries=MOST_BUGS - 1), TryAgain)
    found = after(ZeroDivisionError(), tries=MOST_BUGS)
    assert isinstance(found, Park)
    assert "ZeroDivisionError" in found.reason


@pytest.mark.parametrize(
    ("tries", "age", "ends"),
    [
        (MOST_TRIES, LONGEST_AGE - timedelta(minutes=1), False),
        (MOST_TRIES - 1, LONGEST_AGE * 2, False),
        (MOST_TRIES, LONGEST_AGE, True),
    ],
)
def test_a_row_is_given_up_after_a_day_and_twenty_tries_whichever_is_later(
    tries: int, age: timedelta, ends: bool
) -> None:
    assert isinstance(after(Unavailable("away"), tries=tries, age=age), Park) == ends


@given(tries=st.integers(1, 500), jitter=st.floats(0, 1))
def test_the_wait_is_never_nothing_and_never_over_five_minutes(tries: int, jitter: float) -> None:
    found = after(Unavailable("away"), tries=tries, jitter=jitter)
    assert isinstance(found, TryAgain)
    assert timedelta(seconds=0.2) <= found.at - NOW <= timedelta(seconds=LONGEST_WAIT_S)
