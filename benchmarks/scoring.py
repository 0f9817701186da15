"""How fast files of messages are judged, on this machine and by Spark, in how much memory, and what a billion messages would cost.

    python benchmarks/scoring.py [ROWS]

Rows are messages of the grammar that were not trained on, each with a number of its own; the model is that of `data/model.joblib`.
`legitext score` turns CSV into CSV, and its start is counted. Spark (local[2]) turns a table into parquet, in a session that has judged
before: with the model file, and with the scikit-learn pipeline it was made of, in the same function of the same job. Answers are compared
row by row. A core-second is one of work, whoever else is at work on the machine; those of Spark count the JVM's.
"""

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
ROWS = 200_000
PIPELINE_ROWS = 20_000
TICK = 1 / os.sysconf("SC_CLK_TCK")
SECONDS_BETWEEN_LOOKS = 0.1


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


def make(rows: int, path: Path) -> None:
    table = read_table(ROOT / "data/messages.parquet")
    held_out = table[(table["source"] == "grammar") & (table["split"] == "test")]
    chosen = random.Random(1)
    picked = [chosen.randrange(len(held_out)) for _ in range(rows)]
    texts = [f"{text} {number}" for number, text in enumerate(held_out["text"].iloc[picked])]
    senders = held_out["sender"].astype("object").where(held_out["sender"].notna(), None).iloc[picked].tolist()
    made = pa.table({"id": range(rows), "text": texts, "sender": pa.array(senders, pa.string())})
    parquet.write_table(made, path.with_suffix(".parquet"), row_group_size=max(1, rows // 8))
    csv.write_csv(made, path.with_suffix(".csv"))


def local(source: Path, model: str, jobs: int) -> Watch:
    command = [sys.executable, "-m", "legitext", "score", f"{source}.csv", f"{source}.{jobs}.csv", "--jobs", str(jobs), "--model", model]
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
    import scoring as this  # the classes above under a name that workers know

    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "benchmarks"), str(ROOT / "pipeline")])
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "messages"
        make(rows, source)
        held = joblib.load(ROOT / "data/model.joblib")
        model = f"{source}.joblib"
        artifact.save(artifact.from_pipeline(held["pipeline"], held["thresholds"], held["data"], []), model)
        lines = [(f"legitext score --jobs {jobs}", rows, local(source, model, jobs)) for jobs in (1, 2)]
        session = spark.session(2)
        frame = session.read.parquet(f"{source}.parquet").repartition(8)
        ours, found = in_spark(frame, spark.Shipped(model, None, DEFAULT), f"{source}.ours")
        few = frame.where(f"id < {PIPELINE_ROWS}")
        theirs, _ = in_spark(few, this.Pipeline(ROOT / "data/model.joblib", in_parts=False), f"{source}.theirs")
        parts, others = in_spark(few, this.Pipeline(ROOT / "data/model.joblib", in_parts=True), f"{source}.parts")
        session.stop()
        written = csv.read_csv(f"{source}.2.csv", parse_options=csv.ParseOptions(newlines_in_values=True))
    lines += [("Spark local[2], legitext", rows, ours), ("Spark local[2], scikit-learn", len(others), theirs)]
    lines.append(("Spark local[2], it in parts", len(others), parts))
    print(f"{'':<32}{'rows':>12}{'seconds':>10}{'rows/s':>10}{'rows/core-s':>13}{'peak MiB':>10}{'core-hours a billion':>22}")
    for name, count, watch in lines:
        a_core = count / watch.work
        print(
            f"{name:<32}{count:>12,}{watch.seconds:>10.1f}{count / watch.seconds:>10,.0f}{a_core:>13,.0f}"
            f"{watch.memory / 2**20:>10,.0f}{1e9 / a_core / 3600:>22,.0f}"
        )
    for what, watch in (("scikit-learn", theirs), ("scikit-learn in parts", parts)):
        ratio = (rows / ours.seconds) / (len(others) / watch.seconds)
        print(f"in Spark, legitext judges {ratio:.1f} times the rows of {what} a second")
    print(f"labels that differ, of {rows:,} rows: Spark from local {differing(found, written)}; ", end="")
    print(f"of {len(others):,}: scikit-learn in parts from legitext {differing(found.slice(0, len(others)), others)}")
    print(f"probabilities differ by at most {apart(found, written):.1e}, and {apart(found.slice(0, len(others)), others):.1e}")


def differing(one: Any, two: Any) -> int:
    return sum(a != b for a, b in zip(one["label"].to_pylist(), two["label"].to_pylist(), strict=True))


def apart(one: Any, two: Any) -> float:
    return float(max(np.abs(one[label].to_numpy() - two[label].to_numpy()).max() for label in LABELS))


if __name__ == "__main__":
    main()
