"""Gemini's errors."""

from __future__ import annotations

from typing import Any

import pytest

from xrouter.dialects.gemini import read_error
from xrouter.wire import json

QUOTA = "You exceeded your current quota."
RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.07s"}
DAY = {"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}


def _error(status: int, name: str, message: str = "no", *details: Any) -> dict[str, Any]:
    return {"error": {"code": status, "message": message, "status": name, "details": list(details)}}


ERRORS: list[tuple[int, Any, tuple[int, str, str | None]]] = [
    (400, _error(400, "INVALID_ARGUMENT"), (400, "invalid_request_error", "INVALID_ARGUMENT")),
    (
        400,
        _error(400, "INVALID_ARGUMENT", "no", {"reason": "API_KEY_INVALID"}),
        (401, "authentication_error", "invalid_api_key"),
    ),
    (403, _error(403, "PERMISSION_DENIED"), (403, "permission_error", "PERMISSION_DENIED")),
    (404, _error(404, "NOT_FOUND"), (404, "not_found_error", "model_not_found")),
    (429, [_error(429, "RESOURCE_EXHAUSTED")], (429, "rate_limit_error", "rate_limit_exceeded")),
    (429, _error(429, "RESOURCE_EXHAUSTED", QUOTA, DAY), (429, "rate_limit_error", "insufficient_quota")),
    (503, _error(503, "UNAVAILABLE"), (503, "api_error", "UNAVAILABLE")),
    (
        400,
        _error(400, "INVALID_ARGUMENT", "The input token count (9) exceeds the maximum number of tokens allowed (8)."),
        (400, "invalid_request_error", "context_length_exceeded"),
    ),
    (400, {"error": {"message": "no", "code": "invalid_request"}}, (400, "invalid_request_error", "invalid_request")),
    (500, {"error": "no"}, (500, "api_error", "upstream_error")),
    (302, {"message": "no"}, (502, "api_error", "upstream_error")),
]


@pytest.mark.parametrize(("status", "body", "expected"), ERRORS)
def test_each_kind_of_error(status: int, body: Any, expected: tuple[int, str, str | None]) -> None:
    """Each kind of error has its status, kind and code; a wrong key is 401 whatever Google calls it."""
    error = read_error(status, json.encode(body))
    assert (error.status, error.kind, error.code) == expected


WAITS: list[tuple[Any, tuple[tuple[str, str], ...], str | None]] = [
    (_error(429, "", "no", RETRY), (), "35"),
    ([_error(429, "", "no", RETRY)], (), "35"),
    (_error(429, "", "no", RETRY), (("Retry-After", "9"),), None),
    (_error(429, "", "Please retry in 2.5s."), (), "3"),
    (_error(429, "", "no", {"retryDelay": "soon"}), (), None),
    (_error(429, "", "no", "odd", {"retryDelay": 5}), (), None),
]


@pytest.mark.parametrize(("body", "headers", "wait"), WAITS)
def test_how_long_to_wait(body: Any, headers: tuple[tuple[str, str], ...], wait: str | None) -> None:
    """The wait that only the body tells is a header in whole seconds, where the provider gave none."""
    error = read_error(429, json.encode(body), headers)
    assert error.headers == (headers if wait is None else (*headers, ("retry-after", wait)))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"upstream connect error", "upstream connect error"),
        (b"<html>bad gateway</html>", "the provider answered HTTP 502"),
        (b"", "the provider answered HTTP 502"),
        (b"null", "the provider answered HTTP 502"),
        (b"[]", "the provider answered HTTP 502"),
        (b'{"error":{"message":7,"details":7}}', "the provider answered HTTP 502"),
    ],
)
def test_odd_bodies(body: bytes, message: str) -> None:
    """What is no error of Gemini's is told as far as it is text."""
    assert read_error(502, body).message == message
