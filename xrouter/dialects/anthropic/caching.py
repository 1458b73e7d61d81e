"""Where the prompt cache may stop: https://docs.claude.com/en/docs/build-with-claude/prompt-caching.

A client's own marks pass, the last four of them, for a fifth is refused. Where it sets none they are set here: behind
the tools, behind the system prompt (of OpenClaw's behind the part that it calls stable), behind the last message and
behind the user's one before: the next request then finds what this one has written.
"""

from __future__ import annotations

from typing import Any

Block = dict[str, Any]

_MOST = 4
_EPHEMERAL = {"type": "ephemeral"}
_MARK = "cache_control"
_STABLE = "<!-- /openclaw:attempt:STABLE -->"
_UNMARKED = frozenset({"thinking", "redacted_thinking"})


def split_stable(text: str) -> list[str]:
    """OpenClaw's system prompt in the part that stays the same and the rest; any other text in one piece."""
    stable, mark, rest = text.partition(_STABLE)
    return [stable + mark, rest] if mark and rest.strip() else [text]


def mark(tools: list[Block], system: list[Block], messages: list[Block], *, by_itself: bool) -> None:
    """Bound the client's marks, in place; `by_itself`: set some where there are none."""
    marked = [block for block in _all(tools, system, messages) if _MARK in block]
    for block in marked[:-_MOST]:
        del block[_MARK]
    if marked or not by_itself:
        return
    places = [tools[-1:], _last_stable(system), *[_last_block(message) for message in _last_users(messages)]]
    for place in places:
        for block in place:
            block[_MARK] = _EPHEMERAL


def _all(tools: list[Block], system: list[Block], messages: list[Block]) -> list[Block]:
    blocks = [block for message in messages for block in message["content"]]
    inner = [piece for block in blocks for piece in (block, *_pieces(block))]
    return [*tools, *system, *inner]


def _pieces(block: Block) -> list[Block]:
    content = block.get("content")
    return content if isinstance(content, list) and block.get("type") == "tool_result" else []


def _last_stable(system: list[Block]) -> list[Block]:
    stable = [block for block in system if str(block.get("text", "")).endswith(_STABLE)]
    return stable[-1:] or system[-1:]


def _last_users(messages: list[Block]) -> list[Block]:
    return [message for message in messages if message["role"] == "user"][-2:]


def _last_block(message: Block) -> list[Block]:
    return [block for block in message["content"] if block["type"] not in _UNMARKED][-1:]
