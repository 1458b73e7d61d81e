"""Azure OpenAI, simulated: deployments in the address or in the body, `api-key`, and the filters that it adds."""

from __future__ import annotations

import re
from typing import Any

from tests.strict import openai
from tests.strict.exchange import Answer, Asked, Refusal, Refused, Request, Rules, bearer
from tests.strict.openai.answer import chunks, completion
from tests.strict.openai.request import asked, read_chat
from xrouter.wire import json, sse

_CLASSIC = re.compile(r"/openai/deployments/(?P<deployment>[^/]+)/chat/completions")
_IN_BODY = {"/openai/v1/chat/completions", "/models/chat/completions"}
"""The v1 form, and Foundry's models: the body names the deployment."""
_VERSION = re.compile(r"\d{4}-\d\d-\d\d(-preview)?")
_FIRST_WITH_USAGE = "2024-09"
_SAFE = {"filtered": False, "severity": "safe"}
_FILTERS = {"hate": _SAFE, "self_harm": _SAFE, "sexual": _SAFE, "violence": _SAFE}
_PROMPT_FILTERS = [{"prompt_index": 0, "content_filter_results": {**_FILTERS, "jailbreak": {"filtered": False}}}]
_MISSING = (
    "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, "
    "please wait a moment and try again."
)
_LIMIT = "Your requests have exceeded the call rate limit of your current tier. Please retry after 7 seconds."
_KEY = (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
    "active subscription and use a correct regional API endpoint for your resource."
)


def read(request: Request, rules: Rules) -> Asked:
    """A request in the classic form (with api-version), the v1 form or that of Foundry's models. Raises Refused."""
    classic = _CLASSIC.fullmatch(request.path)
    version = request.query.get("api-version")
    if request.method != "POST" or (classic is None and request.path not in _IN_BODY):
        raise Refused("path", "Resource not found")
    if classic and not (version and _VERSION.fullmatch(version)):
        raise Refused("path", "Resource not found")
    given = request.headers.get("api-key") or bearer(request)
    if not given or rules.key not in {None, given}:
        raise Refused("key", _KEY)
    body = read_chat(request, model=classic["deployment"] if classic else None)
    if classic and version and version < _FIRST_WITH_USAGE and body.stream_options is not None:
        raise Refused("bad", "Unrecognized request argument supplied: stream_options")
    if rules.models is not None and body.model not in rules.models:
        raise Refused("model", _MISSING, code="DeploymentNotFound")
    return asked(body, len(request.body))


def whole(asked: Asked, answer: Answer) -> bytes:
    """A `chat.completion` with the filters' findings."""
    body = completion(asked, answer)
    body["choices"][0]["content_filter_results"] = _FILTERS
    return json.encode({**body, "prompt_filter_results": _PROMPT_FILTERS})


def stream(asked: Asked, answer: Answer) -> list[bytes]:
    """Chunks: the first has only the findings about the prompt, and nothing that a chunk should have."""
    first = {"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": _PROMPT_FILTERS}
    return [*map(_event, [first, *map(_filtered, chunks(asked, answer))]), sse.DONE]


def refuse(refused: Refused) -> Refusal:
    """OpenAI's error answer, but for three that come from the gateway in front."""
    if refused.kind == "limit":
        headers = {"retry-after": "7", "retry-after-ms": "7000"}
        return Refusal(429, _error("RateLimitReached", refused.message or _LIMIT), headers)
    if refused.kind == "key":
        return Refusal(401, _error("401", refused.message or _KEY))
    if refused.kind == "path":
        return Refusal(404, _error("404", refused.message))
    return openai.refuse(refused)


def fault(refused: Refused) -> bytes:
    """An error in the middle of a stream."""
    return openai.fault(refused)


def _filtered(chunk: dict[str, Any]) -> dict[str, Any]:
    choices = [{**choice, "content_filter_results": {}} for choice in chunk["choices"]]
    return {**chunk, "choices": choices, "obfuscation": "x"}


def _error(code: str, message: str) -> bytes:
    return json.encode({"error": {"code": code, "message": message}})


def _event(value: dict[str, Any]) -> bytes:
    return sse.event(json.encode(value))
