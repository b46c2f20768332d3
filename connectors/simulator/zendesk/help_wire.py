"""Help Center's records in their REST shapes (help center OpenAPI 2.0.0; platform notes 2.17)."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Any

from connectors.simulator.records import HelpArticle, HelpSection, User
from connectors.simulator.state import HelpdeskState
from connectors.simulator.zendesk.wire import stamp

HOME_LOCALE = "en"
PERMISSION_GROUP_ID = 7
SIGNED_IN, AGENTS, RESTRICTED = "signed_in", "agents", "restricted"
BUILT_IN = {SIGNED_IN: "Signed-in users", AGENTS: "Agents and admins"}
USER_TYPES = {SIGNED_IN: "signed_in_users", AGENTS: "staff", RESTRICTED: "signed_in_users"}


class HelpNames:
    """Ids for what the neutral records hold as words only: labels, audiences and translations."""

    def __init__(self, state: HelpdeskState) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._ids: dict[Hashable, int] = {}

    def number(self, *key: Hashable) -> int:
        """The same id for the same words, always."""
        with self._lock:
            if key not in self._ids:
                self._ids[key] = self._state.next_id()
            return self._ids[key]

    def segment_id(self, article: HelpArticle) -> int | None:
        """None is everybody."""
        if article.audience == "everyone":
            return None
        return self.number("segment", article.audience, _companies(article))

    def segments(self) -> dict[int, dict[str, Any]]:
        """The built-in segments and one for each circle of companies that an article is restricted to."""
        circles: dict[tuple[str, tuple[int, ...]], None] = dict.fromkeys((audience, ()) for audience in BUILT_IN)
        for article in list(self._state.articles.values()):
            if article.audience == RESTRICTED:
                circles[RESTRICTED, _companies(article)] = None
        return {segment["id"]: segment for segment in (self._segment(*circle) for circle in circles)}

    def audience(self, segment_id: int | None) -> tuple[str, tuple[int, ...]] | None:
        """Who a segment is, in neutral words; None for one that does not exist."""
        if segment_id is None:
            return "everyone", ()
        with self._lock:
            keys = [key for key, number in self._ids.items() if number == segment_id]
        for key in keys:
            if isinstance(key, tuple) and key[0] == "segment":
                return key[1], key[2]
        return None

    def _segment(self, audience: str, companies: tuple[int, ...]) -> dict[str, Any]:
        known = (self._state.organizations.get(number) for number in companies)
        at = stamp(self._state.second())
        return {
            "id": self.number("segment", audience, companies),
            "name": BUILT_IN.get(audience) or ", ".join(company.name for company in known if company),
            "user_type": USER_TYPES[audience],
            "built_in": audience in BUILT_IN,
            "organization_ids": list(companies),
            "group_ids": [],
            "tags": [],
            "or_tags": [],
            "added_user_ids": [],
            "created_at": at,
            "updated_at": at,
        }


def belongs(user: User, segment: dict[str, Any]) -> bool:
    """Whether a person is in a segment; staff are in all of them."""
    if user.is_staff:
        return True
    if segment["user_type"] == USER_TYPES[AGENTS]:
        return False
    return not segment["organization_ids"] or user.organization_id in segment["organization_ids"]


def may_read(user: User, article: HelpArticle) -> bool:
    if user.is_staff or article.audience in ("everyone", SIGNED_IN):
        return True
    return article.audience == RESTRICTED and user.organization_id in article.organization_ids


def article(record: HelpArticle, names: HelpNames, base: str, locale: str | None = None) -> dict[str, Any]:
    """The article in one language, its own when none is named."""
    locale = locale or record.locale
    text = record.translations[locale]
    segment_id = names.segment_id(record)
    return {
        "id": record.id,
        "url": f"{base}/api/v2/help_center/{locale}/articles/{record.id}.json",
        "html_url": f"{base}/hc/{locale}/articles/{record.id}",
        "title": text.title,
        "name": text.title,
        "body": text.body,
        "locale": locale,
        "source_locale": record.locale,
        "section_id": record.section_id,
        "author_id": record.author_id,
        "label_names": list(record.labels),
        "content_tag_ids": [],
        "draft": text.draft,
        "outdated": text.outdated,
        "outdated_locales": [name for name, each in record.translations.items() if each.outdated],
        "promoted": False,
        "position": 0,
        "comments_disabled": True,
        "permission_group_id": PERMISSION_GROUP_ID,
        "user_segment_id": segment_id,
        "user_segment_ids": [] if segment_id is None else [segment_id],
        "vote_count": 0,
        "vote_sum": 0,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
        "edited_at": stamp(record.updated_at),
    }


def translation(record: HelpArticle, locale: str, names: HelpNames, base: str) -> dict[str, Any]:
    text = record.translations[locale]
    return {
        "id": names.number("translation", record.id, locale),
        "url": f"{base}/api/v2/help_center/articles/{record.id}/translations/{locale}.json",
        "html_url": f"{base}/hc/{locale}/articles/{record.id}",
        "source_id": record.id,
        "source_type": "Article",
        "locale": locale,
        "title": text.title,
        "body": text.body,
        "draft": text.draft,
        "outdated": text.outdated,
        "hidden": False,
        "created_by_id": record.author_id,
        "updated_by_id": record.author_id,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
    }


def shelf(record: HelpSection, state: HelpdeskState, locale: str, base: str) -> dict[str, Any]:
    """A category, or a section with the category at its top."""
    kind = "categories" if record.parent_id is None else "sections"
    shown = {
        "id": record.id,
        "url": f"{base}/api/v2/help_center/{locale}/{kind}/{record.id}.json",
        "html_url": f"{base}/hc/{locale}/{kind}/{record.id}",
        "name": record.name,
        "description": "",
        "locale": locale,
        "source_locale": locale,
        "outdated": False,
        "position": 0,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
    }
    if record.parent_id is None:
        return shown
    top = category_of(record, state)
    parent_id = None if record.parent_id == top else record.parent_id
    return {**shown, "category_id": top, "parent_section_id": parent_id, "theme_template": "section_page"}


def category_of(record: HelpSection, state: HelpdeskState) -> int:
    """The id of the category that a section stands in."""
    while record.parent_id is not None:
        record = state.sections[record.parent_id]
    return record.id


def label(name: str, state: HelpdeskState, names: HelpNames, base: str) -> dict[str, Any]:
    number, at = names.number("label", name), stamp(state.second())
    return {
        "id": number,
        "url": f"{base}/api/v2/help_center/articles/labels/{number}.json",
        "name": name,
        "created_at": at,
        "updated_at": at,
    }


def _companies(record: HelpArticle) -> tuple[int, ...]:
    return tuple(sorted(record.organization_ids)) if record.audience == RESTRICTED else ()
