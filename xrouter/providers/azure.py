"""Where a deployment of Azure answers: in its address ("classic"), in the body ("v1"), or among Foundry's models."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qs, quote, unquote

import msgspec

from xrouter.errors import ConfigError
from xrouter.providers.url import Address, join, openai_dialect, origin, split

_ENDPOINT = re.compile(
    r"/(?:chat/completions|completions|responses|embeddings|(?<=/openai/)models|(?<=/openai/v1/)models)$", re.IGNORECASE
)
_DEPLOYMENT = re.compile(r"/openai/deployments(?:/(?P<name>[^/]+))?$", re.IGNORECASE)
_V1 = re.compile(r"/openai/v1$", re.IGNORECASE)
_FOUNDRY = re.compile(r"/models$", re.IGNORECASE)
_CLASSIC_RESPONSES = re.compile(r"/openai/responses$", re.IGNORECASE)

_FOUNDRY_VERSION = "2024-05-01-preview"
"""What Foundry's models are asked with where nobody says otherwise."""
_OF_V1 = frozenset({"preview", "latest"})
"""The versions that the v1 form knows; it needs none, and a date is of the classic form."""
_FIRST_WITH_USAGE = "2024-09"
"""Versions are dates; older ones refuse stream_options."""


class Deployment(msgspec.Struct, frozen=True):
    """What the settings say beside the address, and how they are called (the settings that there are)."""

    name: str | None = None
    model: str | None = None
    api_version: str | None = None
    variables: dict[str, str] = {}


def find_deployment(base_url: str, given: Deployment) -> Address:
    """The endpoint for a resource, with or without a path, or with a whole endpoint pasted. Raises ConfigError.

    A resource alone is asked in the classic form where a version of the API is given, else in the v1 form. Settings
    count before what the address says.
    """
    parts = split(base_url)
    version = given.api_version or next(iter(parse_qs(parts.query).get("api-version", ())), None)
    if version and _CLASSIC_RESPONSES.search(parts.path):
        return _in_body(parts, parts.path, given, version)
    dialect = openai_dialect(parts.path)
    endpoint = "/responses" if dialect == "responses" else "/chat/completions"
    path = _ENDPOINT.sub("", parts.path)
    if _FOUNDRY.search(path):
        return _in_body(parts, path + endpoint, given, version or _FOUNDRY_VERSION)
    if _DEPLOYMENT.search(path) or (version and version not in _OF_V1 and dialect == "openai" and not _V1.search(path)):
        return _classic(parts, path, given, version)
    return _in_body(parts, join(path, "/openai/v1") + endpoint, given, version if version in _OF_V1 else None)


def _classic(parts: SplitResult, path: str, given: Deployment, version: str | None) -> Address:
    """The deployment is in the address, which counts more than the body's `model`."""
    found = _DEPLOYMENT.search(path)
    name = given.name or unquote((found and found["name"]) or "") or given.model
    if not name:
        settings = _either(given, "deployment", "model")
        raise ConfigError([f"{given.variables['base_url']} leads to a deployment of Azure that nobody names{settings}"])
    if not version:
        settings = _either(given, "api_version")
        finding = f"{given.variables['base_url']} leads to a deployment of Azure without a version of the API{settings}"
        raise ConfigError([f"{finding}, put ?api-version=2024-10-21 behind it, or end it in /openai/v1"])
    before = f"{path[: found.start()]}/openai" if found else join(path, "/openai")
    url = _url(parts, f"{before}/deployments/{quote(name, safe='')}/chat/completions", version)
    return Address(url, "openai", model=name, include_usage=_takes_stream_options(version))


def _in_body(parts: SplitResult, path: str, given: Deployment, version: str | None) -> Address:
    """The deployment is the body's `model`."""
    return Address(
        _url(parts, path, version),
        openai_dialect(path),
        model=given.name,
        wire_model=given.name if given.name != given.model else None,
        include_usage=version is None or _takes_stream_options(version),
    )


def _takes_stream_options(version: str) -> bool:
    return version in _OF_V1 or version >= _FIRST_WITH_USAGE


def _either(given: Deployment, *settings: str) -> str:
    names = [given.variables[setting] for setting in settings if setting in given.variables]
    return f"; set {' or '.join(names)}" if names else ""


def _url(parts: SplitResult, path: str, version: str | None) -> str:
    return origin(parts) + path + (f"?api-version={quote(version, safe='')}" if version else "")
