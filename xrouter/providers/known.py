"""A start with nothing configured: one well-known key in the environment is enough."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from xrouter import plugins
from xrouter.chat.target import TIERS
from xrouter.config.check import is_untouched
from xrouter.config.load import Loaded
from xrouter.config.model import Config, Tier, Tiers
from xrouter.config.secret import Secret
from xrouter.providers.catalog import rows


def from_known_key(loaded: Loaded, environ: Mapping[str, str]) -> tuple[Loaded, str] | None:
    """(the settings with that provider's three usual models as tiers, one line that says so).

    None where anything is configured, or no key is there whose provider can be spoken to.
    """
    if not is_untouched(loaded.config):
        return None
    for name, row in rows().items():
        for variable in row.key_variables if row.models and plugins.knows("dialect", row.dialect) else ():
            key = environ.get(variable, "").strip()
            if key and key.isascii() and key.isprintable() and " " not in key:
                return _filled(loaded, name, variable, Secret(key)), _notice(name, variable)
    return None


def _filled(loaded: Loaded, name: str, variable: str, key: Secret) -> Loaded:
    row = rows()[name]
    models = dict(zip(TIERS, row.models or (), strict=True))
    tiers = {
        tier: Tier(provider=name, base_url=row.base_url, api_key=key, model=model) for tier, model in models.items()
    }
    config: Config = msgspec.structs.replace(loaded.config, tiers=Tiers(**tiers))
    usual = f"usual for {name}"
    sources = {
        "provider": usual,
        "base_url": usual,
        "model": usual,
        "api_key": f"environment: {variable}",
    }
    origins = {f"tiers.{tier}.{setting}": source for tier in TIERS for setting, source in sources.items()}
    return msgspec.structs.replace(loaded, config=config, origins=loaded.origins | origins)


def _notice(name: str, variable: str) -> str:
    models = ", ".join(f"{model} ({tier})" for tier, model in zip(TIERS, rows()[name].models or (), strict=True))
    return f"nothing is configured, so {variable} is used with {name}'s usual models: {models}"
