"""The outside of a Responses request: https://platform.openai.com/docs/api-reference/responses/create.

Strict where the router itself depends on it, and where a request needs what only the provider that gave an earlier
answer has: the router keeps no responses, and the next request may go to somebody else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xrouter.chat.request import ANY_MODEL, Envelope
from xrouter.dialects.envelope import read_members, read_stream
from xrouter.errors import BadRequest
from xrouter.wire import json
from xrouter.wire.json import Members

WHOLE = "Send the whole conversation in `input`."
_STATE: dict[str, tuple[Callable[[Any], bool], str, str]] = {
    "previous_response_id": (bool, "previous_response_not_found", WHOLE),
    "conversation": (bool, "unsupported_parameter", WHOLE),
    "prompt": (bool, "unsupported_parameter", "Send its text in `instructions` or `input`."),
    "background": (
        lambda value: value is True,
        "unsupported_parameter",
        "Leave it out, and stream where it takes long.",
    ),
}
"""Members that need something kept between requests: when they do, the error's code, what to do instead."""


def read_envelope(body: bytes) -> Envelope:
    """The outer members, the rest untouched. Raises BadRequest, which names the member that is wrong."""
    members = read_members(body)
    _refuse_state(members)
    given = members.get("input")
    if given is None or bytes(memoryview(given)[:1]) not in {b"[", b'"'}:
        raise BadRequest("input must be a string or a list of items", param="input")
    if b'"item_reference"' in bytes(given) and _names_an_item(members):
        raise refuse_reference()
    stream = read_stream(members)
    return Envelope(body=body, members=members, model=_model(members), stream=stream)


def refuse_reference() -> BadRequest:
    """What an item that only names another one is answered with."""
    message = "input holds an item_reference, but the router keeps no items."
    return BadRequest(message, hint=WHOLE, param="input", code="unsupported_parameter")


def value_of(members: Members, name: str) -> Any:
    """A member as a value; None where there is none. Raises BadRequest where it cannot be read."""
    raw = members.get(name)
    if raw is None:
        return None
    try:
        return json.decode(raw)
    except ValueError:
        raise BadRequest(f"{name} cannot be read", param=name) from None


def _refuse_state(members: Members) -> None:
    for name, (needs_state, code, hint) in _STATE.items():
        if name in members and needs_state(value_of(members, name)):
            raise BadRequest(
                f"{name} needs what the router does not keep between requests.", hint=hint, param=name, code=code
            )


def _names_an_item(members: Members) -> bool:
    items = value_of(members, "input")
    return any(isinstance(item, dict) and item.get("type") == "item_reference" for item in items)


def _model(members: Members) -> str:
    model = value_of(members, "model")
    if model is not None and not isinstance(model, str):
        raise BadRequest("model must be a string", param="model")
    return model or ANY_MODEL
