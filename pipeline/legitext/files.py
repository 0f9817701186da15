"""Writing files so that an interrupted run leaves the last good one in place."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends well, and vanishes when it does not.

    >>> with replacing("models/metrics.json") as part:      # doctest: +SKIP
    ...     part.write_text("{}")
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=f"{path.suffix}.part", dir=path.parent)
    os.close(handle)
    part = Path(name)
    try:
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.chmod(0o666 & ~_umask())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` to `path` in UTF-8, whole or not at all."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def copy_file(source: str | Path, path: str | Path) -> None:
    """Copy `source` to `path`, whole or not at all."""
    with replacing(path) as part:
        shutil.copyfile(source, part)


def digest(data: bytes) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of `data`: enough to tell two versions of a file apart."""
    return hashlib.sha256(data).hexdigest()[:16]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
