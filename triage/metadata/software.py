"""Versions, environments, browsers and operating systems."""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.metadata.found import Finding, Kind, Sure, negated

_DOTTED = r"\d{1,4}(?:\.\d{1,5}){1,3}(?:[-+][a-z]{1,8}[.\d]{0,6})?"
_THREE = r"\d{1,4}\.\d{1,4}\.\d{1,6}(?:-[a-z]{1,8}[.\d]{0,6})?"
_APP = (
    r"(?:app|client|sdk|cli|plug-?in|agent|extension|add-?on|driver|connector|release|package|module"
    r"|firmware|software|runtime)"
)
_VERSIONS = (
    (re.compile(rf"\bversions?(?: is| number| no\.?)?\s?[:=]?\s?v?({_DOTTED}|\d{{1,4}})\b(?! ?%)", re.I), Sure.CERTAIN),
    (re.compile(rf"\b{_APP}(?: version)?(?: is)?\s?[:=]?\s?v?({_DOTTED})(?!\s?%)\b", re.I), Sure.CERTAIN),
    (re.compile(rf"(?<![\w/.])v\.?\s?({_DOTTED}|\d{{1,3}})\b", re.I), Sure.CERTAIN),
    (re.compile(r"\b(build (?:no\.? ?|number )?#?\d{2,12}(?:[.-]\d{1,6}){0,3})\b", re.I), Sure.CERTAIN),
    (
        re.compile(rf"\b(?:(?:up|down)grad\w{{1,4}}|rolled back)(?: it| us)?(?: from| to)\s({_DOTTED})\b", re.I),
        Sure.CERTAIN,
    ),
    (re.compile(rf"\b(?:up|down)grad\w{{1,4}} from {_DOTTED} to ({_DOTTED})\b", re.I), Sure.CERTAIN),
    (re.compile(rf"(?<![\w.,/])({_DOTTED}) (?:release|update|upgrade|version)\b", re.I), Sure.LIKELY),
    (re.compile(rf"(?<![\w.,/:€$£-])({_THREE})(?![\w.,]?\d)(?!\s?[€$£])", re.I), Sure.LIKELY),
)
_DATE = re.compile(r"^[0-3]?\d\.[01]?\d\.(?:19|20)\d\d$")
_GROUPED = re.compile(r"^\d{1,3}(?:\.\d{3})+$")
_TELEPHONE = re.compile(r"^\d{3}\.\d{3}\.\d{4}$")
_OTHER_NUMBER = re.compile(
    r"\b(?:chapter|section|clause|article|paragraph|§|page|room|ip|address|host|server is)\s?$", re.I
)
_DEVICE_BEFORE = re.compile(
    r"\b(?:chrome|firefox|safari|edge|opera|brave|windows|mac ?os(?: x)?|ios|ipados|android|ubuntu|debian|linux)"
    r"(?: version)?\s?$",
    re.I,
)

_PLACE = r"(?:environment|env|instance|system|server|tenant|workspace|account|site|cluster|stack|database|db|key|org)s?"
_ENVIRONMENTS = (  # value, what the text must have for a look to be worth it, form, how sure
    ("production", "prod live", rf"(?:production|prod|live)[ -]{_PLACE}", Sure.CERTAIN),
    ("staging", "stag prod", rf"(?:staging|pre-?prod(?:uction)?)[ -]{_PLACE}", Sure.CERTAIN),
    ("sandbox", "sandbox", rf"sandbox[ -]{_PLACE}", Sure.CERTAIN),
    ("test", "test uat qa", rf"(?:test(?:ing)?|uat|qa)[ -]{_PLACE}", Sure.CERTAIN),
    ("development", "dev", rf"(?:dev|development)[ -]{_PLACE}", Sure.CERTAIN),
    ("staging", "staging prod", r"staging|pre-?prod(?:uction)?", Sure.LIKELY),
    ("sandbox", "sandbox", r"sandbox", Sure.LIKELY),
    ("production", "prod", r"prod", Sure.LIKELY),
    ("production", "production", r"(?<=in )production|(?<=on )production|production(?= (?:is|fails|went|down|stopped"
     r"|blocked|only|issue|outage|incident|problem|and staging|data|deployment)\b)", Sure.LIKELY),
    ("test", "uat qa test", r"uat|(?<=in )qa|(?<=on )qa|(?<=in )test(?= |[.,]|$)(?! (?:of|this))", Sure.LIKELY),
    ("development", "dev", r"(?<=in )dev|(?<=on )dev", Sure.LIKELY),
)  # fmt: skip
_ENVIRONMENT = tuple(
    (value, clues.split(), re.compile(rf"(?<![\w./-])(?:{form})\b", re.I), sure)
    for value, clues, form, sure in _ENVIRONMENTS
)
_GOODS = re.compile(r"^ (?:line|manager|costs?|schedule|order|planning|plant|team|run|figures|and (?!staging))", re.I)

_NO_TROUBLE = re.compile(r"\b(?:no|without) (?:problem|issue|error|trouble|impact|effect)s?(?: at all)? $", re.I)
_NUMBER = r"(?: (?:version |v)?(\d{1,4}(?:\.\d{1,6}){0,3}))?"
_DEVICES = (  # name, what the text must have for a look to be worth it, form, flags
    ("Chrome", "chrome", r"(?:google )?chrome(?! bumper| plat| part| steel)", re.I),
    ("Firefox", "firefox", r"firefox", re.I),
    ("Safari", "safari", r"safari(?! park| tour)", re.I),
    ("Edge", "edge", r"(?:Microsoft |MS )?Edge(?! case)", 0),
    ("Internet Explorer", "explorer", r"internet explorer", re.I),
    ("Internet Explorer", "ie", r"IE(?= ?(?:[6-9]|1[01])\b)", 0),
    ("Opera", "opera", r"Opera(?! house)", 0),
    ("Brave", "brave", r"Brave browser", 0),
    ("Windows", "windows", r"Windows|windows(?= (?:7|8|10|11|server|xp)\b)", 0),
    ("macOS", "mac", r"mac ?os(?: x)?", re.I),
    ("iPadOS", "ipados", r"ipados", re.I),
    ("iOS", "ios", r"ios", re.I),
    ("Android", "android", r"android", re.I),
    ("ChromeOS", "chrome", r"chrome ?os|chromebooks?", re.I),
    ("Ubuntu", "ubuntu", r"ubuntu", re.I),
    ("Debian", "debian", r"debian", re.I),
    ("Linux", "linux", r"linux", re.I),
)
_DEVICE = tuple(
    (name, clue, re.compile(rf"(?<![\w./-])(?:{form})\b{_NUMBER}", flags)) for name, clue, form, flags in _DEVICES
)


def software(text: str) -> Iterator[Finding]:
    """Every finding of this module in a text whose URLs are blanked."""
    yield from versions(text)
    yield from environments(text)
    yield from devices(text)


def versions(text: str) -> Iterator[Finding]:
    """Version and build numbers; not dates, amounts, addresses of machines, nor versions of browsers and systems."""
    taken: list[range] = []
    for pattern, sure in _VERSIONS if re.search(r"\d", text) else ():
        for match in pattern.finditer(text):
            value, start = match.group(1), match.start(1)
            before = text[max(0, start - 24) : start]
            if _DEVICE_BEFORE.search(before) or _DATE.match(value) or any(start in span for span in taken):
                continue
            bare = sure is Sure.LIKELY
            if bare and (_GROUPED.match(value) or _TELEPHONE.match(value) or _OTHER_NUMBER.search(before)):
                continue
            taken.append(range(*match.span(1)))
            value = " ".join(re.sub(r"\b(?:no\.?|number)\s|#", "", value, flags=re.I).lower().split())
            yield Kind.VERSION, value, match.span(1), sure


def environments(text: str) -> Iterator[Finding]:
    """Where it happens: production, staging, sandbox, test, development; "not in production" does not count."""
    lowered = text.lower()
    for value, clues, pattern, sure in _ENVIRONMENT:
        if not any(clue in lowered for clue in clues):
            continue
        for match in pattern.finditer(text):
            start = match.start()
            if text.startswith(("in ", "on "), start - 3):
                start -= 3
            untouched = _NO_TROUBLE.search(text, max(0, start - 40), start)
            if not untouched and not negated(text, start) and not _GOODS.match(text[match.end() : match.end() + 20]):
                yield Kind.ENVIRONMENT, value, match.span(), sure


def devices(text: str) -> Iterator[Finding]:
    """Browsers and operating systems, with their version where it stands beside them."""
    lowered = text.lower()
    for name, clue, pattern in _DEVICE:
        if clue not in lowered:
            continue
        for match in pattern.finditer(text):
            number = match.group(1)
            sure = Sure.CERTAIN if number else Sure.LIKELY
            yield Kind.DEVICE, f"{name} {number}" if number else name, match.span(), sure
