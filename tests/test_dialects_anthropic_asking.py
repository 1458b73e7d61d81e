"""dialects/anthropic: requests for Anthropic's Messages API, from the waist."""

from __future__ import annotations

from typing import Any

import pytest

from xrouter.chat.request import (
    Conversation,
    File,
    Format,
    Image,
    Opaque,
    Part,
    Reasoning,
    Role,
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
from xrouter.chat.target import Target
from xrouter.dialects.anthropic.asking import write_request
from xrouter.dialects.base import Written
from xrouter.errors import BadRequest, Unsupported
from xrouter.wire import json

NEW, BUDGET, OLD = "claude-opus-4-8", "claude-sonnet-4-5", "claude-3-5-haiku-20241022"
SIGNED = Reasoning("Hm.", Seal("anthropic", "sig=="))
WEATHER = Tool("weather", "w", b'{"type":"object","properties":{"city":{"type":"string"}}}')
PNG = "iVBORw0KGgoAAAA"


def turn(role: Role, *parts: Part | str) -> Turn:
    """A turn; a string is words."""
    return Turn(role, tuple(Text(part) if isinstance(part, str) else part for part in parts))


def call(call_id: str, arguments: str = "{}", name: str = "weather") -> ToolCall:
    """A call."""
    return ToolCall(call_id, name, arguments)


def result(call_id: str, *parts: Any, is_error: bool = False) -> ToolResult:
    """What a tool gave back."""
    return ToolResult(call_id, tuple(Text(part) if isinstance(part, str) else part for part in parts), is_error)


def write(*turns: Turn, tools: tuple[Any, ...] = (), model: str = NEW, **settings: Any) -> Written:
    """The request."""
    target = Target("frontier", "anthropic", "anthropic", "http://127.0.0.1/v1/messages", model=model)
    return write_request(Conversation("auto", turns, tools, Settings(**settings)), target)


def body(*turns: Turn, **more: Any) -> dict[str, Any]:
    """Its body, without the marks of the cache."""
    said: dict[str, Any] = json.decode(write(*turns, **more).body)
    _unmark(said)
    return said


def _unmark(value: Any) -> None:
    if isinstance(value, dict):
        value.pop("cache_control", None)
        value = list(value.values())
    for inner in value if isinstance(value, list) else ():
        _unmark(inner)


def text(words: str) -> dict[str, Any]:
    """A block of words."""
    return {"type": "text", "text": words}


def user(*blocks: Any) -> dict[str, Any]:
    """A user's message."""
    return {"role": "user", "content": list(blocks)}


def use(call_id: str, arguments: Any) -> dict[str, Any]:
    """A block of a call."""
    return {"type": "tool_use", "id": call_id, "name": "weather", "input": arguments}


def gave(call_id: str, content: Any, **more: Any) -> dict[str, Any]:
    """A block of a result."""
    return {"type": "tool_result", "tool_use_id": call_id, "content": content, **more}


ASK = turn("user", "Hi?")
MESSAGES: dict[str, tuple[tuple[Turn, ...], list[dict[str, Any]]]] = {
    "neighbours are one": ((ASK, turn("user", "More.")), [user(text("Hi?"), text("More."))]),
    "blank words vanish": (
        (ASK, turn("assistant", " \n"), turn("user", "Again.")),
        [user(text("Hi?"), text("Again."))],
    ),
    "results first, in the order of the calls, in one message": (
        (
            ASK,
            turn("assistant", call("a"), call("b")),
            turn("tool", result("b", "2")),
            turn("tool", result("a", "1")),
            turn("user", "Oslo?"),
        ),
        [
            user(text("Hi?")),
            {"role": "assistant", "content": [use("a", {}), use("b", {})]},
            user(gave("a", "1"), gave("b", "2"), text("Oslo?")),
        ],
    ),
    "a missing result says so": (
        (ASK, turn("assistant", call("a")), turn("user", "Go on.")),
        [
            user(text("Hi?")),
            {"role": "assistant", "content": [use("a", {})]},
            user(gave("a", "No result was recorded.", is_error=True), text("Go on.")),
        ],
    ),
    "a result of no call is words": ((ASK, turn("tool", result("x", "late"))), [user(text("Hi?"), text("late"))]),
    "a failed call": (
        (ASK, turn("assistant", call("a")), turn("tool", result("a", "no", is_error=True))),
        [user(text("Hi?")), {"role": "assistant", "content": [use("a", {})]}, user(gave("a", "no", is_error=True))],
    ),
    "a result with a picture": (
        (ASK, turn("assistant", call("a")), turn("tool", result("a", "see", Image(f"data:image/jpeg;base64,{PNG}")))),
        [
            user(text("Hi?")),
            {"role": "assistant", "content": [use("a", {})]},
            user(
                gave(
                    "a",
                    [
                        text("see"),
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
                    ],
                )
            ),
        ],
    ),
    "signed thoughts come before the call": (
        (ASK, turn("assistant", "I look.", SIGNED, call("a")), turn("tool", result("a", "1"))),
        [
            user(text("Hi?")),
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "Hm.", "signature": "sig=="},
                    text("I look."),
                    use("a", {}),
                ],
            },
            user(gave("a", "1")),
        ],
    ),
    "other thoughts are not sent": (
        (ASK, turn("assistant", Reasoning("x"), Reasoning("y", Seal("gemini", "z")), "Yes."), turn("user", "So?")),
        [user(text("Hi?")), {"role": "assistant", "content": [text("Yes.")]}, user(text("So?"))],
    ),
    "a redacted thought": (
        (ASK, turn("assistant", Reasoning("", Seal("anthropic", "d"), redacted=True), "Yes."), turn("user", "So?")),
        [
            user(text("Hi?")),
            {"role": "assistant", "content": [{"type": "redacted_thinking", "data": "d"}, text("Yes.")]},
            user(text("So?")),
        ],
    ),
    "an answer goes on": (
        (ASK, turn("assistant", "Sure: \n")),
        [user(text("Hi?")), {"role": "assistant", "content": [text("Sure: \n")]}, user(text("Continue."))],
    ),
    "addresses and files": (
        (
            turn(
                "user",
                Image("https://example.org/a.png"),
                File("document", media_type="application/pdf", data="JVBERi0", name="a.pdf"),
                File("document", text="words"),
                File("document", id="file_1"),
            ),
        ),
        [
            user(
                {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
                {
                    "type": "document",
                    "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0"},
                    "title": "a.pdf",
                },
                {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}},
                {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
            )
        ],
    ),
    "its own blocks": (
        (turn("user", Opaque("anthropic", "search_result", b'{"type":"search_result"}')),),
        [user({"type": "search_result"})],
    ),
}


@pytest.mark.parametrize(("turns", "messages"), MESSAGES.values(), ids=MESSAGES)
def test_messages(turns: tuple[Turn, ...], messages: list[dict[str, Any]]) -> None:
    """Turns become messages as the API wants them, with nothing lost."""
    assert body(*turns)["messages"] == messages


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ('{"b":1,"a":1.0}', {"b": 1, "a": 1.0}),
        ("", {}),
        ("null", {}),
        ('{"city": "Pa', {"_raw": '{"city": "Pa'}),
        ("[1]", {"value": [1]}),
    ],
)
def test_arguments(arguments: str, value: Any) -> None:
    """Arguments are an object whatever the text was, and none of it is lost."""
    written = body(ASK, turn("assistant", call("a", arguments)), turn("tool", result("a", "1")))
    assert written["messages"][1]["content"][0]["input"] == value


def test_arguments_keep_their_bytes() -> None:
    """What is an object already is sent as it came: the prompt cache depends on it."""
    written = write(ASK, turn("assistant", call("a", '{"b": 1.0,  "a":1}')), turn("tool", result("a", "1")))
    assert b'"input":{"b": 1.0,  "a":1}' in written.body


def test_system() -> None:
    """The first system turns are the system prompt; later ones stay in their places, as new models allow."""
    turns = (turn("system", "A"), turn("system", "B"), ASK, turn("system", "C"), turn("user", "D"))
    new, old = body(*turns), body(*turns, model=BUDGET)
    assert new["system"] == old["system"] == [text("A"), text("B")]
    assert [message["role"] for message in new["messages"]] == ["user", "system", "user"]
    assert old["messages"] == [user(text("Hi?"), text("<system>C</system>"), text("D"))]


@pytest.mark.parametrize(
    "part",
    [
        Image("ftp://x"),
        File("audio", data="AA"),
        File("document", media_type="application/zip", data="UEsDBA"),
        File("document", id="abc"),
        Opaque("responses", "computer_call", b"{}"),
    ],
)
def test_unreadable_content(part: Part) -> None:
    """What the provider cannot read is a 400 that names the member."""
    with pytest.raises(Unsupported) as caught:
        write(turn("user", part))
    assert (caught.value.status, caught.value.param) == (400, "messages")


def test_words_of_foreign_blocks() -> None:
    """A block of another dialect that holds words is told by them."""
    assert body(turn("user", Opaque("responses", "web", b"{}", text="found")))["messages"] == [user(text("found"))]


CHOICES: list[tuple[dict[str, Any], Any]] = [
    ({}, None),
    ({"tool_choice": ToolChoice("auto")}, {"type": "auto"}),
    ({"tool_choice": ToolChoice("none")}, {"type": "none"}),
    ({"tool_choice": ToolChoice("any")}, {"type": "any"}),
    ({"tool_choice": ToolChoice("tool", ("weather",))}, {"type": "tool", "name": "weather"}),
    ({"parallel": False}, {"type": "auto", "disable_parallel_tool_use": True}),
    ({"parallel": False, "tool_choice": ToolChoice("none")}, {"type": "none"}),
]


@pytest.mark.parametrize(("settings", "choice"), CHOICES)
def test_tool_choice(settings: dict[str, Any], choice: Any) -> None:
    """Which tool may or must be called, and whether several at once."""
    assert body(ASK, tools=(WEATHER,), **settings).get("tool_choice") == choice


def test_tools() -> None:
    """Schemas are objects always; alternatives at the top go down; allowed tools alone are offered."""
    odd = Tool("odd", schema=b'{"anyOf":[{"properties":{"a":{}}},{"properties":{"b":{}}}]}', strict=True)
    bare = Tool("bare", schema=b'{"properties":{"c":{}}}')
    tools = body(ASK, tools=(odd, bare, Tool("none")))["tools"]
    both = {"type": "object", "properties": {"a": {}, "b": {}}, "additionalProperties": False}
    assert tools == [
        {"name": "odd", "input_schema": both, "strict": True},
        {"name": "bare", "input_schema": {"type": "object", "properties": {"c": {}}}},
        {"name": "none", "input_schema": {"type": "object", "properties": {}}},
    ]
    allowed = body(ASK, tools=(odd, bare), tool_choice=ToolChoice("any", ("bare",)))
    assert [tool["name"] for tool in allowed["tools"]] == ["bare"]


def test_names_are_put_right() -> None:
    """A name with signs that are refused gets another one, everywhere the same, and it is known how to go back."""
    written = write(
        ASK,
        turn("assistant", call("a", name="my.tool")),
        turn("tool", result("a", "1")),
        tools=(Tool("my.tool"), Tool("my_tool")),
        tool_choice=ToolChoice("tool", ("my.tool",)),
    )
    said = json.decode(written.body)
    name = said["tools"][0]["name"]
    assert written.renamed == {name: "my.tool"}
    assert name.replace("_", "").isalnum()
    assert said["messages"][1]["content"][0]["name"] == said["tool_choice"]["name"] == name
    assert said["tools"][1]["name"] == "my_tool"


def test_foreign_tools_are_named() -> None:
    """A hosted tool of another provider is left out and told; forced without any other it is a 400."""
    hosted = Opaque("responses", "web_search", b"{}")
    assert write(ASK, tools=(hosted, WEATHER)).dropped == ("tools[type=web_search]",)
    with pytest.raises(Unsupported, match="tool_choice"):
        write(ASK, tools=(hosted,), tool_choice=ToolChoice("any"))


THINKING: list[tuple[str, Thinking, dict[str, Any]]] = [
    (NEW, Thinking("high"), {"thinking": {"type": "adaptive", "display": "summarized"}, "effort": "high"}),
    (NEW, Thinking("minimal"), {"thinking": {"type": "adaptive", "display": "summarized"}, "effort": "low"}),
    (NEW, Thinking("xhigh"), {"thinking": {"type": "adaptive", "display": "summarized"}, "effort": "xhigh"}),
    (
        "claude-opus-4-6",
        Thinking("xhigh"),
        {"thinking": {"type": "adaptive", "display": "summarized"}, "effort": "high"},
    ),
    (NEW, Thinking(budget=3000), {"thinking": {"type": "adaptive", "display": "summarized"}, "effort": "medium"}),
    (NEW, Thinking("none"), {"thinking": {"type": "disabled"}, "effort": None}),
    (NEW, Thinking(), {"thinking": {"type": "adaptive", "display": "summarized"}, "effort": None}),
    (NEW, Thinking("low", shown=False), {"thinking": {"type": "adaptive", "display": "omitted"}, "effort": "low"}),
    (BUDGET, Thinking(), {"thinking": None, "effort": None}),
    (BUDGET, Thinking("low"), {"thinking": {"type": "enabled", "budget_tokens": 2048}, "effort": None}),
    (BUDGET, Thinking(budget=10), {"thinking": {"type": "enabled", "budget_tokens": 1024}, "effort": None}),
    (BUDGET, Thinking("none"), {"thinking": None, "effort": None}),
    (OLD, Thinking("high"), {"thinking": None, "effort": None}),
]


@pytest.mark.parametrize(("model", "wish", "expected"), THINKING)
def test_thinking(model: str, wish: Thinking, expected: dict[str, Any]) -> None:
    """An effort or a budget, whichever the model takes."""
    said = body(ASK, model=model, thinking=wish, max_tokens=4096)
    assert {"thinking": said.get("thinking"), "effort": said.get("output_config", {}).get("effort")} == expected


def test_a_budget_leaves_room_for_the_answer() -> None:
    """A small limit grows by the budget, and sampling gives way."""
    written = write(ASK, model=BUDGET, thinking=Thinking("high"), max_tokens=500, temperature=0.2)
    said = json.decode(written.body)
    assert (said["max_tokens"], said["thinking"]["budget_tokens"]) == (500 + 16384, 16384)
    assert "temperature" not in said
    assert written.dropped == ("temperature",)


@pytest.mark.parametrize(
    ("turns", "more"),
    [
        ((ASK,), {"tools": (WEATHER,), "tool_choice": ToolChoice("any")}),
        ((ASK, turn("assistant", call("a")), turn("tool", result("a", "1"))), {}),
    ],
)
def test_a_budget_that_would_be_refused(turns: tuple[Turn, ...], more: dict[str, Any]) -> None:
    """With a forced tool, or after a call whose thought is lost, thinking is off, and that is told."""
    written = write(*turns, model=BUDGET, thinking=Thinking("high"), **more)
    assert "thinking" not in json.decode(written.body)
    assert written.dropped == ("reasoning_effort",)


SETTINGS: list[tuple[str, dict[str, Any], dict[str, Any], tuple[str, ...]]] = [
    (BUDGET, {"temperature": 0.5, "top_k": 3}, {"temperature": 0.5, "top_k": 3}, ()),
    (BUDGET, {"temperature": 1.7}, {"temperature": 1}, ("temperature",)),
    (BUDGET, {"temperature": 0.5, "top_p": 0.5}, {"temperature": 0.5}, ("top_p",)),
    (NEW, {"temperature": 0.5, "top_p": 0.9}, {}, ("temperature", "top_p")),
    (NEW, {"stop": ("END", " ", "")}, {"stop_sequences": ["END"]}, ()),
    (NEW, {"user": "u1"}, {"metadata": {"user_id": "u1"}}, ()),
    (NEW, {"user": "a@example.org"}, {}, ()),
    (NEW, {"service_tier": "default"}, {"service_tier": "standard_only"}, ()),
    (NEW, {"seed": 1, "logprobs": True, "n": 1}, {}, ("seed", "logprobs")),
    (NEW, {"extras": (Opaque("openai", "logit_bias", b"{}"), Opaque("openai", "store", b"true"))}, {}, ("logit_bias",)),
    (NEW, {"extras": (Opaque("openai", "mcp_servers", b"[]"),)}, {"mcp_servers": []}, ()),
]


@pytest.mark.parametrize(("model", "settings", "members", "dropped"), SETTINGS)
def test_settings(model: str, settings: dict[str, Any], members: dict[str, Any], dropped: tuple[str, ...]) -> None:
    """What has a counterpart is sent, what is only a hint goes silently, everything else is named."""
    written = write(ASK, model=model, **settings)
    said = json.decode(written.body)
    assert {name: said[name] for name in said.keys() - {"model", "max_tokens", "messages"}} == members
    assert written.dropped == dropped


@pytest.mark.parametrize(
    ("settings", "param"),
    [
        ({"n": 2}, "n"),
        ({"extras": (Opaque("openai", "modalities", b'["text","audio"]'),)}, "modalities"),
        ({"format": Format("json_schema", "x", b"{}"), "model": OLD}, "response_format"),
    ],
)
def test_what_changes_the_meaning(settings: dict[str, Any], param: str) -> None:
    """What would give another answer than the one that was asked for is a 400."""
    with pytest.raises(Unsupported) as caught:
        write(ASK, **settings)
    assert caught.value.param == param


def test_formats() -> None:
    """A schema goes into output_config with its objects closed; a mere JSON object is asked for in words."""
    schema = b'{"type":"object","properties":{"a":{"type":"object","properties":{}}}}'
    said = body(ASK, format=Format("json_schema", "x", schema), thinking=Thinking("low"))
    assert said["output_config"] == {
        "effort": "low",
        "format": {
            "type": "json_schema",
            "schema": {
                "type": "object",
                "properties": {"a": {"type": "object", "properties": {}, "additionalProperties": False}},
                "additionalProperties": False,
            },
        },
    }
    assert "JSON object" in body(ASK, format=Format("json_object"))["system"][-1]["text"]


def test_targets_settings() -> None:
    """A tier's limit and effort count where the client says nothing, its body always; without any the model's own."""
    target = Target(
        "cheap", "anthropic", "anthropic", "u", model=NEW, effort="low", max_output_tokens=77, body=(("top_k", b"5"),)
    )
    said = json.decode(write_request(Conversation("auto", (ASK,)), target).body)
    assert (said["max_tokens"], said["output_config"], said["top_k"]) == (77, {"effort": "low"}, 5)
    own = Conversation("auto", (ASK,), settings=Settings(max_tokens=5, thinking=Thinking("high")))
    said = json.decode(write_request(own, target).body)
    assert (said["max_tokens"], said["output_config"]) == (5, {"effort": "high"})
    assert body(ASK)["max_tokens"] == 32_000


STABLE = "<!-- openclaw:attempt:STABLE -->\nBe good.\n<!-- /openclaw:attempt:STABLE -->"


def marks(written: Written) -> list[str]:
    """Where the marks stand: the words, or the name of what is marked."""
    said = json.decode(written.body)
    blocks = [*said.get("tools", []), *said.get("system", [])]
    blocks += [block for message in said["messages"] for block in message["content"]]
    return [block.get("text") or block.get("name") or block["type"] for block in blocks if "cache_control" in block]


def test_marks_of_the_cache() -> None:
    """Marks stand behind the tools, the stable part of the system prompt, and the user's last two messages."""
    turns = (turn("system", f"{STABLE}\nNow: 14:01"), ASK, turn("assistant", "Yes."), turn("user", "B", "C"))
    written = write(*turns, tools=(Tool("first"), WEATHER))
    assert marks(written) == ["weather", STABLE, "Hi?", "C"]
    assert "".join(block["text"] for block in json.decode(written.body)["system"]) == f"{STABLE}\nNow: 14:01"
    assert marks(write(turn("system", "A"), ASK)) == ["A", "Hi?"]


def test_own_marks_of_the_client() -> None:
    """A client's own marks are the only ones, the last four of them."""
    cache = b'{"type":"ephemeral","ttl":"1h"}'
    parts = tuple(Text(str(number), cache=cache) for number in range(6))
    written = write(turn("system", "A"), Turn("user", parts))
    assert marks(written) == ["2", "3", "4", "5"]
    assert written.body.count(b'"ttl":"1h"') == 4


def test_bodies_grow_at_their_end() -> None:
    """A longer conversation begins with the bytes of the shorter one: its cache is found again."""
    cached = Text("A", cache=b'{"type":"ephemeral"}')
    first = (Turn("system", (cached,)), ASK)
    shorter, longer = write(*first), write(*first, turn("assistant", "Yes."), turn("user", "More."))
    assert longer.body.startswith(shorter.body.removesuffix(b"]}"))
    assert write(*first) == write(*first)


def test_the_beginning_of_an_answer() -> None:
    """Where the model takes it, it ends in no white space, and nothing is thought before it."""
    written = write(ASK, turn("assistant", "Sure: \n"), model=BUDGET, thinking=Thinking("high"))
    said = json.decode(written.body)
    assert said["messages"][-1] == {"role": "assistant", "content": [text("Sure:")]}
    assert "thinking" not in said
    assert written.dropped == ("reasoning_effort",)


def test_turns_without_words() -> None:
    """A turn of which only thoughts are left vanishes, and its neighbours are one."""
    assert body(ASK, turn("assistant", SIGNED), turn("user", "So?"))["messages"] == [user(text("Hi?"), text("So?"))]


def test_thoughts_that_were_put_back() -> None:
    """All thoughts before the first call stand first where words would; those between calls stay there."""
    other = Reasoning("", Seal("anthropic", "d"), redacted=True)
    turns = (ASK, turn("assistant", "I look.", SIGNED, other, call("a"), other, call("b")))
    kinds = [block["type"] for block in body(*turns)["messages"][1]["content"]]
    assert kinds == ["thinking", "redacted_thinking", "text", "tool_use", "redacted_thinking", "tool_use"]
    own = (ASK, turn("assistant", SIGNED, "I look.", SIGNED, call("a")))
    kinds = [block["type"] for block in body(*own)["messages"][1]["content"]]
    assert kinds == ["thinking", "text", "thinking", "tool_use"]


def test_names_of_former_tools() -> None:
    """A tool that is no longer on offer is called by a name that is taken too."""
    turns = (ASK, turn("assistant", call("a", name="my.tool")), turn("tool", result("a", "1")))
    written = write(*turns)
    (name,) = written.renamed
    assert written.renamed[name] == "my.tool"
    assert json.decode(written.body)["messages"][1]["content"][0]["name"] == name


def test_thinking_fixes_sampling() -> None:
    """While a model thinks by itself it takes no temperature either."""
    written = write(ASK, model="claude-opus-4-6", thinking=Thinking("low"), temperature=0.2)
    assert "temperature" not in json.decode(written.body)
    assert written.dropped == ("temperature",)


def test_limits_of_the_model() -> None:
    """A limit that would be refused is brought down, and that is told."""
    written = write(ASK, model=OLD, max_tokens=100_000)
    assert (json.decode(written.body)["max_tokens"], written.dropped) == (8_192, ("max_tokens",))


def test_strict_tools() -> None:
    """Strict schemas are closed; what cannot be compiled is offered without, and that is told."""
    node = b'{"type":"object","properties":{"next":{"$ref":"#/$defs/N"}},"$defs":{"N":{"items":{"$ref":"#/$defs/N"}}}}'
    fit = b'{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}'
    written = write(ASK, tools=(Tool("a", schema=fit, strict=True), Tool("b", schema=node, strict=True)))
    first, second = json.decode(written.body)["tools"]
    assert (first["strict"], first["input_schema"]["additionalProperties"]) == (True, False)
    assert "strict" not in second
    assert "additionalProperties" not in second["input_schema"]
    assert written.dropped == ("tools.strict",)
    many = write(ASK, tools=tuple(Tool(f"t{number}", schema=fit, strict=True) for number in range(21)))
    assert b"strict" not in many.body
    assert many.dropped == ("tools.strict",)


def test_a_forced_tool_that_is_not_there() -> None:
    """A tool of another provider, or of nobody, cannot be forced."""
    hosted = Opaque("responses", "web_search", b"{}")
    with pytest.raises(Unsupported, match="tool_choice"):
        write(ASK, tools=(hosted, WEATHER), tool_choice=ToolChoice("tool", ("web_search",)))


def test_members_of_its_own() -> None:
    """Its own members pass where they come in OpenAI's format, and join what is set here; others' do not."""
    extras = (
        Opaque("openai", "output_config", b'{"speed":"fast"}'),
        Opaque("openai", "cache_control", b'{"type":"ephemeral"}'),
        Opaque("responses", "context_management", b"[]"),
    )
    written = write(ASK, extras=extras, thinking=Thinking("low"), format=Format("json_schema", "x", b"{}"))
    said = json.decode(written.body)
    assert said["output_config"] == {
        "speed": "fast",
        "effort": "low",
        "format": {"type": "json_schema", "schema": {}},
    }
    assert said["cache_control"] == {"type": "ephemeral"}
    assert written.body.count(b"cache_control") == 1
    assert written.dropped == ("context_management",)


@pytest.mark.parametrize("schema", [b'{"maximum":1e400}', b'{"items":' * 400 + b"{}" + b"}" * 400])
def test_odd_schemas(schema: bytes) -> None:
    """A schema that nobody can read is a 400."""
    with pytest.raises(BadRequest) as caught:
        write(ASK, tools=(Tool("a", schema=schema, strict=True),))
    assert caught.value.param == "tools"


def test_equal_requests_are_equal() -> None:
    """What one request was given, such as marks on the words that nobody spoke, is not found in the next."""
    begun = turn("assistant", "Once")
    first, second = write(begun).body, write(begun).body
    assert first == second
    assert b"cache_control" in first


def test_pictures_of_the_model() -> None:
    """Only users may show some: those of an answer stand in the message behind it, after the results."""
    said = json.decode(
        write(
            ASK, turn("assistant", Image("https://example.org/a.png"), call("a")), turn("tool", result("a", Text("1")))
        ).body
    )
    kinds = [[block["type"] for block in message["content"]] for message in said["messages"]]
    assert kinds == [["text"], ["tool_use"], ["tool_result", "text", "image"]]
