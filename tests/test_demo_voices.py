"""demo/voices.py: simulated providers refuse what the real ones would, and their answers can be read."""

from __future__ import annotations

from typing import Any

import pytest

from xrouter.chat.fold import fold
from xrouter.chat.reply import Usage
from xrouter.chat.request import Text
from xrouter.demo.voices import VOICES, Refused
from xrouter.dialects.base import speak
from xrouter.providers.catalog import rows

HEADERS: dict[str, dict[str, str]] = {
    "openai_compatible": {"authorization": "Bearer k"},
    "anthropic": {"x-api-key": "k", "anthropic-version": "2023-06-01"},
    "gemini": {"x-goog-api-key": "k"},
}
HI = {"role": "user", "content": "Hi?"}
BODIES: dict[str, dict[str, Any]] = {
    "openai_compatible": {"model": "m", "messages": [HI]},
    "anthropic": {"model": "m", "max_tokens": 9, "messages": [HI]},
    "gemini": {"contents": [{"role": "user", "parts": [{"text": "Hi?"}]}]},
}
MALFORMED: list[tuple[str, dict[str, Any], int]] = [
    ("openai_compatible", {"messages": []}, 400),
    ("openai_compatible", {"messages": [{"role": "robot"}]}, 400),
    ("openai_compatible", {"model": None}, 400),
    ("anthropic", {"max_tokens": None}, 400),
    ("anthropic", {"messages": [HI, {"role": "robot", "content": "x"}]}, 400),
    ("anthropic", {"messages": [{"role": "assistant", "content": "x"}]}, 400),
    ("anthropic", {"messages": [{"role": "user", "content": " "}]}, 400),
    ("gemini", {"contents": []}, 400),
    ("gemini", {"contents": [{"role": "tool", "parts": [{}]}]}, 400),
    ("gemini", {"contents": [{"role": "user", "parts": []}]}, 400),
]


@pytest.mark.parametrize("provider", VOICES)
def test_answers(provider: str) -> None:
    """A good request is taken, and what is answered reads the same whole and streamed."""
    voice, dialect = VOICES[provider], speak(rows()[provider].dialect)
    voice.check(HEADERS[provider], BODIES[provider])
    assert voice.asked(BODIES[provider]) == "Hi?"
    whole = dialect.read_reply(voice.whole("m", "Hello there", 7, 2))
    reader = dialect.reader()
    stream = voice.begin("m", 7) + voice.say("m", "Hello") + voice.say("m", " there") + voice.end("m", 7, 2)
    streamed = fold([*reader.feed(stream), *reader.close()])
    for reply in (whole, streamed):
        assert reply.answers[0].parts == (Text("Hello there"),)
        assert (reply.model, reply.usage) == ("m", Usage(prompt=7, completion=2))


@pytest.mark.parametrize(("provider", "change", "status"), MALFORMED)
def test_refusals(provider: str, change: dict[str, Any], status: int) -> None:
    """What the real provider would refuse is refused in its own shape."""
    with pytest.raises(Refused) as caught:
        VOICES[provider].check(HEADERS[provider], {**BODIES[provider], **change})
    assert caught.value.status == status
    assert caught.value.body["error"]["message"]


@pytest.mark.parametrize("provider", VOICES)
def test_no_key(provider: str) -> None:
    """Without its own kind of key nobody is served."""
    with pytest.raises(Refused):
        VOICES[provider].check({}, BODIES[provider])
