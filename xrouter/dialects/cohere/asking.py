"""A conversation as the body of a Cohere request: https://docs.cohere.com/reference/chat."""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from xrouter.chat.request import Conversation, Opaque, Settings, Thinking
from xrouter.chat.target import Target
from xrouter.dialects.base import Written
from xrouter.dialects.cohere.messages import Script
from xrouter.dialects.cohere.tools import write_tools
from xrouter.dialects.naming import HINTS
from xrouter.errors import Unsupported
from xrouter.wire import json

_Members = dict[str, Any]
_KNOBS: tuple[tuple[str, str, float, float], ...] = (
    ("temperature", "temperature", 0, 1),
    ("top_p", "p", 0.01, 0.99),
    ("top_k", "k", 0, 500),
    ("seed", "seed", 0, 2**64 - 1),
    ("frequency_penalty", "frequency_penalty", 0, 1),
    ("presence_penalty", "presence_penalty", 0, 1),
)
"""A setting, Cohere's name for it, the least and the most that it takes."""
_SLIGHT = 0.011
"""How far a setting may be moved without a word."""
_MOST_STOPS = 5
_OWN = frozenset({"documents", "citation_options", "safety_mode", "priority"})
"""Members that are Cohere's own and that a client may have put into its request."""
_HINTS = HINTS | {"client_metadata"}
"""Members that change nothing of what is answered: nobody misses them."""
_BUDGETS = {"minimal": 512, "low": 1024, "medium": 8192, "high": 24576}
"""Effort → tokens to think with; what is above has no limit."""
_THINKERS = ("reasoning", "command-a-plus")
"""What the names of models hold that can be told how much to think; others refuse to be."""


def write_request(talk: Conversation, target: Target) -> Written:
    """The request. Raises Unsupported where the model cannot take what it asks for."""
    model = target.model or talk.model
    name = f"{target.provider} {model}"
    script = Script(name)
    script.write(talk.turns)
    tools, left_out = write_tools(talk, name)
    extras, unknown = _extras(talk.settings, name)
    answer = _format(talk.settings, name, taken=bool(tools) or "documents" in extras)
    settings, changed = _settings(talk.settings, target)
    thinking, unheard = _thinking(talk.settings.thinking, target, model)
    body = {"model": model, "messages": script.messages, **tools, **answer, **settings, **thinking, **extras}
    if talk.stream:
        body["stream"] = True
    body |= {key: Raw(value) for key, value in target.body}
    dropped = dict.fromkeys([*script.dropped, *left_out, *changed, *unheard, *unknown])
    return Written(json.encode(body), target.url, tuple(dropped))


def _settings(settings: Settings, target: Target) -> tuple[_Members, list[str]]:
    members: _Members = {}
    dropped: list[str] = []
    most = settings.max_tokens if settings.max_tokens is not None else target.max_output_tokens
    if most is not None:
        members["max_tokens"] = most
    for field, theirs, least, top in _KNOBS:
        wish = getattr(settings, field)
        if wish is not None:
            members[theirs] = taken = min(max(wish, least), top)
            dropped += [field] if abs(taken - wish) > _SLIGHT else []
    if settings.stop:
        members["stop_sequences"] = settings.stop[:_MOST_STOPS]
        dropped += ["stop"] if len(settings.stop) > _MOST_STOPS else []
    if settings.logprobs:
        members["logprobs"] = True
        dropped += ["top_logprobs"] if settings.top_logprobs else []
    return members, dropped


def _format(settings: Settings, model: str, *, taken: bool) -> _Members:
    """`taken`: tools or documents are on offer, beside which an answer has no format."""
    wish = settings.format
    if wish is None:
        return {}
    if taken:
        raise _cannot("response_format beside tools or documents", model, "response_format")
    schema = {"json_schema": Raw(wish.schema)} if wish.schema is not None else {}
    return {"response_format": {"type": "json_object", **schema}}


def _thinking(wish: Thinking | None, target: Target, model: str) -> tuple[_Members, list[str]]:
    """How much to think; the target's own effort holds where the client has no wish."""
    if wish is None or (wish.effort is None and wish.budget is None):
        return _told(target.effort, None) if target.effort else {}, []
    if not any(sign in model for sign in _THINKERS):
        return {}, ["reasoning_effort"] if wish.effort != "none" else []
    return _told(wish.effort, wish.budget), []


def _told(effort: str | None, budget: int | None) -> _Members:
    if effort == "none" or budget == 0:
        return {"thinking": {"type": "disabled"}}
    tokens = _BUDGETS.get(effort or "") if budget is None else budget
    limit = {"token_budget": tokens} if tokens is not None and tokens > 0 else {}
    return {"thinking": {"type": "enabled", **limit}}


def _extras(settings: Settings, model: str) -> tuple[_Members, list[str]]:
    """(Cohere's own members, the names of those that are left out)."""
    if settings.n is not None and settings.n > 1:
        raise _cannot("n above 1", model, "n")
    members = {extra.kind: Raw(extra.value) for extra in settings.extras if extra.kind in _OWN}
    for extra in settings.extras:
        if _asks_for_sound(extra):
            raise _cannot("modalities other than text", model, "modalities")
    dropped = [extra.kind for extra in settings.extras if extra.kind not in _OWN | _HINTS]
    return members, [kind for kind in dropped if kind != "modalities"]


def _asks_for_sound(extra: Opaque) -> bool:
    return extra.kind == "modalities" and b"audio" in extra.value


def _cannot(what: str, model: str, param: str) -> Unsupported:
    return Unsupported(f"{model} cannot take {what}.", hint="Leave it out, or ask a tier whose model can.", param=param)
