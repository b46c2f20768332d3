"""What the pages about gaps need: the store's, and for a draft the helpdesk's solved tickets."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from app.admin.knowledge_articles_model import NotHere, Refused
from app.admin.knowledge_model import GapPage, GapRow
from app.admin.triage_model import Place
from app.console_about import Owners, area_names
from app.console_articles import ticket_url
from app.console_connect import ConnectService
from app.knowledge import gaps
from connectors.errors import ConnectorError
from connectors.store.gaps import StoredGap
from triage.gaps import State
from triage.knowledge_reading import KnowledgeRulesError
from triage.sla.log import Event, StatusSet, once

MOST_GAPS, MOST_ASKED = 20, 30
"""Gaps that are listed, and the tickets of each whose state is looked up."""


class GapsService(ConnectService):
    """Implements the gaps of `app.admin.knowledge_model.KnowledgeDeps`."""

    def gap_rows(self, tenant: str, owners: Owners) -> tuple[tuple[GapRow, ...], int]:
        """Those to be looked at, the greatest burden first, and how many there are in all."""
        found = self.store.gaps.open(tenant)
        return self._gap_rows(tenant, found[:MOST_GAPS], owners), len(found)

    def gap_page(self, tenant: str, gap: int) -> GapPage:
        summary, found = self.connected(tenant), self._kept_gap(tenant, gap)
        [row] = self._gap_rows(tenant, [found], Owners.of(self.store, tenant)[0])
        return GapPage(
            desk=Place(id=tenant, name=summary.name),
            row=row,
            words=found.gap.words,
            tickets=found.gap.tickets,
            ticket_url=ticket_url(summary),
            last_at=found.gap.last_at,
            is_open=found.state in (State.OPEN, State.DRAFTED),
            draft=found.draft,
            changed_by=found.changed_by or "",
            changed_at=found.changed_at,
        )

    def draft_gap(self, tenant: str, gap: int, *, by: str, again: bool) -> None:
        self.connected(tenant)
        try:
            gaps.draft(self.deps, tenant, gap, by=by, again=again)
        except gaps.NoSuchGap as error:
            raise _gone() from error
        except (gaps.NothingToRead, KnowledgeRulesError) as error:
            raise Refused(str(error)) from error
        except ConnectorError as error:
            raise Refused(f"The helpdesk did not tell what agents answered: {error} Try again in a minute.") from error

    def dismiss_gap(self, tenant: str, gap: int, *, by: str) -> None:
        self.connected(tenant)
        if not self.store.gaps.dismiss(tenant, gap, by=by, now=self.deps.now()):
            raise _gone()

    def reopen_gap(self, tenant: str, gap: int, *, by: str) -> None:
        self.connected(tenant)
        if not self.store.gaps.reopen(tenant, gap, by=by, now=self.deps.now()):
            raise _gone()

    def _kept_gap(self, tenant: str, gap: int) -> StoredGap:
        found = self.store.gaps.get(tenant, gap)
        if found is None:
            raise _gone()
        return found

    def _gap_rows(self, tenant: str, found: Sequence[StoredGap], owners: Owners) -> tuple[GapRow, ...]:
        asked = sorted({ref for each in found for ref in each.gap.tickets[:MOST_ASKED]})
        logs = self.store.ticket_log.read_many(tenant, asked)
        return tuple(
            GapRow(
                id=each.id,
                title=each.gap.title,
                tickets=len(each.gap.tickets),
                replies=each.gap.replies,
                area=area_names().get(each.gap.product_area or "", ""),
                draft_from=_solved([logs.get(ref, ()) for ref in each.gap.tickets[:MOST_ASKED]]),
                has_draft=each.draft is not None,
                author=owners.named(each.author).name if each.author else "",
            )
            for each in found
        )


def _solved(logs: Collection[tuple[Event, ...]]) -> int | None:
    """How many tickets a draft would be made from; None where that is only known once the helpdesk was asked."""
    last = [[event.status for event in once(log) if isinstance(event, StatusSet)][-1:] for log in logs]
    solved = sum(status[0] in gaps.SOLVED for status in last if status)
    return min(solved, gaps.READ) if solved or all(last) else None


def _gone() -> NotHere:
    return NotHere("There is no such gap here. Nobody may ask about it any more.")
