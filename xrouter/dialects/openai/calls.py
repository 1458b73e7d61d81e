"""Tool calls whose members are missing or odd, brought into the official shape: Mistral's, and those of its kind.

https://docs.mistral.ai/api: in a stream `index` and `type` may be missing, a later piece may name the tool "" and
have the id "null"; arguments may be an object instead of its text.
"""

from __future__ import annotations

from typing import Any

from xrouter.wire import json

_Object = dict[str, Any]
_NO_IDS = ("", "null", None)


def mend_calls(calls: list[_Object], known: dict[str, int], *, whole: bool, name: str) -> bool:
    """Mend the calls, or pieces of calls, in place. Whether any was changed.

    `known` are the calls so far, id → index; those found are added. `name` is what ids are made of that are missing.
    """
    changed = False
    for at, call in enumerate(calls):
        changed |= _mend_whole(call, at, name) if whole else _mend_piece(call, known, name)
    return changed


def _mend_whole(call: _Object, at: int, name: str) -> bool:
    changed = _mend_arguments(call)
    if call.get("id") in _NO_IDS:
        call["id"] = f"{name}_{at}"
        changed = True
    return _mend_type(call) or changed


def _mend_piece(call: _Object, known: dict[str, int], name: str) -> bool:
    changed = _mend_arguments(call)
    index = _find(call, known)
    if index is None:
        index = _place(call, known, name)
        changed |= _mend_type(call)
    else:
        changed |= _mend_later(call)
    changed |= call.get("index") != index
    call["index"] = index
    return changed


def _find(call: _Object, known: dict[str, int]) -> int | None:
    """The index of a call that has begun; of a piece without id and index, the last one's."""
    given, given_id = call.get("index"), call.get("id")
    if isinstance(given_id, str) and given_id not in _NO_IDS:
        return known.get(given_id)
    if isinstance(given, int):
        return given if given in known.values() else None
    function = call.get("function")
    begins = isinstance(function, dict) and bool(function.get("name"))
    return next(reversed(known.values()), None) if not begins else None


def _place(call: _Object, known: dict[str, int], name: str) -> int:
    """A call begins: it gets the index that it comes with, where that is free."""
    given, taken = call.get("index"), known.values()
    index = given if isinstance(given, int) and given not in taken else max(taken, default=-1) + 1
    if call.get("id") in _NO_IDS:
        call["id"] = f"{name}_{index}"
    known[str(call["id"])] = index
    return index


def _mend_later(call: _Object) -> bool:
    """A later piece brings neither a name nor an id that are empty."""
    changed = "id" in call and call["id"] in _NO_IDS
    if changed:
        del call["id"]
    function = call.get("function")
    if isinstance(function, dict) and function.get("name") == "":
        del function["name"]
        return True
    return changed


def _mend_type(call: _Object) -> bool:
    if call.get("type") in ("function", "custom"):
        return False
    call["type"] = "function"
    return True


def _mend_arguments(call: _Object) -> bool:
    function = call.get("function")
    if not isinstance(function, dict) or not isinstance(function.get("arguments"), dict | list):
        return False
    function["arguments"] = json.encode(function["arguments"]).decode()
    return True
