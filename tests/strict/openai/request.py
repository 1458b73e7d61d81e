"""Reads a chat request as strictly as OpenAI does."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from tests.strict.exchange import Asked, Offer, Refused, Request, Rules, bearer, read_body
from tests.strict.openai.shapes import (
    Assistant,
    Body,
    CustomTool,
    FunctionTool,
    Text,
    Tool,
    User,
)
from tests.strict.shape import Misfit, fit

_THINKS = re.compile(r"^(o\d|gpt-[5-9])")
"""Models that think refuse the older name of the limit, and what steers a sampler."""
_UNSUPPORTED = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs")


def read(request: Request, rules: Rules) -> Asked:
    """A request to POST /v1/chat/completions. Raises Refused."""
    if (request.method, request.path) != ("POST", "/v1/chat/completions"):
        raise Refused("path", f"Invalid URL ({request.method} {request.path})")
    if not bearer(request) or rules.key not in {None, bearer(request)}:
        raise Refused("key")
    body = read_chat(request)
    if rules.models is not None and body.model not in rules.models:
        raise Refused("model", f"The model `{body.model}` does not exist or you do not have access to it.")
    return asked(body, len(request.body))


def read_chat(request: Request, *, model: str | None = None) -> Body:
    """The body, checked; where the address names the model, it counts more. Raises Refused."""
    named = {"model": model} if model is not None else {}
    try:
        body = fit({**read_body(request), **named}, Body)
    except Misfit as misfit:
        raise _refused(misfit) from None
    for check in _CHECKS:
        check(body)
    return body


def asked(body: Body, size: int) -> Asked:
    """What is asked, in no wire format."""
    turn = next((at for at in range(len(body.messages), 0, -1) if not isinstance(body.messages[at - 1], Tool)), 0)
    results = [message for message in body.messages[turn:] if isinstance(message, Tool)]
    prompts = [_words(message.content) for message in body.messages if isinstance(message, User)]
    return Asked(
        model=body.model,
        stream=bool(body.stream),
        prompt=next((words for words in reversed(prompts) if words), ""),
        results=tuple(_words(message.content) for message in results),
        offers=tuple(map(_offer, body.tools or ())),
        size=size,
        thinks=body.reasoning_effort not in {None, "none"},
        forced=body.tool_choice == "required" or isinstance(body.tool_choice, dict),
        wants_usage=bool(body.stream_options and body.stream_options.include_usage),
    )


def _refused(misfit: Misfit) -> Refused:
    path = misfit.bracketed
    if misfit.kind == "missing":
        return Refused("bad", f"Missing required parameter: '{path}'.", param=path, code="missing_required_parameter")
    if misfit.kind == "unknown":
        return Refused("bad", f"Unknown parameter: '{path}'.", param=path, code="unknown_parameter")
    return Refused("bad", f"Invalid value for '{path}': {misfit.text}.", param=path, code="invalid_value")


def _bad(param: str, message: str, code: str | None = None) -> Refused:
    return Refused("bad", message, param=param, code=code)


def _check_results(body: Body) -> None:
    """Every call has its result right behind it, and every result its call."""
    open_ids: set[str] = set()
    for at, message in enumerate(body.messages):
        if isinstance(message, Tool):
            if message.tool_call_id not in open_ids:
                raise _bad(
                    f"messages.[{at}].role",
                    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with "
                    "'tool_calls'.",
                )
            open_ids.discard(message.tool_call_id)
            continue
        _closed(open_ids, at)
        open_ids = {call.id for call in message.tool_calls or ()} if isinstance(message, Assistant) else set()
    _closed(open_ids, len(body.messages))


def _closed(open_ids: set[str], at: int) -> None:
    if open_ids:
        raise _bad(
            f"messages.[{at}].role",
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            "'tool_call_id'. The following tool_call_ids did not have response messages: "
            + ", ".join(sorted(open_ids)),
        )


def _check_contents(body: Body) -> None:
    for at, message in enumerate(body.messages):
        if isinstance(message, Assistant) and message.content is None and not (message.tool_calls or message.refusal):
            place = f"messages[{at}].content"
            raise _bad(place, f"Invalid value for '{place}': expected a string, got null.", "invalid_type")


def _check_tools(body: Body) -> None:
    offers = [_offer(tool).name for tool in body.tools or ()]
    for name in ("tool_choice", "parallel_tool_calls"):
        if getattr(body, name) is not None and not offers:
            raise _bad(name, f"'{name}' is only allowed when 'tools' are specified.")
    if not isinstance(body.tool_choice, dict):
        return
    kind = body.tool_choice.get("type")
    if kind not in {"function", "custom", "allowed_tools"}:
        raise _bad("tool_choice.type", f"Invalid value: '{kind}'.", "invalid_value")
    if kind != "allowed_tools" and (body.tool_choice.get(kind) or {}).get("name") not in offers:
        raise _bad("tool_choice", "Invalid value for 'tool_choice': it names a tool that is not in 'tools'.")


def _check_model(body: Body) -> None:
    if not _THINKS.match(body.model):
        return
    if body.max_tokens is not None:
        raise _bad(
            "max_tokens",
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' "
            "instead.",
            "unsupported_parameter",
        )
    for name in _UNSUPPORTED:
        if getattr(body, name) is not None and body.reasoning_effort != "none":
            said = f"Unsupported parameter: '{name}' is not supported with this model."
            raise _bad(name, said, "unsupported_parameter")


def _check_stream(body: Body) -> None:
    if body.stream_options is not None and not body.stream:
        raise _bad("stream_options", "The 'stream_options' parameter is only allowed when 'stream' is enabled.")


def _check_logprobs(body: Body) -> None:
    if body.top_logprobs is not None and not body.logprobs:
        raise _bad("top_logprobs", "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.")


_CHECKS: tuple[Callable[[Body], None], ...] = (
    _check_contents,
    _check_results,
    _check_tools,
    _check_model,
    _check_stream,
    _check_logprobs,
)


def _words(content: str | Sequence[object] | None) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part.text for part in content or () if isinstance(part, Text))


def _offer(tool: FunctionTool | CustomTool) -> Offer:
    if isinstance(tool, CustomTool):
        return Offer(tool.custom.name)
    return Offer(tool.function.name, tool.function.parameters or {})
