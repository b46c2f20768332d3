"""Articles: lists, changes since, single ones, translations, labels and search (platform notes 2.17)."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from connectors.simulator.changes import Invalid
from connectors.simulator.records import HelpArticle, Translation
from connectors.simulator.state import HelpdeskState
from connectors.simulator.zendesk import bodies, help_wire
from connectors.simulator.zendesk.auth import check_admin
from connectors.simulator.zendesk.errors import not_found
from connectors.simulator.zendesk.help_wire import HOME_LOCALE, HelpNames
from connectors.simulator.zendesk.paging import asked_path, base_url, page_of, whole_number

LARGEST_CHANGES_PAGE = 1000
SORTS: dict[str, Callable[[HelpArticle], Any]] = {
    "created_at": lambda row: row.created_at,
    "updated_at": lambda row: row.updated_at,
    "edited_at": lambda row: row.updated_at,
    "title": lambda row: row.translations[row.locale].title.lower(),
    "position": lambda row: row.id,
}
MARKUP = re.compile(r"<[^>]+>")
TEXTS = ("title", "body", "draft", "outdated")


def register(api: Blueprint, state: HelpdeskState, names: HelpNames) -> None:
    """Add the routes to the API."""

    def show(article: HelpArticle, locale: str | None = None) -> dict[str, Any]:
        return help_wire.article(article, names, base_url(), locale)

    def show_text(article: HelpArticle, locale: str) -> dict[str, Any]:
        return help_wire.translation(article, locale, names, base_url())

    def readable() -> list[HelpArticle]:
        return [row for row in list(state.articles.values()) if help_wire.may_read(g.user, row)]

    def found(article_id: int, locale: str | None = None) -> HelpArticle:
        article = state.articles.get(article_id)
        if article is None or not help_wire.may_read(g.user, article):
            raise not_found()
        if locale is not None and locale not in article.translations:
            raise not_found()
        return article

    def listed(rows: list[HelpArticle], locale: str | None) -> dict[str, Any]:
        return page_of("articles", _sorted(_narrowed(rows, locale)), lambda row: show(row, locale))

    def save(article: HelpArticle, **changes: Any) -> HelpArticle:
        after: HelpArticle = state.put(state.articles, replace(article, updated_at=state.second(), **changes))
        return after

    @api.get("/help_center/articles")
    @api.get("/help_center/<locale>/articles", endpoint="local_articles")
    def articles(locale: str | None = None) -> ResponseReturnValue:
        return listed(readable(), locale)

    @api.get("/help_center/<any(sections, categories):kind>/<int:number>/articles")
    @api.get("/help_center/<locale>/<any(sections, categories):kind>/<int:number>/articles")
    def articles_of(kind: str, number: int, locale: str | None = None) -> ResponseReturnValue:
        if number not in state.sections:
            raise not_found()
        return listed([row for row in readable() if number in _places(row, state)], locale)

    @api.get("/help_center/incremental/articles")
    def changed_articles() -> ResponseReturnValue:
        """Articles changed since `start_time`, oldest change first. A page ends with a whole second."""
        check_admin(g.user)
        start = whole_number("start_time", 0)
        size = max(1, min(whole_number("per_page", LARGEST_CHANGES_PAGE), LARGEST_CHANGES_PAGE))
        rows = sorted(readable(), key=lambda row: (row.updated_at, row.id))
        rows = [row for row in rows if int(row.updated_at.timestamp()) >= start]
        page = [row for row in rows if row.updated_at <= rows[min(size, len(rows)) - 1].updated_at]
        end_time = int(page[-1].updated_at.timestamp()) if page else start
        more = len(page) < len(rows)
        next_page = f"{base_url()}{asked_path()}?start_time={end_time + 1}&per_page={size}"
        return {
            "articles": [show(row) for row in page],
            "count": len(page),
            "end_time": end_time,
            "next_page": next_page if more else None,
        }

    @api.get("/help_center/articles/<int:article_id>")
    @api.get("/help_center/<locale>/articles/<int:article_id>")
    def article(article_id: int, locale: str | None = None) -> ResponseReturnValue:
        return {"article": show(found(article_id, locale), locale)}

    @api.post("/help_center/sections/<int:section_id>/articles")
    def create_article(section_id: int) -> ResponseReturnValue:
        asked = bodies.part(request.get_json(silent=True), "article")
        section = state.sections.get(section_id)
        if section is None or section.parent_id is None:
            raise not_found()
        at, locale = state.second(), str(asked.get("locale") or HOME_LOCALE)
        article = HelpArticle(
            id=state.next_id(),
            section_id=section_id,
            locale=locale,
            translations={locale: read_text(asked, Translation(title="", body=""))},
            author_id=g.user.id,
            created_at=at,
            updated_at=at,
            **read_metadata(asked, state, names),
        )
        return {"article": show(state.put(state.articles, article))}, 201

    @api.put("/help_center/articles/<int:article_id>")
    def update_article(article_id: int) -> ResponseReturnValue:
        """Metadata only: title and body belong to the translations."""
        asked = bodies.part(request.get_json(silent=True), "article")
        return {"article": show(save(found(article_id), **read_metadata(asked, state, names)))}

    @api.delete("/help_center/articles/<int:article_id>")
    def archive_article(article_id: int) -> ResponseReturnValue:
        """It just disappears: no list names it any more."""
        state.delete_article(found(article_id).id)
        return "", 204

    @api.get("/help_center/articles/<int:article_id>/translations")
    def translations(article_id: int) -> ResponseReturnValue:
        article = found(article_id)
        locales = [name for name in request.args.get("locales", "").split(",") if name]
        rows = [name for name in article.translations if not locales or name in locales]
        for flag in {"draft", "outdated"} & set(request.args):
            wanted = request.args[flag] == "true"
            rows = [name for name in rows if getattr(article.translations[name], flag) is wanted]
        return page_of("translations", rows, lambda name: show_text(article, name))

    @api.post("/help_center/articles/<int:article_id>/translations")
    def create_translation(article_id: int) -> ResponseReturnValue:
        article = found(article_id)
        asked = bodies.part(request.get_json(silent=True), "translation")
        locale = str(asked.get("locale") or "")
        if not locale or locale in article.translations:
            raise Invalid({"locale": "Locale: cannot be blank or taken"})
        text = read_text(asked, Translation(title="", body=""))
        return {
            "translation": show_text(save(article, translations={**article.translations, locale: text}), locale)
        }, 201

    @api.get("/help_center/articles/<int:article_id>/translations/missing")
    def missing_translations(article_id: int) -> ResponseReturnValue:
        spoken = {name for row in list(state.articles.values()) for name in row.translations}
        return {"locales": sorted(spoken - set(found(article_id).translations))}

    @api.get("/help_center/articles/<int:article_id>/translations/<locale>")
    def translation(article_id: int, locale: str) -> ResponseReturnValue:
        return {"translation": show_text(found(article_id, locale), locale)}

    @api.put("/help_center/articles/<int:article_id>/translations/<locale>")
    def update_translation(article_id: int, locale: str) -> ResponseReturnValue:
        article = found(article_id, locale)
        asked = bodies.part(request.get_json(silent=True), "translation")
        text = read_text(asked, article.translations[locale])
        return {"translation": show_text(save(article, translations={**article.translations, locale: text}), locale)}

    @api.get("/help_center/articles/labels")
    def all_labels() -> ResponseReturnValue:
        known = dict.fromkeys(name for row in readable() for name in row.labels)
        return page_of("labels", list(known), lambda name: help_wire.label(name, state, names, base_url()))

    @api.get("/help_center/articles/<int:article_id>/labels")
    def labels(article_id: int) -> ResponseReturnValue:
        rows = list(found(article_id).labels)
        return page_of("labels", rows, lambda name: help_wire.label(name, state, names, base_url()))

    @api.post("/help_center/articles/<int:article_id>/labels")
    def add_label(article_id: int) -> ResponseReturnValue:
        article = found(article_id)
        name = str(bodies.part(request.get_json(silent=True), "label").get("name") or "").strip()
        if not name:
            raise Invalid({"name": "Name: cannot be blank"})
        save(article, labels=tuple(dict.fromkeys((*article.labels, name))))
        return {"label": help_wire.label(name, state, names, base_url())}, 201

    @api.delete("/help_center/articles/<int:article_id>/labels/<int:label_id>")
    def remove_label(article_id: int, label_id: int) -> ResponseReturnValue:
        article = found(article_id)
        left = tuple(name for name in article.labels if names.number("label", name) != label_id)
        if left == article.labels:
            raise not_found()
        save(article, labels=left)
        return "", 204

    @api.get("/help_center/articles/search")
    def search_articles() -> ResponseReturnValue:
        """By offset only, best match first; drafts are not found."""
        if not {"query", "category", "section", "label_names"} & set(request.args):
            raise bodies.bad_request("Give one of query, category, section and label_names")
        locale = request.args.get("locale")
        words = request.args.get("query", "").lower().split()
        places = {int(request.args[name]) for name in ("category", "section") if request.args.get(name, "").isdigit()}
        hits = []
        for row in _narrowed(readable(), locale):
            text = row.translations[locale or row.locale]
            score = _score(text, words)
            if not text.draft and (score or not words) and places <= _places(row, state):
                hits.append((score, row))
        hits.sort(key=lambda hit: -hit[0])
        return page_of(
            "results",
            [row for _, row in hits],
            lambda row: {
                **show(row, locale),
                "result_type": "article",
                "snippet": _snippet(row.translations[locale or row.locale].body, words),
            },
        )


def read_text(asked: Mapping[str, Any], before: Translation) -> Translation:
    """A translation with what was sent; raises `Invalid` for one without a title."""
    after = replace(before, **{name: asked[name] for name in TEXTS if asked.get(name) is not None})
    if not after.title.strip():
        raise Invalid({"title": "Title: cannot be blank"})
    return after


def read_metadata(asked: Mapping[str, Any], state: HelpdeskState, names: HelpNames) -> dict[str, Any]:
    """What may be said of an article besides its text; raises `Invalid` for a place or segment that is not there."""
    values: dict[str, Any] = {}
    if "section_id" in asked:
        if asked["section_id"] not in state.sections:
            raise Invalid({"section_id": "Section: does not exist"})
        values["section_id"] = asked["section_id"]
    if "user_segment_id" in asked:
        names.segments()
        audience = names.audience(asked["user_segment_id"])
        if audience is None:
            raise Invalid({"user_segment_id": "User segment: does not exist"})
        values["audience"], values["organization_ids"] = audience
    if "label_names" in asked:
        values["labels"] = tuple(dict.fromkeys(str(name) for name in asked["label_names"] or ()))
    return values


def _narrowed(rows: list[HelpArticle], locale: str | None) -> list[HelpArticle]:
    """Those in the language, changed since `start_time` and with any of `label_names`."""
    labels = {name for name in request.args.get("label_names", "").split(",") if name}
    start = whole_number("start_time", 0)
    return [
        row
        for row in rows
        if (locale is None or locale in row.translations)
        and row.updated_at.timestamp() >= start
        and (not labels or labels & set(row.labels))
    ]


def _sorted(rows: list[HelpArticle]) -> list[HelpArticle]:
    key = SORTS.get(request.args.get("sort_by", "position"), SORTS["position"])
    return sorted(rows, key=key, reverse=request.args.get("sort_order") == "desc")


def _places(article: HelpArticle, state: HelpdeskState) -> set[int]:
    """The ids of every shelf that the article stands on, from its section up to the category."""
    found: set[int] = set()
    place: int | None = article.section_id
    while place is not None:
        found.add(place)
        place = state.sections[place].parent_id
    return found


def _score(text: Translation, words: list[str]) -> int:
    title, body = text.title.lower(), MARKUP.sub(" ", text.body).lower()
    return sum(3 * title.count(word) + body.count(word) for word in words)


def _snippet(body: str, words: list[str]) -> str:
    """The start of the text, or the part around the first word found, with every word found in `<em>`."""
    text = " ".join(html.unescape(MARKUP.sub(" ", body)).split())
    first = min((at for at in (text.lower().find(word) for word in words) if at >= 0), default=0)
    part = html.escape(text[max(0, first - 60) : first + 140], quote=False)
    if not words:
        return part
    pattern = "|".join(re.escape(html.escape(word, quote=False)) for word in words)
    return re.sub(f"({pattern})", r"<em>\1</em>", part, flags=re.IGNORECASE)
