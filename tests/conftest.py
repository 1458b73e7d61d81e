"""What all tests share: no address outside this machine, an empty home, a real Redis."""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import RedisServer, empty_home

# Where the tests run as a background job, Ctrl-C is ignored, and so it would be in every program that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

_OURS = (
    "CHEAP_",
    "CLASSIFIER_",
    "CLIENT_",
    "DRAIN_",
    "FRONTIER_",
    "HOST",
    "LOG_",
    "MAX_BODY_",
    "MEDIUM_",
    "PORT",
    "REDIS_URL",
    "ROUTER_",
    "ROUTING_",
    "UPSTREAM_",
    "XROUTER_",
)
_THEIRS = ("_API_KEY", "_PROXY")


class _Outside:
    """An audit hook, which sees each connection of this process whoever opens it."""

    def __init__(self) -> None:
        self.refused: list[str] = []

    def __call__(self, event: str, args: tuple[object, ...]) -> None:
        if event in {"socket.connect", "socket.sendto", "socket.sendmsg"} and _leaves(args[1]):
            self.refused.append(f"{event} {args[1]}")
            raise PermissionError(f"tests may not talk to {args[1]}")
        if event == "socket.getaddrinfo" and _is_foreign_name(args[0]):
            if not str(args[0]).endswith(".invalid"):  # nobody's name, RFC 6761: asking for it is fair
                self.refused.append(f"{event} {args[0]}")
            raise socket.gaierror(socket.EAI_NONAME, "tests may not ask for names of other machines")


_outside = _Outside()
sys.addaudithook(_outside)


@pytest.fixture(autouse=True)
def _only_this_machine() -> Iterator[None]:
    """Refuse any address outside loopback, and fail the test that tried, even where the code under test hid it."""
    _outside.refused.clear()
    yield
    assert not _outside.refused


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty HOME that is also the working directory, and an environment without any setting of ours."""
    for name in os.environ:
        if name.startswith(_OURS) or name.upper().endswith(_THEIRS):
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    for name, value in empty_home(folder).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A real Redis that is empty at the start of each test."""
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


def _leaves(address: object) -> bool:
    """Whether a socket's address is on another machine; paths of Unix sockets never are."""
    if not isinstance(address, tuple):
        return False
    host = ipaddress.ip_address(str(address[0] or "0.0.0.0").partition("%")[0])
    return not (host.is_loopback or host.is_unspecified)


def _is_foreign_name(host: object) -> bool:
    """Whether asking for `host` asks somebody else: anything but an address or this machine's own name."""
    name = host.decode() if isinstance(host, bytes) else str(host or "")
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return bool(name) and name != "localhost" and not name.endswith(".localhost")
    return False
