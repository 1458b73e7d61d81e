"""A request for Anthropic's Messages API: https://docs.claude.com/en/api/messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Raw

from xrouter.chat.request import Conversation, Opaque, Settings, Tool, ToolCall
from xrouter.chat.target import Target
from xrouter.dialects.anthropic.caching import mark
from xrouter.dialects.anthropic.messages import lost_blocks, split_system, write_messages
from xrouter.dialects.anthropic.profiles import Profile, profile_of
from xrouter.dialects.anthropic.schemas import binding, read_json
from xrouter.dialects.anthropic.thinking import Thought, think, wish_of
from xrouter.dialects.anthropic.tools import write_choice, write_tools
from xrouter.dialects.base import Written
from xrouter.dialects.naming import fit_names, foreign_tools, lost_thoughts
from xrouter.errors import BadRequest, Unsupported
from xrouter.wire import json

Block = dict[str, Any]

_DIALECT = "anthropic"
_ONLY_JSON = "Answer with one JSON object only, without any words or marks around it."
_HINTS = frozenset(
    {
        "metadata",
        "store",
        "prompt_cache_key",
        "prompt_cache_retention",
        "prompt_cache_options",
        "safety_identifier",
        "verbosity",
        "prediction",
        "stream_options",
        "include",
        "truncation",
        "moderation",
    }
)
"""Members that mean nothing to the answer: left out without a word."""
_NATIVE = frozenset({"mcp_servers", "context_management", "container", "output_config", "cache_control"})
"""Members of Anthropic's own that clients put into OpenAI's format: they pass."""
_TIERS = {"auto": "auto", "default": "standard_only"}


def write_request(talk: Conversation, target: Target) -> Written:
    """The request. Raises Unsupported where the target cannot take what it asks for."""
    try:
        return _write(talk, target)
    except RecursionError:
        raise BadRequest("a schema is nested too deeply", param="tools") from None


def _write(talk: Conversation, target: Target) -> Written:
    model = target.model or talk.model
    profile, settings = profile_of(model), talk.settings
    _refuse(settings, profile, model)
    names = fit_names([*talk.tools, *_called(talk)])
    tools, unbound = write_tools(talk.tools, settings, names)
    system, messages = _say(talk, names, profile)
    native = _native(settings)
    mark(tools, system, messages, by_itself="cache_control" not in native)
    wanted = settings.max_tokens or target.max_output_tokens or profile.usual_tokens
    limit = min(wanted, profile.most_tokens)
    thought = think(talk, wish_of(settings.thinking, target.effort), profile, limit)
    sampling, unsampled = _sampling(settings, profile, thought)
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": thought.max_tokens,
        **_optional("system", system or None),
        **_optional("tools", tools or None),
        **_optional("tool_choice", write_choice(settings, tools, names)),
        **sampling,
        **_small(settings),
        **native,
        **thought.members,
        **_optional("output_config", _output(native, thought, settings)),
        **_optional("stream", talk.stream or None),
        **{name: Raw(value) for name, value in target.body},
    }
    capped = ["max_tokens"] if limit < wanted else []
    dropped = dict.fromkeys([*_unknown(settings), *capped, *unsampled, *thought.dropped, *unbound, *_lost(talk)])
    written = json.encode({**body, "messages": messages})
    return Written(written, target.url, tuple(dropped), {there: here for here, there in names.items()})


def _lost(talk: Conversation) -> list[str]:
    """What only other dialects have: tools that they host, what their models thought and did by themselves."""
    hosted = foreign_tools(talk.tools, _DIALECT)
    return [*hosted, *lost_thoughts(talk.turns, _DIALECT), *lost_blocks(talk.turns)]


def _called(talk: Conversation) -> list[Tool]:
    """The tools that were called before, whether they are still on offer or not."""
    return [Tool(part.name) for turn in talk.turns for part in turn.parts if isinstance(part, ToolCall)]


def _say(talk: Conversation, names: Mapping[str, str], profile: Profile) -> tuple[list[Block], list[Block]]:
    """(the blocks of the system prompt, the messages). Raises BadRequest where there is nothing to answer."""
    system, turns = split_system(talk.turns)
    messages = write_messages(turns, names, profile)
    if not messages:
        raise BadRequest("there is no message to answer", param="messages")
    if talk.settings.format is not None and talk.settings.format.kind == "json_object":
        system.append({"type": "text", "text": _ONLY_JSON})
    return system, messages


def _refuse(settings: Settings, profile: Profile, model: str) -> None:
    if settings.n is not None and settings.n > 1:
        raise Unsupported(f"{model} gives one answer to a request; n must be 1", param="n")
    if settings.format is not None and settings.format.kind == "json_schema" and not profile.schemas:
        raise Unsupported(f"{model} cannot be held to a JSON schema; use a newer model", param="response_format")
    modalities = next((extra.value for extra in settings.extras if extra.kind == "modalities"), b"[]")
    if b"audio" in modalities:
        raise Unsupported(f"{model} answers in words; it cannot speak", param="modalities")


def _sampling(settings: Settings, profile: Profile, thought: Thought) -> tuple[dict[str, Any], list[str]]:
    """(what is sent, what is not): newer models refuse all of it, and while one thinks it is fixed."""
    wishes = {"temperature": settings.temperature, "top_p": settings.top_p, "top_k": settings.top_k}
    given = {name: value for name, value in wishes.items() if value is not None}
    if not profile.sampling or thought.is_on:
        return {}, list(given)
    dropped = []
    if (settings.temperature or 0) > 1:
        given["temperature"] = 1
        dropped.append("temperature")
    if "temperature" in given and given.pop("top_p", None) is not None:
        dropped.append("top_p")
    return given, dropped


def _small(settings: Settings) -> dict[str, Any]:
    stops = [stop for stop in settings.stop if stop.strip()]
    user = settings.user if settings.user and "@" not in settings.user else None
    return {
        **_optional("stop_sequences", stops or None),
        **_optional("service_tier", _TIERS.get(settings.service_tier or "")),
        **_optional("metadata", {"user_id": user} if user else None),
    }


def _output(native: dict[str, Any], thought: Thought, settings: Settings) -> dict[str, Any] | None:
    """`output_config`: the client's own, how much effort to make, and what form the answer must have."""
    own = read_json(native["output_config"], "output_config") if "output_config" in native else {}
    config = {**(own if isinstance(own, dict) else {}), **thought.members.get("output_config", {})}
    if settings.format is not None and settings.format.kind == "json_schema":
        schema = read_json(settings.format.schema or b'{"type":"object"}', "response_format")
        config["format"] = {"type": "json_schema", "schema": binding(schema)}
    return config or None


def _native(settings: Settings) -> dict[str, Any]:
    return {extra.kind: Raw(extra.value) for extra in settings.extras if _is_native(extra)}


def _is_native(extra: Opaque) -> bool:
    """Of Anthropic's own, though it came in OpenAI's chat format; other formats have their own of the same name."""
    return extra.kind in _NATIVE and extra.dialect in {"openai", _DIALECT}


def _unknown(settings: Settings) -> list[str]:
    """What the client asks for that has no counterpart here."""
    knobs = {
        "seed": settings.seed,
        "presence_penalty": settings.presence_penalty,
        "frequency_penalty": settings.frequency_penalty,
        "logprobs": settings.logprobs or None,
        "top_logprobs": settings.top_logprobs,
    }
    extras = [extra.kind for extra in settings.extras if not (extra.kind in _HINTS or _is_native(extra))]
    return [*(name for name, value in knobs.items() if value is not None), *extras]


def _optional(name: str, value: Any) -> dict[str, Any]:
    return {} if value is None else {name: value}
