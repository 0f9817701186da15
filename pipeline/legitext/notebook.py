"""What the notebooks show: rows that can be had in a fresh clone, pictures, and marked texts."""

import html
import io
import os
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from textwrap import wrap

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from PIL import Image

from legitext.brands import registry
from legitext.classifier import Prediction, Reason
from legitext.errors import DataError
from legitext.fetching import RAW
from legitext.grammar import Template, load_templates, make_messages
from legitext.habits import Habits
from legitext.messages import LABELS
from legitext.params import Params
from legitext.progress import say
from legitext.sources import SOURCES, load, mirrors_of
from legitext.split import bucket_of, is_held_out
from legitext.table import as_table, read_table

COLOURS = {"ham": "#2f855a", "spam": "#b7791f", "smishing": "#c53030"}
"""By label."""

_OTHERS = ("#2b6cb0", "#c53030", "#718096", "#2f855a", "#b7791f")
_GREY = "#718096"
_LONGEST = 58
Point = tuple[ArrayLike, ArrayLike]


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG file that a notebook shows."""

    png: bytes = field(repr=False)

    def _repr_png_(self) -> bytes:
        return self.png


@dataclass(frozen=True, slots=True)
class Marked:
    """A text with what speaks for the verdict in bold, and what speaks against it in italics."""

    text: str
    reasons: Sequence[Reason] = field(repr=False)
    least: float = 0.2
    """Weights nearer to 0 are not marked."""

    def _repr_html_(self) -> str:
        weights = np.zeros(len(self.text))
        for reason in self.reasons:
            if reason.span is not None:
                weights[slice(*reason.span)] += reason.weight
        sides = np.where(np.abs(weights) < self.least, 0, np.sign(weights)).astype(int)
        parts = []
        for side, group in groupby(range(len(self.text)), key=sides.__getitem__):
            shown = html.escape("".join(self.text[place] for place in group))
            parts.append(shown if not side else f"<b>{shown}</b>" if side > 0 else f"<i>{shown}</i>")
        return f"<code>{''.join(parts)}</code>"  # in `code`, no viewer takes dollars for formulas


def enter() -> Path:
    """Go to the project's folder, in or under which a notebook runs, so that its paths hold; returns it.

    Raises:
        DataError: if there is none.
    """
    for folder in (Path.cwd(), *Path.cwd().parents):
        if (folder / "dvc.yaml").is_file():
            os.chdir(folder)
            return folder
    raise DataError(f"{Path.cwd()} is not in a checkout of legitext: open the notebook where it lies")


def held_out(params: Params, per_template: int = 2) -> pd.DataFrame:
    """Messages made from the wordings that are tested on and never trained on, as a message table."""
    settings = params.synthesize
    templates = [one for one in load_templates(settings.templates) if bucket_of(one.id) < params.prepare.test_share]
    made = make_messages(templates, per_template, settings.seed, registry(), Habits(**settings.habits))
    rows = [(one.text, one.label, one.sender, one.brand, one.kind, one.template_id) for one in made]
    return as_table(pd.DataFrame(rows, columns=["text", "label", "sender", "brand", "kind", "group"]), "grammar")


def corpus(name: str, mirror: str, raw: str | Path = RAW) -> pd.DataFrame | None:
    """The messages of a source as they were fetched, else from a local copy; None, with a line that says so, if there are none.

    Args:
        name: of one of `SOURCES`.
        mirror: the folder of local copies where the environment's LEGITEXT_CORPORA names none.
        raw: the folder that `legitext fetch` fills.
    """
    fetched = Path(raw) / f"{name}.parquet"
    if fetched.is_file():
        return read_table(fetched)
    source = next(one for one in SOURCES if one.name == name)
    table = load(source, mirrors_of(os.environ.get("LEGITEXT_CORPORA"), mirror), online=False).table
    if table is None:
        say(f"{name} is not at hand, so it is left out here: `legitext fetch` brings it in, or says where to get it")
    return table


def ablation(store: str = "mlflow.db") -> pd.DataFrame | None:
    """The ablation of the newest sweep, see `legitext.sweep.ablation`; None, with a line that says how to make one, if there is none."""
    if Path(store).is_file():
        from legitext import sweep

        with warnings.catch_warnings(action="ignore"), suppress(DataError):  # MLflow's imports warn of notebooks without widgets
            return sweep.ablation(f"sqlite:///{store}").rename(columns=dict(sweep.SHOWN))
    say("no sweep is tracked here: `make sweep` makes one, and `make notebooks` then shows it")
    return None


def wordings_with(words: Iterable[str], templates: Iterable[Template], params: Params) -> pd.DataFrame:
    """How many of the wordings that are learnt from hold each word, by label: what a word has been taught to mean."""
    wanted = list(dict.fromkeys(word.casefold() for word in words))
    counts: Counter[tuple[str, str]] = Counter()
    for one in templates:
        if not is_held_out(one.id, params.prepare):
            counts.update((word, one.label) for word in set(re.findall(r"\w+", one.wording.casefold())).intersection(wanted))
    return pd.DataFrame([[counts[word, label] for label in LABELS] for word in wanted], pd.Index(wanted, name="word"), list(LABELS))


def reliability(hits: ArrayLike, stated: ArrayLike, bins: int = 10) -> pd.DataFrame:
    """Over equal-width bins of the stated probability: its mean, the `observed` share of hits, and how many there are (`n`)."""
    rows = pd.DataFrame({"stated": np.asarray(stated, dtype=float), "observed": np.asarray(hits, dtype=float), "n": 1})
    place = np.minimum((rows["stated"] * bins).astype(int), bins - 1)
    return rows.groupby(place).agg({"stated": "mean", "observed": "mean", "n": "sum"}).reset_index(drop=True)


def bars(table: pd.DataFrame, title: str, across: str, colours: Mapping[str, str] = COLOURS) -> Picture:
    """A bar for each row, the first on top, with a stacked piece for each column."""
    figure = Figure(figsize=(7, 1.5 + 0.26 * len(table)), layout="constrained")
    axes = figure.subplots()
    left = np.zeros(len(table))
    for place, column in enumerate(table.columns):
        values = table[column].to_numpy(dtype=float)
        axes.barh(range(len(table)), values, left=left, label=column, color=colours.get(column, _OTHERS[place % len(_OTHERS)]))
        left += values
    axes.set_yticks(range(len(table)), [_plain(name) for name in table.index])
    axes.invert_yaxis()
    if len(table.columns) > 1:
        figure.legend(loc="outside lower center", ncols=len(table.columns), frameon=False)
    axes.set_xlim(0, 1.04 * max((end for end in left if end > 0), default=1.0))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.grid(axis="x", alpha=0.3)
    axes.set(title=title, xlabel=across)
    return _picture(figure)


def intervals(series: Mapping[str, Mapping[str, Mapping[str, float]]], title: str, across: str) -> Picture:
    """Shares, with `low` and `high` and their count `n`, in percent: a line for each name, a colour for each series, the first on top.

    Counts that differ between the series are shown in their order.
    """
    names = list(dict.fromkeys(name for rows in series.values() for name in rows))
    of = {name: dict.fromkeys(f"{int(rows[name]['n']):,}" for rows in series.values() if name in rows) for name in names}
    figure = Figure(figsize=(7, 1.6 + 0.3 * len(names)), layout="constrained")
    axes = figure.subplots()
    for place, (label, rows) in enumerate(series.items()):
        at = [names.index(name) + (place - (len(series) - 1) / 2) * 0.22 for name in rows]
        share, low, high = (np.array([100 * row[key] for row in rows.values()]) for key in ("share", "low", "high"))
        error = np.maximum([share - low, high - share], 0)
        axes.errorbar(share, at, xerr=error, fmt="o", ms=4, capsize=2, lw=1.2, color=_OTHERS[place % len(_OTHERS)], label=label)
    axes.set_yticks(range(len(names)), [f"{_plain(name)} ({' / '.join(of[name])})" for name in names])
    axes.invert_yaxis()
    axes.set_xlim(-2, 102)
    axes.grid(alpha=0.3)
    if len(series) > 1:
        figure.legend(loc="outside lower center", ncols=len(series), frameon=False)
    axes.set(title=title, xlabel=across)
    return _picture(figure)


def curves(
    lines: Mapping[str, Point],
    title: str,
    across: str,
    up: str,
    points: Mapping[str, tuple[float, float]] | None = None,
    diagonal: bool = False,
    log: bool = False,
) -> Picture:
    """A curve for each name, in percent from shares, with named points on them.

    Args:
        lines: by name the places across and up.
        title: of the picture.
        across: what is across, with its unit.
        up: what is up, with its unit.
        points: by name a place; drawn in black.
        diagonal: draw where both are the same, and mark the lines' places.
        log: across on a logarithmic scale.
    """
    figure = Figure(figsize=(6, 4.4), layout="constrained")
    axes = figure.subplots()
    if diagonal:
        axes.plot([0, 100], [0, 100], color=_GREY, ls="--", lw=1, label="stated = observed")
    for (name, (x, y)), colour in zip(lines.items(), _OTHERS, strict=False):
        axes.plot(100 * np.asarray(x), 100 * np.asarray(y), marker="o" if diagonal else None, ms=4, color=colour, label=name)
    for name, (x, y) in (points or {}).items():
        axes.plot(100 * x, 100 * y, "ko", ms=5)
        axes.annotate(name, (100 * x, 100 * y), xytext=(6, -12), textcoords="offset points")
    if log:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    axes.set(title=title, xlabel=across, ylabel=up)
    return _picture(figure)


def contributions(prediction: Prediction, title: str, most: int = 12) -> Picture:
    """What the weightiest reasons add to the log-odds of the verdict, and all others together; red for it, blue against it."""
    ranked = sorted(prediction.reasons, key=lambda reason: -abs(reason.weight))
    shown = sorted(ranked[:most], key=lambda reason: -reason.weight)
    rows = [(reason.sentence, reason.weight) for reason in shown]
    if ranked[most:]:
        rows.append((f"{len(ranked) - most} others together", sum(reason.weight for reason in ranked[most:])))
    weights = [weight for _, weight in rows]
    sentences = ["\n".join(_plain(line) for line in wrap(sentence, _LONGEST)) for sentence, _ in rows]
    lines = [sentence.count("\n") + 1 for sentence in sentences]
    middles = np.cumsum(lines) - np.array(lines) / 2
    figure = Figure(figsize=(8, 1.2 + 0.05 * len(rows) + 0.22 * sum(lines)), layout="constrained")
    axes = figure.subplots()
    axes.barh(middles, weights, height=0.8, color=[_OTHERS[1] if weight > 0 else _OTHERS[0] for weight in weights])
    axes.set_yticks(middles, sentences)
    axes.set_ylim(-0.2, sum(lines) + 0.2)
    axes.invert_yaxis()
    axes.axvline(0, color="black", lw=0.8)
    axes.grid(axis="x", alpha=0.3)
    figure.suptitle(f"{title}; all together {sum(weights):+.2f}", fontsize="large")
    axes.set(xlabel=f"log-odds of {prediction.label} (natural logarithm):\nred speaks for it, blue against")
    return _picture(figure)


def _plain(text: object, longest: int = _LONGEST) -> str:
    """A text that matplotlib's font can show and that it takes for no formula, cut where it is long."""
    shown = "".join(character if ord(character) < 0x2100 else "?" for character in str(text))
    return (shown if len(shown) <= longest else f"{shown[: longest - 1]}…").replace("$", r"\$")


def _picture(figure: Figure) -> Picture:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=80)
    small = io.BytesIO()
    Image.open(file).convert("RGB").quantize(64).save(small, format="png", optimize=True)  # a third of the size, and git keeps it
    return Picture(small.getvalue())
