"""Writes Cohere's answers. Before it calls tools it tells its plan; its figures are floats."""

from __future__ import annotations

from typing import Any

from tests.strict.exchange import Answer, Asked, fingerprint, pieces
from xrouter.wire import json, sse

_REASONS = {"stop": "COMPLETE", "length": "MAX_TOKENS", "tool_calls": "TOOL_CALL", "refusal": "ERROR_TOXIC"}


def whole(asked: Asked, answer: Answer) -> bytes:
    """A v2 chat response."""
    message: dict[str, Any] = {"role": "assistant"}
    if answer.calls:
        message |= {"tool_plan": answer.text, "tool_calls": _calls(asked, answer)}
    else:
        thought = [{"type": "thinking", "thinking": answer.thought}] if answer.thought else []
        message["content"] = [*thought, {"type": "text", "text": answer.text}]
    ended = {"finish_reason": _REASONS[answer.finish], "usage": _usage(asked, answer)}
    return json.encode({"id": _id(asked, answer), "message": message, **ended})


def stream(asked: Asked, answer: Answer) -> list[bytes]:
    """From `message-start` to `message-end`, and `[DONE]`."""
    empty = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    events = [_event("message-start", empty, id=_id(asked, answer))]
    if answer.calls:
        events += [_event("tool-plan-delta", {"tool_plan": piece}) for piece in pieces(answer.text)]
        for index, call in enumerate(_calls(asked, answer)):
            events += _call_events(index, call)
    else:
        blocks = [("thinking", answer.thought), ("text", answer.text)]
        for index, (kind, text) in enumerate(each for each in blocks if each[1]):
            events += _content_events(index, kind, text)
    delta = {"finish_reason": _REASONS[answer.finish], "usage": _usage(asked, answer)}
    return [*events, sse.event(json.encode({"type": "message-end", "delta": delta}), "message-end"), sse.DONE]


def _content_events(index: int, kind: str, text: str) -> list[bytes]:
    told = [_event("content-delta", {"content": {kind: piece}}, index=index) for piece in pieces(text)]
    start = _event("content-start", {"content": {"type": kind, kind: ""}}, index=index)
    return [start, *told, _event("content-end", index=index)]


def _call_events(index: int, call: dict[str, Any]) -> list[bytes]:
    """One call is an object here, not a list of one."""
    arguments = call["function"]["arguments"]
    opening = {**call, "function": {**call["function"], "arguments": ""}}
    told = [{"tool_calls": {"function": {"arguments": piece}}} for piece in pieces(arguments)]
    start = _event("tool-call-start", {"tool_calls": opening}, index=index)
    deltas = [_event("tool-call-delta", message, index=index) for message in told]
    return [start, *deltas, _event("tool-call-end", index=index)]


def _calls(asked: Asked, answer: Answer) -> list[dict[str, Any]]:
    calls = []
    for at, call in enumerate(answer.calls):
        made = fingerprint(call.name, str(at), str(asked.size))[:12]
        function = {"name": call.name, "arguments": json.encode(call.arguments).decode()}
        calls.append({"id": f"{call.name}_{made}", "type": "function", "function": function})
    return calls


def _usage(asked: Asked, answer: Answer) -> dict[str, Any]:
    """`billed_units` are less than what went through."""
    used = answer.used(asked)
    tokens = {"input_tokens": float(used.prompt), "output_tokens": float(used.completion)}
    if used.reasoning:
        tokens["reasoning_tokens"] = float(used.reasoning)
    billed = {"input_tokens": used.prompt / 2, "output_tokens": float(used.completion)}
    return {"billed_units": billed, "tokens": tokens, "cached_tokens": float(used.cached)}


def _id(asked: Asked, answer: Answer) -> str:
    return fingerprint(asked.prompt, answer.text, str(asked.size))


def _event(kind: str, message: dict[str, Any] | None = None, **members: Any) -> bytes:
    delta = {"delta": {"message": message}} if message is not None else {}
    return sse.event(json.encode({"type": kind, **members, **delta}), kind)
