"""What became of something, by the words that release notes say it with. English, and the commonest German ones."""

from __future__ import annotations

import re
from enum import Enum

from triage.reviews.amounts import NUMBER, dimensions


class Kind(Enum):
    """What became of something. Where several fit, the first here does."""

    INTERNAL = "internal"
    """Code, servers, looks and speed: what nobody reads about in an article."""
    FIXED = "fixed"
    RENAMED = "renamed"
    MOVED = "moved"
    REMOVED = "removed"
    LIMIT = "limit"
    ADDED = "added"
    CHANGED = "changed"


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_SAID = {
    Kind.INTERNAL: _any(
        r"^(?:chore|ci|build|test|tests|refactor|style|docs|deps|perf)\b[^:\n]{0,40}:",
        r"^internal:|^internally\b",
        r"\binternal (?:only|tools?|services?|changes?|clean-?up|improvements?|librar(?:y|ies))\b",
        r"\brefactor|\bunder the (?:hood|bonnet)\b|\bbehind the scenes\b|\bcode ?base\b|\bour (?:build|code|servers)\b",
        r"\b(?:unit|integration|end-to-end) tests?\b|\btest coverage\b|\bbuild pipeline\b|\bcontinuous integration\b",
        r"\bdependenc(?:y|ies)\b|\bbump(?:ed|s)?\b|\b(?:third-party|open-source) (?:packages?|librar(?:y|ies))\b",
        r"\b(?:updated?|upgraded?) (?:the |our |to )?[\w .-]{0,30}\b(?:librar(?:y|ies)|framework|runtime|kernel)\b",
        r"\bclean(?:ed)?[- ]up\b|\bhousekeeping\b|\bwe rewrote\b|\b(?:re)?written (?:anew|from scratch)\b",
        r"\bno (?:visible|functional|user-facing) changes?\b",
        r"\bmemory (?:use|usage|footprint)\b|\b(?:less|more) memory\b",
        r"\b(?:cosmetic|typeface|smoother|spacing|padding|fade-in|polish(?:ed)?)\b|\banimations?\b",
        r"\bnew (?:colou?rs?|icons?|look|logo|font|header)\b|\blooks? (?:fresher|nicer|cleaner|friendlier)\b",
        r"\bdatabase (?:cluster|server|engine)\b|\bdata ?cent(?:er|re)s?\b|\bhardened\b|\bhardening\b",
    ),
    Kind.FIXED: _any(
        r"^(?:bug ?)?fix(?:es|ed)?\b|\b(?:we|was|were|been|is|are|also) fixed\b|\bbehoben\b",
        r"\bfix(?:es|ed|ing)? (?:an?|the|some|several|rare|issues?|bugs?|where|crash)\b|\bhotfix",
        r"\bresolve[sd]? (?:an?|the|some|several) \w*\s?(?:issue|bug|problem|error|crash)",
        r"^corrected\b|\b(?:was|were|been|is|are|we|also) (?:corrected|repaired|mended)\b|^repair|\brepairs\b",
        r"\b(?:right|works?|working|smooth|correct|complete|readable|visible|shown|back) again\b",
        r"\b(?:correctly|properly|as (?:expected|intended))(?: again)?[.!]?$|\bnow goes away\b",
        r"\bleaks?\b|\bflicker|\bglitch|\btypos?\b|\bcrash(?:es|ed|ing)?\b|\bin rare cases\b|\boccasionally\b",
        r"\b(?:wrongly|incorrectly|mistakenly|erroneously|by mistake)\b|\broun?ding (?:error|of)\b",
        r"\bno longer (?:crash|fail|hang|freez|stop|los|jump|flicker|duplicat|overlap|show an error|appears? twice)",
        r"\b(?:does|do) not (?:crash|fail|hang|freeze|jump|flicker|overlap)\b",
    ),
    Kind.RENAMED: _any(
        r"\brenam(?:e|ed|es|ing)\b|\bused to be (?:called|named)\b",
        r"\b(?:is|are) (?:\w+ ){0,4}(?:called|named|labell?ed)\b",
        r"\bnew name\b|\bformerly\b|\bpreviously (?:called|named|known)\b|\bumbenannt\b|\bheißt (?:jetzt|nun)\b",
        r"\bgoes by the name\b|\bgets? (?:the|a new) name\b|\bwhat you know as\b|\bbecomes?\b|\breplaced by\b",
    ),
    Kind.MOVED: _any(
        r"\bmov(?:ed|es|ing)\b|\brelocated\b|\bnew (?:place|home|location)\b|\bverschoben\b|\bmerged into\b",
        r"\b(?:is|are|can be|lives?) (?:now )?(?:found|located|under)\b",
        r"\bnow (?:lives?|sits?|stands?|found|located|under|part of)\b|\bhas left\b|\byou (?:now )?find (?:it|them)\b",
    ),
    Kind.REMOVED: _any(
        r"\bremov(?:e|ed|es|al|ing)\b|\bdrops?\b|\bdropp(?:ed|ing)\b|\bdeprecat\w+|\bdiscontinu\w+|\bsunset\w*",
        r"\bretir(?:e|ed|es|ing)\b|\bno longer\b|\b(?:not|nor)\b.{0,40}\bany ?(?:more|longer)\b|\bswitched off\b",
        r"\bend[- ]of[- ](?:life|support)\b|\b(?:is|are|has|have) (?:now )?(?:gone|refused|rejected)\b|\bentfernt\b",
        r"\bstop(?:s|ped)? (?:accepting|supporting|working)\b|\bwithdrawn\b|\babolished\b|\bis no more\b",
    ),
    Kind.LIMIT: _any(
        rf"\b(?:rais|lower|increas|reduc|extend|shorten|doubl|halv|limit|cap|expir)\w*\b(?=.{{0,120}}{NUMBER})",
        rf"\bfrom {NUMBER}.{{0,60}}\bto {NUMBER}|\b(?:up to|at most|at least|maximum of|instead of|within) {NUMBER}",
        rf"\b(?:valid|kept|stored|open) for {NUMBER}|\brather than {NUMBER}",
    ),
    Kind.ADDED: _any(
        r"^feat\b[^:\n]{0,40}:|^new\b|^add(?:ed|s)?\b|\bintroduc(?:e|es|ed|ing)\b|\bcan now\b|\bis new\b",
        r"\bnow (?:supports?|possible|available|offers?|lets?)\b|\bnew:|\bneu:|\bjoins\b",
    ),
}
_FASTER = re.compile(
    r"\b(?:faster|quicker|snappier|speedier)\b|\bspeed(?:s|ed)? up\b|\bperformance\b|\bless time\b|\bhalf the time\b"
    r"|\boptimi[sz]ed\b",
    re.IGNORECASE,
)
_UNDER = {
    Kind.INTERNAL: _any(
        r"\b(?:internal|under the hood|behind the scenes|maintenance|housekeeping|dependenc\w+|chores?|engineering)\b",
        r"\b(?:refactoring|infrastructure|for developers of|faster|performance)\b",
    ),
    Kind.FIXED: _any(r"\b(?:fix(?:es|ed)?|bug ?fix(?:es)?|hotfix(?:es)?|bugs|repairs?|resolved|behoben)\b"),
    Kind.REMOVED: _any(r"\b(?:removed|removals?|deprecat\w+|discontinued|end of life|retired|entfernt)\b"),
    Kind.RENAMED: _any(r"\brenamed\b"),
    Kind.MOVED: _any(r"\bmoved\b"),
    Kind.LIMIT: _any(r"\blimits?\b"),
    Kind.ADDED: _any(r"\b(?:new|added|features?|neu)\b"),
}
_ALL_OF_IT = re.compile(r"\b(?:repairs|(?:bug ?)?fixes|maintenance|housekeeping|hood|scenes)\W*$", re.IGNORECASE)
"""A title that ends so names all of the release."""
_PAST = re.compile(r"\b(?:was|were|had|did|could|lost|showed|stayed|named|went|came|got|found|broke)\b", re.IGNORECASE)
_PRESENT = re.compile(
    r"\b(?:now|will|can|may|must|is|are|has|have|gets?|shall|from|until|instead|needs?|takes?|uses?)\b", re.IGNORECASE
)
"""Notes tell in the present what changed, and in the past what was wrong before."""
IDLE = frozenset({Kind.INTERNAL, Kind.FIXED})
"""What makes no article wrong by itself."""
MENU = frozenset({Kind.RENAMED, Kind.MOVED, Kind.REMOVED})
"""What touches every article that names the thing, whatever else the article is about."""


def kind_of(text: str, heading: str = "", title: str = "") -> Kind:
    """What the words say became of it, else what the heading above says, else the release's title, else that it
    changed. Below "Fixed" and "Internal", and in a release called "Repairs", everything is that."""
    under, above = _first(_UNDER, heading), _first(_UNDER, title)
    if under in IDLE:
        return under
    if under is None and above in IDLE and _ALL_OF_IT.search(title):
        return above
    named = said(text) or under
    if named is None and _PAST.search(text) and not _PRESENT.search(text):
        return Kind.FIXED
    return named or (above if above in IDLE | MENU else None) or Kind.CHANGED


def said(text: str) -> Kind | None:
    """What the words themselves say became of it. Faster is internal, unless it says by how long."""
    if _FASTER.search(text) and "time" not in dimensions(text):
        return Kind.INTERNAL
    return _first(_SAID, text)


def _first(table: dict[Kind, re.Pattern[str]], text: str) -> Kind | None:
    return next((kind for kind, pattern in table.items() if pattern.search(text)), None)
