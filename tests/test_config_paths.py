"""Where the settings and the state are."""

from __future__ import annotations

from pathlib import Path

from xrouter.config.paths import config_file, data_dir, usage_store


def test_xdg_folders_count(tmp_path: Path) -> None:
    """XDG_CONFIG_HOME and XDG_DATA_HOME say where the settings and the history are."""
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "c"), "XDG_DATA_HOME": str(tmp_path / "d")}

    assert config_file(environ) == tmp_path / "c/xrouter/config.toml"
    assert data_dir(environ) == tmp_path / "d/xrouter"
    assert usage_store(environ) == tmp_path / "d/xrouter/usage.sqlite"


def test_a_named_file_counts_before_xdg(tmp_path: Path) -> None:
    """XROUTER_CONFIG names another settings' file."""
    environ = {"XDG_CONFIG_HOME": str(tmp_path), "XROUTER_CONFIG": str(tmp_path / "mine.toml")}

    assert config_file(environ) == tmp_path / "mine.toml"


def test_a_home_sign_is_followed(home: Path) -> None:
    """`~` in XROUTER_CONFIG is the user's home."""
    assert config_file({"XROUTER_CONFIG": "~/mine.toml"}) == home / "mine.toml"


def test_a_relative_xdg_folder_is_ignored(home: Path) -> None:
    """The XDG specification allows absolute paths alone; else the platform's own folder is meant."""
    assert config_file({"XDG_CONFIG_HOME": "here"}) == home / ".config/xrouter/config.toml"
