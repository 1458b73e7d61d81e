"""What an LLM classifier is sent."""

from __future__ import annotations

from typing import Any

import pytest

from xrouter.chat.target import Target
from xrouter.routing.prompt import SYSTEM_PROMPT, write_question
from xrouter.wire import json

PLAIN = Target(tier="classifier", provider="ollama", dialect="openai", url="http://127.0.0.1/", model="judge")


def _question(target: Target = PLAIN, *, system_prompt: str | None = None, stream: bool = True) -> dict[str, Any]:
    body: dict[str, Any] = json.decode(write_question(target, "Hi?", system_prompt=system_prompt, stream=stream).body)
    return body


def test_the_question() -> None:
    """Fixed instructions first, the ask last, nothing else; streamed, so that it can be cut."""
    assert _question() == {
        "model": "judge",
        "messages": [
            {"role": "system", "content": SYSTEM_PROMPT},
            {"role": "user", "content": "<request>\nHi?\n</request>"},
        ],
        "temperature": 0,
        "max_tokens": 512,
        "stream": True,
    }


def test_without_streaming_the_limit_is_tiny() -> None:
    """An answer that cannot be cut is limited instead."""
    body = _question(stream=False)
    assert (body["stream"], body["max_tokens"]) == (False, 8)


def test_the_settings_of_the_target() -> None:
    """A prompt of the user's own, a target without a model, and its body members are honoured."""
    target = Target(
        tier="classifier",
        provider="ollama",
        dialect="openai",
        url="http://127.0.0.1/",
        body=(("temperature", b"1.0"), ("extra", b'{"a":1}')),
        max_output_tokens=9,
    )
    body = _question(target, system_prompt="Judge!")
    assert body["messages"][0] == {"role": "system", "content": "Judge!"}
    assert body["model"] == "default"
    assert (body["temperature"], body["extra"], body["max_tokens"]) == (1.0, {"a": 1}, 512)


def test_a_model_that_thinks() -> None:
    """It gets room for its thoughts under the new name of the limit, no temperature and no old limit from elsewhere."""
    target = Target(
        tier="classifier",
        provider="openai",
        dialect="openai",
        url="http://127.0.0.1/",
        max_output_tokens=9,
        effort="low",
    )
    body = json.decode(write_question(target, "Hi?", system_prompt=None, stream=False, thinks=True).body)
    assert {"temperature", "max_tokens"}.isdisjoint(body)
    assert (body["max_completion_tokens"], body["reasoning_effort"]) == (2048, "low")


@pytest.mark.parametrize(
    ("dialect", "url", "end"),
    [
        ("anthropic", "http://127.0.0.1/v1/messages", "/v1/messages"),
        ("gemini", "http://127.0.0.1/v1beta/models/{model}", "/models/judge:streamGenerateContent?alt=sse"),
        ("cohere", "http://127.0.0.1/v2/chat", "/v2/chat"),
        ("responses", "http://127.0.0.1/v1/responses", "/v1/responses"),
    ],
)
def test_other_dialects(dialect: str, url: str, end: str) -> None:
    """A classifier that speaks another dialect is asked in that one: the same instructions, the same ask."""
    target = Target(tier="classifier", provider=dialect, dialect=dialect, url=url, model="judge")
    written = write_question(target, "Hi?", system_prompt="Judge!", stream=True)
    assert written.url.endswith(end)
    assert b"Judge!" in written.body
    assert rb"<request>\nHi?\n</request>" in written.body
