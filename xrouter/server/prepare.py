"""From settings to what `serve` needs, or to everything that is wrong with them; and the words of the start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from xrouter import __version__
from xrouter.chat.target import TIERS
from xrouter.config import check, paths
from xrouter.config.load import Loaded, load
from xrouter.errors import ConfigError
from xrouter.providers.catalog import names
from xrouter.providers.known import from_known_key
from xrouter.providers.resolve import Resolved, findings, resolve, resolve_classifier
from xrouter.server.wiring import Setup


class Prepared(msgspec.Struct, frozen=True):
    """A setup that can be served, and what to tell about it."""

    setup: Setup
    loaded: Loaded
    notices: tuple[str, ...]

    def welcome(self, url: str) -> str:
        """What `serve` prints once it listens."""
        setup = self.setup
        lines = [f"xrouter {__version__} listens on {url}"]
        lines += [_describe(resolved, self.loaded) for resolved in setup.tiers.values()]
        if setup.classifier is not None:
            lines.append(_describe(setup.classifier, self.loaded))
        elif setup.config.classifier.enabled:
            lines.append("  classifier embedded (nothing to install; set CLASSIFIER_BASE_URL to ask a model)")
        lines += [f"Note: {notice}" for notice in self.notices]
        lines.append(f"Point your client at {url}/v1 with the model `auto`; see {url}/usage for what it used.")
        return "\n".join(lines)


def prepare(
    *, environ: Mapping[str, str], cwd: Path, config_file: Path | None = None, flags: Mapping[str, object]
) -> Prepared:
    """Load, check and resolve. Raises ConfigError with everything that is missing or wrong."""
    loaded = load(
        environ=environ, cwd=cwd, config_file=config_file, flags=flags, providers=names(), check=check.findings
    )
    notices = check.warnings(loaded.config)
    known = from_known_key(loaded, environ)
    if known is not None:
        loaded, notice = known
        notices.append(notice)
    config = loaded.config
    wrong = [*check.findings(config), *findings(config, environ)]
    if wrong:
        raise ConfigError(wrong)
    tiers = {name: resolve(name, config.tiers.get(name), environ) for name in TIERS if check.has_address(config, name)}
    asks_model = config.classifier.enabled and check.classifier_kind(config) != "embedded"
    classifier = resolve_classifier(config, environ) if asks_model else None
    setup = Setup(config=config, tiers=tiers, classifier=classifier, usage_file=paths.usage_store(environ))
    return Prepared(setup, loaded, tuple(notices))


def _describe(resolved: Resolved, loaded: Loaded) -> str:
    """Provider, model, address and where they come from; the key masked."""
    target, own = resolved.target, loaded.config.classifier
    if target.tier == "classifier" and own.base_url is not None:
        section, key = "classifier", own.api_key
    else:
        tier = "cheap" if target.tier == "classifier" else target.tier  # classifier.use = "cheap"
        section, key = f"tiers.{tier}", loaded.config.tiers.get(tier).api_key
    what = [target.model or "the client's model", target.provider, target.url]
    whence = [
        f"key {key!r}" if key else "no key",
        f"provider: {resolved.why}",
        f"from {loaded.origins.get(f'{section}.base_url', 'default')}",
    ]
    return f"  {target.tier:10} {' · '.join(what)}\n{'':13}{' · '.join(whence)}"
