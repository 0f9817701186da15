"""Has the traffic changed? What two samples of messages hold, and how the model scores them, compared.

Messages are taken as drawn independently: a burst of copies counts as many.
"""

from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import kolmogi, logit
from scipy.stats import chi2, false_discovery_control, hypergeom

from legitext.brands import Registry
from legitext.classifier import Classifier
from legitext.errors import InputError
from legitext.evidence import find_evidence
from legitext.messages import LABELS, Message
from legitext.metrics import calls, wilson
from legitext.progress import track
from legitext.reading import Reading, read
from legitext.senders import KINDS as SENDERS
from legitext.split import near_duplicate_text

KINDS = ("evidence", "sender", "suffix", "domain", "word")
"""What is compared: clues of `legitext.evidence`, kinds of sender, public suffixes and registrable domains of links, words as
`Reading.words` has them (digits as 0, brands, telephone numbers and e-mail addresses as stand-ins)."""

LEAST_MESSAGES = 3
"""Messages of both samples together that must hold a word, domain or any other item before it is compared or shown: what fewer hold
may be private, and could not be told from chance."""

LEVEL = 0.05
"""Share of false discoveries that is borne among what is said to have moved; intervals hold with 1 less this."""


_BINS = 10

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Move:
    """One item, and the shares of messages that hold it."""

    kind: str
    """One of `KINDS`, or `called` for the model's label."""

    item: str
    reference: float
    new: float
    """Shares, from 0 to 1."""

    difference: float
    low: float
    high: float
    """New less reference, with its 95 % interval, see `difference_interval`."""

    p: float
    """Of Fisher's exact test, see `fisher`."""

    q: float
    """`p` as adjusted for all that was compared with it, after Benjamini and Hochberg (1995)."""

    @property
    def name(self) -> str:
        """The item, for people."""
        return f"called {self.item}" if self.kind == "called" else self.item.replace("_", " ")

    @property
    def moved(self) -> bool:
        """Whether the difference is significant: of such ones no more than a share of `LEVEL` is expected to be chance."""
        return self.q <= LEVEL


@dataclass(frozen=True, slots=True)
class Shift:
    """One figure on how the model's log-odds of smishing against ham differ."""

    name: str
    value: float
    low: float
    high: float
    """Its 95 % bootstrap interval."""

    reference: float | None = None
    new: float | None = None
    """The figure of each sample, where it has one."""

    chance: float | None = None
    """What two samples of one traffic exceed in 5 % of cases; None where the interval tells."""


@dataclass(frozen=True, eq=False, slots=True)
class Drift:
    """What a comparison found."""

    messages: tuple[int, int]
    wordings: tuple[int, int]
    """Of reference and new: how many messages, and different ones among them if case, digits, links and punctuation are left out."""

    moves: tuple[Move, ...]
    """All that was compared: what moved significantly first, and there the largest difference first."""

    calls: tuple[Move, ...]
    """What the model's thresholds make of them: smishing, spam, ham."""

    shifts: tuple[Shift, ...]
    log_odds: tuple[NDArray[np.float64], NDArray[np.float64]]
    """Of smishing against ham, for each message of reference and new."""

    threshold: float
    """Log-odds from which smishing stands."""

    notes: tuple[str, ...]
    """What the reader must know."""

    @property
    def moved(self) -> tuple[Move, ...]:
        """The significant part of `moves`."""
        return tuple(move for move in self.moves if move.moved)

    def as_dict(self) -> dict[str, Any]:
        """All but the log-odds as builtins, for JSON."""
        return {
            "messages": dict(zip(("reference", "new"), self.messages, strict=True)),
            "wordings": dict(zip(("reference", "new"), self.wordings, strict=True)),
            "notes": list(self.notes),
            "called": [asdict(move) for move in self.calls],
            "scores": [asdict(shift) for shift in self.shifts],
            "moves": [asdict(move) | {"moved": move.moved} for move in self.moves],
        }


def compare(
    reference: Sequence[Message],
    new: Sequence[Message],
    classifier: Classifier,
    brands: Registry | None = None,
    seed: int = 1,
    resamples: int = 500,
) -> Drift:
    """What differs between two samples of messages.

    Args:
        reference, new: the samples. Where only one of them knows any sender, senders are left out of both, and a note says so.
        classifier: the model whose scores are compared.
        brands: who is known; default: the packaged registry.
        seed, resamples: of the bootstrap.

    Raises:
        InputError: if a sample is empty.
    """
    if not reference or not new:
        raise InputError(f"{len(reference):,} messages against {len(new):,}: a comparison needs at least one on each side")
    notes = list(classifier.info["notes"])
    if _know_senders(reference) != _know_senders(new):
        notes.append("Only one of the samples knows senders: they are left out of both.")
        reference, new = ([Message(message.text) for message in sample] for sample in (reference, new))
    counts: list[Counter[Key]] = []
    called: list[Counter[Key]] = []
    log_odds: list[NDArray[np.float64]] = []
    for sample, name in ((reference, "reference"), (new, "new")):
        counts.append(Counter(item for message in track(sample, f"{name} messages read") for item in items_of(read(message, brands))))
        probabilities = classifier.predict_proba(track(sample, f"{name} messages judged"))
        labels = calls(probabilities, classifier.thresholds).tolist()
        called.append(Counter({("called", label): labels.count(label) for label in LABELS}))
        likely = np.log(np.maximum(probabilities, np.finfo(float).tiny))
        log_odds.append(likely[:, LABELS.index("smishing")] - likely[:, LABELS.index("ham")])
    sizes = (len(reference), len(new))
    return Drift(
        sizes,
        (_wordings(reference), _wordings(new)),
        tuple(
            sorted(
                moves(counts[0], counts[1], *sizes),
                key=lambda move: (not move.moved, -abs(move.difference), KINDS.index(move.kind), move.item),
            )
        ),
        tuple(sorted(moves(called[0], called[1], *sizes, least=0), key=lambda move: -LABELS.index(move.item))),
        shifts(log_odds[0], log_odds[1], seed, resamples),
        (log_odds[0], log_odds[1]),
        float(logit(classifier.thresholds["smishing"])),
        tuple(notes),
    )


def items_of(reading: Reading) -> set[Key]:
    """What a message holds, as pairs of one of `KINDS` and an item; clues that only repeat the kind of sender are left out."""
    items = {("evidence", clue.name) for clue in find_evidence(reading) if clue.name.removeprefix("sender_") not in SENDERS}
    items |= {("word", word) for word in reading.words if word}
    items |= {("domain", link.domain) for link in reading.links}
    items |= {("suffix", f".{link.suffix}") for link in reading.links if link.suffix}
    return items | {("sender", reading.sender.kind)}


def moves(reference: Counter[Key], new: Counter[Key], of_reference: int, of_new: int, least: int = LEAST_MESSAGES) -> list[Move]:
    """The items that at least `least` messages hold, with their shares, intervals and significance, all adjusted together.

    Args:
        reference, new: how many messages hold each item.
        of_reference, of_new: how many messages there are.
        least: of both samples together; as it does not look at the difference, it leaves the significance of the rest valid
            (Bourgon, Gentleman, Huber: Independent filtering, PNAS 2010).
    """
    keys = [key for key in sorted(reference.keys() | new.keys()) if reference[key] + new[key] >= least]
    if not keys:
        return []
    before, after = (np.array([counts[key] for key in keys], dtype=np.int64) for counts in (reference, new))
    low, high = difference_interval(before, of_reference, after, of_new)
    p = fisher(before, of_reference, after, of_new)
    figures = np.column_stack(
        [before / of_reference, after / of_new, after / of_new - before / of_reference, low, high, p, false_discovery_control(p)]
    )
    return [Move(*key, *row) for key, row in zip(keys, figures.tolist(), strict=True)]


def difference_interval(
    before: ArrayLike, of_before: int, after: ArrayLike, of_after: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The 95 % interval of a difference of two shares, `after / of_after - before / of_before`, from Wilson's intervals of both.

    Each holds for itself alone. Source: Newcombe, "Interval estimation for the difference between independent proportions",
    Statistics in Medicine 17 (1998), method 10.

    >>> low, high = difference_interval([48], 80, [56], 70)
    >>> low.round(4), high.round(4)
    (array([0.0524]), array([0.3339]))
    """
    (p, p_low, p_high), (q, q_low, q_high) = wilson(before, of_before), wilson(after, of_after)
    return q - p - np.hypot(q - q_low, p_high - p), q - p + np.hypot(q_high - q, p - p_low)


def fisher(before: ArrayLike, of_before: int, after: ArrayLike, of_after: int) -> NDArray[np.float64]:
    """How likely shares that differ at least so much are by chance: Fisher's exact test, twice the smaller tail.

    Source: Fisher, "The logic of inductive inference", Journal of the Royal Statistical Society 98 (1935); doubled as in Agresti,
    "Categorical Data Analysis", 3rd ed. 2013, 3.5.

    >>> fisher([1], 4, [3], 4).round(4)
    array([0.4857])
    """
    here, there = np.asarray(before, dtype=np.int64), np.asarray(after, dtype=np.int64)
    both, every = here + there, of_before + of_after
    tails = np.minimum(hypergeom.cdf(here, every, both, of_before), hypergeom.cdf(there, every, both, of_after))
    return np.asarray(np.clip(2 * tails, 0, 1), dtype=np.float64)


def shifts(reference: NDArray[np.float64], new: NDArray[np.float64], seed: int = 1, resamples: int = 500) -> tuple[Shift, ...]:
    """Three figures on two samples of scores: difference of means, Kolmogorov-Smirnov distance, population stability index.

    The distance is the largest between the cumulated shares of both (Smirnov 1939). Its interval reaches as far to each side as 95 % of
    resampled differences of cumulated shares stray from those found; as no distance errs more than they do, it holds the truth at
    least as often as it says. What chance gives is the asymptotic 95th percentile.

    The index is `sum((new - reference) * ln(new / reference))` over the shares of ten bins that hold a tenth of the reference each
    (Siddiqi: Credit Risk Scorecards, 2006), with half a message added to each bin. It comes out too high, and in resamples twice over:
    its interval, as that of the means, is that of bootstrap percentiles less twice their bias (Efron, Tibshirani: An Introduction to
    the Bootstrap, 1993, chapters 10 and 13). What chance gives follows chi-squared (Yurdakul, Naranjo: Statistical properties of the
    population stability index, Journal of Risk Model Validation 14, 2020).

    Args:
        reference, new: the scores; any length from 1 on.
        seed, resamples: of the bootstrap.
    """
    grid, places = np.unique(np.concatenate([reference, new]), return_inverse=True)
    samples = (places[: len(reference)], places[len(reference) :])
    edges = np.unique(np.quantile(reference, np.arange(1, _BINS) / _BINS))
    bins = np.searchsorted(edges, grid, side="right")

    def figures(rows: Iterable[NDArray[np.int64]]) -> tuple[float, float, NDArray[np.float64]]:
        """Difference of means, stability index, and at each score the difference of the cumulated shares."""
        before, after = (np.bincount(row, minlength=len(grid)).astype(np.float64) for row in rows)
        step = after / len(new) - before / len(reference)
        return float(grid @ step), stability_index(np.bincount(bins, before), np.bincount(bins, after)), step.cumsum()

    rng = np.random.default_rng(seed)
    mean, index, gap = figures(samples)
    drawn = np.empty((resamples, 3))
    for one in drawn:
        *one[:2], other = figures(rng.choice(row, len(row)) for row in samples)
        one[2] = np.abs(other - gap).max()
    found = np.array([mean, index])
    low, high = np.percentile(drawn[:, :2], [50 * LEVEL, 100 - 50 * LEVEL], axis=0) - 2 * (drawn[:, :2].mean(axis=0) - found)
    distance, strays = float(np.abs(gap).max()), float(np.percentile(drawn[:, 2], 100 - 100 * LEVEL))
    spread = 1 / len(reference) + 1 / len(new)
    smirnov, squared = min(float(kolmogi(LEVEL) * np.sqrt(spread)), 1.0), float(chi2.ppf(1 - LEVEL, len(edges)) * spread)
    return (
        Shift("mean log-odds", mean, float(low[0]), float(high[0]), float(reference.mean()), float(new.mean())),
        Shift("Kolmogorov-Smirnov distance", distance, max(distance - strays, 0.0), min(distance + strays, 1.0), chance=smirnov),
        Shift("population stability index", index, max(float(low[1]), 0.0), max(float(high[1]), 0.0), chance=squared),
    )


def stability_index(before: ArrayLike, after: ArrayLike) -> float:
    """The population stability index of two rows of counts, half a message added to each.

    >>> round(stability_index([50, 50], [80, 20]), 3)
    0.406
    """
    p, q = (added / added.sum() for added in (np.asarray(counts, dtype=np.float64) + 0.5 for counts in (before, after)))
    return float(((q - p) * np.log(q / p)).sum())


def _wordings(messages: Iterable[Message]) -> int:
    return len({near_duplicate_text(message.text) for message in messages})


def _know_senders(messages: Iterable[Message]) -> bool:
    return any(message.sender is not None for message in messages)


_TITLES = {
    "evidence": "Clues in the messages",
    "sender": "Kinds of sender",
    "suffix": "Suffixes of links",
    "domain": "Domains of links",
    "word": "Words",
}
_SHOWN = 40
"""Rows of a table on the page at most."""

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; color: #1a202c; background: #fff; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.6rem; line-height: 1.25; overflow-wrap: anywhere; }}
h2 {{ font-size: 1.2rem; margin: 2.2rem 0 .4rem; }}
table {{ border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; margin-bottom: 1rem; }}
th, td {{ padding: .25rem 0 .25rem 1.2rem; border-bottom: 1px solid #e2e8f0; text-align: right; white-space: nowrap; }}
th {{ color: #4a5568; font-weight: 600; vertical-align: bottom; }}
th:first-child, td:first-child {{ text-align: left; padding-left: 0; width: 99%; white-space: normal; overflow-wrap: anywhere; }}
.wide {{ overflow-x: auto; }}
.same td {{ color: #718096; }}
img {{ max-width: 100%; height: auto; }}
svg {{ display: block; }}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


def page(drift: Drift, reference: str, new: str) -> str:
    """A comparison as one HTML page that needs nothing else: no script, no resource from elsewhere.

    Of what messages say it holds only words and domains that at least `LEAST_MESSAGES` messages hold.

    Args:
        drift: what was found.
        reference, new: what the samples are called.
    """
    from legitext.charts import scores

    picture = b64encode(scores(drift.log_odds, drift.threshold)).decode()
    parts = [
        "<ul>",
        *(
            f"<li>{side}: {escape(name)}, {messages:,} messages, {wordings:,} different wordings</li>"
            for side, name, messages, wordings in zip(("reference", "new"), (reference, new), drift.messages, drift.wordings, strict=True)
        ),
        "</ul>",
        f"<p><strong>{len(drift.moved):,} of {len(drift.moves):,}</strong> clues, kinds of sender, suffixes, domains and words moved.</p>",
        *(f"<p><strong>{escape(note)}</strong></p>" for note in drift.notes),
        "<h2>How the model judges them</h2>",
        _moves_table("share of messages", drift.calls),
        _table(
            ("log-odds of smishing against ham", "reference", "new", "difference (95 % interval)", "by chance up to"),
            [("", [escape(shift.name), *map(escape, figures_of(shift))]) for shift in drift.shifts],
        ),
        f'<p><img alt="Histograms of the log-odds of smishing against ham: percent of the messages of each sample" src="data:image/png;base64,{picture}"></p>',
    ]
    for kind, title in _TITLES.items():
        compared = [move for move in drift.moves if move.kind == kind]
        moved = [move for move in compared if move.moved]
        shown = f", the {_SHOWN} that moved most are shown" if len(moved) > _SHOWN else ""
        parts += [f"<h2>{title}</h2>", f"<p>{len(moved):,} of {len(compared):,} moved{shown}.</p>"]
        parts += [_moves_table("share of messages with", moved[:_SHOWN])] if moved else []
    parts += [
        "<h2>How to read this</h2>",
        "<ul>",
        f"<li>A row is said to have moved if its q is at most {LEVEL}: of such rows at most one in {1 / LEVEL:.0f} is expected to be chance "
        "(Fisher's exact test, adjusted for all that was compared after Benjamini and Hochberg).</li>",
        "<li>Each interval holds for itself alone (shares: Newcombe's; scores: bootstrap).</li>",
        "<li>“By chance up to”: what two samples of the same traffic exceed in 5 % of cases.</li>",
        "<li>Messages are taken as independent: a burst of copies counts as many. Different wordings differ by more than case, digits, "
        "links and punctuation.</li>",
        "<li>In words digits are written 0; &lt;brand&gt;, &lt;phone&gt; and &lt;email&gt; stand for names of known senders, telephone "
        "numbers and addresses.</li>",
        f"<li>Of what the messages say, this page holds only single words and domains that at least {LEAST_MESSAGES} messages hold; "
        "what fewer hold was not compared.</li>",
        "</ul>",
    ]
    return _PAGE.format(title=f"Drift: {escape(new)} against {escape(reference)}", body="\n".join(parts))


def figures_of(thing: Move | Shift) -> tuple[str, str, str, str]:
    """For people: the figure of the reference, that of the new sample, their difference with its interval, and what tells it from chance
    (q of a move; what chance gives of a shift)."""
    if isinstance(thing, Move):
        points = f"{100 * thing.difference:+6.1f} ({100 * thing.low:+.1f} to {100 * thing.high:+.1f})"
        return f"{thing.reference:6.1%}", f"{thing.new:6.1%}", points, "<0.001" if thing.q < 0.001 else f"{thing.q:.3f}"
    form = "+.2f" if thing.chance is None else ".3f"  # a distance has no sign, and is small
    value, low, high = (f"{figure:{form}}" for figure in (thing.value, thing.low, thing.high))
    reference, new = ("" if figure is None else f"{figure:.2f}" for figure in (thing.reference, thing.new))
    return reference, new, f"{value} ({low} to {high})", "" if thing.chance is None else f"{thing.chance:.3f}"


def _moves_table(what: str, moves: Sequence[Move]) -> str:
    widest = max(abs(bound) for move in moves for bound in (move.low, move.high))
    ends = f"{100 * widest:.0f} points"
    head = (what, "reference", "new", "difference in points (95 % interval)", f"-{ends} to +{ends}", "q")
    rows = []
    for move in moves:
        reference, new, difference, q = map(escape, figures_of(move))
        cells = [f"<bdi>{escape(move.name)}</bdi>", reference, new, difference, _picture(move, widest), q]
        rows.append(("" if move.moved else ' class="same"', cells))
    return _table(head, rows)


def _table(head: Iterable[str], rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    """Rows of HTML cells, each with the attributes of its row."""
    titles = "".join(f'<th scope="col">{escape(title)}</th>' for title in head)
    lines = [f"<tr{attributes}>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>" for attributes, cells in rows]
    return "\n".join([f'<div class="wide"><table><thead><tr>{titles}</tr></thead>', "<tbody>", *lines, "</tbody></table></div>"])


def _picture(move: Move, widest: float) -> str:
    """A difference and its interval on a line from `-widest` to `widest`."""
    low, middle, high = (round(80 + 74 * value / widest, 1) for value in (move.low, move.difference, move.high))
    colour = "#718096" if not move.moved else "#c53030" if move.difference > 0 else "#2b6cb0"
    return (
        '<svg width="160" height="16" viewBox="0 0 160 16" aria-hidden="true"><path d="M80 0V16" stroke="#cbd5e0"/>'
        f'<path d="M{low} 8H{high}" stroke="{colour}" stroke-width="2"/><circle cx="{middle}" cy="8" r="4" fill="{colour}"/></svg>'
    )
