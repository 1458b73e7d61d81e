"""Conversations as Gemini's contents and tools."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.chat.request import (
    Conversation,
    File,
    Format,
    Image,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Role,
    Seal,
    Settings,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
)
from xrouter.chat.target import Target
from xrouter.dialects import gemini
from xrouter.dialects.base import Written
from xrouter.errors import Unsupported
from xrouter.wire import json

URL = "https://generativelanguage.googleapis.com/v1beta/models/{model}"
VERTEX = "https://europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google/models/{model}"
PNG = "iVBORw0KGgoAAAA"
UNSEALED = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="
OURS, THEIRS = Seal("gemini", "c2VhbA=="), Seal("anthropic", "c2lnbmVk")
WEATHER = Tool("get_weather", "Tells it.", b'{"type": "object", "properties": {"city": {"$ref": "#/$defs/City"}}}')


def _target(model: str = "gemini-2.5-flash", *, url: str = URL, **members: Any) -> Target:
    return Target(tier="frontier", provider="gemini", dialect="gemini", url=url, model=model, **members)


def _write(*turns: Turn, target: Target | None = None, **rest: Any) -> Written:
    return gemini.write_request(Conversation("auto", turns, **rest), target or _target())


def _body(*turns: Turn, **rest: Any) -> Any:
    return json.decode(_write(*turns, **rest).body)


def _contents(*turns: Turn, model: str = "gemini-2.5-flash", url: str = URL) -> Any:
    return _body(*turns, target=_target(model, url=url))["contents"]


def _turn(role: Role, *parts: Part | str) -> Turn:
    return Turn(role, tuple(Text(part) if isinstance(part, str) else part for part in parts))


def _user(*parts: Part | str) -> Turn:
    return _turn("user", *parts)


def _model(*parts: Part | str) -> Turn:
    return _turn("assistant", *parts)


def _result(call_id: str, *parts: Text | Image | File | str, is_error: bool = False) -> Turn:
    written = tuple(Text(part) if isinstance(part, str) else part for part in parts)
    return Turn("tool", (ToolResult(call_id, written, is_error=is_error),))


def _call(call_id: str, name: str = "get_weather", arguments: str = "{}", seal: Seal | None = None) -> ToolCall:
    return ToolCall(call_id, name, arguments, seal=seal)


def _answer(call_id: str, response: Any, name: str = "get_weather") -> dict[str, Any]:
    return {"functionResponse": {"id": call_id, "name": name, "response": response}}


PARTS: list[tuple[Part, Any]] = [
    (Text("hi"), {"text": "hi"}),
    (Text("hi", seal=OURS), {"text": "hi", "thoughtSignature": "c2VhbA=="}),
    (Text("hi", seal=THEIRS), {"text": "hi"}),
    (Text("", seal=OURS), {"text": "", "thoughtSignature": "c2VhbA=="}),
    (Refusal("No."), {"text": "No."}),
    (Reasoning("hm", OURS), {"text": "hm", "thought": True, "thoughtSignature": "c2VhbA=="}),
    (Reasoning("hm", THEIRS), {"text": "hm", "thought": True}),
    (
        _call("c1", arguments='{"city": "Paris", "n": 1.0}', seal=OURS),
        {
            "functionCall": {"id": "c1", "name": "get_weather", "args": {"city": "Paris", "n": 1.0}},
            "thoughtSignature": "c2VhbA==",
        },
    ),
    (_call("", seal=THEIRS), {"functionCall": {"name": "get_weather", "args": {}}}),
    (_call("", arguments=""), {"functionCall": {"name": "get_weather", "args": {}}}),
    (_call("", arguments="null"), {"functionCall": {"name": "get_weather", "args": {}}}),
    (_call("", arguments="[1]"), {"functionCall": {"name": "get_weather", "args": {"value": [1]}}}),
    (_call("", arguments='{"ci'), {"functionCall": {"name": "get_weather", "args": {"_raw": '{"ci'}}}),
    (ToolCall("", "patch", "*** a", custom=True), {"functionCall": {"name": "patch", "args": {"input": "*** a"}}}),
    (Opaque("gemini", "executableCode", b'{"executableCode":{"code":"1"}}'), {"executableCode": {"code": "1"}}),
    (Image(f"data:image/png;base64,{PNG}"), {"inlineData": {"mimeType": "image/png", "data": PNG}}),
    (Image(f"data:image/jpeg;base64,{PNG}"), {"inlineData": {"mimeType": "image/png", "data": PNG}}),
    (Image("gs://b/a.webp"), {"fileData": {"mimeType": "image/webp", "fileUri": "gs://b/a.webp"}}),
    (File("audio", "audio/mp3", "QUFB"), {"inlineData": {"mimeType": "audio/mp3", "data": "QUFB"}}),
    (File("document", data="QUFB"), {"inlineData": {"mimeType": "application/pdf", "data": "QUFB"}}),
    (File("document", data="QUFB", name="a.csv"), {"inlineData": {"mimeType": "text/csv", "data": "QUFB"}}),
    (File("document", text="Dear all", name="letter"), {"text": "letter\nDear all"}),
    (
        File("video", url="https://www.youtube.com/watch?v=a"),
        {"fileData": {"mimeType": "video/mp4", "fileUri": "https://www.youtube.com/watch?v=a"}},
    ),
    (
        File("document", "text/plain", url="https://generativelanguage.googleapis.com/v1beta/files/a"),
        {
            "fileData": {
                "mimeType": "text/plain",
                "fileUri": "https://generativelanguage.googleapis.com/v1beta/files/a",
            }
        },
    ),
]


@pytest.mark.parametrize(("part", "written"), PARTS)
def test_each_kind_of_part(part: Part, written: Any) -> None:
    """Each kind of part becomes Gemini's, with a seal where it is Gemini's own."""
    assert _contents(_user("q"), _model(part))[1] == {"role": "model", "parts": [written]}


@pytest.mark.parametrize("part", [Text(""), Reasoning(""), Opaque("anthropic", "server_tool_use", b"{}")])
def test_parts_that_say_nothing(part: Part) -> None:
    """A part without words leaves no trace, nor does a turn of such parts."""
    assert _contents(_user("a"), _model(part), _user("b")) == [
        {"role": "user", "parts": [{"text": "a"}, {"text": "b"}]}
    ]


@pytest.mark.parametrize(
    "part",
    [
        Image("https://example.com/a.png"),
        Image("http://[broken"),
        Image("a.png"),
        Image("data:image/svg+xml,%3Csvg/%3E"),
        File("document", url="https://example.com/a.pdf"),
        File("document", id="file-abc"),
        File("video", url="https://notyoutube.com/watch?v=a"),
    ],
)
def test_what_nobody_can_reach(part: Part) -> None:
    """A picture or file that Google does not read where it lies is refused, and the error names the member."""
    with pytest.raises(Unsupported, match=r"gemini \(gemini-2.5-flash\) does not take") as error:
        _write(_user(part))
    assert (error.value.param, bool(error.value.hint)) == ("messages", True)


def test_public_addresses_on_vertex() -> None:
    """Vertex AI fetches public addresses itself."""
    url = "https://example.com/a.png?size=1"
    assert _contents(_user(Image(url)), url=VERTEX) == [
        {"role": "user", "parts": [{"fileData": {"mimeType": "image/png", "fileUri": url}}]}
    ]


def test_system() -> None:
    """What the system says at the start is the instruction; later it stays where it was said."""
    system = _turn("system", "Be brief.", "In verse."), _turn("system", "Now.")
    body = _body(*system, _user("hi"), _turn("system", "Louder."))
    assert body["systemInstruction"] == {"parts": [{"text": "Be brief."}, {"text": "In verse."}, {"text": "Now."}]}
    assert body["contents"] == [{"role": "user", "parts": [{"text": "hi"}, {"text": "Louder."}]}]


def test_nothing_but_a_system() -> None:
    """There must be contents: the instruction is asked where nothing else is."""
    body = _body(_turn("system", "Say hi."))
    assert body == {"contents": [{"role": "user", "parts": [{"text": "Say hi."}]}]}


def test_roles_alternate() -> None:
    """Turns of one role in a row are one, and a user begins."""
    contents = _contents(_model("a"), _model("b"), _user("c"), _user("d"))
    assert [(one["role"], [part["text"] for part in one["parts"]]) for one in contents] == [
        ("user", ["."]),
        ("model", ["a", "b"]),
        ("user", ["c", "d"]),
    ]


RESULTS: list[tuple[list[Turn], list[Any]]] = [
    (
        [_result("c1", "18 C"), _result("c2", "25 C")],
        [_answer("c1", {"result": "18 C"}), _answer("c2", {"result": "25 C"})],
    ),
    ([_result("c2", '{"t":25}'), _result("c1", "[1]")], [_answer("c1", {"result": "[1]"}), _answer("c2", {"t": 25})]),
    (
        [_result("c1", "no", is_error=True)],
        [_answer("c1", {"error": "no"}), _answer("c2", {"error": "No result was recorded."})],
    ),
    ([_result("", "a"), _result("", "b")], [_answer("c1", {"result": "a"}), _answer("c2", {"result": "b"})]),
    (
        [_result("c1", "a"), _user("Go on."), _result("c2", "b")],
        [_answer("c1", {"result": "a"}), _answer("c2", {"result": "b"}), {"text": "Go on."}],
    ),
    (
        [_result("c1", "a"), _result("c2", "b"), _result("c9", "c")],
        [_answer("c1", {"result": "a"}), _answer("c2", {"result": "b"}), {"text": "Result of the tool call c9:\nc"}],
    ),
    ([], [_answer("c1", {"error": "No result was recorded."}), _answer("c2", {"error": "No result was recorded."})]),
]


@pytest.mark.parametrize(("turns", "written"), RESULTS)
def test_results(turns: list[Turn], written: list[Any]) -> None:
    """The results of a turn's calls stand in one turn, one for each call and in the calls' order."""
    contents = _contents(_user("q"), _model(_call("c1"), _call("c2")), *turns)
    assert contents[2:] == [{"role": "user", "parts": written}]


def test_ids_of_which_letters_and_digits_are_left() -> None:
    """A result is found though its id lost what is no letter or digit."""
    contents = _contents(_user("q"), _model(_call("call_1-a")), _result("call1a", "x"))
    assert contents[2]["parts"] == [_answer("call_1-a", {"result": "x"})]


def test_results_that_nobody_asked_for() -> None:
    """A result without a call is told in words."""
    assert _contents(_user("q"), _result("", "x"))[0]["parts"] == [{"text": "q"}, {"text": "Result of a tool call:\nx"}]


@pytest.mark.parametrize("model", ["gemini-2.5-pro", "gemini-3-flash-preview"])
def test_pictures_in_results(model: str) -> None:
    """Models from 3 on take a picture inside of a result, older ones beside it; sound is beside it for all."""
    picture, sound = Image(f"data:image/png;base64,{PNG}"), File("audio", "audio/wav", "QUFB")
    turn = _result("c1", "see", picture, sound)
    parts = _contents(_user("q"), _model(_call("c1")), turn, model=model)[2]["parts"]
    inline = [{"inlineData": {"mimeType": "image/png", "data": PNG}}]
    beside = [{"inlineData": {"mimeType": "audio/wav", "data": "QUFB"}}]
    answer = _answer("c1", {"result": "see"})
    if model.startswith("gemini-3"):
        answer["functionResponse"]["parts"] = inline
        assert parts == [answer, *beside]
    else:
        assert parts == [answer, *inline, *beside]


@pytest.mark.parametrize(
    ("model", "signatures"),
    [
        ("gemini-2.5-flash", [None, None]),
        ("gemini-3-pro-preview", [UNSEALED, None]),
        ("models/gemini-4-argon", [UNSEALED, None]),
        ("house-model", [UNSEALED, None]),
    ],
)
def test_calls_without_a_signature(model: str, signatures: list[str | None]) -> None:
    """The first call of a step gets the documented stand-in where a model insists on a signature."""
    parts = _contents(_user("q"), _model(_call("a", seal=THEIRS), _call("b")), model=model)[1]["parts"]
    assert [part.get("thoughtSignature") for part in parts] == signatures


def test_a_signature_is_kept() -> None:
    """A call with a signature of Gemini's own keeps it, and none is invented beside it."""
    parts = _contents(_user("q"), _model(_call("a", seal=OURS), _call("b")), model="gemini-3-pro")[1]["parts"]
    assert [part.get("thoughtSignature") for part in parts] == [OURS.value, None]


def test_tools() -> None:
    """Functions are declared with their schemas as they are; one without parameters has none."""
    empty = b'{"type": "object", "properties": {}, "additionalProperties": false}'
    tools = (WEATHER, Tool("now", schema=empty), Tool("never"))
    assert _body(_user("q"), tools=tools)["tools"] == [
        {
            "functionDeclarations": [
                {
                    "name": "get_weather",
                    "description": "Tells it.",
                    "parametersJsonSchema": {"type": "object", "properties": {"city": {"$ref": "#/$defs/City"}}},
                },
                {"name": "now"},
                {"name": "never"},
            ]
        }
    ]


def test_custom_tools() -> None:
    """A tool that takes any text is a function with that text as its one argument, its grammar told in words."""
    tool = Tool("patch", "Edits.", custom=True, grammar=b'{"syntax":"lark"}')
    assert _body(_user("q"), tools=(tool,))["tools"][0]["functionDeclarations"] == [
        {
            "name": "patch",
            "description": 'Edits.\n\nThe input follows this grammar: {"syntax":"lark"}',
            "parametersJsonSchema": {
                "type": "object",
                "properties": {"input": {"type": "string"}},
                "required": ["input"],
            },
        }
    ]


def test_tools_that_others_run() -> None:
    """A search that another provider would run is Google's own; it is named where functions stand beside it."""
    search = Opaque("anthropic", "web_search_20250305", b'{"type":"web_search_20250305"}')
    computer = Opaque("anthropic", "computer_20250124", b"{}")
    own = Opaque("gemini", "codeExecution", b'{"codeExecution":{}}')
    alone = _write(_user("q"), tools=(search, own, computer))
    assert json.decode(alone.body)["tools"] == [{"codeExecution": {}}, {"googleSearch": {}}]
    assert alone.dropped == ("tools[type=computer_20250124]",)
    assert _write(_user("q"), tools=(search, WEATHER)).dropped == ("tools[type=web_search_20250305]",)


CHOICES: list[tuple[ToolChoice, Any]] = [
    (ToolChoice("auto"), {"mode": "AUTO"}),
    (ToolChoice("none"), {"mode": "NONE"}),
    (ToolChoice("any"), {"mode": "ANY"}),
    (ToolChoice("tool", ("get_weather",)), {"mode": "ANY", "allowedFunctionNames": ["get_weather"]}),
    (ToolChoice("any", ("get_weather",)), {"mode": "ANY", "allowedFunctionNames": ["get_weather"]}),
    (ToolChoice("auto", ("get_weather",)), {"mode": "VALIDATED", "allowedFunctionNames": ["get_weather"]}),
]


@pytest.mark.parametrize(("choice", "config"), CHOICES)
def test_tool_choice(choice: ToolChoice, config: Any) -> None:
    """Each form of a choice has its mode."""
    body = _body(_user("q"), tools=(WEATHER,), settings=Settings(tool_choice=choice))
    assert body["toolConfig"] == {"functionCallingConfig": config}


def test_tool_choice_without_tools() -> None:
    """A choice among nothing is left out, a call of nothing cannot be forced."""
    assert "toolConfig" not in _body(_user("q"), settings=Settings(tool_choice=ToolChoice("auto")))
    with pytest.raises(Unsupported) as error:
        _write(_user("q"), settings=Settings(tool_choice=ToolChoice("any")))
    assert error.value.param == "tool_choice"


def test_names() -> None:
    """Names that Gemini refuses are written otherwise, each in its own way, and given back."""
    names = ["a/b", "a b", "a_b", "1st", "x" * 200, "über"]
    written = _write(_user("q"), tools=tuple(Tool(name) for name in names))
    there = [one["name"] for one in json.decode(written.body)["tools"][0]["functionDeclarations"]]
    assert [written.renamed.get(name, name) for name in there] == names
    assert there[2] == "a_b"
    assert len(set(there)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.:-]{0,127}", name) for name in there)


def test_names_of_calls() -> None:
    """History and choice name a tool as the declaration does."""
    settings = Settings(tool_choice=ToolChoice("tool", ("a/b",)))
    body = _body(_user("q"), _model(_call("c", "a/b")), _result("c", "x"), tools=(Tool("a/b"),), settings=settings)
    assert body["tools"][0]["functionDeclarations"][0]["name"] == "a_b"
    assert body["contents"][1]["parts"][0]["functionCall"]["name"] == "a_b"
    assert body["contents"][2]["parts"][0]["functionResponse"]["name"] == "a_b"
    assert body["toolConfig"]["functionCallingConfig"]["allowedFunctionNames"] == ["a_b"]


ADDRESSES = [
    ("gemini-2.5-flash", URL, False, URL.replace("{model}", "gemini-2.5-flash:generateContent")),
    ("models/gemini-3-pro", URL, True, URL.replace("{model}", "gemini-3-pro:streamGenerateContent?alt=sse")),
    ("a/../b?c", URL, False, URL.replace("{model}", "a%2F..%2Fb%3Fc:generateContent")),
    ("m", "http://house/v1/models/m?key=k", True, "http://house/v1/models/m:streamGenerateContent?alt=sse&key=k"),
]


@pytest.mark.parametrize(("model", "url", "stream", "address"), ADDRESSES)
def test_addresses(model: str, url: str, stream: bool, address: str) -> None:  # noqa: FBT001
    """Model and method are in the address, and not in the body."""
    written = _write(_user("q"), target=_target(model, url=url), stream=stream)
    assert written.url == address
    assert written.body == b'{"contents":[{"role":"user","parts":[{"text":"q"}]}]}'


def test_the_clients_model() -> None:
    """Without a model of the target's the client's own is asked."""
    target = Target(tier="frontier", provider="gemini", dialect="gemini", url=URL)
    talk = Conversation("gemini-3-flash", (_user("q"),))
    assert gemini.write_request(talk, target).url == URL.replace("{model}", "gemini-3-flash:generateContent")


def test_the_targets_members() -> None:
    """Members of the target's body win, and stand beside the client's where both are objects."""
    members = {"generationConfig": b'{"topK":3,"temperature":0.5}', "labels": b'{"team":"a"}'}
    target = _target(body=tuple(members.items()))
    body = _body(_user("q"), target=target, settings=Settings(temperature=1.5, top_p=0.5))
    assert body["generationConfig"] == {"temperature": 0.5, "topP": 0.5, "topK": 3}
    assert body["labels"] == {"team": "a"}


def test_a_format_beside_tools() -> None:
    """Models before 3 do not take both; one that may not call them needs no tools; later ones take both."""
    settings = Settings(format=Format("json_object"))
    with pytest.raises(Unsupported) as error:
        _write(_user("q"), tools=(WEATHER,), settings=settings)
    assert error.value.param == "response_format"
    silent = Settings(format=Format("json_object"), tool_choice=ToolChoice("none"))
    body = _body(_user("q"), tools=(WEATHER,), settings=silent)
    assert sorted(body) == ["contents", "generationConfig"]
    newest = _body(_user("q"), tools=(WEATHER,), settings=settings, target=_target("gemini-3-flash"))
    assert sorted(newest) == ["contents", "generationConfig", "tools"]


_words = st.text(max_size=4)
_turns = st.lists(
    st.one_of(
        st.builds(_user, _words),
        st.builds(lambda text: _turn("system", text), _words),
        st.builds(_model, _words),
        st.builds(lambda ids: _model(*(_call(one) for one in ids)), st.lists(st.sampled_from("abc"), max_size=3)),
        st.builds(_result, st.sampled_from("abcd"), _words),
    ),
    max_size=8,
)


@given(_turns)
def test_any_history_is_well_formed(turns: list[Turn]) -> None:
    """Roles alternate from `user` on, no turn is empty, and each turn of calls has its answers after it, in order."""
    contents = _contents(*turns)
    assert [one["role"] for one in contents] == ["user", "model"] * (len(contents) // 2) + ["user"] * (
        len(contents) % 2
    )
    assert all(one["parts"] for one in contents)
    for said, then in zip(contents[::1], [*contents[1:], {"parts": []}], strict=True):
        calls = [part["functionCall"]["id"] for part in said["parts"] if "functionCall" in part]
        answers = [part["functionResponse"]["id"] for part in then["parts"] if "functionResponse" in part]
        assert answers == calls


@given(_turns, _words)
def test_equal_requests_give_equal_bytes(turns: list[Turn], answer: str) -> None:
    """A request is written the same each time, and one that goes on begins with the same bytes."""
    asked = [_user("q"), *turns, _user("go on")]
    one, again = (_write(*asked, tools=(WEATHER,), target=_target("gemini-3-pro")).body for _ in range(2))
    longer = _write(*asked, _model(f"A{answer}"), _user("and?"), tools=(WEATHER,), target=_target("gemini-3-pro")).body
    assert one == again
    assert longer.startswith(one.removesuffix(b"]}"))
