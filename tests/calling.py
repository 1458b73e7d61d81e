"""Requests to providers through a real Pool, as the tests of xrouter/upstream make them."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from xrouter.chat.target import Target
from xrouter.config.model import Upstream
from xrouter.errors import UpstreamError
from xrouter.upstream.client import Answer, Pool

KEY = "sk-0123456789-SECRET"
PATIENT = Upstream()


def to(url: str, **members: Any) -> Target:
    """Where requests go, with a key."""
    return Target("frontier", "fake", "openai", url, headers=(("authorization", f"Bearer {KEY}"),), **members)


@asynccontextmanager
async def pool_of(settings: Upstream = PATIENT) -> AsyncIterator[Pool]:
    """A pool that is closed."""
    pool = Pool(settings)
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def asked(pool: Pool, target: Target | str, body: bytes = b"{}") -> AsyncIterator[Answer]:
    """An answer that is closed."""
    answer = await pool.open(to(target) if isinstance(target, str) else target, body, {})
    try:
        yield answer
    finally:
        answer.close()


async def take(pool: Pool, target: Target | str, body: bytes = b"{}") -> tuple[int, bytes]:
    """Status and body of an answer."""
    async with asked(pool, target, body) as answer:
        return answer.status, await answer.read()


class Bag:
    """A sink that takes all."""

    full = False

    def __init__(self, end: bytes = b"\0never") -> None:
        self.data = b""
        self._end = end

    @property
    def complete(self) -> bool:
        """Whether the end has come."""
        return self.data.endswith(self._end)

    def feed(self, data: bytes) -> None:
        """Put it in."""
        assert data
        self.data += data

    def when_ready(self, callback: Callable[[], None] | None) -> None:
        """It always is."""


async def pumped(pool: Pool, target: Target | str) -> bytes:
    """A body that was pumped."""
    bag = Bag()
    async with asked(pool, target) as answer:
        await answer.pump(bag)
    return bag.data


async def fails(pool: Pool, target: Target | str, how: Any = take) -> UpstreamError:
    """What a request fails with, which never shows the key."""
    with pytest.raises(UpstreamError) as caught:
        await how(pool, target)
    error: UpstreamError = caught.value
    assert KEY not in "".join(traceback.format_exception(error)) + repr(error) + repr(target)
    assert "fake at " in error.message
    assert "(frontier)" in error.message
    return error
