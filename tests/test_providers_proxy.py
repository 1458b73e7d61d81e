"""Proxies of the environment."""

from __future__ import annotations

import pytest

from xrouter.errors import ConfigError
from xrouter.providers.proxy import proxy_for

PROXY = "http://proxy.lan:3128"


@pytest.mark.parametrize(
    ("url", "environ", "expected"),
    [
        ("https://api.example/v1", {}, None),
        ("https://api.example/v1", {"HTTPS_PROXY": PROXY}, PROXY),
        ("https://api.example/v1", {"https_proxy": PROXY, "HTTPS_PROXY": "http://other"}, PROXY),
        ("https://api.example/v1", {"HTTP_PROXY": PROXY}, None),
        ("http://api.example/v1", {"HTTP_PROXY": PROXY}, PROXY),
        ("http://api.example/v1", {"HTTP_PROXY": "proxy.lan:3128"}, PROXY),
        ("https://api.example/v1", {"HTTPS_PROXY": "http://u:p@proxy.lan:3128"}, "http://u:p@proxy.lan:3128"),
        ("http://127.0.0.1:8000/v1", {"HTTP_PROXY": PROXY}, None),
        ("http://localhost:8000/v1", {"HTTP_PROXY": PROXY}, None),
        ("http://[::1]:8000/v1", {"HTTP_PROXY": PROXY}, None),
        ("https://api.example/v1", {"HTTPS_PROXY": PROXY, "NO_PROXY": "*"}, None),
        ("https://api.example/v1", {"HTTPS_PROXY": PROXY, "NO_PROXY": "x, API.example"}, None),
        ("https://api.example/v1", {"HTTPS_PROXY": PROXY, "no_proxy": ".example"}, None),
        ("https://api.example/v1", {"HTTPS_PROXY": PROXY, "NO_PROXY": "pi.example"}, PROXY),
        ("https://api.example:8443/v1", {"HTTPS_PROXY": PROXY, "NO_PROXY": "api.example:8443"}, None),
        ("https://api.example:8443/v1", {"HTTPS_PROXY": PROXY, "NO_PROXY": "api.example:1"}, PROXY),
        ("http://10.0.0.5:8000/v1", {"HTTP_PROXY": PROXY, "NO_PROXY": "10.0.0.5"}, None),
    ],
)
def test_which_proxy_is_taken(url: str, environ: dict[str, str], expected: str | None) -> None:
    """By the scheme of the address, unless NO_PROXY excepts it; never for this machine."""
    assert proxy_for(url, environ) == expected


@pytest.mark.parametrize("proxy", ["socks5://u:secret@proxy", "http://", "http://u:secret@a b"])
def test_a_proxy_that_cannot_be_used_is_named(proxy: str) -> None:
    """The variable is named, and its value, which may hold a password, is not."""
    with pytest.raises(ConfigError, match=r"^HTTPS_PROXY must be an http:// or https:// address") as caught:
        proxy_for("https://api.example", {"HTTPS_PROXY": proxy})
    assert "secret" not in str(caught.value)
