"""Seals inside signatures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.chat.request import Seal
from xrouter.dialects.anthropic.signatures import read_signature, write_signature

WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(WORDS.filter(lambda name: name != "anthropic"), WORDS)
def test_a_foreign_seal_survives_the_client(dialect: str, value: str) -> None:
    """What another dialect sealed comes back from the signature that a client echoes."""
    signature = write_signature(Seal(dialect, value))
    assert signature.startswith("xr1:")
    assert read_signature(signature) == Seal(dialect, value)


def test_an_own_seal_is_the_signature() -> None:
    """A signature of the dialect itself is neither wrapped nor changed."""
    assert write_signature(Seal("anthropic", "EqoB==")) == "EqoB=="
    assert read_signature("EqoB==") == Seal("anthropic", "EqoB==")
    assert write_signature(None) == ""


@pytest.mark.parametrize("signature", ["", None, 7, "xr1:", "xr1:%%", "xr1:bnVsbA==", "xr1:e30=", "xr1:\u00e9"])
def test_what_holds_no_seal_is_none(signature: object) -> None:
    """A missing signature, and one of ours that was tampered with, are no seal."""
    assert read_signature(signature) is None
