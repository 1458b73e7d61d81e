"""Arguments of a call that come in pieces."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.dialects.gemini.arguments import Pieces
from xrouter.wire import json


def _text(path: str, value: str, *, more: bool = False) -> dict[str, Any]:
    return {"jsonPath": path, "stringValue": value, "willContinue": more}


CASES: list[tuple[list[Any], Any]] = [
    ([], {}),
    ([_text("$.a", "x")], {"a": "x"}),
    ([_text("$.a", "x", more=True), _text("$.a", "y", more=True), _text("$.a", "z")], {"a": "xyz"}),
    ([_text("$.a", "x"), _text("$.a", "y")], {"a": "y"}),
    ([_text("$.a", "x", more=True), _text("$.b", "y"), _text("$.a", "z")], {"a": "z", "b": "y"}),
    ([_text("$['a.b'].c", "x"), _text('$["d"]', "y")], {"a.b": {"c": "x"}, "d": "y"}),
    ([_text(r"$['it\'s']", "x")], {"it's": "x"}),
    ([{"jsonPath": "$.a[0][1]", "numberValue": 5}], {"a": [[5]]}),
    (
        [{"jsonPath": "$.a", "boolValue": False}, {"jsonPath": "$.b", "nullValue": "NULL_VALUE"}],
        {"a": False, "b": None},
    ),
    ([_text("$.a", "x"), _text("$.a.b", "y"), _text("$[0]", "z"), _text("$", "z")], {"a": "x"}),
    (["odd", {"jsonPath": 7}, {"jsonPath": "$.a"}], {}),
]


@pytest.mark.parametrize(("pieces", "arguments"), CASES)
def test_each_kind_of_piece(pieces: list[Any], arguments: Any) -> None:
    """Each value goes where its path says; what leads nowhere is left out."""
    grown = Pieces()
    grown.add(pieces)
    assert json.decode(grown.text().encode()) == arguments


def test_no_list() -> None:
    """What is no list of pieces says nothing."""
    grown = Pieces()
    grown.add(None)
    assert grown.text() == "{}"


@given(st.lists(st.text(alphabet="$.[]'\"ab01\\", max_size=12)))
def test_any_path(paths: list[str]) -> None:
    """No path makes anything but an object."""
    grown = Pieces()
    grown.add([_text(path, "x", more=True) for path in paths])
    assert isinstance(json.decode(grown.text().encode()), dict)
