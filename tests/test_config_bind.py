"""What tiers take from elsewhere, and that a key stays with the URL it was configured with."""

from __future__ import annotations

from pathlib import Path

import pytest

from xrouter.config.load import Loaded, load
from xrouter.config.secret import Secret

MINE, OTHER = Secret("my-key"), Secret("another-key")


def read(folder: Path, *, toml: str = "", dotenv: str = "", environ: dict[str, str] | None = None) -> Loaded:
    """Load with these layers."""
    (folder / ".env").write_text(dotenv)
    (folder / "config.toml").write_text(toml)
    return load(environ=environ or {}, cwd=folder, config_file=folder / "config.toml")


TOML = "[tiers.frontier]\nbase_url = 'https://mine.example'\napi_key = 'my-key'\nheaders = { Authorization = 'my-key' }"


def test_a_dotenv_that_sets_a_url_gets_no_key(tmp_path: Path) -> None:
    """A cloned repository's .env cannot have this user's key, or headers, sent to its own address."""
    loaded = read(tmp_path, toml=TOML, dotenv="FRONTIER_BASE_URL=https://theirs.example")

    frontier = loaded.config.tiers.frontier
    assert (frontier.base_url, frontier.api_key, frontier.headers) == ("https://theirs.example", None, {})
    assert loaded.origins["tiers.frontier.api_key"] == (
        f"not taken from {tmp_path / 'config.toml'}: the URL comes from .env: FRONTIER_BASE_URL"
    )


def test_a_layer_with_url_and_key_has_both(tmp_path: Path) -> None:
    """A layer that sets both uses its own key."""
    dotenv = "FRONTIER_BASE_URL=https://theirs.example\nFRONTIER_API_KEY=another-key"

    assert read(tmp_path, toml=TOML, dotenv=dotenv).config.tiers.frontier.api_key == OTHER


def test_the_environment_inherits_no_key_of_a_dotenv(tmp_path: Path) -> None:
    """The rule holds between any two layers."""
    dotenv = "FRONTIER_BASE_URL=https://theirs.example\nFRONTIER_API_KEY=another-key"
    environ = {"FRONTIER_BASE_URL": "https://third.example"}

    assert read(tmp_path, toml=TOML, dotenv=dotenv, environ=environ).config.tiers.frontier.api_key is None


def test_a_higher_layer_may_bring_the_key(tmp_path: Path) -> None:
    """A key above the URL's layer is the user's own choice: the URL in a file, the key in the environment."""
    toml = "[tiers.frontier]\nbase_url = 'https://mine.example'"

    assert read(tmp_path, toml=toml, environ={"FRONTIER_API_KEY": "my-key"}).config.tiers.frontier.api_key == MINE


def test_the_classifier_is_bound_too(tmp_path: Path) -> None:
    """CLASSIFIER_BASE_URL of a .env does not get the classifier's key, and so the cheap tier does not either."""
    toml = "[classifier]\nbase_url = 'https://mine.example'\napi_key = 'my-key'"

    config = read(tmp_path, toml=toml, dotenv="CLASSIFIER_BASE_URL=https://theirs.example").config

    assert (config.classifier.api_key, config.tiers.cheap.api_key) == (None, None)


def test_the_cheap_tiers_own_key_does_not_follow_an_inherited_url(tmp_path: Path) -> None:
    """Where the cheap tier takes the classifier's URL, its key must be at least as high as that URL."""
    toml = "[classifier]\nbase_url = 'https://mine.example'\n[tiers.cheap]\napi_key = 'my-key'"

    assert read(tmp_path, toml=toml).config.tiers.cheap.api_key == MINE
    dotenv = "CLASSIFIER_BASE_URL=https://theirs.example\nCLASSIFIER_API_KEY=another-key"
    cheap = read(tmp_path, toml=toml, dotenv=dotenv).config.tiers.cheap
    assert (cheap.base_url, cheap.api_key) == ("https://theirs.example", OTHER)


def test_cheap_inherits_from_the_classifier(tmp_path: Path) -> None:
    """Without CHEAP_BASE_URL the cheap tier is at the classifier's, with whatever else it does not have."""
    environ = {
        "CLASSIFIER_BASE_URL": "http://127.0.0.1:1",
        "CLASSIFIER_API_KEY": "my-key",
        "CLASSIFIER_MODEL": "small",
        "CHEAP_MODEL": "own",
    }

    loaded = read(tmp_path, environ=environ)

    cheap = loaded.config.tiers.cheap
    assert (cheap.base_url, cheap.api_key, cheap.model) == ("http://127.0.0.1:1", MINE, "own")
    assert loaded.origins["tiers.cheap.api_key"] == "classifier.api_key (environment: CLASSIFIER_API_KEY)"


def test_cheap_with_a_url_inherits_nothing(tmp_path: Path) -> None:
    """Once CHEAP_BASE_URL is set, neither key nor model nor provider is the classifier's."""
    environ = {
        "CLASSIFIER_BASE_URL": "http://127.0.0.1:1",
        "CLASSIFIER_API_KEY": "my-key",
        "CLASSIFIER_MODEL": "small",
        "CHEAP_BASE_URL": "http://127.0.0.1:2",
    }

    cheap = read(tmp_path, environ=environ).config.tiers.cheap
    assert (cheap.base_url, cheap.api_key, cheap.model) == ("http://127.0.0.1:2", None, None)


PROVIDERS = """
[providers.fast]
provider = "groq"
base_url = "https://api.groq.com"
api_key = "my-key"
headers = { X-Team = "red" }
"""


def test_use_fills_in_what_is_not_set(tmp_path: Path) -> None:
    """A tier and the classifier take address, key, headers and provider of the table that they use."""
    toml = PROVIDERS + "[tiers.cheap]\nuse = 'fast'\nheaders = { A = 'b' }\n[classifier]\nuse = 'fast'"

    loaded = read(tmp_path, toml=toml)

    cheap, classifier = loaded.config.tiers.cheap, loaded.config.classifier
    assert (cheap.provider, cheap.base_url, cheap.api_key) == ("groq", "https://api.groq.com", MINE)
    assert cheap.headers == {"A": "b"}
    assert (classifier.provider, classifier.base_url, classifier.api_key) == ("groq", "https://api.groq.com", MINE)
    assert classifier.headers == {"X-Team": "red"}
    assert loaded.origins["tiers.cheap.base_url"] == f"{tmp_path / 'config.toml'} [providers.fast]"


@pytest.mark.parametrize("layer", ["config.toml", ".env"])
def test_a_tier_with_a_url_of_its_own_gets_no_key_of_the_provider(tmp_path: Path, layer: str) -> None:
    """`use` gives key and headers only together with the provider's address."""
    toml = PROVIDERS + "[tiers.cheap]\nuse = 'fast'\n"
    if layer == "config.toml":
        loaded = read(tmp_path, toml=toml + "base_url = 'https://theirs.example'")
    else:
        loaded = read(tmp_path, toml=toml, dotenv="CHEAP_BASE_URL=https://theirs.example")

    cheap = loaded.config.tiers.cheap
    assert (cheap.base_url, cheap.api_key, cheap.headers) == ("https://theirs.example", None, {})


def test_the_classifier_may_use_the_cheap_tier(tmp_path: Path) -> None:
    """`use = "cheap"` names no table: the tier itself is the classifier."""
    toml = "[classifier]\nuse = 'cheap'\n[tiers.cheap]\nbase_url = 'http://127.0.0.1:1'"

    classifier = read(tmp_path, toml=toml).config.classifier
    assert (classifier.use, classifier.base_url) == ("cheap", None)
