"""Errors in this dialect's shape."""

from __future__ import annotations

import pytest

from xrouter.dialects.anthropic.errors import error_event, write_error
from xrouter.errors import (
    BadRequest,
    Broken,
    Draining,
    InternalError,
    NotFound,
    TimedOut,
    TooLarge,
    Unauthorized,
    Unsupported,
    UpstreamError,
    XrouterError,
)
from xrouter.wire import json, sse

TYPES: list[tuple[XrouterError, str]] = [
    (BadRequest("x"), "invalid_request_error"),
    (Unsupported("x"), "invalid_request_error"),
    (Unauthorized("x"), "authentication_error"),
    (NotFound("x"), "not_found_error"),
    (TooLarge("x"), "request_too_large"),
    (InternalError(), "api_error"),
    (Draining(), "api_error"),
    (Broken("x"), "api_error"),
    (TimedOut("x"), "timeout_error"),
    (UpstreamError("x", status=402, kind="insufficient_quota"), "billing_error"),
    (UpstreamError("x", status=403), "permission_error"),
    (UpstreamError("x", status=404, kind="invalid_request_error"), "not_found_error"),
    (UpstreamError("x", status=422), "invalid_request_error"),
    (UpstreamError("x", status=429, kind="tokens"), "rate_limit_error"),
    (UpstreamError("x", status=529), "overloaded_error"),
    (UpstreamError("x", status=500, kind="overloaded_error"), "overloaded_error"),
    (UpstreamError("x", status=400, kind="billing_error"), "billing_error"),
    (UpstreamError("x", status=503, kind="service_unavailable"), "api_error"),
]


@pytest.mark.parametrize(("error", "kind"), TYPES)
def test_the_type_is_one_of_the_dialect(error: XrouterError, kind: str) -> None:
    """By the error's own name where that says more, else by its status."""
    assert json.decode(write_error(error)) == {"type": "error", "error": {"type": kind, "message": error.text}}


def test_an_overflow_is_worded_so_that_clients_compact() -> None:
    """They look for these words; where the provider said them itself, nothing is added."""
    for said, wanted in (
        ("maximum context length is 8192", "maximum context length is 8192 (prompt is too long)"),
        ("prompt is too long: 9 tokens > 8 maximum", "prompt is too long: 9 tokens > 8 maximum"),
    ):
        error = UpstreamError(said, status=400, code="context_length_exceeded")
        assert json.decode(write_error(error))["error"] == {"type": "invalid_request_error", "message": wanted}


def test_the_providers_request_id_is_passed_on() -> None:
    """It is what a person asks the provider about."""
    error = UpstreamError("x", status=500, headers=(("retry-after", "3"), ("Request-Id", "req_1")))
    assert json.decode(write_error(error))["request_id"] == "req_1"


def test_an_error_ends_an_event_that_was_cut() -> None:
    """What came of it is not read as part of the error."""
    (cut, error) = sse.EventReader().feed(b'event: content_block_delta\ndata: {"type":' + error_event(Broken("gone")))
    assert cut.data == b'{"type":'
    assert (error.name, json.decode(error.data)["error"]["message"]) == ("error", "gone")
