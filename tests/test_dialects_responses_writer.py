"""What a client that speaks Responses gets: streams and whole answers, strictly in the official SDK's types."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import BaseModel

from xrouter.chat import events as says
from xrouter.chat.events import Event
from xrouter.chat.fold import fold, unfold
from xrouter.chat.reply import Usage
from xrouter.chat.request import Citation, Reasoning, Seal, ToolCall
from xrouter.dialects.base import Stamp
from xrouter.dialects.responses import read_envelope, read_reply, read_request, reader, write_reply, writer
from xrouter.errors import Broken, UpstreamError, XrouterError
from xrouter.wire import json, sse

_SEALED = {"include": ["reasoning.encrypted_content"]}
_USAGE = says.Usage(Usage(prompt=10, completion=5, cached=4, cache_write=1, reasoning=2))
_TEXT: tuple[Event, ...] = (says.Start("x", "model-1", 5), says.Text("Hel"), says.Text("lo"))
_END: tuple[Event, ...] = (says.Finish("stop"), _USAGE, says.End())


@cache
def _events() -> dict[str, type[BaseModel]]:
    """The SDK's class for each type of event: a plain union would report the wrong one."""
    found: dict[str, type[BaseModel]] = {}
    waiting: list[Any] = [ResponseStreamEvent]
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= dict.fromkeys(get_args(kind.model_fields["type"].annotation), kind)
        else:
            waiting += [inner for inner in get_args(kind) if not isinstance(inner, str)]
    return found


def _stamp(**members: Any) -> Stamp:
    envelope = read_envelope(json.encode({"model": "auto", "input": "hi", **members}))
    return Stamp("req_0123-abcd", "stamped", 1_700_000_000, envelope)


def _said(data: bytes) -> list[dict[str, Any]]:
    """The events as values: numbered without a gap, named by their type, valid for the SDK."""
    told = sse.EventReader()
    found = told.feed(data)
    assert data.endswith(b"\n\n")
    events = [json.decode(event.data) for event in found]
    assert [event.name for event in found] == [event["type"] for event in events]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    for event in events:
        _events()[event["type"]].model_validate(event, strict=True)
    return events


def _write(events: Sequence[Event], **members: Any) -> list[dict[str, Any]]:
    written = writer(_stamp(**members))
    return _said(b"".join(map(written.send, events)))


def _output(events: Sequence[Event], **members: Any) -> list[dict[str, Any]]:
    told = _write(events, **members)
    done = [event["item"] for event in told if event["type"] == "response.output_item.done"]
    output: list[dict[str, Any]] = told[-1]["response"]["output"]
    assert sorted(map(str, done)) == sorted(map(str, output))
    return output


def _kinds(events: Sequence[dict[str, Any]]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in events]


def test_a_plain_answer_is_told_step_by_step() -> None:
    """Created, in progress, the item, its part, the words, and all of it again."""
    told = _write((*_TEXT, *_END))
    assert _kinds(told) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert [event["delta"] for event in told[4:6]] == ["Hel", "lo"]
    answer = told[-1]["response"]
    assert answer["output"][0]["content"][0] == {
        "type": "output_text",
        "annotations": [],
        "logprobs": [],
        "text": "Hello",
    }
    assert (answer["status"], answer["model"], answer["created_at"], answer["store"]) == (
        "completed",
        "model-1",
        5,
        False,
    )
    assert answer["usage"] == {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 1},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 15,
    }


def test_ids_come_from_the_requests_own() -> None:
    """The same request has the same ids in each of its events, without anything left to chance."""
    told = _write((*_TEXT, *_END))
    ids = {event["response"]["id"] for event in told if "response" in event}
    assert ids == {"resp_req0123abcd"}
    assert told[2]["item"]["id"] == told[4]["item_id"] == "msg_req0123abcd0"


def test_a_thought_is_a_summary_before_the_words() -> None:
    """Clients show summaries."""
    events = (*_TEXT[:1], says.Reasoning("h"), says.Reasoning("m"), *_TEXT[1:], *_END)
    told = _write(events)
    assert _kinds(told)[2:9] == [
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
    ]
    thought, message = _output(events)
    assert thought["summary"] == [{"type": "summary_text", "text": "hm"}]
    assert message["content"][0]["text"] == "Hello"


def test_parallel_calls_may_come_interleaved() -> None:
    """Each call has its own place; a call without arguments has an empty object."""
    events = (
        says.ToolStart(0, "a", "f"),
        says.ToolArgs(0, '{"x"'),
        says.ToolStart(1, "b", "g"),
        says.ToolStart(2, "", "h"),
        says.ToolArgs(1, '{"y":2}'),
        says.ToolArgs(0, ":1}"),
        says.Finish("tool_calls"),
        says.End(),
    )
    output = _output(events)
    calls = [(item["call_id"], item["name"], item["arguments"]) for item in output]
    assert calls == [("a", "f", '{"x":1}'), ("b", "g", '{"y":2}'), ("call_req0123abcd2", "h", "{}")]
    deltas: dict[int, str] = {}
    for event in _write(events):
        if event["type"] == "response.function_call_arguments.delta":
            deltas[event["output_index"]] = deltas.get(event["output_index"], "") + event["delta"]
    assert deltas == {0: '{"x":1}', 1: '{"y":2}', 2: "{}"}


@pytest.mark.parametrize(
    ("start", "arguments", "text"),
    [
        (says.ToolStart(0, "a", "patch"), ('{"inp', 'ut": "*** x\\n"}'), "*** x\n"),
        (says.ToolStart(0, "a", "patch"), ("*** x",), "*** x"),
        (says.ToolStart(0, "a", "patch", custom=True), ('{"input"', ': "x"}'), '{"input": "x"}'),
        (says.ToolStart(0, "a", "patch"), (), ""),
    ],
)
def test_a_custom_tool_is_called_with_text(start: says.ToolStart, arguments: Sequence[str], text: str) -> None:
    """Where the provider knows functions only, the text comes inside of their arguments."""
    tools = [{"type": "custom", "name": "patch"}]
    events: list[Event] = [
        start,
        *(says.ToolArgs(0, piece) for piece in arguments),
        says.Finish("tool_calls"),
        says.End(),
    ]
    (call,) = _output(events, tools=tools)
    assert (call["type"], call["input"], call["call_id"]) == ("custom_tool_call", text, "a")
    deltas = [event["delta"] for event in _write(events, tools=tools) if event["type"].endswith("input.delta")]
    assert "".join(deltas) == text


def test_a_function_of_a_namespace_is_called_by_both_names() -> None:
    """It was offered to the provider under one."""
    inner = {"type": "function", "name": "close", "parameters": {}}
    tools = [{"type": "namespace", "name": "agents", "description": "d", "tools": [inner]}]
    (call,) = _output((says.ToolStart(0, "a", "agents__close"), says.End()), tools=tools)
    assert (call["name"], call["namespace"]) == ("close", "agents")
    (same,) = read_request(read_envelope(json.encode({"input": [call]}))).turns[0].parts
    assert same == ToolCall("a", "agents__close", "{}")


def test_a_search_for_tools_is_an_item_of_its_own() -> None:
    """The client makes the search."""
    tools = [{"type": "tool_search", "execution": "client", "parameters": {}, "description": "d"}]
    events = (says.ToolStart(0, "a", "tool_search"), says.ToolArgs(0, '{"goal":"g"}'), says.End())
    (call,) = _output(events, tools=tools)
    assert (call["type"], call["execution"], call["arguments"]) == ("tool_search_call", "client", {"goal": "g"})


def test_citations_refusals_pictures_and_logprobs() -> None:
    """What else an answer can hold."""
    logprobs = json.encode(
        [{"token": "Hello", "logprob": -0.5, "bytes": None, "top_logprobs": [{"token": "Hi", "logprob": -1}]}]
    )
    events = (
        *_TEXT,
        says.Cited(Citation("https://a", "A")),
        says.Cited(Citation(title="only a file")),
        says.Logprobs(logprobs),
        says.Refusal("but no"),
        says.Picture("data:image/png;base64,iVBORw0KGgo="),
        says.Picture("https://b/c.png"),
        *_END,
    )
    message, picture, linked = _output(events)
    text, refusal = message["content"]
    assert text["annotations"] == [
        {"type": "url_citation", "url": "https://a", "title": "A", "start_index": 0, "end_index": 5}
    ]
    other = {"token": "Hi", "logprob": -1, "bytes": [72, 105], "top_logprobs": []}
    assert text["logprobs"] == [
        {"token": "Hello", "logprob": -0.5, "bytes": [72, 101, 108, 108, 111], "top_logprobs": [other]}
    ]
    assert refusal == {"type": "refusal", "refusal": "but no"}
    assert (picture["type"], picture["result"]) == ("image_generation_call", "iVBORw0KGgo=")
    assert linked["content"][0]["text"] == "![](https://b/c.png)"


@pytest.mark.parametrize(
    ("finish", "status", "reason"),
    [
        ("stop", "completed", None),
        ("length", "incomplete", "max_output_tokens"),
        ("content_filter", "incomplete", "content_filter"),
    ],
)
def test_how_an_answer_ends(finish: Any, status: str, reason: str | None) -> None:
    """The last event is named by the status."""
    told = _write((*_TEXT, says.Finish(finish), says.End()))
    answer = told[-1]["response"]
    assert told[-1]["type"] == f"response.{status}"
    assert (answer["status"], (answer["incomplete_details"] or {}).get("reason")) == (status, reason)
    assert answer["output"][0]["status"] == status
    assert answer["usage"] is None


_SEALS: tuple[Event, ...] = (
    says.Reasoning("hm"),
    says.Sealed(Seal("anthropic", "sig")),
    says.Sealed(Seal("anthropic", "dark"), redacted=True),
    says.Text("well"),
    says.Sealed(Seal("gemini", "w")),
    says.ToolStart(0, "a", "f", seal=Seal("gemini", "c")),
    says.ToolArgs(0, "{}"),
    says.Finish("tool_calls"),
    says.End(),
)


def test_seals_survive_a_client_that_sends_back_what_it_got() -> None:
    """A client that asks for encrypted thoughts carries those of any provider."""
    output = _output(_SEALS, **_SEALED)
    assert all(item["encrypted_content"].startswith("xr1:") for item in output if item["type"] == "reasoning")
    (turn,) = read_request(read_envelope(json.encode({"input": output}))).turns
    assert turn.parts == fold(_SEALS).answers[0].parts


def test_a_client_that_did_not_ask_gets_no_seals() -> None:
    """Only the words of a thought are shown."""
    output = _output(_SEALS)
    assert [item["type"] for item in output] == ["reasoning", "message", "function_call"]
    assert "encrypted_content" not in output[0]


def test_a_thought_of_a_responses_provider_keeps_its_own_encryption() -> None:
    """It is nothing that we would have to carry."""
    seal = Seal("responses", '{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAA"}')
    (thought,) = _output((says.Reasoning("hm"), says.Sealed(seal), says.End()), **_SEALED)
    assert thought["encrypted_content"] == "gAAA"


def test_a_client_that_waits_gets_the_answers_beginning_again_and_again() -> None:
    """The real answer goes on from there, with the next number."""
    written = writer(_stamp())
    told = _said(b"".join([written.idle(), written.idle(), *map(written.send, (*_TEXT, *_END))]))
    assert _kinds(told)[:4] == ["created", "in_progress", "in_progress", "output_item.added"]
    assert told[-1]["response"]["model"] == "model-1"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Broken("it broke"), "server_error"),
        (UpstreamError("slow down", status=429, code="x"), "rate_limit_exceeded"),
        (UpstreamError("no", status=400, code="invalid_prompt"), "invalid_prompt"),
    ],
)
def test_a_fault_ends_the_stream_with_a_failed_answer(error: XrouterError, code: str) -> None:
    """Open items are closed, and nothing comes after it."""
    written = writer(_stamp())
    begun = [written.send(event) for event in (*_TEXT, says.ToolStart(0, "a", "f"))]
    told = _said(b"".join([*begun, written.fail(error)]))
    answer = told[-1]["response"]
    assert told[-1]["type"] == "response.failed"
    assert (answer["status"], answer["error"]) == ("failed", {"code": code, "message": error.text})
    kinds = _kinds(told)
    assert kinds.count("output_item.added") == kinds.count("output_item.done") == 2


def test_a_fault_before_the_first_word_still_begins_the_stream() -> None:
    """A client needs the answer that failed."""
    assert _kinds(_said(writer(_stamp()).fail(Broken("it broke")))) == ["created", "failed"]


def test_an_overflow_on_the_way_is_known_by_code_and_words() -> None:
    """Clients compact when they see it, though the SDK's list of codes does not have it."""
    error = UpstreamError("too much", status=400, code="context_length_exceeded")
    last = writer(_stamp()).fail(error).split(b"data: ")[-1]
    said = json.decode(last)["response"]["error"]
    assert said == {"code": "context_length_exceeded", "message": "too much (maximum context length)"}


def test_the_request_is_repeated_in_its_official_form_only() -> None:
    """What the SDK would refuse is left out or has its default."""
    schema = {"type": "object"}
    told = _write(
        (*_TEXT, *_END),
        instructions="be brief",
        temperature=0.5,
        metadata={"a": "b", "c": 3},
        max_output_tokens="many",
        reasoning={"effort": "enormous", "summary": "auto"},
        text={"format": {"type": "json_schema", "name": "out", "schema": schema}, "verbosity": "shrill"},
        tool_choice={"type": "function", "name": "f"},
        parallel_tool_calls=False,
        tools=[
            {"type": "function", "name": "f", "parameters": schema, "strict": "very"},
            {"type": "function", "function": {"name": "nested"}},
            {"type": "custom", "name": "p", "format": {"type": "grammar", "syntax": "bnf"}},
            {"type": "web_search", "filters": 3},
            {"type": "hologram"},
        ],
    )
    answer = told[-1]["response"]
    assert answer["instructions"] == "be brief"
    assert (answer["temperature"], answer["max_output_tokens"], answer["metadata"]) == (0.5, None, {"a": "b"})
    assert answer["reasoning"] == {"effort": None, "summary": "auto"}
    assert answer["text"]["format"]["schema"] == schema
    assert (answer["parallel_tool_calls"], answer["tool_choice"]) == (False, {"type": "function", "name": "f"})
    assert answer["tools"] == [
        {"type": "function", "name": "f", "description": None, "parameters": schema, "strict": None},
        {"type": "custom", "name": "p", "description": None, "format": {"type": "text"}},
        {"type": "web_search"},
    ]


def test_of_several_answers_the_first_is_told() -> None:
    """Responses has no place for another one."""
    (message,) = _output((*_TEXT, says.Text("other", choice=1), *_END))
    assert message["content"][0]["text"] == "Hello"


_WORD = st.text(max_size=5)
_SAYS: st.SearchStrategy[Event] = st.one_of(
    st.builds(says.Text, _WORD),
    st.builds(says.Reasoning, _WORD),
    st.builds(says.Refusal, _WORD),
    st.builds(says.Cited, st.builds(Citation, st.sampled_from(["", "https://a"]), _WORD)),
    st.builds(says.Sealed, st.builds(Seal, st.sampled_from(["anthropic", "responses"]), _WORD), st.booleans()),
    st.builds(says.ToolStart, st.integers(0, 3), _WORD, st.sampled_from(["f", "patch"])),
    st.builds(says.ToolArgs, st.integers(0, 3), _WORD),
    st.just(says.Picture("data:image/png;base64,AA==")),
)


@given(st.lists(_SAYS, max_size=12), st.booleans())
def test_any_events_give_a_stream_that_the_sdk_takes(events: list[Event], sealed: bool) -> None:  # noqa: FBT001
    """Whatever comes: each item that was begun is ended, and the numbers are dense."""
    started: set[int] = set()
    once: list[Event] = []
    for event in events:  # a reader counts calls up: no number comes twice
        if isinstance(event, says.ToolStart):
            if event.index in started:
                continue
            started.add(event.index)
        once.append(event)
    members = {"tools": [{"type": "custom", "name": "patch"}], **(_SEALED if sealed else {})}
    told = _write((*once, *_END), **members)
    kinds = _kinds(told)
    assert kinds.count("output_item.added") == kinds.count("output_item.done") == len(told[-1]["response"]["output"])


@given(st.lists(_SAYS, max_size=8))
def test_a_whole_answer_is_what_its_stream_ends_with(events: list[Event]) -> None:
    """Stream and whole agree, and the SDK takes both."""
    starts = [event for event in events if not isinstance(event, says.ToolStart | says.ToolArgs)]
    reply = fold((*starts, says.ToolStart(0, "a", "f"), says.ToolArgs(0, "{}"), *_END))
    whole = json.decode(write_reply(reply, _stamp()))
    Response.model_validate(whole, strict=True)
    assert whole == _write(unfold(reply))[-1]["response"]


def test_what_is_written_is_read_back_the_same() -> None:
    """Reading is writing backwards, for all that the dialect can say itself."""
    events = (
        *_TEXT[:1],
        says.Reasoning("hm"),
        *_TEXT[1:],
        says.Cited(Citation("https://a", "A", start=0, end=5)),
        says.ToolStart(0, "a", "f"),
        says.ToolArgs(0, '{"x":1}'),
        says.ToolStart(1, "b", "patch", custom=True),
        says.ToolArgs(1, "*** x"),
        says.Finish("tool_calls"),
        *_END[1:],
    )
    reply = fold(events)
    written = writer(_stamp())
    streamed = reader()
    again = fold([event for sent in events for event in streamed.feed(written.send(sent))])
    assert again == read_reply(write_reply(reply, _stamp()))
    assert (again.answers, again.usage, again.model) == (reply.answers, reply.usage, reply.model)
    assert re.fullmatch(r"resp_\w+", again.id)
    assert Reasoning("hm") in again.answers[0].parts
