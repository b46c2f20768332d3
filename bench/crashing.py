"""Runs of the line in which a process is killed at a named point, judged by the simulated helpdesk's effect log.

A run takes a fresh copy of a connected store, lets tickets come in, kills a process at `point:n`, once or twice, and
then lets new processes work until nothing is left. The seed decides which passing it is, what becomes of the queue and
how many workers there are. No run waits in real time: the helpdesk's clock and ours are told, a few ms apart.
"""

from __future__ import annotations

import os
import random
import signal
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.crash_world import EARLY, TEXTS, World, Zygote, left_over
from bench.spool import Spool
from bench.zygote import ANSWERED, SENT, Order
from connectors.marks import is_marker
from connectors.simulator.effects import Effect, is_marking
from connectors.store.markers import KEPT, SAVED_UP

BETWEEN_RUNS = timedelta(hours=3)
"""Longer than the first look back of a reconciliation, so that no run finds another's tickets."""
LEASES_ARE_OVER, AT_ONCE = timedelta(seconds=40), timedelta(seconds=1)
MOST_CHILDREN = 30
FATES = ("the queue is lost", "the queue is kept", "the queue is worked on at once")
EACH = len(TEXTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a point is reached: its n lies in 1 to `most`.

    With `heard` False no webhook arrives until all is over. With `after` the first death comes so long after the
    tickets are through, and with `stirred` an agent has changed each of them by then.
    """

    most: int = EACH
    roles: tuple[str, ...] = ("receive", "line")
    timed: tuple[str, ...] = ()
    heard: bool = True
    after: timedelta | None = None
    stirred: bool = False
    knobs: Mapping[str, Any] = field(default_factory=dict)


UNDISTURBED = Plan()
PLANS = {
    "receive.before_commit": Plan(),
    "receive.committed": Plan(),
    "leader.taken": Plan(most=1),
    "leader.resigned": Plan(most=1),
    "schedule.before_commit": Plan(most=1, timed=("reconcile",), heard=False),
    "clock.claimed": Plan(most=2),
    "clock.woken": Plan(most=2 * EACH),
    "plan.started": Plan(),
    "plan.read": Plan(),
    "plan.before_commit": Plan(),
    "plan.committed": Plan(),
    "watch.before_commit": Plan(after=timedelta(minutes=1), stirred=True),
    "escalate.before_commit": Plan(most=1, timed=("escalate",), after=EARLY + timedelta(minutes=1)),
    "send.started": Plan(),
    SENT: Plan(),
    ANSWERED: Plan(),
    "send.answered": Plan(),
    "send.before_commit": Plan(),
    "send.done": Plan(),
    "retry.before_commit": Plan(most=2, knobs={"error_5xx_next": 3}),
    "reconcile.before_commit": Plan(most=1, timed=("reconcile",), heard=False),
    "tidy.written": Plan(most=1, timed=("tidy",), after=KEPT + 2 * SAVED_UP),
    "replay.before_commit": Plan(most=1, roles=("receive", "park", "replay", "line")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one run; `problems` says everything that is not as it should be."""

    vendor: str
    point: str
    seed: int
    deaths: int
    lost: int
    duplicated: int
    problems: tuple[str, ...]
    story: tuple[str, ...]

    @property
    def green(self) -> bool:
        return not self.problems

    def __str__(self) -> str:
        return "\n  ".join([f"{self.vendor}, {self.point}, seed {self.seed}:", *self.story, *self.problems])


@dataclass
class Stage:
    """Where the runs of one vendor take place; the first one is undisturbed and shows how tickets should end."""

    world: World
    zygote: Zygote
    expected: list[dict[str, Any]] | None = None

    def play(self, point: str, seed: int) -> Verdict:
        self.rehearse()
        return self._play(point, seed, PLANS[point])

    def begin(self, seed: int, plan: Plan = UNDISTURBED) -> Run:
        """A run to be stepped by hand."""
        self.rehearse()
        return Run(self, random.Random(seed), plan)

    def rehearse(self) -> None:
        if self.expected is None:
            undisturbed = self._play(None, 0, UNDISTURBED)
            assert undisturbed.green, undisturbed

    def _play(self, point: str | None, seed: int, plan: Plan) -> Verdict:
        run = Run(self, random.Random(f"{point} {self.world.vendor} {seed}"), plan)
        run.until_nothing_is_left(point)
        if self.expected is None:
            self.expected = run.views()
        problems = run.problems(must_die=point is not None)
        missing, more = run.effects()
        return Verdict(
            vendor=self.world.vendor,
            point=point or "undisturbed",
            seed=seed,
            deaths=run.deaths,
            lost=len({ref for ref, _ in missing}),
            duplicated=sum(more.values()),
            problems=tuple(problems),
            story=tuple(run.story),
        )


@contextmanager
def stages(models: Path, vendors: Iterable[str]) -> Iterator[dict[str, Stage]]:
    """A stage for each vendor, all with one zygote. In memory where the machine has such a folder: a killed process
    leaves its files to the kernel either way.
    """
    memory = Path("/dev/shm")  # noqa: S108
    with ExitStack() as stack:
        at = memory if os.access(memory, os.W_OK) else None
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crash-", dir=at)))
        zygote = stack.enter_context(closing(Zygote(models, folder / "zygote.log")))
        yield {vendor: Stage(stack.enter_context(closing(World(vendor, folder))), zygote) for vendor in vendors}


class Run:
    """Tickets that have just come in, and the processes that work on them; `skew` is how far our clock is ahead of the
    helpdesk's, `step` the time from one process to the next.
    """

    def __init__(self, stage: Stage, chance: random.Random, plan: Plan) -> None:
        self.stage, self.world, self.plan, self.chance = stage, stage.world, plan, chance
        self.folder: Path = self.world.fresh()
        self.world.now += BETWEEN_RUNS
        self.seen_before = len(self.world.state.effects)
        self.refs = self.world.arrivals()
        self.workers = chance.choice([1, 2])
        self.story = [f"{self.workers} at work"]
        self.heard = plan.heard
        self.markers: dict[int, set[str]] = {}
        self.deaths = 0
        self.skew = timedelta()
        self.step = LEASES_ARE_OVER
        self.rehearsed = stage.expected is None

    def until_nothing_is_left(self, point: str | None) -> None:
        """First processes that are to die, then others, until no row and no webhook waits."""
        crashes = [f"{point}:{self.chance.randint(1, self.plan.most)}" for _ in range(self.chance.choice([1, 2]))]
        if self.plan.knobs:
            self.world.knobs(**self.plan.knobs, faults_on=self.chance.choice(["reads", "writes"]))
        if self.plan.after is not None:
            self.process(None)
            self.process(None)
            self.markers = {ref: self.world.markers(ref) for ref in self.refs}
            self.world.now += self.plan.after
        if self.plan.stirred:
            self.world.stir(self.refs)
        for crash in [*(crashes if point else ()), *[None] * MOST_CHILDREN]:
            ended = self.process(crash)
            if ended not in (0, -signal.SIGKILL):
                self.story.append(f"a process ended with {ended}: {self.stage.zygote.log.read_text()[-2000:]}")
                break
            if crash is None and ended == 0 and not left_over(self.folder):
                if self.heard and not self.world.unanswered(self.folder):
                    break
                self.heard = True
        self.world.knobs(error_5xx_next=0, faults_on="all")

    def process(self, crash: str | None = None, *, roles: Sequence[str] | None = None) -> int:
        ended = self.stage.zygote.run(self.order(crash, roles=roles))
        self.world.quiet()
        self.world.now += self.step
        if ended == -signal.SIGKILL:
            self.deaths += 1
            fate = self.chance.choice(FATES)
            self.story.append(f"killed at {crash}, {fate}")
            if fate == FATES[0]:
                Spool.clear(self.folder / "queue")
            elif fate == FATES[2]:
                self.world.now += AT_ONCE - self.step
        return ended

    def order(self, crash: str | None = None, *, roles: Sequence[str] | None = None) -> Order:
        return Order(
            folder=str(self.folder),
            now=(self.world.now + self.skew).isoformat(),
            roles=list(roles or self.plan.roles),
            crash=crash,
            deliveries=self.world.unanswered(self.folder) if self.heard else [],
            timed=list(self.plan.timed),
            workers=self.workers,
            rehearsed=self.rehearsed,
        )

    def effects(self) -> tuple[list[tuple[int, str]], dict[tuple[int, str], int]]:
        """Of one update and one note for each ticket: those that are missing, and how often there was one more."""
        us = self.world.state.integration_user_id
        log = self.world.state.effects.since(self.seen_before)
        counts = Counter((each.ticket_id, each.kind) for each in log if each.actor_id == us and not _is_apart(each))
        wanted = {(ref, kind) for ref in self.refs for kind in ("update", "note")}
        more = {effect: count - (effect in wanted) for effect, count in counts.items()}
        return sorted(wanted - counts.keys()), {effect: count for effect, count in more.items() if count}

    def still_marked(self) -> list[str]:
        """Old markers, once their time has come. Writes that came since have left new ones."""
        if "tidy" not in self.plan.timed:
            return []
        return [f"still marked: {ref}" for ref, old in self.markers.items() if old & self.world.markers(ref)]

    def pages_amiss(self) -> list[str]:
        """Of one page for each ticket with a priority, once their time has come."""
        paged = self.world.pages(self.folder)
        if "escalate" not in self.plan.timed:
            return [f"paged before its time: {ref}" for ref in paged]
        wanted = {str(ref) for ref in self.refs if self.world.state.tickets[ref].priority is not None}
        missing = [f"nobody was paged: {ref}" for ref in sorted(wanted - paged.keys())]
        return [*missing, *(f"paged {count} times: {ref}" for ref, count in paged.items() if count > (ref in wanted))]

    def views(self) -> list[dict[str, Any]]:
        return [self.world.view(ref) for ref in self.refs]

    def problems(self, *, must_die: bool = False) -> list[str]:
        """Everything that is not as it should be at the end, in words."""
        missing, more = self.effects()
        pairs = zip(self.views(), self.stage.expected or (), strict=True)
        return [
            *[
                f"ticket {at} is {ended} and should be {wanted}"
                for at, (ended, wanted) in enumerate(pairs)
                if ended != wanted
            ],
            *[f"lost: {effect}" for effect in missing],
            *[f"{count} too many: {effect}" for effect, count in more.items()],
            *[f"left over: {row}" for row in left_over(self.folder)],
            *[f"not answered 2xx: delivery {each['number']}" for each in self.world.unanswered(self.folder)],
            *self.still_marked(),
            *self.pages_amiss(),
            *(["no process was killed, so the run proves nothing"] if must_die and not self.deaths else []),
        ]


def _is_apart(effect: Effect) -> bool:
    """A change that is no triage: it takes our marker off a ticket, or says where its clocks stand."""
    if effect.kind != "update" or {*effect.changes} != {"tags"}:
        return False
    before, after = ({*tags} for tags in effect.changes["tags"])
    return is_marking(effect.changes) or (after < before and all(is_marker(tag) for tag in before - after))
