"""What the data hold, in counts: by source, label and split, and by wording, kind, language and brand. No text is in it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from legitext.brands import Registry
from legitext.files import digest
from legitext.grammar import SENDER_TWIN, TWIN, Template, turns_of
from legitext.links import find_links
from legitext.messages import LABELS
from legitext.params import Params
from legitext.split import SPLITS


def inventory(
    table: pd.DataFrame, templates: Sequence[Template], brands: Registry, params: Params, trained: Mapping[str, Any], missing: Iterable[str]
) -> dict[str, Any]:
    """All that the data card says, as builtins for JSON.

    Args:
        table: `data/messages.parquet`.
        templates: the wordings that its messages of the grammar were made from.
        brands: the registry.
        params: how messages were made and split.
        trained: by source what the model was trained on, as `Classifier.info["data"]` holds it.
        missing: sources that could not be had.
    """
    grammar = table[table["source"] == "grammar"]
    return {
        "sources": {str(name): _of_source(rows, brands) for name, rows in table.groupby("source", sort=True)},
        "trained": {name: facts["digest"] for name, facts in trained.items()},
        "missing": list(missing),
        "grammar": {
            "digest": version(params.synthesize.templates),
            "wordings": len(templates),
            "turns": len(turns_of(templates)),
            "kinds": _kinds(templates, grammar),
            "brands": _brands(grammar, brands),
        },
        "made": {
            "per_template": params.synthesize.per_template,
            "twins_per_template": params.synthesize.twins_per_template,
            "habits": dict(params.synthesize.habits),
        },
        "split": {
            "near_copy": params.prepare.near_copy,
            "test_from": dict(params.prepare.test_from),
            "caps": dict(params.prepare.caps),
        },
    }


def version(folder: str | Path) -> str:
    """A digest of the grammar: of the files of wordings, their names included."""
    files = sorted(Path(folder).glob("*.yaml"))
    return digest(b"".join(file.name.encode() + b"\0" + file.read_bytes() for file in files))


def by_split(facts: Mapping[str, Any]) -> pd.DataFrame:
    """The messages of an inventory: a row for each source and label, a column for each split."""
    rows = [(source, label, counts) for source, of in facts["sources"].items() for label, counts in of["rows"].items()]
    places = pd.MultiIndex.from_tuples([(source, label) for source, label, _ in rows], names=["source", "label"])
    return pd.DataFrame([[counts.get(split, 0) for split in SPLITS] for _, _, counts in rows], places, list(SPLITS))


def by_kind(facts: Mapping[str, Any]) -> pd.DataFrame:
    """The grammar of an inventory: a row for each label, language and kind, with its `wordings` and the `messages` made from them."""
    return pd.DataFrame(facts["grammar"]["kinds"])


def _of_source(rows: pd.DataFrame, brands: Registry) -> dict[str, Any]:
    labels = [label for label in LABELS if (rows["label"] == label).any()]
    return {
        "rows": {label: _by(rows["split"][rows["label"] == label], SPLITS) for label in labels},
        "texts": {label: _of_texts(rows[rows["label"] == label], brands) for label in labels},
    }


def _of_texts(rows: pd.DataFrame, brands: Registry) -> dict[str, float]:
    """Characters (median, and what one in ten exceeds), and the shares with a sender and with a link."""
    lengths = rows["text"].str.len()
    return {
        "median": int(lengths.median()),
        "longest_tenth": int(lengths.quantile(0.9)),
        "with_sender": round(float(rows["sender"].notna().mean()), 4),
        "with_link": round(sum(bool(find_links(text, brands)) for text in rows["text"]) / len(rows), 4),
    }


def _by(values: pd.Series, order: Sequence[str]) -> dict[str, int]:
    counts = values.value_counts()
    return {name: int(counts[name]) for name in order if name in counts}


def _kinds(templates: Sequence[Template], grammar: pd.DataFrame) -> list[dict[str, Any]]:
    """Twins and messages of turning sentences count as kinds of their own, without wordings: they share those of genuine texts."""
    sorts = {one.id: (one.label, one.language, one.kind) for one in templates}
    turns = {one.id: (one.label, one.language, one.kind) for one in turns_of(templates)}
    wordings = Counter(sorts.values())
    messages: Counter[tuple[str, str, str]] = Counter()
    for group, label, kind in zip(grammar["group"], grammar["label"], grammar["kind"], strict=True):
        of_group = sorts.get(group) or turns.get(group) or (label, "en", kind)
        if kind.startswith(TWIN):
            messages[label, of_group[1], (SENDER_TWIN if kind.startswith(SENDER_TWIN) else TWIN).rstrip("_")] += 1
        else:
            messages[of_group] += 1
    order = sorted(wordings | messages, key=lambda sort: (LABELS.index(sort[0]), *sort[1:]))
    return [
        {"label": label, "language": language, "kind": kind, "wordings": wordings[label, language, kind], "messages": count}
        for label, language, kind in order
        for count in (messages[label, language, kind],)
    ]


def _brands(grammar: pd.DataFrame, brands: Registry) -> dict[str, dict[str, int]]:
    """Messages by brand and label; senders that were invented, and none at all, in one row each."""
    registered = {brand.name for brand in brands.brands}
    names = grammar["brand"].map(lambda name: name if name in registered else "(invented)", na_action="ignore").fillna("(none)")
    return {str(name): _by(rows["label"], LABELS) for name, rows in grammar.groupby(names, sort=True)}
