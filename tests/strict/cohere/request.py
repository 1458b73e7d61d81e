"""Reads a v2 chat request as strictly as Cohere does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.strict.cohere.shapes import AsObject, Assistant, Body, Document, Text, Tool, User
from tests.strict.exchange import Asked, Offer, Refused, Request, Rules, bearer, read_body
from tests.strict.shape import Misfit, fit
from xrouter.wire import json


def read(request: Request, rules: Rules) -> Asked:
    """A request to POST /v2/chat. Raises Refused."""
    if (request.method, request.path) != ("POST", "/v2/chat"):
        raise Refused("path", "no route found for path")
    if not bearer(request):
        raise Refused("key", "no api key supplied")
    if rules.key not in {None, bearer(request)}:
        raise Refused("key")
    try:
        body = fit(read_body(request), Body)
    except Misfit as misfit:
        raise _refused(misfit) from None
    if rules.models is not None and body.model not in rules.models:
        message = (
            f"model '{body.model}' not found, make sure the correct model ID was used and that you have access to it"
        )
        raise Refused("model", message)
    for check in _CHECKS:
        check(body)
    return _asked(body, len(request.body))


def _refused(misfit: Misfit) -> Refused:
    if misfit.kind == "unknown":
        return Refused("bad", f"unknown field: parameter '{misfit.dotted}' is not a valid field", code="422")
    if misfit.kind == "missing":
        return Refused("bad", f"invalid request: {misfit.dotted} is required")
    return Refused("bad", f"invalid request: {misfit.dotted}: {misfit.text}")


def _bad(message: str) -> Refused:
    return Refused("bad", f"invalid request: {message}")


def _check_contents(body: Body) -> None:
    for message in body.messages:
        empty = not message.content
        blank = isinstance(message.content, list) and any(
            isinstance(each, Text) and not each.text for each in message.content
        )
        calls = isinstance(message, Assistant) and message.tool_calls
        if (blank or empty) and not calls:
            raise _bad("all elements in messages must have tokens.")


def _check_results(body: Body) -> None:
    """Every call has its result right behind it, and every result its call."""
    open_ids: set[str] = set()
    for message in body.messages:
        if isinstance(message, Tool):
            if message.tool_call_id not in open_ids:
                raise _bad(f"no tool call with id '{message.tool_call_id}' in the previous assistant message.")
            open_ids.discard(message.tool_call_id)
            continue
        if open_ids:
            raise _bad(f"expected tool results for {sorted(open_ids)} before the next message.")
        if isinstance(message, Assistant):
            open_ids = {call.id for call in message.tool_calls or ()}
            _check_arguments(message)
    if open_ids:
        raise _bad(f"expected tool results for {sorted(open_ids)}.")


def _check_arguments(message: Assistant) -> None:
    for call in message.tool_calls or ():
        try:
            arguments = json.decode(call.function.arguments.encode())
        except ValueError:
            arguments = None
        if not isinstance(arguments, dict):
            raise _bad(f"the arguments of tool call '{call.id}' are not a JSON object.")


def _check_tools(body: Body) -> None:
    if body.tool_choice == "REQUIRED" and not body.tools:
        raise _bad("tool_choice is specified, but there are no tools.")
    if isinstance(body.response_format, AsObject) and (body.tools or body.documents):
        raise _bad("cannot use response_format of type json_object together with tools or documents.")
    names = [tool.function.name for tool in body.tools or ()]
    if len(set(names)) < len(names):
        raise _bad("tool names must be unique.")


_CHECKS: tuple[Callable[[Body], None], ...] = (_check_contents, _check_results, _check_tools)


def _asked(body: Body, size: int) -> Asked:
    turn = next((at for at in range(len(body.messages), 0, -1) if not isinstance(body.messages[at - 1], Tool)), 0)
    prompts = [_words(message.content) for message in body.messages if isinstance(message, User)]
    return Asked(
        model=body.model,
        stream=body.stream,
        prompt=next((words for words in reversed(prompts) if words), ""),
        results=tuple(_words(message.content) for message in body.messages[turn:]),
        offers=tuple(Offer(tool.function.name, tool.function.parameters) for tool in body.tools or ()),
        size=size,
        thinks=body.thinking is not None and body.thinking.type == "enabled",
        forced=body.tool_choice == "REQUIRED",
    )


def _words(content: str | Sequence[Any] | None) -> str:
    if isinstance(content, str):
        return content
    texts = (part.text if isinstance(part, Text) else _found(part) for part in content or ())
    return "\n".join(text for text in texts if text)


def _found(part: object) -> str:
    if not isinstance(part, Document):
        return ""
    data = part.document.data
    return data if isinstance(data, str) else "\n".join(map(str, data.values()))
