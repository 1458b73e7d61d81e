"""The inside of a Responses request: input, tools, settings."""

from __future__ import annotations

from typing import Any

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
    Refusal,
    Seal,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
)
from xrouter.dialects.responses import read_envelope, read_request, read_turns
from xrouter.dialects.responses.seals import Carried, carry
from xrouter.errors import BadRequest
from xrouter.wire import json

_CALL = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}
_PNG = "data:image/png;base64,iVBORw0KGgo="


def _read(**members: Any) -> Conversation:
    return read_request(read_envelope(json.encode({"model": "m", "input": "hi", **members})))


def _items(*items: dict[str, Any]) -> tuple[Turn, ...]:
    return _read(input=list(items)).turns


def _parts(*parts: dict[str, Any]) -> tuple[Part, ...]:
    return _items({"role": "user", "content": list(parts)})[0].parts


def test_a_string_is_one_message_of_the_user_after_the_instructions() -> None:
    """Instructions are the system message."""
    turns = (Turn("system", (Text("be brief"),)), Turn("user", (Text("hi"),)))
    assert _read(instructions="be brief").turns == turns


@pytest.mark.parametrize(
    ("item", "turn"),
    [
        ({"role": "user", "content": "q"}, Turn("user", (Text("q"),))),
        ({"type": "message", "role": "developer", "content": "d"}, Turn("system", (Text("d"),))),
        ({"type": "message", "role": "system", "content": "s"}, Turn("system", (Text("s"),))),
        (
            {"role": "assistant", "content": [{"type": "output_text", "text": "a", "annotations": []}]},
            Turn("assistant", (Text("a"),)),
        ),
        (
            {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
            Turn("assistant", (Refusal("no"),)),
        ),
        (_CALL, Turn("assistant", (ToolCall("c1", "f", "{}"),))),
        (
            {"type": "function_call", "call_id": "c1", "name": "close", "namespace": "agents", "arguments": "{}"},
            Turn("assistant", (ToolCall("c1", "agents__close", "{}"),)),
        ),
        (
            {"type": "function_call", "call_id": "c1", "name": "f", "namespace": "f", "arguments": "{}"},
            Turn("assistant", (ToolCall("c1", "f", "{}"),)),
        ),
        (
            {"type": "custom_tool_call", "call_id": "c1", "name": "patch", "input": "*** x"},
            Turn("assistant", (ToolCall("c1", "patch", "*** x", custom=True),)),
        ),
        (
            {"type": "local_shell_call", "id": "l", "call_id": "c1", "action": {"type": "exec", "command": ["ls"]}},
            Turn("assistant", (ToolCall("c1", "local_shell", '{"type":"exec","command":["ls"]}'),)),
        ),
        (
            {"type": "apply_patch_call", "call_id": "c1", "operation": {"type": "delete_file", "path": "a"}},
            Turn("assistant", (ToolCall("c1", "apply_patch", '{"type":"delete_file","path":"a"}'),)),
        ),
        (
            {"type": "function_call_output", "call_id": "c1", "output": "18"},
            Turn("tool", (ToolResult("c1", (Text("18"),)),)),
        ),
        (
            {"type": "custom_tool_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "18"}]},
            Turn("tool", (ToolResult("c1", (Text("18"),)),)),
        ),
        (
            {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_image", "image_url": _PNG}]},
            Turn("tool", (ToolResult("c1", (Image(_PNG),)),)),
        ),
        (
            {"type": "shell_call_output", "call_id": "c1", "output": [{"stdout": "a"}]},
            Turn("tool", (ToolResult("c1", (Text('[{"stdout":"a"}]'),)),)),
        ),
        (
            {"type": "apply_patch_call_output", "call_id": "c1", "status": "failed", "output": "no such file"},
            Turn("tool", (ToolResult("c1", (Text("no such file"),), is_error=True),)),
        ),
    ],
)
def test_an_item_alone(item: dict[str, Any], turn: Turn) -> None:
    """What each kind of item becomes."""
    assert _items(item) == (turn,)


@pytest.mark.parametrize(
    ("part", "read"),
    [
        ({"type": "input_text", "text": "a"}, Text("a")),
        (
            {"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit"}},
            Text("a", b'{"type":"ephemeral"}'),
        ),
        ({"type": "input_image", "image_url": _PNG, "detail": "low"}, Image(_PNG, "low")),
        ({"type": "input_image", "file_id": "file-1"}, File("image", id="file-1")),
        (
            {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
            File("document", "application/pdf", "JVBERi0=", name="a.pdf"),
        ),
        ({"type": "input_file", "file_url": "https://a/b.pdf"}, File("document", url="https://a/b.pdf")),
        ({"type": "input_file", "file_id": "file-1"}, File("document", id="file-1")),
        (
            {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
            File("audio", "audio/wav", "UklGRg=="),
        ),
        (
            {
                "type": "output_text",
                "text": "a",
                "annotations": [{"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 1}],
            },
            Text("a", citations=(Citation("u", "t", start=0, end=1),)),
        ),
        ({"type": "hologram", "x": 1}, Opaque("responses", "hologram", b'{"type":"hologram","x":1}')),
    ],
)
def test_a_part_of_a_message(part: dict[str, Any], read: Part) -> None:
    """What each kind of part becomes."""
    assert _parts(part) == (read,)


def test_what_the_model_said_in_a_row_is_one_turn() -> None:
    """A thought, a message and parallel calls are one assistant turn; each result has its own."""
    turns = _items(
        {"role": "user", "content": "q"},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}]},
        {"role": "assistant", "content": "wait"},
        _CALL,
        {**_CALL, "call_id": "c2"},
        {"type": "function_call_output", "call_id": "c1", "output": "1"},
        {"type": "function_call_output", "call_id": "c2", "output": "2"},
    )
    said = (Reasoning("hm"), Text("wait"), ToolCall("c1", "f", "{}"), ToolCall("c2", "f", "{}"))
    assert [turn.role for turn in turns] == ["user", "assistant", "tool", "tool"]
    assert turns[1].parts == said


def test_a_thought_of_a_responses_provider_is_sealed_with_its_whole_item() -> None:
    """It goes back as it came."""
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}
    seal = Seal("responses", json.encode(item).decode())
    assert _items(item)[0].parts == (Reasoning("", seal, redacted=True),)


def test_seals_of_other_dialects_come_out_of_the_encrypted_content() -> None:
    """A signed thought, a redacted one, signed words and a signed call find their places again."""

    def sealed(carried: Carried, *words: str) -> dict[str, Any]:
        summary = [{"type": "summary_text", "text": word} for word in words]
        return {"type": "reasoning", "id": "rs_xr11", "summary": summary, "encrypted_content": carry(carried)}

    (turn,) = _items(
        sealed(Carried("anthropic", "sig"), "hm"),
        sealed(Carried("anthropic", "dark", redacted=True)),
        {"role": "assistant", "content": "well"},
        sealed(Carried("gemini", "w", of="words")),
        sealed(Carried("gemini", "c", of="call")),
        _CALL,
    )
    assert turn.parts == (
        Reasoning("hm", Seal("anthropic", "sig")),
        Reasoning("", Seal("anthropic", "dark"), redacted=True),
        Text("well", seal=Seal("gemini", "w")),
        ToolCall("c1", "f", "{}", seal=Seal("gemini", "c")),
    )


def test_a_hosted_tools_item_travels_as_it_came_with_its_words() -> None:
    """Nobody else can read it, but what it says is known."""
    item = {"type": "mcp_call", "id": "mcp_1", "name": "ask", "output": "42", "server_label": "wiki"}
    assert _items(item)[0].parts == (Opaque("responses", "mcp_call", json.encode(item), "ask\n42"),)


@pytest.mark.parametrize(
    "item",
    [
        3,
        {"id": "msg_1"},
        {"type": "compaction", "encrypted_content": "x"},
        {"type": "message", "role": "narrator", "content": "x"},
    ],
)
def test_what_cannot_be_understood_is_refused_by_name_but_judged_without(item: Any) -> None:
    """A translator must not lose anything; a judge can."""
    envelope = read_envelope(json.encode({"input": [item, {"role": "user", "content": "hi"}]}))
    with pytest.raises(BadRequest) as caught:
        read_request(envelope)
    assert caught.value.param == "input"
    assert read_turns(envelope) == (Turn("user", (Text("hi"),)),)


def test_functions_custom_tools_and_namespaces_are_tools_others_are_not() -> None:
    """A namespace's functions bear both names, and the first its description."""
    schema = {"type": "object", "properties": {}}
    grammar = {"type": "grammar", "syntax": "lark", "definition": "start: /x/"}
    inner = [{"type": "function", "name": name, "description": name.upper(), "parameters": schema} for name in "ab"]
    tools = [
        {"type": "function", "name": "f", "parameters": schema, "strict": True, "description": "F"},
        {"type": "custom", "name": "patch", "format": grammar},
        {"type": "namespace", "name": "agents", "description": "Agents.", "tools": inner},
        {"type": "web_search"},
        {"type": "tool_search", "execution": "client", "description": "Search.", "parameters": schema},
    ]
    written = json.encode(schema)
    assert _read(tools=tools).tools == (
        Tool("f", "F", written, strict=True),
        Tool("patch", custom=True, grammar=json.encode(grammar)),
        Tool("agents__a", "Agents.\n\nA", written),
        Tool("agents__b", "B", written),
        Opaque("responses", "web_search", b'{"type":"web_search"}'),
        Tool("tool_search", "Search.", written),
    )


def test_tools_that_came_on_the_way_are_offered_once() -> None:
    """Tools added in the middle of the input, or found by the client's own search, are tools like others."""
    found = {"type": "function", "name": "g", "parameters": {"type": "object"}}
    items = [
        {"type": "tool_search_call", "call_id": "c1", "execution": "client", "arguments": {"goal": "g"}},
        {"type": "tool_search_output", "call_id": "c1", "execution": "client", "tools": [found]},
        {"type": "additional_tools", "role": "developer", "tools": [found]},
    ]
    talk = _read(input=items)
    assert talk.tools == (Tool("g", schema=b'{"type":"object"}'),)
    assert talk.turns == (
        Turn("assistant", (ToolCall("c1", "tool_search", '{"goal":"g"}'),)),
        Turn("tool", (ToolResult("c1", (Text('{"tools":["g"]}'),)),)),
    )


@pytest.mark.parametrize(
    ("choice", "read"),
    [
        ("auto", ToolChoice("auto")),
        ("none", ToolChoice("none")),
        ("required", ToolChoice("any")),
        ({"type": "function", "name": "f"}, ToolChoice("tool", ("f",))),
        ({"type": "custom", "name": "p"}, ToolChoice("tool", ("p",))),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}]},
            ToolChoice("any", ("f",)),
        ),
        (
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "custom", "name": "p"}]},
            ToolChoice("auto", ("p",)),
        ),
        ({"type": "web_search_preview"}, None),
        (None, None),
    ],
)
def test_the_choice_of_tools(choice: Any, read: ToolChoice | None) -> None:
    """All forms of tool_choice; a hosted tool cannot be forced elsewhere, and is named among the extras."""
    settings = _read(tool_choice=choice).settings
    assert settings.tool_choice == read
    assert ("tool_choice" in {extra.kind for extra in settings.extras}) == (read is None and choice is not None)


def test_how_to_answer() -> None:
    """Settings are read under their own names; what is only a hint elsewhere is an extra."""
    settings = _read(
        max_output_tokens=100,
        temperature=0.5,
        top_p=1,
        top_logprobs=3,
        parallel_tool_calls=False,
        reasoning={"effort": "high", "summary": "auto"},
        text={"format": {"type": "json_object"}, "verbosity": "low"},
        user="u",
        truncation="auto",
        prompt_cache_key="k",
        store=True,
        include=["reasoning.encrypted_content"],
    ).settings
    assert (settings.max_tokens, settings.temperature, settings.top_p) == (100, 0.5, 1)
    assert (settings.logprobs, settings.top_logprobs, settings.parallel, settings.user) == (True, 3, False, "u")
    assert settings.thinking == Thinking("high")
    assert settings.format == Format("json_object")
    extras = {extra.kind: extra.value for extra in settings.extras}
    assert extras == {"truncation": b'"auto"', "prompt_cache_key": b'"k"', "verbosity": b'"low"'}


@pytest.mark.parametrize(
    ("reasoning", "thinking"),
    [
        (None, None),
        ({}, None),
        ({"effort": "low"}, Thinking("low", shown=False)),
        ({"summary": "auto"}, Thinking(None)),
    ],
)
def test_thoughts_are_shown_where_a_summary_is_asked_for(reasoning: Any, thinking: Thinking | None) -> None:
    """Effort and summary are two things."""
    assert _read(reasoning=reasoning).settings.thinking == thinking


def test_the_effort_that_was_set_last_counts() -> None:
    """An item in the input can change it."""
    items = [{"role": "user", "content": "q"}, {"type": "configuration_update", "reasoning": {"effort": "high"}}]
    talk = _read(input=items, reasoning={"effort": "low"})
    assert talk.settings.thinking == Thinking("high", shown=False)
    assert len(talk.turns) == 1


def test_a_schema_for_the_answer() -> None:
    """Structured output keeps name, schema and strictness."""
    schema = {"type": "object", "properties": {"b": {"type": "string"}, "a": {"type": "string"}}}
    given_format = {"type": "json_schema", "name": "out", "schema": schema, "strict": True}
    assert _read(text={"format": given_format}).settings.format == Format(
        "json_schema", "out", json.encode(schema), True
    )


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("temperature", "hot"),
        ("max_output_tokens", True),
        ("parallel_tool_calls", 1),
        ("instructions", [1]),
        ("tools", {"type": "function"}),
        ("tools", [{"type": "function"}]),
        ("text", "json"),
        ("reasoning", "much"),
    ],
)
def test_a_member_of_the_wrong_type_is_named(member: str, value: Any) -> None:
    """The provider would refuse it too."""
    with pytest.raises(BadRequest) as caught:
        _read(**{member: value})
    assert caught.value.param == member


_ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "role", "content", "text", "id", "call_id", "output", "summary", "tools", "name", "x"]
            ),
            inner
            | st.sampled_from(["message", "user", "reasoning", "function_call", "function", "input_image", "custom"]),
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(st.lists(_ODD, max_size=4), _ODD)
def test_odd_input_is_refused_or_read_and_never_breaks(items: list[Any], odd: Any) -> None:
    """Only BadRequest is raised, and the judge's view never raises."""
    members = {"input": items, "tools": [odd], "tool_choice": odd, "text": {"format": odd}, "reasoning": odd}
    try:
        envelope = read_envelope(json.encode(members))
    except BadRequest:
        return
    read_turns(envelope)
    try:
        read_request(envelope)
    except BadRequest:
        return
