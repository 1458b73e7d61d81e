"""The raw path: the same dialect on both sides, so the bytes pass and only what must change is changed."""

from __future__ import annotations

from xrouter.chat.fold import unfold
from xrouter.chat.reply import Usage
from xrouter.chat.request import Envelope
from xrouter.chat.target import Target
from xrouter.dialects.anthropic.foreign import without_foreign
from xrouter.dialects.anthropic.profiles import profile_of
from xrouter.dialects.anthropic.reader import read_reply
from xrouter.dialects.anthropic.writer import writer
from xrouter.dialects.base import Stamp, StreamMender
from xrouter.dialects.splicing import left_out, spliced
from xrouter.wire import json

_NOBODY = Envelope(body=b"", members={}, model="")
_ADAPTIVE = b'{"type":"adaptive","display":"summarized"}'


def rewrite(envelope: Envelope, target: Target, *, add_usage: bool) -> bytes:  # noqa: ARG001 - the usage always comes
    """The client's body for this target: `model`, what it adds of its own, and no thoughts of others."""
    changes: dict[str, bytes] = {}
    if (kept := without_foreign(envelope.members["messages"])) is not None:
        changes["messages"] = kept
    if target.effort is not None and envelope.members.keys().isdisjoint({"thinking", "output_config"}):
        changes |= _effort(target.effort, target.model or envelope.model)
    if target.max_output_tokens is not None and "max_tokens" not in envelope.members:
        changes["max_tokens"] = json.encode(target.max_output_tokens)
    return spliced(envelope, target, changes)


def dropped(envelope: Envelope, target: Target) -> list[str]:
    """The members that the provider does not get to see."""
    return left_out(envelope, target)


def read_used(body: bytes) -> tuple[Usage | None, int]:
    """(usage, characters said) of a whole answer. Raises UpstreamError where it is none."""
    reply = read_reply(body)
    return reply.usage, reply.chars


def as_stream(body: bytes) -> bytes:
    """A whole answer as the events of a stream. Raises UpstreamError where it is none."""
    write = writer(Stamp("", "", 0, _NOBODY))
    return b"".join(write.send(event) for event in unfold(read_reply(body)))


def without_usage(events: bytes) -> bytes:
    """The events as they are: in this dialect the usage is part of every stream."""
    return events


def mend_reply(body: bytes, target: Target) -> bytes:  # noqa: ARG001 - every dialect is asked like this
    """The answer as it is: providers of this dialect do not deviate from it."""
    return body


def mender(target: Target) -> StreamMender | None:  # noqa: ARG001 - every dialect is asked like this
    """None: there is nothing to mend."""
    return None


def _effort(effort: str, model: str) -> dict[str, bytes]:
    """How much to think, of a model that measures it itself; others are left as the client wants them."""
    if not profile_of(model).adaptive:
        return {}
    if effort == "none":
        return {"thinking": b'{"type":"disabled"}'}
    level = "low" if effort == "minimal" else effort
    return {"thinking": _ADAPTIVE, "output_config": json.encode({"effort": level})}
