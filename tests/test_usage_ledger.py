"""usage/ledger.py: a process's account, from the request to the file, to Redis and to GET /usage."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.processes import ROOT, RedisServer, free_port
from xrouter.chat.reply import Usage
from xrouter.chat.target import Purpose
from xrouter.errors import NothingToRead
from xrouter.usage.ledger import Ledger
from xrouter.usage.meter import Entry
from xrouter.usage.prices import Price, PriceBook, Priced
from xrouter.usage.redis import SharedCounters
from xrouter.usage.report import ClassifierUse, Report, Saved
from xrouter.usage.sqlite import Store, read_file

AT = 1_800_000_000.0
TARGETS = (
    Priced("cheap", "ollama", "small", local=True),
    Priced("medium", "p", "mid", configured=Price(input=1.0, output=2.0)),
    Priced("frontier", "p", "big", configured=Price(input=10.0, cached_input=1.0, output=20.0)),
    Priced("classifier", "p", "judge", configured=Price(input=0.5, output=1.0)),
)
ANSWER = Usage(prompt=1_000, completion=100, cached=500)

ROUTER = """
import asyncio, sys, time
from pathlib import Path
from xrouter.chat.reply import Usage
from xrouter.usage.ledger import Ledger
from xrouter.usage.meter import Entry
from xrouter.usage.prices import PriceBook
from xrouter.usage.sqlite import Store

async def main():
    ledger = Ledger(Store(Path(sys.argv[1])), PriceBook([]))
    ledger.start()
    for _ in range(int(sys.argv[2])):
        ledger.record(Entry(time.time(), "cheap", "p", "m", Usage(prompt=11, completion=7)))
        await asyncio.sleep(0)
    print("recorded", flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def no_prices(provider: str, model: str) -> Price | None:
    """Nothing is known beyond the configuration."""
    return None


@asynccontextmanager
async def ledger(
    path: Path, *, redis_url: str | None = None, targets: Sequence[Priced] = TARGETS
) -> AsyncIterator[Ledger]:
    """A ledger that runs, and is closed in the end."""
    shared = SharedCounters(redis_url) if redis_url else None
    account = Ledger(Store(path), PriceBook(targets, look_up=no_prices), shared)
    account.start()
    try:
        yield account
    finally:
        await account.close()


def entry(tier: Purpose, model: str, tokens: Usage = ANSWER, *, at: float = AT) -> Entry:
    """A request as the router records it."""
    return Entry(at, tier, "ollama" if tier == "cheap" else "p", model, tokens)


def requests(used: Report) -> int:
    """How many answers there were."""
    return used.total.requests


def has_usage(path: Path) -> bool:
    """Whether a request is in the file already."""
    try:
        return bool(read_file(path).by_tier)
    except NothingToRead:
        return False


async def test_the_account_of_four_requests(tmp_path: Path) -> None:
    """Worked by hand: each answer at its own price, and the baseline at the frontier's."""
    async with ledger(tmp_path / "usage.sqlite") as account:
        for tier, model in (("cheap", "small"), ("medium", "mid"), ("frontier", "big")):
            account.record(entry(tier, model))  # type: ignore[arg-type]
        account.record(entry("classifier", "judge", Usage(prompt=200, completion=1, estimated=True)))
        used = await account.totals()
    assert used.cheap.cost_usd == 0.0
    assert used.medium.cost_usd == 0.0012  # 1000 in, 100 out; no cached price of its own
    assert used.frontier.cost_usd == 0.0075  # 500 in, 500 cached, 100 out
    assert used.classifier == ClassifierUse(
        requests=1, prompt_tokens=200, completion_tokens=1, cost_usd=0.000101, estimated=1
    )
    assert used.saved.baseline_cost_usd == 0.0225
    assert used.saved.cost_usd == 0.008801
    assert used.saved.saved_usd == 0.013699
    assert used.total.cached_tokens == 1_500
    assert used.since == "2027-01-15T08:00:00Z"


async def test_an_unknown_price_is_never_nothing(tmp_path: Path) -> None:
    """A model that nobody has a price for costs null; what the frontier would have cost is known all the same."""
    async with ledger(tmp_path / "usage.sqlite") as account:
        account.record(entry("medium", "no-such-model"))
        used = await account.totals()
    assert used.medium.cost_usd is used.total.cost_usd is used.saved.saved_usd is None
    assert used.saved.baseline_cost_usd == 0.0075


async def test_a_fallback_of_the_frontier_saves_nothing(tmp_path: Path) -> None:
    """What the frontier tier answers, with whichever of its targets, is its own baseline."""
    cheaper = Priced("frontier", "p", "spare", configured=Price(input=1.0, output=1.0))
    async with ledger(tmp_path / "usage.sqlite", targets=(*TARGETS, cheaper)) as account:
        account.record(entry("frontier", "spare"))
        used = await account.totals()
    assert used.saved == Saved(baseline_cost_usd=0.0011, cost_usd=0.0011, saved_usd=0.0, saved_ratio=0.0)


async def test_usage_is_the_same_after_a_restart(tmp_path: Path) -> None:
    """A clean end writes everything, and the next process goes on from there."""
    path = tmp_path / "usage.sqlite"
    async with ledger(path) as account:
        for _ in range(10):
            account.record(entry("medium", "mid"))
        before = await account.totals()
        account.record(entry("medium", "mid"))
    async with ledger(path) as account:
        after = await account.totals()
    assert (requests(before), requests(after)) == (10, 11)
    assert after.medium.cost_usd == 0.0132


async def test_since_reads_the_history(tmp_path: Path) -> None:
    """Only what was used from that minute on."""
    async with ledger(tmp_path / "usage.sqlite") as account:
        account.record(entry("medium", "mid", at=AT))
        account.record(entry("medium", "mid", at=AT + 3_600))
        assert requests(await account.totals(AT + 60)) == 1
        assert requests(await account.totals(AT)) == requests(await account.totals()) == 2
        assert requests(await account.totals(AT + 7_200)) == 0


async def test_entries_are_written_without_being_asked_for(tmp_path: Path) -> None:
    """A second after a request at the latest it is in the file."""
    path = tmp_path / "usage.sqlite"
    async with ledger(path) as account:
        account.record(entry("medium", "mid"))
        async with asyncio.timeout(10):
            while not has_usage(path):  # noqa: ASYNC110 - the file tells nobody
                await asyncio.sleep(0.02)


async def test_a_client_that_leaves_while_it_asks_loses_nothing(tmp_path: Path) -> None:
    """A question for the totals that is cancelled half-way takes no entries with it."""
    async with ledger(tmp_path / "usage.sqlite") as account:
        for _ in range(20):
            account.record(entry("medium", "mid"))
            question = asyncio.create_task(account.totals())
            await asyncio.sleep(0)
            question.cancel()
        assert requests(await account.totals()) == 20


async def test_sigkill_loses_at_most_a_second(tmp_path: Path) -> None:
    """A killed router has written what was recorded 1.5 s before."""
    path = tmp_path / "usage.sqlite"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", ROUTER, str(path), "20"), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()
    await asyncio.sleep(1.5)
    process.kill()
    await process.wait()
    assert read_file(path).by_tier["cheap"][:3] == (20, 220, 140)


async def test_a_store_that_cannot_be_written_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file in the folder's place: usage is counted in memory, with one warning."""
    (tmp_path / "share").touch()
    async with ledger(tmp_path / "share" / "usage.sqlite") as account:
        for number in range(1, 4):
            account.record(entry("medium", "mid"))
            assert requests(await account.totals()) == number
        assert caplog.text.count("kept in memory") == 1


async def test_two_routers_share_their_usage_through_redis(tmp_path: Path, redis_server: RedisServer) -> None:
    """Each shows the sum of both; the history of this machine is its own."""
    async with (
        ledger(tmp_path / "one.sqlite", redis_url=redis_server.url) as one,
        ledger(tmp_path / "two.sqlite", redis_url=redis_server.url) as two,
    ):
        one.record(entry("medium", "mid"))
        assert requests(await one.totals()) == 1
        two.record(entry("frontier", "big"))
        used = await two.totals()
        assert used == await one.totals()
        assert (requests(used), used.total.cost_usd) == (2, 0.0087)
        assert requests(await one.totals(0)) == 1


@pytest.mark.parametrize("gone", ["frozen", "stopped"])
async def test_without_redis_this_machines_usage_is_shown(tmp_path: Path, redis_server: RedisServer, gone: str) -> None:
    """A Redis that is frozen or dead costs one question 0.4 s, and nothing is lost."""
    async with ledger(tmp_path / "usage.sqlite", redis_url=redis_server.url) as account:
        account.record(entry("medium", "mid"))
        assert requests(await account.totals()) == 1
        if gone == "frozen":
            redis_server.freeze()
        else:
            redis_server.stop()
        account.record(entry("medium", "mid"))
        async with asyncio.timeout(5):
            assert requests(await account.totals()) == 2
        redis_server.thaw() if gone == "frozen" else redis_server.start()


async def test_a_redis_that_was_never_there(tmp_path: Path) -> None:
    """The router counts on this machine."""
    async with ledger(tmp_path / "usage.sqlite", redis_url=f"redis://127.0.0.1:{free_port()}") as account:
        account.record(entry("medium", "mid"))
        assert requests(await account.totals()) == 1


async def test_real_prices_are_found_without_a_setting(tmp_path: Path) -> None:
    """A well-known model of a well-known provider has its list price."""
    account = Ledger(Store(tmp_path / "usage.sqlite"), PriceBook([Priced("frontier", "openai", "gpt-4o")]))
    account.record(Entry(AT, "frontier", "openai", "gpt-4o", Usage(prompt=1_000, completion=100)))
    used = await account.totals()
    await account.close()
    assert used.frontier.cost_usd == 0.0035
