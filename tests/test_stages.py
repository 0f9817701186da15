"""The pipeline whole, on a project of a few wordings: run twice, changed, interrupted, without and with a corpus."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
NAMES = ("legitext.joblib", "metrics.json", "slices.json", "model_card.md", "data.json", "data_card.md", "pictures/confusion.png")


def run(folder, *command, **environment):
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    settings = {
        **os.environ,
        "PATH": path,
        "CI": "true",
        "DVC_NO_ANALYTICS": "true",
        "HF_HUB_OFFLINE": "1",
        "LEGITEXT_CORPORA": "",
        **environment,
    }
    return subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, timeout=400)


def small_project(folder: Path) -> Path:
    for name in ("amazon", "usps", "usps_fake", "chat", "spam", "fake_banks"):
        (folder / "data/templates").mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / f"data/templates/{name}.yaml", folder / "data/templates")
    (folder / "data/raw").mkdir()
    (folder / "data/raw/README.md").write_text("fetched corpora\n")
    (folder / "README.md").write_text("<!-- example: begin -->\n<!-- example: end -->\n<!-- figures: begin -->\n<!-- figures: end -->\n")
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["synthesize"]["per_template"] = 2
    params["evaluate"].update(bootstrap=20, folds=2)
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    config = (ROOT / "dvc.yaml").read_text()
    (folder / "dvc.yaml").write_text("\n".join(line for line in config.splitlines() if "- pipeline/" not in line) + "\n")
    assert run(folder, "dvc", "init", "--no-scm", "-q").returncode == 0
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The small project after its first run, on the grammar alone."""
    folder = small_project(tmp_path_factory.mktemp("project"))
    done = run(folder, "dvc", "repro")
    assert done.returncode == 0, done.stderr[-2000:]
    assert not (folder / "models").exists()
    done = run(folder, sys.executable, "-m", "legitext", "promote")
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout == "version 1 ships: there was no model before that could be read\n"
    return folder


def state(folder, *parts):
    """What the pipeline and `legitext promote` have written, or one of them."""
    return {f"{part}/{name}": (folder / part / name).read_bytes() for part in parts or ("data/candidate", "models") for name in NAMES}


def test_the_first_run_makes_everything_and_says_what_is_missing(project):
    assert list(state(project, "models").values()) == list(state(project, "data/candidate").values())
    note = "Trained on the grammar alone"
    assert note in (project / "models/model_card.md").read_text().split("##")[0]
    assert note in (project / "README.md").read_text()
    metrics = json.loads((project / "models/metrics.json").read_text())
    assert metrics["smishing_auc"] > 0.7
    assert not [name for name in metrics if name.startswith("uci")]
    assert (project / "models/pictures/confusion.png").read_bytes().startswith(b"\x89PNG")
    shown = json.loads(run(project, "dvc", "metrics", "show", "--json").stdout)[""]["data"]
    assert shown["models/metrics.json"]["data"] == shown["data/candidate/metrics.json"]["data"] == metrics


def test_the_run_is_tracked(project):
    code = (
        "import mlflow, json; mlflow.set_tracking_uri('sqlite:///mlflow.db')\n"
        "run = mlflow.search_runs(experiment_names=['legitext'], output_format='list')[0]\n"
        "ids = [one.model_id for one in run.outputs.model_outputs]\n"
        "[model] = [mlflow.sklearn.load_model(f'models:/{one}') for one in ids if mlflow.get_logged_model(one).name == 'pipeline']\n"
        "version = mlflow.MlflowClient().get_model_version_by_alias('legitext', 'champion')\n"
        "print(json.dumps({'params': run.data.params, 'metrics': run.data.metrics, 'tags': run.data.tags,\n"
        "  'data': [[one.dataset.name, one.dataset.digest, one.tags[0].value] for one in run.inputs.dataset_inputs],\n"
        "  'version': [version.run_id == run.info.run_id, version.version == int(run.data.tags['model_version'])],\n"
        "  'label': str(model.predict(['USPS: parcel held https://usps-trk.top/a'])[0])}))"
    )
    done = run(project, sys.executable, "-c", code)
    assert done.returncode == 0, done.stderr[-2000:]
    logged = json.loads(done.stdout.splitlines()[-1])
    assert logged["params"]["synthesize.per_template"] == "2"
    assert logged["metrics"]["smishing_auc"] > 0.7
    assert "by_source/grammar/scams_caught" in logged["metrics"]
    assert any(name.startswith("by_brand/Amazon/") for name in logged["metrics"])
    assert {"git_commit", "sources", "missing", "digest.grammar"} <= logged["tags"].keys()
    assert {(name, use) for name, _, use in logged["data"]} == {("grammar", "training"), ("grammar", "validation"), ("grammar", "testing")}
    assert logged["version"] == [True, True]
    assert logged["label"] == "smishing"


def test_a_second_run_does_nothing(project):
    before = state(project)
    done = run(project, "dvc", "repro")
    assert "Data and pipelines are up to date." in done.stdout
    assert "Running stage" not in done.stdout
    assert state(project) == before


def with_parameter(project, name, value):
    """params.yaml with one value changed; returns what it said before."""
    old = (project / "params.yaml").read_text()
    values = yaml.safe_load(old)
    section, key = name.split(".")
    values[section][key] = value
    (project / "params.yaml").write_text(yaml.safe_dump(values))
    return old


def stages_run(done):
    return {line.split("'")[1] for line in done.stdout.splitlines() if line.startswith("Running stage")}


@pytest.mark.parametrize(
    ("name", "value", "at_once"),
    [
        ("train.inverse_regularization", 2.0, {"train", "evaluate"}),
        ("synthesize.seed", 2, {"synthesize"}),
        ("prepare.test_share", 0.3, {"synthesize", "prepare", "evaluate"}),  # which sentences turn which wordings hangs on it
    ],
)
def test_a_changed_parameter_makes_only_its_own_stages_stale(project, name, value, at_once):
    old = with_parameter(project, name, value)
    try:
        done = run(project, "dvc", "repro", "--dry")  # shows what is stale by itself, not what follows from it
    finally:
        (project / "params.yaml").write_text(old)
    assert stages_run(done) == at_once


def test_two_trainings_give_the_same_file_whatever_the_hash_seed(project):
    before = (project / "data/candidate/legitext.joblib").read_bytes()
    for stage in ("synthesize", "prepare", "train", "export"):
        done = run(project, sys.executable, "-m", f"legitext.stages.{stage}", PYTHONHASHSEED="12345")
        assert done.returncode == 0, done.stderr[-2000:]
    assert (project / "data/candidate/legitext.joblib").read_bytes() == before


@pytest.mark.parametrize("stage", ["synthesize", "prepare", "train", "export"])
def test_an_interrupted_stage_leaves_the_last_good_outputs(project, stage):
    before = state(project)
    tables = {file: file.read_bytes() for file in (project / "data").glob("*.*")}
    process = subprocess.Popen(
        [sys.executable, "-m", f"legitext.stages.{stage}"], cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, "CI": "true", "LEGITEXT_CORPORA": ""}
    )  # fmt: skip
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode in {130, -signal.SIGINT, 0}, said  # stopped at work, stopped while starting, or already done
    if process.returncode == 130:
        assert b"interrupted" in said
        assert b"Traceback" not in said
    assert state(project) == before
    assert {file: file.read_bytes() for file in (project / "data").glob("*.*")} == tables
    assert not list(project.rglob("*.part"))


@pytest.mark.parametrize("seconds", [1.2, 1.8])
def test_an_interrupted_run_leaves_the_last_good_outputs(project, seconds):
    before = state(project)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    process = subprocess.Popen(
        ["dvc", "repro", "-f", "-s", "export"],
        cwd=project,
        env={**os.environ, "PATH": path, "CI": "true", "DVC_NO_ANALYTICS": "true"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does: the runner and the stage
    process.wait(timeout=60)
    assert state(project) == before


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("params.yaml", "train: {depth: 3}\n", "params.yaml: train.depth: unknown key"),
        ("data/templates/usps.yaml", "label: nice\n", "usps.yaml"),
        ("data/messages.parquet", "garbage", "data/messages.parquet cannot be read"),
    ],
)
def test_a_stage_with_broken_input_ends_with_one_line_and_code_2(project, file, content, says):
    before, good = state(project), (project / file).read_bytes()
    stage = {"params.yaml": "train", "data/messages.parquet": "train"}.get(file, "synthesize")
    (project / file).write_text(content)
    try:
        done = run(project, sys.executable, "-m", f"legitext.stages.{stage}")
    finally:
        (project / file).write_bytes(good)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert state(project) == before


def test_a_fetched_corpus_is_trained_on_and_named(project, tmp_path, mirror):
    corpora = tmp_path / "corpora"
    corpora.mkdir()
    for name in ("mishra_soni.csv", "otp.csv"):
        if not (mirror / name).is_file():
            pytest.skip(f"the corpora at hand lack {name}")
        shutil.copy(mirror / name, corpora)
    (tmp_path / "with_corpus").mkdir()
    folder = small_project(tmp_path / "with_corpus")
    assert run(folder, sys.executable, "-m", "legitext", "fetch", LEGITEXT_CORPORA=str(corpora)).returncode == 0
    for stage in ("synthesize", "prepare", "train"):
        done = run(folder, sys.executable, "-m", f"legitext.stages.{stage}")
        assert done.returncode == 0, done.stderr[-2000:]
    import joblib

    trained = joblib.load(folder / "data/model.joblib")["data"]
    assert set(trained) == {"grammar", "mishra_soni"}  # one-time codes are for testing only
    assert "sms_spam" in json.loads((folder / "data/sources.json").read_text())["missing"]


def test_a_changed_measurement_trains_nothing_again(project):
    before = state(project, "models")
    with_parameter(project, "evaluate.bootstrap", 30)  # last in this file, for it leaves the project changed
    done = run(project, "dvc", "repro")
    assert done.returncode == 0, done.stderr[-2000:]
    assert stages_run(done) == {"evaluate", "export"}
    assert state(project, "models") == before
    done = run(project, sys.executable, "-m", "legitext", "promote", "--keep")
    assert done.stdout == "unchanged: the new model is the one that ships, version 1\n", done.stderr[-2000:]
    assert list(state(project, "models").values()) == list(state(project, "data/candidate").values())
    assert state(project, "models") != before  # the same model, with wider intervals
