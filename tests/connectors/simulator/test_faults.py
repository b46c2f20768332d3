"""The knobs: what is refused was not applied, what is dropped was."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import requests

from connectors.simulator.knobs import FaultSource


def write(desk: Any, number: int, priority: str) -> requests.Response:
    return desk.api("PUT", f"tickets/{number}", {"ticket": {"priority": priority}})


def test_refused_requests_are_not_applied(desk: Any) -> None:
    number = desk.arrive()
    since = len(desk.effects())
    desk.knobs(rate_429_next=1, retry_after_s=7)
    refused = write(desk, number, "low")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "7")
    desk.knobs(error_5xx_next=1, error_status=503)
    assert write(desk, number, "low").status_code == 503
    assert desk.effects(since) == []
    assert write(desk, number, "low").status_code == 200


def test_a_dropped_answer_was_applied(desk: Any) -> None:
    number = desk.arrive()
    desk.knobs(drop_next=1, faults_on="writes")
    assert desk.api("GET", "groups").ok
    with pytest.raises(requests.ConnectionError):
        write(desk, number, "urgent")
    assert desk.api("GET", f"tickets/{number}").json()["ticket"]["priority"] == "urgent"


def test_an_answer_of_a_gateway_that_gave_up_was_applied(desk: Any) -> None:
    number = desk.arrive()
    desk.knobs(lost_5xx_next=1, error_status=502, faults_on="writes")
    assert write(desk, number, "urgent").status_code == 502
    assert desk.api("GET", f"tickets/{number}").json()["ticket"]["priority"] == "urgent"


@pytest.mark.parametrize(("knob", "applied"), [("reset_next", False), ("late_reset_next", True)])
def test_a_reset_breaks_the_connection_before_or_after(desk: Any, knob: str, applied: bool) -> None:
    number = desk.arrive()
    desk.knobs(**{knob: 1, "faults_on": "writes"})
    with pytest.raises(requests.ConnectionError, match="aborted"):
        write(desk, number, "urgent")
    assert (desk.api("GET", f"tickets/{number}").json()["ticket"]["priority"] == "urgent") is applied


def test_a_dripping_answer_comes_byte_by_byte(desk: Any) -> None:
    desk.knobs(drip_next=1, drip_s=0.05)
    headers = {"Authorization": f"Bearer {desk.connection['oauth_token']}"}
    with requests.get(f"{desk.url}/api/v2/groups", headers=headers, stream=True, timeout=5) as answer:
        started = time.monotonic()
        assert len(answer.raw.read1(3)) + len(answer.raw.read1(3)) + len(answer.raw.read1(3)) <= 6
        assert time.monotonic() - started >= 0.05
    assert desk.api("GET", "groups").json()["groups"]


def test_a_frozen_request_lands_late(desk: Any) -> None:
    number = desk.arrive()
    seen = len(desk.effects())
    desk.knobs(freeze_next=1, freeze_s=0.4)
    headers = {"Authorization": f"Bearer {desk.connection['oauth_token']}"}
    with pytest.raises(requests.Timeout):
        requests.put(
            f"{desk.url}/api/v2/tickets/{number}", json={"ticket": {"priority": "low"}}, headers=headers, timeout=0.1
        )
    assert len(desk.effects()) == seen
    assert desk.simulator.state.effects.wait_for(seen + 1, 5)


def test_truncated_json_and_latency(desk: Any) -> None:
    desk.knobs(truncate_next=1)
    with pytest.raises(requests.exceptions.JSONDecodeError):
        desk.api("GET", "groups").json()
    desk.knobs(latency_ms=60)
    started = time.monotonic()
    desk.api("GET", "groups")
    assert time.monotonic() - started >= 0.06


def test_429_for_a_while(desk: Any) -> None:
    desk.knobs(rate_429_for_s=30)
    assert desk.api("GET", "groups").status_code == 429
    desk.knobs(rate_429_for_s=0)
    assert desk.api("GET", "groups").status_code == 200


def test_unknown_knobs_are_refused_and_seeds_repeat(desk: Any) -> None:
    answer = requests.post(f"{desk.url}/_sim/knobs", json={"chaos": 1}, timeout=5)
    assert (answer.status_code, "no knob 'chaos'" in answer.text) == (400, True)

    def draws() -> list[bool]:
        source = FaultSource()
        source.set({"drop_share": 0.5, "seed": 4})
        return [source.draw(write=True).drop for _ in range(20)]

    assert draws() == draws()
    assert len(set(draws())) == 2


def test_control_takes_json_only(desk: Any) -> None:
    form = requests.post(f"{desk.url}/_sim/knobs", data={"latency_ms": "5"}, timeout=5)
    assert form.status_code == 415


def test_deleting_a_group_and_stopping_promptly(desk: Any) -> None:
    group = desk.connection["groups"]["Data"]
    desk.control("DELETE", f"groups/{group}")
    number = desk.arrive()
    answer = desk.api("PUT", f"tickets/{number}", {"ticket": {"group_id": int(group)}})
    assert answer.status_code == 422
    desk.knobs(latency_ms=60_000)
    waiting = threading.Thread(target=lambda: desk.api("GET", "groups"))
    desk.simulator.faults.stop()
    waiting.start()
    waiting.join(5)
    assert not waiting.is_alive()
