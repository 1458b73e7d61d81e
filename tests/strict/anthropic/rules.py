"""The rules about messages that their shape does not say."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

from tests.strict.anthropic.shapes import (
    Base64,
    Body,
    Document,
    Enabled,
    Image,
    Redacted,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from tests.strict.anthropic.turns import Placed, Turn, version_of
from tests.strict.exchange import Refused, seal

_STARTS = {"image/png": b"\x89PNG", "image/jpeg": b"\xff\xd8\xff", "image/gif": b"GIF8", "image/webp": b"RIFF"}


def check(body: Body, turns: list[Turn]) -> None:
    """All of them. Raises Refused."""
    for rule in _RULES:
        rule(body, turns)


def sign(thought: str) -> str:
    """The signature of a thought; of what is redacted, the data."""
    return seal("anthropic", thought)


REDACTED = seal("anthropic", "redacted")
"""The data of every redacted thought."""


def _bad(message: str) -> Refused:
    return Refused("bad", message)


def _check_roles(body: Body, turns: list[Turn]) -> None:
    if turns[0].role != "user":
        raise _bad('messages: first message must use the "user" role')
    for turn in turns:
        if turn.role == "system" and version_of(body.model) < (4, 8):
            raise _bad(f"messages.{turn.at}.role: Input should be 'user' or 'assistant'")


def _check_words(_: Body, turns: list[Turn]) -> None:
    for turn in turns:
        if turn.empty and turn is not turns[-1]:
            raise _bad(f"messages.{turn.at}: all messages must have non-empty content except for the optional final")
        for block in turn.blocks:
            if not isinstance(block.is_, Text):
                continue
            if not block.is_.text:
                raise _bad("messages: text content blocks must be non-empty")
            if not block.is_.text.strip():
                raise _bad("messages: text content blocks must contain non-whitespace text")


def _check_owners(_: Body, turns: list[Turn]) -> None:
    """Calls and thoughts are the assistant's, results and pictures the user's."""
    owners = {ToolUse: "assistant", Thinking: "assistant", Redacted: "assistant", ToolResult: "user", Image: "user"}
    for turn in turns:
        for block in turn.blocks:
            if owners.get(type(block.is_), turn.role) != turn.role:
                raise _bad(f"{block.path}: this type of block is not allowed in {turn.role} messages")


def _check_results(_: Body, turns: list[Turn]) -> None:
    """Every call has its result in the very next message, ahead of anything else there."""
    calls: set[str] = set()
    for turn in [*turns, Turn(len(turns), "user", [])]:
        results = [block.is_.tool_use_id for block in turn.blocks if isinstance(block.is_, ToolResult)]
        missing = sorted(calls - set(results))
        if missing:
            raise _bad(
                f"messages.{turn.at - 1}: `tool_use` ids were found without `tool_result` blocks immediately after: "
                f"{', '.join(missing)}. Each `tool_use` block must have a corresponding `tool_result` block in the "
                "next message."
            )
        _check_each_result(turn, calls)
        calls = {block.is_.id for block in turn.blocks if isinstance(block.is_, ToolUse)}


def _check_each_result(turn: Turn, calls: set[str]) -> None:
    seen: set[str] = set()
    for number, block in enumerate(turn.blocks):
        if not isinstance(block.is_, ToolResult):
            continue
        known = block.is_.tool_use_id
        if known not in calls:
            raise _bad(
                f"{block.path}: unexpected `tool_use_id` found in `tool_result` blocks: {known}. Each `tool_result` "
                "block must have a corresponding `tool_use` block in the previous message."
            )
        if known in seen:
            raise _bad(f"{block.path}: each tool_use must have a single result. Found several with id: {known}")
        if len(seen) < number:
            raise _bad(f"{block.path}: `tool_result` blocks must come before all other content of a message")
        seen.add(known)


def _check_ids(_: Body, turns: list[Turn]) -> None:
    ids = [block.is_.id for turn in turns for block in turn.blocks if isinstance(block.is_, ToolUse)]
    if len(set(ids)) < len(ids):
        raise _bad("messages: `tool_use` ids must be unique")


def _check_prefill(body: Body, turns: list[Turn]) -> None:
    last = turns[-1]
    if last.role != "assistant":
        return
    if isinstance(body.thinking, Enabled) or version_of(body.model) >= (4, 6):
        raise _bad(
            "This model does not support assistant message prefill. The conversation must end with a user message."
        )
    if last.words != last.words.rstrip():
        raise _bad("messages: final assistant content cannot end with trailing whitespace")


def _check_signatures(_: Body, turns: list[Turn]) -> None:
    """A thought comes back as it was signed, and from nobody else."""
    for turn in turns:
        for block in turn.blocks:
            if isinstance(block.is_, Thinking) and block.is_.signature != sign(block.is_.thinking):
                raise _bad(f"{block.path}: Invalid `signature` in `thinking` block")
            if isinstance(block.is_, Redacted) and block.is_.data != REDACTED:
                raise _bad(f"{block.path}: Invalid `data` in `redacted_thinking` block")


def _check_thoughts(body: Body, turns: list[Turn]) -> None:
    """While the model thinks, the assistant's part in a tool loop that goes on starts with its thoughts."""
    if not isinstance(body.thinking, Enabled):
        return
    start = max((number for number, turn in enumerate(turns) if _is_asking(turn)), default=0)
    first = next((turn for turn in turns[start:] if turn.role == "assistant" and turn.blocks), None)
    if first is None or isinstance(first.blocks[0].is_, Thinking | Redacted):
        return
    found = "tool_use" if isinstance(first.blocks[0].is_, ToolUse) else "text"
    raise _bad(
        f"{first.blocks[0].path}.type: Expected `thinking` or `redacted_thinking`, but found `{found}`. When "
        "`thinking` is enabled, a final `assistant` message must start with a thinking block (preceeding the "
        "lastmost set of `tool_use` and `tool_result` blocks). To avoid this requirement, disable `thinking`."
    )


def _is_asking(turn: Turn) -> bool:
    return turn.role == "user" and not any(isinstance(block.is_, ToolResult) for block in turn.blocks)


def _check_media(_: Body, turns: list[Turn]) -> None:
    for turn in turns:
        for block in turn.blocks:
            parts = block.is_.content if isinstance(block.is_, ToolResult) else [block.is_]
            for part in parts:
                if isinstance(part, Image | Document) and isinstance(part.source, Base64):
                    _check_data(block, part.source, ["application/pdf"] if isinstance(part, Document) else [*_STARTS])


def _check_data(block: Placed, source: Base64, allowed: list[str]) -> None:
    if source.media_type not in allowed:
        expected = ", ".join(f"'{media}'" for media in allowed)
        raise _bad(f"{block.path}.source.base64.media_type: Input should be {expected}")
    try:
        data = base64.b64decode(source.data, validate=True)
    except binascii.Error:
        raise _bad(f"{block.path}.source.base64.data: The file is not valid base64") from None
    if not data.startswith(_STARTS.get(source.media_type, b"")):
        raise _bad(f"{block.path}: Image does not match the provided media type {source.media_type}")


_RULES: tuple[Callable[[Body, list[Turn]], None], ...] = (
    _check_roles,
    _check_words,
    _check_owners,
    _check_results,
    _check_ids,
    _check_prefill,
    _check_signatures,
    _check_thoughts,
    _check_media,
)
