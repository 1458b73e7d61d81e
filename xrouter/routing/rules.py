"""What needs no judgement: pins, and what clients ask on their own."""

from __future__ import annotations

from xrouter.chat.request import ANY_MODEL
from xrouter.chat.target import TIERS, Decision, Target
from xrouter.errors import BadRequest
from xrouter.routing.base import Verdict
from xrouter.routing.lens.ask import Ask

_PINS: dict[str, Decision] = {"cheap": 0, "medium": 1, "frontier": 2}
_PREFIX = "xrouter/"
_HOUSEKEEPING = frozenset({"heartbeat", "title"})


def read_pin(model: str) -> Verdict | None:
    """The verdict that the client's model name is; None where the request is to be routed."""
    tier = _PINS.get(model.removeprefix(_PREFIX))
    return None if tier is None else Verdict(tier, "pinned")


def judge_kind(ask: Ask) -> Verdict | None:
    """Heartbeats and titles are cheap without a question; None for all else."""
    return Verdict(0, ask.kind) if ask.kind in _HOUSEKEEPING else None


def name_model(target: Target, asked: str) -> str:
    """The model to send: the target's own, else the one that the client named.

    Raises BadRequest where neither is a model's name.
    """
    if target.model is not None:
        return target.model
    name = asked.removeprefix(_PREFIX)
    if name == ANY_MODEL or name in TIERS:
        setting = f"{target.tier.upper()}_MODEL (tiers.{target.tier}.model)"
        raise BadRequest(
            f"the {target.tier} tier has no model of its own.",
            hint=f"Set {setting}, or send the name of a model.",
            param="model",
        )
    return asked
