"""The settings, with their defaults; these live here and nowhere else.

Names are the TOML keys. A unit is part of the name: `_ms` milliseconds, `_bytes` bytes, `_price` USD per million
tokens.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from xrouter.chat.target import TierName
from xrouter.config.secret import Secret

Level = Literal["debug", "info", "warn", "error"]
ClassifierKind = Literal["auto", "llm", "embedded", "hybrid"]
Profile = Literal["save", "balanced", "quality"]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the TOML file."""


class ServerKey(Section, frozen=True):
    """One of several keys that clients may use."""

    name: str
    key: Secret


class Server(Section, frozen=True):
    """Where to listen, who may ask, and how much."""

    host: str | None = None
    port: int = 3000
    api_key: Secret | None = None
    keys: tuple[ServerKey, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    passthrough: TierName | None = None
    client_header_timeout_ms: int = 10_000
    client_body_timeout_ms: int = 60_000
    max_body_bytes: int = 64 * 1024 * 1024
    drain_timeout_ms: int = 30_000


class Logging(Section, frozen=True):
    """What is logged, and where to."""

    level: Level = "info"
    to_file: bool = False
    dir: str = "./logs"
    prompts: bool = False


class Classifier(Section, frozen=True):
    """Who judges a request."""

    enabled: bool = True
    kind: ClassifierKind = "auto"
    use: str | None = None
    provider: str = "auto"
    base_url: str | None = None
    api_key: Secret | None = None
    headers: dict[str, str] = {}
    model: str | None = None
    system_prompt: str | None = None
    timeout_ms: int = 5_000
    force_stream: bool = True
    warmup: bool = True
    warmup_delay_ms: int = 0
    keep_alive_ms: int | None = None
    loading_retry_ms: int = 1_000
    loading_max_retries: int = 10


class Endpoint(Section, frozen=True):
    """A provider that is described once, as [providers.NAME]."""

    provider: str = "auto"
    base_url: str | None = None
    api_key: Secret | None = None
    headers: dict[str, str] = {}
    deployment: str | None = None
    api_version: str | None = None


class Tier(Endpoint, frozen=True):
    """A provider with a model: what one tier asks."""

    use: str | None = None
    model: str | None = None
    context_window: int | None = None
    input_price: float | None = None
    cached_input_price: float | None = None
    cache_write_price: float | None = None
    output_price: float | None = None
    timeout_ms: int | None = None
    reasoning_effort: str | None = None
    max_output_tokens: int | None = None
    body: dict[str, Any] = {}


class Tiers(Section, frozen=True):
    """The three of them."""

    cheap: Tier = Tier()
    medium: Tier = Tier()
    frontier: Tier = Tier()

    def get(self, name: TierName) -> Tier:
        """The tier of that name."""
        tier: Tier = getattr(self, name)
        return tier


class Routing(Section, frozen=True):
    """How verdicts become targets."""

    profile: Profile = "balanced"
    judge_budget_ms: int = 800


class Cache(Section, frozen=True):
    """Where decisions and counters are shared."""

    redis_url: Secret | None = None


class Upstream(Section, frozen=True):
    """How long to wait for providers, and whom to trust."""

    connect_timeout_ms: int = 5_000
    first_byte_timeout_ms: int = 300_000
    idle_timeout_ms: int = 120_000
    ca_file: str | None = None


class Config(Section, frozen=True):
    """Everything."""

    server: Server = Server()
    logging: Logging = Logging()
    classifier: Classifier = Classifier()
    tiers: Tiers = Tiers()
    routing: Routing = Routing()
    cache: Cache = Cache()
    upstream: Upstream = Upstream()
    providers: dict[str, Endpoint] = {}
