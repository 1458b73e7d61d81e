"""What a tier takes from elsewhere: [providers.NAME], the classifier; and which keys it may keep.

A key, and headers, which may hold one, belong to the URL that they were configured with. So a layer that sets a URL
keeps no key of a lower layer: the .env of a cloned repository cannot have this user's key sent to its own address. Nor
may a .env that puts another URL in the place of the file's have the key of the environment, which was meant for that.
"""

from __future__ import annotations

from xrouter.chat.target import TIERS
from xrouter.config.layers import Entry, Layer
from xrouter.config.model import Endpoint
from xrouter.config.schema import field_types, nearest, settings

Given = dict[str, Entry]
"""Setting → the entry that counts."""

BOUND = ("api_key", "headers")
HOLDERS = ("classifier", *(f"tiers.{tier}" for tier in TIERS))


def complete(given: Given) -> tuple[dict[str, str], list[str]]:
    """Fill in all that is taken from elsewhere and drop the keys of other URLs.

    Gives (setting → why its value was dropped, findings).
    """
    findings = [finding for holder in HOLDERS if (finding := _use(given, holder))]
    dropped: dict[str, str] = {}
    for holder in HOLDERS:
        inherits = holder == "tiers.cheap" and f"{holder}.base_url" not in given
        if inherits:
            _inherit(given, "base_url")
        _drop(given, holder, dropped)
        if inherits and f"{holder}.base_url" in given:
            for name in ("api_key", "headers", "model", "provider"):
                _inherit(given, name)
    return dropped, findings


def _use(given: Given, holder: str) -> str | None:
    """Take what the holder itself does not set from the provider that it uses."""
    use = given.get(f"{holder}.use")
    if use is None or (holder == "classifier" and use.value == "cheap"):
        return None
    names = {setting.removeprefix("providers.").rpartition(".")[0] for setting in given if _is_provider(setting)}
    if use.value not in names:
        near = nearest(use.value, names)
        return f'{use.name} is "{use.value}", and there is no [providers.{use.value}] ({use.where}){near}'
    own_url = f"{holder}.base_url" in given
    for name in field_types(Endpoint):
        source = given.get(f"providers.{use.value}.{name}")
        setting = f"{holder}.{name}"
        wanted = setting in settings() and setting not in given and not (own_url and name in BOUND)
        if source is not None and wanted:
            given[setting] = source._replace(setting=setting, origin=f"{source.origin} [providers.{use.value}]")
    return None


def _inherit(given: Given, name: str) -> None:
    """Give the cheap tier what the classifier has and it has not."""
    setting, source = f"tiers.cheap.{name}", given.get(f"classifier.{name}")
    if source is not None and setting not in given:
        given[setting] = source._replace(setting=setting, origin=f"classifier.{name} ({source.origin})")


def _drop(given: Given, holder: str, dropped: dict[str, str]) -> None:
    url = given.get(f"{holder}.base_url")
    for name in BOUND:
        bound = given.get(f"{holder}.{name}")
        if url is not None and bound is not None and not _belongs(bound, url):
            del given[bound.setting]
            dropped[bound.setting] = f"not taken from {bound.origin}: the URL comes from {url.origin}"


def _belongs(bound: Entry, url: Entry) -> bool:
    if url.layer is Layer.DOTENV and url.replaced is not None and url.replaced != url.value:
        return bound.layer is Layer.DOTENV
    return bound.layer >= url.layer


def _is_provider(setting: str) -> bool:
    return setting.startswith("providers.")
