"""Usage for the terminal: from the router that runs, else from the file that one left behind."""

from __future__ import annotations

import http.client
import time
from pathlib import Path
from urllib.parse import quote

import msgspec

from xrouter.config.model import Server
from xrouter.errors import NothingToRead, Unauthorized
from xrouter.usage.report import Report, parse_since, read, report
from xrouter.usage.sqlite import read_file
from xrouter.wire.host import from_here, in_url

ANSWER_S = 2.0


class Found(msgspec.Struct, frozen=True):
    """A report, and in words where it is from."""

    report: Report
    source: str


def look(server: Server, path: Path, since: str | None = None) -> Found:
    """Ask the router that `server` describes, then the file at `path`.

    Raises NothingToRead, which names both; Unauthorized where the router refuses the configured key; BadRequest where
    `since` is no time.
    """
    start = None if since is None else parse_since(since, time.time())
    url = _url(server)
    answer = _ask(server, since)
    if isinstance(answer, Report):
        return Found(answer, f"from the router at {url}")
    try:
        return Found(report(read_file(path, start)), f"{answer} at {url}; read from {path}")
    except NothingToRead as nothing:
        raise NothingToRead(
            f"There is no usage to show: {answer} at {url}, and {nothing.message}.",
            hint="Start the router with `xrouter serve` and send it a request, or set HOST and PORT to where it runs.",
        ) from nothing


def _ask(server: Server, since: str | None) -> Report | str:
    """The router's report, or in words why there is none."""
    connection = http.client.HTTPConnection(_host(server), server.port, timeout=ANSWER_S)
    try:
        connection.request("GET", "/usage" + (f"?since={quote(since)}" if since else ""), headers=_headers(server))
        answer = connection.getresponse()
        status, text = answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return "no router answers"
    finally:
        connection.close()
    if status in {401, 403}:
        raise Unauthorized(
            f"The router at {_url(server)} refuses the key.",
            hint="Set ROUTER_API_KEY to the key that it was started with.",
        )
    return (read(text) if status == 200 else None) or "something that is not this router answers"


def _headers(server: Server) -> dict[str, str]:
    keys = [server.api_key] if server.api_key else [named.key for named in server.keys]
    return {"Authorization": f"Bearer {keys[0].reveal()}"} if keys else {}


def _host(server: Server) -> str:
    return from_here(server.host or "127.0.0.1")


def _url(server: Server) -> str:
    return f"http://{in_url(_host(server))}:{server.port}/usage"
