"""The Help Center's articles, one for each language, with where they stand and who may read them.

Every path here ends in `.json`: without it live accounts have answered 415.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from connectors.errors import Forbidden, NotFound
from connectors.zendesk.answers import asking
from connectors.zendesk.api import PAGE, Api
from connectors.zendesk.audience import UserSegment, readers
from connectors.zendesk.wire import Id, OptionalId, Wire
from triage.articles import Article

logger = logging.getLogger(__name__)

VERB = "articles"


class Knowledge(Api):
    """The verb about articles; see `connectors.base.Helpdesk`."""

    def articles(self, *, updated_since: datetime | None = None) -> Iterator[tuple[Article, ...]]:
        """All, or those changed since; an article that cannot be read is logged and left out.

        Source: https://developer.zendesk.com/api-reference/help_center/help-center-api/articles/
        """
        shelves = self._shelves()
        segments = self._segments()
        seen: set[tuple[object, object]] = set()
        for rows in self._article_pages(updated_since):
            fresh = [row for row in rows if (row.get("id"), row.get("updated_at")) not in seen]
            if not fresh and updated_since is not None:
                # The list of changes goes on for ever: each page leads to the changes after its last one.
                return
            seen |= {(row.get("id"), row.get("updated_at")) for row in fresh}
            yield tuple(article for row in fresh for article in self._languages(row, shelves, segments))

    def _article_pages(self, updated_since: datetime | None) -> Iterator[tuple[dict[str, Any], ...]]:
        query = {"include": "translations"}
        if updated_since is None:
            return self._pages(VERB, "help_center/articles.json", "articles", {**query, "page[size]": str(PAGE)})
        start = str(max(0, int(updated_since.timestamp())))
        path = "help_center/incremental/articles.json"
        return self._pages(VERB, path, "articles", {**query, "start_time": start}, endless=True)

    def _languages(
        self, row: Mapping[str, Any], shelves: Mapping[str, tuple[str, ...]], segments: Mapping[str, UserSegment]
    ) -> tuple[Article, ...]:
        try:
            article = _Article.model_validate(row)
            audience, allowed = readers(row, segments)
            found = article.translations
            if found is None:
                found = self._translations(article.id)
        except ValidationError as error:
            fields = sorted({str(problem["loc"][0]) for problem in error.errors() if problem["loc"]})
            logger.warning("article %s cannot be read: %s", row.get("id"), ",".join(fields))
            return ()
        return tuple(
            Article(
                ref=article.id,
                locale=each.locale,
                title=each.title or "",
                body_html=each.body or "",
                section=shelves.get(article.section_id or "", ()),
                labels=article.label_names or (),
                audience=audience,
                allowed=allowed,
                url=_web_address(each.html_url or (article.html_url if each.locale == article.locale else None)),
                is_draft=bool(each.draft),
                is_outdated=bool(each.outdated) or each.locale in (article.outdated_locales or ()),
                created_at=(each.created_at or article.created_at).astimezone(UTC),
                # Which of the two moves when only a label or a text changes is not stated, so the later one counts.
                updated_at=max(each.updated_at or article.updated_at, article.updated_at).astimezone(UTC),
            )
            for each in found
        )

    def _translations(self, article_id: str) -> tuple[_Translation, ...]:
        """For an answer that did not bring them along; none when the article was deleted meanwhile."""
        path = f"help_center/articles/{article_id}/translations.json"
        try:
            rows = self._all(VERB, path, "translations", {"per_page": str(PAGE)})
        except NotFound:
            return ()
        return tuple(_Translation.model_validate(row) for row in rows)

    def _shelves(self) -> dict[str, tuple[str, ...]]:
        """Section id -> its path from the category down."""
        categories = self._shelf("categories")
        sections = self._shelf("sections")
        return {key: _path(section, sections, categories) for key, section in sections.items()}

    def _shelf(self, name: str) -> dict[str, _Section]:
        rows = self._all(VERB, f"help_center/{name}.json", name, {"per_page": str(PAGE)})
        with asking(VERB):
            return {section.id: section for section in map(_Section.model_validate, rows)}

    def _segments(self) -> dict[str, UserSegment]:
        """Segments by id; none on a plan or for a user without them, and then a segment lets nobody in."""
        try:
            rows = self._all(VERB, "help_center/user_segments.json", "user_segments", {"per_page": str(PAGE)})
        except (Forbidden, NotFound) as error:
            logger.warning("who may read an article is not known: %s", error)
            return {}
        with asking(VERB):
            return {segment.id: segment for segment in map(UserSegment.model_validate, rows)}


class _Section(Wire):
    """A section; a category has neither of the two parents."""

    id: Id
    name: str
    category_id: OptionalId = None
    parent_section_id: OptionalId = None


class _Translation(Wire):
    """https://developer.zendesk.com/api-reference/help_center/help-center-api/translations/"""

    locale: str
    title: str | None = None
    body: str | None = None
    draft: bool | None = None
    outdated: bool | None = None
    html_url: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class _Article(Wire):
    id: Id
    locale: str
    section_id: OptionalId = None
    label_names: tuple[str, ...] | None = None
    outdated_locales: tuple[str, ...] | None = None
    html_url: str | None = None
    created_at: datetime
    updated_at: datetime
    translations: tuple[_Translation, ...] | None = None


def _path(section: _Section, sections: Mapping[str, _Section], categories: Mapping[str, _Section]) -> tuple[str, ...]:
    names: list[str] = []
    walked: set[str] = set()
    here: _Section | None = section
    top = section.category_id
    while here is not None and here.id not in walked:
        walked.add(here.id)
        names.append(here.name)
        top = here.category_id or top
        here = sections.get(here.parent_section_id or "")
    category = categories.get(top or "")
    return (*([category.name] if category else []), *reversed(names))


def _web_address(url: str | None) -> str | None:
    return url if url and url.startswith(("https://", "http://")) else None
