"""Errors: `{"error": {"code", "message", "status", "details"}}`, alone or in a list of one.

Source: https://cloud.google.com/apis/design/errors. A wrong key comes as 400 INVALID_ARGUMENT, its reason in `details`;
how long to wait stands in `details` too, or in the message.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from xrouter.chat.events import Fault
from xrouter.dialects.faults import upstream_error
from xrouter.dialects.values import dicts
from xrouter.errors import UpstreamError
from xrouter.wire import json

_MOST_TEXT = 2000
_MOST_PAGE = 300
_CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}
_WAIT = re.compile(r"(\d{1,6}(?:\.\d+)?)s")
_RETRY_IN = re.compile(r"retry in (\d{1,6}(?:\.\d+)?s)")
_BUSY = frozenset({429, 503})


def read_error(status: int, body: bytes, headers: Sequence[tuple[str, str]] = ()) -> UpstreamError:
    """A provider's answer with an error status."""
    try:
        said: Any = json.decode(body)
    except ValueError:
        return upstream_error(_page(status, body), status=status, headers=headers)
    said = said[0] if isinstance(said, list) and said else said
    error = said.get("error", said) if isinstance(said, dict) else said
    if isinstance(error, dict):
        return _error(status, error, headers)
    message = error[:_MOST_TEXT] if isinstance(error, str) and error else _unnamed(status)
    return upstream_error(message, status=status, headers=headers)


def read_fault(error: Any) -> Fault:
    """An error that stands where an answer should."""
    status = error.get("code") if isinstance(error, dict) else None
    found = read_error(status if isinstance(status, int) else 502, json.encode({"error": error}))
    return Fault.of(found)


def _error(status: int, error: dict[str, Any], headers: Sequence[tuple[str, str]]) -> UpstreamError:
    given = error.get("message")
    message = given[:_MOST_TEXT] if isinstance(given, str) and given else _unnamed(status)
    details = dicts(error.get("details"))
    if any(detail.get("reason") == "API_KEY_INVALID" for detail in details):
        status = 401
    names = {name.lower() for name, _ in headers}
    if status in _BUSY and (wait := _wait_s(details, message)) and "retry-after" not in names:
        headers = (*headers, ("retry-after", str(wait)))
    code = "insufficient_quota" if _is_used_up(details) else _CODES.get(status) or _word(error, "status", "code")
    return upstream_error(message, status=status, code=code, headers=headers)


def _wait_s(details: list[dict[str, Any]], message: str) -> int:
    """Whole seconds until it is worth another try; 0 where nothing says so."""
    said = [delay for detail in details if isinstance(delay := detail.get("retryDelay"), str)]
    said += _RETRY_IN.findall(message)
    found = next((match for delay in said if (match := _WAIT.fullmatch(delay))), None)
    return math.ceil(float(found.group(1))) if found else 0


def _is_used_up(details: list[dict[str, Any]]) -> bool:
    """Whether a day's quota is gone: no wait of some seconds helps."""
    violations = [one for detail in details for one in dicts(detail.get("violations"))]
    return any("PerDay" in str(one.get("quotaId")) for one in violations)


def _word(error: dict[str, Any], *names: str) -> str | None:
    return next((value for name in names if isinstance(value := error.get(name), str) and value), None)


def _page(status: int, body: bytes) -> str:
    text = body[: 4 * _MOST_PAGE].decode("utf-8", "replace").strip()
    return text[:_MOST_PAGE] if text and not text.startswith("<") else _unnamed(status)


def _unnamed(status: int) -> str:
    return f"the provider answered HTTP {status}"
