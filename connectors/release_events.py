"""What a code host tells us: a release of the tenant's product was published.

    GitHub   event `release`; X-Hub-Signature-256: sha256=<hex of HMAC-SHA256 over the body>
    GitLab   "Release Hook"; signs nothing: it sends the secret along, as X-Gitlab-Token

https://docs.github.com/en/webhooks/webhook-events-and-payloads#release
https://docs.gitlab.com/user/project/integrations/webhook_events/#release-events
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from connectors.errors import BadSignature, MalformedPayload

GITHUB, GITLAB = "github", "gitlab"
SIGNATURE, EVENT, TOKEN = "x-hub-signature-256", "x-github-event", "x-gitlab-token"
PUBLISHED = ("published", "released")
"""A pre-release that becomes a release is `released` without being `published` again."""
FORM = "application/x-www-form-urlencoded"
LONGEST_VERSION = 60
_LEADING_V = re.compile(r"[vV](?=\d)")
_IN_UTC = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A release as its code host tells of it; `at` is None where that is not said."""

    version: str
    title: str
    notes: str
    url: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing to keep, and why."""

    why: str


def read(source: str, headers: Mapping[str, str], body: bytes, *, secret: str) -> Published | Ignored:
    """`headers` have lower case names. Raises `BadSignature` or `MalformedPayload`."""
    if source == GITHUB:
        wanted = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        fits, header = _same(headers.get(SIGNATURE, ""), wanted), "X-Hub-Signature-256"
    else:
        fits, header = _same(headers.get(TOKEN, ""), secret), "X-Gitlab-Token"
    if not fits:
        raise BadSignature(f"{header} does not fit: make a new secret with `deskhand kb release webhook {source}`.")
    try:
        return _of_github(headers, body) if source == GITHUB else _of_gitlab(body)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise MalformedPayload(f"The release's webhook cannot be read ({type(error).__name__}).") from error


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.strip().encode("utf-8", "replace"), wanted.encode())


def _of_github(headers: Mapping[str, str], body: bytes) -> Published | Ignored:
    event = headers.get(EVENT, "")
    if event == "ping":
        return Ignored("pong")
    if event != "release":
        return Ignored("ignored: only releases are read")
    # The host's own default is a form with the JSON in one field; the signature is over the body either way.
    is_form = headers.get("content-type", "").partition(";")[0].strip().lower() == FORM
    payload = json.loads(parse_qs(body.decode())["payload"][0] if is_form else body)
    release = payload["release"]
    if payload["action"] not in PUBLISHED:
        return Ignored("ignored: nothing was published by this")
    if release.get("draft") or release.get("prerelease"):
        return Ignored("ignored: a draft, or a pre-release")
    return _published(
        release["tag_name"],
        title=release.get("name"),
        notes=release.get("body"),
        url=release.get("html_url"),
        at=release.get("published_at"),
    )


def _of_gitlab(body: bytes) -> Published | Ignored:
    payload = json.loads(body)
    if payload["object_kind"] != "release":
        return Ignored("ignored: only releases are read")
    if payload["action"] != "create":
        return Ignored("ignored: nothing was published by this")
    return _published(
        payload["tag"],
        title=payload.get("name"),
        notes=payload.get("description"),
        url=payload.get("url"),
        at=payload.get("released_at"),
    )


def _published(tag: Any, *, title: Any, notes: Any, url: Any, at: Any) -> Published:
    version = _LEADING_V.sub("", " ".join(str(tag).split()), count=1) if isinstance(tag, str) else ""
    if not version or not all(each is None or isinstance(each, str) for each in (title, notes, url, at)):
        raise ValueError("a release without a tag")
    return Published(
        version=version[:LONGEST_VERSION],
        title=" ".join((title or "").split()),
        notes=_storable(notes or ""),
        url=url if url and url.startswith(("https://", "http://")) else None,
        at=_instant(at) if at else None,
    )


def _instant(text: str) -> datetime:
    told = _IN_UTC.fullmatch(text)
    found = datetime.fromisoformat(f"{told[1]}T{told[2]}+00:00" if told else text)
    if found.tzinfo is None:
        raise ValueError("a time without a zone")
    return found.astimezone(UTC)


def _storable(text: str) -> str:
    """With one kind of line end, and nothing that cannot be stored."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", " ")
    return text.encode("utf-8", "replace").decode()
