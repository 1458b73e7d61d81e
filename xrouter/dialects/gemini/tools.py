"""Tools and their choice: https://ai.google.dev/gemini-api/docs/function-calling.

A schema goes in as `parametersJsonSchema`, which takes JSON Schema as it is; `parameters` takes a part of OpenAPI's.
"""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from xrouter.chat.request import Conversation, Opaque, Tool, ToolChoice
from xrouter.dialects.gemini.names import Names
from xrouter.dialects.gemini.parts import DIALECT, Written
from xrouter.dialects.gemini.profiles import Model
from xrouter.dialects.naming import label
from xrouter.wire import json

_HOSTED = (
    ("web_search", "googleSearch"),
    ("web_fetch", "urlContext"),
    ("code_interpreter", "codeExecution"),
    ("code_execution", "codeExecution"),
)
"""How the name of a tool begins that other providers run themselves → Google's own of the kind."""
_TEXT_INPUT = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
_MODES = {"none": "NONE", "auto": "AUTO", "any": "ANY", "tool": "ANY"}
_SAYS_MORE = frozenset({"$ref", "anyOf", "oneOf", "allOf", "patternProperties"})


def write_tools(talk: Conversation, names: Names, *, searches: bool) -> tuple[list[Written], list[str]]:
    """(tools, the names of those that were left out). What other providers run is offered where no function is."""
    functions = [_declaration(tool, names) for tool in talk.tools if isinstance(tool, Tool)]
    tools: list[Any] = [{"functionDeclarations": functions}] if functions else []
    dropped = []
    hosted = ["googleSearch"] if searches and not functions else []
    for tool in talk.tools:
        if isinstance(tool, Tool):
            continue
        if tool.dialect == DIALECT:
            tools.append(Raw(tool.value))
        elif (ours := _hosted(tool)) and not functions:
            hosted.append(ours)
        else:
            dropped.append(label(tool, "tools"))
    return tools + [{name: {}} for name in dict.fromkeys(hosted)], dropped


def write_choice(choice: ToolChoice | None, names: Names, model: Model, *, functions: bool) -> Written | None:
    """The toolConfig. Raises Unsupported where a call is forced of a function that is not there."""
    if choice is None:
        return None
    if not functions:
        if choice.mode in {"any", "tool"}:
            hint = "Offer functions in tools, or leave tool_choice out."
            raise model.refusal("a tool_choice that forces a call where no function is offered", hint, "tool_choice")
        return None
    only = choice.names and choice.mode != "none"
    mode = "VALIDATED" if only and choice.mode == "auto" else _MODES[choice.mode]
    config: Written = {"mode": mode}
    if only:
        config["allowedFunctionNames"] = [names.of(name) for name in choice.names]
    return {"functionCallingConfig": config}


def _declaration(tool: Tool, names: Names) -> Written:
    declared: Written = {"name": names.of(tool.name)}
    if words := _description(tool):
        declared["description"] = words
    if tool.custom:
        declared["parametersJsonSchema"] = _TEXT_INPUT
    elif tool.schema is not None and _has_parameters(tool.schema):
        declared["parametersJsonSchema"] = Raw(tool.schema)
    return declared


def _description(tool: Tool) -> str:
    grammar = f"The input follows this grammar: {tool.grammar.decode()}" if tool.custom and tool.grammar else ""
    return "\n\n".join(filter(None, (tool.description, grammar)))


def _has_parameters(schema: bytes) -> bool:
    """Whether it says more than `an object without members`, which some models refuse."""
    try:
        known = json.members(schema)
    except ValueError:
        return False
    properties = bytes(known.get("properties", b"{}"))
    is_open = bytes(known.get("additionalProperties", b"false")) not in {b"false", b"null"}
    return is_open or properties.strip(b"{} \t\r\nnul") != b"" or not _SAYS_MORE.isdisjoint(known)


def _hosted(tool: Opaque) -> str | None:
    return next((ours for start, ours in _HOSTED if tool.kind.startswith(start)), None)
