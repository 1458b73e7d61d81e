"""Errors in the shape `{"type": "error", "error": {"type", "message"}}`: https://docs.claude.com/en/api/errors."""

from __future__ import annotations

from xrouter.dialects.faults import worded
from xrouter.errors import XrouterError
from xrouter.wire import json, sse

_OVERFLOW = "prompt is too long"
"""The words by which this dialect's clients know that they have to compact."""
_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_TELLING = frozenset(_TYPES.values()) - {"invalid_request_error"}
"""Types that say more than the status does: a 400 may be a matter of billing, a 500 one of load."""
_REQUEST_ID = "request-id"


def write_error(error: XrouterError) -> bytes:
    """The body of an error answer, or of an error event in a stream."""
    said: dict[str, object] = {
        "type": "error",
        "error": {"type": _type_of(error), "message": worded(error, _OVERFLOW)},
    }
    request_id = next((value for name, value in error.headers if name.lower() == _REQUEST_ID), None)
    return json.encode(said if request_id is None else said | {"request_id": request_id})


def ending_event(error: XrouterError) -> bytes:
    """The event that ends a stream."""
    return sse.event(write_error(error), "error")


def error_event(error: XrouterError) -> bytes:
    """An error in the middle of a stream; the blank line first ends an event that was cut."""
    return b"\n\n" + ending_event(error)


def _type_of(error: XrouterError) -> str:
    if error.kind in _TELLING:
        return error.kind
    return _TYPES.get(error.status, "invalid_request_error" if error.status < 500 else "api_error")
