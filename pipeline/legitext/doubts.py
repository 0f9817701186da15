"""Labels that a model doubts: those of a corpus swapped, some turned to mislead, one correction many times over.

A model that learnt from right labels is sure of them, so labels that were turned since show; it need not be right about each.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from legitext.classifier import Classifier
from legitext.messages import LABELS
from legitext.metrics import Share, calls, share
from legitext.split import duplicate_groups
from legitext.table import messages_of

SURE = 0.9
"""Probability from which on a model is sure of a label."""

SAMPLE = 3000
"""Most messages of a source that are judged."""

GROWTH = 0.003
"""By how much the share of doubted labels may grow: new wordings are doubted, too, but few of them."""

COPIES = 20
"""Most near-copies of one message that may be corrected against the model."""

NEAR = 0.7
"""Share of word pairs in common from which they are."""

SWAPPED = 0.5
"""Share of doubted labels from which on a source's labels look swapped."""


def sample(table: pd.DataFrame, most: int = SAMPLE) -> pd.DataFrame:
    """Rows of each source, `most` at most; of corrections none, for each of these is a label that some model doubted."""
    rows = table[table["source"] != "corrections"]
    return pd.concat([rows.iloc[:0], *(of.sample(min(len(of), most), random_state=1) for _, of in rows.groupby("source"))])


def doubted(rows: pd.DataFrame, given: NDArray[np.float64]) -> dict[str, Share]:
    """By source, and over `all`, the share of rows for which another label than theirs is given a probability of `SURE` or more.

    Args:
        rows: a message table.
        given: shape (n, 3), the probabilities of its rows.
    """
    own = np.equal(rows["label"].to_numpy(dtype=str)[:, None], np.array(LABELS))
    doubts = np.asarray((np.where(own, 0.0, given) >= SURE).any(axis=1))
    sources = rows["source"].to_numpy(dtype=str)
    return {"all": share(doubts), **{str(name): share(doubts[sources == name]) for name in np.unique(sources)}}


def grown(before: Mapping[str, Share], now: Mapping[str, Share]) -> list[str]:
    """In sentences, where a model doubts more of the labels, beyond noise and `GROWTH`, than of those it learnt from.

    Sources that it did not learn from are left out.
    """
    return [
        f"labels of {'all sources' if name == 'all' else name}: the champion is sure of another one for {one['share']:.1%} of the training "
        f"messages (95 % interval from {one['low']:.1%} on), against {before[name]['share']:.1%} of those it learnt from: were labels turned?"
        for name, one in now.items()
        if name in before and one["low"] > before[name]["share"] + GROWTH
    ]


def copied(corrections: pd.DataFrame, given: NDArray[np.str_]) -> list[str]:
    """In sentences, which message has more than `COPIES` near-copies among the corrections, against what a model calls them.

    Args:
        corrections: a message table.
        given: shape (n,), what its rows are called.
    """
    against = corrections[(corrections["label"].to_numpy(dtype=str) != given)]
    if against.empty:
        return []
    found = against.assign(copies=duplicate_groups(list(against["text"]), NEAR)).groupby(["copies", "label"]).size()
    return [
        f"corrections: {count:,} near-copies of one message are said to be {label}, against the champion: is that one user's word?"
        for (_, label), count in found.items()
        if count > COPIES
    ]


def doubts(table: pd.DataFrame, champion: Classifier, before: Mapping[str, Share]) -> list[str]:
    """In sentences, what speaks against the labels of a table of messages, by the model that ships.

    Args:
        table: a message table with splits.
        champion: the model.
        before: `doubted` of the rows that it learnt from; empty if that is not known.
    """
    corrections = table[table["source"] == "corrections"]
    found = []
    if before:
        rows = sample(table[table["split"] == "train"])
        found += grown(before, doubted(rows, champion.predict_proba(messages_of(rows))))
    if len(corrections):
        found += copied(corrections, calls(champion.predict_proba(messages_of(corrections)), champion.thresholds))
    return found


def swapped(table: pd.DataFrame, model: Classifier) -> str | None:
    """A sentence if a model is sure of another label for most messages of a source; None if not."""
    rows = sample(table, 300)
    found: Mapping[str, Any] = doubted(rows, model.predict_proba(messages_of(rows)))["all"]
    if not len(rows) or found["share"] <= SWAPPED:
        return None
    name = table["source"].iloc[0]
    return f"{name}: the model that ships is sure of another label for {found['share']:.0%} of {len(rows):,} messages: are labels swapped?"
