"""chat/fold.py: events as a whole answer, and back."""

from __future__ import annotations

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
from xrouter.chat.fold import fold, unfold
from xrouter.chat.reply import Answer, Reply
from xrouter.chat.reply import Usage as Tokens
from xrouter.chat.request import Citation, Image, Opaque, Seal, ToolCall
from xrouter.chat.request import Reasoning as ReasoningPart
from xrouter.chat.request import Refusal as RefusalPart
from xrouter.chat.request import Text as TextPart
from xrouter.errors import UpstreamError

SEAL = Seal("anthropic", "sig")
CITED = Citation(url="https://example.org", title="E")

FOLDED: dict[str, tuple[list[Event], tuple[object, ...]]] = {
    "words": ([Text("a"), Text("b")], (TextPart("ab"),)),
    "no words": ([Text(""), Reasoning("")], ()),
    "a thought before them": ([Reasoning("h"), Reasoning("m"), Text("a")], (ReasoningPart("hm"), TextPart("a"))),
    "a sealed thought": ([Reasoning("hm"), Sealed(SEAL), Text("a")], (ReasoningPart("hm", SEAL), TextPart("a"))),
    "two sealed thoughts": (
        [Reasoning("a"), Sealed(SEAL), Reasoning("b"), Sealed(SEAL)],
        (ReasoningPart("a", SEAL), ReasoningPart("b", SEAL)),
    ),
    "a seal alone": ([Sealed(SEAL)], (ReasoningPart("", SEAL),)),
    "a redacted thought": (
        [Reasoning("a"), Sealed(SEAL, redacted=True)],
        (ReasoningPart("a"), ReasoningPart("", SEAL, redacted=True)),
    ),
    "sealed words": ([Text("a"), Sealed(SEAL)], (TextPart("a", seal=SEAL),)),
    "a thought without words, behind words": (
        [Text("a"), Reasoning(""), Sealed(SEAL), Text("b")],
        (TextPart("a"), ReasoningPart("", SEAL), TextPart("b")),
    ),
    "cited words": ([Text("a"), Cited(CITED), Text("b")], (TextPart("ab", citations=(CITED,)),)),
    "calls in pieces, interleaved": (
        [
            ToolStart(0, "i", "f"),
            ToolArgs(0, '{"a"'),
            ToolStart(1, "j", "g"),
            ToolArgs(1, "{}"),
            ToolArgs(0, ":1}"),
        ],
        (ToolCall("i", "f", '{"a":1}'), ToolCall("j", "g", "{}")),
    ),
    "words around a call": (
        [Text("a"), ToolStart(0, "i", "f"), ToolArgs(0, "{}"), Text("b")],
        (TextPart("a"), ToolCall("i", "f", "{}"), TextPart("b")),
    ),
    "arguments of no call": ([ToolArgs(3, "{}")], ()),
    "a picture, a refusal": ([Picture("data:x"), Refusal("n"), Refusal("o")], (Image("data:x"), RefusalPart("no"))),
    "another dialect's block": ([Other(Opaque("anthropic", "x", b"{}"))], (Opaque("anthropic", "x", b"{}"),)),
}


@pytest.mark.parametrize(("events", "parts"), FOLDED.values(), ids=FOLDED)
def test_parts(events: list[Event], parts: tuple[object, ...]) -> None:
    """Pieces are joined, and what is of another kind begins a new part."""
    assert fold([*events, End()]).answers[0].parts == parts


def test_head_and_foot() -> None:
    """Who answered, why it ended, and what it used; of several usages the last counts."""
    events: list[Event] = [Start("i", "m", 7), Usage(Tokens(1, 1)), Finish("length"), Usage(Tokens(2, 3)), End()]
    assert fold(events) == Reply("i", "m", 7, (Answer(finish="length"),), Tokens(2, 3))


def test_several_answers() -> None:
    """Each choice is an answer of its own, in their order, also one that said nothing."""
    events: list[Event] = [Text("b", choice=2), Text("a"), Finish("stop"), Finish("length", choice=2), End()]
    assert [(answer.parts, answer.finish) for answer in fold(events).answers] == [
        ((TextPart("a"),), "stop"),
        ((), "stop"),
        ((TextPart("b"),), "length"),
    ]


def test_logprobs_are_joined() -> None:
    """The lists of all pieces are one list."""
    assert fold([Logprobs(b'[{"token":"a"}]'), Logprobs(b'[{"token":"b"}]'), End()]).answers[0].logprobs == (
        b'[{"token":"a"},{"token":"b"}]'
    )


def test_fault_is_raised() -> None:
    """An answer that failed is no answer."""
    with pytest.raises(UpstreamError, match="busy") as caught:
        fold([Text("a"), Fault("busy", status=529, kind="overloaded_error")])
    assert (caught.value.status, caught.value.kind) == (529, "overloaded_error")


words = st.text(min_size=1, max_size=4)
seals = st.none() | st.builds(Seal, st.sampled_from(["anthropic", "gemini"]), words)
any_part = st.one_of(
    st.builds(TextPart, words, citations=st.sampled_from([(), (CITED,)])),
    st.builds(ReasoningPart, words, st.builds(Seal, st.just("anthropic"), words)),
    st.builds(ReasoningPart, st.just(""), st.builds(Seal, st.just("anthropic"), words), st.just(value=True)),
    st.builds(RefusalPart, words),
    st.builds(ToolCall, words, words, words, st.booleans(), seals),
    st.builds(Image, words),
    st.builds(Opaque, words, words, st.just(b"{}")),
)
answers = st.builds(
    Answer,
    st.lists(any_part, max_size=6).map(tuple),
    st.sampled_from(["stop", "length", "tool_calls", "content_filter"]),
    st.none() | words,
    st.none() | st.just(b'[{"token":"a"}]'),
)
usages = st.none() | st.builds(Tokens, st.integers(0, 9), st.integers(0, 9))
replies = st.builds(
    Reply, words, words, st.integers(0, 9), st.lists(answers, min_size=1, max_size=3).map(tuple), usages
)


@given(replies)
def test_back_and_forth(reply: Reply) -> None:
    """A folded answer unfolds into events that fold into the same."""
    folded = fold(unfold(reply))
    assert fold(unfold(folded)) == folded
    assert (folded.id, folded.model, folded.usage) == (reply.id, reply.model, reply.usage)
    said = ["".join(p.text for p in a.parts if isinstance(p, TextPart)) for a in reply.answers]
    assert said == ["".join(p.text for p in a.parts if isinstance(p, TextPart)) for a in folded.answers]
