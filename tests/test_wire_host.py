"""Names and addresses of hosts."""

from __future__ import annotations

import pytest

from xrouter.wire.host import from_here, in_url, is_address, is_loopback, is_near


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("::1", True), ("fe80::1%eth0", True), ("[::1]", False), ("localhost", False), ("", False)],
)
def test_addresses(host: str, *, expected: bool) -> None:
    """An address, as it is written outside of a URL."""
    assert is_address(host) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("a.localhost", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("localhost.evil.example", False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_loopback(host: str, *, expected: bool) -> None:
    """Names and addresses that only this machine reaches."""
    assert is_loopback(host) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("192.168.1.5", True),
        ("100.64.0.7", True),
        ("fe80::1%eth0", True),
        ("::ffff:10.0.0.1", True),
        ("ollama", True),
        ("host.docker.internal", True),
        ("gpu.local", True),
        ("8.8.8.8", False),
        ("2606:4700::1111", False),
        ("::ffff:8.8.8.8", False),
        ("api.openai.com", False),
    ],
)
def test_near_hosts(host: str, *, expected: bool) -> None:
    """Addresses of no public network, and names that the internet does not have, are near."""
    assert is_near(host) == expected


@pytest.mark.parametrize(
    ("listens_on", "found_at", "written"),
    [
        ("0.0.0.0", "127.0.0.1", "127.0.0.1"),
        ("::", "::1", "[::1]"),
        ("127.0.0.2", "127.0.0.2", "127.0.0.2"),
        ("fd00::7", "fd00::7", "[fd00::7]"),
        ("gpu.local", "gpu.local", "gpu.local"),
    ],
)
def test_where_a_server_is_found(listens_on: str, found_at: str, written: str) -> None:
    """One that listens everywhere is found on loopback; in a URL an IPv6 address stands in brackets."""
    assert from_here(listens_on) == found_at
    assert in_url(found_at) == written
