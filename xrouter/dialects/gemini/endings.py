"""Why an answer ended: https://ai.google.dev/api/generate-content#FinishReason."""

from __future__ import annotations

from typing import Any

from xrouter.chat.events import Fault, Reason

_BY_NUMBER = {
    1: "STOP",
    2: "MAX_TOKENS",
    3: "SAFETY",
    4: "RECITATION",
    5: "OTHER",
    6: "BLOCKLIST",
    7: "PROHIBITED_CONTENT",
    8: "SPII",
    9: "MALFORMED_FUNCTION_CALL",
    10: "MODEL_ARMOR",
    11: "IMAGE_SAFETY",
}
"""Vertex AI's numbers, which some clients of it have answers encoded with."""
_FILTERED = frozenset(
    {
        "SAFETY",
        "RECITATION",
        "LANGUAGE",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "MODEL_ARMOR",
        "ESCALATION",
    }
)
_FAILED = frozenset(
    {
        "MALFORMED_FUNCTION_CALL",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
        "MISSING_THOUGHT_SIGNATURE",
        "MALFORMED_RESPONSE",
    }
)
"""The model meant to call a tool and did not manage to: no answer, unless a call came through."""


def read_ending(reason: Any) -> str:
    """Its name; empty where the answer goes on."""
    if isinstance(reason, int):
        return _BY_NUMBER.get(reason, "OTHER") if reason else ""
    return reason if isinstance(reason, str) else ""


def fault_of(ending: str, message: Any) -> Fault | None:
    """The failure that an ending stands for, where no usable call came before it."""
    if ending not in _FAILED:
        return None
    detail = f"{ending}: {message}" if isinstance(message, str) and message else ending
    return Fault(f"the model's tool call cannot be used ({detail})", code="upstream_malformed_tool_call")


def reason_of(ending: str, *, called: bool, spoke: bool) -> Reason:
    """The ending in OpenAI's words: whether tools were called is told by the calls, which may come long before it."""
    if ending == "MAX_TOKENS":
        return "length"
    if ending in _FILTERED:
        return "content_filter"
    if called:
        return "tool_calls"
    return "stop" if spoke or ending == "STOP" else "content_filter"
