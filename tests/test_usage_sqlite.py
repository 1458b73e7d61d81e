"""usage/sqlite.py: one file, several writers, and whatever may be wrong with it."""

from __future__ import annotations

import logging
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.processes import ROOT
from xrouter.errors import NothingToRead
from xrouter.usage.meter import Bucket, Counts, Rows, Totals
from xrouter.usage.sqlite import VERSION, Store, read_file

ONE = Counts(1, 10, 5, 3, 2, 1, 1, 7, 0, 9, 0)
MINUTE = 1_800_000_000 // 60 * 60

WRITER = """
import sys
from pathlib import Path
from xrouter.usage.meter import Bucket, Counts
from xrouter.usage.sqlite import Store
path, batches = Path(sys.argv[1]), int(sys.argv[2])
store = Store(path)
for number in range(batches):
    store.write({Bucket(number % 3 * 60, "cheap", "p", "m"): Counts(1, 10, 5, 3, 2, 1, 1, 7, 0, 9, 0)})
print("written", store.holds(), flush=True)
sys.stdin.read()
store.close()
"""


def rows(minute: int = MINUTE, tier: str = "cheap", times: int = 1, model: str = "m") -> Rows:
    """One bucket with `times` requests."""
    return {Bucket(minute, tier, "p", model): Counts(*(times * amount for amount in ONE))}


def many(times: int) -> Totals:
    """The totals of `times` requests of the cheap tier in MINUTE."""
    return Totals({"cheap": Counts(*(times * amount for amount in ONE))}, MINUTE)


@contextmanager
def writing(path: Path, batches: int) -> Iterator[subprocess.Popen[str]]:
    """Another process that writes batches to `path`, says so, and waits."""
    command = [sys.executable, "-c", WRITER, str(path), str(batches)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the store is to be, three folders deep."""
    return tmp_path / "share" / "xrouter" / "usage.sqlite"


def test_what_was_written_is_there_after_a_restart(path: Path) -> None:
    """Sums go on where an earlier process left off."""
    for _ in range(3):
        store = Store(path)
        store.write(rows())
        store.close()
    store = Store(path)
    assert store.read() == read_file(path) == many(3)
    store.close()


def test_history_is_read_from_a_minute_on(path: Path) -> None:
    """`since` leaves out what was before its minute; the first request is the first that is left."""
    store = Store(path)
    store.write(rows(MINUTE) | rows(MINUTE + 60, "frontier") | rows(MINUTE + 120, times=2))
    assert store.read(MINUTE + 119) == Totals({"frontier": ONE, "cheap": many(2).by_tier["cheap"]}, MINUTE + 60)
    assert store.read(MINUTE + 180) == Totals({}, None)
    assert store.read().since == MINUTE
    store.close()
    assert read_file(path, MINUTE + 120) == Totals(many(2).by_tier, MINUTE + 120)


def test_two_processes_on_one_file_stay_exact(path: Path) -> None:
    """Both start at once and write 200 batches each into the same rows: none is lost, none counted twice."""
    with writing(path, 200) as one, writing(path, 200) as other:
        for process in (one, other):
            assert process.stdout is not None
            assert process.stdout.readline() == "written False\n"
    assert read_file(path).by_tier == many(400).by_tier
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT SUM(requests), COUNT(*) FROM minute").fetchone() == (400, 3)


def test_sigkill_loses_nothing_that_was_written(path: Path) -> None:
    """A process that is killed without a word leaves all its batches behind."""
    with writing(path, 50) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert read_file(path).by_tier == many(50).by_tier


def test_only_the_user_can_read_it(path: Path) -> None:
    """The file, SQLite's files beside it and the folders that were made are closed to others."""
    store = Store(path)
    store.write(rows())
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == ["usage.sqlite", "usage.sqlite-shm", "usage.sqlite-wal"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (path.parent, path.parent.parent)} == {0o700}
    store.close()


def test_a_file_that_others_could_read_is_closed_to_them(path: Path) -> None:
    """Loose permissions of an older file are mended."""
    path.parent.mkdir(parents=True)
    path.touch(mode=0o644)
    store = Store(path)
    store.read()
    store.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def break_folder(path: Path) -> None:
    """A file in the folder's place."""
    path.parent.parent.mkdir()
    path.parent.write_text("not a folder")


def break_content(path: Path) -> None:
    """A file that is no database."""
    path.parent.mkdir(parents=True)
    path.write_text("no database at all, " * 1000)


def break_kind(path: Path) -> None:
    """A folder in the file's place."""
    path.mkdir(parents=True)


def break_version(path: Path) -> None:
    """A store of a newer xrouter."""
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")


def mend(path: Path) -> None:
    """Move away whatever is in the way."""
    broken = path.parent if path.parent.is_file() else path
    broken.rename(broken.parent / "moved")


@pytest.mark.parametrize("break_it", [break_folder, break_content, break_kind, break_version])
def test_a_store_that_cannot_be_used_is_kept_in_memory_until_it_can(
    path: Path, caplog: pytest.LogCaptureFixture, break_it: object
) -> None:
    """Nothing is raised, one warning names the file, and the rows go in as soon as the way is free."""
    assert callable(break_it)
    break_it(path)
    store = Store(path)
    for number in range(1, 4):
        store.write(rows())
        assert store.read() == many(number)
    assert store.holds()
    (warning,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert str(path) in warning.getMessage()
    mend(path)
    store.write(rows())
    assert not store.holds()
    store.close()
    assert read_file(path) == many(4)


def test_a_full_disk_is_waited_for(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What does not fit is kept, and written when there is room again."""
    store = Store(path)
    store.write(rows())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size // 2, hard))
    try:
        for minute in range(200):
            store.write(rows(MINUTE + 60 * minute, model="m" * 200))
        assert store.holds()
        assert store.read().by_tier["cheap"].requests == 201
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    store.write({})
    assert not store.holds()
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 1
    store.close()
    assert read_file(path).by_tier == many(201).by_tier


def test_a_file_that_another_program_locks_is_waited_for(path: Path) -> None:
    """Rows are kept while somebody else has the file, and can be read all the while."""
    store = Store(path, busy_s=0.01)
    store.write(rows())
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        store.write(rows())
        assert store.holds()
        assert store.read() == many(2)
        other.execute("ROLLBACK")
    store.write({})
    assert not store.holds()
    assert store.read() == many(2)
    store.close()


def test_a_file_that_was_moved_away_is_made_anew(path: Path) -> None:
    """A running router does not go on writing to a file that nobody can find."""
    store = Store(path)
    store.write(rows())
    for file in path.parent.iterdir():
        file.rename(file.with_name("old-" + file.name))
    store.write(rows())
    store.close()
    assert read_file(path) == many(1)


def test_a_store_that_is_away_for_long_keeps_the_sums_and_not_the_rows(path: Path) -> None:
    """Memory stays small: beyond some thousand rows only the sums are kept, and those exactly."""
    break_folder(path)
    store = Store(path)
    for number in range(12_000):
        store._held.update(rows(MINUTE, model=f"m{number}"))
        if number % 1000 == 999:
            store.write({})
    assert len(store._held) < 6_000
    assert store.read() == many(12_000)


def test_usage_that_is_lost_in_the_end_is_named(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A process that ends before its store could be written says how much is missing."""
    break_folder(path)
    store = Store(path)
    store.write(rows(times=3))
    store.close()
    assert "the usage of 3 requests" in caplog.text


def test_values_of_somebody_else_are_not_believed(path: Path) -> None:
    """Words where counts should be: the file is not used, and reading it says so."""
    store = Store(path)
    store.write(rows())
    store.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE total SET prompt = 'many'")
    with pytest.raises(NothingToRead, match="cannot be read"):
        read_file(path)
    again = Store(path)
    assert again.read() == Totals({}, None)
    again.close()


def test_nothing_to_read_says_where_it_looked(tmp_path: Path) -> None:
    """No file, an empty one, a folder, or no database: each is named."""
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("no database at all, " * 1000)
    for name, reason in (
        ("none", "does not exist"),
        ("empty", "is empty"),
        ("text", "cannot be read"),
        (".", "cannot be read"),
    ):
        with pytest.raises(NothingToRead, match=reason) as raised:
            read_file(tmp_path / name)
        assert str(tmp_path / name) in raised.value.message
