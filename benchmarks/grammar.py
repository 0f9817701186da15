"""How fast the grammar makes messages, and in how much memory.

python benchmarks/grammar.py
"""

import resource
import time
from pathlib import Path

from legitext.brands import registry
from legitext.grammar import load_templates, make_messages
from legitext.habits import Habits
from legitext.params import load_params

ROOT = Path(__file__).resolve().parents[1]
WANTED = 100_000


def main() -> None:
    habits = Habits(**load_params(ROOT / "params.yaml").synthesize.habits)
    start = time.perf_counter()
    templates = load_templates(ROOT / "data/templates")
    loaded = time.perf_counter()
    count = sum(1 for _ in make_messages(templates, WANTED // len(templates) + 2, 1, registry(), habits))
    done = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(templates):,} wordings read and checked in {loaded - start:.1f} s")
    print(f"{count:,} messages made in {done - loaded:.1f} s; peak memory of the process {peak:.0f} MiB")


if __name__ == "__main__":
    main()
