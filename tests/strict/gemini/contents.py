"""The rules about contents that their shape does not say: roles, calls and their results, thought signatures."""

from __future__ import annotations

import base64
import binascii
import re

from tests.strict.exchange import Refused, seal
from tests.strict.gemini.shapes import DATA, Body, Content, FunctionCall, Part
from xrouter.wire import json

_SEALS = re.compile(r"gemini-(?![12]\.)")
"""Models that want the signature of the first call of each step."""
_BYPASS = b"skip_thought_signature_validator"
"""What stands for the signature of a call that Gemini has not made; also as the base64 of these letters."""
_BYPASSES = {_BYPASS.decode(), base64.b64encode(_BYPASS).decode()}


def check(body: Body, model: str) -> None:
    """All of them. Raises Refused."""
    if body.system_instruction is not None and not body.system_instruction.parts:
        raise Refused("bad", "* GenerateContentRequest.system_instruction.parts: contents.parts must not be empty.")
    for at, content in enumerate(body.contents):
        _check_content(content, at)
    _check_calls(body.contents)
    if _SEALS.match(model):
        _check_seals(body.contents)


def seal_of(call: FunctionCall | None, text: str = "") -> str:
    """The signature of a call, or of what else was said."""
    said = f"{call.name} {json.encode(call.args or {}).decode()}" if call else text
    return seal("gemini", said)


def prompt(body: Body) -> str:
    """The last text of the user."""
    said = ["\n".join(part.text for part in content.parts if part.text) for content in _of_user(body.contents)]
    return next((text for text in reversed(said) if text), "")


def results(body: Body) -> tuple[str, ...]:
    """What the functions gave that were called last."""
    given = [part.function_response for part in body.contents[-1].parts if part.function_response]
    return tuple(str(each.response.get("result", json.encode(each.response).decode())) for each in given)


def _of_user(contents: list[Content]) -> list[Content]:
    return [content for content in contents if content.role != "model"]


def _check_content(content: Content, at: int) -> None:
    if content.role not in {"user", "model", None}:
        raise Refused("bad", "Please use a valid role: user, model.")
    if not content.parts:
        raise Refused("bad", f"* GenerateContentRequest.contents[{at}].parts: contents.parts must not be empty.")
    for number, part in enumerate(content.parts):
        place = f"contents[{at}].parts[{number}]"
        given = [name for name in DATA if getattr(part, name) is not None]
        if len(given) != 1:
            raise Refused(
                "bad",
                f"* GenerateContentRequest.{place}.data: required oneof field 'data' must have one initialized field",
            )
        if part.thought_signature is not None:
            _check_base64(part.thought_signature, f"{place}.thought_signature")
        if part.inline_data is not None:
            _check_base64(part.inline_data.data, f"{place}.inline_data.data")
        _check_owner(part, content.role)


def _check_owner(part: Part, role: str | None) -> None:
    if part.function_call is not None and role != "model":
        raise Refused("bad", "Function call parts are only allowed in the role model.")
    if part.function_response is not None and role == "model":
        raise Refused("bad", "Function response parts are only allowed in the role user.")


def _check_base64(text: str, place: str) -> None:
    try:
        base64.b64decode(text, altchars=b"-_" if re.search("[-_]", text) else None, validate=True)
    except binascii.Error:
        raise Refused(
            "bad", f"Invalid value at '{place}' (TYPE_BYTES), Base64 decoding failed for \"{text[:40]}\""
        ) from None


def _check_calls(contents: list[Content]) -> None:
    """A turn of calls follows the user, or results; a turn of results follows the calls, one for one."""
    if contents[0].role == "model" and _calls(contents[0]):
        raise _out_of_turn()
    for before, content in zip([Content(), *contents], [*contents, Content()], strict=True):
        calls, given = _calls(before), [part.function_response for part in content.parts if part.function_response]
        if given and not calls:
            raise Refused(
                "bad", "Please ensure that function response turn comes immediately after a function call turn."
            )
        if content.role == "model" and before.role == "model" and _calls(content):
            raise _out_of_turn()
        if len(given) != len(calls):
            raise Refused(
                "bad",
                "Please ensure that the number of function response parts is equal to the number of function call "
                "parts of the function call turn.",
            )
        if [(each.name, each.id) for each in given] != [(each.name, each.id) for each in calls]:
            raise Refused(
                "bad", "Please ensure that function response parts answer the function call parts in their order."
            )


def _out_of_turn() -> Refused:
    return Refused(
        "bad",
        "Please ensure that function call turn comes immediately after a user turn or after a function response turn.",
    )


def _calls(content: Content) -> list[FunctionCall]:
    return [part.function_call for part in content.parts if part.function_call]


def _check_seals(contents: list[Content]) -> None:
    """In the current turn, the first call of each step carries its signature, and no signature was tampered with."""
    start = max((at for at, content in enumerate(contents) if _is_asking(content)), default=0)
    for at, content in enumerate(contents):
        calls = [(number, part) for number, part in enumerate(content.parts) if part.function_call]
        for number, part in calls:
            name = part.function_call.name if part.function_call else ""
            if part.thought_signature is None and number == calls[0][0] and at > start:
                raise Refused(
                    "bad",
                    "Function call is missing a thought_signature in functionCall parts. This is required for tools "
                    "to work correctly, and missing thought_signature may lead to degraded model performance. "
                    f"Additional data, function call `default_api:{name}` , position {at + 1}.",
                )
            if part.thought_signature not in {None, seal_of(part.function_call), *_BYPASSES}:
                raise Refused("bad", "Corrupted thought signature.")


def _is_asking(content: Content) -> bool:
    return content.role != "model" and not any(part.function_response for part in content.parts)
