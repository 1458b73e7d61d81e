"""Writes Gemini's answers: whole parts, in one response or in several that follow each other."""

from __future__ import annotations

import re
from typing import Any

from tests.strict.exchange import Answer, Asked, fingerprint, pieces
from tests.strict.gemini.contents import seal_of
from tests.strict.gemini.shapes import FunctionCall
from xrouter.wire import json, sse

_REASONS = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP", "refusal": "SAFETY"}
_SEALED = re.compile(r"gemini-(?!1\.|2\.0)")
"""Models that sign what they say; those before did not think."""
_WITH_IDS = re.compile(r"gemini-(?![12]\.)")
"""Models that give their calls ids."""


def whole(asked: Asked, answer: Answer) -> bytes:
    """A GenerateContentResponse. What was blocked has no content at all."""
    parts = [] if answer.finish == "refusal" else _parts(asked, answer, [answer.thought], [answer.text])
    return json.encode(_response(asked, answer, parts, ended=True))


def stream(asked: Asked, answer: Answer) -> list[bytes]:
    """Some of them; the last one says why it ended. There is no other mark of the end."""
    if answer.finish == "refusal":
        return [_event(_response(asked, answer, [], ended=True))]
    said = _parts(asked, answer, pieces(answer.thought), pieces(answer.text))
    events = [_event(_response(asked, answer, [part], ended=False)) for part in said]
    last = {"text": ""}
    if _SEALED.match(asked.model) and answer.text:
        last["thoughtSignature"] = seal_of(None, answer.text)
    return [*events, _event(_response(asked, answer, [last], ended=True))]


def _parts(asked: Asked, answer: Answer, thoughts: list[str], texts: list[str]) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [{"text": thought, "thought": True} for thought in thoughts if thought]
    parts += [{"text": text} for text in texts if text]
    for at, call in enumerate(answer.calls):
        part: dict[str, Any] = {"functionCall": {"name": call.name, "args": call.arguments}}
        if _WITH_IDS.match(asked.model):
            part["functionCall"]["id"] = fingerprint(call.name, str(at), str(asked.size))[:8]
        if _SEALED.match(asked.model) and at == 0:
            part["thoughtSignature"] = seal_of(FunctionCall(call.name, dict(call.arguments)))
        parts.append(part)
    return parts


def _response(asked: Asked, answer: Answer, parts: list[dict[str, Any]], *, ended: bool) -> dict[str, Any]:
    candidate: dict[str, Any] = {"index": 0}
    if parts:
        candidate["content"] = {"role": "model", "parts": parts}
    if ended:
        candidate["finishReason"] = _REASONS[answer.finish]
    made = fingerprint(asked.prompt, answer.text, str(asked.size))
    used = _usage(asked, answer)
    return {"candidates": [candidate], "usageMetadata": used, "modelVersion": asked.model, "responseId": made}


def _usage(asked: Asked, answer: Answer) -> dict[str, Any]:
    """Its `candidatesTokenCount` does not count the thoughts."""
    used = answer.used(asked)
    counts = {
        "promptTokenCount": used.prompt,
        "cachedContentTokenCount": used.cached,
        "candidatesTokenCount": used.completion - used.reasoning,
        "thoughtsTokenCount": used.reasoning,
        "totalTokenCount": used.prompt + used.completion,
    }
    return {name: count for name, count in counts.items() if count}


def _event(value: dict[str, Any]) -> bytes:
    return sse.event(json.encode(value))
