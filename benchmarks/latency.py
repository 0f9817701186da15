"""How long one prediction takes, how many a second of many, and what the first costs.

    python benchmarks/latency.py

Messages are of 100 to 160 characters, from the grammar and never trained on. This process's own work is measured in processor time, so
that what else runs on the machine matters less, and is a median of repeats. The figures, and what each step takes, go to
benchmarks/latency.json.
"""

import gc
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TypeVar

from legitext import Classifier, Message, links, numbers, parts, reading, unicode
from legitext.brands import registry
from legitext.evidence import _said, find_evidence
from legitext.senders import read_sender

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "benchmarks/latency.json"
MESSAGES = 1500
REPEATS = 7


def _messages() -> list[Message]:
    from legitext.table import messages_of, read_table

    table = read_table(ROOT / "data/messages.parquet")
    size = table["text"].str.len()
    rows = table[(table["source"] == "grammar") & (table["split"] == "test") & size.between(100, 160)]
    messages = messages_of(rows)
    return random.Random(1).sample(messages, min(2 * MESSAGES, len(messages)))


def _microseconds(work: Callable[[], object]) -> float:
    start = time.thread_time_ns()
    work()
    return (time.thread_time_ns() - start) / 1e3


def _one_by_one(classifier: Classifier, messages: Iterable[Message]) -> tuple[float, float]:
    """Microseconds of the median message, and of the slowest in a hundred."""
    times = sorted(_microseconds(partial(classifier.predict_one, message.text, message.sender)) for message in messages)
    return times[len(times) // 2], times[len(times) * 99 // 100]


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _fresh(code: str) -> float:
    """Seconds that a new interpreter takes for some code."""
    return statistics.median(_seconds(lambda: subprocess.run([sys.executable, "-c", code], check=True)) for _ in range(REPEATS))


def _peak() -> float:
    """MiB that a new interpreter has at most held after some predictions."""
    code = "import legitext; legitext.predict('held, pay at usps-trk.top/a'); print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
    return int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout) / 1024


T = TypeVar("T")


def _each(step: Callable[[T], object], inputs: Iterable[T]) -> float:
    """Microseconds of processor time that a step takes of each message, where it is taken of some only: the least of the repeats."""
    inputs = list(inputs)
    least = float("inf")
    for _ in range(REPEATS):
        start = time.thread_time_ns()
        for one in inputs:
            step(one)
        least = min(least, time.thread_time_ns() - start)
    return least / MESSAGES / 1e3


def profile(classifier: Classifier, messages: list[Message]) -> dict[str, float]:
    """By step, steps inside others behind two more spaces, the microseconds it takes of a message. Each is measured alone, with its own data at hand: together they take some more."""
    brands = registry()
    readings = [reading.read(message, brands) for message in messages]
    folded = [unicode.fold(message.text) for message in messages]
    cut = [reading._cut(one.text, brands) for one in folded]
    skipped = [reading._skipped(links.Found(one.links, one.emails)) for one in readings]
    linked = [one for one, (_, traits) in zip(folded, cut, strict=True) if traits & reading._LINK]
    digits = [one.text for one, (_, traits) in zip(folded, cut, strict=True) if traits & reading._DIGITS]
    worded = [
        (one, pieces, gaps, brands if traits & reading._NAME else None)
        for one, (pieces, traits), gaps in zip(folded, cut, skipped, strict=True)
    ]
    whole = _each(lambda one: classifier.predict_one(one.text, one.sender), messages)
    scores = _each(classifier._scores, readings)
    evidence = _each(find_evidence, readings)
    rows = (
        ("one prediction", whole),
        ("  reading", _each(lambda one: reading.read(one, brands), messages)),
        ("    letters folded", _each(unicode.fold, (message.text for message in messages))),
        ("    cut into pieces", _each(lambda one: reading._cut(one.text, brands), folded)),
        ("    links and addresses", _each(lambda one: links.scan(one, brands), linked)),
        ("    words, spans and names", _each(lambda one: reading._words(*one), worded)),
        ("    numbers", _each(numbers.find_numbers, digits)),
        ("    sender", _each(lambda one: read_sender(one.sender, brands), messages)),
        ("  evidence", evidence),
        ("    what it asks and claims", _each(lambda one: _said(one.lower), readings)),
        ("  score", scores - evidence),
        ("    sentences", _each(parts.cuts_of, readings)),
    )
    return {step: round(microseconds, 1) for step, microseconds in rows}


def main() -> None:
    messages = _messages()
    registry()
    opened = statistics.median(_seconds(Classifier.load) for _ in range(REPEATS))
    classifier = Classifier.load()
    met, others = messages[:MESSAGES], messages[MESSAGES:]
    classifier.predict(met)
    gc.collect()
    unmet = _one_by_one(classifier, others)
    halves, tails = zip(*(_one_by_one(classifier, met) for _ in range(REPEATS)), strict=True)
    many = len(met) / statistics.median(_microseconds(lambda: classifier.predict(met)) for _ in range(REPEATS)) * 1e6
    first = _fresh("import legitext; legitext.predict('hi')") - _fresh("pass")
    figures = {
        "p50_us": round(statistics.median(halves), 1),
        "p99_us": round(statistics.median(tails), 1),
        "unmet_p50_us": round(unmet[0], 1),
        "many_per_second": round(many),
        "first_s": round(first, 3),
        "opened_ms": round(opened * 1e3, 1),
        "peak_mib": round(_peak(), 1),
        "profile_us": profile(classifier, met),
    }
    FILE.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
