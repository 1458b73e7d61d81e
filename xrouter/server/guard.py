"""Who may ask: keys, and where there is none, Host and Origin (DNS rebinding, cross-site requests)."""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from xrouter.config import model as config
from xrouter.errors import Forbidden, Unauthorized

ANY = "default"
"""The name of the one key of server.api_key, and of callers where no key is set."""


class Guard:
    """Checks a request's headers before anything else of it is looked at."""

    def __init__(self, settings: config.Server) -> None:
        keys = [(ANY, settings.api_key)] if settings.api_key else []
        keys += [(entry.name, entry.key) for entry in settings.keys]
        self._keys = [(name, key.reveal().encode()) for name, key in keys]
        self._hosts = {host.lower() for host in settings.allowed_hosts} | {"localhost", socket.gethostname().lower()}

    @property
    def asks_for_key(self) -> bool:
        """Whether a key is set."""
        return bool(self._keys)

    def admit_bare(self, headers: Mapping[str, str]) -> bool:
        """For what answers without a key: whether the caller may see names and figures too."""
        try:
            self.admit(headers)
        except Unauthorized:
            return False
        return True

    def admit(self, headers: Mapping[str, str]) -> str:
        """The name of the key that the caller showed. Raises Unauthorized, Forbidden."""
        if not self._keys:
            self._check_origin(headers)
            return ANY
        shown = _shown_key(headers)
        found = None
        for name, key in self._keys:  # every key is compared, in constant time each
            if hmac.compare_digest(shown, key):
                found = name
        if found is None:
            raise Unauthorized(
                "The API key is missing or wrong.", hint="Send `Authorization: Bearer <the router's key>`."
            )
        return found

    def _check_origin(self, headers: Mapping[str, str]) -> None:
        host = _host_name(headers.get("host", ""))
        if not self._is_ours(host):
            raise Forbidden(
                "This Host name is not one of the router's.",
                hint="Set server.allowed_hosts, or a key (ROUTER_API_KEY).",
            )
        origin = headers.get("origin")
        site = headers.get("sec-fetch-site", "none")
        foreign = site == "cross-site" if origin is None else not self._is_same_site(_origin_host(origin), host)
        if foreign:
            raise Forbidden("Requests from other web sites are refused.", hint="Set a key (ROUTER_API_KEY).")

    def _is_same_site(self, origin: str, host: str) -> bool:
        return origin != "" and (
            origin == host or origin in self._hosts or (_is_loopback(origin) and _is_loopback(host))
        )

    def _is_ours(self, host: str) -> bool:
        return host in self._hosts or host.endswith(".localhost") or _is_address(host)


@lru_cache(256)
def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _shown_key(headers: Mapping[str, str]) -> bytes:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip().encode("utf-8", "surrogateescape") if scheme.lower() == "bearer" else b""


def _host_name(host: str) -> str:
    """The name in `name:port`, `[v6]:port` or `name`, without a trailing dot."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0].lower().rstrip(".") if host.count(":") == 1 else host.lower().rstrip(".")


def _origin_host(origin: str) -> str:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return ""
    return (parts.hostname or "").rstrip(".") if parts.scheme in {"http", "https"} else ""
