"""What needs no judgement."""

from __future__ import annotations

import pytest

from xrouter.chat.target import Target
from xrouter.errors import BadRequest
from xrouter.routing.base import Verdict
from xrouter.routing.lens.ask import Ask, Kind
from xrouter.routing.rules import judge_kind, name_model, read_pin


@pytest.mark.parametrize(
    ("model", "tier"),
    [
        ("cheap", 0),
        ("medium", 1),
        ("frontier", 2),
        ("xrouter/cheap", 0),
        ("xrouter/medium", 1),
        ("xrouter/frontier", 2),
    ],
)
def test_tier_names_pin(model: str, tier: int) -> None:
    """A tier's name, also with xrouter/ in front, is the verdict."""
    verdict = read_pin(model)
    assert verdict is not None
    assert (verdict.tier, verdict.reason) == (tier, "pinned")


@pytest.mark.parametrize("model", ["auto", "xrouter/auto", "gpt-5", "", "Cheap", "openai/cheap", "cheapest"])
def test_all_other_names_are_routed(model: str) -> None:
    """Every other name asks for a judgement."""
    assert read_pin(model) is None


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        ("heartbeat", Verdict(0, "heartbeat")),
        ("title", Verdict(0, "title")),
        ("fresh", None),
        ("tool_step", None),
        ("continuation", None),
    ],
)
def test_what_clients_ask_on_their_own_is_cheap(kind: Kind, verdict: Verdict | None) -> None:
    """Heartbeats and titles ask nobody."""
    assert judge_kind(Ask(text="x", kind=kind)) == verdict


def _target(model: str | None) -> Target:
    return Target(tier="medium", provider="openai", dialect="openai", url="http://127.0.0.1/", model=model)


def test_the_model_to_send() -> None:
    """The tier's own model wins; without one the client's name goes on."""
    assert name_model(_target("big"), "auto") == "big"
    assert name_model(_target(None), "gpt-5") == "gpt-5"


@pytest.mark.parametrize("asked", ["auto", "cheap", "xrouter/auto", "xrouter/frontier"])
def test_names_of_ours_are_no_models(asked: str) -> None:
    """A tier without a model cannot serve `auto` or a tier's name, and says which setting is missing."""
    with pytest.raises(BadRequest, match="medium tier") as caught:
        name_model(_target(None), asked)
    assert (caught.value.param, "MEDIUM_MODEL" in caught.value.text) == ("model", True)
