"""The sweep on a tiny table: stopped in the middle, taken up again, read back."""

import json
from dataclasses import replace

import mlflow
import numpy as np
import pandas as pd
import pytest

from legitext import sweep, tracking
from legitext.errors import DataError
from legitext.evidence import EVIDENCE
from legitext.features import Reader
from legitext.messages import Message
from legitext.metrics import overall
from legitext.model import build_pipeline, calibrate, fit, groups_of, probabilities, training_rows
from legitext.params import Evaluate, Params, Train
from legitext.table import messages_of

pytestmark = pytest.mark.filterwarnings("ignore:.*failed to converge")

PARAMS = Params(train=Train(min_messages=2, max_iterations=10), evaluate=Evaluate(folds=2))
STOP_AFTER = 3


@pytest.fixture(scope="module")
def table(made):
    """A few messages of each source and split; those of the grammar also stand in for public corpora."""
    rows = made.groupby("label", sort=True).head(60).reset_index(drop=True)
    rows["source"] = np.resize(["grammar", "grammar", "sms_spam", "mishra_soni"], len(rows))
    rows["split"] = np.resize(["train", "train", "train", "train", "validation", "validation", "test", "test", "test"], len(rows))
    benchmark = made.groupby("label", sort=True).tail(10).assign(split="test")
    return pd.concat([rows, benchmark.assign(source="benchmark_" + benchmark["label"].replace("ham", "genuine"))], ignore_index=True)


class Store:
    """A tracking store, and a count of what is measured for it."""

    def __init__(self, folder):
        self.uri = f"sqlite:///{folder}/mlflow.db"
        self.measured = []

    def sweep(self, table, params=PARAMS, stop_after=None):
        def measure(configuration, *arguments):
            if len(self.measured) == stop_after:
                raise KeyboardInterrupt
            self.measured.append(configuration)
            return original(configuration, *arguments)

        original, sweep.measure = sweep.measure, measure
        try:
            return sweep.run(params, table, 1, self.uri)
        finally:
            sweep.measure = original

    def children(self, parent, **tags):
        return tracking.runs_with({"mlflow.parentRunId": parent, **tags}, self.uri)


@pytest.fixture(scope="module")
def swept(table, tmp_path_factory):
    """A store with a sweep that was stopped in the middle and then taken up again, and the ids of the run before and after."""
    folder = tmp_path_factory.mktemp("sweep")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        store = Store(folder)
        with pytest.raises(KeyboardInterrupt):
            store.sweep(table, stop_after=STOP_AFTER)
        store.stopped = tracking.runs_with({"sweep": "parent"}, store.uri)[0].info
        store.kept = len(store.children(store.stopped.run_id))
        store.parent = store.sweep(table)
        yield store


def test_a_sweep_that_was_stopped_goes_on_in_the_same_run_and_repeats_nothing(swept):
    assert swept.stopped.status == "FAILED"
    assert swept.kept == STOP_AFTER
    assert swept.parent == swept.stopped.run_id
    assert mlflow.MlflowClient(swept.uri).get_run(swept.parent).info.status == "FINISHED"
    measured = [(one.parts, one.corpora, str(one.train)) for one in swept.measured]
    assert len(measured) == len(set(measured)) == 8 + 12 - 1  # the search's middle is the ablation's whole model


def test_what_is_known_is_not_measured_again_by_the_same_sweep_nor_by_another(swept, table):
    before = len(swept.measured)
    assert swept.sweep(table) == swept.parent
    assert len(swept.measured) == before
    assert len(swept.children(swept.parent)) == 20
    searched = replace(PARAMS, train=replace(PARAMS.train, inverse_regularization=3.0))
    with pytest.raises(KeyboardInterrupt):
        swept.sweep(table, searched, stop_after=before)
    other = tracking.runs_with({"sweep": "parent"}, swept.uri)[0].info.run_id
    known = {one.info.run_name for one in swept.children(other)}
    mlflow.MlflowClient(swept.uri).delete_run(other)  # what follows reads the newest
    assert "7 + grammar" in known  # the search of the first sweep has measured it
    assert "1 words" not in known


def test_the_nested_runs_say_what_they_are(swept):
    ablation, search = (swept.children(swept.parent, sweep=name) for name in ("ablation", "search"))
    assert sorted(one.info.run_name for one in ablation) == [
        "1 words",
        "2 + characters",
        "3 + folding",
        "4 + links",
        "5 + senders",
        "6 + claims",
        "7 + grammar",
        "8 without public corpora",
    ]
    assert len(search) == 12
    for one in (*ablation, *search):
        assert one.info.status == "FINISHED"
        assert one.info.end_time - one.info.start_time == round(1000 * one.data.metrics["seconds"])
    (weighted,) = (one.info.run_name for one in search if one.data.params.get("train.class_weights.smishing") == "2.0")
    assert weighted == "C 1, words 1-2, characters 2-5, smishing x 2"
    assert {one.data.params["train.inverse_regularization"] for one in search} == {"0.3", "1.0", "3.0"}
    assert len({one.data.tags["data"] for one in (*ablation, *search)}) == 1


def test_the_ui_offers_a_view_of_each_sort_of_run_with_its_figures(swept):
    client = mlflow.MlflowClient(swept.uri)
    experiment = client.get_experiment_by_name(tracking.EXPERIMENT)
    assert sweep.views(swept.uri) == {
        name: f"/#/experiments/{experiment.experiment_id}/runs?viewStateShareKey={name}" for name in ("ablation", "search")
    }
    for name in ("ablation", "search"):
        view = json.loads(experiment.tags[f"mlflow.sharedViewState.{name}"])
        runs = client.search_runs([experiment.experiment_id], view["searchFilter"], order_by=[f"{view['orderByKey']} ASC"])
        assert {one.info.run_id for one in runs} == {one.info.run_id for one in swept.children(swept.parent, sweep=name)}
        for column in view["selectedColumns"]:
            sort, _, key = column.strip("`").partition(".`")
            assert key in (runs[0].data.metrics if sort == "metrics" else runs[0].data.params), column


def test_runs_share_the_digests_of_their_data(swept):
    runs = {one.info.run_name: one for one in swept.children(swept.parent, sweep="ablation")}
    inputs = {
        name: {(one.dataset.name, one.tags[0].value): one.dataset.digest for one in run.inputs.dataset_inputs} for name, run in runs.items()
    }
    public, whole = inputs["1 words"], inputs["7 + grammar"]
    assert {name for name, use in public if use == "training"} == {"sms_spam", "mishra_soni"}
    assert public.items() <= whole.items()
    assert ("grammar", "testing") in public
    assert runs["1 words"].data.tags["digest.sms_spam"] == runs["7 + grammar"].data.tags["digest.sms_spam"]


def test_the_ablation_can_be_read_back(swept):
    steps = sweep.ablation(swept.uri)
    assert list(steps.index[:2]) == ["1 words", "2 + characters"]
    assert list(steps.columns) == ["features", "corpora", *sweep.FIGURES]
    assert steps.loc["4 + links", "features"] == "links, folding, characters, words"
    assert list(steps["corpora"]) == ["public"] * 6 + ["both", "grammar"]
    assert steps[list(sweep.FIGURES)].notna().all(axis=None)
    assert steps["uci_grouped.f1"].nunique() > 1
    assert steps["uci_grouped.f1"].iloc[5:].nunique() == 1  # the yardstick is trained on its own corpus, whatever the model is
    stored = mlflow.artifacts.download_artifacts(run_id=swept.parent, artifact_path="ablation.csv", tracking_uri=swept.uri)
    assert pd.read_csv(stored, index_col="step").equals(steps)


def test_the_whole_model_is_the_one_that_the_stages_train(swept, table):
    training, weights, twins = training_rows(table[table["split"] == "train"], PARAMS.train)
    pipeline = fit(build_pipeline(PARAMS.train), messages_of(training), list(training["label"]), weights, groups_of(training), twins)
    validation, test = table[table["split"] == "validation"], table[table["split"] == "test"]
    calibrate(pipeline, messages_of(validation), list(validation["label"]))
    scores = probabilities(pipeline, messages_of(test))
    expected = overall(list(test["label"]), scores, ["ham"] * len(test))["smishing_auc"]
    assert sweep.ablation(swept.uri).loc["7 + grammar", "smishing_auc"] == expected


def test_corpora_that_lack_a_label_leave_their_steps_out(table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = Store(tmp_path)
    with pytest.raises(DataError, match="must hold each of ham, spam, smishing"):
        store.sweep(table[table["label"] != "spam"])
    assert not store.measured
    with pytest.raises(KeyboardInterrupt):
        store.sweep(table[(table["source"] == "grammar") | (table["source"] == "mishra_soni") & (table["label"] != "spam")], stop_after=2)
    assert [one.name for one in store.measured] == ["7 + grammar", "8 without public corpora"]


def test_a_store_without_a_sweep_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="holds no ablation: make one with `make sweep`"):
        sweep.ablation(f"sqlite:///{tmp_path}/mlflow.db")


def test_every_feature_belongs_to_a_part():
    parts = {name: sweep.part_of(name) for name in EVIDENCE}
    assert set(parts.values()) == set(sweep.EVIDENCE_OF)
    assert {name for name, part in parts.items() if part == "folding"} == {
        "hidden_letters",
        "lookalike_letters",
        "styled_letters",
        "disguised_words",
        "spaced_words",
    }
    assert not [name for name, part in parts.items() if part == "claims" and name.startswith(("link", "sender"))]


def test_what_is_left_out_has_no_weight(table):
    rows = table[table["split"] == "train"]

    def weights(step):
        pipeline = fit(sweep.pipeline_of(sweep.ablation_of(PARAMS.train)[step - 1]), messages_of(rows), list(rows["label"]))
        names = pipeline.named_steps["features"].get_feature_names_out()
        return dict(zip(names, np.abs(pipeline.named_steps["classify"].coef_).max(axis=0), strict=True))

    words, links = weights(1), weights(4)
    assert {name.split("__")[0] for name, weight in words.items() if weight} == {"words"}
    assert {name for name in words if name.startswith("characters__")} == set()
    weighing = {sweep.part_of(name.removeprefix("evidence__")) for name, weight in links.items() if weight and name.startswith("evidence")}
    assert weighing == {"folding", "links"}
    assert any(weight for name, weight in links.items() if name.startswith("characters__"))


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("Your U S P S parcel", ("your", "u", "s", "p", "s", "parcel")),
        ("Confirm your ACC0UNT at https://a.co/x now", ("confirm", "your", "acc0unt", "at", "", "now")),
        ("Pay by 5pm", ("pay", "by", "0pm")),
    ],
)
def test_without_folding_disguises_stay(text, typed):
    (reading,) = sweep.AsWritten().transform([Message(text)])
    assert reading.words == typed
    assert len(reading.spans) == len(typed)
    if typed[-1] == "0pm":
        assert reading == Reader().transform([Message(text)])[0]
