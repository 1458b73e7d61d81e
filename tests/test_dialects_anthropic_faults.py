"""dialects/anthropic: errors of providers and of what stands before them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.chat.events import Fault
from xrouter.dialects.anthropic.faults import fault_of, read_error

FAULTS: list[tuple[Any, tuple[int, str | None, str]]] = [
    ({"type": "error", "error": {"type": "overloaded_error", "message": "Busy"}}, (529, "overloaded_error", "Busy")),
    ({"type": "error", "error": {"type": "api_error", "message": "Sorry"}}, (500, "api_error", "Sorry")),
    ({"type": "error", "error": {"type": "billing_error", "message": "Pay"}}, (402, "billing_error", "Pay")),
    ({"error": {"code": 503, "message": "Gone"}}, (503, "api_error", "Gone")),
    ({"error": {"code": 7, "message": "Odd"}}, (502, "api_error", "Odd")),
    ({"error": "out of memory"}, (502, "api_error", "out of memory")),
    ([{"error": {"message": "one"}}], (502, "api_error", "one")),
    ({"detail": [{"msg": "x"}]}, (502, "api_error", '[{"msg":"x"}]')),
]


@pytest.mark.parametrize(("said", "expected"), FAULTS)
def test_errors_inside_of_answers(said: Any, expected: tuple[int, str | None, str]) -> None:
    """An error in a 200 answer has the status that its type, or a gateway's code, stands for."""
    fault = fault_of(json.dumps(said).encode())
    assert fault is not None
    assert (fault.status, fault.kind, fault.message) == expected


@pytest.mark.parametrize("data", [b"", b"<html>", b"[]", b"{}", b"3", b'""', b'{"error":[1]}', b'{"error":{}}'])
def test_no_error(data: bytes) -> None:
    """What speaks of no error is none."""
    assert fault_of(data) is None


def test_overflow_in_an_answer() -> None:
    """A request that is too long is known as that inside of an answer too."""
    said = {"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long: 9 > 8"}}
    fault = fault_of(json.dumps(said).encode())
    assert fault == Fault(
        "prompt is too long: 9 > 8",
        status=400,
        kind="invalid_request_error",
        code="context_length_exceeded",
        param="messages",
    )


PAGES = [
    (b"", "the provider answered HTTP 502 with a page that is no JSON"),
    (b"<html><h1>Bad gateway</h1></html>", "the provider answered HTTP 502 with a page that is no JSON"),
    (b"upstream connect error\n", "upstream connect error"),
    (b'"upstream connect error"', "upstream connect error"),
    (b"x" * 999, "x" * 300),
]


@pytest.mark.parametrize(("body", "message"), PAGES)
def test_pages(body: bytes, message: str) -> None:
    """A line of words is kept, a page is named; the status and the headers stay."""
    error = read_error(502, body, (("retry-after", "3"),))
    assert (error.status, error.kind, error.message) == (502, "api_error", message)
    assert error.headers == (("retry-after", "3"),)


@given(st.integers(100, 999), st.binary(max_size=60) | st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(st.sampled_from(["error", "message", "type", "code", "detail"]), inner, max_size=4),
    max_leaves=8,
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_odd_bodies(status: int, body: bytes) -> None:
    """Whatever comes, it is an error with a status that a client understands and with words."""
    error = read_error(status, body)
    assert 400 <= error.status <= 599
    assert error.message
