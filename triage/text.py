"""A mail taken apart: the requester's own words, the quoted thread, the signature, logs; nothing is thrown away.

The rules are our own and go line by line. `mail-parser-reply` was tried on support mail and takes a list item
("- the export hangs") for a signature and a line such as "Warning: disk full" for a disclaimer, and its patterns take
quadratic time on long lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from triage.unreadable import decoded, undecodable, why_unreadable

READ_LIMIT = 20_000  # characters of a description that are looked at
LINE_LIMIT = 1_000  # lines of it
TEXT_LIMIT = 6_000  # characters of the text handed on; the encoder reads about the first 1,200
LOG_RUN_KEPT = 12  # lines kept of a longer run of log lines

# Soft hyphen, joiners, fillers, zero-width characters, writing-direction marks, byte order mark, tags.
_INVISIBLE: dict[int, str | None] = dict.fromkeys((0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), 0xFEFF))
_INVISIBLE |= dict.fromkeys((*range(0x2060, 0x2070), *range(0xFE00, 0xFE10), *range(0xE0000, 0xE0080)))
_INVISIBLE |= dict.fromkeys((0x34F, 0x61C, 0x115F, 0x1160, *range(0x180B, 0x180F), 0x2800, 0x3164, 0xFFA0))
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
_CONTACT = re.compile(
    r"^(?:(?:tel|phone|mobile|mob|fax|telefon|m|t|e-?mail|web)\b\s?[.:]|\+\d[\d ()/.-]{6,24}$"
    r"|[\w.+-]{1,64}@[\w.-]{3,80}$|(?:https?://|www\.)\S{3,200}$)",
    re.I,
)
_LOG_LINE = re.compile(
    r"^(?:\[?\d{4}-\d\d-\d\d[ T]|\[?\d\d:\d\d:\d\d|at [\w$.<]{2,80}\(|File \"|\s{0,3}#\d+ |[{}\[\]\"<])"
)
_TRACE_LINE = re.compile(
    r"^(?:Traceback \(most recent|Caused by: |\.\.\. \d+ more|Exception in thread |(?:\w{1,60}\.){0,8}"
    r"\w{1,60}(?:Error|Exception)(?::|$))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """One mail in its parts. `text` is the subject and the requester's own words: what the classifier reads.

    `quoted` is the thread below and its mail headers, `signature` what follows a sign-off, `logs` runs of log lines and
    stack traces in full (the text keeps the first few lines of each). `attachments` are file names. `unreadable` is a
    sentence that says why nobody can tell what this is about, None where there are words to read.
    """

    subject: str
    text: str
    quoted: str = ""
    signature: str = ""
    logs: str = ""
    attachments: tuple[str, ...] = ()
    unreadable: str | None = None


def clean(subject: str, body: str) -> tuple[str, str]:
    """The subject without "Re:" and the like, and the text: that subject, then what the requester wrote."""
    prepared = prepare(subject, body)
    return prepared.subject, prepared.text


def prepare(subject: str, body: str, attachments: Sequence[str] = ()) -> Prepared:
    """Subject and body taken apart; at most READ_LIMIT characters and LINE_LIMIT lines are looked at."""
    forwarded = bool(_FORWARDED.search(subject[:40]))
    subject = " ".join(_visible(decoded(subject[:500])).split())
    while (shorter := _SUBJECT_PREFIX.sub("", subject, count=1)) != subject:
        subject = shorter
    head = body[:READ_LIMIT]
    lines = [line.rstrip() for line in _visible(decoded(head)).splitlines()[:LINE_LIMIT]]
    own, quoted = _own_words(lines, forwarded)
    own, signature = _unsigned(own)
    kept, logs = _squeeze(own)
    written = "\n".join(kept).strip()
    if not written:
        written, quoted = "\n".join(line.lstrip("> ") for line in lines).strip(), []
    only_signature = bool(written) and _is_signature(written.splitlines())
    names = tuple(" ".join(_visible(name[:200]).split()) for name in attachments[:20])
    text = written if subject and written.startswith(subject) else f"{subject}\n{written}".strip()
    return Prepared(
        subject=subject,
        text=text[:TEXT_LIMIT].rstrip(),
        quoted="\n".join(line.lstrip("> ") for line in quoted).strip(),
        signature=written if only_signature else "\n".join(signature).strip(),
        logs="\n".join(logs),
        attachments=names,
        unreadable=why_unreadable(subject, "" if only_signature else written, only_signature, names, undecodable(head)),
    )


def _visible(text: str) -> str:
    """The text without invisible and control characters and lone surrogates, with one kind of line end."""
    text = text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")
    return text if text.isascii() and text.isprintable() else text.translate(_INVISIBLE)


def _own_words(lines: list[str], forwarded: bool) -> tuple[list[str], list[str]]:
    """The lines without quoted history, and that history. A forwarded mail is the message: there only its header
    lines go."""
    kept: list[str] = []
    quotes: list[str] = []
    number = 0
    while number < len(lines):
        line = lines[number].strip()
        header = _header_lines(lines, number)
        if _DIVIDER.match(line) or header >= 3:
            own = sum(len(own_line.split()) for own_line in _unsigned(kept)[0])
            if own >= 8 and not (forwarded or _FORWARDED.search(line)):
                return kept, quotes + lines[number:]
            quotes += lines[number : number + max(header, 1)]
            number += max(header, 1)
            continue
        wrote = _wrote_lines(lines, number)
        if wrote:
            rest = lines[number + wrote :]
            if not any(later.startswith(">") for later in rest) and any(kept):
                return kept, quotes + lines[number:]  # Nothing marks the quote, so it is taken to reach the end.
            quotes += lines[number : number + wrote]
            number += wrote
            continue
        quoted = line.startswith(">") and not line.startswith(">>>")
        (quotes if quoted else kept).append(lines[number])
        number += 1
    return kept, quotes


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


def _unsigned(lines: list[str]) -> tuple[list[str], list[str]]:
    """The lines up to the signature, and it; a sign-off counts only when a few short lines follow, a P.S. stays."""
    for number, line in enumerate(lines):
        bare = line.strip()
        ends = bare == "--" or _SENT_FROM.match(bare) or _DISCLAIMER.match(bare)
        if not ends and not (_SIGN_OFF.match(bare) and len(lines) - number <= 11):
            continue
        rest = lines[number + 1 :]
        if (ends or all(len(later) <= 90 for later in rest)) and any(earlier.strip() for earlier in lines[:number]):
            after = next((at for at, later in enumerate(rest) if re.match(r"p\.?\s?s\b", later, re.I)), len(rest))
            return lines[:number] + rest[after:], [line, *rest[:after]]
    return lines, []


def _is_signature(lines: list[str]) -> bool:
    """Whether these lines, which are all there is, are a sign-off with a name, or a name with two ways to reach it."""
    filled = [line.strip() for line in lines if line.strip()]
    if len(filled) > 12 or any(len(line) > 90 for line in filled[1:]):
        return False
    if filled[0] == "--" or _SENT_FROM.match(filled[0]) or _DISCLAIMER.match(filled[0]):
        return True
    if any(line.endswith(("?", "!", ".")) and len(line.split()) > 2 for line in filled):
        return False
    if _SIGN_OFF.match(filled[0]):
        return all(len(line.split()) <= 8 for line in filled) and _named(filled[1:2])
    others = [line for line in filled if not _CONTACT.match(line)]
    return len(filled) - len(others) >= 2 and _named(others)


def _named(lines: list[str]) -> bool:
    """Whether each of these begins like a name: "Ann Smith", not "it works again"."""
    words = [word for line in lines for word in line.split()[:2]]
    return all(word[0].isupper() or not word[0].isalpha() for word in words)


def _squeeze(lines: list[str]) -> tuple[list[str], list[str]]:
    """The lines without runs of empty ones and without the tail of a long run of log lines; and all log lines."""
    kept: list[str] = []
    logs: list[str] = []
    block: list[str] = []
    run = 0
    previous = ""
    for line in [*lines, ""]:
        bare = line.strip()
        log = bool(_LOG_LINE.match(bare) or (len(bare) > 300 and " " not in bare[:300]))
        run = run + 1 if log else 0
        if run <= LOG_RUN_KEPT and (bare or previous):
            kept.append(line[:2_000])
        if log or _TRACE_LINE.match(bare) or (block and line[:1] in " \t" and bare):
            block.append(line)
        else:
            logs += block if len(block) > 1 else []
            block = []
        previous = bare
    return kept, logs
