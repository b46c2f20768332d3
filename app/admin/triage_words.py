"""Shares and spans of days as the Triage page writes them: a number has a count and a range, small samples say so."""

from __future__ import annotations

from datetime import datetime

from triage.model_card import Share
from triage.words import NBSP

FEW = 30
"""Under so many cases a share is told as "n of m"."""


def percent(value: float, digits: int = 1) -> str:
    """With one decimal, or `digits`; a share that is not whole never reads as 0 or 100 %."""
    step: float = 10.0**-digits
    shown = round(value * 100, digits)
    if 0 < value < 1:
        shown = min(max(shown, step), 100 - step)
    text = f"{shown:.{digits}f}" if shown not in (0, 100) else f"{shown:.0f}"
    return f"{text}{NBSP}%"


def share(each: Share, digits: int = 1) -> str:
    """ "88.8 %", or "12 of 15" where there are few."""
    return percent(each.value, digits) if each.of >= FEW else f"{each.count:,} of {each.of:,}"


def counted(each: Share, digits: int = 1) -> str:
    """ "88.8 % of 500", or "12 of 15" where there are few."""
    return f"{share(each, digits)} of {each.of:,}" if each.of >= FEW else share(each, digits)


def between(each: Share, digits: int = 1, word: str = "to") -> str:
    """ "85.7 to 91.3 %", or with "and"."""
    low, high = percent(each.low, digits), percent(each.high, digits)
    return f"{low.removesuffix(f'{NBSP}%')} {word} {high}"


def points(value: float) -> str:
    """A difference of shares: "1.8 points"."""
    return f"{value * 100:.1f}{NBSP}points"


def days(period: tuple[datetime, datetime]) -> str:
    """ "1 Mar to 30 Sep 2026"; a year that both have is said once."""
    first, last = (each.date() for each in period)
    end = f"{last.day}{NBSP}{last:%b} {last.year}"
    if first == last:
        return end
    begin = f"{first.day}{NBSP}{first:%b}"
    return f"{begin} to {end}" if first.year == last.year else f"{begin} {first.year} to {end}"


def version(text: str) -> str:
    """A model's name, short enough to be read out."""
    return text[:12]
