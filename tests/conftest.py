"""What several tests share: a small model, trained once, and the corpora where they are at hand."""

import os
from pathlib import Path

import pandas as pd
import pytest

from legitext.brands import registry
from legitext.grammar import load_templates, make_messages
from legitext.model import build_pipeline, calibrate, fit, with_and_without_sender
from legitext.params import Train
from legitext.sources import mirrors_of
from legitext.table import as_table, messages_of

ROOT = Path(__file__).resolve().parent.parent

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "1")


@pytest.fixture(scope="session")
def templates():
    return load_templates(ROOT / "data/templates")


@pytest.fixture(scope="session")
def made(templates) -> pd.DataFrame:
    """Two messages of every third wording, as a table."""
    rows = [
        (one.text, one.label, one.sender, one.brand, one.kind, one.template_id) for one in make_messages(templates[::3], 2, 7, registry())
    ]
    return as_table(pd.DataFrame(rows, columns=["text", "label", "sender", "brand", "kind", "group"]), "grammar")


@pytest.fixture(scope="session")
def small_model(made):
    """A fitted and calibrated pipeline, small enough for a test."""
    training, held_out = made.iloc[::2], made.iloc[1::2]
    rows = with_and_without_sender(training)
    pipeline = fit(build_pipeline(Train(min_messages=2)), messages_of(rows), list(rows["label"]))
    calibrate(pipeline, messages_of(held_out), list(held_out["label"]))
    return pipeline


@pytest.fixture(scope="session")
def mirror() -> Path:
    """A folder with the real corpora, if LEGITEXT_CORPORA names one or one lies in data/corpora."""
    folders = mirrors_of(os.environ.get("LEGITEXT_CORPORA"), str(ROOT / "data/corpora"))
    if not folders:
        pytest.skip("no corpora at hand: set LEGITEXT_CORPORA")
    return folders[0]


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory) -> Path:
    """An MLflow store that holds nothing yet, to be copied: making its tables takes seconds."""
    from legitext import tracking

    folder = tmp_path_factory.mktemp("store")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        tracking.open_store(f"sqlite:///{folder}/mlflow.db")
    return folder / "mlflow.db"
