"""A whole chat completion for a client: https://platform.openai.com/docs/api-reference/chat/object."""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from xrouter.chat.reply import Answer, Reply, Said, Usage
from xrouter.chat.request import Citation, Image, Reasoning, Refusal, Seal, Text, ToolCall
from xrouter.dialects.base import Stamp
from xrouter.dialects.openai.thoughts import ANTHROPIC, GEMINI
from xrouter.dialects.openai.usage import write_usage
from xrouter.wire import json


def write_reply(reply: Reply, stamp: Stamp) -> bytes:
    """The completion, with a usage always."""
    return json.encode(
        {
            "id": reply.id or stamp.id,
            "object": "chat.completion",
            "created": reply.created or stamp.created,
            "model": reply.model or stamp.model,
            "choices": [_choice(index, answer) for index, answer in enumerate(reply.answers)],
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


def write_call(call: ToolCall) -> dict[str, Any]:
    """A call, with Gemini's signature where it has one."""
    written: dict[str, Any] = {"id": call.id, "type": "function"}
    written["function"] = {"name": call.name, "arguments": call.arguments}
    if call.seal is not None and call.seal.dialect == GEMINI:
        written["extra_content"] = {"google": {"thought_signature": call.seal.value}}
    return written


def _choice(index: int, answer: Answer) -> dict[str, Any]:
    logprobs = {"content": Raw(answer.logprobs), "refusal": None} if answer.logprobs is not None else None
    return {
        "index": index,
        "message": _message(answer.parts),
        "logprobs": logprobs,
        "finish_reason": answer.finish,
    }


def _message(parts: tuple[Said, ...]) -> dict[str, Any]:
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
        "tool_calls": [write_call(call) for call in calls],
        "annotations": [write_annotation(citation) for part in texts for citation in part.citations],
        "images": [{"type": "image_url", "image_url": {"url": part.url}} for part in parts if isinstance(part, Image)],
    }
    return message | {name: value for name, value in extras.items() if value}


def _blocks(parts: tuple[Said, ...]) -> list[dict[str, Any]]:
    sealed = [(part, part.seal) for part in parts if isinstance(part, Reasoning) and part.seal is not None]
    blocks = [write_signature(seal, part.text, redacted=part.redacted) for part, seal in sealed]
    return [block for block in blocks if block is not None]
