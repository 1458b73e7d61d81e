"""dialects/anthropic: answers and errors of providers that speak it."""

from __future__ import annotations

import itertools
import json
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
    Other,
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
from xrouter.chat.reply import Usage as Tokens
from xrouter.chat.request import Citation, Opaque, Seal
from xrouter.chat.request import Reasoning as ReasoningPart
from xrouter.chat.request import Text as TextPart
from xrouter.dialects.anthropic.faults import read_error
from xrouter.dialects.anthropic.reader import read_first, read_reply, reader
from xrouter.errors import UpstreamError

USAGE = {"input_tokens": 5, "cache_read_input_tokens": 7, "cache_creation_input_tokens": 3, "output_tokens": 2}
TOKENS = Tokens(prompt=15, completion=2, cached=7, cache_write=3)
SEARCH = {"type": "server_tool_use", "id": "srv", "name": "web_search", "input": {}}
SEARCHED = {**SEARCH, "input": {"q": 1}}
CITATION = {"type": "web_search_result_location", "url": "https://example.org", "title": "E", "cited_text": "q"}


def sse(*events: dict[str, Any]) -> bytes:
    """Events as they stand on the wire."""
    return b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)


def message(*content: Any, reason: str = "end_turn", **more: Any) -> dict[str, Any]:
    """A whole answer."""
    lead = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": list(content)}
    return {**lead, "stop_reason": reason, "stop_sequence": None, "usage": USAGE, **more}


def start(index: int, block: dict[str, Any]) -> dict[str, Any]:
    """A block begins."""
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int, kind: str, **what: Any) -> dict[str, Any]:
    """A piece of a block."""
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **what}}


def stop(index: int) -> dict[str, Any]:
    """A block ends."""
    return {"type": "content_block_stop", "index": index}


BEGIN = {"type": "message_start", "message": message(usage={**USAGE, "output_tokens": 1}, stop_reason=None)}
FINISH = {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 2}}
STOP = {"type": "message_stop"}
STREAM = sse(
    BEGIN,
    {"type": "ping"},
    start(0, {"type": "thinking", "thinking": "", "signature": ""}),
    delta(0, "thinking_delta", thinking="Hm."),
    delta(0, "signature_delta", signature="sig=="),
    stop(0),
    start(1, {"type": "redacted_thinking", "data": "dark"}),
    stop(1),
    start(2, {"type": "text", "text": ""}),
    delta(2, "text_delta", text="é"),
    delta(2, "citations_delta", citation=CITATION),
    stop(2),
    start(3, SEARCH),
    delta(3, "input_json_delta", partial_json='{"q":'),
    delta(3, "input_json_delta", partial_json=" 1}"),
    stop(3),
    start(4, {"type": "tool_use", "id": "a", "name": "f", "input": {}}),
    delta(4, "input_json_delta", partial_json=""),
    delta(4, "input_json_delta", partial_json='{"x":'),
    delta(4, "input_json_delta", partial_json="1}"),
    stop(4),
    start(5, {"type": "tool_use", "id": "b", "name": "g", "input": {}}),
    stop(5),
    FINISH,
    STOP,
)
EVENTS: list[Event] = [
    Start("msg_1", "claude"),
    Reasoning("Hm."),
    Reasoning(""),
    Sealed(Seal("anthropic", "sig==")),
    Sealed(Seal("anthropic", "dark"), redacted=True),
    Text("é"),
    Cited(Citation("https://example.org", "E", "q")),
    Other(Opaque("anthropic", "server_tool_use", json.dumps(SEARCHED, separators=(",", ":")).encode())),
    ToolStart(0, "a", "f"),
    ToolArgs(0, '{"x":'),
    ToolArgs(0, "1}"),
    ToolStart(1, "b", "g"),
    ToolArgs(1, "{}"),
    Finish("tool_calls"),
    Usage(TOKENS),
    End(),
]
WHOLE = message(
    {"type": "thinking", "thinking": "Hm.", "signature": "sig=="},
    {"type": "redacted_thinking", "data": "dark"},
    {"type": "text", "text": "é", "citations": [CITATION]},
    SEARCHED,
    {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}},
    {"type": "tool_use", "id": "b", "name": "g", "input": {}},
    reason="tool_use",
)


def read(*pieces: bytes) -> list[Event]:
    """What a stream in these pieces says."""
    stream = reader()
    return [event for piece in pieces for event in stream.feed(piece)] + stream.close()


def test_a_stream() -> None:
    """Each block becomes events of its kind; calls are counted for themselves; pings say nothing."""
    assert read(STREAM) == EVENTS


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_any_split(places: list[int]) -> None:
    """In whatever pieces the bytes come, the events are the same."""
    edges = sorted({0, len(STREAM), *places})
    assert read(*(STREAM[a:b] for a, b in itertools.pairwise(edges))) == EVENTS


def test_whole_and_stream_agree() -> None:
    """A whole answer says what its stream says."""
    assert fold(read(STREAM)) == read_reply(json.dumps(WHOLE).encode())


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("pause_turn", "stop"),
        ("refusal", "content_filter"),
        ("news", "stop"),
    ],
)
def test_reasons(reason: str, finish: str) -> None:
    """Why it ended, in the four words that everybody knows."""
    assert read_reply(json.dumps(message(reason=reason)).encode()).answers[0].finish == finish


def test_empty_answer_at_a_stop_sequence() -> None:
    """No content is an answer too; the sequence that was met is kept."""
    (answer,) = read_reply(json.dumps(message(reason="stop_sequence", stop_sequence="x")).encode()).answers
    assert (answer.parts, answer.finish, answer.stop_sequence) == ((), "stop", "x")


def test_a_refusal_tells_why() -> None:
    """The explanation of a refusal is its text."""
    said = message(reason="refusal", stop_details={"explanation": "No."})
    assert read(sse(BEGIN, {**FINISH, "delta": {k: said[k] for k in ("stop_reason", "stop_details")}}, STOP))[1:3] == [
        Refusal("No."),
        Finish("content_filter"),
    ]


def test_usage_is_merged() -> None:
    """Of each figure the later counts, and a second start begins no second answer."""
    later = {"type": "message_delta", "delta": {}, "usage": {"input_tokens": 9, "output_tokens": 4}}
    thought = {**later, "usage": {"output_tokens_details": {"thinking_tokens": 3}}}
    assert read(sse(BEGIN, BEGIN, later, thought, STOP)) == [
        Start("msg_1", "claude"),
        Usage(Tokens(prompt=19, completion=4, cached=7, cache_write=3, reasoning=3)),
        End(),
    ]


@pytest.mark.parametrize("cut", [STREAM[:-60], STREAM[: len(STREAM) // 2], sse(BEGIN), b""])
def test_a_cut_stream_has_no_end(cut: bytes) -> None:
    """What breaks off is never whole."""
    assert End() not in read(cut)


FAULTS: list[tuple[dict[str, Any], int, str]] = [
    ({"type": "error", "error": {"type": "overloaded_error", "message": "Busy"}}, 529, "overloaded_error"),
    ({"type": "error", "error": {"type": "rate_limit_error", "message": "Slow"}}, 429, "rate_limit_error"),
    ({"type": "error", "error": {"message": "Odd"}}, 502, "api_error"),
]


@pytest.mark.parametrize(("said", "status", "kind"), FAULTS)
def test_errors_in_a_stream(said: dict[str, Any], status: int, kind: str) -> None:
    """An error event is a fault with the status that it would have had."""
    (fault,) = (event for event in read(sse(BEGIN, said)) if isinstance(event, Fault))
    assert (fault.status, fault.kind, fault.message) == (status, kind, said["error"]["message"])
    first = read_first(sse(said))
    assert first is not None
    assert first.status == status
    assert read_first(sse(BEGIN)) is None


@pytest.mark.parametrize(
    "data",
    [b"event: message_delta\ndata: {oops\n\n", b"data: []\n\n", b'data: {"type":"content_block_start"}\n\n'],
)
def test_what_cannot_be_read_is_a_fault(data: bytes) -> None:
    """Something of the answer is lost: it must not pass for a whole one."""
    assert any(isinstance(event, Fault) for event in read(data))


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b"[]", b'{"content": 1}', b'{"type":"error"}'])
def test_no_answer(body: bytes) -> None:
    """A 200 that holds no message is an error."""
    with pytest.raises(UpstreamError):
        read_reply(body)


ERRORS: list[tuple[int, Any, tuple[int, str, str, str | None]]] = [
    (
        401,
        {"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}},
        (401, "authentication_error", "invalid x-api-key", "upstream_error"),
    ),
    (
        400,
        {"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long: 9 tokens > 8"}},
        (400, "invalid_request_error", "prompt is too long: 9 tokens > 8", "context_length_exceeded"),
    ),
    (
        400,
        {"type": "error", "error": {"type": "invalid_request_error", "message": "Your credit balance is too low."}},
        (402, "billing_error", "Your credit balance is too low.", "upstream_error"),
    ),
    (
        529,
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
        (529, "overloaded_error", "Overloaded", "upstream_error"),
    ),
    (500, {"message": "gateway"}, (500, "api_error", "gateway", "upstream_error")),
    (403, {"error": "no"}, (403, "permission_error", "no", "upstream_error")),
    (404, {}, (404, "not_found_error", "the provider answered HTTP 404", "upstream_error")),
]


@pytest.mark.parametrize(("status", "said", "expected"), ERRORS)
def test_errors(status: int, said: Any, expected: tuple[int, str, str, str | None]) -> None:
    """An error keeps its words; overflow and an empty account are known as what they are."""
    error = read_error(status, json.dumps(said).encode())
    assert (error.status, error.kind, error.message, error.code) == expected


def test_a_page_is_not_passed_on() -> None:
    """What is no JSON is named by its status."""
    assert "no JSON" in read_error(502, b"<html>secret</html>").message


def test_a_call_that_begins_with_its_arguments() -> None:
    """Arguments that stand in the block's beginning are told once, whether or not they come in pieces as well."""
    whole = start(0, {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}})
    pieces = delta(0, "input_json_delta", partial_json='{"x": 1}')
    for said, arguments in ((sse(BEGIN, whole, stop(0)), '{"x":1}'), (sse(BEGIN, whole, pieces, stop(0)), '{"x": 1}')):
        assert read(said)[1:] == [ToolStart(0, "a", "f"), ToolArgs(0, arguments)]


def test_blocks_that_nobody_ends() -> None:
    """The next block, or the end of the message, ends the one before it."""
    said = sse(BEGIN, start(0, SEARCH), start(1, {"type": "tool_use", "id": "a", "name": "f"}), FINISH, STOP)
    assert [type(event) for event in read(said)] == [Start, Other, ToolStart, ToolArgs, Finish, Usage, End]


def test_compacted_words_come_in_pieces() -> None:
    """The summary of a compaction is whole in its block."""
    said = sse(BEGIN, start(0, {"type": "compaction", "content": None}), delta(0, "compaction_delta", content="A."))
    block = Opaque("anthropic", "compaction", b'{"type":"compaction","content":"A."}')
    assert read(said + sse(stop(0)))[1:] == [Other(block)]


@pytest.mark.parametrize("size", [1, 40, 200, 260, 300])
def test_a_first_piece_that_ends_anywhere(size: int) -> None:
    """An event that is not whole yet is no error, though it speaks of one."""
    said = sse({"type": "message_start", "message": message(id="error", stop_reason=None)}, {"type": "ping"})
    assert read_first(said[:size]) is None


def test_a_search_that_broke_off() -> None:
    """What came of a tool's input is kept as it is."""
    said = sse(BEGIN, start(0, SEARCH), delta(0, "input_json_delta", partial_json='{"q'), STOP)
    (other,) = (event for event in read(said) if isinstance(event, Other))
    assert json.loads(other.block.value)["input"] == {"_raw": '{"q'}


def test_a_second_message() -> None:
    """In the middle of a block it is a fault: what came before is broken off. The same one again says nothing new."""
    second = {"type": "message_start", "message": message(id="msg_2", stop_reason=None)}
    opened = sse(BEGIN, start(0, {"type": "text", "text": "a"}))
    assert read(opened + sse(BEGIN)) == [Start("msg_1", "claude"), Text("a")]
    assert isinstance(read(opened + sse(second))[-1], Fault)
    assert Fault not in {type(event) for event in read(opened + sse(stop(0), second, FINISH, STOP))}


def test_nothing_follows_the_end() -> None:
    """What gateways send behind the end of the message says nothing."""
    rest = b"data: [DONE]\n\ndata: {oops\n\n" + sse(start(0, {"type": "text", "text": "x"}))
    assert read(STREAM + rest) == EVENTS


NEWS = [
    b"data: [DONE]",
    b'data: {"type":"news","delta":3,"message":[]}',
    b'data: {"type":"content_block_delta","delta":{"type":"news","text":"x"}}',
    b'data: {"type":"ping"}',
    b"data: {}",
]


@pytest.mark.parametrize("data", NEWS)
def test_news(data: bytes) -> None:
    """Kinds of events and pieces that are not known here are passed over."""
    assert read(data + b"\n\n") == []


@pytest.mark.parametrize(
    "data", [b'{"error":{"code":503,"message":"Gone"}}', b'{"type":"error","error":{"message":"Gone"}}']
)
def test_errors_without_a_name(data: bytes) -> None:
    """An error is one without the type, or the event's name, that it should have."""
    (fault,) = read(b"data: " + data + b"\n\n")
    assert isinstance(fault, Fault)
    assert fault.message == "Gone"


@pytest.mark.parametrize("reason", [None, [], {"a": 1}, 3])
def test_odd_reasons(reason: Any) -> None:
    """What is no reason is the usual one."""
    assert read_reply(json.dumps(message(reason=reason)).encode()).answers[0].finish == "stop"


def test_addresses_of_sources() -> None:
    """A client's own search result is cited where its source is an address."""
    places = [{"type": "search_result_location", "source": one, "title": "T"} for one in ("https://a.example", "doc 1")]
    said = read_reply(json.dumps(message({"type": "text", "text": "a", "citations": places})).encode())
    (part,) = said.answers[0].parts
    assert getattr(part, "citations", None) == (Citation("https://a.example", "T", ""),)


WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
BLOCKS = st.one_of(
    WORDS.map(lambda words: {"type": "text", "text": words}),
    st.tuples(WORDS, WORDS).map(lambda two: {"type": "thinking", "thinking": two[0], "signature": two[1]}),
    WORDS.map(lambda words: {"type": "redacted_thinking", "data": words}),
    st.dictionaries(WORDS, st.integers(0, 9) | WORDS, max_size=2).map(
        lambda given: {"type": "tool_use", "id": "a", "name": "f", "input": given}
    ),
    st.dictionaries(WORDS, st.integers(0, 9), max_size=2).map(lambda given: {**SEARCH, "input": given}),
    WORDS.map(lambda words: {"type": "code_execution_tool_result", "content": {"stdout": words}}),
)


def streamed(blocks: list[dict[str, Any]]) -> bytes:
    """The stream of an answer with these blocks."""
    events = [BEGIN]
    for index, block in enumerate(blocks):
        match block["type"]:
            case "text":
                pieces = [delta(index, "text_delta", text=piece) for piece in block["text"]]
                events += [start(index, {**block, "text": ""}), *pieces]
            case "thinking":
                pieces = [delta(index, "thinking_delta", thinking=piece) for piece in block["thinking"]]
                pieces.append(delta(index, "signature_delta", signature=block["signature"]))
                events += [start(index, {**block, "thinking": "", "signature": ""}), *pieces]
            case "tool_use" | "server_tool_use":
                written = json.dumps(block["input"], separators=(",", ":"))
                pieces = [delta(index, "input_json_delta", partial_json=piece) for piece in (written[:3], written[3:])]
                events += [start(index, {**block, "input": {}}), *pieces]
            case _:
                events.append(start(index, block))
        events.append(stop(index))
    return sse(*events, {**FINISH, "usage": USAGE}, STOP)


@given(st.lists(BLOCKS, max_size=6), st.integers(1, 9))
def test_streams_say_what_whole_answers_say(blocks: list[dict[str, Any]], size: int) -> None:
    """For any blocks, in pieces of any size."""
    data = streamed(blocks)
    said = fold(read(*(data[at : at + size] for at in range(0, len(data), size))))
    assert said == read_reply(json.dumps(message(*blocks, reason="tool_use")).encode())


def test_a_thought_that_is_not_shown() -> None:
    """A signature without words is a thought of its own, not a seal of the words before it."""
    hidden = start(1, {"type": "thinking", "thinking": "", "signature": ""})
    signed = delta(1, "signature_delta", signature="sig==")
    said = sse(start(0, {"type": "text", "text": "Hm."}), stop(0), hidden, signed, stop(1))
    assert fold(read(said)).answers[0].parts == (TextPart("Hm."), ReasoningPart("", Seal("anthropic", "sig==")))
