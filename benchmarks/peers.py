"""Classifiers side by side, in one run, on the same messages and from the same training data.

    make bench                                          # all of it, after `make train`; writes the figures, the picture and the README's table
    .bench/bin/python benchmarks/peers.py --quick       # fewer messages and rounds; prints and writes nothing
    .bench/bin/python benchmarks/peers.py --peers words fasttext

legitext is always among them. Peers learn from the messages that legitext learns from, its copies with asides and swapped letters
included, but not from those whose words it hides. Fitted peers are kept in .bench/fitted until data or settings change. Times are of one
core; peers take turns in every round, and what is reported is the median over rounds, and the median of the ratios to legitext in the
same round.
"""

import argparse
import gc
import importlib
import inspect
import json
import multiprocessing
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from contestants import CONTESTANTS, LABELS, NEEDS, Row

ROOT = Path(__file__).resolve().parents[1]
FIGURES = ROOT / "benchmarks/peers.json"
MODEL = ROOT / "data/model.joblib"
KEPT = ROOT / ".bench/fitted"
FALSE_ALARMS = 0.015
"""Share of the genuine texts that may be called smishing where scams caught are counted."""

BENCHMARK = ("benchmark_genuine", "benchmark_smishing")
"""Sources of real wordings that nothing is trained on."""

EXPORTED = ("legitext", "pipeline")
"""What is taken from data/model.joblib, as `make train` left it."""

LIBRARIES = ("numpy", "scikit-learn", "onnxruntime", "fasttext-wheel", "vowpalwabbit", "torch", "sentence-transformers")

Rows = Sequence[tuple[str, str | None]]
"""Texts with their senders."""


def learnt(table: Any, params: Any) -> list[Row]:
    """What all learn from."""
    from legitext.model import training_rows

    rows, weights, hidden = training_rows(table[table["split"] == "train"], params)
    kept = ~hidden
    return list(zip(rows["text"][kept], rows["label"][kept], weights[kept].tolist(), strict=True))


def caught(scores: Any, labels: Any, false_alarms: float = FALSE_ALARMS) -> dict[str, float | int]:
    """The share of scams that score above all but the share `false_alarms` of the genuine texts."""
    import numpy as np

    from legitext.metrics import share

    genuine = np.sort(scores[labels == "ham"])[::-1]
    return share(scores[labels == "smishing"] > genuine[int(false_alarms * len(genuine))])


def quality(name: str, folder: Path, test: Any, blind: bool = False) -> dict[str, Any]:
    """How well a fitted contestant judges test rows; `blind` to senders or not."""
    import numpy as np

    from legitext.metrics import overall

    texts, senders = list(test["text"]), [None if blind or sender is None else str(sender) for sender in test["sender"]]
    contestant = CONTESTANTS[name](str(folder))
    given = np.asarray(contestant.probabilities(contestant.prepared(texts, senders)), dtype=float)
    labels = test["label"].to_numpy(dtype=str)
    benchmark = test["source"].isin(BENCHMARK).to_numpy() & (labels != "spam")
    grouped = test["grouped"].to_numpy()
    called = np.array(LABELS)[given.argmax(axis=1)]
    # Rounding makes single precision miss a sum of 1, at which scikit-learn takes offence.
    given = given / given.sum(axis=1, keepdims=True)
    return {
        "benchmark": {"n": int(benchmark.sum()), "auc": overall(labels[benchmark], given[benchmark], called[benchmark])["smishing_auc"]},
        "caught": caught(given[benchmark, 2], labels[benchmark]),
        "grouped": {"n": int(grouped.sum()), "macro_f1": overall(labels[grouped], given[grouped], called[grouped])["macro_f1"]},
    }


def fit_and_judge(pipe: Any, name: str, folder: Path, rows: Sequence[Row], test: Any) -> None:
    """In a process of its own: fit, unless that was done, and measure quality; or tell what failed."""
    start = time.perf_counter()
    done = folder / "seconds"
    try:
        if not done.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            CONTESTANTS[name].fit(rows, folder)
            done.write_text(f"{time.perf_counter() - start:.1f}")
        figures = quality(name, folder, test)
    except Exception as error:
        pipe.send({"failed": reason_of(error)})
        raise
    if name == "legitext":
        figures["without_senders"] = quality(name, folder, test, blind=True)
    files = [path for path in CONTESTANTS[name].files(folder) if path != done]
    size = round(sum(path.stat().st_size for path in files) / 1e6, 2)
    pipe.send({"fit_seconds": float(done.read_text()), "file_mb": size, **figures})


def reason_of(error: Exception) -> str:
    """An error in one short line."""
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else 'no message'}"[:160]


def take_turns(pipe: Any, name: str, folder: Path, single: Rows, many: Rows) -> None:
    """In a process of its own: one round of times whenever asked."""
    contestant = CONTESTANTS[name](str(folder))
    singles, batch = (contestant.prepared(*zip(*rows, strict=True)) for rows in (single, many))
    contestant.many(batch)
    for message in singles:
        contestant.one(message)
    pipe.send("ready")
    while pipe.recv():
        gc.collect()
        times = sorted(_seconds(lambda one=message: contestant.one(one)) for message in singles)  # type: ignore[misc]
        whole = _seconds(lambda: contestant.many(batch))
        p50, p99 = (times[len(times) * part // 100] * 1e6 for part in (50, 99))
        pipe.send({"one_p50_us": p50, "one_p99_us": p99, "many_per_second": len(batch) / whole})


def _seconds(work: Any) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def started(name: str, folder: Path, message: tuple[str, str | None]) -> dict[str, float]:
    """Seconds that a new process takes to import, open and judge one message, and the most memory (MiB) it holds; of no name, an empty one."""
    code = "pass"
    if name:
        code = (
            f"import sys; sys.path.insert(0, {str(ROOT / 'benchmarks')!r})\nfrom contestants import CONTESTANTS\n"
            f"one = CONTESTANTS[{name!r}]({str(folder)!r})\none.one(one.prepared([{message[0]!r}], [{message[1]!r}])[0])\n"
        )
    # Read from /proc, as getrusage would count what the parent held.
    peak = "\nprint(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code + peak], check=True, capture_output=True, text=True)
    return {"cold_s": time.perf_counter() - start, "peak_mib": int(done.stdout.split()[-1]) / 1024}


def in_a_process(work: Any, *arguments: Any) -> tuple[Any, Any]:
    """A new process that does `work` with a pipe and arguments, and our end of the pipe."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=work, args=(theirs, *arguments), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def available(names: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Which contestants can be measured here, and why the others cannot."""
    there, left_out = [], {}
    for name in names:
        try:
            for module in NEEDS.get(name, ()):
                importlib.import_module(module)
        except Exception as error:  # a library that is there may fail to load in many ways
            left_out[name] = reason_of(error)
        else:
            there.append(name)
    return there, left_out


def machine() -> dict[str, Any]:
    """What all was measured on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "system": platform.platform(terse=True),
        "processor": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def compare(wanted: Sequence[str], quick: bool) -> dict[str, Any]:
    """Fit, judge and time the contestants; what cannot be is left out, with the reason."""
    from legitext.errors import DataError
    from legitext.files import digest
    from legitext.params import load_params
    from legitext.progress import say
    from legitext.table import read_table

    table = read_table(ROOT / "data/messages.parquet")
    rows = learnt(table, load_params(ROOT / "params.yaml").train)
    test = table[table["split"] == "test"].reset_index(drop=True)
    test["grouped"] = test["source"].isin(set(table["source"][table["split"] == "train"]))
    test["sender"] = test["sender"].astype("object").where(test["sender"].notna(), None)
    test = test[test["source"].isin(BENCHMARK) | (test["grouped"] & (test.index % (10 if quick else 1) == 0))]
    learnt_from = json.dumps(rows).encode()
    if not MODEL.is_file():
        raise DataError(f"{MODEL} does not exist: run `make train` to make it")
    trained = MODEL.read_bytes()

    def kept_in(name: str) -> Path:
        """Where a contestant that learnt from these rows in this way is kept."""
        own = trained if name in EXPORTED else learnt_from
        return KEPT / f"{name}-{digest(own + inspect.getsource(CONTESTANTS[name].fit).encode())}"

    names, left_out = available(wanted)
    found: dict[str, Any] = {}
    folders = {name: kept_in(name) for name in names}
    for name in names:
        say(f"{name}: fitting on {len(rows):,} messages, judging {len(test):,}")
        process, pipe = in_a_process(fit_and_judge, name, folders[name], rows, test)
        try:
            told = pipe.recv()
        except EOFError:
            told = {"failed": "its process ended"}
        process.join()
        if "failed" in told:
            left_out[name] = told["failed"]
        else:
            found[name] = {"title": CONTESTANTS[name].title, "settings": CONTESTANTS[name].settings, **told}
    if "legitext" in left_out:
        raise SystemExit(f"legitext itself cannot be measured: {left_out['legitext']}")
    names = list(found)
    length = test["text"].str.len()
    usual = test[(test["source"] == "grammar") & length.between(100, 160)].sample(frac=1, random_state=1)
    mixed = test[test["source"] != "grammar"].sample(frac=1, random_state=1)
    single = list(zip(usual["text"], usual["sender"], strict=True))[: 60 if quick else 200]
    many = [row for pair in zip(usual.itertuples(), mixed.itertuples(), strict=False) for row in ((one.text, one.sender) for one in pair)]
    rounds = 3 if quick else 7
    times = timed({name: folders[name] for name in names}, single, many[: 200 if quick else 1_000], rounds)
    for name in names:
        found[name] |= times[name]
    return {
        "machine": machine(),
        "versions": {name: one for name in LIBRARIES if (one := _version(name))},
        "learnt": len(rows),
        "rounds": rounds,
        "single": len(single),
        "many": min(len(many), 200 if quick else 1_000),
        "peers": found,
        "left_out": {CONTESTANTS[name].title: reason for name, reason in left_out.items()},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def timed(folders: Mapping[str, Path], single: Rows, many: Rows, rounds: int) -> dict[str, dict[str, Any]]:
    """By name the medians over rounds of all times, and of their ratios to legitext's in the same round."""
    from legitext.progress import say, track

    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    os.environ |= {"PYTHONPYCACHEPREFIX": str(KEPT.parent / "pycache")}
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    say("timing on one core")
    names = list(folders)
    cold: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for number in track(range(-1, rounds), "rounds of cold starts"):
        empty = started("", KEPT, single[0])["cold_s"]
        for name in names:
            one = started(name, folders[name], single[0])
            if number >= 0:  # the first fills caches
                cold[name].append({**one, "cold_s": one["cold_s"] - empty})
    workers = {name: in_a_process(take_turns, name, folders[name], single, many) for name in names}
    for _, pipe in workers.values():
        pipe.recv()
    warm: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for number in track(range(rounds), "rounds"):
        turn = number % len(names)
        for name in [*names[turn:], *names[:turn]]:
            workers[name][1].send(True)
            warm[name].append(workers[name][1].recv())
    for process, pipe in workers.values():
        pipe.send(False)
        process.join()
    each = {name: [{**a, **b} for a, b in zip(cold[name], warm[name], strict=True)] for name in names}
    return {name: summed_up(each[name], each["legitext"]) for name in names}


def summed_up(own: Sequence[Mapping[str, float]], ours: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """Medians of figures over rounds, and of their ratios to legitext's."""
    ratios = {key: statistics.median(one[key] / other[key] for one, other in zip(own, ours, strict=True)) for key in own[0]}
    medians = {key: statistics.median(one[key] for one in own) for key in own[0]}
    return {
        **{key: _rounded(value, 4) for key, value in medians.items()},
        "ratios": {key: _rounded(value, 3) for key, value in ratios.items()},
    }


def _rounded(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")


def main() -> None:
    import results

    from legitext.files import write_text
    from legitext.stages.running import stage

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", nargs="+", choices=CONTESTANTS, default=list(CONTESTANTS), help="which to compare legitext with")
    parser.add_argument("--quick", action="store_true", help="fewer messages and rounds")
    arguments = parser.parse_args()

    @stage
    def run() -> None:
        figures = compare([name for name in CONTESTANTS if name in {"legitext", *arguments.peers}], arguments.quick)
        print(results.peers_section(figures))
        if not arguments.quick and set(arguments.peers) == set(CONTESTANTS):
            write_text(FIGURES, json.dumps(figures, indent=1) + "\n")
            results.publish()

    run()


if __name__ == "__main__":
    main()
