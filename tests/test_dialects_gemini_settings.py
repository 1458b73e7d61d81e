"""How a model is to answer, in Gemini's words."""

from __future__ import annotations

from typing import Any

import pytest

from xrouter.chat.request import Conversation, Format, Opaque, Settings, Text, Thinking, Turn
from xrouter.chat.target import Target
from xrouter.dialects import gemini
from xrouter.dialects.base import Written
from xrouter.errors import Unsupported
from xrouter.wire import json

FLASH, LITE, PRO, OLD = "gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-2.5-pro", "gemini-2.0-flash"


def _write(settings: Settings, model: str = OLD, **target: Any) -> Written:
    url = "http://house/v1beta/models/{model}"
    aim = Target(tier="frontier", provider="gemini", dialect="gemini", url=url, model=model, **target)
    return gemini.write_request(Conversation("auto", (Turn("user", (Text("q"),)),), settings=settings), aim)


def _config(settings: Settings, model: str = OLD, **target: Any) -> Any:
    return json.decode(_write(settings, model, **target).body).get("generationConfig", {})


def _extra(name: str, value: Any) -> Settings:
    return Settings(extras=(Opaque("openai", name, json.encode(value)),))


SCHEMA = b'{"type":"object","properties":{"a":{"const":1}}}'
CONFIGS: list[tuple[Settings, Any]] = [
    (Settings(temperature=0.0, top_p=0.5, top_k=3), {"temperature": 0.0, "topP": 0.5, "topK": 3}),
    (
        Settings(max_tokens=9, presence_penalty=0.1, frequency_penalty=0.2),
        {"maxOutputTokens": 9, "presencePenalty": 0.1, "frequencyPenalty": 0.2},
    ),
    (Settings(seed=7), {"seed": 7}),
    (Settings(seed=2**40 + 7), {"seed": 7}),
    (Settings(n=1), {}),
    (Settings(n=3), {"candidateCount": 3}),
    (Settings(stop=("a", "b")), {"stopSequences": ["a", "b"]}),
    (Settings(logprobs=False), {}),
    (Settings(logprobs=True), {"responseLogprobs": True}),
    (Settings(logprobs=True, top_logprobs=3), {"responseLogprobs": True, "logprobs": 3}),
    (Settings(format=Format("json_object")), {"responseMimeType": "application/json"}),
    (
        Settings(format=Format("json_schema", "a", SCHEMA)),
        {"responseMimeType": "application/json", "responseJsonSchema": json.decode(SCHEMA)},
    ),
    (_extra("modalities", ["text", "image"]), {"responseModalities": ["TEXT", "IMAGE"]}),
    (_extra("modalities", ["text"]), {}),
    (_extra("modalities", "text"), {}),
]


@pytest.mark.parametrize(("settings", "config"), CONFIGS)
def test_each_setting(settings: Settings, config: Any) -> None:
    """Each setting has its place in the generationConfig."""
    assert _config(settings) == config


THOUGHTS: list[tuple[str, Thinking, Any]] = [
    (FLASH, Thinking("none"), {"thinkingBudget": 0}),
    (FLASH, Thinking("low"), {"thinkingBudget": 1024, "includeThoughts": True}),
    (FLASH, Thinking("high", shown=False), {"thinkingBudget": 24_576}),
    (FLASH, Thinking("max"), {"thinkingBudget": 24_576, "includeThoughts": True}),
    (FLASH, Thinking("low", budget=5000), {"thinkingBudget": 5000, "includeThoughts": True}),
    (FLASH, Thinking(), {"thinkingBudget": -1, "includeThoughts": True}),
    (LITE, Thinking(budget=100), {"thinkingBudget": 512, "includeThoughts": True}),
    (PRO, Thinking("none", shown=False), {"thinkingBudget": 128}),
    (PRO, Thinking("medium"), {"thinkingBudget": 8192, "includeThoughts": True}),
    (PRO, Thinking(budget=10**6), {"thinkingBudget": 32_768, "includeThoughts": True}),
    ("gemini-3-pro-preview", Thinking("minimal"), {"thinkingLevel": "low", "includeThoughts": True}),
    ("gemini-3-pro-preview", Thinking("medium"), {"thinkingLevel": "high", "includeThoughts": True}),
    ("gemini-3.1-pro", Thinking("medium"), {"thinkingLevel": "medium", "includeThoughts": True}),
    ("gemini-3-flash", Thinking("none"), {"thinkingLevel": "minimal", "includeThoughts": True}),
    ("models/gemini-3-flash", Thinking("xhigh"), {"thinkingLevel": "high", "includeThoughts": True}),
    ("gemini-3-flash", Thinking(budget=0, shown=False), {"thinkingLevel": "minimal"}),
    ("gemini-3-flash", Thinking(budget=4000), {"thinkingLevel": "low", "includeThoughts": True}),
    ("gemini-3-flash", Thinking(budget=10_000), {"thinkingLevel": "medium", "includeThoughts": True}),
    ("gemini-3-flash", Thinking(budget=32_000), {"thinkingLevel": "high", "includeThoughts": True}),
    ("gemini-3-flash", Thinking(), {"includeThoughts": True}),
    ("gemini-3-flash", Thinking("ultra"), {"includeThoughts": True}),
    ("house-model", Thinking("none", shown=False), {"thinkingLevel": "low"}),
]


@pytest.mark.parametrize(("model", "thinking", "config"), THOUGHTS)
def test_thinking(model: str, thinking: Thinking, config: Any) -> None:
    """A 2.5 model is given a budget within its limits, a later one a level that it knows, never both."""
    assert _config(Settings(thinking=thinking), model) == {"thinkingConfig": config}


@pytest.mark.parametrize(
    ("model", "config"),
    [
        (FLASH, {"thinkingConfig": {"thinkingBudget": 0}}),
        (PRO, {"thinkingConfig": {"thinkingBudget": 128}}),
        ("gemini-3-flash", {"thinkingConfig": {"thinkingLevel": "minimal"}}),
        (OLD, {}),
        ("house-model", {}),
    ],
)
def test_tiny_answers(model: str, config: Any) -> None:
    """An answer of a few tokens is not thought about: thoughts count, and nothing would be left for words."""
    assert _config(Settings(max_tokens=16), model) == {"maxOutputTokens": 16, **config}


def test_models_that_do_not_think() -> None:
    """A wish for thoughts is named where a model has none; a wish for none is granted."""
    assert _write(Settings(thinking=Thinking("high"))).dropped == ("reasoning_effort",)
    assert _write(Settings(thinking=Thinking("none"))).dropped == ()
    assert _config(Settings(thinking=Thinking("high"))) == {}


def test_what_the_target_asks_for() -> None:
    """Effort and limit of the target are put in where the client asks for none."""
    target: dict[str, Any] = {"effort": "low", "max_output_tokens": 2000}
    thoughts = {"thinkingBudget": 1024, "includeThoughts": True}
    assert _config(Settings(), FLASH, **target) == {"maxOutputTokens": 2000, "thinkingConfig": thoughts}
    asked = Settings(max_tokens=3000, thinking=Thinking("none"))
    assert _config(asked, FLASH, **target) == {"maxOutputTokens": 3000, "thinkingConfig": {"thinkingBudget": 0}}


def test_what_is_left_out() -> None:
    """What Gemini has nothing for is named, hints aside; of stop sequences there are five."""
    extras = tuple(Opaque("openai", name, b"1") for name in ("logit_bias", "store", "metadata", "min_p"))
    settings = Settings(stop=tuple("abcdef"), parallel=False, user="u", service_tier="auto", extras=extras)
    written = _write(settings)
    assert written.dropped == ("stop", "parallel_tool_calls", "logit_bias", "min_p")
    assert json.decode(written.body)["generationConfig"] == {"stopSequences": list("abcde")}


def test_what_passes() -> None:
    """Members of Gemini's own that a client put into its request are passed on."""
    safety = [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]
    body = json.decode(_write(_extra("safety_settings", safety)).body)
    assert body["safetySettings"] == safety
    assert json.decode(_write(_extra("cached_content", "cachedContents/a")).body)["cachedContent"] == "cachedContents/a"


def test_search() -> None:
    """A search that is asked for by OpenAI's member is Google's own."""
    assert json.decode(_write(_extra("web_search_options", {})).body)["tools"] == [{"googleSearch": {}}]


def test_sound() -> None:
    """A spoken answer is refused: no client could hear it."""
    with pytest.raises(Unsupported) as error:
        _write(_extra("modalities", ["text", "audio"]))
    assert error.value.param == "modalities"
