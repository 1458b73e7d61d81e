"""What some providers that speak OpenAI want of a request: other roles, bare messages, ids of their own form.

A member is read only where its bytes hold what a provider would refuse, and of the messages only those that do; all
others keep their bytes, for prompt caches compare them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple

from msgspec import Raw

from xrouter.chat.target import Target
from xrouter.wire import json
from xrouter.wire.json import Members

_Mend = Callable[[Members], None]
_pieces = json.Reader(list[Raw])
_object = json.Reader(Members)
_objects = json.Reader(list[Members])
_SYSTEM = Raw(b'"system"')
_CACHE = re.compile(rb'"cache_control"\s*:')
_OWN_ID = re.compile(r"[A-Za-z0-9]{9}")
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BARE = frozenset({"role", "content", "tool_calls", "tool_call_id", "prefix"})
_TURNS = (b'"user"', b'"assistant"')
_TIERS = {b'"default"': b'"on_demand"', b'"priority"': b'"performance"', b'"fast"': b'"performance"'}
"""OpenAI's name of a service tier → Groq's."""


class Demand(NamedTuple):
    """`sign` is what bytes hold that a provider would refuse, `mend` changes one message that does."""

    sign: re.Pattern[bytes]
    mend: _Mend


def mend_request(members: Members, target: Target) -> dict[str, bytes]:
    """Those of a request's members that this target wants otherwise, as JSON; `members` are what the client sent."""
    if not target.quirks:
        return {}
    changes: dict[str, bytes] = {}
    demands = [demand for name, demand in DEMANDS.items() if name in target.quirks]
    messages = members.get("messages")
    if messages is not None and (mended := _mend_messages(messages, demands)):
        changes["messages"] = mended
    if messages is not None and "alternating_roles" in target.quirks:
        changes |= _alternate(Raw(changes.get("messages", messages)))
    tools = members.get("tools")
    if tools is not None and "no_extensions" in target.quirks and _CACHE.search(tools):
        changes["tools"] = _without_cache(tools)
    tier = members.get("service_tier")
    if tier is not None and "own_tiers" in target.quirks and bytes(tier) in _TIERS:
        changes["service_tier"] = _TIERS[bytes(tier)]
    return changes


def _mend_messages(messages: Raw, demands: list[Demand]) -> bytes | None:
    """The list with some messages mended; None where none is in need of it, or it cannot be read."""
    wanted = [demand for demand in demands if demand.sign.search(messages)]
    if not wanted:
        return None
    try:
        return json.encode([_mend_message(piece, wanted) for piece in _pieces.decode(messages)])
    except ValueError:
        return None  # it is the provider who judges whether a request is right


def _mend_message(piece: Raw, demands: list[Demand]) -> Raw:
    wanted = [demand for demand in demands if demand.sign.search(piece)]
    if not wanted:
        return piece
    message = _object.decode(piece)
    for demand in wanted:
        demand.mend(message)
    return Raw(json.encode(message))


def _name_system(message: Members) -> None:
    if _is(message.get("role"), b"developer"):
        message["role"] = _SYSTEM


def _shorten_ids(message: Members) -> None:
    """The same id always becomes the same one, so that calls and results still belong together."""
    if "tool_call_id" in message:
        message["tool_call_id"] = _short(message["tool_call_id"])
    calls = _list_of(message.get("tool_calls"))
    for call in calls:
        if "id" in call:
            call["id"] = _short(call["id"])
    if calls:
        message["tool_calls"] = Raw(json.encode(calls))


def _short(raw: Raw) -> Raw:
    given = json.decode(raw)
    if not isinstance(given, str) or _OWN_ID.fullmatch(given):
        return raw
    number = int.from_bytes(sha256(given.encode("utf-8", "replace")).digest()[:8], "big")
    digits = [_LETTERS[number // len(_LETTERS) ** at % len(_LETTERS)] for at in range(9)]
    return Raw(json.encode("".join(digits)))


def _strip(message: Members) -> None:
    """Members that only other providers know, and cache marks on the parts of the content."""
    for name in [name for name in message if name not in _BARE]:
        if name != "name" or not _is(message.get("role"), b"tool"):
            del message[name]
    content = message.get("content")
    if content is not None and _CACHE.search(content):
        message["content"] = Raw(_without_cache(content))


def _without_cache(items: Raw) -> bytes:
    """A list of objects without their `cache_control`, also where it stands in a tool's function."""
    objects = _list_of(items)
    for item in objects:
        item.pop("cache_control", None)
        if "function" in item and _CACHE.search(item["function"]):
            item["function"] = Raw(json.encode(_without(item["function"], "cache_control")))
    return json.encode(objects) if objects else bytes(items)


def _without(raw: Raw, name: str) -> Members:
    members = _object.decode(raw)
    members.pop(name, None)
    return members


def _link_documents(message: Members) -> None:
    """A file becomes the link that Mistral takes: `{"type": "document_url", "document_url": a data URL}`."""
    parts = _list_of(message.get("content"))
    for at, part in enumerate(parts):
        if _is(part.get("type"), b"file") and "file" in part:
            file = _object.decode(part["file"])
            if "file_data" in file:
                name = {"document_name": file["filename"]} if "filename" in file else {}
                parts[at] = {"type": Raw(b'"document_url"'), "document_url": file["file_data"], **name}
    if parts:
        message["content"] = Raw(json.encode(parts))


def _alternate(messages: Raw) -> dict[str, bytes]:
    """Messages of the same role that follow each other become one."""
    merged: list[Members] = []
    given = _list_of(messages)
    for message in given:
        if merged and bytes(message.get("role", b"")) == bytes(merged[-1].get("role", b"")) in _TURNS:
            merged[-1]["content"] = Raw(_joined(merged[-1].get("content"), message.get("content")))
        else:
            merged.append(message)
    return {"messages": json.encode(merged)} if len(merged) < len(given) else {}


def _joined(first: Raw | None, second: Raw | None) -> bytes:
    """Two contents as one: a text where both are, else a list of parts."""
    one, two = (json.decode(raw) if raw is not None else None for raw in (first, second))
    if isinstance(one, str) and isinstance(two, str):
        return json.encode(f"{one}\n\n{two}")
    return json.encode([*_parts(one), *_parts(two)])


def _parts(content: object) -> list[object]:
    if isinstance(content, list):
        return content
    return [{"type": "text", "text": content}] if content else []


def _is(raw: Raw | None, word: bytes) -> bool:
    """Whether a value is that string."""
    return raw is not None and bytes(raw) == b'"%b"' % word


def _list_of(raw: Raw | None) -> list[Members]:
    """A list of objects; empty where it is none."""
    if raw is None or bytes(memoryview(raw)[:1]) != b"[":
        return []
    try:
        return _objects.decode(raw)
    except ValueError:
        return []


DEMANDS: dict[str, Demand] = {
    "no_developer": Demand(re.compile(rb'"role"\s*:\s*"developer"'), _name_system),
    "short_call_ids": Demand(re.compile(rb'"tool_call(?:s|_id)"\s*:'), _shorten_ids),
    "document_links": Demand(re.compile(rb'"file_data"\s*:'), _link_documents),
    "no_extensions": Demand(
        re.compile(
            rb'"(?:cache_control|name|reasoning_content|reasoning|reasoning_details|refusal|annotations|audio'
            rb'|extra_content|thinking_blocks|images|provider_specific_fields|function_call)"\s*:'
        ),
        _strip,
    ),
}
"""A quirk's name in the catalogue → what it is about, in messages."""
