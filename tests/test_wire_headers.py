"""xrouter/wire/headers.py: nothing passes that is not named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from xrouter.wire.headers import (
    TO_CLIENT,
    TO_CLIENT_PREFIXES,
    TO_CLIENT_WITH_ERRORS,
    TO_DIALECT,
    TO_PROVIDER,
    safe,
    to_client,
    to_provider,
)

PRIVATE = ("Authorization", "X-Api-Key", "Api-Key", "Cookie", "Proxy-Authorization", "Host", "Connection", "Accept")
THEIRS = (
    "Set-Cookie",
    "Server",
    "Content-Length",
    "Transfer-Encoding",
    "Connection",
    "Location",
    "X-Ratelimit",
    "CF-Ray",
    "Request-Id",
    "X-Request-Id",
)


def test_to_provider() -> None:
    """What a provider may know of the client passes, however it is written, and nothing else."""
    sent = {"User-Agent": "OpenAI/Python 1.0", "OpenAI-Beta": "assistants=v2", "HTTP-Referer": "https://a.example"}
    headers = CIMultiDict({**sent, **dict.fromkeys(PRIVATE, "secret"), "X-Unknown": "1"})
    assert to_provider(headers, "openai") == {name.lower(): value for name, value in sent.items()}
    assert to_provider(CIMultiDict(), "openai") == {}


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        ("openai", {"openai-beta"}),
        ("responses", {"openai-beta"}),
        ("anthropic", {"anthropic-beta", "anthropic-version"}),
        ("gemini", set()),
        ("cohere", set()),
    ],
)
def test_what_only_one_dialect_understands(dialect: str, expected: set[str]) -> None:
    """A beta or a version of one API is told to nobody who speaks another."""
    headers = CIMultiDict(dict.fromkeys(("OpenAI-Beta", "Anthropic-Beta", "Anthropic-Version"), "v"))
    assert to_provider(headers, dialect) == dict.fromkeys(expected, "v")


def test_to_client() -> None:
    """Limits pass, as often as they come, with an error when to try again, and nothing else."""
    limits = [
        ("X-RateLimit-Remaining-Requests", "0"),
        ("x-ratelimit-reset-tokens", "6m0s"),
        ("anthropic-ratelimit-tokens-limit", "1"),
        ("OpenAI-Processing-Ms", "3"),
    ]
    again = [("Retry-After", "7"), ("Retry-After", "8"), ("retry-after-ms", "7000"), ("X-Should-Retry", "true")]
    sent = [*limits, *again, *((name, "x") for name in THEIRS)]
    assert to_client(sent, ok=False) == [*limits, *again]
    assert to_client(sent, ok=True) == limits


def test_tables() -> None:
    """Names are in lower case, and no table names what is private."""
    to_them, to_us = {*TO_PROVIDER, *TO_DIALECT}, {*TO_CLIENT, *TO_CLIENT_PREFIXES, *TO_CLIENT_WITH_ERRORS}
    for name in to_them | to_us:
        assert name == name.lower()
    assert not {name.lower() for name in PRIVATE} & to_them
    assert not {name.lower() for name in THEIRS} & to_us


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain ~", "plain ~"),
        ("a\r\nX-Injected: b", "a??X-Injected: b"),
        ("a\tb\x00\x7f", "a?b??"),
        ("é漢😀", "???"),
        ("\udcff", "?"),
        ("a" * 2000, "a" * 1024),
        ("", ""),
    ],
)
def test_safe(value: str, expected: str) -> None:
    """No control character, nothing beyond ASCII, never too long."""
    assert safe(value) == expected


@given(st.text())
def test_safe_is_always_a_header(value: str) -> None:
    """Whatever it was, it can be written into a head, on one line, and stays as it is the second time."""
    made = safe(value)
    assert made.isascii()
    assert made.isprintable()
    assert safe(made) == made


@given(st.dictionaries(st.sampled_from(["user-agent", "retry-after", "x-ratelimit-a", "traceparent", "x"]), st.text()))
def test_what_passes_is_safe(headers: dict[str, str]) -> None:
    """Both ways only safe values pass."""
    passed = [*to_provider(headers, "openai").values(), *(value for _, value in to_client(headers.items(), ok=False))]
    assert all(value == safe(value) for value in passed)
