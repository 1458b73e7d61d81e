"""`xrouter serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Host = Annotated[str | None, typer.Option("--host", help="Address to listen on.")]
Port = Annotated[int | None, typer.Option("--port", help="Port to listen on.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="Another config.toml.")]
Workers = Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes that share the port.")]
Level = Annotated[str | None, typer.Option("--log-level", help="debug, info, warn or error.")]


def serve(
    host: Host = None, port: Port = None, config: ConfigFile = None, workers: Workers = 1, log_level: Level = None
) -> None:
    """Start the router."""
    import os

    from xrouter.server.prepare import prepare

    flags = {"host": host, "port": port, "log_level": log_level}
    ready = prepare(environ=os.environ, cwd=Path.cwd(), config_file=config, flags=flags)

    def announce(url: str) -> None:
        say(ready.welcome(url))

    if workers > 1:
        from xrouter.server.workers import supervise

        supervise(ready.setup, workers, announce=announce)
    else:
        from xrouter.server.run import serve as run

        run(ready.setup, announce=announce)


def say(text: str) -> None:
    """To the terminal, and never an error when nobody reads."""
    import os

    try:
        typer.echo(text)
    except OSError:
        # Python keeps what it could not write and tries again at exit, which would then fail for it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
