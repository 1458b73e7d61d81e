"""Seals of other dialects inside Anthropic's signatures.

A client of this dialect sends thinking blocks back as they came, so the signature of a thought that another provider
had carries its seal through the client: `xr1:` and base64 of `{"dialect", "value"}`.
"""

from __future__ import annotations

import base64

import msgspec

from xrouter.chat.request import Seal
from xrouter.wire import json

_OURS = "xr1:"
_NAME = "anthropic"


class _Sealed(msgspec.Struct):
    dialect: str
    value: str


_sealed = json.Reader(_Sealed)


def write_signature(seal: Seal | None) -> str:
    """The signature (or the data of a redacted thought) that stands for a seal; empty without one."""
    if seal is None:
        return ""
    if seal.dialect == _NAME:
        return seal.value
    return _OURS + base64.b64encode(json.encode(_Sealed(seal.dialect, seal.value))).decode()


def is_ours(signature: object) -> bool:
    """Whether a signature was made here."""
    return isinstance(signature, str) and signature.startswith(_OURS)


def read_signature(signature: object) -> Seal | None:
    """The seal that a signature is or holds; None without one, and where ours was tampered with."""
    if not isinstance(signature, str) or not signature:
        return None
    if not signature.startswith(_OURS):
        return Seal(_NAME, signature)
    try:
        held = _sealed.decode(base64.b64decode(signature.removeprefix(_OURS), validate=True))
    except ValueError:
        return None
    return Seal(held.dialect, held.value)
