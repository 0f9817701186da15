import csv
import multiprocessing
import sys
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
import yaml

from legitext import corrections, report
from legitext.cli import main
from legitext.corrections import correct, standing
from legitext.errors import DataError, InputError, LegitextError
from legitext.fetching import fetch
from legitext.model import build_pipeline, groups_of, training_rows
from legitext.params import Fetch, Train, load_params
from legitext.split import assign_splits, bucket_of, group_of
from legitext.stages import export, prepare
from legitext.table import as_table, messages_of, read_table, write_table

ROOT = Path(__file__).parents[1]
HEAD = "text,sender,label,date\n"
CARD_INFO = {"thresholds": {"catch": {"smishing": 0.8, "spam": 0.6}}, "notes": []}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A project's folder without corpora, where commands and stages run."""
    (tmp_path / "data/raw").mkdir(parents=True)
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEGITEXT_CORPORA", "")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path


@pytest.fixture
def file(tmp_path):
    return tmp_path / "corrections.csv"


def noted(file):
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize(
    "text",
    ["a, b", 'she said "hi"', "two\nlines", "two\r\nlines", "cut\rshort", " NA ", '"', "héllo 🙂", "=1+1", "x" * 1_000_000],
    ids=lambda text: repr(text[:12]),
)
def test_a_text_comes_back_as_it_went_in(file, text):
    assert correct(text, "ham", "+1 614, 5550112", path=file) is None
    correct("and another", "spam", path=file)
    first, second = standing(file).values()
    assert (first.message.text, first.message.sender, first.label) == (text, "+1 614, 5550112", "ham")
    assert (second.message.sender, second.label) == (None, "spam")


def test_a_correction_is_dated_in_utc(file, monkeypatch):
    class Clock(datetime):
        @classmethod
        def now(cls, tz):
            assert tz is UTC
            return cls(2026, 1, 31, 23, 59, tzinfo=tz)

    monkeypatch.setattr(corrections, "datetime", Clock)
    correct("see you at seven", "ham", path=file)
    assert noted(file) == [{"text": "see you at seven", "sender": "", "label": "ham", "date": "2026-01-31"}]


def test_what_is_known_is_not_written_again(file):
    correct("Your parcel waits", "smishing", "USPS", path=file)
    before = file.read_bytes()
    known = correct("Your  p\u0430rcel wa\u200bits\n", "smishing", " USPS ", path=file)  # the same to a reader
    assert known.label == "smishing"
    assert file.read_bytes() == before
    assert correct("Your parcel waits", "smishing", path=file) is None  # without its sender it is another message
    assert len(standing(file)) == 2


def test_the_newest_label_holds_and_the_older_stay_as_history(file):
    for label in ("smishing", "ham", "smishing", "spam"):
        correct("Your parcel waits", label, "USPS", path=file)
    assert [row["label"] for row in noted(file)] == ["smishing", "ham", "smishing", "spam"]
    assert [one.label for one in standing(file).values()] == ["spam"]


def test_the_command_says_what_it_did_and_shows_no_text(folder, capsys):
    said = []
    for label in ("ham", "ham", "spam"):
        assert main(["correct", "lunch with Zbigniewa?", "--label", label, "--sender", "+16145550112"]) == 0
        said.append(capsys.readouterr())
    for one, expected in zip(said, ("noted as ham in data/corrections.csv", "known as ham since 20", "no longer ham"), strict=True):
        assert expected in one.out
        assert "Zbigniewa" not in one.out + one.err
    assert [row["label"] for row in noted(folder / "data/corrections.csv")] == ["ham", "spam"]


def test_bytes_that_are_not_utf8_are_kept_as_marks(file):
    correct("caf\udce9", "ham", path=file)
    assert noted(file)[0]["text"] == "caf\ufffd"


@pytest.mark.parametrize(("text", "says"), [("", "empty or blank"), (" \n ", "empty or blank"), ("-", "not read from standard input")])
def test_what_is_no_text_is_refused_with_code_2(folder, capsys, text, says):
    assert main(["correct", text, "--label", "ham"]) == 2
    assert says in capsys.readouterr().err
    assert not (folder / "data/corrections.csv").exists()


def test_what_is_no_label_is_refused_with_code_2(folder, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["correct", "hi", "--label", "nice"])
    assert ended.value.code == 2
    with pytest.raises(InputError, match="the label is not one of ham, spam, smishing"):
        correct("hi", "nice")
    assert not (folder / "data/corrections.csv").exists()


def test_outside_a_project_nothing_is_made(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["correct", "hi", "--label", "ham"]) == 2
    assert "run in the project's folder" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_system_without_locks_is_named(file, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with pytest.raises(LegitextError, match="cannot be locked on this system"):
        correct("hi", "ham", path=file)
    assert not file.exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"secret,,ham,2026-01-31\n", "line 1: the header must be text,sender,label,date"),
        (HEAD.encode() + b"hi,,ham,2026-01-31\nsecret, you,,ham,2026-01-31\n", "line 3: 5 fields instead of 4"),
        (HEAD.encode() + b'"two\nlines",,ham,2026-01-31\nsecret,,ham\n', "line 4: 3 fields instead of 4"),
        (HEAD.encode() + b"hi,,secret,2026-01-31\n", "line 2: the label is not one of"),
        (HEAD.encode() + b"hi,,ham,secret\n", "line 2: the date is not one like"),
        (HEAD.encode() + b"  ,secret,ham,2026-01-31\n", "line 2: a message's text is empty or blank"),
        (HEAD.encode() + b'hi,,ham,2026-01-31\n"secret,,ham,2026-01-31\n', "line 3: unexpected end of data"),
        (HEAD.encode() + b"hi,,ham,2026-01-31\n\xe9 secret,,ham,2026-01-31\n", "line 3: byte 0xe9"),
    ],
)
def test_a_damaged_file_is_named_with_its_line_but_not_its_text_and_stays_as_it_is(file, content, says):
    file.write_bytes(content)
    with pytest.raises(DataError, match=says) as caught:
        correct("hello", "ham", path=file)
    assert str(file) in str(caught.value)
    assert "secret" not in str(caught.value).replace(str(file), "")
    assert file.read_bytes() == content


def test_a_file_kept_by_hand_is_added_to(file):
    written = (
        b"\xef\xbb\xbftext,sender,label,date\r\nhi there,28777,ham,2026-01-31\r\n\r\nbuy now,,spam,2026-02-01"  # as spreadsheets save it
    )
    file.write_bytes(written)
    file.chmod(0o600)
    assert correct("hi there", "ham", "28777", path=file).day.isoformat() == "2026-01-31"
    correct("see you", "ham", path=file)
    assert file.read_bytes().startswith(written + b"\n")
    assert [one.message.text for one in standing(file).values()] == ["hi there", "buy now", "see you"]
    assert file.stat().st_mode & 0o777 == 0o600


def test_writers_at_once_lose_no_row_and_write_none_twice(file):
    own = [f'writer says "{row}",\nand more' for row in range(120)]
    shared = [f"all say {row}" for row in range(30)]
    rows = [(text, "ham", None, file) for text in own + [text for text in shared for _ in range(4)]]
    with multiprocessing.get_context("spawn").Pool(4) as writers:
        before = writers.starmap(correct, rows, chunksize=1)
    assert sorted(row["text"] for row in noted(file)) == sorted(own + shared)
    assert before.count(None) == len(own + shared)


def test_corrections_become_a_source_of_their_own_with_its_weight(folder, capsys):
    write_table(
        as_table(pd.DataFrame({"text": ["Your code is 1"], "label": ["ham"], "group": ["usps/1"]}), "grammar"), "data/synthetic.parquet"
    )
    for number in range(30):
        correct(f"lunch with Zbigniewa {chr(97 + number // 6) * 3} {chr(97 + number % 6) * 3}", "spam", "+16145550112")
    correct("lunch with Zbigniewa aaa aaa", "ham", "+16145550112")
    fetch(Fetch())
    prepare.main()
    said = capsys.readouterr()
    assert "corrections: 30 messages (spam 29, ham 1)" in said.err
    assert "Zbigniewa" not in said.out + said.err + (folder / "data/sources.json").read_text()
    table = read_table("data/messages.parquet")
    mine = table[table["source"] == "corrections"]
    assert mine["label"].value_counts().to_dict() == {"spam": 29, "ham": 1}
    assert set(mine["split"]) <= {"train", "test", "left_out"}
    params = load_params()
    kept = mine["group"].map(bucket_of) < params.prepare.test_share
    assert 0 < kept.sum() < 15
    assert ((mine["split"] == "test") == kept).all()
    training, weights, _ = training_rows(table[table["split"] == "train"], params.train)
    assert set(weights[training["source"] == "corrections"]) == {yaml.safe_load((ROOT / "params.yaml").read_text())["train"]["weights"]["corrections"]} != {1.0}  # fmt: skip


def test_what_does_not_change_is_not_fetched_anew_and_what_is_withdrawn_goes(folder, capsys):
    correct("see you at seven", "ham")
    fetch(Fetch())
    copy = folder / "data/raw/corrections.parquet"
    first = copy.stat().st_ino  # a file that is written anew is another one
    fetch(Fetch())
    assert copy.stat().st_ino == first
    correct("see you at seven", "spam")
    fetch(Fetch())
    assert read_table(copy)["label"].tolist() == ["spam"]
    Path(corrections.FILE).unlink()
    fetch(Fetch())
    assert not copy.exists()
    assert "corrections: data/corrections.csv holds none any more" in capsys.readouterr().err


def test_no_correction_is_kept_for_validation_and_copies_of_rows_that_are_stay_unlearnt():
    rows = [
        f"{first} {second} tonight then"
        for first in "alpha beta gamma delta".split()
        for second in "walks runs sits eats sleeps sings reads".split()
    ]
    groups = [group_of(text) for text in rows]
    table = pd.concat([as_table(pd.DataFrame({"text": rows, "label": "ham", "group": groups}), name) for name in ("corrections", "other")])
    split = assign_splits(table.reset_index(drop=True), set(), load_params(ROOT / "params.yaml").prepare)
    assert "validation" in set(split[len(rows) :])
    assert "validation" not in set(split[: len(rows)])
    assert (split[: len(rows)][(split[len(rows) :] == "validation").to_numpy()] == "left_out").all()


def test_words_that_stand_in_corrections_alone_become_no_terms_of_the_model():
    texts = [f"Zbigniewa {word} lunch" for word in "likes wants has makes eats brings".split()]
    mine = as_table(pd.DataFrame({"text": texts, "label": "ham", "kind": "chat", "group": texts}), "corrections")
    scams = [f"your parcel {word} waits, pay the fee, lunch included" for word in "number from to in by with at on near".split()]
    other = as_table(pd.DataFrame({"text": scams, "label": "smishing", "group": scams}), "other")
    params = Train(asides=1.0)
    training, _, _ = training_rows(pd.concat([other, mine], ignore_index=True), params)
    assert len(training[training["source"] == "corrections"]) == len(texts)
    steps = build_pipeline(params)
    features = steps.named_steps["features"].fit(steps.named_steps["read"].transform(messages_of(training)), groups=groups_of(training))
    terms = set(features.get_feature_names_out())
    assert {"words__lunch", "words__parcel"} <= terms
    assert not [term for term in terms if "zbig" in term]


def test_the_model_card_and_the_notes_name_corrections_where_there_are_some():
    facts = {"rows": 3, "labels": {"ham": 3}, "digest": "0"}
    metrics = {"test": {"n": 1, "accuracy": 1.0, "macro_f1": 1.0, "expected_calibration_error": 0.0}, "by_source": {}}
    for data, shown in (({"grammar": facts}, False), ({"corrections": facts, "grammar": facts}, True)):
        card = report.model_card(metrics, {**CARD_INFO, "data": data})
        assert ("corrections | 3 |" in card) is shown
        assert ("users labelled" in card) is shown
        assert "Corpora: " not in card
        assert ("grammar and corrections alone" in export._notes(data, ["sms_spam"])[0]) is shown


def test_git_ignores_what_users_wrote():
    assert "/data/corrections.csv*\n" in (ROOT / ".gitignore").read_text()
