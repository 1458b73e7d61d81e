"""Writes OpenAI's answers. What a model thought is counted and not shown."""

from __future__ import annotations

import time
from typing import Any

from tests.strict.exchange import Answer, Asked, Call, fingerprint, pieces
from xrouter.wire import json, sse

_FINISH = {"stop": "stop", "length": "length", "tool_calls": "tool_calls", "refusal": "stop"}


def whole(asked: Asked, answer: Answer) -> bytes:
    """A `chat.completion`."""
    return json.encode(completion(asked, answer))


def completion(asked: Asked, answer: Answer) -> dict[str, Any]:
    """The same, to be added to."""
    refuses = answer.finish == "refusal"
    message: dict[str, Any] = {
        "role": "assistant",
        "content": None if refuses or (answer.calls and not answer.text) else answer.text,
        "refusal": answer.text if refuses else None,
        "annotations": [],
    }
    if answer.calls:
        message["tool_calls"] = [_call(call, at, asked) for at, call in enumerate(answer.calls)]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _FINISH[answer.finish]}
    lead = _lead(asked, answer, "chat.completion")
    return {**lead, "choices": [choice], "usage": _usage(asked, answer)}


def stream(asked: Asked, answer: Answer) -> list[bytes]:
    """Chunks, and `[DONE]`."""
    return [*map(_event, chunks(asked, answer)), sse.DONE]


def chunks(asked: Asked, answer: Answer) -> list[dict[str, Any]]:
    """The chunks as objects, to be added to."""
    lead = _lead(asked, answer, "chat.completion.chunk")
    words = "refusal" if answer.finish == "refusal" else "content"
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": "" if answer.text else None, "refusal": None}]
    deltas += [{words: piece} for piece in pieces(answer.text)]
    for at, call in enumerate(answer.calls):
        whole_call = _call(call, at, asked)
        arguments = whole_call["function"].pop("arguments")
        deltas.append(
            {"tool_calls": [{"index": at, **whole_call, "function": {**whole_call["function"], "arguments": ""}}]}
        )
        deltas += [{"tool_calls": [{"index": at, "function": {"arguments": piece}}]} for piece in pieces(arguments)]
    said = [{**lead, "choices": [_choice(delta)], **_none(asked)} for delta in deltas]
    said.append({**lead, "choices": [_choice({}, _FINISH[answer.finish])], **_none(asked)})
    return [*said, {**lead, "choices": [], "usage": _usage(asked, answer)}] if asked.wants_usage else said


def _none(asked: Asked) -> dict[str, None]:
    return {"usage": None} if asked.wants_usage else {}


def _choice(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}


def _call(call: Call, at: int, asked: Asked) -> dict[str, Any]:
    made = fingerprint(call.name, str(at), str(asked.size))
    arguments = json.encode(call.arguments).decode()
    return {"id": f"call_{made}", "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _lead(asked: Asked, answer: Answer, kind: str) -> dict[str, Any]:
    made = fingerprint(asked.prompt, answer.text, str(asked.size))
    return {
        "id": f"chatcmpl-{made}",
        "object": kind,
        "created": int(time.time()),
        "model": asked.model,
        "service_tier": "default",
        "system_fingerprint": "fp_simulated",
    }


def _usage(asked: Asked, answer: Answer) -> dict[str, Any]:
    used = answer.used(asked)
    return {
        "prompt_tokens": used.prompt,
        "completion_tokens": used.completion,
        "total_tokens": used.prompt + used.completion,
        "prompt_tokens_details": {"cached_tokens": used.cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": used.reasoning, "audio_tokens": 0},
    }


def _event(value: dict[str, Any]) -> bytes:
    return sse.event(json.encode(value))
