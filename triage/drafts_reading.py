"""Messages read for a draft: which of their lines are steps, questions and commands, each word for word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from triage.search.words import stem, tokens
from triage.text import prepare

LONGEST, SHORTEST_WORDS = 300, 2
_GREETING = re.compile(
    r"(?:hi|hello|hey|dear|hallo|liebe[rs]?|guten (?:tag|morgen|abend)|sehr geehrte[rs]?|moin|servus|bonjour|cher|chère"
    r"|hola|buenos días|ciao|good (?:morning|afternoon|evening|day))\b(?: [^\s,!.:;?]{1,30}){0,4} ?(?:[,!.:;]+\s*|$)",
    re.I,
)
_BULLET = re.compile(r"(?:[-*•‣·–]|\(?\d{1,2}[.)]|step \d{1,2}[.:])\s+", re.I)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=\S)")
_LEAD = re.compile(
    r"(?:(?:please|kindly|first|firstly|then|next|now|finally|after that|also|afterwards|bitte|dann|zuerst|danach"
    r"|zunächst|you can|you need to|you should|you have to|to do so|and|so|just|simply)\b,?\s+){0,3}",
    re.I,
)
# What agents tell people to do in English; German and French say it by the ending of the verb.
_VERBS = """
activate add adjust allow apply approve archive ask assign attach authorize change check choose clear click close
configure confirm connect contact copy create deactivate delete deselect disable disconnect double-click download
drag edit enable ensure enter expand export fill filter find follow generate give go hold import increase input
insert install invite keep launch leave limit link load log look lower make map merge move navigate open paste
pick press provide publish raise read reboot reconnect record reduce refresh regenerate reinstall reload remove
rename replace repeat request reset resend restart restore resync retry return revoke right-click rotate run save
scan scroll search select send set share show sign split start stop submit swap switch sync synchronize tap test
toggle try turn type unassign uncheck uninstall unlink unlock untick update upgrade upload use verify view visit
wait whitelist avoid never do don't
"""
VERBS = frozenset(_VERBS.split())
_FORMAL = re.compile(r"\w{2,20}en sie\b|\w{3,20}ez\b", re.I)
_ASKS = re.compile(
    r"(?:how|what|why|where|when|which|who|can|could|is|are|do|does|will|would|should|may|wie|was|warum|wo|wann|welche"
    r"|kann|können|ist|sind|comment|pourquoi|où|quand|est-ce)\b",
    re.I,
)
_CODE = re.compile(r"`([^`\n]{2,200})`")
_PROMPT = re.compile(r"^\s{0,8}(?:\$|PS [A-Z]:[^>\n]{0,80}>|C:\\[^>\n]{0,80}>)\s*(\S[^\n]{1,200}?)\s*$")
_FENCE = re.compile(r"^\s{0,3}(?:```|~~~)")
_NEGATED = re.compile(
    r"\b(?:not|never|don['’]?t|without|no|cannot|can['’]?t|nicht|kein\w{0,2}|ohne|avoid|ne|pas)\b", re.I
)
_SIDES = (
    ("on enable enabled check tick select activate allow connect install link start open add", "yes", ""),
    (
        "off disable disabled uncheck untick deselect deactivate block disconnect uninstall unlink stop close remove",
        "yes",
        "no",
    ),
    ("increase raise upgrade", "more", "up"),
    ("reduce decrease lower downgrade", "more", "down"),
    ("before", "when", "before"),
    ("after", "when", "after"),
)
"""Words of two sides: what they are compared as, and what of them sets two lines apart."""
_SIDE = {word: (same, apart) for words, same, apart in _SIDES for word in words.split()}
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_LITTLE_WORDS = "a an the to of in on at for and or your you it is are this that with then please now so be"
_LITTLE = frozenset(_LITTLE_WORDS.split())


@dataclass(frozen=True, slots=True)
class Said:
    """A line of a reply on the ticket `ref`; `place` is how far down the reply, 0 to 1."""

    ref: str
    text: str
    place: float
    is_listed: bool = False


def lines_of(ref: str, replies: Sequence[str]) -> Iterator[Said]:
    """List items and sentences of the replies, without greeting, signature, quoted mail and code."""
    for reply in replies:
        lines = [line.strip() for line in _own(reply)]
        for number, line in enumerate(lines):
            place = number / len(lines)
            bullet = _BULLET.match(line)
            if bullet:
                # An item is one step, even where it is two sentences.
                yield from _said(ref, line[bullet.end() :], place, is_listed=True)
                continue
            for sentence in _SENTENCE.split(_GREETING.sub("", line, count=1) if _GREETING.match(line) else line):
                yield from _said(ref, sentence, place, is_listed=False)


def is_step(line: Said) -> bool:
    """Whether it tells somebody to do something: an item of a list, or a sentence that begins with what to do."""
    if line.text.endswith("?"):
        return False
    rest = line.text[_LEAD.match(line.text).end() :]  # type: ignore[union-attr]
    first = rest.split(" ", 1)[0].rstrip(",.:;!").lower()
    return line.is_listed or first in VERBS or bool(_FORMAL.match(rest))


def questions_of(subject: str, question: str) -> list[str]:
    """Sentences that ask something, the first first; the subject where none does."""
    prepared = prepare(subject, question)
    asked = []
    for line in prepared.text.splitlines()[:100]:
        bare = _GREETING.sub("", line.strip(), count=1) if _GREETING.match(line.strip()) else line.strip()
        asked += [
            sentence.strip()
            for sentence in _SENTENCE.split(bare)
            if sentence.rstrip().endswith("?") and len(sentence.split()) >= 3 and len(sentence) <= LONGEST
        ]
    if asked:
        return [min(asked, key=lambda text: (not _ASKS.match(text), asked.index(text)))]
    return [prepared.subject] if len(prepared.subject.split()) >= SHORTEST_WORDS else []


def commands_of(reply: str) -> list[str]:
    """Code in a line, lines of code blocks and lines after a prompt."""
    found: list[str] = []
    is_code = False
    for line in prepare("", reply).text.splitlines():
        if _FENCE.match(line):
            is_code = not is_code
        elif is_code:
            found += [line.strip()] if 2 <= len(line.strip()) <= 200 else []
        elif prompt := _PROMPT.match(line):
            found.append(prompt[1])
        else:
            found += [code.strip() for code in _CODE.findall(line) if len(code.strip()) >= 2]
    return found


def words_of(text: str) -> frozenset[str]:
    """What a line is compared by: its words by their stems, without little ones, numbers and what makes a "not"."""
    return frozenset(
        _SIDE[token.forms[0]][0] if token.forms[0] in _SIDE else stem(token.forms[0], "english")
        for token in tokens(text)
        if token.forms[0] not in _LITTLE and not _NEGATED.fullmatch(token.forms[0]) and not token.forms[0].isdigit()
    )


def signature_of(text: str) -> tuple[str, ...]:
    """What two lines alike must share to say the same: their numbers, whether they deny, which of two opposites."""
    words = {token.forms[0] for token in tokens(text)}
    sides = sorted({_SIDE[word][1] for word in words if word in _SIDE} - {""})
    return (*sorted(_NUMBER.findall(text)), *sides, *(["not"] if _NEGATED.search(text) else []))


def _own(reply: str) -> Iterator[str]:
    """What the agent wrote, line by line, without blocks of code."""
    is_code = False
    for line in prepare("", reply).text.splitlines():
        if _FENCE.match(line):
            is_code = not is_code
        elif not is_code and line.strip() and not _PROMPT.match(line):
            yield line


def _said(ref: str, text: str, place: float, *, is_listed: bool) -> Iterator[Said]:
    text = text.strip()
    if len(text) <= LONGEST and len(text.split()) >= SHORTEST_WORDS:
        yield Said(ref, text, place, is_listed)
