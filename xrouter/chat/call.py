"""One request as it is on its way: what came in, and what has become of it so far."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import msgspec

from xrouter.chat.reply import Usage
from xrouter.chat.target import Target
from xrouter.wire.headers import safe


class Call(msgspec.Struct, frozen=True):
    """A request as the server hands it over: `dialect` is what its path speaks, `owner` the name of its key."""

    id: str
    dialect: str
    owner: str
    headers: Mapping[str, str]
    body: bytes


class Trail(msgspec.Struct):
    """What became of a request so far: for the answer's headers, the log line and the ledger."""

    started: float
    decision: int | None = None
    reason: str | None = None
    detail: str | None = None
    judged: str | None = None
    target: Target | None = None
    model: str | None = None
    stream: bool = False
    judged_ms: float | None = None
    first_ms: float | None = None
    tokens: Usage | None = None
    fault: str | None = None
    dropped: Sequence[str] = ()

    def headers(self) -> list[tuple[str, str]]:
        """The X-Xrouter headers of what is known by now."""
        named = (
            ("Decision", self.decision),
            ("Upstream", self.target and self.target.tier),
            ("Model", self.model),
            ("Reason", self.reason),
            ("Dropped", ", ".join(self.dropped) or None),
        )
        return [(f"X-Xrouter-{name}", safe(str(value))) for name, value in named if value is not None]

    def since_start_ms(self) -> float:
        """Milliseconds since the request came in."""
        return (time.perf_counter() - self.started) * 1000
