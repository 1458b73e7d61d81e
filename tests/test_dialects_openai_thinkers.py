"""dialects/openai/thinkers.py: what models that think would refuse, in requests that pass as they are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from xrouter.chat.target import Target
from xrouter.dialects import openai

TARGET = Target(tier="frontier", provider="openai", dialect="openai", url="https://x", model="gpt-5.2")
ASK: dict[str, Any] = {"model": "auto", "messages": []}
CASES: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({"max_tokens": 9}, {"max_completion_tokens": 9}, []),
    ({"max_tokens": 9, "max_completion_tokens": 8}, {"max_completion_tokens": 8}, []),
    ({"temperature": 0.2, "stop": ["x"], "seed": 1}, {"seed": 1}, ["stop", "temperature"]),
    ({"temperature": 1, "top_p": 1.0}, {"temperature": 1, "top_p": 1.0}, []),
    ({"temperature": 0.2, "reasoning_effort": "none"}, {"temperature": 0.2, "reasoning_effort": "none"}, []),
    ({"temperature": 0.2, "reasoning_effort": "low"}, {"reasoning_effort": "low"}, ["temperature"]),
]


@pytest.mark.parametrize(("members", "kept", "dropped"), CASES)
def test_fitted(members: dict[str, Any], kept: dict[str, Any], dropped: list[str]) -> None:
    """The limit gets its new name, sampling is left out and named, all else stays."""
    envelope = openai.read_envelope(json.dumps({**ASK, **members}).encode())
    written = json.loads(openai.rewrite(envelope, TARGET, add_usage=False))
    assert written == {**ASK, "model": "gpt-5.2", **kept}
    assert openai.dropped(envelope, TARGET) == dropped


@pytest.mark.parametrize(("provider", "model"), [("openai", "gpt-4.1"), ("openai_compatible", "gpt-5.2")])
def test_as_it_is(provider: str, model: str) -> None:
    """Other models, and other providers' models of that name, get the client's bytes."""
    target = Target(tier="frontier", provider=provider, dialect="openai", url="https://x", model=model)
    body = json.dumps({**ASK, "model": model, "max_tokens": 9, "temperature": 0.2}).encode()
    envelope = openai.read_envelope(body)
    assert openai.rewrite(envelope, target, add_usage=False) == body
    assert openai.dropped(envelope, target) == []
