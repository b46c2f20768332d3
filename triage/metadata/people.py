"""How many people a problem hits, in the words of the ticket."""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.metadata.found import Finding, Kind, Sure, negated, sentence_after, sentence_before

WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "hundred": 100,
}  # fmt: skip
_PEOPLE = (
    r"(?:users?|people|persons?|employees|staff|agents|customers|clients|colleagues|co-?workers|members|students|pupils"
    r"|teachers|drivers|technicians|dispatchers|operators|nurses|doctors|admins|workers|engineers|planners|guests|teams?"
    r"|company|office|organi[sz]ation|department|school|workforce|crew|branch|warehouse|shift|site)\b"
)
_PERSON = r"(?:user|person|employee|agent|customer|client|colleague|member|student|driver|technician|nurse|admin)\b"
_COUNT = rf"(?:\d{{1,3}}(?:[,.]\d{{3}}){{1,2}}|\d{{1,6}}|{'|'.join(WORDS)})"
_OUR = r"(?:(?:of )?(?:our|the|my|your|these) )?"
_FORMS = (  # what the text must have for a look to be worth it, form, meaning
    ("not ", rf"not (?:all|every|everyone|everybody)\b(?: {_OUR}{_PEOPLE})?", "some"),
    (" me", r"(?:only|just) (?:(?:for )?me|my account)\b", "1"),
    ("", rf"(?:only )?(?:one|a) (?:single |particular )?{_PERSON}", "1"),
    ("%", rf"(\d{{1,3}}) ?% of {_OUR}(?:\w{{1,20}} )?{_PEOPLE}", "%"),
    ("", rf"({_COUNT})\+?,? (?:(?:out )?of {_OUR})?(?:{_COUNT} )?(?:of )?{_OUR}(?:\w{{1,15}} )?{_PEOPLE}", "count"),
    ("half", rf"(?:about |roughly )?half (?:of )?{_OUR}{_PEOPLE}", "half"),
    ("most ", rf"most (?:of )?{_OUR}{_PEOPLE}", "most"),
    ("", rf"(?<!how )(many|several|some|a few) (?:of )?{_OUR}(?:\w{{1,15}} )?{_PEOPLE}", "word"),
    ("s of", rf"(dozens|hundreds|thousands) of {_OUR}{_PEOPLE}", "word"),
    ("all ", rf"all (?:of )?{_OUR}(?:{_COUNT} (?:of )?{_OUR})?(?:\w{{1,15}} )?{_PEOPLE}", "all"),
    ("all ", rf"all (?:{_COUNT} )?of us\b", "all"),
    ("every", r"(?:every user|everyone|everybody)\b", "all"),
    ("every", rf"every (?:single )?(?:one )?of {_OUR}(?:~?{_COUNT} )?{_PEOPLE}", "all"),
    ("e", rf"(?:whole|entire) (?:\w{{1,15}} )?{_PEOPLE}", "all"),
)
_COUNTED = tuple((clue, re.compile(rf"(?<![-\w])(?:{form})", re.I), meaning) for clue, form, meaning in _FORMS)
_NOBODY = re.compile(
    rf"\b(?:(?:nobody|no one|no-one)(?! else)|no {_PERSON}|none of (?:us|them|{_OUR}{_PEOPLE}))\b"
    r"(?=[^.!?\n]{0,40}?\b(?:can|could|able|gets?|works|sees?|receives?|has access|have access)\b)",
    re.I,
)
_HIT = re.compile(
    r"\b(?:affected|impacted|hit|locked out|blocked|stuck|unable|can ?not|can['’]?t|could ?n['’]t|could not"
    r"|not able|lost|waiting|offline|down|fail(?:s|ed|ing)?|reports?|reported|same (?:problem|issue|error)|experienc\w+"
    r"|suffer\w*|complain\w*|no longer|(?:do(?:es)?n['’]t|do(?:es)? not) (?:see|get|receive|work|load|have access)"
    r"|logged out|kicked out|thrown out|doing nothing|same$"
    r"|errors?|fatal|white|empty|blank|idle|see this|have this|[a-z]{2,12}[_-]?\d{3,8})\b",
    re.I,
)
_HIT_BEFORE = re.compile(
    r"\b(?:affect\w*|impact\w*|hit(?:s|ting)?|block(?:s|ing)|(?:fail|broke|break|happen)\w*(?: again)?(?: for| to)"
    r"|(?:[45]\d\d|problem|issue|errors?|down|offline|unavailable|dead|gone|(?:not|n['’]t) (?:available|load\w*"
    r"|work\w*)) for|locked out|kicks? out|logs? out)\b",
    re.I,
)
_TROUBLE = re.compile(
    r"error|blank|white|black|slow|time(?:s|d)? ?out|timeout|unavailable|down|dead|crash|fail|problem|broken|outage"
    r"|gateway|same|unreachable|offline|freez|hang|stuck|nothing",
    re.I,
)
_NOT_OF_THEM = (" out of ", " with ", "hi ", "hello ", "dear ", "hey ", "good morning ")
_ASKED_FOR = re.compile(
    r"\b(?:add|remove|invite|need|buy|order|export|import|give|want|delete|create|upgrade|quote|price|plan|for up to"
    r"|have)\s(?:\w{1,12} ){0,2}$",
    re.I,
)


def people(text: str) -> Iterator[Finding]:
    """Counts of those who are hit: a number, "half", "25%", "all", "most", "many", "some", "1". A count without a word
    of trouble in its sentence is none: "we have 240 users"."""
    taken: list[range] = []
    for match in _NOBODY.finditer(text):
        taken.append(range(*match.span()))
        yield Kind.USERS, "all", match.span(), Sure.CERTAIN
    lowered = text.lower()
    for clue, pattern, meaning in _COUNTED:
        if clue not in lowered:
            continue
        for match in pattern.finditer(text):
            span = range(*match.span())
            if any(span.start < other.stop and other.start < span.stop for other in taken):
                continue
            only_me = meaning == "1" and "me" in match.group().lower().split()
            if not only_me and not _in_trouble(text, match.start(), match.end(), meaning):
                continue
            taken.append(span)
            yield Kind.USERS, _value(match, meaning), match.span(), Sure.LIKELY


def _value(match: re.Match[str], meaning: str) -> str:
    if meaning == "%":
        return f"{match.group(1)}%"
    if meaning in ("count", "word"):
        said = match.group(1).lower()
        return str(WORDS.get(said, said))
    number = re.search(r"\d[\d,.]{0,9}", match.group()) if meaning == "all" else None
    return number.group().rstrip(",.") if number else meaning


def _in_trouble(text: str, start: int, end: int, meaning: str) -> bool:
    before = sentence_before(text, start, 60)
    after = sentence_after(text, end, 60)
    if before.lower().endswith(_NOT_OF_THEM) or (meaning != "some" and negated(text, start)):
        return False
    hit = _HIT.search(after)
    if hit and negated(after, hit.start()):
        return False
    if hit and not _ASKED_FOR.search(before):
        return True
    if before.endswith(("for ", "for the ")) and _TROUBLE.search(before):
        return True
    struck = _HIT_BEFORE.search(before)
    return struck is not None and not negated(before, struck.start())
