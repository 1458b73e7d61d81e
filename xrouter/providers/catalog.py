"""The providers, one row of data each: read from catalog.toml once, when first asked for."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec

GENERIC = "openai_compatible"
"""The row for whatever speaks OpenAI's format and is not known otherwise."""


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What there is to know of one provider; catalog.toml explains the fields."""

    dialect: str = "openai"
    base_url: str | None = None
    version: str = "/v1"
    auth_header: str = "authorization"
    bearer_prefixes: tuple[str, ...] = ()
    default_headers: dict[str, str] = {}
    deployments: bool = False
    hosts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    taken_for: dict[str, str] = {}
    port: int | None = None
    key_prefixes: tuple[str, ...] = ()
    local: bool = False
    key_variables: tuple[str, ...] = ()
    models: tuple[str, str, str] | None = None
    include_usage: bool = True
    output_limit: str = "max_tokens"
    renames: dict[str, str] = {}
    unknown: frozenset[str] = frozenset()
    quirks: frozenset[str] = frozenset()


@cache
def rows() -> Mapping[str, Row]:
    """Provider → row, in the order of the file."""
    text = files("xrouter.providers").joinpath("catalog.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Row])


def names() -> tuple[str, ...]:
    """All providers."""
    return tuple(rows())


def is_host_of(host: str, row: Row) -> bool:
    """Whether a host name is the provider's own."""
    name = host.rstrip(".").lower()
    return any(name == known or name.endswith(known if known[0] in ".-" else f".{known}") for known in row.hosts)


def is_taken_for(path: str, row: Row) -> tuple[str, str] | None:
    """(part of the path, another row's name) where a provider speaks another format at that path."""
    return next(((part, name) for part, name in row.taken_for.items() if part in f"{path.lower()}/"), None)
