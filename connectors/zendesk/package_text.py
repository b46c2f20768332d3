"""What Zendesk warns about in the text of an app's files: unencrypted addresses and what looks like a secret.

The vendor searches bytes, not meaning: the mere word for a secret is enough. We name the line, so that a person can
see at once whether it is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from connectors.installing import PackageProblem
from connectors.packaging import warning

SCANNED = frozenset({".html", ".htm", ".xml", ".js", ".json", ".jsx"})
SENT = frozenset({".js", ".html", ".htm"})
_UNENCRYPTED = re.compile(r"http://[^\s\"'<>)`]+")
# A name for a secret in any spelling, followed by something that could be its value on the same line.
_NAMES = (
    r"app[-_]key", r"app[-_]secret", r"consumer[-_]key", r"consumer[-_]secret", r"master[-_]key", r"master[-_]secret",
    r"token[-_]key", r"token[-_]secret", r"private[-_]key", r"client[-_]secret", r"token",
)  # fmt: skip
_SECRETS = {
    "a private key": re.compile(r"-----BEGIN (RSA |OPENSSH |DSA |EC )?PRIVATE KEY-----|BEGIN PGP PRIVATE KEY BLOCK"),
    "a Slack token": re.compile(r"xox[pboa]-*.[a-z0-9]"),
    "an AWS key": re.compile(r"AKIA[0-9A-Z]{8,}|(?i:aws[-_]secret[-_]access[-_]key).*[0-9a-zA-Z]{24}"),
    "a GitHub or Twitter token": re.compile(r"(?i:github|twitter) ?[:\"=-].*[0-9a-zA-Z]{30}"),
    "a Facebook token": re.compile(r"(?i:facebook) ?[|:\"=-].*[0-9a-f]{24}"),
    "a Heroku key": re.compile(r"(?i:heroku).*[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{6}"),
    "a key or token": re.compile(rf"(?i:{'|'.join(_NAMES)}) ?[:\"=-].+[0-9a-zA-Z+_.-]{{4}}"),
    "a password": re.compile(r"(?i:password).+[0-9a-zA-Z+_.-]{4}"),
    "a secret": re.compile(r"(?m)^(?i:secret) ?[:\"=-].+[0-9a-zA-Z+_.-]{4}"),
}
_WORDS = re.compile(r"pass|secret|auth_key|authKey|auth_user|AuthUser|username|api_key")


def check(files: Mapping[str, bytes]) -> Iterator[PackageProblem]:
    """Pure."""
    for path, data in files.items():
        kind = PurePosixPath(path).suffix.lower()
        if kind in SCANNED:
            text = data.decode("utf-8", "replace")
            yield from _secrets(path, text)
            if kind in SENT:
                yield from _unencrypted(path, text)


def _secrets(path: str, text: str) -> Iterator[PackageProblem]:
    fix = "Move it to a secure setting or to the server; leave it if it is only a word."
    for what, pattern in _SECRETS.items():
        if found := pattern.search(text):
            yield warning(path, _line(text, found.start()), f"This looks like {what}.", fix)
    if found := _WORDS.search(text):
        yield warning(path, _line(text, found.start()), f"“{found.group()}” stands here as in a secret's name.", fix)


def _unencrypted(path: str, text: str) -> Iterator[PackageProblem]:
    for found in _UNENCRYPTED.finditer(text):
        yield warning(path, _line(text, found.start()), f"{found.group():.80} is not encrypted.", "Use https.")


def _line(text: str, start: int) -> str:
    return f"line {text.count(chr(10), 0, start) + 1}"
