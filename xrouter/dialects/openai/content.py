"""Parts as the content of a message: https://platform.openai.com/docs/api-reference/chat/create."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from msgspec import Raw

from xrouter.chat.media import data_url
from xrouter.chat.request import File, Image, Opaque, Part, Refusal, Text
from xrouter.chat.target import Target
from xrouter.errors import BadRequest, Unsupported

Item = dict[str, Any] | Raw

_DIALECT = "openai"
CACHE_MARKS = "cache_marks"
"""The quirk of a provider that takes `cache_control` on parts."""
_SOUNDS = {"audio/mpeg": "mp3", "audio/mp3": "mp3", "audio/x-wav": "wav", "audio/wave": "wav", "audio/wav": "wav"}

_ARTICLES = {"document": "a", "audio": "an", "video": "a", "image": "an"}
_WORDS = frozenset({"application/json", "application/xml", "application/yaml", "application/javascript"})
"""Types of files that are words though they do not say so."""


def write_content(parts: tuple[Part, ...], target: Target, *, words_alone: bool = False) -> str | list[Item]:
    """A text where one part says it all, else a list; `words_alone`: roles whose content can be nothing but words.

    Raises Unsupported where the provider cannot read a part.
    """
    marked = CACHE_MARKS in target.quirks
    items = [(part, item) for part in parts for item in _item(part, target)]
    cached = marked and any(getattr(part, "cache", None) is not None for part, _ in items)
    if not cached and all(isinstance(part, Text) for part, _ in items) and (words_alone or len(items) <= 1):
        return "\n\n".join(part.text for part, _ in items if isinstance(part, Text))
    return [_cached(item, part) if cached else item for part, item in items]


def _item(part: Part, target: Target) -> list[Item]:
    if isinstance(part, Text) and not part.text:
        return []
    write = _WRITES.get(type(part))
    return write(part, target) if write is not None else []


def _cached(item: Item, part: Part) -> Item:
    cache = getattr(part, "cache", None)
    return {**item, "cache_control": Raw(cache)} if cache is not None and isinstance(item, dict) else item


def _image(part: Image, _: Target) -> list[Item]:
    url: dict[str, Any] = {"url": part.url}
    if part.detail:
        url["detail"] = part.detail
    return [{"type": "image_url", "image_url": url}]


def _file(part: File, target: Target) -> list[Item]:
    words = part.text or _words(part)
    if words:
        return [{"type": "text", "text": f"{part.name}\n{words}" if part.name else words}]
    if part.kind == "image" and (part.data or part.url):
        return _image(Image(part.url or data_url(part.media_type or "image/png", part.data)), target)
    if part.kind == "audio" and part.data:
        sound = _SOUNDS.get(part.media_type, part.media_type.rpartition("/")[2] or "wav")
        return [{"type": "input_audio", "input_audio": {"data": part.data, "format": sound}}]
    if part.kind == "document" and (document := _document(part, target)):
        return [document]
    what = "an address" if part.url else "an upload's id"
    raise Unsupported(
        f"{target.provider} cannot take {_ARTICLES[part.kind]} {part.kind} by {what}; send its content, or use "
        "another tier",
        param="messages",
    )


def _words(part: File) -> str:
    """What a file of words says: this format knows PDFs alone."""
    if not part.data or not (part.media_type.startswith("text/") or part.media_type in _WORDS):
        return ""
    try:
        return base64.b64decode(part.data).decode("utf-8", "replace")
    except ValueError:
        raise BadRequest("the content of a file is not in base64", param="messages") from None


def _document(part: File, target: Target) -> Item | None:
    """A file with its content, or where it is, for the providers that fetch it themselves."""
    if part.data:
        kind = part.media_type or "application/pdf"
        return {
            "type": "file",
            "file": {"filename": part.name or "document.pdf", "file_data": data_url(kind, part.data)},
        }
    if part.url and "document_links" in target.quirks:
        name = {"document_name": part.name} if part.name else {}
        return {"type": "document_url", "document_url": part.url, **name}
    if part.url and target.provider == "openrouter":
        return {"type": "file", "file": {"filename": part.name or "document.pdf", "file_data": part.url}}
    if part.url and target.provider == "perplexity":
        return {"type": "file_url", "file_url": {"url": part.url}}
    return {"type": "file", "file": {"file_id": part.id}} if part.id.startswith("file-") else None


def _opaque(part: Opaque, target: Target) -> list[Item]:
    if part.dialect == _DIALECT:
        return [Raw(part.value)]
    if part.text:
        return [{"type": "text", "text": part.text}]
    raise Unsupported(
        f"OpenAI's format, which {target.provider} speaks, has no counterpart of the content {part.kind!r}",
        param="messages",
    )


_WRITES: dict[type, Callable[[Any, Target], list[Item]]] = {
    Text: lambda part, _: [{"type": "text", "text": part.text}],
    Refusal: lambda part, _: [{"type": "text", "text": part.text}],
    Image: _image,
    File: _file,
    Opaque: _opaque,
}
"""Thoughts, calls and results have places of their own."""
