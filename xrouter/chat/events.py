"""What a model says in a stream, one kind a class."""

from __future__ import annotations

import msgspec

from xrouter.chat.reply import Usage as Tokens


class Text(msgspec.Struct, frozen=True, tag="text"):
    """Words of the answer."""

    text: str


class Reasoning(msgspec.Struct, frozen=True, tag="reasoning"):
    """Words of the thinking before it."""

    text: str


class Usage(msgspec.Struct, frozen=True, tag="usage"):
    """What the answer used."""

    tokens: Tokens


class Finish(msgspec.Struct, frozen=True, tag="finish"):
    """The model is done; `reason` in the provider's word."""

    reason: str


class Fault(msgspec.Struct, frozen=True, tag="fault"):
    """The provider says that it failed."""

    message: str


class End(msgspec.Struct, frozen=True, tag="end"):
    """The stream says that it is over."""


Event = Text | Reasoning | Usage | Finish | Fault | End
