"""Models trained anew, without some of their rows or with wrong labels: what they do on what they were not shown, or shown wrong."""

from collections.abc import Mapping, Set
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import vstack
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from legitext.decision import DEFAULT
from legitext.doubts import copied, doubted, grown, sample
from legitext.evaluation import HeldOut
from legitext.grammar import SENDER_TWIN, TWIN
from legitext.metrics import calls, overall, slices
from legitext.model import choose_thresholds, probabilities, training_rows
from legitext.params import Params
from legitext.progress import say, track
from legitext.split import bucket_of
from legitext.table import messages_of

_OF_TWINS = f"^(?:{SENDER_TWIN}|{TWIN})"
_SHARE = 0.2
"""Of senders, kinds and rows that are held out."""

_THINNED = 0.15
"""The share of the grammar's wordings that is learnt beside the corpora where a model is fitted for each source and split, to save time."""


RATES = (0.01, 0.03, 0.1)
"""Shares of training labels that are turned, to see what it costs."""

COPIED = 100
"""Corrections of one scam, to the same end."""


class Refits:
    """The rows that a model learns from with their columns, worked out once, to train it on parts of them.

    The terms are those of the whole model, the coefficients are fitted anew. Thresholds are chosen by false alarms on the grammar's
    genuine validation messages, so calibration, which keeps every ranking against ham, would change no call.
    """

    def __init__(self, table: pd.DataFrame, pipeline: Pipeline, params: Params) -> None:
        self.table = table.reset_index(drop=True)
        self.table["row"] = np.arange(len(table))
        self._classifier = pipeline.named_steps["classify"]
        self._features, self._params = Pipeline(pipeline.steps[:-1]), params
        self.training, self._weights, self._twins = training_rows(self.table[self.table["split"] == "train"], params.train)
        groups = self.training["group"].fillna("")
        thin = {group for group in groups.unique() if bucket_of(f"thinned/{group}") < _THINNED}
        self._thinned = (groups.isin(thin) | (self.training["source"] != "grammar")).to_numpy()
        self._columns = self._features.transform(track(messages_of(self.training), "messages read for models trained anew"))

    def measure(
        self,
        keep: NDArray[np.bool_],
        validation: pd.DataFrame,
        test: pd.DataFrame,
        labels: NDArray[np.str_] | None = None,
        corrections: pd.DataFrame | None = None,
    ) -> dict[str, Any]:
        """`slices` of `test`, and its smishing AUC, by a model that is trained on the rows `keep` of `training`.

        Its thresholds are chosen on the grammar's genuine messages in `validation`; where it has none, on all genuine ones.

        Args:
            keep: shape (n,), of `training`.
            validation: a message table.
            test: a message table.
            labels: shape (n,), what is learnt in place of the labels of `training`.
            corrections: messages that are learnt, too.
        """
        columns, weights, twins = self._columns[keep], self._weights[keep], self._twins[keep]
        labels = (self.training["label"].to_numpy(dtype=str) if labels is None else labels)[keep]
        if corrections is not None:
            more, more_weights, more_twins = training_rows(corrections, self._params.train)
            columns = vstack([columns, self._features.transform(messages_of(more))])
            labels = np.r_[labels, more["label"].to_numpy(dtype=str)]
            weights, twins = np.r_[weights, more_weights], np.r_[twins, more_twins]
        classifier = clone(self._classifier).fit(columns, labels, weights, twins)
        fitted = Pipeline([*self._features.steps, ("classify", classifier)])
        genuine = validation[validation["label"] == "ham"]
        made = genuine["source"] == "grammar"
        thresholds = choose_thresholds(probabilities(fitted, messages_of(genuine[made] if made.any() else genuine)), self._params.train)
        given = probabilities(fitted, messages_of(test))
        called = calls(given, thresholds[DEFAULT])
        settings = self._params.evaluate
        whole = overall(list(test["label"]), given, called)
        area = {"smishing_auc": whole["smishing_auc"]} if "smishing_auc" in whole else {}
        return {**slices(test, called, settings.seed, settings.bootstrap), **area}

    def all(self) -> HeldOut:
        """On unseen senders and kinds, on each public source, and on a fifth of the rows, at random and by groups."""
        return HeldOut(self.on_unseen(), self.on_sources(), self.on_splits(), *self.on_turned())

    def on_turned(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """On all test rows of sources trained on, by models that learnt some wrong labels; and what the whole model doubts of its own.

        They learn from the corpora and a sample of the grammar's wordings: no label turned, `RATES` of them, and all right but for a test
        scam that is said to be ham in `COPIED` corrections. `stopped` is whether `legitext.doubts` would stop a model that learnt so.
        """
        rows = sample(self.table[self.table["split"] == "train"])
        given = probabilities(Pipeline([*self._features.steps, ("classify", self._classifier)]), messages_of(rows))
        before = doubted(rows, given)
        test = self.table[(self.table["split"] == "test") & self.table["source"].isin(set(self.training["source"]))]
        validation = self.table[self.table["split"] == "validation"]
        results: dict[str, Any] = {}
        for rate in (0.0, *RATES):
            drawn = {row for row in self.table["row"] if bucket_of(f"turned/{row}") < rate}
            now = doubted(rows.assign(label=_turned(rows, drawn)), given)
            figures = self.measure(self._thinned, validation, test, _turned(self.training, drawn))
            results[f"{rate:.0%} of labels turned"] = {**figures, "doubted": now["all"], "stopped": bool(grown(before, now))}
            say(f"{rate:.0%} of labels turned: smishing AUC {figures.get('smishing_auc', float('nan')):.3f}")
        scams = test[(test["label"] == "smishing") & (test["source"] == "grammar") & ~test["kind"].str.startswith(TWIN, na=False)]
        if len(scams):
            scam = scams.loc[[min(scams.index, key=lambda row: bucket_of(f"copied/{row}"))]]
            copies = pd.concat([scam.assign(label="ham", source="corrections", group="copied")] * COPIED, ignore_index=True)
            figures = self.measure(self._thinned, validation, test, corrections=copies)
            stopped = bool(copied(copies, np.repeat("smishing", COPIED)))
            results[f"a scam corrected to ham {COPIED} times"] = {**figures, "doubted": before["all"], "stopped": stopped}
        return before, results

    def on_unseen(self) -> Mapping[str, Any]:
        """On senders, and on kinds of text, that were not shown: a fifth of the grammar's, drawn by name, each in turn.

        Their messages (and twins) leave training and the choice of thresholds. Senders are tested on wordings not trained on either, kinds
        on all their wordings.
        """
        table, training = self.table, self.training
        made = table["source"] == "grammar"
        base = table["kind"].str.replace(_OF_TWINS, "", regex=True)
        results = {}
        for name, values in (("senders", table["brand"].where(made)), ("kinds", base.where(made & (base != "turn")))):
            hidden = {value for value in values.dropna().unique() if bucket_of(f"unseen/{value}") < _SHARE}
            shown = training["brand"] if name == "senders" else training["kind"].str.replace(_OF_TWINS, "", regex=True)
            keep = ~shown.isin(hidden).to_numpy() | (training["source"] != "grammar").to_numpy()
            validation = table[(table["split"] == "validation") & ~(values.isin(hidden) & made)]
            unseen = table[made & values.isin(hidden) & ~table["kind"].str.startswith(TWIN, na=False)]
            if name == "senders":
                unseen = unseen[unseen["split"] == "test"]
            results[name] = {"held_out": len(hidden), **self.measure(keep, validation, unseen)}
            say(f"unseen {name}: {len(hidden)} held out, {len(unseen):,} messages")
        return results

    def on_sources(self) -> Mapping[str, Any]:
        """On all rows of each public source that is trained on, by a model of all the others and a sample of the grammar's wordings."""
        table, training = self.table, self.training
        validation = table[table["split"] == "validation"]
        results = {}
        for source in sorted(set(training["source"]) - {"grammar", "corrections"}):
            keep = self._thinned & (training["source"] != source).to_numpy()
            if set(training["label"][keep]) == set(training["label"]):
                rows = table[(table["source"] == source) & (table["split"] != "left_out")]
                results[source] = self.measure(keep, validation[validation["source"] != source], rows)
                say(f"{source} held out, {len(rows):,} messages")
        return results

    def on_splits(self) -> Mapping[str, Any]:
        """On a fifth of the training rows: drawn row by row, and by groups that belong together, as near-copies and wordings do.

        The rows are those of the corpora and of a sample of the grammar's wordings. A row's own copies, as without its sender, are always on its side; what sets the two apart is that a random split leaves near-copies
        and messages of the same wording on both.
        """
        learnt = self.table["row"].isin(self.training["row"][self._thinned])
        rows = self.table[learnt & (self.table["kind"].fillna("") != "turn")]
        validation = self.table[self.table["split"] == "validation"]
        results = {}
        for name, key in (("random", "row"), ("grouped", "group")):
            drawn = {value for value in self.table[key].dropna().unique() if bucket_of(f"split/{value}") < _SHARE}
            held_out = self.table["row"][self.table[key].isin(drawn)]
            keep = self._thinned & ~self.training["row"].isin(held_out).to_numpy()
            results[name] = self.measure(keep, validation, rows[rows["row"].isin(held_out)])
            say(f"{name} split, {results[name]['n']:,} messages")
        return results


def _turned(rows: pd.DataFrame, drawn: Set[int]) -> NDArray[np.str_]:
    """The labels of `rows`, those drawn as whoever wants harm would have them: ham for scams and spam, smishing for ham."""
    labels = rows["label"].to_numpy(dtype=str)
    return np.where(rows["row"].isin(drawn), np.where(labels == "ham", "smishing", "ham"), labels)
