"""HTTPS_PROXY, HTTP_PROXY and NO_PROXY of an environment that is passed in; never for this machine itself."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from xrouter.config.schema import is_address
from xrouter.errors import ConfigError
from xrouter.wire.host import is_loopback


def proxy_for(url: str, environ: Mapping[str, str]) -> str | None:
    """The proxy on the way to `url`, or None. Raises ConfigError where the one that is set cannot be used."""
    parts = urlsplit(url)
    variable = f"{parts.scheme.upper()}_PROXY"
    proxy = _read(variable, environ)
    if not proxy or is_loopback(parts.hostname or "") or _is_bypassed(parts, environ):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if not _is_proxy(proxy):
        raise ConfigError([f"{variable} must be an http:// or https:// address of a proxy, such as http://proxy:3128"])
    return proxy


def _read(variable: str, environ: Mapping[str, str]) -> str:
    """The small name counts before the large one, as everywhere."""
    return (environ.get(variable.lower()) or environ.get(variable, "")).strip()


def _is_bypassed(parts: SplitResult, environ: Mapping[str, str]) -> bool:
    """NO_PROXY lists hosts, each for its subdomains too and with or without a port; `*` is all of them."""
    host = parts.hostname or ""
    for listed in _read("NO_PROXY", environ).lower().split(","):
        name = listed.strip().removesuffix(f":{parts.port}").lstrip(".").strip("[]")
        if name == "*" or (name and (host == name or host.endswith(f".{name}"))):
            return True
    return False


def _is_proxy(proxy: str) -> bool:
    """An address; other than a provider's it may hold a user and a password."""
    scheme, _, rest = proxy.partition("://")
    return is_address(f"{scheme}://{rest.rpartition('@')[2]}")
