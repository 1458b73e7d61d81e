"""dialects/anthropic: what the models can take."""

from __future__ import annotations

import pytest

from xrouter.dialects.anthropic.profiles import UNKNOWN, profile_of

MODELS: list[tuple[str, str, int, int]] = [
    ("claude-3-haiku-20240307", "sampling prefill", 4_096, 4_096),
    ("claude-3-5-sonnet-20240620", "sampling prefill", 8_192, 8_192),
    ("claude-3-7-sonnet-latest", "budget sampling prefill", 32_000, 64_000),
    ("claude-sonnet-4-20250514", "budget sampling prefill", 32_000, 64_000),
    ("claude-sonnet-4-0", "budget sampling prefill", 32_000, 64_000),
    ("claude-opus-4-1-20250805", "budget sampling schemas prefill", 32_000, 32_000),
    ("claude-sonnet-4-5@20250929", "budget sampling schemas prefill", 32_000, 64_000),
    ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "budget sampling schemas prefill", 32_000, 64_000),
    ("anthropic/claude-haiku-4.5", "budget sampling schemas prefill", 32_000, 64_000),
    ("claude-opus-4-6", "adaptive budget sampling schemas", 32_000, 128_000),
    ("claude-opus-4-7", "adaptive xhigh schemas", 32_000, 128_000),
    ("claude-opus-4-8", "adaptive xhigh schemas late_system", 32_000, 128_000),
    ("claude-opus-4-10", "adaptive xhigh schemas late_system", 32_000, 128_000),
    ("Claude-Fable-5", "adaptive xhigh schemas late_system", 32_000, 128_000),
    ("claude-opus-5-5", "adaptive xhigh schemas late_system", 32_000, 128_000),
]
FLAGS = ("adaptive", "budget", "sampling", "xhigh", "schemas", "late_system", "prefill")


@pytest.mark.parametrize(("model", "can", "usual", "most"), MODELS)
def test_profiles(model: str, can: str, usual: int, most: int) -> None:
    """The version in a name says what a model takes, whatever stands before and behind it."""
    profile = profile_of(model)
    assert {flag for flag in FLAGS if getattr(profile, flag)} == set(can.split())
    assert (profile.usual_tokens, profile.most_tokens) == (usual, most)


@pytest.mark.parametrize("model", ["recorded-model", "glm-4.6", "MiniMax-M2", "claude", ""])
def test_others(model: str) -> None:
    """Other models behind the same format are asked for nothing new."""
    assert profile_of(model) is UNKNOWN
