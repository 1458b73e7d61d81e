"""How clients dress up what a person said, as tables; the versions are those that it was seen in.

Everything is anchored at the start or the end of a message: a marker that stands in the middle of pasted text is text.
"""

from __future__ import annotations

import re

# OpenClaw 2026.9: bookkeeping in a user message of its own, always the last one
_INTERNAL_BEGIN = "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>"
_INTERNAL_END = "<<<END_OPENCLAW_INTERNAL_CONTEXT>>>"
# OpenClaw 2026.9: "[Mon 2026-11-23 14:01 UTC] TEXT"
_DATE = re.compile(r"\s*\[(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?(?: [^\]\n]{1,40})?\]\s*")
# OpenClaw 2026.9: the end of a session's first user message
_RUNTIME = "\n\nRuntime: agent="
# OpenClaw 2026.9: a message that is sent again after a failure
_QUEUED = "[Queued user message from a previous active turn"
_RESUME = "Continue the current task from the existing transcript"

HEARTBEATS = (
    "Follow the heartbeat monitor scratch context",  # OpenClaw 2026.9
    "Read HEARTBEAT.md",  # OpenClaw before 2026.9
)
TITLE_PROMPTS = ("You are a title generator",)  # opencode 1.18: the system prompt
TITLE_ASKS = ("Generate a title for this conversation",)  # opencode 1.18: the first user message


def peel(text: str) -> str:
    """What the person said in a user message; empty where the client speaks to itself."""
    text = _drop_runtime(_drop_internal(text.strip()))
    text = _drop_date(text)
    if text.startswith(_QUEUED):
        text = _drop_date(_drop_queue(text))
    return text.strip()


def is_resumption(text: str) -> bool:
    """Whether the client asks to go on after an interruption."""
    return text.startswith(_RESUME)


def _drop_internal(text: str) -> str:
    if text.startswith(_INTERNAL_BEGIN) and _INTERNAL_END in text:
        text = text[text.index(_INTERNAL_END) + len(_INTERNAL_END) :].lstrip()
    if text.endswith(_INTERNAL_END) and _INTERNAL_BEGIN in text:
        text = text[: text.rindex(_INTERNAL_BEGIN)].rstrip()
    return text


def _drop_runtime(text: str) -> str:
    at = text.rfind(_RUNTIME)
    line = text[at + 2 :]
    return text[:at] if at >= 0 and "\n" not in line and " | session" in line else text


def _drop_date(text: str) -> str:
    prefix = _DATE.match(text)
    return text[prefix.end() :] if prefix else text


def _drop_queue(text: str) -> str:
    _, _, inner = text.partition("]\n")
    at = inner.rfind("\n\n" + _RESUME)
    return inner[:at] if at >= 0 else inner
