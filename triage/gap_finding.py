"""From tickets that no article answered to gaps: clustered, named and weighed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from triage.clusters import clusters
from triage.gap_titles import Usage, telling, title_of
from triage.gaps import SPAN, Asked, Gap
from triage.sla.log import Event, Reply, once

LEAST_TICKETS, LEAST_PEOPLE = 3, 2


def gaps(asked: Sequence[Asked], *, now: datetime, knows_before: bool) -> tuple[Gap, ...]:
    """What at least three tickets of at least two people asked in the last `SPAN`, without their replies yet.

    `asked` goes back twice as far, so that each gap can say how many asked that before; `knows_before` says whether
    anything is kept of then.
    """
    usage = Usage()
    for each in asked:
        usage.add(f"{each.subject} {each.text}", each.person or f"ticket {each.ref}", each.organization)
    vectors = np.array([each.vector for each in asked], np.float32)
    found = []
    for cluster in clusters([each.text for each in asked], vectors):
        members = [asked[place] for place in cluster.members]
        recent = [each for each in members if each.at > now - SPAN]
        people = {each.person for each in recent}
        if len(recent) < LEAST_TICKETS or (None not in people and len(people) < LEAST_PEOPLE):
            continue
        words = telling(cluster.words, usage)
        found.append(
            Gap(
                title=title_of([each.subject for each in recent], [each.text for each in recent], usage, words),
                words=words,
                product_area=_most(each.product_area for each in recent),
                tickets=tuple(each.ref for each in recent),
                replies=0,
                people=None if None in people else len(people),
                before=len(members) - len(recent) if knows_before else None,
                first_at=min(each.at for each in recent),
                last_at=max(each.at for each in recent),
            )
        )
    return tuple(found)


def weighed(found: Sequence[Gap], logs: Mapping[str, Iterable[Event]]) -> tuple[Gap, ...]:
    """The gaps with the public replies that agents wrote on their tickets, the greatest burden first."""
    told = [replace(each, replies=sum(_replies(logs.get(ref, ())) for ref in each.tickets)) for each in found]
    return tuple(sorted(told, key=lambda each: (-each.burden, each.tickets)))


def _replies(log: Iterable[Event]) -> int:
    return sum(isinstance(event, Reply) and event.by_agent and event.public for event in once(log))


def _most(areas: Iterable[str | None]) -> str | None:
    """The area of more than half of them."""
    counted = Counter(areas)
    area, count = min(counted.items(), key=lambda pair: (-pair[1], str(pair[0])))
    return area if 2 * count > counted.total() else None
