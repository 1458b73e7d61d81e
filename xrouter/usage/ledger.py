"""What was used, counted while requests run: the loop only appends, everything else happens beside it.

record → entries → (own thread) priced, summed into minutes → store → file
                                      └──────────────────────→ shared counters → Redis
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from xrouter.usage.meter import Bucket, Counts, Entry, Rows, bucket, count, gather, total
from xrouter.usage.prices import Price, PriceBook, cost
from xrouter.usage.report import Report, report
from xrouter.usage.sqlite import Store

if TYPE_CHECKING:
    from xrouter.usage.redis import SharedCounters

GATHER_S = 0.5
"""How long entries are gathered before they are written: what a killed process may lose."""
RETRY_S = 1.0
PRICES_AFTER_S = 1.0
"""Prices are looked up this long after the start: loading them takes 0.2 s that start-up does not have."""

T = TypeVar("T")


class Ledger:
    """One process's account of what it used. `start` it on the running loop, `close` it to write what is left."""

    def __init__(self, store: Store, prices: PriceBook, shared: SharedCounters | None = None) -> None:
        self._store = store
        self._prices = prices
        self._shared = shared
        self._entries: deque[Entry] = deque()
        self._more = asyncio.Event()
        self._writer = ThreadPoolExecutor(1, "xrouter-usage")
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to write in the background; the file is made now, and a warning says so when it cannot be."""
        self._tasks = [
            asyncio.create_task(self._pump(), name="xrouter: usage"),
            asyncio.create_task(self._load_prices(), name="xrouter: prices"),
        ]

    def record(self, entry: Entry) -> None:
        """Count a request; on the loop's thread, without waiting."""
        self._entries.append(entry)
        if not self._more.is_set():
            self._more.set()

    async def totals(self, since: float | None = None) -> Report:
        """The body of `GET /usage`, with every request that was recorded before.

        Of all time (shared with other routers, where Redis is), or from the minute of `since` (Unix seconds) on: that
        is this machine's own history.
        """
        await self._in_writer(self._account)
        if self._shared is not None and since is None:
            shared = await self._shared.read()
            if shared is not None:
                return report(shared)
        return report(await self._in_writer(lambda: self._store.read(since)))

    async def close(self) -> None:
        """Write what is left and let go of file, thread and Redis."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._in_writer(self._account)
        await self._in_writer(self._store.close)
        self._writer.shutdown()
        if self._shared is not None:
            await self._shared.close()

    async def _pump(self) -> None:
        await self._in_writer(self._store.read)
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RETRY_S if self._waits else None):
                    await self._more.wait()
            await asyncio.sleep(GATHER_S)
            self._more.clear()
            await self._in_writer(self._account)
            if self._shared is not None:
                await self._shared.push()

    async def _load_prices(self) -> None:
        await asyncio.sleep(PRICES_AFTER_S)
        await asyncio.to_thread(self._prices.resolve)

    @property
    def _waits(self) -> bool:
        return self._store.holds() or (self._shared is not None and self._shared.holds())

    async def _in_writer(self, job: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, job)

    def _account(self) -> None:
        """Price, sum and write what is new. It takes the entries itself, so that none is lost with a cancelled wait."""
        rows: Rows = {}
        baseline = self._prices.baseline() if self._entries else None
        while self._entries:
            entry = self._entries.popleft()
            gather(rows, [self._priced(entry, baseline)])
        self._store.write(rows)
        if self._shared is not None:
            self._shared.add(total(rows))

    def _priced(self, entry: Entry, baseline: Price | None) -> tuple[Bucket, Counts]:
        spent = cost(entry.tokens, self._prices.find(entry.tier, entry.provider, entry.model))
        match entry.tier:
            case "classifier":
                instead: float | None = 0.0
            case "frontier":
                instead = spent
            case _:
                instead = cost(entry.tokens, baseline)
        return bucket(entry), count(entry.tokens, spent, instead)
