"""chat/media.py: data URLs, and what kind of file a base64 text holds."""

from __future__ import annotations

import pytest

from xrouter.chat.media import data_url, sniff, split_data_url


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("data:image/png;base64,AAAA", ("image/png", "AAAA")),
        ("DATA:Image/PNG;BASE64,AAAA", ("image/png", "AAAA")),
        ("data:text/plain;charset=utf-8;base64,AAAA", ("text/plain", "AAAA")),
        ("data:;base64,AAAA", ("text/plain", "AAAA")),
        ("data:image/png,AAAA", None),
        ("https://example.org/a.png", None),
        ("", None),
    ],
)
def test_split(url: str, parts: tuple[str, str] | None) -> None:
    """A data URL in base64 has a media type and a text; any other URL has neither."""
    assert split_data_url(url) == parts


def test_join() -> None:
    """What was split goes together again."""
    assert split_data_url(data_url("image/gif", "R0lGOD")) == ("image/gif", "R0lGOD")


@pytest.mark.parametrize(
    ("data", "stated", "kind"),
    [
        ("iVBORw0KGgoAAAA", "image/jpeg", "image/png"),
        ("/9j/4AAQ", "image/png", "image/jpeg"),
        ("JVBERi0xLjQ", "", "application/pdf"),
        ("AAAA", "image/webp", "image/webp"),
    ],
)
def test_sniff(data: str, stated: str, kind: str) -> None:
    """The bytes say more than the label; where they say nothing, the label stands."""
    assert sniff(data, stated) == kind
