"""Writes Anthropic's answers: blocks, and the events that tell them one after the other."""

from __future__ import annotations

from typing import Any

from tests.strict.anthropic.rules import sign
from tests.strict.exchange import Answer, Asked, fingerprint, pieces
from xrouter.wire import json, sse

_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "refusal": "refusal"}
_EMPTY: dict[str, dict[str, Any]] = {
    "text": {"text": ""},
    "thinking": {"thinking": "", "signature": ""},
    "tool_use": {"input": {}},
}
"""What a block of a stream starts as."""


def whole(asked: Asked, answer: Answer) -> bytes:
    """A `message`."""
    ended = {"stop_reason": _REASONS[answer.finish], "stop_sequence": None, "stop_details": None}
    return json.encode(
        {**_lead(asked, answer), "content": _blocks(asked, answer), **ended, "usage": _usage(asked, answer)}
    )


def stream(asked: Asked, answer: Answer) -> list[bytes]:
    """From `message_start` to `message_stop`, with the ping that the real one sends too."""
    ended = {"stop_reason": None, "stop_sequence": None}
    start = {**_lead(asked, answer), "content": [], **ended, "usage": {**_usage(asked, answer), "output_tokens": 1}}
    events = [_event("message_start", message=start), _event("ping")]
    for index, block in enumerate(_blocks(asked, answer)):
        opening = {**block, **_EMPTY[block["type"]]}
        events.append(_event("content_block_start", index=index, content_block=opening))
        events += [_event("content_block_delta", index=index, delta=delta) for delta in _deltas(block)]
        events.append(_event("content_block_stop", index=index))
    delta = {"stop_reason": _REASONS[answer.finish], "stop_sequence": None}
    events.append(_event("message_delta", delta=delta, usage=_usage(asked, answer)))
    return [*events, _event("message_stop")]


def _blocks(asked: Asked, answer: Answer) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if answer.thought:
        blocks.append({"type": "thinking", "thinking": answer.thought, "signature": sign(answer.thought)})
    if answer.text:
        blocks.append({"type": "text", "text": answer.text})
    for at, call in enumerate(answer.calls):
        made = fingerprint(call.name, str(at), str(asked.size))
        blocks.append({"type": "tool_use", "id": f"toolu_{made}", "name": call.name, "input": call.arguments})
    return blocks


def _deltas(block: dict[str, Any]) -> list[dict[str, str]]:
    """What is said of a block between its start and its stop."""
    if block["type"] == "text":
        return [{"type": "text_delta", "text": piece} for piece in pieces(block["text"])]
    if block["type"] == "thinking":
        thought = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(block["thinking"])]
        return [*thought, {"type": "signature_delta", "signature": block["signature"]}]
    said = pieces(json.encode(block["input"]).decode())
    return [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *said]]


def _lead(asked: Asked, answer: Answer) -> dict[str, Any]:
    made = fingerprint(asked.prompt, answer.text, str(asked.size))
    return {"id": f"msg_{made}", "type": "message", "role": "assistant", "model": asked.model}


def _usage(asked: Asked, answer: Answer) -> dict[str, Any]:
    """Its `input_tokens` do not count what was cached; its `output_tokens` do count the thoughts."""
    used = answer.used(asked)
    return {
        "input_tokens": used.prompt - used.cached - used.cache_write,
        "cache_creation_input_tokens": used.cache_write,
        "cache_read_input_tokens": used.cached,
        "output_tokens": used.completion,
        "output_tokens_details": {"thinking_tokens": used.reasoning},
        "service_tier": "standard",
    }


def _event(kind: str, **members: Any) -> bytes:
    return sse.event(json.encode({"type": kind, **members}), kind)
