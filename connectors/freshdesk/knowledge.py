"""Articles, by walking categories, folders and their subfolders: Freshdesk lists them in no other way.

https://developers.freshdesk.com/api/#solutions
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from connectors.errors import Forbidden, NotFound, Rejected, Unsupported
from connectors.freshdesk.answers import asking
from connectors.freshdesk.api import Api
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


class Knowledge:
    """`articles` of `connectors.base.Helpdesk`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def articles(self, *, updated_since: datetime | None) -> Iterator[tuple[Article, ...]]:
        """A page for each folder and language. There is no list of changes: all is read, the unchanged left out."""
        languages = self._languages()
        primary = languages.primary_language or "en"
        others = [each for each in languages.supported_languages if each != primary and LANGUAGE.fullmatch(each)]
        for section, folder in self._folders():
            known: set[tuple[str, str]] = set()
            for language in (primary, *others):
                found = self._in_folder(folder, section, language, primary)
                fresh = [each for each in found if (each.ref, each.locale) not in known]
                known.update((each.ref, each.locale) for each in fresh)
                page = tuple(each for each in fresh if updated_since is None or each.updated_at >= updated_since)
                if page:
                    yield page

    def _folders(self) -> Iterator[tuple[tuple[str, ...], Folder]]:
        for row in self._api.rows("articles", "/solutions/categories"):
            with asking("articles"):
                category = Category.model_validate(row)
            yield from self._below(f"/solutions/categories/{category.id}/folders", (category.name or "",), set())

    def _below(self, path: str, above: tuple[str, ...], seen: set[str]) -> Iterator[tuple[tuple[str, ...], Folder]]:
        """The folders at `path` and all below them, each once."""
        if len(above) > DEEPEST:
            return
        for row in self._api.rows("articles", path):
            with asking("articles"):
                folder = Folder.model_validate(row)
            if folder.id in seen:
                continue
            seen.add(folder.id)
            section = (*above, folder.name or "")
            yield section, folder
            try:
                yield from self._below(f"/solutions/folders/{folder.id}/subfolders", section, seen)
            except (NotFound, Unsupported, Rejected):
                continue  # accounts with flat folders only know no such address

    def _in_folder(self, folder: Folder, section: tuple[str, ...], language: str, primary: str) -> Iterator[Article]:
        path = f"/solutions/folders/{folder.id}/articles"
        try:
            for row in self._api.rows("articles", path if language == primary else f"{path}/{language}"):
                try:
                    article = SolutionArticle.model_validate(row)
                except ValidationError as error:
                    logger.warning("an article of folder %s cannot be read: %s", folder.id, error.error_count())
                    continue
                written_in = article.language(language)
                yield article.normalised(folder, section, written_in, self._api.base_url)
        except NotFound:
            return  # deleted while we walk, or never translated
        except (Unsupported, Rejected):
            if language == primary:
                raise

    def _languages(self) -> Languages:
        try:
            answer = self._api.get("articles", "/settings/helpdesk")
        except (Forbidden, NotFound, Unsupported):
            return Languages()
        with asking("articles"):
            return Languages.model_validate(answer)
