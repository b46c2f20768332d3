"""Posts to a chat channel by its incoming webhook: `{"text": …}`, which the usual chats take.

There is no key that such a webhook knows a repetition by, and nothing to read back: a post whose outcome is unknown
must not be repeated. Where the chat takes Block Kit, links are buttons: https://docs.slack.dev/block-kit
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from connectors.base import Receipt
from connectors.channel import receipt
from connectors.outside import Outside
from triage.messages import PostChat

BLOCK_KIT_HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")
LONGEST_SECTION, LONGEST_BUTTON = 3000, 75


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """`address` is the channel's webhook and its only secret."""

    outside: Outside
    address: str = field(repr=False)

    def send(self, post: PostChat, *, key: str, now: datetime) -> Receipt:
        """Post once."""
        answer = self.outside.post(self.address, body_for(post, self.address))
        return receipt(
            answer,
            who="the chat",
            what="chat",
            now=now,
            evidence=f"the chat answered {answer.status}",
            repeatable=False,
        )


def body_for(post: PostChat, address: str) -> dict[str, Any]:
    """What the chat at that address is sent."""
    if urlsplit(address.strip()).hostname not in BLOCK_KIT_HOSTS:
        return {"text": "\n".join([post.text, *(f"{text}: {href}" for href, text in post.links)])}
    # Plain text: what a ticket's subject says must neither call everybody in the channel nor look like our link.
    blocks: list[dict[str, Any]] = [{"type": "section", "text": _plain(post.text, LONGEST_SECTION)}]
    if post.links:
        buttons = [{"type": "button", "text": _plain(text, LONGEST_BUTTON), "url": href} for href, text in post.links]
        blocks.append({"type": "actions", "elements": buttons})
    return {"text": _escaped(post.text), "blocks": blocks}


def _plain(text: str, longest: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": text[:longest], "emoji": False}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
