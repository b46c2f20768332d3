"""Runs the Procfile's processes on one machine: starts them, starts again what dies, stops all together."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.settings import Settings
from connectors import redis_server

log = logging.getLogger("deskhand.processes")
# Loaded before any fork: a new process may not load libraries while other threads run.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
PR_SET_PDEATHSIG = 1  # prctl(2)
STOP_S = 10.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0
STEADY_S = 10.0
"""A process that lived this long starts again at once; one that dies sooner waits longer each time."""


class AlreadyRunning(Exception):
    """Another `deskhand` runs on the same folder."""


@dataclass(frozen=True, slots=True)
class Program:
    name: str
    command: Sequence[str]


def programs(settings: Settings) -> list[Program]:
    """The processes of one machine; Redis is among them unless `REDIS_URL` names one."""
    python = sys.executable
    found = []
    if not settings.redis_url:
        found.append(Program("redis", redis_server.command(settings.var)))
    found.append(Program("web", [python, "-m", "gunicorn", "-c", "python:app.gunicorn", "app:create_app()"]))
    for number in range(settings.workers):
        found.append(Program(f"worker.{number + 1}", [python, "-m", "jobs.worker"]))
    found.append(Program("clock", [python, "-m", "jobs.clock"]))
    return found


class Supervisor:
    """Keeps programs running. Output goes to one log file each, so that a terminal shows what a person reads.

    `once` is what a program's next start finds in its environment besides `env`.
    """

    def __init__(self, wanted: Sequence[Program], *, env: Mapping[str, str], logs: Path) -> None:
        self.wanted = list(wanted)
        self.env = dict(env)
        self.logs = logs
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.restarts: dict[str, int] = {}
        self.once: dict[str, Mapping[str, str]] = {}
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        self.logs.mkdir(parents=True, exist_ok=True)
        for program in self.wanted:
            self.running[program.name] = self._spawn(program)
            thread = threading.Thread(target=self._keep, args=(program,), name=f"keep {program.name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def pid(self, name: str) -> int:
        return self.running[name].pid

    def stop(self) -> None:
        """Ask every process to end, wait, then insist."""
        self._stopping.set()
        # Redis last: the others still note their last results in it.
        for program in sorted(self.wanted, key=lambda each: each.name == "redis"):
            process = self.running[program.name]
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(STOP_S)
            _end_group(process)
        for thread in self._threads:
            thread.join(STOP_S)

    def _spawn(self, program: Program) -> subprocess.Popen[bytes]:
        with (self.logs / f"{program.name}.log").open("ab") as out:
            return subprocess.Popen(  # noqa: S603
                program.command,
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                env={**self.env, **self.once.pop(program.name, {})},
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )

    def _keep(self, program: Program) -> None:
        pause = FIRST_PAUSE_S
        while True:
            started = time.monotonic()
            status = self.running[program.name].wait()
            if self._stopping.is_set():
                return
            # What a killed process leaves behind (gunicorn's workers) would keep its port.
            _end_group(self.running[program.name])
            pause = FIRST_PAUSE_S if time.monotonic() - started >= STEADY_S else min(pause * 2, LONGEST_PAUSE_S)
            log.warning("%s ended with status %s; starting it again in %.1f s", program.name, status, pause)
            if self._stopping.wait(pause):
                return
            self.restarts[program.name] = self.restarts.get(program.name, 0) + 1
            self.running[program.name] = self._spawn(program)


def _end_with_parent() -> None:
    """In the new process: ask Linux for a SIGTERM when the supervisor dies, so that a killed one leaves nothing."""
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_S)


@contextlib.contextmanager
def only_one(var: Path) -> Iterator[None]:
    """Hold `var/` for this process; raises `AlreadyRunning`."""
    var.mkdir(parents=True, exist_ok=True)
    with (var / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise AlreadyRunning(
                f"Another deskhand already runs on {var}. Stop it, or set DESKHAND_VAR to another folder."
            ) from error
        yield
