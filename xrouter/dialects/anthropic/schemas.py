"""JSON schemas as Anthropic takes them: of a tool's input, and where an answer is held to one.

Limits: https://docs.claude.com/en/docs/build-with-claude/structured-outputs#json-schema-limitations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import Raw

from xrouter.dialects.values import listed, mapped
from xrouter.errors import BadRequest
from xrouter.wire import json

Schema = dict[str, Any]

_MOST_STRICT = 20
_MOST_OPTIONAL = 24
_MOST_UNIONS = 16
"""What all strict tools of a request may have together."""
_MIXED = ("anyOf", "oneOf", "allOf")
_NAMED = ("properties", "$defs", "definitions")
"""Members that hold schemas by name."""
_LISTED = (*_MIXED, "prefixItems")
_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"},
)
_SOFT = frozenset(
    {
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
        "patternProperties",
        "propertyNames",
    }
)
"""Members that are refused in a schema that binds."""


def read_json(raw: bytes | Raw | None, param: str) -> Any:
    """A value that came from the client unread. Raises BadRequest where nobody can read it."""
    try:
        return json.decode(raw) if raw is not None else {}
    except ValueError as error:  # 1e400
        raise BadRequest(f"{param} cannot be read: {error}", param=param) from None


def input_schema(schema: Any) -> Schema:
    """A tool's schema, an object's always; what is refused at its top (a reference, alternatives) goes down or away."""
    known = _resolved(schema) if isinstance(schema, dict) else {}
    if any(isinstance(known.get(name), list) for name in _MIXED):
        known = _merged(known)
    return {"properties": {}, **known} | {"type": "object"}


def binding(schema: Any) -> Any:
    """A schema that an answer can be held to: its objects closed, limits that are refused told in its description."""
    if not isinstance(schema, dict):
        return schema
    kept = {name: _inner(name, value) for name, value in schema.items() if not _is_soft(name, value)}
    if "oneOf" in kept and "anyOf" not in kept:
        kept = {"anyOf" if name == "oneOf" else name: value for name, value in kept.items()}
    soft = ", ".join(f"{name}: {value}" for name, value in schema.items() if _is_soft(name, value))
    if soft:
        words = kept.get("description")
        kept["description"] = f"{words}\n\n{{{soft}}}" if isinstance(words, str) and words else f"{{{soft}}}"
    return {**kept, "additionalProperties": False} if _is_object(schema) else kept


def can_bind(schema: Any) -> bool:
    """Whether a tool's schema can be compiled at all: it neither refers to itself nor holds `true` as a schema."""
    return not _refers_to_itself(schema) and not any(isinstance(part, bool) for part in _parts(schema))


def fit_together(schemas: Sequence[Any]) -> bool:
    """Whether so many strict tools, with so many optional members and unions, are taken in one request."""
    parts = [part for schema in schemas for part in _parts(schema) if isinstance(part, dict)]
    optional = sum(len(_properties(part).keys() - _required(part).keys()) for part in parts)
    unions = sum(isinstance(part.get("type"), list) or "anyOf" in part for part in parts)
    return len(schemas) <= _MOST_STRICT and optional <= _MOST_OPTIONAL and unions <= _MOST_UNIONS


def _resolved(schema: Schema) -> Schema:
    """A schema that only refers to one of its own definitions is that definition; the outer definitions count."""
    own = {name: value for name, value in schema.items() if name != "$ref"}
    seen: set[str] = set()
    target = schema
    while isinstance(reference := target.get("$ref"), str) and reference not in seen:
        seen.add(reference)
        target = _definition(schema, reference)
    return {**{name: value for name, value in target.items() if name != "$ref"}, **own}


def _definition(schema: Schema, reference: Any) -> Schema:
    """What a reference (`#/$defs/name`) stands for; nothing where it stands for nothing."""
    place, _, name = reference.removeprefix("#/").partition("/") if isinstance(reference, str) else ("", "", "")
    return mapped(mapped(schema.get(place)).get(name.replace("~1", "/").replace("~0", "~")))


def _merged(schema: Schema) -> Schema:
    """All members that any alternative has; what all parts together demand stays demanded."""
    kept = {name: value for name, value in schema.items() if name not in _MIXED}
    properties = _properties(kept)
    for name in _MIXED:
        for given in listed(schema.get(name)):
            alternative = mapped(given)
            alternative = {**_definition(schema, alternative.get("$ref")), **alternative}
            properties = {**properties, **{k: v for k, v in _properties(alternative).items() if k not in properties}}
            if name == "allOf" and _required(alternative):
                kept["required"] = [*_required(kept) | _required(alternative)]
    return {**kept, "properties": properties}


def _inner(name: str, value: Any) -> Any:
    if name in _NAMED and isinstance(value, dict):
        return {key: binding(inner) for key, inner in value.items()}
    if name in _LISTED and isinstance(value, list):
        return [binding(inner) for inner in value]
    return binding(value) if name == "items" else value


def _is_soft(name: str, value: Any) -> bool:
    if name == "minItems":
        return value not in (0, 1)
    return name in _SOFT or (name == "format" and not (isinstance(value, str) and value in _FORMATS))


def _is_object(schema: Schema) -> bool:
    kind = schema.get("type")
    return kind == "object" or (isinstance(kind, list) and "object" in kind)


def _parts(schema: Any) -> Iterator[Any]:
    """The schema and all schemas in it."""
    yield schema
    for inner in _children(schema):
        yield from _parts(inner)


def _children(schema: Any) -> Iterator[Any]:
    if not isinstance(schema, dict):
        return
    for name in _NAMED:
        yield from mapped(schema.get(name)).values()
    for name in _LISTED:
        yield from listed(schema.get(name))
    if "items" in schema:
        yield schema["items"]


def _refers_to_itself(root: Any) -> bool:
    """Whether following the references of a schema's definitions comes back to one of them, or to the whole."""
    definitions = {
        f"#/{place}/{name.replace('~', '~0').replace('/', '~1')}": inner
        for place in _NAMED[1:]
        for name, inner in mapped(mapped(root).get(place)).items()
    }
    uses = {name: set(_references(inner)) for name, inner in definitions.items()}
    if any("#" in used for used in (*uses.values(), set(_references(root)))):
        return True
    return any(_comes_back(name, uses) for name in uses)


def _references(schema: Any) -> Iterable[str]:
    found = (part.get("$ref") for part in _parts(schema) if isinstance(part, dict))
    return [reference for reference in found if isinstance(reference, str)]


def _comes_back(name: str, uses: dict[str, set[str]]) -> bool:
    seen: set[str] = set()
    ahead = set(uses[name])
    while ahead:
        if name in ahead:
            return True
        seen |= ahead
        ahead = {further for one in ahead for further in uses.get(one, ())} - seen
    return False


def _properties(schema: Schema) -> Schema:
    return mapped(schema.get("properties"))


def _required(schema: Schema) -> dict[str, None]:
    """In their order."""
    return dict.fromkeys(name for name in listed(schema.get("required")) if isinstance(name, str))
