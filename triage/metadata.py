"""What a ticket's own words say before any model reads them: clean text, product area, severity, codes, accounts.

The cleaning rules are our own and go line by line. `mail-parser-reply` was tried on support mail and takes a list
item ("- the export hangs") for a signature and a line such as "Warning: disk full" for a disclaimer, and its patterns
take quadratic time on long lines.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from triage.taxonomy import Taxonomy
from triage.tickets import Priority, Ticket

READ_LIMIT = 20_000  # characters of a description that are looked at
LINE_LIMIT = 1_000  # lines of it
TEXT_LIMIT = 6_000  # characters of the text handed on; the encoder reads about the first 1,200
LOG_RUN_KEPT = 12  # lines kept of a longer run of log lines

# Soft hyphen, zero-width characters, writing-direction marks, byte order mark.
_INVISIBLE: dict[int, str | None] = dict.fromkeys((0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), 0xFEFF))
_INVISIBLE |= dict.fromkeys((*range(0x2060, 0x2070), *range(0xFE00, 0xFE10)))
_INVISIBLE |= dict.fromkeys((*range(9), 11, 12, *range(14, 32), *range(127, 160), 0x2028, 0x2029), " ")
_SUBJECT_PREFIX = re.compile(r"^(?:(?:re|aw|antw|sv|fwd?|wg|tr|rv)\s?:|\[ext(?:ern(?:al)?)?\])\s?", re.I)
_FORWARDED = re.compile(r"\bfw|\bwg:|forward|weitergeleitet", re.I)
_DIVIDER = re.compile(
    r"^[-_ ]{0,20}(?:original message|forwarded message|begin forwarded message|weitergeleitete nachricht"
    r"|ursprüngliche nachricht|message d'origine|message transféré)\s?:?[-_ ]{0,20}$",
    re.I,
)
_WROTE_START = re.compile(r"^(?:on|am|le|el|op|il|den)\s\S", re.I)
_WROTE_END = re.compile(r"(?:wrote|schrieb[^:]{0,80}|a écrit|escribió|schreef|ha scritto|skrev)\s?:$", re.I)
_MAIL_HEADER = re.compile(
    r"^\*?(?:from|sent|to|cc|subject|date|reply-to|von|gesendet|an|betreff|datum|de|envoyé|à|objet)\s?:\*?\s", re.I
)
_SENT_FROM = re.compile(r"^(?:sent from my|get outlook for|von meinem .{1,40}gesendet|envoyé de mon)\b", re.I)
_SIGN_OFF = re.compile(
    r"^(?:(?:(?:with )?(?:best|kind|warm|many)(?: \w{1,9})? )?(?:regards|wishes)|best|thanks|many thanks|thank you"
    r"|thanks in advance|thx|cheers|sincerely|yours(?: sincerely)?|mit freundlichen grüßen|viele grüße|lg|cordialement"
    r"|saludos|met vriendelijke groet)\s?[,.!]{0,3}$",
    re.I,
)
_DISCLAIMER = re.compile(
    r"^(?:this (?:e-?mail|message)\b.{0,80}\b(?:confidential|intended)|confidential(?:ity)? notice\b)", re.I
)
_LOG_LINE = re.compile(
    r"^(?:\[?\d{4}-\d\d-\d\d[ T]|\[?\d\d:\d\d:\d\d|at [\w$.<]{2,80}\(|File \"|\s{0,3}#\d+ |[{}\[\]\"<])"
)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_GAP = frozenset(" \t\n-'’\"“”/_")
_NEGATED = re.compile(
    r"(?:\b(?:not|no|never|without|non|hardly|less|avoid|prevent|isn['’]t|aren['’]t|wasn['’]t|nothing)|n['’]t)[\s-]{1,3}"
    r"(?:(?:really|very|that|so|too|particularly|especially|super|yet|at|all|an?|the|any|in|this|of|be|been|is)\s{1,3}){0,3}$",
    re.I,
)
_CODE = re.compile(
    r"\b(?:[A-Z]{2,12}[-_]?\d{3,10}|[A-Z][A-Z0-9]{1,20}(?:_[A-Z0-9]{1,20}){1,5}|0x[0-9A-Fa-f]{4,16}"
    r"|(?:HTTP|[Ss]tatus|[Ee]rror|[Cc]ode)(?: code)?[ :=]{1,3}(\d{3,6}))\b"
)
_NOT_A_CODE = re.compile(
    r"^(?:INV|PO|SO|RE|RG|CN|ISO|SOC|UTC|GMT|RFC|UTF|SHA|AES|TLS|CSV|EUR|USD|GBP|CHF|KB|MB|GB)[-_]?\d"
)
_MAIL_DOMAIN = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@([\w-]{1,63}(?:\.[\w-]{1,63}){1,4})")
_ACCOUNT = re.compile(
    r"\b(?:account|workspace|tenant|organi[sz]ation|org|customer|subscription)"
    r"(?: (?:id|no|number|name))?[ .:=#]{1,3}((?=[\w-]{0,40}\d)[\w-]{3,40})",
    re.I,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What the words of one ticket say.

    `text` is subject and cleaned body. `area` is the product area the terms clearly speak for, else None;
    `area_scores` has every area with a hit, best first. `severity` is the highest level whose phrases were found;
    `severity_phrases` are verbatim pieces of `text`, worst first. `account_hints` are mail domains and account ids.
    """

    text: str
    area: str | None
    area_scores: tuple[tuple[str, float], ...]
    severity: Priority | None
    severity_phrases: tuple[str, ...]
    error_codes: tuple[str, ...]
    account_hints: tuple[str, ...]


def extract(ticket: Ticket, taxonomy: Taxonomy) -> Metadata:
    """Read the ticket's subject and description; under 3 ms for usual mail, at most READ_LIMIT characters."""
    subject, text = clean(ticket.subject, ticket.description)
    scores = _area_scores(subject, text, taxonomy)
    severity, phrases = _severity(text, taxonomy)
    raw = ticket.description[:READ_LIMIT]
    named = (match.group(1).lower() for pattern in (_ACCOUNT, _MAIL_DOMAIN) for match in pattern.finditer(raw))
    hints = tuple(dict.fromkeys(named))[:5]
    codes = dict.fromkeys(match.group(1) or match.group() for match in _CODE.finditer(text))
    return Metadata(
        text=text,
        area=_clear(scores),
        area_scores=scores,
        severity=severity,
        severity_phrases=phrases,
        error_codes=tuple(code for code in codes if not _NOT_A_CODE.match(code) and code.lower() not in hints)[:8],
        account_hints=hints,
    )


def clean(subject: str, body: str) -> tuple[str, str]:
    """The subject without "Re:" and the like, and the text: that subject, then what the requester wrote."""
    forwarded = bool(_FORWARDED.search(subject[:40]))
    subject = " ".join(_visible(subject[:500]).split())
    while (shorter := _SUBJECT_PREFIX.sub("", subject, count=1)) != subject:
        subject = shorter
    lines = [line.rstrip() for line in _visible(body[:READ_LIMIT]).splitlines()[:LINE_LIMIT]]
    kept = _squeeze(_unsigned(_own_words(lines, forwarded)))
    written = "\n".join(kept).strip() or "\n".join(line.lstrip("> ") for line in lines).strip()
    text = written if subject and written.startswith(subject) else f"{subject}\n{written}".strip()
    return subject, text[:TEXT_LIMIT].rstrip()


def _visible(text: str) -> str:
    """The text without invisible and control characters and lone surrogates, with one kind of line end."""
    text = text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")
    return text if text.isascii() and text.isprintable() else text.translate(_INVISIBLE)


def _own_words(lines: list[str], forwarded: bool) -> list[str]:
    """The lines without quoted history. A forwarded mail is the message: there only its header lines go."""
    kept: list[str] = []
    number = 0
    while number < len(lines):
        line = lines[number].strip()
        header = _header_lines(lines, number)
        if _DIVIDER.match(line) or header >= 3:
            own = sum(len(own_line.split()) for own_line in _unsigned(kept))
            if own >= 8 and not (forwarded or _FORWARDED.search(line)):
                break
            number += max(header, 1)
            continue
        wrote = _wrote_lines(lines, number)
        if wrote:
            rest = lines[number + wrote :]
            if not any(later.startswith(">") for later in rest) and any(kept):
                break  # Nothing marks the quote, so it is taken to reach the end.
            number += wrote
            continue
        quoted = line.startswith(">") and not line.startswith(">>>")
        if not quoted:
            kept.append(lines[number])
        number += 1
    return kept


def _header_lines(lines: list[str], start: int) -> int:
    """How many lines from `start` look like mail headers (From:, Sent:, To:, Subject:), at most 8."""
    count = 0
    while count < 8 and start + count < len(lines) and _MAIL_HEADER.match(lines[start + count].strip() + " "):
        count += 1
    return count


def _wrote_lines(lines: list[str], start: int) -> int:
    """1 or 2 when an "On …, … wrote:" line, perhaps wrapped once, begins at `start`, else 0."""
    first = lines[start].strip()[:300]
    if not _WROTE_START.match(first):
        return 0
    if _WROTE_END.search(first):
        return 1
    return 2 if start + 1 < len(lines) and _WROTE_END.search(lines[start + 1].strip()[:300]) else 0


def _unsigned(lines: list[str]) -> list[str]:
    """The lines up to the signature; a sign-off counts only when a few short lines follow, a P.S. stays."""
    for number, line in enumerate(lines):
        bare = line.strip()
        ends = bare == "--" or _SENT_FROM.match(bare) or _DISCLAIMER.match(bare)
        if not ends and not (_SIGN_OFF.match(bare) and len(lines) - number <= 11):
            continue
        rest = lines[number + 1 :]
        if (ends or all(len(later) <= 90 for later in rest)) and any(earlier.strip() for earlier in lines[:number]):
            postscript = next((at for at, later in enumerate(rest) if re.match(r"p\.?\s?s\b", later, re.I)), None)
            return lines[:number] + ([] if postscript is None else rest[postscript:])
    return lines


def _squeeze(lines: list[str]) -> Iterator[str]:
    """The lines without runs of empty ones and without the tail of a long run of log lines."""
    run = 0
    previous = ""
    for line in lines:
        bare = line.strip()
        run = run + 1 if _LOG_LINE.match(bare) or (len(bare) > 300 and " " not in bare[:300]) else 0
        if run <= LOG_RUN_KEPT and (bare or previous):
            yield line[:2_000]
        previous = bare


def _area_scores(subject: str, text: str, taxonomy: Taxonomy) -> tuple[tuple[str, float], ...]:
    """(area key, score), best first. A term counts 1, half more for each further word, at most three times; in the
    subject twice. A term of several areas is shared among them."""
    found: Counter[tuple[str, ...]] = Counter()
    for part in (text, subject):
        hits = Counter(words for _, _, words in _hits(part, *_terms(taxonomy)))
        found.update({words: min(count, 3) for words, count in hits.items()})
    owners = _terms(taxonomy)[0]
    scores: dict[str, float] = {}
    for words, count in found.items():
        for area in owners[words]:
            scores[area] = scores.get(area, 0) + count * (1 + 0.5 * (len(words) - 1)) / len(owners[words])
    return tuple((area, round(scores[area], 2)) for area in sorted(scores, key=lambda area: (-scores[area], area)))


def _clear(scores: tuple[tuple[str, float], ...]) -> str | None:
    """The best area when it has at least 2 points and twice the second's."""
    if not scores or scores[0][1] < 2:
        return None
    return scores[0][0] if len(scores) == 1 or scores[0][1] >= 2 * scores[1][1] else None


def _severity(text: str, taxonomy: Taxonomy) -> tuple[Priority | None, tuple[str, ...]]:
    """The highest level found and its phrases as written, then those of lower levels; "not urgent" does not count."""
    levels, longest = _severity_phrases(taxonomy)
    found: dict[str, str] = {}
    for start, end, words in _hits(text, levels, longest):
        if not _NEGATED.search(text, max(0, start - 60), start):
            found.setdefault(text[start:end], levels[words][0])
    ordered = sorted(found, key=lambda phrase: found[phrase])
    return (Priority(found[ordered[0]]) if ordered else None), tuple(ordered[:4])


Phrases = dict[tuple[str, ...], tuple[str, ...]]


@lru_cache(maxsize=8)
def _terms(taxonomy: Taxonomy) -> tuple[Phrases, int]:
    return _phrases((term, area.key) for area in taxonomy.product_areas for term in area.terms)


@lru_cache(maxsize=8)
def _severity_phrases(taxonomy: Taxonomy) -> tuple[Phrases, int]:
    return _phrases((phrase, level.priority.value) for level in taxonomy.severity for phrase in level.phrases)


def _phrases(pairs: Iterator[tuple[str, str]]) -> tuple[Phrases, int]:
    """Words of each phrase, and of its plural, to what it stands for; and the longest phrase's number of words."""
    table: Phrases = {}
    for phrase, meaning in pairs:
        words = tuple(_folded(match.group()) for match in _WORD.finditer(phrase))
        for form in (words, (*words[:-1], f"{words[-1]}s")):
            table[form] = tuple(dict.fromkeys((*table.get(form, ()), meaning)))
    return table, max(map(len, table), default=0)


def _hits(text: str, table: Phrases, longest: int) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """(start, end, words) of every phrase of `table` in `text`, longest first at each place, not overlapping."""
    spans = [(match.start(), match.end(), _folded(match.group())) for match in _WORD.finditer(text)]
    starts = {words[0] for words in table}
    at = 0
    while at < len(spans):
        step = 1
        if spans[at][2] in starts:
            joined = _joined(text, spans, at, longest)
            for size in range(joined, 0, -1):
                words = tuple(word for _, _, word in spans[at : at + size])
                if words in table:
                    yield spans[at][0], spans[at + size - 1][1], words
                    step = size
                    break
        at += step


def _joined(text: str, spans: list[tuple[int, int, str]], at: int, longest: int) -> int:
    """How many words from `at` stand next to each other, with no full stop or comma between, at most `longest`."""
    size = 1
    while size < longest and at + size < len(spans):
        gap = text[spans[at + size - 1][1] : spans[at + size][0]]
        if len(gap) > 4 or not _GAP.issuperset(gap):
            break
        size += 1
    return size


def _folded(word: str) -> str:
    """The word in small letters, with one kind of apostrophe."""
    return word.lower().replace("’", "'")
