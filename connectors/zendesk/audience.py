"""Who may read an article, from Zendesk's user segments. Pure; what is not understood lets nobody in.

https://developer.zendesk.com/api-reference/help_center/help-center-api/user_segments/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.zendesk.wire import Id, Wire
from triage.articles import Audience

Readers = tuple[Audience, tuple[str, ...]]

TYPES = {"signed_in_users": Audience.SIGNED_IN, "staff": Audience.AGENTS}
WIDEST_FIRST = (Audience.EVERYONE, Audience.SIGNED_IN, Audience.RESTRICTED, Audience.AGENTS)


class UserSegment(Wire):
    """`user_type` is `signed_in_users` or `staff`; each list that is not empty narrows it, and all must fit."""

    id: Id
    user_type: str
    organization_ids: tuple[Id, ...] | None = None
    group_ids: tuple[Id, ...] | None = None
    tags: tuple[str, ...] | None = None
    or_tags: tuple[str, ...] | None = None
    added_user_ids: tuple[Id, ...] | None = None

    def readers(self) -> Readers:
        """Only one kind of narrowing can be said as "any of these"; several at once stay a segment."""
        if self.user_type not in TYPES:
            return self._itself()
        lists = {"organization": self.organization_ids, "group": self.group_ids, "tag": self.tags or self.or_tags}
        used = {kind: values for kind, values in lists.items() if values}
        if not used and not self.added_user_ids:
            return TYPES[self.user_type], ()
        # A customer may share an organization or a tag with staff, but is in no group.
        sayable = {"group"} if self.user_type == "staff" else set(lists)
        needs_all_tags = len(self.tags or ()) > 1 or bool(self.tags and self.or_tags)
        if len(used) != 1 or not set(used) <= sayable or needs_all_tags:
            return self._itself()
        # People added by hand may read as well: leaving them out lets in fewer, never more.
        ((kind, values),) = used.items()
        return Audience.RESTRICTED, tuple(f"{kind}:{value}" for value in values)

    def _itself(self) -> Readers:
        return Audience.RESTRICTED, (f"segment:{self.id}",)


def readers(article: Mapping[str, Any], segments: Mapping[str, UserSegment]) -> Readers:
    """The widest of the article's segments; none at all, said expressly, is everybody."""
    listed = article.get("user_segment_ids")
    ids = [str(each) for each in listed] if isinstance(listed, list) and listed else []
    if not ids and article.get("user_segment_id") is not None:
        ids = [str(article["user_segment_id"])]
    if not ids:
        told = "user_segment_id" in article or isinstance(listed, list)
        return (Audience.EVERYONE, ()) if told else (Audience.RESTRICTED, ())
    found = [
        segments[each].readers() if each in segments else (Audience.RESTRICTED, (f"segment:{each}",)) for each in ids
    ]
    widest = min((audience for audience, _ in found), key=WIDEST_FIRST.index)
    if widest is not Audience.RESTRICTED:
        return widest, ()
    return widest, tuple(dict.fromkeys(name for _, allowed in found for name in allowed))
