"""How a tenant keeps its articles right: who owns them, when they are checked again, and its own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from triage.search.query import Synonyms


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeRules:
    """`owners` maps a product area to who owns its articles, `owner` is for all others: a person's key in the
    service-level rules, or a mail address.

    A review is due `review_within` after it was opened; its owner is reminded so long before that (`remind_before`),
    and after it every `remind_every`, at most `reminders` times in all. An article nobody confirmed for `check_every`
    is due again. A suggestion is shown from `shown_from` (0 to 1, how sure) on; a ticket whose best one is under
    `gap_under` counts as unanswered.
    """

    version: str
    owners: Mapping[str, str]
    owner: str | None
    review_within: timedelta
    remind_before: timedelta
    remind_every: timedelta
    reminders: int
    check_every: timedelta
    shown_from: float
    gap_under: float
    synonyms: Synonyms

    def owner_for(self, product_areas: tuple[str, ...]) -> str | None:
        """Who owns an article of these areas: the first area that has an owner decides."""
        return next((self.owners[area] for area in product_areas if area in self.owners), self.owner)
