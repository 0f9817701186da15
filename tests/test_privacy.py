"""Nothing leaves the machine, and nothing of one message leaves the data: on the pipeline whole, with texts planted in it.

Planted are names, numbers and codes in one line of chat, in copies of one message, and in corrections of one user; and a word that
stands in messages enough to be learnt, so that a search that finds nothing is one that could have found it.
"""

import os
import random
import re
import sys
import zipfile
import zlib

import numpy as np
import pandas as pd
import pytest

from legitext import artifact
from legitext.corrections import correct
from legitext.model import build_pipeline, groups_of, training_rows
from legitext.params import load_params
from legitext.table import as_table, messages_of, read_table, write_table
from legitext.terms import runs_in, word_terms
from test_stages import run, small_project

ONE_LINE = ["Lunch with Zbigniewa Krzysztof at nine, ring 614-555-0199, door code QX7F3K"]
COPIES = [f"Wojciech Brzezinski owes me, ring 6145550188 with code VW9K2P{end}" for end in ("", ".", "!", " !", "..", " .")]
CORRECTED = [
    f"{first} Grzegorz Szczepanik {last}, 614 555 0177, HJ4T8M"
    for first in ("Ask", "Call", "Tell", "Meet")
    for last in ("tonight", "at ten", "for me")
]
LEARNT = [
    f"{first} the lanternfish {last}" for first in ("Feed", "Show me", "I saw") for last in ("tonight please", "near the pier", "on tv")
]
SECRET = re.compile(rb"zbign|krzys|wojci|brzez|grzeg|szcze|qx7f3|vw9k2|hj4t8|555.?0199|555.?0188|555.?0177", re.IGNORECASE)
PIECES = ("zbig", "krzy", "ojci", "brze", "grze", "czep", "qx", "vw0", "hj0")

REFUSING = """
import sys

def refuse(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        address = arguments[1] if event in ("socket.connect", "socket.sendto") else arguments
        host = str(address[0]) if isinstance(address, tuple) else ""
        if host not in ("", "None", "localhost", "::1", "0.0.0.0") and not host.startswith("127."):
            with open(LOG, "a") as log:
                print(sys.argv[:3], event, host, file=log)
            raise ConnectionRefusedError(f"{host} is not this machine")

sys.addaudithook(refuse)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A small project after every stage, in processes that reach no other machine and are asked for no silence; and all they said."""
    folder = small_project(tmp_path_factory.mktemp("private") / "project")
    (folder.parent / "hook").mkdir()
    (folder.parent / "hook/sitecustomize.py").write_text(f"LOG = {str(folder.parent / 'refused')!r}\n{REFUSING}")
    rng = random.Random(4)
    chat = [
        f"{' '.join(rng.choice('you me home late ok sorry bus film tea soon love dinner run bed'.split()) for _ in range(9))}"
        for _ in range(40)
    ]
    rows = pd.DataFrame({"text": [*ONE_LINE, *COPIES, *LEARNT, *chat], "label": "ham"})
    write_table(as_table(rows, "mishra_soni"), folder / "data/raw/mishra_soni.parquet")
    for text in CORRECTED:
        correct(text, "ham", "+16145550177", path=folder / "data/corrections.csv")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK", "HF_HUB_DISABLE_TELEMETRY"):
            patch.delenv(name, raising=False)
        patch.setenv("PYTHONPATH", os.pathsep.join([str(folder.parent / "hook"), *filter(None, [os.environ.get("PYTHONPATH")])]))
        said = []
        for command in (
            *(["legitext", "fetch"], *([f"legitext.stages.{stage}"] for stage in ("synthesize", "prepare", "train", "evaluate", "export"))),
            *(["legitext", *arguments] for arguments in (["promote"], ["info"], ["predict", "see https://usps-trk.top/a"])),
        ):
            done = run(folder, sys.executable, "-m", *command)
            assert done.returncode == 0, done.stderr[-2000:]
            said.append(done.stdout + done.stderr)
        probe = run(folder, sys.executable, "-c", "import socket; socket.create_connection(('192.0.2.1', 80))")
        assert "is not this machine" in probe.stderr
    return folder, "".join(said)


def test_no_library_calls_another_machine(project):
    calls = (project[0].parent / "refused").read_text().splitlines()
    assert calls == ["['-c'] socket.getaddrinfo 192.0.2.1"]  # the probe's own: the hook is at work


def contents(folder):
    """The bytes of each file that is made to be kept or shared, those in archives and under compression, too."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).parts
        if path.is_file() and inside[:2] != ("data", "raw") and path.suffix not in {".parquet"} and path.name != "corrections.csv":
            data = path.read_bytes()
            yield path, data
            if path.suffix == ".joblib":
                yield path, zlib.decompress(data)
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as packed:
                    yield from ((path / name, packed.read(name)) for name in packed.namelist())


def test_no_name_number_or_code_of_a_message_can_be_read_out_of_what_is_made(project):
    folder, said = project
    found, learnt, parts = [], set(), set()
    for path, data in contents(folder):
        found += [(path, match[0]) for match in SECRET.finditer(data)]
        parts.add(path.relative_to(folder).parts[0])
        learnt |= {path.name} if b"lanternfish" in data or "lanternfish".encode("utf-32-le") in data else set()
        found += [(path, secret) for secret in ("zbign", "wojci", "grzeg") if secret.encode("utf-32-le") in data]  # as numpy keeps texts
    assert found == []
    assert {"models", "data", "mlruns", "mlflow.db"} <= parts
    assert {"legitext.joblib", "model.joblib"} <= learnt
    assert SECRET.search(said.encode()) is None


def test_no_piece_of_them_is_a_term(project):
    held = artifact.load(project[0] / "models/legitext.joblib")
    terms = [term for block in ("words", "characters") for term in held[block]["terms"].split("\n")]
    assert [term for term in terms if any(piece in term for piece in PIECES)] == []


def test_each_term_stands_in_three_messages_of_two_groups(project):
    """Counted anew from what was trained on, where a message is a row of the table, and all corrections are one group."""
    folder, _ = project
    params = load_params(folder / "params.yaml").train
    table = read_table(folder / "data/messages.parquet")
    rows = table[table["split"] == "train"].reset_index(drop=True)
    training, _, _ = training_rows(rows, params)
    own = training[~training["copy"]]
    assert len(own) <= len(rows) < len(training)
    readings = build_pipeline(params).named_steps["read"].transform(messages_of(own))
    held = artifact.load(folder / "models/legitext.joblib")
    words, characters = held["words"], held["characters"]
    cut = {
        "words": lambda reading: word_terms(reading.words, words["shortest"], words["longest"]),
        "characters": lambda reading: (
            run for word in reading.words for run in runs_in(word, characters["shortest"], characters["longest"])
        ),
    }
    groups = [group for group, copy in zip(groups_of(training), training["copy"], strict=True) if not copy]
    for name, terms_of in cut.items():
        terms = {term: ([], set()) for term in held[name]["terms"].split("\n")}
        for number, (reading, group) in enumerate(zip(readings, groups, strict=True)):
            for term in set(terms_of(reading)) & terms.keys():
                terms[term][0].append(number)
                terms[term][1].add(group)
        least = np.array([(len(messages), len(spread)) for messages, spread in terms.values()]).min(axis=0)
        assert least[0] >= 3, name
        assert least[1] >= 2, name
