"""The outside of a Responses request."""

from __future__ import annotations

from typing import Any

import pytest

from xrouter.chat.request import ANY_MODEL
from xrouter.dialects.responses import read_envelope
from xrouter.errors import BadRequest
from xrouter.wire import json


def test_model_and_stream_are_read_and_usage_always_comes() -> None:
    """A Responses stream carries its usage unasked."""
    envelope = read_envelope(b'{"model": "m", "input": "hi", "stream": true}')
    assert (envelope.model, envelope.stream, envelope.wants_usage) == ("m", True, True)


def test_a_request_without_a_model_leaves_it_to_the_router() -> None:
    """No model means any."""
    assert read_envelope(b'{"input": []}').model == ANY_MODEL


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"{", None),
        (b"[]", None),
        (b'{"input": "\xff"}', None),
        (b"{}", "input"),
        (b'{"input": 3}', "input"),
        (b'{"input": "hi", "model": 3}', "model"),
        (b'{"input": "hi", "stream": "yes"}', "stream"),
    ],
)
def test_what_the_router_depends_on_is_checked(body: bytes, param: str | None) -> None:
    """A wrong outside is refused, and the member is named."""
    with pytest.raises(BadRequest) as caught:
        read_envelope(body)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("previous_response_id", "resp_1"),
        ("conversation", {"id": "conv_1"}),
        ("prompt", {"id": "pmpt_1"}),
        ("background", True),
    ],
)
def test_what_needs_kept_state_is_refused_with_a_way_out(member: str, value: Any) -> None:
    """The router keeps nothing between requests, and says what to send instead."""
    with pytest.raises(BadRequest) as caught:
        read_envelope(json.encode({"input": "hi", member: value}))
    assert caught.value.param == member
    assert caught.value.hint


def test_a_prompt_may_come_without_input_and_is_what_is_refused() -> None:
    """The member that cannot be served is named, not the one that it stands for."""
    with pytest.raises(BadRequest) as caught:
        read_envelope(b'{"prompt": {"id": "pmpt_1"}}')
    assert caught.value.param == "prompt"


def test_a_reference_to_a_kept_item_is_refused() -> None:
    """An item that only names another one cannot be found; words that speak of one can pass."""
    with pytest.raises(BadRequest) as caught:
        read_envelope(b'{"input": [{"type": "item_reference", "id": "msg_1"}]}')
    assert caught.value.param == "input"
    assert read_envelope(b'{"input": [{"role": "user", "content": "item_reference"}]}')


@pytest.mark.parametrize("member", ["previous_response_id", "conversation", "prompt", "background"])
def test_null_asks_for_no_state(member: str) -> None:
    """SDKs send null for what is not set; so do some `background: false` and `store: true`."""
    assert read_envelope(json.encode({"input": "hi", member: None, "store": True}))
