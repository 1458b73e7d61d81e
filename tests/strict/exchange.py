"""What a simulated provider is asked and what it says, in no wire format; and what every wire format here can do."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any, Literal, Protocol

import msgspec

from xrouter.wire import json

_PIECE = re.compile(r"\s*\S{1,8}|\s+\Z")
"""About as much text as a model says in one token."""

Kind = Literal["bad", "key", "path", "model", "limit", "overloaded", "failed", "overflow"]
"""Why a request is refused: malformed, wrong key, no such path or model, too many, too busy, a fault, too long."""


class Request(msgspec.Struct, frozen=True):
    """An HTTP request; the names of its headers are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class Rules(msgspec.Struct, frozen=True):
    """What one provider takes: the key, and the models it has; None takes any."""

    key: str | None = None
    models: frozenset[str] | None = None


class Offer(msgspec.Struct, frozen=True):
    """A tool that may be called."""

    name: str
    schema: Mapping[str, Any] = {}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A well-formed request.

    `prompt` is the last text of the user, `results` what the tools gave that were called last, `size` the bytes of the
    whole request. `wants_usage`: a stream is to end with figures. `forced`: a tool has to be called.
    """

    model: str
    stream: bool
    prompt: str
    results: tuple[str, ...]
    offers: tuple[Offer, ...]
    size: int
    thinks: bool = False
    forced: bool = False
    wants_usage: bool = True


class Call(msgspec.Struct, frozen=True):
    """A tool that the model calls."""

    name: str
    arguments: Mapping[str, Any]


class Tokens(msgspec.Struct, frozen=True):
    """What an answer used: `prompt` counts cached and cache-written tokens too, `completion` the thoughts."""

    prompt: int
    completion: int
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the model says. `ends`: a stream ends as it should, with an error, or is cut in the middle.

    `split`: how many bytes of a stream go out at a time; 0 sends it event by event.
    """

    text: str = ""
    thought: str = ""
    calls: tuple[Call, ...] = ()
    finish: Literal["stop", "length", "tool_calls", "refusal"] = "stop"
    tokens: Tokens | None = None
    ends: Literal["whole", "fault", "cut"] = "whole"
    split: int = 0

    def used(self, asked: Asked) -> Tokens:
        """Its figures, guessed from sizes where there are none."""
        thought, said = len(pieces(self.thought)), len(pieces(self.text)) + 12 * len(self.calls)
        return self.tokens or Tokens(asked.size // 4 + 1, thought + said, reasoning=thought)


class Refused(Exception):
    """A request that gets no answer; the wire format has words where there is no `message`."""

    def __init__(self, kind: Kind, message: str = "", *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message or kind)
        self.kind, self.message, self.param, self.code = kind, message, param, code


class Refusal(msgspec.Struct, frozen=True):
    """An error answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = {}


class Wire(Protocol):
    """A provider's wire format: a module with these functions."""

    def read(self, request: Request, rules: Rules) -> Asked:
        """A request, checked as strictly as the provider does. Raises Refused."""

    def whole(self, asked: Asked, answer: Answer) -> bytes:
        """An answer in one piece."""

    def stream(self, asked: Asked, answer: Answer) -> list[bytes]:
        """The events of a streamed answer."""

    def refuse(self, refused: Refused) -> Refusal:
        """An error answer."""

    def fault(self, refused: Refused) -> bytes:
        """An error in the middle of a stream."""


def read_body(request: Request) -> dict[str, Any]:
    """The object in a request's body. Raises Refused."""
    try:
        value = json.decode(request.body)
    except ValueError as error:
        raise Refused("bad", f"The request body is not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise Refused("bad", "The request body must be a JSON object.")
    return value


def pieces(text: str) -> list[str]:
    """A text as a model streams it."""
    return _PIECE.findall(text)


def bearer(request: Request) -> str:
    """The key in `Authorization`."""
    return request.headers.get("authorization", "").removeprefix("Bearer ")


def fingerprint(*of: str) -> str:
    """Letters and digits that only these words give: for ids."""
    return hashlib.sha256("\0".join(of).encode()).hexdigest()[:22]


def seal(*of: str) -> str:
    """A signature as base64: the same words give the same, and nobody else can have made it."""
    return base64.b64encode(hashlib.sha512("\0".join(("strict fake", *of)).encode()).digest()).decode()
