"""Anthropic's error answers."""

from __future__ import annotations

from typing import Any

from tests.strict.exchange import Kind, Refusal, Refused
from xrouter.wire import json, sse

_ANSWERS: dict[Kind, tuple[int, str, str]] = {
    "bad": (400, "invalid_request_error", ""),
    "key": (401, "authentication_error", "invalid x-api-key"),
    "path": (404, "not_found_error", "Not Found"),
    "model": (404, "not_found_error", ""),
    "limit": (429, "rate_limit_error", "This request would exceed your organization's rate limit."),
    "overloaded": (529, "overloaded_error", "Overloaded"),
    "failed": (500, "api_error", "Internal server error"),
    "overflow": (400, "invalid_request_error", "prompt is too long: 208310 tokens > 200000 maximum"),
}
_ID = "req_simulated"


def refuse(refused: Refused) -> Refusal:
    """An error answer."""
    headers = {"request-id": _ID, **({"retry-after": "7"} if refused.kind == "limit" else {})}
    return Refusal(_ANSWERS[refused.kind][0], json.encode({**_error(refused), "request_id": _ID}), headers)


def fault(refused: Refused) -> bytes:
    """An error in the middle of a stream."""
    return sse.event(json.encode(_error(refused)), "error")


def _error(refused: Refused) -> dict[str, Any]:
    _, kind, words = _ANSWERS[refused.kind]
    return {"type": "error", "error": {"type": kind, "message": refused.message or words}}
