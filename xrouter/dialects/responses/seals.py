"""Other dialects' proofs of a thought, carried through a Responses client in `encrypted_content`.

`xr1:` and base64 of JSON. The client gives a reasoning item back as it got it, so that a signature survives without
anything being kept here. What is ours never reaches a provider that speaks Responses: it could not read it.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Literal

import msgspec

from xrouter.chat.request import Seal
from xrouter.wire import json

MARK = "xr1"
"""How what is ours begins: `xr1:` an encrypted content, `rs_xr1` the id of a reasoning item."""


class Carried(msgspec.Struct, frozen=True, omit_defaults=True):
    """A seal on its way; `of` says what it seals: the thought itself, the words before it or the call after it."""

    dialect: str
    value: str
    text: str = ""
    of: Literal["thought", "words", "call"] = "thought"
    redacted: bool = False

    @property
    def seal(self) -> Seal:
        """What the dialect that made it gets to see again."""
        return Seal(self.dialect, self.value)


_carried = json.Reader(Carried)


def carry(carried: Carried) -> str:
    """As `encrypted_content`."""
    return f"{MARK}:{b64encode(json.encode(carried)).decode()}"


def uncarry(encrypted: object) -> Carried | None:
    """What was carried; None where it is a provider's own, or damaged."""
    if not isinstance(encrypted, str) or not encrypted.startswith(f"{MARK}:"):
        return None
    try:
        return _carried.decode(b64decode(encrypted.partition(":")[2], validate=True))
    except ValueError:
        return None


def is_ours(item: bytes) -> bool:
    """Whether a reasoning item was made here."""
    return f'"{MARK}:'.encode() in item or f'"rs_{MARK}'.encode() in item
