"""Whether a ticket has words to read, and if not, why: only a human who sees the picture can go on from there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape

_ENTITY = re.compile(r"&(#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", re.I)
_TAG = re.compile(
    r"</?(?:p|br|div|span|b|i|u|a|em|strong|font|table|tbody|tr|td|ul|ol|li|html|body)\b[^<>]{0,300}>", re.I
)
_ENTITIES_TO_DECODE = 3  # fewer may be what the ticket is about
_PLACEHOLDER = re.compile(
    r"\[(?:cid:|inline image|image|bild|screenshot)[^\]\n]{0,200}\]|!\[[^\]\n]{0,200}\]\([^)\s]{0,500}\)"
    r"|<?(?:\b(?:screen ?shot|image|img|photo|scan)\b[\w .()-]{0,60}|(?<![\w()-])[\w()-]{1,80})"
    r"\.(?:png|jpe?g|gif|heic|webp|bmp|tiff?|pdf|mp4|mov)\b>?",
    re.I,
)
_NO_SUBJECT = re.compile(
    r"^\W*(?:\(?(?:no|empty) subject\)?|kein betreff|sin asunto|sans objet|untitled|attachments?"
    r"|(?:img|image|picture|photo|screen ?shot|scan)[\d\W_]*(?:at [\d\W_]*)?)?\W*$",
    re.I,
)
_WORD = re.compile(r"[^\W\d_]{2}|[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_BROKEN = re.compile("[\ud800-\udfff\ufffd]")
_IMAGE = re.compile(r"\.(?:png|jpe?g|gif|heic|webp|bmp|tiff?)$", re.I)


def decoded(text: str) -> str:
    """The text with HTML entities turned into what they stand for, where they are so many that the mail was escaped
    twice on its way; fewer than three are left, as a ticket may be about them."""
    if text.count("&") < _ENTITIES_TO_DECODE or len(_ENTITY.findall(text)) < _ENTITIES_TO_DECODE:
        return text
    for _ in range(3):
        text = _TAG.sub(" ", _ENTITY.sub(_character, text))
    return text


def undecodable(text: str) -> int:
    """How many characters are what is left of bytes in another encoding."""
    return 0 if text.isascii() else len(_BROKEN.findall(text))


def why_unreadable(
    subject: str, written: str, only_signature: bool, attachments: Sequence[str], broken: int
) -> str | None:
    """A sentence when neither subject nor the written text has a word, else None."""
    said = "" if _NO_SUBJECT.match(subject) else subject
    words = _PLACEHOLDER.sub(" ", f"{said}\n{written}")
    if _WORD.search(words):
        return "There is nothing to read: most of the text could not be decoded." if broken > _letters(words) else None
    if broken:
        return "There is nothing to read: the text could not be decoded."
    if only_signature:
        return "There is nothing to read: only a signature."
    if attachments:
        kind = "an image" if all(_IMAGE.search(name) for name in attachments) else "an attachment"
        more = f" and {len(attachments) - 3} more" if len(attachments) > 3 else ""
        return f"There is nothing to read: only {kind} ({', '.join(attachments[:3])}{more})."
    if stands_for := _PLACEHOLDER.search(f"{said}\n{written}"):
        other = stands_for.group().rstrip(">").lower().endswith((".pdf", ".mp4", ".mov"))
        return f"There is nothing to read: only {'the name of a file' if other else 'an image'}."
    if written or said:
        return "There is nothing to read: only signs or numbers, no words."
    return "There is nothing to read: subject and text are empty."


def _letters(text: str) -> int:
    return sum(map(str.isalpha, text))


def _character(match: re.Match[str]) -> str:
    """What an entity stands for; an unknown one stays."""
    return unescape(match.group())
