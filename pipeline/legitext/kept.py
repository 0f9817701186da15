"""Caches on the way of every message: a lookup costs what it does in a dictionary."""

from collections.abc import Callable, Hashable
from typing import TypeVar

MOST_KEPT = 50_000
LONGEST_KEPT = 24
"""Characters of a text that is kept; longer ones, such as links, seldom come twice."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(dict[K, V]):
    """What a function makes of keys, each worked out when it is first asked for. Threads may share one: it takes no lock.

    >>> lengths = Kept(len)
    >>> lengths["code"], lengths["x" * 100], list(lengths)
    (4, 100, ['code'])
    """

    def __init__(self, work_out: Callable[[K], V], most: int = MOST_KEPT) -> None:
        """Keep what `work_out` makes of at most `most` keys, then begin anew; keys that are long texts are not kept."""
        self._work_out = work_out
        self._most = most

    def __missing__(self, key: K) -> V:
        value = self._work_out(key)
        if not isinstance(key, str) or len(key) <= LONGEST_KEPT:
            if len(self) >= self._most:
                self.clear()
            self[key] = value
        return value
