"""The answer object that the first and the last event of a stream carry, and that a whole answer is."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Raw

from xrouter.chat.reply import Usage
from xrouter.dialects.base import Stamp
from xrouter.dialects.faults import OPENAI_PHRASE, OVERFLOW, worded
from xrouter.dialects.responses.echo import echo
from xrouter.dialects.responses.usage import write_usage
from xrouter.errors import XrouterError
from xrouter.wire import json

_NOISE = re.compile(r"[^A-Za-z0-9]")
_MOST_ID = 40
"""How much of a request's id goes into the ids of an answer: OpenAI takes no longer ones back than 64."""
_CODES = frozenset({"server_error", "rate_limit_exceeded", "invalid_prompt", OVERFLOW})
"""What `error.code` of a failed answer may be: the official SDK's, and the one by which clients compact."""


class Ending(msgspec.Struct, frozen=True):
    """How an answer stands: its status, why it is not complete, what went wrong, what it used."""

    status: str
    reason: str | None = None
    error: XrouterError | None = None
    usage: Usage | None = None


class Frame:
    """Writes the answer object of one request; its ids come from the request's."""

    def __init__(self, stamp: Stamp) -> None:
        self.tail = _NOISE.sub("", stamp.id)[-_MOST_ID:]
        self._stamp = stamp
        self._head = b""
        self._rest = b""

    def set(self, model: str, created: int) -> None:
        """What the provider says of itself, where it does; what the request set is read once."""
        stamp = self._stamp
        head = {"id": f"resp_{self.tail}", "object": "response", "created_at": created or stamp.created}
        self._head = json.encode({**head, "model": model or stamp.model, "background": False, "store": False})[:-1]
        if not self._rest:
            shared = {"previous_response_id": None, "truncation": "disabled", **echo(stamp.envelope.members)}
            self._rest = json.encode(shared)[1:]

    def write(self, ending: Ending, items: list[bytes]) -> bytes:
        """The object as JSON, with the items that are done."""
        state: dict[str, Any] = {
            "status": ending.status,
            "error": _error(ending.error),
            "incomplete_details": {"reason": ending.reason} if ending.reason else None,
            "output": [Raw(item) for item in items],
            "usage": write_usage(ending.usage),
        }
        return b"%b,%b,%b" % (self._head, json.encode(state)[1:-1], self._rest)


def _error(error: XrouterError | None) -> dict[str, str] | None:
    if error is None:
        return None
    code = "rate_limit_exceeded" if error.status == 429 else error.code
    return {"code": code if code in _CODES else "server_error", "message": worded(error, OPENAI_PHRASE)}
