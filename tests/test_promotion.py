"""Champion and challenger, on a small model and worse copies of it, each test in a project and a store of its own."""

import json
import re
import shutil
from functools import partial

import numpy as np
import pytest

from legitext import artifact, promotion, report, tracking
from legitext.classifier import Classifier
from legitext.cli import main
from legitext.decision import THRESHOLDS
from legitext.errors import DataError
from legitext.fetching import digest_of
from legitext.metrics import by, calls, overall, slices
from legitext.params import Evaluate
from legitext.promotion import promote
from legitext.table import messages_of, write_table

SETTINGS = Evaluate(bootstrap=60)
MARKS = "<!-- example: begin -->\n<!-- example: end -->\n<!-- figures: begin -->\n<!-- figures: end -->\n"


@pytest.fixture(scope="module")
def table(made):
    """Every second message of the small model's is a test message; of these, every fourth is enough."""
    place = np.arange(len(made))
    return made.assign(split=np.where(place % 2, "test", "train"))[(place % 2 == 0) | (place % 8 == 1)].reset_index(drop=True)


@pytest.fixture(scope="module")
def good(small_model, table):
    facts = {"rows": 1, "labels": {}, "digest": digest_of(table[table["split"] == "train"])}
    return artifact.from_pipeline(small_model, {key: {"smishing": 0.5, "spam": 0.5} for key in THRESHOLDS}, {"grammar": facts}, [])


@pytest.fixture(scope="module")
def blunt(good):
    """The same model with weak words: worse at everything."""
    return {**good, "words": {**good["words"], "coefficients": good["words"]["coefficients"] * np.float32(0.02)}}


@pytest.fixture(scope="module")
def jumpy(good):
    """The same model, quick to cry smishing: it catches more, and flags more genuine texts."""
    return {**good, "thresholds": {key: {"smishing": 0.02, "spam": 0.5} for key in THRESHOLDS}}


@pytest.fixture
def project(tmp_path, monkeypatch, empty_store, table):
    """A folder to work in, with the message table."""
    shutil.copy(empty_store, tmp_path)
    (tmp_path / "README.md").write_text(MARKS)
    write_table(table, tmp_path / "data/messages.parquet")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def store(project):
    return f"sqlite:///{project}/mlflow.db"


def put(project, table, made, folder="data/candidate"):
    """What the pipeline writes of a model, into `folder`."""
    test = table[table["split"] == "test"].reset_index(drop=True)
    model = Classifier(made)
    given = model.predict_proba(messages_of(test))
    called = calls(given, model.thresholds)
    figures = {
        "test": overall(list(test["label"]), given, called),
        "all": slices(test, called),
        "by_source": by("source", test, called),
        "by_kind": by("kind", test, called, least=10),
    }
    (project / folder / "pictures").mkdir(parents=True, exist_ok=True)
    artifact.save(made, project / folder / "legitext.joblib")
    (project / folder / "slices.json").write_text(json.dumps(figures))
    (project / folder / "metrics.json").write_text(json.dumps({"accuracy": figures["test"]["accuracy"]}))
    (project / folder / "data.json").write_text(json.dumps({"trained": {name: of["digest"] for name, of in model.info["data"].items()}}))
    (project / folder / "model_card.md").write_text(report.model_card(figures, model.info))
    (project / folder / "pictures/confusion.png").write_bytes(f"picture of {model.thresholds}".encode())


def files(folder):
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def aliases(project):
    client = tracking.open_store(store(project)).MlflowClient()
    return {alias: str(version) for alias, version in client.get_registered_model("legitext").aliases.items()}


def test_without_a_model_that_ships_the_first_one_does(project, table, good):
    put(project, table, good)
    outcome = promote(SETTINGS, store=store(project))
    assert (outcome.result, outcome.champion, outcome.challenger) == ("first", None, "1")
    assert files(project / "models") == files(project / "data/candidate")
    assert aliases(project) == {"champion": "1", "challenger": "1"}
    shipped = json.loads((project / "models/slices.json").read_text())
    assert report.figures(shipped) in (project / "README.md").read_text()
    assert promote(SETTINGS, store=store(project)).result == "unchanged"
    assert aliases(project) == {"champion": "1", "challenger": "1"}


def test_a_better_model_takes_the_place_and_git_can_bring_the_old_one_back(project, table, good, blunt):
    put(project, table, blunt, "models")
    old = files(project / "models")
    put(project, table, good)
    outcome = promote(SETTINGS, store=store(project))
    assert outcome.result == "promoted"
    assert "business texts: scams caught" in {one.name for one in outcome.comparisons if one.better}
    assert files(project / "models") == files(project / "data/candidate") != old
    assert aliases(project) == {"champion": "2", "challenger": "2"}
    for name, content in old.items():
        (project / "models" / name).write_bytes(content)
    put(project, table, blunt)
    assert promote(SETTINGS, store=store(project)).result == "unchanged"
    assert aliases(project) == {"champion": "1", "challenger": "1"}


def test_a_model_worse_in_one_figure_is_stopped_by_it_unless_forced(project, table, good, jumpy):
    put(project, table, good, "models")
    before, readme = files(project / "models"), (project / "README.md").read_text()
    put(project, table, jumpy)
    outcome = promote(SETTINGS, store=store(project))
    assert outcome.result == "kept"
    worse = next(one for one in outcome.comparisons if one.name == "business texts: genuine called smishing")
    assert worse.challenger > worse.champion
    assert worse.low < worse.high < 0
    said = next(line for line in outcome.stops if line.startswith(worse.name))
    assert f"{worse.challenger:.2%} against {worse.champion:.2%}, worse by {-worse.high:.2%} to {-worse.low:.2%}" in said
    assert any(one.name == "business texts: scams caught" and one.better for one in outcome.comparisons)
    assert "benchmark" in outcome.notes[-1]
    assert (files(project / "models"), (project / "README.md").read_text()) == (before, readme)
    assert aliases(project) == {"champion": "1", "challenger": "2"}

    outcome = promote(SETTINGS, "scams are all that counts here", store=store(project))
    assert outcome.result == "forced"
    assert outcome.stops
    assert files(project / "models") == files(project / "data/candidate")
    assert aliases(project) == {"champion": "2", "challenger": "2"}
    client = tracking.open_store(store(project)).MlflowClient()
    assert client.get_model_version("legitext", "2").tags["forced"] == "scams are all that counts here"


def test_a_better_model_that_learnt_from_less_is_stopped(project, table, good, blunt):
    put(project, table, {**blunt, "data": {**blunt["data"], "sms_spam": {"rows": 9, "labels": {}, "digest": "x"}}}, "models")
    put(project, table, good)
    outcome = promote(SETTINGS, store=store(project))
    assert outcome.result == "kept"
    assert outcome.stops == ("trained without sms_spam, unlike the champion: what is lost there cannot be known here",)
    assert "the champion was trained on other rows of sms_spam: it may have learnt some of these test messages" in outcome.notes


def test_a_model_as_good_but_measured_on_less_is_stopped(project, table, good):
    put(project, with_some_of(table, source="otp"), good, "models")
    put(project, table, {**good, "notes": ["Trained without otp, which could not be had."]})
    outcome = promote(SETTINGS, store=store(project))
    assert outcome.result == "kept"
    assert outcome.stops == ("measured without otp, unlike the champion: what is lost there cannot be known here",)
    put(project, table, good)
    before = files(project / "models")
    assert promote(SETTINGS, store=store(project)).result == "unchanged"
    assert files(project / "models") == before  # the fuller figures stay


def with_some_of(table, **values):
    """`table`, some genuine test rows of which have other values."""
    other = table.copy()
    rows = other.index[(other["split"] == "test") & (other["label"] == "ham")][:20]
    for column, value in values.items():
        other.loc[rows, column] = value
    return other


def test_what_interrupts_a_promotion_delays_it_and_no_more(project, table, good, blunt, monkeypatch):
    put(project, table, blunt, "models")
    put(project, table, good)
    before, candidate = files(project / "models"), files(project / "data/candidate")
    copy = promotion.copy_file
    for done in (0, 3, 6, 8, 11):  # of twelve: each of six files is put ready, then brought to its place
        left = iter(range(done))

        def fails(source, path, left=left):
            if next(left, None) is None:
                raise OSError(28, "No space left on device", str(path))
            copy(source, path)

        shutil.rmtree("models")
        put(project, table, blunt, "models")
        (project / "README.md").write_text(MARKS)
        monkeypatch.setattr(promotion, "copy_file", fails)
        with pytest.raises(OSError, match="No space left"):
            promote(SETTINGS, store=store(project))
        now = files(project / "models")
        assert now == before if done <= 5 else all(content in (before[name], candidate[name]) for name, content in now.items())
        Classifier.load("models/legitext.joblib")

        monkeypatch.setattr(promotion, "copy_file", copy)
        assert promote(SETTINGS, store=store(project)).result == ("promoted" if done < 6 else "unchanged")
        assert files(project / "models") == candidate
        assert report.EXAMPLE[0] in (project / "README.md").read_text()
        assert aliases(project) == {"champion": "2", "challenger": "2"}
        assert {file.name for file in (project / "data").iterdir()} == {"candidate", "messages.parquet"}


def test_a_key_pressed_while_files_are_replaced_comes_too_late(project, table, good, blunt, monkeypatch):
    put(project, table, blunt, "models")
    put(project, table, good)
    update = report.update_readme

    def interrupts(*arguments):
        monkeypatch.setattr(report, "update_readme", update)
        raise KeyboardInterrupt

    monkeypatch.setattr(report, "update_readme", interrupts)
    with pytest.raises(KeyboardInterrupt):
        promote(SETTINGS, store=store(project))
    assert files(project / "models") == files(project / "data/candidate")
    assert report.EXAMPLE[0] in (project / "README.md").read_text()


def test_files_of_two_runs_are_not_shipped(project, table, good, jumpy):
    put(project, table, good)
    artifact.save(jumpy, "data/candidate/legitext.joblib")
    with pytest.raises(DataError, match="files of different runs: run `dvc repro`"):
        promote(SETTINGS, store=store(project))
    put(project, table, good)
    (project / "data/candidate/data.json").write_text('{"trained": {"grammar": "of other data"}}')
    with pytest.raises(DataError, match="files of different runs: run `dvc repro`"):
        promote(SETTINGS, store=store(project))
    assert not (project / "models").exists()


def test_figures_with_marks_of_a_merge_are_named(project, table, good):
    put(project, table, good, "models")
    put(project, table, good)
    (project / "models/slices.json").write_text("<<<<<<< HEAD\n{}\n")
    with pytest.raises(DataError, match=r"models/slices\.json is not JSON"):
        promote(SETTINGS, store=store(project))


def test_a_shipped_file_that_cannot_be_read_is_replaced(project, table, good):
    put(project, table, good, "models")
    (project / "models/legitext.joblib").write_bytes(b"of another age")
    put(project, table, good)
    assert promote(SETTINGS, store=store(project)).result == "first"
    assert Classifier.load("models/legitext.joblib")


def test_the_command_says_what_stops_a_model_and_ends_with_1(project, table, good, jumpy, monkeypatch, capsys):
    put(project, table, good, "models")
    put(project, table, jumpy)
    (project / "params.yaml").write_text("evaluate: {bootstrap: 60}\n")
    monkeypatch.setattr(promotion, "promote", partial(promote, store=store(project)))
    assert main(["promote"]) == 1
    out = capsys.readouterr().out
    assert re.search(r"^business texts: genuine called smishing +\d+ +[\d.]+% +[\d.]+% +-[\d.]+% to -[\d.]+% +worse$", out, re.MULTILINE)
    assert "kept: version 1 ships on, for version 2 is stopped by\n  business texts: genuine called smishing: " in out
    assert main(["promote", "--keep"]) == 0
    assert main(["promote", "--force", " "]) == 2
    assert "--force needs a reason" in capsys.readouterr().err
    assert Classifier.load("models/legitext.joblib").thresholds["smishing"] == 0.5
    assert main(["promote", "--force", "it is wanted so"]) == 0
    assert "promoted by force: version 2 ships instead of version 1" in capsys.readouterr().out
