"""One evaluation of labelled messages, whoever they are of: the pipeline's test rows, or a user's own file."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from legitext.links import find_links
from legitext.metrics import Bin, Share, by, calls, expected_calibration_error, overall, precision_at, reliability, slices
from legitext.senders import read_sender

Slices = Mapping[str, Any]
"""What `legitext.metrics.slices` gives."""

Rows = NDArray[np.bool_]

PREVALENCES = (0.001, 0.01, 0.05)
"""Shares of scams in what comes in, at which precision is stated: a filter meets mostly ham."""

_BANDS = ((60, "up to 60"), (160, "up to 160"), (320, "up to 320"))
_LONGEST = "more than 320"
"""Bands of lengths, in characters, and the last of them."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the stated probabilities of smishing are worth."""

    n: int
    expected_calibration_error: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What came of models trained anew without some of their training rows, and tested on messages of that sort."""

    unseen: Mapping[str, Slices] = field(default_factory=dict)
    """`senders` and `kinds` of the grammar."""

    held_out_sources: Mapping[str, Slices] = field(default_factory=dict)
    """By public source: trained on all the others (and a sample of the grammar), tested on its rows."""

    splits: Mapping[str, Slices] = field(default_factory=dict)
    """`random` and `grouped`: a fifth of the same rows held out either way; what `random` is better by is leakage."""

    doubted: Mapping[str, Share] = field(default_factory=dict)
    """By source: labels of training rows that the model itself doubts, see `legitext.doubts`."""

    poisoned: Mapping[str, Slices] = field(default_factory=dict)
    """By what was wrong with the labels learnt, as `legitext.refits.Refits.on_turned`."""


@dataclass(frozen=True, slots=True)
class Report:
    """All that is measured of a model."""

    test: Mapping[str, Any]
    """As `legitext.metrics.overall`, over all rows."""

    all: Slices
    by: Mapping[str, Mapping[str, Slices]]
    """By name of a dimension in `DIMENSIONS`, by its value."""

    calibration: Mapping[str, Calibration]
    """By name of a part of the rows."""

    precision: Mapping[str, Mapping[str, Mapping[str, Share]]]
    """By part of the rows, name of the thresholds, and prevalence as text, as in `0.1%`."""

    gateways_parcel_bank: Slices = field(default_factory=dict)
    thresholds: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    twins: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    held_out: HeldOut = field(default_factory=HeldOut)
    disguises: Mapping[str, Any] = field(default_factory=dict)
    """As `legitext.evasion.compare`."""

    yardstick: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The layout of `slices.json`: each dimension under `by_` and its name; what was not measured is left out."""
        found = asdict(self)
        found |= {f"by_{name}": rows for name, rows in found.pop("by").items()}
        found |= {**found.pop("held_out"), **found.pop("disguises")}
        return {name: value for name, value in found.items() if value}


def _sender_kinds(table: pd.DataFrame) -> pd.Series:
    kinds = {sender: read_sender(sender).kind for sender in table["sender"].dropna().unique()}
    return table["sender"].astype("object").map(kinds).astype("object").fillna("absent")


def _length_bands(table: pd.DataFrame) -> pd.Series:
    named = table["text"].str.len().map(lambda length: next((name for most, name in _BANDS if length <= most), _LONGEST))
    return named.astype(pd.CategoricalDtype([*(name for _, name in _BANDS), _LONGEST], ordered=True))


_COLUMNS = ("file", "source", "label", "kind", "brand", "language")

DIMENSIONS: Mapping[str, Callable[[pd.DataFrame], pd.Series]] = {
    **{name: itemgetter(name) for name in _COLUMNS},
    "sender_kind": _sender_kinds,
    "link": lambda table: table["text"].map(lambda text: "link" if find_links(text) else "no link"),
    "length": _length_bands,
    "month": lambda table: table["timestamp"].dt.strftime("%Y-%m"),
}
"""By name of a dimension the value of each row, missing where it has none."""


def evaluate(
    table: pd.DataFrame,
    probabilities: NDArray[np.float64],
    thresholds: Mapping[str, float],
    named: Mapping[str, Mapping[str, float]],
    *,
    only: Mapping[str, Rows] | None = None,
    least: Mapping[str, int] | None = None,
    parts: Mapping[str, Rows] | None = None,
    seed: int = 1,
    resamples: int = 500,
) -> Report:
    """Measure what is made of labelled messages.

    Args:
        table: a message table; a dimension whose column it lacks is left out.
        probabilities: shape (n, 3), of its rows.
        thresholds: which decide what a row is called.
        named: more thresholds, at whose precision at `PREVALENCES` is asked.
        only: by dimension the rows that count; all if it is not named.
        least: by dimension the least rows of a value that is reported; 1 if it is not named.
        parts: by name the rows on which calibration and precision are measured; without, `all` of them.
        seed: of the bootstrap.
        resamples: of the bootstrap.
    """
    table = table.reset_index(drop=True)
    called, only, least = calls(probabilities, thresholds), only or {}, least or {}
    labels = table["label"].to_numpy(dtype=str)
    everything = np.ones(len(table), dtype=bool)
    parts = {name: rows for name, rows in (parts or {"all": everything}).items() if rows.any()}

    def of(name: str, value: Callable[[pd.DataFrame], pd.Series]) -> dict[str, Any]:
        rows = only.get(name, everything)
        return by(name, table[rows].assign(**{name: value}), called[rows], seed, resamples, least.get(name, 1))

    def at(rows: Rows, called: NDArray[np.str_]) -> dict[str, Share]:
        caught, alarms = (called[rows & (labels == label)] == "smishing" for label in ("smishing", "ham"))
        found = {f"{prevalence:.1%}": precision_at(prevalence, caught, alarms, seed, resamples) for prevalence in PREVALENCES}
        return {name: one for name, one in found.items() if one is not None}

    calls_at = {name: calls(probabilities, one) for name, one in named.items()}
    dimensions = {name: of(name, value) for name, value in DIMENSIONS.items() if name in table.columns or name not in _COLUMNS}
    return Report(
        test=overall(list(labels), probabilities, called),
        all=slices(table, called, seed, resamples),
        by={name: rows for name, rows in dimensions.items() if rows},
        calibration={name: _calibration(labels[rows] == "smishing", probabilities[rows, 2]) for name, rows in parts.items()},
        precision={name: {one: at(rows, calls_at[one]) for one in named} for name, rows in parts.items()},
    )


def _calibration(scam: Rows, stated: NDArray[np.float64]) -> Calibration:
    bins = tuple(Bin(one.n, round(one.stated, 4), round(one.observed, 4)) for one in reliability(scam, stated))
    return Calibration(len(scam), round(expected_calibration_error(scam, stated), 4), bins)
