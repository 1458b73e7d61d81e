"""dialects/anthropic: parts as content blocks."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from xrouter.chat.request import File, Image, Opaque, Part, Reasoning, Refusal, Seal, Text, ToolCall, ToolResult
from xrouter.dialects.anthropic.blocks import write_part
from xrouter.errors import BadRequest
from xrouter.wire import json

CACHE = b'{"type":"ephemeral"}'
JPEG, PDF, NOTES = "/9j/AAAA", "JVBERi0xLjQ=", base64.b64encode("né".encode()).decode()


def source(kind: str, **more: str) -> dict[str, str]:
    """Where a picture or a document is."""
    return {"type": kind, **more}


BLOCKS: list[tuple[Part, list[Any]]] = [
    (Text("a"), [{"type": "text", "text": "a"}]),
    (Text(" \n"), []),
    (Text("a", CACHE), [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]),
    (Refusal("No."), [{"type": "text", "text": "No."}]),
    (
        Image(f"data:image/png;base64,{JPEG}"),
        [{"type": "image", "source": source("base64", media_type="image/jpeg", data=JPEG)}],
    ),
    (
        Image(f"data:application/pdf;base64,{PDF}"),
        [{"type": "document", "source": source("base64", media_type="application/pdf", data=PDF)}],
    ),
    (Image("https://example.org/a"), [{"type": "image", "source": source("url", url="https://example.org/a")}]),
    (File("image", id="file_1"), [{"type": "image", "source": source("file", file_id="file_1")}]),
    (
        File("document", data=PDF, name="a.pdf"),
        [
            {
                "type": "document",
                "source": source("base64", media_type="application/pdf", data=PDF),
                "title": "a.pdf",
            }
        ],
    ),
    (
        File("document", "text/plain", data=NOTES),
        [{"type": "document", "source": source("text", media_type="text/plain", data="né")}],
    ),
    (
        File("document", "application/json", data=NOTES),
        [{"type": "document", "source": source("text", media_type="text/plain", data="né")}],
    ),
    (
        File("document", url="https://example.org/a.pdf"),
        [{"type": "document", "source": source("url", url="https://example.org/a.pdf")}],
    ),
    (Reasoning("Hm."), []),
    (Reasoning("Hm.", Seal("gemini", "s")), []),
    (Reasoning("", Seal("anthropic", "s")), [{"type": "thinking", "thinking": "", "signature": "s"}]),
    (Reasoning("", Seal("anthropic", "s"), redacted=True), [{"type": "redacted_thinking", "data": "s"}]),
    (ToolCall("a", "odd", "go", custom=True), [{"type": "tool_use", "id": "a", "name": "o", "input": {"input": "go"}}]),
    (ToolCall("a", "f", r'{"x":"\ud83d"}'), [{"type": "tool_use", "id": "a", "name": "f", "input": {"x": "\ufffd"}}]),
    (ToolCall("a", "f", '{"x":1e400'), [{"type": "tool_use", "id": "a", "name": "f", "input": {"_raw": '{"x":1e400'}}]),
    (ToolResult("a"), [{"type": "tool_result", "tool_use_id": "a"}]),
    (ToolResult("a", (Text("x"),)), [{"type": "tool_result", "tool_use_id": "a", "content": "x"}]),
    (
        ToolResult("a", (Text("x", CACHE),), is_error=True),
        [
            {
                "type": "tool_result",
                "tool_use_id": "a",
                "content": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}],
                "is_error": True,
            }
        ],
    ),
    (Opaque("anthropic", "search_result", b'{"type":"search_result"}'), [{"type": "search_result"}]),
    (Opaque("responses", "web_search_call", b"{}", "found"), [{"type": "text", "text": "found"}]),
]  # fmt: skip


@pytest.mark.parametrize(("part", "blocks"), BLOCKS)
def test_blocks(part: Part, blocks: list[Any]) -> None:
    """Each kind of part becomes its block; what says nothing, or is signed by nobody here, becomes none."""
    assert json.decode(json.encode(write_part(part, {"odd": "o"}))) == blocks


@pytest.mark.parametrize(
    "part",
    [
        Image("data:image/svg+xml,<svg/>"),
        Image("file:///etc/passwd"),
        File("audio", data="AAAA"),
        File("video", url="https://example.org/a.mp4"),
        File("document", "application/zip", data="UEsDBAAA"),
        File("document", "text/plain", data="é"),
        File("document", id="file-of-another"),
        File("document"),
        Opaque("responses", "computer_call", b"{}"),
        Opaque("anthropic", "search_result", b'{"x":1e400}'),
    ],
)
def test_what_cannot_be_read(part: Part) -> None:
    """Content that the models cannot take is a 400 that names the member."""
    with pytest.raises(BadRequest) as caught:
        write_part(part, {})
    assert (caught.value.status, caught.value.param) == (400, "messages")
