"""Does it hold under load? 8 threads share one classifier while 4 processes have one each, over good, hostile and ever new texts.

    python benchmarks/soak.py [--seconds 180]

Each answer is compared with one thread's. Memory is looked at ten times a second: the blocks that Python has in use, and what the process
holds. What counts is the least in a third of the time: the most hangs on how many large texts are in work at once, while what is never given
back raises the least. The first third warms up; growth is from the second to the last. Caches begin anew when they are full, so a third must
be long enough for each to do so. Blocks tell whether Python objects pile up; what the process holds grows by some MiB all the same, for
threads leave gaps in the heap that they share (one heap: MALLOC_ARENA_MAX=1; else glibc gives each thread its own, and these fill for
minutes). Exit code 1 if an answer differs, an error is not a documented one, or either grows by more than `MOST_BLOCKS` or `MOST_MEMORY`.
"""

import argparse
import math
import multiprocessing
import os
import random
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self

from legitext import Classifier, Message
from legitext.errors import InputError

ROOT = Path(__file__).resolve().parents[1]
THREADS = 8
PROCESSES = 4
MOST_BLOCKS = 0.02
"""Share of the blocks in use that may be more in the last third of the time than in the second."""

MOST_MEMORY = 10.0
"""MiB that a process may hold more in the last third of the time than in the second."""

SECONDS_BETWEEN_LOOKS = 0.1

_STATM = Path("/proc/self/statm")

NEW = 8_000
"""Messages, never met before, that fill the caches of a classifier before the time starts; the hostile ones are judged then, too."""

HOSTILE: tuple[Any, ...] = (
    *("", " \n", None, 5, b"bytes", "x" * 1_000_001),
    *("\0", "\ud83d", "a" * 20_000, "a\u0301" * 5_000, "\u202e" * 5_000 + "top.trk", "\u200b".join("pay the fee at usps.com-trk.top")),
    *(
        "http://a.top/ " * 1_000,
        "((([[[{{{" * 1_000,
        "[.]" * 3_000,
        "hxxp://" * 2_000,
        "0" * 20_000,
        "1-" * 9_000,
        "🎁" * 5_000,
        "é" * 20_000,
    ),
    *("USPS " * 2_000, "reply Y " * 2_000, "xn--" * 3_000, "@" * 9_000, "a." * 9_000, "%2e" * 5_000, "\n" * 9_000 + "x", "'" * 9_000),
)


@dataclass
class Tally:
    """What one thread or process met."""

    judged: int = 0
    differing: int = 0
    errors: int = 0
    blocks: float = 0.0
    """Growth of the blocks in use of the whole process, as a share."""
    memory: float = 0.0
    """Growth of what the whole process holds, in MiB."""
    peak: float = 0.0
    """Growth of the most that it ever held, from the end of the first third, in MiB."""


def answer(classifier: Classifier, message: Any) -> Any:
    """What a classifier says of a message, to be compared."""
    try:
        given = classifier.predict(message)
    except InputError as error:
        return str(error)
    return given.label, tuple(given.probabilities.values()), given.brand, given.reasons


class Memory:
    """Watch what this process holds while a `with` block of so many seconds runs."""

    def __init__(self, seconds: float) -> None:
        self._third = seconds / 3
        self._least = [(float("inf"), float("inf"))] * 3
        self._early = 0.0
        self._over = Event()
        self._watching = Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._watching.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watching.join()

    def put_into(self, tally: Tally) -> Tally:
        """The tally with the growth of the block that was run.

        Raises:
            RuntimeError: if a third passed without a look.
        """
        if not all(math.isfinite(held) for _, held in self._least):
            raise RuntimeError(f"memory could not be looked at in each third of {3 * self._third:.1f} s: give it more time")
        _, (blocks, held), (blocks_at_last, held_at_last) = self._least
        return replace(tally, blocks=blocks_at_last / blocks - 1, memory=held_at_last - held, peak=_peak() - self._early)

    def _watch(self) -> None:
        start = time.monotonic()
        while not self._over.wait(SECONDS_BETWEEN_LOOKS):
            third = min(int((time.monotonic() - start) / self._third), 2)
            if not third:
                self._early = _peak()
            blocks, held = self._least[third]
            self._least[third] = min(blocks, sys.getallocatedblocks()), min(held, _held())


def work(classifier: Classifier, expected: list[tuple[Any, Any]], seconds: float, seed: int) -> Tally:
    """Judge messages, and between them new ones, until the time is over."""
    rng = random.Random(seed)
    tally = Tally()
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        message, wanted = rng.choice(expected)
        try:
            classifier.predict(_new(rng))
            tally.differing += answer(classifier, message) != wanted
        except Exception as error:
            tally.errors += 1
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
        tally.judged += 2
    return tally


def in_a_process(path: str | None, new: int, expected: list[tuple[Any, Any]], seconds: float, seed: int) -> Tally:
    """`work` with a classifier of its own."""
    classifier = used(path, new)
    with Memory(seconds) as memory:
        tally = work(classifier, expected, seconds, seed)
    return memory.put_into(tally)


def used(path: str | None, new: int) -> Classifier:
    """A classifier that has judged so many messages, and the hostile ones."""
    classifier = Classifier.load(path)
    for message in HOSTILE:
        answer(classifier, message)
    rng = random.Random(0)
    classifier.predict([_new(rng) for _ in range(new)])
    return classifier


def soak(seconds: float, messages: list[Any], path: str | None = None, new: int = NEW) -> dict[str, list[Tally]]:
    """Threads and processes at work at once, with the model in the file `path` or the packaged one; a tally for each."""
    alone = Classifier.load(path)
    expected = [(message, answer(alone, message)) for message in messages]
    shared = used(path, new)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, spawn) as processes, ThreadPoolExecutor(THREADS) as threads:
        apart = [processes.submit(in_a_process, path, new, expected, seconds, 100 + seed) for seed in range(PROCESSES)]
        with Memory(seconds) as memory:
            together = [one.result() for one in [threads.submit(work, shared, expected, seconds, seed) for seed in range(THREADS)]]
        return {"threads": [memory.put_into(one) for one in together], "processes": [one.result() for one in apart]}


def good_messages() -> list[Message]:
    """A message of every second wording."""
    from legitext.brands import registry
    from legitext.grammar import load_templates, make_messages

    templates = load_templates(ROOT / "data/templates")[::2]
    return [Message(one.text, one.sender) for one in make_messages(templates, 1, 3, registry())]


def _new(rng: random.Random) -> Message:
    """A message that was never met: its words, link and sender fill caches."""
    words = [f"{rng.getrandbits(40):x}" for _ in range(16)]
    links = [f"{word}.top/{word[:4]}" for word in words[:3]]
    return Message(f"your order {' '.join(words)} waits at {' '.join(links)}", f"+1614{rng.randrange(10**7):07}")


def _held() -> float:
    """MiB of memory that this process holds now; where that is not told, the most that it held."""
    if not _STATM.is_file():
        return _peak()
    pages = int(_STATM.read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def _peak() -> float:
    """MiB of the most memory that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=180)
    seconds = parser.parse_args().seconds
    if "MALLOC_ARENA_MAX" not in os.environ:
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "MALLOC_ARENA_MAX": "1"})
    messages = [*good_messages(), *HOSTILE]
    print(f"{len(messages):,} messages, {len(HOSTILE)} of them hostile, and as many new ones; {seconds:.0f} s")
    print(f"{'':<14}{'judged':>12}{'differing':>12}{'errors':>10}{'blocks':>12}{'memory':>14}")
    failed = False
    for name, tallies in soak(seconds, messages).items():
        judged, differing, errors = (sum(getattr(one, what) for one in tallies) for what in ("judged", "differing", "errors"))
        blocks, memory = max(one.blocks for one in tallies), max(one.memory for one in tallies)
        print(f"{len(tallies)} {name:<12}{judged:>12,}{differing:>12,}{errors:>10,}{blocks:>+12.2%}{memory:>+10.1f} MiB")
        failed |= bool(differing or errors or blocks > MOST_BLOCKS or memory > MOST_MEMORY)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
