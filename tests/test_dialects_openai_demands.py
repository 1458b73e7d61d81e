"""What providers that speak OpenAI want of a request."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.chat.target import Target
from xrouter.dialects.openai.demands import mend_request
from xrouter.providers.catalog import rows
from xrouter.wire import json as wire


def ask(provider: str, body: bytes) -> dict[str, bytes]:
    """What changes of a request."""
    target = Target("cheap", provider, "openai", "http://127.0.0.1", quirks=rows()[provider].quirks)
    return mend_request(wire.members(body), target)


def messages(provider: str, *given: dict[str, Any]) -> list[Any]:
    """What becomes of the messages."""
    body = json.dumps({"messages": given}).encode()
    changed = ask(provider, body).get("messages")
    decoded: list[Any] = json.loads(changed) if changed is not None else list(given)
    return decoded


USER = {"role": "user", "content": "hi"}
FUNCTION = {"name": "f", "arguments": "{}"}
MESSAGES: dict[str, tuple[str, list[dict[str, Any]], list[dict[str, Any]]]] = {
    "a developer": ("vllm", [{"role": "developer", "content": "S"}], [{"role": "system", "content": "S"}]),
    "a developer is known": ("openai", [{"role": "developer"}], [{"role": "developer"}]),
    "a developer in words": (
        "vllm",
        [{"role": "user", "content": '{"role":"developer"}'}],
        [{"role": "user", "content": '{"role":"developer"}'}],
    ),
    "an id of nine": (
        "mistral",
        [{"role": "tool", "tool_call_id": "abcDEF123", "name": "f", "content": ""}],
        [{"role": "tool", "tool_call_id": "abcDEF123", "name": "f", "content": ""}],
    ),
    "members of others": (
        "groq",
        [
            {"role": "user", "content": "a", "name": "n"},
            {"role": "assistant", "content": "b", "refusal": None, "reasoning_content": "t", "audio": None},
        ],
        [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}],
    ),
    "marks for a cache": (
        "mistral",
        [{"role": "user", "content": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]}],
        [{"role": "user", "content": [{"type": "text", "text": "a"}]}],
    ),
    "a file": (
        "mistral",
        [
            {
                "role": "user",
                "content": [
                    {"type": "file", "file": {"file_data": "data:application/pdf;base64,JV", "filename": "a.pdf"}},
                    {"type": "text", "text": "?"},
                ],
            }
        ],
        [
            {
                "role": "user",
                "content": [
                    {
                        "type": "document_url",
                        "document_url": "data:application/pdf;base64,JV",
                        "document_name": "a.pdf",
                    },
                    {"type": "text", "text": "?"},
                ],
            }
        ],
    ),
    "users in a row": (
        "perplexity",
        [{"role": "system", "content": "S"}, USER, USER, {"role": "user", "content": [{"type": "text", "text": "b"}]}],
        [
            {"role": "system", "content": "S"},
            {"role": "user", "content": [{"type": "text", "text": "hi\n\nhi"}, {"type": "text", "text": "b"}]},
        ],
    ),
    "what is odd": (
        "mistral",
        [{"role": "user", "name": "n", "content": [7, {"cache_control": 1}], "tool_calls": "x"}],
        [{"role": "user", "content": [7, {"cache_control": 1}], "tool_calls": "x"}],
    ),
}


@pytest.mark.parametrize(("provider", "given", "expected"), MESSAGES.values(), ids=MESSAGES)
def test_messages(provider: str, given: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    """Each message is as the provider wants it."""
    assert expected == messages(provider, *given)


def test_ids() -> None:
    """Ids become nine letters and digits, the same for a call and its result, another for another call."""
    calls = [{"id": name, "type": "function", "function": FUNCTION} for name in ("call_one", "call_two")]
    said, first, second = messages(
        "mistral",
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "call_one", "content": ""},
        {"role": "tool", "tool_call_id": "call_two", "content": ""},
    )
    ids = [made["id"] for made in said["tool_calls"]]
    assert ids == [first["tool_call_id"], second["tool_call_id"]]
    assert ids[0] != ids[1]
    assert all(re.fullmatch("[A-Za-z0-9]{9}", name) for name in ids)
    assert said["tool_calls"][0]["function"] == FUNCTION


def test_other_messages_keep_their_bytes() -> None:
    """A message that needs no mending is not written anew."""
    plain = b'{ "role":"user","content":"\\u00e9","x":1.0}'
    body = b'{"messages":[%b,{"role":"developer","content":"S"}]}' % plain
    assert ask("xai", body) == {"messages": b'[%b,{"role":"system","content":"S"}]' % plain}


@pytest.mark.parametrize("provider", sorted(rows()))
def test_ordinary_requests(provider: str) -> None:
    """An ordinary request is left alone by everybody."""
    body = json.dumps({"model": "m", "messages": [{"role": "system", "content": "S"}, USER], "tools": []}).encode()
    assert ask(provider, body) == {}


def test_other_members() -> None:
    """Marks for a cache leave the tools, tiers get the provider's names."""
    tool = {"type": "function", "function": {"name": "f", "cache_control": {}}, "cache_control": {}}
    changed = ask("groq", json.dumps({"messages": [], "tools": [tool], "service_tier": "default"}).encode())
    assert json.loads(changed["tools"]) == [{"type": "function", "function": {"name": "f"}}]
    assert changed["service_tier"] == b'"on_demand"'
    assert "service_tier" not in ask("groq", b'{"service_tier":"flex"}')


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
MEMBERS = ("role", "content", "tool_calls", "tool_call_id", "name", "file", "file_data", "cache_control", "id", "type")
MESSAGE = st.dictionaries(
    st.sampled_from(MEMBERS),
    st.just("developer") | ODD | st.lists(st.dictionaries(st.sampled_from(MEMBERS), ODD), max_size=2),
)


@given(
    provider=st.sampled_from(["mistral", "groq", "perplexity", "vllm"]),
    given_messages=ODD | st.lists(MESSAGE | ODD, max_size=3),
    tools=ODD | st.lists(MESSAGE, max_size=2),
)
def test_odd_requests(provider: str, given_messages: Any, tools: Any) -> None:
    """Whatever a client sends, it is for the provider to judge: mending never raises, and gives JSON."""
    for value in ask(provider, json.dumps({"messages": given_messages, "tools": tools}).encode()).values():
        json.loads(value)
