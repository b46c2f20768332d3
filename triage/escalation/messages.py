"""From the due steps of many tickets to messages: one mail for each person, one post for each chat channel.

What is due for them at once is listed together, worst first. Pages are never merged: each level of each ladder of a
ticket is one page with a cause of its own, so that it makes an incident of its own, for a pager wakes nobody for an
incident that is open already. A webhook gets every step by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from triage.escalation.mail import html_of, text_of
from triage.escalation.people import Person, Via
from triage.escalation.step import Kind, Step
from triage.escalation.wording import Block, Case, block, named, severity
from triage.messages import Message, Page, PostChat, PostWebhook, SendMail, Severity
from triage.sla.rules import SlaRules
from triage.tickets import Priority

SEND_MAIL, PAGE, POST_CHAT, POST_WEBHOOK = "send_mail", "page", "post_chat", "post_webhook"
SEVERITIES = {
    Priority.P1: Severity.CRITICAL,
    Priority.P2: Severity.ERROR,
    Priority.P3: Severity.WARNING,
    Priority.P4: Severity.INFO,
}
EVENTS = {Kind.REMIND: "reminder", Kind.LATE: "late", Kind.LEVEL: "escalated"}
LISTED = {Via.MAIL: 50, Via.CHAT: 5}
"""Tickets that a message describes; of the rest it names the numbers."""
APART = "\x1f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """That a message tells a person of a step. `person` is None for whoever the pager or webhook has on call."""

    ref: str
    key: str
    person: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message. `kind` is the outbox's; `cause` is the same for the same steps and reader. `priority` is that of the
    worst ticket.
    """

    kind: str
    cause: str
    message: Message
    tells: tuple[Tell, ...]
    priority: Priority | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    case: Case
    step: Step
    person: str | None


def messages(cases: Iterable[Case], rules: SlaRules, now: datetime) -> tuple[Outgoing, ...]:
    """In the order worst first. The same steps in any order make the same messages."""
    together: dict[tuple[Via, str], list[_Item]] = {}
    alone: dict[tuple[Via, str, str], list[_Item]] = {}
    for case in cases:
        for step in case.due:
            for each in step.reached:
                item = _Item(case=case, step=step, person=each.person)
                for via in each.by:
                    address = _address(rules.escalation.people, each.person, via)
                    if address:
                        together.setdefault((via, address), []).append(item)
                    elif via in (Via.PAGE, Via.WEBHOOK):
                        alone.setdefault((via, case.ref, step.key), []).append(item)
    found = [_merged(via, address, items, rules, now) for (via, address), items in together.items()]
    found += [_single(via, items, rules, now) for (via, _, _), items in alone.items()]
    return tuple(sorted(found, key=lambda each: (_worst(each.priority), each.kind != PAGE, each.cause)))


def page_cause(ref: str, key: str) -> str:
    """The cause of the page for a step, by which it can be acknowledged or resolved."""
    return APART.join((PAGE, ref, key))


def _merged(via: Via, address: str, items: list[_Item], rules: SlaRules, now: datetime) -> Outgoing:
    people = dict.fromkeys(item.person for item in items)
    reader = _person(rules, next(iter(people))) if len(people) == 1 else None
    by_case: dict[str, list[_Item]] = {}
    for item in items:
        by_case.setdefault(item.case.ref, []).append(item)
    ordered = sorted(by_case.values(), key=_badness)
    blocks = [
        block(
            each[0].case,
            list(dict.fromkeys(item.step for item in each)),
            rules,
            now,
            reader=reader,
            taker=reader.id if reader else "",
            way=via.value,
        )
        for each in ordered[: LISTED[via]]
    ]
    rest = _rest([each[0].case.ref for each in ordered[LISTED[via] :]])
    subject = _subject(blocks, [min((item.step for item in each), key=severity) for each in ordered])
    message: Message
    if via is Via.MAIL:
        message = SendMail(
            to=address,
            subject=subject,
            text=text_of(blocks, rest),
            html=html_of(subject, blocks, rest),
            kind="escalation",
        )
    else:
        message = _post(address, subject, blocks, rest)
    kind = SEND_MAIL if via is Via.MAIL else POST_CHAT
    keys = sorted({f"{item.case.ref}/{item.step.key}" for item in items})
    return Outgoing(
        kind=kind,
        cause=APART.join((kind, address, *keys)),
        message=message,
        tells=_tells(items),
        priority=min((each[0].case.priority for each in ordered), key=_worst),
    )


def _single(via: Via, items: list[_Item], rules: SlaRules, now: datetime) -> Outgoing:
    case, step = items[0].case, items[0].step
    people = [item.person for item in items if item.person]
    # The pager may wake somebody else than our rotation names, and a webhook is read by programs: nobody is "you".
    said = block(
        case,
        [step],
        rules,
        now,
        reader=None,
        taker=people[0] if len(people) == 1 else "",
        way=via.value if via is Via.PAGE else None,
    )
    details = {"ticket": case.title, "told": named(people, rules, None) if people else "Whoever is on call"}
    message: Message
    if via is Via.PAGE:
        message = Page(
            # Lists show it: what and which, nothing personal.
            summary=f"{_first(said)}. Ticket {case.ref}, level {step.level or 1}.",
            severity=SEVERITIES.get(case.priority, Severity.WARNING) if case.priority else Severity.WARNING,
            source=f"ticket {case.ref}",
            details=details | {"about": " ".join(said.lines)},
            links=said.links,
            tickets=(case.ref,),
        )
        kind, cause = PAGE, page_cause(case.ref, step.key)
    else:
        message = PostWebhook(
            event=EVENTS[step.kind],
            subject=case.title,
            text=" ".join((*said.headlines, *said.lines)),
            at=step.at.isoformat(),
            tickets=(case.ref,),
            links=said.links,
            details=details | _facts(case, step),
        )
        kind, cause = POST_WEBHOOK, APART.join((POST_WEBHOOK, case.ref, step.key))
    return Outgoing(kind=kind, cause=cause, message=message, tells=_tells(items), priority=case.priority)


def _post(channel: str, subject: str, blocks: list[Block], rest: str) -> PostChat:
    """One ticket has two buttons; of several each button says whose it is."""
    texts = ["\n".join((*each.headlines, each.title, *each.lines)) for each in blocks]
    if len(blocks) == 1:
        return PostChat(channel=channel, text="\n\n".join([*texts, *([rest] if rest else [])]), links=blocks[0].links)
    links = tuple((address, f"{text} #{each.ref}") for each in blocks for address, text in each.links)
    return PostChat(channel=channel, text="\n\n".join([f"{subject}.", *texts, *([rest] if rest else [])]), links=links)


def _subject(blocks: list[Block], worst: list[Step]) -> str:
    """`worst` are the worst steps of all tickets."""
    if len(worst) == 1:
        return f"{_first(blocks[0])}: {blocks[0].title}"
    soon = sum(each.kind is Kind.REMIND for each in worst)
    urgent = sum(each.metric is None for each in worst)
    counts = ((urgent, "urgent"), (len(worst) - soon - urgent, "late"), (soon, "due soon"))
    return f"{len(worst)} tickets: {', '.join(f'{count} {what}' for count, what in counts if count)}"


def _first(said: Block) -> str:
    """What is the matter, without whom it was escalated to."""
    return said.headlines[0].split(". ")[0].rstrip(".")


def _rest(refs: list[str]) -> str:
    if not refs:
        return ""
    return f"And {len(refs)} more: {', '.join(f'#{ref}' for ref in refs)}."


def _facts(case: Case, step: Step) -> dict[str, str]:
    """For programs."""
    found = {
        "key": step.key,
        "metric": step.metric.value if step.metric else "",
        "priority": case.priority.value if case.priority else "",
        "level": str(step.level or ""),
        "share": f"{step.share:g}" if step.share is not None else "",
    }
    return {name: value for name, value in found.items() if value}


def _address(people: Mapping[str, Person], person: str | None, via: Via) -> str:
    """The mail address or channel; nothing where the way has an address of its own."""
    known = people.get(person) if person is not None else None
    if known is None or via not in LISTED:
        return ""
    return known.email if via is Via.MAIL else known.chat


def _person(rules: SlaRules, person: str | None) -> Person | None:
    return rules.escalation.people.get(person) if person is not None else None


def _tells(items: Iterable[_Item]) -> tuple[Tell, ...]:
    found = {Tell(ref=item.case.ref, key=item.step.key, person=item.person) for item in items}
    return tuple(sorted(found, key=lambda each: (each.ref, each.key, each.person or "")))


def _badness(items: list[_Item]) -> tuple[object, ...]:
    case = items[0].case
    worst = min((item.step for item in items), key=severity)
    return worst.kind is Kind.REMIND, _worst(case.priority), severity(worst), case.ref


def _worst(priority: Priority | None) -> str:
    return priority.value if priority else "~"
