"""What single pieces of an answer say, streamed or whole."""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from xrouter.chat.events import Cited, Event, Finish, Reason, Reasoning, Refusal, Sealed, Text
from xrouter.chat.request import Citation, Seal
from xrouter.dialects.values import string
from xrouter.wire import json

DIALECT = "anthropic"
_REASONS: dict[str, Reason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "compaction": "stop",
    "refusal": "content_filter",
}


def completed(block: Raw, kind: str | None, pieces: str) -> bytes:
    """A block with what came of it in pieces: the input of a tool, the words of what was compacted."""
    if not pieces:
        return json.compact(bytes(block))
    try:
        inside = json.encode(pieces) if kind == "compaction" else json.compact(pieces.encode())
    except ValueError:  # broken off
        inside = json.encode({"_raw": pieces})
    members = {name: Raw(json.compact(bytes(value))) for name, value in json.members(bytes(block)).items()}
    return json.encode({**members, "content" if kind == "compaction" else "input": Raw(inside)})


def ending(reason: Any, stop_sequence: Any, details: Any) -> list[Event]:
    """How an answer ends: why, at which stop sequence, and what is said of a refusal."""
    finish = _REASONS.get(string(reason), "stop")
    sequence = stop_sequence if isinstance(stop_sequence, str) else None
    why = string(details.get("explanation")) if isinstance(details, dict) else ""
    refused: list[Event] = [Refusal(why)] if finish == "content_filter" and why else []
    return [*refused, Finish(finish, sequence)]


def texts(text: Any) -> list[Event]:
    """Words of the answer."""
    return [Text(text)] if isinstance(text, str) and text else []


def sealed(signature: Any) -> list[Event]:
    """The signature of the thought before it, which may have had no words: it is not that of the words before."""
    return [Reasoning(""), Sealed(Seal(DIALECT, signature))] if isinstance(signature, str) and signature else []


def cited(citations: Any) -> list[Event]:
    """Where words come from, as far as it has an address; places in the client's own documents have none."""
    if not isinstance(citations, list):
        return []
    places = [(item, _address(item)) for item in citations if isinstance(item, dict)]
    return [
        Cited(Citation(url, string(item.get("title")), string(item.get("cited_text")))) for item, url in places if url
    ]


def _address(citation: dict[str, Any]) -> str:
    """Where a place on the web is; the `source` of a client's own search result is an address or any other name."""
    source = string(citation.get("source"))
    return string(citation.get("url")) or (source if source.startswith(("http://", "https://")) else "")
