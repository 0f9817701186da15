"""What is measured of a model: shares with intervals, by label, source, kind and brand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from legitext.decision import label_of
from legitext.messages import LABELS

Share = dict[str, float | int]

NORMAL = 1.959963984540054
"""The standard normal distribution's 97.5th percentile."""

SHARES: Mapping[str, tuple[str, Callable[[NDArray[np.str_]], NDArray[np.bool_]]]] = {
    "genuine_called_smishing": ("ham", lambda given: given == "smishing"),
    "genuine_flagged": ("ham", lambda given: given != "ham"),
    "scams_caught": ("smishing", lambda given: given == "smishing"),
    "scams_flagged": ("smishing", lambda given: given != "ham"),
    "spam_flagged": ("spam", lambda given: given != "ham"),
}
"""By name of a share: the label of the messages that count, and which of what they are called is a hit."""


def calls(probabilities: NDArray[np.float64], thresholds: Mapping[str, float]) -> NDArray[np.str_]:
    """The label that each row of probabilities (n, 3) gives, see `label_of`."""
    return np.array([label_of(row, thresholds) for row in probabilities.tolist()], dtype=str)


def share(hits: ArrayLike, seed: int = 1, resamples: int = 500) -> Share:
    """The share of true values with its 95 % bootstrap interval (percentiles), and how many there are.

    Draws from values that are all alike tell nothing of the spread: there the interval is Wilson's, see `wilson`.
    """
    values = np.asarray(hits, dtype=bool)
    size = len(values)
    if size == 0:
        return {"n": 0, "share": float("nan"), "low": float("nan"), "high": float("nan")}
    if values.all() or not values.any():
        low, high = (float(bound) for bound in wilson(values.sum(), size)[1:])
    else:
        drawn = np.random.default_rng(seed).binomial(size, values.mean(), resamples) / size
        low, high = np.percentile(drawn, [2.5, 97.5])
    return {"n": size, "share": _rounded(values.mean()), "low": _rounded(low), "high": _rounded(high)}


def wilson(hits: ArrayLike, size: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Shares of `size` with their 95 % intervals: share, low, high.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American Statistical
    Association 22 (1927).

    >>> share, low, high = wilson([0, 5], 10)
    >>> low.round(3), high.round(3)
    (array([0.   , 0.237]), array([0.278, 0.763]))
    """
    share = np.asarray(hits, dtype=np.float64) / size
    z2 = NORMAL**2 / size
    middle, half = share + z2 / 2, np.sqrt(z2 * (share * (1 - share) + z2 / 4))
    return share, (middle - half) / (1 + z2), (middle + half) / (1 + z2)


def slices(table: pd.DataFrame, called: ArrayLike, seed: int = 1, resamples: int = 500) -> dict[str, Any]:
    """The figures that belong together, for the rows of `table` (with a label column) and what they were called.

    `genuine_called_smishing` and `genuine_flagged` (called anything but ham) are shares of the ham; `scams_caught` (called smishing)
    and `scams_flagged` are shares of the smishing; `spam_flagged` of the spam. A figure without rows is left out.
    """
    labels, given = table["label"].to_numpy(dtype=str), np.asarray(called, dtype=str)
    figures: dict[str, Any] = {"n": len(given)}
    for name, (label, hit) in SHARES.items():
        rows = labels == label
        if rows.any():
            figures[name] = share(hit(given[rows]), seed, resamples)
    return figures


def by(column: str, table: pd.DataFrame, called: ArrayLike, seed: int = 1, resamples: int = 500, least: int = 1) -> dict[str, Any]:
    """`slices` for each value of a column that at least `least` rows have, in the order of its categories, else of the alphabet."""
    given = np.asarray(called, dtype=str)
    values = table[column].astype("object").where(table[column].notna(), None)
    counts = values.value_counts()
    kind = table[column].dtype
    ordered = list(kind.categories) if isinstance(kind, pd.CategoricalDtype) else sorted(counts.index, key=str)
    result = {}
    for value in ordered:
        if counts.get(value, 0) >= max(least, 1):
            rows = (values == value).to_numpy()
            result[str(value)] = slices(table[rows], given[rows], seed, resamples)
    return result


def overall(labels: Sequence[str], probabilities: NDArray[np.float64], called: ArrayLike) -> dict[str, Any]:
    """Accuracy, macro F1, log loss, areas under curves and calibration over all rows, and precision, recall and F1 by label."""
    from sklearn.metrics import accuracy_score, average_precision_score, log_loss, precision_recall_fscore_support

    actual, given = np.asarray(labels, dtype=str), np.asarray(called, dtype=str)
    precision, recall, f1, support = precision_recall_fscore_support(actual, given, labels=list(LABELS), zero_division=0)
    figures: dict[str, Any] = {
        "n": len(actual),
        "accuracy": _rounded(accuracy_score(actual, given)),
        "macro_f1": _rounded(f1[support > 0].mean()),
        "log_loss": _rounded(log_loss(actual, probabilities[:, np.argsort(LABELS)], labels=sorted(LABELS))),
        "expected_calibration_error": _rounded(expected_calibration_error(actual == "smishing", probabilities[:, 2])),
    }
    scam = actual == "smishing"
    if scam.any() and not scam.all():
        figures["smishing_auc"] = area(actual, probabilities)
        figures["smishing_average_precision"] = _rounded(average_precision_score(scam, probabilities[:, 2]))
    figures["by_label"] = {
        label: {"n": int(support[at]), "precision": _rounded(precision[at]), "recall": _rounded(recall[at]), "f1": _rounded(f1[at])}
        for at, label in enumerate(LABELS)
        if support[at]
    }
    return figures


LEAST = {"kind": 10, "brand": 30, "month": 30}
"""Test messages that a value must have to be reported, by dimension."""

LESS_IS_BETTER = ("genuine_called_smishing", "genuine_flagged")
"""Figures that fall as a model gets better."""


def figure(name: str, labels: NDArray[np.str_], probabilities: NDArray[np.float64], called: NDArray[np.str_], weights: ArrayLike) -> float:
    """One figure of weighted rows: a share of `SHARES`, or `auc` or `f1` of a label against the others, as in `spam_auc`.

    NaN if the rows that weigh anything are none it can be measured on.
    """
    from sklearn.metrics import f1_score, roc_auc_score

    weight = np.asarray(weights, dtype=float)
    label, _, what = name.rpartition("_")
    if name in SHARES:
        label, hit = SHARES[name]
        rows = labels == label
        total = weight[rows].sum()
        return float(weight[rows] @ hit(called[rows]) / total) if total else float("nan")
    actual = labels == label
    if not weight[actual].any() or not weight[~actual].any():
        return float("nan")
    if what == "auc":
        return float(roc_auc_score(actual, probabilities[:, LABELS.index(label)], sample_weight=weight))
    return float(f1_score(actual, called == label, sample_weight=weight, zero_division=0))


def paired(
    measures: Sequence[Callable[[NDArray[np.float64]], float]], groups: ArrayLike, seed: int = 1, resamples: int = 500
) -> tuple[float, float]:
    """The 95 % interval of the second measure less the first on the same rows: groups of rows are drawn anew, and weigh as often as drawn.

    Args:
        measures: each takes the rows' weights (n,).
        groups: of each row; messages of a group are much alike, so they come or stay away together.
        seed: of the draws.
        resamples: how many.
    """
    names, place = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    random = np.random.default_rng(seed)
    differences = []
    for _ in range(resamples):
        weights = np.bincount(random.integers(len(names), size=len(names)), minlength=len(names))[place].astype(float)
        before, after = (measure(weights) for measure in measures)
        differences.append(after - before)
    low, high = np.nanpercentile(differences, [2.5, 97.5])
    return float(low), float(high)


GOALS: tuple[tuple[str, tuple[str, ...], str, float], ...] = (
    ("genuine business texts called smishing", ("by_source", "benchmark_genuine", "genuine_called_smishing"), "at most", 0.015),
    ("genuine business texts flagged at all", ("by_source", "benchmark_genuine", "genuine_flagged"), "at most", 0.06),
    ("scams caught", ("by_source", "benchmark_smishing", "scams_caught"), "at least", 0.92),
    ("bank alerts (ExAIS) called smishing", ("by_kind", "bank_alert", "genuine_called_smishing"), "at most", 0.03),
    ("campaign texts called smishing", ("by_source", "political_us", "genuine_called_smishing"), "at most", 0.03),
    ("one-time codes called smishing", ("by_source", "otp", "genuine_called_smishing"), "at most", 0.0),
    ("parcel and bank scams of later months caught", ("gateways_parcel_bank", "scams_caught"), "at least", 0.95),
    ("unseen senders: genuine called smishing", ("unseen", "senders", "genuine_called_smishing"), "at most", 0.01),
    ("unseen senders: scams caught", ("unseen", "senders", "scams_caught"), "at least", 0.95),
    ("unseen kinds: genuine called smishing", ("unseen", "kinds", "genuine_called_smishing"), "at most", 0.01),
    ("unseen kinds: scams caught", ("unseen", "kinds", "scams_caught"), "at least", 0.95),
    ("own twins right", ("twins", "all", "right"), "at least", 0.95),
    ("given twins: scams caught", ("by_source", "benchmark_twins", "scams_caught"), "at least", 0.9),
)
"""What the project wants to reach on texts never trained on: name, where the figure stands, direction, value."""


def goals(slices_of_it: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each of `GOALS` with what was measured and whether it is met; those that were not measured are left out."""
    rows = []
    for name, place, direction, value in GOALS:
        figure: Any = slices_of_it
        for step in place:
            figure = figure.get(step, {}) if isinstance(figure, Mapping) else {}
        if "share" in figure and figure["n"]:
            met = figure["share"] <= value if direction == "at most" else figure["share"] >= value
            rows.append({"name": name, "direction": direction, "goal": value, "met": bool(met), **figure})
    return rows


def headline(slices_of_it: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, float]:
    """The few figures by which experiments are compared, under one name each."""
    figures = {
        name: slices_of_it["test"][name] for name in ("accuracy", "macro_f1", "smishing_auc", "log_loss", "expected_calibration_error")
    }
    for source, rows in slices_of_it["by_source"].items():
        if source == "grammar" or source.startswith("benchmark"):
            for name in ("genuine_called_smishing", "genuine_flagged", "scams_caught"):
                if name in rows:
                    figures[f"{source}.{name}"] = rows[name]["share"]
    figures |= {
        f"twins.{name}": slices_of_it["twins"]["all"][name]["share"] for name in ("right", "higher") if slices_of_it["twins"]["all"]["n"]
    }
    if "grouped" in slices_of_it.get("calibration", {}):
        figures["expected_calibration_error.grouped"] = slices_of_it["calibration"]["grouped"]["expected_calibration_error"]
    for what, rows in slices_of_it.get("unseen", {}).items():
        figures |= {f"unseen_{what}.{name}": rows[name]["share"] for name in ("genuine_called_smishing", "scams_caught") if name in rows}
    for folds, row in slices_of_it.get("yardstick", {}).items():
        figures |= {f"uci_{folds}.{name}": row[name] for name in ("f1", "auc")}
    figures |= {
        f"threshold.{name}.{label}": value for name, thresholds in model["thresholds"].items() for label, value in thresholds.items()
    }
    return {**figures, "temperature": _rounded(model["temperature"])}


def area(labels: ArrayLike, probabilities: NDArray[np.float64]) -> float:
    """The area under the ROC curve of smishing against all else, of labels (n,) and probabilities (n, 3)."""
    from sklearn.metrics import roc_auc_score

    return _rounded(roc_auc_score(np.asarray(labels, dtype=str) == "smishing", probabilities[:, LABELS.index("smishing")]))


def areas(table: pd.DataFrame, probabilities: NDArray[np.float64]) -> dict[str, float]:
    """`area` by what it is measured on: `benchmark_auc`, and `business_auc` with the grammar's messages, too.

    What has no scams, or nothing else, is left out.
    """
    benchmark = table["source"].str.startswith("benchmark").to_numpy(dtype=bool)
    business = benchmark | (table["source"] == "grammar").to_numpy(dtype=bool)
    found = {}
    for name, rows in (("benchmark_auc", benchmark), ("business_auc", business)):
        labels = table["label"][rows]
        if 0 < (labels == "smishing").sum() < len(labels):
            found[name] = area(labels, probabilities[rows])
    return found


@dataclass(frozen=True, slots=True)
class Bin:
    """Messages that are said to be about as likely scams."""

    n: int
    stated: float
    """Their mean probability."""

    observed: float
    """The share of them that are scams."""


def reliability(hits: ArrayLike, probabilities: ArrayLike, bins: int = 15) -> tuple[Bin, ...]:
    """The reliability curve: equal-width bins of stated probability, the lowest first; those without rows are left out."""
    values, stated = np.asarray(hits, dtype=float), np.asarray(probabilities, dtype=float)
    place = np.minimum((stated * bins).astype(int), bins - 1)
    return tuple(
        Bin(int((place == at).sum()), float(stated[place == at].mean()), float(values[place == at].mean())) for at in np.unique(place)
    )


def expected_calibration_error(hits: ArrayLike, probabilities: ArrayLike, bins: int = 15) -> float:
    """Mean distance between stated probability and observed share over equal-width bins, weighted by their rows.

    Source: Naeini et al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015.
    """
    curve = reliability(hits, probabilities, bins)
    return sum(one.n * abs(one.observed - one.stated) for one in curve) / max(sum(one.n for one in curve), 1)


def precision_at(
    prevalence: float, scams_called: ArrayLike, genuine_called: ArrayLike, seed: int = 1, resamples: int = 500
) -> Share | None:
    """Of the messages called smishing the share that are scams, if `prevalence` of what comes in are scams and the rest is ham.

    By Bayes' formula, prevalence x recall / (prevalence x recall + (1 - prevalence) x false-alarm rate). The 95 % interval draws both rates
    anew (bootstrap); where there was no false alarm, 3 in n stand for the most there may be (rule of three), which no resampling sees.

    Args:
        prevalence: between 0 and 1.
        scams_called: of each scam, whether it is called smishing.
        genuine_called: of each genuine message.
        seed: of the draws.
        resamples: how many.

    Returns:
        The share, its interval and the count of genuine messages; None if there are no scams, no genuine messages, or none was called.
    """
    scams, genuine = np.asarray(scams_called, dtype=bool), np.asarray(genuine_called, dtype=bool)
    if not len(scams) or not len(genuine) or not (scams.any() or genuine.any()):
        return None
    random = np.random.default_rng(seed)

    def precision(recall: Any, alarms: Any) -> Any:
        right, wrong = prevalence * np.asarray(recall), (1 - prevalence) * np.asarray(alarms)
        return right / np.maximum(right + wrong, 1e-300)

    recalls = random.binomial(len(scams), scams.mean(), resamples) / len(scams)
    alarms = random.binomial(len(genuine), genuine.mean(), resamples) / len(genuine)
    low = np.percentile(precision(recalls, alarms if genuine.any() else min(3 / len(genuine), 1)), 2.5)
    high = np.percentile(precision(recalls, alarms), 97.5)
    return {"n": len(genuine), "share": _rounded(precision(scams.mean(), genuine.mean())), "low": _rounded(low), "high": _rounded(high)}


def yardstick(
    texts: Sequence[str],
    spam: NDArray[np.bool_],
    groups: NDArray[np.int64],
    fit_and_score: Callable[..., NDArray[np.float64]],
    folds: int,
    seed: int,
    ways: Sequence[str] = ("grouped", "random"),
) -> dict[str, dict[str, float]]:
    """F1 of spam and AUC on one corpus by cross-validation: with near-duplicates kept together, and at random as papers do.

    `fit_and_score(train, test)` takes row numbers and gives P(spam) of the test rows; the threshold is 0.5. `ways` can leave one out.
    """
    from sklearn.metrics import f1_score, roc_auc_score
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    results = {}
    rows = np.zeros(len(texts))
    for name, splits in (
        ("grouped", StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(rows, spam, groups)),
        ("random", StratifiedKFold(folds, shuffle=True, random_state=seed).split(rows, spam)),
    ):
        if name not in ways:
            continue
        scores = np.zeros(len(texts))
        for train, test in splits:
            scores[test] = fit_and_score(train, test)
        called = scores >= 0.5
        results[name] = {
            "f1": _rounded(f1_score(spam, called)),
            "auc": _rounded(roc_auc_score(spam, scores)),
            "accuracy": _rounded((called == spam).mean()),
        }
    return results


def _rounded(value: Any) -> float:
    return round(float(value), 4)
