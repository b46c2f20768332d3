"""What `deskhand triage` prints: cards, trials and explanations as lines, and how far long work is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from connectors.store.models import CHAMPION, StoredModel
from triage.decisions import Neighbour
from triage.model_card import Share
from triage.words import percent

if TYPE_CHECKING:
    from app.learning.looking import Backtest, Explained
    from app.learning.training import Trained

BAR = 30


class Bar:
    """How far long work is, on stderr: a bar on a terminal, one line for each kind of work elsewhere."""

    def __init__(self) -> None:
        self.drawn = ""
        self.on_terminal = sys.stderr.isatty()

    def __call__(self, what: str, done: int, of: int | None) -> None:
        if not self.on_terminal:
            if what != self.drawn:
                click.echo(f"{what} …", err=True)
            self.drawn = what
            return
        filled = "" if of is None else f"[{'#' * (BAR * done // max(of, 1)):<{BAR}}] "
        line = f"{what}  {filled}{done:,}{'' if of is None else f' of {of:,}'}"
        click.echo(f"\r{line:<{len(self.drawn)}}", err=True, nl=False)
        self.drawn = line

    def end(self) -> None:
        if self.on_terminal and self.drawn:
            click.echo(err=True)


def trained(found: Trained, stored: StoredModel) -> list[str]:
    """What came of a training."""
    if not found.is_new:
        return [f"Nothing has changed since {stored.version} was trained."]
    lines = card(stored)
    if found.comparison is not None and stored.state != CHAMPION:
        lines += [found.comparison.why, "To use it all the same: deskhand triage promote"]
    return lines


def card(stored: StoredModel) -> list[str]:
    """One model's card."""
    made = stored.card
    lines = [
        f"{made.target}, version {stored.version}: {stored.state}. {stored.why}",
        f"  learned     {made.learned:,} tickets, {made.learned_from[0]:%Y-%m-%d} to {made.learned_from[1]:%Y-%m-%d}",
        f"  measured    {made.held_out:,} newer ones",
        f"  right       {share(made.accuracy)}; macro F1 {made.macro_f1:.2f}",
    ]
    if made.without_copies is not None:
        lines.append(f"              {share(made.without_copies)} without near copies of learned tickets")
    lines += [f"              {share(each.accuracy)} {each.name}" for each in made.rivals]
    low, high = made.calibration_floor
    lines.append(f"  calibration off by {made.calibration_error:.3f} (a perfect one by {low:.3f}, at most {high:.3f})")
    automation = made.automation
    if automation.floor is None:
        lines.append(f"  automates   nothing. {automation.why}")
    else:
        lines.append(
            f"  automates   {share(automation.answered)} from {percent(automation.floor)} sure on, "
            f"{share(automation.wrong)} of them wrong"
        )
    weak = sorted((row for row in made.by_label if row.recall.of), key=lambda row: row.f1)[:5]
    lines += [
        f"  weak        {row.label}: F1 {row.f1:.2f}"
        + (f", most often taken for {row.taken_for}" if row.taken_for else "")
        for row in weak
        if row.f1 < 0.95
    ]
    if made.suspects:
        lines.append(f"  to look at  {len(made.suspects)} tickets whose neighbours say another label")
    return [*lines, *(f"  note        {note}" for note in made.notes)]


def backtest(found: Backtest) -> list[str]:
    """What would have become of the tickets tried."""
    lines = [
        f"{found.automated.of:,} tickets solved since {found.since:%Y-%m-%d}. {found.model}.",
        f"  right       {share(found.right)}",
        f"  automated   {share(found.automated)}" + (f" from {percent(found.floor)} sure on" if not found.held else ""),
        f"  of them wrong  {share(found.wrong)}" if found.automated.count else f"  {found.held}".rstrip(),
    ]
    width = max(len(row.label) for row in found.labels)
    lines.append(f"  {'':<{width}}  tickets  automated  wrong")
    return [
        *(line for line in lines if line.strip()),
        *(f"  {row.label:<{width}}  {row.tickets:>7}  {row.automated:>9}  {row.wrong:>5}" for row in found.labels),
    ]


def explained(found: Explained) -> list[str]:
    """What would be decided about a ticket, and why."""
    made, said = found.decision, found.decision.prediction
    lines = [f"Ticket {found.ticket.ref}: {made.outcome.value.replace('_', ' ')}."]
    if said is not None:
        whose = "your own model" if found.own_model else "the shipped model"
        lines.append(f"  by          {whose}, {said.model_version}; sure from {percent(made.floor)} on")
        lines += [
            f"  {'likely' if not at else '':<11} {each.category} {percent(each.confidence)}"
            for at, each in enumerate(said.alternatives)
        ]
        lines += [f"  for it      “{' '.join(phrase.split())}”" for phrase in said.phrases]
        lines += [f"  against it  “{' '.join(phrase.split())}”" for phrase in said.against]
        lines += [
            f"  like        {each.category}, {each.similarity:.2f}{ticket_of(each)}: {' '.join(each.text.split())[:80]}"
            for each in said.neighbours
        ]
    if made.product_area or made.priority or made.group:
        parts = (made.product_area, made.priority.value if made.priority else None, made.group)
        lines.append(f"  so          {', '.join(part for part in parts if part)}")
    return [*lines, *(f"  {reason}" for reason in made.reasons)]


def share(share: Share) -> str:
    """A share with its count and its 95 % interval."""
    low, high = percent(share.low), percent(share.high)
    return f"{100 * share.value:.1f} % ({share.count:,} of {share.of:,}; {low} to {high})"


def ticket_of(known: Neighbour) -> str:
    """Which ticket it was; nothing for a shipped example."""
    return f", ticket {known.ref}" if known.ref else ""
