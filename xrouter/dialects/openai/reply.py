"""A whole chat completion for a client: https://platform.openai.com/docs/api-reference/chat/object."""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from xrouter.chat.reply import Answer, Reply, Said, Usage
from xrouter.chat.request import Citation, Image, Reasoning, Refusal, Seal, Text, ToolCall
from xrouter.dialects.base import Stamp
from xrouter.dialects.openai.forms import Forms, forms_of, unpack
from xrouter.dialects.openai.thoughts import ANTHROPIC, GEMINI
from xrouter.dialects.openai.usage import write_usage
from xrouter.wire import json


def write_reply(reply: Reply, stamp: Stamp) -> bytes:
    """The completion, with a usage always."""
    forms = forms_of(stamp.envelope)
    return json.encode(
        {
            "id": reply.id or stamp.id,
            "object": "chat.completion",
            "created": reply.created or stamp.created,
            "model": reply.model or stamp.model,
            "choices": [_choice(index, answer, forms) for index, answer in enumerate(reply.answers)],
            "usage": write_usage(reply.usage or Usage()),
        }
    )


def write_annotation(citation: Citation) -> dict[str, Any]:
    """Where words come from. Places that nobody knows are 0, for clients want numbers."""
    known = {"start_index": citation.start or 0, "end_index": citation.end or 0}
    return {"type": "url_citation", "url_citation": {**known, "title": citation.title, "url": citation.url}}


def write_signature(seal: Seal, text: str, *, redacted: bool) -> dict[str, Any] | None:
    """A block for `thinking_blocks`, as clients of Anthropic's models keep them; None for others' seals."""
    if seal.dialect != ANTHROPIC:
        return None
    if redacted:
        return {"type": "redacted_thinking", "data": seal.value}
    return {"type": "thinking", "thinking": text, "signature": seal.value}


def write_seal(seal: Seal | None) -> dict[str, Any]:
    """Gemini's signature, in the place where Google's own endpoint in this format has it; nothing of others'."""
    if seal is None or seal.dialect != GEMINI:
        return {}
    return {"extra_content": {"google": {"thought_signature": seal.value}}}


def _call(call: ToolCall, forms: Forms) -> dict[str, Any]:
    kind = forms.kind(call.name, custom=call.custom)
    if kind == "function":
        form = {"type": "function", "function": {"name": call.name, "arguments": call.arguments}}
    else:
        words = unpack(call.arguments) if kind == "packed" else call.arguments
        form = {"type": "custom", "custom": {"name": call.name, "input": words}}
    return {"id": call.id, **form, **write_seal(call.seal)}


def _choice(index: int, answer: Answer, forms: Forms) -> dict[str, Any]:
    logprobs = {"content": Raw(answer.logprobs), "refusal": None} if answer.logprobs is not None else None
    return {
        "index": index,
        "message": _message(answer.parts, forms),
        "logprobs": logprobs,
        "finish_reason": "function_call" if forms.legacy and answer.finish == "tool_calls" else answer.finish,
    }


def _message(parts: tuple[Said, ...], forms: Forms) -> dict[str, Any]:
    texts = [part for part in parts if isinstance(part, Text)]
    refusals = [part.text for part in parts if isinstance(part, Refusal)]
    calls = [part for part in parts if isinstance(part, ToolCall)]
    words = "".join(part.text for part in texts)
    silent = bool(calls or refusals) and not words
    message: dict[str, Any] = {
        "role": "assistant",
        "content": None if silent else words,
        "refusal": "".join(refusals) or None,
    }
    extras = {
        "reasoning_content": "".join(part.text for part in parts if isinstance(part, Reasoning)),
        "thinking_blocks": _blocks(parts),
        **_called(calls, forms),
        "annotations": [write_annotation(citation) for part in texts for citation in part.citations],
        "images": [{"type": "image_url", "image_url": {"url": part.url}} for part in parts if isinstance(part, Image)],
        **({} if calls else write_seal(_last_seal(parts))),
    }
    return message | {name: value for name, value in extras.items() if value}


def _called(calls: list[ToolCall], forms: Forms) -> dict[str, Any]:
    """The calls; who asks as of old can be told of one."""
    if forms.legacy and calls:
        return {"function_call": {"name": calls[0].name, "arguments": calls[0].arguments}}
    return {"tool_calls": [_call(call, forms) for call in calls]}


def _last_seal(parts: tuple[Said, ...]) -> Seal | None:
    seals = [part.seal for part in parts if isinstance(part, Text | Reasoning) and part.seal is not None]
    return seals[-1] if seals else None


def _blocks(parts: tuple[Said, ...]) -> list[dict[str, Any]]:
    sealed = [(part, part.seal) for part in parts if isinstance(part, Reasoning) and part.seal is not None]
    blocks = [write_signature(seal, part.text, redacted=part.redacted) for part, seal in sealed]
    return [block for block in blocks if block is not None]
