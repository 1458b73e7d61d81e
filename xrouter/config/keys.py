"""Keys: `env:NAME` and `file:PATH` instead of the key itself, and what a key may look like.

References are followed from config.toml, the environment and flags. A .env may come with a cloned repository, so one
in it is refused: it could have any variable or file of this user sent to an address of its own.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Mapping

import msgspec

from xrouter.config.layers import Entry, Layer
from xrouter.config.secret import Secret

_REFERENCE = re.compile(r"(env|file):(.*)", re.DOTALL)
_KEY = re.compile(r"[\x21-\x7e]+")
_LONGEST = 16_384


def is_key(setting: str) -> bool:
    """Whether a setting holds one key or several."""
    return setting.endswith(".api_key") or setting == "server.keys"


def follow(entry: Entry, environ: Mapping[str, str]) -> Entry:
    """The entry with its keys themselves. Raises ValueError with a finding."""
    if entry.setting == "server.keys":
        keys = tuple(msgspec.structs.replace(each, key=_key(entry, each.key.reveal(), environ)) for each in entry.value)
        return entry._replace(value=keys)
    written = entry.value.reveal()
    reference = f" ({written})" if _REFERENCE.fullmatch(written) else ""
    return entry._replace(value=_key(entry, written, environ), origin=entry.origin + reference)


def _key(entry: Entry, written: str, environ: Mapping[str, str]) -> Secret:
    reference = _REFERENCE.fullmatch(written)
    key = _look_up(entry, reference[1], reference[2].strip(), environ) if reference else written
    if not _KEY.fullmatch(key) or len(key) > _LONGEST:
        raise ValueError(
            f"{entry.name} cannot be a key: it is empty, too long, or holds a space, a line end or a character beyond "
            f"ASCII; copy the key once more ({entry.where})"
        )
    return Secret(key)


def _look_up(entry: Entry, kind: str, name: str, environ: Mapping[str, str]) -> str:
    if entry.layer is Layer.DOTENV:
        raise ValueError(
            f"{entry.name} is a reference ({kind}:…), and those are not followed from a .env, which may come with "
            f"somebody else's files; put the key itself there, or the reference in config.toml ({entry.where})"
        )
    if kind == "env":
        key = environ.get(name, "").strip()
        if not key:
            raise ValueError(f"{entry.name} refers to the variable {name}, which is not set; set it ({entry.where})")
        return key
    file = entry.folder / os.path.expanduser(name)  # noqa: PTH111 - Path's own raises where there is no such user
    try:
        if not file.is_file():
            raise ValueError(f"{entry.name} refers to {file}, which is not a file; create it ({entry.where})")
        with file.open(encoding="ascii", errors="replace") as stream:
            return stream.read(_LONGEST + 2).strip()
    except OSError as error:
        raise ValueError(f"{entry.name} refers to {file}: {error.strerror}; make it readable ({entry.where})") from None
