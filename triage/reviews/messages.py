"""Mails to the owners of articles that are to be checked: one for each owner and occasion, however many articles."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from triage.escalation.mail import ACCENT, DARK, FONT, LINE, MUTED, TEXT
from triage.escalation.people import Person
from triage.hours.schedule import zone
from triage.messages import SendMail
from triage.reviews.course import Occasion, Step

LISTED = 50
"""Articles that a mail names; of the rest it says how many they are."""
KIND = "article review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One review that an owner is told of. `url` is the article's own address."""

    review_id: int
    step: Step
    title: str
    locale: str
    why: str
    due_at: datetime
    edited: bool = False
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One mail; `cause` is the same for the same owner and the same tellings."""

    cause: str
    mail: SendMail


def reachable(owner: str | None, people: Mapping[str, Person]) -> Person | None:
    """Whoever a mail to this owner goes to: a person of the service-level rules, or a mail address by itself."""
    if owner is None:
        return None
    if "@" in owner:
        return Person(id=owner, name=owner, email=owner)
    person = people.get(owner)
    return person if person is not None and person.email else None


def mails(owner: str, person: Person, items: Sequence[Item], queue_url: str) -> tuple[Told, ...]:
    """What one owner is told now: a mail for each occasion, the review queue being at `queue_url`."""
    found = []
    for occasion in Occasion:
        some = sorted(
            (each for each in items if each.step.occasion is occasion),
            key=lambda each: (each.due_at, each.title, each.review_id),
        )
        if some:
            numbers = ",".join(sorted(f"{each.review_id}.{each.step.number}" for each in some))
            named = hashlib.sha256(f"{owner}\x1f{numbers}".encode()).hexdigest()[:32]
            found.append(Told(cause=f"reviews:{occasion.value}:{named}", mail=_mail(person, occasion, some, queue_url)))
    return tuple(found)


def _mail(person: Person, occasion: Occasion, items: Sequence[Item], queue_url: str) -> SendMail:
    count = "1 article" if len(items) == 1 else f"{len(items)} articles"
    match occasion:
        case Occasion.OPENED:
            subject = f"{count} to check by {_day(items[0].due_at, person)}"
            intro = "These articles may be wrong now. Say that each is still right, or mend it."
        case Occasion.SOON:
            subject = f"Still to check by {_day(items[0].due_at, person)}: {count}"
            intro = "These articles are due for a check soon."
        case Occasion.LATE:
            subject = f"Check overdue: {count}"
            intro = "The check of these articles is overdue. They are suggested less, and carry a warning."
    rest = f"And {len(items) - LISTED} more in the review queue." if len(items) > LISTED else ""
    shown = [(each, _lines(each, person)) for each in items[:LISTED]]
    text = [intro, "", *(line for each, lines in shown for line in (_titled(each), *lines, each.url or "", ""))]
    text += [rest, ""] if rest else []
    return SendMail(
        to=person.email,
        subject=subject,
        text="\n".join([*text, f"The review queue: {queue_url}", ""]),
        kind=KIND,
        html=_html(subject, intro, shown, rest, queue_url),
    )


def _titled(item: Item) -> str:
    return f"{item.title} ({item.locale})"


def _lines(item: Item, person: Person) -> list[str]:
    lines = [item.why, f"Due {_day(item.due_at, person)}."]
    return [*lines, "Edited since: say that it is right now."] if item.edited else lines


def _day(at: datetime, person: Person) -> str:
    here = at.astimezone(zone(person.time_zone))
    return f"{here.day} {here:%B %Y}"


def _html(subject: str, intro: str, shown: Sequence[tuple[Item, list[str]]], rest: str, queue_url: str) -> str:
    style = f"{FONT};font-size:14px;line-height:21px"
    blocks = "".join(_block(each, lines, style) for each, lines in shown)
    more = f'<p class="mu" style="margin:18px 0 0;color:{MUTED};{style};">{escape(rest)}</p>' if rest else ""
    button = (
        f'<a class="bt" href="{escape(queue_url, quote=True)}" style="display:inline-block;margin:18px 0 0;'
        f"padding:12px 20px;border-radius:6px;background:{ACCENT};color:#ffffff;text-decoration:none;font-weight:600;"
        f'{style};">Open the review queue</a>'
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">'
        f"<title>{escape(subject)}</title><style>{DARK}</style></head>"
        '<body class="bg" style="margin:0;padding:20px 0;background:#f6f7f8;"><div role="main" class="cd" '
        'style="max-width:552px;margin:0 auto;padding:24px;background:#ffffff;">'
        f'<p class="tx" style="margin:0;color:{TEXT};{style};font-weight:600;">Deskhand</p>'
        f'<p class="tx" style="margin:12px 0 0;color:{TEXT};{style};">{escape(intro)}</p>{blocks}{more}{button}'
        "</div></body></html>"
    )


def _block(item: Item, lines: Sequence[str], style: str) -> str:
    title = escape(_titled(item))
    if item.url:
        title = f'<a class="ac" href="{escape(item.url, quote=True)}" style="color:{ACCENT};">{title}</a>'
    told = "".join(f'<p class="mu" style="margin:0;color:{MUTED};{style};">{escape(line)}</p>' for line in lines)
    return (
        f'<div class="ln" style="margin:18px 0 0;padding:18px 0 0;border-top:1px solid {LINE};">'
        f'<p class="tx" style="margin:0;color:{TEXT};{style};font-weight:600;">{title}</p>{told}</div>'
    )
