"""What goes wrong, by name. Each fault hurts one part for a few seconds at most; parts heal as they would in life."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import psutil
import redis
import requests
from sqlalchemy.engine import make_url

from bench.chaos.proxy import TcpProxy
from bench.chaos.stage import Stage
from connectors.crash import POINTS, VARIABLE

Fault = Callable[["Scene", random.Random], str]
"""Does harm and returns what it did; raises nothing when its victim is already down."""

ROLES = {"receive": "web", "leader": "clock", "schedule": "clock", "clock": "clock"}
"""Which process passes a crash point, by the point's first word; all others are a worker's."""
LONGEST_LOCK_S = 3.0
LOSING_S = 4.0


@dataclass
class Scene:
    """Where faults happen, and the harm that several of them do."""

    stage: Stage
    proxy: TcpProxy

    def kill(self, name: str) -> None:
        """SIGKILL to a process and all it started."""
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            pid = self.stage.supervisor.pid(name)
            for child in psutil.Process(pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
            os.kill(pid, signal.SIGKILL)

    def pause(self, pid: int, seconds: float) -> None:
        """SIGSTOP now, SIGCONT later: a machine that swaps, a container that is frozen."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
        threading.Timer(seconds, _go_on, (pid,)).start()

    def knobs(self, **values: object) -> None:
        self.stage.helpdesk("POST", "knobs", values)

    def knobs_for(self, seconds: float, **values: object) -> None:
        """The shares among them fall back to 0 afterwards."""
        self.knobs(**values)
        self.knobs_after(seconds, **{name: 0 for name in values if name.endswith("_share")})

    def knobs_after(self, seconds: float, **values: object) -> None:
        """Unless all is over by then."""

        def turn() -> None:
            with contextlib.suppress(requests.RequestException):
                self.knobs(**values)

        threading.Timer(seconds, turn).start()

    def worker(self, chance: random.Random) -> str:
        names = [each.name for each in self.stage.supervisor.wanted if each.name.startswith("worker")]
        return chance.choice(names)

    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.stage.redis_url, socket_timeout=2, socket_connect_timeout=2)


def _go_on(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def web(scene: Scene, chance: random.Random) -> str:
    """The web process with all its workers, or one of those."""
    if chance.random() < 0.5:
        with contextlib.suppress(psutil.NoSuchProcess, IndexError):
            children = psutil.Process(scene.stage.supervisor.pid("web")).children()
            chance.choice(children).kill()
            return "one web worker killed"
    scene.kill("web")
    return "web killed"


def worker(scene: Scene, chance: random.Random) -> str:
    name = scene.worker(chance)
    scene.kill(name)
    return f"{name} killed"


def frozen_worker(scene: Scene, chance: random.Random) -> str:
    """Longer than its lease: it wakes up when another has taken its row over."""
    name = scene.worker(chance)
    scene.pause(scene.stage.supervisor.pid(name), 14.0)
    return f"{name} frozen for 14 s"


def clock(scene: Scene, chance: random.Random) -> str:
    scene.kill("clock")
    return "clock killed"


def redis_killed(scene: Scene, chance: random.Random) -> str:
    scene.kill("redis")
    return "Redis killed"


def redis_flushed(scene: Scene, chance: random.Random) -> str:
    with contextlib.suppress(redis.RedisError):
        scene.redis().flushall()
        return "Redis emptied"
    return "Redis was away"


def redis_frozen(scene: Scene, chance: random.Random) -> str:
    scene.pause(scene.stage.supervisor.pid("redis"), 3.0)
    return "Redis frozen for 3 s"


def crash(scene: Scene, chance: random.Random) -> str:
    """A process starts again with a crash point set, and dies there."""
    point = chance.choice([each for each in POINTS if not each.startswith(("tidy", "leader"))])
    name = ROLES.get(point.partition(".")[0]) or scene.worker(chance)
    spec = f"{point}:{chance.randint(1, 4)}"
    scene.stage.supervisor.once[name] = {VARIABLE: spec}
    scene.kill(name)
    if name == "web":
        threading.Timer(3.0, scene.kill, args=("web",)).start()  # all that its master starts would crash there
    return f"{name} will crash at {spec}"


def database_locked(scene: Scene, chance: random.Random) -> str:
    """Somebody else holds the write lock, longer than the web process waits."""
    held_s = chance.uniform(1.0, LONGEST_LOCK_S)
    path = make_url(scene.stage.database_url).database

    def hold() -> None:
        with contextlib.closing(sqlite3.connect(str(path), timeout=10, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(held_s)
            connection.execute("ROLLBACK")

    threading.Thread(target=hold, daemon=True).start()
    return f"database locked for {held_s:.1f} s"


def helpdesk_5xx(scene: Scene, chance: random.Random) -> str:
    seconds = chance.uniform(1.0, 4.0)
    scene.knobs_for(seconds, faults_on="all", error_5xx_share=1.0, error_status=500)
    return f"helpdesk answers 5xx for {seconds:.1f} s"


def helpdesk_5xx_late(scene: Scene, chance: random.Random) -> str:
    """Applied, and answered 5xx all the same, as by a gateway that gave up."""
    scene.knobs_for(LOSING_S, faults_on="writes", lost_5xx_share=0.5, error_status=chance.choice([500, 502, 504]))
    return f"helpdesk applies half the writes of {LOSING_S:.0f} s and answers 5xx"


def helpdesk_429(scene: Scene, chance: random.Random) -> str:
    scene.knobs(faults_on="all", rate_429_for_s=2, retry_after_s=2)
    return "helpdesk answers 429 for 2 s"


def answers_lost(scene: Scene, chance: random.Random) -> str:
    """Applied, and the connection closed without an answer."""
    scene.knobs_for(LOSING_S, faults_on="writes", drop_share=0.5)
    return f"the answers to half the writes of {LOSING_S:.0f} s lost"


def answers_cut(scene: Scene, chance: random.Random) -> str:
    scene.knobs_for(LOSING_S, faults_on="writes", truncate_share=0.5)
    return f"the answers to half the writes of {LOSING_S:.0f} s cut"


def helpdesk_frozen(scene: Scene, chance: random.Random) -> str:
    """It stands still; what it was sent meanwhile is applied when it goes on, after the callers gave up or not."""
    seconds = chance.choice([2.5, 11.0])
    scene.knobs(faults_on="all", freeze_for_s=seconds)
    return f"helpdesk stands still for {seconds} s"


def network_reset(scene: Scene, chance: random.Random) -> str:
    scene.proxy.reset()
    return "connections to the helpdesk reset"


def network_down(scene: Scene, chance: random.Random) -> str:
    scene.proxy.refuse(3)
    scene.proxy.reset()
    return "helpdesk out of reach for 3 s"


def network_stalled(scene: Scene, chance: random.Random) -> str:
    scene.proxy.stall(3)
    return "no byte to the helpdesk for 3 s"


def network_loses_answers(scene: Scene, chance: random.Random) -> str:
    scene.proxy.lose_answers(4)
    return "4 connections end after the request"


def network_slow(scene: Scene, chance: random.Random) -> str:
    scene.proxy.drip(2)
    return "answers of the helpdesk drip for 2 s"


def webhook_copies(scene: Scene, chance: random.Random) -> str:
    """Each event five times at once and in any order, for a while."""
    scene.knobs(webhook_copies=5, webhook_shuffle_s=1.0)
    scene.knobs_after(3.0, webhook_copies=1, webhook_shuffle_s=0)
    return "events come 5 times, shuffled, for 3 s"


KINDS: Mapping[str, Fault] = {
    each.__name__: each
    for each in (
        worker, web, redis_killed, answers_lost, clock, database_locked, helpdesk_5xx, redis_flushed, crash,
        network_reset, helpdesk_429, frozen_worker, answers_cut, webhook_copies, network_down, redis_frozen,
        helpdesk_frozen, network_loses_answers, network_stalled, network_slow, helpdesk_5xx_late,
    )
}  # fmt: skip
OURS_ONLY = frozenset({"clock", "database_locked", "crash"})
"""Kinds whose victim a plain RQ line lacks."""


def planned(kinds: Sequence[str], count: int, chance: random.Random) -> list[str]:
    """`count` kinds, all in turn, each turn in an order of its own."""
    chosen: list[str] = []
    while len(chosen) < count:
        chosen += chance.sample(list(kinds), len(kinds))
    return chosen[:count]
