"""Errors in the shape `{"error": {"message", "type", "param", "code"}}`, and those inside a stream.

Providers answer in other shapes too: `{"code": …, "error": "text"}` (xAI), `{"detail": …}` (ChatGPT's own endpoint),
`{"message": …}`, an HTML page from a proxy in front of them. In a stream an error is an event of that name, or the
`error` of a response that failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xrouter.chat.events import Fault
from xrouter.dialects import faults
from xrouter.dialects.faults import Found, openai_members, upstream_error
from xrouter.errors import UpstreamError, XrouterError
from xrouter.wire import json, sse

_STATUS = {
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "usage_limit_reached": 429,
    "server_is_overloaded": 503,
    "slow_down": 503,
    "server_error": 500,
    "context_length_exceeded": 400,
    "invalid_prompt": 400,
    "invalid_request_error": 400,
    "model_not_found": 404,
    "invalid_api_key": 401,
}
"""What the code of an error inside a 200 would have been as a status."""


def write_error(error: XrouterError) -> bytes:
    """The body of an error answer."""
    return json.encode({"error": openai_members(error)})


def error_event(error: XrouterError) -> bytes:
    """An error in the middle of a stream whose numbers are not known; the blank line ends an event that was cut."""
    told = openai_members(error)
    members = {"type": "error", "code": error.code, "message": told["message"], "param": error.param}
    return b"\n\n" + sse.event(json.encode({**members, "sequence_number": 0}), "error")


def read_error(status: int, body: bytes, headers: Sequence[tuple[str, str]] = ()) -> UpstreamError:
    """A provider's answer with an error status. A page that is no JSON is named, not passed on."""
    try:
        found = find_error(json.decode(body)) or Found(f"the provider answered HTTP {status}")
    except ValueError:
        found = Found(f"the provider answered HTTP {status} with a page that is no JSON")
    message, kind, code, param = found
    return upstream_error(message, status=status, kind=kind, code=code, param=param, headers=headers)


def find_error(said: Any) -> Found | None:
    """What a JSON value says of an error; None where it does not speak of one."""
    return faults.find_error(said, ("message", "detail"))


def error_of(found: Found) -> UpstreamError:
    """An error that came inside a 200."""
    message, kind, code, param = found
    status = _STATUS.get(code or "") or _STATUS.get(kind or "", 502)
    kind = None if kind == "error" else kind  # the event's own type
    return upstream_error(message, status=status, kind=kind, code=code, param=param)


def fault_of(found: Found) -> Fault:
    """The same as an event."""
    return Fault.of(error_of(found))
