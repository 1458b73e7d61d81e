"""Cohere's answers, streamed and whole."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.chat.events import (
    Cited,
    End,
    Event,
    Fault,
    Finish,
    Logprobs,
    Reasoning,
    Start,
    Text,
    ToolArgs,
    ToolStart,
    Usage,
)
from xrouter.chat.fold import fold
from xrouter.chat.reply import Usage as Tokens
from xrouter.chat.request import Citation
from xrouter.dialects import cohere
from xrouter.dialects.base import first_fault
from xrouter.errors import UpstreamError

USED = {
    "billed_units": {"input_tokens": 4.0, "output_tokens": 2.0},
    "tokens": {"input_tokens": 20.0, "output_tokens": 5.0, "reasoning_tokens": 1},
    "cached_tokens": 8.0,
}
TOKENS = Tokens(prompt=20, completion=5, cached=8, reasoning=1)


def said(kind: str, message: Any = None, index: int | None = None, **more: Any) -> dict[str, Any]:
    """One event."""
    delta = {"delta": {"message": message}} if message is not None else {}
    return {"type": kind, **({"index": index} if index is not None else {}), **delta, **more}


def start() -> dict[str, Any]:
    """How a stream begins."""
    message = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    return said("message-start", message, id="m1")


def words(text: str, index: int = 0) -> dict[str, Any]:
    """A piece of the answer."""
    return said("content-delta", {"content": {"text": text}}, index)


def thought(text: str) -> dict[str, Any]:
    """A piece of a thought."""
    return said("content-delta", {"content": {"thinking": text}}, 0)


def plan(text: str) -> dict[str, Any]:
    """A piece of a plan."""
    return said("tool-plan-delta", {"tool_plan": text})


def call(index: int, arguments: Any = "") -> dict[str, Any]:
    """A call begins."""
    function = {"name": f"f{index}", "arguments": arguments}
    return said("tool-call-start", {"tool_calls": {"id": f"c{index}", "type": "function", "function": function}}, index)


def args(index: int, piece: str) -> dict[str, Any]:
    """A piece of a call's arguments."""
    return said("tool-call-delta", {"tool_calls": {"function": {"arguments": piece}}}, index)


def cite(**more: Any) -> dict[str, Any]:
    """A citation."""
    citation = {"start": 0, "end": 2, "text": "ab", "type": "TEXT_CONTENT", **more}
    return said("citation-start", {"citations": citation}, 0)


def end(reason: str | None = "COMPLETE", usage: Any = None, **more: Any) -> dict[str, Any]:
    """How a stream ends."""
    return {"type": "message-end", "delta": {"finish_reason": reason, "usage": usage, **more}}


def stream(*events: dict[str, Any] | bytes, done: bool = True) -> bytes:
    """The bytes of a stream."""
    lines = [
        event if isinstance(event, bytes) else b"event: %b\ndata: %b\n\n" % (event["type"].encode(), dump(event))
        for event in events
    ]
    return b"".join(lines) + (b"data: [DONE]\n\n" if done else b"")


def dump(value: Any) -> bytes:
    """JSON."""
    return json.dumps(value).encode()


def read(data: bytes, size: int = 1 << 20) -> list[Event]:
    """All events of a stream that comes in pieces."""
    reader = cohere.reader()
    events = [event for at in range(0, len(data), size) for event in reader.feed(data[at : at + size])]
    return [*events, *reader.close()]


DOCUMENT = {"type": "document", "id": "d", "document": {"url": "https://a.example", "title": "T", "text": "…"}}
RESULT = {"type": "tool", "id": "https://b.example", "tool_output": {"text": "…"}}
NOWHERE = {"type": "document", "id": "doc:0", "document": {"text": "…"}}
LOGPROBS = {"text": "hé", "token_ids": [1, 2], "logprobs": [-0.5, -0.25]}
STREAMS: dict[str, tuple[list[dict[str, Any]], list[Event]]] = {
    "text": (
        [
            start(),
            said("content-start", {"content": {"type": "text", "text": ""}}, 0),
            words("he"),
            words("llo"),
            said("content-end", index=0),
            end(usage=USED),
        ],
        [Text("he"), Text("llo"), Finish("stop"), Usage(TOKENS), End()],
    ),
    "a text that begins at once": (
        [start(), said("content-start", {"content": {"type": "text", "text": "h"}}, 0), end("STOP_SEQUENCE")],
        [Text("h"), Finish("stop"), End()],
    ),
    "a thought": (
        [start(), thought("hm"), words("a", 1), end("MAX_TOKENS")],
        [Reasoning("hm"), Text("a"), Finish("length"), End()],
    ),
    "calls": (
        [
            start(),
            plan("I "),
            plan("look."),
            call(0),
            args(0, '{"a"'),
            args(0, ":1}"),
            said("tool-call-end", index=0),
            call(1, "{}"),
            said("tool-call-end", index=1),
            end("TOOL_CALL"),
        ],
        [
            Reasoning("I "),
            Reasoning("look."),
            ToolStart(0, "c0", "f0"),
            ToolArgs(0, '{"a"'),
            ToolArgs(0, ":1}"),
            ToolStart(1, "c1", "f1"),
            ToolArgs(1, "{}"),
            Finish("tool_calls"),
            End(),
        ],
    ),
    "calls with no arguments": (
        [
            start(),
            call(0),
            said("tool-call-end", index=0),
            call(1),
            args(1, "nu"),
            args(1, "ll"),
            said("tool-call-end", index=1),
            call(2, "null"),
            end(),
        ],
        [
            ToolStart(0, "c0", "f0"),
            ToolArgs(0, "{}"),
            ToolStart(1, "c1", "f1"),
            ToolArgs(1, "{}"),
            ToolStart(2, "c2", "f2"),
            ToolArgs(2, "{}"),
            Finish("tool_calls"),
            End(),
        ],
    ),
    "citations": (
        [start(), words("ab"), cite(sources=[DOCUMENT, NOWHERE, RESULT]), said("citation-end", index=0), end()],
        [
            Text("ab"),
            Cited(Citation("https://a.example", "T", start=0, end=2)),
            Cited(Citation("https://b.example", start=0, end=2)),
            Finish("stop"),
            End(),
        ],
    ),
    "citations of a plan": (
        [start(), plan("ab"), cite(sources=[DOCUMENT], type="PLAN"), end()],
        [Reasoning("ab"), Finish("stop"), End()],
    ),
    "logprobs": (
        [start(), {**words("hé"), "logprobs": LOGPROBS}, end()],
        [
            Text("hé"),
            Logprobs(b'[{"token":"h\xc3\xa9","logprob":-0.75,"bytes":[104,195,169],"top_logprobs":[]}]'),
            Finish("stop"),
            End(),
        ],
    ),
    "only what was billed": (
        [start(), end(usage={"billed_units": {"input_tokens": 3.6, "output_tokens": None}})],
        [Finish("stop"), Usage(Tokens(prompt=4)), End()],
    ),
    "a filter": ([start(), end("ERROR_TOXIC")], [Finish("content_filter"), End()]),
    "an unknown reason": ([start(), end("NEW")], [Finish("stop"), End()]),
    "a failure": (
        [start(), end("ERROR", {}, error="invalid tool", error_type="INVALID_TOOL_GENERATION")],
        [Fault("invalid tool", code="INVALID_TOOL_GENERATION")],
    ),
    "a time-out": (
        [start(), end("TIMEOUT")],
        [Fault("the provider stopped with the reason TIMEOUT", status=504)],
    ),
    "events of other kinds": ([start(), {"type": "debug", "prompt": "p"}, end()], [Finish("stop"), End()]),
}


@pytest.mark.parametrize(("events", "expected"), STREAMS.values(), ids=STREAMS)
def test_stream(events: list[dict[str, Any]], expected: list[Event]) -> None:
    """Each event of a stream means what it means, and the mark behind its end says nothing more."""
    assert [Start("m1"), *expected] == read(stream(*events))


@given(size=st.integers(1, 60), name=st.sampled_from(sorted(STREAMS)))
def test_any_split(size: int, name: str) -> None:
    """Any split of the bytes gives the same events."""
    data = stream(*STREAMS[name][0])
    assert read(data) == read(data, size)


FAULTS = {
    "no JSON": (b"data: {oops\n\n", "no event"),
    "no object": (b"data: 7\n\n", "no event"),
    "an error": (b'data: {"id":"x","message":"overloaded"}\n\n', "overloaded"),
    "an error by its name": (b'event: error\ndata: {"type":"e","message":"slow"}\n\n', "slow"),
    "an error in an object": (b'data: {"error":{"message":"down"}}\n\n', "down"),
}


@pytest.mark.parametrize(("data", "message"), FAULTS.values(), ids=FAULTS)
def test_faults(data: bytes, message: str) -> None:
    """What is no event of the chat must not pass for a part of a whole answer."""
    (event,) = read(data)
    assert isinstance(event, Fault)
    assert message in event.message
    error = first_fault(cohere.reader(), data)
    assert error is not None
    assert message in error.message


def test_cut() -> None:
    """A stream that ends early has no End; one that begins well has no first error."""
    data = stream(start(), words("a"), done=True)
    assert [Start("m1"), Text("a")] == read(data)
    assert first_fault(cohere.reader(), data) is None


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(
    kind=st.sampled_from(
        ["message-start", "content-delta", "tool-call-start", "tool-call-delta", "citation-start", "message-end"]
    ),
    members=st.dictionaries(st.sampled_from(["content", "tool_plan", "tool_calls", "citations"]), ODD, max_size=4),
    ending=st.dictionaries(st.sampled_from(["finish_reason", "usage", "error", "error_type"]), ODD, max_size=4),
    more=st.dictionaries(st.sampled_from(["index", "id", "logprobs", "message", "delta"]), ODD, max_size=3),
)
def test_odd_events(kind: str, members: Any, ending: Any, more: Any) -> None:
    """Whatever a provider puts in the place of something, reading it never raises."""
    odd = {"type": kind, "delta": {"message": members, **ending}, **more}
    read(stream(start(), call(0), odd, odd, end()))
    whole = {"message": members, **ending, **more}
    with suppress(UpstreamError):
        cohere.read_reply(dump(whole))


PIECES = st.lists(st.text(min_size=1, max_size=4), max_size=3)
ARGUMENTS = st.sampled_from(["", "null", "{}", '{"a":1}', '{"n":null}'])
SOURCES = st.lists(st.sampled_from([DOCUMENT, RESULT, NOWHERE]), max_size=2)


@given(
    thoughts=PIECES,
    texts=PIECES,
    plans=PIECES,
    calls=st.lists(ARGUMENTS, max_size=3),
    sources=SOURCES,
    reason=st.sampled_from(["COMPLETE", "MAX_TOKENS", "TOOL_CALL"]),
    usage=st.sampled_from([None, {}, USED]),
    logprobs=st.booleans(),
)
def test_stream_and_whole_agree(
    *,
    thoughts: list[str],
    texts: list[str],
    plans: list[str],
    calls: list[str],
    sources: list[Any],
    reason: str,
    usage: Any,
    logprobs: bool,
) -> None:
    """The same answer, streamed or in one piece, is the same reply."""
    extra = {"logprobs": LOGPROBS} if logprobs else {}
    citations = [cite(sources=sources)] if texts else []
    events: list[dict[str, Any]] = [start(), *map(thought, thoughts), *({**words(text, 1), **extra} for text in texts)]
    events += [*citations, *map(plan, plans)]
    for at, arguments in enumerate(calls):
        events += [call(at), *(args(at, piece) for piece in arguments), said("tool-call-end", index=at)]
    content = [{"type": "thinking", "thinking": "".join(thoughts)}, {"type": "text", "text": "".join(texts)}]
    message = {
        "content": content,
        "tool_plan": "".join(plans),
        "tool_calls": [call(at, given)["delta"]["message"]["tool_calls"] for at, given in enumerate(calls)],
        "citations": [citation["delta"]["message"]["citations"] for citation in citations],
    }
    more = {"logprobs": [LOGPROBS] * len(texts)} if logprobs else {}
    whole = {"id": "m1", "message": message, "finish_reason": reason, "usage": usage, **more}
    assert fold(read(stream(*events, end(reason, usage)))) == cohere.read_reply(dump(whole))


NO_ANSWERS = {
    "a page": (b"<html>", "without an answer"),
    "an error": (dump({"id": "x", "message": "no model"}), "no model"),
    "a list": (b"[]", "without an answer"),
    "a failure": (dump({"message": {"content": []}, "finish_reason": "ERROR"}), "the reason ERROR"),
}


@pytest.mark.parametrize(("body", "message"), NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_no_answer(body: bytes, message: str) -> None:
    """A 200 that holds no answer is the provider's error."""
    with pytest.raises(UpstreamError, match=message) as caught:
        cohere.read_reply(body)
    assert caught.value.status == 502
