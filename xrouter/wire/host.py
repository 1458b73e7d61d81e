"""Names and addresses of hosts, as they stand in settings, URLs and headers. Nothing is looked up."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

_INTERNAL = (".local", ".internal", ".lan", ".home.arpa")
_LOOPBACK = {4: "127.0.0.1", 6: "::1"}


def is_address(host: str) -> bool:
    """Whether it is an IP address, not a name."""
    return _address(host) is not None


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the host."""
    name = host.strip("[]").rstrip(".").lower()
    address = _address(name.partition("%")[0])
    if address is None:
        return name == "localhost" or name.endswith(".localhost")
    return address.is_loopback


def is_near(host: str) -> bool:
    """Whether a host is this machine or in a private network: an address or a name that the internet does not have."""
    name = host.rstrip(".").lower()
    address = _address(name.partition("%")[0])
    if address is None:
        return is_loopback(name) or "." not in name or name.endswith(_INTERNAL)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return not (mapped or address).is_global


def from_here(host: str) -> str:
    """Where a client on this machine finds a server that listens on `host`: on loopback where that is everywhere."""
    address = _address(host)
    return _LOOPBACK[address.version] if address is not None and address.is_unspecified else host


def in_url(host: str) -> str:
    """The host as a URL writes it: IPv6 addresses stand in brackets."""
    return f"[{host}]" if ":" in host else host


@lru_cache(256)  # every request names one, and it is nearly always the same
def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
