"""The registered model: what it takes and gives, and that MLflow's own server answers with it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from legitext import artifact, serving, tracking
from legitext.classifier import Classifier
from legitext.decision import THRESHOLDS
from legitext.messages import LABELS

ROWS = [{"text": "USPS: your parcel is held, confirm https://usps-trk.top/a", "sender": "+63 995 271 4822"}, {"text": "see you at seven"}]


@pytest.fixture(scope="module")
def project(tmp_path_factory, small_model, empty_store):
    """A folder with a small model, registered as champion."""
    folder = tmp_path_factory.mktemp("serving")
    shutil.copy(empty_store, folder)
    artifact.save(
        artifact.from_pipeline(small_model, {key: {"smishing": 0.5, "spam": 0.5} for key in THRESHOLDS}, {}, []), folder / "legitext.joblib"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert serving.register("legitext.joblib", "champion", store=store(folder)) == "1"
        yield folder


def store(folder):
    return f"sqlite:///{folder}/mlflow.db"


@pytest.fixture(scope="module")
def model(project):
    return tracking.open_store(store(project)).pyfunc.load_model("models:/legitext@champion")


def test_it_answers_as_the_classifier_does(model, project):
    classifier = Classifier.load(project / "legitext.joblib")
    answers = model.predict(pd.DataFrame(ROWS))
    for row, answer in zip(ROWS, answers, strict=True):
        verdict = classifier.predict_one(row["text"], row.get("sender"))
        assert answer["label"] == verdict.label
        assert answer["probabilities"] == verdict.probabilities
        assert answer["reasons"] == [reason.sentence for reason in verdict.reasons[: serving.REASONS]]
        assert answer["brand"] == verdict.brand
    assert [answer["label"] for answer in answers] == ["smishing", "ham"]
    assert model.predict(pd.DataFrame({"text": ["see you at seven"]})) == [answers[1]]
    assert [len(one["reasons"]) for one in model.predict(pd.DataFrame(ROWS), params={"reasons": 1})] == [1, 1]


@pytest.mark.parametrize(
    ("row", "params", "says"),
    [
        ({"text": "  "}, {}, "row 2: a message's text is empty or blank"),
        ({"text": None}, {}, "row 2: a message's text must be str, not NoneType"),
        ({"text": "hi", "sender": 28777}, {}, "row 2: a message's sender must be str or None, not int"),
        ({"text": "hi"}, {"reasons": -1}, "reasons is -1: ask for 0 or more"),
    ],
)
def test_a_row_that_cannot_be_judged_is_named(model, row, params, says):
    with pytest.raises(MlflowException, match=says) as raised:
        model.predict(pd.DataFrame([ROWS[0], row]), params=params)
    assert raised.value.get_http_status_code() == 400


def test_what_is_kept_names_the_class_and_holds_no_copy_of_it(project, tmp_path):
    mlflow = tracking.open_store(store(project))
    mlflow.artifacts.download_artifacts("models:/legitext@champion", dst_path=str(tmp_path))
    kept = {file.name: file for file in tmp_path.rglob("*") if file.is_file()}
    assert kept["legitext.joblib"].read_bytes() == (project / "legitext.joblib").read_bytes()
    assert "def " not in kept["serving_entry.py"].read_text()
    assert not [name for name in kept if name.endswith((".pkl", ".pickle"))]
    assert "legitext==" in kept["requirements.txt"].read_text()


def test_the_same_file_is_no_new_version(project):
    assert serving.register("legitext.joblib", "challenger", store=store(project)) == "1"


@pytest.fixture(scope="module")
def server(project):
    """The address of `mlflow models serve`, on a port that was free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["-m", "mlflow", "models", "serve", "-m", "models:/legitext@champion", "--env-manager", "local", "--host", "127.0.0.1"]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # MLflow looks for uvicorn there
    with (project / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *command, "--port", str(port)],
            cwd=project,
            env={**os.environ, "PATH": path, "MLFLOW_TRACKING_URI": store(project)},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        for _ in range(300):
            if process.poll() is not None:
                break
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5).close()
                break
            except OSError:
                time.sleep(0.2)
        assert process.poll() is None, (project / "server.log").read_text()
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def post(server, body):
    """The status and what was answered to a body as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(f"{server}/invocations", data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_mlflow_serves_it_over_http(server):
    split = {"columns": ["text", "sender"], "data": [[row["text"], row.get("sender")] for row in ROWS]}
    status, answer = post(server, {"dataframe_split": split})
    assert status == 200
    assert [row["label"] for row in answer["predictions"]] == ["smishing", "ham"]
    for row in answer["predictions"]:
        assert row["probabilities"].keys() == set(LABELS)
        assert sum(row["probabilities"].values()) == pytest.approx(1)
        assert all(isinstance(reason, str) for reason in row["reasons"])
    assert post(server, {"dataframe_records": ROWS}) == (status, answer)
    status, shorter = post(server, {"dataframe_records": ROWS, "params": {"reasons": 1}})
    assert status == 200
    assert [row["reasons"] for row in shorter["predictions"]] == [row["reasons"][:1] for row in answer["predictions"]]
    for bad, says in (
        (b'{"dataframe_records": [', "JSON"),
        ({"dataframe_records": [{"words": "hi"}]}, "missing inputs ['text']"),
        ({"dataframe_records": [{"text": ""}]}, "row 1: a message's text is empty"),
    ):
        status, error = post(server, bad)
        assert 400 <= status < 500
        assert says in error["message"]
    assert post(server, {"dataframe_records": ROWS}) == (200, answer)


def status_of(server, body, kind="application/json"):
    """The status alone of what is answered to a body, whatever it is."""
    request = urllib.request.Request(f"{server}/invocations", body, {"Content-Type": kind})
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            answer.read()
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def is_well(server):
    status, answer = post(server, {"dataframe_records": ROWS})
    return status == 200 and [row["label"] for row in answer["predictions"]] == ["smishing", "ham"]


HUGE = 10_000_000
BAD = {
    "empty": b"",
    "no object": b"[]",
    "null": b"null",
    "number": b"1e999",
    "cut short": b'{"dataframe_records": [{"text": "hi"',
    "not UTF-8": b'{"dataframe_records": [{"text": "\xff\xfe"}]}',
    "NUL": b"\0" * 1000,
    "other key": b'{"rows": [{"text": "hi"}]}',
    "two keys": b'{"inputs": ["hi"], "instances": ["hi"]}',
    "number as text": b'{"dataframe_records": [{"text": 5}]}',
    "object as text": b'{"dataframe_records": [{"text": {"a": ["b"]}}]}',
    "uneven": b'{"dataframe_split": {"columns": ["text", "sender"], "data": [["hi"], ["a", "b", "c"]]}}',
    "reasons": b'{"dataframe_records": [{"text": "hi"}], "params": {"reasons": "many"}}',
    "10 MB of brackets": b"[" * HUGE,
    "10 MB of nothing": b" " * HUGE,
    "10 MB of noise": b"\xf0\x9f" * (HUGE // 2),
    "10 MB in one text": b'{"dataframe_records": [{"text": "' + b"a" * HUGE + b'"}]}',
    "10 MB of keys": b'{"dataframe_records": [{' + b",".join(b'"%0500d": 1' % number for number in range(20_000)) + b"}]}",
}


def test_bad_and_huge_bodies_are_refused_and_the_server_goes_on(server):
    answered = {name: status_of(server, body) for name, body in BAD.items()}
    assert {name: status for name, status in answered.items() if not 400 <= status < 600} == {}
    assert 400 <= status_of(server, b"text,sender\nhi", "application/x-unknown") < 500
    assert is_well(server)


def test_200_connections_at_once_are_answered_and_the_server_goes_on(server):
    host, port = server.removeprefix("http://").split(":")
    good = json.dumps({"dataframe_records": ROWS}).encode()
    with ExitStack() as idle:
        for _ in range(200):  # that say half a word
            idle.enter_context(socket.create_connection((host, int(port)), timeout=30)).sendall(b"POST /invocations HTTP/1.1\r\nContent-Le")
        with ThreadPoolExecutor(200) as clients:
            answered = list(clients.map(lambda number: status_of(server, BAD["cut short"] if number % 4 == 0 else good), range(200)))
    assert all(400 <= status < 600 for status in answered[::4])
    assert answered.count(200) >= 100
    assert is_well(server)
