"""What is missing before anything can be served, each with its remedy; and what is risky."""

from __future__ import annotations

from typing import Literal

from xrouter.chat.target import TIERS, TierName
from xrouter.config.envmap import NAMES
from xrouter.config.model import Config, Tiers
from xrouter.wire.host import is_loopback


def findings(config: Config) -> list[str]:
    """Everything that is missing to serve, all at once; nothing where the settings are complete."""
    found = [_missing(f"tiers.{tier}.base_url") for tier in needed_tiers(config) if not has_address(config, tier)]
    if found and is_untouched(config):
        found.append(
            "nothing is configured yet: xrouter config path says where config.toml goes; xrouter demo shows it at work"
        )
    if config.classifier.enabled and config.classifier.kind in {"llm", "hybrid"} and not _has_judge(config):
        found.append(
            f"CLASSIFIER_BASE_URL is not set, and the classifier's kind is {config.classifier.kind}; set it, or "
            'classifier.use = "cheap" in config.toml, or CLASSIFIER_KIND=embedded'
        )
    if (tier := config.server.passthrough) is not None and not has_address(config, tier) and not found:
        found.append(f'server.passthrough is "{tier}", and {NAMES[f"tiers.{tier}.base_url"]} is not set')
    return found


def warnings(config: Config) -> list[str]:
    """What works and is a risk."""
    server = config.server
    if server.api_key is not None or server.keys or is_loopback(listen_host(config)):
        return []
    risk = "whoever reaches this machine can use the router and spend on its providers' keys"
    return [f"HOST is {server.host} and ROUTER_API_KEY is not set: {risk}; set ROUTER_API_KEY, or HOST=127.0.0.1"]


def listen_host(config: Config) -> str:
    """Where to listen: all interfaces only where a key protects them, or where the user says so."""
    server = config.server
    return server.host or ("0.0.0.0" if server.api_key is not None or server.keys else "127.0.0.1")


def classifier_kind(config: Config) -> Literal["llm", "embedded", "hybrid"]:
    """The kind, with `auto` decided: an LLM where there is one to ask."""
    kind = config.classifier.kind
    if kind == "auto":
        return "llm" if _has_judge(config) else "embedded"
    return kind


def needed_tiers(config: Config) -> tuple[TierName, ...]:
    """The tiers that must have an address."""
    return TIERS if config.classifier.enabled else TIERS[-1:]


def has_address(config: Config, tier: TierName) -> bool:
    """Whether it is known where a tier is."""
    return config.tiers.get(tier).base_url is not None


def is_untouched(config: Config) -> bool:
    """Whether no tier and no classifier is configured at all."""
    return config.tiers == Tiers() and config.classifier.base_url is None and config.classifier.use is None


def _has_judge(config: Config) -> bool:
    return config.classifier.base_url is not None or config.classifier.use == "cheap"


def _missing(setting: str) -> str:
    return f"{NAMES[setting]} is not set; set it, or {setting} in config.toml"
