"""Gemini's answers, streamed and whole."""

from __future__ import annotations

from contextlib import suppress
from itertools import chain, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.chat import request
from xrouter.chat.events import (
    Cited,
    End,
    Event,
    Fault,
    Finish,
    Logprobs,
    Other,
    Picture,
    Reasoning,
    Refusal,
    Sealed,
    Start,
    Text,
    ToolArgs,
    ToolStart,
    Usage,
)
from xrouter.chat.fold import fold
from xrouter.chat.reply import Answer, Reply
from xrouter.chat.reply import Usage as Tokens
from xrouter.chat.request import Citation, Opaque, Seal
from xrouter.dialects import gemini
from xrouter.dialects.base import first_fault
from xrouter.errors import Broken, UpstreamError
from xrouter.wire import json

SEAL = Seal("gemini", "c2VhbA==")
STOP = {"finishReason": "STOP"}


def _chunk(*parts: Any, usage: Any = None, **candidate: Any) -> dict[str, Any]:
    chunk: dict[str, Any] = {"candidates": [{"content": {"role": "model", "parts": list(parts)}, **candidate}]}
    chunk |= {"responseId": "r1", "modelVersion": "gemini-2.5-flash"}
    return chunk if usage is None else chunk | {"usageMetadata": usage}


def _sse(*chunks: Any) -> bytes:
    return b"".join(b"data: " + json.encode(chunk) + b"\r\n\r\n" for chunk in chunks)


def _read(*pieces: bytes) -> list[Event]:
    reader = gemini.reader()
    return [event for piece in pieces for event in reader.feed(piece)] + reader.close()


def _said(*parts: Any, **candidate: Any) -> list[Event]:
    """Events of one chunk between its start and its end."""
    events = _read(_sse(_chunk(*parts, **(STOP | candidate))))
    assert isinstance(events[0], Start)
    assert isinstance(events[-1], End)
    return events[1:-2]


def _call(name: str = "f", args: Any = None, **call: Any) -> dict[str, Any]:
    return {"functionCall": {"name": name, "args": {} if args is None else args, **call}}


CODE = {"executableCode": {"language": "PYTHON", "code": "1"}, "thoughtSignature": "c2VhbA=="}
PARTS: list[tuple[Any, list[Event]]] = [
    ({"text": "hi"}, [Text("hi")]),
    ({"text": ""}, []),
    ({"text": "hm", "thought": True}, [Reasoning("hm")]),
    ({"text": "hi", "thoughtSignature": "c2VhbA=="}, [Text("hi"), Sealed(SEAL)]),
    ({"text": "", "thoughtSignature": "c2VhbA=="}, [Sealed(SEAL)]),
    ({"thoughtSignature": "c2VhbA=="}, [Sealed(SEAL)]),
    (_call(id="a", args={"x": [1]}), [ToolStart(0, "a", "f"), ToolArgs(0, '{"x":[1]}')]),
    (_call(id="a") | {"thoughtSignature": "c2VhbA=="}, [ToolStart(0, "a", "f", seal=SEAL), ToolArgs(0, "{}")]),
    ({"functionCall": {"id": "a", "name": "f"}}, [ToolStart(0, "a", "f"), ToolArgs(0, "{}")]),
    ({"functionCall": {"id": "a", "name": "f", "args": None}}, [ToolStart(0, "a", "f"), ToolArgs(0, "{}")]),
    ({"functionCall": {}}, []),
    ({"inlineData": {"mimeType": "image/png", "data": "QUFB"}}, [Picture("data:image/png;base64,QUFB")]),
    (
        {"inlineData": {"mimeType": "audio/pcm", "data": "QUFB"}},
        [Other(Opaque("gemini", "inlineData", b'{"inlineData":{"mimeType":"audio/pcm","data":"QUFB"}}'))],
    ),
    ({"inlineData": {}}, []),
    (CODE, [Other(Opaque("gemini", "executableCode", json.encode(CODE)))]),
    ({"text": 7}, []),
    ({"whatever": {}}, []),
]


@pytest.mark.parametrize(("part", "events"), PARTS)
def test_each_kind_of_part(part: Any, events: list[Event]) -> None:
    """Each kind of part gives its events."""
    assert _said(part) == events


def test_a_stream() -> None:
    """An answer begins once, its usage comes once and last, and it ends where the stream does."""
    first = _chunk({"text": "he"}, usage={"promptTokenCount": 9}) | {"createTime": "2026-01-01T00:00:00.123456789Z"}
    used = {
        "promptTokenCount": 9,
        "toolUsePromptTokenCount": 3,
        "candidatesTokenCount": 2,
        "thoughtsTokenCount": 5,
        "cachedContentTokenCount": 4,
    }
    last = _chunk({"text": "y"}, usage=used, finishReason="STOP")
    assert _read(_sse(first, last, {"usageMetadata": {"trafficType": "ON_DEMAND"}})) == [
        Start("r1", "gemini-2.5-flash", 1_767_225_600),
        Text("he"),
        Text("y"),
        Finish("stop"),
        Usage(Tokens(prompt=12, completion=7, cached=4, reasoning=5)),
        End(),
    ]


ENDINGS: list[tuple[Any, list[Any], Finish]] = [
    ("STOP", [{"text": "a"}], Finish("stop")),
    ("STOP", [], Finish("stop")),
    ("STOP", [_call(id="a")], Finish("tool_calls")),
    (1, [{"text": "a"}], Finish("stop")),
    (2, [{"text": "a"}], Finish("length")),
    ("MAX_TOKENS", [], Finish("length")),
    ("SAFETY", [], Finish("content_filter")),
    ("IMAGE_SAFETY", [{"text": "a"}], Finish("content_filter")),
    ("OTHER", [{"text": "a"}], Finish("stop")),
    ("OTHER", [], Finish("content_filter")),
    ("NEVER_SEEN", [_call(id="a")], Finish("tool_calls")),
    ("UNEXPECTED_TOOL_CALL", [_call(id="a")], Finish("tool_calls")),
]


@pytest.mark.parametrize(("reason", "parts", "finish"), ENDINGS)
def test_endings(reason: Any, parts: list[Any], finish: Finish) -> None:
    """Each reason is one of OpenAI's four, names and numbers alike."""
    assert _read(_sse(_chunk(*parts, finishReason=reason)))[-2] == finish


@pytest.mark.parametrize("reason", ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", 9])
def test_calls_that_failed(reason: Any) -> None:
    """A call that the model did not manage is a fault, not an empty answer."""
    chunk = _chunk(finishReason=reason, finishMessage="print(f)")
    fault = _read(_sse(chunk))[-1]
    assert isinstance(fault, Fault)
    assert (fault.status, fault.code, "print(f)" in fault.message) == (502, "upstream_malformed_tool_call", True)
    with pytest.raises(UpstreamError) as error:
        gemini.read_reply(json.encode(chunk))
    assert error.value.code == "upstream_malformed_tool_call"
    first = first_fault(gemini.reader(), _sse(chunk))
    assert first is not None
    assert first.code == error.value.code


def test_a_call_before_the_end() -> None:
    """That tools were called is remembered until the end, which may come chunks later and more than once."""
    chunks = [_chunk(_call(id="a"), finishReason="STOP"), _chunk({"text": ""}, finishReason="STOP")]
    assert _read(_sse(*chunks))[-2:] == [Finish("tool_calls"), End()]


def test_a_blocked_prompt() -> None:
    """A prompt that Google refuses is a refusal."""
    body = {"promptFeedback": {"blockReason": "MODEL_ARMOR", "blockReasonMessage": "An attack."}, "responseId": "r1"}
    events: list[Event] = [
        Start("r1"),
        Refusal("Prompt blocked: MODEL_ARMOR: An attack."),
        Finish("content_filter"),
        End(),
    ]
    assert _read(_sse(body)) == events
    assert gemini.read_reply(json.encode(body)) == fold(events)


def test_several_answers() -> None:
    """Each answer has its own events, calls and end."""
    chunks = [
        {"candidates": [{"content": {"parts": [{"text": "a"}]}}, {"index": 1, "content": {"parts": [_call(id="c")]}}]},
        {"candidates": [{"index": 1, **STOP}]},
        {"candidates": [{"index": 0, "finishReason": "MAX_TOKENS"}]},
    ]
    assert _read(_sse(*chunks)) == [
        Start(),
        Text("a"),
        ToolStart(0, "c", "f", choice=1),
        ToolArgs(0, "{}", 1),
        Finish("length"),
        Finish("tool_calls", choice=1),
        End(),
    ]


def test_a_stream_that_breaks_off() -> None:
    """A stream in which not every answer said why it ended has no end."""
    assert _read(_sse(_chunk({"text": "a"}))) == [Start("r1", "gemini-2.5-flash"), Text("a")]
    assert _read(_sse({"candidates": [{"index": 1, **STOP}]}, _chunk({"text": "a"})))[-1] == Text("a")
    assert _read(b"") == []


def test_an_event_without_a_blank_line() -> None:
    """The last event counts though nothing follows it; one that is cut off is a fault."""
    whole = _sse(_chunk({"text": "a"}, **STOP))
    assert _read(whole.rstrip())[-1] == End()
    assert isinstance(_read(whole.rstrip()[:-1])[-1], Fault)


FAULTS: list[tuple[bytes, Fault]] = [
    (b"<html>", Fault("the provider's stream holds what is no answer of Gemini's")),
    (b'{"candidates":{}}', Fault("the provider's stream holds what is no answer of Gemini's")),
    (
        b'{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}',
        Fault("overloaded", 503, "api_error", "UNAVAILABLE"),
    ),
    (b'{"error":"no"}', Fault("no", 502, "api_error", "upstream_error")),
]


@pytest.mark.parametrize(("data", "fault"), FAULTS)
def test_faults(data: bytes, fault: Fault) -> None:
    """What is no answer is a fault, and nothing ends well after it."""
    assert _read(_sse(_chunk({"text": "a"}, **STOP)) + b"data: " + data + b"\n\n")[2:] == [fault]
    first = first_fault(gemini.reader(), b"data: " + data + b"\n\n")
    assert first is not None
    assert first.message == fault.message


def test_what_proxies_add() -> None:
    """The end mark of another dialect says nothing here."""
    assert _read(_sse(_chunk({"text": "a"}, **STOP)) + b"data: [DONE]\n\n")[-1] == End()


def test_ids_that_the_provider_leaves_out() -> None:
    """A call without an id gets one: the same each time, another for each call and for the next answer."""

    def ids(*chunks: Any) -> list[str]:
        return [event.id for event in _read(_sse(*chunks)) if isinstance(event, ToolStart)]

    twice = _chunk(_call(), _call(), **STOP)
    assert ids(twice) == ids(twice)
    later, nameless = twice | {"responseId": "r2"}, twice | {"responseId": None}
    all_ids = [*ids(twice), *ids(later), *ids(nameless), *ids(_chunk(_call(), index=1, **STOP))]
    assert len(set(all_ids)) == len(all_ids)
    assert all(len(one) <= 40 for one in all_ids)


def _piece(path: str, **value: Any) -> dict[str, Any]:
    return {"functionCall": {"partialArgs": [{"jsonPath": path, **value}], "willContinue": True}}


def test_arguments_in_pieces() -> None:
    """Arguments that come in pieces are told when they are complete."""
    chunks = [
        _chunk({"functionCall": {"id": "a", "name": "f", "willContinue": True}, "thoughtSignature": "c2VhbA=="}),
        _chunk(_piece("$.list[0].text", stringValue="he", willContinue=True)),
        _chunk(_piece("$.list[0].text", stringValue="y")),
        _chunk(_piece("$.list[0].n", numberValue=0.5)),
        _chunk({"functionCall": {}}),
        _chunk(_call(id="b"), **STOP),
    ]
    assert _read(_sse(*chunks))[1:-2] == [
        ToolStart(0, "a", "f", seal=SEAL),
        ToolArgs(0, '{"list":[{"text":"hey","n":0.5}]}'),
        ToolStart(1, "b", "f"),
        ToolArgs(1, "{}"),
    ]


def test_arguments_whose_end_is_missing() -> None:
    """A call that is never said to be complete is so where the next one begins, or the answer ends."""
    start = {"functionCall": {"id": "a", "name": "f", "willContinue": True}}
    parts = [start, _piece("$.x", boolValue=True), start, _piece("$.y", nullValue="NULL_VALUE")]
    assert _said(*parts) == [
        ToolStart(0, "a", "f"),
        ToolArgs(0, '{"x":true}'),
        ToolStart(1, "a", "f"),
        ToolArgs(1, '{"y":null}'),
    ]


def test_sources() -> None:
    """Pages that a search found come with the passage that rests on them, counted in characters."""
    web = [{"web": {"uri": f"https://{name}", "title": name}} for name in "ab"]
    segment = {"startIndex": 6, "endIndex": 11, "text": "Länd"}
    support = {"segment": segment, "groundingChunkIndices": [0, 9, "x"]}
    odd = {"segment": {"endIndex": 3, "text": "never said"}, "groundingChunkIndices": [0]}
    metadata = {"groundingChunks": [*web, {"retrievedContext": {}}], "groundingSupports": [support, odd]}
    assert _said({"text": "Über Länd"}, groundingMetadata=metadata)[1:] == [
        Cited(Citation("https://a", "a", "Länd", 5, 9)),
        Cited(Citation("https://a", "a", "never said")),
        Cited(Citation("https://b", "b")),
    ]


def test_repeated_texts() -> None:
    """The address of a text that the answer repeats is a source as well."""
    metadata = {"citations": [{"uri": "https://a", "startIndex": 0}, {"license": "mit"}]}
    assert _said({"text": "a"}, citationMetadata=metadata, groundingMetadata={}) == [
        Text("a"),
        Cited(Citation("https://a")),
    ]


def test_likelihoods() -> None:
    """Likelihoods are told in OpenAI's form."""
    chosen = [{"token": "ä", "logProbability": -0.5}, {"token": "b", "logProbability": -1}]
    result = {"chosenCandidates": chosen, "topCandidates": [{"candidates": chosen[:1]}]}
    (event,) = _said(logprobsResult=result)
    first = {"token": "ä", "logprob": -0.5, "bytes": [195, 164]}
    second = {"token": "b", "logprob": -1, "bytes": [98], "top_logprobs": []}
    assert isinstance(event, Logprobs)
    assert json.decode(event.items) == [first | {"top_logprobs": [first]}, second]


def test_a_whole_answer() -> None:
    """A whole answer is what its stream would have said."""
    body = _chunk({"text": "a"}, _call(id="c", args={"x": 1}), usage={"promptTokenCount": 3}, finishReason="STOP")
    call = request.ToolCall("c", "f", '{"x":1}')
    answer = Answer((request.Text("a"), call), "tool_calls")
    assert gemini.read_reply(json.encode(body)) == Reply("r1", "gemini-2.5-flash", 0, (answer,), Tokens(prompt=3))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b"null", b'{"candidates":[]}', b'{"usageMetadata":{}}'])
def test_bodies_that_are_no_answer(body: bytes) -> None:
    """What holds no answer is broken."""
    with pytest.raises(Broken):
        gemini.read_reply(body)


def test_an_error_with_status_200() -> None:
    """An error in place of an answer is raised with its own status."""
    with pytest.raises(UpstreamError, match="busy") as error:
        gemini.read_reply(b'[{"error":{"code":429,"message":"busy","status":"RESOURCE_EXHAUSTED"}}]')
    assert error.value.status == 429


_part = st.one_of(
    st.builds(lambda text: {"text": text}, st.text(max_size=5)),
    st.builds(lambda text: {"text": text, "thought": True}, st.text(max_size=5)),
    st.builds(lambda text: {"text": text, "thoughtSignature": "c2VhbA=="}, st.text(max_size=5)),
    st.builds(lambda name: _call(name, {"a": name}), st.sampled_from("fg")),
    st.just(CODE),
    st.just({"inlineData": {"mimeType": "image/png", "data": "QUFB"}}),
)
_streams = st.lists(st.lists(_part, max_size=3), min_size=1, max_size=4)


def _chunks(pieces: list[list[Any]]) -> list[dict[str, Any]]:
    chunks = [_chunk(*parts) for parts in pieces]
    chunks[-1]["candidates"][0]["finishReason"] = "STOP"
    chunks[-1]["usageMetadata"] = {"promptTokenCount": 3, "candidatesTokenCount": 4}
    return chunks


@given(_streams, st.lists(st.integers(0, 600), max_size=6))
def test_any_split_gives_the_same_events(pieces: list[list[Any]], cuts: list[int]) -> None:
    """How the bytes are cut does not matter."""
    stream = _sse(*_chunks(pieces))
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    assert _read(*(stream[start:end] for start, end in pairwise(places))) == _read(stream)


@given(_streams)
def test_a_stream_says_what_the_whole_answer_says(pieces: list[list[Any]]) -> None:
    """The events of a stream fold into the whole answer, in one object or as a list of a stream's."""
    chunks = _chunks(pieces)
    whole = json.encode(chunks[-1] | {"candidates": [_chunk(*chain.from_iterable(pieces), **STOP)["candidates"][0]]})
    assert fold(_read(_sse(*chunks))) == gemini.read_reply(whole) == gemini.read_reply(json.encode(chunks))


_names = (
    "candidates content parts functionCall args partialArgs jsonPath text groundingMetadata groundingChunks error index"
    " promptFeedback blockReason inlineData finishReason usageMetadata logprobsResult chosenCandidates"
)
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_names.split()), inner, min_size=1, max_size=4)
    ),
    max_leaves=12,
)


@given(_values)
def test_odd_answers_never_raise(value: Any) -> None:
    """Whatever the JSON, a stream gives events, and a body an answer or an UpstreamError."""
    for chunk in (value, {"candidates": [value]}, _chunk(value, **STOP), _chunk(groundingMetadata=value)):
        _read(_sse(chunk))
    with suppress(UpstreamError):
        gemini.read_reply(json.encode(value))
