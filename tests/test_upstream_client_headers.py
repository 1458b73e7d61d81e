"""Whose headers a provider gets: those of the target's row, the client's, and the tier's own."""

from __future__ import annotations

import msgspec
import pytest

from tests.calling import KEY, pool_of, to
from tests.fakes import FakeProvider


@pytest.mark.parametrize(
    ("clients", "expected"),
    [
        ({}, {"anthropic-version": "2023-06-01", "x-team": "red"}),
        ({"anthropic-version": "2024-01-01", "x-team": "blue"}, {"anthropic-version": "2024-01-01", "x-team": "red"}),
        ({"authorization": "Bearer mine"}, {"anthropic-version": "2023-06-01", "x-team": "red"}),
    ],
)
async def test_whose_header_counts(clients: dict[str, str], expected: dict[str, str]) -> None:
    """A default gives way to the client's, and the client's to what the tier sets."""
    async with FakeProvider() as provider, pool_of() as pool:
        target = to(provider.url, default_headers=(("anthropic-version", "2023-06-01"), ("x-team", "none")))
        target = msgspec.structs.replace(target, headers=(*target.headers, ("x-team", "red")))
        (await pool.open(target, b"{}", clients)).close()
        headers = provider.calls[0].headers
        assert headers["authorization"] == f"Bearer {KEY}"
        assert {name: headers[name] for name in expected} == expected
