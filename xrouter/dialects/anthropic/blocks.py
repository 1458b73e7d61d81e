"""Parts of a turn as content blocks: https://docs.claude.com/en/api/messages."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Raw

from xrouter.chat.media import sniff, split_data_url
from xrouter.chat.request import File, Image, Opaque, Part, Reasoning, Refusal, Text, ToolCall, ToolResult
from xrouter.dialects.anthropic.schemas import read_json
from xrouter.errors import BadRequest, Unsupported
from xrouter.wire import json

Block = dict[str, Any]

_DIALECT = "anthropic"
_PDF = "application/pdf"
_WORDS = frozenset({"application/json", "application/xml", "application/yaml", "application/javascript"})
"""Types of files that are words though they do not say so."""


def write_part(part: Part, names: Mapping[str, str]) -> list[Block]:
    """The blocks of a part, none where it says nothing. Raises Unsupported where the provider cannot read it."""
    return _WRITES[type(part)](part, names)


def _text(part: Text, _: Mapping[str, str]) -> list[Block]:
    if not part.text.strip():
        return []  # "text content blocks must be non-empty"
    return [_cached({"type": "text", "text": part.text}, part.cache)]


def _image(part: Image, _: Mapping[str, str]) -> list[Block]:
    split = split_data_url(part.url)
    if split is None and not part.url.startswith(("https://", "http://")):
        raise Unsupported("an image must be a data URL in base64 or an http(s) address", param="messages")
    source: Block = {"type": "url", "url": part.url}
    if split is not None:
        source = {"type": "base64", "media_type": sniff(split[1], split[0]), "data": split[1]}
    kind = "document" if source.get("media_type") == _PDF else "image"
    return [_cached({"type": kind, "source": source}, part.cache)]


def _file(part: File, _: Mapping[str, str]) -> list[Block]:
    if part.kind in {"audio", "video"}:
        raise Unsupported(
            f"Anthropic's models cannot take {part.kind}; leave it out or use another tier", param="messages"
        )
    kind = "image" if part.kind == "image" else "document"
    block: Block = {"type": kind, "source": _source(part)}
    if part.name and kind == "document":
        block["title"] = part.name
    return [_cached(block, part.cache)]


def _source(part: File) -> Block:
    if part.text:
        return {"type": "text", "media_type": "text/plain", "data": part.text}
    if part.url:
        return {"type": "url", "url": part.url}
    if part.data:
        kind = sniff(part.data, part.media_type or _PDF)
        if kind.startswith("text/") or kind in _WORDS:
            return {"type": "text", "media_type": "text/plain", "data": _decoded(part.data)}
        if kind != _PDF and part.kind == "document":
            raise Unsupported(f"Anthropic's models cannot read a file of the type {kind}", param="messages")
        return {"type": "base64", "media_type": kind, "data": part.data}
    if part.id.startswith("file_"):
        return {"type": "file", "file_id": part.id}
    raise Unsupported(
        "a file must come with its content: the id of an upload to another provider says nothing to Anthropic",
        param="messages",
    )


def _decoded(data: str) -> str:
    try:
        return base64.b64decode(data).decode("utf-8", "replace")
    except ValueError:
        raise BadRequest("the content of a file is not in base64", param="messages") from None


def _reasoning(part: Reasoning, _: Mapping[str, str]) -> list[Block]:
    """Signed here, or not sent: a thought without its signature, or with another's, is refused."""
    if part.seal is None or part.seal.dialect != _DIALECT:
        return []
    if part.redacted:
        return [{"type": "redacted_thinking", "data": part.seal.value}]
    return [{"type": "thinking", "thinking": part.text, "signature": part.seal.value}]


def _tool_call(part: ToolCall, names: Mapping[str, str]) -> list[Block]:
    block = {"type": "tool_use", "id": part.id, "name": names.get(part.name, part.name), "input": _input(part)}
    return [_cached(block, part.cache)]


def _input(part: ToolCall) -> Any:
    """The arguments as the object that they must be; what cannot be one keeps its text."""
    if part.custom:
        return {"input": part.arguments}
    if part.arguments.strip() in {"", "null"}:
        return {}
    given = part.arguments.encode("utf-8", "replace")
    try:
        value = json.decode(given)
    except ValueError:
        return {"_raw": part.arguments}
    if not isinstance(value, dict):
        return {"value": value}
    return value if b"\\u" in given else Raw(given)  # an escape may be half a pair, which is refused


def _tool_result(part: ToolResult, names: Mapping[str, str]) -> list[Block]:
    content = [block for piece in part.parts for block in write_part(piece, names)]
    block: Block = {"type": "tool_result", "tool_use_id": part.id}
    if len(content) == 1 and set(content[0]) == {"type", "text"}:
        block["content"] = content[0]["text"]
    elif content:
        block["content"] = content
    if part.is_error:
        block["is_error"] = True
    return [_cached(block, part.cache)]


def _opaque(part: Opaque, _: Mapping[str, str]) -> list[Block]:
    if part.dialect == _DIALECT:
        return [read_json(part.value, "messages")]
    if part.text:
        return _text(Text(part.text), {})
    raise Unsupported(
        f"Anthropic's format has no counterpart of the content {part.kind!r}; leave it out", param="messages"
    )


def _cached(block: Block, cache: bytes | None) -> Block:
    return block if cache is None else {**block, "cache_control": Raw(cache)}


_WRITES: dict[type, Callable[[Any, Mapping[str, str]], list[Block]]] = {
    Text: _text,
    Refusal: lambda part, names: _text(Text(part.text), names),
    Image: _image,
    File: _file,
    Reasoning: _reasoning,
    ToolCall: _tool_call,
    ToolResult: _tool_result,
    Opaque: _opaque,
}
