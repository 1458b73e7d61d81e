"""What a model says in a stream, one kind a class. `choice`: which answer it belongs to, of several."""

from __future__ import annotations

from typing import Literal

import msgspec

from xrouter.chat.reply import Usage as Tokens
from xrouter.chat.request import Citation, Opaque, Seal
from xrouter.errors import UpstreamError

Reason = Literal["stop", "length", "tool_calls", "content_filter"]


class Start(msgspec.Struct, frozen=True, tag="start"):
    """The answer begins; `created` is Unix time, 0 where the provider does not say."""

    id: str = ""
    model: str = ""
    created: int = 0


class Text(msgspec.Struct, frozen=True, tag="text"):
    """Words of the answer."""

    text: str
    choice: int = 0


class Cited(msgspec.Struct, frozen=True, tag="cited"):
    """Where the words before it come from."""

    citation: Citation
    choice: int = 0


class Refusal(msgspec.Struct, frozen=True, tag="refusal"):
    """Words of a model that declines."""

    text: str
    choice: int = 0


class Reasoning(msgspec.Struct, frozen=True, tag="reasoning"):
    """Words of the thinking before it."""

    text: str
    choice: int = 0


class Sealed(msgspec.Struct, frozen=True, tag="sealed"):
    """The thought or the words before it are over and have this seal; `redacted`: a thought of which it is all."""

    seal: Seal
    redacted: bool = False
    choice: int = 0


class ToolStart(msgspec.Struct, frozen=True, tag="tool_start"):
    """A call begins; `index` counts the calls of an answer from 0 in the order in which they begin."""

    index: int
    id: str
    name: str
    custom: bool = False
    seal: Seal | None = None
    choice: int = 0


class ToolArgs(msgspec.Struct, frozen=True, tag="tool_args"):
    """A piece of the JSON text of a call's arguments."""

    index: int
    text: str
    choice: int = 0


class Picture(msgspec.Struct, frozen=True, tag="picture"):
    """A picture that the model made, as a data URL or an address."""

    url: str
    choice: int = 0


class Logprobs(msgspec.Struct, frozen=True, tag="logprobs"):
    """A JSON list of `{"token", "logprob", "bytes", "top_logprobs"}` for the words before it."""

    items: bytes
    choice: int = 0


class Other(msgspec.Struct, frozen=True, tag="other"):
    """A whole block that only one dialect has, such as a search that the provider made itself."""

    block: Opaque
    choice: int = 0


class Usage(msgspec.Struct, frozen=True, tag="usage"):
    """What the answer used; where it comes more than once, the last counts."""

    tokens: Tokens


class Finish(msgspec.Struct, frozen=True, tag="finish"):
    """The model is done: OpenAI's four reasons. `stop_sequence` is the one that was met, where the provider says."""

    reason: Reason
    stop_sequence: str | None = None
    choice: int = 0


class Fault(msgspec.Struct, frozen=True, tag="fault"):
    """The provider says that it failed."""

    message: str
    status: int = 502
    kind: str | None = None
    code: str | None = None
    param: str | None = None

    @classmethod
    def of(cls, error: UpstreamError) -> Fault:
        """An error as it is told in a stream."""
        return cls(error.message, error.status, error.kind, error.code, error.param)

    def error(self) -> UpstreamError:
        """The same to be raised."""
        return UpstreamError(self.message, status=self.status, kind=self.kind, code=self.code, param=self.param)


class End(msgspec.Struct, frozen=True, tag="end"):
    """The stream says that it is over."""


Event = (
    Start
    | Text
    | Cited
    | Refusal
    | Reasoning
    | Sealed
    | ToolStart
    | ToolArgs
    | Picture
    | Logprobs
    | Other
    | Usage
    | Finish
    | Fault
    | End
)
