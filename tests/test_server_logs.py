"""xrouter/server/logs.py: one line a record, nothing raw, and no request ever waits for one."""

from __future__ import annotations

import io
import json
import logging
import os
import pty
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

import pytest

from xrouter.config.model import Logging
from xrouter.server import logs
from xrouter.server.logs import Logs

log = logging.getLogger("xrouter.test")
BAD = "a\nb\r\x00\x1b[31mred\x7f\x9b\u2028\u2029é漢😀"
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Terminal(io.StringIO):
    """Memory that says it is a terminal."""

    def isatty(self) -> bool:
        """It says so."""
        return True


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The logger is given back as it was, and colours are wanted."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    root = logging.getLogger("xrouter")
    before = root.handlers, root.level, root.propagate
    yield
    root.handlers, root.level, root.propagate = before


def written(say: Callable[[], None], out: TextIO, **settings: Any) -> list[str]:
    """The lines that are written."""
    made = Logs(Logging(**settings), out)
    say()
    made.close()
    out.seek(0)
    return out.read().split("\n")[:-1]


def request(**fields: Any) -> Callable[[], None]:
    """A line with fields."""
    return lambda: log.info("request", extra={"fields": fields})


def test_for_machines() -> None:
    """Where nobody looks, a record is one JSON object with time, level, message and its fields."""
    (line,) = written(request(id="xr-1", status=200, judged_ms=1.5, reason=None, stream=True), io.StringIO())
    said = json.loads(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", said.pop("time"))
    assert said == {
        "level": "info",
        "message": "request",
        "id": "xr-1",
        "status": 200,
        "judged_ms": 1.5,
        "reason": None,
        "stream": True,
    }


def test_for_people() -> None:
    """On a terminal a record is a line of words, or its own words, and what is wrong has a colour."""

    def say() -> None:
        log.info("request %s", 1, extra={"fields": {"id": "xr-1", "what": "two words", "none": None}})
        log.info("request", extra={"fields": {"id": "xr-1"}, "words": "200 cheap"})
        log.warning("careful")
        log.error("wrong")

    lines = [re.sub(r"\d\d:\d\d:\d\d", "TIME", line) for line in written(say, Terminal())]
    assert lines == [
        'TIME info  request 1 id=xr-1 what="two words" none=-',
        "TIME info  200 cheap",
        "\x1b[33mTIME warn  careful\x1b[0m",
        "\x1b[31mTIME error wrong\x1b[0m",
    ]


def test_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR is respected."""
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in written(lambda: log.error("wrong"), Terminal())[0]


def say_bad() -> None:
    """Control characters and half a surrogate pair, wherever they may come from."""
    log.info("%s", BAD, extra={"fields": {"path": BAD, "spaced": f"a {BAD}", "file": "a\udcff", "both": "a \udcff"}})
    log.info("x", extra={"fields": {}, "words": BAD})


@pytest.mark.parametrize("out", [io.StringIO, Terminal])
def test_control_characters(out: type[io.StringIO]) -> None:
    """No control character is ever written raw: a record is one line, and a terminal is left alone."""
    lines = written(say_bad, out())
    assert len(lines) == 2
    assert not [line for line in lines if CONTROL.search(line)]
    assert all("é漢😀" in line for line in lines[:1])


def test_control_characters_are_not_lost() -> None:
    """In JSON they can be read again."""
    said = json.loads(written(say_bad, io.StringIO())[0])
    assert (said["message"], said["path"], said["file"]) == (BAD, BAD, "a?")


def fail() -> None:
    """An error whose words are no better."""
    raise ValueError(BAD)


def say_failed() -> None:
    """A record with a traceback."""
    try:
        fail()
    except ValueError:
        log.exception("failed", extra={"fields": {"id": "xr-1"}})


def test_tracebacks() -> None:
    """A traceback is below the line for people and a field for machines; what the error says is not raw either."""
    first, *rest = written(say_failed, Terminal())
    assert "error failed id=xr-1" in first
    assert rest[0] == "Traceback (most recent call last):"
    assert not [line for line in rest if CONTROL.search(line)]
    (line,) = written(say_failed, io.StringIO())
    assert json.loads(line)["traceback"].startswith("Traceback (most recent call last):\n")
    assert json.loads(line)["traceback"].endswith(f"ValueError: {BAD}")
    assert not CONTROL.search(line)


@pytest.mark.parametrize(("level", "count"), [("debug", 4), ("info", 3), ("warn", 2), ("error", 1)])
def test_levels(level: str, count: int) -> None:
    """What is below the level is not written."""

    def say() -> None:
        log.debug("a")
        log.info("b")
        log.warning("c")
        log.error("d")

    lines = written(say, io.StringIO(), level=level)
    assert [json.loads(line)["level"] for line in lines] == ["debug", "info", "warn", "error"][-count:]


def test_what_cannot_be_written() -> None:
    """A record that makes no line is left out; the next one is written."""

    def say() -> None:
        log.info("%d", "no number")
        log.info("x", extra={"fields": {"odd": object()}})
        log.info("good")

    assert [json.loads(line)["message"] for line in written(say, io.StringIO())] == ["good"]


def test_message_is_made_at_once() -> None:
    """A record says what was true when it was made, not when it is written."""
    things = ["a"]

    def say() -> None:
        log.info("%s", things)
        things.append("b")

    assert json.loads(written(say, io.StringIO())[0])["message"] == "['a']"


def test_files(tmp_path: Path) -> None:
    """Files are in a folder of their own, for their owner's eyes only, and hold JSON, whatever the umask."""
    folder = tmp_path / "deep" / "logs"
    before = os.umask(0)
    try:
        written(request(id="xr-1"), Terminal(), to_file=True, dir=str(folder))
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o700
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text())["id"] == "xr-1"


def test_rotation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files grow to a size, so many are kept, all private, and no line is cut."""
    monkeypatch.setattr(logs, "FILE_BYTES", 1000)
    monkeypatch.setattr(logs, "FILES_KEPT", 2)

    def say() -> None:
        for number in range(100):
            log.info("line", extra={"fields": {"number": number, "fill": "x" * 50}})

    written(say, io.StringIO(), to_file=True, dir=str(tmp_path))
    files = sorted(tmp_path.iterdir(), reverse=True)
    assert [file.name for file in files] == ["xrouter.log.2", "xrouter.log.1", "xrouter.log"]
    assert all(file.stat().st_mode & 0o777 == 0o600 and file.stat().st_size <= 1000 for file in files)
    numbers = [json.loads(line)["number"] for file in files for line in file.read_text().splitlines()]
    assert numbers == list(range(100 - len(numbers), 100))


def test_folder_that_cannot_be(tmp_path: Path) -> None:
    """Where files cannot be written, a warning names the setting, and logs go on elsewhere."""
    (tmp_path / "file").touch()
    lines = written(request(id="xr-1"), io.StringIO(), to_file=True, dir=str(tmp_path / "file" / "logs"))
    warning, line = (json.loads(each) for each in lines)
    assert "LOG_DIR" in warning["message"]
    assert line["id"] == "xr-1"


def pipe() -> tuple[TextIO, TextIO]:
    """Both ends of a pipe: the one to read from, the one to write to."""
    reads, writes = os.pipe()
    return os.fdopen(reads), os.fdopen(writes, "w")


def test_blocked_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    """While nobody reads, `log.info` does not wait: lines wait up to a number, and the rest is dropped."""
    monkeypatch.setattr(logs, "MOST_WAITING", 100)
    reads, writes = pipe()
    made = Logs(Logging(), writes)
    for number in range(5000):
        log.info("line", extra={"fields": {"number": number, "fill": "x" * 1000}})
    assert made._queue.full()
    made.close()  # it is full: nothing can be told to the writer, and nothing waits for it
    assert made._thread.is_alive()
    got: list[int] = []
    reader = threading.Thread(target=lambda: got.extend(json.loads(line)["number"] for line in reads))
    reader.start()
    made._queue.put(None)
    made._thread.join(10)
    writes.close()
    reader.join(10)
    reads.close()
    assert 100 <= len(got) < 5000
    assert got == sorted(set(got))


def test_close_does_not_wait_for_a_blocked_writer() -> None:
    """A writer that hangs is left behind at the end."""
    reads, writes = pipe()
    made = Logs(Logging(), writes)
    for _ in range(100):
        log.info("x" * 10_000)
    made.close()
    assert made._thread.is_alive()
    drain = threading.Thread(target=reads.read)
    drain.start()
    made._thread.join(10)
    assert not made._thread.is_alive()
    writes.close()
    drain.join(10)
    reads.close()


def test_closed_pipe() -> None:
    """A reader that has gone loses lines, and nothing else happens."""
    reads, writes = pipe()
    reads.close()
    made = Logs(Logging(), writes)
    for _ in range(3):
        log.info("line")
    made.close()
    assert not made._thread.is_alive()
    writes.close()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a disk that is always full")  # noqa: PTH110
def test_full_disk(tmp_path: Path) -> None:
    """A full disk loses lines; the other place still gets them."""
    (tmp_path / "xrouter.log").symlink_to("/dev/full")
    assert len(written(request(id="xr-1"), io.StringIO(), to_file=True, dir=str(tmp_path))) == 1
    with open("/dev/full", "w") as full:  # noqa: PTH123
        made = Logs(Logging(), full)
        log.info("line")
        made.close()
        assert not made._thread.is_alive()


def test_real_terminal() -> None:
    """A terminal gets words, not JSON."""
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as out:
        made = Logs(Logging(), out)
        log.info("hello")
        made.close()
        assert b"info  hello" in os.read(master, 1000)
    os.close(master)


def test_no_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service may be started without standard error."""
    monkeypatch.setattr("sys.stderr", None)
    made = Logs(Logging())
    log.info("line")
    made.close()
    assert not made._thread.is_alive()


def test_encoding_of_the_terminal() -> None:
    """A terminal that cannot show a character shows its number."""
    reads, writes = os.pipe()
    with os.fdopen(writes, "w", encoding="ascii") as out, os.fdopen(reads) as lines:
        made = Logs(Logging(), out)
        log.info("é漢")
        made.close()
        out.close()
        assert r"\xe9\u6f22" in lines.read()
