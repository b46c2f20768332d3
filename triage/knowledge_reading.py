"""From what an admin writes to `KnowledgeRules`: every problem at once, each with its place and the way out.

What is not written is as in the shipped rules.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from triage.knowledge_rules import KnowledgeRules
from triage.search.query import Synonyms
from triage.sla.reading.node import Node, said, way_out

FORMAT = 1
LONGEST_DAYS = 3650.0
MOST_REMINDERS = 50
MOST_GROUPS, MOST_PHRASES, LONGEST_PHRASE = 1000, 20, 100
LONGEST_OWNER = 200
REVIEW = ("within_days", "remind_before_days", "remind_every_days", "reminders", "check_every_days")
SUGGESTIONS = ("shown_from", "gap_under")


class KnowledgeRulesError(ValueError):
    """The rules cannot be used. `problems` are all of them, each with its place and the way out."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("The knowledge rules have problems:\n" + "\n".join(f"- {each}" for each in self.problems))


def rules_from(mapping: Mapping[str, Any], *, version: str, areas: Collection[str]) -> KnowledgeRules:
    """The rules that YAML or JSON holds; `areas` are the keys of the product areas there are.

    Raises `KnowledgeRulesError` with every problem at once.
    """
    found: list[str] = []
    node = Node(mapping, "", found)
    if not node.has(("version", "owners", "owner", "review", "suggestions", "synonyms")):
        raise KnowledgeRulesError(found)
    if node.at("version").value not in (None, FORMAT):
        node.at("version").wrong(f"there is only format {FORMAT} of these rules. Write {FORMAT}, or leave it out.")
    review, suggestions = _part(node, "review", REVIEW), _part(node, "suggestions", SUGGESTIONS)
    within, before = review.at("within_days"), review.at("remind_before_days")
    rules = KnowledgeRules(
        version=version,
        owners=_owners(node.at("owners"), areas),
        owner=_owner(node.at("owner")) if node.at("owner").is_given else None,
        review_within=_days(within, 10),
        remind_before=_days(before, 2, least=0),
        remind_every=_days(review.at("remind_every_days"), 7),
        reminders=int(_number(review.at("reminders"), 3, most=MOST_REMINDERS, whole=True)),
        check_every=_days(review.at("check_every_days"), 365, least=0),
        shown_from=_number(suggestions.at("shown_from"), 0.15, most=1),
        gap_under=_number(suggestions.at("gap_under"), 0.15, most=1),
        synonyms=Synonyms(_synonyms(node.at("synonyms"))),
    )
    if not found and rules.remind_before >= rules.review_within:
        before.wrong("is not shorter than `within_days`. Shorten it: a reminder comes after the review was opened.")
    if found:
        raise KnowledgeRulesError(found)
    return rules


def _part(node: Node, key: str, known: tuple[str, ...]) -> Node:
    """What stands under the key; nothing where that cannot be read."""
    part = node.at(key)
    return part if part.is_given and part.has(known) else Node(None, part.place, part.problems)


def _owners(node: Node, areas: Collection[str]) -> dict[str, str]:
    found = {}
    for area, owner in node.entries():
        if area not in areas:
            owner.wrong(f"there is no product area {said(area)}. {way_out(area, areas)}")
        found[area] = _owner(owner)
    return found


def _owner(node: Node) -> str:
    """A person's key or a mail address. Whether there is such a person is known only when they are told."""
    name = node.text()
    if len(name) > LONGEST_OWNER:
        node.wrong(f"is longer than {LONGEST_OWNER} letters. Write a person's key, or a mail address.")
    if "@" in name and not is_mail_address(name):
        node.wrong(f"{said(name)} is no mail address.")
    return name


def is_mail_address(text: str) -> bool:
    local, _, domain = text.partition("@")
    return bool(local) and bool(domain) and "@" not in domain and text.isprintable() and " " not in text


def _days(node: Node, default: float, *, least: float = 1 / 86_400) -> timedelta:
    return timedelta(days=_number(node, default, least=least, most=LONGEST_DAYS))


def _number(node: Node, default: float, *, least: float = 0, most: float, whole: bool = False) -> float:
    value = node.value
    if value is None:
        return default
    kind = "a whole number" if whole else "a number"
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or not math.isfinite(value):
        node.wrong(f"expected {kind}, found {said(value)}.")
        return default
    if not least <= value <= most:
        lowest = "more than 0" if 0 < least < 1 else f"at least {least:g}"
        node.wrong(f"is {value:g}. Write {kind} that is {lowest} and at most {most:g}.")
        return default
    return value


def _synonyms(node: Node) -> tuple[tuple[str, ...], ...]:
    groups = list(node.rows())
    if len(groups) > MOST_GROUPS:
        node.wrong(f"are {len(groups)} groups. At most {MOST_GROUPS} are read.")
    return tuple(_group(each) for each in groups[:MOST_GROUPS])


def _group(node: Node) -> tuple[str, ...]:
    if not isinstance(node.value, list | tuple):
        node.wrong(
            f"expected a list of words that mean the same, found {said(node.value)}. Write [SSO, single sign-on]."
        )
        return ()
    phrases = node.texts()
    if len(phrases) < 2:
        node.wrong("has fewer than two different words. Write at least two that mean the same, or remove it.")
    if len(phrases) > MOST_PHRASES:
        node.wrong(f"has {len(phrases)} words. At most {MOST_PHRASES} can mean the same.")
    for phrase in phrases:
        if len(phrase) > LONGEST_PHRASE or not any(letter.isalnum() for letter in phrase):
            node.wrong(f"{said(phrase)} is no word to search for. Write up to {LONGEST_PHRASE} letters.")
    return phrases
