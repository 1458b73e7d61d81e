"""The layers of the settings: config.toml, .env, environment, flags. Each gives entries and what is wrong with it.

A layer is read here and judged elsewhere: nothing is converted, apart from a variable's text being read as a number,
a yes or no, or JSON.
"""

from __future__ import annotations

import io
import tomllib
from collections.abc import Iterable, Mapping
from enum import IntEnum
from pathlib import Path
from typing import Any, NamedTuple

from xrouter.config.envmap import FLAGS, VARIABLES, Reader, text
from xrouter.config.model import Config, Endpoint, Section
from xrouter.config.schema import field_types, is_section, nearest, settings


class Layer(IntEnum):
    """From the lowest to the highest."""

    TOML = 0
    DOTENV = 1
    ENVIRONMENT = 2
    FLAG = 3


class Entry(NamedTuple):
    """One setting as one layer gives it.

    `name` is what the user wrote (`PORT`, `server.port`, `--port`), `where` the place for an error message, `origin`
    the place for a table of settings; `folder` is where the relative path of a key's file starts. `replaced` is the
    value of the layer below that this one takes the place of.
    """

    setting: str
    value: Any
    name: str
    where: str
    origin: str
    layer: Layer
    folder: Path
    replaced: Any = None


Read = tuple[list[Entry], list[str]]
"""Entries and findings."""


def read_toml(file: Path, *, needed: bool) -> Read:
    """The settings' file; that there is none is wrong only where the user named it."""
    try:
        tree = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        finding = (
            f"{file} does not exist; it was named by --config or XROUTER_CONFIG: mend the name, or create the file"
        )
        return [], [finding] if needed else []
    except OSError as error:
        return [], [f"{file} cannot be read: {error.strerror}; it must be a file that this user may read"]
    except UnicodeDecodeError:
        return [], [f"{file} is not UTF-8 text; save it as UTF-8"]
    except tomllib.TOMLDecodeError as error:
        return [], [f"{file} is not valid TOML: {error}"]
    except RecursionError:
        return [], [f"{file} is not valid TOML: it is nested too deeply"]
    entries: list[Entry] = []
    findings: list[str] = []
    for setting, value in _walk(Config, tree, "", file, findings):
        entries.append(Entry(setting, value, setting, str(file), str(file), Layer.TOML, file.parent))
    return entries, findings


def read_dotenv(cwd: Path) -> Read:
    """The .env of the working directory; it is read, never exported."""
    file = cwd / ".env"
    try:
        content = file.read_text("utf-8-sig")
    except (FileNotFoundError, IsADirectoryError):
        return [], []
    except OSError as error:
        return [], [f"{file} cannot be read: {error.strerror}; make it readable, or start from another directory"]
    except UnicodeDecodeError:
        return [], [f"{file} is not UTF-8 text; save it as UTF-8"]
    from dotenv import dotenv_values

    values = dotenv_values(stream=io.StringIO(content), interpolate=False)
    return _variables({name: value or "" for name, value in values.items()}, ".env", Layer.DOTENV, cwd), []


def read_environment(environ: Mapping[str, str], cwd: Path) -> Read:
    """The process's own variables."""
    return _variables(environ, "environment", Layer.ENVIRONMENT, cwd), []


def read_flags(flags: Mapping[str, object], cwd: Path) -> Read:
    """What a command was called with, by parameter (`port`, `log_level`); None is a flag not given."""
    readers: dict[str, Reader] = dict(VARIABLES.values())
    entries: list[Entry] = []
    for flag, value in flags.items():
        if value is None:
            continue
        setting = FLAGS[flag]
        name = "--" + flag.replace("_", "-")
        read = readers.get(setting, text)(value.strip()) if isinstance(value, str) else value
        entries.append(Entry(setting, read, name, "flag", f"flag {name}", Layer.FLAG, cwd))
    return entries, []


def _variables(values: Mapping[str, str], where: str, layer: Layer, cwd: Path) -> list[Entry]:
    """Those that are ours; an empty value is none."""
    entries: list[Entry] = []
    for name, (setting, read) in VARIABLES.items():
        value = values.get(name, "").strip()
        if value:
            entries.append(Entry(setting, read(value), name, where, f"{where}: {name}", layer, cwd))
    return entries


def _walk(
    section: type[Section], table: Mapping[str, object], prefix: str, file: Path, findings: list[str]
) -> Iterable[tuple[str, object]]:
    """Each setting of a table and its tables; keys that are no settings become findings."""
    kinds = field_types(section)
    for key, value in table.items():
        setting = prefix + key
        if key not in kinds:
            near = nearest(setting, _known(prefix, kinds))
            findings.append(f"{setting} is not a setting ({file}){near}")
        elif setting == "providers":
            yield from _walk_providers(value, file, findings)
        elif is_section(kinds[key]):
            yield from _walk_table(kinds[key], value, setting, file, findings)
        else:
            yield setting, value


def _walk_providers(value: object, file: Path, findings: list[str]) -> Iterable[tuple[str, object]]:
    if not isinstance(value, dict):
        findings.append(f"providers must hold tables, such as [providers.groq] ({file})")
        return
    for name, table in value.items():
        yield from _walk_table(Endpoint, table, f"providers.{name}", file, findings)


def _walk_table(
    section: type[Section], value: object, setting: str, file: Path, findings: list[str]
) -> Iterable[tuple[str, object]]:
    if isinstance(value, dict):
        yield from _walk(section, value, f"{setting}.", file, findings)
    else:
        findings.append(f"{setting} must be a table, written [{setting}] ({file})")


def _known(prefix: str, kinds: Mapping[str, object]) -> list[str]:
    """The names beside a wrong one first, then all."""
    everywhere = settings()
    return [*(prefix + name for name in kinds), *{name.rpartition(".")[0] for name in everywhere}, *everywhere]
