"""What a provider that speaks Responses says."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.chat import events as says
from xrouter.chat.events import Event
from xrouter.chat.fold import fold
from xrouter.chat.reply import Usage
from xrouter.chat.request import Citation, Image, Opaque, Part, Reasoning, Refusal, Seal, Text, ToolCall
from xrouter.dialects.responses import read_error, read_first, read_reply, reader
from xrouter.errors import Broken, UpstreamError
from xrouter.wire import json, sse

_USAGE = {
    "input_tokens": 20,
    "input_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 2},
    "output_tokens": 6,
    "output_tokens_details": {"reasoning_tokens": 3},
    "total_tokens": 26,
}
_CITED = {"type": "url_citation", "url": "https://a", "title": "A", "start_index": 0, "end_index": 2}
_THOUGHT = {
    "id": "rs_1",
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": "one"}, {"type": "summary_text", "text": "two"}],
    "encrypted_content": "gAAA",
}
_MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "status": "completed",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "Hello", "annotations": [_CITED], "logprobs": []}],
}
_CALL = {
    "id": "fc_1",
    "type": "function_call",
    "call_id": "c1",
    "name": "f",
    "arguments": '{"x":1}',
    "status": "completed",
}
_SEAL = Seal(
    "responses",
    json.encode({"type": "reasoning", **{k: _THOUGHT[k] for k in ("id", "summary", "encrypted_content")}}).decode(),
)


def _answer(*items: dict[str, Any], **members: Any) -> dict[str, Any]:
    known = {"id": "resp_1", "object": "response", "created_at": 1_700_000_000.0, "model": "m", "status": "completed"}
    return {**known, "output": list(items), "usage": _USAGE, "error": None, "incomplete_details": None, **members}


def _event(kind: str, **members: Any) -> bytes:
    return sse.event(json.encode({"type": kind, **members}), kind)


def _stream(*items: dict[str, Any], **members: Any) -> bytes:
    """A stream as OpenAI sends it, with all its events."""
    answer = _answer(*items, **members)
    begun = {**answer, "status": "in_progress", "output": [], "usage": None}
    events = [_event("response.created", response=begun), _event("response.in_progress", response=begun)]
    for index, item in enumerate(items):
        bare = {**item, "content": [], "summary": [], "arguments": ""}
        events.append(_event("response.output_item.added", output_index=index, item=bare))
        events += _pieces(index, item)
        events.append(_event("response.output_item.done", output_index=index, item=item))
    return b"".join((*events, _event(f"response.{answer['status']}", response=answer)))


def _pieces(index: int, item: dict[str, Any]) -> list[bytes]:
    events: list[bytes] = []
    for at, part in enumerate(item.get("content") or ()):
        kind, text = part["type"].replace("reasoning_text", "reasoning_text"), part.get("text") or part.get("refusal")
        place = {"output_index": index, "content_index": at}
        events += [_event(f"response.{kind}.delta", **place, delta=piece) for piece in (text[:2], text[2:])]
        for annotation in part.get("annotations") or ():
            events.append(_event("response.output_text.annotation.added", **place, annotation=annotation))
        events.append(_event(f"response.{kind}.done", **place, text=text))
    for at, part in enumerate(item.get("summary") or ()):
        place = {"output_index": index, "summary_index": at}
        text = part["text"]
        events += [
            _event("response.reasoning_summary_text.delta", **place, delta=piece) for piece in (text[:1], text[1:])
        ]
    for key, kind in (("arguments", "function_call_arguments"), ("input", "custom_tool_call_input")):
        text = item.get(key) or ""
        events += [_event(f"response.{kind}.delta", output_index=index, delta=piece) for piece in (text[:3], text[3:])]
    return events


def _read(data: bytes) -> list[Event]:
    streamed = reader()
    return streamed.feed(data) + streamed.close()


_ITEMS: list[tuple[dict[str, Any], Part]] = [
    (_MESSAGE, Text("Hello", citations=(Citation("https://a", "A", start=0, end=2),))),
    ({**_MESSAGE, "content": [{"type": "refusal", "refusal": "I won't"}]}, Refusal("I won't")),
    (_THOUGHT, Reasoning("one\n\ntwo", _SEAL)),
    ({**_THOUGHT, "encrypted_content": None}, Reasoning("one\n\ntwo")),
    (_CALL, ToolCall("c1", "f", '{"x":1}')),
    ({**_CALL, "namespace": "agents"}, ToolCall("c1", "agents__f", '{"x":1}')),
    ({**_CALL, "namespace": "f"}, ToolCall("c1", "f", '{"x":1}')),
    (
        {"id": "ctc_1", "type": "custom_tool_call", "call_id": "c1", "name": "patch", "input": "*** x"},
        ToolCall("c1", "patch", "*** x", custom=True),
    ),
    (
        {"id": "ig_1", "type": "image_generation_call", "result": "/9j/AA==", "output_format": "jpeg"},
        Image("data:image/jpeg;base64,/9j/AA=="),
    ),
    (
        {"id": "ws_1", "type": "web_search_call", "status": "completed"},
        Opaque("responses", "web_search_call", b'{"id":"ws_1","type":"web_search_call","status":"completed"}'),
    ),
]


@pytest.mark.parametrize(("item", "part"), _ITEMS)
@pytest.mark.parametrize("streamed", [False, True])
def test_an_item_alone(item: dict[str, Any], part: Part, *, streamed: bool) -> None:
    """Stream and whole answer say the same."""
    reply = fold(_read(_stream(item))) if streamed else read_reply(json.encode(_answer(item)))
    assert reply.answers[0].parts == (part,)
    assert (reply.id, reply.model, reply.created) == ("resp_1", "m", 1_700_000_000)
    assert reply.usage == Usage(20, 6, 8, 2, 3)
    assert reply.answers[0].finish == ("tool_calls" if isinstance(part, ToolCall) else "stop")


def test_a_thought_of_an_open_model_is_kept_with_its_words() -> None:
    """Some providers encrypt nothing: the words are the thought."""
    item = {"id": "r", "type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "hmm"}]}
    (part,) = fold(_read(_stream(item))).answers[0].parts
    assert isinstance(part, Reasoning)
    assert (part.text, part.seal is not None) == ("hmm", True)


def test_a_thought_without_words_is_all_seal() -> None:
    """It must not be taken for the seal of what stands before it."""
    reply = fold(_read(_stream(_MESSAGE, {**_THOUGHT, "summary": []})))
    thought = reply.answers[0].parts[1]
    assert isinstance(thought, Reasoning)
    assert (thought.text, thought.redacted) == ("", True)


def test_a_thought_that_ends_late_does_not_seal_other_words() -> None:
    """Some providers end all items together."""
    events = [
        _event("response.reasoning_summary_text.delta", output_index=0, summary_index=0, delta="one"),
        _event("response.output_text.delta", output_index=1, content_index=0, delta="Hello"),
        _event("response.output_item.done", output_index=0, item={**_THOUGHT, "summary": [{"text": "one"}]}),
        _event("response.completed", response=_answer()),
    ]
    parts = fold(_read(b"".join(events))).answers[0].parts
    assert parts[:2] == (Reasoning("one"), Text("Hello"))


@pytest.mark.parametrize(
    "left",
    [
        ("response.created", "response.in_progress"),
        ("response.output_item.done",),
        ("response.output_item.added", "response.output_item.done"),
        (
            "response.output_text.delta",
            "response.function_call_arguments.delta",
            "response.reasoning_summary_text.delta",
        ),
        ("response.output_text.annotation.added",),
    ],
)
def test_events_that_a_provider_leaves_out_are_made_up_for(left: tuple[str, ...]) -> None:
    """Whatever is missing on the way is told with the item, or with the answer."""
    data = _stream(_THOUGHT, _MESSAGE, _CALL)
    kept = [event for event in sse.EventReader().feed(data) if event.name not in left]
    reply = fold(_read(b"".join(sse.event(event.data, event.name) for event in kept)))
    texts = [getattr(part, "text", getattr(part, "arguments", "")) for part in reply.answers[0].parts]
    assert sorted(text for text in texts if text) == sorted(["one\n\ntwo", "Hello", '{"x":1}'])


def test_an_answer_that_comes_with_the_last_event_alone_is_told() -> None:
    """No pieces at all."""
    data = _event("response.completed", response=_answer(_MESSAGE, _CALL))
    assert fold(_read(data)) == read_reply(json.encode(_answer(_MESSAGE, _CALL)))


def test_an_answer_whose_last_event_repeats_nothing_is_whole() -> None:
    """ChatGPT's own endpoint sends an empty output at the end."""
    data = _stream(_MESSAGE).replace(_event("response.completed", response=_answer(_MESSAGE)), b"")
    reply = fold(_read(data + _event("response.completed", response=_answer())))
    assert reply.answers[0].parts == (Text("Hello", citations=(Citation("https://a", "A", start=0, end=2),)),)


def test_ids_that_change_on_the_way_do_not_matter() -> None:
    """GitHub's endpoint gives an item a new id in each event."""
    data = _stream(_MESSAGE).replace(b'"msg_1"', b'"msg_2"', 1)
    assert fold(_read(data)) == read_reply(json.encode(_answer(_MESSAGE)))


@pytest.mark.parametrize(
    ("members", "finish"),
    [
        ({}, "stop"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "length"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "content_filter"),
        ({"status": "incomplete", "incomplete_details": None}, "length"),
    ],
)
def test_why_an_answer_ended(members: dict[str, Any], finish: str) -> None:
    """An incomplete answer is one, with its reason."""
    assert fold(_read(_stream(_MESSAGE, **members))).answers[0].finish == finish


def test_the_stream_ends_with_its_last_event() -> None:
    """What comes after it, such as [DONE], says nothing; a stream without it has not ended."""
    data = _stream(_MESSAGE)
    assert isinstance(_read(data)[-1], says.End)
    assert _read(data + sse.DONE) == _read(data)
    cut = data[: data.rindex(b"event:")]
    assert not any(isinstance(event, says.End) for event in _read(cut + sse.DONE))


_FAULTS: list[tuple[bytes, int, str]] = [
    (_event("error", code="rate_limit_exceeded", message="slow", param=None, sequence_number=1), 429, "slow"),
    (_event("error", error={"type": "server_error", "code": "server_error", "message": "oops"}), 500, "oops"),
    (
        _event("response.failed", response=_answer(status="failed", error={"code": "server_error", "message": "x"})),
        500,
        "x",
    ),
    (
        _event(
            "response.failed",
            response=_answer(status="failed", error={"code": "context_length_exceeded", "message": "x"}),
        ),
        400,
        "x",
    ),
    (sse.event(b'{"error": {"message": "bad gateway", "type": "proxy"}}'), 502, "bad gateway"),
    (b"data: {nothing\n\n", 502, "the provider's stream holds what is no event of a response"),
]


@pytest.mark.parametrize(("data", "status", "message"), _FAULTS)
def test_errors_in_a_stream_are_faults(data: bytes, status: int, message: str) -> None:
    """Each of the forms in which a provider says that it failed."""
    first = read_first(data)
    assert first is not None
    assert (first.status, first.message) == (status, message)
    fault = next(
        event for event in _read(_stream()[:-2] + b"\n\n" + data)[:-1] + _read(data) if isinstance(event, says.Fault)
    )
    assert fault.message == message


def test_a_stream_that_starts_well_has_no_first_error() -> None:
    """The status can be sent."""
    assert read_first(_stream(_MESSAGE)) is None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"<html>", 502),
        (b"[]", 502),
        (b'{"choices": []}', 502),
        (b'{"error": {"code": "rate_limit_exceeded", "message": "slow"}}', 429),
        (json.encode(_answer(status="failed", error={"code": "server_error", "message": "oops"})), 500),
        (json.encode(_answer(status="cancelled")), 502),
        (json.encode(_answer(status="queued")), 502),
    ],
)
def test_what_is_no_answer_is_an_error(body: bytes, status: int) -> None:
    """A 200 can hold an error, or nothing."""
    with pytest.raises(UpstreamError) as caught:
        read_reply(body)
    assert caught.value.status == status
    assert isinstance(caught.value, Broken) or body.find(b"error") >= 0


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (
            400,
            b'{"error":{"message":"no","type":"invalid_request_error","param":"input","code":"x"}}',
            (400, "no", "x"),
        ),
        (400, b'{"code":"invalid-argument","error":"Incorrect key"}', (400, "Incorrect key", "invalid-argument")),
        (401, b'{"detail":"Sign in again."}', (401, "Sign in again.", "upstream_error")),
        (500, b"<html>", (500, "the provider answered HTTP 500 with a page that is no JSON", "upstream_error")),
        (302, b"{}", (502, "the provider answered HTTP 302", "upstream_error")),
        (
            400,
            b'{"error":{"message":"Your input exceeds the context window of this model.","code":null}}',
            (400, "Your input exceeds the context window of this model.", "context_length_exceeded"),
        ),
    ],
)
def test_an_error_answer(status: int, body: bytes, expected: tuple[int, str, str]) -> None:
    """The shapes in which providers answer errors."""
    error = read_error(status, body, [("retry-after", "3")])
    assert (error.status, error.message, error.code) == expected
    assert error.headers == (("retry-after", "3"),)


@given(st.data())
def test_any_split_gives_the_same_events(data: st.DataObject) -> None:
    """Bytes may be cut anywhere, in the middle of a character too."""
    message = {**_MESSAGE, "content": [{"type": "output_text", "text": "Grüße 👋", "annotations": []}]}
    stream = _stream(_THOUGHT, message, _CALL)
    streamed = reader()
    events: list[Event] = []
    cuts = sorted({0, *data.draw(st.lists(st.integers(0, len(stream)), max_size=20)), len(stream)})
    for start, end in pairwise(cuts):
        events += streamed.feed(stream[start:end])
    assert events + streamed.close() == _read(stream)


@given(st.lists(st.sampled_from([item for item, _ in _ITEMS]), max_size=5))
def test_stream_and_whole_answer_say_the_same(items: list[dict[str, Any]]) -> None:
    """Folding the stream gives the answer that would have come in one piece."""
    named = [{**item, "id": f"id_{at}", "call_id": f"c{at}"} for at, item in enumerate(items)]
    assert fold(_read(_stream(*named))) == read_reply(json.encode(_answer(*named)))


_ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "item", "response", "output", "delta", "output_index", "content", "text", "error", "id"]
            ),
            inner
            | st.sampled_from(
                ["response.completed", "response.output_text.delta", "response.output_item.done", "message"]
            ),
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(_ODD)
def test_odd_events_never_break(odd: Any) -> None:
    """What cannot be read is a fault; nothing is raised."""
    _read(sse.event(json.encode(odd)))
    try:
        read_reply(json.encode(odd))
    except UpstreamError:
        return
