"""The settings as rows to show: no key, no password, no header's value is in them."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlsplit

from xrouter.config.check import listen_host
from xrouter.config.load import Loaded
from xrouter.config.secret import Secret
from xrouter.wire import json

HIDDEN = "…"


class Row(NamedTuple):
    """One setting: its value as JSON can hold it, and where it comes from."""

    setting: str
    value: Any
    origin: str

    @property
    def text(self) -> str:
        """The value for a table; a setting without one is shown as a dash."""
        if self.value in (None, {}, (), []):
            return "-"
        return self.value if isinstance(self.value, str) else json.encode(self.value).decode()

    @property
    def is_default(self) -> bool:
        """Whether nobody set it."""
        return self.origin == "default"


def rows(loaded: Loaded) -> list[Row]:
    """Every setting, masked, in the order of the model; then the tables of [providers.NAME]."""
    return [
        Row(setting, _masked(setting, _value(loaded, setting)), origin) for setting, origin in loaded.origins.items()
    ]


def _value(loaded: Loaded, setting: str) -> Any:
    if setting == "server.host":
        return listen_host(loaded.config)
    head, _, name = setting.rpartition(".")
    if head.startswith("providers."):
        return getattr(loaded.config.providers[head.removeprefix("providers.")], name)
    value: Any = loaded.config
    for part in setting.split("."):
        value = getattr(value, part)
    return value


def _masked(setting: str, value: Any) -> Any:
    if setting == "server.keys":
        return [{"name": each.name, "key": repr(each.key)} for each in value]
    if setting == "cache.redis_url" and isinstance(value, Secret):
        return _without_password(value.reveal())
    if setting.endswith(".headers"):
        return dict.fromkeys(value, HIDDEN)
    if setting.endswith(".base_url") and value and "?" in value:
        return value.partition("?")[0] + "?" + HIDDEN
    return repr(value) if isinstance(value, Secret) else value


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{f'{HIDDEN}@' if '@' in parts.netloc else ''}{host}{parts.path}"
