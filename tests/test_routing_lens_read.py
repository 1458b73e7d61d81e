"""From conversations to asks."""

from __future__ import annotations

import pytest

from xrouter.chat.request import File, Image, Part, Role, Text, ToolCall, ToolResult, Turn
from xrouter.routing.lens import read
from xrouter.routing.lens.ask import Ask, excerpt
from xrouter.routing.lens.read import MOST_TEXT

BOOKKEEPING = "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>\nActive exec sessions: none\n<<<END_OPENCLAW_INTERNAL_CONTEXT>>>"
RUNTIME = "\n\nRuntime: agent=main | session=agent:main:main | sessionId=1 | host=vm | model=xrouter/auto"
DATE = "[Mon 2026-11-23 14:01 UTC] "
QUEUED = "[Queued user message from a previous active turn; preserved as context only. Continue below.]\n"
RESUME = "\n\nContinue the current task from the existing transcript, preserving completed work."
HEARTBEAT = "Follow the heartbeat monitor scratch context when provided. If nothing needs attention, reply NO_REPLY."
ASK = "Why does the build fail?"


def _turn(role: Role, *parts: Part | str) -> Turn:
    return Turn(role, tuple(Text(part) if isinstance(part, str) else part for part in parts))


def read_ask(turns: tuple[Turn, ...], *, offers_tools: bool = False) -> Ask:
    """What these turns ask for."""
    return read.read_ask(turns, offers_tools=offers_tools)


def _talk(*turns: Turn) -> tuple[Turn, ...]:
    return (_turn("system", "You are an agent. " * 2000), *turns)


def user(*parts: Part | str) -> Turn:
    """What a user message holds."""
    return _turn("user", *parts)


def assistant(*parts: Part | str) -> Turn:
    """What the model said."""
    return _turn("assistant", *parts)


LOOP = (assistant(ToolCall("c1", "exec", '{"command":"make"}')), _turn("tool", ToolResult("c1", (Text("Error 1"),))))


@pytest.mark.parametrize(
    "said",
    [
        ASK,
        f"  {ASK}\n",
        f"{DATE}{ASK}",
        f"[Fri 2026-11-06 09:07 GMT+1] {ASK}{RUNTIME}",
        f"{DATE}{QUEUED}{ASK}{RESUME}{RUNTIME}",
        f"{QUEUED}{DATE}{ASK}{RESUME}",
        f"{ASK}\n\n{BOOKKEEPING}",
        f"{BOOKKEEPING}\n\n{ASK}",
    ],
)
def test_what_clients_wrap_around_an_ask_is_peeled_off(said: str) -> None:
    """Date, Runtime line, retry wrapper and bookkeeping are not the ask."""
    ask = read_ask(_talk(user(said), user(BOOKKEEPING)))
    assert (ask.text, ask.kind) == (ASK, "fresh")


@pytest.mark.parametrize(
    "said",
    [
        f"What does this mean?\n{BOOKKEEPING}\nAnd this?",
        "Explain the line\n\nRuntime: agent=main | session=x\nof this log",
        "[Mon] is a cell",
        "Why does it say [Queued user message from a previous active turn]?",
    ],
)
def test_markers_inside_a_text_are_text(said: str) -> None:
    """What a person pastes is not taken for the client's own words."""
    assert read_ask(_talk(user(said))).text == said


def test_the_last_real_user_message_is_the_ask() -> None:
    """Neither the system prompt nor earlier asks nor the model's words are judged."""
    ask = read_ask(_talk(user("Prove it."), assistant("Done."), user(ASK), user(BOOKKEEPING)))
    assert (ask.text, ask.context, ask.kind) == (ASK, "", "fresh")
    assert excerpt(ask) == ASK


def test_the_steps_of_a_turn_have_the_excerpt_of_its_first_request() -> None:
    """A tool loop is judged once: all its steps show the same."""
    first = read_ask(_talk(user(f"{DATE}{ASK}"), user(BOOKKEEPING)))
    later = read_ask(_talk(user(f"{DATE}{ASK}"), *LOOP, *LOOP, user(BOOKKEEPING)))
    assert (first.kind, later.kind) == ("fresh", "tool_step")
    assert excerpt(first) == excerpt(later)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ((ASK, Image("data:x")), f"{ASK}\n[image]"),
        ((File("document"), ASK), f"[file]\n{ASK}"),
        (("two", "parts"), "two\nparts"),
    ],
)
def test_parts(said: tuple[Part | str, ...], text: str) -> None:
    """What is not words leaves its name; several parts are one ask."""
    assert read_ask(_talk(user(*said))).text == text


@pytest.mark.parametrize("go_on", ["yes, go on", "ok do it", f"{DATE}ja, mach weiter", "继续", RESUME.strip()])
def test_a_continuation_carries_its_ask(go_on: str) -> None:
    """A "go on" is as hard as what it continues, over several of them."""
    plan = assistant("Here is my plan. Shall I go on?")
    ask = read_ask(_talk(user("Old."), assistant("Done."), user(ASK), plan, user("continue"), plan, user(go_on)))
    assert (ask.kind, ask.context, ask.judged) == ("continuation", ASK, ASK)
    assert ASK in excerpt(ask)
    assert "Old." not in excerpt(ask)


def test_nothing_to_continue() -> None:
    """A "go on" at the start is an ask itself, and so are thanks."""
    assert read_ask(_talk(user("go on"))).text == "go on"
    thanks = read_ask(_talk(user(ASK), assistant("Done."), user("thanks!")))
    assert (thanks.text, thanks.context) == ("thanks!", "")


@pytest.mark.parametrize("said", [HEARTBEAT, f"{DATE}Read HEARTBEAT.md if it exists (workspace context)."])
def test_heartbeats(said: str) -> None:
    """A heartbeat is recognised, also within its tool loop."""
    assert read_ask(_talk(user(ASK), assistant("Done."), user(said), user(BOOKKEEPING))).kind == "heartbeat"
    assert read_ask(_talk(user(said), *LOOP, user(BOOKKEEPING))).kind == "heartbeat"


def test_titles() -> None:
    """A request for a title is known by its system prompt or first message, and offers no tools."""
    prompt = _turn("system", "You are a title generator. You output ONLY a thread title.")
    wish = user("Generate a title for this conversation:\n")
    assert read_ask((prompt, wish, user(ASK))).kind == "title"
    assert read_ask((wish, user(ASK))).kind == "title"
    assert read_ask((prompt, user(ASK)), offers_tools=True).kind == "fresh"
    assert read_ask((user(ASK), wish)).kind == "fresh"


@pytest.mark.parametrize("turns", [(), (_turn("system", "Be kind."),), (user(),), (user("  "),), (user(BOOKKEEPING),)])
def test_no_ask(turns: tuple[Turn, ...]) -> None:
    """Where no user said anything, the ask is empty."""
    assert read_ask(turns).text == ""


def test_long_asks_are_bounded() -> None:
    """However much is pasted, the excerpt is small and holds what is asked."""
    long = f"{ASK}\n\n" + "2026-11-23 ERROR request_id=1 failed\n" * 100_000
    fresh = read_ask(_talk(user(long)))
    going = read_ask(_talk(user(long), assistant("Shall I?"), user("yes")))
    for ask in (fresh, going):
        assert ASK in excerpt(ask)
        assert len(excerpt(ask)) < MOST_TEXT + 150
