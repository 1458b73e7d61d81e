"""A start with one well-known key."""

from __future__ import annotations

from pathlib import Path

import pytest

from xrouter.config.check import findings
from xrouter.config.load import Loaded, load
from xrouter.config.secret import Secret
from xrouter.providers.catalog import rows
from xrouter.providers.known import from_known_key


def loaded(folder: Path, **environ: str) -> Loaded:
    """Settings of this environment alone."""
    return load(environ={"XDG_CONFIG_HOME": str(folder), **environ}, cwd=folder)


@pytest.mark.parametrize(
    ("name", "variable"), [(name, variable) for name, row in rows().items() for variable in row.key_variables]
)
def test_one_key_is_enough(tmp_path: Path, name: str, variable: str) -> None:
    """Its provider's three usual models become the tiers, and a line says so without the key."""
    row = rows()[name]
    started = from_known_key(loaded(tmp_path), {variable: " secret-key "})

    assert started is not None
    settings, notice = started
    tiers = (settings.config.tiers.cheap, settings.config.tiers.medium, settings.config.tiers.frontier)
    assert tuple(tier.model for tier in tiers) == row.models
    assert {(tier.provider, tier.base_url, tier.api_key) for tier in tiers} == {
        (name, row.base_url, Secret("secret-key"))
    }
    assert findings(settings.config) == []
    assert settings.origins["tiers.medium.api_key"] == f"environment: {variable}"
    assert notice.startswith(f"nothing is configured, so {variable} is used with {name}'s usual models: ")
    assert "secret-key" not in notice


@pytest.mark.parametrize(
    "environ",
    [
        {"FRONTIER_BASE_URL": "https://api.example"},
        {"FRONTIER_MODEL": "m"},
        {"CLASSIFIER_BASE_URL": "http://127.0.0.1:1"},
    ],
)
def test_what_is_configured_counts(tmp_path: Path, environ: dict[str, str]) -> None:
    """Anything configured means that the user wants that, and the known key is not touched."""
    assert from_known_key(loaded(tmp_path, **environ), {"OPENAI_API_KEY": "k"}) is None


@pytest.mark.parametrize(
    "environ", [{}, {"OPENAI_API_KEY": " "}, {"OPENAI_API_KEY": "a b"}, {"AZURE_OPENAI_API_KEY": "k"}]
)
def test_no_usable_key_no_start(tmp_path: Path, environ: dict[str, str]) -> None:
    """Without a key, or with one that alone says too little, nothing is made up."""
    assert from_known_key(loaded(tmp_path), environ) is None


def test_the_first_of_several_keys_is_taken(tmp_path: Path) -> None:
    """The catalogue's order decides."""
    started = from_known_key(loaded(tmp_path), {"GROQ_API_KEY": "g", "OPENAI_API_KEY": "o"})

    assert started is not None
    assert started[0].config.tiers.cheap.provider == "openai"


def test_the_usual_of_two_names_is_taken(tmp_path: Path) -> None:
    """Where both names of a provider's key are set, the first in the catalogue counts."""
    started = from_known_key(loaded(tmp_path), {"GOOGLE_API_KEY": "maps", "GEMINI_API_KEY": "gemini"})

    assert started is not None
    assert started[0].config.tiers.cheap.api_key == Secret("gemini")
