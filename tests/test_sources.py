import socket
import threading
import time
from dataclasses import replace

import pandas as pd
import pytest

from legitext.errors import DataError
from legitext.fetching import fetch
from legitext.params import Fetch
from legitext.sources import ROLES, SOURCES, hub_answers, load, load_all, mirrors_of, unmask

BY_NAME = {source.name: source for source in SOURCES}


@pytest.fixture
def tiny_mirror(tmp_path):
    """A mirror with two sources of a few rows, laid out as the real ones."""
    uci = tmp_path / BY_NAME["sms_spam"].file
    uci.parent.mkdir(parents=True)
    pd.DataFrame({"sms": ["Ok lar", "WIN &lt;#&gt; pounds now"], "label": [0, 1]}).to_parquet(uci)
    (tmp_path / "mishra_soni.csv").write_text('text,label\n"NA, he said",ham\nclick http://x.top,smishing\n', encoding="utf-8")
    return tmp_path


@pytest.fixture
def no_hub(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def test_every_source_states_its_facts():
    assert len(BY_NAME) == len(SOURCES)
    for source in SOURCES:
        assert source.role in ROLES
        assert all((source.file, source.address, source.licence, source.citation, source.language, source.holds)), source.name
    assert {name for name, source in BY_NAME.items() if source.role == "test"} >= {"exais", "political_us", "otp"}


def test_a_mirror_is_read_as_published(tiny_mirror, no_hub):
    loaded = {one.source.name: one for one in load_all([tiny_mirror])}
    assert loaded["sms_spam"].origin == "mirror"
    assert loaded["sms_spam"].table["label"].tolist() == ["ham", "spam"]
    assert "&lt;" not in loaded["sms_spam"].table["text"].str.cat()
    assert loaded["mishra_soni"].table["text"].tolist()[0] == "NA, he said"


def test_the_hubs_layout_is_read_by_the_hubs_loader(tiny_mirror, monkeypatch):
    local = replace(BY_NAME["sms_spam"], address=str(tiny_mirror / "ucirvine/sms_spam"))
    loaded = load(local, [], online=True)
    assert (loaded.origin, len(loaded.table)) == ("hub", 2)


def test_what_cannot_be_had_is_reported_and_the_rest_goes_on(tiny_mirror, no_hub):
    (tiny_mirror / "mishra_soni.csv").unlink()
    loaded = {one.source.name: one for one in load_all([tiny_mirror])}
    assert loaded["sms_spam"].table is not None
    missing = loaded["mishra_soni"]
    assert missing.table is None
    for part in (str(tiny_mirror / "mishra_soni.csv"), "data.mendeley.com", "LEGITEXT_CORPORA"):
        assert part in missing.why


def test_a_hub_that_never_answers_is_given_up_in_time(monkeypatch):
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        accepted = threading.Thread(target=lambda: silent.accept(), daemon=True)
        accepted.start()
        answered = threading.Event()
        asking = threading.Thread(target=lambda: hub_answers(0.3) or answered.set(), daemon=True)
        asking.start()
        assert answered.wait(5)


def test_a_hub_that_refuses_is_offline(monkeypatch):
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert not hub_answers(1)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "must name text and label"),
        (b"text;label\nhi;ham\n", "must name text and label"),
        (b"text,label\nhi,nice\n", "line 2: label 'nice'"),
        (b"text,label\n,ham\n", "line 2: the text is empty"),
        (b"text,label\nok,ham\n\xff,ham\n", "line 3: byte 0xff"),
        (b"text,label\na,ham\na,b,c,d,e\n", "not a comma-separated table"),
    ],
)
def test_a_broken_corpus_stops_with_its_name_and_row(tmp_path, content, says):
    (tmp_path / "mishra_soni.csv").write_bytes(content)
    with pytest.raises(DataError, match=says) as caught:
        load(BY_NAME["mishra_soni"], [tmp_path], online=False)
    assert "mishra_soni" in str(caught.value)


def test_another_data_set_under_the_name_is_noticed(tmp_path):
    file = tmp_path / BY_NAME["sms_spam"].file
    file.parent.mkdir(parents=True)
    pd.DataFrame({"text": ["hi"], "label": [0]}).to_parquet(file)
    with pytest.raises(DataError, match="column 'sms' is missing"):
        load(BY_NAME["sms_spam"], [tmp_path], online=False)


def test_a_mirror_that_is_no_folder_is_named(tmp_path):
    with pytest.raises(DataError, match="not a folder"):
        load_all([tmp_path / "no"])


def test_mirrors_come_from_the_environment_first(tmp_path):
    assert mirrors_of("/a:/b", "data/corpora")[0].as_posix() == "/a"
    assert mirrors_of(None, str(tmp_path)) == [tmp_path]
    assert mirrors_of(None, str(tmp_path / "no")) == []


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("call me at &lt;#&gt;", "<#>"),
        ("won \ufffd100 now", "\ufffd"),
        ("it\ufffds ok", "\ufffd"),
        ("see <URL> at <TIME>", "<"),
        ("my *** ok", "***"),
    ],
)
def test_masks_do_not_mark_their_source(text, gone):
    assert gone not in unmask(text)
    assert unmask(text) == unmask(text)


def test_fetching_again_leaves_files_alone(tiny_mirror, no_hub, monkeypatch, tmp_path):
    monkeypatch.setenv("LEGITEXT_CORPORA", str(tiny_mirror))
    folder = tmp_path / "raw"
    fetch(Fetch(), folder)
    before = {file: file.stat().st_mtime_ns for file in folder.iterdir()}
    time.sleep(0.01)
    fetch(Fetch(), folder)
    assert before
    assert {file: file.stat().st_mtime_ns for file in folder.iterdir()} == before


def test_the_real_corpora_hold_what_their_page_says(mirror, no_hub):
    rows = {one.source.name: len(one.table) for one in load_all([mirror]) if one.table is not None}
    expected = {
        "sms_spam": 5574,
        "mishra_soni": 838,
        "sms_gateways_us": 775,  # of 846: advertising under its loose label is left out
        "nus_us_chat": 5614,
        "ph_marketing": 1521,
        "otp": 40,
        "exais": 3358,
        "political_us": 445,
    }
    assert {name: rows[name] for name in expected if name in rows} == {name: count for name, count in expected.items() if name in rows}
    assert rows


def test_advertising_under_the_gateways_loose_label_is_left_out(tmp_path, no_hub):
    head = "text,label,sender,timestamp"
    (tmp_path / "sms_gateways_us.csv").write_text(
        f"{head},cat\n"
        '"Shop now, 20% off. Text STOP to opt-out",smishing,+18005550100,2022-08-01,other\n'
        '"Your parcel waits, reply STOP to quit https://x.top",smishing,+18005550101,2022-08-01,parcel\n'
        '"You won, see https://x.top",smishing,+18005550102,2022-08-01,other\n',
        encoding="utf-8",
    )
    (tmp_path / "sms_gateways_world.csv").write_text(
        f"{head}\n"
        '"Your parcel is on hold, please visit https://x.top",smishing,Evri,2022-08-01\n'
        '"Votre colis est en attente https://x.top",smishing,Poste,2022-08-01\n'
        '"Your account has 3.2 BTC balance, password 1234",smishing,+440000,2022-08-01\n',
        encoding="utf-8",
    )
    (tmp_path / "ph_marketing.csv").write_text(
        f"{head}\n"
        '"Send 100 and win",spam,+63 917 123 4567,2022-08-01\n'
        '"Typhoon signal no. 2",ham,NDRRMC,2022-08-01\n'
        '"Your load is low",ham,8080,2022-08-01\n',
        encoding="utf-8",
    )
    loaded = {one.source.name: one.table for one in load_all([tmp_path]) if one.table is not None}
    assert loaded["ph_marketing"]["sender"].fillna("").tolist() == ["", "NDRRMC", "8080"]  # foreign in the US alone
    assert [text[:11] for text in loaded["sms_gateways_us"]["text"]] == ["Your parcel", "You won, se"]
    assert [text[:11] for text in loaded["sms_gateways_world"]["text"]] == ["Your parcel"]
