"""What the last bytes of a stream say.

The event that ends a stream carries the whole answer and repeats the whole request, so its name and its beginning may
lie further back than what is kept. Its end is enough: no other event has a `usage` that counts tokens, and inside of
a JSON string the quotes of one would be escaped.
"""

from __future__ import annotations

import re
from typing import Any

from xrouter.chat.reply import Usage
from xrouter.dialects.base import StreamEnd
from xrouter.dialects.responses.usage import read_usage
from xrouter.wire import json

_DATA = b"data:"
_DONE = b"data:[DONE]"
_FINISHED = frozenset({"response.completed", "response.incomplete"})
_FAILED = frozenset({"response.failed", "error"})
_USAGE = re.compile(rb'[{,]\s*"usage"\s*:\s*(\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})')
_TYPE = re.compile(rb',\s*"type"\s*:\s*"(response\.\w+)"\s*\}$')
"""The event's own type where it stands last."""


def read_end(head: bytes, tail: bytes) -> StreamEnd:  # noqa: ARG001  # a first event says nothing about the last
    """The end of a stream, of which `tail` is the last part (it may start in the middle of an event)."""
    lines = tail.splitlines()
    for at in range(len(lines) - 1, -1, -1):
        line = lines[at].strip()
        if line.replace(b" ", b"") == _DONE:
            continue
        if line.startswith(_DATA):
            return _read_event(line[len(_DATA) :], _name(lines, at))
        if at == 0 and line.endswith(b"}") and tail.endswith((b"\n", b"\r")):
            return _read_part(line)
    return _nothing()


def is_over(last: bytes) -> bool:
    """Whether a stream says that nothing is to come; most end without saying so."""
    return last.rstrip().replace(b" ", b"").endswith(_DONE)


def _nothing() -> StreamEnd:
    return StreamEnd(finished=False, done=False, fault=False, usage=None)


def _name(lines: list[bytes], at: int) -> str:
    before = lines[at - 1] if at else b""
    return before.partition(b":")[2].strip().decode("utf-8", "replace") if before.startswith(b"event:") else ""


def _read_event(data: bytes, name: str) -> StreamEnd:
    try:
        said = json.decode(data)
    except ValueError:
        return _nothing()
    members: dict[str, Any] = said if isinstance(said, dict) else {}
    kind = members.get("type") or name
    response = members.get("response")
    usage = read_usage(response.get("usage")) if isinstance(response, dict) else None
    fault = kind in _FAILED or (not kind and bool(members.get("error")))
    finished = kind in _FINISHED
    return StreamEnd(finished=finished, done=finished, fault=fault, usage=usage)


def _read_part(part: bytes) -> StreamEnd:
    """The end of an event whose beginning is lost."""
    usage: Usage | None = None
    for found in _USAGE.finditer(part):
        try:
            usage = read_usage(json.decode(found.group(1))) or usage
        except ValueError:
            continue
    named = _TYPE.search(part)
    kind = named.group(1).decode() if named else ""
    finished = kind in _FINISHED or (not named and usage is not None)
    return StreamEnd(finished=finished, done=finished, fault=kind in _FAILED, usage=usage)
