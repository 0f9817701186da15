"""The comparison with other classifiers is fair, and the README shows what was measured."""

import json
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from legitext.params import Train

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch):
    """What a file in benchmarks/ defines."""
    monkeypatch.setattr(sys, "path", [str(FOLDER), *sys.path])
    return lambda name: runpy.run_path(str(FOLDER / f"{name}.py"))


def test_the_readme_shows_what_was_measured(benchmark):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    sections = benchmark("results")["sections"]()
    assert set(sections) == {"latency", "peers", "scale", "scoring"}
    for name, section in sections.items():
        assert re.search(f"<!-- {name}: begin -->\n(.*)\n<!-- {name}: end -->", readme, re.DOTALL)[1] == section
    assert (ROOT / "docs/peers.png").read_bytes().startswith(b"\x89PNG")


def test_a_peer_that_cannot_be_had_is_left_out_and_the_table_says_why(benchmark, monkeypatch):
    peers = benchmark("peers")
    monkeypatch.setitem(sys.modules, "fasttext", None)
    there, left_out = peers["available"](["legitext", "words", "fasttext"])
    assert there == ["legitext", "words"]
    figures = json.loads((FOLDER / "peers.json").read_text())
    figures["peers"].pop("fasttext", None)
    section = benchmark("results")["peers_section"]({**figures, "left_out": {"fastText": left_out["fasttext"]}})
    assert "| fastText | left out (ModuleNotFoundError: import of fasttext halted" in section


def test_peers_learn_from_what_legitext_reads_and_from_nothing_else(benchmark, made):
    table = made.assign(split=np.where(made.index % 5 == 0, "test", "train"))
    table.loc[table.index[::7], "kind"] = "twin_x"  # its words are hidden
    learnt = benchmark("peers")["learnt"](table, Train(parts=0, asides=0, swapped_letters=0, weights={"grammar": 0.5}))
    wanted = table[(table["split"] == "train") & (table["kind"] != "twin_x")]
    assert {(text, label) for text, label, _ in learnt} == set(zip(wanted["text"], wanted["label"], strict=True))
    assert {weight for *_, weight in learnt} == {0.5}


@pytest.mark.parametrize(
    ("genuine", "scams", "share"),
    [
        (np.linspace(0, 0.5, 100), [0.6, 0.499, 0.1], 2 / 3),  # of 100 one may be flagged
        ([0.9] * 100, [0.9, 0.9], 0),  # what is scored alike cannot be told apart
        ([0.9] * 10, [0.95, 0.5], 0.5),  # of 10 none may
    ],
)
def test_scams_count_as_caught_only_where_genuine_texts_are_spared(benchmark, genuine, scams, share):
    labels = np.array(["ham"] * len(genuine) + ["smishing"] * len(scams))
    found = benchmark("peers")["caught"](np.array([*genuine, *scams]), labels)
    assert found["n"] == len(scams)
    assert found["share"] == pytest.approx(share, abs=1e-3)


def test_ratios_are_of_the_same_round(benchmark):
    ours = [{"cold_s": 1.0}, {"cold_s": 10.0}, {"cold_s": 2.0}]
    theirs = [{"cold_s": 3.0}, {"cold_s": 30.0}, {"cold_s": 8.0}]
    assert benchmark("peers")["summed_up"](theirs, ours) == {"cold_s": 8.0, "ratios": {"cold_s": 3.0}}


def test_the_peers_libraries_are_pinned_and_no_address_is_named():
    lines = [line for line in (FOLDER / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    assert lines
    assert all(re.fullmatch(r"[a-z0-9-]+==[\d.]+", line) for line in lines)
