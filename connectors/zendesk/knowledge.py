"""The Help Center's articles, one for each language, with where they stand and who may read them.

Every path here ends in `.json`: without it live accounts have answered 415.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from connectors.errors import ConnectorError, Forbidden, NotFound, Rejected
from connectors.zendesk.answers import asking
from connectors.zendesk.api import PAGE, Api
from connectors.zendesk.audience import UserSegment, readers
from connectors.zendesk.wire import Id, OptionalId, Wire
from triage.articles import Article

logger = logging.getLogger(__name__)

VERB = "articles"
END = "end"
"""The cursor after the last page."""


class Knowledge(Api):
    """The verb about articles; see `connectors.base.Helpdesk`."""

    def articles(self, *, updated_since: datetime | None = None) -> Iterator[tuple[Article, ...]]:
        """All, or those changed since."""
        return (page for page, _ in self.article_pages(cursor=None, updated_since=updated_since))

    def article_pages(
        self, *, cursor: str | None, updated_since: datetime | None = None
    ) -> Iterator[tuple[tuple[Article, ...], str]]:
        """The same with cursors; an article that cannot be read is logged and left out.

        A cursor holds the query of its page, which articles of that page are done, and what was read at the beginning,
        so that a walk in small steps does not read that each time.
        Source: https://developer.zendesk.com/api-reference/help_center/help-center-api/articles/
        """
        if cursor == END:
            return
        walk = self._begin() if cursor is None else _walk(cursor)
        seen: set[tuple[object, object]] = set()
        for rows, following in self._article_rows(updated_since, walk.at):
            fresh = [row for row in rows if (row.get("id"), row.get("updated_at")) not in seen]
            if not fresh and updated_since is not None:
                # The list of changes goes on for ever: each page leads to the changes after its last one.
                return
            seen |= {(row.get("id"), row.get("updated_at")) for row in fresh}
            found: list[Article] = []
            for row in [row for row in fresh if str(row.get("id")) not in walk.done]:
                try:
                    found += self._languages(row, walk.shelves, walk.segments)
                except ConnectorError:
                    # It takes a request of its own where translations do not come along. What was read is not lost.
                    if found:
                        yield tuple(found), walk.model_dump_json()
                    raise
                walk = walk.model_copy(update={"done": (*walk.done, str(row.get("id")))})
            walk = walk.model_copy(update={"at": following, "done": ()})
            yield tuple(found), END if following is None else walk.model_dump_json()

    def _begin(self) -> _Walk:
        return _Walk(at=None, done=(), shelves=self._shelves(), segments=self._segments())

    def _article_rows(
        self, updated_since: datetime | None, at: Mapping[str, str] | None
    ) -> Iterator[tuple[tuple[dict[str, Any], ...], Mapping[str, str] | None]]:
        query = {"include": "translations"}
        if updated_since is None:
            query["page[size]"] = str(PAGE)
            return self._pages_on(VERB, "help_center/articles.json", "articles", query, at=at)
        query["start_time"] = str(max(0, int(updated_since.timestamp())))
        path = "help_center/incremental/articles.json"
        return self._pages_on(VERB, path, "articles", query, endless=True, at=at)

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


class _Walk(Wire):
    """Where a walk through the articles stands: `at` is the query of its page, None for the first."""

    at: dict[str, str] | None
    done: tuple[str, ...]
    shelves: dict[str, tuple[str, ...]]
    segments: dict[str, UserSegment]


def _walk(cursor: str) -> _Walk:
    try:
        return _Walk.model_validate_json(cursor)
    except ValidationError as error:
        raise Rejected("This is no cursor of the article list.", vendor="zendesk", operation=VERB) from error


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
