"""Data URLs, and what kind of picture a base64 text holds."""

from __future__ import annotations

import re

_DATA_URL = re.compile(r"data:([^;,]*)((?:;[^;,]*)*?)(;base64)?,", re.IGNORECASE)
_SIGNS = (
    ("iVBORw0KGgo", "image/png"),
    ("/9j/", "image/jpeg"),
    ("R0lGOD", "image/gif"),
    ("UklGR", "image/webp"),
    ("JVBERi", "application/pdf"),
)
"""How the base64 text of a file begins."""


def split_data_url(url: str) -> tuple[str, str] | None:
    """(media type, base64 text) of a data URL in base64; None for any other URL."""
    match = _DATA_URL.match(url)
    if match is None or match.group(3) is None:
        return None
    return match.group(1).lower() or "text/plain", url[match.end() :]


def data_url(media_type: str, data: str) -> str:
    """The data URL of a base64 text."""
    return f"data:{media_type};base64,{data}"


def sniff(data: str, stated: str) -> str:
    """The media type by how a base64 text begins, else the stated one: some providers refuse a PNG named JPEG."""
    return next((kind for sign, kind in _SIGNS if data.startswith(sign)), stated)
