"""What a message or a tool's output holds: the parts of a Responses item, read leniently.

https://platform.openai.com/docs/api-reference/responses/create#responses-create-input
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from xrouter.chat.media import sniff, split_data_url
from xrouter.chat.request import Citation, File, Image, Opaque, Refusal, Text
from xrouter.dialects.responses.tools import DIALECT
from xrouter.dialects.values import listed, mapped, string
from xrouter.wire import json

Piece = Text | Refusal | Image | File | Opaque
_CACHE = b'{"type":"ephemeral"}'
_KINDS: dict[str, Literal["image", "audio", "video"]] = {"image": "image", "audio": "audio", "video": "video"}
_PDF = "application/pdf"
_WORDS = frozenset(
    {"name", "description", "arguments", "output", "error", "query", "queries", "url", "title", "text", "code", "logs"}
)
"""The members of a hosted tool's item that hold words."""


def read_content(content: Any) -> tuple[Piece, ...]:
    """A string or a list of parts; what is no part is left out."""
    if isinstance(content, str):
        return (Text(content),)
    return tuple(_piece(part) for part in listed(content) if isinstance(part, dict))


def read_output(output: Any) -> tuple[Text | Image | File | Opaque, ...]:
    """What a tool gave back: a string, a list of parts, or any other value, as its JSON."""
    if isinstance(output, list) and all(
        isinstance(part, dict) and string(part.get("type")) in _PIECES for part in output
    ):
        return tuple(Text(part.text) if isinstance(part, Refusal) else part for part in read_content(output))
    return (Text(output if isinstance(output, str) else json.encode(output).decode()),)


def read_thought(summary: Any, content: Any) -> str:
    """The words of a reasoning item, part by part."""
    parts = [part.get("text") for part in (*listed(summary), *listed(content)) if isinstance(part, dict)]
    return "\n\n".join(text for text in parts if isinstance(text, str) and text)


def words_of(value: Any, key: str = "") -> str:
    """What a hosted tool's item says, for a provider that does not have the tool: its queries, code and results."""
    if isinstance(value, str):
        return value if key in _WORDS else ""
    pairs = value.items() if isinstance(value, dict) else ((key, inner) for inner in listed(value))
    return "\n".join(words for name, inner in pairs if (words := words_of(inner, name)))


def read_citation(annotation: Any) -> Citation | None:
    """Where words come from; None for what is no annotation."""
    if not isinstance(annotation, dict):
        return None
    start, end = annotation.get("start_index"), annotation.get("end_index")
    return Citation(
        url=string(annotation.get("url")),
        title=string(annotation.get("title")) or string(annotation.get("filename")),
        start=start if isinstance(start, int) else None,
        end=end if isinstance(end, int) else None,
    )


def _piece(part: dict[str, Any]) -> Piece:
    kind = string(part.get("type"))
    read = _PIECES.get(kind)
    return read(part) if read else Opaque(DIALECT, kind, json.encode(part))


def _text(part: dict[str, Any]) -> Text:
    citations = (read_citation(annotation) for annotation in listed(part.get("annotations")))
    return Text(string(part.get("text")), _cache(part), tuple(found for found in citations if found))


def _image(part: dict[str, Any]) -> Image | File:
    address = part.get("image_url")
    url = string(address.get("url") if isinstance(address, dict) else address)
    if not url and part.get("file_id"):
        return File("image", id=string(part["file_id"]), cache=_cache(part))
    return Image(url, string(part.get("detail")) or None, _cache(part))


def _file(part: dict[str, Any]) -> File:
    data, name = string(part.get("file_data")), string(part.get("filename"))
    media_type, encoded = split_data_url(data) or (sniff(data, _PDF), data)
    return File(
        _KINDS.get(media_type.partition("/")[0], "document"),
        media_type if data else "",
        encoded,
        string(part.get("file_url")),
        string(part.get("file_id")),
        name=name,
        cache=_cache(part),
    )


def _audio(part: dict[str, Any]) -> File:
    audio = mapped(part.get("input_audio"))
    return File("audio", f"audio/{string(audio.get('format')) or 'wav'}", string(audio.get("data")))


def _cache(part: dict[str, Any]) -> bytes | None:
    """A breakpoint of the prompt cache, as the other dialects write it."""
    return _CACHE if part.get("prompt_cache_breakpoint") else None


_PIECES: dict[str, Callable[[dict[str, Any]], Piece]] = {
    "input_text": _text,
    "output_text": _text,
    "text": _text,
    "refusal": lambda part: Refusal(string(part.get("refusal"))),
    "input_image": _image,
    "image_url": _image,
    "input_file": _file,
    "input_audio": _audio,
}
