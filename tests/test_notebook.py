"""The notebooks are committed as they ran, small, without functions and without a corpus's texts; their helpers say what is so."""

import ast
import base64
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from legitext import notebook, sources, tracking
from legitext.classifier import Classifier, Reason
from legitext.errors import DataError
from legitext.grammar import load_templates
from legitext.params import Params, Synthesize
from legitext.split import bucket_of, is_held_out

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def cells(file):
    return [cell for cell in json.loads(file.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_is_committed_as_it_ran_and_defines_no_functions(file):
    assert file.stat().st_size < 300_000
    code = cells(file)
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    for cell in code:
        assert not [one for one in ast.walk(ast.parse("".join(cell["source"]))) if isinstance(one, ast.FunctionDef | ast.ClassDef)]
    outputs = [output for cell in code for output in cell["outputs"]]
    assert not [one for one in outputs if one["output_type"] == "error" or "Warning" in "".join(one.get("text", ""))]
    assert sum("image/png" in one.get("data", {}) for one in outputs) >= 4


def test_no_output_shows_a_text_of_a_corpus(mirror):
    shown = "".join(json.dumps([cell["outputs"] for cell in cells(file)], ensure_ascii=False) for file in NOTEBOOKS)
    for source in sources.SOURCES:
        loaded = sources.load(source, [mirror], online=False)
        if loaded.table is not None:
            assert not [text for text in loaded.table["text"] if len(text) >= 25 and json.dumps(text, ensure_ascii=False)[1:-1] in shown]


def test_what_is_held_out_is_never_learnt_from(templates):
    params = Params(synthesize=Synthesize(templates=str(ROOT / "data/templates")))
    made = notebook.held_out(params, 1)
    groups = set(made["group"])
    assert 0.15 < len(groups) / len(templates) < 0.25
    assert all(bucket_of(group) < params.prepare.test_share and is_held_out(group, params.prepare) for group in groups)
    assert set(made["label"]) == {"ham", "spam", "smishing"}


def test_words_are_counted_in_the_wordings_that_are_learnt_from(templates):
    params = Params()
    table = notebook.wordings_with(["Toll", "toll", "qwertz"], templates, params)
    assert list(table.index) == ["toll", "qwertz"]
    assert table.loc["toll", "smishing"] > 3
    assert table.loc["qwertz"].sum() == 0
    held_out = [one for one in templates if is_held_out(one.id, params.prepare)]
    assert notebook.wordings_with(["toll", "your"], held_out, params).to_numpy().sum() == 0


def test_what_is_not_at_hand_is_said_and_not_fatal(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("LEGITEXT_CORPORA", raising=False)
    assert notebook.corpus("sms_spam", str(tmp_path / "none"), tmp_path) is None
    assert notebook.ablation(str(tmp_path / "none.db")) is None
    said = capsys.readouterr()
    assert "sms_spam is not at hand" in said.out + said.err
    assert "make sweep" in said.out + said.err
    assert not list(tmp_path.iterdir())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="not in a checkout"):
        notebook.enter()


def test_the_ablation_of_a_store_is_shown_under_the_names_of_the_sweep(empty_store, tmp_path):
    store = tmp_path / "mlflow.db"
    shutil.copy(empty_store, store)
    assert notebook.ablation(str(store)) is None
    with tracking.run(f"sqlite:///{store}", tags={"sweep": "parent"}) as mlflow:
        for step, flagged in ((2, 0.25), (1, 0.5)):
            with mlflow.start_run(nested=True, run_name=f"step {step}", tags={"sweep": "ablation", "configuration": str(step)}):
                mlflow.log_params({"step": step, "features": "words", "corpora": "public"})
                mlflow.log_metrics({"benchmark_genuine.genuine_flagged": flagged})
    table = notebook.ablation(str(store))
    assert table["genuine flagged"].to_dict() == {"step 1": 0.5, "step 2": 0.25}


def test_reliability_bins_hold_every_message():
    table = notebook.reliability([True, False, True, True], [0.05, 0.05, 0.95, 1.0], bins=10)
    assert table.to_numpy().tolist() == [[0.05, 0.5, 2.0], [0.975, 1.0, 2.0]]


def test_a_marked_text_escapes_what_it_holds_and_marks_by_weight():
    text = "<pay> $5 now"
    marked = notebook.Marked(text, [Reason(1.0, "a", (0, 5)), Reason(-1.0, "b", (9, 12)), Reason(0.1, "c", (6, 8)), Reason(9.0, "d")])
    assert marked._repr_html_() == "<code><b>&lt;pay&gt;</b> $5 <i>now</i></code>"


def test_pictures_are_small_png_files():
    share = {"n": 12, "share": 0.25, "low": 0.1, "high": 0.5}
    prediction = Classifier.load().predict("Pay the $5 fee 💰 at usps-x.top/a")
    table = notebook.reliability([True, False], [0.2, 0.8]).set_index("n")
    for picture in (
        notebook.bars(table, "title $5", "messages"),
        notebook.bars(table * float("nan"), "a part that was not measured", "messages"),
        notebook.intervals({"a": {"x": share}, "b": {"x": share, "y": share}}, "title", "share (%)"),
        notebook.curves({"a": ([0.1, 1], [0, 1])}, "title", "x (%)", "y (%)", points={"here": (0.5, 0.5)}, diagonal=True, log=True),
        notebook.contributions(prediction, "title", 3),
    ):
        png = picture._repr_png_()
        assert png.startswith(b"\x89PNG")
        assert len(base64.b64encode(png)) < 40_000


def test_reasons_are_shown_whole_over_as_many_lines_as_they_take(monkeypatch):
    monkeypatch.setattr(notebook, "_picture", lambda figure: figure)
    sentence = "an official address stands in front of another domain, which is none of the sender's own, com-trk.top"
    prediction = SimpleNamespace(label="smishing", reasons=(Reason(2.0, sentence), Reason(-1.0, "short")))
    labels = [label.get_text() for label in notebook.contributions(prediction, "title").axes[0].get_yticklabels()]
    assert [label.replace("\n", " ") for label in labels] == [sentence, "short"]
    assert "\n" in labels[0]


def test_the_project_is_found_from_a_folder_in_it(monkeypatch):
    monkeypatch.chdir(ROOT / "notebooks")
    assert notebook.enter() == ROOT
    assert load_templates("data/templates")
