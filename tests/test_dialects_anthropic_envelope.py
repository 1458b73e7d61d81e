"""The outside of a Messages request, and its turns for a judge."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.chat.request import Text, ToolResult, Turn
from xrouter.dialects.anthropic.envelope import read_envelope, read_turns
from xrouter.errors import BadRequest
from xrouter.wire import json

SECRET = "my-private-prompt"


def _turns(**members: Any) -> tuple[Turn, ...]:
    return read_turns(read_envelope(json.encode({"messages": []} | members)))


def test_envelope_reads_the_outside() -> None:
    """Model and stream are read, usage is always wanted, and the body stays as it came."""
    body = b'{"model":"m","messages": [ {} ],"stream":true,"max_tokens":1.0}'
    envelope = read_envelope(body)
    assert envelope.body is body
    assert (envelope.model, envelope.stream, envelope.wants_usage) == ("m", True, True)
    assert bytes(envelope.members["max_tokens"]) == b"1.0"


@pytest.mark.parametrize("body", [b'{"messages":[]}', b'{"model":null,"messages":[]}', b'{"model":"","messages":[]}'])
def test_a_request_without_model_asks_for_auto(body: bytes) -> None:
    """A missing, null or empty model leaves the choice to the router."""
    assert (read_envelope(body).model, read_envelope(body).stream) == ("auto", False)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b'{"model":7,"messages":[]}', "model"),
        (b'{"messages":[],"stream":"yes"}', "stream"),
        (b'{"model":"any"}', "messages"),
        (b'{"messages":"my-private-prompt"}', "messages"),
        (b'{"messages":null}', "messages"),
        (b'"my-private-prompt"', None),
        (b'{"messages":[],"my-private-prompt\xff":1}', None),
    ],
)
def test_what_the_router_depends_on_is_checked(body: bytes, param: str | None) -> None:
    """A member of the wrong kind is refused by name, without a word of the body."""
    with pytest.raises(BadRequest) as caught:
        read_envelope(body)
    assert caught.value.param == param
    assert SECRET not in caught.value.text


def test_turns_keep_what_can_be_read() -> None:
    """What is no message, or has blocks that cannot be read, is left out; the rest is judged."""
    odd = [7, None, {"role": "tool", "content": "x"}, {"role": "user", "content": 7}, {"role": "user", "content": [7]}]
    assert _turns(messages=[*odd, {"role": "user", "content": "hi"}]) == (Turn("user", (Text("hi"),)),)
    assert _turns(system=7, messages=[{"role": "user", "content": "hi"}]) == (Turn("user", (Text("hi"),)),)


def test_turns_begin_with_the_system_prompt() -> None:
    """The system prompt is the first turn; one inside the messages keeps its place."""
    turns = _turns(
        system="S",
        messages=[{"role": "user", "content": "q"}, {"role": "system", "content": "later"}],
    )
    assert [(turn.role, turn.text) for turn in turns] == [("system", "S"), ("user", "q"), ("system", "later")]


def test_results_of_tools_are_turns_of_their_own() -> None:
    """In a user's message they come first, whatever stands around them."""
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "18"}
    said = {"type": "text", "text": "and Oslo?"}
    for content in ([result, said], [said, result]):
        assert _turns(messages=[{"role": "user", "content": content}]) == (
            Turn("tool", (ToolResult("t1", (Text("18"),)),)),
            Turn("user", (Text("and Oslo?"),)),
        )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inside: st.lists(inside) | st.dictionaries(st.sampled_from(["type", "role", "content", "source"]), inside),
    max_leaves=12,
)


@given(st.lists(JSON), JSON)
def test_turns_never_raise(messages: list[Any], system: Any) -> None:
    """Whatever stands in a request, a judge can look at it."""
    _turns(messages=messages, system=system)
