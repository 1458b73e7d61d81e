"""The client's own bytes, spliced for a target."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from xrouter.chat.request import Envelope
from xrouter.chat.target import Target
from xrouter.dialects.splicing import left_out, spliced
from xrouter.wire import json

TARGET = Target(tier="cheap", provider="p", dialect="openai", url="https://p.test/v1/chat")
BODY = b'{ "model" : "auto",\n "x":1.0, "messages": [ ] , "user":"u"}'


def _envelope(body: bytes) -> Envelope:
    return Envelope(body=body, members=json.members(body), model="auto")


def _target(**settings: Any) -> Target:
    return msgspec.structs.replace(TARGET, **settings)


GOLDEN: list[tuple[Target, dict[str, bytes], bytes]] = [
    (TARGET, {}, BODY),
    (_target(model="auto"), {}, BODY),
    (_target(model="m"), {}, BODY.replace(b'"auto"', b'"m"')),
    (TARGET, {"y": b"2"}, BODY[:-1] + b',"y":2}'),
    (_target(body=(("y", b"3"),)), {"y": b"2"}, BODY[:-1] + b',"y":3}'),
    (_target(body=(("model", b'"own"'),), model="m"), {}, BODY.replace(b'"auto"', b'"own"')),
    (_target(unknown=frozenset({"user", "seed"})), {}, BODY.replace(b' , "user":"u"', b"")),
    (_target(renames=(("x", "z"),)), {}, b'{ "model" : "auto", "messages": [ ] , "user":"u","z":1.0}'),
    (_target(renames=(("x", "user"),)), {}, b'{ "model" : "auto", "messages": [ ] , "user":"u"}'),
]


@pytest.mark.parametrize(("target", "changes", "expected"), GOLDEN)
def test_only_what_must_change_is_changed(target: Target, changes: dict[str, bytes], expected: bytes) -> None:
    """Model, names and members of the target are spliced in; every other byte stays."""
    assert json.decode(spliced(_envelope(BODY), target, changes)) == json.decode(expected)
    if not target.renames and not target.unknown:
        assert spliced(_envelope(BODY), target, changes) == expected


def test_what_is_left_out_is_named() -> None:
    """Members that the provider does not know are named in order, those that were not sent are not."""
    assert left_out(_envelope(BODY), _target(unknown=frozenset({"x", "user", "seed"}))) == ["user", "x"]
