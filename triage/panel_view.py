"""The panel as data: what the agent reads, before any markup."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from triage.words import LocalTime


class State(Enum):
    """Which of the panel's faces the section `Now` shows."""

    PENDING = "pending"
    ROUTED = "routed"
    UNSURE = "unsure"
    CORRECTED = "corrected"
    SKIPPED = "skipped"


class WriteBack(Enum):
    """How far our change of the ticket has come."""

    NONE = "none"
    WAITING = "waiting"
    VERIFYING = "verifying"
    DONE = "done"
    PARKED = "parked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The taxonomy's words: category key to its name, product area key to the name of its group."""

    categories: Mapping[str, str] = field(default_factory=dict)
    areas: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """An agent's correction. `group` is the queue it moved to, `by_you` is true for the agent looking."""

    category: str
    by_name: str
    at: datetime
    undone: bool
    group: str | None = None
    by_you: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pill:
    """A short label in the panel's head. `tone` is empty, good, warn, bad or info; one with a `verb` counts down."""

    text: str
    tone: str = ""
    verb: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One bold fact and one sentence; `tone` as in `Pill`."""

    tone: str
    fact: str
    text: str = ""
    undo: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A category the agent can pick; `share` is its confidence, empty where it would not help."""

    key: str
    name: str
    share: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line of a list of facts. `struck` was true before, `aside` is said more quietly."""

    label: str
    value: str
    aside: str = ""
    struck: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section without content yet: what its closed line and its body say."""

    key: str
    title: str
    summary: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockLine:
    """One clock. `tone` is empty, soon, urgent, late, paused or met; `large` is the one that matters now, and a calm
    one beside it has no `bar`.

    `used` and `of` are seconds. While it runs `left_s` counts down, until the desk closes in `stops_s`; `opens_s` is
    when it runs again. They are None where nothing counts.
    """

    name: str
    tone: str
    value: str
    due: str
    brief: str
    used: int
    of: int
    share: str
    bar: bool = True
    large: bool = False
    left_s: int | None = None
    stops_s: int | None = None
    opens_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderLine:
    """`state` is done, now, next or ack."""

    state: str
    who: str
    text: str
    clock: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PageBar:
    """A page or ladder that nobody has acknowledged. `then` goes on with "in 1 min 40 s", which `in_s` counts down."""

    fact: str
    then: str = ""
    in_said: str = ""
    in_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelClocks:
    """`note` says in one line why there is no clock; `has_it` who acknowledged."""

    lines: tuple[ClockLine, ...] = ()
    note: str = ""
    pill: Pill | None = None
    ladder: tuple[LadderLine, ...] = ()
    page: PageBar | None = None
    has_it: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelArticle:
    """One suggestion. `passage` are runs of its best paragraph, (text, whether it is highlighted); `meta` says what it
    applies to and when it was checked, `warning` what speaks against it, `why` how it was found.

    `quote` and `link` are what a click puts into the reply: empty where the requester may not have it, and `withheld`
    then says why. `used`, `judged` and `flagged` say what was done with it on this ticket.
    """

    id: int
    title: str
    url: str
    passage: tuple[tuple[str, bool], ...]
    meta: str
    why: str
    warning: str = ""
    quote: str = ""
    link: str = ""
    withheld: str = ""
    used: str = ""
    judged: str = ""
    flagged: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelAnswer:
    """The section `Answer`. `note` says why there is no article and what to do; `asked` are words that were typed."""

    summary: str = ""
    articles: tuple[PanelArticle, ...] = ()
    note: str = ""
    asked: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelView:
    """The panel of one ticket. `announce` is what the status region reads out; `polls` asks for a second look."""

    ticket_ref: str
    state: State
    heading: str
    subline: str
    local_time: LocalTime | None
    pills: tuple[Pill, ...]
    note: Note | None
    category: str
    confidence: str
    group: str
    why: str
    phrases: tuple[str, ...]
    routing: tuple[Fact, ...]
    choices: tuple[Choice, ...]
    can_correct: bool
    cannot_correct: str
    write_note: Note | None
    customer_text: str
    customer_facts: tuple[Fact, ...]
    customer_summary: str
    sections: tuple[Section, ...]
    announce: str
    polls: bool
    clocks: PanelClocks = PanelClocks()
    answer: PanelAnswer = PanelAnswer()
