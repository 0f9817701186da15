"""The model: one scikit-learn Pipeline from messages to probabilities, its fitting, calibration and threshold."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix, hstack
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import FeatureUnion, Pipeline

from legitext.errors import DataError
from legitext.evidence import EVIDENCE
from legitext.features import AdditiveTfidf, EvidenceFeatures, Reader
from legitext.messages import LABELS, Message
from legitext.params import Train

BLOCKS = ("words", "characters", "evidence")
"""The blocks of columns, in order."""


def build_pipeline(params: Train) -> Pipeline:
    """The unfitted pipeline: messages are read, turned into the columns of `BLOCKS`, and classified."""
    shortest, longest = params.character_ngrams
    least = {"min_messages": params.min_messages, "min_groups": params.min_groups}
    features = FeatureUnion(
        [
            ("words", AdditiveTfidf("words", 1, params.word_ngrams, **least)),
            ("characters", AdditiveTfidf("characters", shortest, longest, **least)),
            ("evidence", EvidenceFeatures()),
        ]
    )
    classifier = EvidenceRegression(
        C=params.inverse_regularization, evidence=len(EVIDENCE), folds=params.evidence_folds, max_iter=params.max_iterations
    )
    return Pipeline([("read", Reader()), ("features", features), ("classify", classifier)])


class EvidenceRegression(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Multinomial logistic regression that weighs evidence against wordings it has not seen.

    Fitted at once, words that were seen in training explain so much that evidence is left with little weight, yet in use the words
    are new. So: (1) logistic regression on all columns in grouped folds gives each row the scores of its words from models that never
    saw its group; (2) logistic regression on these scores and the evidence gives the evidence its weight, and the words theirs as a
    whole; (3) the words' own coefficients come from a fit on all rows. The three are one linear model. (The idea of step 2 is
    stacking: Wolpert, "Stacked Generalization", Neural Networks 1992.)

    Args:
        C: inverse strength of the L2 penalty, as in `LogisticRegression`.
        evidence: how many of the last columns are evidence.
        folds: grouped folds of step 1; 0 fits all columns at once.
        max_iter: most iterations of each fit.
    """

    def __init__(self, C: float = 1.0, evidence: int = 0, folds: int = 4, max_iter: int = 400) -> None:
        self.C = C
        self.evidence = evidence
        self.folds = folds
        self.max_iter = max_iter

    def fit(
        self,
        X: csr_matrix,
        y: Sequence[str],
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        evidence_only: ArrayLike | None = None,
    ) -> Self:
        """Learn `coef_` (n_classes, n_columns), `intercept_` (n_classes,) and `classes_`.

        Args:
            X: shape (n_rows, n_columns), the evidence last.
            y: a label a row.
            sample_weight: a weight a row.
            groups: rows of a group share a fold; each row its own if not given.
            evidence_only: true for rows whose words teach nothing, such as a genuine wording with a fake link; they count in step 2.
        """
        labels = np.asarray(y, dtype=str)
        weights = np.ones(len(labels)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        for_words = np.ones(len(labels), dtype=bool) if evidence_only is None else ~np.asarray(evidence_only, dtype=bool)
        of = np.arange(len(labels)) if groups is None else np.asarray(groups)
        folds = list(GroupKFold(self.folds).split(X, labels, of)) if self.folds else []
        parts = [np.flatnonzero(for_words)] + [train[for_words[train]] for train, _ in folds]
        if any(len(set(labels[rows])) != len(set(labels)) for rows in parts):
            raise DataError(f"a label has too few groups for {self.folds} folds: lower train.evidence_folds, or add messages")
        single = X.astype(np.float32)  # half the memory to move: twice as fast, and the coefficients are kept in single precision anyway
        whole, *fitted = Parallel(n_jobs=-1, prefer="threads")(
            delayed(self._regression)(single[rows], labels[rows], weights[rows].astype(np.float32)) for rows in parts
        )
        self.classes_ = whole.classes_
        self.coef_, self.intercept_ = _symmetric(whole)
        if folds:
            words = X.shape[1] - self.evidence
            scores = np.zeros((len(labels), len(self.classes_)))
            for (_, held_out), fold in zip(folds, fitted, strict=True):
                scores[held_out] = X[held_out][:, :words] @ _symmetric(fold)[0][:, :words].T
            weighed, self.intercept_ = _symmetric(self._regression(hstack([csr_matrix(scores), X[:, words:]]).tocsr(), labels, weights))
            share = weighed[:, : len(self.classes_)]
            self.coef_ = np.hstack([share @ self.coef_[:, :words], weighed[:, len(self.classes_) :]])
        return self

    def _regression(self, X: csr_matrix, labels: Any, weights: Any) -> LogisticRegression:
        return LogisticRegression(C=self.C, max_iter=self.max_iter, tol=1e-4).fit(X, labels, sample_weight=weights)

    def decision_function(self, X: csr_matrix) -> NDArray[np.float64]:
        """Shape (n_rows, n_classes)."""
        return np.asarray(X @ self.coef_.T + self.intercept_)

    def predict_proba(self, X: csr_matrix) -> NDArray[np.float64]:
        """Shape (n_rows, n_classes); rows sum to 1."""
        return np.asarray(softmax(self.decision_function(X), axis=1))

    def predict(self, X: csr_matrix) -> NDArray[np.str_]:
        """The likeliest label of each row."""
        return np.asarray(self.classes_[self.decision_function(X).argmax(axis=1)])


def _symmetric(regression: LogisticRegression) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients and intercepts with one row a class, of two classes, too."""
    if len(regression.classes_) > 2:
        return regression.coef_.astype(np.float64), regression.intercept_.astype(np.float64)
    coef, intercept = regression.coef_.astype(np.float64), regression.intercept_.astype(np.float64)
    return np.vstack([-coef, coef]) / 2, np.hstack([-intercept, intercept]) / 2


def fit(
    pipeline: Pipeline,
    messages: Iterable[Message],
    labels: Sequence[str],
    weights: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    evidence_only: ArrayLike | None = None,
) -> Pipeline:
    """Fit in place, then round the coefficients to single precision, so that the artifact can hold them exactly in half the room.

    For the arguments see `EvidenceRegression.fit`.
    """
    pipeline.fit(
        messages,
        list(labels),
        features__groups=groups,
        classify__sample_weight=weights,
        classify__groups=groups,
        classify__evidence_only=evidence_only,
    )
    _round(pipeline)
    return pipeline


def probabilities(pipeline: Pipeline, messages: Iterable[Message]) -> NDArray[np.float64]:
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


def with_asides(rows: pd.DataFrame, share: float) -> pd.DataFrame:
    """The rows, and behind them a share once more with a line of chat before or after the text.

    Scams hide behind small talk, so it must not speak for them: `share` of the scams and spam, and half as many other texts, are
    learnt with it, too. Lines are those of the rows' own chat; which, is drawn from the text.
    """
    chat = (rows["label"] == "ham") & rows["brand"].isna() & (rows["sender"].isna() | rows["kind"].str.startswith("chat", na=False))
    lines = sorted(set(rows.loc[chat, "text"]))
    if not lines or not share:
        return rows
    drawn = [int(hashlib.sha256(f"aside/{text}".encode("utf-8", "replace")).hexdigest()[:12], 16) for text in rows["text"]]
    wanted = np.where(rows["label"] == "ham", share / 2, share)
    chosen = (np.array([number % 10_007 / 10_007 for number in drawn]) < wanted) & ~chat.to_numpy()
    texts = [
        f"{text} {lines[number % len(lines)]}" if number % 3 else f"{lines[number % len(lines)]}. {text}"
        for text, number, taken in zip(rows["text"], drawn, chosen, strict=True)
        if taken
    ]
    return pd.concat([rows, rows[chosen].assign(text=texts)], ignore_index=True)


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
