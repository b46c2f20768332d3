"""By when somebody needs an answer, as a date where the words and the day they were written on give one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from triage.metadata.dates import CLOCK, DAY, SPAN, after, resolved
from triage.metadata.found import Finding, Kind, Sure, sentence_after, sentence_before

_WHEN = (
    rf"(?P<when>(?:{DAY})(?:,? (?:at |by |around )?(?:{CLOCK}))?|(?:{CLOCK})(?:(?:,| on| of)? (?:{DAY}))?)"
    r"(?!\w|\.com|\.\d|%|['’]s| last)"
)
_BY = re.compile(
    r"\b(?P<cue>by|no later than|not later than|latest(?: by| on)?|due(?: on| by)?"
    r"|(?:deadline|due date)(?: is| was|:)?(?: on| at)?"
    rf"|before|until|till|til) (?:latest )?(?:the )?{_WHEN}",
    re.I,
)
_WITHIN = re.compile(rf"\b(?:within|in) (?:the )?(?:next )?(?P<when>{SPAN})\b", re.I)
_EVENT = re.compile(
    r"\b(?P<cue>go(?:es|ing)?[- ]?live|launch|audit|demo|board meeting|payroll|event|exam|month[- ]end|inspection"
    rf"|training|kick-?off|presentation|hearing|closing)\b[^.!?\n\d]{{0,24}}? (?:on |at )?{_WHEN}",
    re.I,
)
_BARE = re.compile(rf"(?<!by )(?<!until )\b(?P<when>(?:today|tonight|tomorrow)(?: (?:at |by )?(?:{CLOCK}))?)\b", re.I)
_NEED = re.compile(
    r"\b(?:need\w*|must|have to|has to|requir\w+|please|asap|deadline|latest|fix\w*|urgent\w*|expect\w*|answer|solve\w*"
    r"|should|if possible|would like|done|resolve\w*|important|pls)\b",
    re.I,
)
_STRONG_NEED = re.compile(r"\b(?:need|needed|must|have to|has to|deadline|latest)\b", re.I)
_PAST = re.compile(
    r"\b(?:worked|was|were|had|been|fine|since|valid|vacation|holidays?|leave|away|out of office|closed|happen\w*"
    r"|stopped|went|yesterday|ago|tried|sent|saw|charged|last|did|got|started|failed|right|correct|slow|broken|every"
    r"|runs until)\b",
    re.I,
)
_NO_RUSH = re.compile(
    r"\b(?:no (?:rush|hurry|need|deadline|pressure)|not (?:urgent|needed|necessary|required|due)"
    r"|(?:do(?:es)?n['’]t|do(?:es)? not) (?:have to|need))\b",
    re.I,
)


def deadlines(text: str, written: datetime) -> Iterator[Finding]:
    """When somebody needs it. The value is a date or a minute in the zone of `written`, or empty where the words give
    none. "Until Friday it worked" is none, nor is "no need to do it by Friday"."""
    taken: list[range] = []
    for pattern, always, sure in ((_BY, True, Sure.CERTAIN), (_WITHIN, False, Sure.LIKELY), (_EVENT, True, Sure.LIKELY),
                                  (_BARE, False, Sure.GUESS)):  # fmt: skip
        for match in pattern.finditer(text):
            span = range(*match.span())
            if any(span.start < other.stop and other.start < span.stop for other in taken):
                continue
            cue = match.groupdict().get("cue", "").lower()
            weak = not always or cue in ("before", "until", "till", "til")
            reach = 120 if always else 50
            around = f"{sentence_before(text, match.start(), reach)} {sentence_after(text, match.end(), reach)}"
            if not _meant(around, weak=weak, event=pattern is _EVENT):
                continue
            taken.append(span)
            said = match.group("when").lower()
            value = after(said, written) if pattern is _WITHIN else resolved(said, written)
            yield Kind.DEADLINE, value, match.span(), Sure.LIKELY if weak and sure is Sure.CERTAIN else sure


def _meant(around: str, *, weak: bool, event: bool) -> bool:
    """Whether the rest of the sentence fits a deadline."""
    if _NO_RUSH.search(around):
        return False
    if not weak and not event:
        return True
    if _PAST.search(around) and not _STRONG_NEED.search(around):
        return False
    return event or bool(_NEED.search(around))
