"""The model: one scikit-learn Pipeline from messages to probabilities, its fitting, calibration and threshold."""

import hashlib
import math
import random
from array import array
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix, diags, hstack, issparse
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline

from legitext import artifact, habits
from legitext.classifier import Classifier
from legitext.decision import THRESHOLDS
from legitext.evidence import EVIDENCE
from legitext.features import COPY, AdditiveTfidf, EvidenceFeatures, Reader, fit_columns
from legitext.grammar import SENDER_TWIN, TWIN
from legitext.messages import HAM, LABELS, SMISHING, Message
from legitext.params import Train
from legitext.parts import parts_of, price_of
from legitext.reading import Reading, read
from legitext.table import each_message

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
        C=params.inverse_regularization,
        evidence=len(EVIDENCE),
        evidence_penalty=params.evidence_penalty,
        hidden_words=params.hidden_words,
        max_iter=params.max_iterations,
    )
    return Pipeline([("read", Reader()), ("features", features), ("classify", classifier)])


class EvidenceRegression(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Multinomial logistic regression on words and evidence that does not lean on either alone.

    Beside words that explain nearly every training message, evidence is left with little to explain, yet in use the words are new. So
    each message counts once whole and once, with a small weight, with its words hidden: then evidence must carry the verdict. And as
    the evidence of made-up messages is tidier than that of real ones, its coefficients are penalised more than those of words. All
    this is one convex problem with one linear model as its solution.

    Args:
        C: inverse strength of the L2 penalty, as in `LogisticRegression`.
        evidence: how many of the last columns are evidence.
        evidence_penalty: how many times stronger the penalty on their coefficients is.
        hidden_words: weight of a message with its words hidden, against 1 of the message itself; 0 leaves these out.
        max_iter: most iterations of the fit.
    """

    def __init__(
        self, C: float = 1.0, evidence: int = 0, evidence_penalty: float = 1.0, hidden_words: float = 0.0, max_iter: int = 400
    ) -> None:
        self.C = C
        self.evidence = evidence
        self.evidence_penalty = evidence_penalty
        self.hidden_words = hidden_words
        self.max_iter = max_iter

    def fit(
        self,
        X: csr_matrix | Iterable[csr_matrix],
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        evidence_only: ArrayLike | None = None,
    ) -> Self:
        """Learn `coef_` (n_classes, n_columns), `intercept_` (n_classes,) and `classes_`.

        Args:
            X: shape (n_rows, n_columns), the evidence last; or some rows at a time.
            y: a label a row.
            sample_weight: a weight a row.
            evidence_only: true for rows whose words teach nothing, such as a genuine wording with a fake link: they count with their
                words hidden alone, at their whole weight.
        """
        labels = np.asarray(y, dtype=str)
        weights = np.ones(len(labels)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        hidden = np.zeros(len(labels), dtype=bool) if evidence_only is None else np.asarray(evidence_only, dtype=bool)
        again = weights > 0 if self.hidden_words else hidden
        # Single precision halves the memory to move, so the fit is twice as fast; coefficients are kept in single precision anyway.
        blocks: Iterable[csr_matrix] = [X] if issparse(X) else X
        scale, bare = np.ones(0), []

        def whole() -> Iterator[csr_matrix]:
            nonlocal scale
            start = 0
            for block in blocks:
                rows, words = slice(start, start + block.shape[0]), block.shape[1] - self.evidence
                scale = np.r_[np.ones(words), np.full(self.evidence, self.evidence_penalty**-0.5)]
                scaled = block @ diags(scale)
                without = scaled[again[rows]][:, words:]
                bare.append(hstack([csr_matrix((without.shape[0], words)), without]).tocsr().astype(np.float32))
                yield scaled[~hidden[rows]].astype(np.float32)
                start = rows.stop

        fitted = LogisticRegression(C=self.C, max_iter=self.max_iter, tol=1e-4).fit(
            _joined(chain(whole(), bare)),
            np.concatenate([labels[~hidden], labels[again]]),
            sample_weight=np.concatenate(
                [weights[~hidden], np.where(hidden, weights, weights * self.hidden_words)[again]], dtype=np.float32
            ),
        )
        self.classes_ = fitted.classes_
        coef, self.intercept_ = _symmetric(fitted)
        self.coef_ = coef * scale
        return self

    def decision_function(self, X: csr_matrix) -> NDArray[np.float64]:
        """Shape (n_rows, n_classes)."""
        return np.asarray(X @ self.coef_.T + self.intercept_)

    def predict_proba(self, X: csr_matrix) -> NDArray[np.float64]:
        """Shape (n_rows, n_classes); rows sum to 1."""
        return np.asarray(softmax(self.decision_function(X), axis=1))

    def predict(self, X: csr_matrix) -> NDArray[np.str_]:
        """The likeliest label of each row."""
        return np.asarray(self.classes_[self.decision_function(X).argmax(axis=1)])


def _joined(blocks: Iterable[csr_matrix]) -> csr_matrix:
    """Blocks of rows in single precision, one below the other; none is kept, so that the rows are held once."""
    values, places, sizes, columns = array("f"), array("i"), array("i"), 0
    for block in blocks:
        for kept, new in ((values, block.data), (places, block.indices), (sizes, np.diff(block.indptr))):
            kept.frombytes(new.astype(kept.typecode, copy=False).view(np.uint8))
        columns = block.shape[1]
    ends = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
    return csr_matrix((np.asarray(values), np.asarray(places), ends), shape=(len(sizes), columns))


def _symmetric(regression: LogisticRegression) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients and intercepts with one row a class, of two classes, too."""
    if len(regression.classes_) > 2:
        return regression.coef_.astype(np.float64), regression.intercept_.astype(np.float64)
    coef, intercept = regression.coef_.astype(np.float64), regression.intercept_.astype(np.float64)
    return np.vstack([-coef, coef]) / 2, np.hstack([-intercept, intercept]) / 2


def fit(
    pipeline: Pipeline,
    messages: Iterable[Message],
    labels: ArrayLike,
    weights: ArrayLike | None = None,
    groups: Sequence[Hashable] | None = None,
    evidence_only: ArrayLike | None = None,
) -> Pipeline:
    """Fit in place, then round the coefficients to single precision, so that the artifact can hold them exactly in half the room.

    For `weights` and `evidence_only` see `EvidenceRegression.fit`; for `groups`, one a message, `AdditiveTfidf.fit`.
    """
    return fit_readings(pipeline, _readings(pipeline.named_steps["read"], messages), labels, weights, groups, evidence_only)


def _readings(reader: Reader, messages: Iterable[Message]) -> Iterator[Reading]:
    """What the reader makes of messages, one at a time."""
    for message in messages:
        yield from reader.transform([message])


def fit_readings(
    pipeline: Pipeline,
    readings: Iterable[Reading],
    labels: ArrayLike,
    weights: ArrayLike | None = None,
    groups: Sequence[Hashable] | None = None,
    evidence_only: ArrayLike | None = None,
) -> Pipeline:
    """`fit` on messages that the pipeline's reader has read already."""
    features, *between = (step for _, step in pipeline.steps[1:-1])
    blocks = fit_columns([block for _, block in features.transformer_list], readings, groups)
    for step in between:
        blocks = map(step.transform, blocks)
    pipeline.named_steps["classify"].fit(blocks, labels, weights, evidence_only)
    _round(pipeline)
    return pipeline


def probabilities(pipeline: Pipeline, messages: Iterable[Message]) -> NDArray[np.float64]:
    """Shape (n_messages, 3), columns as in `LABELS`, as the served model gives them: over parts of a text, see `legitext.parts`.

    A pipeline that was not trained on all labels cannot be served: it judges whole texts, and gives the others 0.
    """
    if set(pipeline.classes_) == set(LABELS):
        return served(pipeline).predict_proba(messages)
    given = pipeline.predict_proba(messages)
    full = np.zeros((len(given), len(LABELS)))
    full[:, [LABELS.index(label) for label in pipeline.classes_]] = given
    return full


def served(pipeline: Pipeline) -> Classifier:
    """A fitted pipeline as it is served, with thresholds of one half."""
    return Classifier(artifact.from_pipeline(pipeline, dict.fromkeys(THRESHOLDS, dict.fromkeys(LABELS[1:], 0.5)), {}, []))


def scores_in_parts(pipeline: Pipeline, messages: Sequence[Message]) -> NDArray[np.float64]:
    """What `Classifier.decision_function` gives, worked out by scikit-learn part by part: slow, to check the served model by.

    Shape (n_messages, 3), columns as in `LABELS`.
    """
    readings = pipeline.named_steps["read"].transform(messages)
    features = dict(pipeline.named_steps["features"].transformer_list)
    spans = [[(0, len(reading.words)), *parts_of(reading)] for reading in readings]
    owner = np.repeat(np.arange(len(readings)), [len(one) for one in spans])
    pieces = [
        replace(reading, words=reading.words[start:end]) for reading, some in zip(readings, spans, strict=True) for start, end in some
    ]
    columns = [
        features["words"].transform(pieces),
        features["characters"].transform(pieces),
        features["evidence"].transform(readings)[owner],
    ]
    classifier = pipeline.named_steps["classify"]
    scores = classifier.decision_function(hstack(columns).tocsr())[:, [list(classifier.classes_).index(label) for label in LABELS]]
    prices = [price_of(len(piece.words), len(readings[row].words)) for piece, row in zip(pieces, owner, strict=True)]
    firsts = np.searchsorted(owner, np.arange(len(readings)))
    leads = np.maximum.reduceat(scores[:, SMISHING] - scores[:, HAM] - prices, firsts)
    whole = scores[firsts]
    whole[:, SMISHING] = whole[:, HAM] + leads
    return np.asarray(whole)


def calibrate(pipeline: Pipeline, messages: Sequence[Message], labels: Sequence[str], weights: ArrayLike | None = None) -> float:
    """Divide the coefficients by a temperature, and shift the intercept of ham, so that the log loss on held-out messages is least.

    Smishing is judged by the part of a text that looks most like it, so it comes out likelier than it is: a temperature alone cannot mend
    that. Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017 (vector scaling). With one temperature and one shift
    the model stays linear, smishing and spam keep their order, and each ranks against ham as before, so thresholds that are chosen by
    false alarms call the same messages.

    Returns:
        The temperature.
    """
    from scipy.optimize import minimize

    scores = served(pipeline).decision_function(messages)
    wanted = np.array([LABELS.index(label) for label in labels])
    share = np.ones(len(wanted)) if weights is None else np.asarray(weights, dtype=np.float64)
    is_ham = np.arange(len(LABELS)) == HAM

    def loss(values: NDArray[np.float64]) -> float:
        own = log_softmax(scores / np.exp(values[0]) + values[1] * is_ham, axis=1)[np.arange(len(wanted)), wanted]
        return -float(share @ own / share.sum())

    log_temperature, shift = minimize(loss, np.zeros(2), method="L-BFGS-B", bounds=[(-2.0, 2.0), (-5.0, 5.0)]).x
    temperature = float(np.exp(log_temperature))
    classifier = pipeline.named_steps["classify"]
    classifier.coef_ /= temperature
    classifier.intercept_ = classifier.intercept_ / temperature + shift * (classifier.classes_ == LABELS[HAM])
    _round(pipeline)
    return temperature


def with_and_without_sender(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows, and behind them those with a sender once more without it, so that having one gives no label away."""
    return pd.concat([rows, rows[rows["sender"].notna()].assign(sender=None)], ignore_index=True)


def with_asides(rows: pd.DataFrame, share: float) -> pd.DataFrame:
    """The rows, and behind them a share once more with a line of chat before or after the text.

    Scams hide behind small talk, so it must not speak for them: `share` of the scams and spam, and half as many other texts, are
    learnt with it, too. Lines are those of the rows' own chat, but no user's corrections; which, is drawn from the text.
    """
    chat = (rows["label"] == "ham") & rows["brand"].isna() & (rows["sender"].isna() | rows["kind"].str.startswith("chat", na=False))
    lines = sorted(set(rows.loc[chat & (rows["source"] != "corrections"), "text"]))
    if not lines or not share:
        return rows
    drawn = [_drawn("aside", text) for text in rows["text"]]
    wanted = np.where(rows["label"] == "ham", share / 2, share)
    chosen = (np.array([number % 10_007 / 10_007 for number in drawn]) < wanted) & ~chat.to_numpy()
    texts = [
        f"{text} {lines[number % len(lines)]}" if number % 3 else f"{lines[number % len(lines)]}. {text}"
        for text, number, taken in zip(rows["text"], drawn, chosen, strict=True)
        if taken
    ]
    return pd.concat([rows, rows[chosen].assign(text=texts)], ignore_index=True)


def with_parts(rows: pd.DataFrame, share: float) -> pd.DataFrame:
    """The rows, and behind them for a share of the genuine ones the part of the text that looks most like a scam: see `legitext.parts`.

    Texts are judged by their worst part, so that is the part to learn from. Which it is, a naive Bayes of the rows' words tells, scaled by
    the root of their number as the model scales them. Parts of what is genuine are genuine; those of a scam may be harmless.
    """
    genuine = (rows["label"] == "ham").to_numpy()
    chosen = genuine & np.array([_drawn("part", text) % 10_007 / 10_007 < share for text in rows["text"]], dtype=bool)
    if not chosen.any():
        return rows
    suspicion = suspicion_of_words(rows[~rows["kind"].str.startswith((TWIN, SENDER_TWIN), na=False)])
    kept: list[int] = []
    texts: list[str] = []
    for row, message in zip(np.flatnonzero(chosen).tolist(), each_message(rows[chosen]), strict=True):
        reading = read(message)
        summed = np.cumsum([0.0, *(suspicion.get(word, 0.0) for word in reading.words)])
        parts = parts_of(reading)
        if parts:
            start, end = max(parts, key=lambda part: (summed[part[1]] - summed[part[0]]) / (part[1] - part[0]) ** 0.5)
            kept.append(row)
            texts.append(message.text[reading.spans[start][0] : reading.spans[end - 1][1]])
    return pd.concat([rows, rows.iloc[kept].assign(text=texts)], ignore_index=True)


def suspicion_of_words(rows: pd.DataFrame) -> dict[str, float]:
    """By word the log of how many times likelier a scam holds it than a genuine text does, as naive Bayes with one more of each counts."""
    texts, holders = Counter(rows["label"]), {label: Counter[str]() for label in LABELS}
    for message, label in zip(each_message(rows), rows["label"], strict=True):
        holders[label].update(set(read(message).words))
    ham, smishing = (holders[LABELS[label]] for label in (HAM, SMISHING))
    shares = (texts["ham"] + 2) / (texts["smishing"] + 2)
    return {word: math.log((smishing[word] + 1) / (ham[word] + 1) * shares) for word in {*ham, *smishing}}


def with_swapped_letters(rows: pd.DataFrame, share: float) -> pd.DataFrame:
    """The rows, a share of them with letters swapped in their words, so that a slip of the finger hides no word; drawn from the text."""

    def changed(text: str) -> str:
        rng = random.Random(f"swap/{text}")
        return habits.with_swapped_letters(text, rng) if rng.random() < share else text

    return rows.assign(text=[changed(text) for text in rows["text"]])


def _drawn(purpose: str, text: str) -> int:
    """A large number drawn from a text."""
    return int(hashlib.sha256(f"{purpose}/{text}".encode("utf-8", "replace")).hexdigest()[:12], 16)


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


def choose_thresholds(genuine: NDArray[np.float64], params: Train) -> dict[str, dict[str, float]]:
    """By name, for each label but ham the threshold, see `legitext.decision`, that keeps false alarms at the shares that `params` states.

    Args:
        genuine: probabilities (n, 3) of genuine messages that were not trained on.
        params: with `false_alarms` and `spam_false_alarms`.
    """
    shares = {label: genuine[:, place] / (genuine[:, place] + genuine[:, 0]) for place, label in enumerate(LABELS) if place}
    return {
        name: {
            "spam": threshold_for(shares["spam"], params.spam_false_alarms[name]),
            "smishing": threshold_for(shares["smishing"], params.false_alarms[name]),
        }
        for name in THRESHOLDS
    }


def training_rows(rows: pd.DataFrame, params: Train) -> tuple[pd.DataFrame, NDArray[np.float64], NDArray[np.bool_]]:
    """What is learnt from `rows`: parts of them, copies with asides, without senders and with swapped letters; a weight for each; and which
    are twins, of whose words nothing is learnt.

    A twin that differs from the genuine text by its sender alone is learnt with its words, which are genuine, so that evidence learns to
    outweigh them; without its sender it would be the genuine text, so it is never shown so.

    Near-copies among the corrections weigh as one of them, so that no message is learnt by being sent in often.

    All corrections are one group: with `min_groups` of 2 or more, what stands in no other source, as the names of a user's friends,
    becomes no term of the model. The column `copy` marks what was made from other rows, see `groups_of`.
    """
    beside = with_asides(with_parts(rows, params.parts), params.asides)
    training = with_swapped_letters(with_and_without_sender(beside), params.swapped_letters)
    training["copy"] = np.arange(len(training)) >= len(rows)
    by_sender = training["kind"].str.startswith(SENDER_TWIN, na=False)
    training = training[~by_sender | training["sender"].notna()].reset_index(drop=True)
    corrected = training["source"] == "corrections"
    copies = training["group"].map(rows.loc[rows["source"] == "corrections", "group"].value_counts()).where(corrected).fillna(1.0)
    training["group"] = training["group"].where(~corrected, "corrections")
    twins = (training["kind"].str.startswith(TWIN, na=False) & ~training["kind"].str.startswith(SENDER_TWIN, na=False)).to_numpy(dtype=bool)
    weights = training["source"].map(lambda source: params.weights.get(source, 1.0)).to_numpy(dtype=float)
    by_label = training["label"].map(lambda label: params.class_weights.get(label, 1.0)).to_numpy(dtype=float)
    return training, by_label * np.where(twins, params.twin_weight, weights / copies.to_numpy(dtype=float)), twins


def groups_of(training: pd.DataFrame) -> list[int]:
    """The groups of `training_rows` as numbers, and `COPY` for copies: what stands in one message alone, as a name in a line of chat that is
    put beside others, is not learnt for its copies."""
    numbers = training["group"].fillna("").factorize()[0]
    groups: list[int] = np.where(training["copy"], COPY, numbers).tolist()
    return groups


def _round(pipeline: Pipeline) -> None:
    classifier = pipeline.named_steps["classify"]
    classifier.coef_ = classifier.coef_.astype(np.float32).astype(np.float64)
    classifier.intercept_ = classifier.intercept_.astype(np.float32).astype(np.float64)
