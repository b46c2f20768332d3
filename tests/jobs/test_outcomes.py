"""What becomes of a row whose work failed: one table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rq.timeouts import JobTimeoutException
from sqlalchemy.exc import OperationalError

from connectors.errors import (
    AuthFailed,
    BadSignature,
    Conflict,
    ConnectorError,
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
    LANDING,
    LONGEST_AGE,
    LONGEST_WAIT_S,
    MOST_BUGS,
    MOST_TRIES,
    RECONNECT_WAIT,
    VERIFY_WAIT,
    AfterUnknown,
    Park,
    TryAgain,
    after_failure,
    under,
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


@pytest.mark.parametrize("error", [Unavailable("502"), OutcomeUnknown("502")])
def test_while_the_circuit_is_open_a_row_waits_for_it_and_not_for_its_own_back_off(error: ConnectorError) -> None:
    error.probe_s = 3.0
    found = after(error, tries=9, jitter=1)
    assert isinstance(found, TryAgain)
    assert found.at == NOW + timedelta(seconds=3)


def test_a_busy_database_is_no_bug_of_the_row() -> None:
    found = after(OperationalError("COMMIT", {}, Exception("locked")), tries=MOST_BUGS)
    assert isinstance(found, TryAgain)
    assert found.unknown


def test_a_job_that_was_cut_off_waits_until_its_write_has_landed() -> None:
    assert after(JobTimeoutException(), jitter=0) == TryAgain(at=NOW + LANDING, unknown=True)


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


@pytest.mark.parametrize("error", [OutcomeUnknown("no answer"), ValueError("a bug"), TimeoutError()])
def test_what_must_not_be_repeated_is_left_to_a_person_unless_it_was_surely_not_sent(error: Exception) -> None:
    step = after(under(AfterUnknown.NEVER, error))
    assert isinstance(step, Park)
    assert "may have been sent" in step.reason
    for policy in (AfterUnknown.VERIFY, AfterUnknown.REPEAT):
        assert isinstance(after(under(policy, error)), TryAgain)


@pytest.mark.parametrize("policy", AfterUnknown)
def test_what_was_surely_not_sent_is_tried_again(policy: AfterUnknown) -> None:
    step = after(under(policy, Unavailable("away")))
    assert isinstance(step, TryAgain)
    assert not step.unknown


@pytest.mark.parametrize("policy", AfterUnknown)
def test_only_the_helpdesks_own_limit_holds_up_what_goes_to_it(policy: AfterUnknown) -> None:
    step = after(under(policy, RateLimited("slow down", retry_after_s=90)))
    assert isinstance(step, TryAgain)
    assert step.at == NOW + timedelta(seconds=90)
    assert step.hold_tenant == (policy is AfterUnknown.VERIFY)
