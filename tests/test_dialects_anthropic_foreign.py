"""dialects/anthropic/foreign.py: what Anthropic would refuse is left out, and every other byte stays."""

from __future__ import annotations

import pytest
from msgspec import Raw

from xrouter.chat.request import Seal
from xrouter.dialects.anthropic.foreign import without_foreign
from xrouter.dialects.anthropic.signatures import write_signature

OURS = write_signature(Seal("gemini", "c2ln")).encode()
FOREIGN = [
    b'{"type":"thinking","thinking":"Hm.","signature":"%b"}' % OURS,
    b'{ "signature": "", "thinking": "Hm.", "type": "thinking" }',
    b'{"type":"redacted_thinking","data":"%b"}' % OURS,
]
OWN = [
    b'{"type":"thinking","thinking":"","signature":"EqQB"}',
    b'{"type":"redacted_thinking","data":"EqQB"}',
    b'{"type":"text","text":"\\"signature\\":\\"\\" and xr1:"}',
    b'{"type":"tool_use","id":"t","name":"f","input":{"signature":"","x": "xr1:"}}',
]
ASK = b'{"role":"user", "content":"Is \\u2602 1.0?"}'


@pytest.mark.parametrize("foreign", FOREIGN)
def test_left_out(foreign: bytes) -> None:
    """A thought with no signature or one of ours goes; the blocks beside it keep their bytes."""
    said = b'{"role": "assistant", "content": [%b, {"type": "text",  "text": "Yes."}], "x": 1.0}' % foreign
    kept = b'{"role": "assistant", "content": [{"type": "text",  "text": "Yes."}], "x": 1.0}'
    assert without_foreign(Raw(b"[%b , %b]" % (ASK, said))) == b"[%b,%b]" % (ASK, kept)


def test_message_of_nothing_else() -> None:
    """A message that held nothing else goes with it: an empty one would be refused."""
    said = b'{"role":"assistant","content":[%b]}' % b",".join(FOREIGN)
    assert without_foreign(Raw(b"[%b,%b]" % (ASK, said))) == b"[%b]" % ASK


@pytest.mark.parametrize("own", OWN)
def test_all_else_stays(own: bytes) -> None:
    """Anthropic's own thoughts stay, and so does what only looks like a foreign one."""
    given = b'[%b,{"role":"assistant","content":[%b]}]' % (ASK, own)
    assert without_foreign(Raw(given)) in {None, given}


@pytest.mark.parametrize("odd", [b'["xr1:"]', b'[{"content":["xr1:"]}]', b'{"xr1:":1}', b'"xr1:"', b'["xr1:]'])
def test_odd_messages(odd: bytes) -> None:
    """What cannot be read is left to the provider's judgement."""
    assert without_foreign(Raw(odd)) is None


def test_odd_content() -> None:
    """A content that is no list of blocks stays."""
    given = b'[{"role":"user","content":"xr1:"},{"role":"user","content":{"signature":""}}]'
    assert without_foreign(Raw(given)) == given
