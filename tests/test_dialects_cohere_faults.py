"""Cohere's error answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from xrouter.dialects import cohere

ERRORS: dict[str, tuple[int, Any, tuple[int, str, str | None, str]]] = {
    "its own": (404, {"id": "x", "message": "no model"}, (404, "not_found_error", "upstream_error", "no model")),
    "a wrong key": (401, {"message": "bad key"}, (401, "authentication_error", "upstream_error", "bad key")),
    "with a name": (
        400,
        {"error_type": "BAD_THING", "message": "bad"},
        (400, "invalid_request_error", "BAD_THING", "bad"),
    ),
    "an overflow": (
        400,
        {"error_type": "TOO_MANY_TOKENS", "message": "too many tokens: size limit exceeded by 9 tokens."},
        (
            400,
            "invalid_request_error",
            "context_length_exceeded",
            "too many tokens: size limit exceeded by 9 tokens.",
        ),
    ),
    "of its checks": (
        422,
        {"detail": [{"loc": ["body", "model"], "msg": "field required"}, {"msg": "odd"}]},
        (422, "invalid_request_error", "upstream_error", "body.model: field required; odd"),
    ),
    "of its gateway": (503, {"error": "busy"}, (503, "api_error", "upstream_error", "busy")),
    "a text": (500, "boom", (500, "api_error", "upstream_error", "boom")),
    "nothing": (500, {}, (500, "api_error", "upstream_error", "the provider answered HTTP 500")),
    "a redirect": (302, {"message": "moved"}, (502, "api_error", "upstream_error", "moved")),
}


@pytest.mark.parametrize(("status", "body", "expected"), ERRORS.values(), ids=ERRORS)
def test_read_error(status: int, body: Any, expected: tuple[int, str, str | None, str]) -> None:
    """Each shape gives its words, its status and a name by which clients know it."""
    error = cohere.read_error(status, json.dumps(body).encode(), [("Retry-After", "3")])
    assert expected == (error.status, error.kind, error.code, error.message)
    assert error.headers == (("Retry-After", "3"),)


def test_page() -> None:
    """A page that is no JSON is named, not passed on."""
    assert "HTTP 502 with a page" in cohere.read_error(502, b"<html>secret</html>").message
