"""Which of the limits a request counts in."""

from __future__ import annotations

import pytest

from connectors.simulator.zendesk.limits import families


@pytest.mark.parametrize(
    ("method", "path", "found"),
    [
        ("GET", "help_center/articles", {"help_center"}),
        ("GET", "groups", {"requests"}),
        ("GET", "search/count", {"requests", "search"}),
        ("GET", "incremental/tickets/cursor", {"requests", "exports"}),
        ("GET", "tickets/7", {"requests"}),
        ("PUT", "tickets/7", {"requests", "updates", "updates:7"}),
        ("DELETE", "tickets/7/tags", {"requests", "updates", "updates:7"}),
        ("PUT", "tickets/update_many", {"requests", "jobs"}),
    ],
)
def test_a_request_counts_in_its_families(method: str, path: str, found: set[str]) -> None:
    assert set(families(method, path)) == found
