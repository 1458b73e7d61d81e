"""dialects/anthropic: how much to think."""

from __future__ import annotations

import pytest

from xrouter.chat.request import Conversation, Part, Reasoning, Seal, Text, Thinking, ToolCall, ToolResult, Turn
from xrouter.dialects.anthropic.profiles import UNKNOWN, profile_of
from xrouter.dialects.anthropic.thinking import Thought, think, wish_of

HIGH = Thinking("high")
ASK = Turn("user", (Text("Hi?"),))
RESULT = Turn("tool", (ToolResult("a", (Text("1"),)),))
SIGNED = Reasoning("Hm.", Seal("anthropic", "sig"))
FOREIGN = Reasoning("Hm.", Seal("gemini", "sig"))


def calls(*before: Part) -> Turn:
    """A turn that calls a tool."""
    return Turn("assistant", (*before, ToolCall("a", "f", "{}")))


def budgeted(*turns: Turn, model: str = "claude-sonnet-4-5", wish: Thinking = HIGH, limit: int = 20_000) -> Thought:
    """What a model with budgets is told."""
    return think(Conversation("auto", turns), wish, profile_of(model), limit)


LOOPS: list[tuple[tuple[Turn, ...], bool]] = [
    ((ASK,), True),
    ((ASK, calls(SIGNED), RESULT), True),
    ((ASK, calls(), RESULT), False),
    ((ASK, calls(FOREIGN), RESULT), False),
    ((ASK, calls(), RESULT, ASK), False),
    ((ASK, calls(SIGNED), RESULT, ASK), True),
    ((ASK, calls(), RESULT, Turn("assistant", (Text("So."),)), ASK), True),
    ((ASK, Turn("assistant", (Text("So"),))), False),
]


@pytest.mark.parametrize(("turns", "is_on"), LOOPS)
def test_a_loop_without_its_thought(turns: tuple[Turn, ...], is_on: bool) -> None:  # noqa: FBT001
    """A budget is refused where the last call has lost its signed thought, or where the answer has begun already."""
    thought = budgeted(*turns)
    assert (thought.is_on, thought.dropped) == (is_on, () if is_on else ("reasoning_effort",))


@pytest.mark.parametrize(
    ("model", "wish", "limit", "expected"),
    [
        ("claude-sonnet-4-5", HIGH, 20_000, (20_000, 16_384)),
        ("claude-sonnet-4-5", HIGH, 500, (16_884, 16_384)),
        ("claude-sonnet-4-5", HIGH, 16_384, (32_768, 16_384)),
        ("claude-opus-4-1", Thinking("max"), 20_000, (32_000, 24_576)),
        ("claude-opus-4-1", Thinking(budget=90_000), 32_000, (32_000, 30_976)),
        ("claude-sonnet-4-5", Thinking(budget=1), 5_000, (5_000, 1_024)),
    ],
)
def test_room_for_the_answer(model: str, wish: Thinking, limit: int, expected: tuple[int, int]) -> None:
    """The limit grows where the budget would fill it, but never over what the model can give."""
    thought = budgeted(ASK, model=model, wish=wish, limit=limit)
    assert (thought.max_tokens, thought.members["thinking"]["budget_tokens"]) == expected


def test_wishes() -> None:
    """The target's effort counts where the client names no measure; what it says of showing thoughts stays."""
    assert wish_of(None, None) is None
    assert wish_of(HIGH, "low") is HIGH
    assert wish_of(None, "low") == Thinking("low")
    assert wish_of(Thinking(shown=False), "low") == Thinking("low", shown=False)
    assert wish_of(Thinking(shown=False), None) == Thinking(shown=False)


def test_nobody_asks() -> None:
    """Without a wish nothing is said."""
    talk = Conversation("auto", (ASK,))
    assert think(talk, None, UNKNOWN, 9) == think(talk, Thinking(), UNKNOWN, 9) == Thought(9)
