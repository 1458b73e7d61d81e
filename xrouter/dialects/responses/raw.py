"""The raw path: Responses on both sides, so the bytes pass and only what must change is changed."""

from __future__ import annotations

from msgspec import Raw

from xrouter.chat.reply import Usage
from xrouter.chat.request import Envelope
from xrouter.chat.target import Target
from xrouter.dialects.base import StreamMender
from xrouter.dialects.responses.reader import read_reply
from xrouter.dialects.responses.seals import MARK, is_ours
from xrouter.dialects.splicing import left_out, spliced
from xrouter.wire import json
from xrouter.wire.json import Members

DONE = b""
"""The last event ends a stream; nothing is to follow it."""
_items = json.Reader(list[Raw])


def rewrite(envelope: Envelope, target: Target, *, add_usage: bool) -> bytes:  # noqa: ARG001  # it always comes
    """The client's body for this target: `model`, what the target is to be asked for, and no thoughts of others."""
    known = envelope.members
    changes: dict[str, bytes] = {}
    if target.max_output_tokens is not None and "max_output_tokens" not in known:
        changes["max_output_tokens"] = json.encode(target.max_output_tokens)
    if target.effort is not None and (reasoning := _with_effort(known, target.effort)):
        changes["reasoning"] = reasoning
    if MARK.encode() in bytes(known["input"]) and (kept := _without_ours(known["input"])):
        changes["input"] = kept
    return spliced(envelope, target, changes)


def dropped(envelope: Envelope, target: Target) -> list[str]:
    """The members that the provider does not get to see."""
    return left_out(envelope, target)


def read_used(body: bytes) -> tuple[Usage | None, int]:
    """(usage, characters said) of a whole answer. Raises UpstreamError where it is none."""
    reply = read_reply(body)
    return reply.usage, reply.chars


def without_usage(events: bytes) -> bytes:
    """The events as they are: the usage is part of the last."""
    return events


def mend_reply(body: bytes, target: Target) -> bytes:  # noqa: ARG001  # no provider is known to deviate
    """A whole answer as it is."""
    return body


def mender(target: Target) -> StreamMender | None:  # noqa: ARG001  # no provider is known to deviate
    """None: no provider is known to deviate."""
    return None


def _with_effort(known: Members, effort: str) -> bytes | None:
    said = json.decode(known["reasoning"]) if "reasoning" in known else None
    asked = said if isinstance(said, dict) else {}
    return None if asked.get("effort") else json.encode({**asked, "effort": effort})


def _without_ours(given: Raw) -> bytes | None:
    """The input less the thoughts of providers that speak something else; each other item as it came."""
    if bytes(memoryview(given)[:1]) != b"[":
        return None
    items = _items.decode(given)
    kept = [bytes(item) for item in items if not (is_ours(bytes(item)) and _is_thought(item))]
    return b"[%b]" % b",".join(kept) if len(kept) < len(items) else None


def _is_thought(item: Raw) -> bool:
    said = json.decode(item)
    return isinstance(said, dict) and said.get("type") == "reasoning"
