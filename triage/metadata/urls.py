"""Web addresses, without what could let somebody in: tokens, keys, passwords."""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.metadata.found import Finding, Kind, Span, Sure

HIDDEN = "…"
_URL = re.compile(r"(?<!\w)(?:https?://|www\.)[^\s<>\"'`]{2,2000}", re.I)
_TAIL = ".,;:!?)]}*_"
_OPENING = {")": "(", "]": "[", "}": "{"}
_SECRET = re.compile(
    r"token|key|secret|pass|pwd|auth|code|state|sess|sid|sig|jwt|otp|nonce|credential|hash|invite|reset|mail|user|login",
    re.I,
)
_OPAQUE = re.compile(r"^[\w.~%+=-]{20,}$")
_SLUG = re.compile(r"^(?:[A-Za-z]+|\d+)$")


def urls(text: str) -> Iterator[tuple[Finding, Span]]:
    """Each URL and the span of all of it. The finding's own span ends before the first part that could be a secret."""
    for match in _URL.finditer(text):
        raw = _trimmed(match.group())
        scheme, host_on = _split(raw)
        if "." not in host_on.partition("/")[0] and not host_on.startswith("localhost"):
            continue
        value, shown = _safe(host_on)
        offset = match.start() + len(raw) - len(host_on)
        plain = raw.startswith(scheme + host_on)
        span = (match.start() if plain else offset, offset + shown)
        sure = Sure.CERTAIN if scheme else Sure.LIKELY
        yield (Kind.URL, scheme + value, span, sure), (match.start(), match.start() + len(raw))


def _trimmed(url: str) -> str:
    """The URL without the punctuation of the sentence around it; a bracket stays where the URL opened it."""
    opened = {closing: url.count(opening) - url.count(closing) for closing, opening in _OPENING.items()}
    while url and url[-1] in _TAIL:
        if url[-1] in opened:
            if opened[url[-1]] >= 0:
                break
            opened[url[-1]] += 1
        url = url[:-1]
    return url


def _split(url: str) -> tuple[str, str]:
    """Scheme with "://", and the rest without a user's name and password."""
    scheme, mark, rest = url.rpartition("://") if url.lower().startswith("http") else ("", "", url)
    if mark and "://" in scheme:  # Another URL stands inside this one.
        scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return scheme + mark, authority.rpartition("@")[2] + slash + path


def _safe(rest: str) -> tuple[str, int]:
    """Host, path and query with "…" for secrets, without the fragment; and how many characters of `rest` are safe."""
    rest = rest.partition("#")[0]
    address, _, query = rest.partition("?")
    parts = [HIDDEN if _opaque(part) else part for part in address.split("/")]
    safe = "/".join(parts)
    shown = len(address) if safe == address else safe.index(HIDDEN)
    if not query:
        return safe, shown
    shown_pairs: list[str] = []
    for pair in query[:1_000].split("&")[:20]:
        name, mark, value = pair.partition("=")
        hidden = _SECRET.search(name) or _opaque(value) or "@" in value or "%40" in value or "://" in value
        shown_pairs.append(name + mark + (HIDDEN if value and hidden else value) if mark else HIDDEN)
    return f"{safe}?{'&'.join(shown_pairs)}", shown


def _opaque(piece: str) -> bool:
    """Whether this looks like a key and not like words: long, letters mixed with digits."""
    if not _OPAQUE.match(piece):
        return False
    return not all(_SLUG.match(word) for word in re.split(r"[-_.~%+=]+", piece) if word)
