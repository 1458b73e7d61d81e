"""Reads a generateContent request as strictly as Gemini does."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from tests.strict.exchange import Asked, Offer, Refused, Request, Rules, bearer, read_body
from tests.strict.gemini import contents, settings
from tests.strict.gemini.shapes import Body, GenerationConfig, ThinkingConfig, ToolConfig
from tests.strict.shape import Misfit, bracketed, fit

_SNAKE = re.compile(r"_([a-z])")
_FREE = frozenset({
    "args", "response", "parameters", "parametersJsonSchema", "responseJsonSchema", "responseSchema", "labels",
})  # fmt: skip
"""Members whose own members are the client's business."""
_PATH = re.compile(r"/v1(?:beta|alpha)?/models/(?P<model>[^/:]+):(?P<method>generateContent|streamGenerateContent)")


def read(request: Request, rules: Rules) -> Asked:
    """A request to :generateContent, or to :streamGenerateContent with `alt=sse`. Raises Refused."""
    found = _PATH.fullmatch(request.path)
    if request.method != "POST" or found is None:
        raise Refused("path", "Requested entity was not found.")
    key = request.headers.get("x-goog-api-key") or request.query.get("key") or bearer(request)
    if not key or rules.key not in {None, key}:
        raise Refused("key")
    stream = found["method"] == "streamGenerateContent"
    if stream and request.query.get("alt") != "sse":
        raise Refused("bad", "Streams are simulated with alt=sse only.")
    model = unquote(found["model"])
    try:
        body = fit(_as_camel(read_body(request)), Body)
    except Misfit as misfit:
        raise _refused(misfit) from None
    if rules.models is not None and model not in rules.models:
        raise Refused("model", _missing(model))
    offers = settings.check(body, model)
    contents.check(body, model)
    return _asked(body, model, offers, len(request.body), stream=stream)


def _as_camel(value: Any) -> Any:
    """The members as the shapes have them: the real one takes snake case too, and null for what is not there."""
    if isinstance(value, list):
        return [_as_camel(each) for each in value]
    if not isinstance(value, dict):
        return value
    members = {_SNAKE.sub(lambda found: found[1].upper(), name): inner for name, inner in value.items()}
    return {name: inner if name in _FREE else _as_camel(inner) for name, inner in members.items() if inner is not None}


def _missing(model: str) -> str:
    return (
        f"models/{model} is not found for API version v1beta, or is not supported for generateContent. Call "
        "ModelService.ListModels to see the list of available models and their supported methods."
    )


def _refused(misfit: Misfit) -> Refused:
    if misfit.kind == "unknown":
        place = f" at '{bracketed(misfit.path[:-1])}'" if misfit.path[:-1] else ""
        words = f'Invalid JSON payload received. Unknown name "{misfit.path[-1]}"{place}: Cannot find field.'
        return Refused("bad", words)
    if misfit.kind == "missing":
        return Refused("bad", f"* GenerateContentRequest.{misfit.bracketed}: must be specified")
    return Refused("bad", f"Invalid value at '{misfit.bracketed}': {misfit.text}")


def _asked(body: Body, model: str, offers: tuple[Offer, ...], size: int, *, stream: bool) -> Asked:
    thinking = (body.generation_config or GenerationConfig()).thinking_config or ThinkingConfig()
    calling = (body.tool_config or ToolConfig()).function_calling_config
    return Asked(
        model=model,
        stream=stream,
        prompt=contents.prompt(body),
        results=contents.results(body),
        offers=offers,
        size=size,
        thinks=thinking.include_thoughts,
        forced=calling is not None and calling.mode == "ANY",
    )
