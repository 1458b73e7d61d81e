"""The reading of Messages requests."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.chat.request import (
    Citation,
    Conversation,
    File,
    Format,
    Image,
    Opaque,
    Part,
    Reasoning,
    Seal,
    Settings,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
)
from xrouter.dialects.anthropic.envelope import read_envelope
from xrouter.dialects.anthropic.request import read_request
from xrouter.dialects.anthropic.signatures import write_signature
from xrouter.errors import BadRequest
from xrouter.wire import json

EPHEMERAL = b'{"type":"ephemeral"}'


def _read(**members: Any) -> Conversation:
    return read_request(read_envelope(json.encode({"model": "m", "messages": [], "max_tokens": 9} | members)))


def _settings(**members: Any) -> Settings:
    return msgspec.structs.replace(_read(**members).settings, max_tokens=None)


def _parts(*blocks: Any, role: str = "user") -> tuple[Part, ...]:
    return tuple(part for turn in _read(messages=[{"role": role, "content": blocks}]).turns for part in turn.parts)


BLOCKS: list[tuple[dict[str, Any], list[Part]]] = [
    ({"type": "text", "text": "a"}, [Text("a")]),
    ({"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}, [Text("a", EPHEMERAL)]),
    ({"type": "text", "text": "a", "cache_control": None, "citations": None}, [Text("a")]),
    (
        {
            "type": "text",
            "text": "a",
            "citations": [{"url": "u", "title": "t", "cited_text": "q"}, {"cited_text": "p"}],
        },
        [Text("a", citations=(Citation("u", "t", "q"), Citation(quote="p")))],
    ),
    (
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"}},
        [Image("data:image/png;base64,iVBO")],
    ),
    ({"type": "image", "source": {"type": "url", "url": "https://a.test/b"}}, [Image("https://a.test/b")]),
    ({"type": "image", "source": {"type": "file", "file_id": "file_1"}}, [File("image", id="file_1")]),
    (
        {
            "type": "document",
            "title": "T",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"},
            "cache_control": {"type": "ephemeral"},
        },
        [File("document", "application/pdf", data="JVBE", name="T", cache=EPHEMERAL)],
    ),
    (
        {"type": "document", "source": {"type": "url", "url": "https://a.test/b.pdf"}},
        [File("document", "application/pdf", url="https://a.test/b.pdf")],
    ),
    (
        {"type": "document", "context": "C", "source": {"type": "text", "media_type": "text/plain", "data": "words"}},
        [Text("C"), File("document", "text/plain", text="words")],
    ),
    (
        {
            "type": "document",
            "source": {
                "type": "content",
                "content": [
                    {"type": "text", "text": "a"},
                    {"type": "image", "source": {"type": "url", "url": "https://a.test/b"}},
                    {"type": "text", "text": "b"},
                ],
            },
        },
        [File("document", "text/plain", text="a\nb"), Image("https://a.test/b")],
    ),
    ({"type": "document", "source": {"type": "file", "file_id": "file_1"}}, [File("document", id="file_1")]),
    ({"type": "container_upload", "file_id": "file_1"}, [File("document", id="file_1")]),
    (
        {"type": "thinking", "thinking": "hm", "signature": "Eq=="},
        [Reasoning("hm", Seal("anthropic", "Eq=="))],
    ),
    ({"type": "thinking", "thinking": "hm", "signature": ""}, [Reasoning("hm")]),
    (
        {"type": "thinking", "thinking": "", "signature": write_signature(Seal("gemini", "S"))},
        [Reasoning("", Seal("gemini", "S"))],
    ),
    (
        {"type": "redacted_thinking", "data": "Eq=="},
        [Reasoning("", Seal("anthropic", "Eq=="), redacted=True)],
    ),
    ({"type": "redacted_thinking"}, []),
    (
        {"type": "tool_use", "id": "t", "name": "f", "input": {"b": 1.0, "a": [{}]}},
        [ToolCall("t", "f", '{"b":1.0,"a":[{}]}')],
    ),
    ({"type": "tool_use", "id": "t", "name": "f", "input": None}, [ToolCall("t", "f", "{}")]),
    ({"type": "tool_use", "id": "t", "name": "f"}, [ToolCall("t", "f", "{}")]),
    ({"type": "tool_result", "tool_use_id": "t"}, [ToolResult("t")]),
    (
        {"type": "tool_result", "tool_use_id": "t", "content": "bad", "is_error": True},
        [ToolResult("t", (Text("bad"),), is_error=True)],
    ),
    (
        {
            "type": "tool_result",
            "tool_use_id": "t",
            "content": [
                {"type": "text", "text": "a"},
                {"type": "image", "source": {"type": "url", "url": "https://a.test/b"}},
            ],
            "cache_control": {"type": "ephemeral"},
        },
        [ToolResult("t", (Text("a"), Image("https://a.test/b")), cache=EPHEMERAL)],
    ),
]


@pytest.mark.parametrize(("block", "parts"), BLOCKS)
def test_each_block_becomes_parts(block: dict[str, Any], parts: list[Part]) -> None:
    """What both have is read as such, with its cache mark."""
    assert _parts(block) == tuple(parts)


OPAQUE: list[tuple[dict[str, Any], str]] = [
    (
        {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "q"}},
        '[web_search] {"query":"q"}',
    ),
    (
        {
            "type": "web_search_tool_result",
            "tool_use_id": "s",
            "content": [{"type": "web_search_result", "title": "T", "url": "U", "encrypted_content": "x"}],
        },
        "T\nU",
    ),
    (
        {
            "type": "web_fetch_tool_result",
            "content": {"url": "U", "content": {"source": {"type": "text", "data": "page"}, "title": "T"}},
        },
        "U\nT\npage",
    ),
    (
        {"type": "web_fetch_tool_result", "content": {"content": {"source": {"type": "base64", "data": "JVBE"}}}},
        "",
    ),
    ({"type": "bash_code_execution_tool_result", "content": {"stdout": "1\n", "stderr": ""}}, "1\n"),
    ({"type": "compaction", "content": "what was said"}, "what was said"),
    ({"type": "search_result", "source": "S", "title": "T", "content": [{"type": "text", "text": "a"}]}, "T\nS\na"),
    ({"type": "from_the_future", "text": "a", "x": [1.0]}, ""),
]


@pytest.mark.parametrize(("block", "text"), OPAQUE)
def test_what_only_the_dialect_has_stays_as_it_came(block: dict[str, Any], text: str) -> None:
    """Its JSON is kept, and its words are at hand for who has no such blocks."""
    spaced = msgspec.json.format(json.encode(block), indent=2)
    body = b'{"messages":[{"role":"assistant","content":[{"type":"text","text":"a"},' + spaced + b"]}]}"
    (turn,) = read_request(read_envelope(body)).turns
    assert turn.parts == (Text("a"), Opaque("anthropic", block["type"], spaced, text))


def test_system_blocks_are_one_turn() -> None:
    """Each block keeps its cache mark; the block that Claude Code changes with each request is left out."""
    talk = _read(
        system=[
            {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1; cc_entrypoint=cli;"},
            {"type": "text", "text": "S1"},
            {"type": "text", "text": "S2", "cache_control": {"type": "ephemeral"}},
        ],
        messages=[{"role": "user", "content": "q"}],
    )
    assert talk.turns == (Turn("system", (Text("S1"), Text("S2", EPHEMERAL))), Turn("user", (Text("q"),)))
    assert _read(system="").turns == (Turn("system", (Text(""),)),)
    assert _read(system=None).turns == ()


def test_parallel_results_are_one_turn() -> None:
    """All results of a message, in order, then what the user says."""
    results = [{"type": "tool_result", "tool_use_id": name, "content": name} for name in ("b", "a")]
    talk = _read(messages=[{"role": "user", "content": [*results, {"type": "text", "text": "go"}]}])
    assert talk.turns == (
        Turn("tool", (ToolResult("b", (Text("b"),)), ToolResult("a", (Text("a"),)))),
        Turn("user", (Text("go"),)),
    )


SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOLS: list[tuple[dict[str, Any], Tool | Opaque]] = [
    ({"name": "f", "description": "d", "input_schema": SCHEMA}, Tool("f", "d", json.encode(SCHEMA))),
    (
        {"type": "custom", "name": "f", "strict": True, "cache_control": {"type": "ephemeral"}, "input_schema": {}},
        Tool("f", None, b"{}", strict=True, cache=EPHEMERAL),
    ),
    ({"name": "f"}, Tool("f")),
    (
        {"type": "web_search_20250305", "name": "web_search"},
        Opaque("anthropic", "web_search_20250305", b'{"type":"web_search_20250305","name":"web_search"}'),
    ),
    (
        {"type": "computer_toolset_20260801"},
        Opaque("anthropic", "computer_toolset_20260801", b'{"type":"computer_toolset_20260801"}'),
    ),
]


@pytest.mark.parametrize(("offer", "tool"), TOOLS)
def test_tools_are_read(offer: dict[str, Any], tool: Tool | Opaque) -> None:
    """Functions as such, their schema byte for byte; what the provider runs stays the dialect's own."""
    assert _read(tools=[offer]).tools == (tool,)


@pytest.mark.parametrize(
    ("kind", "name", "argument"),
    [
        ("bash_20250124", "bash", "command"),
        ("text_editor_20250728", "str_replace_based_edit_tool", "old_str"),
        ("text_editor_20250124", "str_replace_editor", "old_str"),
        ("memory_20250818", "memory", "old_path"),
        ("computer_20251124", "computer", "coordinate"),
    ],
)
def test_tools_that_clients_run_are_spelled_out(kind: str, name: str, argument: str) -> None:
    """Other models do not know them by name, so they get a description and a schema."""
    offer = {"type": kind, "name": name, "display_width_px": 800, "display_height_px": 600, "cache_control": {}}
    (tool,) = _read(tools=[offer]).tools
    assert isinstance(tool, Tool)
    assert (tool.name, tool.cache) == (name, b"{}")
    assert tool.description
    assert ("800 pixels" in tool.description) == (name == "computer")
    schema = json.decode(tool.schema or b"")
    assert schema["type"] == "object"
    assert argument in schema["properties"]


def test_tools_added_in_the_middle_are_offered() -> None:
    """A system message that defines a tool offers it; one that only names a tool adds nothing."""
    definition = {"type": "tool_definition", "definition": {"name": "g", "input_schema": {}}}
    blocks = [
        {"type": "tool_addition", "tool": definition},
        {"type": "tool_addition", "tool": {"type": "tool_reference", "name": "f"}},
        {"type": "tool_addition", "tool": 7},
    ]
    talk = _read(messages=[{"role": "system", "content": blocks}], tools=[{"name": "f"}])
    assert talk.tools == (Tool("f"), Tool("g", schema=b"{}"))


SETTINGS: list[tuple[dict[str, Any], Settings]] = [
    (
        {"temperature": 0.5, "top_p": 1, "top_k": 3, "stop_sequences": ["a", "b"]},
        Settings(temperature=0.5, top_p=1, top_k=3, stop=("a", "b")),
    ),
    ({"temperature": None, "stop_sequences": None, "thinking": None}, Settings()),
    ({"metadata": {"user_id": "u"}, "service_tier": "auto"}, Settings(user="u", service_tier="auto")),
    ({"tool_choice": {"type": "any"}}, Settings(tool_choice=ToolChoice("any"))),
    ({"tool_choice": {"type": "none"}}, Settings(tool_choice=ToolChoice("none"))),
    ({"tool_choice": {"type": "tool", "name": "f"}}, Settings(tool_choice=ToolChoice("tool", ("f",)))),
    (
        {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
        Settings(tool_choice=ToolChoice("auto"), parallel=False),
    ),
    ({"thinking": {"type": "enabled", "budget_tokens": 2048}}, Settings(thinking=Thinking(budget=2048))),
    ({"thinking": {"type": "disabled"}, "output_config": {"effort": "high"}}, Settings(thinking=Thinking("none"))),
    ({"thinking": {"type": "adaptive"}}, Settings(thinking=Thinking())),
    (
        {"thinking": {"type": "adaptive", "display": "omitted"}, "output_config": {"effort": "max"}},
        Settings(thinking=Thinking("max", shown=False)),
    ),
    ({"output_config": {"effort": "low"}}, Settings(thinking=Thinking("low"))),
    (
        {"output_config": {"format": {"type": "json_schema", "schema": {"a": 1.0}}}},
        Settings(format=Format("json_schema", name="output", schema=b'{"a":1.0}', strict=True)),
    ),
    (
        {"output_format": {"type": "json_schema", "schema": {}}},
        Settings(format=Format("json_schema", name="output", schema=b"{}", strict=True)),
    ),
    (
        {"context_management": {"edits": []}, "speed": None, "output_config": {"task_budget": 7}},
        Settings(
            extras=(
                Opaque("anthropic", "context_management", b'{"edits":[]}'),
                Opaque("anthropic", "output_config.task_budget", b"7"),
            )
        ),
    ),
]


@pytest.mark.parametrize(("members", "settings"), SETTINGS)
def test_settings_are_read(members: dict[str, Any], settings: Settings) -> None:
    """Each member finds its place; what has none is an extra of the dialect."""
    assert _settings(**members) == settings


def test_the_outside_is_kept() -> None:
    """Model, stream and the limit of the output are part of the conversation."""
    talk = _read(stream=True)
    assert (talk.model, talk.stream, talk.wants_usage, talk.settings.max_tokens) == ("m", True, True, 9)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"messages": [{"role": "user", "content": "a"}, 7]}, "messages.1"),
    ({"messages": [{"role": "tool", "content": "secret"}]}, "messages.0"),
    ({"messages": [{"role": "user", "content": {"secret": 1}}]}, "messages.0"),
    ({"messages": [{"role": "user", "content": [{"text": "secret"}]}]}, "messages.0"),
    ({"messages": [{"role": "user", "content": ["secret"]}]}, "messages.0"),
    ({"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "secret"}}]}]}, "messages.0"),
    ({"messages": [{"role": "user", "content": [{"type": "document", "source": {}}]}]}, "messages.0"),
    ({"messages": [{"role": "user", "content": [{"type": "image", "source": "secret"}]}]}, "messages.0"),
    ({"system": {"secret": 1}}, "system"),
    ({"tools": {"secret": 1}}, "tools"),
    ({"tools": [{"name": "f"}, {"description": "secret"}]}, "tools.1"),
    ({"tools": ["secret"]}, "tools.0"),
    ({"max_tokens": "secret"}, "max_tokens"),
    ({"temperature": True}, "temperature"),
    ({"stop_sequences": "secret"}, "stop_sequences"),
    ({"stop_sequences": [7]}, "stop_sequences"),
    ({"tool_choice": "secret"}, "tool_choice"),
    ({"tool_choice": {"type": "secret"}}, "tool_choice"),
    ({"tool_choice": {"type": "tool"}}, "tool_choice"),
    ({"thinking": "secret"}, "thinking"),
    ({"output_config": ["secret"]}, "output_config"),
    ({"output_config": {"format": {"type": "secret"}}}, "output_config"),
    ({"output_format": "secret"}, "output_config"),
    ({"metadata": "secret"}, "metadata"),
]


@pytest.mark.parametrize(("members", "param"), REFUSED)
def test_what_cannot_be_understood_is_refused_by_name(members: dict[str, Any], param: str) -> None:
    """The member is named, and no word of the body is repeated."""
    with pytest.raises(BadRequest) as caught:
        _read(**members)
    assert caught.value.param == param
    assert "secret" not in caught.value.text


def test_numbers_out_of_range_are_refused_or_kept() -> None:
    """A setting that no float holds is refused; in a tool's input or a strange block it passes as it came."""
    with pytest.raises(BadRequest):
        read_request(read_envelope(b'{"messages":[],"temperature":1e400}'))
    blocks = b'{"type":"tool_use","id":"t","name":"f","input":{"a":1e400}},{"type":"x_tool_result","content":1e400}'
    talk = read_request(read_envelope(b'{"messages":[{"role":"assistant","content":[' + blocks + b"]}]}"))
    assert talk.turns[0].parts == (
        ToolCall("t", "f", '{"a":1e400}'),
        Opaque("anthropic", "x_tool_result", b'{"type":"x_tool_result","content":1e400}'),
    )


def test_half_a_surrogate_pair_is_read() -> None:
    """What clients in JavaScript cut in the middle of an emoji is no reason to refuse."""
    body = rb'{"messages":[{"role":"user","content":[{"type":"text","text":"a\ud83d"},{"type":"new"}]}]}'
    assert read_request(read_envelope(body)).turns[0].text == "a\ufffd"


def test_deep_nesting_is_cut_or_refused() -> None:
    """However deep a block nests, nothing but a BadRequest comes of it."""
    for depth in (30, 200, 100_000):
        content = b'{"content":' * depth + b"1" + b"}" * depth
        block = b'{"type":"x_tool_result","content":' + content + b"}"
        body = b'{"messages":[{"role":"user","content":[' + block + b"]}]}"
        try:
            (turn,) = read_request(read_envelope(body)).turns
        except BadRequest:
            continue
        assert turn.parts == (Opaque("anthropic", "x_tool_result", block),)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inside: (
        st.lists(inside, max_size=4)
        | st.dictionaries(st.sampled_from(["type", "role", "content", "source", "name", "input"]), inside)
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(
        st.sampled_from(["messages", "system", "tools", "tool_choice", "thinking", "output_config", "metadata", "new"]),
        JSON,
    )
)
def test_odd_requests_raise_nothing_but_bad_request(members: dict[str, Any]) -> None:
    """Whatever a client sends is either read or refused."""
    with suppress(BadRequest):
        assert _read(**members).model == "m"
