"""Gemini's error answers."""

from __future__ import annotations

from typing import Any

from tests.strict.exchange import Kind, Refusal, Refused
from xrouter.wire import json, sse

_TYPE = "type.googleapis.com/google.rpc"
_KEY = {
    "@type": f"{_TYPE}.ErrorInfo",
    "reason": "API_KEY_INVALID",
    "domain": "googleapis.com",
    "metadata": {"service": "generativelanguage.googleapis.com"},
}
_ANSWERS: dict[Kind, tuple[int, str, str]] = {
    "bad": (400, "INVALID_ARGUMENT", ""),
    "key": (400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."),
    "path": (404, "NOT_FOUND", ""),
    "model": (404, "NOT_FOUND", ""),
    "limit": (429, "RESOURCE_EXHAUSTED", "Resource exhausted. Please try again later."),
    "overloaded": (503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
    "failed": (500, "INTERNAL", "An internal error has occurred. Please retry."),
    "overflow": (
        400,
        "INVALID_ARGUMENT",
        "The input token count (1250074) exceeds the maximum number of tokens allowed (1048576).",
    ),
}
_DETAILS: dict[Kind, list[dict[str, Any]]] = {
    "key": [_KEY],
    "limit": [{"@type": f"{_TYPE}.RetryInfo", "retryDelay": "6.4s"}],
}


def refuse(refused: Refused) -> Refusal:
    """An error answer; when to come back stands in its details, not in a header."""
    return Refusal(_ANSWERS[refused.kind][0], json.encode(_error(refused)))


def fault(refused: Refused) -> bytes:
    """An error in the middle of a stream."""
    return sse.event(json.encode(_error(refused)))


def _error(refused: Refused) -> dict[str, Any]:
    status, name, words = _ANSWERS[refused.kind]
    error: dict[str, Any] = {"code": status, "message": refused.message or words, "status": name}
    if refused.kind in _DETAILS:
        error["details"] = _DETAILS[refused.kind]
    return {"error": error}
