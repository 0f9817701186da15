"""The file a model is served from: builtins and numpy arrays only, so that no version of scikit-learn matters and nothing in it runs.

A file is one dictionary with the keys of `KEYS` and a digest of the rest, written by joblib with zlib. A change that an older loader
would misread, or a new key, takes the next format number. Format 3 had no digest. Format 2 had one threshold a label, without names.
Format 1 was never released: its thresholds were of the probability itself, all others are against ham.

Such a file is a pickle, a program for a machine that can call anything. It is read here by a machine that knows the few operations and
names that model files need, and calls nothing: see `_Reader`.
"""

import math
import pickle
import struct
import sys
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from legitext.decision import THRESHOLDS
from legitext.errors import ArtifactError
from legitext.evidence import EVIDENCE
from legitext.files import digest, replacing
from legitext.messages import LABELS
from legitext.reading import LONGEST_WORD

FORMAT = 4
LARGEST = 100_000_000
"""Bytes that a file may hold, as it is and once uncompressed; more is refused before it is read."""

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

BLOCK = {"terms": str, "idf": np.ndarray, "coefficients": np.ndarray, "shortest": int, "longest": int}
"""What words and characters hold."""


class _Name(str):
    """A name in a file; it stands for itself, and what it names is never touched."""

    __slots__ = ()


_WRAPPER, _NDARRAY, _DTYPE = _NAMES = (_Name("joblib.numpy_pickle.NumpyArrayWrapper"), _Name("numpy.ndarray"), _Name("numpy.dtype"))

_FLOAT32 = object()
"""Stands for the one type of number that arrays are of."""

_FLOAT32_ARGUMENTS = ("f4", False, True)
_FLOAT32_STATE = (3, "<", None, None, None, -1, -1, 0)
_WRAPPER_KEYS = {"subclass", "shape", "order", "dtype", "allow_mmap", "numpy_array_alignment_bytes"}
_MOST = 20_000
"""Operations in a file, so that a small one cannot keep a reader busy; those that training writes hold under a thousand."""


class _Array:
    """An array of which a file has not yet said what it is."""


class _Reader:
    """Reads dictionaries by text, lists, tuples, texts, numbers and arrays of float32 as joblib writes them, and calls nothing."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: list[Any] = []

    def load(self) -> Any:
        """What the file holds.

        Raises:
            ArtifactError: naming what no model file needs.
            Exception: some other, if the file is damaged.
        """
        for _ in range(_MOST):
            code = self._take(1)
            if code == pickle.STOP:
                return self._stack.pop()
            self._do(code)
        raise ArtifactError(f"it holds more than {_MOST:,} pickle operations")

    def _do(self, code: bytes) -> None:
        stack = self._stack
        match code:
            case pickle.MEMOIZE:
                self._memo.append(stack[-1])
            case pickle.SHORT_BINUNICODE:
                stack.append(self._text(self._number("<B")))
            case pickle.BINUNICODE:
                stack.append(self._text(self._number("<I")))
            case pickle.BINGET:
                stack.append(self._memo[self._number("<B")])
            case pickle.LONG_BINGET:
                stack.append(self._memo[self._number("<I")])
            case pickle.EMPTY_DICT:
                stack.append({})
            case pickle.EMPTY_LIST:
                stack.append([])
            case pickle.EMPTY_TUPLE:
                stack.append(())
            case pickle.MARK:
                self._marks.append(len(stack))
            case pickle.SETITEM:
                self._set_items(2)
            case pickle.SETITEMS:
                self._set_items(len(stack) - self._marks.pop())
            case pickle.APPEND:
                self._append(1)
            case pickle.APPENDS:
                self._append(len(stack) - self._marks.pop())
            case pickle.TUPLE1 | pickle.TUPLE2 | pickle.TUPLE3:
                stack.append(tuple(self._pop(1 + code[0] - pickle.TUPLE1[0])))
            case pickle.TUPLE:
                stack.append(tuple(self._pop(len(stack) - self._marks.pop())))
            case pickle.BININT | pickle.BININT1 | pickle.BININT2 | pickle.BINFLOAT:
                stack.append(self._number({pickle.BININT: "<i", pickle.BININT1: "<B", pickle.BININT2: "<H", pickle.BINFLOAT: ">d"}[code]))
            case pickle.LONG1:
                stack.append(int.from_bytes(self._take(self._number("<B")), "little", signed=True))
            case pickle.NONE | pickle.NEWTRUE | pickle.NEWFALSE:
                stack.append({pickle.NONE: None, pickle.NEWTRUE: True, pickle.NEWFALSE: False}[code])
            case pickle.PROTO:
                self._take(1)
            case pickle.FRAME:
                self._take(8)
            case pickle.STACK_GLOBAL:
                stack.append(_named(*self._pop(2)))
            case pickle.GLOBAL:
                stack.append(_named(self._line(), self._line()))
            case pickle.NEWOBJ:
                self._new(*self._pop(2))
            case pickle.REDUCE:
                self._reduce(*self._pop(2))
            case pickle.BUILD:
                self._build(*self._pop(2))
            case _:
                raise ArtifactError(f"it uses the pickle operation {_operation(code)}, which no model file of legitext needs")

    def _take(self, size: int) -> bytes:
        data = self._raw[self._at : self._at + size]
        if len(data) < size:
            raise ArtifactError("it is cut short")
        self._at += size
        return data

    def _number(self, form: str) -> Any:
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _text(self, size: int) -> str:
        return self._take(size).decode("utf-8", "surrogatepass")  # as pickle writes texts

    def _line(self) -> str:
        return self._text(self._raw.index(b"\n", self._at) - self._at) + self._text(1).rstrip()

    def _pop(self, count: int) -> list[Any]:
        if not 0 <= count <= len(self._stack):
            raise ArtifactError("it is damaged: it takes more than it holds")
        at = len(self._stack) - count
        taken = self._stack[at:]
        del self._stack[at:]
        return taken

    def _set_items(self, count: int) -> None:
        items = self._pop(count)
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) is not str:  # the hash of a nested tuple can take for ever
                raise ArtifactError(f"it has a {type(key).__name__} as the key of a dictionary")
            self._top(dict)[key] = value

    def _append(self, count: int) -> None:
        items = self._pop(count)
        self._top(list).extend(items)

    def _top(self, kind: type) -> Any:
        if type(self._stack[-1]) is not kind:
            raise ArtifactError(f"it adds to a {type(self._stack[-1]).__name__} as to a {kind.__name__}")
        return self._stack[-1]

    def _new(self, name: Any, arguments: Any) -> None:
        if name is not _WRAPPER or arguments != ():
            raise ArtifactError(f"it makes a {_shown(name)}")
        self._stack.append(_Array())

    def _reduce(self, name: Any, arguments: Any) -> None:
        if name is not _DTYPE:
            raise ArtifactError(f"it calls {_shown(name)}")
        if arguments != _FLOAT32_ARGUMENTS:
            raise ArtifactError(f"it holds an array of {_shown(next(iter(arguments), None))}, not of f4 (float32)")
        self._stack.append(_FLOAT32)

    def _build(self, made: Any, state: Any) -> None:
        if made is _FLOAT32:
            if state != _FLOAT32_STATE:
                raise ArtifactError("it holds an array of float32 in another form than model files do")
            self._stack.append(made)
        elif type(made) is _Array:
            self._stack.append(self._array(state))
        else:
            raise ArtifactError(f"it sets the state of a {_shown(made)}")

    def _array(self, state: Any) -> NDArray[np.float32]:
        """The array that joblib describes by `state`; its numbers stand in the file where its description ends."""
        if type(state) is not dict or set(state) != _WRAPPER_KEYS:
            raise ArtifactError("it describes an array otherwise than joblib does")
        if state["subclass"] is not _NDARRAY or state["order"] != "C" or state["dtype"] is not _FLOAT32:
            raise ArtifactError("it describes an array that is not a plain one of float32")
        shape = state["shape"]
        if type(shape) is not tuple or len(shape) > 2 or not all(type(size) is int and 0 <= size < 1 << 40 for size in shape):
            raise ArtifactError("it describes an array of no shape that a model file has")
        if state["numpy_array_alignment_bytes"] is not None:
            self._take(self._number("<B"))
        count = math.prod(shape)
        if 4 * count > len(self._raw) - self._at:
            raise ArtifactError(f"it describes an array of {count:,} numbers, more than it holds")
        return np.frombuffer(self._take(4 * count), "<f4").astype(np.float32).reshape(shape)


def _named(module: str, name: str) -> _Name:
    """The name if it is one that model files hold."""
    found = f"{module}.{name}"
    for known in _NAMES:
        if found == known:
            return known
    raise ArtifactError(f"it names {_shown(found)}, which no model file of legitext needs")


def save(artifact: Mapping[str, Any], path: str | Path) -> None:
    """Write an artifact, whole or not at all; the same artifact gives the same bytes."""
    from joblib import dump  # not above: it takes as long as all else that predicting imports

    check(artifact)
    with replacing(path) as part:
        dump(_canonical({**artifact, "digest": digest_of(artifact)}), part, compress=("zlib", 6), protocol=5)


def digest_of(artifact: Mapping[str, Any]) -> str:
    """What tells two models apart: the digest of all that `artifact` holds, however it was written."""
    return digest(b"".join(_content(dict(artifact))))


def _content(value: Any) -> Iterator[bytes]:
    """A value as bytes that no other value has."""
    if isinstance(value, dict):
        yield b"{%d" % len(value)
        for key in sorted(value):
            yield from _content(key)
            yield from _content(value[key])
    elif isinstance(value, list):
        yield b"[%d" % len(value)
        for one in value:
            yield from _content(one)
    elif isinstance(value, np.ndarray):
        yield f"#{value.shape}".encode()
        yield value.astype("<f4", copy=False).tobytes()
    elif isinstance(value, str):
        data = value.encode("utf-8", "surrogatepass")
        yield b"'%d:" % len(data)
        yield data
    else:
        yield f"={value!r}".encode()


def _canonical(value: Any) -> Any:
    """`value` anew, equal texts as one object: pickle writes an object met before as a reference, so its bytes hang on identity."""
    if isinstance(value, dict):
        return {_canonical(key): _canonical(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_canonical(one) for one in value]
    if isinstance(value, np.ndarray):
        return np.array(value, dtype="<f4", order="C")  # the dtype of an array that was read is an object of its own, too
    return sys.intern(value) if isinstance(value, str) else value


def load(path: str | Path) -> dict[str, Any]:
    """Read and check an artifact.

    Raises:
        ArtifactError: in one line, if the file is missing, damaged, hostile, or of a newer format.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise ArtifactError(f"{path}: {error.strerror}; name a model file, or make one with `make train`") from None
    try:
        return _checked(_unpickle(data))
    except ArtifactError as error:
        raise ArtifactError(f"{path} is not a legitext model: {error}; fetch it anew or make one with `make train`") from None


_STARTS = {
    b"\x1f\x8b": "compressed with gzip",
    b"BZh": "compressed with bz2",
    b"\xfd7zXZ": "compressed with xz",
    b"]\x00": "compressed with lzma",
    b"\x04\x22M\x18": "compressed with lz4",
    b"\x80": "an uncompressed pickle",
    b"PK": "a zip archive",
}


def _unpickle(data: bytes) -> Any:
    for start, what in _STARTS.items():
        if data.startswith(start):
            raise ArtifactError(f"it is {what}, and model files are compressed with zlib")
    try:
        unpacker = zlib.decompressobj()
        raw = unpacker.decompress(data, LARGEST)
        if unpacker.unconsumed_tail or len(data) > LARGEST:
            raise ArtifactError(f"it unpacks to more than {LARGEST:,} bytes")
        if not unpacker.eof:
            raise ArtifactError("it is cut short")
    except zlib.error:
        raise ArtifactError("it is not compressed as model files are, or damaged") from None
    try:
        return _Reader(raw).load()
    except ArtifactError:
        raise
    except Exception as error:  # a damaged pickle can raise anything
        raise ArtifactError(f"it is damaged ({type(error).__name__})") from None


def _checked(artifact: Any) -> dict[str, Any]:
    """What a file holds, checked, with what an older format lacks."""
    if not isinstance(artifact, dict):
        raise ArtifactError(f"it holds a {_shown(artifact)}, not a dictionary")
    number = artifact.get("format")
    stated = artifact.pop("digest", None) if number == FORMAT else None
    if number == 2 and isinstance(artifact.get("thresholds"), dict):
        artifact["thresholds"] = dict.fromkeys(THRESHOLDS, artifact["thresholds"])
    if number in (2, 3):
        artifact["format"] = FORMAT
    check(artifact)
    if number == FORMAT and stated != digest_of(artifact):
        raise ArtifactError("it does not hold what its digest says: it was changed or damaged after it was written")
    return artifact


def check(artifact: Any) -> None:
    """Stop if `artifact` is not what `KEYS` says.

    Raises:
        ArtifactError: naming the first key that is wrong.
    """
    if not isinstance(artifact, Mapping):
        raise ArtifactError(f"it holds a {_shown(artifact)}, not a dictionary")
    number = artifact.get("format")
    if type(number) is not int or number < 1:
        raise ArtifactError("it has no format number")
    if number < FORMAT:
        raise ArtifactError(f"it is of format {number}, which was never released")
    if number > FORMAT:
        raise ArtifactError(f"it is of format {number}, newer than {FORMAT}, the newest read here: upgrade legitext")
    _keys(artifact, "", KEYS)
    if artifact["labels"] != list(LABELS):
        raise ArtifactError(f"its labels are not {', '.join(LABELS)}")
    _array(artifact["intercept"], "intercept", (len(LABELS),))
    _check_thresholds(artifact["thresholds"])
    for block in ("words", "characters"):
        _keys(artifact[block], f"{block} ", BLOCK)
        terms = artifact[block]["terms"]
        size = terms.count("\n") + 1 if terms else 0
        _array(artifact[block]["idf"], f"{block} idf", (size,))
        _array(artifact[block]["coefficients"], f"{block} coefficients", (len(LABELS), size))
        if not 1 <= artifact[block]["shortest"] <= artifact[block]["longest"] <= LONGEST_WORD:
            raise ArtifactError(f"its {block} are of {artifact[block]['shortest']} to {artifact[block]['longest']}")
    _keys(artifact["evidence"], "evidence ", {"names": list, "coefficients": np.ndarray})
    names = artifact["evidence"]["names"]
    if not all(isinstance(name, str) and name in EVIDENCE for name in names):
        raise ArtifactError("it rests on evidence that this version does not know: upgrade legitext")
    _array(artifact["evidence"]["coefficients"], "evidence coefficients", (len(LABELS), len(names)))
    _check_facts(artifact)


def _check_thresholds(thresholds: dict[Any, Any]) -> None:
    if set(thresholds) != set(THRESHOLDS):
        raise ArtifactError(f"its thresholds are called {', '.join(sorted(map(_shown, thresholds)))}, not {', '.join(THRESHOLDS)}")
    for name, one in thresholds.items():
        if not isinstance(one, dict) or set(one) != set(LABELS[1:]):
            raise ArtifactError(f"its thresholds {name!r} are not of {', '.join(LABELS[1:])}")
        for label, threshold in one.items():
            if not isinstance(threshold, float) or not 0 < threshold <= 1:
                raise ArtifactError(f"its threshold {name!r} of {label!r} is {_shown(threshold)}")


def _check_facts(artifact: Mapping[str, Any]) -> None:
    """Stop if what is only told to users is not of the kinds that can be."""
    if not _maps(artifact["versions"], str):
        raise ArtifactError("its versions are not texts by name")
    if not all(isinstance(note, str) for note in artifact["notes"]):
        raise ArtifactError("its notes are not texts")
    for name, facts in artifact["data"].items():
        if not isinstance(name, str) or not isinstance(facts, dict):
            raise ArtifactError("its data are not facts by source")
        _keys(facts, f"data of {_shown(name)} ", {"rows": int, "labels": dict, "digest": str})
        if not _maps(facts["labels"], int):
            raise ArtifactError(f"its data of {_shown(name)} do not count labels")


def _keys(found: Mapping[Any, Any], where: str, expected: Mapping[str, type]) -> None:
    for key, kind in expected.items():
        if not isinstance(found.get(key), kind):
            raise ArtifactError(f"its {where}{key!r} is {type(found.get(key)).__name__}, not {kind.__name__}")
    for key in found.keys() - expected.keys():
        raise ArtifactError(f"its {where}{_shown(key)} is nothing that a model file holds")


def _maps(found: Mapping[Any, Any], kind: type) -> bool:
    return all(isinstance(key, str) and isinstance(value, kind) for key, value in found.items())


def _shown(value: Any) -> str:
    """What a file holds, in a form that is short and safe to print: it may be anything, of any size."""
    if isinstance(value, str):
        return value[:80].encode("unicode_escape").decode()
    return repr(value) if isinstance(value, int | float) else type(value).__name__


def _operation(code: bytes) -> str:
    from pickletools import opcodes

    return next((known.name for known in opcodes if known.code.encode("latin-1") == code), f"0x{code.hex()}")


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
