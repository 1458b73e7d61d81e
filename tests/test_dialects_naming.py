"""dialects/naming.py: names that providers take, and names of what they are not sent."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.chat.request import Opaque, Reasoning, Seal, Text, Tool, ToolCall, Turn
from xrouter.dialects.naming import fit_names, foreign_tools, label, lost_thoughts


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), unique=True))
def test_names_that_fit(names: list[str]) -> None:
    """Those that fit stay; the others become names that do, each its own."""
    fitted = fit_names([Tool(name) for name in names])
    written = [fitted.get(name, name) for name in names]
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) for name in written)
    assert all(name not in fitted for name in names if re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name))
    assert len(set(written)) == len(names)


def test_tools_that_were_called() -> None:
    """A tool that is on offer no more is still named in the history."""
    called = Turn("assistant", (ToolCall("a", "old.tool", "{}"),))
    assert fit_names([], [called]).keys() == {"old.tool"}


@pytest.mark.parametrize(
    ("block", "lead", "name"),
    [
        (Opaque("x", "web", b'{"name":"search"}'), "tools", "tools[name=search]"),
        (Opaque("x", "web", b"{}"), "tools", "tools[type=web]"),
        (Opaque("x", "web", b"1e400"), "", "web"),
    ],
)
def test_labels(block: Opaque, lead: str, name: str) -> None:
    """A block is called by its place and its name, else by its kind."""
    assert label(block, lead) == name


def test_what_is_lost() -> None:
    """Tools and thoughts of other dialects, each kind once."""
    thoughts = (
        Reasoning("hm"),
        Reasoning("", Seal("gemini", "s"), redacted=True),
        Reasoning("", Seal("openai", "s")),
        Text("x"),
    )
    assert lost_thoughts([Turn("assistant", thoughts)] * 2, "openai") == ["reasoning.text", "reasoning.data"]
    assert foreign_tools([Tool("f"), Opaque("openai", "a", b"{}"), Opaque("x", "b", b"{}")], "openai") == [
        "tools[type=b]"
    ]
