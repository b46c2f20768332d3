"""Articles, by walking categories, folders and their subfolders: Freshdesk lists them in no other way.

https://developers.freshdesk.com/api/#solutions
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from connectors.errors import Forbidden, NotFound, Rejected, Unsupported
from connectors.freshdesk.answers import asking
from connectors.freshdesk.api import LAST_PAGE, Api
from connectors.freshdesk.wire import Flag, Id, Instant, Text, Texts, Wire
from triage.articles import Article, Audience

logger = logging.getLogger(__name__)

# https://developers.freshdesk.com/api/#solution_folder_attributes (visibility). 5 is for bots, who may quote what a
# person may not see; that and anything new is for agents only.
AUDIENCE = {
    1: Audience.EVERYONE,
    2: Audience.SIGNED_IN,
    3: Audience.AGENTS,
    4: Audience.RESTRICTED,
    5: Audience.AGENTS,
    6: Audience.RESTRICTED,
    7: Audience.RESTRICTED,
}
DRAFT = 1
LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
DEEPEST = 10


class Category(Wire):
    id: Id
    name: Text = None


class Folder(Wire):
    id: Id
    name: Text = None
    visibility: int | None = None
    company_ids: Texts = ()
    contact_segment_ids: Texts = ()
    company_segment_ids: Texts = ()

    @property
    def allowed(self) -> tuple[str, ...]:
        """Who may read a restricted folder: what its visibility says counts, and nothing else that is filled in."""
        if self.visibility == 4:
            return tuple(f"organization:{each}" for each in self.company_ids)
        segments = {6: self.contact_segment_ids, 7: self.company_segment_ids}.get(self.visibility or 0, ())
        return tuple(f"segment:{each}" for each in segments)


class SolutionArticle(Wire):
    id: Id
    title: Text = None
    description: Text = None
    status: int | None = None
    tags: Texts = ()
    outdated: Flag = False
    created_at: Instant
    updated_at: Instant
    hierarchy: Any = None

    def normalised(self, folder: Folder, section: tuple[str, ...], language: str, base_url: str) -> Article:
        return Article(
            ref=self.id,
            locale=language,
            title=self.title or "",
            body_html=self.description or "",
            section=self._names() or section,
            labels=self.tags,
            audience=AUDIENCE.get(folder.visibility or 0, Audience.AGENTS),
            allowed=folder.allowed,
            url=f"{base_url}/support/solutions/articles/{self.id}",
            is_draft=self.status == DRAFT,
            is_outdated=self.outdated,
            created_at=self.created_at,
            updated_at=self.updated_at,
        )

    def language(self, otherwise: str) -> str:
        """What its own path says it is written in: a list of translations may hold untranslated articles."""
        named = [str(each["language"]) for each in self._levels() if each.get("language")]
        return named[-1] if named else otherwise

    def _names(self) -> tuple[str, ...]:
        return tuple(str(each["name"]) for each in self._levels() if each.get("name"))

    def _levels(self) -> list[dict[str, Any]]:
        """The article's own path from the category down, in its own language."""
        levels = self.hierarchy if isinstance(self.hierarchy, list) else ()
        data = [level.get("data") for level in levels if isinstance(level, dict)]
        return [each for each in data if isinstance(each, dict)]


class Languages(Wire):
    """https://developers.freshdesk.com/api/#helpdesk_settings"""

    primary_language: Text = None
    supported_languages: Texts = ()


@dataclass(slots=True)
class Walk:
    """Where a walk through the help centre stands, and so its cursor: what is still to be asked, the next one first.

    A task is a list: `categories`, the page; `folders`, their path, the names above, the page; `articles`, the folder,
    its names, which language, the page. `seen` are the folders found, so that none is walked twice.
    """

    languages: list[str]
    todo: list[list[Any]]
    seen: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, cursor: str) -> Walk:
        try:
            return cls(*json.loads(cursor))
        except (TypeError, ValueError) as error:
            raise Rejected(
                "This is no cursor of the article list.", vendor="freshdesk", operation="articles"
            ) from error

    def cursor(self) -> str:
        return json.dumps([self.languages, self.todo, self.seen])


class Knowledge:
    """`articles` and `article_pages` of `connectors.base.Helpdesk`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def articles(self, *, updated_since: datetime | None) -> Iterator[tuple[Article, ...]]:
        """All, or those changed since. There is no list of changes: all is read, the unchanged left out."""
        known: set[tuple[str, str]] = set()
        for page, _ in self.article_pages(cursor=None, updated_since=updated_since):
            fresh = tuple(each for each in page if (each.ref, each.locale) not in known)
            known |= {(each.ref, each.locale) for each in fresh}
            if fresh:
                yield fresh

    def article_pages(
        self, *, cursor: str | None, updated_since: datetime | None
    ) -> Iterator[tuple[tuple[Article, ...], str]]:
        """One page for each request. What is asked for but gone by then is left out: it was deleted meanwhile."""
        walk = Walk.of(cursor) if cursor else Walk(self._locales(), [["categories", 1]])
        while walk.todo:
            kind, *task = walk.todo.pop(0)
            page: Iterable[Article] = ()
            if kind == "categories":
                walk.todo[:0] = self._categories(*task)
            elif kind == "folders":
                walk.todo[:0] = self._folders(walk, *task)
            else:
                page, more = self._articles(walk, *task)
                walk.todo[:0] = more
            yield (
                tuple(each for each in page if updated_since is None or each.updated_at >= updated_since),
                walk.cursor(),
            )

    def _categories(self, number: int) -> list[list[Any]]:
        rows, more = self._api.page("articles", "/solutions/categories", number)
        found: list[list[Any]] = []
        for row in rows:
            with asking("articles"):
                category = Category.model_validate(row)
            found.append(["folders", f"/solutions/categories/{category.id}/folders", [category.name or ""], 1])
        return [*found, *([["categories", number + 1]] if more and number < LAST_PAGE else [])]

    def _folders(self, walk: Walk, path: str, above: list[str], number: int) -> list[list[Any]]:
        """The folders of this page, each with its articles and then what is below it."""
        try:
            rows, more = self._api.page("articles", path, number)
        except NotFound:
            return []
        except (Unsupported, Rejected):
            if path.endswith("/subfolders"):
                return []  # accounts with flat folders only know no such address
            raise
        found: list[list[Any]] = []
        for row in rows:
            with asking("articles"):
                folder = Folder.model_validate(row)
            if folder.id in walk.seen:
                continue
            walk.seen.append(folder.id)
            section = [*above, folder.name or ""]
            found.append(["articles", folder.model_dump(mode="json"), section, 0, 1])
            if len(section) <= DEEPEST:
                found.append(["folders", f"/solutions/folders/{folder.id}/subfolders", section, 1])
        return [*found, *([["folders", path, above, number + 1]] if more and number < LAST_PAGE else [])]

    def _articles(
        self, walk: Walk, kept: dict[str, Any], section: list[str], language: int, number: int
    ) -> tuple[list[Article], list[list[Any]]]:
        """A page of a folder in one language, and what comes next in that folder."""
        folder, locale = Folder.model_validate(kept), walk.languages[language]
        following = [["articles", kept, section, language + 1, 1]] if language + 1 < len(walk.languages) else []
        path = f"/solutions/folders/{folder.id}/articles{f'/{locale}' if language else ''}"
        try:
            rows, more = self._api.page("articles", path, number)
        except NotFound:
            return [], following  # deleted while we walk, or never translated
        except (Unsupported, Rejected):
            if not language:
                raise
            return [], following
        found = []
        for row in rows:
            try:
                article = SolutionArticle.model_validate(row)
            except ValidationError as error:
                logger.warning("an article of folder %s cannot be read: %s", folder.id, error.error_count())
                continue
            written_in = article.language(locale)
            found.append(article.normalised(folder, tuple(section), written_in, self._api.base_url))
        if more and number < LAST_PAGE:
            following = [["articles", kept, section, language, number + 1]]
        return found, following

    def _locales(self) -> list[str]:
        """The languages to ask for, the account's own first: it is asked for without its name."""
        languages = self._languages()
        primary = languages.primary_language or "en"
        return [
            primary,
            *(each for each in languages.supported_languages if each != primary and LANGUAGE.fullmatch(each)),
        ]

    def _languages(self) -> Languages:
        try:
            answer = self._api.get("articles", "/settings/helpdesk")
        except (Forbidden, NotFound, Unsupported):
            return Languages()
        with asking("articles"):
            return Languages.model_validate(answer)
