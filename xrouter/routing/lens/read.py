"""From a conversation to its ask, looking from the end: one pass over the turns, no second parse of the body."""

from __future__ import annotations

from collections.abc import Iterator

from xrouter.chat.request import Attachment, Conversation, Image, Reasoning, Text, ToolCall, ToolResult, Turn
from xrouter.routing.lens.ask import Ask, Kind
from xrouter.routing.lens.goon import is_go_on
from xrouter.routing.lens.markers import HEARTBEATS, TITLE_ASKS, TITLE_PROMPTS, is_resumption, peel
from xrouter.routing.lens.paste import cut

MOST_TEXT = 1_700
MOST_CONTINUED = 200
"""A continuation's own words; what it continues has the rest of MOST_TEXT."""


def read_ask(talk: Conversation) -> Ask:
    """What the conversation asks for now. Its text is empty where no user message holds anything."""
    turns = talk.turns
    said = _user_texts(turns)
    at, text = next(said, (-1, ""))
    context = ""
    if _carries_on(turns, at, text):
        context = next((earlier for i, earlier in said if not _carries_on(turns, i, earlier)), "")
    return Ask(
        text=cut(text, MOST_CONTINUED if context else MOST_TEXT),
        kind=_kind(talk, at, text, context=context),
        context=cut(context, MOST_TEXT - MOST_CONTINUED),
        turns=len(turns),
        chars=sum(_size(turn) for turn in turns),
        tools=len(talk.tools),
        has_images=talk.has_images,
    )


def _user_texts(turns: tuple[Turn, ...]) -> Iterator[tuple[int, str]]:
    """(place, words) of what the person said, the last first."""
    for at in range(len(turns) - 1, -1, -1):
        if turns[at].role == "user" and (text := peel(_words(turns[at]))):
            yield at, text


def _words(turn: Turn) -> str:
    """The words of a turn; what is not words leaves its name."""
    names = {Image: "[image]", Attachment: "[file]"}
    pieces = [part.text if isinstance(part, Text) else names.get(type(part)) for part in turn.parts]
    return "\n".join(piece for piece in pieces if piece)


def _carries_on(turns: tuple[Turn, ...], at: int, text: str) -> bool:
    if at < 1:
        return False
    before = turns[at - 1]
    return is_resumption(text) or is_go_on(text, answered=before.text if before.role == "assistant" else "")


def _kind(talk: Conversation, at: int, text: str, *, context: str) -> Kind:
    if text.startswith(HEARTBEATS):
        return "heartbeat"
    if _is_title(talk):
        return "title"
    if any(turn.role in {"assistant", "tool"} for turn in talk.turns[at + 1 :]):
        return "tool_step"
    return "continuation" if context else "fresh"


def _is_title(talk: Conversation) -> bool:
    """A client that wants a name for the conversation: it offers no tools and says so at the start."""
    if talk.tools or not talk.turns:
        return False
    first = talk.turns[0]
    if first.role == "system":
        return first.text.startswith(TITLE_PROMPTS)
    return first.text.startswith(TITLE_ASKS)


def _size(turn: Turn) -> int:
    size = 0
    for part in turn.parts:
        match part:
            case Text() | Reasoning() | ToolResult():
                size += len(part.text)
            case ToolCall():
                size += len(part.arguments)
            case _:
                pass
    return size
