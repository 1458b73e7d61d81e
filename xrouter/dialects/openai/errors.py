"""Errors in the shape `{"error": {"message", "type", "param", "code"}}`, both ways.

Providers that speak OpenAI answer errors in many shapes: the official one; a string (`{"error": "…"}`, Ollama, xAI and
Perplexity); `{"message": …}` or `{"detail": …}` alone (Mistral, vLLM); a number as code (llama.cpp); a list of one
(Gemini's compatible endpoint); an HTML page from a proxy in front of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xrouter.chat.events import Fault
from xrouter.dialects import faults
from xrouter.dialects.faults import Found, openai_members, upstream_error, word_of
from xrouter.errors import UpstreamError, XrouterError
from xrouter.wire import json

_WRONG_KEY = "incorrect api key"
"""xAI answers 400 to a wrong key."""
_STATUSES = ("status_code", "code", "status")
"""Members of an error inside a 200 that may hold what its status would have been."""


def write_error(error: XrouterError) -> bytes:
    """The body of an error answer, or of an error event in a stream."""
    return json.encode({"error": openai_members(error)})


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
    """What a JSON value, or the one in a list, says of an error; None where it does not speak of one."""
    only = said[0] if isinstance(said, list) and len(said) == 1 else said
    return faults.find_error(only, ("message", "detail", "msg"))


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
    return None if error is None else Fault.of(error)


def _status(said: Any) -> int:
    inner = said[0] if isinstance(said, list) else said
    inner = inner["error"] if isinstance(inner.get("error"), dict) else inner
    return next((status for name in _STATUSES if 400 <= (status := _number(inner.get(name))) <= 599), 502)


def _number(value: Any) -> int:
    text = word_of(value) or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) == len("500") else 0
