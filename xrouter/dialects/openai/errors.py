"""Errors in the shape `{"error": {"message", "type", "param", "code"}}`, both ways.

Providers that speak OpenAI answer errors in many shapes: the official one; a string (`{"error": "…"}`, Ollama and
Perplexity); `{"message": …}` or `{"detail": …}` alone (Mistral, vLLM); a number as code (llama.cpp); a list of one
(Gemini's compatible endpoint); an HTML page from a proxy in front of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xrouter.errors import UpstreamError, XrouterError
from xrouter.wire import json

_MOST_TEXT = 2000
_MOST_WORD = 200


def write_error(error: XrouterError) -> bytes:
    """The body of an error answer, or of an error event in a stream."""
    return json.encode({"error": {"message": error.text, "type": error.kind, "param": error.param, "code": error.code}})


def read_error(status: int, body: bytes, headers: Sequence[tuple[str, str]] = ()) -> UpstreamError:
    """A provider's answer with an error status. A page that is no JSON is named, not passed on."""
    try:
        said = json.decode(body)
    except ValueError:
        said = f"the provider answered HTTP {status} with a page that is no JSON"
        return UpstreamError(said, status=_status(status), headers=headers)
    found = find_error(said)
    if found is None:
        return UpstreamError(f"the provider answered HTTP {status}", status=_status(status), headers=headers)
    message, kind, code, param = found
    return UpstreamError(message, status=_status(status), kind=kind, code=code, param=param, headers=headers)


def find_error(said: Any) -> tuple[str, str | None, str | None, str | None] | None:
    """(message, type, code, param) of a JSON value that speaks of an error, else None."""
    if isinstance(said, list) and len(said) == 1:
        said = said[0]
    if not isinstance(said, dict):
        return None
    inner = said.get("error") or said
    if isinstance(inner, str):
        return inner[:_MOST_TEXT], None, _text(said.get("code")), None
    if not isinstance(inner, dict):
        return None
    message = inner.get("message") or inner.get("detail") or inner.get("msg")
    if not message:
        return None
    if not isinstance(message, str):
        message = json.encode(message).decode()
    return message[:_MOST_TEXT], _text(inner.get("type")), _text(inner.get("code")), _text(inner.get("param"))


def error_of(found: tuple[str, str | None, str | None, str | None]) -> UpstreamError:
    """An error that came inside a 200 answer: its code is the status where it can be one, else 502."""
    message, kind, code, param = found
    given = int(code) if code and code.isascii() and code.isdigit() and len(code) == len("500") else 0
    return UpstreamError(message, status=_status(given), kind=kind, code=code, param=param)


def _text(value: Any) -> str | None:
    return value[:_MOST_WORD] if isinstance(value, str) else str(value) if isinstance(value, int) else None


def _status(status: int) -> int:
    """A redirect or an odd success is no status for a client: the provider is not where it was said to be."""
    return status if 400 <= status <= 599 else 502
