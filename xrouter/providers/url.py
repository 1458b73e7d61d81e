"""From the base URL that a user pasted to the address of the chat endpoint."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from xrouter.providers.catalog import Row, is_host_of

_CHAT = "/chat/completions"
_ENDPOINT = re.compile(r"/(?:chat/completions|completions|responses|messages|models|embeddings)$", re.IGNORECASE)
_VERSIONED = re.compile(r"/(?:v[0-9]+[a-z0-9]*(?:/openai)?|beta)$", re.IGNORECASE)


def chat_url(base_url: str, row: Row) -> str:
    """The endpoint for a base URL with or without a version, with a path, or with the whole endpoint pasted.

    A path that ends in a version is kept; any other gets the provider's own version. A whole chat endpoint below a
    path of its own (a gateway's) is taken as it is. The query and the fragment are left out.
    """
    parts = urlsplit(base_url.strip())
    origin = f"{parts.scheme}://{parts.netloc}"
    pasted = re.sub("/{2,}", "/", parts.path).rstrip("/")
    path = _ENDPOINT.sub("", pasted)
    is_gateways = bool(path) and pasted == path + _CHAT and not is_host_of(parts.hostname or "", row)
    if _VERSIONED.search(path) or is_gateways:
        return origin + path + _CHAT
    return origin + _joined(path, row.version) + _CHAT


def _joined(path: str, version: str) -> str:
    """`/openai` and `/openai/v1` are `/openai/v1`: what both have in the middle is written once."""
    for size in range(len(version), 0, -1):
        if version[:size] == path[-size:] and version[size : size + 1] in {"", "/"}:
            return path + version[size:]
    return path + version
