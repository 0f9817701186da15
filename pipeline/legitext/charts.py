"""The pictures of an evaluation."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from numpy.typing import ArrayLike, NDArray

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # the backend must be chosen first

from legitext.files import replacing
from legitext.messages import LABELS
from legitext.metrics import Bin

_BLUE, _RED, _GREY = "#2b6cb0", "#c53030", "#718096"


def confusion(actual: ArrayLike, called: ArrayLike, path: Path, title: str) -> None:
    """Rows: what messages are; columns: what they are called; in counts and in shares of the row."""
    truth, given = np.asarray(actual, dtype=str), np.asarray(called, dtype=str)
    counts = np.array([[int(((truth == row) & (given == column)).sum()) for column in LABELS] for row in LABELS])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = plt.subplots(figsize=(5.2, 4.4), layout="constrained")
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row in range(len(LABELS)):
        for column in range(len(LABELS)):
            colour = "white" if shares[row, column] > 0.55 else "black"
            axes.text(column, row, f"{counts[row, column]:,}\n{shares[row, column]:.1%}", ha="center", va="center", color=colour)
    axes.set_xticks(range(len(LABELS)), list(LABELS))
    axes.set_yticks(range(len(LABELS)), list(LABELS))
    axes.set_xlabel("what the model calls them")
    axes.set_ylabel("what they are")
    axes.set_title(title)
    _save(figure, path)


def precision_recall(points: dict[str, tuple[ArrayLike, ArrayLike]], path: Path, title: str) -> None:
    """A curve for each name: recall across, precision up, both in percent."""
    figure, axes = plt.subplots(figsize=(5.6, 4.4), layout="constrained")
    for (name, (precision, recall)), colour in zip(points.items(), (_BLUE, _RED, _GREY, "#2f855a"), strict=False):
        axes.plot(100 * np.asarray(recall), 100 * np.asarray(precision), label=name, color=colour)
    axes.set_xlabel("recall: scams caught (%)")
    axes.set_ylabel("precision: of those called smishing (%)")
    axes.set_xlim(0, 100.5)
    axes.set_ylim(0, 100.5)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left")
    axes.set_title(title)
    _save(figure, path)


def reliability(bins: Sequence[Bin], path: Path, title: str) -> None:
    """Stated probability of smishing across, observed share of scams up, both in percent; a dot grows with the messages of its bin."""
    figure, axes = plt.subplots(figsize=(5.6, 4.8), layout="constrained")
    stated, observed = [100 * one.stated for one in bins], [100 * one.observed for one in bins]
    axes.plot([0, 100], [0, 100], color=_GREY, linestyle="--", label="as stated")
    axes.plot(stated, observed, color=_BLUE, label="observed")
    axes.scatter(stated, observed, [12 + 180 * (one.n / sum(bin.n for bin in bins)) ** 0.5 for one in bins], color=_BLUE, alpha=0.6)
    axes.set_xlabel("stated probability of smishing (%)")
    axes.set_ylabel("observed share of scams (%)")
    axes.set_xlim(-2, 102)
    axes.set_ylim(-2, 102)
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left")
    axes.set_title(title, fontsize=10)
    _save(figure, path)


def shares(rows: dict[str, dict[str, Any]], path: Path, title: str, across: str, colour: str = _BLUE) -> None:
    """A bar with its 95 % interval for each name, in percent, the highest on top."""
    names = sorted(rows, key=lambda name: (rows[name]["share"], name))
    values = np.array([100 * rows[name]["share"] for name in names])
    low = np.array([100 * rows[name]["low"] for name in names])
    high = np.array([100 * rows[name]["high"] for name in names])
    figure, axes = plt.subplots(figsize=(6.4, 1.2 + 0.26 * len(names)), layout="constrained")
    axes.barh(
        range(len(names)), values, color=colour, xerr=[np.maximum(values - low, 0), np.maximum(high - values, 0)], ecolor=_GREY, capsize=2
    )
    axes.set_yticks(range(len(names)), [f"{name} ({rows[name]['n']:,})" for name in names])
    axes.set_xlim(0, 100)
    axes.set_xlabel(across)
    axes.set_title(title)
    _save(figure, path)


def scores(samples: tuple[NDArray[np.float64], NDArray[np.float64]], threshold: float) -> bytes:
    """Histograms of the log-odds of a reference and of a new sample, with the least that can be called smishing; a PNG file."""
    figure, axes = plt.subplots(figsize=(8, 3.2), layout="constrained")
    bins = np.histogram_bin_edges(np.concatenate(samples), 40).tolist()
    for values, name, colour, alpha in zip(samples, ("reference", "new"), (_GREY, _BLUE), (0.35, 0.15), strict=True):
        percents = np.full(len(values), 100 / len(values))
        axes.hist(values, bins, weights=percents, histtype="stepfilled", facecolor=(colour, alpha), edgecolor=colour, lw=1.4, label=name)
    axes.axvline(threshold, color=_RED, linestyle="--", label=f"smishing from {threshold:.2f} on, unless spam is likelier")
    axes.set_xlabel("log-odds of smishing against ham (natural logarithm)")
    axes.set_ylabel("messages of the sample (%)")
    axes.grid(axis="y", alpha=0.3)
    figure.legend(loc="outside upper left", ncols=3, frameon=False)
    return _png(figure)


def _save(figure: Any, path: Path) -> None:
    with replacing(path) as part:
        part.write_bytes(_png(figure))


def _png(figure: Any) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110, metadata={"Software": None})
    plt.close(figure)
    return file.getvalue()
