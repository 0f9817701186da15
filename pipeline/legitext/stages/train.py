"""Fit the pipeline, calibrate it, and choose its thresholds."""

import warnings

import joblib
import pandas as pd
import pyarrow

from legitext.errors import DataError
from legitext.fetching import digest_of
from legitext.files import replacing
from legitext.messages import LABELS
from legitext.model import build_pipeline, calibrate, choose_thresholds, fit, groups_of, probabilities, training_rows
from legitext.params import load_params
from legitext.progress import say, track
from legitext.stages.running import stage
from legitext.table import each_message, messages_of, read_table


@stage
def main() -> None:
    """`data/messages.parquet` to `data/model.joblib`."""
    warnings.filterwarnings("error", message=".*failed to converge.*")
    params = load_params().train
    table = read_table("data/messages.parquet")
    rows = table[table["split"] == "train"]
    validation = table[table["split"] == "validation"]
    if set(rows["label"]) != set(LABELS) or set(validation["label"]) != set(LABELS):
        raise DataError(f"training and validation rows must hold each of {', '.join(LABELS)}: add sources or wordings")
    facts = {str(source): _facts(part) for source, part in rows.groupby("source", sort=True)}
    training, weights, twins = training_rows(rows, params)
    say(f"fitting on {len(training):,} messages (those with a sender also without it, some with chat beside them)")
    messages = track(each_message(training), "messages read", len(training))
    labels, groups = training["label"].to_numpy(dtype=str), groups_of(training)
    del table, rows, training  # which may hold millions of messages
    pyarrow.default_memory_pool().release_unused()
    pipeline = fit(build_pipeline(params), messages, labels, weights, groups, twins)
    say("calibrating and choosing thresholds")
    temperature = calibrate(pipeline, messages_of(validation), list(validation["label"]))
    genuine = validation[(validation["label"] == "ham") & (validation["source"] == "grammar")]
    thresholds = choose_thresholds(probabilities(pipeline, messages_of(genuine)), params)
    said = (f"{name} {label} {value:.3f}" for name, one in thresholds.items() for label, value in one.items())
    say(f"temperature {temperature:.3f}; thresholds " + ", ".join(said))
    with replacing("data/model.joblib") as part:
        joblib.dump({"pipeline": pipeline, "thresholds": thresholds, "temperature": temperature, "data": facts}, part, compress=3)


def _facts(rows: pd.DataFrame) -> dict[str, object]:
    return {
        "rows": len(rows),
        "labels": {label: int((rows["label"] == label).sum()) for label in LABELS if (rows["label"] == label).any()},
        "digest": digest_of(rows),
    }


if __name__ == "__main__":
    main()
