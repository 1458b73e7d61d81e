"""From a conversation to its ask, looking from the end: one pass over the turns, no second parse of the body."""

from __future__ import annotations

from collections.abc import Iterator

from xrouter.chat.request import File, Image, Opaque, Text, Turn
from xrouter.routing.lens.ask import Ask, Kind
from xrouter.routing.lens.goon import is_go_on
from xrouter.routing.lens.markers import HEARTBEATS, TITLE_ASKS, TITLE_PROMPTS, is_resumption, peel
from xrouter.routing.lens.paste import cut

MOST_TEXT = 1_700
MOST_CONTINUED = 200
"""A continuation's own words; what it continues has the rest of MOST_TEXT."""


def read_ask(turns: tuple[Turn, ...], *, offers_tools: bool) -> Ask:
    """What the conversation asks for now. Its text is empty where no user message holds anything."""
    said = _user_texts(turns)
    at, text = next(said, (-1, ""))
    context = ""
    if _carries_on(turns, at, text):
        context = next((earlier for i, earlier in said if not _carries_on(turns, i, earlier)), "")
    return Ask(
        text=cut(text, MOST_CONTINUED if context else MOST_TEXT),
        kind=_kind(turns, at, text, context=context, offers_tools=offers_tools),
        context=cut(context, MOST_TEXT - MOST_CONTINUED),
    )


def _user_texts(turns: tuple[Turn, ...]) -> Iterator[tuple[int, str]]:
    """(place, words) of what the person said, the last first."""
    for at in range(len(turns) - 1, -1, -1):
        if turns[at].role == "user" and (text := peel(_words(turns[at]))):
            yield at, text


def _words(turn: Turn) -> str:
    """The words of a turn; what is not words leaves its name."""
    names = {Image: "[image]", File: "[file]", Opaque: "[file]"}
    pieces = [part.text if isinstance(part, Text) else names.get(type(part)) for part in turn.parts]
    return "\n".join(piece for piece in pieces if piece)


def _carries_on(turns: tuple[Turn, ...], at: int, text: str) -> bool:
    if at < 1:
        return False
    before = turns[at - 1]
    return is_resumption(text) or is_go_on(text, answered=before.text if before.role == "assistant" else "")


def _kind(turns: tuple[Turn, ...], at: int, text: str, *, context: str, offers_tools: bool) -> Kind:
    if text.startswith(HEARTBEATS):
        return "heartbeat"
    if not offers_tools and _is_title(turns):
        return "title"
    if any(turn.role in {"assistant", "tool"} for turn in turns[at + 1 :]):
        return "tool_step"
    return "continuation" if context else "fresh"


def _is_title(turns: tuple[Turn, ...]) -> bool:
    """A client that wants a name for the conversation says so at the start."""
    if not turns:
        return False
    first = turns[0]
    if first.role == "system":
        return first.text.startswith(TITLE_PROMPTS)
    return first.text.startswith(TITLE_ASKS)
