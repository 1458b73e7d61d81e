"""A request to `generateContent` or `streamGenerateContent`: https://ai.google.dev/api/generate-content.

The contents come last of what is written here: a longer conversation begins with the bytes of the shorter one.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from xrouter.chat.request import Conversation, Settings, Thinking, Tool, ToolCall
from xrouter.chat.target import Target
from xrouter.dialects.base import Written
from xrouter.dialects.gemini.names import Names
from xrouter.dialects.gemini.parts import Parts
from xrouter.dialects.gemini.profiles import Model, address_of, model_of
from xrouter.dialects.gemini.settings import PASSED, SEARCH, left_out, write_config
from xrouter.dialects.gemini.tools import write_choice, write_tools
from xrouter.dialects.gemini.turns import write_turns
from xrouter.wire import json


def write_request(talk: Conversation, target: Target) -> Written:
    """The body and the address. Raises Unsupported where the model cannot take what is asked for."""
    model = model_of(talk, target)
    talk = _with_defaults(_without_unusable_tools(talk, model), target)
    settings, names = talk.settings, _names(talk)
    searches = any(extra.kind == SEARCH for extra in settings.extras)
    tools, dropped_tools = write_tools(talk, names, searches=searches)
    functions = any(isinstance(tool, Tool) for tool in talk.tools)
    parts = Parts(model, names)
    system, contents = write_turns(talk.turns, parts, seals=model.profile.seals)
    body = {
        "systemInstruction": {"parts": system} if system else None,
        "tools": tools,
        "toolConfig": write_choice(settings.tool_choice, names, model, functions=functions),
        "generationConfig": write_config(settings, model),
        **{PASSED[extra.kind]: Raw(extra.value) for extra in settings.extras if extra.kind in PASSED},
        "contents": contents,
    }
    dropped = [*left_out(settings, model), *dropped_tools, *parts.dropped]
    if searches and functions:
        dropped.append(SEARCH)
    return Written(
        body=json.encode(_merged({key: value for key, value in body.items() if value}, target)),
        url=address_of(model, target.url, stream=talk.stream),
        dropped=tuple(dict.fromkeys(dropped)),
        renamed=names.renamed,
    )


def _names(talk: Conversation) -> Names:
    offered = [tool.name for tool in talk.tools if isinstance(tool, Tool)]
    called = [part.name for turn in talk.turns for part in turn.parts if isinstance(part, ToolCall)]
    return Names([*offered, *called])


def _with_defaults(talk: Conversation, target: Target) -> Conversation:
    settings = talk.settings
    changes: dict[str, Any] = {}
    if settings.max_tokens is None and target.max_output_tokens is not None:
        changes["max_tokens"] = target.max_output_tokens
    if settings.thinking is None and target.effort is not None:
        changes["thinking"] = Thinking(effort=target.effort)
    return _replaced(talk, settings, changes) if changes else talk


def _without_unusable_tools(talk: Conversation, model: Model) -> Conversation:
    """Models before 3 answer in a format or call functions, not both."""
    settings = talk.settings
    if model.profile.newest or settings.format is None or not any(isinstance(tool, Tool) for tool in talk.tools):
        return talk
    if settings.tool_choice is not None and settings.tool_choice.mode == "none":
        return msgspec.structs.replace(_replaced(talk, settings, {"tool_choice": None}), tools=())
    hint = "Leave one of the two out, or use gemini-3 or later."
    raise model.refusal("a response_format beside tools", hint, "response_format")


def _replaced(talk: Conversation, settings: Settings, changes: dict[str, Any]) -> Conversation:
    return msgspec.structs.replace(talk, settings=msgspec.structs.replace(settings, **changes))


def _merged(body: dict[str, Any], target: Target) -> dict[str, Any]:
    """With the target's own members, which win; those of its generationConfig stand beside the client's."""
    for name, value in target.body:
        ours, theirs = body.get(name), json.decode(value)
        body[name] = ours | theirs if isinstance(ours, dict) and isinstance(theirs, dict) else Raw(value)
    return body
