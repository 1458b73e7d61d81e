"""Keeps a local classifier's model in memory and its instructions in the engine's cache."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from urllib.parse import urlsplit

from xrouter.chat.reply import Usage
from xrouter.chat.target import Target
from xrouter.config.model import Classifier as Settings
from xrouter.routing.base import Classifier
from xrouter.routing.lens.ask import Ask
from xrouter.wire.host import is_near

DEFAULT_KEEP_ALIVE_MS = 240_000
_GREETING = Ask(text="Hello")
_log = logging.getLogger(__name__)


async def run(classifier: Classifier, settings: Settings, target: Target, book: Callable[[Usage], None]) -> None:
    """Warm up once, then again and again, and `book` what it used; the caller owns the task and cancels it."""
    if settings.warmup:
        await asyncio.sleep(settings.warmup_delay_ms / 1000)
        await _touch(classifier, book)
    every_ms = read_keep_alive_ms(settings, target)
    while every_ms > 0:
        await asyncio.sleep(every_ms / 1000)
        await _touch(classifier, book)


def read_keep_alive_ms(settings: Settings, target: Target) -> int:
    """How often; 0 is never. Where it is not set, only engines nearby are kept warm: others would charge for it."""
    if settings.keep_alive_ms is not None:
        return settings.keep_alive_ms
    return DEFAULT_KEEP_ALIVE_MS if is_near(urlsplit(target.url).hostname or "") else 0


async def _touch(classifier: Classifier, book: Callable[[Usage], None]) -> None:
    verdict = await classifier.judge(_GREETING)
    _log.debug("classifier warmed up in %.0f ms: %s %s", verdict.took_ms, verdict.reason, verdict.detail)
    if verdict.usage is not None:
        book(verdict.usage)
