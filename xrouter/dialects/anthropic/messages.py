"""Turns as messages that alternate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from xrouter.chat.request import Opaque, Part, Reasoning, Text, ToolCall, Turn
from xrouter.dialects.anthropic.blocks import write_part
from xrouter.dialects.anthropic.caching import split_stable
from xrouter.dialects.anthropic.pairing import pair
from xrouter.dialects.anthropic.profiles import Profile
from xrouter.dialects.naming import label

Block = dict[str, Any]

_DIALECT = "anthropic"
_THOUGHTS = {"thinking", "redacted_thinking"}
_NOBODY_ASKED, _GO_ON = ".", "Continue."
"""What a user says where the rules want one to speak and nobody did."""


def split_system(turns: tuple[Turn, ...]) -> tuple[list[Block], tuple[Turn, ...]]:
    """(the blocks of the system prompt, the turns behind it): all system turns that the conversation begins with."""
    count = next((at for at, turn in enumerate(turns) if turn.role != "system"), len(turns))
    texts = [part for turn in turns[:count] for part in turn.parts]
    return [block for part in texts for piece in _stable(part) for block in write_part(piece, {})], turns[count:]


def lost_blocks(turns: tuple[Turn, ...]) -> list[str]:
    """What other providers' own tools did, as far as it holds no words: it is history, and left out."""
    said = [part for turn in turns if turn.role == "assistant" for part in turn.parts]
    return [label(part) for part in said if isinstance(part, Opaque) and _is_lost(part)]


def write_messages(turns: tuple[Turn, ...], names: Mapping[str, str], profile: Profile) -> list[Block]:
    """The messages. Neighbours of one role are one; an assistant's turn without words or calls vanishes."""
    spoken = _joined(_speak(speaker, parts, names, profile) for speaker, parts in pair(turns))
    return _with_ends(_joined(message for message in spoken if not _only_thinks(message)), profile)


def _speak(speaker: str, parts: list[Part], names: Mapping[str, str], profile: Profile) -> Block:
    if speaker == "system" and not profile.late_system:
        speaker, parts = "user", [_as_user(part) for part in parts]
    elif speaker == "assistant":
        parts = _ordered([part for part in parts if not _is_lost(part)])
    return {"role": speaker, "content": [block for part in parts for block in write_part(part, names)]}


def _joined(messages: Iterable[Block]) -> list[Block]:
    joined: list[Block] = []
    for message in messages:
        if joined and joined[-1]["role"] == message["role"]:
            joined[-1]["content"] += message["content"]
        elif message["content"]:
            joined.append(message)
    return joined


def _only_thinks(message: Block) -> bool:
    return message["role"] == "assistant" and _THOUGHTS.issuperset(block["type"] for block in message["content"])


def _stable(part: Part) -> list[Part]:
    if not isinstance(part, Text):
        return [part]
    pieces = [msgspec.structs.replace(part, text=text, cache=None) for text in split_stable(part.text)]
    pieces[-1] = msgspec.structs.replace(pieces[-1], cache=part.cache)
    return list(pieces)


def _as_user(part: Part) -> Part:
    return Text(f"<system>{part.text}</system>", part.cache) if isinstance(part, Text) else part


def _is_lost(part: Part) -> bool:
    return isinstance(part, Opaque) and part.dialect != _DIALECT and not part.text


def _ordered(parts: list[Part]) -> list[Part]:
    """A turn that thinks begins with it: clients that keep no thoughts have theirs put back right before the call."""
    thoughts = [at for at, part in enumerate(parts) if _is_signed(part)]
    call = next((at for at, part in enumerate(parts) if isinstance(part, ToolCall)), len(parts))
    if not thoughts or not any(isinstance(part, Text) for part in parts[: thoughts[0]]):
        return parts
    first = [parts[at] for at in thoughts if at < call]
    return [*first, *(part for at, part in enumerate(parts) if at > call or at not in thoughts)]


def _is_signed(part: Part) -> bool:
    return isinstance(part, Reasoning) and part.seal is not None and part.seal.dialect == _DIALECT


def _with_ends(messages: list[Block], profile: Profile) -> list[Block]:
    """The first message is the user's; so is the last, but where the model takes the beginning of its answer.

    That beginning ends in no white space.
    """
    if messages and messages[0]["role"] == "assistant":
        messages.insert(0, _asked(_NOBODY_ASKED))
    if messages and messages[-1]["role"] == "assistant":
        last = messages[-1]["content"][-1]
        if not profile.prefill:
            messages.append(_asked(_GO_ON))
        elif last["type"] == "text":
            last["text"] = last["text"].rstrip()
    return messages


def _asked(text: str) -> Block:
    """A user's message, new each time: cache marks are set in place."""
    return {"role": "user", "content": [{"type": "text", "text": text}]}
