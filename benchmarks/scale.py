"""How training grows with the messages it learns from: time and memory of the stage `train` on messages of the grammar alone.

    python benchmarks/scale.py [--sizes 10000 100000 1000000] [--keep FILE]

Each size is trained on in a process of its own. The figures go to benchmarks/scale.json.
"""

import argparse
import json
import math
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "benchmarks/scale.json"
SIZES = (10_000, 100_000, 1_000_000)
VALIDATION = 4_000
"""Messages to calibrate on and to choose thresholds by, as many whatever the size."""


def make(size: int, folder: Path) -> None:
    """Write a message table with `size` training messages, evenly of all wordings that are trained on, and some of the others to validate on."""
    import pandas as pd

    from legitext.brands import registry
    from legitext.grammar import load_templates, make_messages
    from legitext.habits import Habits
    from legitext.params import load_params
    from legitext.split import is_held_out
    from legitext.table import as_table, write_table

    params = load_params(ROOT / "params.yaml")
    templates = load_templates(ROOT / "data/templates")
    held_out = [is_held_out(one.id, params.prepare) for one in templates]
    tables = []
    for split, wanted, chosen in (("train", size, False), ("validation", VALIDATION, True)):
        wordings = [one for one, out in zip(templates, held_out, strict=True) if out is chosen]
        rows: list[tuple[str | None, ...]] = []
        each = wanted // len(wordings)
        while len(rows) < wanted:  # some wordings have few messages
            each = each * 5 // 4 + 1
            made = make_messages(wordings, each, params.synthesize.seed, registry(), Habits(**params.synthesize.habits))
            rows = [(one.text, one.label, one.sender, one.brand, one.kind, one.template_id) for one in made]
        sample = random.Random(1).sample(rows, wanted)
        table = as_table(pd.DataFrame(sample, columns=["text", "label", "sender", "brand", "kind", "group"]), "grammar")
        tables.append(table.assign(split=pd.array([split] * wanted, dtype="string")))
    write_table(pd.concat(tables, ignore_index=True), folder / "data/messages.parquet")


def measure(size: int) -> dict[str, float | int]:
    """Train on `size` messages in a new process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").mkdir()
        (folder / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
        subprocess.run([sys.executable, __file__, "--make", str(size), name], check=True)
        with (folder / "said").open("w+") as said:
            start = time.perf_counter()
            trained = subprocess.Popen([sys.executable, "-m", "legitext.stages.train"], cwd=folder, stderr=said)
            _, status, used = os.wait4(trained.pid, 0)
            seconds = time.perf_counter() - start
            said.seek(0)
            lines = said.read()
        if status:
            raise SystemExit(f"training on {size:,} messages failed:\n{lines}")
        learnt = re.search(r"fitting on ([\d,]+)", lines)
        return {
            "messages": size,
            "learnt": int(learnt[1].replace(",", "")) if learnt else 0,
            "seconds": round(seconds, 1),
            "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
            "peak_mib": used.ru_maxrss // 1024,
            "model_mb": round((folder / "data/model.joblib").stat().st_size / 1e6, 1),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of training messages")
    parser.add_argument("--keep", type=Path, default=FILE, help="where the figures go; those of other sizes in it stay")
    parser.add_argument("--make", nargs=2, metavar=("SIZE", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.make:
        make(int(arguments.make[0]), Path(arguments.make[1]))
        return
    found = {row["messages"]: row for row in json.loads(arguments.keep.read_text())} if arguments.keep.is_file() else {}
    for size in arguments.sizes:
        found[size] = measure(size)
        rows = [found[key] for key in sorted(found)]
        arguments.keep.write_text(json.dumps(rows, indent=1) + "\n")
        print(found[size], flush=True)
    for before, after in pairwise(rows):
        steps = (
            math.log(after[what] / before[what]) / math.log(after["learnt"] / before["learnt"]) for what in ("cpu_seconds", "peak_mib")
        )
        print("{:,} to {:,}: time grows as n^{:.2f}, memory as n^{:.2f}".format(before["messages"], after["messages"], *steps))


if __name__ == "__main__":
    main()
