"""`auto`: which provider answers at an address, and why we think so.

The address counts first. How the key begins counts only where the address says nothing: a key of one company is never
a reason to speak to another company's host in a different way.
"""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from xrouter.config.secret import Secret
from xrouter.providers.catalog import GENERIC, is_host_of, is_taken_for, rows
from xrouter.wire.host import is_near

_NO_MATCH = "no match: OpenAI-compatible"


def detect(base_url: str, key: Secret | None) -> tuple[str, str]:
    """(provider, the reason to show)."""
    parts = urlsplit(base_url)
    return _by_host(parts) or _by_path(parts) or _by_port(parts) or _by_key(key) or (GENERIC, _NO_MATCH)


def contradiction(base_url: str, key: Secret | None) -> str:
    """What to add to the reason where the host is one provider's and the key looks like another's; else nothing."""
    host = urlsplit(base_url).hostname or ""
    owner = next((name for name, row in rows().items() if is_host_of(host, row)), None)
    like = _by_key(key)
    return f", but the {like[1]} like those of {like[0]}" if owner and like and like[0] != owner else ""


def _by_host(parts: SplitResult) -> tuple[str, str] | None:
    host = parts.hostname or ""
    for name, row in rows().items():
        if is_host_of(host, row):
            other = is_taken_for(parts.path, row)
            return (other[1], f"path {other[0]} of host {host}") if other else (name, f"host {host}")
    return None


def _by_path(parts: SplitResult) -> tuple[str, str] | None:
    for name, row in rows().items():
        found = next((path for path in row.paths if path in f"{parts.path.lower()}/"), None)
        if found and not is_taken_for(parts.path, row):
            return name, f"path {found}"
    return None


def _by_port(parts: SplitResult) -> tuple[str, str] | None:
    """Only on this machine or in a private network, and only where no other program is known to use the port."""
    if parts.port is None or not is_near(parts.hostname or ""):
        return None
    return next(((name, f"port {row.port}") for name, row in rows().items() if row.port == parts.port), None)


def _by_key(key: Secret | None) -> tuple[str, str] | None:
    if key is None:
        return None
    text = key.reveal()
    for name, row in rows().items():
        for prefix in row.key_prefixes:
            if text.startswith(prefix):
                return name, f"key starts with {prefix}"
    return None
