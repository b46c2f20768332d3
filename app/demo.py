"""`deskhand demo`: a helpdesk where tickets arrive and are triaged while you watch."""

from __future__ import annotations

import copy
import dataclasses
import json
import os
import secrets
import shlex
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import click

from app import demo_releases
from app.passwords import hash_password
from app.processes import only_one
from app.rehearsal import Rehearsal, RehearsalFailed
from app.settings import Settings
from connectors.defaults import load_sla, load_taxonomy
from connectors.store.config import KNOWLEDGE, SLA
from connectors.store.decisions import StoredDecision
from triage.decisions import Outcome
from triage.words import percent

SETTLED_WITHIN_S = 300.0
FAST_PER_S = 40
HUMAN_PACE_S = 4.0
SOLVED_TICKETS = 2000
LOG_IN = "demo@deskhand.example"
ENDED = {"done": "written back", "parked": "parked"}


def run(*, fast: bool, once: bool, as_json: bool, port: int | None, vendor: str) -> int:
    """Run until Ctrl-C, or with `once` until every ticket has settled; returns the exit status.

    Each demo starts from nothing: what an earlier one left under `var/demo` is removed.
    """
    settings = Settings.from_env(os.environ)
    started = time.monotonic()
    stop = threading.Event()
    with only_one(settings.var / "demo.lock"):
        folder = settings.var / "demo"
        shutil.rmtree(folder, ignore_errors=True)
        click.echo("Starting the simulated helpdesk, Redis, web, worker and clock.", err=True)
        try:
            with Rehearsal(
                folder, models=settings.models, port=port, simulator=["--fast"] if fast else [], vendor=vendor
            ) as rehearsal:
                for number in (signal.SIGTERM, signal.SIGINT):
                    signal.signal(number, lambda *_: stop.set())
                _staff(rehearsal)
                _invite(rehearsal)
                if not once:
                    _offer_training(rehearsal)
                pace = {"per_second": FAST_PER_S} if fast else {"pace_s": HUMAN_PACE_S}
                tickets = int(rehearsal.helpdesk("POST", "arrivals", pace)["coming"])
                told = _Telling(rehearsal, err=as_json)
                if not once:
                    releases = demo_releases.Releases(rehearsal)
                    while not stop.wait(0.3):
                        told.tell()
                        releases.send_when_read()
                    click.echo("Stopping.", err=True)
                    return 0
                rehearsal.settle(tickets=tickets, within_s=SETTLED_WITHIN_S, step=told.tell)
                told.tell()
                score = dataclasses.asdict(rehearsal.score()) | {"seconds": round(time.monotonic() - started, 1)}
                click.echo(json.dumps(score) if as_json else _in_words(score))
                return 0 if score["lost"] == score["duplicated"] == 0 else 1
        except RehearsalFailed as failed:
            click.echo(str(failed), err=True)
            return 1


def demo_rules() -> dict[str, Any]:
    """The shipped service-level rules with the simulated helpdesk's own agents as those who are told."""
    rules: dict[str, Any] = copy.deepcopy(dict(load_sla()))
    escalation = rules["escalation"]
    escalation["people"] = {
        "priya": {"name": "Priya Nair", "role": "group lead", "email": "priya.nair@fieldline.example", "chat": "priya"},
        "mei": {"name": "Mei Tanaka", "role": "group lead", "email": "mei.tanaka@fieldline.example", "chat": "mei"},
        "manager": {
            "name": "Ana Lind",
            "role": "support manager",
            "email": "ana.lind@fieldline.example",
            "chat": "ana",
        },
        "tomas": {"name": "Tomás Rey", "role": "duty officer", "email": "tomas.rey@fieldline.example"},
        "jonas": {"name": "Jonas Weber", "role": "duty officer", "email": "jonas.weber@fieldline.example"},
    }
    escalation["rotations"]["duty"]["people"] = ["tomas", "jonas"]
    queues = {area.group for area in load_taxonomy().product_areas} | {load_taxonomy().human_group}
    theirs = {"Data", "Reporting", "Product support", "Front desk"}
    escalation["leads"] = {queue: "mei" if queue in theirs else "priya" for queue in sorted(queues)}
    return rules


def _staff(rehearsal: Rehearsal) -> None:
    deps = rehearsal.deps
    deps.store.config.save(rehearsal.tenant, SLA, demo_rules(), by=LOG_IN, why="Who works here", now=deps.now())
    owners = demo_releases.demo_rules()
    deps.store.config.save(rehearsal.tenant, KNOWLEDGE, owners, by=LOG_IN, why="Who owns articles", now=deps.now())


def _invite(rehearsal: Rehearsal) -> None:
    """A console user of this demo, and where to look."""
    password = secrets.token_urlsafe(9)
    deps = rehearsal.deps
    deps.store.users.save(email=LOG_IN, name="Demo admin", password_hash=hash_password(password), now=deps.now())
    click.echo(f"\n  Agent workspace  {rehearsal.helpdesk_url}/agent", err=True)
    click.echo(f"  Console          {rehearsal.url}/console   {LOG_IN}  {password}", err=True)
    click.echo(f"  Messages         {rehearsal.messages}   mails, pages and posts, kept instead of sent\n", err=True)


def _offer_training(rehearsal: Rehearsal) -> None:
    """Give the helpdesk a past, and say how to learn from it."""
    rehearsal.helpdesk("POST", "history", {"count": SOLVED_TICKETS})
    click.echo(
        f"  {SOLVED_TICKETS:,} solved tickets are in the helpdesk. To learn from them, in another terminal:", err=True
    )
    click.echo(f"  {training_command(rehearsal.settings)}\n", err=True)


def training_command(settings: Settings) -> str:
    """The whole line for a shell in this folder; a database that the shell's environment names is not the demo's."""
    places = {"DESKHAND_VAR": settings.var, "DESKHAND_MODELS": settings.models}
    env = [f"{name}={shlex.quote(_from_here(path))}" for name, path in places.items()]
    if "DATABASE_URL" in os.environ:
        env.append("DATABASE_URL=")
    return " ".join([*env, shlex.quote(_from_here(Path(sys.argv[0]).absolute())), "triage", "train"])


def _from_here(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


class _Telling:
    """Prints one line for each ticket when its change is written back."""

    def __init__(self, rehearsal: Rehearsal, *, err: bool) -> None:
        self.rehearsal = rehearsal
        self.err = err
        self.last_id = 0
        self.open: list[tuple[StoredDecision, str, str]] = []
        self.names = {each.key: each.name for each in load_taxonomy().categories}

    def tell(self) -> None:
        decisions = self.rehearsal.deps.store.decisions
        fresh = decisions.since(self.last_id)
        self.last_id = max([self.last_id, *(stored.id for stored, _, _ in fresh)])
        still_open = []
        for stored, ref, subject in [*self.open, *fresh]:
            state = decisions.write_back_state(self.rehearsal.tenant, ref)
            if state is not None and state[0] not in ENDED:
                still_open.append((stored, ref, subject))
                continue
            self._print(stored, ref, subject, ENDED[state[0]] if state else "nothing to change")
        self.open = still_open

    def _print(self, stored: StoredDecision, ref: str, subject: str, ended: str) -> None:
        made = stored.decision
        sure = f"{percent(made.confidence)} sure"
        if made.outcome is Outcome.TRIAGED:
            result = f"{self.names[made.category or '']}, {made.priority.value if made.priority else '-'}, {sure}"
        else:
            result = f"a human decides, {sure}"
        line = f"#{ref:<5} {_short(subject, 44):<44} → {result:<40} → {made.group or '-'}; {ended}"
        click.echo(line, err=self.err)


def _short(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _in_words(score: dict[str, float]) -> str:
    return (
        f"{score['tickets']} tickets in {score['seconds']} s: {score['triaged']} triaged, "
        f"{score['sent_to_human']} sent to a human. {score['updates']} updates, {score['notes']} notes, "
        f"{score['duplicated']} twice, {score['lost']} lost."
    )
