"""xrouter/server/guard.py: who may ask."""

from __future__ import annotations

import contextlib
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from xrouter.config.model import Server, ServerKey
from xrouter.config.secret import Secret
from xrouter.errors import Forbidden, Unauthorized
from xrouter.server.guard import ANY, Guard

KEY = "the-router-key-0123456789"
OTHERS = {"anna": "key-of-anna-0123", "clé": "clé-漢-0123456789"}
LOCKED = Guard(
    Server(api_key=Secret(KEY), keys=tuple(ServerKey(name=name, key=Secret(key)) for name, key in OTHERS.items()))
)
FREE = Guard(Server(allowed_hosts=("Router.Example", "10.0.0.7.nip.example")))


def sent(headers: dict[str, str]) -> CIMultiDict[str]:
    """Headers as aiohttp gives them: bytes that are no UTF-8 are surrogates."""
    return CIMultiDict(
        {
            name: value.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
            for name, value in headers.items()
        }
    )


ADMITTED: dict[str, tuple[str, str]] = {
    "the key": (f"Bearer {KEY}", ANY),
    "a scheme in another case": (f"bearer {KEY}", ANY),
    "more spaces": (f"BEARER   {KEY}  ", ANY),
    "a named key": (f"Bearer {OTHERS['anna']}", "anna"),
    "a key beyond ascii": (f"Bearer {OTHERS['clé']}", "clé"),
}


@pytest.mark.parametrize(("shown", "name"), ADMITTED.values(), ids=ADMITTED)
def test_keys(shown: str, name: str) -> None:
    """Each of the keys is let in under its name, whatever Host and Origin say."""
    assert LOCKED.admit(sent({"Authorization": shown})) == name
    foreign = {"Host": "evil.example", "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert LOCKED.admit(sent({"Authorization": shown, **foreign})) == name


@pytest.mark.parametrize("other", [{}, {"Authorization": "Bearer wrong"}])
def test_key_in_anthropics_header(other: dict[str, str]) -> None:
    """Clients of Anthropic's dialect show the key as x-api-key, some beside another one."""
    assert LOCKED.admit(sent({"X-Api-Key": KEY, **other})) == ANY
    with pytest.raises(Unauthorized):
        LOCKED.admit(sent({"X-Api-Key": f"{KEY}x", **other}))


REFUSED: dict[str, dict[str, str]] = {
    "nothing": {},
    "empty": {"Authorization": ""},
    "a scheme": {"Authorization": "Bearer"},
    "a scheme and a space": {"Authorization": "Bearer "},
    "no scheme": {"Authorization": KEY},
    "another scheme": {"Authorization": f"Basic {KEY}"},
    "a tab": {"Authorization": f"Bearer\t{KEY}"},
    "a part": {"Authorization": f"Bearer {KEY[:-1]}"},
    "too much": {"Authorization": f"Bearer {KEY}x"},
    "two": {"Authorization": f"Bearer {KEY} {KEY}"},
    "two with a comma": {"Authorization": f"Bearer {KEY}, Bearer {KEY}"},
    "upper case": {"Authorization": f"Bearer {KEY.upper()}"},
    "a name of a key": {"Authorization": "Bearer anna"},
    "a nul": {"Authorization": f"Bearer {KEY}\x00"},
    "letters that look alike": {"Authorization": f"Bearer {KEY.replace('o', 'о')}"},  # noqa: RUF001
    "no utf-8": {"Authorization": "Bearer \udcff\udcfe"},
    "decomposed": {"Authorization": f"Bearer {OTHERS['clé'].replace('é', 'e' + chr(0x301))}"},
    "another header": {"Api-Key": KEY, "Cookie": KEY, "Proxy-Authorization": f"Bearer {KEY}"},
    "a long one": {"Authorization": "Bearer " + "a" * 100_000},
}


@pytest.mark.parametrize("headers", REFUSED.values(), ids=REFUSED)
def test_wrong_keys(headers: dict[str, str]) -> None:
    """Nothing else is, and the answer does not tell what was wrong, or what would be right."""
    with pytest.raises(Unauthorized) as caught:
        LOCKED.admit(sent({"Host": "localhost", **headers}))
    assert caught.value.text == (
        "The API key is missing or wrong. Send `Authorization: Bearer <the router's key>`, or the key as x-api-key."
    )


@given(st.text())
def test_no_other_text_is_a_key(text: str) -> None:
    """Whatever is shown, it is refused as such or it is a key."""
    try:
        assert LOCKED.admit({"authorization": f"Bearer {text}"}) == ANY
    except Unauthorized:
        assert text.strip() not in {KEY, *OTHERS.values()}


def test_every_key_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """All keys are compared in constant time, wherever the right one stands: the time tells nothing."""
    compared: list[bytes] = []

    def compare(shown: bytes, key: bytes) -> bool:
        compared.append(key)
        return shown == key

    monkeypatch.setattr("hmac.compare_digest", compare)
    for key in (KEY, *OTHERS.values()):
        compared.clear()
        LOCKED.admit({"authorization": f"Bearer {key}"})
        assert compared == 2 * [each.encode() for each in (KEY, *OTHERS.values())]


NAME = socket.gethostname().lower()

OWN_HOSTS = [
    "localhost",
    "localhost:3000",
    "LOCALHOST:3000",
    "localhost.",
    "localhost.:3000",
    "router.localhost:3000",
    "127.0.0.1",
    "127.0.0.1:3000",
    "127.8.9.1",
    "0.0.0.0:3000",
    "192.168.1.5:3000",
    "8.8.8.8",
    "[::1]",
    "[::1]:3000",
    "[fe80::1%25eth0]:3000",
    "[2001:db8::1]",
    NAME,
    f"{NAME}:3000",
    "router.example",
    "Router.Example.:80",
    "10.0.0.7.nip.example",
]
FOREIGN_HOSTS = [
    "",
    ":3000",
    ".",
    "evil.example",
    "evil.example:3000",
    "127.0.0.1.evil.example",
    "127.0.0.1.evil.example:3000",
    "localhost.evil",
    "localhost.evil.example",
    "evillocalhost",
    "evil-localhost:3000",
    "localhost@evil.example",
    "localhost:3000@evil.example",
    "localhost/evil.example",
    "evil.example#localhost",
    "evil.example?.localhost:80:80",
    "localhost,evil.example",
    "localhost evil.example",
    "[localhost]",
    "[evil.example]:3000",
    "[::1].evil.example.",
    "::1.evil.example",
    "sub.router.example",
    "router.example.evil",
    "2130706433",
    "0x7f.0.0.1",
    "127.1",
    "0177.0.0.1",
    "127.0.0.1:3000:3000",
    "１２７.0.0.1",  # noqa: RUF001
    "localho\u017ft",
    "null",
]


@pytest.mark.parametrize("host", OWN_HOSTS)
def test_own_hosts(host: str) -> None:
    """Addresses, localhost and what is below it, this machine's name and those that are configured are the router's."""
    assert FREE.admit(sent({"Host": host})) == ANY
    FREE.admit_bare(sent({"Host": host}))


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_foreign_hosts(host: str) -> None:
    """No other name is, whatever it looks like: it may be one that was rebound to this machine."""
    for ask in (FREE.admit, FREE.admit_bare):
        with pytest.raises(Forbidden, match="not one of the router's") as caught:
            ask(sent({"Host": host}))
        assert "server.allowed_hosts" in caught.value.text


def test_no_host() -> None:
    """A request without a Host is refused too."""
    with pytest.raises(Forbidden):
        FREE.admit({})


OWN_ORIGINS: list[tuple[str, str]] = [
    ("localhost:3000", "http://localhost:3000"),
    ("localhost:3000", "http://localhost:5173"),
    ("localhost:3000", "https://localhost"),
    ("localhost:3000", "HTTP://LOCALHOST:3000"),
    ("localhost.:3000", "http://localhost.:3000"),
    ("localhost:3000", "http://127.0.0.1:3000"),
    ("localhost:3000", "http://[::1]:3000"),
    ("127.0.0.1:3000", "http://app.localhost"),
    ("[::1]:3000", "http://[::1]:3000"),
    ("192.168.1.5:3000", "http://192.168.1.5:3000"),
    ("192.168.1.5:3000", "http://localhost:3000"),
    ("localhost", "https://router.example"),
    ("router.example", "https://router.example"),
]
FOREIGN_ORIGINS: list[tuple[str, str]] = [
    ("localhost:3000", ""),
    ("localhost:3000", "null"),
    ("localhost:3000", "http://"),
    ("localhost:3000", "file://"),
    ("localhost:3000", "file://localhost"),
    ("localhost:3000", "//localhost"),
    ("localhost:3000", "localhost"),
    ("localhost:3000", "chrome-extension://localhost"),
    ("localhost:3000", "https://evil.example"),
    ("localhost:3000", "http://localhost.evil"),
    ("localhost:3000", "http://127.0.0.1.evil.example"),
    ("localhost:3000", "http://evillocalhost"),
    ("localhost:3000", "http://localhost@evil.example"),
    ("localhost:3000", "http://localhost:3000@evil.example"),
    ("localhost:3000", "http://evil.example#localhost"),
    ("localhost:3000", "http://evil.example/localhost"),
    ("localhost:3000", "http://evil.example?localhost"),
    ("localhost:3000", "http://evil.example\\localhost"),
    ("localhost:3000", "http://[::1"),
    ("localhost:3000", "http://[::1]evil.example"),
    ("localhost:3000", "http://192.168.1.5"),
    ("127.0.0.1:3000", "http://8.8.8.8"),
    ("192.168.1.5:3000", "http://192.168.1.6:3000"),
    ("localhost:3000", "http://localhost http://evil.example"),
    ("localhost:3000", "http://evil.example http://localhost"),
    ("localhost:3000", "http://localho\u017ft"),
    ("router.localhost", "http://evil.example"),
]


@pytest.mark.parametrize(("host", "origin"), OWN_ORIGINS)
def test_own_origins(host: str, origin: str) -> None:
    """Pages of this machine, of the same host, and of hosts that are configured may ask."""
    for site in ({}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "same-site"}):
        assert FREE.admit(sent({"Host": host, "Origin": origin, **site})) == ANY


@pytest.mark.parametrize(("host", "origin"), FOREIGN_ORIGINS)
def test_foreign_origins(host: str, origin: str) -> None:
    """No other page may, whatever it says of itself."""
    for site in ({}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}):
        with pytest.raises(Forbidden, match="other web sites"):
            FREE.admit(sent({"Host": host, "Origin": origin, **site}))


@pytest.mark.parametrize(
    ("site", "allowed"), [("none", True), ("same-origin", True), ("same-site", True), ("cross-site", False)]
)
def test_pages_that_show_no_origin(site: str, *, allowed: bool) -> None:
    """A picture or a script of another site sends no Origin, but browsers say where it is from."""
    headers = sent({"Host": "localhost", "Sec-Fetch-Site": site})
    if allowed:
        assert FREE.admit(headers) == ANY
    else:
        with pytest.raises(Forbidden):
            FREE.admit(headers)


def test_bare() -> None:
    """Where a key is set, what needs none is there for all."""
    LOCKED.admit_bare({})
    LOCKED.admit_bare({"host": "evil.example", "origin": "null", "authorization": "Bearer wrong"})


@given(st.text(max_size=30), st.none() | st.text(max_size=30))
def test_any_text(host: str, origin: str | None) -> None:
    """Whatever stands in the headers, a caller is let in or refused."""
    headers = {"host": host} if origin is None else {"host": host, "origin": origin}
    with contextlib.suppress(Forbidden):
        assert FREE.admit(headers) == ANY
