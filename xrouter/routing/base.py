"""What routing is made of: verdicts, those who give them, and how an LLM classifier reaches its model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec

from xrouter.chat.reply import Usage
from xrouter.chat.target import Decision, Target
from xrouter.routing.lens.ask import Ask


class Verdict(msgspec.Struct, frozen=True):
    """Which tier an ask needs, and why.

    `reason` is a short code for the X-Xrouter-Reason header; `detail` is for the log and holds no prompt and no key.
    `usage` is what a model used to judge (estimated where the answer was cut off), None where none was asked.
    """

    tier: Decision
    reason: str
    detail: str = ""
    took_ms: float = 0.0
    usage: Usage | None = None


class Classifier(Protocol):
    """Judges an ask. Never fails: where it cannot judge, the verdict is the frontier and says why."""

    async def judge(self, ask: Ask) -> Verdict:
        """The verdict."""
        ...


class Answer(Protocol):
    """A provider's answer: its status, and its body in the pieces that it comes in."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The body."""
        ...


Opener = Callable[[Target, bytes], AbstractAsyncContextManager[Answer]]
"""Sends a body to a target. Raises UpstreamError, while it opens or while the body is read; leaving the context before
the end of the body closes the connection at once."""
