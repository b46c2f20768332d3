"""The knowledge base: categories, folders in folders, articles and their translations (platform notes 2.9).

A folder has one visibility, our shelf may hold articles for several kinds of reader: each kind after the first gets a
folder of the same name beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from connectors.simulator.freshdesk.errors import not_found
from connectors.simulator.freshdesk.markup import text_of
from connectors.simulator.freshdesk.paging import page_of
from connectors.simulator.freshdesk.wire import stamp
from connectors.simulator.records import HelpArticle, HelpSection, Translation
from connectors.simulator.state import HelpdeskState

VISIBILITY = {"everyone": 1, "signed_in": 2, "restricted": 4, "agents": 3}
ORDER = list(VISIBILITY)
FOLDERS_PER_SHELF = 100
DRAFT, PUBLISHED = 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """`path` is the shelves above it, the category first, itself last."""

    id: int
    shelf: HelpSection
    path: tuple[HelpSection, ...]
    parent_folder_id: int | None
    visibility: int
    company_ids: tuple[int, ...]
    articles: tuple[HelpArticle, ...]


def categories(state: HelpdeskState) -> list[HelpSection]:
    return [shelf for shelf in state.sections.values() if shelf.parent_id is None]


def folders(state: HelpdeskState) -> dict[int, Folder]:
    """Every folder by id; articles that stand in a category itself get a folder of its name."""
    found: dict[int, Folder] = {}
    for shelf in state.sections.values():
        on_it = [article for article in state.articles.values() if article.section_id == shelf.id]
        readers = sorted({(ORDER.index(one.audience), one.organization_ids) for one in on_it})
        path = _path(state, shelf)
        if shelf.parent_id is None and not on_it:
            continue
        for number, (audience, company_ids) in enumerate(readers or [(0, ())]):
            extra = number or shelf.parent_id is None
            folder_id = shelf.id * FOLDERS_PER_SHELF + number if extra else shelf.id
            found[folder_id] = Folder(
                id=folder_id,
                shelf=shelf,
                path=path,
                parent_folder_id=shelf.parent_id if len(path) > 2 else None,
                visibility=VISIBILITY[ORDER[audience]],
                company_ids=company_ids,
                articles=tuple(
                    one for one in on_it if (ORDER.index(one.audience), one.organization_ids) == (audience, company_ids)
                ),
            )
    return found


def register(api: Blueprint, state: HelpdeskState) -> None:
    """Add the routes to the API. A language code is asked for at the end of the path."""

    def category_of(category_id: int) -> HelpSection:
        shelf = state.sections.get(category_id)
        if shelf is None or shelf.parent_id is not None:
            raise not_found()
        return shelf

    def folder_of(folder_id: int) -> Folder:
        folder = folders(state).get(folder_id)
        if folder is None:
            raise not_found()
        return folder

    def home_of(article_id: int) -> tuple[Folder, HelpArticle]:
        for folder in folders(state).values():
            for article in folder.articles:
                if article.id == article_id:
                    return folder, article
        raise not_found()

    @api.get("/solutions/categories")
    @api.get("/solutions/categories/<string(length=2):language>")
    def list_categories(language: str = "en") -> ResponseReturnValue:
        return page_of(categories(state), _category)

    @api.get("/solutions/categories/<int:category_id>")
    def category(category_id: int) -> ResponseReturnValue:
        return _category(category_of(category_id))

    @api.get("/solutions/categories/<int:category_id>/folders")
    @api.get("/solutions/categories/<int:category_id>/folders/<language>")
    def category_folders(category_id: int, language: str = "en") -> ResponseReturnValue:
        category_of(category_id)
        every = folders(state)
        rows = [one for one in every.values() if one.path[0].id == category_id and one.parent_folder_id is None]
        return page_of(rows, lambda one: _folder(one, every.values(), language))

    @api.get("/solutions/folders/<int:folder_id>")
    def folder(folder_id: int) -> ResponseReturnValue:
        found = folder_of(folder_id)
        return {**_folder(found, folders(state).values(), "en"), "category_id": found.path[0].id}

    @api.get("/solutions/folders/<int:folder_id>/subfolders")
    @api.get("/solutions/folders/<int:folder_id>/subfolders/<language>")
    def subfolders(folder_id: int, language: str = "en") -> ResponseReturnValue:
        folder_of(folder_id)
        every = folders(state)
        rows = [one for one in every.values() if one.parent_folder_id == folder_id]
        return page_of(rows, lambda one: _folder(one, every.values(), language))

    @api.get("/solutions/folders/<int:folder_id>/articles")
    @api.get("/solutions/folders/<int:folder_id>/articles/<language>")
    def folder_articles(folder_id: int, language: str | None = None) -> ResponseReturnValue:
        home = folder_of(folder_id)
        rows = [one for one in home.articles if language is None or language in one.translations]
        return page_of(rows, lambda one: _article(one, home, language or one.locale))

    @api.get("/solutions/articles/<int:article_id>")
    @api.get("/solutions/articles/<int:article_id>/<language>")
    def article(article_id: int, language: str | None = None) -> ResponseReturnValue:
        home, found = home_of(article_id)
        if language is not None and language not in found.translations:
            raise not_found()
        return _article(found, home, language or found.locale)

    @api.get("/search/solutions")
    def search_solutions() -> ResponseReturnValue:
        words = request.args.get("term", "").lower().split()
        hits = [
            _hit(article, home, language)
            for home in folders(state).values()
            for article in home.articles
            for language, text in article.translations.items()
            if words and all(word in f"{text.title} {text_of(text.body)}".lower() for word in words)
        ]
        return page_of(hits, lambda hit: hit)


def _path(state: HelpdeskState, shelf: HelpSection) -> tuple[HelpSection, ...]:
    """From the category down. A category with articles of its own is its folder's name too."""
    path = [shelf]
    while path[0].parent_id is not None and path[0].parent_id in state.sections:
        path.insert(0, state.sections[path[0].parent_id])
    return tuple(path) if shelf.parent_id is not None else (shelf, shelf)


def _hierarchy(folder: Folder, language: str) -> list[dict[str, Any]]:
    return [
        {
            "level": level,
            "type": "folder" if level else "category",
            "data": {"id": shelf.id if shelf is not folder.shelf or not level else folder.id, "name": shelf.name,
                     "language": language},
        }
        for level, shelf in enumerate(folder.path)
    ]  # fmt: skip


def _category(shelf: HelpSection) -> dict[str, Any]:
    return {
        "id": shelf.id,
        "name": shelf.name,
        "description": None,
        "created_at": stamp(shelf.created_at),
        "updated_at": stamp(shelf.updated_at),
    }


def _folder(folder: Folder, every: Any, language: str) -> dict[str, Any]:
    shown = {
        "id": folder.id,
        "name": folder.shelf.name,
        "description": None,
        "parent_folder_id": folder.parent_folder_id,
        "hierarchy": _hierarchy(folder, language),
        "articles_count": len(folder.articles),
        "sub_folders_count": sum(one.parent_folder_id == folder.id for one in every),
        "visibility": folder.visibility,
        "created_at": stamp(folder.shelf.created_at),
        "updated_at": stamp(folder.shelf.updated_at),
    }
    return {**shown, "company_ids": list(folder.company_ids)} if folder.visibility == 4 else shown


def _article(article: HelpArticle, folder: Folder, language: str) -> dict[str, Any]:
    text: Translation = article.translations[language]
    return {
        "id": article.id,
        "type": 1,
        "category_id": folder.path[0].id,
        "folder_id": folder.id,
        "hierarchy": _hierarchy(folder, language),
        "thumbs_up": 0,
        "thumbs_down": 0,
        "hits": 0,
        "tags": list(article.labels),
        "seo_data": {},
        "agent_id": article.author_id,
        "title": text.title,
        "description": text.body,
        "description_text": text_of(text.body),
        "status": DRAFT if text.draft else PUBLISHED,
        "created_at": stamp(article.created_at),
        "updated_at": stamp(article.updated_at),
        **({} if language == article.locale else {"outdated": text.outdated}),
    }


def _hit(article: HelpArticle, folder: Folder, language: str) -> dict[str, Any]:
    languages: Sequence[str] = sorted(article.translations)
    return {
        **_article(article, folder, language),
        "path": str(article.id),
        "modified_at": stamp(article.updated_at),
        "modified_by": article.author_id,
        "language_id": languages.index(language) + 1,
        "language": language,
        "folder_name": folder.shelf.name,
        "category_name": folder.path[0].name,
        "folder_visibility": folder.visibility,
    }
