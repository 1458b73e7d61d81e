"""An answer as a message of this dialect: https://docs.claude.com/en/api/messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Raw

from xrouter.chat.reply import Reply, Said, Usage, estimate
from xrouter.chat.request import Citation, Image, Opaque, Reasoning, Refusal, Text, ToolCall
from xrouter.dialects.anthropic.signatures import write_signature
from xrouter.dialects.base import Stamp
from xrouter.wire import json

_Object = dict[str, Any]
_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}


def write_reply(reply: Reply, stamp: Stamp) -> bytes:
    """A whole answer; of several the first. Without figures for its usage it gets estimated ones."""
    answer = reply.answers[0]
    kinds = {type(part) for part in answer.parts}
    tokens = reply.usage or estimate(len(stamp.envelope.body), reply.chars)
    reason = stop_reason(answer.finish, answer.stop_sequence, called=ToolCall in kinds, refused=Refusal in kinds)
    message = {
        "id": reply.id or stamp.id,
        "type": "message",
        "role": "assistant",
        "model": reply.model or stamp.model,
        "content": [block for part in answer.parts if (block := write_block(part)) is not None],
        "stop_reason": reason,
        "stop_sequence": answer.stop_sequence,
        "usage": write_usage(tokens),
    }
    return json.encode(message)


def stop_reason(finish: str, stop_sequence: str | None, *, called: bool, refused: bool) -> str:
    """Why the answer ended. Clients act on calls only where it says so, whatever a provider calls it."""
    if finish == "stop":
        if refused:
            return "refusal"
        if called:
            return "tool_use"
        if stop_sequence is not None:
            return "stop_sequence"
    return _REASONS.get(finish, "end_turn")


def write_usage(tokens: Usage) -> _Object:
    """Tokens as this dialect counts them: input without what was cached; clients rely on both cache counters.

    The three always add up to the prompt, though some providers (Grok on Azure) name more cached tokens than all.
    """
    cached = min(tokens.cached, tokens.prompt)
    written = min(tokens.cache_write, tokens.prompt - cached)
    usage: _Object = {
        "input_tokens": tokens.prompt - cached - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": cached,
        "output_tokens": tokens.completion,
    }
    return usage | {"output_tokens_details": {"thinking_tokens": tokens.reasoning}} if tokens.reasoning else usage


def write_block(part: Said) -> _Object | Raw | None:
    """A content block; None for what the dialect cannot say: a picture's own bytes, another dialect's blocks."""
    return _WRITES[type(part)](part)


def write_citation(citation: Citation) -> _Object:
    """Where words come from, as a place that a search on the web found."""
    return {
        "type": "web_search_result_location",
        "url": citation.url,
        "title": citation.title or None,
        "encrypted_index": "",
        "cited_text": citation.quote,
    }


def picture_text(url: str) -> str:
    """The words that stand for a picture: a link, where there is an address."""
    return "" if url.startswith("data:") else f"![image]({url})"


def write_input(call: ToolCall) -> Raw | _Object:
    """The input of a call, an object always: what is no JSON is kept as evidence, not thrown away."""
    if call.custom:
        return {"input": call.arguments}
    text = call.arguments.strip()
    if text in {"", "null"}:
        return {}
    try:
        compact = json.compact(text.encode())
    except ValueError:
        return {"_raw": call.arguments}
    return Raw(compact) if compact.startswith(b"{") else {"value": Raw(compact)}


def _text(part: Text) -> _Object | None:
    cited = [write_citation(citation) for citation in part.citations if citation.url]
    if not part.text and not cited:
        return None
    block: _Object = {"type": "text", "text": part.text}
    return block | {"citations": cited} if cited else block


def _words(text: str) -> _Object | None:
    return {"type": "text", "text": text} if text else None


def _thought(part: Reasoning) -> _Object:
    signature = write_signature(part.seal)
    if part.redacted:
        return {"type": "redacted_thinking", "data": signature}
    return {"type": "thinking", "thinking": part.text, "signature": signature}


def _call(part: ToolCall) -> _Object:
    return {"type": "tool_use", "id": part.id, "name": part.name, "input": write_input(part)}


_WRITES: dict[type, Callable[[Any], _Object | Raw | None]] = {
    Text: _text,
    Refusal: lambda part: _words(part.text),
    Reasoning: _thought,
    ToolCall: _call,
    Image: lambda part: _words(picture_text(part.url)),
    Opaque: lambda part: Raw(part.value) if part.dialect == "anthropic" else None,
}
