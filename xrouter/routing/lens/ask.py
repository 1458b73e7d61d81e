"""The ask: the small value that judges look at."""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["fresh", "tool_step", "continuation", "heartbeat", "title"]
"""`tool_step`: the turn's ask is known already and the model is in its tool loop. `continuation`: "yes, go on"."""


class Ask(msgspec.Struct, frozen=True):
    """What a person (or a client on its own) asks for.

    `text` is the last real user message, without what clients wrap around it and with pastes cut; `context` is the ask
    that a continuation carries on.
    """

    text: str
    kind: Kind = "fresh"
    context: str = ""

    @property
    def judged(self) -> str:
        """The words to judge: what a continuation continues, else the text itself."""
        return self.context or self.text


def excerpt(ask: Ask) -> str:
    """What an LLM classifier is shown, and what a decision is remembered by.

    The same for a turn's first request and all steps of its tool loop, so that one decision serves the turn.
    """
    if ask.context:
        return f"{ask.context}\n\n[later, to carry on with it:] {ask.text}"
    return ask.text
