"""`deskhand up`: everything starts, answers, and ends with it, however it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import requests

from app.rehearsal import free_port

pytestmark = pytest.mark.system


def until(true: Callable[[], bool], within_s: float, what: str) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@pytest.fixture
def up(tmp_path: Path, models: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    port = free_port()
    env = os.environ | {
        "DESKHAND_VAR": str(tmp_path / "var"),
        "DESKHAND_MODELS": str(models),
        "DESKHAND_PORT": str(port),
        "DATABASE_URL": "",
        "REDIS_URL": "",
    }
    env = {name: value for name, value in env.items() if value or not name.endswith("_URL")}
    env.pop("DESKHAND_TEST_PICTURES", None)
    code = "from app.cli import main; main()"
    process = subprocess.Popen([sys.executable, "-c", code, "up"], env=env, stdout=subprocess.PIPE, text=True)
    yield process, f"http://127.0.0.1:{port}"
    if process.poll() is None:
        process.terminate()
        process.wait(30)


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).status_code == 200
    except requests.RequestException:
        return False


def children(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def test_it_answers_and_a_signal_ends_all_of_it(up: tuple[subprocess.Popen[str], str]) -> None:
    process, url = up
    until(lambda: answers(f"{url}/readyz"), 40, "the web process did not answer")
    assert answers(f"{url}/console/login")
    started = children(process)
    assert len(started) >= 4
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    until(lambda: not any(each.is_running() for each in started), 5, "something was left behind")


def test_a_second_one_on_the_same_folder_is_refused(up: tuple[subprocess.Popen[str], str], tmp_path: Path) -> None:
    _, url = up
    until(lambda: answers(f"{url}/healthz"), 40, "the web process did not answer")
    env = os.environ | {"DESKHAND_VAR": str(tmp_path / "var")}
    env.pop("DESKHAND_TEST_PICTURES", None)
    second = subprocess.run(
        [sys.executable, "-c", "from app.cli import main; main()", "up"],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert "Another deskhand already runs" in second.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux to end the children")
def test_when_it_is_killed_nothing_is_left(up: tuple[subprocess.Popen[str], str]) -> None:
    process, url = up
    until(lambda: answers(f"{url}/readyz"), 40, "the web process did not answer")
    started = children(process)
    process.kill()
    process.wait(5)
    until(lambda: not any(each.is_running() and each.status() != "zombie" for each in started), 25, "left behind")


def test_a_bad_setting_stops_it_before_anything_starts(tmp_path: Path) -> None:
    env = os.environ | {"DESKHAND_PORT": "eighty", "DESKHAND_VAR": str(tmp_path)}
    code = "from app.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code, "up"], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "DESKHAND_PORT" in done.stderr


def test_the_demo_sends_every_ticket_through_once(models: Path, tmp_path: Path) -> None:
    env = os.environ | {"DESKHAND_VAR": str(tmp_path), "DESKHAND_MODELS": str(models)}
    env.pop("DESKHAND_TEST_PICTURES", None)
    code = "from app.cli import main; main()"
    command = [sys.executable, "-c", code, "demo", "--fast", "--once", "--json"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stderr
    score = json.loads(done.stdout)
    assert score["tickets"] >= 60
    assert score["triaged"] + score["sent_to_human"] == score["tickets"]
    assert score["updates"] == score["notes"] == score["tickets"]
    assert score["duplicated"] == score["lost"] == 0
