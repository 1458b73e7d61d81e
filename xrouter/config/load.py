"""The one loader: defaults ← config.toml ← .env ← environment ← flags, and where each value came from.

Whatever is wrong is collected and raised at once.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import msgspec

from xrouter.config import keys, layers, paths
from xrouter.config.bind import Given, complete
from xrouter.config.layers import Entry
from xrouter.config.model import Config, Endpoint, Section
from xrouter.config.schema import convert, field_types, is_section, settings, show
from xrouter.errors import ConfigError

Check = Callable[[Config], list[str]]
"""What is missing from settings, one line a finding that begins with a name."""


class Loaded(msgspec.Struct, frozen=True):
    """The settings, where each came from, and the file that was looked for.

    `origins` has every setting: "default", the path of config.toml, ".env: NAME", "environment: NAME", "flag --port".
    """

    config: Config
    origins: dict[str, str]
    path: Path
    exists: bool


def load(
    *,
    environ: Mapping[str, str],
    cwd: Path,
    config_file: Path | None = None,
    flags: Mapping[str, object] | None = None,
    providers: Collection[str] = (),
    check: Check | None = None,
) -> Loaded:
    """All settings, complete: what `use` names and the cheap tier inherits is filled in, key references are followed.

    Providers' names are checked where `providers` are given. Raises ConfigError with everything that is wrong, and
    with what `check` finds missing beside it; where only something is missing, that is for the caller to see.
    """
    file = config_file or paths.config_file(environ)
    read = (
        layers.read_toml(file, needed=config_file is not None or bool(environ.get("XROUTER_CONFIG"))),
        layers.read_dotenv(cwd),
        layers.read_environment(environ, cwd),
        layers.read_flags(flags or {}, cwd),
    )
    findings = list(itertools.chain.from_iterable(layer_findings for _, layer_findings in read))
    given: Given = {}
    for entry in itertools.chain.from_iterable(entries for entries, _ in read):
        _put(entry, given, providers, findings)
    dropped, more = complete(given)
    findings += more
    _follow_references(given, environ, findings)
    if findings:
        named = {finding.partition(" ")[0] for finding in findings}
        missing = [] if check is None else check(_build(given))
        findings += [finding for finding in missing if finding.partition(" ")[0] not in named]
        raise ConfigError(list(dict.fromkeys(findings)))
    return Loaded(_build(given), _origins(given, dropped), file, file.is_file())


def _put(entry: Entry, given: Given, providers: Collection[str], findings: list[str]) -> None:
    try:
        value = convert(entry.setting, entry.value, providers)
    except ValueError as wanted:
        shown = show(entry.setting, entry.value)
        said = f"is {shown}" if shown else "cannot be used"
        findings.append(f"{entry.name} {said}; it must be {wanted} ({entry.where})")
    else:
        below = given.get(entry.setting)
        given[entry.setting] = entry._replace(value=value, replaced=below and below.value)


def _follow_references(given: Given, environ: Mapping[str, str], findings: list[str]) -> None:
    """Only where a key counts: one of a provider that nothing uses may be missing."""
    for setting, entry in given.items():
        if keys.is_key(setting) and not setting.startswith("providers."):
            try:
                given[setting] = keys.follow(entry, environ)
            except ValueError as finding:
                findings.append(str(finding))


def _build(given: Given) -> Config:
    values = {setting: entry.value for setting, entry in given.items()}
    config: Config = _section(Config, "", values)
    names = dict.fromkeys(
        setting.removeprefix("providers.").rpartition(".")[0] for setting in values if setting.startswith("providers.")
    )
    providers = {name: _section(Endpoint, f"providers.{name}.", values) for name in names}
    return msgspec.structs.replace(config, providers=providers)


def _section(section: type[Section], prefix: str, values: Mapping[str, Any]) -> Any:
    members: dict[str, Any] = {}
    for name, kind in field_types(section).items():
        setting = prefix + name
        if is_section(kind):
            members[name] = _section(kind, f"{setting}.", values)
        elif setting in values:
            members[name] = values[setting]
    return section(**members)


def _origins(given: Given, dropped: Mapping[str, str]) -> dict[str, str]:
    origins = {setting: dropped.get(setting, "default") for setting in settings()}
    return origins | {setting: entry.origin for setting, entry in given.items()}
