"""The raw path: Anthropic on both sides."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from xrouter.chat.target import Target
from xrouter.dialects import anthropic
from xrouter.dialects.anthropic.envelope import read_envelope
from xrouter.dialects.anthropic.raw import (
    as_stream,
    dropped,
    mend_reply,
    mender,
    read_used,
    rewrite,
    without_usage,
)
from xrouter.dialects.base import Dialect
from xrouter.errors import UpstreamError
from xrouter.wire import json, sse

TARGET = Target(tier="frontier", provider="anthropic", dialect="anthropic", url="https://a.test/v1/messages")
BODY = b'{ "max_tokens": 9, "model":"auto","x_new":1.0,\n "messages":[ {"role":"user","content":"\\u0061"} ] }'
ADAPTIVE = "claude-opus-4-7"
BUDGET = "claude-sonnet-4-5"
REPLY = (
    b'{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"thinking","thinking":"hm",'
    b'"signature":"S"},{"type":"text","text":"hi"},{"type":"tool_use","id":"t","name":"f","input":{"a":1.0}}],'
    b'"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":5,"cache_read_input_tokens":7,'
    b'"cache_creation_input_tokens":3,"output_tokens":2}}'
)


def _target(**settings: Any) -> Target:
    return msgspec.structs.replace(TARGET, **settings)


def _rewrite(target: Target, body: bytes = BODY) -> bytes:
    return rewrite(read_envelope(body), target, add_usage=False)


def test_the_package_is_a_dialect() -> None:
    """It has all that the rooms above ask of one."""
    assert all(hasattr(anthropic, name) for name in anthropic.__all__)
    wanted = {name for kind in Dialect.__mro__ for name in vars(kind) if not name.startswith("_")}
    assert wanted <= set(anthropic.__all__)


def test_only_the_model_changes() -> None:
    """Every other byte stays: white space, escapes, numbers and members that nobody knows yet."""
    assert _rewrite(TARGET) == BODY
    assert _rewrite(_target(model="m")) == BODY.replace(b'"auto"', b'"m"')


EFFORTS: list[tuple[str, str, dict[str, Any]]] = [
    (
        ADAPTIVE,
        "high",
        {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "high"}},
    ),
    (
        ADAPTIVE,
        "minimal",
        {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "low"}},
    ),
    (ADAPTIVE, "none", {"thinking": {"type": "disabled"}}),
    (BUDGET, "high", {}),
]


@pytest.mark.parametrize(("model", "effort", "added"), EFFORTS)
def test_an_effort_is_put_in(model: str, effort: str, added: dict[str, Any]) -> None:
    """Where the model measures its thinking itself."""
    assert json.decode(_rewrite(_target(model=model, effort=effort))) == json.decode(BODY) | {"model": model} | added


@pytest.mark.parametrize("own", [b'"thinking":{"type":"disabled"}', b'"output_config":{"effort":"low"}'])
def test_the_clients_own_effort_stays(own: bytes) -> None:
    """The target's is for clients that ask for none."""
    body = b'{"model":"auto","messages":[],' + own + b"}"
    assert _rewrite(_target(model="auto", effort="high"), body) == body


def test_a_limit_is_put_in_where_there_is_none() -> None:
    """The dialect demands one, and a client's own is kept."""
    assert _rewrite(_target(max_output_tokens=4)) == BODY
    assert json.decode(_rewrite(_target(max_output_tokens=4), b'{"messages":[]}')) == {"messages": [], "max_tokens": 4}


def test_members_of_the_target_win() -> None:
    """What the settings add to each request is merged last; what the provider refuses is left out and named."""
    target = _target(body=(("max_tokens", b"5"),), unknown=frozenset({"x_new"}))
    assert json.decode(_rewrite(target)) == json.decode(BODY.replace(b'"x_new":1.0,', b"")) | {"max_tokens": 5}
    assert dropped(read_envelope(BODY), target) == ["x_new"]


def test_what_was_used_is_read() -> None:
    """The tokens of a whole answer, and how much it said."""
    usage, chars = read_used(REPLY)
    assert usage is not None
    assert (usage.prompt, usage.cached, usage.cache_write, usage.completion) == (15, 7, 3, 2)
    assert chars == len("hm" + "hi" + '{"a":1.0}')
    with pytest.raises(UpstreamError):
        read_used(b'{"type":"error","error":{"type":"api_error","message":"x"}}')


def test_a_whole_answer_becomes_a_stream() -> None:
    """For a client that asked for one, from a provider that gave none."""
    events = [json.decode(event.data) for event in sse.EventReader().feed(as_stream(REPLY))]
    assert events[0]["message"]["id"] == "msg_1"
    blocks = [event["content_block"]["type"] for event in events if event["type"] == "content_block_start"]
    assert blocks == ["thinking", "text", "tool_use"]
    assert events[-2]["delta"]["stop_reason"] == "tool_use"
    assert events[-2]["usage"]["cache_read_input_tokens"] == 7
    assert events[-1] == {"type": "message_stop"}


def test_there_is_nothing_to_mend_or_hide() -> None:
    """Answers and events pass as they are."""
    assert without_usage(b"data: {}\n\n") == b"data: {}\n\n"
    assert mend_reply(REPLY, TARGET) is REPLY
    assert mender(TARGET) is None
