"""What each setting may be, and how to say so to a person."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Literal, NamedTuple, get_args, get_origin
from urllib.parse import urlsplit

import msgspec

from xrouter.config.model import Config, Endpoint, Section
from xrouter.config.secret import Secret

_MOST = 2**31 - 1
_LONGEST_SHOWN = 24
_HOST = re.compile(r"[\w.:%~-]+")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e\t]*")
_FRAMING = {"connection", "content-length", "expect", "te", "trailer", "transfer-encoding", "upgrade"}
_OURS = {"model", "messages", "stream", "stream_options"}


class Rule(NamedTuple):
    """What a value must be beyond its type: in words, and as a test."""

    wanted: str
    holds: Callable[[Any], bool]


@cache
def settings() -> dict[str, Any]:
    """Setting (a dotted path) → type, without [providers.NAME]."""
    return dict(_leaves(Config, ""))


def kind_of(setting: str) -> Any:
    """The type of a setting, also of one in [providers.NAME]."""
    if setting.startswith("providers."):
        return field_types(Endpoint)[setting.rpartition(".")[2]]
    return settings()[setting]


@cache
def field_types(section: type[Section]) -> dict[str, Any]:
    """Key → type of one table."""
    return {field.name: field.type for field in msgspec.structs.fields(section)}


def is_section(kind: Any) -> bool:
    """Whether it is a table with settings of its own."""
    return isinstance(kind, type) and issubclass(kind, Section)


def convert(setting: str, value: object, providers: Collection[str] = ()) -> Any:
    """The value in the type of its setting. Raises ValueError with what it must be."""
    rule = _rule(setting, providers)
    try:
        converted = msgspec.convert(value, kind_of(setting), dec_hook=_hide)
    except ValueError:
        raise ValueError(_wanted(setting, rule)) from None
    if _is_blank(setting, converted) or (rule and not rule.holds(converted)):
        raise ValueError(_wanted(setting, rule))
    return converted


def show(setting: str, value: object) -> str | None:
    """A wrong value for an error message; None where it is, or may be, a secret."""
    kinds = _parts(kind_of(setting))
    if Secret in kinds or any(get_origin(kind) in {dict, tuple} for kind in kinds):
        return None
    if not isinstance(value, str | int | float):
        return None
    if not isinstance(value, str):
        return str(value).lower() if isinstance(value, bool) else str(value)[:_LONGEST_SHOWN]
    if setting.endswith("base_url"):
        return _shown_address(value)
    if len(value) > _LONGEST_SHOWN:
        return f"a text of {len(value)} characters"
    return '"' + "".join(char if char.isprintable() else "?" for char in value) + '"'


def nearest(name: str, names: Iterable[str]) -> str:
    """`; did you mean X?` where some name is near, else nothing."""
    names = list(names)
    last = [known for known in names if known.rpartition(".")[2] == name.rpartition(".")[2].lower()]
    near = get_close_matches(name, last, 1, cutoff=0) or get_close_matches(name.lower(), names, 1)
    return f"; did you mean {near[0]}?" if near else ""


def is_address(value: str) -> bool:
    """Whether it is an http or https URL with a host and without a user, a password or anything that hides one."""
    if not value.isprintable() or " " in value or "\\" in value:
        return False
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return False
    named = bool(parts.hostname) and _HOST.fullmatch(parts.hostname or "") is not None
    return parts.scheme in {"http", "https"} and named and "@" not in parts.netloc and port != 0


def _leaves(section: type[Section], prefix: str) -> Iterable[tuple[str, Any]]:
    for name, kind in field_types(section).items():
        if is_section(kind):
            yield from _leaves(kind, f"{prefix}{name}.")
        elif name != "providers":
            yield prefix + name, kind


def _hide(kind: type, value: object) -> object:
    if kind is Secret and isinstance(value, str):
        return Secret(value.strip())
    raise ValueError("not a text")


def _is_blank(setting: str, value: object) -> bool:
    """Empty, or with control characters, which belong in no setting but the classifier's prompt."""
    if isinstance(value, str):
        return not value.strip() or not (value.isprintable() or setting.endswith("prompt"))
    return value == Secret("")


def _wanted(setting: str, rule: Rule | None) -> str:
    return rule.wanted if rule else _words(kind_of(setting))


def _words(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(get_args(kind))
    return next(
        (_WORDS[part] for part in (bool, int) if part in _parts(kind)),
        "a text, neither empty nor with control characters",
    )


_WORDS: dict[Any, str] = {bool: "true or false", int: "a whole number"}


def _parts(kind: Any) -> set[Any]:
    return set(get_args(kind)) if isinstance(kind, UnionType) else {kind}


def _rule(setting: str, providers: Collection[str]) -> Rule | None:
    name = setting.rpartition(".")[2]
    if name == "provider":
        known = ("auto", *providers)
        return Rule("one of " + ", ".join(known), lambda value: value in known) if providers else None
    if name.endswith("_ms"):
        return _whole("a whole number of milliseconds", 0, _MOST)
    return _PRICE if name.endswith("_price") else _RULES.get(name)


def _whole(words: str, least: int, most: int) -> Rule:
    return Rule(f"{words} from {least} to {most}", lambda value: value is None or least <= value <= most)


def _are_headers(value: dict[str, str]) -> bool:
    names = [name.lower() for name in value]
    return (
        all(_HEADER_NAME.fullmatch(name) for name in names)
        and all(_HEADER_VALUE.fullmatch(text) for text in value.values())
        and not _FRAMING.intersection(names)
        and len(set(names)) == len(names)
    )


def _are_keys(value: tuple[Any, ...]) -> bool:
    names = [each.name for each in value]
    return all(names) and len(set(names)) == len(names)


def _is_redis(value: Secret) -> bool:
    try:
        parts = urlsplit(value.reveal())
        return (parts.scheme in {"redis", "rediss"} and bool(parts.hostname) and parts.port != 0) or (
            parts.scheme == "unix" and bool(parts.path)
        )
    except ValueError:
        return False


def _shown_address(value: str) -> str | None:
    """Scheme and host alone: the rest of a mistyped address may be a key."""
    scheme, found, rest = value.partition("://")
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    safe = found and "@" not in value and value.isprintable() and len(host) <= 2 * _LONGEST_SHOWN
    return f'"{scheme}://{host}"' if safe and scheme.isalpha() else None


_PRICE = Rule(
    "a price in USD per million tokens, 0 or more", lambda value: value is None or (value >= 0 and math.isfinite(value))
)
_RULES = {
    "port": _whole("a whole number", 1, 65535),
    "max_body_bytes": _whole("a whole number of bytes", 1, 2**53),
    "context_window": _whole("a whole number of tokens", 1, _MOST),
    "max_output_tokens": _whole("a whole number of tokens", 1, _MOST),
    "loading_max_retries": _whole("a whole number", 0, 10_000),
    "base_url": Rule("an http:// or https:// address with a host, without a user or a password in it", is_address),
    "host": Rule("a host name or an IP address, such as 127.0.0.1", lambda value: bool(_HOST.fullmatch(value))),
    "headers": Rule(
        "a table of header names and texts without control characters, and none of "
        f'{", ".join(sorted(_FRAMING))} (in the environment a JSON object of strings, such as {{"X-Team": "red"}})',
        _are_headers,
    ),
    "body": Rule(f"a table without {', '.join(sorted(_OURS))}", lambda value: not _OURS.intersection(value)),
    "redis_url": Rule("a redis://, rediss:// or unix:// address", _is_redis),
    "ca_file": Rule("the path of a file with certificates", lambda value: Path(value).is_file()),
    "keys": Rule("a list of tables, each with a name of its own and a key", _are_keys),
    "allowed_hosts": Rule("a list of host names", lambda value: all(_HOST.fullmatch(host) for host in value)),
}
