"""Who may ask: keys, and where there is none, Host and Origin (DNS rebinding, cross-site requests)."""

from __future__ import annotations

import hmac
import re
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

from xrouter.config import model as config
from xrouter.errors import Forbidden, Unauthorized
from xrouter.wire.host import is_address, is_loopback

_HOST = re.compile(r"(?:\[(?P<v6>[^\]]*:[^\]]*)\]|(?P<name>[^:@/\[\]\s]+))(?::[0-9]*)?")

ANY = "default"
"""The name of the one key of server.api_key, and of callers where no key is set."""


class Guard:
    """Checks a request's headers before anything else of it is looked at."""

    def __init__(self, settings: config.Server) -> None:
        keys = [(ANY, settings.api_key)] if settings.api_key else []
        keys += [(entry.name, entry.key) for entry in settings.keys]
        self._keys = [(name, key.reveal().encode()) for name, key in keys]
        self._hosts = {host.lower() for host in settings.allowed_hosts} | {"localhost", socket.gethostname().lower()}

    def admit_bare(self, headers: Mapping[str, str]) -> None:
        """For what answers without a key. Raises Forbidden."""
        if not self._keys:
            self._check_origin(headers)

    def admit(self, headers: Mapping[str, str]) -> str:
        """The name of the key that the caller showed. Raises Unauthorized, Forbidden."""
        if not self._keys:
            self._check_origin(headers)
            return ANY
        found = None
        for shown in _shown_keys(headers):
            for name, key in self._keys:  # every key is compared, in constant time each
                if hmac.compare_digest(shown, key):
                    found = name
        if found is None:
            raise Unauthorized(
                "The API key is missing or wrong.",
                hint="Send `Authorization: Bearer <the router's key>`, or the key as x-api-key.",
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
        return origin != "" and (origin == host or origin in self._hosts or (is_loopback(origin) and is_loopback(host)))

    def _is_ours(self, host: str) -> bool:
        return host in self._hosts or host.endswith(".localhost") or is_address(host)


def _shown_keys(headers: Mapping[str, str]) -> tuple[bytes, bytes]:
    """A bearer token and Anthropic's x-api-key: newer Anthropic SDKs send the one, others the other, some both."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    shown = (token if scheme.lower() == "bearer" else "", headers.get("x-api-key", ""))
    first, second = (key.strip().encode("utf-8", "surrogateescape") for key in shown)
    return first, second


def _host_name(host: str) -> str:
    """The name in `name:port`, `[v6]:port` or `name`, without a trailing dot; empty where it is none of these."""
    found = _HOST.fullmatch(host)
    return (found["v6"] or found["name"]).lower().rstrip(".") if found else ""


def _origin_host(origin: str) -> str:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return ""
    return _host_name(parts.netloc) if parts.scheme in {"http", "https"} else ""
