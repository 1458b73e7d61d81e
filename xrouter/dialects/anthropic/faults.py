"""Anthropic's errors: `{"type": "error", "error": {"type", "message"}}`, with a status or inside of a stream.

What stands in front of it (a proxy, a gateway) has shapes of its own: `{"message"}`, `{"error": "…"}`, a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xrouter.chat.events import Fault
from xrouter.dialects.faults import upstream_error
from xrouter.errors import UpstreamError
from xrouter.wire import json

_MOST_TEXT = 2000
_MOST_PAGE = 300
_STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
_NO_CREDIT = "credit balance is too low"
"""Comes with status 400, and is nothing that the client could mend in its request."""


def read_error(status: int, body: bytes, headers: Sequence[tuple[str, str]] = ()) -> UpstreamError:
    """A provider's error answer. A line of words is passed on, a page is named."""
    try:
        found = _find(json.decode(body))
    except ValueError:
        return upstream_error(_page(status, body), status=status, headers=headers)
    message, kind, _ = found or (f"the provider answered HTTP {status}", None, None)
    if status == 400 and _NO_CREDIT in message:
        status, kind = 402, "billing_error"
    return upstream_error(message, status=status, kind=kind, headers=headers)


def fault_of(data: bytes) -> Fault | None:
    """An error that came inside a 200 answer; None where it is none."""
    try:
        found = _find(json.decode(data))
    except ValueError:
        return None
    if found is None:
        return None
    message, kind, code = found
    return Fault.of(upstream_error(message, status=_STATUS.get(kind or "", code or 502), kind=kind))


def _page(status: int, body: bytes) -> str:
    text = body[: 4 * _MOST_PAGE].decode("utf-8", "replace").strip()
    if text and not text.startswith("<"):
        return text[:_MOST_PAGE]
    return f"the provider answered HTTP {status} with a page that is no JSON"


def _find(said: Any) -> tuple[str, str | None, int | None] | None:
    """(message, type, the status that a gateway gives as `code`)."""
    if isinstance(said, list) and len(said) == 1:
        said = said[0]
    if isinstance(said, str) and said:
        return said[:_MOST_TEXT], None, None
    if not isinstance(said, dict):
        return None
    inner = said.get("error") or said
    if isinstance(inner, str):
        return inner[:_MOST_TEXT], None, None
    if not isinstance(inner, dict):
        return None
    message = inner.get("message") or inner.get("detail")
    if not message:
        return None
    text = message if isinstance(message, str) else json.encode(message).decode()
    kind, code = inner.get("type"), inner.get("code")
    status = code if isinstance(code, int) and 400 <= code <= 599 else None
    return text[:_MOST_TEXT], kind if isinstance(kind, str) and kind != "error" else None, status
