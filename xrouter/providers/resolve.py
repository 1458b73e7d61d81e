"""From a tier's settings to a target: provider, address, headers, and what goes into the body."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import msgspec

from xrouter import plugins
from xrouter.chat.target import TIERS, Purpose, Target
from xrouter.config.check import has_address
from xrouter.config.envmap import NAMES
from xrouter.config.model import Config, Tier
from xrouter.config.schema import nearest
from xrouter.errors import ConfigError
from xrouter.providers.azure import Deployment, find_deployment
from xrouter.providers.catalog import Row, is_host_of, is_taken_for, names, rows
from xrouter.providers.detect import contradiction, detect
from xrouter.providers.proxy import proxy_for
from xrouter.providers.url import Address, find_address
from xrouter.wire import json
from xrouter.wire.host import is_near

_BEARER = "authorization"


class Resolved(msgspec.Struct, frozen=True):
    """A target, and what is known of it beside: why that provider, whether it runs on the user's own machines."""

    target: Target
    why: str
    local: bool
    include_usage: bool


def resolve(tier_name: Purpose, tier: Tier, environ: Mapping[str, str]) -> Resolved:
    """The target of a tier. Raises ConfigError where its address is missing or incomplete."""
    if tier.base_url is None:
        raise ConfigError([f"{_variable(tier_name, 'base_url')} is not set"])
    provider, why = _provider(tier_name, tier, tier.base_url)
    row = rows()[provider]
    address = _address(tier_name, tier, tier.base_url, row)
    target = Target(
        tier=tier_name,
        provider=provider,
        dialect=address.dialect,
        url=address.url,
        model=tier.model or address.model,
        headers=_headers(tier, row),
        default_headers=tuple(row.default_headers.items()),
        body=_members({"model": address.wire_model} | tier.body),
        effort=tier.reasoning_effort,
        max_output_tokens=tier.max_output_tokens,
        output_limit=row.output_limit,
        renames=tuple(row.renames.items()),
        unknown=row.unknown,
        quirks=row.quirks,
        proxy=proxy_for(address.url, environ),
        first_byte_timeout_ms=tier.timeout_ms,
    )
    return Resolved(target, why, _is_local(tier, row), row.include_usage and address.include_usage)


def resolve_classifier(config: Config, environ: Mapping[str, str]) -> Resolved | None:
    """The target of the LLM classifier: its own, or with `use = "cheap"` the cheap tier's; None where there is none."""
    own = config.classifier
    if own.base_url is not None:
        judge = Tier(
            provider=own.provider, base_url=own.base_url, api_key=own.api_key, headers=own.headers, model=own.model
        )
        return resolve("classifier", judge, environ)
    if own.use != "cheap" or config.tiers.cheap.base_url is None:
        return None
    cheap = config.tiers.cheap
    return resolve("classifier", msgspec.structs.replace(cheap, model=own.model or cheap.model), environ)


def findings(config: Config, environ: Mapping[str, str]) -> list[str]:
    """What stops the configured tiers and the classifier from being spoken to, all at once."""
    found: list[str] = []
    for name in TIERS:
        if has_address(config, name):
            with _collecting(found):
                resolve(name, config.tiers.get(name), environ)
    if config.classifier.enabled and config.classifier.kind != "embedded":
        with _collecting(found):
            resolve_classifier(config, environ)
    return list(dict.fromkeys(found))


@contextmanager
def _collecting(found: list[str]) -> Iterator[None]:
    try:
        yield
    except ConfigError as error:
        found += error.findings


def _provider(tier_name: str, tier: Tier, base_url: str) -> tuple[str, str]:
    doubt = contradiction(base_url, tier.api_key)
    if tier.provider == "auto":
        name, why = detect(base_url, tier.api_key)
        return name, why + doubt
    if tier.provider in rows():
        other = is_taken_for(urlsplit(base_url).path, rows()[tier.provider])
        return (
            (other[1], f"set to {tier.provider}, path {other[0]}{doubt}") if other else (tier.provider, f"set{doubt}")
        )
    near = nearest(tier.provider, names())
    raise ConfigError([f"{_variable(tier_name, 'provider')} must be one of auto, {', '.join(names())}{near}"])


def _address(tier_name: str, tier: Tier, base_url: str, row: Row) -> Address:
    if not plugins.knows("dialect", row.dialect):
        raise ConfigError(
            [f"{tier_name}: nobody here speaks {row.dialect}; install the package that adds this dialect"]
        )
    if not row.deployments:
        return find_address(base_url, row)
    settings = (
        ("base_url", "model") if tier_name == "classifier" else ("base_url", "model", "deployment", "api_version")
    )
    variables = {setting: _variable(tier_name, setting) for setting in settings}
    return find_deployment(base_url, Deployment(tier.deployment, tier.model, tier.api_version, variables))


def _headers(tier: Tier, row: Row) -> tuple[tuple[str, str], ...]:
    """The key, and the user's own headers, which win."""
    headers: dict[str, str] = {}
    if tier.api_key is not None:
        key = tier.api_key.reveal()
        is_token = row.auth_header == _BEARER or key.startswith(row.bearer_prefixes)
        headers |= {_BEARER: f"Bearer {key}"} if is_token else {row.auth_header: key}
    headers |= {name.lower(): value for name, value in tier.headers.items()}
    return tuple(headers.items())


def _members(values: Mapping[str, Any]) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, json.encode(value)) for name, value in values.items() if value is not None)


def _is_local(tier: Tier, row: Row) -> bool:
    """A provider of the user's own machines, other than its maker's cloud; or nobody known, at a private address."""
    host = urlsplit(tier.base_url or "").hostname or ""
    return (row.local and not is_host_of(host, row)) or (tier.provider == "auto" and is_near(host))


def _variable(tier_name: str, name: str) -> str:
    setting = f"{tier_name}.{name}" if tier_name == "classifier" else f"tiers.{tier_name}.{name}"
    return NAMES.get(setting, setting)
