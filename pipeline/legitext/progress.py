"""Progress of long steps: a bar on a terminal, plain lines elsewhere."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from importlib.util import find_spec
from typing import TypeVar

T = TypeVar("T")

SECONDS_BETWEEN_LINES = 10.0


def shows_bars() -> bool:
    """Whether standard error is a terminal that can redraw a line, and no CI asked for plain output."""
    return sys.stderr.isatty() and os.environ.get("CI", "").lower() not in {"1", "true", "yes"}


def say(line: str) -> None:
    """Print one line of progress to standard error, at once."""
    print(line, file=sys.stderr, flush=True)


def track(items: Iterable[T], what: str, total: int | None = None, size: Callable[[T], int] = lambda item: 1) -> Iterator[T]:
    """Yield `items` while showing how many of `total` are done.

    Args:
        items: what is worked through.
        what: the step's name, shown in front of the count.
        total: the number of items; taken from `len(items)` where it has one.
        size: how much of the total an item is.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    if shows_bars() and find_spec("tqdm"):
        from tqdm import tqdm

        with tqdm(desc=what, total=total, unit_scale=True, leave=True) as bar:
            for item in items:
                yield item
                bar.update(size(item))
        return
    of = f" of {total:,}" if total is not None else ""
    last = time.monotonic()
    done = 0
    for item in items:
        yield item
        done += size(item)
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            say(f"{what}: {done:,}{of}")
    say(f"{what}: {done:,}{of} done")
