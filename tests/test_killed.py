"""Runs that are killed, or find the disk full or read-only, the clock set back, the store in use: what was good stays, and the next goes on.

The project is tiny, what costs most to measure is left out, and stages run in forks of a process that has the libraries, so that a kill
costs a second. The moments of the kills are drawn from a seed; LEGITEXT_KILLS names how many there are besides those at every stage.
"""

import importlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest import mock

import joblib
import pytest
import yaml

from legitext.classifier import Classifier
from legitext.files import locked
from legitext.report import model_card
from legitext.table import read_table

ROOT = Path(__file__).parents[1]
STAGES = ("synthesize", "prepare", "train", "evaluate", "export")
STEPS = ("fetch", *STAGES, "promote")
KILLS = int(os.environ.get("LEGITEXT_KILLS", "6"))
MODULES = ["mlflow.pyfunc", "mlflow.sklearn", "legitext.promotion", "datasets", *(f"legitext.stages.{name}" for name in STAGES)]

# --- what runs in the forks ---


def work(folder: str, steps: tuple[str, ...], said: str, started: object, hours: float) -> None:
    """Run steps of the pipeline in `folder`, its output in the file `said`."""
    os.chdir(folder)
    os.environ.update(LEGITEXT_CORPORA="corpora", HF_HUB_OFFLINE="1")
    output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    from legitext import tracking
    from legitext.evaluation import HeldOut
    from legitext.refits import Refits
    from legitext.stages import evaluate

    tracking.SECONDS, tracking._log_pipeline = 0.5, lambda *_: None
    Refits.__init__, Refits.all = lambda *_: None, lambda _: HeldOut()
    evaluate._on_disguises = lambda *_: {}
    now = time.time
    with mock.patch("time.time", side_effect=lambda: now() + 3600 * hours):
        started.set()
        for step in steps:
            _run(step)


def _run(step: str) -> None:
    if step in STAGES:
        importlib.import_module(f"legitext.stages.{step}").main()
        return
    from legitext.cli import main

    status = main([step, *(["--keep"] if step == "promote" else [])])
    if status:
        raise SystemExit(status)


# --- a project and its state ---


class Project:
    """A folder with a champion, and what may be asked of it."""

    def __init__(self, folder: Path, processes) -> None:
        self.folder, self.processes = folder, processes
        self.said = folder.with_name(f"{folder.name}.log")
        self.seconds: dict[str, float] = {}

    def start(self, *steps, hours=0.0):
        started = self.processes.Event()
        process = self.processes.Process(target=work, args=(str(self.folder), steps, str(self.said), started, hours))
        process.start()
        assert started.wait(120)
        return process

    def run(self, *steps, hours=0.0) -> tuple[int, str]:
        process = self.start(*steps, hours=hours)
        process.join(240)
        return process.exitcode, self.said.read_text(encoding="utf-8")

    def change(self, seed: int) -> None:
        """Change a parameter, so that every stage would write other bytes than before."""
        params = yaml.safe_load((self.folder / "params.yaml").read_text())
        params["synthesize"]["seed"] = seed
        (self.folder / "params.yaml").write_text(yaml.safe_dump(params))

    def files(self) -> dict[str, bytes]:
        """What the pipeline and promotion wrote."""
        found = [*self.folder.glob("models/**/*"), *self.folder.glob("data/*.*"), *self.folder.glob("data/candidate/**/*")]
        return {str(file.relative_to(self.folder)): file.read_bytes() for file in found if file.is_file() and file.suffix != ".lock"}

    def sound(self) -> None:
        """The artifact, tables, figures and registry can be read, and the champion is what the registry says."""
        Classifier.load(self.folder / "data/candidate/legitext.joblib")
        model = Classifier.load(self.folder / "models/legitext.joblib")
        figures = json.loads((self.folder / "models/slices.json").read_text())
        if not (self.folder / "data/promoting").exists():  # a promotion that will be finished
            assert (self.folder / "models/model_card.md").read_text() == model_card(figures, model.info)
        for name in ("synthetic", "messages", "raw/otp"):
            assert len(read_table(self.folder / f"data/{name}.parquet"))
        assert joblib.load(self.folder / "data/model.joblib")["thresholds"]
        for name in ("data/candidate/metrics.json", "data/sources.json"):
            json.loads((self.folder / name).read_text())
        store = sqlite3.connect(self.folder / "mlflow.db")
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        held = "SELECT count(*) FROM registered_model_aliases a JOIN model_versions v ON a.name = v.name AND a.version = v.version"
        assert store.execute(f"{held} WHERE a.alias = 'champion'").fetchone() == (1,)
        store.close()

    def parts(self) -> list[Path]:
        return [file for file in self.folder.rglob("*.part*") if "promoting" not in file.parts]


@pytest.fixture(scope="module")
def processes():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(MODULES)
    return context


@pytest.fixture(scope="module")
def made_once(tmp_path_factory, processes):
    """A tiny project after its first run and promotion, to be copied."""
    folder = tmp_path_factory.mktemp("killed") / "project"
    (folder / "data/templates").mkdir(parents=True)
    (folder / "data/raw").mkdir()
    (folder / "corpora").mkdir()
    (folder / "corpora/otp.csv").write_text("text,label\nYour code is 123456,ham\n")
    for name in ("usps", "usps_fake", "spam"):
        shutil.copy(ROOT / f"data/templates/{name}.yaml", folder / "data/templates")
    (folder / "README.md").write_text("<!-- example: begin -->\n<!-- example: end -->\n<!-- figures: begin -->\n<!-- figures: end -->\n")
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["synthesize"].update(per_template=1, twins_per_template=1)
    params["train"]["min_messages"] = 8
    params["evaluate"].update(bootstrap=20, folds=2)
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    project = Project(folder, processes)
    for step in STEPS:
        begun = time.monotonic()
        status, said = project.run(step)
        assert status == 0, said[-3000:]
        project.seconds[step] = time.monotonic() - begun
    project.sound()
    return project


@pytest.fixture
def project(made_once, tmp_path, processes):
    shutil.copytree(made_once.folder, tmp_path / "project")
    project = Project(tmp_path / "project", processes)
    project.seconds = made_once.seconds
    return project


# --- kills ---


def killed(project, number, moment, *steps) -> bool:
    """Whether steps were still at work when the signal came; either way all that was good is there, and nothing half done."""
    process = project.start(*steps)
    process.join(moment)
    at_work = process.exitcode is None
    os.kill(process.pid, number) if at_work else None
    process.join(60)
    said = project.said.read_text(encoding="utf-8")
    allowed = {-signal.SIGKILL} if number == signal.SIGKILL else {130, -number}
    assert process.exitcode in allowed | {0}, said[-2000:]
    if process.exitcode == 130:
        assert "interrupted" in said.splitlines()[-1]
        assert not project.parts()
    project.sound()
    return at_work


def test_a_run_killed_at_any_stage_or_moment_leaves_what_was_good_and_the_next_goes_on(project, record_property):
    moments, survived, seed = random.Random(7), 0, 1
    for step in STEPS:
        project.change(seed := seed + 1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            survived += killed(project, number, moments.random() * project.seconds[step], step)
        status, said = project.run(step)
        assert status == 0, said[-2000:]
    for number in [signal.SIGINT, signal.SIGTERM, signal.SIGKILL] * (KILLS // 3):
        project.change(seed := seed + 1)
        survived += killed(project, number, moments.random() * sum(project.seconds.values()), *STEPS)
    status, said = project.run(*STEPS)
    assert status == 0, said[-2000:]
    project.sound()
    assert not project.parts()
    assert not (project.folder / "data/promoting").exists()
    record_property("kills survived", survived)
    print(f"kills survived: {survived}")
    assert survived >= len(STEPS)


def test_a_first_run_killed_while_it_makes_the_store_is_no_hindrance(project):
    for moment in (0.3, 0.8, 1.5):
        for file in project.folder.glob("mlflow.db*"):
            file.unlink()
        process = project.start("export")
        process.join(moment)
        process.kill()
        process.join(60)
    status, said = project.run("export", "promote")
    assert status == 0, said[-2000:]
    project.sound()


@pytest.mark.parametrize(("content", "stays"), [("", False), ('{"read": {', False), ('{"read": {}, "write": {}}', True)])
def test_what_a_kill_left_of_dvcs_own_lock_file_is_no_hindrance(project, content, stays):
    rwlock = project.folder / ".dvc/tmp/rwlock"
    rwlock.parent.mkdir(parents=True)
    rwlock.write_text(content)
    status, said = project.run("fetch")
    assert status == 0, said[-2000:]
    assert rwlock.is_file() == stays
    assert ("was cut short" in said) != stays


# --- disks, clocks, stores ---


@contextmanager
def mounted(project, kilobytes):
    """The project on a disk of its own that has room for `kilobytes` more."""
    size = sum(file.stat().st_size + 4096 for file in project.folder.rglob("*")) // 1024 + kilobytes + 64
    disk = project.folder.with_name("disk")
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", disk], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no disk of one's own can be mounted here: {done.stderr.strip()}")
    try:
        shutil.copytree(project.folder, disk / "project")
        small = Project(disk / "project", project.processes)
        small.said = project.said  # not on the disk that is full
        yield small, disk
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def fill(file):
    """Write to a file until the disk is full."""
    with file.open("wb", buffering=0) as filler, suppress(OSError):
        while filler.write(b"x" * 4096):
            pass


def refused(project, step, *parts):
    """A step ends with code 2 and one line that says one of `parts`; what was good stays."""
    before = project.files()
    status, said = project.run(step)
    assert status == 2, said[-2000:]
    last = said.splitlines()[-1]
    assert last.startswith("legitext: ")
    assert any(part in last for part in parts), last
    assert "Traceback" not in said
    after = project.files()
    if step in {"train", "synthesize", "fetch", "promote"}:  # evaluate and export write several files, each whole
        assert after == before
    assert {name: after[name] for name in before if name.startswith("models/")} == {
        name: content for name, content in before.items() if name.startswith("models/")
    }
    project.sound()
    assert not project.parts()


def test_a_full_disk_costs_nothing_that_was_there_and_with_room_the_run_goes_on(project):
    with mounted(project, 200) as (small, disk):
        small.change(2)
        fill(disk / "filler")
        for step in STAGES:
            refused(small, step, "No space left on device", "disk is full", "disk I/O error")
        (disk / "filler").unlink()
        subprocess.run(["mount", "-o", "remount,size=50m", disk], check=True)
        status, said = small.run(*STAGES, "promote")
        assert status == 0, said[-2000:]
        small.sound()


def test_a_read_only_folder_is_named(project):
    with mounted(project, 20_000) as (small, disk):
        small.change(2)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        for step in STEPS:
            refused(small, step, "Read-only file system")
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        assert small.run("synthesize", "prepare")[0] == 0


def test_two_runs_at_once_do_not_meet(project):
    with locked(project.folder / "data/run"):
        for step in ("fetch", "train", "promote"):
            refused(project, step, "another run is at work in this folder: wait for its end")
    first, second = project.start(*STEPS), project.start(*STEPS)
    for process in (first, second):
        process.join(240)
    assert sorted({first.exitcode, second.exitcode}) in ([0], [0, 2])
    project.sound()


def test_a_clock_set_back_or_ahead_changes_nothing(project):
    project.change(2)
    for hours in (-20 * 8766, 10 * 8766):
        status, said = project.run("synthesize", "evaluate", "export", "promote", hours=hours)
        assert status == 0, said[-2000:]
    project.sound()
    ahead = time.time() + 9e8
    for file in project.folder.rglob("*"):
        os.utime(file, (ahead, ahead))
    before = project.files()
    status, said = project.run("fetch", "synthesize", "promote")
    assert status == 0, said[-2000:]
    assert project.files() == before


@pytest.mark.parametrize("fault", ["locked", "garbage", "older", "newer"])
def test_a_store_that_cannot_be_used_is_said_at_once(project, fault):
    file = project.folder / "mlflow.db"
    good, store = file.read_bytes(), sqlite3.connect(file, isolation_level=None)
    if fault == "locked":
        store.execute("BEGIN EXCLUSIVE")
    elif fault == "garbage":
        file.write_bytes(b"not a database" * 1000)
    else:
        store.execute("UPDATE alembic_version SET version_num = ?", ("451aebb31d03" if fault == "older" else "fedcba987654",))
    before = project.files()
    for step in ("evaluate", "promote"):
        status, said = project.run(step)
        assert status == 2, said[-2000:]
        last = said.splitlines()[-1]
        assert last.startswith("legitext: MLflow cannot use sqlite:///mlflow.db (")
        assert "move it away to start a new one" in last
        assert "Traceback" not in said
        assert project.files() == before
    store.close()
    file.write_bytes(good)
    status, said = project.run("promote")
    assert status == 0, said[-2000:]
    project.sound()


def test_a_store_that_is_missing_is_made_anew_with_the_champion(project):
    (project.folder / "mlflow.db").unlink()
    shutil.rmtree(project.folder / "mlruns")
    before = project.files()
    status, said = project.run("promote")
    assert status == 0, said[-2000:]
    assert "unchanged" in said
    project.sound()
    assert project.files() == before
