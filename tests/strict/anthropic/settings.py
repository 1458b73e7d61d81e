"""The rules about everything but the messages: tools, thinking, sampling, caching."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.strict.anthropic.shapes import Adaptive, Any_, Body, CustomTool, Enabled, One
from tests.strict.anthropic.turns import version_of
from tests.strict.exchange import Offer, Refused
from tests.strict.shape import Misfit, fit

_SERVER_TOOL = re.compile(r"[a-z0-9_]+_20\d{6}")
_SAMPLING = ("temperature", "top_p", "top_k")


def check(body: Body) -> tuple[Offer, ...]:
    """The tools on offer. Raises Refused."""
    for rule in _RULES:
        rule(body)
    offers = tuple(_offer(tool, at) for at, tool in enumerate(body.tools))
    names = [offer.name for offer in offers]
    if len(set(names)) < len(names):
        raise Refused("bad", "tools: Tool names must be unique.")
    if body.tool_choice is not None and not body.tools:
        raise Refused("bad", "tool_choice: tool_choice may only be specified while providing tools.")
    if isinstance(body.tool_choice, One) and body.tool_choice.name not in names:
        raise Refused("bad", f"Tool '{body.tool_choice.name}' not found in provided tools")
    return offers


def _offer(tool: dict[str, Any], at: int) -> Offer:
    if _SERVER_TOOL.fullmatch(str(tool.get("type"))):
        return Offer(str(tool.get("name")))
    try:
        read = fit(tool, CustomTool)
    except Misfit as misfit:
        words = {"missing": "Field required", "unknown": "Extra inputs are not permitted", "wrong": misfit.text}
        raise Refused("bad", f"tools.{at}.custom.{misfit.dotted}: {words[misfit.kind]}") from None
    place = f"tools.{at}.custom.input_schema"
    if "type" not in read.input_schema:
        raise Refused("bad", f"{place}.type: Field required")
    if read.input_schema["type"] != "object":
        raise Refused("bad", f"{place}.type: Input should be 'object'")
    if read.input_schema.keys() & {"oneOf", "anyOf", "allOf"}:
        raise Refused("bad", f"{place}: input_schema does not support oneOf, allOf, or anyOf at the top level")
    return Offer(read.name, read.input_schema)


def _check_thinking(body: Body) -> None:
    thinking, version = body.thinking, version_of(body.model)
    if isinstance(thinking, Adaptive) and version < (4, 6):
        raise Refused("bad", "adaptive thinking is not supported on this model")
    if not isinstance(thinking, Enabled):
        return
    if version >= (4, 7):
        raise Refused("bad", '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive".')
    if thinking.budget_tokens >= body.max_tokens:
        raise Refused("bad", "`max_tokens` must be greater than `thinking.budget_tokens`.")
    if isinstance(body.tool_choice, Any_ | One):
        raise Refused("bad", "Thinking may not be enabled when tool_choice forces tool use.")
    if body.temperature not in {None, 1.0}:
        raise Refused("bad", "`temperature` may only be set to 1 when thinking is enabled.")
    if body.top_k is not None:
        raise Refused("bad", "`top_k` must be unset when thinking is enabled.")
    if body.top_p is not None and body.top_p < 0.95:
        raise Refused("bad", "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled.")


def _check_sampling(body: Body) -> None:
    version = version_of(body.model)
    for name in _SAMPLING:
        if getattr(body, name) is not None and version >= (4, 7):
            raise Refused("bad", f"`{name}` is not supported for this model.")
    if body.temperature is not None and body.top_p is not None and version >= (4, 1):
        raise Refused("bad", "`temperature` and `top_p` cannot both be specified for this model. Please use only one.")


def _check_effort(body: Body) -> None:
    config, version = body.output_config, version_of(body.model)
    if config is None:
        return
    if config.effort == "xhigh" and version < (4, 7):
        raise Refused(
            "bad", "This model does not support effort level 'xhigh'. Supported levels: high, low, max, medium."
        )
    if config.effort is not None and version < (4, 5):
        raise Refused("bad", "This model does not support the effort parameter.")
    if config.format is not None:
        _check_closed(config.format.schema)


def _check_closed(schema: Any) -> None:
    """Every object of an answer's schema must say that it has no other members."""
    if isinstance(schema, list):
        for each in schema:
            _check_closed(each)
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        raise Refused(
            "bad",
            "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false",
        )
    for each in schema.values():
        _check_closed(each)


def _check_stops(body: Body) -> None:
    if any(not stop.strip() for stop in body.stop_sequences):
        raise Refused("bad", "stop_sequences: each stop sequence must contain non-whitespace")


def _check_caching(body: Body) -> None:
    """At most four breakpoints, wherever they stand."""
    system = body.system if isinstance(body.system, list) else []
    contents = [message.content for message in body.messages if isinstance(message.content, list)]
    count = sum(block.cache_control is not None for block in system)
    count += sum(map(_marked, body.tools)) + sum(_marked(block) for blocks in contents for block in blocks)
    if count > 4:
        raise Refused("bad", f"A maximum of 4 blocks with cache_control may be provided. Found {count}.")
    for at, block in enumerate(system):
        if not block.text.strip():
            raise Refused("bad", f"system.{at}: text content blocks must contain non-whitespace text")


def _marked(block: dict[str, Any]) -> int:
    inner = block.get("content")
    marks = [each for each in inner if isinstance(each, dict)] if isinstance(inner, list) else []
    return int(block.get("cache_control") is not None) + sum(map(_marked, marks))


_RULES: tuple[Callable[[Body], None], ...] = (
    _check_thinking,
    _check_sampling,
    _check_effort,
    _check_stops,
    _check_caching,
)
