"""OpenAI's error answers."""

from __future__ import annotations

from tests.strict.exchange import Kind, Refusal, Refused
from xrouter.wire import json, sse

_ANSWERS: dict[Kind, tuple[int, str, str | None, str]] = {
    "bad": (400, "invalid_request_error", None, ""),
    "key": (401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    "path": (404, "invalid_request_error", None, ""),
    "model": (404, "invalid_request_error", "model_not_found", ""),
    "limit": (429, "requests", "rate_limit_exceeded", "Rate limit reached for requests. Please try again in 7s."),
    "overloaded": (503, "server_error", None, "The server is overloaded or not ready yet."),
    "failed": (500, "server_error", None, "The server had an error while processing your request."),
    "overflow": (
        400,
        "invalid_request_error",
        "context_length_exceeded",
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
    ),
}


def refuse(refused: Refused) -> Refusal:
    """An error answer."""
    status = _ANSWERS[refused.kind][0]
    headers = {"retry-after": "7"} if refused.kind == "limit" else {}
    return Refusal(status, json.encode({"error": _error(refused)}), headers)


def fault(refused: Refused) -> bytes:
    """An error in the middle of a stream."""
    return sse.event(json.encode({"error": _error(refused)}))


def _error(refused: Refused) -> dict[str, str | None]:
    _, kind, code, words = _ANSWERS[refused.kind]
    message = refused.message or words
    param = "messages" if refused.kind == "overflow" else refused.param
    return {"message": message, "type": kind, "param": param, "code": refused.code or code}
