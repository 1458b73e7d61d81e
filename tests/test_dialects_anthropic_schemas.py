"""dialects/anthropic: the JSON schemas of tools and answers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrouter.dialects.anthropic.schemas import binding, can_bind, fit_together, input_schema, read_json
from xrouter.errors import BadRequest

TEXT = {"type": "string"}
BOX = {"type": "object", "properties": {"a": TEXT}, "required": ["a"]}
INPUTS: list[tuple[Any, Any]] = [
    (None, {"type": "object", "properties": {}}),
    ({}, {"type": "object", "properties": {}}),
    (TEXT, {"type": "object", "properties": {}}),
    (BOX, BOX),
    ({"$ref": "#/$defs/A", "$defs": {"A": BOX}}, {**BOX, "$defs": {"A": BOX}}),
    (
        {"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/B~1C"}, "B/C": BOX}},
        {**BOX, "$defs": {"A": {"$ref": "#/$defs/B~1C"}, "B/C": BOX}},
    ),
    (
        {"$ref": "#/definitions/A", "definitions": {"A": {**BOX, "definitions": {"X": TEXT}}, "X": {}}},
        {**BOX, "definitions": {"A": {**BOX, "definitions": {"X": TEXT}}, "X": {}}},
    ),
    ({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}}, {
        "type": "object", "properties": {}, "$defs": {"A": {"$ref": "#/$defs/A"}},
    }),
    ({"$ref": "#/$defs/none"}, {"type": "object", "properties": {}}),
    (
        {"allOf": [BOX, {"properties": {"b": TEXT}, "required": ["b", "a"]}], "required": ["c"]},
        {"type": "object", "properties": {"a": TEXT, "b": TEXT}, "required": ["c", "a", "b"]},
    ),
    ({"oneOf": [BOX, True, {"properties": 3}]}, {"type": "object", "properties": {"a": TEXT}}),
    ({"anyOf": [BOX, {"properties": {"b": TEXT}}]}, {"type": "object", "properties": {"a": TEXT, "b": TEXT}}),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "expected"), INPUTS)
def test_input_schema(schema: Any, expected: Any) -> None:
    """A tool's schema is an object's always; references and alternatives at its top are worked into it."""
    assert input_schema(schema) == expected


BINDINGS: list[tuple[Any, Any]] = [
    (TEXT, TEXT),
    (True, True),
    (BOX, {**BOX, "additionalProperties": False}),
    ({"type": "object", "additionalProperties": TEXT}, {"type": "object", "additionalProperties": False}),
    ({"type": ["object", "null"]}, {"type": ["object", "null"], "additionalProperties": False}),
    ({"type": "integer", "minimum": 1, "maximum": 9}, {"type": "integer", "description": "{minimum: 1, maximum: 9}"}),
    (
        {"type": "string", "pattern": "^a", "description": "A."},
        {"type": "string", "description": "A.\n\n{pattern: ^a}"},
    ),
    ({"type": "string", "format": "date"}, {"type": "string", "format": "date"}),
    ({"type": "string", "format": "color"}, {"type": "string", "description": "{format: color}"}),
    ({"type": "array", "items": BOX, "minItems": 1}, {
        "type": "array", "items": {**BOX, "additionalProperties": False}, "minItems": 1,
    }),
    ({"oneOf": [TEXT, BOX]}, {"anyOf": [TEXT, {**BOX, "additionalProperties": False}]}),
    ({"properties": {"minimum": BOX}}, {"properties": {"minimum": {**BOX, "additionalProperties": False}}}),
    ({"enum": [{"type": "object"}]}, {"enum": [{"type": "object"}]}),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "expected"), BINDINGS)
def test_binding(schema: Any, expected: Any) -> None:
    """Objects are closed; limits that would be refused are told in words; names and values are left alone."""
    assert binding(schema) == expected


@pytest.mark.parametrize(
    ("schema", "binds"),
    [
        (BOX, True),
        ({"properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": BOX}}, True),
        ({"$defs": {"A": {"items": {"$ref": "#/$defs/A"}}}}, False),
        ({"$defs": {"A": {"items": {"$ref": "#/$defs/B"}}, "B": {"anyOf": [{"$ref": "#/$defs/A"}]}}}, False),
        ({"properties": {"a": {"$ref": "#"}}}, False),
        ({"properties": {"a": True}}, False),
        ({"required": [{}], "type": {}, "format": []}, True),
    ],
)
def test_can_bind(schema: Any, binds: Any) -> None:
    """What goes round in a circle, or allows anything somewhere, cannot be compiled."""
    assert can_bind(schema) is binds


def test_limits_of_strict_tools() -> None:
    """Twenty strict tools, 24 optional members and 16 unions are taken together, and no more."""
    optional = {"properties": {str(number): TEXT for number in range(25)}}
    union = {"properties": {"a": {"type": ["string", "null"]}}, "required": ["a"]}
    assert fit_together([BOX] * 20)
    assert not fit_together([BOX] * 21)
    assert fit_together([{**optional, "required": ["1"]}])
    assert not fit_together([optional])
    assert fit_together([union] * 16)
    assert not fit_together([union] * 17)


def test_what_nobody_can_read() -> None:
    """A number beyond all measure is a 400 that names the member."""
    assert read_json(None, "tools") == {}
    with pytest.raises(BadRequest) as caught:
        read_json(b'{"maximum":1e400}', "tools")
    assert caught.value.param == "tools"


KEYS = st.sampled_from(["type", "properties", "$defs", "$ref", "anyOf", "allOf", "items", "required", "format", "x"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["object", "#/$defs/x", "#"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(ANYTHING)
def test_odd_schemas(schema: Any) -> None:
    """Whatever a client calls a schema, a tool's is an object's, and nothing fails."""
    written = input_schema(schema)
    assert written["type"] == "object"
    assert fit_together([written]) or can_bind(binding(written)) in {True, False}
