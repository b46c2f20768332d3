"""All that the words of one ticket say before any model reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from triage.language import Language, detect
from triage.metadata.deadlines import deadlines
from triage.metadata.found import Finding, Found, Kind, Part, blanked, kept
from triage.metadata.numbers import accounts, codes, orders
from triage.metadata.people import people
from triage.metadata.software import software, versions
from triage.metadata.terms import Scores, areas, clear, severities
from triage.metadata.urls import urls
from triage.taxonomy import Taxonomy
from triage.text import Prepared, prepare
from triage.tickets import Priority, Ticket

LOGS_READ, QUOTED_READ, SIGNATURE_READ = 4_000, 4_000, 1_000  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What the words of one ticket say.

    `area` is the product area the terms clearly speak for, else None; `area_scores` has every area with a hit, best
    first. `severity` is the highest level whose phrases were found; `severity_phrases` are verbatim pieces of `text`,
    worst first. `found` are the findings with their places, those of `text` first. `prepared` has the mail's parts.
    """

    prepared: Prepared
    language: Language
    area: str | None
    area_scores: Scores
    severity: Priority | None
    severity_phrases: tuple[str, ...]
    found: tuple[Found, ...]

    @property
    def text(self) -> str:
        """Subject and cleaned body: what the classifier reads."""
        return self.prepared.text

    @property
    def unreadable(self) -> str | None:
        """Why there is nothing to read, in a sentence; None where there is."""
        return self.prepared.unreadable

    def values(self, *kinds: Kind) -> tuple[str, ...]:
        """The values found of these kinds, kind by kind, each once."""
        found = (one.value for kind in kinds for one in self.found if one.kind is kind and one.value)
        return tuple(dict.fromkeys(found))

    @property
    def account_hints(self) -> tuple[str, ...]:
        """Account ids, then mail domains."""
        return self.values(Kind.ACCOUNT, Kind.MAIL_DOMAIN)[:5]

    @property
    def error_codes(self) -> tuple[str, ...]:
        return self.values(Kind.ERROR_CODE)[:8]


def extract(
    ticket: Ticket, taxonomy: Taxonomy, *, written: datetime | None = None, attachments: Sequence[str] = ()
) -> Metadata:
    """Read the ticket's subject and description; at most READ_LIMIT characters.

    Deadlines count from `written`, in its time zone; without it, from when the ticket was made. `attachments` are the
    names of the files that came with it.
    """
    prepared = prepare(ticket.subject, ticket.description, attachments)
    text = prepared.text
    scores, area_hits = areas(prepared.subject, text, taxonomy)
    severity, phrases, severity_hits = severities(text, taxonomy)
    by_part = (
        (Part.TEXT, text, (*area_hits, *severity_hits, *said(text, written or ticket.created_at))),
        (Part.LOGS, logs := prepared.logs[:LOGS_READ], _logged(logs)),
        (Part.SIGNATURE, signature := prepared.signature[:SIGNATURE_READ], accounts(signature)),
        (Part.QUOTED, quoted := prepared.quoted[:QUOTED_READ], (*accounts(quoted), *orders(quoted))),
    )
    found: dict[tuple[Kind, str], list[Found]] = {}
    for part, piece, findings in by_part:
        for one in kept(piece, findings, part):
            same = found.setdefault((one.kind, one.value.lower()), [])
            if part is Part.TEXT or not same:
                same.append(one)
    return Metadata(
        prepared=prepared,
        language=detect(text),
        area=clear(scores),
        area_scores=scores,
        severity=severity,
        severity_phrases=phrases,
        found=tuple(one for same in found.values() for one in same),
    )


def said(text: str, written: datetime) -> Iterator[Finding]:
    """Everything that the requester's own words say, but for the taxonomy's terms."""
    addresses = list(urls(text))
    yield from (finding for finding, _ in addresses)
    prose = blanked(text, (span for _, span in addresses))
    numbers = [*accounts(prose), *orders(prose)]
    yield from numbers
    taken = {value.lower() for _, value, _, _ in numbers}
    yield from (finding for finding in codes(prose) if finding[1].lower() not in taken)
    yield from software(prose)
    yield from people(prose)
    yield from deadlines(prose, written)


def _logged(logs: str) -> Iterator[Finding]:
    """What a log says of the software: codes, versions, addresses."""
    addresses = list(urls(logs))
    yield from (finding for finding, _ in addresses)
    prose = blanked(logs, (span for _, span in addresses))
    yield from codes(prose)
    yield from versions(prose)
