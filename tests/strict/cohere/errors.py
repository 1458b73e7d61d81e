"""Cohere's error answers."""

from __future__ import annotations

from tests.strict.exchange import Kind, Refusal, Refused
from xrouter.wire import json, sse

_ANSWERS: dict[Kind, tuple[int, str]] = {
    "bad": (400, ""),
    "key": (401, "invalid api token"),
    "path": (404, ""),
    "model": (404, ""),
    "limit": (429, "You are using a Trial key, which is limited to 20 API calls / minute."),
    "overloaded": (503, "the service is temporarily unavailable, please try again later"),
    "failed": (500, "internal server error, this has been reported to our developers"),
    "overflow": (
        400,
        "too many tokens: size limit exceeded by 25836 tokens. Try using shorter or fewer inputs.",
    ),
}
_ID = "2d4609a6-d1f9-4cf4-8d09-af865409bdc2"


def refuse(refused: Refused) -> Refusal:
    """An error answer; a member that it does not know is a 422."""
    status = int(refused.code or _ANSWERS[refused.kind][0])
    headers = {"retry-after": "7"} if refused.kind == "limit" else {}
    return Refusal(status, json.encode(_error(refused)), headers)


def fault(refused: Refused) -> bytes:
    """The end of a stream that failed: there is no event for errors."""
    delta = {"finish_reason": "ERROR", "error": _error(refused)["message"]}
    return sse.event(json.encode({"type": "message-end", "id": _ID, "delta": delta}), "message-end")


def _error(refused: Refused) -> dict[str, str]:
    error = {"id": _ID, "message": refused.message or _ANSWERS[refused.kind][1]}
    return {**error, "error_type": "TOO_MANY_TOKENS"} if refused.kind == "overflow" else error
