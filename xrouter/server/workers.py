"""`serve --workers N`: several processes that accept from one socket.

The parent opens the socket, forks, and then only waits: it passes signals on and replaces a worker that died. Each
worker has pools, memory cache and counters of its own; they share the usage file, and Redis where it is set.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

import msgspec

from xrouter.config.check import listen_host
from xrouter.errors import XrouterError
from xrouter.server.run import BACKLOG, address_error, serve, shown_url
from xrouter.server.wiring import Setup

REPLACE_AFTER_S = 1.0
"""A worker that dies at once must not be replaced in a busy loop."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def supervise(setup: Setup, count: int, *, announce: Callable[[str], None]) -> None:
    """Serve with `count` workers until SIGINT or SIGTERM; each of them drains."""
    if not hasattr(os, "fork"):
        raise XrouterError("--workers needs a system that can fork.", hint="Start one process, without --workers.")
    with _listening(setup) as listener:
        workers = {_fork(setup, listener, number): number for number in range(1, count + 1)}
        announce(shown_url(listener))
        ending = _pass_signals_on(workers)
        while workers:
            number = workers.pop(os.wait()[0])
            if not ending():
                time.sleep(REPLACE_AFTER_S)
            if not ending():
                workers[_fork(setup, listener, number)] = number


@contextmanager
def _listening(setup: Setup) -> Iterator[socket.socket]:
    host, port = listen_host(setup.config), setup.config.server.port
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        raise address_error(error, host, port) from error
    with listener:
        yield listener


def _fork(setup: Setup, listener: socket.socket, number: int) -> int:
    """The new worker's process id. A worker never returns from here."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        for name in _SIGNALS:  # what comes before the worker has handlers of its own ends it
            signal.signal(name, signal.SIG_DFL)
        serve(_with_own_logs(setup, number), listener=listener, announce=lambda _: None)
        code = 0
    finally:
        sys.stdout.flush()
        os._exit(code)


def _with_own_logs(setup: Setup, number: int) -> Setup:
    """Files that rotate cannot be shared: every worker but the first has a folder of its own for them."""
    if number == 1:
        return setup
    logging = msgspec.structs.replace(setup.config.logging, dir=f"{setup.config.logging.dir}/worker-{number}")
    return msgspec.structs.replace(setup, config=msgspec.structs.replace(setup.config, logging=logging))


def _pass_signals_on(workers: Collection[int]) -> Callable[[], bool]:
    """Each signal goes to every worker; the first says that none is to be replaced any more."""
    asked: list[int] = []

    def pass_on(number: int, _: object) -> None:
        asked.append(number)
        for worker in tuple(workers):
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, number)

    for name in _SIGNALS:
        signal.signal(name, pass_on)
    return lambda: bool(asked)
