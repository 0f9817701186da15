"""What each part of the model brings, and what other settings would: an ablation and a search, as nested MLflow runs.

The ablation starts from plain words and adds a part at each step; up to the claims it is trained on public corpora alone, then on the
grammar's messages and twins too, and at last on these alone. Each step is calibrated, and its thresholds are chosen, on validation
messages of what it is trained on, as who had no more than that would do; all are measured on the same test messages, and judge them by
parts as the served model does. The search goes over `C`, n-grams and class weights of the whole model: choose by
`validation.smishing_auc`, and report the figures on test messages.
"""

import json
import re
import sys
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, hstack
from scipy.special import softmax
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import Pipeline

from legitext import tracking
from legitext.decision import DEFAULT
from legitext.errors import DataError
from legitext.evidence import EVIDENCE
from legitext.features import Reader
from legitext.fetching import digest_of
from legitext.files import digest
from legitext.messages import LABELS, Message
from legitext.metrics import area, areas, by, calls, headline, overall
from legitext.model import build_pipeline, calibrate, choose_thresholds, groups_of, probabilities, scores_in_parts, training_rows
from legitext.params import Evaluate, Params, Train
from legitext.progress import say, track
from legitext.reading import Reading, shape_of
from legitext.split import bucket_of
from legitext.table import messages_of
from legitext.yardstick import on_uci

EVIDENCE_OF: Mapping[str, tuple[str, ...]] = {
    "folding": ("hidden_", "lookalike_", "styled_", "disguised_", "spaced_"),
    "links": ("link_",),
    "senders": ("sender_",),
    "claims": ("",),
}
"""By part of the model how the names of its features in `EVIDENCE` start; the first that fits holds."""

PARTS = ("words", "characters", *EVIDENCE_OF)
"""The parts in the order in which the ablation adds them."""

PUBLIC, BOTH, GRAMMAR = "public", "both", "grammar"
"""What a model is trained on: public corpora, messages made from wordings, or both."""

SHOWN: Mapping[str, str] = {
    "benchmark_genuine.genuine_flagged": "genuine flagged",
    "benchmark_genuine.genuine_called_smishing": "genuine as scam",
    "benchmark_smishing.scams_caught": "scams caught",
    "benchmark_auc": "benchmark AUC",
    "business_auc": "business AUC",
    "smishing_auc": "AUC",
    "uci_grouped.f1": "UCI F1",
}
"""The metrics that a printed table shows, and what it calls them. AUC is that of smishing: among the messages of the benchmarks, among
these and the grammar's, among all test messages."""

FIGURES = (*SHOWN, "grammar.genuine_called_smishing", "grammar.scams_caught", "validation.smishing_auc")
"""The metrics of a run, named as in `models/metrics.json` where that has them; the last is of validation messages of what is trained on."""

VIEWS: Mapping[str, tuple[str, bool, tuple[str, ...]]] = {
    "ablation": ("params.`step`", True, ("params.`step`",)),
    "search": ("metrics.`validation.smishing_auc`", False, ("metrics.`validation.smishing_auc`",)),
}
"""By kind of run the views that the UI offers: the column to sort by, whether the least comes first, and the columns before the figures."""

DESCRIPTION = (
    "Each nested run trains one model; all share data and code. `tags.sweep = 'ablation'` shows what each part brings (parameter `step`), "
    "`tags.sweep = 'search'` what other settings would: choose by `validation.smishing_auc`."
)

QUICK = 0.1
"""Share of the messages that a quick sweep takes."""

_PIECE = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Configuration:
    """One model of a sweep."""

    sweep: str
    """`ablation` or `search`."""

    name: str
    train: Train
    parts: tuple[str, ...] = PARTS
    corpora: str = BOTH
    step: int | None = None
    """The place in the ablation."""

    def parameters(self, evaluate: Evaluate) -> dict[str, Any]:
        """All that decides its figures but data and code, under the dotted names of `params.yaml`; the part added last comes first."""
        settings = tracking.flat({"train": asdict(self.train), "evaluate": asdict(evaluate)}, ".")
        return {"features": ", ".join(reversed(self.parts)), "corpora": self.corpora, **settings}


def part_of(feature: str) -> str:
    """The part of the model that a feature in `EVIDENCE` belongs to.

    >>> part_of("link_bare"), part_of("sender_email"), part_of("lookalike_letters"), part_of("asks_fee")
    ('links', 'senders', 'folding', 'claims')
    """
    return next(part for part, starts in EVIDENCE_OF.items() if feature.startswith(starts))


def ablation_of(train: Train) -> list[Configuration]:
    """The steps from words to the whole model, and the whole model without public corpora."""
    steps = []
    for step, part in enumerate(PARTS, 1):
        parts = PARTS[:step]
        settings = train if set(parts) & set(EVIDENCE_OF) else replace(train, hidden_words=0.0)  # without evidence nothing would be left
        steps.append(Configuration("ablation", f"{step} + {part}" if step > 1 else f"{step} {part}", settings, parts, PUBLIC, step))
    last = len(PARTS) + 1
    return [
        *steps,
        Configuration("ablation", f"{last} + grammar", train, step=last),
        Configuration("ablation", f"{last + 1} without public corpora", train, corpora=GRAMMAR, step=last + 1),
    ]


def search_of(train: Train) -> list[Configuration]:
    """`C` by n-grams around `train`, and class weights at its own."""
    terms = dict.fromkeys([(train.word_ngrams, train.character_ngrams), (1, (2, 5)), (2, (2, 4))])
    settings = [
        replace(
            train, inverse_regularization=round(train.inverse_regularization * factor, 6), word_ngrams=words, character_ngrams=characters
        )
        for words, characters in terms
        for factor in (0.3, 1.0, 3.0)
    ]
    settings += [
        replace(train, class_weights={**train.class_weights, label: weight})
        for label, weight in (("smishing", 0.5), ("smishing", 2.0), ("spam", 2.0))
    ]
    return [Configuration("search", _named(one), one) for one in settings]


def _named(train: Train) -> str:
    name = f"C {train.inverse_regularization:g}, words 1-{train.word_ngrams}, characters {'-'.join(map(str, train.character_ngrams))}"
    weights = [f"{label} x {weight:g}" for label, weight in train.class_weights.items() if weight != 1]
    return ", ".join([name, *weights])


def plan_of(train: Train, table: pd.DataFrame) -> list[Configuration]:
    """The configurations that can be trained on `table`: those for which training and validation rows hold each label.

    Raises:
        DataError: if there is none.
    """
    possible = [corpora for corpora in (PUBLIC, BOTH, GRAMMAR) if _is_complete(_rows(table, corpora))]
    if not possible:
        raise DataError(f"training and validation rows must hold each of {', '.join(LABELS)}: add sources or wordings")
    if PUBLIC not in possible:
        say("the public corpora at hand do not hold each label, so the steps trained on them alone are left out: `legitext fetch`")
    return [one for one in (*ablation_of(train), *search_of(train)) if one.corpora in possible]


def run(params: Params, table: pd.DataFrame, jobs: int | None = None, store: str = tracking.STORE) -> str:
    """Measure every configuration that the store does not hold yet, each as a nested run of one, and return the id of that one.

    A configuration is the same if its parameters, the data and the package's code are. Figures are logged as they come, so a sweep
    that was stopped goes on where it was, in the same run.

    Args:
        params: what is varied; the sections `train` and `evaluate` are used, and `near_copy` of `prepare`.
        table: `data/messages.parquet`.
        jobs: processes at once, as `joblib.Parallel` takes them: None follows `joblib.parallel_config`, -1 is one a processor.
        store: the tracking store.

    Raises:
        DataError: see `plan_of`.
    """
    plan = plan_of(params.train, table)
    origin = {"data": digest(table.to_csv(index=False).encode("utf-8", "replace")), "code": code_version()}
    keyed = [(one, digest(json.dumps([one.parameters(params.evaluate), origin], sort_keys=True).encode())) for one in plan]
    figures = {one.data.tags["configuration"]: one.data.metrics for one in _finished(origin, store)}
    plan_tags = {"sweep": "parent", "plan": digest("".join(key for _, key in keyed).encode()), **origin}
    before = tracking.runs_with(plan_tags, store)
    options = {"run_id": before[0].info.run_id} if before else {"run_name": f"sweep of {len(table):,} messages", "tags": plan_tags}
    tags = {**origin, "git_commit": tracking.git_commit()}
    with tracking.run(store, description=DESCRIPTION, **options) as mlflow:
        parent = str(mlflow.active_run().info.run_id)
        mlflow.set_tags(tags)
        logged = {(one.data.tags["sweep"], one.data.tags["configuration"]) for one in _finished({"mlflow.parentRunId": parent}, store)}

        def log(key: str) -> None:
            for one, own in keyed:
                if own == key and (one.sweep, key) not in logged:
                    _log(mlflow, one, figures[key], table, params.evaluate, {**tags, "configuration": key})
                    logged.add((one.sweep, key))

        missing: dict[str, Configuration] = {}
        for one, key in keyed:
            if key in figures:
                log(key)
            else:
                missing.setdefault(key, one)
        say(f"{len(plan)} configurations, {len(missing)} to measure")
        for key, found in _measured(missing, params, table, jobs):
            figures[key] = found
            log(key)
        mlflow.log_text(ablation(store, parent).to_csv(), "ablation.csv")
    for name, (order, ascending, first) in VIEWS.items():
        wanted = f"tags.sweep = '{name}' and tags.mlflow.parentRunId = '{parent}'"
        tracking.keep_view(name, wanted, order, ascending, (*first, *(f"metrics.`{figure}`" for figure in SHOWN)), store)
    return parent


def views(store: str = tracking.STORE) -> dict[str, str]:
    """Where the UI shows the runs of the newest sweep, by name of `VIEWS`: what comes behind the address of the UI."""
    experiment = tracking.open_store(store).get_experiment_by_name(tracking.EXPERIMENT).experiment_id
    return {name: tracking.view_at(experiment, name) for name in VIEWS}


def ablation(store: str = tracking.STORE, parent: str | None = None) -> pd.DataFrame:
    """The ablation of a sweep: a row a step, by its name; what it learns by and from, and `FIGURES` as columns.

    Args:
        store: the tracking store.
        parent: the id that `run` returned; None takes the newest sweep.

    Raises:
        DataError: if the store holds no ablation.
    """
    parents = [parent] if parent else [one.info.run_id for one in tracking.runs_with({"sweep": "parent"}, store)]
    found = (_finished({"sweep": "ablation", "mlflow.parentRunId": one}, store) for one in parents)
    steps = sorted(next((runs for runs in found if runs), []), key=lambda one: int(one.data.params["step"]))
    if not steps:
        raise DataError(f"{store} holds no ablation: make one with `make sweep`")
    rows = [
        {
            **{name: one.data.params[name] for name in ("features", "corpora")},
            **{name: one.data.metrics.get(name, float("nan")) for name in FIGURES},
        }
        for one in steps
    ]
    return pd.DataFrame(rows, index=pd.Index([one.info.run_name for one in steps], name="step"))


def sample(table: pd.DataFrame, share: float = QUICK) -> pd.DataFrame:
    """A share of the groups of messages, drawn by name, and the benchmarks whole."""
    chosen = {group for group in table["group"].unique() if bucket_of(f"sweep/{group}") < share}
    return table[table["group"].isin(chosen) | table["source"].str.startswith("benchmark")].reset_index(drop=True)


def code_version() -> str:
    """A digest of the package's code, so that figures that other code made are not taken for its own."""
    package = Path(__file__).parent
    files = sorted([*package.rglob("*.py"), *package.glob("*.toml")])
    return digest(b"".join(file.relative_to(package).as_posix().encode() + file.read_bytes() for file in files))


def _finished(tags: Mapping[str, str], store: str) -> list[Any]:
    """Runs of configurations that were logged whole."""
    return [one for one in tracking.runs_with(tags, store) if one.info.status == "FINISHED" and "configuration" in one.data.tags]


def _log(
    mlflow: Any,
    configuration: Configuration,
    figures: Mapping[str, float],
    table: pd.DataFrame,
    evaluate: Evaluate,
    tags: Mapping[str, str],
) -> None:
    rows = _rows(table, configuration.corpora)
    tables = {
        (str(source), use): part
        for split, use, of in (("train", "training", rows), ("validation", "validation", rows), ("test", "testing", table))
        for source, part in of[of["split"] == split].groupby("source", sort=True)
    }
    digests = {f"digest.{source}": digest_of(part) for (source, use), part in tables.items() if use == "training"}
    with mlflow.start_run(run_name=configuration.name, nested=True, tags={"sweep": configuration.sweep, **digests, **tags}) as child:
        step = {} if configuration.step is None else {"step": configuration.step}
        mlflow.log_params({**step, **configuration.parameters(evaluate)})
        mlflow.log_metrics(dict(figures))
        tracking.log_data(mlflow, tables)
    ended = child.info.start_time + round(1000 * figures["seconds"])  # its duration is what the model took, not the logging
    mlflow.MlflowClient().set_terminated(child.info.run_id, end_time=ended)


def _measured(
    missing: Mapping[str, Configuration], params: Params, table: pd.DataFrame, jobs: int | None
) -> Iterator[tuple[str, dict[str, float]]]:
    """The figures of each configuration by its key, as they come.

    First the columns are made, once for all that share them, and the yardstick is measured, once for all with the same terms.
    """
    if not missing:
        return
    parallel = Parallel(n_jobs=jobs, return_as="generator_unordered")
    sharing: dict[Any, list[Configuration]] = {}
    terms: dict[Any, Configuration] = {}
    for one in missing.values():
        sharing.setdefault((one.corpora, "folding" in one.parts), []).append(one)
        terms.setdefault(_terms_of(one), one)
    tasks = [delayed(make_columns)(ones, table) for ones in sorted(sharing.values(), key=len, reverse=True)]
    if (table["source"] == "sms_spam").any():
        tasks += [delayed(measure_on_uci)(one, params, table) for one in terms.values()]
    made: dict[Any, Any] = {}
    for found in track(parallel(tasks), "columns and yardsticks", len(tasks)):
        made.update(found)
    work = (
        delayed(_keyed)(key, one, table, {name: made[block] for name, (block, _) in _blocks(one).items()}) for key, one in missing.items()
    )
    for key, figures in track(parallel(work), "configurations", len(missing)):
        yield key, {**figures, **made.get(_terms_of(missing[key]), {})}


def _keyed(key: str, *arguments: Any) -> tuple[str, dict[str, float]]:
    return key, measure(*arguments)


def pipeline_of(configuration: Configuration) -> Pipeline:
    """The unfitted pipeline of the model without the parts that a configuration leaves out; what is served needs all blocks, if empty."""
    pipeline = build_pipeline(configuration.train)
    if "folding" not in configuration.parts:
        pipeline.set_params(read=AsWritten())
    if "characters" not in configuration.parts:
        pipeline.set_params(features__characters__min_messages=sys.maxsize)
    pipeline.steps.insert(-1, ("mask", Mask(configuration.parts)))
    return pipeline


def measure(configuration: Configuration, table: pd.DataFrame, blocks: Mapping[str, tuple[Any, csr_matrix]]) -> dict[str, float]:
    """Train and measure one configuration as the stages do.

    Args:
        configuration: the model.
        table: the message table.
        blocks: by name of the block the fitted transformer and the columns of the training rows, as `make_columns` makes them.

    Returns:
        Its `FIGURES`, less the yardstick, and how many `seconds` that took.
    """
    started = time.perf_counter()
    rows, train = _rows(table, configuration.corpora), configuration.train
    training, weights, twins = training_rows(rows[rows["split"] == "train"], train)
    pipeline = pipeline_of(configuration).set_params(**{f"features__{name}": block for name, (block, _) in blocks.items()})
    columns = pipeline.named_steps["mask"].transform(hstack([columns for _, columns in blocks.values()]).tocsr())
    pipeline.named_steps["classify"].fit(columns, list(training["label"]), weights, twins)
    validation, test = (part[part["split"] == split].reset_index(drop=True) for part, split in ((rows, "validation"), (table, "test")))
    temperature = calibrate(pipeline, messages_of(validation), list(validation["label"]))
    given, scores = _scores(pipeline, validation), _scores(pipeline, test)
    genuine = (validation["label"] == "ham").to_numpy()
    made = genuine & (validation["source"] == "grammar").to_numpy()
    thresholds = choose_thresholds(given[made if made.any() else genuine], train)
    called = calls(scores, thresholds[DEFAULT])
    slices_of_it = {
        "test": overall(list(test["label"]), scores, called),
        "by_source": by("source", test, called),
        "twins": {"all": {"n": 0}},
    }
    found = headline(slices_of_it, {"thresholds": thresholds, "temperature": temperature})
    found |= areas(test, scores)
    found |= {"validation.smishing_auc": area(validation["label"], given)} if 0 < (validation["label"] == "smishing").mean() < 1 else {}
    return {**{name: found[name] for name in FIGURES if name in found}, "seconds": round(time.perf_counter() - started, 1)}


def _scores(pipeline: Pipeline, rows: pd.DataFrame) -> NDArray[np.float64]:
    """The probabilities of rows, as the served model gives them; as that always folds, scikit-learn stands in where words are as typed."""
    messages = messages_of(rows)
    if isinstance(pipeline.named_steps["read"], AsWritten):
        return np.asarray(softmax(scores_in_parts(pipeline, messages), axis=1))
    return probabilities(pipeline, messages)


def measure_on_uci(configuration: Configuration, params: Params, table: pd.DataFrame) -> dict[Any, dict[str, float]]:
    """The yardstick with the parts and terms of a configuration."""
    params = replace(params, train=configuration.train)
    figures = on_uci(table, params, build=lambda train: pipeline_of(replace(configuration, train=train)), ways=("grouped",))
    return {_terms_of(configuration): {"uci_grouped.f1": figures["grouped"]["f1"]}}


def make_columns(configurations: Sequence[Configuration], table: pd.DataFrame) -> dict[Any, tuple[Any, csr_matrix]]:
    """The fitted blocks, by key, of configurations that are trained on the same corpora and read alike, and the training rows' columns."""
    rows = _rows(table, configurations[0].corpora)
    training, _, _ = training_rows(rows[rows["split"] == "train"], configurations[0].train)
    readings = pipeline_of(configurations[0]).named_steps["read"].transform(messages_of(training))
    wanted = dict(block for one in configurations for block in _blocks(one).values())
    groups = groups_of(training)
    return {key: (block.fit(readings, groups=groups), block.transform(readings)) for key, block in wanted.items()}


class Mask(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Columns, the evidence last, with zeros for evidence of parts that are left out: their coefficients stay zero."""

    def __init__(self, parts: Sequence[str]) -> None:
        self.parts = parts

    def fit(self, X: csr_matrix, y: Any = None) -> Self:
        """Nothing is learnt."""
        return self

    def transform(self, X: csr_matrix) -> csr_matrix:
        """The same shape."""
        kept = [float(part_of(name) in self.parts) for name in EVIDENCE]
        masked = csr_matrix(X @ diags(np.r_[np.ones(X.shape[1] - len(kept)), kept]))
        masked.eliminate_zeros()
        return masked

    def __sklearn_is_fitted__(self) -> bool:
        return True


class AsWritten(Reader):
    """Messages to readings whose words are as they were typed, in lower case, wherever the folding changed them."""

    def transform(self, messages: Iterable[Message | str] | pd.DataFrame) -> list[Reading]:
        """One `Reading` a message."""
        return [as_written(reading) for reading in super().transform(messages)]


def as_written(reading: Reading) -> Reading:
    """A reading with its words as they were typed.

    >>> from legitext.reading import read
    >>> as_written(read(Message("Your раураl account"))).words  # the name in Cyrillic letters
    ('your', 'раураl', 'account')
    """
    folded = reading.folded
    if folded.origin is None:
        return reading
    words: list[str] = []
    spans: list[tuple[int, int]] = []
    for word, (start, end) in zip(reading.words, reading.spans, strict=True):
        read = folded.text[bisect_left(folded.origin, start) : bisect_left(folded.origin, end)]
        typed = reading.message.text[start:end]
        pieces = [word] if not word or read == typed else [shape_of(piece) for piece in _PIECE.findall(typed.lower())]
        words += pieces
        spans += [(start, end)] * len(pieces)
    return replace(reading, words=tuple(words), spans=tuple(spans))


def _blocks(configuration: Configuration) -> dict[str, tuple[Any, Any]]:
    """By name of the block what its columns hang on, and the unfitted transformer that makes them."""
    transformers = pipeline_of(configuration).named_steps["features"].transformer_list
    reading = (configuration.corpora, "folding" in configuration.parts)
    return {name: ((*reading, name, str(block.get_params())), block) for name, block in transformers}


def _terms_of(configuration: Configuration) -> tuple[Any, ...]:
    """What the yardstick hangs on: it is trained on the same corpus whatever the configuration is."""
    return configuration.parts, *(key[2:] for key, _ in _blocks(configuration).values())


def _rows(table: pd.DataFrame, corpora: str) -> pd.DataFrame:
    """The rows that a configuration may learn from."""
    made = table["source"] == "grammar"
    return table if corpora == BOTH else table[made if corpora == GRAMMAR else ~made]


def _is_complete(rows: pd.DataFrame) -> bool:
    """Whether training and validation rows hold each label."""
    return all(set(rows.loc[rows["split"] == split, "label"]) == set(LABELS) for split in ("train", "validation"))
