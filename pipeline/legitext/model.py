"""The model: one scikit-learn Pipeline from messages to probabilities, its fitting, calibration and threshold."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline

from legitext.features import AdditiveTfidf, EvidenceFeatures, Reader
from legitext.messages import LABELS, Message
from legitext.params import Train

BLOCKS = ("words", "characters", "evidence")
"""The blocks of columns, in order."""


def build_pipeline(params: Train) -> Pipeline:
    """The unfitted pipeline: messages are read, turned into the columns of `BLOCKS`, and classified."""
    shortest, longest = params.character_ngrams
    features = FeatureUnion(
        [
            ("words", AdditiveTfidf("words", 1, params.word_ngrams, min_messages=params.min_messages)),
            ("characters", AdditiveTfidf("characters", shortest, longest, min_messages=params.min_messages)),
            ("evidence", EvidenceFeatures()),
        ]
    )
    classifier = LogisticRegression(C=params.inverse_regularization, solver="lbfgs", max_iter=params.max_iterations, tol=1e-4)
    return Pipeline([("read", Reader()), ("features", features), ("classify", classifier)])


def fit(pipeline: Pipeline, messages: Sequence[Message], labels: Sequence[str], weights: ArrayLike | None = None) -> Pipeline:
    """Fit in place, then round the coefficients to single precision, so that the artifact can hold them exactly in half the room."""
    pipeline.fit(messages, list(labels), classify__sample_weight=None if weights is None else np.asarray(weights, dtype=np.float64))
    _round(pipeline)
    return pipeline


def probabilities(pipeline: Pipeline, messages: Sequence[Message]) -> NDArray[np.float64]:
    """Shape (n_messages, 3), columns as in `LABELS`; a label that was not trained on has 0."""
    given = pipeline.predict_proba(messages)
    full = np.zeros((len(given), len(LABELS)))
    full[:, [LABELS.index(label) for label in pipeline.classes_]] = given
    return full


def calibrate(pipeline: Pipeline, messages: Sequence[Message], labels: Sequence[str], weights: ArrayLike | None = None) -> float:
    """Divide the coefficients by the temperature that makes the log loss on held-out messages least, and return it.

    Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017 (temperature scaling). The model stays linear and
    no ranking within a message changes.
    """
    from scipy.optimize import minimize_scalar

    scores = pipeline.decision_function(messages)
    wanted = np.searchsorted(pipeline.classes_, np.asarray(labels, dtype=object).astype(str))
    share = np.ones(len(wanted)) if weights is None else np.asarray(weights, dtype=np.float64)

    def loss(log_temperature: float) -> float:
        scaled = scores / np.exp(log_temperature)
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        own = scaled[np.arange(len(wanted)), wanted] - np.log(np.exp(scaled).sum(axis=1))
        return -float((share * own).sum() / share.sum())

    temperature = float(np.exp(minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded").x))
    classifier = pipeline.named_steps["classify"]
    classifier.coef_ /= temperature
    classifier.intercept_ /= temperature
    _round(pipeline)
    return temperature


def with_and_without_sender(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows, and behind them those with a sender once more without it, so that having one gives no label away."""
    return pd.concat([rows, rows[rows["sender"].notna()].assign(sender=None)], ignore_index=True)


def threshold_for(scores: ArrayLike, false_alarms: float) -> float:
    """The smallest threshold at which at most the share `false_alarms` of `scores` (of genuine messages) is reached or passed.

    >>> threshold_for([0.1, 0.2, 0.3, 0.9], 0.25)
    0.300001
    """
    ordered = np.sort(np.asarray(scores, dtype=np.float64))[::-1]
    allowed = int(np.floor(false_alarms * len(ordered)))
    if len(ordered) == 0 or allowed >= len(ordered):
        return 0.5
    return float(min(np.round(ordered[allowed] + 1e-6, 6), 1.0))


def _round(pipeline: Pipeline) -> None:
    classifier = pipeline.named_steps["classify"]
    classifier.coef_ = classifier.coef_.astype(np.float32).astype(np.float64)
    classifier.intercept_ = classifier.intercept_.astype(np.float32).astype(np.float64)
