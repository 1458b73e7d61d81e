"""A whole answer as the events of a stream, for a provider that answers a stream request in one piece."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Raw

from xrouter.dialects.responses.pen import Pen, lead_of
from xrouter.dialects.responses.reader import read_reply
from xrouter.dialects.values import listed, string
from xrouter.wire import json
from xrouter.wire.json import Members

_EMPTY: dict[str, Any] = {"content": [], "summary": [], "arguments": "", "input": ""}
"""What an item begins without."""
_KEYS = {"output_text": "text", "refusal": "refusal"}
_items = json.Reader(list[Raw])
_members = json.Reader(Members)


def as_stream(body: bytes) -> bytes:
    """The events; the last holds the answer as it came. Raises UpstreamError where it is none."""
    read_reply(body)
    whole = _members.decode(json.compact(body))
    begun = json.encode({**whole, "status": "in_progress", "output": [], "usage": None})
    pen = Pen()
    states = [_state(pen, name, begun) for name in ("created", "in_progress")]
    items = [_item(pen, index, raw) for index, raw in enumerate(_items.decode(whole["output"]))]
    ended = json.decode(whole.get("status", Raw(b"null")))
    last = _state(pen, "incomplete" if ended == "incomplete" else "completed", json.encode(whole))
    return b"".join((*states, *items, last))


def _state(pen: Pen, name: str, answer: bytes) -> bytes:
    return pen.end(b'%b,"response":%b' % (lead_of(f"response.{name}"), answer))


def _item(pen: Pen, index: int, raw: Raw) -> bytes:
    """One item: what it says, then the item as it came."""
    item = json.decode(raw)
    begun = {**item, "status": "in_progress", **{name: empty for name, empty in _EMPTY.items() if name in item}}
    added = pen.write("response.output_item.added", output_index=index, item=begun)
    tell = _TELLS.get(string(item.get("type")))
    told = tell(pen, {"item_id": string(item.get("id")), "output_index": index}, item) if tell else b""
    return added + told + pen.write("response.output_item.done", output_index=index, item=raw)


def _tell_message(pen: Pen, place: dict[str, Any], item: dict[str, Any]) -> bytes:
    return b"".join(_tell_part(pen, {**place, "content_index": at}, part) for at, part in _parts(item, "content"))


def _tell_part(pen: Pen, place: dict[str, Any], part: dict[str, Any]) -> bytes:
    kind = string(part.get("type"))
    key = _KEYS.get(kind)
    if key is None:
        return b""
    text = string(part.get(key))
    more: dict[str, Any] = {"logprobs": []} if kind == "output_text" else {}
    blank = {**part, key: "", **({"annotations": []} if more else {})}
    return b"".join(
        (
            pen.write("response.content_part.added", **place, part=blank),
            pen.write(f"response.{kind}.delta", **place, delta=text, **more),
            pen.write(f"response.{kind}.done", **place, **{key: text}, **more),
            pen.write("response.content_part.done", **place, part=part),
        )
    )


def _tell_thought(pen: Pen, place: dict[str, Any], item: dict[str, Any]) -> bytes:
    return b"".join(_tell_summary(pen, {**place, "summary_index": at}, part) for at, part in _parts(item, "summary"))


def _tell_summary(pen: Pen, place: dict[str, Any], part: dict[str, Any]) -> bytes:
    text, stem = string(part.get("text")), "response.reasoning_summary"
    return b"".join(
        (
            pen.write(f"{stem}_part.added", **place, part={**part, "text": ""}),
            pen.write(f"{stem}_text.delta", **place, delta=text),
            pen.write(f"{stem}_text.done", **place, text=text),
            pen.write(f"{stem}_part.done", **place, part=part),
        )
    )


def _tell_call(pen: Pen, place: dict[str, Any], item: dict[str, Any]) -> bytes:
    key = "input" if item["type"] == "custom_tool_call" else "arguments"
    stem, text = f"response.{item['type']}_{key}", string(item.get(key))
    name = {"name": item.get("name")} if key == "arguments" else {}
    done = {**name, key: text}
    return pen.write(f"{stem}.delta", **place, delta=text) + pen.write(f"{stem}.done", **place, **done)


def _parts(item: dict[str, Any], name: str) -> list[tuple[int, dict[str, Any]]]:
    return [(at, part) for at, part in enumerate(listed(item.get(name))) if isinstance(part, dict)]


_TELLS: dict[str, Callable[[Pen, dict[str, Any], dict[str, Any]], bytes]] = {
    "message": _tell_message,
    "reasoning": _tell_thought,
    "function_call": _tell_call,
    "custom_tool_call": _tell_call,
}
