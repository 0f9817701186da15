"""The store of MLflow, a run in it for each evaluation, and nested ones for a sweep. What is registered is in `legitext.serving`."""

import json
import os
import re
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from legitext.errors import LegitextError
from legitext.files import replacing
from legitext.params import Params

STORE = "sqlite:///mlflow.db"
EXPERIMENT = "legitext"

SECONDS = 5.0
"""How long another process may keep the store to itself."""


EXAMPLE = pd.DataFrame(
    {
        "text": ["Your code is 123456. Do not share it with anyone.", "USPS: your parcel is held, confirm https://usps-trk.top/a"],
        "sender": ["28777", "+63 995 271 4822"],
    }
)
"""What is logged beside a model to show what it takes."""


def open_store(store: str = STORE) -> Any:
    """The `mlflow` module, at work on `store` and the experiment `legitext`, with telemetry off.

    Raises:
        LegitextError: if the store cannot be opened or written.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import logging

    import mlflow

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    file = Path(store.removeprefix("sqlite:///")) if store.startswith("sqlite:///") else None
    with mending(store):
        if file and file.is_file():
            _check_writable(file)
        elif file:
            with replacing(file) as part:  # making its tables takes seconds; half of them could not be used
                mlflow.set_tracking_uri(f"sqlite:///{part}")
                mlflow.set_experiment(EXPERIMENT)
        mlflow.set_tracking_uri(store)
        mlflow.set_experiment(EXPERIMENT)
    return mlflow


def _check_writable(file: Path) -> None:
    """Stop at once where MLflow would try for minutes."""
    connection = sqlite3.connect(file, timeout=SECONDS)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.rollback()
    finally:
        connection.close()


@contextmanager
def mending(store: str) -> Iterator[None]:
    """Say what to do where MLflow or its store fails.

    Raises:
        LegitextError: in one line.
        KeyboardInterrupt: if MLflow was interrupted first, and then failed at noting it: half a transaction can bar the store to what ends a run.
    """
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, sqlite3.Error) as error:
        if _was_interrupted(error):
            raise KeyboardInterrupt from None
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise LegitextError(f"MLflow cannot use {store} ({reason}): close what uses it, or move it away to start a new one") from None


def _was_interrupted(error: BaseException | None) -> bool:
    """Whether an error came of handling Ctrl-C or SIGTERM."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


@contextmanager
def run(store: str = STORE, **options: Any) -> Iterator[Any]:
    """An MLflow run in the experiment `legitext`, with the options of `mlflow.start_run`; yields the `mlflow` module."""
    mlflow = open_store(store)
    with mending(store), mlflow.start_run(**options):
        yield mlflow


def runs_with(tags: Mapping[str, str], store: str = STORE) -> list[Any]:
    """The runs that have all these tags, the newest first."""
    wanted = " and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())
    found: list[Any] = open_store(store).search_runs(experiment_names=[EXPERIMENT], filter_string=wanted, output_format="list")
    return found


def keep_view(name: str, wanted: str, order: str, ascending: bool, columns: Sequence[str], store: str = STORE) -> None:
    """Keep a view of the table of runs with the experiment, as the UI's button Share does; it is shown at `view_at`.

    Args:
        name: of the view; one of that name is replaced.
        wanted: the search that runs must meet.
        order: the column to sort by, as in `columns`.
        ascending: whether the least comes first.
        columns: what to show, in order, as in "metrics.`smishing_auc`".
        store: the tracking store.
    """
    mlflow = open_store(store)
    experiment = mlflow.get_experiment_by_name(EXPERIMENT).experiment_id
    view = {
        "searchFilter": wanted,
        "orderByKey": order,
        "orderByAsc": ascending,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": list(columns),
        "columnOrder": list(columns),
        "columnWidths": {column: 60 + 7 * len(column.strip("`").partition(".`")[2]) for column in columns},  # pixels: names are shown whole
    }
    mlflow.MlflowClient().set_experiment_tag(experiment, f"mlflow.sharedViewState.{name}", json.dumps(view))


def view_at(experiment: str, name: str) -> str:
    """What comes behind the address of the UI to see a view that was kept."""
    return f"/#/experiments/{experiment}/runs?viewStateShareKey={name}"


def log_data(mlflow: Any, tables: Mapping[tuple[str, str], pd.DataFrame]) -> None:
    """Log to the open run, by (source, `training`, `validation` or `testing`), the digest and count of rows, not their texts."""
    mlflow.log_inputs(
        datasets=[
            mlflow.data.from_pandas(table[["text", "label"]].astype("object"), name=source, targets="label")
            for (source, _), table in tables.items()
        ],
        contexts=[use for _, use in tables],
        tags_list=[None] * len(tables),
    )


def log_run(
    params: Params,
    tables: Mapping[tuple[str, str], pd.DataFrame],
    figures: Mapping[str, Any],
    pictures: Path,
    pipeline: Any,
    tags: Mapping[str, str],
    store: str = STORE,
) -> str:
    """Log one evaluation, and return the run's id.

    Args:
        params: every section.
        tables: by (source, `training`, `validation` or `testing`) the rows used; their digest and count are logged, not their texts.
        figures: nested metrics; numbers are logged under their path, joined by `/`.
        pictures: folder of pictures.
        pipeline: the fitted pipeline, logged with signature and input example.
        tags: what to mark the run with.
        store: the tracking store.
    """
    with run(store) as mlflow:
        mlflow.log_params(flat({name: section for name, section in asdict(params).items() if name != "fetch"}, "."))
        mlflow.set_tags({"git_commit": git_commit(), **tags})
        log_data(mlflow, tables)
        numbers = {name: value for name, value in flat(figures, "/").items() if isinstance(value, int | float) and value == value}
        mlflow.log_metrics({metric_name(name): float(value) for name, value in numbers.items()})
        mlflow.log_artifacts(str(pictures), "pictures")
        _log_pipeline(mlflow, pipeline)
        return str(mlflow.active_run().info.run_id)


def metric_name(name: str) -> str:
    """`name` as MLflow takes it: letters, digits and `_ - . : /` and spaces, whatever a brand is called.

    >>> metric_name("by_brand/AT&T/scams_caught")
    'by_brand/AT_T/scams_caught'
    """
    return re.sub(r"[^\w .:/-]", "_", name, flags=re.ASCII)


def git_commit() -> str:
    """The commit that is checked out, with `+` behind it if files have changed since; `unknown` outside a repository."""
    try:
        commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True, timeout=10).stdout.strip()
        changed = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no"], capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return commit + ("+" if changed else "")


def _log_pipeline(mlflow: Any, pipeline: Any) -> None:
    from mlflow.models import infer_signature

    mlflow.sklearn.log_model(
        pipeline,
        name="pipeline",
        signature=infer_signature(EXAMPLE, pipeline.predict(EXAMPLE)),
        input_example=EXAMPLE,
        skops_trusted_types=[
            *(f"legitext.features.{name}" for name in ("AdditiveTfidf", "EvidenceFeatures", "Reader")),
            "legitext.model.EvidenceRegression",
        ],
        pip_requirements=["legitext[train]"],
    )


def flat(values: Mapping[str, Any], joint: str, above: str = "") -> dict[str, Any]:
    """Nested mappings as one, with the path to each value as its name."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        path = f"{above}{joint}{name}" if above else str(name)
        if isinstance(value, Mapping) and "share" in value:
            found[path] = value["share"]  # its interval and count are in slices.json; here they would bury the figures
        elif isinstance(value, Mapping):
            found.update(flat(value, joint, path))
        else:
            found[path] = value
    return found
