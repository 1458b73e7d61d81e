"""tests/strict: a fake says the same whole and streamed, as the dialect that reads the real one understands it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.strict import anthropic, azure, cohere, gemini, openai, script
from tests.strict.exchange import Asked, Kind, Offer, Refused, Wire
from xrouter.chat.fold import fold
from xrouter.chat.request import Reasoning, Refusal, Text, ToolCall
from xrouter.dialects.base import ProviderDialect, speak

WIRES: dict[str, Wire] = {"openai": openai, "azure": azure, "anthropic": anthropic, "gemini": gemini, "cohere": cohere}
OFFER = Offer("weather", {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})
STATUSES: list[tuple[Kind, dict[str, int]]] = [
    ("key", dict.fromkeys(WIRES, 401)),
    ("model", dict.fromkeys(WIRES, 404)),
    ("limit", dict.fromkeys(WIRES, 429)),
    ("failed", dict.fromkeys(WIRES, 500)),
    ("overloaded", {**dict.fromkeys(WIRES, 503), "anthropic": 529}),
    ("overflow", dict.fromkeys(WIRES, 400)),
]


def dialect_of(provider: str) -> ProviderDialect:
    """Who reads it."""
    dialect: ProviderDialect = speak("openai" if provider == "azure" else provider)
    return dialect


def asked(prompt: str, **more: Any) -> Asked:
    """A request of that text."""
    members = {"model": "gemini-3-flash", "stream": True, "results": (), "offers": (OFFER,), "size": 99}
    return Asked(prompt=prompt, **{**members, **more})


@pytest.mark.parametrize("provider", WIRES)
@pytest.mark.parametrize("marker", ["", "@@think", "@@tool", "@@parallel @@think", "@@length"])
def test_whole_and_streamed(provider: str, marker: str) -> None:
    """Both tell the same words, thoughts, calls and figures."""
    wire, dialect, what = WIRES[provider], dialect_of(provider), asked(marker)
    answer = script.answer(what)
    whole = dialect.read_reply(wire.whole(what, answer))
    reader = dialect.reader()
    streamed = fold([*reader.feed(b"".join(wire.stream(what, answer))), *reader.close()])
    for reply in (whole, streamed):
        said = reply.answers[0]
        text = "".join(part.text for part in said.parts if isinstance(part, Text | Reasoning))
        assert answer.text in text
        assert (answer.thought in text) or provider in {"openai", "azure"} or (provider == "cohere" and answer.calls)
        calls = [part.name for part in said.parts if isinstance(part, ToolCall)]
        assert calls == [call.name for call in answer.calls]
        assert said.finish == answer.finish
        assert reply.usage is not None
        assert (reply.usage.prompt, reply.usage.completion, reply.usage.cached) == (110, 25, 40)
    assert whole.usage == streamed.usage


@pytest.mark.parametrize("provider", ["openai", "anthropic", "gemini", "cohere"])
def test_declines(provider: str) -> None:
    """A model that declines says so in the provider's way."""
    wire, what = WIRES[provider], asked("@@refuse")
    said = dialect_of(provider).read_reply(wire.whole(what, script.answer(what))).answers[0]
    assert said.finish == "content_filter" or any(isinstance(part, Refusal) for part in said.parts)


@pytest.mark.parametrize("provider", WIRES)
@pytest.mark.parametrize(("kind", "statuses"), STATUSES)
def test_errors(provider: str, kind: Kind, statuses: dict[str, int]) -> None:
    """Each has the status that clients know it by once the dialect has read it."""
    wire = WIRES[provider]
    with pytest.raises(Refused) as caught:
        script.answer(asked(f"@@{kind}"))
    refusal = wire.refuse(caught.value)
    error = dialect_of(provider).read_error(refusal.status, refusal.body, tuple(refusal.headers.items()))
    assert error.status == statuses[provider]
    assert error.message
    assert (error.code == "context_length_exceeded") == (kind == "overflow")


@pytest.mark.parametrize("provider", WIRES)
def test_faults_in_a_stream(provider: str) -> None:
    """An error in the middle of a stream is none of its words."""
    wire, dialect, what = WIRES[provider], dialect_of(provider), asked("")
    half = wire.stream(what, script.answer(what))[:4]
    reader = dialect.reader()
    events = reader.feed(b"".join([*half, wire.fault(Refused("overloaded"))]))
    assert [type(event).__name__ for event in events].count("Fault") == 1


def test_results_are_quoted() -> None:
    """With the results of its calls the model has what it needs."""
    what = asked("Warm? @@tool", results=("9 °C",))
    assert script.answer(what).text == script.quoted("9 °C")
