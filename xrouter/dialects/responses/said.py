"""The shapes in which a provider speaks: an event, an item, the answer. Harmless wrong types are borne."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from xrouter.chat.events import Reason
from xrouter.dialects.values import listed, mapped, string
from xrouter.wire import json

_NULL = Raw(b"null")
_REASONS: dict[str, Reason] = {
    "max_output_tokens": "length",
    "max_messages": "length",
    "content_filter": "content_filter",
}


class Said(msgspec.Struct):
    """One event of a stream."""

    type: str = ""
    delta: Any = None
    output_index: int | None = 0
    content_index: int | None = 0
    summary_index: int | None = 0
    item: Raw = _NULL
    response: Raw = _NULL
    annotation: Any = None


class Item(msgspec.Struct):
    """One item of the output."""

    type: str = ""
    id: Any = None
    call_id: Any = None
    name: Any = None
    namespace: Any = None
    arguments: Any = None
    input: Any = None
    content: Any = None
    summary: Any = None
    encrypted_content: Any = None
    result: Any = None
    output_format: Any = None


class Response(msgspec.Struct):
    """The answer object."""

    id: Any = None
    model: Any = None
    created_at: Any = None
    status: Any = None
    output: list[Raw] | None = None
    usage: Any = None
    error: Any = None
    incomplete_details: Any = None


SAID = json.Reader(Said)
ITEM = json.Reader(Item)
RESPONSE = json.Reader(Response)


def reason_of(response: Response, *, called: bool) -> Reason:
    """Why the answer ended; `called`: it calls tools."""
    why = mapped(response.incomplete_details).get("reason")
    if response.status == "incomplete" or why:
        return _REASONS.get(string(why), "length")
    return "tool_calls" if called else "stop"


def replayed(item: Item) -> str:
    """A thought as it is sent back: less what only says how it came."""
    known = {"type": "reasoning", "id": item.id, "summary": listed(item.summary)}
    more = {"content": item.content, "encrypted_content": item.encrypted_content}
    return json.encode({**known, **{name: value for name, value in more.items() if value}}).decode()
