"""`xrouter demo`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from xrouter.config.model import Config
    from xrouter.server.run import Running

Once = Annotated[bool, typer.Option("--once", help="End after the table instead of staying up.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, and end after it.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one.")]


def demo(*, once: Once = False, json_: Json = False, port: Port = 0) -> None:
    """Show the router at work with three simulated providers: no key, no network."""
    import asyncio

    from rich.console import Console

    from xrouter.demo.run import run

    try:
        asyncio.run(run(_start, Console(), port=port, once=once, as_json=json_))
    except asyncio.CancelledError:  # SIGTERM before the table was done
        raise KeyboardInterrupt from None


async def _start(config: Config, usage_file: Path) -> Running:
    from xrouter.chat.target import TIERS
    from xrouter.providers.resolve import resolve
    from xrouter.server.run import start
    from xrouter.server.wiring import Setup

    tiers = {name: resolve(name, config.tiers.get(name), {}) for name in TIERS}
    return await start(Setup(config=config, tiers=tiers, classifier=None, usage_file=usage_file))
