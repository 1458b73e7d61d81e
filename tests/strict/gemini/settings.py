"""The rules about everything but the contents: functions, thinking, the form of the answer."""

from __future__ import annotations

import re
from typing import Any

from tests.strict.exchange import Offer, Refused
from tests.strict.gemini.shapes import Body, FunctionDeclaration, GenerationConfig, ThinkingConfig

_BUDGETS = re.compile(r"gemini-2\.5")
_OLD = re.compile(r"gemini-[12]\.")
"""Models that measure their thinking by a budget, and those without function calls beside a response format."""
_OPENAPI = frozenset({
    "type", "format", "title", "description", "nullable", "default", "items", "minItems", "maxItems", "enum",
    "properties", "propertyOrdering", "required", "minProperties", "maxProperties", "minimum", "maximum", "minLength",
    "maxLength", "pattern", "example", "anyOf",
})  # fmt: skip
"""The members that a `Schema` has; the rest of JSON schema is unknown to it."""


def check(body: Body, model: str) -> tuple[Offer, ...]:
    """The functions on offer. Raises Refused."""
    declared = [each for tool in body.tools for each in tool.function_declarations]
    names = [each.name for each in declared]
    for at, each in enumerate(declared):
        _check_declaration(each, f"tools[0].function_declarations[{at}]")
        if each.name in names[:at]:
            raise Refused("bad", f"Duplicate function declaration found: {each.name}")
    _check_calling(body, names)
    if body.generation_config is not None:
        _check_generation(body.generation_config, model, with_functions=bool(declared))
        _check_thinking(body.generation_config.thinking_config or ThinkingConfig(), model)
    return tuple(Offer(each.name, each.parameters_json_schema or each.parameters or {}) for each in declared)


def _check_declaration(declared: FunctionDeclaration, place: str) -> None:
    if declared.parameters is not None and declared.parameters_json_schema is not None:
        raise Refused("bad", f"{place}: parameters and parameters_json_schema must not both be set")
    if declared.parameters is not None:
        _check_schema(declared.parameters, f"{place}.parameters")


def _check_schema(schema: Any, place: str) -> None:
    """A schema in the subset of OpenAPI. Raises Refused."""
    if not isinstance(schema, dict):
        raise Refused("bad", f"Invalid value at '{place}': expected a schema")
    for name in schema:
        if name not in _OPENAPI:
            raise Refused(
                "bad", f"Invalid JSON payload received. Unknown name \"{name}\" at '{place}': Cannot find field."
            )
    if not isinstance(schema.get("type", "object"), str):
        raise Refused("bad", f"Invalid value at '{place}.type': Proto field is not repeating, cannot start list.")
    if any(not isinstance(value, str) for value in schema.get("enum", ())):
        raise Refused("bad", f"Invalid value at '{place}.enum[0]' (TYPE_STRING)")
    for name, inner in schema.get("properties", {}).items():
        _check_schema(inner, f"{place}.properties['{name}']")
    for at, inner in enumerate(schema.get("anyOf", ())):
        _check_schema(inner, f"{place}.any_of[{at}]")
    if "items" in schema:
        _check_schema(schema["items"], f"{place}.items")


def _check_calling(body: Body, names: list[str]) -> None:
    config = body.tool_config.function_calling_config if body.tool_config else None
    if config is None:
        return
    if config.mode == "ANY" and not names:
        raise Refused("bad", "Function calling mode ANY requires function declarations.")
    if config.allowed_function_names and config.mode not in {"ANY", "VALIDATED"}:
        raise Refused("bad", "Please set allowed_function_names only when function calling mode is ANY.")
    for name in config.allowed_function_names:
        if name not in names:
            raise Refused("bad", f"allowed_function_names: {name} is not among the function declarations.")


def _check_generation(config: GenerationConfig, model: str, *, with_functions: bool) -> None:
    if config.response_schema is not None and config.response_json_schema is not None:
        raise Refused("bad", "Only one of response_schema and response_json_schema may be set.")
    if config.response_schema is not None:
        _check_schema(config.response_schema, "generation_config.response_schema")
    wants_json = config.response_mime_type == "application/json"
    if not wants_json and (config.response_schema or config.response_json_schema):
        raise Refused("bad", "response_schema is only supported with response_mime_type 'application/json'.")
    if wants_json and with_functions and _OLD.match(model):
        raise Refused("bad", "Function calling with a response mime type: 'application/json' is unsupported")
    if config.logprobs is not None and not config.response_logprobs:
        raise Refused("bad", "logprobs is only allowed when response_logprobs is set.")


def _check_thinking(config: ThinkingConfig, model: str) -> None:
    if config.thinking_budget is not None and config.thinking_level is not None:
        raise Refused("bad", "You can only set only one of thinking budget and thinking level.")
    if config.thinking_level is not None and _OLD.match(model):
        raise Refused("bad", "Thinking level is not supported for this model.")
    if _BUDGETS.match(model):
        _check_budget(config.thinking_budget, model)
    elif _OLD.match(model) and config.thinking_budget is not None:
        raise Refused("bad", "Thinking is not supported for this model.")


def _check_budget(budget: int | None, model: str) -> None:
    if budget is None or budget == -1:
        return
    if budget == 0 and "flash" not in model:
        raise Refused("bad", "Budget 0 is invalid. This model only works in thinking mode.")
    most = 24_576 if "flash" in model else 32_768
    if budget > most:
        raise Refused("bad", f"The thinking budget {budget} is invalid. Please choose a value between 0 and {most}.")
