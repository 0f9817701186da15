"""The pictures of an evaluation."""

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from numpy.typing import ArrayLike

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # the backend must be chosen first

from legitext.files import replacing
from legitext.messages import LABELS

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
    axes.set_xticks(range(len(LABELS)), [f"called {label}" for label in LABELS])
    axes.set_yticks(range(len(LABELS)), [f"{label}" for label in LABELS])
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


def _save(figure: Any, path: Path) -> None:
    with replacing(path) as part:
        figure.savefig(part, format="png", dpi=110, metadata={"Software": None})
    plt.close(figure)
