"""Posts to a chat channel by its incoming webhook: `{"text": …}`, which the usual chats take.

There is no key that such a webhook knows a repetition by, and nothing to read back: a post whose outcome is unknown
must not be repeated.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from connectors.base import Receipt
from connectors.errors import OutcomeUnknown, RateLimited, Rejected
from connectors.http import parse_retry_after
from connectors.outside import Outside
from triage.messages import PostChat

SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    outside: Outside

    def post(self, message: PostChat, *, address: str) -> Receipt:
        """Post once; `address` is the channel's webhook and its only secret.

        Raises `Rejected`, `RateLimited`, `Unavailable` (not posted) or `OutcomeUnknown` (perhaps posted).
        """
        answer = self.outside.post(address, {"text": message.text})
        if 200 <= answer.status < 300:
            return Receipt(applied=True, status=answer.status, evidence=f"the chat answered {answer.status}")
        if answer.status == 429:
            wait_s = parse_retry_after(answer.headers.get("retry-after"), now=time.time())
            raise RateLimited("the chat is over its limit", operation="chat", status=429, retry_after_s=wait_s)
        if answer.status >= 500:
            raise OutcomeUnknown(f"the chat answered {answer.status}", operation="chat", status=answer.status)
        said = answer.body.decode("utf-8", "replace")[:SHOWN]
        raise Rejected(f"The chat answered {answer.status}: {said}", operation="chat", status=answer.status)
