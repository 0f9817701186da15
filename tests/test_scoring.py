"""Many rows at once: files by chunks, tables, datasets. Each verdict is that of `Classifier.predict`."""

import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from legitext import rows, scoring
from legitext.classifier import Classifier
from legitext.cli import main
from legitext.errors import DataError, InputError, LegitextError
from legitext.messages import LABELS, Message
from legitext.scoring import Options, score_file
from legitext.table import messages_of

ADDED = ["label", *LABELS, "brand"]
SCAM = "USPS: your parcel is held; confirm your address https://usps-trk.top/a"


@pytest.fixture(scope="module")
def classifier():
    return Classifier.load()


@pytest.fixture(scope="module")
def messages(made):
    """Messages with all that makes files hard: commas, quotes, line ends, and signs that are not ASCII."""
    found = [{"id": str(number), "text": one.text, "sender": one.sender} for number, one in enumerate(messages_of(made[:250]))]
    for number, text in enumerate(['say "yes", please', "one\ntwo\r\nthree, four", "¿qué tal? 🎉", "NA", " padded ", "123"]):
        found[number * 40]["text"] = text
    return found


@pytest.fixture(scope="module")
def expected(classifier, messages):
    """What is added to each row."""
    verdicts = classifier.predict([Message(row["text"], row["sender"]) for row in messages])
    return [[one.label, *one.probabilities.values(), one.brand] for one in verdicts]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(rows, "CHUNK_ROWS", 60)


def write(path, messages):
    table = pd.DataFrame(messages)
    if path.suffix == ".csv":
        table.to_csv(path, index=False)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in messages), encoding="utf-8")
    else:
        table.assign(id=table["id"].astype(int)).to_parquet(path, index=False, row_group_size=100)
    return str(path)


def read(path):
    """The rows of a file, as texts, numbers and None."""
    path = Path(path)
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            found = list(csv.DictReader(file))
        return [{name: None if name in ("sender", "brand") and not value else value for name, value in row.items()} for row in found]
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return parquet.read_table(path).to_pylist()


def refusals(path):
    return [json.loads(line) for line in Path(f"{path}.rejected.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("source", ["in.csv", "in.jsonl", "in.parquet"])
@pytest.mark.parametrize("target", ["out.csv", "out.jsonl", "out.parquet"])
def test_every_format_into_every_other_as_predict_judges(tmp_path, messages, expected, source, target):
    outcome = score_file(write(tmp_path / source, messages), str(tmp_path / target))
    assert outcome == (len(messages), 0, None)
    found = read(tmp_path / target)
    assert list(found[0]) == ["id", "text", "sender", *ADDED]
    assert [(str(row["id"]), row["text"], row["sender"] or None) for row in found] == [tuple(row.values()) for row in messages]
    assert [[row["label"], *(float(row[label]) for label in LABELS), row["brand"]] for row in found] == expected
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([source, target])


def test_parquet_keeps_the_types_of_its_columns(tmp_path):
    columns = {
        "text": pa.array([SCAM, None, "see you at 7"]).dictionary_encode(),
        "when": pa.array([1, 2, None], pa.timestamp("ms", "UTC")),
        "sender": pa.array([28777.0, 1.0, None]),
        "more": pa.array([[1, 2], [], None], pa.list_(pa.int16())),
        "amount": pa.array([1.5, float("nan"), None]),
    }
    parquet.write_table(pa.table(columns), tmp_path / "in.parquet")
    assert score_file(str(tmp_path / "in.parquet"), str(tmp_path / "out.parquet")).refused == 1
    found = parquet.read_table(tmp_path / "out.parquet")
    assert found.drop_columns(ADDED).equals(parquet.read_table(tmp_path / "in.parquet").take([0, 2]))
    assert refusals(tmp_path / "out.parquet") == [{"row": 2, "reason": "it has no text"}]
    assert found["label"].to_pylist() == [Classifier.load().predict_one(SCAM, "28777").label, "ham"]
    score_file(str(tmp_path / "in.parquet"), str(tmp_path / "out.jsonl"))
    assert read(tmp_path / "out.jsonl")[0]["when"] == "1970-01-01 00:00:00.001000+00:00"


def test_csv_rows_that_cannot_be_read_take_none_that_can_with_them(tmp_path):
    lines = [
        b"\xef\xbb\xbftext,n\r\n",
        b"hello there,2\r\n",
        b"few\r\n",
        b"one,two,4\r\n",
        b"caf\xe9,5\r\n",
        b'"over two\r\nlines",6\r\n',
        b"  ,8\r\n",
        b"\r\n",
        b'"a quote too many,10\r\n',
        b"still read,11\r\n",
        b'"read, too",12\r\n',
        b'say "hi" now,13\r\n',
        b'"never closed,14\r\n',
        b"the last,15",
    ]
    (tmp_path / "in.csv").write_bytes(b"".join(lines))
    assert score_file(str(tmp_path / "in.csv"), str(tmp_path / "out.csv"))[:2] == (6, 6)
    assert [row["n"] for row in read(tmp_path / "out.csv")] == ["2", "6", "11", "12", "13", "15"]
    reasons = {row["line"]: row["reason"] for row in refusals(tmp_path / "out.csv")}
    assert list(reasons) == [3, 4, 5, 8, 10, 14]
    assert reasons[3] == "it has 1 fields, the header 2: quote texts that hold commas"
    assert reasons[4].startswith("it has 3 fields")
    assert reasons[5].startswith("it is not UTF-8")
    assert "empty or blank" in reasons[8]
    assert reasons[10].startswith("it is no CSV (',' expected after '\"')")
    assert reasons[14].startswith("it is no CSV (unexpected end of data)")


def test_json_lines_that_cannot_be_read_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "CHUNK_ROWS", 5)
    lines = {
        1: b'{"text": "hi there", "n": 1}',
        2: b'{"text": "hi',
        3: b"[1]",
        4: b'{"n": 1}',
        5: b'{"text": 7}',
        6: b'{"text": "caf\xe9"}',
        7: b'{"text": "half \\ud83d"}',
        8: b'{"text": "hi", "n": NaN}',
        9: b'{"text": "hi", "label": "spam"}',
        10: b"[" * 100_000,
        12: b'{"text": "more", "m": {"k": [1]}, "sender": 28777}',
    }
    (tmp_path / "in.jsonl").write_bytes(b"".join(lines.get(number, b"") + b"\n" for number in range(1, 13)))
    assert score_file(str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl")) == (
        2,
        9,
        f"{tmp_path}/out.jsonl.rejected.jsonl",
    )
    assert [row.get("m") for row in read(tmp_path / "out.jsonl")] == [None, {"k": [1]}]
    assert read(tmp_path / "out.jsonl")[1]["smishing"] == Classifier.load().predict_one("more", "28777").probabilities["smishing"]
    reasons = {row["line"]: row["reason"] for row in refusals(tmp_path / "out.jsonl")}
    assert list(reasons) == [2, 3, 4, 5, 6, 7, 8, 9, 10]
    for number, says in {
        3: "a JSON list",
        4: "no text",
        5: "must be str, not int",
        6: "UTF-8",
        7: "surrogates",
        8: "NaN",
        9: "'label'",
    }.items():
        assert says in reasons[number]


def big(path, count=1200):
    path.write_text("text,n\n" + "".join(f"{SCAM} {number},{number}\n" if number % 7 else f"x,{number},\n" for number in range(count)))
    return str(path)


def test_processes_keep_the_order(tmp_path, monkeypatch):
    monkeypatch.setattr(scoring, "CHUNK_BYTES", 0)
    source = big(tmp_path / "in.csv")
    alone = score_file(source, str(tmp_path / "alone.csv"), jobs=1)
    assert score_file(source, str(tmp_path / "more.csv"), jobs=3)[:2] == alone[:2] == (1028, 172)
    for name in ("", ".rejected.jsonl"):
        assert (tmp_path / f"more.csv{name}").read_bytes() == (tmp_path / f"alone.csv{name}").read_bytes()


@pytest.fixture
def stop_after(monkeypatch):
    """Stops a run in the middle of a piece, after some chunks."""

    def run(chunks, source, target, options=None):
        add, done = scoring._ToFile.add, []

        def add_or_stop(self, chunk, piece, *more):
            if len(done) == chunks:
                self._pieces.write(piece[: len(piece) // 2])
                raise KeyboardInterrupt
            add(self, chunk, piece, *more)
            done.append(chunk)

        with monkeypatch.context() as patch:
            patch.setattr(scoring._ToFile, "add", add_or_stop)
            with pytest.raises(KeyboardInterrupt):
                score_file(source, str(target), options)

    return run


@pytest.fixture
def judged(monkeypatch):
    """The chunks that are judged."""
    chunks = []
    judge = scoring._Judge.__call__
    monkeypatch.setattr(scoring._Judge, "__call__", lambda self, chunk: chunks.append(chunk) or judge(self, chunk))
    return chunks


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path, messages, stop_after, judged, kind):
    source, target = (
        write(tmp_path / f"in.{kind}", [*messages[:70], {**messages[0], "text": " "}, *messages[70:]]),
        tmp_path / f"out.{kind}",
    )
    score_file(source, str(tmp_path / f"whole.{kind}"))
    whole = len(judged)
    stop_after(3, source, target)
    assert not target.exists()
    judged.clear()
    assert score_file(source, str(target))[:2] == (len(messages), 1)
    assert len(judged) == whole - 3
    for name in ("", ".rejected.jsonl"):
        assert Path(f"{target}{name}").read_bytes() == (tmp_path / f"whole.{kind}{name}").read_bytes()
    assert not Path(f"{target}.partial").exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda source: (Options(threshold="strict"), None),
        lambda source: (Options(prefix="x_"), None),
        lambda source: (None, source.write_bytes(source.read_bytes().replace(b"parcel", b"packet"))),
        lambda source: (None, os.utime(source, (1, 1))),
        lambda source: (None, Path(f"{source.parent}/out.csv.partial/note.json").write_text("{")),
        lambda source: (None, os.truncate(f"{source.parent}/out.csv.partial/pieces", 1)),
    ],
)
def test_what_is_kept_of_another_run_is_never_joined(tmp_path, stop_after, judged, change):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    big(source)
    stop_after(3, str(source), target)
    options, _ = change(source)
    judged.clear()
    outcome = score_file(str(source), str(target), options)
    assert judged[0].numbers[0] == 3
    assert len(read(target)) == outcome.judged == 1028
    assert len({tuple(row) for row in read(target)}) == 1
    assert len(refusals(target)) == outcome.refused == 172


def test_a_run_that_begins_anew_forgets_what_was_noted(tmp_path, stop_after):
    source, target = big(tmp_path / "in.csv"), tmp_path / "out.csv"
    stop_after(6, source, target)
    stop_after(0, source, target, Options(threshold="strict"))
    assert not Path(f"{target}.partial").exists()
    assert score_file(source, str(target)).judged == len(read(target)) == 1028


def test_a_run_that_is_killed_goes_on_and_its_processes_end(tmp_path):
    source, target = big(tmp_path / "in.csv", 300_000), tmp_path / "out.csv"
    note = Path(f"{target}.partial/note.json")
    command = [sys.executable, "-m", "legitext", "score", source, str(target), "--jobs", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        wait_for(note.exists)
        process.kill()
        process.stdout.read()  # ends when all that hold the pipe have
    assert not target.exists()
    before = note.stat().st_mtime_ns
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert "goes on after" in process.stderr.readline()
        wait_for(lambda: note.stat().st_mtime_ns > before)
        process.terminate()
        assert "the same command goes on from there" in process.stderr.read()
    assert process.returncode == 130


def wait_for(holds, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_two_runs_do_not_write_one_file(tmp_path):
    source, target = big(tmp_path / "in.csv", 10), str(tmp_path / "out.csv")
    made = scoring._ToFile(target, {}, rows.Writer("csv", ["text"], {}))
    with pytest.raises(LegitextError, match="is being written by another process"):
        score_file(source, target)
    made.__exit__(None)
    assert score_file(source, target).judged == 8


def test_an_input_that_grows_meanwhile_is_no_whole_output(tmp_path, monkeypatch):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    big(source, 100)
    target.write_text("the last good one")
    judge = scoring._Judge.__call__

    def grow(self, chunk):
        with source.open("a") as file:
            file.write("more,1\n")
        return judge(self, chunk)

    monkeypatch.setattr(scoring._Judge, "__call__", grow)
    with pytest.raises(DataError, match="changed while it was read"):
        score_file(str(source), str(target))
    assert target.read_text() == "the last good one"


def run(*arguments, text=b""):
    return subprocess.run([sys.executable, "-m", "legitext", "score", *arguments], input=text, capture_output=True, timeout=120)


def test_pipes_carry_rows_and_what_cannot_be_read_goes_to_standard_error(tmp_path):
    lines = b'{"sms": "%s", "n": 1}\n{"sms": ""}\n{"sms": "see you at seven"}\n' % SCAM.encode()
    done = run("-", "-", "--format", "jsonl", "--text-column", "sms", "--threshold", "0.9", "--prefix", "is_", text=lines)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["sms"], row["is_label"], row.get("n")) for row in found] == [(SCAM, "smishing", 1), ("see you at seven", "ham", None)]
    assert b'{"line": 2, "reason": "a message\'s text is empty or blank' in done.stderr
    assert b"2 rows judged, 1 could not be\n" in done.stderr
    assert run("-", str(tmp_path / "out.csv"), "--format", "jsonl", "--text-column", "sms", text=lines).returncode == 0
    assert [row["sms"] for row in read(tmp_path / "out.csv")] == [SCAM, "see you at seven"]
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".jsonl"] == ["out.csv"]


@pytest.mark.parametrize(
    ("content", "arguments", "says"),
    [
        (b"text,label\nhi,ham\n", [], "there is a column 'label' already, which the verdicts add: set them apart with --prefix legitext_"),
        (b"body\nhi\n", [], "column 'text' is missing (found: body): name another with --text-column or --sender-column"),
        (b"text,text\nhi,ham\n", [], "column 'text' is there twice"),
        (b"text\nhi\n", ["--sender-column", "from"], "column 'from' is missing"),
        (b"", [], "has no header"),
        (b"\xff\xfet\x00", [], "is no CSV header: it is not UTF-8"),
        (b"text\n \n\t\n", [], "none of its 2 rows can be judged"),
        (b"text\nhi\n", ["--threshold", "2"], "threshold '2'"),
        (b"text\nhi\n", ["--model", "no.joblib"], "no.joblib: No such file"),
    ],
)
def test_an_input_at_fault_is_named_and_the_last_output_stays(tmp_path, capsys, content, arguments, says):
    (tmp_path / "in.csv").write_bytes(content)
    (tmp_path / "out.csv").write_text("the last good one")
    assert main(["score", str(tmp_path / "in.csv"), str(tmp_path / "out.csv"), *arguments]) == 2
    assert says in capsys.readouterr().err
    assert (tmp_path / "out.csv").read_text() == "the last good one"
    assert not (tmp_path / "out.csv.partial").exists()


@pytest.mark.parametrize(
    ("source", "target", "says"),
    [
        ("in.txt", "out.csv", "its name does not tell its format: end it in .csv, .jsonl, .ndjson, .parquet, or name one with --format"),
        ("no.csv", "out.csv", "is not a file"),
        ("in.csv", "in.csv", "is the file that is read"),
        ("in.csv", ".", "is a folder"),
        ("bad.parquet", "out.csv", "cannot be read as parquet"),
        ("in.csv", "-", None),
        ("-", "out.parquet", "its name does not tell its format"),
    ],
)
def test_names_that_cannot_be_are_refused(tmp_path, monkeypatch, capsys, source, target, says):
    monkeypatch.chdir(tmp_path)
    for name in ("in.txt", "in.csv", "bad.parquet"):
        Path(name).write_text("text\nhi\n")
    assert main(["score", source, target]) == (2 if says else 0)
    assert (says or "") in capsys.readouterr().err


def test_without_pyarrow_the_line_that_mends_it_is_named(tmp_path, monkeypatch):
    (tmp_path / "in.parquet").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(LegitextError, match="parquet needs pyarrow, which is not installed: pip install pyarrow"):
        score_file(str(tmp_path / "in.parquet"), str(tmp_path / "out.csv"))
    (tmp_path / "in.csv").write_text("text\nhi\n")
    with pytest.raises(LegitextError, match="pip install pyarrow"):
        score_file(str(tmp_path / "in.csv"), str(tmp_path / "out.parquet"))


def test_csv_and_json_lines_need_no_training_library(tmp_path):
    big(tmp_path / "in.csv", 3)
    code = (
        "import sys\n"
        "for name in ('pandas', 'pyarrow', 'sklearn', 'tqdm', 'pyspark'): sys.modules[name] = None\n"
        "from legitext.cli import main\n"
        "sys.exit(main(['score', 'in.csv', 'out.jsonl']) or main(['score', 'out.jsonl', 'again.csv', '--prefix', 'x_']))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert (
        [row["x_label"] for row in read(tmp_path / "again.csv")]
        == [row["label"] for row in read(tmp_path / "out.jsonl")]
        == ["smishing"] * 2
    )


def test_a_line_without_end_is_not_held(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "LONGEST", 1000)
    for name in ("in.csv", "in.jsonl"):
        text = '{"text": "%s"}\n' if name == "in.jsonl" else '"%s"\n'
        (tmp_path / name).write_text(("text\n" if name == "in.csv" else "") + "".join(text % one for one in ("hi", "x" * 3000, "you up?")))
        assert score_file(str(tmp_path / name), str(tmp_path / "out.csv"))[:2] == (2, 1)
        assert refusals(tmp_path / "out.csv")[0]["reason"].count("longer than 1,000 bytes") == 1


def test_a_frame_gets_columns_and_keeps_its_index(classifier, messages, expected):
    frame = pd.DataFrame(messages, index=range(1000, 1000 + len(messages)))
    scored = classifier.score_frame(frame)
    assert scored.drop(columns=ADDED).equals(frame)
    assert [[None if pd.isna(value) else value for value in row] for row in scored[ADDED].to_numpy().tolist()] == expected
    odd = pd.DataFrame({"sms": [None, " ", SCAM, pd.NA], "label": "ham", "from": [None, None, 28777.0, None]})
    scored = classifier.score_frame(odd, text="sms", sender="from", prefix="its_")
    assert scored["its_label"].isna().tolist() == scored["its_ham"].isna().tolist() == [True, True, False, True]
    assert scored["its_smishing"][2] == classifier.predict_one(SCAM, "28777").probabilities["smishing"]
    assert list(classifier.score_frame(frame[:0]).columns) == [*frame.columns, *ADDED]
    for arguments, says in (
        ({"text": "sms"}, "'label' already"),
        ({}, "'text' is missing"),
        ({"text": "from", "prefix": "x"}, "row 2: a text must be"),
    ):
        with pytest.raises(InputError, match=says):
            classifier.score_frame(odd, **arguments)


def test_a_dataset_is_mapped_and_no_column_is_lost(classifier, messages, expected):
    import datasets
    from datasets.fingerprint import Hasher

    data = datasets.Dataset.from_list([{**messages[0], "text": "see you at seven", "sender": None}] * 1000 + messages)
    known = Hasher.hash(classifier.map_batch)
    mapped = data.map(classifier.map_batch, batched=True)
    assert Hasher.hash(classifier.map_batch) == known  # so that datasets finds what it has mapped before
    found = list(zip(*(mapped[name] for name in ADDED), strict=True))[1000:]
    assert found == [(*row[:-1], row[-1] or "") for row in expected]
    assert {name: feature.dtype for name, feature in mapped.features.items() if name in ADDED} == {
        name: "float64" if name in LABELS else "string" for name in ADDED
    }
    with pytest.raises(InputError, match=r"fn_kwargs=\{'prefix': 'legitext_'\}"):
        mapped.map(classifier.map_batch, batched=True)
    again = mapped.map(classifier.map_batch, batched=True, fn_kwargs={"prefix": "again_"})
    assert again["again_smishing"] == mapped["smishing"]
