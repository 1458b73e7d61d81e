"""Every environment name: which setting it is, and how its text is read."""

from __future__ import annotations

import re
from collections.abc import Callable

from xrouter.chat.target import TIERS
from xrouter.wire import json

Reader = Callable[[str], object]

_WORDS = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(("0", "false", "no", "off"), False)
_WHOLE = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)


def text(value: str) -> object:
    """As it is."""
    return value


def word(value: str) -> object:
    """One of a few words, whatever their case; `warning` is how some say `warn`."""
    lower = value.lower()
    return "warn" if lower == "warning" else lower


def whole(value: str) -> object:
    """A whole number, else the text itself, which the check of the setting then refuses."""
    return int(value) if _WHOLE.fullmatch(value) else value


def flag(value: str) -> object:
    """Yes or no in the usual words, else the text itself."""
    return _WORDS.get(value.lower(), value)


def table(value: str) -> object:
    """A JSON value, else the text itself."""
    try:
        return json.decode(value.encode())
    except ValueError:
        return value


_GENERAL: dict[str, tuple[str, Reader]] = {
    "HOST": ("server.host", text),
    "PORT": ("server.port", whole),
    "ROUTER_API_KEY": ("server.api_key", text),
    "CLIENT_HEADER_TIMEOUT_MS": ("server.client_header_timeout_ms", whole),
    "CLIENT_BODY_TIMEOUT_MS": ("server.client_body_timeout_ms", whole),
    "MAX_BODY_BYTES": ("server.max_body_bytes", whole),
    "DRAIN_TIMEOUT_MS": ("server.drain_timeout_ms", whole),
    "LOG_LEVEL": ("logging.level", word),
    "LOG_TO_FILE": ("logging.to_file", flag),
    "LOG_DIR": ("logging.dir", text),
    "CLASSIFIER_ENABLED": ("classifier.enabled", flag),
    "CLASSIFIER_KIND": ("classifier.kind", word),
    "CLASSIFIER_BASE_URL": ("classifier.base_url", text),
    "CLASSIFIER_API_KEY": ("classifier.api_key", text),
    "CLASSIFIER_MODEL": ("classifier.model", text),
    "CLASSIFIER_SYSTEM_PROMPT": ("classifier.system_prompt", text),
    "CLASSIFIER_TIMEOUT_MS": ("classifier.timeout_ms", whole),
    "CLASSIFIER_FORCE_STREAM": ("classifier.force_stream", flag),
    "CLASSIFIER_WARMUP": ("classifier.warmup", flag),
    "CLASSIFIER_WARMUP_DELAY_MS": ("classifier.warmup_delay_ms", whole),
    "CLASSIFIER_KEEP_ALIVE_MS": ("classifier.keep_alive_ms", whole),
    "CLASSIFIER_LOADING_RETRY_MS": ("classifier.loading_retry_ms", whole),
    "CLASSIFIER_LOADING_MAX_RETRIES": ("classifier.loading_max_retries", whole),
    "ROUTING_PROFILE": ("routing.profile", word),
    "REDIS_URL": ("cache.redis_url", text),
    "UPSTREAM_CONNECT_TIMEOUT_MS": ("upstream.connect_timeout_ms", whole),
    "UPSTREAM_FIRST_BYTE_TIMEOUT_MS": ("upstream.first_byte_timeout_ms", whole),
    "UPSTREAM_IDLE_TIMEOUT_MS": ("upstream.idle_timeout_ms", whole),
}

_OF_A_TIER: dict[str, tuple[str, Reader]] = {
    "BASE_URL": ("base_url", text),
    "API_KEY": ("api_key", text),
    "MODEL": ("model", text),
    "PROVIDER": ("provider", word),
    "HEADERS": ("headers", table),
    "DEPLOYMENT": ("deployment", text),
    "API_VERSION": ("api_version", text),
}

VARIABLES: dict[str, tuple[str, Reader]] = _GENERAL | {
    f"{tier.upper()}_{name}": (f"tiers.{tier}.{setting}", read)
    for tier in TIERS
    for name, (setting, read) in _OF_A_TIER.items()
}
"""Environment name → (setting, reader)."""

NAMES: dict[str, str] = {setting: name for name, (setting, _) in VARIABLES.items()}
"""Setting → environment name."""

FLAGS: dict[str, str] = {"host": "server.host", "port": "server.port", "log_level": "logging.level"}
"""Parameter of `xrouter serve` → setting."""
