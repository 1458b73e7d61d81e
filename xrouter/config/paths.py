"""Where the settings and the state of this user are."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Mapping
from pathlib import Path

import platformdirs

APP = "xrouter"


def config_file(environ: Mapping[str, str]) -> Path:
    """The settings' file: the one that XROUTER_CONFIG names, else config.toml in the user's config folder."""
    named = environ.get("XROUTER_CONFIG")
    if named:
        return Path(os.path.expanduser(named))  # noqa: PTH111 - Path's own raises where there is no such user
    return _folder(environ, "XDG_CONFIG_HOME", platformdirs.user_config_path) / "config.toml"


def data_dir(environ: Mapping[str, str]) -> Path:
    """The folder for what is kept from run to run."""
    return _folder(environ, "XDG_DATA_HOME", platformdirs.user_data_path)


def usage_store(environ: Mapping[str, str]) -> Path:
    """The file with the history of what was used."""
    return data_dir(environ) / "usage.sqlite"


def _folder(environ: Mapping[str, str], variable: str, of_platform: Callable[..., Path]) -> Path:
    """The XDG variable counts on every system, where it is an absolute path as its specification asks."""
    base = Path(environ.get(variable, ""))
    return base / APP if base.is_absolute() else of_platform(APP, appauthor=False)
