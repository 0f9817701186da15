"""The file a model is served from: builtins and numpy arrays only, so that no version of scikit-learn matters and nothing in it runs.

A file is one dictionary with the keys of `KEYS`, written by joblib with zlib. A change that an older loader would misread takes the
next format number. Format 2 had one threshold a label, without names. Format 1 was never released: its thresholds were of the
probability itself, all others are against ham.
"""

import io
import sys
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from joblib import dump
from joblib.numpy_pickle import NumpyArrayWrapper, NumpyUnpickler

from legitext.decision import THRESHOLDS
from legitext.errors import ArtifactError
from legitext.evidence import EVIDENCE
from legitext.files import replacing
from legitext.messages import LABELS

FORMAT = 3
LARGEST = 200_000_000
"""Bytes that a file may hold once uncompressed; more is refused before it is read."""

KEYS = {
    "format": int,
    "versions": dict,
    "labels": list,
    "thresholds": dict,
    "intercept": np.ndarray,
    "words": dict,
    "characters": dict,
    "evidence": dict,
    "data": dict,
    "notes": list,
}
"""format: this number. versions: of what made it. thresholds: by name, see
`legitext.decision.THRESHOLDS`, for each label but ham the least `against_ham` at which it stands. intercept: (3,). words, characters: `terms` (joined by line ends), `idf` (n,), `coefficients` (3, n), `shortest`, `longest`.
evidence: `names`, `coefficients` (3, n). data: by source the rows trained on and their digest. notes: what a user must know."""


class _PlainArray(NumpyArrayWrapper):  # type: ignore[misc]  # joblib has no types
    """Reads arrays of numbers; one of objects holds a pickle of its own, and is refused before it is opened."""

    def read_array(self, unpickler: Any, *more: Any) -> Any:
        if self.dtype.hasobject:
            raise ArtifactError("it holds an array of objects")
        return super().read_array(unpickler, *more)


_ADMITTED: Mapping[tuple[str, str], Any] = {
    ("joblib.numpy_pickle", "NumpyArrayWrapper"): _PlainArray,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class _Unpickler(NumpyUnpickler):  # type: ignore[misc]  # joblib has no types
    """Builds nothing but builtins and plain arrays."""

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ADMITTED[module, name]
        except KeyError:
            raise ArtifactError(f"it names {module}.{name}, which no model file of legitext needs") from None


def save(artifact: Mapping[str, Any], path: str | Path) -> None:
    """Write an artifact, whole or not at all; the same artifact gives the same bytes."""
    check(artifact)
    with replacing(path) as part:
        dump(_canonical(dict(artifact)), part, compress=("zlib", 6), protocol=5)


def _canonical(value: Any) -> Any:
    """`value` anew, equal texts as one object: pickle writes an object met before as a reference, so its bytes hang on identity."""
    if isinstance(value, dict):
        return {_canonical(key): _canonical(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_canonical(one) for one in value]
    if isinstance(value, np.ndarray):
        return np.array(value, dtype=np.float32)  # the dtype of an array that was read is an object of its own, too
    return sys.intern(value) if isinstance(value, str) else value


def load(path: str | Path) -> dict[str, Any]:
    """Read and check an artifact.

    Raises:
        ArtifactError: in one line, if the file is missing, damaged, hostile, or of a newer format.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ArtifactError(f"{path}: {error.strerror}; name a model file, or make one with `make train`") from None
    try:
        artifact: dict[str, Any] = _of_this_format(_unpickle(data))
        check(artifact)
    except ArtifactError as error:
        raise ArtifactError(f"{path} is not a legitext model: {error}; fetch it anew or make one with `make train`") from None
    return artifact


def _unpickle(data: bytes) -> Any:
    try:
        unpacker = zlib.decompressobj()
        raw = unpacker.decompress(data, LARGEST)
        if unpacker.unconsumed_tail:
            raise ArtifactError(f"it unpacks to more than {LARGEST:,} bytes")
        if not unpacker.eof:
            raise ArtifactError("it is cut short")
    except zlib.error:
        raise ArtifactError("it is not compressed as model files are, or damaged") from None
    try:
        return _Unpickler("", io.BytesIO(raw), ensure_native_byte_order=True).load()
    except ArtifactError:
        raise
    except Exception as error:  # a damaged pickle can raise anything
        raise ArtifactError(f"it is damaged ({type(error).__name__})") from None


def _of_this_format(artifact: Any) -> Any:
    """A file of an older format as one of this."""
    if isinstance(artifact, dict) and artifact.get("format") == 2 and isinstance(artifact.get("thresholds"), dict):
        return {**artifact, "format": FORMAT, "thresholds": dict.fromkeys(THRESHOLDS, artifact["thresholds"])}
    return artifact


def check(artifact: Any) -> None:
    """Stop if `artifact` is not what `KEYS` says.

    Raises:
        ArtifactError: naming the first key that is wrong.
    """
    if not isinstance(artifact, Mapping):
        raise ArtifactError(f"it holds a {type(artifact).__name__}, not a dictionary")
    number = artifact.get("format")
    if not isinstance(number, int) or number < 1:
        raise ArtifactError("it has no format number")
    if number < FORMAT:
        raise ArtifactError(f"it is of format {number}, which was never released")
    if number > FORMAT:
        raise ArtifactError(f"it is of format {number}, newer than {FORMAT}, the newest read here: upgrade legitext")
    for key, kind in KEYS.items():
        if not isinstance(artifact.get(key), kind):
            raise ArtifactError(f"its {key!r} is {type(artifact.get(key)).__name__}, not {kind.__name__}")
    if tuple(artifact["labels"]) != LABELS:
        raise ArtifactError(f"its labels are {artifact['labels']!r}, not {list(LABELS)!r}")
    _array(artifact["intercept"], "intercept", (len(LABELS),))
    if set(artifact["thresholds"]) != set(THRESHOLDS):
        raise ArtifactError(f"its thresholds are called {sorted(map(str, artifact['thresholds']))}, not {', '.join(THRESHOLDS)}")
    for name, thresholds in artifact["thresholds"].items():
        if not isinstance(thresholds, dict) or set(thresholds) != set(LABELS[1:]):
            raise ArtifactError(f"its thresholds {name!r} are not of {', '.join(LABELS[1:])}")
        for label, threshold in thresholds.items():
            if not isinstance(threshold, float) or not 0 < threshold <= 1:
                raise ArtifactError(f"its threshold {name!r} of {label!r} is {threshold!r}")
    for block in ("words", "characters"):
        terms = artifact[block].get("terms")
        if not isinstance(terms, str):
            raise ArtifactError(f"its {block} have no terms")
        size = terms.count("\n") + 1 if terms else 0
        _array(artifact[block].get("idf"), f"{block} idf", (size,))
        _array(artifact[block].get("coefficients"), f"{block} coefficients", (len(LABELS), size))
        if not all(isinstance(artifact[block].get(key), int) for key in ("shortest", "longest")):
            raise ArtifactError(f"its {block} have no lengths")
    names = artifact["evidence"].get("names")
    if not isinstance(names, list) or not all(isinstance(name, str) and name in EVIDENCE for name in names):
        raise ArtifactError("it rests on evidence that this version does not know: upgrade legitext")
    _array(artifact["evidence"].get("coefficients"), "evidence coefficients", (len(LABELS), len(names)))


def from_pipeline(
    pipeline: Any, thresholds: Mapping[str, Mapping[str, float]], data: Mapping[str, Any], notes: list[str]
) -> dict[str, Any]:
    """The artifact that scores as a fitted pipeline of `legitext.model` does.

    Args:
        pipeline: fitted on all of `LABELS`.
        thresholds: by name, see `legitext.decision.THRESHOLDS`, those of each label but ham.
        data: by source what it was trained on.
        notes: what a user must know.
    """
    import platform

    import sklearn

    import legitext

    classifier = pipeline.named_steps["classify"]
    if set(classifier.classes_) != set(LABELS):
        raise ArtifactError(f"a model of {', '.join(classifier.classes_)} cannot be exported: train it on {', '.join(LABELS)}")
    order = [list(classifier.classes_).index(label) for label in LABELS]
    coefficients = classifier.coef_[order].astype(np.float32)
    blocks = dict(pipeline.named_steps["features"].transformer_list)
    artifact: dict[str, Any] = {
        "format": FORMAT,
        "versions": {
            "legitext": legitext.__version__,
            "python": platform.python_version(),
            "scikit-learn": sklearn.__version__,
            "numpy": np.__version__,
        },
        "labels": list(LABELS),
        "thresholds": {name: {label: float(value) for label, value in one.items()} for name, one in thresholds.items()},
        "intercept": classifier.intercept_[order].astype(np.float32),
        "data": dict(data),
        "notes": list(notes),
    }
    start = 0
    for name in ("words", "characters"):
        block = blocks[name]
        size = len(block.terms_)
        artifact[name] = {
            "terms": "\n".join(block.terms_.tolist()),
            "idf": block.idf_.astype(np.float32),
            "coefficients": np.ascontiguousarray(coefficients[:, start : start + size]),
            "shortest": block.shortest,
            "longest": block.longest,
        }
        start += size
    artifact["evidence"] = {"names": list(EVIDENCE), "coefficients": np.ascontiguousarray(coefficients[:, start:])}
    return artifact


def _array(value: Any, what: str, shape: tuple[int, ...]) -> None:
    if not isinstance(value, np.ndarray) or value.dtype != np.float32 or value.shape != shape:
        found = f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
        raise ArtifactError(f"its {what} are {found}, not float32 {shape}")
    if not np.isfinite(value).all():
        raise ArtifactError(f"its {what} are not all finite")
