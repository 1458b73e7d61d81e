"""What a model thought before it called a tool: kept for clients that do not send it back.

Anthropic refuses a tool's result without the signed thought before the call, Gemini without the call's signature. Many
clients drop both, and some strip what is no letter or digit from the call's id: so what is kept here is found by the
id's alphanumerics, and put back where the client has nothing of that dialect in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256

import msgspec

from xrouter.cache.base import Store
from xrouter.chat.request import Part, Reasoning, Seal, ToolCall, ToolResult, Turn
from xrouter.wire import json

_NOISE = re.compile(r"[^A-Za-z0-9]")
_MOST_BYTES = 1024 * 1024


class Thought(msgspec.Struct, frozen=True):
    """One call: its id as the provider gave it, its own seal, and what was thought since the call before."""

    id: str
    seal: Seal | None
    before: tuple[Reasoning, ...]


_thought = json.Reader(Thought)


class Thoughts:
    """Remembers what stands before tool calls. `owner` is whose request it was: nobody finds another one's."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def keep(self, owner: str, parts: Iterable[Part]) -> None:
        """Remember what an answer thought, call by call; without a seal there is nothing to keep."""
        before: list[Reasoning] = []
        for part in parts:
            if isinstance(part, Reasoning):
                before.append(part)
            elif isinstance(part, ToolCall):
                thought = Thought(part.id, part.seal, tuple(before))
                before = []
                if part.seal or any(piece.seal for piece in thought.before):
                    await self._put(_name(owner, part.id), json.encode(thought))

    async def recall(self, owner: str, turns: tuple[Turn, ...], dialect: str) -> tuple[Turn, ...]:
        """The turns with what was thought in that dialect put back, and the ids of those calls as they were."""
        said = [part for turn in turns if turn.role == "assistant" for part in turn.parts]
        ids = {part.id for part in said if isinstance(part, ToolCall) and not _is_sealed(part, dialect)}
        if not ids:
            return turns
        found = await self._find(owner, ids, dialect)
        return tuple(_restored(turn, found, dialect) for turn in turns) if found else turns

    async def _find(self, owner: str, ids: Iterable[str], dialect: str) -> Mapping[str, Thought]:
        names = {given: _name(owner, given) for given in ids}
        values = await self._store.get_all(list(names.values()))
        thoughts = {given: _read(values[name]) for given, name in names.items() if name in values}
        return {given: thought for given, thought in thoughts.items() if thought and _made_in(thought, dialect)}

    async def _put(self, name: str, value: bytes) -> None:
        if len(value) <= _MOST_BYTES:
            await self._store.put(name, value)


def _name(owner: str, call_id: str) -> str:
    kept = f"{owner}\0{_NOISE.sub('', call_id)}"
    return f"thought:1:{sha256(kept.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _read(value: bytes) -> Thought | None:
    try:
        return _thought.decode(value)
    except ValueError:
        return None


def _made_in(thought: Thought, dialect: str) -> bool:
    seals = (thought.seal, *(piece.seal for piece in thought.before))
    return any(seal is not None and seal.dialect == dialect for seal in seals)


def _is_sealed(part: Part, dialect: str) -> bool:
    """Whether the client has sent a seal of that dialect back itself."""
    return isinstance(part, Reasoning | ToolCall) and part.seal is not None and part.seal.dialect == dialect


def _restored(turn: Turn, found: Mapping[str, Thought], dialect: str) -> Turn:
    """A turn whose calls are known: with their seals, and their thoughts before them in place of words without one.

    Thoughts that the client has sent back itself stay as they are.
    """
    known = [part.id for part in turn.parts if isinstance(part, ToolCall | ToolResult) and part.id in found]
    if not known:
        return turn
    thought_of = any(isinstance(part, Reasoning) and _is_sealed(part, dialect) for part in turn.parts)
    parts: list[Part] = []
    for part in turn.parts:
        match part:
            case ToolCall() if (thought := found.get(part.id)) is not None:
                before = () if thought_of else thought.before
                parts += [*before, msgspec.structs.replace(part, id=thought.id, seal=thought.seal)]
            case ToolResult() if part.id in found:
                parts.append(msgspec.structs.replace(part, id=found[part.id].id))
            case Reasoning() if turn.role == "assistant" and part.seal is None and not thought_of:
                continue
            case _:
                parts.append(part)
    return msgspec.structs.replace(turn, parts=tuple(parts))
