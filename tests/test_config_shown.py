"""The settings as rows to show."""

from __future__ import annotations

from pathlib import Path

from xrouter.config.load import load
from xrouter.config.shown import rows

SECRET = "hunter2-hunter2-hunter2"


def test_no_secret_is_in_a_row(tmp_path: Path) -> None:
    """Keys, headers, passwords in addresses and what follows a URL's question mark are masked wherever they are."""
    (tmp_path / "config.toml").write_text(
        f"""
        [[server.keys]]
        name = "one"
        key = "{SECRET}"
        [providers.p]
        api_key = "{SECRET}"
        headers = {{ Authorization = "{SECRET}" }}
        """
    )
    environ = {
        "ROUTER_API_KEY": SECRET,
        "CHEAP_API_KEY": SECRET,
        "CHEAP_BASE_URL": f"https://api.example/v1?key={SECRET}",
        "CHEAP_HEADERS": f'{{"Authorization": "{SECRET}"}}',
        "REDIS_URL": f"redis://user:{SECRET}@cache.lan:6379/1",
    }
    loaded = load(environ=environ, cwd=tmp_path, config_file=tmp_path / "config.toml")

    shown = {row.setting: row for row in rows(loaded)}

    assert SECRET not in repr(shown)
    assert SECRET not in "".join(row.text for row in shown.values())
    assert shown["tiers.cheap.api_key"].value == "hun…ter2"
    assert shown["tiers.cheap.base_url"].value == "https://api.example/v1?…"
    assert shown["tiers.cheap.headers"].value == {"Authorization": "…"}
    assert shown["cache.redis_url"].value == "redis://…@cache.lan:6379/1"
    assert shown["providers.p.api_key"].value == "hun…ter2"


def test_a_row_says_what_it_is(tmp_path: Path) -> None:
    """A setting without a value is a dash, the host is the one that is listened on, and defaults are told apart."""
    loaded = load(environ={"PORT": "81", "XDG_CONFIG_HOME": str(tmp_path)}, cwd=tmp_path)
    shown = {row.setting: row for row in rows(loaded)}

    assert (shown["server.port"].text, shown["server.port"].is_default) == ("81", False)
    assert (shown["server.host"].text, shown["server.host"].is_default) == ("127.0.0.1", True)
    assert (shown["classifier.model"].text, shown["server.keys"].text) == ("-", "-")
    assert shown["classifier.enabled"].text == "true"
