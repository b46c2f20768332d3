"""One thing that the words of a ticket say, with the place where they say it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

PER_KIND = 8  # findings kept of one kind


class Kind(Enum):
    ACCOUNT = "account"
    MAIL_DOMAIN = "mail_domain"
    AREA = "area"
    VERSION = "version"
    ENVIRONMENT = "environment"
    DEVICE = "device"  # browser or operating system
    ERROR_CODE = "error_code"
    URL = "url"
    ORDER = "order"  # of an order, an invoice or another business paper
    USERS = "users"  # how many are hit
    DEADLINE = "deadline"
    SEVERITY = "severity"


class Sure(Enum):
    """`certain`: the words name it. `likely`: its form is usual for it. `guess`: it may well be something else."""

    CERTAIN = "certain"
    LIKELY = "likely"
    GUESS = "guess"


class Part(Enum):
    """The part of the mail that a span counts in: `text`, `quoted`, `signature` and `logs` of `Prepared`."""

    TEXT = "text"
    QUOTED = "quoted"
    SIGNATURE = "signature"
    LOGS = "logs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """`value` is the finding in one form (a version without its "v", a deadline in ISO, a URL without secrets);
    `text` is the evidence, verbatim: `part[start:end]`."""

    kind: Kind
    value: str
    text: str
    start: int
    end: int
    sure: Sure
    part: Part = Part.TEXT


Span = tuple[int, int]
Finding = tuple[Kind, str, Span, Sure]  # what a finder gives: kind, value, where, how sure

_NEGATED = re.compile(
    r"(?:\b(?:not|no|never|without|non|hardly|less|avoid|prevent|isn['’]t|aren['’]t|wasn['’]t|nothing)|n['’]t)[\s-]{1,3}"
    r"(?:(?:really|very|that|so|too|particularly|especially|super|yet|at|all|an?|the|any|in|this|of|be|been|is)\s{1,3}){0,3}$",
    re.I,
)
_BREAK = re.compile(r"[.!?;](?=\s)|\n")


def negated(text: str, start: int) -> bool:
    """Whether "not", "no", "without" or the like stands before `start`."""
    return bool(_NEGATED.search(text, max(0, start - 60), start))


def sentence_before(text: str, start: int, reach: int = 120) -> str:
    """What stands before `start` in the same sentence, at most `reach` characters."""
    return _BREAK.split(text[max(0, start - reach) : start])[-1]


def sentence_after(text: str, end: int, reach: int = 120) -> str:
    """What stands after `end` in the same sentence, at most `reach` characters."""
    return _BREAK.split(text[end : end + reach], maxsplit=1)[0]


def blanked(text: str, spans: Iterable[Span]) -> str:
    """The text with these spans as spaces, so that other finders pass them over and positions stay."""
    pieces: list[str] = []
    at = 0
    for start, end in spans:
        pieces += [text[at:start], " " * (end - start)]
        at = end
    return "".join([*pieces, text[at:]])


def kept(text: str, findings: Iterable[Finding], part: Part) -> Iterator[Found]:
    """The findings in the order of the text, each value of a kind once, at most PER_KIND of a kind. Of areas and
    severities, whose values are few, each wording once."""
    seen: dict[Kind, set[str]] = {}
    for kind, value, (start, end), sure in sorted(findings, key=lambda finding: finding[2]):
        values = seen.setdefault(kind, set())
        same = (text[start:end] if kind in (Kind.AREA, Kind.SEVERITY) or not value else value).lower()
        if same not in values and len(values) < PER_KIND:
            values.add(same)
            yield Found(kind=kind, value=value, text=text[start:end], start=start, end=end, sure=sure, part=part)
