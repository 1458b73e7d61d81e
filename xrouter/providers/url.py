"""From the base URL that a user pasted to the address of the chat endpoint."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from xrouter.providers.catalog import Row, is_host_of

_ENDPOINTS = {
    "openai": "/chat/completions",
    "responses": "/responses",
    "anthropic": "/messages",
    "gemini": "/models/{model}",
    "cohere": "/chat",
}
_WHOLE = dict(_ENDPOINTS, anthropic=r"/messages(?:/count_tokens)?", gemini=r"/models/(?P<model>[^/:]+)(?::\w+)?")
_OTHERS = "chat/completions|completions|responses|messages|models|embeddings"
_OLLAMAS = {"openai": "|api/(?:chat|generate|tags)"}
_PASTED = {
    dialect: re.compile(rf"(?P<whole>{whole})$|/(?:{_OTHERS}{_OLLAMAS.get(dialect, '')})$", re.IGNORECASE)
    for dialect, whole in _WHOLE.items()
}
"""What may stand at the end of a base URL and is no part of it: its chat endpoint, or another one."""
_VERSIONED = re.compile(r"/(?:v[0-9]+[a-z0-9]*(?:/openai)?|beta|endpoints/openai)$", re.IGNORECASE)
_OLD_COHERE = re.compile(r"/v1$", re.IGNORECASE)
_VERTEX_HOST = "aiplatform.googleapis.com"
_PROJECT = re.compile(r"/projects/[^/]+/locations/[^/]+", re.IGNORECASE)
_BARE_PROJECT = re.compile(rf"(^|/(?!v[0-9])[^/]+)({_PROJECT.pattern})", re.IGNORECASE)


class Address(msgspec.Struct, frozen=True):
    """Where chat requests go, and in which dialect.

    `url` has `{model}` in it for `gemini`, which the dialect fills in and adds the method to. `model` is the one that
    the pasted address names, `wire_model` the one that the body must name in place of the tier's. `include_usage` is
    False where stream_options are not understood.
    """

    url: str
    dialect: str
    model: str | None = None
    wire_model: str | None = None
    include_usage: bool = True


def find_address(base_url: str, row: Row) -> Address:
    """The endpoint for a base URL with or without a version, with a path, or with the whole endpoint pasted.

    A path that ends in a version is kept; any other gets the provider's own version. A whole chat endpoint below a
    path of its own (a gateway's) is taken as it is. The query and the fragment are left out.
    """
    parts = split(base_url)
    dialect = openai_dialect(parts.path) if row.dialect == "openai" else row.dialect
    found = _PASTED[dialect].search(parts.path)
    path = parts.path[: found.start()] if found else parts.path
    whole = found.groupdict() if found and found["whole"] else {}
    if dialect == "gemini" and (_PROJECT.search(path) or (parts.hostname or "").endswith(_VERTEX_HOST)):
        path = _vertex(path)
    elif dialect == "cohere":
        path = _OLD_COHERE.sub("/v2", path)
    is_gateways = bool(whole and path) and not is_host_of(parts.hostname or "", row)
    if not (is_gateways or _VERSIONED.search(path) or "/publishers/" in path):
        path = join(path, row.version)
    model = unquote(whole.get("model") or "{model}")
    url = origin(parts) + path + _ENDPOINTS[dialect]
    return Address(url, dialect, None if model == "{model}" else model)


def openai_dialect(path: str) -> str:
    """Which of OpenAI's two formats is spoken at a pasted path."""
    return "responses" if path.lower().endswith("/responses") else "openai"


def split(base_url: str) -> SplitResult:
    """The parts of a URL; in its path each slash stands once, and none at the end."""
    parts = urlsplit(base_url.strip())
    return parts._replace(path=re.sub("/{2,}", "/", parts.path).rstrip("/"))


def origin(parts: SplitResult) -> str:
    """Scheme, host and port."""
    return f"{parts.scheme}://{parts.netloc}"


def join(path: str, rest: str) -> str:
    """`/openai` and `/openai/v1` are `/openai/v1`: what both have in the middle is written once."""
    for size in range(len(rest), 0, -1):
        if rest[:size] == path[-size:] and rest[size : size + 1] in {"", "/"}:
            return path + rest[size:]
    return path + rest


def _vertex(path: str) -> str:
    """Google's models in a project; without one ("express mode") they stand right behind the version."""
    path = _BARE_PROJECT.sub(r"\1/v1beta1\2", path, count=1)
    if not _PROJECT.search(path) and not re.match(r"/v[0-9]", path):
        path = f"/v1{path}"
    return path if "/publishers/" in path else join(path, "/publishers/google")
