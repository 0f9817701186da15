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


def test_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(ArtifactError, match="No such file or directory; name a model file, or make one"):
        Classifier.load(tmp_path / "no.joblib")


def changed(small, **values):
    return {**small, **values}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda small: [1], "holds a list"),
        (lambda small: changed(small, format=99), "newer than 4, the newest read here: upgrade legitext"),
        (lambda small: changed(small, format="1"), "no format number"),
        (lambda small: changed(small, labels=["ham", "spam"]), "its labels are"),
        (
            lambda small: changed(small, thresholds={**small["thresholds"], "strict": {"smishing": 2.0, "spam": 0.5}}),
            "its threshold 'strict' of 'smishing' is 2.0",
        ),
        (lambda small: changed(small, thresholds={"smishing": 0.5, "spam": 0.5}), "its thresholds are called"),
        (lambda small: changed(small, intercept=np.zeros(2, dtype=np.float32)), "intercept are float32"),
        (lambda small: changed(small, intercept=np.zeros(3)), "it holds an array of f8, not of f4"),
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

    monkeypatch.setattr(joblib, "dump", fail)
    with pytest.raises(KeyboardInterrupt):
        artifact.save(small, saved)
    assert saved.read_bytes() == before
    assert [file.name for file in saved.parent.iterdir()] == [saved.name]
