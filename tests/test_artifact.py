import collections
import os
import pickle
import zlib

import joblib
import numpy as np
import pytest

from legitext import artifact
from legitext.classifier import Classifier
from legitext.decision import THRESHOLDS
from legitext.errors import ArtifactError
from legitext.messages import Message
from legitext.model import scores_in_parts
from legitext.table import messages_of

HALF = {"smishing": 0.5, "spam": 0.5}


@pytest.fixture(scope="module")
def small(small_model):
    return artifact.from_pipeline(small_model, dict.fromkeys(THRESHOLDS, HALF), {"grammar": {"rows": 1, "labels": {}, "digest": "x"}}, [])


@pytest.fixture
def saved(small, tmp_path):
    artifact.save(small, tmp_path / "model.joblib")
    return tmp_path / "model.joblib"


def builtins_and_arrays_only(value) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and builtins_and_arrays_only(one) for key, one in value.items())
    if isinstance(value, list):
        return all(builtins_and_arrays_only(one) for one in value)
    return type(value) in {str, int, float, bool} or (type(value) is np.ndarray and value.dtype == np.float32)


def test_served_and_trained_model_agree_on_every_message(small, small_model, made):
    messages = messages_of(made[::3]) + [Message(f"{text} Ok, see you at 8. Bring milk!") for text in made["text"][1::5]]
    assert np.abs(Classifier(small).decision_function(messages) - scores_in_parts(small_model, messages)).max() < 1e-9


def test_it_holds_builtins_and_arrays_only(small):
    assert builtins_and_arrays_only(small)


def test_what_is_saved_is_loaded_and_the_same_each_time(small, saved, tmp_path):
    loaded = artifact.load(saved)
    assert loaded.keys() == small.keys()
    assert (loaded["words"]["coefficients"] == small["words"]["coefficients"]).all()
    artifact.save(loaded, tmp_path / "again.joblib")
    assert (tmp_path / "again.joblib").read_bytes() == saved.read_bytes()


def test_joblib_itself_can_open_it(saved):
    assert joblib.load(saved)["format"] == artifact.FORMAT


class Hostile:
    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call[0], self.call[1:]


@pytest.mark.parametrize("call", [(os.system, "touch {}"), (eval, "open({!r}, 'w')"), (os.mkdir, "{}")])
def test_a_hostile_pickle_is_refused_and_nothing_runs(tmp_path, call):
    mark = tmp_path / "it_ran"
    payload = {"format": 1, "words": Hostile(call[0], call[1].format(str(mark)))}
    (tmp_path / "bad.joblib").write_bytes(zlib.compress(pickle.dumps(payload)))
    with pytest.raises(ArtifactError, match=r"it names \w+\.\w+"):
        Classifier.load(tmp_path / "bad.joblib")
    assert not mark.exists()


def test_an_array_of_objects_is_refused(tmp_path):
    mark = tmp_path / "it_ran"
    joblib.dump(
        {"format": 1, "intercept": np.array([Hostile(os.mkdir, str(mark))], dtype=object)}, tmp_path / "bad.joblib", compress=("zlib", 3)
    )
    with pytest.raises(ArtifactError):
        Classifier.load(tmp_path / "bad.joblib")
    assert not mark.exists()


@pytest.mark.parametrize("keep", [0, 1, 100, -1])
def test_a_truncated_file_is_refused(saved, keep):
    saved.write_bytes(saved.read_bytes()[:keep])
    with pytest.raises(ArtifactError, match="is not a legitext model"):
        Classifier.load(saved)


def test_a_flipped_bit_is_refused(saved):
    data = bytearray(saved.read_bytes())
    data[len(data) // 2] ^= 4
    saved.write_bytes(bytes(data))
    with pytest.raises(ArtifactError, match="is not a legitext model"):
        Classifier.load(saved)


def test_a_bomb_is_refused_before_it_unfolds(tmp_path, monkeypatch):
    monkeypatch.setattr(artifact, "LARGEST", 1_000_000)
    (tmp_path / "bomb.joblib").write_bytes(zlib.compress(b"\0" * 10_000_000))
    with pytest.raises(ArtifactError, match="unpacks to more than"):
        Classifier.load(tmp_path / "bomb.joblib")


def test_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(ArtifactError, match="No such file or directory; name a model file, or make one"):
        Classifier.load(tmp_path / "no.joblib")


def changed(small, **values):
    return {**small, **values}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda small: [1], "holds a list"),
        (lambda small: changed(small, format=99), "newer than 3, the newest read here: upgrade legitext"),
        (lambda small: changed(small, format="1"), "no format number"),
        (lambda small: changed(small, labels=["ham", "spam"]), "its labels are"),
        (
            lambda small: changed(small, thresholds={**small["thresholds"], "strict": {"smishing": 2.0, "spam": 0.5}}),
            "its threshold 'strict' of 'smishing' is 2.0",
        ),
        (lambda small: changed(small, thresholds={"smishing": 0.5, "spam": 0.5}), "its thresholds are called"),
        (lambda small: changed(small, intercept=np.zeros(2, dtype=np.float32)), "intercept are float32"),
        (lambda small: changed(small, intercept=np.zeros(3)), "intercept are float64"),
        (lambda small: changed(small, intercept=np.array([0, np.nan, 0], dtype=np.float32)), "not all finite"),
        (lambda small: changed(small, words={**small["words"], "terms": "only one"}), "words idf are float32"),
        (lambda small: changed(small, evidence={**small["evidence"], "names": ["aura"]}), "evidence that this version does not know"),
        (lambda small: {key: value for key, value in small.items() if key != "words"}, "its 'words' is NoneType"),
    ],
)
def test_what_is_not_as_it_should_be_is_named(small, tmp_path, change, says):
    joblib.dump(change(small), tmp_path / "bad.joblib", compress=("zlib", 3))
    with pytest.raises(ArtifactError, match=says):
        Classifier.load(tmp_path / "bad.joblib")


def test_a_failed_write_leaves_the_last_good_file(small, saved, monkeypatch):
    before = saved.read_bytes()

    def fail(*_args, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr(artifact, "dump", fail)
    with pytest.raises(KeyboardInterrupt):
        artifact.save(small, saved)
    assert saved.read_bytes() == before
    assert [file.name for file in saved.parent.iterdir()] == [saved.name]


def test_the_unpickler_reads_what_it_admits_and_no_more():
    assert artifact._unpickle(zlib.compress(pickle.dumps({"a": [1, 2.5, "x", True]}))) == {"a": [1, 2.5, "x", True]}
    other = zlib.compress(pickle.dumps(collections.OrderedDict(a=1)))
    with pytest.raises(ArtifactError, match=r"it names collections\.OrderedDict"):
        artifact._unpickle(other)


def test_a_file_of_format_2_still_loads(small, tmp_path):
    old = {**small, "format": 2, "thresholds": HALF}
    joblib.dump(old, tmp_path / "old.joblib", compress=("zlib", 6), protocol=5)
    loaded = artifact.load(tmp_path / "old.joblib")
    assert loaded["thresholds"] == dict.fromkeys(THRESHOLDS, HALF)
    assert Classifier(loaded, threshold="strict").predict("ok see you").label in {"ham", "spam", "smishing"}
