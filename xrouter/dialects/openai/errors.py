"""Errors in the shape `{"error": {"message", "type", "param", "code"}}`, both ways.

Providers that speak OpenAI answer errors in many shapes: the official one; a string (`{"error": "…"}`, Ollama and
Perplexity); `{"message": …}` or `{"detail": …}` alone (Mistral, vLLM); a number as code (llama.cpp); a list of one
(Gemini's compatible endpoint); an HTML page from a proxy in front of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from xrouter.errors import UpstreamError, XrouterError
from xrouter.wire import json

_MOST_TEXT = 2000
_MOST_WORD = 200


class Found(NamedTuple):
    """What a provider says of an error."""

    message: str
    kind: str | None = None
    code: str | None = None
    param: str | None = None


def write_error(error: XrouterError) -> bytes:
    """The body of an error answer, or of an error event in a stream."""
    return json.encode({"error": {"message": error.text, "type": error.kind, "param": error.param, "code": error.code}})


def read_error(status: int, body: bytes, headers: Sequence[tuple[str, str]] = ()) -> UpstreamError:
    """A provider's answer with an error status. A page that is no JSON is named, not passed on."""
    try:
        found = find_error(json.decode(body)) or Found(f"the provider answered HTTP {status}")
    except ValueError:
        found = Found(f"the provider answered HTTP {status} with a page that is no JSON")
    return _error(found, status, headers)


def find_error(said: Any) -> Found | None:
    """What a JSON value says of an error; None where it does not speak of one."""
    if isinstance(said, list) and len(said) == 1:
        said = said[0]
    if not isinstance(said, dict):
        return None
    inner = said.get("error") or said
    if isinstance(inner, str):
        return Found(inner[:_MOST_TEXT], code=_text(said.get("code")))
    if not isinstance(inner, dict):
        return None
    message = inner.get("message") or inner.get("detail") or inner.get("msg")
    if not message:
        return None
    if not isinstance(message, str):
        message = json.encode(message).decode()
    return Found(message[:_MOST_TEXT], *(_text(inner.get(name)) for name in ("type", "code", "param")))


def error_of(found: Found) -> UpstreamError:
    """An error that came inside a 200 answer: its code is the status where it can be one, else 502."""
    code = found.code or ""
    return _error(found, int(code) if code.isascii() and code.isdigit() and len(code) == len("500") else 502)


def _error(found: Found, status: int, headers: Sequence[tuple[str, str]] = ()) -> UpstreamError:
    message, kind, code, param = found
    return UpstreamError(message, status=_status(status), kind=kind, code=code, param=param, headers=headers)


def _text(value: Any) -> str | None:
    return value[:_MOST_WORD] if isinstance(value, str) else str(value) if isinstance(value, int) else None


def _status(status: int) -> int:
    """A redirect or an odd success is no status for a client: the provider is not where it was said to be."""
    return status if 400 <= status <= 599 else 502
