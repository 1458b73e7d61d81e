"""Writes docs/configuration.md and docs/cli.md from the code; `python docs/make_reference.py`. A test compares."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from xrouter.cli.main import EXIT_CODES
from xrouter.config.envmap import NAMES
from xrouter.config.model import Config
from xrouter.config.schema import settings
from xrouter.providers.catalog import rows

HERE = Path(__file__).parent
COMMANDS = ([], ["serve"], ["usage"], ["demo"], ["config", "show"], ["config", "path"])

NOTES = {
    "server.host": "Where to listen. Without it: all interfaces where a key is set, else this machine alone.",
    "server.port": "",
    "server.api_key": "The key that clients send as `Authorization: Bearer`. A key may be a reference, see below.",
    "server.keys": "Several keys: `[[server.keys]]` tables with `name` and `key`; the name is in the log.",
    "server.allowed_hosts": "Further Host names that are accepted where no key is set.",
    "server.client_header_timeout_ms": "How long the head of a request may take to come.",
    "server.client_body_timeout_ms": "How long its body may take.",
    "server.max_body_bytes": "A larger body gets a 413.",
    "server.drain_timeout_ms": "How long requests may go on after SIGTERM; a second signal ends at once.",
    "logging.level": "`debug`, `info`, `warn` or `error`.",
    "logging.to_file": "Also write `xrouter.log`, which rotates at 10 MB (five files are kept), one a worker.",
    "logging.dir": "Where that file is.",
    "logging.prompts": "`true`: the text that was judged is in the log line. Off, no log holds a prompt.",
    "classifier.enabled": "`false`: every request goes to the frontier tier, and only that must be configured.",
    "classifier.kind": "`auto`: `llm` where there is a model to ask, else `embedded`. `hybrid`: the model within"
    " `routing.judge_budget_ms`, else the embedded judge.",
    "classifier.use": 'The name of a `[providers.NAME]`, or `"cheap"`: the cheap tier\'s own model is the classifier.',
    "classifier.provider": "Who answers at that address; see the providers below.",
    "classifier.base_url": "An OpenAI-compatible address, with or without `/v1`.",
    "classifier.api_key": "",
    "classifier.headers": "Further headers for it.",
    "classifier.model": "",
    "classifier.system_prompt": "In place of the built-in one; it must ask for 0, 1 or 2.",
    "classifier.timeout_ms": "Over the whole classification, except while the model is loading.",
    "classifier.force_stream": "`false`: one call that does not stream, with a tiny limit of tokens.",
    "classifier.warmup": "Ask once at the start, so that the model is in memory.",
    "classifier.warmup_delay_ms": "How long after the start.",
    "classifier.keep_alive_ms": "How often to ask again so that it stays there; 0 is never. Without it: 240000 where"
    " the classifier is on this machine or in a private network, else 0.",
    "classifier.loading_retry_ms": "How long to wait where the model is loading.",
    "classifier.loading_max_retries": "How often.",
    "routing.profile": "`save`, `balanced` or `quality`: how readily the embedded judge goes up.",
    "routing.judge_budget_ms": "How long `hybrid` waits for the model.",
    "cache.redis_url": "Share decisions and counters between routers.",
    "upstream.connect_timeout_ms": "To a provider.",
    "upstream.first_byte_timeout_ms": "Until its answer begins.",
    "upstream.idle_timeout_ms": "Between two reads of an answer.",
    "upstream.ca_file": "Certificates to trust beside the system's.",
}
TIER_NOTES = {
    "use": "The name of a `[providers.NAME]` to take address and key from.",
    "provider": "`auto`, or a name below.",
    "base_url": "With or without `/v1`, with a path, or the whole endpoint.",
    "api_key": "Belongs to the address that it was set with.",
    "headers": "Further headers, as a JSON object of strings.",
    "deployment": "For Azure (not spoken yet).",
    "api_version": "For Azure (not spoken yet).",
    "model": "Without it the client's own model name is sent on.",
    "context_window": "Tokens; shown in `/v1/models`.",
    "input_price": "USD per million tokens, before what genai-prices knows.",
    "cached_input_price": "The same for cached input.",
    "cache_write_price": "The same for what is written into the cache.",
    "output_price": "The same for output.",
    "timeout_ms": "In place of `upstream.first_byte_timeout_ms`.",
    "reasoning_effort": "Sent where the client asked for none.",
    "max_output_tokens": "Sent where the client set no limit.",
    "body": "A table that is merged into the request.",
}


def configuration() -> str:
    """docs/configuration.md."""
    lines = [
        (HERE / "configuration.head.md").read_text(),
        "## Settings",
        "",
        "| environment | config.toml | default | |",
        "|---|---|---|---|",
    ]
    lines += [_row(setting) for setting in settings() if not setting.startswith("tiers.")]
    lines += [
        "",
        "## Tiers",
        "",
        "The same for `cheap`, `medium` and `frontier`; environment names begin with `CHEAP_`, `MEDIUM_`, `FRONTIER_`.",
        "",
        "| environment | config.toml | |",
        "|---|---|---|",
    ]
    lines += [_tier_row(setting) for setting in settings() if setting.startswith("tiers.cheap.")]
    lines += ["", "## Providers", "", "| name | speaks | recognised by |", "|---|---|---|"]
    lines += [f"| `{name}` | {row.dialect} | {_marks(row)} |" for name, row in rows().items()]
    return "\n".join(lines) + "\n"


def commands() -> str:
    """docs/cli.md."""
    lines = ["# Commands", ""]
    for words in COMMANDS:
        lines += [f"## `{' '.join(['xrouter', *words])}`", "", "```", _help(words), "```", ""]
    lines += ["## Exit codes", "", "| code | when |", "|---|---|", "| 0 | all well |", "| 1 | any other failure |"]
    lines += [f"| {code} | {(kind.__doc__ or '').rstrip('.')} |" for kind, code in EXIT_CODES.items()]
    return "\n".join([*lines, "| 130 | Ctrl-C |"]) + "\n"


def _row(setting: str) -> str:
    name = f"`{NAMES[setting]}`" if setting in NAMES else ""
    return f"| {name} | `{setting}` | {_default(setting)} | {NOTES[setting]} |"


def _tier_row(setting: str) -> str:
    key = setting.rpartition(".")[2]
    name = f"`…_{NAMES[setting].removeprefix('CHEAP_')}`" if setting in NAMES else ""
    return f"| {name} | `tiers.….{key}` | {TIER_NOTES[key]} |"


def _default(setting: str) -> str:
    value: Any = Config()
    for part in setting.split("."):
        value = getattr(value, part)
    if value in (None, (), {}):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _marks(row: Any) -> str:
    hosts = [f"`{host}`" for host in row.hosts]
    ports = [f"port {row.port}"] if row.port else []
    keys = [f"key `{prefix}…`" for prefix in row.key_prefixes]
    return ", ".join(hosts + ports + keys)


def _help(words: list[str]) -> str:
    """As it prints at 100 columns."""
    environ = {**os.environ, "COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "xrouter", *words, "--help"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, env=environ).stdout  # noqa: S603
    return "\n".join(line.rstrip() for line in said.strip().splitlines()).replace("python -m xrouter", "xrouter")


if __name__ == "__main__":
    (HERE / "configuration.md").write_text(configuration())
    (HERE / "cli.md").write_text(commands())
