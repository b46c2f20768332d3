"""Error codes, numbers of orders and invoices, account ids and mail domains."""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.metadata.found import Finding, Kind, Sure, sentence_after, sentence_before

_CODE = re.compile(
    r"\b(?:[A-Z]{2,12}[-_]?\d{3,10}|[A-Z][A-Z0-9]{1,20}(?:_[A-Z0-9]{1,20}){1,5}|0x[0-9A-Fa-f]{4,16}|E[-_]?\d{2,6}"
    r"|E(?:CONN[A-Z]{4,8}|NOTFOUND|TIMEDOUT|PIPE|ACCES|NOENT|PERM|HOSTUNREACH|AI_AGAIN)"
    r"|(?:HTTP(?:/[\d.]{1,3})?|[Ss]tatus|[Ee]rror|ERROR|[Cc]ode)(?: code)?[ :=]{1,3}(\d{3,6}))\b"
)
_NOT_A_CODE = re.compile(
    r"^(?:CVE|GHSA|INV|PO|SO|RE|RG|CN|ISO|SOC|UTC|GMT|RFC|UTF|SHA|AES|TLS|CSV|EUR|USD|GBP|CHF|KB|MB|GB)[-_]?\d"
)
_ERROR_WORD = re.compile(
    r"error|code|fail|crash|exception|says|shows|displays|wrong|message|alert|fault|cannot|could not|unable", re.I
)
_CALLED_AN_ERROR = re.compile(r"ERR|FAIL|INVALID|DENIED|TIMEOUT|EXCEPTION|UNAUTH|FORBIDDEN|NOT_FOUND|REFUSED|EXPIRED")
_EXCEPTION = re.compile(r"\b[A-Z][A-Za-z0-9]{2,60}(?:Error|Exception)\b")
_STATUS_NAME = (
    r"(?:errors?|forbidden|unauthori[sz]ed|not found|bad gateway|bad request|internal server|too many|service un"
    r"|gateway time|conflict|payload|response|status|method)"
)
_STATUS_AFTER = re.compile(
    rf"(?<![\w.,#-])([45]\d\d)(?= {_STATUS_NAME}"
    r"| (?:on|from|for) (?:all |every |each )?(?:GET|POST|PUT|PATCH|DELETE)\b)",
    re.I,
)
_STATUS_BEFORE = re.compile(
    r"(?<!\w)(?:returns?|returning|returned|gets?|getting|got|throws?|gives?|gave|with|receives?|receiving|received"
    r"|answers?|responds?|shows?|displays?|ends in|(?:is|sees?|saw)(?= an? )|=>|->|→)"
    r" (?:an? |the |http |status |error |code ){0,3}([345]\d\d)"
    r"(?=$|[.,;:!?)\"'\n](?!\d)|\s(?:from|on|when|whenever|for|and|but|or|since|every|all|in|with|again|after|as|at|if"
    r"|instead|though|although|while|now|today|too|error|forbidden)\b)",
    re.I,
)

_PAPER = (
    r"(?:purchase order|credit note|order|invoice|receipt|transaction|booking|quote|reference|bestellung|rechnung|po)"
)
_ORDER = re.compile(
    rf"\b{_PAPER}s?(?=[\s:#])(?P<number>(?: is)? (?:no\b\.?|nr\b\.?|number|num\b\.?|id)(?: is)?)?"
    r"\s?(?P<sign>[:#]|: ?#)?\s?#?"
    r"(?P<value>(?=[\w/-]{0,30}\d)[A-Z0-9](?:[\w/-]{0,29}\w)?)"
    r"(?: and (?P<second>(?=[\w-]{0,30}\d)[A-Z0-9][\w-]{2,30}))?",
    re.I,
)
_PAPER_CODE = re.compile(r"\b(?:INV|PO|SO|ORD|CN|RE|RG)-?(?:\d{4}[-/])?\d{1,12}(?:-\d{1,6})?\b(?!-\w)")
_DATED = re.compile(r"^(?:(?:19|20)\d\d(?:-\d\d-\d\d)?|\d{1,2}[-/]\d{1,2}[-/](?:19|20)?\d\d|\d{1,2}/(?:19|20)\d\d)$")
_UNIT = re.compile(
    r"^(?:[.,]\d|\s?%|\s(?:more|new|extra|additional|licen[cs]es?|seats?|users?|units?|pieces|days?|weeks?|months?|years?|hours?"
    r"|euros?|dollars?|items?|times|people|pages?|rows?)\b)",
    re.I,
)

_ACCOUNT = re.compile(
    r"(?<![\w./@])(?:account|workspace|tenant|organi[sz]ation|org|customer|subscription)"
    r"(?P<named>(?: (?:id|no\.?|number|name))?[ :=#]{1,3})(?P<value>(?=[\w-]{0,40}\d)[\w-]{3,40})",
    re.I,
)
_MAIL_DOMAIN = re.compile(r"(?<![\w.+@/-])[\w.+-]{1,64}@((?:[\w-]{1,63}\.){1,4}[a-z][\w-]{1,62})(?!@)", re.I)
_FREE_MAIL = re.compile(
    r"^(?:gmail|googlemail|outlook|hotmail|live|yahoo|icloud|me|aol|gmx|web|proton|protonmail|mail|yandex)\.\w{2,4}(?:\.\w\w)?$"
)


def codes(text: str) -> Iterator[Finding]:
    """Codes, HTTP statuses and names of exceptions; not papers, norms and amounts."""
    for match in _CODE.finditer(text):
        value = match.group(1) or match.group()
        if match.group(1):
            yield Kind.ERROR_CODE, value, match.span(1), Sure.CERTAIN
            continue
        if _NOT_A_CODE.match(value):
            continue
        said = _CALLED_AN_ERROR.search(value) or value.startswith(("0x", "ECONN"))
        near = sentence_before(text, match.start(), 60) + sentence_after(text, match.end(), 60)
        sure = Sure.CERTAIN if said else Sure.LIKELY if _ERROR_WORD.search(near) else Sure.GUESS
        if sure is Sure.GUESS and value.isalnum() and sum(map(str.isalpha, value)) > 3:
            sure = Sure.LIKELY  # One with a hyphen is rather the key of a ticket, one with "_" the name of a field.
        if sure is not Sure.GUESS:
            yield Kind.ERROR_CODE, value, match.span(), sure
    for match in _EXCEPTION.finditer(text):
        yield Kind.ERROR_CODE, match.group(), match.span(), Sure.CERTAIN
    for pattern in (_STATUS_AFTER, _STATUS_BEFORE):
        for match in pattern.finditer(text):
            yield Kind.ERROR_CODE, match.group(1), match.span(1), Sure.LIKELY


def orders(text: str) -> Iterator[Finding]:
    """Numbers of orders, invoices, receipts and quotes; not quantities, years and dates."""
    for match in _PAPER_CODE.finditer(text):
        yield Kind.ORDER, match.group(), match.span(), Sure.LIKELY
    for match in _ORDER.finditer(text):
        value = match.group("value")
        marked = bool(match.group("number") or match.group("sign") or "#" in match.group())
        plain = value.isdigit()
        if (_DATED.match(value) and not marked) or _UNIT.match(text[match.end("value") : match.end("value") + 14]):
            continue
        if not marked and (len(value) < 4 if plain else not value[:1].isalpha() and "-" not in value):
            continue
        sure = Sure.CERTAIN if marked or not plain else Sure.LIKELY
        yield Kind.ORDER, value.upper(), match.span("value"), sure
        if match.group("second"):
            yield Kind.ORDER, match.group("second").upper(), match.span("second"), sure


def accounts(text: str) -> Iterator[Finding]:
    """Ids of accounts and the domains of mail addresses, in small letters."""
    for match in _ACCOUNT.finditer(text):
        value, named = match.group("value").lower(), match.group("named").strip(" ")
        if not named and value.isdigit() and (len(value) < 4 or _DATED.match(value)):
            continue
        if _UNIT.match(text[match.end() : match.end() + 14]):
            continue
        yield Kind.ACCOUNT, value, match.span("value"), Sure.CERTAIN if named else Sure.LIKELY
    for match in _MAIL_DOMAIN.finditer(text):
        domain = match.group(1).lower()
        yield Kind.MAIL_DOMAIN, domain, match.span(1), Sure.GUESS if _FREE_MAIL.match(domain) else Sure.LIKELY
