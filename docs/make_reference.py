"""Writes the reference pages from the code: `python docs/make_reference.py`. A test compares."""

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
from xrouter.dialects.anthropic.pieces import _REASONS as ANTHROPIC
from xrouter.dialects.anthropic.profiles import profile_of
from xrouter.dialects.cohere.reader import _FINISHES as COHERE
from xrouter.dialects.openai.answer import _REASONS as OPENAI
from xrouter.dialects.openai.quirks import QUIRKS
from xrouter.providers.catalog import Row, rows
from xrouter.providers.url import find_address

HERE = Path(__file__).parent
FINISHES = {"anthropic": ANTHROPIC, "cohere": COHERE, "openai": OPENAI}
REQUEST_QUIRKS = {
    "no_developer": "the role `developer` becomes `system`",
    "short_call_ids": "ids of calls become nine letters and digits, the same ones each time",
    "document_links": "a `file` becomes the `document_url` that Mistral takes",
    "no_extensions": "members of messages that only others know, and `cache_control`, are left out",
    "alternating_roles": "messages of one role that follow each other become one",
    "own_tiers": "`service_tier` by the provider's own names",
    "cache_marks": "`cache_control` on parts is kept in translated requests",
    "reasoning_back": "thoughts before a call are sent back as `reasoning_content`",
    "no_effort": "`reasoning_effort` is left out of translated requests",
    "top_k": "`top_k` is kept in translated requests",
}
ANTHROPIC_MODELS = (
    "claude-opus-5",
    "claude-opus-4-8",
    "claude-opus-4-7",
    "claude-sonnet-4-6",
    "claude-sonnet-4-5",
    "claude-3-5-haiku",
    "another name",
)
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
    "server.passthrough": "The tier whose provider gets other `/v1/…` requests (embeddings, audio, images), unchanged.",
    "server.drain_timeout_ms": "How long requests may go on after SIGTERM; a second signal ends at once.",
    "logging.level": "`debug`, `info`, `warn` or `error`.",
    "logging.to_file": "Also write `xrouter.log`, which rotates at 10 MB (five files are kept), one a worker.",
    "logging.dir": "Where that file is.",
    "logging.prompts": "`true`: the text that was judged is in the log line. Off, no log holds a prompt.",
    "classifier.enabled": "`false`: every request goes to the frontier tier, and only that must be configured.",
    "classifier.kind": "`auto`: `llm` where there is a model to ask, else `embedded`. `hybrid`: the model within"
    " `routing.judge_budget_ms`, else the embedded judge.",
    "classifier.use": 'The name of a `[providers.NAME]`, or `"cheap"`: the cheap tier\'s own model is the classifier.',
    "classifier.provider": "Who answers at that address; see [Providers](providers.md).",
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
    "provider": "`auto`, or one of the [providers](providers.md).",
    "base_url": "With or without a version, with a path, or the whole endpoint.",
    "api_key": "Belongs to the address that it was set with.",
    "headers": "Further headers, as a JSON object of strings.",
    "deployment": "Azure's name for the model. See [Providers](providers.md).",
    "api_version": "Azure's version of the API, such as `2024-10-21`.",
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
    return "\n".join(lines) + "\n"


def providers() -> str:
    """docs/providers.md."""
    lines = [(HERE / "providers.head.md").read_text() + "## Who they are", ""]
    lines += ["| name | dialect | key | chat requests go to | recognised by |", "|---|---|---|---|---|"]
    lines += [
        f"| `{name}` | {row.dialect} | {_key(row)} | {_endpoint(row)} | {_marks(row)} |" for name, row in rows().items()
    ]
    lines += ["", "## What is peculiar to them", "", "| name | | proven by |", "|---|---|---|"]
    lines += [f"| `{name}` | {_peculiar(row)} | {_proof(row)} |" for name, row in rows().items()]
    lines += ["", "Addresses, keys and `auto` are proven by `tests/test_providers_*.py` for all of them."]
    return "\n".join([*lines, "", *_starts()]) + "\n"


def dialects() -> str:
    """docs/dialects.md."""
    lines = [(HERE / "dialects.head.md").read_text() + "| dialect | the provider's word | becomes |", "|---|---|---|"]
    for dialect, table in FINISHES.items():
        lines += [f"| {dialect} | `{theirs}` | `{ours}` |" for theirs, ours in sorted(table.items()) if theirs]
    lines += ["", "`tool_calls` wherever there was a call; a word that nobody knows is `stop`.", "", "## Quirks", ""]
    lines += [
        "What a row of the catalogue may name, and what is done about it.",
        "",
        "| quirk | of answers |",
        "|---|---|",
    ]
    lines += [f"| `{name}` | {_first_line(quirk)} |" for name, quirk in QUIRKS.items()]
    lines += ["", "| quirk | of requests |", "|---|---|"]
    lines += [f"| `{name}` | {words} |" for name, words in REQUEST_QUIRKS.items()]
    lines += [
        "",
        "## Models of Anthropic",
        "",
        "| model | thinks by | sampling | JSON schema | later system messages |",
    ]
    lines += ["|---|---|---|---|---|"]
    lines += [_model(name) for name in ANTHROPIC_MODELS]
    return "\n".join(lines) + "\n"


def _first_line(function: Any) -> str:
    """The first sentence of its docstring, up to the colon that explains it."""
    return " ".join((function.__doc__ or "").split())


def _model(name: str) -> str:
    profile = profile_of(name)
    ways = [word for word, holds in (("effort", profile.adaptive), ("budget", profile.budget)) if holds]
    marks = ["yes" if can else "no" for can in (profile.sampling, profile.schemas, profile.late_system)]
    return f"| `{name}` | {' or '.join(ways) or 'not at all'} | {' | '.join(marks)} |"


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


def _key(row: Row) -> str:
    usual = "`Authorization: Bearer`" if row.auth_header == "authorization" else f"`{row.auth_header}`"
    tokens = ", ".join(f"`{prefix}…`" for prefix in row.bearer_prefixes)
    return f"{usual}; {tokens}: `Authorization: Bearer`" if tokens else usual


def _endpoint(row: Row) -> str:
    if row.deployments:
        return "see above"
    return f"`{find_address(row.base_url, row).url}`" if row.base_url else f"`…{row.version}/chat/completions`"


def _marks(row: Row) -> str:
    hosts = [f"`{host}`" for host in row.hosts]
    paths = [f"path `{path}`" for path in row.paths]
    ports = [f"port {row.port}"] if row.port else []
    keys = [f"key `{prefix}…`" for prefix in row.key_prefixes]
    return ", ".join(hosts + paths + ports + keys)


def _peculiar(row: Row) -> str:
    """In words, what the row says beside address and key."""
    told = [f"`{ours}` is `{theirs}`" for ours, theirs in row.renames.items()]
    told += [f"an output limit is `{row.output_limit}`"] if row.output_limit != "max_tokens" else []
    told += [f"not sent: {', '.join(f'`{name}`' for name in sorted(row.unknown))}"] if row.unknown else []
    told += [] if row.include_usage else ["usage comes without being asked for"]
    told += [f"`{name}: {value}` where the client sends none" for name, value in row.default_headers.items()]
    told += [f"below `{part}` it is `{other}`" for part, other in row.taken_for.items()]
    told += ["free of charge where it is your own"] if row.local else []
    told += [f"quirks: {', '.join(f'`{name}`' for name in sorted(row.quirks))}"] if row.quirks else []
    return "; ".join(told)


def _proof(row: Row) -> str:
    return f"`tests/test_dialects_{row.dialect}_*.py`"


def _starts() -> list[str]:
    """The table of keys that are enough for a start."""
    lines = [
        "## Keys that are enough",
        "",
        "With nothing configured, the first of these that is set starts the router.",
        "",
    ]
    lines += ["| environment | provider | cheap | medium | frontier |", "|---|---|---|---|---|"]
    for name, row in rows().items():
        if row.models:
            variables = " or ".join(f"`{variable}`" for variable in row.key_variables)
            lines.append(f"| {variables} | `{name}` | " + " | ".join(f"`{model}`" for model in row.models) + " |")
    return lines


def _help(words: list[str]) -> str:
    """As it prints at 100 columns."""
    environ = {**os.environ, "COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "xrouter", *words, "--help"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, env=environ).stdout  # noqa: S603
    return "\n".join(line.rstrip() for line in said.strip().splitlines()).replace("python -m xrouter", "xrouter")


if __name__ == "__main__":
    (HERE / "dialects.md").write_text(dialects())
    (HERE / "configuration.md").write_text(configuration())
    (HERE / "providers.md").write_text(providers())
    (HERE / "cli.md").write_text(commands())
