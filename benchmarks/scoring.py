"""How fast files of messages are judged, on this machine and by Spark, in how much memory, and what a billion messages would cost.

    python benchmarks/scoring.py [--rows 200000] [--large 10000000]

Rows are messages of the grammar that were not trained on, each with a number of its own; the model is that of `data/model.joblib`.
`legitext score` turns CSV into CSV, and its start is counted. Spark (local[2]) turns a table into parquet, in a session that has judged
before: with the model file, and with the scikit-learn pipeline it was made of, in the same function of the same job. Answers are compared
row by row. A core-second is one of work, whoever else is at work on the machine; those of Spark count the JVM's. `--large` only asks how
much memory a larger file takes. The figures go to benchmarks/scoring.json; what is not measured stays there.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from subprocess import DEVNULL, Popen
from threading import Event, Thread
from typing import Any, NamedTuple

import joblib
import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet
from scipy.special import softmax

from legitext import artifact, scoring, spark
from legitext.decision import DEFAULT, label_of
from legitext.messages import LABELS, Message
from legitext.model import scores_in_parts
from legitext.table import read_table

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "benchmarks/scoring.json"
ROWS = 200_000
PIPELINE_ROWS = 20_000
TICK = 1 / os.sysconf("SC_CLK_TCK")
SECONDS_BETWEEN_LOOKS = 0.1
MILLION = 1_000_000


class Verdict(NamedTuple):
    label: str
    probabilities: dict[str, float]
    brand: None = None


class Pipeline:
    """The scikit-learn pipeline in the place of `legitext.spark.Shipped`: a process opens it once, and it judges lists of messages.

    As it is, it judges whole texts; in parts, it gives the answers of the model file.
    """

    def __init__(self, path: Path, in_parts: bool) -> None:
        self._path, self._in_parts = path, in_parts

    @cached_property
    def classifier(self) -> "Pipeline":
        held = joblib.load(self._path)
        self._pipeline, self._thresholds = held["pipeline"], held["thresholds"][DEFAULT]
        self._order = [list(self._pipeline.classes_).index(label) for label in LABELS]
        return self

    def predict(self, messages: list[Message]) -> list[Verdict]:
        if self._in_parts:
            rows = softmax(scores_in_parts(self._pipeline, messages), axis=1)
        else:
            rows = self._pipeline.predict_proba(messages)[:, self._order]
        return [Verdict(label_of(row, self._thresholds), dict(zip(LABELS, row, strict=True))) for row in rows.tolist()]


class Watch:
    """Of all that a process starts: seconds, seconds of work (with its own), and the most memory held at once."""

    def __init__(self, pid: int) -> None:
        self._pid, self._ended = pid, Event()
        self.memory = 0
        self._looks = Thread(target=self._look)

    def __enter__(self) -> "Watch":
        self._begin, self._worked = time.perf_counter(), self._work()
        self._looks.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self.seconds, self.work = time.perf_counter() - self._begin, self._work() - self._worked
        self._ended.set()
        self._looks.join()

    def _look(self) -> None:
        while not self._ended.wait(SECONDS_BETWEEN_LOOKS):
            pages = 0
            for pid in family(self._pid)[1:]:
                with suppress(OSError):
                    pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            self.memory = max(self.memory, pages * os.sysconf("SC_PAGE_SIZE"))

    def _work(self) -> float:
        ticks = 0
        for pid in family(self._pid):
            with suppress(OSError):
                ticks += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]))
        return ticks * TICK


def family(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [one for child in (task / "children").read_text().split() for one in family(int(child))]
    return found


def write_rows(rows: int, path: Path) -> None:
    """A CSV file of so many rows, a million at a time."""
    with path.open("wb") as file:
        for start in range(0, rows, MILLION):
            part = made(range(start, min(start + MILLION, rows)))
            csv.write_csv(part, file, csv.WriteOptions(include_header=start == 0))


def made(numbers: range) -> pa.Table:
    """Messages of the grammar that were not trained on, each with its number."""
    table = read_table(ROOT / "data/messages.parquet")
    held_out = table[(table["source"] == "grammar") & (table["split"] == "test")]
    chosen = random.Random(numbers.start + 1)
    picked = [chosen.randrange(len(held_out)) for _ in numbers]
    texts = [f"{text} {number}" for number, text in zip(numbers, held_out["text"].iloc[picked], strict=True)]
    senders = held_out["sender"].astype("object").where(held_out["sender"].notna(), None).iloc[picked].tolist()
    return pa.table({"id": numbers, "text": texts, "sender": pa.array(senders, pa.string())})


def local(source: Path, model: str, jobs: int) -> Watch:
    target = f"{source.with_suffix('')}.{jobs}.csv"
    command = [sys.executable, "-m", "legitext", "score", str(source), target, "--jobs", str(jobs), "--model", model]
    with Watch(os.getpid()) as watch, Popen(command, stderr=DEVNULL) as process:
        process.wait()
    assert process.returncode == 0
    return watch


def in_spark(frame: Any, shipped: Any, target: str) -> tuple[Watch, Any]:
    """A job from table to parquet, whose workers have what they need open, and what it wrote, sorted by `id`."""
    kinds = ", ".join(f"`{name}` {kind}" for name, kind in scoring.added_columns().items())
    judge = partial(
        spark.judge_batches, shipped=frame.sparkSession.sparkContext.broadcast(shipped), text="text", sender="sender", prefix=""
    )
    schema = f"id long, text string, sender string, {kinds}"
    frame.where("id % 50 = 0").mapInArrow(judge, schema).write.format("noop").mode("overwrite").save()
    with Watch(os.getpid()) as watch:
        frame.mapInArrow(judge, schema).write.parquet(target)
    return watch, parquet.read_table(target).sort_by("id")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS, help="rows to judge each way; 0 to judge none")
    parser.add_argument("--large", type=int, default=0, help="rows of a file of which only time and memory are asked")
    arguments = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "benchmarks"), str(ROOT / "pipeline")])
    figures = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}
    with tempfile.TemporaryDirectory() as folder:
        held = joblib.load(ROOT / "data/model.joblib")
        model = Path(folder) / "model.joblib"
        artifact.save(artifact.from_pipeline(held["pipeline"], held["thresholds"], held["data"], []), model)
        if arguments.rows:
            figures |= each_way(arguments.rows, Path(folder) / "messages", str(model))
        if arguments.large:
            source = Path(folder) / "large.csv"
            write_rows(arguments.large, source)
            figures["large"] = row("legitext score --jobs 2", arguments.large, local(source, str(model), 2))
    FILE.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(f"{'':<32}{'rows':>12}{'seconds':>10}{'rows/s':>10}{'rows/core-s':>13}{'peak MiB':>10}{'core-hours a billion':>22}")
    for one in [*figures.get("ways", []), *([figures["large"]] if "large" in figures else [])]:
        a_core = one["rows"] / one["work"]
        print(
            f"{one['name']:<32}{one['rows']:>12,}{one['seconds']:>10.1f}{one['rows'] / one['seconds']:>10,.0f}{a_core:>13,.0f}"
            f"{one['peak_mib']:>10,}{1e9 / a_core / 3600:>22,.0f}"
        )
    print("labels that differ, and the largest difference of probabilities:", figures.get("differ"))


def row(name: str, count: int, watch: Watch) -> dict[str, Any]:
    return {
        "name": name,
        "rows": count,
        "seconds": round(watch.seconds, 1),
        "work": round(watch.work, 1),
        "peak_mib": round(watch.memory / 2**20),
    }


def each_way(rows: int, source: Path, model: str) -> dict[str, Any]:
    """What it takes to judge the same rows, and how far the answers are apart."""
    import scoring as this  # the classes above under a name that workers know

    table = made(range(rows))
    parquet.write_table(table, source.with_suffix(".parquet"), row_group_size=max(1, rows // 8))
    csv.write_csv(table, source.with_suffix(".csv"))
    ways = [row(f"legitext score --jobs {jobs}", rows, local(source.with_suffix(".csv"), model, jobs)) for jobs in (1, 2)]
    session = spark.session(2)
    frame = session.read.parquet(f"{source}.parquet").repartition(8)
    ours, found = in_spark(frame, spark.Shipped(model, None, DEFAULT), f"{source}.ours")
    few = frame.where(f"id < {PIPELINE_ROWS}")
    theirs, _ = in_spark(few, this.Pipeline(ROOT / "data/model.joblib", in_parts=False), f"{source}.theirs")
    parts, others = in_spark(few, this.Pipeline(ROOT / "data/model.joblib", in_parts=True), f"{source}.parts")
    session.stop()
    written = csv.read_csv(f"{source}.2.csv", parse_options=csv.ParseOptions(newlines_in_values=True))
    ways += [row("Spark local[2], legitext", rows, ours), row("Spark local[2], scikit-learn", len(others), theirs)]
    ways.append(row("Spark local[2], it in parts", len(others), parts))
    same = found.slice(0, len(others))
    return {
        "ways": ways,
        "differ": {
            "Spark from local": [differing(found, written), apart(found, written)],
            "scikit-learn in parts from legitext": [differing(same, others), apart(same, others)],
        },
    }


def differing(one: Any, two: Any) -> int:
    return sum(a != b for a, b in zip(one["label"].to_pylist(), two["label"].to_pylist(), strict=True))


def apart(one: Any, two: Any) -> float:
    return float(max(np.abs(one[label].to_numpy() - two[label].to_numpy()).max() for label in LABELS))


if __name__ == "__main__":
    main()
