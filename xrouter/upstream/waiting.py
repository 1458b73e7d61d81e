"""A client that waits for a stream: its watchdog must not bark, and an early error must still be a proper status.

OpenClaw gives up after 120 s without an event, and comments do not count (docs/http.md, "Streams that wait"). So the
status stays open for a while; then the stream begins, and an empty event goes out again and again until the provider
speaks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

INTERVAL_S = 15.0


class Waiting:
    """Calls `tick` every `interval_s` until it is stopped."""

    def __init__(self, tick: Callable[[], None], interval_s: float = INTERVAL_S) -> None:
        self._tick = tick
        self._interval_s = interval_s
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(interval_s, self._fire)

    def stop(self) -> None:
        """The provider has spoken, or failed."""
        self._timer.cancel()

    def _fire(self) -> None:
        self._timer = self._loop.call_later(self._interval_s, self._fire)
        self._tick()
