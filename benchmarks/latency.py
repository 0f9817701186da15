"""How long one prediction takes, how many a second of many, and what the first costs.

    python benchmarks/latency.py

Messages are of 100 to 160 characters, from the grammar and never trained on. Times of this process's own work are medians of repeats.
"""

import gc
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from legitext import Classifier, Message
from legitext.brands import registry

ROOT = Path(__file__).resolve().parents[1]
MESSAGES = 1500
REPEATS = 7


def _messages() -> list[Message]:
    from legitext.table import messages_of, read_table

    table = read_table(ROOT / "data/messages.parquet")
    size = table["text"].str.len()
    rows = table[(table["source"] == "grammar") & (table["split"] == "test") & size.between(100, 160)]
    messages = messages_of(rows)
    return random.Random(1).sample(messages, min(MESSAGES, len(messages)))


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _fresh(code: str) -> float:
    """Seconds that a new interpreter takes for some code."""
    return statistics.median(_seconds(lambda: subprocess.run([sys.executable, "-c", code], check=True)) for _ in range(REPEATS))


def _peak() -> float:
    """MiB that a new interpreter has at most held after some predictions."""
    code = "import legitext, resource; legitext.predict('held, pay at usps-trk.top/a'); print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    return int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout) / 1024


def main() -> None:
    registry()
    opened = statistics.median(_seconds(Classifier.load) for _ in range(REPEATS))
    classifier = Classifier.load()
    messages = _messages()
    classifier.predict(messages)
    gc.collect()
    halves, tails = [], []
    for _ in range(REPEATS):
        times = sorted(_seconds(lambda one=message: classifier.predict_one(one.text, one.sender)) for message in messages)  # type: ignore[misc]
        halves.append(times[len(times) // 2])
        tails.append(times[len(times) * 99 // 100])
    many = statistics.median(_seconds(lambda: classifier.predict(messages)) for _ in range(REPEATS))
    first = _fresh("import legitext; legitext.predict('hi')") - _fresh("pass")
    for what, figure in (
        ("one message, warm, p50", f"{statistics.median(halves) * 1e6:,.0f} µs"),
        ("one message, warm, p99", f"{statistics.median(tails) * 1e6:,.0f} µs"),
        ("a list of messages, one core", f"{len(messages) / many:,.0f} a second"),
        ("first prediction, beyond an empty python", f"{first:.2f} s"),
        ("model opened in", f"{opened * 1e3:.0f} ms"),
        ("peak memory of a process that predicts", f"{_peak():.0f} MiB"),
    ):
        print(f"{what:<42}{figure:>18}")


if __name__ == "__main__":
    main()
