"""Writing files so that an interrupted run, or another process, leaves the last good one in place; and reading them as UTF-8."""

import glob
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from legitext.errors import DataError, LegitextError


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place and permissions when the block ends well, and vanishes when it does not.

    What a process that was killed left there of the same path vanishes, too. An `OSError` without a file's name gets that of `path`.

    >>> with replacing("models/metrics.json") as part:      # doctest: +SKIP
    ...     part.write_text("{}")
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.{os.getpid()}.", suffix=f"{path.suffix}.part", dir=path.parent)
    os.close(handle)
    part = Path(name)
    try:
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        part.replace(path)
    except OSError as error:
        raise error if error.filename else OSError(error.errno, error.strerror or str(error), str(path)) from None
    finally:
        for left in path.parent.glob(f"{glob.escape(part.name)}*"):  # SQLite keeps a journal beside its file
            left.unlink(missing_ok=True)


def _remove_abandoned(path: Path) -> None:
    """Remove the temporary files of `path` whose process is gone."""
    if os.name != "posix":
        return  # elsewhere, asking after a process can end it
    for part in path.parent.glob(f".{glob.escape(path.name)}.*.part*"):
        owner = part.name.removeprefix(f".{path.name}.").split(".")[0]
        try:
            os.kill(int(owner), 0)
        except ProcessLookupError:
            part.unlink(missing_ok=True)
        except (ValueError, OSError):
            continue


@contextmanager
def locked(path: str | Path, busy: str | None = None) -> Iterator[None]:
    """Keep `path` to one process (or thread) at a time; the others wait. The system ends the lock with the process, however that ends.

    Locked is `<path>.lock`, which stays: a lock on a file that is replaced would hold the old one.

    Args:
        path: what is locked.
        busy: what to say instead of waiting.

    Raises:
        LegitextError: where the system has no such locks; saying `busy` if the lock is held.
    """
    try:
        import fcntl  # not above: Windows has none, and predicting needs none
    except ImportError:
        raise LegitextError(f"{path} cannot be locked on this system, so it is not written: use Linux, macOS or WSL") from None
    with Path(f"{path}.lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (fcntl.LOCK_NB if busy else 0))
        except BlockingIOError:
            raise LegitextError(str(busy)) from None
        yield


def try_lock(file: IO[bytes]) -> bool:
    """Keep an open file to this process while it is open; False if another has it. Always True where the system has no such locks."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def write_text(path: str | Path, text: str) -> None:
    """Write `text` to `path` in UTF-8, whole or not at all."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def copy_file(source: str | Path, path: str | Path) -> None:
    """Copy `source` to `path`, whole or not at all."""
    with replacing(path) as part:
        shutil.copyfile(source, part)


LONGEST_LINE = 8_000_000
"""Bytes that a line of a file may have: the longest text, of four bytes a character, with room for quotes and senders."""


def check_utf8(path: Path) -> None:
    """Stop if a file is not UTF-8, or a line of it has more than `LONGEST_LINE` bytes, of which no more are read.

    Raises:
        DataError: with the line of the first byte that cannot be decoded.
    """
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE + 1), b""), 1):
            if len(line) > LONGEST_LINE:
                raise DataError(f"{path}, line {number:,}: more than {LONGEST_LINE:,} bytes without a line end: is it a file of texts?")
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                byte = line[error.start]
                raise DataError(
                    f"{path}, line {number:,}: byte 0x{byte:02x} at column {error.start + 1} is not UTF-8: save the file as UTF-8 "
                    "(iconv -f WINDOWS-1252 -t UTF-8)"
                ) from None


def digest(data: bytes) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of `data`: enough to tell two versions of a file apart."""
    return hashlib.sha256(data).hexdigest()[:16]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
