"""The yardstick people know: UCI's SMS Spam Collection alone, trained and tested on it by cross-validation, spam against ham."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from legitext.messages import LABELS
from legitext.metrics import yardstick
from legitext.model import build_pipeline, fit_readings, probabilities
from legitext.params import Params, Train
from legitext.split import duplicate_groups
from legitext.table import messages_of


def on_uci(
    table: pd.DataFrame,
    params: Params,
    shown: Callable[[Iterable[int]], Iterable[int]] = iter,
    build: Callable[[Train], Pipeline] = build_pipeline,
    ways: Sequence[str] = ("grouped", "random"),
) -> dict[str, dict[str, float]]:
    """`metrics.yardstick` on the rows of `sms_spam`, whatever their split.

    Args:
        table: a message table that holds `sms_spam`.
        params: with the terms of `train` and the folds of `evaluate`.
        shown: wraps the folds to show how far it is.
        build: makes the pipeline that is measured.
        ways: of making the folds.
    """
    rows = table[table["source"] == "sms_spam"].reset_index(drop=True)
    messages, spam = messages_of(rows), (rows["label"] == "spam").to_numpy()
    labels = rows["label"].to_numpy(dtype=str)
    settings = replace(
        params.train,
        inverse_regularization=params.evaluate.yardstick_inverse_regularization,
        evidence_penalty=params.evaluate.yardstick_evidence_penalty,
        hidden_words=0.0,
    )
    readings = build(settings).named_steps["read"].transform(messages)
    bar = iter(shown(range(len(ways) * params.evaluate.folds)))

    def fit_and_score(train: NDArray[np.int64], test: NDArray[np.int64]) -> NDArray[np.float64]:
        next(bar, None)
        pipeline = fit_readings(build(settings), [readings[row] for row in train], labels[train])
        return probabilities(pipeline, [messages[row] for row in test])[:, LABELS.index("spam")]

    groups = duplicate_groups(list(rows["text"]), params.prepare.near_copy)
    result = yardstick(list(rows["text"]), spam, groups, fit_and_score, params.evaluate.folds, params.evaluate.seed, ways)
    next(bar, None)
    return result
