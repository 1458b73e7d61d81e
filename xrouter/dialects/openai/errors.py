"""Errors in the shape `{"error": {"message", "type", "param", "code"}}`, both ways.

Providers that speak OpenAI answer errors in many shapes: the official one; a string (`{"error": "…"}`, Ollama, xAI and
Perplexity); `{"message": …}` or `{"detail": …}` alone (Mistral, vLLM); a number as code (llama.cpp); a list of one
(Gemini's compatible endpoint); an HTML page from a proxy in front of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from xrouter.chat.events import Fault
from xrouter.dialects.faults import upstream_error, worded
from xrouter.errors import UpstreamError, XrouterError
from xrouter.wire import json

PHRASE = "maximum context length"
"""The words by which clients of this dialect know that a request is too long."""
_MOST_TEXT = 2000
_MOST_WORD = 200
_WRONG_KEY = "incorrect api key"
"""xAI answers 400 to a wrong key."""
_STATUSES = ("status_code", "code", "status")
"""Members of an error inside a 200 that may hold what its status would have been."""


class Found(NamedTuple):
    """What a provider says of an error."""

    message: str
    kind: str | None = None
    code: str | None = None
    param: str | None = None


def write_error(error: XrouterError) -> bytes:
    """The body of an error answer, or of an error event in a stream."""
    members = {"message": worded(error, PHRASE), "type": error.kind, "param": error.param, "code": error.code}
    return json.encode({"error": members})


def read_error(status: int, body: bytes, headers: Sequence[tuple[str, str]] = ()) -> UpstreamError:
    """A provider's answer with an error status. A page that is no JSON is named, not passed on."""
    try:
        found = find_error(json.decode(body)) or Found(f"the provider answered HTTP {status}")
    except ValueError:
        found = Found(f"the provider answered HTTP {status} with a page that is no JSON")
    message, kind, code, param = found
    if status == 400 and _WRONG_KEY in message.lower():
        status = 401
    return upstream_error(message, status=status, kind=kind, code=code, param=param, headers=headers)


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


def error_inside(said: Any) -> UpstreamError | None:
    """An error that came inside a 200 answer: where it names a status it is that one, else 502."""
    found = find_error(said)
    if found is None:
        return None
    message, kind, code, param = found
    return upstream_error(message, status=_status(said), kind=kind, code=code, param=param)


def fault_inside(said: Any) -> Fault | None:
    """The same as an event."""
    error = error_inside(said)
    if error is None:
        return None
    return Fault(error.message, error.status, error.kind, error.code, error.param)


def _status(said: Any) -> int:
    inner = said[0] if isinstance(said, list) else said
    inner = inner["error"] if isinstance(inner.get("error"), dict) else inner
    return next((status for name in _STATUSES if 400 <= (status := _number(inner.get(name))) <= 599), 502)


def _number(value: Any) -> int:
    text = _text(value) or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) == len("500") else 0


def _text(value: Any) -> str | None:
    return value[:_MOST_WORD] if isinstance(value, str) else str(value) if isinstance(value, int) else None
