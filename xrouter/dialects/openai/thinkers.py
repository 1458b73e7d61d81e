"""What OpenAI's models that think refuse: the old name of the output limit, and being sampled otherwise than they are.

A client that leaves the model to the router cannot know which one it will be.
Source: https://platform.openai.com/docs/guides/reasoning.
"""

from __future__ import annotations

import re

import msgspec

from xrouter.chat.request import Envelope
from xrouter.chat.target import Target
from xrouter.wire.json import Members

OFFICIAL = frozenset({"openai", "azure_openai"})
"""Providers of OpenAI's own models."""
_THINKS = re.compile(r"^(?:o\d|gpt-[5-9])(?!.*-chat)")
_OLD_LIMIT = ("max_tokens", "max_completion_tokens")
_SAMPLING = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "stop")
_SERIAL = re.compile(r"^o\d")
"""Models that call one tool at a time, and refuse to be told how many."""
_HARMLESS = {"temperature": (b"1", b"1.0"), "top_p": (b"1", b"1.0")}
"""Values that say what holds anyhow."""


def for_thinker(target: Target, envelope: Envelope) -> Target:
    """The target with what its model refuses of this request among its `renames` and `unknown`."""
    model = target.model or envelope.model
    if target.provider not in OFFICIAL or not _THINKS.match(model):
        return target
    serial = ["parallel_tool_calls"] if _SERIAL.match(model) else []
    unknown = target.unknown.union(_unsampled(envelope.members), serial)
    return msgspec.structs.replace(target, renames=(*target.renames, _OLD_LIMIT), unknown=unknown)


def _unsampled(known: Members) -> list[str]:
    """The sampling in a request; one that is not to be thought about may have some."""
    if bytes(known.get("reasoning_effort", b"")) == b'"none"':
        return []
    return [name for name in _SAMPLING if name in known and bytes(known[name]) not in _HARMLESS.get(name, ())]
