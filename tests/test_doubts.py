"""Labels that were swapped, turned to mislead, or sent in a hundred times: seen, said, and not shipped."""

import json

import numpy as np
import pandas as pd
import pytest

from legitext import artifact, report
from legitext.classifier import Classifier
from legitext.cli import main
from legitext.decision import DEFAULT, THRESHOLDS
from legitext.doubts import COPIES, SAMPLE, copied, doubted, doubts, grown, sample, swapped
from legitext.fetching import digest_of
from legitext.metrics import by, calls, overall, slices
from legitext.model import training_rows
from legitext.params import Evaluate, Params, Train
from legitext.promotion import promote
from legitext.refits import COPIED, RATES, Refits, _turned
from legitext.split import bucket_of, group_of
from legitext.stages import evaluate
from legitext.table import as_table, messages_of, write_table

SCAM = "USPS: your parcel is held, pay the fee of $1.99 at https://usps-trk.top/a"


@pytest.fixture(scope="module")
def table(made):
    """Some of what the small model learnt from, as training rows of two sources, and as many test rows: few enough to be counted whole."""
    made = made.sample(min(len(made), SAMPLE), random_state=1).sort_index()
    place = np.arange(len(made))
    table = made.assign(split=np.where(place % 2, "test", "train"), row=place)
    return table.assign(source=np.where(place % 3, "grammar", "mishra_soni")).reset_index(drop=True)


@pytest.fixture(scope="module")
def champion(small_model, table):
    facts = {
        name: {"rows": 1, "labels": {}, "digest": digest_of(rows)} for name, rows in table[table["split"] == "train"].groupby("source")
    }
    return artifact.from_pipeline(small_model, {key: {"smishing": 0.5, "spam": 0.5} for key in THRESHOLDS}, facts, [])


@pytest.fixture(scope="module")
def learnt(table, champion):
    rows = sample(table[table["split"] == "train"])
    return doubted(rows, Classifier(champion).predict_proba(messages_of(rows)))


def turned(table, rate):
    drawn = {row for row in table.loc[table["split"] == "train", "row"] if bucket_of(f"{rate}/{row}") < rate}
    return table.assign(label=_turned(table, drawn))


def corrections(count, label="ham"):
    texts = [SCAM.replace("1.99", f"{number}.99") for number in range(count)]
    return as_table(pd.DataFrame({"text": texts, "label": label, "group": [group_of(text) for text in texts]}), "corrections")


def test_turned_labels_are_doubted_and_right_ones_hardly(table, champion, learnt):
    model = Classifier(champion)
    assert doubts(table, model, learnt) == []
    assert doubts(turned(table, 0.10), model, {}) == []  # without what it doubted before, nothing can be said
    found = {rate: doubts(turned(table, rate), model, learnt) for rate in (0.03, 0.10)}
    assert all(sentences[0].startswith("labels of all sources: the champion is sure of another one for ") for sentences in found.values())
    assert {sentence.split(":")[0] for sentence in found[0.10]} == {"labels of all sources", "labels of grammar", "labels of mishra_soni"}


def test_growth_within_noise_is_no_doubt():
    before = {"all": {"n": 1000, "share": 0.002, "low": 0.0, "high": 0.005}}
    for low, stops in ((0.004, 0), (0.006, 1)):
        assert len(grown(before, {"all": {"n": 1000, "share": 0.01, "low": low, "high": 0.02}, "new": before["all"]})) == stops


def test_a_source_with_its_labels_swapped_is_named_when_it_is_fetched(tmp_path, monkeypatch, capsys, table):
    rows = table[table["label"] != "spam"].iloc[:200]
    (tmp_path / "corpora").mkdir()
    (tmp_path / "params.yaml").write_text("")
    for name, labels in (("mishra_soni", rows["label"].map({"ham": "smishing", "smishing": "ham"})), ("otp", rows["label"])):
        rows.assign(label=labels)[["text", "label", "sender"]].to_csv(tmp_path / f"corpora/{name}.csv", index=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEGITEXT_CORPORA", str(tmp_path / "corpora"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert main(["fetch"]) == 0
    [warning] = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning")]
    assert warning.startswith("warning: mishra_soni: the model that ships is sure of another label for ")
    assert main(["fetch"]) == 0
    assert "warning: " not in capsys.readouterr().err  # what is known is not judged again


def test_one_message_corrected_a_hundred_times_is_said_and_weighs_as_one(champion):
    assert swapped(corrections(100), Classifier(champion)) is None  # each is a label that some model doubted
    given = np.repeat("smishing", 100)
    assert copied(corrections(100), given)[0].startswith("corrections: 100 near-copies of one message are said to be ham")
    assert copied(corrections(COPIES), given[:COPIES]) == []
    assert copied(corrections(100, "smishing"), given) == []
    params = Train(weights={"corrections": 3.0}, asides=0, parts=0, swapped_letters=0)
    rows = pd.concat([corrections(100), corrections(1).assign(text="Lunch?", group="lunch")], ignore_index=True)
    training, weights, _ = training_rows(rows, params)
    assert weights[training["text"] == "Lunch?"].sum() == 3
    assert weights[training["text"] != "Lunch?"].sum() == pytest.approx(3)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda table: turned(table, 0.03), "labels of all sources: the champion is sure of another one for"),
        (lambda table: pd.concat([table, corrections(100).assign(split="train")]), "corrections: 100 near-copies of one message"),
    ],
    ids=["turned", "corrections"],
)
def test_evaluate_warns_and_promote_refuses(tmp_path, monkeypatch, empty_store, table, champion, learnt, change, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mlflow.db").write_bytes(empty_store.read_bytes())
    (tmp_path / "README.md").write_text("<!-- example: begin --><!-- example: end --><!-- figures: begin --><!-- figures: end -->")
    poisoned = change(table).astype({"split": "string"})
    test = poisoned[poisoned["split"] == "test"]
    for folder, notes in (("models", ["one"]), ("data/candidate", ["two"])):
        model = Classifier({**champion, "notes": notes})
        given = model.predict_proba(messages_of(test))
        called = calls(given, model.thresholds)
        figures = {
            "test": overall(list(test["label"]), given, called),
            "all": slices(test, called),
            "by_source": by("source", test, called),
        }
        figures["doubted"] = learnt
        artifact.save({**champion, "notes": notes}, f"{folder}/legitext.joblib")
        (tmp_path / folder / "slices.json").write_text(json.dumps(figures))
        counted = {"trained": {name: of["digest"] for name, of in model.info["data"].items()}}
        (tmp_path / folder / "data.json").write_text(json.dumps(counted))
        (tmp_path / folder / "model_card.md").write_text(report.model_card(figures, model.info))
    before = (tmp_path / "models/legitext.joblib").read_bytes()
    write_table(table, "data/messages.parquet")
    assert evaluate._doubts(table) == []
    write_table(poisoned, "data/messages.parquet")
    assert evaluate._doubts(poisoned)[0].startswith(says)
    outcome = promote(Evaluate(bootstrap=20), store=f"sqlite:///{tmp_path}/mlflow.db")
    assert outcome.result == "kept"
    assert outcome.stops[0].startswith(says)
    assert (tmp_path / "models/legitext.joblib").read_bytes() == before


def test_the_curve_is_of_models_that_learnt_turned_labels_and_stands_in_the_card(table, small_model, monkeypatch):
    refits = Refits(table.assign(kind=table["kind"].fillna("")), small_model, Params())
    seen = []

    def measure(keep, validation, test, labels=None, corrections=None):
        seen.append((labels, corrections))
        return {"n": len(test), "smishing_auc": 0.9}

    monkeypatch.setattr(refits, "measure", measure)
    before, curve = refits.on_turned()
    right = refits.training["label"].to_numpy(dtype=str)
    wrong = [float((labels != right).mean()) for labels, _ in seen[:-1]]
    assert wrong == pytest.approx([0.0, *RATES], abs=0.02)
    assert sorted(wrong) == wrong
    [copies] = [corrections for _, corrections in seen if corrections is not None]
    assert (len(copies), set(copies["label"]), copies["text"].nunique()) == (COPIED, {"ham"}, 1)
    stopped = [row["stopped"] for row in curve.values()]
    assert (stopped[0], stopped[2:]) == (False, [True, True, True])
    assert before["all"]["n"] == (table["split"] == "train").sum()
    info = {"thresholds": {DEFAULT: {"smishing": 0.5, "spam": 0.5}}, "data": {}, "notes": []}
    figures = {"test": overall(["ham"], np.array([[1.0, 0, 0]]), ["ham"]), "by_source": {}, "poisoned": curve}
    card = report.model_card(figures, info)
    assert "### Poisoned labels" in card
    assert "| 10% of labels turned | 0.900 |" in card
    assert "| a scam corrected to ham 100 times | 0.900 |" in card
