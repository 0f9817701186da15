"""The documentation says what is true: figures are those of the last run, examples run."""

import json
import re
import shlex
from pathlib import Path

import pytest

from legitext import report
from legitext.classifier import Classifier
from legitext.cli import main
from legitext.errors import DataError

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def between(name):
    return re.search(f"<!-- {name}: begin -->\n(.*)\n<!-- {name}: end -->", README, re.DOTALL)[1]


def test_the_figures_are_those_of_the_last_run():
    slices = json.loads((ROOT / "models/slices.json").read_text())
    info = Classifier.load().info
    assert between("figures") == report.figures(slices, info["notes"])
    assert (ROOT / "models/model_card.md").read_text(encoding="utf-8") == report.model_card(slices, info)


def test_the_data_card_is_of_the_last_run():
    facts = json.loads((ROOT / "models/data.json").read_text())
    assert (ROOT / "models/data_card.md").read_text(encoding="utf-8") == report.data_card(facts)
    assert facts["trained"] == {name: of["digest"] for name, of in Classifier.load().info["data"].items()}
    assert {name: sum(of["rows"][label].get("train", 0) for label in of["rows"]) for name, of in facts["sources"].items()} == {
        **dict.fromkeys(facts["sources"], 0),
        **{name: of["rows"] for name, of in Classifier.load().info["data"].items()},
    }


def test_the_shown_command_prints_what_is_shown(capsys):
    command, _, shown = between("example").removeprefix("```console\n$ ").removesuffix("\n```").partition("\n")
    assert main(shlex.split(command)[1:]) == 0
    assert capsys.readouterr().out.rstrip("\n") == shown


def test_every_file_that_is_named_is_there():
    for name in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / name).is_file(), name
    for name in set(re.findall(r"\b(\w+\.(?:py|toml))\b", README)):
        assert name in {"mine.toml", "job.py"} or [*(ROOT / "pipeline/legitext").rglob(name), *(ROOT / "benchmarks").glob(name)], name


def test_the_commands_that_are_named_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z]+)(?:`|$)", README, re.MULTILINE))
    assert {"train", "test", "help", "ui"} <= named <= targets
    for command in set(re.findall(r"^legitext (\w+)", README, re.MULTILINE)):
        with pytest.raises(SystemExit) as ended:
            main([command, "--help"])
        assert ended.value.code == 0


def test_a_readme_without_its_marks_is_named(tmp_path):
    (tmp_path / "README.md").write_text("nothing here")
    with pytest.raises(DataError, match="lacks the marks <!-- figures: begin -->"):
        report.update_readme(tmp_path / "README.md", {"figures": "x"})


def test_what_opens_a_port_opens_it_to_this_machine_alone():
    commands = re.findall(r"^.*\bmlflow (?:ui|server|models serve)\b.*$", README + (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert len(commands) == 2
    assert all("--host 127.0.0.1 " in command for command in commands)


def test_the_lock_names_hashes_and_no_address():
    lock = (ROOT / "requirements.txt").read_text()
    assert "://" not in lock
    assert "--index" not in lock
    blocks = re.findall(r"^[a-z0-9][^\n]*(?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?)+", lock, re.MULTILINE)
    assert len(blocks) == len(re.findall(r"^[a-zA-Z0-9]", lock, re.MULTILINE)) > 50


def test_the_notebooks_show_the_model_that_ships():
    cells = [cell for cell in json.loads((ROOT / "notebooks/3_errors.ipynb").read_text(encoding="utf-8"))["cells"] if cell.get("outputs")]
    shown = next(cell for cell in cells if "".join(cell["outputs"][0]["data"].get("text/plain", "")).startswith("Prediction("))
    text, sender = re.search(r'Message\("(.+?)", sender="(.+?)"\)', "".join(shown["source"])).groups()
    probability = float(re.search(r"probability=([\d.e-]+)", "".join(shown["outputs"][0]["data"]["text/plain"]))[1])
    assert Classifier.load().predict_one(text, sender).probability == pytest.approx(probability, abs=1e-9), "run `make notebooks`"
    slices = json.loads((ROOT / "models/slices.json").read_text())
    notebook = (ROOT / "notebooks/2_model.ipynb").read_text(encoding="utf-8")
    assert f"{slices['test']['n']}" in notebook
    assert f"{slices['test']['smishing_auc']}" in notebook
