"""Errors in the `openai` dialect, as providers write them and as clients read them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.dialects import openai
from xrouter.errors import BadRequest, Draining, TimedOut, Unauthorized, UpstreamError, XrouterError

WRITTEN: dict[str, tuple[XrouterError, dict[str, Any]]] = {
    "a request's": (
        BadRequest("model must be a string", param="model"),
        {
            "message": "model must be a string",
            "type": "invalid_request_error",
            "param": "model",
            "code": "invalid_request",
        },
    ),
    "a hint": (
        Unauthorized("No key.", hint="Send one."),
        {"message": "No key. Send one.", "type": "authentication_error", "param": None, "code": "invalid_api_key"},
    ),
    "the router's": (
        Draining(),
        {
            "message": "The router is shutting down. Try again in a moment.",
            "type": "server_error",
            "param": None,
            "code": "shutting_down",
        },
    ),
    "a provider's": (
        UpstreamError("slow é", status=429, kind="rate", code="c", param="p"),
        {"message": "slow é", "type": "rate", "param": "p", "code": "c"},
    ),
    "a time-out": (
        TimedOut("late"),
        {"message": "late", "type": "upstream_error", "param": None, "code": "upstream_timeout"},
    ),
}


@pytest.mark.parametrize(("error", "expected"), WRITTEN.values(), ids=WRITTEN)
def test_write_error(error: XrouterError, expected: dict[str, Any]) -> None:
    """Each error has the official shape, whole and in this order."""
    assert json.loads(openai.write_error(error)) == {"error": expected}
    assert list(json.loads(openai.write_error(error))["error"]) == ["message", "type", "param", "code"]


def told(
    message: str, kind: str = "invalid_request_error", code: str = "upstream_error", param: str | None = None
) -> Any:
    """What is read of an error."""
    return message, kind, code, param


READ: dict[str, tuple[Any, Any]] = {
    "openai": (
        {
            "error": {
                "message": "Bad model",
                "type": "invalid_request_error",
                "param": "model",
                "code": "model_not_found",
            }
        },
        told("Bad model", "invalid_request_error", "model_not_found", "model"),
    ),
    "openai without a code": (
        {"error": {"message": "You are slow", "type": "requests", "param": None, "code": None}},
        told("You are slow", "requests"),
    ),
    "ollama": ({"error": 'model "x" not found'}, told('model "x" not found')),
    "a text with a code beside it": ({"error": "slow", "code": "limit"}, told("slow", code="limit")),
    "mistral": (
        {"object": "error", "message": "Invalid model", "type": "invalid_model", "param": None, "code": "1500"},
        told("Invalid model", "invalid_model", "1500"),
    ),
    "mistral's list": (
        {"message": {"detail": [{"loc": ["body"], "msg": "Field required"}]}},
        told('{"detail":[{"loc":["body"],"msg":"Field required"}]}'),
    ),
    "vllm": (
        {"object": "error", "message": "too long", "type": "BadRequestError", "param": None, "code": 400},
        told("too long", "BadRequestError", "400"),
    ),
    "fastapi": ({"detail": "Not Found"}, told("Not Found")),
    "fastapi's list": ({"detail": [{"msg": "Field required"}]}, told('[{"msg":"Field required"}]')),
    "llama.cpp": (
        {
            "error": {
                "code": 400,
                "message": "exceeds the context size",
                "type": "exceed_context_size_error",
                "n_ctx": 8,
            }
        },
        told("exceeds the context size", "exceed_context_size_error", "400"),
    ),
    "gemini": (
        [{"error": {"code": 404, "message": "models/x is not found", "status": "NOT_FOUND"}}],
        told("models/x is not found", code="404"),
    ),
    "azure": (
        {"error": {"code": "429", "message": "Please retry after 7 seconds.", "innererror": {"code": "x"}}},
        told("Please retry after 7 seconds.", code="429"),
    ),
    "perplexity": ({"error": "Unauthorized"}, told("Unauthorized")),
    "a msg": ({"error": {"msg": "no"}}, told("no")),
    "control characters": ({"error": "a\nb\u0000"}, told("a\nb\u0000")),
    "no message": ({"error": {"type": "x"}}, told("the provider answered HTTP 418")),
    "an empty message": ({"error": {"message": ""}}, told("the provider answered HTTP 418")),
    "an empty object": ({}, told("the provider answered HTTP 418")),
    "an error that is true": ({"error": True}, told("the provider answered HTTP 418")),
    "an empty list": ([], told("the provider answered HTTP 418")),
    "a list of texts": (["a"], told("the provider answered HTTP 418")),
    "a number": (7, told("the provider answered HTTP 418")),
    "null": (None, told("the provider answered HTTP 418")),
}


@pytest.mark.parametrize(("said", "expected"), READ.values(), ids=READ)
def test_read_error(said: Any, expected: Any) -> None:
    """Each shape that providers use gives message, type, code and parameter, and keeps status and headers."""
    error = openai.read_error(418, json.dumps(said).encode(), [("retry-after", "7")])
    assert (error.message, error.kind, error.code, error.param) == expected
    assert (error.status, error.headers) == (418, (("retry-after", "7"),))
    assert error.refused


PAGES = [
    b"",
    b"<html><title>502 Bad Gateway</title></html>",
    b"upstream connect error",
    b'{"error": {"mess',
    b"\xff\xfe",
]


@pytest.mark.parametrize("page", [*PAGES, b'{"a":"\\ud83d","error":' + b"[" * 99_999])
def test_page_that_is_no_json(page: bytes) -> None:
    """A page is named and not quoted; when to try again passes even so."""
    error = openai.read_error(503, page, [("retry-after", "7")])
    assert error.message == "the provider answered HTTP 503 with a page that is no JSON"
    assert (error.status, error.headers) == (503, (("retry-after", "7"),))


@pytest.mark.parametrize(
    ("status", "expected"), [(400, 400), (429, 429), (599, 599), (302, 502), (600, 502), (999, 502)]
)
def test_status(status: int, expected: int) -> None:
    """A status that is no error is none for a client."""
    assert openai.read_error(status, b'{"error":"x"}').status == expected
    assert openai.read_error(status, b"<html>").status == expected


def test_sizes() -> None:
    """A provider that says too much is cut short."""
    long = "x" * 100_000
    for said in (
        {"error": {"message": long, "type": long, "code": long, "param": long}},
        {"error": long, "code": long},
    ):
        error = openai.read_error(400, json.dumps(said).encode())
        assert len(openai.write_error(error)) < 3000


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda each: (
            st.lists(each)
            | st.dictionaries(
                st.sampled_from(["error", "message", "detail", "msg", "code", "type", "param"]) | st.text(), each
            )
        ),
    )
)
def test_any_json(said: Any) -> None:
    """Whatever JSON a provider answers, there is an error in shape that says something."""
    written = json.loads(openai.write_error(openai.read_error(500, json.dumps(said).encode())))
    assert written["error"]["message"]
    assert all(value is None or isinstance(value, str) for value in written["error"].values())
