"""Zendesk at the socket edge: no test here reaches a network."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import responses


@pytest.fixture
def zendesk() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=True) as mock:
        yield mock
