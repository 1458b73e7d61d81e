"""Keys that are kept elsewhere: `env:NAME` and `file:PATH`."""

from __future__ import annotations

from pathlib import Path

import pytest

from xrouter.config.load import load
from xrouter.config.model import Config
from xrouter.config.secret import Secret
from xrouter.errors import ConfigError


def read(folder: Path, *, toml: str = "", dotenv: str = "", environ: dict[str, str] | None = None) -> Config:
    """Load with these layers; config.toml is in a folder of its own."""
    (folder / ".env").write_text(dotenv)
    (folder / "conf").mkdir(exist_ok=True)
    (folder / "conf/config.toml").write_text(toml)
    return load(environ=environ or {}, cwd=folder, config_file=folder / "conf/config.toml").config


def finding(folder: Path, *, toml: str = "", dotenv: str = "") -> str:
    """The one finding of settings that cannot be loaded."""
    with pytest.raises(ConfigError) as caught:
        read(folder, toml=toml, dotenv=dotenv)
    (found,) = caught.value.findings
    return found


def test_a_variable_holds_the_key(tmp_path: Path) -> None:
    """Tiers, the classifier, used providers, the router's own key and the list of keys may name a variable."""
    config = read(
        tmp_path,
        toml="""
        [server]
        api_key = "env:A"
        [[server.keys]]
        name = "one"
        key = "env:B"
        [classifier]
        api_key = "env:C"
        [tiers.cheap]
        use = "p"
        [providers.p]
        base_url = "http://127.0.0.1:1"
        api_key = "env:D"
        """,
        environ={"A": "a", "B": " b\n", "C": "c", "D": "d"},
    )

    assert config.server.api_key == Secret("a")
    assert config.server.keys[0].key == Secret("b")
    assert config.classifier.api_key == Secret("c")
    assert config.tiers.cheap.api_key == Secret("d")


def test_a_file_holds_the_key(tmp_path: Path) -> None:
    """A path is meant from the folder of config.toml, or from the working directory; the last line end is no part."""
    (tmp_path / "key").write_text("in-cwd\n")
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/key").write_text("beside-the-file\n")

    config = read(
        tmp_path,
        toml="[tiers.cheap]\napi_key = 'file:key'",
        environ={"MEDIUM_API_KEY": "file:key", "FRONTIER_API_KEY": f"file:{tmp_path}/key"},
    )

    assert config.tiers.cheap.api_key == Secret("beside-the-file")
    assert config.tiers.medium.api_key == Secret("in-cwd")
    assert config.tiers.frontier.api_key == Secret("in-cwd")


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("env:NOT_THERE", "tiers.cheap.api_key refers to the variable NOT_THERE, which is not set; set it"),
        ("file:nowhere", "tiers.cheap.api_key refers to {conf}/nowhere, which is not a file; create it"),
        ("file:empty", "tiers.cheap.api_key cannot be a key: it is empty"),
        ("file:lines", "tiers.cheap.api_key cannot be a key"),
        ("file:/dev/zero", "tiers.cheap.api_key refers to /dev/zero, which is not a file"),
    ],
)
def test_a_reference_to_nothing_is_named(tmp_path: Path, reference: str, message: str) -> None:
    """What is missing is one finding with the remedy; what is in a wrong file is not shown."""
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/empty").write_text("\n")
    (tmp_path / "conf/lines").write_text("top secret\nof two lines")

    found = finding(tmp_path, toml=f"[tiers.cheap]\napi_key = '{reference}'")

    assert found.startswith(message.format(conf=tmp_path / "conf"))
    assert "top secret" not in found


@pytest.mark.parametrize("reference", ["env:HOME", "file:/etc/hostname"])
def test_a_dotenv_may_not_refer(tmp_path: Path, reference: str) -> None:
    """A .env could send any file or variable to its own address, so its references are not followed."""
    found = finding(tmp_path, dotenv=f"CHEAP_BASE_URL=https://theirs.example\nCHEAP_API_KEY={reference}")

    assert found.startswith(f"CHEAP_API_KEY is a reference ({reference.partition(':')[0]}:…)")


def test_a_provider_that_nothing_uses_may_lack_its_key(tmp_path: Path) -> None:
    """A table that is only there for later stops nobody; neither does a key that a higher layer replaces."""
    toml = "[providers.p]\napi_key = 'env:NOT_THERE'\n[tiers.cheap]\napi_key = 'env:NOT_THERE'"

    assert read(tmp_path, toml=toml, environ={"CHEAP_API_KEY": "k"}).tiers.cheap.api_key == Secret("k")
