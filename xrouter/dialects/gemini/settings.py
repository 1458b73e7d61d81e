"""How the model is to answer, as `generationConfig`: https://ai.google.dev/api/generate-content#GenerationConfig."""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from xrouter.chat.request import Format, Settings
from xrouter.dialects.gemini.parts import Written
from xrouter.dialects.gemini.profiles import Model
from xrouter.dialects.gemini.thinking import write_thinking
from xrouter.dialects.naming import HINTS
from xrouter.wire import json

_SAME = (
    ("temperature", "temperature"),
    ("top_p", "topP"),
    ("top_k", "topK"),
    ("max_tokens", "maxOutputTokens"),
    ("presence_penalty", "presencePenalty"),
    ("frequency_penalty", "frequencyPenalty"),
)
"""The waist's name → Gemini's."""
_MOST_STOPS = 5
_SEEDS = 2**31
PASSED = {
    "safety_settings": "safetySettings",
    "safetySettings": "safetySettings",
    "cached_content": "cachedContent",
    "cachedContent": "cachedContent",
}
"""Members of a request to Gemini that clients put into another dialect's."""
SEARCH = "web_search_options"
MODALITIES = "modalities"


def write_config(settings: Settings, model: Model) -> Written:
    """The generationConfig. Raises Unsupported where an answer of another kind than words and pictures is asked for."""
    values = {name: getattr(settings, name) for name, _ in _SAME}
    config: Written = {theirs: values[ours] for ours, theirs in _SAME if values[ours] is not None}
    if settings.seed is not None:
        config["seed"] = settings.seed if abs(settings.seed) < _SEEDS else settings.seed % _SEEDS
    if settings.logprobs:
        config["responseLogprobs"] = True
        config |= {"logprobs": settings.top_logprobs} if settings.top_logprobs else {}
    if settings.n is not None and settings.n > 1:
        config["candidateCount"] = settings.n
    if settings.stop:
        config["stopSequences"] = list(settings.stop[:_MOST_STOPS])
    if thinking := write_thinking(settings.thinking, settings.max_tokens, model):
        config["thinkingConfig"] = thinking
    if settings.format is not None:
        config |= _format(settings.format)
    return config | _modalities(settings, model)


def left_out(settings: Settings, model: Model) -> list[str]:
    """The client's members that Gemini has nothing for."""
    thinks = settings.thinking is None or settings.thinking.effort == "none" or settings.thinking.budget == 0
    dropped = {
        "stop": len(settings.stop) > _MOST_STOPS,
        "parallel_tool_calls": settings.parallel is False,
        "reasoning_effort": model.profile.thinks == "no" and not thinks,
    }
    extras = [extra.kind for extra in settings.extras if extra.kind not in {*HINTS, *PASSED, SEARCH, MODALITIES}]
    return [name for name, is_dropped in dropped.items() if is_dropped] + extras


def _format(wanted: Format) -> Written:
    config: Written = {"responseMimeType": "application/json"}
    if wanted.kind == "json_schema" and wanted.schema is not None:
        config["responseJsonSchema"] = Raw(wanted.schema)
    return config


def _modalities(settings: Settings, model: Model) -> Written:
    value = next((extra.value for extra in settings.extras if extra.kind == MODALITIES), b"null")
    wanted = _words(value)
    if "audio" in wanted:
        raise model.refusal("a wish for sound", "Ask for text, or use a provider that speaks.", MODALITIES)
    return {"responseModalities": [word.upper() for word in wanted]} if "image" in wanted else {}


def _words(value: bytes) -> list[str]:
    try:
        words: Any = json.decode(value)
    except ValueError:
        return []
    return [word for word in words if isinstance(word, str)] if isinstance(words, list) else []
