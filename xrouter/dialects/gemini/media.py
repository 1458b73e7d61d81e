"""Pictures and files of a request: what is in it goes in, what Google can reach itself is named, nobody fetches.

Source: https://ai.google.dev/api/caching#Part, https://ai.google.dev/gemini-api/docs/file-input-methods.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import SplitResult, urlsplit

from xrouter.chat.media import sniff, split_data_url
from xrouter.chat.request import File, Image
from xrouter.dialects.gemini.profiles import Model

_BY_ENDING = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "heic": "image/heic",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "md": "text/markdown",
    "csv": "text/csv",
    "html": "text/html",
    "json": "application/json",
    "mp3": "audio/mp3",
    "wav": "audio/wav",
    "ogg": "audio/ogg",
    "flac": "audio/flac",
    "m4a": "audio/mp4",
    "mp4": "video/mp4",
    "mov": "video/mov",
    "webm": "video/webm",
}
_BY_KIND = {"image": "image/jpeg", "document": "application/pdf", "audio": "audio/wav", "video": "video/mp4"}
_CALLED = {"image": "an image", "document": "a document", "audio": "audio", "video": "a video"}
_YOUTUBE = ("youtube.com", "youtu.be")
_FILES_API = "generativelanguage.googleapis.com"
_SEND_IT = "Send it as a data URL in base64, or as the URI of a file that Google keeps."


def write_image(image: Image, model: Model) -> dict[str, Any]:
    """A part. Raises Unsupported where it lies at an address that Google does not read."""
    return _at_address(image.url, "", "image", model)


def write_file(file: File, model: Model) -> dict[str, Any]:
    """A part. Raises Unsupported where it lies where Google does not read."""
    if file.data:
        return _inline(file.media_type or _guess(file.name, file.kind), file.data)
    if file.text:
        return {"text": f"{file.name}\n{file.text}" if file.name else file.text}
    if file.url:
        return _at_address(file.url, file.media_type, file.kind, model)
    raise model.refusal("a file by the id of an upload elsewhere", _SEND_IT)


def _at_address(url: str, media_type: str, kind: str, model: Model) -> dict[str, Any]:
    if (found := split_data_url(url)) is not None:
        return _inline(*found)
    parts = _split(url)
    if parts is None:
        raise model.refusal(f"{_CALLED[kind]} that is neither base64 nor an address", _SEND_IT)
    if not (parts.scheme == "gs" or _is_googles(parts.hostname or "", parts.path) or model.on_vertex):
        raise model.refusal(f"{_CALLED[kind]} by a public address", _SEND_IT)
    stated = "video/mp4" if _is_youtube(parts.hostname or "") else media_type
    return {"fileData": {"mimeType": stated or _guess(parts.path, kind), "fileUri": url}}


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts if parts.netloc else None


def _inline(media_type: str, data: str) -> dict[str, Any]:
    return {"inlineData": {"mimeType": sniff(data, media_type), "data": data}}


def _is_googles(host: str, path: str) -> bool:
    return _is_youtube(host) or (host == _FILES_API and "/files/" in path)


def _is_youtube(host: str) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in _YOUTUBE)


def _guess(name: str, kind: str) -> str:
    return _BY_ENDING.get(name.rpartition(".")[2].lower(), _BY_KIND[kind])
