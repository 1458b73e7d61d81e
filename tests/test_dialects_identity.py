"""What a dialect can say, it reads back as it was: whole answers, and streams in any pieces."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.chat.fold import fold, unfold
from xrouter.chat.reply import Answer, Reply, Usage
from xrouter.chat.request import Reasoning, Seal, Text, ToolCall
from xrouter.dialects.base import Dialect, Stamp, speak

ASKED = {
    "openai": b'{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}}',
    "anthropic": b'{"model":"m","max_tokens":9,"messages":[],"stream":true}',
    "responses": b'{"model":"m","input":"x","stream":true,"include":["reasoning.encrypted_content"]}',
}
words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(
    lambda text: text.strip()
)
names = st.from_regex(r"[a-z][a-z0-9_]{0,11}", fullmatch=True)
arguments = st.dictionaries(names, st.none() | st.booleans() | st.integers(-99, 99) | words, max_size=3)
calls = st.builds(
    lambda number, name, value: ToolCall(f"call_{number}", name, json.dumps(value, separators=(",", ":"))),
    st.integers(0, 10**6),
    names,
    arguments,
)
thoughts = st.builds(lambda text, seal: Reasoning(text, Seal("anthropic", seal)), words, names)
usages = st.builds(
    lambda prompt, completion, cached: Usage(prompt + cached, completion, cached), *[st.integers(0, 99)] * 3
)


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    """An answer that all three can say: a signed thought or none, words, calls, in this order."""
    thought = draw(st.lists(thoughts, max_size=1))
    said = [Text(text) for text in draw(st.lists(words, max_size=1))]
    made = draw(st.lists(calls, max_size=3, unique_by=lambda call: call.id))
    finish = "tool_calls" if made else draw(st.sampled_from(["stop", "length"]))
    return Reply("id_1", "m", 7, (Answer((*thought, *said, *made), finish),), draw(usages))


def told(reply: Reply, *, seals: bool) -> Any:
    """What a client would notice of an answer; each dialect has its own way with ids, times and others' seals."""
    (answer,) = reply.answers
    return [_told(part, seals=seals) for part in answer.parts], answer.finish, reply.usage, reply.model


def _told(part: Any, *, seals: bool) -> Any:
    if isinstance(part, ToolCall):
        return part.id, part.name, json.loads(part.arguments)
    return type(part), part.text, part.seal if seals else None


@pytest.mark.parametrize("name", ASKED)
@given(reply=replies())
def test_whole_answers(name: str, reply: Reply) -> None:
    """A whole answer that is written says the same when it is read."""
    dialect: Dialect = speak(name)
    stamp = Stamp("id_1", "m", 7, dialect.read_envelope(ASKED[name]))
    read = dialect.read_reply(dialect.write_reply(reply, stamp))
    seals = name != "responses"  # which reads a thought of its own whoever made it
    assert told(read, seals=seals) == told(reply, seals=seals)


@pytest.mark.parametrize("name", ASKED)
@given(reply=replies(), size=st.integers(1, 90))
def test_streams(name: str, reply: Reply, size: int) -> None:
    """A stream that is written says the same when it is read, wherever it is cut."""
    dialect: Dialect = speak(name)
    writer = dialect.writer(Stamp("id_1", "m", 7, dialect.read_envelope(ASKED[name])))
    stream = b"".join(writer.send(event) for event in unfold(reply))
    reader = dialect.reader()
    events = [event for at in range(0, len(stream), size) for event in reader.feed(stream[at : at + size])]
    seals = name != "responses"
    assert told(fold([*events, *reader.close()]), seals=seals) == told(reply, seals=seals)
