"""The outline of an article, put together from what agents told customers who asked the same. Nothing is invented:
every line stands word for word in a message of a ticket that is named with it.

A step or a link is taken when replies on at least two tickets have it. Greetings, signatures and quoted mails go first;
then every line with something personal in it is left out rather than mended. See `triage.drafts_personal`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from triage.drafts_personal import Shared, is_personal
from triage.drafts_reading import Said, commands_of, is_step, lines_of, questions_of, signature_of, words_of
from triage.metadata.urls import HIDDEN, urls

Allows = Callable[[str], bool]

ALIKE = 0.5
"""The share of two lines' words, of all that either has, that makes them one step in two wordings."""
LEAST_TICKETS = 2
MOST_QUESTIONS, MOST_STEPS, MOST_LINKS, MOST_COMMANDS = 5, 20, 8, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """A solved ticket: what was asked, what agents answered in public, and the names of all who took part.

    `person` is any name for whoever asked.
    """

    ref: str
    person: str
    subject: str
    question: str
    replies: tuple[str, ...]
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Line:
    """Words of a message, and the tickets in which they, or words alike, were written; the first has these."""

    text: str
    refs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. Several `ways` are what replies disagree about: all are shown."""

    ways: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """`read` are the tickets it was made from."""

    title: str
    questions: tuple[Line, ...] = ()
    steps: tuple[Step, ...] = ()
    links: tuple[Line, ...] = ()
    commands: tuple[Line, ...] = ()
    read: tuple[str, ...] = ()


def outline(title: str, solved: Sequence[Solved]) -> Outline:
    """The same tickets give the same outline, in whatever order they come."""
    tickets = sorted({each.ref: each for each in solved}.values(), key=lambda each: (len(each.ref), each.ref))
    shared = Shared.of((each.person, (each.subject, each.question, *each.replies)) for each in tickets)
    said = [line for each in tickets for line in lines_of(each.ref, each.replies)]
    names = frozenset(name for each in tickets for name in each.names)

    def may_stay(text: str) -> bool:
        return not is_personal(text, names, shared)

    return Outline(
        title=title,
        questions=_questions(tickets, may_stay),
        steps=_steps([each for each in said if is_step(each)], may_stay),
        links=_often([(url, each.ref) for each in tickets for url in _links(each.replies)], MOST_LINKS, may_stay),
        commands=_often(
            [(found, each.ref) for each in tickets for reply in each.replies for found in commands_of(reply)],
            MOST_COMMANDS,
            may_stay,
        ),
        read=tuple(each.ref for each in tickets),
    )


def _questions(tickets: Sequence[Solved], may_stay: Allows) -> tuple[Line, ...]:
    """One of each ticket, no two alike, in the order of how many ask the same."""
    asked = [Said(each.ref, text, 0.0) for each in tickets for text in questions_of(each.subject, each.question)]
    groups = _groups([each for each in asked if may_stay(each.text)])
    groups.sort(key=lambda group: -len({each.ref for each in group}))
    return tuple(Line(group[0].text, _refs(group)) for group in groups[:MOST_QUESTIONS])


def _steps(said: Sequence[Said], may_stay: Allows) -> tuple[Step, ...]:
    found: list[tuple[float, Step]] = []
    for group in _groups(said):
        if len({each.ref for each in group}) < LEAST_TICKETS:
            continue
        ways: list[tuple[int, Line]] = []
        for signature in sorted({signature_of(each.text) for each in group}):
            same = [each for each in group if signature_of(each.text) == signature]
            told = [each for each in same if may_stay(each.text)]
            if told:
                best = max(told, key=lambda each: (_likeness(each, same), -len(each.text), each.ref, each.text))
                refs = tuple(dict.fromkeys([best.ref, *_refs(same)]))
                ways.append((-len(refs), Line(best.text, refs)))
        if ways:
            place = sum(each.place for each in group) / len(group)
            found.append((place, Step(tuple(line for _, line in sorted(ways, key=lambda way: way[0])))))
    often = sorted(found, key=lambda each: -len({ref for way in each[1].ways for ref in way.refs}))[:MOST_STEPS]
    return tuple(step for _, step in sorted(often, key=lambda each: each[0]))


def _groups(said: Sequence[Said]) -> list[list[Said]]:
    """Lines alike: each joins the first group whose first line has most of its words."""
    groups: list[list[Said]] = []
    for each in said:
        for group in groups:
            if _alike(words_of(group[0].text), words_of(each.text)) >= ALIKE:
                group.append(each)
                break
        else:
            groups.append([each])
    return groups


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(len(one | other), 1)


def _likeness(line: Said, others: Sequence[Said]) -> float:
    return round(sum(_alike(words_of(line.text), words_of(other.text)) for other in others) / len(others), 6)


def _refs(group: Sequence[Said]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.ref for each in group))


def _links(replies: Sequence[str]) -> list[str]:
    """Addresses without anything in them that might let somebody in."""
    found = []
    for reply in replies:
        for (_, value, _, _), (start, end) in urls(reply):
            written = reply[start:end]
            if HIDDEN not in value and written.lower().startswith(("https://", "http://")):
                found.append(written)
    return found


def _often(found: Sequence[tuple[str, str]], most: int, may_stay: Allows) -> tuple[Line, ...]:
    """What stands in replies on at least two tickets, the most frequent first."""
    refs: dict[str, list[str]] = {}
    for text, ref in dict.fromkeys(found):
        refs.setdefault(text, []).append(ref)
    counted = Counter({text: len(of) for text, of in refs.items() if len(of) >= LEAST_TICKETS and may_stay(text)})
    return tuple(Line(text, tuple(refs[text])) for text, _ in counted.most_common(most))
