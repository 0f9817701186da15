"""A model file is opened without trust: whatever stands in it, nothing of it runs, and what is refused is named."""

import importlib.util
import io
import os
import pickle
import random
import struct
import subprocess
import tracemalloc
import zlib
from pathlib import Path

import joblib
import numpy as np
import pytest

from legitext import artifact
from legitext.classifier import Classifier
from legitext.errors import ArtifactError

KEPT = Path(__file__).with_name("formats") / "4.joblib"
TEXTS = ("USPS: your parcel is held, confirm your address https://usps-trk.top/a", "ok see you tonight", "SALE! 50% off, STOP to opt out")


@pytest.fixture
def mark(tmp_path):
    """The file that every hostile file would make; it is not there when the test ends."""
    yield tmp_path / "it_ran"
    assert not (tmp_path / "it_ran").exists()


def refused(tmp_path, data, says):
    """Stop unless a file of these bytes is refused in one line that holds `says`."""
    file = tmp_path / "bad.joblib"
    file.write_bytes(data)
    with pytest.raises(ArtifactError, match=says) as caught:
        Classifier.load(file)
    said = str(caught.value)
    assert said.startswith(f"{file} is not a legitext model: ")
    assert said.isprintable()
    assert len(said) < 400 + len(str(file))


def dumped(value, compress=("zlib", 3)):
    file = io.BytesIO()
    joblib.dump(value, file, compress=compress, protocol=5)
    return file.getvalue()


def program(*operations):
    """A compressed file of pickle operations, which ends as pickles do."""
    return zlib.compress(b"\x80\x05" + b"".join(operations) + pickle.STOP)


def text(value):
    data = value.encode()
    return pickle.BINUNICODE + struct.pack("<I", len(data)) + data


class Hostile:
    """Calls something where it is unpickled."""

    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


class WithState(Hostile):
    def __setstate__(self, state):
        Path(state).mkdir()


def calls(mark):
    return {
        "os.system": (r"it names (posix|nt)\.system", Hostile(os.system, (f"touch {mark}",))),
        "eval": (r"it names builtins\.eval", Hostile(eval, (f"open({str(mark)!r}, 'w')",))),
        "exec": (r"it names builtins\.exec", Hostile(exec, (f"open({str(mark)!r}, 'w')",))),
        "open": (r"it names (_?io)\.open", Hostile(open, (str(mark), "w"))),
        "mkdir": (r"it names (posix|nt)\.mkdir", Hostile(os.mkdir, (str(mark),))),
        "Popen": (r"it names subprocess\.Popen", Hostile(subprocess.Popen, (["touch", str(mark)],))),
        "import": (r"it names builtins\.__import__", Hostile(__import__, ("antigravity",))),
        "getattr": (r"it names builtins\.getattr", Hostile(getattr, ("x", "join"))),
        "loads": (r"it names _pickle\.loads", Hostile(pickle.loads, (pickle.dumps(Hostile(os.mkdir, (str(mark),))),))),
        "joblib.load": (r"it names joblib\.numpy_pickle\.load", Hostile(joblib.load, (str(mark),))),
        "setstate": (r"it names .*WithState", Hostile(WithState, (), str(mark))),
        "nested reduce": (r"it names builtins\.map", Hostile(map, (Hostile(eval, ("os.mkdir",)), [str(mark)]))),
        "reduce in items": (r"it names collections\.OrderedDict", Hostile(__import__("collections").OrderedDict, (), None, None, iter([(1, Hostile(os.mkdir, (str(mark),)))]))),
        "memmap": (r"it names numpy\.memmap", Hostile(np.memmap, (str(mark), "float32", "w+", 0, 9))),
        "fromfile": (r"it names numpy(\.[\w.]+)?\.fromfile", Hostile(np.fromfile, (str(mark),))),
    }  # fmt: skip


@pytest.mark.parametrize("kind", calls(Path()))
@pytest.mark.parametrize("place", ["alone", "in a key", "in a number of an array"])
def test_what_a_pickle_would_call_is_named_and_not_called(tmp_path, mark, kind, place):
    says, hostile = calls(mark)[kind]
    if place == "in a number of an array":  # joblib writes an array of objects as a pickle in the pickle
        refused(tmp_path, dumped({"intercept": np.array([hostile], dtype=object)}), "it holds an array of O8, not of f4")
        return
    value = hostile if place == "alone" else {"format": artifact.FORMAT, "words": {"terms": [hostile]}}
    for protocol in (4, 5):
        refused(tmp_path, zlib.compress(pickle.dumps(value, protocol)), says)
    for protocol in range(4):  # whose operations are others, and some names as Python 2 had them
        refused(tmp_path, zlib.compress(pickle.dumps(value, protocol)), r"it names \w+\.\w+|it uses the pickle operation [A-Z]+")


@pytest.mark.parametrize(
    ("operations", "says"),
    [
        ([b"(Vtouch it_ran\nios\nsystem\n"], "it uses the pickle operation UNICODE"),
        ([b"(ios\nsystem\n"], "it uses the pickle operation INST"),
        ([b"(cos\nsystem\n", text("touch it_ran"), b"o"], r"it names os\.system"),
        ([pickle.EXT1 + b"\x01"], "it uses the pickle operation EXT1"),
        ([text("x"), pickle.BINPERSID], "it uses the pickle operation BINPERSID"),
        ([b"\xff"], "it uses the pickle operation 0xff"),
        ([text("os\n\x1b[2J" * 99), text("system"), pickle.STACK_GLOBAL], r"it names os\\n\\x1b"),
        ([b"cnumpy\ndtype\n", text("O8"), pickle.NEWFALSE, pickle.NEWTRUE, pickle.TUPLE3, pickle.REDUCE], "an array of O8"),
        ([b"cnumpy\nndarray\n", pickle.BININT + struct.pack("<i", 2**31 - 1), pickle.TUPLE1, pickle.REDUCE], r"it calls numpy\.ndarray"),
        ([b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n", pickle.EMPTY_TUPLE, pickle.REDUCE], "it calls joblib"),
        ([b"cnumpy\ndtype\n", pickle.EMPTY_TUPLE, pickle.NEWOBJ], r"it makes a numpy\.dtype"),
        ([b"cnumpy\ndtype\n", pickle.EMPTY_DICT, pickle.BUILD], r"it sets the state of a numpy\.dtype"),
        ([pickle.EMPTY_LIST, pickle.EMPTY_DICT, pickle.BUILD], "it sets the state of a list"),
        ([text("numpy.ndarray"), pickle.EMPTY_TUPLE, pickle.REDUCE], r"it calls numpy\.ndarray"),
        ([text("joblib.numpy_pickle.NumpyArrayWrapper"), pickle.EMPTY_TUPLE, pickle.NEWOBJ], "it makes a joblib"),
        ([pickle.BYTEARRAY8 + struct.pack("<Q", 1 << 40)], "it uses the pickle operation BYTEARRAY8"),
        ([pickle.BINUNICODE + struct.pack("<I", 1 << 31)], "it is cut short"),
        ([pickle.FRAME + struct.pack("<Q", 1 << 62)], "it is damaged"),
        ([pickle.BINGET + b"\x07"], "it is damaged"),
        ([pickle.POP], "it uses the pickle operation POP"),
        ([pickle.NONE, pickle.EMPTY_DICT, pickle.APPEND], "it adds to a NoneType as to a list"),
        ([], "it is damaged"),
    ],
)
def test_operations_that_no_model_file_needs_are_named(tmp_path, mark, monkeypatch, operations, says):
    monkeypatch.chdir(tmp_path)
    refused(tmp_path, program(*operations), says)


def test_names_are_looked_up_in_no_module(tmp_path, monkeypatch):
    (tmp_path / "trap.py").write_text("raise SystemExit('it ran')\n")
    monkeypatch.syspath_prepend(tmp_path)
    refused(tmp_path, program(b"ctrap\nanything\n"), r"it names trap\.anything")


@pytest.mark.parametrize(
    "array",
    [
        *(np.zeros(3, dtype=kind) for kind in ("f8", "f2", ">f4", "i4", "u1", "?", "c8", "U3", "S3", "M8[s]", "V4", "f4,f4")),
        np.array([1, "a", None], dtype=object),
        np.zeros(3, dtype=np.dtype("f4", metadata={"a": 1})),
        np.asfortranarray(np.zeros((3, 2), dtype="f4")),
        np.zeros((1, 1, 3), dtype="f4"),
        np.float32(1),
    ],
    ids=lambda array: f"{array.dtype} {array.shape}",
)
def test_only_plain_arrays_of_float32_are_read(tmp_path, array):
    refused(tmp_path, dumped({"intercept": array}), "array|it names")


def described(**changes):
    """A file of one array of which something is said that is not so."""
    state = {"subclass": b"cnumpy\nndarray\n", "shape": pickle.BININT1 + b"\x02" + pickle.TUPLE1, "order": text("C")}
    state["dtype"] = b"cnumpy\ndtype\n" + text("f4") + pickle.NEWFALSE + pickle.NEWTRUE + pickle.TUPLE3 + pickle.REDUCE
    state.update(allow_mmap=pickle.NEWTRUE, numpy_array_alignment_bytes=pickle.NONE)
    items = [text(key) + value for key, value in {**state, **changes}.items()]
    wrapper = b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n" + pickle.EMPTY_TUPLE + pickle.NEWOBJ
    return program(wrapper, pickle.EMPTY_DICT, pickle.MARK, *items, pickle.SETITEMS, pickle.BUILD, b"\0" * 8)


def test_an_array_is_not_larger_than_its_file(tmp_path):
    large = pickle.LONG1 + b"\x05" + (1 << 38).to_bytes(5, "little")
    for shape, says in (
        (large + pickle.TUPLE1, "an array of 274,877,906,944 numbers, more than it holds"),
        (large + large + pickle.TUPLE2, "numbers, more than it holds"),
        (pickle.LONG1 + b"\x09" + (1 << 64).to_bytes(9, "little") + pickle.TUPLE1, "no shape"),
        (pickle.BININT + struct.pack("<i", -1) + pickle.TUPLE1, "no shape"),
        (pickle.NEWTRUE + pickle.TUPLE1, "no shape"),
        (pickle.NONE, "no shape"),
    ):
        refused(tmp_path, described(shape=shape), says)
    refused(tmp_path, described(), "it holds a ndarray, not a dictionary")  # as it should be, so what was refused was the shape
    refused(tmp_path, described(subclass=b"cnumpy\ndtype\n"), "not a plain one")
    refused(tmp_path, described(order=text("F")), "not a plain one")
    refused(tmp_path, described(more=pickle.NONE), "otherwise than joblib does")


def test_small_files_cannot_keep_a_reader_busy_or_fill_its_memory(tmp_path):
    refused(tmp_path, program(pickle.EMPTY_LIST * 5_000_000), "more than 20,000 pickle operations")
    refused(tmp_path, program(pickle.EMPTY_LIST * 9_000, pickle.APPEND * 8_999), "it holds a list")  # one in the other
    doubled = b"".join(pickle.MEMOIZE + pickle.BINGET + bytes([place]) + pickle.TUPLE2 for place in range(60))
    refused(tmp_path, program(pickle.EMPTY_TUPLE, doubled), "it holds a tuple")
    refused(tmp_path, program(pickle.EMPTY_DICT, pickle.EMPTY_TUPLE, doubled, pickle.NONE, pickle.SETITEM), "a tuple as the key")


def folded(depth):
    """A list that is small in a file, and whose every way of being walked or shown is without end."""
    return [folded(depth - 1)] * 50 if depth else ["x"]


def in_itself():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    "value", [folded(40), in_itself(), {"a": folded(40)}, {"a": {"rows": 1, "labels": {"ham": folded(40)}, "digest": ""}}]
)
@pytest.mark.parametrize("key", [*artifact.KEYS, "digest", "words.terms", "words.shortest", "evidence.names", "thresholds.strict", "other"])
def test_what_is_endless_is_refused_wherever_it_stands(tmp_path, key, value):
    first, _, second = key.partition(".")
    held = artifact.load(KEPT)
    refused(tmp_path, dumped({**held, first: {**held[first], second: value} if second else value}), "it |its ")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"other": "x"}, "its other is nothing that a model file holds"),
        ({"versions": {"numpy": 2}}, "its versions are not texts"),
        ({"notes": [1]}, "its notes are not texts"),
        ({"data": {"x": {"rows": 1, "labels": {"ham": "one"}, "digest": "0"}}}, "its data of x do not count labels"),
        ({"data": {"x": {"rows": "1", "labels": {}, "digest": "0"}}}, "its data of x 'rows' is str, not int"),
        ({"words": {"shortest": 1, "longest": 2**31 - 1}}, "its words are of 1 to 2147483647"),
        ({"words": {"shortest": -1}}, "its words are of -1 to 2"),
        ({"words": {"terms": "x\n" * 100_000}}, "its words idf are"),
        ({"words": {"code": "x"}}, "its words code is nothing that a model file holds"),
    ],
)
def test_what_would_harm_later_is_named_at_once(tmp_path, change, says):
    held = artifact.load(KEPT)
    refused(tmp_path, dumped({**held, **{key: {**held[key], **value} if key == "words" else value for key, value in change.items()}}), says)


def test_a_digest_that_is_not_of_the_content_is_named(tmp_path):
    held = artifact.load(KEPT)
    right = artifact.digest_of(held)
    assert joblib.load(KEPT)["digest"] == right == "c8edfc69436c1237"
    louder = {**held, "intercept": held["intercept"] + np.float32(0.001)}
    wrong = [{**louder, "digest": right}, louder, {**held, "digest": ""}, {**held, "notes": [], "digest": right}]
    wrong.append({**held, "digest": right, "words": {**held["words"], "terms": held["words"]["terms"].replace("a", "b", 1)}})
    for one in wrong:
        refused(tmp_path, dumped(one), "it does not hold what its digest says")


def test_a_file_of_each_older_format_still_loads_and_judges_the_same():
    newest = Classifier.load(KEPT)
    expected = newest.decision_function(TEXTS)
    for number in (2, 3):
        older = Classifier.load(KEPT.with_name(f"{number}.joblib"))
        assert np.abs(older.decision_function(TEXTS) - expected).max() < 1e-12
        assert [one.label for one in older.predict(TEXTS)] == [one.label for one in newest.predict(TEXTS)] == ["smishing", "ham", "ham"]
    assert newest.info["thresholds"]["strict"] == {"spam": 0.7, "smishing": 0.9}
    assert older.info["thresholds"] == newest.info["thresholds"]
    assert Classifier.load(KEPT.with_name("2.joblib")).info["thresholds"]["strict"] == {"spam": 0.5, "smishing": 0.5}


@pytest.mark.parametrize(("number", "says"), [(0, "no format number"), (1, "never released"), (5, "newer than 4, .* upgrade legitext")])
def test_other_format_numbers_are_named(tmp_path, number, says):
    refused(tmp_path, dumped({**artifact.load(KEPT), "format": number}), says)


@pytest.fixture(scope="module")
def known():
    return artifact.digest_of(artifact.load(KEPT))


def is_refused_or_the_same(tmp_path, data, known):
    """Whether a file of these bytes is refused; if it is not, it holds what the kept one does."""
    file = tmp_path / "bad.joblib"
    file.write_bytes(data)
    try:
        held = artifact.load(file)
    except ArtifactError:
        return True
    assert artifact.digest_of(held) == known
    return False


def test_a_file_cut_anywhere_is_refused(tmp_path, known):
    data, raw = KEPT.read_bytes(), zlib.decompress(KEPT.read_bytes())
    assert all(is_refused_or_the_same(tmp_path, data[:end], known) for end in range(0, len(data), 37))
    assert all(is_refused_or_the_same(tmp_path, zlib.compress(raw[:end], 1), known) for end in range(0, len(raw), 37))


@pytest.mark.parametrize("packed", [True, False])
def test_a_file_with_a_bit_turned_anywhere_is_refused_or_the_same(tmp_path, known, packed):
    """The bits of the file, whose checksum tells, and those of its content packed anew, where only the reader and the digest do."""
    rng = random.Random(7)
    data = KEPT.read_bytes()
    data = data if packed else zlib.decompress(data)
    refusals = 0
    for _ in range(600):
        turned = bytearray(data)
        for _ in range(rng.choice((1, 1, 1, 5))):
            turned[rng.randrange(len(turned))] ^= 1 << rng.randrange(8)
        refusals += is_refused_or_the_same(tmp_path, bytes(turned) if packed else zlib.compress(turned, 1), known)
    assert refusals > 500


CODECS = ["gzip", "bz2", "lzma", "xz", *(["lz4"] if importlib.util.find_spec("lz4") else [])]


@pytest.mark.parametrize("codec", CODECS)
def test_other_codecs_are_named_and_not_unpacked(tmp_path, mark, monkeypatch, codec):
    held = artifact.load(KEPT)
    data = dumped({**held, "digest": artifact.digest_of(held)}, (codec, 3))
    refused(tmp_path, data, f"it is compressed with {codec}, and model files are compressed with zlib")
    refused(tmp_path, dumped(Hostile(os.mkdir, (str(mark),)), (codec, 3)), f"it is compressed with {codec}")
    monkeypatch.setattr(zlib, "decompressobj", lambda: pytest.fail("unpacked"))
    refused(tmp_path, data, f"it is compressed with {codec}")


def test_a_file_to_map_into_memory_is_named_and_not_mapped(tmp_path, mark):
    held = artifact.load(KEPT)
    for value in ({**held, "digest": artifact.digest_of(held)}, {"format": 4, "words": Hostile(os.mkdir, (str(mark),))}):
        refused(tmp_path, dumped(value, 0), "it is an uncompressed pickle")
    packed = tmp_path / "packed.joblib"
    packed.write_bytes(zlib.compress(dumped({**held, "digest": artifact.digest_of(held)}, 0)))
    intercept = artifact.load(packed)["intercept"]  # a flag in the file asks for a map
    assert type(intercept) is np.ndarray
    assert intercept.base is None or type(intercept.base) is np.ndarray


@pytest.mark.parametrize("size", [1_000_000_000, 20_000_000])
def test_a_bomb_is_refused_in_bounded_memory(tmp_path, monkeypatch, size):
    monkeypatch.setattr(artifact, "LARGEST", 10_000_000)
    packer = zlib.compressobj(1)
    piece = bytes(1_000_000)
    data = b"".join([*(packer.compress(piece) for _ in range(size // len(piece))), packer.flush()])
    tracemalloc.start()
    refused(tmp_path, data, "it unpacks to more than 10,000,000 bytes")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * artifact.LARGEST + len(data)


def test_what_has_no_end_is_not_read_to_it(tmp_path, monkeypatch):
    monkeypatch.setattr(artifact, "LARGEST", 1_000_000)
    if Path("/dev/zero").exists():
        with pytest.raises(ArtifactError, match="/dev/zero is not a legitext model"):
            Classifier.load("/dev/zero")
    with pytest.raises(ArtifactError, match=r"Is a directory|Permission denied"):
        Classifier.load(tmp_path)
