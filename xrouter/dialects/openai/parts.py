"""The parts of a message's content: https://platform.openai.com/docs/api-reference/chat/create.

Besides the official ones those that other providers know: `document_url` (Mistral), `file_url` (Perplexity),
`video_url` and `audio_url` (OpenRouter, vLLM), and those of Responses, which clients mix up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from xrouter.chat.media import split_data_url
from xrouter.chat.request import File, Image, Opaque, Part, Reasoning, Refusal, Text
from xrouter.dialects.openai.values import words
from xrouter.dialects.values import string
from xrouter.wire import json

DIALECT = "openai"
_Item = dict[str, Any]
_Kind = Literal["document", "audio", "video", "image"]


def read_content(content: Any) -> list[Part]:
    """A text or a list of parts; what is neither says nothing."""
    if isinstance(content, str):
        return [Text(content)]
    if not isinstance(content, list):
        return []
    return [part for item in content if (part := _part(item))]


def cache_of(item: _Item) -> bytes | None:
    """The `cache_control` of a part, a tool or a message."""
    cache = item.get("cache_control")
    return json.encode(cache) if isinstance(cache, dict) else None


def _part(item: Any) -> Part | None:
    if isinstance(item, str):
        return Text(item)
    if not isinstance(item, dict):
        return None
    kind = string(item.get("type"))
    read = _PARTS.get(kind)
    return read(item) if read else Opaque(DIALECT, kind, json.encode(item))


def _text(item: _Item) -> Text:
    return Text(string(item.get("text")), cache_of(item))


def _image(item: _Item) -> Image:
    given = item.get("image_url")
    detail = given.get("detail") if isinstance(given, dict) else item.get("detail")
    return Image(_address(given), detail if isinstance(detail, str) else None, cache_of(item))


def _address(given: Any) -> str:
    return string(given.get("url") if isinstance(given, dict) else given)


def _file(item: _Item) -> File:
    """An upload's id, or the file itself: a data URL, bare base64, or an address."""
    file = item.get("file")
    file = file if isinstance(file, dict) else item
    name, given = string(file.get("filename")), string(file.get("file_data"))
    if not given:
        return File("document", id=string(file.get("file_id")), name=name, cache=cache_of(item))
    return _at("document", given, name, cache_of(item))


def _audio(item: _Item) -> File:
    given = item.get("input_audio")
    if not isinstance(given, dict):
        return _at("audio", string(given), "", cache_of(item))
    kind = string(given.get("format")) or "wav"
    return File("audio", f"audio/{kind}", data=string(given.get("data")), cache=cache_of(item))


def _linked(kind: _Kind, member: str) -> Callable[[_Item], File]:
    """A part whose `member` is an address or an object with one."""

    def read(item: _Item) -> File:
        name = string(item.get("document_name")) or string(item.get("file_name"))
        return _at(kind, _address(item.get(member)), name, cache_of(item))

    return read


def _at(kind: _Kind, given: str, name: str, cache: bytes | None) -> File:
    split = split_data_url(given)
    if split is not None:
        return File(kind, split[0], data=split[1], name=name, cache=cache)
    if "://" in given[:16]:
        return File(kind, url=given, name=name, cache=cache)
    return File(kind, _BARE.get(kind, ""), data=given, name=name, cache=cache)


_BARE = {"document": "application/pdf", "audio": "audio/wav", "video": "video/mp4"}
"""What bare base64 is taken for."""
_PARTS: dict[str, Callable[[_Item], Part]] = {
    "text": _text,
    "input_text": _text,
    "output_text": _text,
    "refusal": lambda item: Refusal(string(item.get("refusal"))),
    "image_url": _image,
    "input_image": _image,
    "file": _file,
    "input_file": _file,
    "input_audio": _audio,
    "document_url": _linked("document", "document_url"),
    "file_url": _linked("document", "file_url"),
    "audio_url": _linked("audio", "audio_url"),
    "video_url": _linked("video", "video_url"),
    "reasoning": lambda item: Reasoning(words(item.get("text"))),
    "thinking": lambda item: Reasoning(words(item.get("thinking"))),
}
