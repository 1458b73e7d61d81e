"""cache/thoughts.py: what clients drop is put back before the calls that it belongs to."""

from __future__ import annotations

import pytest

from xrouter.cache.memory import MemoryStore
from xrouter.cache.thoughts import Thoughts
from xrouter.chat.request import Part, Reasoning, Seal, Text, ToolCall, ToolResult, Turn

SIGNED = Reasoning("Rain needs a look.", Seal("anthropic", "sig=="))
HIDDEN = Reasoning("", Seal("anthropic", "data"), redacted=True)
CALL = ToolCall("toolu_01-a", "weather", "{}")
SEALED = ToolCall("call_7", "weather", "{}", seal=Seal("gemini", "c2ln"))
ASK = Turn("user", (Text("Rain?"),))


def answered(*parts: Part) -> tuple[Turn, ...]:
    """A conversation in which these parts are the model's turn."""
    return (ASK, Turn("assistant", parts))


async def remembered(*parts: Part) -> Thoughts:
    """A memory that has seen an answer of these parts."""
    thoughts = Thoughts(MemoryStore())
    await thoughts.keep("me", parts)
    return thoughts


@pytest.mark.parametrize("sent", [CALL, ToolCall("toolu01a", "weather", "{}")])
async def test_thought_is_put_back(sent: ToolCall) -> None:
    """A client that drops the thought, and strips the call's id, gets both back in their places."""
    thoughts = await remembered(SIGNED, HIDDEN, Text("I look."), CALL)
    result = Turn("tool", (ToolResult(sent.id, (Text("yes"),)),))
    turns = (*answered(Text("I look."), sent), result)
    assert await thoughts.recall("me", turns, "anthropic") == (
        *answered(Text("I look."), SIGNED, HIDDEN, CALL),
        Turn("tool", (ToolResult(CALL.id, (Text("yes"),)),)),
    )


async def test_seal_of_a_call_is_put_back() -> None:
    """Gemini's signature belongs to the call itself."""
    thoughts = await remembered(SEALED)
    bare = ToolCall(SEALED.id, SEALED.name, SEALED.arguments)
    assert await thoughts.recall("me", answered(bare), "gemini") == answered(SEALED)


async def test_seal_of_a_call_beside_thoughts() -> None:
    """A client that sends sealed thoughts back, but has no place for the call's own seal, gets that one alone back."""
    thought = Reasoning("", Seal("gemini", "b3RoZXI="))
    thoughts = await remembered(Reasoning("Hm."), SEALED, thought)
    bare = ToolCall(SEALED.id, SEALED.name, SEALED.arguments)
    turns = await thoughts.recall("me", answered(Reasoning("Hm."), bare, thought), "gemini")
    assert turns == answered(Reasoning("Hm."), SEALED, thought)


async def test_each_call_has_its_own_thoughts() -> None:
    """Of several calls in one answer each gets back what was thought before it."""
    other = ToolCall("toolu_02", "weather", "{}")
    thoughts = await remembered(SIGNED, CALL, HIDDEN, other)
    assert await thoughts.recall("me", answered(CALL, other), "anthropic") == answered(SIGNED, CALL, HIDDEN, other)


@pytest.mark.parametrize(
    ("owner", "dialect", "sent"),
    [
        ("another", "anthropic", (CALL,)),
        ("me", "gemini", (CALL,)),
        ("me", "anthropic", (SIGNED, CALL)),
        ("me", "anthropic", (ToolCall("unknown", "weather", "{}"),)),
        ("me", "anthropic", (Text("no call"),)),
    ],
)
async def test_nothing_is_put_back(owner: str, dialect: str, sent: tuple[Part, ...]) -> None:
    """Another key's thoughts, another dialect's, and what the client sends itself are left as they are."""
    thoughts = await remembered(SIGNED, CALL)
    assert await thoughts.recall(owner, answered(*sent), dialect) == answered(*sent)


async def test_words_without_a_seal_give_way() -> None:
    """The client's copy of the thought lacks the signature: the signed one stands in its place."""
    thoughts = await remembered(SIGNED, CALL)
    turns = await thoughts.recall("me", answered(Reasoning(SIGNED.text), CALL), "anthropic")
    assert turns == answered(SIGNED, CALL)


async def test_unsealed_thoughts_are_not_kept() -> None:
    """What nobody demands back is not remembered."""
    store = MemoryStore()
    await Thoughts(store).keep("me", (Reasoning("Hm."), CALL))
    thoughts = Thoughts(store)
    assert await thoughts.recall("me", answered(CALL), "anthropic") == answered(CALL)
