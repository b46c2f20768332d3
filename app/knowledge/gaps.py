"""What customers ask and no article answers: found once a night, drafted when somebody asks for it."""

from __future__ import annotations

from app.bootstrap import Deps
from app.knowledge.rules import rules_for
from connectors.base import Helpdesk, read_or_none
from connectors.errors import NotFound
from connectors.store.gaps import Counts, StoredGap
from triage.drafts import Solved, outline
from triage.drafts_personal import FREE_MAIL
from triage.drafts_text import as_markdown
from triage.gaps import SPAN
from triage.sla.log import Event, StatusSet, once
from triage.tickets import Comment, Requester, Status, Ticket

READ = 8
"""Solved tickets a draft is made from."""
LOOKED_AT = 16
"""Tickets that are asked for at most, to find so many solved ones."""
SOLVED = (Status.SOLVED, Status.CLOSED)
STAFF = ("agent", "admin")


class NoSuchGap(LookupError):
    """The tenant has no gap of that number."""


class NothingToRead(Exception):
    """A draft cannot be made yet; the text says why."""


def find(deps: Deps, tenant: str) -> Counts:
    """Find the gaps of the last four weeks, and keep them with what was known of them. Reads the database only; doing
    it twice changes nothing.
    """
    # Here, because only a worker clusters, and what it needs takes long to import.
    from triage.gap_finding import gaps, weighed

    store, now = deps.store, deps.now()
    since, oldest = now - 2 * SPAN, store.gaps.searched_since(tenant)
    asked = store.gaps.unanswered(
        tenant,
        since=since,
        under=rules_for(store, tenant).gap_under,
        # A ticket nobody searched for is unanswered only where there is nothing to find.
        with_unsearched=not store.articles.sources(tenant),
    )
    found = gaps(asked, now=now, knows_before=oldest is not None and oldest <= now - SPAN)
    logs = store.ticket_log.read_many(tenant, sorted({ref for each in found for ref in each.tickets}))
    with store.database.write() as transaction:
        return store.gaps.replace_in(transaction, tenant, weighed(found, logs), now=now)


def draft(
    deps: Deps, tenant: str, gap_id: int, *, author: str | None = None, by: str | None = None, again: bool = False
) -> StoredGap:
    """The gap with its draft, in the queue of `author`, or of who owns its area. One there already is returned as it
    is, unless it is to be made `again`.

    Raises `NoSuchGap`, `NothingToRead`, and what reading from the helpdesk raises: a `RateLimited` says when to come
    back, and then nothing was changed.
    """
    store = deps.store
    known = _known(deps, tenant, gap_id)
    if known.draft is not None and not again:
        return known
    solved = _solved(deps, tenant, known.gap.tickets)
    if not solved:
        raise NothingToRead(
            "None of its tickets is solved with a public reply by an agent, so there is nothing to draft from."
        )
    area = known.gap.product_area
    chosen = author or known.author or rules_for(store, tenant).owner_for((area,) if area else ())
    written = as_markdown(outline(known.gap.title, solved))
    store.gaps.set_draft(tenant, gap_id, written, author=chosen, by=by, now=deps.now())
    return _known(deps, tenant, gap_id)


def _known(deps: Deps, tenant: str, gap_id: int) -> StoredGap:
    found = deps.store.gaps.get(tenant, gap_id)
    if found is None:
        raise NoSuchGap(f"There is no gap {gap_id}. `deskhand kb gaps list` names those there are.")
    return found


def _solved(deps: Deps, tenant: str, refs: tuple[str, ...]) -> list[Solved]:
    """The most typical solved tickets with what agents answered."""
    logs = deps.store.ticket_log.read_many(tenant, refs)
    helpdesk = deps.helpdesk(tenant, urgent=True)
    ours = deps.store.tenants.connection(tenant).actor_id
    people: dict[str, Requester | None] = {}
    found: list[Solved] = []
    for ref in [ref for ref in refs if _last_status(logs[ref]) in (None, *SOLVED)][:LOOKED_AT]:
        if len(found) == READ:
            break
        try:
            ticket = helpdesk.ticket(ref)
            comments = helpdesk.comments(ref) if ticket.status in SOLVED else ()
        except NotFound:
            continue
        each = _read(helpdesk, ticket, comments, ours, people)
        if each.replies:
            found.append(each)
    return found


def _read(
    helpdesk: Helpdesk,
    ticket: Ticket,
    comments: tuple[Comment, ...],
    ours: str | None,
    people: dict[str, Requester | None],
) -> Solved:
    """`people` are those who were asked for already, as they are on other tickets too."""
    authors = {each.author_id for each in comments if each.author_id is not None} - {ticket.requester_id}
    for author in sorted(authors - people.keys()):
        people[author] = read_or_none(helpdesk.agent, author)
    requester = ticket.requester_id
    if comments and requester is not None and requester not in people:
        people[requester] = read_or_none(helpdesk.requester, requester)
    staff = {author for author in authors - {ours} if (known := people[author]) is not None and known.role in STAFF}
    return Solved(
        ref=ticket.ref,
        person=requester or f"ticket {ticket.ref}",
        subject=ticket.subject,
        question=ticket.description,
        # The first is the description, also where an agent wrote it down for somebody.
        replies=tuple(each.body for each in comments[1:] if each.public and each.author_id in staff),
        names=frozenset(
            name
            for author in {*authors, requester}
            if author and (known := people.get(author))
            for name in _names(known)
        ),
    )


def _names(person: Requester) -> list[str]:
    """What a person and their company may be called: the name, and the mail address without its provider's."""
    local, _, domain = (person.email or "").partition("@")
    company = domain.rpartition(".")[0].rpartition(".")[2]
    return [person.name, local, *([company] if company not in FREE_MAIL else [])]


def _last_status(log: tuple[Event, ...]) -> Status | None:
    """None where nothing is known."""
    statuses = [event.status for event in once(log) if isinstance(event, StatusSet)]
    return statuses[-1] if statuses else None
