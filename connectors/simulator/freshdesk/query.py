"""The query language of `/search/*`: `"priority:>3 AND (tag:'vip' OR cf_area:null)"` (platform notes 2.3). Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Row = Mapping[str, Any]
"""What is compared, by field: a number, a text, a `YYYY-MM-DD` day, a list of texts or None."""
Predicate = Callable[[Row], bool]
LONGEST = 512
TOKEN = re.compile(r"\s*(?:(?P<mark>[()])|(?P<word>AND|OR)\b|(?P<term>\w+:(?:[<>])?(?:'[^']*'|[^\s()']+)))\s*")
TERM = re.compile(r"(\w+):([<>]?)(?:'([^']*)'|(.+))")


class BadQuery(ValueError):
    """The query cannot be read; the text says why."""


def parse(query: str, fields: Mapping[str, str]) -> Predicate:
    """A predicate over rows. `fields` names the kind of each searchable field: number, text, date, flag or tags."""
    text = query.strip()
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        raise BadQuery("The query must be enclosed in double quotes")
    if len(text) - 2 > LONGEST:
        raise BadQuery(f"The query is longer than {LONGEST} characters")
    return _Parser(_tokens(text[1:-1]), fields).whole()


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None or match.end() == at:
            raise BadQuery(f"Cannot read the query from {text[at:][:40]!r}")
        found.append(match["mark"] or match["word"] or match["term"])
        at = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[str], fields: Mapping[str, str]) -> None:
        self._tokens = tokens
        self._fields = fields

    def whole(self) -> Predicate:
        made = self._either()
        if self._tokens:
            raise BadQuery(f"Unexpected {self._tokens[0]!r}")
        return made

    def _either(self) -> Predicate:
        parts = [self._every()]
        while self._tokens and self._tokens[0] == "OR":
            self._tokens.pop(0)
            parts.append(self._every())
        return lambda row: any(part(row) for part in parts)

    def _every(self) -> Predicate:
        parts = [self._one()]
        while self._tokens and self._tokens[0] == "AND":
            self._tokens.pop(0)
            parts.append(self._one())
        return lambda row: all(part(row) for part in parts)

    def _one(self) -> Predicate:
        if not self._tokens:
            raise BadQuery("The query ends too early")
        piece = self._tokens.pop(0)
        if piece == "(":
            inner = self._either()
            if not self._tokens or self._tokens.pop(0) != ")":
                raise BadQuery("A parenthesis is not closed")
            return inner
        match = TERM.fullmatch(piece)
        if match is None:
            raise BadQuery(f"Unexpected {piece!r}")
        return self._comparison(match[1], match[2], match[3], match[4])

    def _comparison(self, name: str, sign: str, quoted: str | None, bare: str | None) -> Predicate:
        kind = self._fields.get(name)
        if kind is None:
            raise BadQuery(f"{name} is not a field that can be searched")
        if bare == "null":
            return lambda row: row.get(name) in (None, [], "")
        wanted = _value(name, kind, quoted, bare)
        if sign and kind not in ("number", "date"):
            raise BadQuery(f"{name} takes no {sign}")
        if sign == ">":
            return lambda row: row.get(name) is not None and row[name] >= wanted
        if sign == "<":
            return lambda row: row.get(name) is not None and row[name] <= wanted
        if kind == "tags":
            return lambda row: wanted in (row.get(name) or [])
        return lambda row: _folded(row.get(name)) == _folded(wanted)


def _value(name: str, kind: str, quoted: str | None, bare: str | None) -> Any:
    """Numbers and flags are bare; texts, tags and days stand in single quotes."""
    if kind == "number" and bare is not None and re.fullmatch(r"-?\d+(\.\d+)?", bare):
        return float(bare) if "." in bare else int(bare)
    if kind == "flag" and bare in ("true", "false"):
        return bare == "true"
    if kind == "date" and quoted is not None and re.fullmatch(r"\d{4}-\d{2}-\d{2}", quoted):
        return quoted
    if kind in ("text", "tags") and quoted is not None:
        return quoted
    raise BadQuery(f"{name} does not take {quoted if quoted is not None else bare!r}")


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value
