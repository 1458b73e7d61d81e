"""Reads a Messages request as strictly as Anthropic does."""

from __future__ import annotations

from typing import Any

from tests.strict.anthropic import rules as turn_rules
from tests.strict.anthropic import settings
from tests.strict.anthropic.shapes import SERVER_BLOCKS, Body, Disabled, One, Said, Text, ToolResult
from tests.strict.anthropic.shapes import Any_ as AnyTool
from tests.strict.anthropic.turns import Placed, Turn
from tests.strict.exchange import Asked, Offer, Refused, Request, Rules, bearer, read_body
from tests.strict.shape import Misfit, fit


def read(request: Request, rules: Rules) -> Asked:
    """A request to POST /v1/messages. Raises Refused."""
    if (request.method, request.path) != ("POST", "/v1/messages"):
        raise Refused("path", "Not Found")
    key = request.headers.get("x-api-key") or bearer(request)
    if not key:
        raise Refused("key", "x-api-key header is required")
    if rules.key not in {None, key}:
        raise Refused("key")
    if "anthropic-version" not in request.headers:
        raise Refused("bad", "anthropic-version: header is required")
    try:
        body = fit(read_body(request), Body)
        turns = _read_turns(body)
    except Misfit as misfit:
        raise _refused(misfit) from None
    if rules.models is not None and body.model not in rules.models:
        raise Refused("model", f"model: {body.model}")
    offers = settings.check(body)
    turn_rules.check(body, turns)
    return _asked(body, turns, offers, len(request.body))


def _refused(misfit: Misfit) -> Refused:
    words = {"missing": "Field required", "unknown": "Extra inputs are not permitted", "wrong": misfit.text}
    return Refused("bad", f"{misfit.dotted}: {words[misfit.kind]}")


def _read_turns(body: Body) -> list[Turn]:
    turns = []
    for at, message in enumerate(body.messages):
        if isinstance(message.content, str):
            blocks = [Placed(f"messages.{at}.content", Text(message.content))]
        else:
            read = (_read_block(block, at, number) for number, block in enumerate(message.content))
            blocks = [block for block in read if block is not None]
        turns.append(Turn(at, message.role, blocks, empty=not message.content))
    return turns


def _read_block(block: dict[str, Any], at: int, number: int) -> Placed | None:
    """A block; None for one of a server tool."""
    if str(block.get("type")).endswith(SERVER_BLOCKS) and block.get("type") != "tool_result":
        return None
    read: Said = fit(block, Said, ("messages", at, "content", number))  # type: ignore[arg-type]  # a union is no type
    return Placed(f"messages.{at}.content.{number}", read)


def _asked(body: Body, turns: list[Turn], offers: tuple[Offer, ...], size: int) -> Asked:
    prompts = [turn.words for turn in turns if turn.role == "user" and turn.words]
    last = turns[-1].blocks if turns[-1].role == "user" else []
    return Asked(
        model=body.model,
        stream=body.stream,
        prompt=prompts[-1] if prompts else "",
        results=tuple(_words(block.is_) for block in last if isinstance(block.is_, ToolResult)),
        offers=offers,
        size=size,
        thinks=not isinstance(body.thinking, Disabled | None),
        forced=isinstance(body.tool_choice, AnyTool | One),
    )


def _words(result: ToolResult) -> str:
    if isinstance(result.content, str):
        return result.content
    return "\n".join(part.text for part in result.content if isinstance(part, Text))
