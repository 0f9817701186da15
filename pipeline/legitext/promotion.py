"""Champion and challenger: a newly trained model takes the shipped one's place if it is no worse, beyond noise, on any guarded figure."""

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from legitext import metrics, report, serving
from legitext.classifier import Classifier
from legitext.doubts import doubts
from legitext.errors import DataError
from legitext.fetching import digest_of
from legitext.files import copy_file
from legitext.params import Evaluate
from legitext.progress import say, track
from legitext.serving import CANDIDATE, SHIPPED
from legitext.table import messages_of, read_table
from legitext.tracking import STORE, open_store

DECIDED = Path("data/promoting")
"""What a promotion that was decided, and perhaps interrupted, has to bring to `models/`."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Test messages, and the figures that must not get worse on them."""

    name: str
    figures: tuple[str, ...]
    """As `legitext.metrics.figure` knows them."""

    sources: tuple[str, ...] = ()
    """Of which sources; empty for all."""

    kinds: tuple[str, ...] = ()
    """Of which kinds; empty for all."""


_GENUINE = ("genuine_called_smishing", "genuine_flagged")

GUARDED = (
    Guard("all test messages", ("smishing_auc",)),
    Guard("business texts", (*_GENUINE, "scams_caught"), ("grammar", "benchmark_genuine", "benchmark_smishing")),
    Guard("benchmark", (*_GENUINE, "scams_caught"), ("benchmark_genuine", "benchmark_smishing", "benchmark_twins")),
    Guard("bank alerts (ExAIS)", _GENUINE, ("exais",), ("bank_alert",)),
    Guard("one-time codes", _GENUINE, ("otp",)),
    Guard("campaign texts", _GENUINE, ("political_us",)),
    Guard("chat", _GENUINE, ("nus_us_chat",)),
    Guard("scams of gateways", ("scams_caught",), ("sms_gateways_us",)),
    Guard("UCI", ("spam_auc", "spam_f1", *_GENUINE), ("sms_spam",)),
)
"""On what a challenger is judged."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One guarded figure of both models, on the same messages."""

    name: str
    n: int
    """Messages it is measured on."""

    champion: float
    challenger: float
    low: float
    high: float
    """95 % interval of the difference; above 0 the challenger is better, whichever way the figure counts."""

    @property
    def worse(self) -> bool:
        """Whether the challenger is worse beyond noise."""
        return self.high < 0

    @property
    def better(self) -> bool:
        """Whether the challenger is better beyond noise."""
        return self.low > 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a challenge."""

    result: str
    """`first` (nothing shipped before), `unchanged` (the same file), `promoted`, `forced`, or `kept` (the champion stays)."""

    champion: str | None
    """The version that shipped before; None if there was none."""

    challenger: str
    """The version made last."""

    comparisons: tuple[Comparison, ...] = ()
    stops: tuple[str, ...] = ()
    """What speaks against the challenger, in sentences."""

    notes: tuple[str, ...] = ()
    """What to bear in mind."""


def promote(settings: Evaluate, force: str | None = None, store: str = STORE) -> Outcome:
    """Let the challenger in `data/candidate` take the place of the champion in `models/`, if nothing stops it.

    A promotion that was interrupted is finished first.

    Args:
        settings: seed and resamples of the intervals.
        force: why it shall be promoted whatever stops it; kept as the tag `forced` of its version and run.
        store: the tracking store, where versions and aliases are.

    Raises:
        ArtifactError, DataError: if there is no candidate, or its files are not of one run.
    """
    for left in DECIDED.parent.glob("tmp*.part"):  # by a promotion that was killed
        shutil.rmtree(left)
    if DECIDED.is_dir():
        say("a promotion that was interrupted is finished first")
        finish()
    challenger, figures = _candidate()
    versions = serving.register_both(store=store)
    if versions[0] is None:
        outcome = Outcome("first", *versions)
    elif SHIPPED.read_bytes() == CANDIDATE.read_bytes():
        outcome = Outcome("unchanged", *versions, stops=tuple(_less("measured", _shipped_sources(), figures["by_source"])))
    else:
        outcome = _challenge(Classifier.load(SHIPPED), challenger, figures, versions, settings, force)
    if outcome.result == "forced":
        _tag(outcome.challenger, "forced", str(force), store)
    if outcome.result != "kept" and (force or not outcome.stops):
        _decide()
        serving.register(SHIPPED, "champion", store=store)
    return outcome


def _challenge(
    champion: Classifier,
    challenger: Classifier,
    figures: Mapping[str, Any],
    versions: tuple[str | None, str],
    settings: Evaluate,
    force: str | None,
) -> Outcome:
    table = read_table("data/messages.parquet")
    test = table[table["split"] == "test"].reset_index(drop=True)
    compared = compare(test, champion, challenger, settings.seed, settings.bootstrap)
    stops = [_sentence(one) for one in compared if one.worse]
    stops += _less("trained", champion.info["data"], challenger.info["data"])
    stops += doubts(table, champion, shipped_figures().get("doubted", {}))
    if not any(one.better for one in compared):
        stops += _less("measured", _shipped_sources(), figures["by_source"])
    result = "promoted" if not stops else "forced" if force else "kept"
    notes = [*_learnt("champion", champion, table), *_learnt("challenger", challenger, table), *_not_measured(compared)]
    return Outcome(result, *versions, tuple(compared), tuple(stops), tuple(notes))


def compare(table: pd.DataFrame, champion: Classifier, challenger: Classifier, seed: int = 1, resamples: int = 500) -> list[Comparison]:
    """Every guarded figure of which `table` has messages, of both models."""
    labels, groups = table["label"].to_numpy(dtype=str), table["group"].to_numpy(dtype=str)
    given = [
        model.predict_proba(track(messages_of(table), f"test messages scored by the {name}"))
        for name, model in (("champion", champion), ("challenger", challenger))
    ]
    called = [metrics.calls(rows, model.thresholds) for rows, model in zip(given, (champion, challenger), strict=True)]
    compared = []
    for guard in GUARDED:
        for name in guard.figures:
            rows = _rows(table, guard, name)
            measures = [partial(metrics.figure, name, labels[rows], given[at][rows], called[at][rows]) for at in (0, 1)]
            values = [measure(np.ones(rows.sum())) for measure in measures]
            if np.isfinite(values).all():
                low, high = metrics.paired(measures, groups[rows], seed, resamples)
                if name in metrics.LESS_IS_BETTER:
                    low, high = 0.0 - high, 0.0 - low
                compared.append(Comparison(f"{guard.name}: {name.replace('_', ' ')}", int(rows.sum()), values[0], values[1], low, high))
    return compared


def finish() -> None:
    """Bring what was decided to the README and to `models/`, file by file; done again after an interruption, it ends the same."""
    model, figures = _read(DECIDED)
    report.update_readme("README.md", {"example": report.example(model), "figures": report.figures(figures, model.info["notes"])})
    for file in _files(DECIDED):
        copy_file(file, SHIPPED.parent / file.relative_to(DECIDED))
    with TemporaryDirectory(suffix=".part", dir=DECIDED.parent) as gone:
        DECIDED.rename(Path(gone) / DECIDED.name)


def _decide() -> None:
    """Put the candidate's files where `finish` takes them from, all at once; what interrupts from then on only delays it."""
    with TemporaryDirectory(suffix=".part", dir=DECIDED.parent) as part:
        for file in _files(CANDIDATE.parent):
            copy_file(file, Path(part) / DECIDED.name / file.relative_to(CANDIDATE.parent))
        (Path(part) / DECIDED.name).rename(DECIDED)
    try:
        finish()
    except KeyboardInterrupt:
        finish()
        raise


def _candidate() -> tuple[Classifier, dict[str, Any]]:
    """The candidate's model and figures.

    Raises:
        DataError: if its model card, which rests on both, is of other ones, or the counts behind its data card are.
    """
    model, figures = _read(CANDIDATE.parent)
    card = CANDIDATE.with_name("model_card.md").read_text(encoding="utf-8")
    counted = _figures(CANDIDATE.with_name("data.json"))["trained"]
    if card != report.model_card(figures, model.info) or counted != {name: facts["digest"] for name, facts in model.info["data"].items()}:
        raise DataError(f"{CANDIDATE.parent} holds files of different runs: run `dvc repro` to its end")
    return model, figures


def _read(folder: Path) -> tuple[Classifier, dict[str, Any]]:
    return Classifier.load(folder / SHIPPED.name), _figures(folder / "slices.json")


def _figures(file: Path) -> dict[str, Any]:
    try:
        figures: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{file} is not JSON ({error}): restore it with git, or run `dvc repro` if the pipeline made it") from None
    return figures


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def _rows(table: pd.DataFrame, guard: Guard, figure: str) -> NDArray[np.bool_]:
    """The messages that a figure of a guard is measured on."""
    rows = np.ones(len(table), dtype=bool)
    for column, values in (("source", guard.sources), ("kind", guard.kinds), ("label", metrics.SHARES.get(figure, ())[:1])):
        if values:
            rows &= table[column].isin(values).to_numpy(dtype=bool)
    return rows


def shipped_figures() -> dict[str, Any]:
    """The figures in `models/`; empty if there are none."""
    file = SHIPPED.with_name("slices.json")
    return _figures(file) if file.is_file() else {}


def _shipped_sources() -> set[str]:
    """The sources that the figures in `models/` are measured on."""
    return set(shipped_figures().get("by_source", {}))


def _less(what: str, before: Iterable[str], now: Iterable[str]) -> list[str]:
    missing = sorted(set(before) - set(now))
    return [f"{what} without {', '.join(missing)}, unlike the champion: what is lost there cannot be known here"] if missing else []


def _sentence(one: Comparison) -> str:
    return (
        f"{one.name}: {one.challenger:.2%} against {one.champion:.2%}, worse by {0.0 - one.high:.2%} to {0.0 - one.low:.2%} (95 % interval)"
    )


def _learnt(name: str, model: Classifier, table: pd.DataFrame) -> list[str]:
    """A note if a model was trained on other rows than those that are kept from the test rows at hand."""
    now = {source: digest_of(rows) for source, rows in table[table["split"] == "train"].groupby("source")}
    other = [source for source, facts in model.info["data"].items() if facts["digest"] != now.get(source)]
    return [f"the {name} was trained on other rows of {', '.join(other)}: it may have learnt some of these test messages"] if other else []


def _not_measured(compared: list[Comparison]) -> list[str]:
    names = [guard.name for guard in GUARDED if not any(one.name.startswith(f"{guard.name}: ") for one in compared)]
    return [f"not measured, for no such messages are at hand: {', '.join(names)}"] if names else []


def _tag(version: str, name: str, value: str, store: str) -> None:
    """Mark a version, and the run that made it, if one did."""
    client = open_store(store).MlflowClient()
    client.set_model_version_tag(serving.NAME, version, name, value)
    run = client.get_model_version(serving.NAME, version).run_id
    if run:
        client.set_tag(run, name, value)
