"""This machine's history of usage, in one SQLite file that several routers may write at once.

Table `minute` has one row for each minute, tier, provider and model; table `total` the sums of all time by tier, so
that reading them takes four rows however long the history is. Both change in one transaction.

A store that cannot be written (read-only, full, corrupt, in use) keeps its rows in memory and tries again with the
next ones: usage is never a reason for a request to fail, and no row is lost while the process lives.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

from xrouter.errors import NothingToRead
from xrouter.usage.meter import Counts, Rows, Totals, coarsen, floor_minute, gather, join, total

VERSION = 1
BUSY_S = 2.0

_MOST_HELD = 5_000
_COLUMNS = ", ".join(Counts._fields)
_DEFINITIONS = ", ".join(f"{name} INTEGER NOT NULL" for name in Counts._fields)
_SUMS = ", ".join(f"SUM({name})" for name in Counts._fields)
_ADDITIONS = ", ".join(f"{name} = {name} + excluded.{name}" for name in Counts._fields)
_MARKS = ", ".join("?" * len(Counts._fields))

_CREATE_MINUTE = f"""
    CREATE TABLE IF NOT EXISTS minute (
        minute INTEGER NOT NULL, tier TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL, {_DEFINITIONS},
        PRIMARY KEY (minute, tier, provider, model)
    ) WITHOUT ROWID
"""
_CREATE_TOTAL = f"CREATE TABLE IF NOT EXISTS total (tier TEXT PRIMARY KEY, {_DEFINITIONS}) WITHOUT ROWID"
# The names in these are our own, so nothing can be injected.
_ADD_MINUTE = f"""
    INSERT INTO minute (minute, tier, provider, model, {_COLUMNS}) VALUES (?, ?, ?, ?, {_MARKS})
    ON CONFLICT (minute, tier, provider, model) DO UPDATE SET {_ADDITIONS}
"""  # noqa: S608
_ADD_TOTAL = f"""
    INSERT INTO total (tier, {_COLUMNS}) VALUES (?, {_MARKS}) ON CONFLICT (tier) DO UPDATE SET {_ADDITIONS}
"""  # noqa: S608
_READ_TOTAL = f"SELECT tier, {_COLUMNS} FROM total"  # noqa: S608
_READ_MINUTES = f"SELECT tier, {_SUMS} FROM minute WHERE minute >= ? GROUP BY tier"  # noqa: S608
_READ_FIRST = "SELECT MIN(minute) FROM minute WHERE minute >= ?"

_log = logging.getLogger("xrouter")
_FAULTS = (sqlite3.Error, OSError, ValueError)
"""ValueError: what somebody else wrote into the file is no number."""


class Store:
    """The file and the rows that are not in it yet. All calls have to come from one thread, which owns the connection.

    Nothing is opened or made before the first call.
    """

    def __init__(self, path: Path, *, busy_s: float = BUSY_S) -> None:
        self._path = path
        self._busy_s = busy_s
        self._held: Rows = {}
        self._opened: tuple[sqlite3.Connection, int | None] | None = None
        self._away = False

    def holds(self) -> bool:
        """Whether rows wait for the file to become writable."""
        return bool(self._held)

    def write(self, rows: Rows) -> None:
        """Add rows to the file, with those that wait; they wait on where it cannot be written. Never raises."""
        gather(self._held, rows.items())
        if not self._held:
            return
        try:
            _add(self._connect(), self._held)
        except _FAULTS as fault:
            self._lose(fault)
            if len(self._held) > _MOST_HELD:
                self._held = coarsen(self._held)
        else:
            self._held = {}
            self._back()

    def read(self, since: float | None = None) -> Totals:
        """The sums of all time, or from the minute of `since` on: the file's and those that wait. Never raises."""
        waiting = total(self._held, since)
        try:
            return join(_totals(self._connect(), since), waiting)
        except _FAULTS as fault:
            self._lose(fault)
            return waiting

    def close(self) -> None:
        """Write what waits, if that is possible now, and close the file."""
        self.write({})
        if self._held:
            lost = sum(counts.requests for counts in self._held.values())
            _log.warning("the usage of %d requests could not be written to %s and is lost", lost, self._path)
        self._disconnect()

    def _connect(self) -> sqlite3.Connection:
        if self._opened is not None:
            connection, inode = self._opened
            if _inode(self._path) == inode:
                return connection
            self._disconnect()  # the file was moved away: what is written to it now would never be found again
        connection = _open(self._path, self._busy_s)
        self._opened = (connection, _inode(self._path))
        return connection

    def _disconnect(self) -> None:
        if self._opened is not None:
            with contextlib.suppress(sqlite3.Error):
                self._opened[0].close()
            self._opened = None

    def _lose(self, fault: Exception) -> None:
        if not self._away:
            self._away = True
            _log.warning(
                "cannot use the usage store %s (%s): usage is kept in memory until it can be written; "
                "check the path, its permissions and the free space, or move the file away",
                self._path,
                fault,
            )

    def _back(self) -> None:
        if self._away:
            self._away = False
            _log.info("the usage store %s is written again", self._path)


def read_file(path: Path, since: float | None = None) -> Totals:
    """The sums in a file that a router left behind. Raises NothingToRead, also where it cannot be read."""
    try:
        if not path.stat().st_size:
            raise NothingToRead(f"{path} is empty")
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            _check_version(connection)
            return _totals(connection, since)
    except FileNotFoundError:
        raise NothingToRead(f"{path} does not exist") from None
    except _FAULTS as fault:
        raise NothingToRead(f"{path} cannot be read: {fault}") from fault


def _open(path: Path, busy_s: float) -> sqlite3.Connection:
    _make_private(path)
    connection = sqlite3.connect(path, timeout=busy_s, isolation_level=None)
    try:
        if not _check_version(connection):
            connection.execute("PRAGMA journal_mode = WAL")
            _create(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _make_private(path: Path) -> None:
    """The file 0600 and the directories that have to be made for it 0700; SQLite's own files take after the file."""
    for folder in reversed([folder for folder in path.parents if not folder.exists()]):
        folder.mkdir(mode=0o700, exist_ok=True)
    if not path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        path.chmod(0o600)


def _check_version(connection: sqlite3.Connection) -> bool:
    """Whether the file has our tables. Raises NotSupportedError for those of a newer version."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise sqlite3.NotSupportedError("it was written by a newer version of xrouter")
    return bool(version == VERSION)


def _create(connection: sqlite3.Connection) -> None:
    with _transaction(connection):
        connection.execute(_CREATE_MINUTE)
        connection.execute(_CREATE_TOTAL)
        connection.execute(f"PRAGMA user_version = {VERSION}")


def _add(connection: sqlite3.Connection, rows: Rows) -> None:
    with _transaction(connection):
        connection.executemany(_ADD_MINUTE, [(*where, *counts) for where, counts in rows.items()])
        sums = total(rows).by_tier
        connection.executemany(_ADD_TOTAL, [(tier, *counts) for tier, counts in sums.items()])


def _totals(connection: sqlite3.Connection, since: float | None) -> Totals:
    start = (0 if since is None else floor_minute(since),)
    with _transaction(connection, "DEFERRED"):  # both questions see the same moment
        asked = connection.execute(_READ_TOTAL) if since is None else connection.execute(_READ_MINUTES, start)
        found = asked.fetchall()
        first = connection.execute(_READ_FIRST, start).fetchone()
    return Totals({str(tier): Counts(*map(int, counts)) for tier, *counts in found}, first[0])


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[None]:
    if connection.in_transaction:  # a disk that failed did not let the last one end
        connection.execute("ROLLBACK")
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _inode(path: Path) -> int | None:
    """Which file is there now, or None."""
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None
