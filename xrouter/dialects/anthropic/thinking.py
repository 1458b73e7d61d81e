"""How much to think, in the form that the model takes: an effort, or a budget of tokens."""

from __future__ import annotations

from typing import Any

import msgspec

from xrouter.chat.request import Conversation, Part, Reasoning, Thinking, ToolCall, Turn
from xrouter.dialects.anthropic.profiles import Profile

_LEAST = 1_024
_BUDGETS = {"minimal": 1_024, "low": 2_048, "medium": 8_192, "high": 16_384, "xhigh": 24_576, "max": 24_576}


class Thought(msgspec.Struct, frozen=True):
    """Members of the request; `max_tokens` is the answer's limit, which counts the thoughts too."""

    max_tokens: int
    members: dict[str, Any] = {}
    dropped: tuple[str, ...] = ()

    @property
    def is_on(self) -> bool:
        """Whether the model is told to think: then sampling is fixed."""
        return self.members.get("thinking", {}).get("type") in {"enabled", "adaptive"}


def think(talk: Conversation, wish: Thinking | None, profile: Profile, max_tokens: int) -> Thought:
    """What the request says of thinking; nothing where nobody asks for it."""
    if wish is None:
        return Thought(max_tokens)
    if wish.effort == "none":
        return Thought(max_tokens, {"thinking": {"type": "disabled"}} if profile.adaptive else {})
    if profile.adaptive:
        return Thought(max_tokens, _by_effort(wish, profile))
    if not _is_measured(wish):
        return Thought(max_tokens)
    if not profile.budget or _forces(talk) or _begins_answer(talk) or _lacks_thought(talk):
        return Thought(max_tokens, dropped=("reasoning_effort",))
    budget = max(wish.budget or _BUDGETS.get(wish.effort or "", _BUDGETS["medium"]), _LEAST)
    budget = min(budget, profile.most_tokens - _LEAST)
    limit = max_tokens if max_tokens > budget else min(max_tokens + budget, profile.most_tokens)
    return Thought(limit, {"thinking": {"type": "enabled", "budget_tokens": budget}})


def wish_of(asked: Thinking | None, effort: str | None) -> Thinking | None:
    """What the client asks for, with the target's own effort where it names no measure."""
    if effort is None or (asked is not None and _is_measured(asked)):
        return asked
    return Thinking(effort, shown=asked is None or asked.shown)


def _is_measured(wish: Thinking) -> bool:
    return wish.effort is not None or wish.budget is not None


def _by_effort(wish: Thinking, profile: Profile) -> dict[str, Any]:
    """Without a measure the model has its own. Without `display` the newest give thoughts that have no words."""
    thinking = {"thinking": {"type": "adaptive", "display": "summarized" if wish.shown else "omitted"}}
    if not _is_measured(wish):
        return thinking
    effort = wish.effort or _effort_of(wish.budget or 0)
    effort = {"minimal": "low", "xhigh": "xhigh" if profile.xhigh else "high"}.get(effort, effort)
    return {**thinking, "output_config": {"effort": effort}}


def _effort_of(budget: int) -> str:
    if budget < _BUDGETS["low"]:
        return "low"
    return "medium" if budget < _BUDGETS["medium"] else "high"


def _forces(talk: Conversation) -> bool:
    choice = talk.settings.tool_choice
    return choice is not None and choice.mode in {"any", "tool"}


def _begins_answer(talk: Conversation) -> bool:
    """Whether the last message is the beginning of the answer, which cannot follow a thought."""
    return bool(talk.turns) and talk.turns[-1].role == "assistant" and not _calls(talk.turns[-1])


def _lacks_thought(talk: Conversation) -> bool:
    """Whether the last call came without its signed thought: thinking is then refused.

    Words of the user behind its result change nothing: they stand in the same message.
    """
    last = next((turn for turn in reversed(talk.turns) if turn.role == "assistant"), None)
    return last is not None and _calls(last) and not any(_is_signed(part) for part in last.parts)


def _calls(turn: Turn) -> bool:
    return any(isinstance(part, ToolCall) for part in turn.parts)


def _is_signed(part: Part) -> bool:
    return isinstance(part, Reasoning) and part.seal is not None and part.seal.dialect == "anthropic"
