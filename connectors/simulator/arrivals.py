"""Tickets that arrive by themselves: the seeded day at human pace, or as many a second as asked."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator

from connectors.simulator.records import Draft, Origin, Ticket
from connectors.simulator.seed import Seed, SeedTicket
from connectors.simulator.state import HelpdeskState


def arrive(state: HelpdeskState, seed: Seed, ticket: SeedTicket, round_: int = 0) -> Ticket:
    """Create one seeded ticket as its requester; later rounds come from namesakes with their own address."""
    requester_id = seed.people[ticket.requester]
    if round_:
        person = state.users[requester_id]
        name, _, domain = person.email.partition("@")
        email = f"{name}+{round_}@{domain}"
        namesake = state.user_by_email(email) or state.add_person(
            f"{person.name} {round_ + 1}", email, organization_id=person.organization_id,
            locale=person.locale, time_zone=person.time_zone,
        )  # fmt: skip
        requester_id = namesake.id
    draft = Draft(requester_id=requester_id, subject=ticket.subject, body=ticket.body)
    created, _ = state.create_ticket(draft, Origin(actor_id=requester_id, channel=ticket.channel))
    return created


class Arrivals:
    """One background thread per run of arrivals; `stop` ends them all."""

    def __init__(self, state: HelpdeskState, seed: Seed) -> None:
        self._state = state
        self._seed = seed
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._random = random.Random(7)
        self.arrived = 0

    def start(self, *, count: int | None = None, per_second: float | None = None, pace_s: float = 4.0) -> int:
        """Begin; returns how many will come. With `per_second` evenly, else about every `pace_s`, first after 1 s."""
        total = len(self._seed.tickets) if count is None else count
        gaps = self._even(per_second) if per_second else self._human(pace_s)
        thread = threading.Thread(target=self._run, args=(total, gaps), name="arrivals", daemon=True)
        self._threads.append(thread)
        thread.start()
        return total if self._seed.tickets else 0

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(5)

    def _run(self, total: int, gaps: Iterator[float]) -> None:
        for ticket, round_ in self._seed.day(total):
            if self._stopped.wait(next(gaps)):
                return
            arrive(self._state, self._seed, ticket, round_)
            self.arrived += 1

    def _even(self, per_second: float) -> Iterator[float]:
        while True:
            yield 1 / per_second

    def _human(self, pace_s: float) -> Iterator[float]:
        yield 1.0
        while True:
            yield self._random.uniform(0.5, 1.5) * pace_s
