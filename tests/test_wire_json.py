"""xrouter/wire/json.py: what is not changed stays as it came, byte for byte."""

from __future__ import annotations

import json as stdlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from xrouter.wire import json

MODEL = {"model": b'"new"'}

SPLICED: dict[str, tuple[bytes, dict[str, bytes], bytes]] = {
    "changed": (b'{"model":"old","n":1}', MODEL, b'{"model":"new","n":1}'),
    "changed in the middle": (b'{"a":1,"model":"old","b":2}', MODEL, b'{"a":1,"model":"new","b":2}'),
    "added": (b'{"n":1}', MODEL, b'{"n":1,"model":"new"}'),
    "added to nothing": (b"{}", MODEL, b'{"model":"new"}'),
    "added to white space": (b" {\n} ", MODEL, b' {\n"model":"new"} '),
    "added to an open hand": (b'{ "n" : 1 \n}\n', MODEL, b'{ "n" : 1 \n,"model":"new"}\n'),
    "two at once": (b'{"a":1,"b":2}', {"b": b"3", "c": b"4", "a": b"[]"}, b'{"a":[],"b":3,"c":4}'),
    "nothing": (b' { "n" : 1 } ', {}, b' { "n" : 1 } '),
    "white space": (b'{\t"model" :\r\n"old" , "n": 1 }\n\n', MODEL, b'{\t"model" :\r\n"new" , "n": 1 }\n\n'),
    "numbers": (
        b'{"a":1.0,"b":1e400,"c":-0,"d":123456789012345678901234567890,"model":null,"e":0.10}',
        MODEL,
        b'{"a":1.0,"b":1e400,"c":-0,"d":123456789012345678901234567890,"model":"new","e":0.10}',
    ),
    "key order": (b'{"z":1,"model":"old","a":2}', MODEL, b'{"z":1,"model":"new","a":2}'),
    "unicode": ('{"é":"漢😀","model":"ü"}'.encode(), MODEL, '{"é":"漢😀","model":"new"}'.encode()),
    "escapes": (rb'{"a":"\u00e9\/\n","model":"o\"}"}', MODEL, rb'{"a":"\u00e9\/\n","model":"new"}'),
    "escapes in keys": (rb'{"mod\u0065l":"old","a\"b\\":1}', MODEL, rb'{"mod\u0065l":"new","a\"b\\":1}'),
    "a key that needs escapes": (b'{"n":1}', {'a"b': b"1"}, rb'{"n":1,"a\"b":1}'),
    "nested": (b'{"x":{"model":1},"model":2,"y":["model"]}', MODEL, b'{"x":{"model":1},"model":"new","y":["model"]}'),
    "only nested": (b'{"x":{"model":"in"}}', MODEL, b'{"x":{"model":"in"},"model":"new"}'),
    "as a value": (b'{"x":"model","model":"old"}', MODEL, b'{"x":"model","model":"new"}'),
    "braces in strings": (b'{"model":"}{","x":"}"}', MODEL, b'{"model":"new","x":"}"}'),
    "half a surrogate pair": (rb'{"a":"\ud83d","model":"old"}', MODEL, rb'{"a":"\ud83d","model":"new"}'),
    "half a pair as a key": (rb'{"\uDE00":1.0,"model":"old"}', MODEL, rb'{"\uDE00":1.0,"model":"new"}'),
    "an escaped escape": (rb'{"a":"\\ud83d \ude00","model":"old"}', MODEL, rb'{"a":"\\ud83d \ude00","model":"new"}'),
    "an empty key": (b'{"":1,"model":"old"}', MODEL, b'{"":1,"model":"new"}'),
}


@pytest.mark.parametrize(("body", "changes", "expected"), SPLICED.values(), ids=SPLICED)
def test_splice(body: bytes, changes: dict[str, bytes], expected: bytes) -> None:
    """Members are changed in place or added at the end, and no other byte is touched."""
    assert json.splice(body, json.members(body), changes) == expected


TWICE: dict[str, tuple[bytes, bytes]] = {
    "the one": (b'{"model":"a","model":"b"}', b'{"model":"new"}'),
    "another": (b'{"n":1, "model":"a","n":2}', b'{"n":2,"model":"new"}'),
    "the same value": (b'{"n":1,"model":"a","n":1}', b'{"n":1,"model":"new"}'),
    "a value that begins alike": (b'{"n":12,"n":1}', b'{"n":1,"model":"new"}'),
    "written in two ways": (rb'{"n":1,"\u006e":2}', b'{"n":2,"model":"new"}'),
    "behind others": (b'{"a":1,"b":2,"a":1,"c":1.0}', b'{"a":1,"b":2,"c":1.0,"model":"new"}'),
}


@pytest.mark.parametrize(("body", "expected"), TWICE.values(), ids=TWICE)
def test_key_given_twice(body: bytes, expected: bytes) -> None:
    """Where a key is given twice the last one counts, here and for the provider."""
    assert json.splice(body, json.members(body), MODEL) == expected
    assert len(json.splice(body, json.members(body), {})) < len(body)


REFUSED: dict[str, bytes] = {
    "nothing": b"",
    "a list": b"[]",
    "a word": b'"a"',
    "null": b"null",
    "half": b'{"a":1',
    "two": b"{}{}",
    "a comma too many": b'{"a":1,}',
    "no quotes": b"{a:1}",
    "no number": b'{"a":NaN}',
    "no utf-8": b'{"a":"\xff"}',
    "a surrogate in utf-8": b'{"a":"\xed\xa0\xbd"}',
    "a mark first": b"\xef\xbb\xbf{}",
    "a control character in a key": b'{"a\n":1}',
    "depth": b'{"a":' + b"[" * 100_000,
    "depth behind half a surrogate pair": rb'{"\ud83d":1,"a":' + b"[" * 100_000,
    "half a surrogate pair and half a body": rb'{"a":"\ud83d"',
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
def test_no_object(body: bytes) -> None:
    """What is no JSON object is a ValueError and nothing worse."""
    with pytest.raises(ValueError, match=r"."):
        json.members(body)


@pytest.mark.parametrize("body", [b"[" * 100_000, rb'["\ud83d",' + b"[" * 100_000, b'["\xff",' + b"[" * 100_000])
def test_depth(body: bytes) -> None:
    """Depth is a ValueError too where a value is read, mended or not."""
    with pytest.raises(ValueError, match="too deeply"):
        json.decode(body)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (rb'"a\ud83d"', "a\ufffd"),
        (rb'"\ude00\ud83d"', "\ufffd\ufffd"),
        (rb'"\ud83d\ude00"', "😀"),
        (rb'"\uD83D\uDE00 \uD83D"', "😀 \ufffd"),
        (rb'"\\ud83d \ud83d"', "\\ud83d \ufffd"),
        (b'"\xff"', "\ufffd"),
        (b"123456789012345678901234567890", 123456789012345678901234567890),
    ],
)
def test_decode(body: bytes, expected: Any) -> None:
    """Halves of surrogate pairs and broken UTF-8 are read as U+FFFD, all else as it is."""
    assert json.decode(body) == expected


def test_huge_keys() -> None:
    """A key of megabytes, with escapes or without, is no reason to take gigabytes or seconds."""
    for key in (b"k" * 5_000_000, rb"\n" * 2_500_000, rb"a\n" * 1_500_000):
        body = b'{"' + key + b'":1,"model":"old"}'
        assert json.splice(body, json.members(body), MODEL) == b'{"' + key + b'":1,"model":"new"}'


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{\n "a" : [1.0, 1e400,\t2],\r\n "b" : { } }', b'{"a":[1.0,1e400,2],"b":{}}'),
        (rb'{"a": " b : c ,\n \" "}', rb'{"a":" b : c ,\n \" "}'),
        (rb'["\ud83d" , 1]', rb'["\ufffd",1]'),
    ],
)
def test_compact(body: bytes, expected: bytes) -> None:
    """White space between tokens goes, values stay as they came."""
    assert json.compact(body) == expected


WORDS = st.text(st.characters(codec="utf-8"), max_size=8)
NUMBERS = st.sampled_from(["1.0", "1e400", "-0", "0.10", "9" * 40, "1E+2", "0"])
VALUES: st.SearchStrategy[str] = st.recursive(
    st.one_of(NUMBERS, st.sampled_from(["true", "null", "{}", "[ ]", r'"\ud83d"', r'"\/"']), WORDS.map(stdlib.dumps)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda each: f"[ {' ,'.join(each)}]"),
        st.dictionaries(WORDS, inner, max_size=3).map(
            lambda each: "{" + ", ".join(f"{stdlib.dumps(key)}: {value}" for key, value in each.items()) + " }"
        ),
    ),
    max_leaves=8,
)
SPACE = st.text(" \t\r\n", max_size=2)


@st.composite
def objects(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    """An object as it may be written, and its members as they stand in it."""
    members = draw(st.dictionaries(st.one_of(WORDS, st.sampled_from(["model", "stream"])), VALUES, max_size=5))
    pieces = []
    for key, value in members.items():
        written = draw(st.sampled_from([stdlib.dumps(key), stdlib.dumps(key, ensure_ascii=False)]))
        pieces.append(f"{draw(SPACE)}{written}{draw(SPACE)}:{draw(SPACE)}{value}{draw(SPACE)}")
    return draw(SPACE) + "{" + ",".join(pieces) + draw(SPACE) + "}" + draw(SPACE), members


@given(objects(), st.dictionaries(st.one_of(WORDS, st.sampled_from(["model", "stream"])), VALUES, max_size=3))
def test_any_object_and_any_change(written: tuple[str, dict[str, str]], changes: dict[str, str]) -> None:
    """The other members keep their bytes and places; what is changed is what was asked for, and can be changed back."""
    body, members = written[0].encode(), written[1]
    known = json.members(body)
    assert {key: bytes(raw).decode() for key, raw in known.items()} == members
    result = json.splice(body, known, {key: value.encode() for key, value in changes.items()})
    assert {key: bytes(raw).decode() for key, raw in json.members(result).items()} == members | changes
    assert list(json.members(result)) == list(members | changes)
    if changes.keys() <= members.keys():
        assert json.splice(result, json.members(result), {key: members[key].encode() for key in changes}) == body


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda each: st.lists(each) | st.dictionaries(WORDS, each),
    max_leaves=10,
)


@given(JSON)
def test_encode(value: Any) -> None:
    """What is written is read as the same, by others too."""
    assert json.decode(json.encode(value)) == value
    assert stdlib.loads(json.encode(value)) == value


def test_encode_keeps_raw_values() -> None:
    """A value that was never read is written as it came."""
    assert json.encode({"a": Raw(b"1.0 ")}) == b'{"a":1.0 }'


@pytest.mark.parametrize(
    ("body", "names", "expected"),
    [
        (b'{"a":1,"b":2,"c":3}', {"b"}, b'{"a":1,"c":3}'),
        (b'{"a":1,"b":2}', {"a"}, b'{"b":2}'),
        (b'{"a":1,"b":2}', {"b"}, b'{"a":1}'),
        (b'{ "a" : 1.0 , "b":[ 1, 2 ] , "c" : 1e400 }', {"b"}, b'{ "a" : 1.0 , "c" : 1e400 }'),
        (b'{ "a" : 1 ,\n "b" : 2 }', {"a"}, b'{"b" : 2 }'),
        (b'{"a":1}', {"a"}, b"{}"),
        (b'{"a":{"b":1}}', {"b"}, b'{"a":{"b":1}}'),
        (b'{"a":1,"b":2,"a":3}', {"b"}, b'{"a":3}'),
    ],
)
def test_leave_out(body: bytes, names: set[str], expected: bytes) -> None:
    """Members go, and the comma that went with each; whatever stays, stays as it was."""
    assert json.leave_out(body, json.members(body), names) == expected


@given(objects(), st.sets(WORDS))
def test_leave_out_of_any_object(written: tuple[str, dict[str, str]], names: set[str]) -> None:
    """What is left reads as the object less those members, each of them with the very bytes that it had."""
    text, values = written
    names |= set(list(values)[::2])
    body = text.encode()
    left = json.members(json.leave_out(body, json.members(body), names))
    assert {key: bytes(raw).decode() for key, raw in left.items()} == {
        key: value for key, value in values.items() if key not in names
    }
