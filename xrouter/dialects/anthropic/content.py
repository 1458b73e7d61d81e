"""The content of a message, block by block.

What only this dialect has becomes an Opaque part; where it holds words (what a search found, what code printed, the
summary of what was compacted) it brings them along for a model that has no such blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from xrouter.chat.media import data_url
from xrouter.chat.request import Citation, File, Image, Opaque, Part, Reasoning, Text, ToolCall, ToolResult
from xrouter.dialects.anthropic.signatures import read_signature
from xrouter.dialects.values import string
from xrouter.wire import json

_NOTHING = Raw(b"null")


class _Block(msgspec.Struct):
    type: Any = None
    text: Any = None
    thinking: Any = None
    signature: Any = None
    data: Any = None
    source: Raw = _NOTHING
    id: Any = None
    name: Any = None
    input: Raw = Raw(b"{}")
    tool_use_id: Any = None
    content: Raw = _NOTHING
    is_error: Any = None
    file_id: Any = None
    title: Any = None
    context: Any = None
    citations: Any = None
    cache_control: Raw = _NOTHING


class _Source(msgspec.Struct):
    type: Any = None
    media_type: Any = None
    data: Any = None
    url: Any = None
    file_id: Any = None
    content: Raw = _NOTHING


_pieces = json.Reader(list[Raw])
_blocks = json.Reader(list[_Block])
_source = json.Reader(_Source)


def read_content(raw: Raw) -> list[Part]:
    """A text or a list of blocks. Raises ValueError, which says what cannot be understood."""
    match bytes(memoryview(raw)[:1]):
        case b'"':
            return [Text(json.decode(raw))]
        case b"[":
            return _parts(raw)
        case b"n":
            return []
    raise ValueError("content must be a text or a list of content blocks")


def _parts(raw: Raw) -> list[Part]:
    """The blocks of a list; only what this dialect alone has is looked at as it came."""
    parts: list[Part] = []
    pieces: Sequence[Raw] = ()
    for at, block in enumerate(_blocks.decode(raw)):
        if not isinstance(block.type, str):
            raise ValueError("a content block must have a type")  # noqa: TRY004 - like all that is wrong in a body
        if (read := _READS.get(block.type)) is not None:
            parts += read(block)
        else:
            pieces = pieces or _pieces.decode(raw)
            parts.append(_opaque(block, block.type, pieces[at]))
    return parts


def _text(block: _Block) -> Sequence[Part]:
    listed = block.citations if isinstance(block.citations, list) else []
    citations = tuple(_citation(item) for item in listed if isinstance(item, dict))
    return [Text(string(block.text), _cache(block), citations)]


def _citation(item: dict[str, Any]) -> Citation:
    return Citation(
        url=string(item.get("url")) or string(item.get("source")),
        title=string(item.get("title")) or string(item.get("document_title")),
        quote=string(item.get("cited_text")),
    )


def _image(block: _Block) -> Sequence[Part]:
    source = _source.decode(block.source)
    if source.type == "file":
        return [File("image", id=string(source.file_id), cache=_cache(block))]
    if source.type == "url":
        return [Image(string(source.url), cache=_cache(block))]
    if source.type != "base64":
        raise ValueError("the source of an image must be base64, url or file")
    return [Image(data_url(string(source.media_type), string(source.data)), cache=_cache(block))]


def _document(block: _Block) -> Sequence[Part]:
    """A document; what is said about it (`context`) stands before it."""
    source = _source.decode(block.source)
    said = [Text(block.context)] if isinstance(block.context, str) and block.context else []
    file = File("document", string(source.media_type), name=string(block.title), cache=_cache(block))
    if source.type == "content":
        inside = read_content(source.content)
        words = "\n".join(part.text for part in inside if isinstance(part, Text))
        others = [part for part in inside if not isinstance(part, Text)]
        return [*said, msgspec.structs.replace(file, media_type="text/plain", text=words), *others]
    where = _SOURCES.get(string(source.type))
    if where is None:
        raise ValueError("the source of a document must be base64, text, content, url or file")
    field, given = where
    media_type = file.media_type or _PDF * (source.type == "url")
    place = {field: string(getattr(source, given))}
    return [*said, msgspec.structs.replace(file, media_type=media_type, **place)]


_PDF = "application/pdf"
"""What is behind the URL of a document."""
_SOURCES = {"base64": ("data", "data"), "text": ("text", "data"), "url": ("url", "url"), "file": ("id", "file_id")}
"""Type of a source → the field of a File that says where it is, and where the source has it."""


def _upload(block: _Block) -> Sequence[Part]:
    return [File("document", id=string(block.file_id), cache=_cache(block))]


def _thinking(block: _Block) -> Sequence[Part]:
    return [Reasoning(string(block.thinking), read_signature(block.signature))]


def _redacted_thinking(block: _Block) -> Sequence[Part]:
    seal = read_signature(block.data)
    return [Reasoning("", seal, redacted=True)] if seal else []


def _tool_use(block: _Block) -> Sequence[Part]:
    return [ToolCall(string(block.id), string(block.name), _arguments(block), cache=_cache(block))]


def _arguments(block: _Block) -> str:
    """The JSON text of a call's input, keys and numbers as they came."""
    given = bytes(block.input)
    return "{}" if given == b"null" else json.compact(given).decode()


def _tool_result(block: _Block) -> Sequence[Part]:
    parts = tuple(part for part in read_content(block.content) if isinstance(part, Text | Image | File | Opaque))
    return [ToolResult(string(block.tool_use_id), parts, block.is_error is True, _cache(block))]


_READS: dict[str, Callable[[_Block], Sequence[Part]]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "container_upload": _upload,
    "thinking": _thinking,
    "redacted_thinking": _redacted_thinking,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
}


def _opaque(block: _Block, kind: str, raw: Raw) -> Opaque:
    words = ""
    if kind.endswith("_tool_use"):
        words = f"[{string(block.name)}] {_arguments(block)}"
    elif kind.endswith("_tool_result") or kind in _TELLING:
        words = "\n".join(_words(_any(raw)))
    return Opaque("anthropic", kind, bytes(raw), words)


_TELLING = frozenset({"search_result", "compaction"})
_WORDS = ("title", "url", "source", "text", "data", "content", "stdout", "stderr", "error_code")
"""Members that hold words, of the blocks in which a provider's own tools answer."""
_DEEPEST = 12
"""How deep such blocks nest, and more."""


def _words(value: Any, depth: int = 0) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    if depth > _DEEPEST:
        return []
    if isinstance(value, list):
        return [word for item in value for word in _words(item, depth + 1)]
    if not isinstance(value, dict) or value.get("type") == "base64":
        return []
    return [word for name in _WORDS if name in value for word in _words(value[name], depth + 1)]


def _any(raw: Raw) -> Any:
    try:
        return json.decode(raw)
    except ValueError:  # 1e400
        return None


def _cache(block: _Block) -> bytes | None:
    if block.cache_control is _NOTHING:
        return None
    cache = bytes(block.cache_control)
    return None if cache == b"null" else cache
