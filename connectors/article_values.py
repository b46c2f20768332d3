"""What an article from a file says of itself, checked. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from triage.articles import Article, Audience, Facts

LISTS = ("product_areas", "roles", "labels", "allowed")
TEXTS = {"title": 500, "audience": 20, "locale": 40, "owner": 200, "applies_from": 60, "applies_to": 60}
FLAGS = ("draft", "outdated")
KNOWN = (*TEXTS, *LISTS, *FLAGS)
ROLES = ("admin", "developer", "end_user", "agent")
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")


class BadValue(ValueError):
    """What an article says of itself cannot be used."""


def article_from(
    ref: str,
    values: Mapping[str, Any],
    body_html: str,
    section: tuple[str, ...],
    changed_at: datetime,
    audience: Audience,
    locale: str,
    url: str | None = None,
) -> tuple[Article, Facts]:
    """The article that these values say. Raises `BadValue`."""
    texts = {name: _text(name, values.get(name), most) for name, most in TEXTS.items()}
    lists = {name: _list(name, values.get(name)) for name in LISTS}
    flags = {name: _flag(name, values.get(name)) for name in FLAGS}
    if texts["audience"]:
        if texts["audience"] not in [each.value for each in Audience]:
            known = ", ".join(each.value for each in Audience)
            raise BadValue(f"audience is “{texts['audience']}”; use one of {known}.")
        audience = Audience(texts["audience"])
    if audience is Audience.RESTRICTED and not lists["allowed"]:
        raise BadValue("audience is restricted, and `allowed` does not say to whom, as `organization:<id>`.")
    if texts["locale"] and not _LOCALE.fullmatch(texts["locale"]):
        raise BadValue(f"locale is “{texts['locale']}”; write it as en or pt-BR.")
    roles = tuple(role.lower().replace(" ", "_") for role in lists["roles"])
    if strange := [role for role in roles if role not in ROLES]:
        raise BadValue(f"roles has “{strange[0]}”; use {', '.join(ROLES)}.")
    if not texts["title"]:
        raise BadValue("There is no title.")
    article = Article(
        ref=ref,
        locale=texts["locale"] or locale,
        title=texts["title"],
        body_html=body_html,
        section=section,
        labels=lists["labels"],
        audience=audience,
        allowed=lists["allowed"] if audience is Audience.RESTRICTED else (),
        url=url,
        is_draft=flags["draft"],
        is_outdated=flags["outdated"],
        created_at=changed_at,
        updated_at=changed_at,
    )
    facts = Facts(
        owner=texts["owner"] or None,
        product_areas=lists["product_areas"],
        roles=roles,
        applies_from=texts["applies_from"] or None,
        applies_to=texts["applies_to"] or None,
    )
    return article, facts


def _text(name: str, value: Any, most: int) -> str:
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        raise BadValue(f"{name} has to be one text.")
    text = " ".join(str(value).split())
    if len(text) > most:
        raise BadValue(f"{name} is longer than {most} letters.")
    return text


def _list(name: str, value: Any) -> tuple[str, ...]:
    """A list, or one text with `;` or `,` between its parts."""
    parts = re.split(r"[;,]", value) if isinstance(value, str) else value if isinstance(value, list) else [value]
    texts = [_text(name, each, 200) for each in parts if each is not None]
    return tuple(dict.fromkeys(text for text in texts if text))


def _flag(name: str, value: Any) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    if str(value).strip().lower() in ("true", "yes", "1"):
        return True
    if str(value).strip().lower() in ("false", "no", "0", ""):
        return False
    raise BadValue(f"{name} is “{str(value)[:40]}”; use true or false.")
