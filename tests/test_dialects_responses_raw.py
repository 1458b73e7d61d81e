"""Responses on both sides: what is changed, and what the ends of a stream say."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.chat.fold import fold
from xrouter.chat.reply import Usage
from xrouter.chat.target import Target
from xrouter.dialects import responses
from xrouter.dialects.base import TAIL_BYTES, Dialect, StreamEnd, first_fault
from xrouter.dialects.responses import (
    as_stream,
    dropped,
    error_event,
    is_over,
    mend_reply,
    mender,
    read_end,
    read_envelope,
    read_reply,
    read_used,
    reader,
    rewrite,
    without_usage,
    write_error,
)
from xrouter.dialects.responses.seals import Carried, carry
from xrouter.errors import Broken, UpstreamError
from xrouter.wire import json, sse

_TARGET = Target("frontier", "openai", "responses", "http://127.0.0.1:1/v1/responses", "gpt-5.2")
_USAGE: dict[str, Any] = {
    "input_tokens": 20,
    "input_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 2, "deeper": {"a": 1}},
    "output_tokens": 6,
    "output_tokens_details": {"reasoning_tokens": 3},
}
_USED = Usage(20, 6, 8, 2, 3)
_MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "status": "completed",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "Hello", "annotations": []}],
}


def _rewritten(body: bytes, **members: Any) -> bytes:
    target = msgspec.structs.replace(_TARGET, **members)
    return rewrite(read_envelope(body), target, add_usage=True)


def _event(kind: str, **members: Any) -> bytes:
    return sse.event(json.encode({"type": kind, **members}), kind)


def _last(kind: str = "response.completed", *, size: int = 0, **members: Any) -> bytes:
    answer = {"id": "resp_1", "status": "completed", "output": [_MESSAGE], "instructions": "x" * size, "usage": _USAGE}
    return _event(kind, response={**answer, **members}, sequence_number=9)


def test_the_module_is_a_dialect() -> None:
    """It has all that the rooms above ask of one that both sides speak."""
    spoken: Dialect = responses
    assert spoken.DONE == b""


def test_only_the_model_is_changed() -> None:
    """Each other byte stays: white space, order, numbers, what nobody knows."""
    body = b'{ "input" : "hi",\n "model":"auto", "x": 1.0, "store": true }'
    assert _rewritten(body) == b'{ "input" : "hi",\n "model":"gpt-5.2", "x": 1.0, "store": true }'


def test_the_targets_effort_and_limit_fill_in() -> None:
    """They give way to what the client asks for."""
    body = json.decode(_rewritten(b'{"input":"hi","reasoning":{"summary":"auto"}}', effort="low", max_output_tokens=9))
    assert (body["reasoning"], body["max_output_tokens"]) == ({"summary": "auto", "effort": "low"}, 9)
    asked = b'{"input":"hi","reasoning":{"effort":"high"},"max_output_tokens":5,"model":"gpt-5.2"}'
    assert _rewritten(asked, effort="low", max_output_tokens=9) == asked


def test_members_that_the_provider_does_not_know_are_left_out_and_named() -> None:
    """As for any dialect."""
    target = msgspec.structs.replace(_TARGET, unknown=frozenset({"user"}))
    envelope = read_envelope(b'{"input":"hi","user":"u"}')
    assert "user" not in json.decode(rewrite(envelope, target, add_usage=False))
    assert dropped(envelope, target) == ["user"]


def test_thoughts_of_providers_that_speak_something_else_are_left_out() -> None:
    """A Responses provider would refuse what it cannot read; its own thoughts stay as they came."""
    ours = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": carry(Carried("anthropic", "sig"))}
    shown = {"type": "reasoning", "id": "rs_xr1abc0", "summary": [{"type": "summary_text", "text": "hm"}]}
    theirs = b'{"type" : "reasoning", "id":"rs_2","encrypted_content":"gAAA"}'
    words = b'{"role":"user","content":"xr1:"}'
    body = b'{"input":[%b,%b,%b,%b]}' % (json.encode(ours), theirs, json.encode(shown), words)
    assert _rewritten(body, model=None) == b'{"input":[%b,%b]}' % (theirs, words)
    untouched = b'{"input": [%b, %b]}' % (theirs, words)
    assert _rewritten(untouched, model=None) == untouched


@pytest.mark.parametrize("size", [0, 2 * TAIL_BYTES])
def test_the_end_of_a_stream_however_long_its_last_event_is(size: int) -> None:
    """The last event repeats the request: its beginning may be lost."""
    data = _event("response.output_text.delta", delta="Hello") + _last(size=size)
    assert read_end(b"", data[-TAIL_BYTES:]) == StreamEnd(finished=True, done=True, fault=False, usage=_USED)
    assert read_end(b"", (data + sse.DONE)[-TAIL_BYTES:]).finished


_NOTHING = StreamEnd(finished=False, done=False, fault=False, usage=None)


@pytest.mark.parametrize(
    ("data", "end"),
    [
        (b"", _NOTHING),
        (_event("response.created", response={"usage": None, "instructions": "x" * 20_000}), _NOTHING),
        (_event("response.output_text.delta", delta='"usage":{"input_tokens":1}'), _NOTHING),
        (_event("response.output_item.done", item={**_MESSAGE, "x": "x" * 20_000}), _NOTHING),
        (_last()[:-40], _NOTHING),
        (_last(size=20_000)[:-90], _NOTHING),
        (_last("response.incomplete"), StreamEnd(finished=True, done=True, fault=False, usage=_USED)),
        (_last("response.failed", usage=None), StreamEnd(finished=False, done=False, fault=True, usage=None)),
        (_event("error", message="x"), StreamEnd(finished=False, done=False, fault=True, usage=None)),
        (
            b'data: {"response":{"x":"%b","usage":null},"type":"response.completed"}\n\n' % (b"x" * 20_000),
            StreamEnd(finished=True, done=True, fault=False, usage=None),
        ),
    ],
)
def test_what_is_no_whole_end(data: bytes, end: StreamEnd) -> None:
    """Words that look like an end are none, and a cut last event is no end."""
    assert read_end(b"", data[-TAIL_BYTES:]) == end


@given(st.integers(1, 5000))
def test_an_end_is_never_seen_in_half_a_last_event(cut: int) -> None:
    """A stream that breaks must not pass for a whole one."""
    data = _last(size=3000)
    end = read_end(b"", data[: max(len(data) - 2 - cut, 0)][-1000:])
    assert not end.finished


def test_only_done_says_early_that_a_stream_is_over() -> None:
    """The last event cannot be told by its end; the provider ends the body right after it."""
    assert is_over(b"data: [DONE]\n\n")
    assert not is_over(_last()[-256:])


def test_a_whole_answer_as_a_stream_says_the_same() -> None:
    """For a provider that does not stream although it was asked to."""
    items = [
        {
            "id": "rs_1",
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": "hm"}],
            "encrypted_content": "g",
        },
        _MESSAGE,
        {**_MESSAGE, "id": "msg_2", "content": [{"type": "refusal", "refusal": "no"}]},
        {"id": "fc_1", "type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}", "status": "completed"},
        {"id": "ctc_1", "type": "custom_tool_call", "call_id": "c2", "name": "p", "input": "*** x"},
        {"id": "ws_1", "type": "web_search_call", "status": "completed"},
    ]
    answer = {"id": "resp_1", "model": "m", "status": "completed", "output": items, "usage": _USAGE, "x": 1}
    body = json.encode(answer)
    data = as_stream(body)
    streamed = reader()
    assert fold(streamed.feed(data)) == read_reply(body)
    told = [json.decode(event.data) for event in sse.EventReader().feed(data)]
    assert [event["sequence_number"] for event in told] == list(range(len(told)))
    assert told[-1]["response"] == answer
    assert told[0]["response"]["output"] == []
    assert read_end(b"", data).finished


def test_what_is_no_answer_does_not_become_a_stream() -> None:
    """An error in a 200 stays one."""
    with pytest.raises(UpstreamError):
        as_stream(b'{"error":{"message":"oops"}}')


def test_a_whole_answers_usage_and_size() -> None:
    """What the ledger wants."""
    assert read_used(json.encode({"output": [_MESSAGE], "usage": _USAGE})) == (_USED, 5)
    assert read_used(json.encode({"output": [_MESSAGE]})) == (None, 5)


def test_nothing_is_mended_or_hidden() -> None:
    """No provider is known to deviate, and the usage is part of the last event."""
    assert mend_reply(b"{}", _TARGET) == b"{}"
    assert mender(_TARGET) is None
    assert without_usage(_last()) == _last()


def test_an_error_answer_and_an_error_event() -> None:
    """Overflow bears the words by which clients compact."""
    error = UpstreamError("too much", status=400, kind="invalid_request_error", code="context_length_exceeded")
    text = "too much (maximum context length)"
    assert json.decode(write_error(error)) == {
        "error": {
            "message": text,
            "type": "invalid_request_error",
            "param": None,
            "code": "context_length_exceeded",
        }
    }
    event = error_event(error)
    assert event.startswith(b"\n\nevent: error\n")
    fault = first_fault(reader(), event)
    assert fault is not None
    assert fault.message == text
    assert json.decode(write_error(Broken("it broke")))["error"]["code"] == "upstream_broken"
