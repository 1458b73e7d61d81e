"""dialects/openai: answers for clients, streamed and whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.chat import events as says
from xrouter.chat.fold import fold, unfold
from xrouter.chat.reply import Answer, Reply, Usage
from xrouter.chat.request import Citation, Image, Reasoning, Refusal, Seal, Text, ToolCall
from xrouter.dialects import openai
from xrouter.dialects.base import Stamp
from xrouter.errors import Broken

ASK: dict[str, Any] = {"model": "auto", "messages": [], "stream": True}
CUSTOM = [{"type": "custom", "custom": {"name": "patch"}}]
GOOGLE = {"google": {"thought_signature": "c2ln"}}


def stamp(**members: Any) -> Stamp:
    """Who asked, and what an answer is marked with."""
    return Stamp("xr-1", "auto", 7, openai.read_envelope(json.dumps({**ASK, **members}).encode()))


def chunks(*events: says.Event, **members: Any) -> list[Any]:
    """The data of a stream, parsed; `[DONE]` as it is."""
    writer = openai.writer(stamp(**members))
    lines = b"".join(writer.send(event) for event in events).decode().split("\n\n")
    assert lines.pop() == ""
    assert all(line.startswith("data: ") for line in lines)
    return [line[6:] if line == "data: [DONE]" else json.loads(line[6:]) for line in lines]


def deltas(*events: says.Event, **members: Any) -> list[Any]:
    """What the first choice says, behind the role."""
    said = [chunk["choices"][0] for chunk in chunks(*events, **members)]
    assert said[0]["delta"] == {"role": "assistant", "content": ""}
    return [choice["delta"] for choice in said[1:]]


def test_a_stream() -> None:
    """All chunks bear the same name, the role comes first, the usage last and alone."""
    usage = says.Usage(Usage(prompt=9, completion=2, cached=4))
    events = (says.Start("c", "m", 5), says.Text("hi"), says.Finish("stop"), usage, says.End())
    *told, used, done = chunks(*events, stream_options={"include_usage": True})
    name = {"id": "c", "object": "chat.completion.chunk", "created": 5, "model": "m"}
    assert [{key: chunk[key] for key in name} for chunk in (*told, used)] == [name] * 4
    assert [chunk["choices"] for chunk in told] == [
        [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}],
        [{"index": 0, "delta": {"content": "hi"}, "finish_reason": None}],
        [{"index": 0, "delta": {}, "finish_reason": "stop"}],
    ]
    assert [chunk["usage"] for chunk in told] == [None] * 3
    assert used["choices"] == []
    assert used["usage"]["total_tokens"] == 11
    assert done == "[DONE]"


def test_nobody_asked_for_usage() -> None:
    """Then no chunk speaks of it."""
    told = chunks(says.Start(), says.Finish("stop"), says.Usage(Usage(1, 2)), says.End())
    assert all("usage" not in chunk for chunk in told if isinstance(chunk, dict))
    assert len(told) == 3


SAID: dict[str, tuple[list[says.Event], list[Any]]] = {
    "thoughts": ([says.Reasoning("hm")], [{"reasoning_content": "hm"}]),
    "a refusal": ([says.Refusal("no")], [{"refusal": "no"}]),
    "nothing": ([says.Text(""), says.Reasoning("")], []),
    "a signature": (
        [says.Sealed(Seal("anthropic", "s"))],
        [{"thinking_blocks": [{"type": "thinking", "thinking": "", "signature": "s"}]}],
    ),
    "a dark thought": (
        [says.Sealed(Seal("anthropic", "d"), redacted=True)],
        [{"thinking_blocks": [{"type": "redacted_thinking", "data": "d"}]}],
    ),
    "words that Gemini signed": ([says.Sealed(Seal("gemini", "c2ln"))], [{"extra_content": GOOGLE}]),
    "another's proof": ([says.Sealed(Seal("responses", "x"))], []),
    "a picture": (
        [says.Picture("data:x")],
        [{"images": [{"type": "image_url", "image_url": {"url": "data:x"}}]}],
    ),
    "arguments of no call": ([says.ToolArgs(3, "{}")], []),
    "a call that Gemini signed": (
        [says.ToolStart(0, "a", "f", seal=Seal("gemini", "c2ln")), says.ToolArgs(0, '{"x"'), says.ToolArgs(0, ":1}")],
        [
            {
                "tool_calls": [
                    {
                        "index": 0,
                        "id": "a",
                        "type": "function",
                        "function": {"name": "f", "arguments": ""},
                        "extra_content": GOOGLE,
                    }
                ]
            },
            {"tool_calls": [{"index": 0, "function": {"arguments": '{"x"'}}]},
            {"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]},
        ],
    ),
    "a custom call": (
        [says.ToolStart(0, "a", "patch", custom=True), says.ToolArgs(0, "any")],
        [
            {"tool_calls": [{"index": 0, "id": "a", "type": "custom", "custom": {"name": "patch", "input": ""}}]},
            {"tool_calls": [{"index": 0, "custom": {"input": "any"}}]},
        ],
    ),
    "calls that are counted otherwise": (
        [says.ToolStart(5, "a", "f"), says.ToolStart(7, "b", "g"), says.ToolArgs(7, "{}")],
        [
            {"tool_calls": [{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}]},
            {"tool_calls": [{"index": 1, "id": "b", "type": "function", "function": {"name": "g", "arguments": ""}}]},
            {"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]},
        ],
    ),
}


@pytest.mark.parametrize(("events", "written"), SAID.values(), ids=SAID)
def test_each_event(events: list[says.Event], written: list[Any]) -> None:
    """Each kind of event has its delta."""
    assert deltas(says.Start(), *events) == written


def test_sources() -> None:
    """Sources are annotations; places that nobody knows are 0."""
    (delta,) = deltas(says.Start(), says.Cited(Citation("https://example.org", "E")))
    known = {"start_index": 0, "end_index": 0, "title": "E", "url": "https://example.org"}
    assert delta == {"annotations": [{"type": "url_citation", "url_citation": known}]}


def test_logprobs() -> None:
    """They stand beside an empty delta."""
    _, chunk = chunks(says.Start(), says.Logprobs(b'[{"token":"a"}]'))
    assert chunk["choices"][0]["logprobs"] == {"content": [{"token": "a"}], "refusal": None}


def test_several_answers() -> None:
    """Each of them begins with its role and ends with its reason."""
    told = chunks(says.Start(), says.Text("b", 1), says.Finish("length", choice=1), says.Finish("stop"))
    said = [
        (choice["index"], choice["delta"], choice["finish_reason"]) for (choice,) in (one["choices"] for one in told)
    ]
    role = {"role": "assistant", "content": ""}
    assert said == [
        (0, role, None),
        (1, role, None),
        (1, {"content": "b"}, None),
        (1, {}, "length"),
        (0, {}, "stop"),
    ]


def test_a_custom_tool_at_a_provider_of_functions() -> None:
    """The text comes out of the arguments once they are whole; what is no such object stays as it is."""
    start = says.ToolStart(0, "a", "patch")
    args: list[says.Event] = [says.ToolArgs(0, '{"input":'), says.ToolArgs(0, '"any"}')]
    *_, begun, whole, _ = deltas(says.Start(), start, *args, says.Finish("tool_calls"), tools=CUSTOM)
    assert begun["tool_calls"][0]["custom"] == {"name": "patch", "input": ""}
    assert whole == {"tool_calls": [{"index": 0, "custom": {"input": "any"}}]}
    *_, whole, _ = deltas(says.Start(), start, args[0], says.Finish("length"), tools=CUSTOM)
    assert whole["tool_calls"][0]["custom"] == {"input": '{"input":'}


def test_a_client_of_old() -> None:
    """Who asked with `functions` is told of the first call as it knows it."""
    first: list[says.Event] = [says.ToolStart(0, "a", "f"), says.ToolArgs(0, "{}")]
    calls = [*first, says.ToolStart(1, "b", "g"), says.ToolArgs(1, "{}")]
    told = chunks(says.Start(), *calls, says.Finish("tool_calls"), functions=[{"name": "f"}])
    said = [chunk["choices"][0] for chunk in told[1:]]
    assert [choice["delta"] for choice in said] == [
        {"function_call": {"name": "f", "arguments": ""}},
        {"function_call": {"arguments": "{}"}},
        {},
    ]
    assert said[-1]["finish_reason"] == "function_call"


def test_who_waits_first() -> None:
    """Behind a sign of life the answer keeps the name that this one had."""
    writer = openai.writer(stamp())
    said = [writer.idle(), writer.send(says.Start("c", "m", 5)), writer.send(says.Text("hi"))]
    assert all(line.startswith(b'data: {"id":"xr-1",') for one in said for line in one.split(b"\n\n") if line)


def test_an_error() -> None:
    """It is the last that is heard: no [DONE] follows."""
    assert openai.writer(stamp()).fail(Broken("cut")).startswith(b'data: {"error":{"message":"cut"')


def message(*parts: Any, finish: str = "stop", **members: Any) -> Any:
    """The first choice of a whole answer."""
    written = openai.write_reply(Reply("c", "m", 5, (Answer(parts, finish),), Usage(9, 2)), stamp(**members))
    return json.loads(written)["choices"][0]


WHOLE: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "nothing": ((), {"content": ""}),
    "words": ((Text("a"), Text("b")), {"content": "ab"}),
    "a refusal": ((Refusal("no"),), {"refusal": "no"}),
    "thoughts": ((Reasoning("hm"), Text("a")), {"content": "a", "reasoning_content": "hm"}),
    "a picture": (
        (Image("data:x"),),
        {"content": "", "images": [{"type": "image_url", "image_url": {"url": "data:x"}}]},
    ),
    "words that Gemini signed": ((Text("a", seal=Seal("gemini", "c2ln")),), {"content": "a", "extra_content": GOOGLE}),
    "a call that Gemini signed": (
        (ToolCall("a", "f", "{}", seal=Seal("gemini", "c2ln")),),
        {
            "tool_calls": [
                {
                    "id": "a",
                    "type": "function",
                    "function": {"name": "f", "arguments": "{}"},
                    "extra_content": GOOGLE,
                }
            ]
        },
    ),
    "a custom call": (
        (ToolCall("a", "patch", "any", custom=True),),
        {"tool_calls": [{"id": "a", "type": "custom", "custom": {"name": "patch", "input": "any"}}]},
    ),
}


@pytest.mark.parametrize(("parts", "written"), WHOLE.values(), ids=WHOLE)
def test_whole_answers(parts: tuple[Any, ...], written: dict[str, Any]) -> None:
    """Each kind of part has its place in the message."""
    assert message(*parts)["message"] == {"role": "assistant", "content": None, "refusal": None, **written}


def test_whole_answers_for_clients_with_forms_of_their_own() -> None:
    """Custom tools get their text, clients of old their one call."""
    packed = message(ToolCall("a", "patch", '{"input":"any"}'), finish="tool_calls", tools=CUSTOM)
    assert packed["message"]["tool_calls"][0]["custom"] == {"name": "patch", "input": "any"}
    legacy = message(ToolCall("a", "f", "{}"), finish="tool_calls", functions=[{"name": "f"}])
    assert legacy["message"]["function_call"] == {"name": "f", "arguments": "{}"}
    assert "tool_calls" not in legacy["message"]
    assert legacy["finish_reason"] == "function_call"


def test_odd_tools_do_not_keep_an_answer_from_being_written() -> None:
    """What cannot be read of the client's tools was the provider's to judge."""
    assert message(ToolCall("a", "f", "{}"), tools=[{"type": "custom", "custom": 7}])["message"]["tool_calls"]


words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9)
seals = st.builds(Seal, st.sampled_from(["anthropic", "gemini"]), words)
called = st.builds(
    lambda name, text, seal: ToolCall("", name, text or "{}", seal=seal),
    st.from_regex(r"[a-z]{1,9}", fullmatch=True),
    words,
    st.none() | st.builds(Seal, st.just("gemini"), words),
)


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    """Answers with all that this format has a place for."""
    answers = []
    for _ in range(draw(st.integers(1, 2))):
        thought = draw(st.lists(st.builds(Reasoning, words, st.none() | seals.filter(_is_signature)), max_size=1))
        text = [Text(one) for one in draw(st.lists(words, max_size=1))]
        refusal = [Refusal(one) for one in draw(st.lists(words, max_size=1))]
        pictures = [Image(f"data:{one}") for one in draw(st.lists(words, max_size=1))]
        made = draw(st.lists(called, max_size=2))
        calls = [ToolCall(f"c{at}", call.name, call.arguments, seal=call.seal) for at, call in enumerate(made)]
        finish = "tool_calls" if calls else draw(st.sampled_from(["stop", "length", "content_filter"]))
        answers.append(Answer((*thought, *text, *refusal, *pictures, *calls), finish))
    return Reply("c", "m", 5, tuple(answers), Usage(9, 2, cached=1, cache_write=1, reasoning=1))


def _is_signature(seal: Seal) -> bool:
    return seal.dialect == "anthropic"


@given(replies())
def test_what_is_written_whole_is_read_as_it_was(reply: Reply) -> None:
    """Reading undoes writing."""
    assert openai.read_reply(openai.write_reply(reply, stamp())) == reply


@given(replies(), st.integers(1, 99))
def test_what_is_written_in_a_stream_is_read_as_it_was(reply: Reply, size: int) -> None:
    """So it does in a stream, wherever that is cut."""
    writer = openai.writer(stamp(stream_options={"include_usage": True}))
    written = b"".join(writer.send(event) for event in unfold(reply))
    reader = openai.reader()
    events = [event for at in range(0, len(written), size) for event in reader.feed(written[at : at + size])]
    assert fold([*events, *reader.close()]) == reply
