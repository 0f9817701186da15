"""Files that are not what they should be, and a Hub that is not what it was: one line with the place, code 2, and what was good stays."""

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest

from legitext.cli import main
from legitext.corrections import COLUMNS, standing
from legitext.errors import DataError
from legitext.fetching import RAW
from legitext.files import LONGEST_LINE
from legitext.params import Prepare
from legitext.sources import SOURCES
from legitext.split import assign_splits, group_of
from legitext.table import as_table, read_labelled_file, read_table

BY_NAME = {source.name: source for source in SOURCES}
GOOD = b"text,label\nsee you at seven,ham\nYour parcel waits: pay at http://x.top,smishing\n"


def with_uci(mirror: Path, rows: pd.DataFrame | None = None) -> Path:
    file = mirror / BY_NAME["sms_spam"].file
    file.parent.mkdir(parents=True)
    (pd.DataFrame({"sms": ["Ok lar", "WIN pounds now"], "label": [0, 1]}) if rows is None else rows).to_parquet(file)
    return file


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project's folder where two corpora were fetched, one of each form."""
    mirror = tmp_path / "corpora"
    with_uci(mirror)
    (mirror / "mishra_soni.csv").write_bytes(GOOD)
    (tmp_path / "data").mkdir()
    (tmp_path / "params.yaml").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEGITEXT_CORPORA", str(mirror))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert main(["fetch"]) == 0
    return tmp_path


def raw(project):
    return {file.name: file.read_bytes() for file in (project / RAW).iterdir()}


def refused(project, capsys, *parts):
    """Fetch again: it ends with code 2 and one line that says all `parts`, and what was fetched before stays."""
    before = raw(project)
    capsys.readouterr()
    assert main(["fetch"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert len(said[0]) < 500
    for part in parts:
        assert part in said[0]
    assert raw(project) == before


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (GOOD.replace(b",", b"\t"), "line 1: the header must name text and label"),
        (b"text,label\nsee you at seven;ham\n", "line 2: label '' is not one of"),
        (GOOD.decode().encode("utf-16"), "line 1: byte 0xff at column 1 is not UTF-8"),
        (b"text,label\nok,ham\ncaf\xe9 at 7?,ham\n", "line 3: byte 0xe9 at column 4 is not UTF-8"),
        (b"", "line 1: the header must name text and label, comma-separated; found nothing"),
        (b"text,label\n", "line 1: no row follows the header"),
        (b"text,sender\nhi,28777\n", "line 1: the header must name text and label, comma-separated; found text, sender"),
        (b"<!DOCTYPE html>\n<html>" + b"x" * 10_000, "line 1: the header must name text and label, comma-separated; found a web page"),
        (b"x" * 10_000, "found xxx"),
        (b'text,label\n"two\nlines",ham\n\n  \nhello,joke\n', "line 6: label 'joke' is not one of ham, spam, smishing"),
        (b'text,label\nhi,ham\n"\n",ham\n', "line 3: the text is empty"),
        (b"text,label\nhi,ham\nlo\n", "line 3: label"),
        (b'text,label\nhi,ham\n"' + b"x,ham\n" * 200_000, "mishra_soni.csv"),  # a quote that is never closed
        (b"\x00" * 5_000, "line 1: the header must name"),
    ],
    ids="tabs semicolons utf16 latin1 empty header column html text label blank fields quote nul".split(),
)
def test_a_broken_csv_stops_with_file_and_line(project, capsys, content, says):
    (project / "corpora/mishra_soni.csv").write_bytes(content)
    refused(project, capsys, "mishra_soni.csv", says)


@pytest.mark.parametrize(
    ("name", "columns", "says"),
    [
        ("sms_gateways_us", "text,label,sender", "line 1: column 'timestamp' is missing"),
        ("exais", "text,label,timestamp", "line 1: column 'sender' is missing"),
        ("political_us", "text,label", "line 1: column 'timestamp' is missing"),
    ],
)
def test_a_column_that_a_corpus_needs_is_named(project, capsys, name, columns, says):
    row = ",".join("ham" for _ in columns.split(","))
    (project / f"corpora/{name}.csv").write_text(f"{columns}\n{row}\n")
    refused(project, capsys, f"{name}.csv", says)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<html>not here</html>", "cannot be read as parquet"),
        (b"", "cannot be read as parquet"),
        ("half", "cannot be read as parquet"),
        (pd.DataFrame({"text": ["hi"], "label": [0]}), "column 'sms' is missing"),
        (pd.DataFrame({"sms": ["hi", "lo"], "label": [0, 2]}), "row 2: label '2' is not one of"),
        (pd.DataFrame({"sms": ["hi", None], "label": [0, 1]}), "row 2: the text is missing"),
        (pd.DataFrame({"sms": [], "label": []}), "cannot be read as parquet"),
    ],
    ids="html empty half other label missing none".split(),
)
def test_a_broken_parquet_file_stops_with_file_and_row(project, capsys, content, says):
    file = project / "corpora" / BY_NAME["sms_spam"].file
    if isinstance(content, pd.DataFrame):
        content.to_parquet(file)
    else:
        file.write_bytes(file.read_bytes()[:600] if content == "half" else content)
    refused(project, capsys, str(file), says)


def test_a_line_of_2_gb_is_not_read(project, capsys):
    # VmHWM is of this program alone; the peak that `resource` tells is also that of the process it was forked from.
    peak = (
        "import re, sys\nfrom pathlib import Path\nfrom legitext.cli import main\nstatus = main(['fetch'])\n"
        "print(int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]) // 1024)\nsys.exit(status)"
    )
    file = project / "corpora/mishra_soni.csv"
    with file.open("ab") as sparse:
        sparse.truncate(2_000_000_000)
    before = raw(project)
    done = subprocess.run([sys.executable, "-c", peak], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert done.stderr == f"legitext: {file}, line 4: more than {LONGEST_LINE:,} bytes without a line end: is it a file of texts?\n"
    assert int(done.stdout) < 1000  # MB, of which the libraries take most
    assert raw(project) == before
    corrections = project / "data/corrections.csv"
    corrections.write_text(",".join(COLUMNS) + "\n")
    with corrections.open("ab") as sparse:
        sparse.truncate(2_000_000_000)
    with pytest.raises(DataError, match=r"corrections.csv, line 2: more than"):
        standing(corrections)


def test_links_are_followed_for_reading_and_never_for_writing(project, capsys):
    file, copy = project / "corpora/mishra_soni.csv", project / RAW / "mishra_soni.parquet"
    elsewhere = project / "elsewhere.csv"
    elsewhere.write_bytes(GOOD + b"Ok,ham\n")
    precious = project / "precious"
    precious.write_bytes(copy.read_bytes())
    for link, target in ((file, elsewhere), (copy, precious)):
        link.unlink()
        link.symlink_to(target)
    assert main(["fetch"]) == 0
    assert len(read_table(copy)) == 3
    assert not copy.is_symlink()
    assert len(read_table(precious)) == 2  # what the link led to is as it was
    before = raw(project)
    for target in (project / "nothing", file):
        file.unlink()
        file.symlink_to(target)
        capsys.readouterr()
        assert main(["fetch"]) == 0
        assert f"{file} (a link to nothing)" in capsys.readouterr().err
        assert raw(project) == before


def test_what_a_mirror_lacks_is_reported_and_the_copy_fetched_earlier_kept(project, capsys):
    (project / "corpora/mishra_soni.csv").unlink()
    (project / "corpora" / BY_NAME["otp"].file).mkdir()
    before = raw(project)
    capsys.readouterr()
    assert main(["fetch"]) == 0
    said = capsys.readouterr().err
    assert "missing  mishra_soni: not found; tried the Hub" not in said  # it is not on the Hub
    assert "mishra_soni: the copy fetched earlier is kept (data/raw/mishra_soni.parquet)" in said
    assert "otp.csv (no file)" in said
    assert raw(project) == before
    assert main(["fetch"]) == 0


def test_a_users_file_is_named_with_the_line_of_its_fault(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text('text,label\n"two\nlines",ham\n\nhello,joke\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"mine\.csv, line 5: label 'joke'"):
        read_labelled_file(file)


def test_copies_come_to_one_group_and_to_one_split():
    texts = [
        f"{first} {second} is the plan for tonight"
        for first in "Ann Bob Cid Dan Eve Fay Gus".split()
        for second in "tea ham rum rye".split()
    ]
    copies = [f"{text.upper()} {number}!" for number, text in enumerate(texts[: len(texts) * 3 // 10])] * 3
    table = as_table(pd.DataFrame({"text": texts + copies, "label": "ham"}), "mine")
    table["group"] = [group_of(text) for text in table["text"]]
    assert table["group"].nunique() == len(texts)
    split = assign_splits(table, set(), Prepare(near_copy=1.0))
    assert set(split) == {"train", "validation", "test"}
    assert (split.groupby(table["group"]).nunique() == 1).all()


# --- the Hub ---


COMMIT = "a" * 40


class _Hub(BaseHTTPRequestHandler):
    """The Hub as `datasets` asks it for one small parquet file; `server.fault` says what is wrong with it."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        fault, name = self.server.fault, "train-00000-of-00001.parquet"
        if self.path.startswith("/api/datasets?"):
            return self._answer(b"[]")
        if fault == "hangs":
            self.server.released.wait(60)
            return None
        if fault == "garbage":
            return self._answer(b"<html>Welcome to our WLAN</html>", "text/html")
        if "/resolve/" in self.path:
            content = b"garbage" * 500 if fault == "other bytes" else self.server.content
            return self._answer(content, cut=fault == "half") if self.path.endswith(name) else self._answer(b"{}", status=404)
        file = {"type": "file", "path": name, "size": len(self.server.content), "oid": "b" * 40}
        if "/tree/" in self.path:
            return self._answer(json.dumps([file]).encode()) if f"/{COMMIT}?" in self.path else self._answer(b"{}", status=404)
        facts = {"id": "ucirvine/sms_spam", "sha": COMMIT, "siblings": [{"rfilename": name}], "private": False, "gated": False}
        return self._answer(json.dumps(facts).encode())

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def _answer(self, content, kind="application/json", status=200, cut=False):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", '"' + "c" * 40 + '"')
        self.send_header("X-Repo-Commit", COMMIT)
        if status == 404:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[: len(content) // 2] if cut else content)
        if cut and self.command != "HEAD":
            self.close_connection = True


@pytest.fixture
def hub(project):
    with ThreadingHTTPServer(("127.0.0.1", 0), _Hub) as server:
        server.daemon_threads, server.block_on_close = True, False
        server.released = threading.Event()
        server.content = (project / "corpora" / BY_NAME["sms_spam"].file).read_bytes()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.released.set()
        server.shutdown()


FETCH = "import sys\nfrom legitext import sources\nfrom legitext.cli import main\nsources.LOAD_SECONDS = float(sys.argv[1])\nsys.exit(main(['fetch']))"


def fetched_from(hub, project, seconds="30"):
    environment = {name: value for name, value in os.environ.items() if name not in {"HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"}}
    environment |= {"HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}", "HF_HOME": str(project / "cache"), "HF_HUB_DISABLE_XET": "1"}
    return subprocess.run([sys.executable, "-c", FETCH, seconds], env=environment, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    ("fault", "mirrored", "seconds", "says"),
    [
        ("hangs", True, "1", ""),
        ("hangs", False, "1", "TimeoutError: not handed over within 1 s"),
        ("garbage", False, "30", ""),
        ("half", True, "30", ""),
        ("half", False, "30", ""),
        ("other bytes", False, "30", ""),
    ],
)
def test_a_hub_at_fault_is_given_up_for_the_mirror_or_reported(project, hub, fault, mirrored, seconds, says):
    hub.fault = fault
    file, before = project / "corpora" / BY_NAME["sms_spam"].file, raw(project)
    if mirrored:
        done = fetched_from(hub, project, seconds)
        assert "mirror   sms_spam: 2 messages" in done.stderr
    else:
        file.unlink()
        done = fetched_from(hub, project, seconds)
        [line] = [line for line in done.stderr.splitlines() if "missing  sms_spam" in line]
        assert f"tried the Hub ({says}" in line
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert raw(project) == before


def test_the_hub_of_these_tests_is_one_where_nothing_is_wrong(project, hub):
    hub.fault = None
    done = fetched_from(hub, project)
    assert "hub      sms_spam: 2 messages" in done.stderr, done.stderr
