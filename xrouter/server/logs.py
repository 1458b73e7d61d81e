"""Logs: one line a request, on the terminal for people, JSON where it is not one, and in files that rotate.

Lines are written by a thread of their own from a bounded queue: a disk or a pipe that is slow or full loses lines,
never a request. No line holds a key; prompts only where `logging.prompts` asks for them.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import queue
import re
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from logging.handlers import QueueHandler, RotatingFileHandler
from pathlib import Path
from typing import Any, TextIO

from xrouter.config import model as config
from xrouter.wire import json

MOST_WAITING = 10_000
FILE_BYTES = 10 * 1024 * 1024
FILES_KEPT = 5

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_COLOURS = {"WARNING": "\x1b[33m", "ERROR": "\x1b[31m"}


class Logs:
    """Owns the writer thread; `close` writes what is still waiting, within a second."""

    def __init__(self, settings: config.Logging, out: TextIO | None = None) -> None:
        self._queue: queue.Queue[logging.LogRecord | None] = queue.Queue(MOST_WAITING)
        self._handlers = _handlers(settings, out or sys.stderr)
        self._thread = threading.Thread(target=self._write, name="xrouter-logs", daemon=True)
        root = logging.getLogger("xrouter")
        root.setLevel(_LEVELS[settings.level])
        root.propagate = False
        root.handlers = [_Entrance(self._queue)]
        self._thread.start()

    def close(self) -> None:
        """Write what waits, then stop; a writer that hangs is left behind."""
        try:
            self._queue.put_nowait(None)
        except queue.Full:
            return
        self._thread.join(timeout=1.0)

    def _write(self) -> None:
        while (record := self._queue.get()) is not None:
            for handler in self._handlers:
                handler.emit(record)  # without its lock: logging takes that at exit, and a writer that hangs has it
        for handler in self._handlers:
            with contextlib.suppress(OSError):  # what a full disk has not taken is lost
                handler.close()


class _Entrance(QueueHandler):
    """Puts records into the queue as they are; what finds no place is dropped."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        record.message = record.getMessage()
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            return

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the name is logging's
        """A log line that cannot be written must not become an error of a request."""


class _Quiet(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """A full disk or a closed pipe loses lines, nothing else."""


class _PrivateFile(RotatingFileHandler):
    """Rotates, readable by its owner alone."""

    def _open(self) -> Any:
        return open(self.baseFilename, "a", encoding="utf-8", opener=_private)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """A full disk loses lines, nothing else."""


class ForPeople(logging.Formatter):
    """`12:01:07 info  message key=value …`, or a record's own `words`; without control characters."""

    def __init__(self, *, colours: bool) -> None:
        super().__init__()
        self._colours = colours

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the traceback of an error below it."""
        when = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        fields = " ".join(f"{key}={_shown(value)}" for key, value in _fields(record).items())
        words = getattr(record, "words", None) or f"{record.message} {fields}"
        line = _CONTROL.sub("�", f"{when} {_level(record):5} {words}".rstrip())
        if self._colours and (colour := _COLOURS.get(record.levelname)):
            line = f"{colour}{line}\x1b[0m"
        if not record.exc_info:
            return line
        traceback = self.formatException(record.exc_info).split("\n")
        return "\n".join((line, *(_CONTROL.sub("�", one) for one in traceback)))


class ForMachines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The traceback of an error is a field."""
        said: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": _level(record),
            "message": record.message,
            **_fields(record),
        }
        if record.exc_info:
            said["traceback"] = self.formatException(record.exc_info)
        return _CONTROL.sub(lambda found: f"\\u{ord(found.group()):04x}", _encoded(said))


def _level(record: logging.LogRecord) -> str:
    """In the words of the settings."""
    return "warn" if record.levelname == "WARNING" else record.levelname.lower()


def _encoded(said: Mapping[str, Any]) -> str:
    try:
        return json.encode(said).decode()
    except UnicodeEncodeError:  # half a surrogate pair, of a file's name for one
        return json.encode({key: _readable(value) for key, value in said.items()}).decode()


def _readable(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _fields(record: logging.LogRecord) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = getattr(record, "fields", {})
    return fields


def _shown(value: Any) -> str:
    text = "-" if value is None else str(value)
    return json.encode(_readable(text)).decode() if " " in text else text


def _handlers(settings: config.Logging, out: TextIO | None) -> list[logging.Handler]:
    terminal = logging.NullHandler() if out is None else _terminal(out)  # a service may be started without stderr
    handlers: list[logging.Handler] = [terminal]
    if settings.to_file:
        try:
            handlers.append(_file(Path(settings.dir)))
        except OSError as error:
            terminal.handle(
                _record(logging.WARNING, f"logs are not written to {settings.dir}: {error.strerror} (LOG_DIR)")
            )
    return handlers


def _terminal(out: TextIO) -> logging.Handler:
    handler = _Quiet(_unbuffered(out))
    handler.setFormatter(ForPeople(colours=not os.environ.get("NO_COLOR")) if out.isatty() else ForMachines())
    return handler


def _unbuffered(out: TextIO) -> TextIO:
    """The same without Python's buffer: what cannot be written is tried again at exit, which would hang or fail."""
    try:
        raw = io.FileIO(out.fileno(), "w", closefd=False)
    except (OSError, ValueError):  # it is no file
        return out
    return io.TextIOWrapper(raw, encoding=out.encoding, errors="backslashreplace", write_through=True)


def _file(folder: Path) -> logging.Handler:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handler = _PrivateFile(folder / "xrouter.log", maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8")
    handler.setFormatter(ForMachines())
    return handler


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _record(level: int, message: str) -> logging.LogRecord:
    record = logging.LogRecord("xrouter", level, "", 0, message, None, None)
    record.message = message
    return record
