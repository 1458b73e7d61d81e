"""What providers answer otherwise than OpenAI, peculiarity by peculiarity."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.dialects.openai.course import Course
from xrouter.dialects.openai.quirks import QUIRKS
from xrouter.providers.catalog import rows

STAMP = {"id": "c1", "object": "chat.completion", "created": 5, "model": "m"}
CHUNK = {**STAMP, "object": "chat.completion.chunk"}


def whole(message: Any, reason: Any = "stop", **more: Any) -> dict[str, Any]:
    """An answer in one piece."""
    return {**STAMP, "choices": [{"index": 0, "message": message, "finish_reason": reason}], **more}


def chunk(delta: Any, reason: Any = None, **more: Any) -> dict[str, Any]:
    """One chunk of an answer."""
    return {**CHUNK, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}], **more}


def said(text: Any, **more: Any) -> dict[str, Any]:
    """A message."""
    return {"role": "assistant", "content": text, **more}


def call(**members: Any) -> dict[str, Any]:
    """What calls a tool."""
    return {"tool_calls": [members]}


def mended(name: str, *answers: dict[str, Any], in_one: bool) -> list[dict[str, Any]]:
    """What becomes of answers that follow each other; the function tells whether it changed one."""
    course = Course(whole=in_one)
    results = []
    for answer in copy.deepcopy(answers):
        before = copy.deepcopy(answer)
        changed = QUIRKS[name](answer, course)
        assert changed or answer == before
        results.append(answer)
    return results


F = {"name": "f", "arguments": "{}"}
THOUGHT = {"type": "thinking", "thinking": [{"type": "text", "text": "h"}, {"type": "text", "text": "m"}]}
SOURCES = {
    "citations": ["https://a.example", "https://b.example"],
    "search_results": [{"url": "https://a.example", "title": "A"}],
}
PLAIN = whole(said("a"))


def cited(url: str, title: str, start: int, end: int) -> dict[str, Any]:
    """An annotation."""
    place = {"url": url, "title": title, "start_index": start, "end_index": end}
    return {"type": "url_citation", "url_citation": place}


WHOLES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "tier": ("service_tier", {**PLAIN, "service_tier": "on_demand"}, {**PLAIN, "service_tier": "default"}),
    "an official tier": ("service_tier", {**PLAIN, "service_tier": "flex"}, {**PLAIN, "service_tier": "flex"}),
    "no tier": ("service_tier", {**PLAIN, "service_tier": None}, {**PLAIN, "service_tier": None}),
    "thoughts": ("reasoning", whole(said("a", reasoning="t")), whole(said("a", reasoning_content="t"))),
    "no thoughts": ("reasoning", whole(said("a", reasoning=None)), whole(said("a", reasoning=None))),
    "parts": (
        "content_parts",
        whole(said([THOUGHT, {"type": "text", "text": "a"}, {"type": "reference", "reference_ids": [1]}])),
        whole(said("a", reasoning_content="hm")),
    ),
    "a thought as a text": (
        "content_parts",
        whole(said([{"type": "thinking", "thinking": "hm"}])),
        whole(said(None, reasoning_content="hm")),
    ),
    "a call without type": (
        "loose_tool_calls",
        whole(said("", **call(id="a", function=F, index=0))),
        whole(said("", **call(id="a", function=F, index=0, type="function"))),
    ),
    "a call without id": (
        "loose_tool_calls",
        whole(said("", **call(id="null", type="function", function={"name": "f", "arguments": {"a": 1}}))),
        whole(said("", **call(id="c1_0", type="function", function={"name": "f", "arguments": '{"a":1}'}))),
    ),
    "an official call": (
        "loose_tool_calls",
        whole(said(None, **call(id="a", type="function", function=F))),
        whole(said(None, **call(id="a", type="function", function=F))),
    ),
    "cached tokens": (
        "cached_tokens",
        {**PLAIN, "usage": {"prompt_tokens": 3, "cached_tokens": 2}},
        {
            **PLAIN,
            "usage": {"prompt_tokens": 3, "cached_tokens": 2, "prompt_tokens_details": {"cached_tokens": 2}},
        },
    ),
    "end of sequence": ("finish_reasons", whole(said("a"), "eos"), PLAIN),
    "too long": ("finish_reasons", whole(said("a"), "model_length"), whole(said("a"), "length")),
    "no reason": ("finish_reasons", whole(said("a"), None), PLAIN),
    "no reason, but calls": (
        "finish_reasons",
        whole(said(None, **call(id="a")), None),
        whole(said(None, **call(id="a")), "tool_calls"),
    ),
    "an error": (
        "finish_reasons",
        whole(said("a"), "error"),
        {
            "error": {
                "message": "the provider stopped with an error",
                "type": "api_error",
                "param": None,
                "code": None,
            }
        },
    ),
    "an error that is hidden": (
        "hidden_errors",
        {**PLAIN, "x_groq": {"error": "over capacity"}},
        {"error": {"message": "over capacity", "type": "api_error", "param": None, "code": None}},
    ),
    "no message": (
        "missing_members",
        {**STAMP, "choices": [{"finish_reason": "content_filter", "index": 0, "more": {"hate": 1}}]},
        {
            **STAMP,
            "choices": [{"finish_reason": "content_filter", "index": 0, "more": {"hate": 1}, "message": said(None)}],
        },
    ),
    "hardly anything": (
        "missing_members",
        {"choices": [{"message": {"content": "a"}}]},
        {**STAMP, "id": "", "created": 0, "model": "", "choices": [{"message": said("a"), "index": 0}]},
    ),
    "sources with markers": (
        "sources",
        whole(said("Paris[2], é[1][9]"), **SOURCES),
        whole(
            said(
                "Paris[2], é[1][9]",
                annotations=[
                    cited("https://b.example", "https://b.example", 5, 8),
                    cited("https://a.example", "A", 11, 14),
                ],
            ),
            **SOURCES,
        ),
    ),
    "sources without markers": (
        "sources",
        whole(said("abc"), citations=["https://a.example"]),
        whole(
            said("abc", annotations=[cited("https://a.example", "https://a.example", 0, 3)]),
            citations=["https://a.example"],
        ),
    ),
    "usage of a whole answer": (
        "usage_in_chunks",
        {**PLAIN, "usage": {"prompt_tokens": 3}},
        {**PLAIN, "usage": {"prompt_tokens": 3}},
    ),
}


@pytest.mark.parametrize(("name", "given", "expected"), WHOLES.values(), ids=WHOLES)
def test_whole(name: str, given: dict[str, Any], expected: dict[str, Any]) -> None:
    """A whole answer has the official shape afterwards, and nothing else has changed."""
    assert [expected] == mended(name, given, in_one=True)


STREAMS: dict[str, tuple[str, list[dict[str, Any]], list[dict[str, Any]]]] = {
    "thoughts": ("reasoning", [chunk({"reasoning": "t"})], [chunk({"reasoning_content": "t"})]),
    "parts": (
        "content_parts",
        [chunk({"content": [THOUGHT]}), chunk({"content": [{"type": "text", "text": "a"}]}), chunk({"content": "b"})],
        [chunk({"reasoning_content": "hm"}), chunk({"content": "a"}), chunk({"content": "b"})],
    ),
    "calls without index and type": (
        "loose_tool_calls",
        [
            chunk(call(id="a", function={"name": "f", "arguments": '{"x"'})),
            chunk(call(function={"name": "", "arguments": ":1}"})),
            chunk(call(id="b", function=F)),
        ],
        [
            chunk(call(id="a", function={"name": "f", "arguments": '{"x"'}, type="function", index=0)),
            chunk(call(function={"arguments": ":1}"}, index=0)),
            chunk(call(id="b", function=F, type="function", index=1)),
        ],
    ),
    "calls that share an index": (
        "loose_tool_calls",
        [chunk({"tool_calls": [{"id": one, "index": 0, "type": "function", "function": F} for one in "ab"]})],
        [
            chunk(
                {
                    "tool_calls": [
                        {"id": "a", "index": 0, "type": "function", "function": F},
                        {"id": "b", "index": 1, "type": "function", "function": F},
                    ]
                }
            )
        ],
    ),
    "a later piece without an id": (
        "loose_tool_calls",
        [chunk(call(index=0, id="a", type="function", function=F)), chunk(call(index=0, id="null", function={}))],
        [chunk(call(index=0, id="a", type="function", function=F)), chunk(call(index=0, function={}))],
    ),
    "a call that never has an id": (
        "loose_tool_calls",
        [chunk(call(index=2, function=F)), chunk(call(index=2, function={"arguments": ""}))],
        [
            chunk(call(index=2, function=F, id="c1_2", type="function")),
            chunk(call(index=2, function={"arguments": ""})),
        ],
    ),
    "an empty reason": ("finish_reasons", [chunk({}, ""), chunk({}, "eos")], [chunk({}), chunk({}, "stop")]),
    "missing members": (
        "missing_members",
        [
            {"id": "", "object": "", "created": 0, "model": "", "choices": []},
            {**CHUNK, "choices": [{"index": 0, "finish_reason": None}]},
            {"id": "", "object": "chat.completion.done", "choices": [{"delta": {}, "finish_reason": "stop"}]},
        ],
        [
            {"id": "", "object": "chat.completion.chunk", "created": 0, "model": "", "choices": []},
            {**CHUNK, "choices": [{"index": 0, "finish_reason": None, "delta": {}}]},
            {**CHUNK, "choices": [{"delta": {}, "finish_reason": "stop", "index": 0}]},
        ],
    ),
    "a chunk that says nothing": (
        "empty_chunks",
        [{**CHUNK, "choices": [], "filters": [1], "fp": "x"}, chunk({}, fp="y"), chunk({})],
        [{}, chunk({}, fp="y", filters=[1]), chunk({})],
    ),
    "all that was said so far": (
        "repeated_message",
        [{**CHUNK, "choices": [{"index": 0, "delta": {"content": "b"}, "message": said("ab")}]}],
        [{**CHUNK, "choices": [{"index": 0, "delta": {"content": "b"}}]}],
    ),
    "sources": (
        "sources",
        [
            chunk({"content": "a[1]"}, citations=["https://a.example"]),
            {
                **CHUNK,
                "choices": [{"index": 0, "delta": {}, "message": said("a[1]"), "finish_reason": "stop"}],
                **SOURCES,
            },
        ],
        [
            chunk({"content": "a[1]"}, citations=["https://a.example"]),
            {
                **CHUNK,
                "choices": [
                    {
                        "index": 0,
                        "delta": {"annotations": [cited("https://a.example", "A", 1, 4)]},
                        "message": said("a[1]"),
                        "finish_reason": "stop",
                    }
                ],
                **SOURCES,
            },
        ],
    ),
}


@pytest.mark.parametrize(("name", "given", "expected"), STREAMS.values(), ids=STREAMS)
def test_chunks(name: str, given: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    """The chunks of a stream have the official shape afterwards, and nothing else has changed."""
    assert expected == mended(name, *given, in_one=False)


USED = {"prompt_tokens": 3, "completion_tokens": 1}
LATER = {"prompt_tokens": 3, "completion_tokens": 2}
USAGES: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], Any]] = {
    "in the last chunk": ([chunk({}, "stop", usage=USED)], [chunk({}, "stop")], USED),
    "in every chunk": ([chunk({}, usage=USED), chunk({}, usage=LATER)], [chunk({}), chunk({})], LATER),
    "under x_groq": (
        [chunk({}, "stop", x_groq={"id": "r", "usage": USED})],
        [chunk({}, "stop", x_groq={"id": "r"})],
        USED,
    ),
    "twice, and in its own chunk": (
        [chunk({}, "stop", usage=USED, x_groq={"usage": USED}), {**CHUNK, "choices": [], "usage": USED}],
        [chunk({}, "stop", x_groq={}), {**CHUNK, "choices": [], "usage": USED}],
        None,
    ),
    "none": ([chunk({}, "stop", usage=None)], [chunk({}, "stop", usage=None)], None),
}


@pytest.mark.parametrize(("given", "expected", "usage"), USAGES.values(), ids=USAGES)
def test_usage(given: list[dict[str, Any]], expected: list[dict[str, Any]], usage: Any) -> None:
    """Usage leaves the chunks that say something, and is told once, in a chunk of its own."""
    course = Course(whole=False)
    answers = copy.deepcopy(given)
    for answer in answers:
        QUIRKS["missing_members"](answer, course)
        QUIRKS["usage_in_chunks"](answer, course)
    assert expected == answers
    assert course.usage_chunk() == (None if usage is None else {**CHUNK, "choices": [], "usage": usage})
    assert course.usage_chunk() is None


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
MEMBERS = ("index", "finish_reason", "message", "delta", "content", "tool_calls", "reasoning", "role", "id", "function")
CHOICE = st.dictionaries(
    st.sampled_from(MEMBERS),
    ODD | st.dictionaries(st.sampled_from(MEMBERS), ODD | st.lists(st.dictionaries(st.sampled_from(MEMBERS), ODD))),
)
ANSWER = st.dictionaries(
    st.sampled_from(["id", "object", "created", "model", "choices", "usage", "x_groq", "service_tier", "citations"]),
    ODD | st.lists(CHOICE, max_size=2),
)


@given(answers=st.lists(ANSWER, max_size=3), in_one=st.booleans())
def test_odd_answers(answers: list[dict[str, Any]], *, in_one: bool) -> None:
    """Whatever stands in the place of something, mending it never raises."""
    course = Course(whole=in_one)
    for answer in answers:
        for mend in QUIRKS.values():
            mend(answer, course)


@given(text=st.text(max_size=9), reason=st.sampled_from(["stop", "length"]), in_one=st.booleans())
def test_official_answers_stay(text: str, reason: str, *, in_one: bool) -> None:
    """An answer in the official shape is left alone by all of them."""
    answer = whole(said(text), reason) if in_one else chunk({"content": text}, reason)
    course = Course(whole=in_one)
    assert not any(mend(answer, course) for mend in QUIRKS.values())


def test_catalogue() -> None:
    """Each peculiarity of answers belongs to a provider."""
    assert set(QUIRKS) <= {name for row in rows().values() for name in row.quirks}
