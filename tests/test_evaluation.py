"""One evaluation, of the pipeline's rows and of a user's own file."""

import json

import numpy as np
import pandas as pd
import pytest

from legitext import charts, report
from legitext.cli import main
from legitext.decision import DEFAULT
from legitext.evaluation import DIMENSIONS, evaluate
from legitext.metrics import expected_calibration_error, precision_at, reliability
from legitext.params import Params
from legitext.refits import Refits
from legitext.table import as_table

THRESHOLDS = {"smishing": 0.5, "spam": 0.5}
ROWS = pd.DataFrame(
    [
        ("see you at seven", "ham", None, "chat", "2024-01-05"),
        ("Your code is 123456. " + "Do not share it. " * 20, "ham", "28777", "code", "2024-02-01"),
        ("USPS: parcel held https://usps-trk.top/a", "smishing", "+63 995 271 4822", "parcel", "2024-02-03"),
        ("USPS: parcel held, confirm the address", "smishing", None, "parcel", None),
    ],
    columns=["text", "label", "sender", "kind", "timestamp"],
)
GIVEN = np.array([[0.9, 0.05, 0.05], [0.2, 0.1, 0.7], [0.05, 0.05, 0.9], [0.7, 0.1, 0.2]])


def test_precision_is_that_of_a_stream_with_so_many_scams():
    caught, alarms = np.arange(1000) % 10 < 8, np.arange(2000) % 50 == 0
    for prevalence in (0.001, 0.01, 0.05, 0.5):
        scams = np.random.default_rng(5).random(2_000_000) < prevalence
        drawn = np.random.default_rng(6).integers(0, 1000, len(scams))
        called = np.where(scams, caught[drawn], alarms[drawn])
        figure = precision_at(prevalence, caught, alarms)
        assert figure["share"] == pytest.approx(scams[called].mean(), rel=0.05)
        assert figure["low"] < figure["share"] < figure["high"]


def test_no_false_alarm_among_few_is_no_proof_of_precision():
    few, many = (precision_at(0.01, [True] * 50, [False] * count) for count in (30, 30_000))
    assert few["share"] == many["share"] == few["high"] == 1
    assert few["low"] < 0.1
    assert many["low"] > 0.98
    assert precision_at(0.01, [], [True]) is None
    assert precision_at(0.01, [False], [False]) is None


def test_the_reliability_curve_holds_each_row_once_and_gives_the_calibration_error():
    hits, stated = [False, True, True, True, False], [0.02, 0.04, 0.95, 1.0, 0.5]
    low, middle, high = reliability(hits, stated)
    assert (low.n, low.stated, low.observed) == (2, pytest.approx(0.03), 0.5)
    assert (middle.n, high.n, high.observed) == (1, 2, 1)
    assert expected_calibration_error(hits, stated) == pytest.approx((2 * 0.47 + 0.5 + 2 * 0.025) / 5)


def test_rows_are_sliced_by_what_is_known_of_them():
    table = as_table(ROWS, "mine").drop(columns="source")
    found = evaluate(table, GIVEN, THRESHOLDS, {DEFAULT: THRESHOLDS}).as_dict()
    assert found["all"]["scams_caught"]["share"] == 0.5
    sizes = {name: {value: row["n"] for value, row in found[f"by_{name}"].items()} for name in DIMENSIONS if f"by_{name}" in found}
    assert sizes == {
        "label": {"ham": 2, "smishing": 2},
        "kind": {"chat": 1, "code": 1, "parcel": 2},
        "sender_kind": {"absent": 2, "short_code": 1, "international": 1},
        "link": {"link": 1, "no link": 3},
        "length": {"up to 60": 3, "more than 320": 1},
        "month": {"2024-01": 1, "2024-02": 2},
    }
    assert list(found["by_length"]) == ["up to 60", "more than 320"]  # bands as they rise
    # there is no column of languages, and no row has a brand
    assert found["by_link"]["link"]["scams_caught"]["share"] == 1
    assert found["by_link"]["no link"]["genuine_called_smishing"]["share"] == 0.5
    assert found["precision"]["all"][DEFAULT]["5.0%"]["share"] == pytest.approx(0.05 * 0.5 / (0.05 * 0.5 + 0.95 * 0.5))
    assert sum(one["n"] for one in found["calibration"]["all"]["bins"]) == 4
    assert json.loads(json.dumps(found, allow_nan=False)) == json.loads(json.dumps(found))


def test_dimensions_and_parts_can_be_confined():
    table = as_table(ROWS, "mine")
    first = np.arange(4) < 3
    found = evaluate(table, GIVEN, THRESHOLDS, {}, only={"link": first}, least={"kind": 2}, parts={"first": first, "none": ~first & first})
    assert found.by["link"]["no link"]["n"] == 2
    assert found.by["kind"].keys() == {"parcel"}
    assert found.calibration.keys() == {"first"}
    assert found.calibration["first"].n == 3


def test_models_are_trained_anew_without_what_they_are_tested_on(made, small_model, monkeypatch):
    table = made.assign(split=np.where(np.arange(len(made)) % 5 == 0, "validation", "train")).iloc[::2]
    table["group"] = [f"wording {row // 4}" for row in range(len(table))]
    table.loc[table.index[::3], "source"] = "corpus"
    refits = Refits(table, small_model, Params())
    seen = []
    monkeypatch.setattr(refits, "measure", lambda keep, validation, test: seen.append((keep, validation, test)) or {"n": len(test)})
    assert refits.on_sources() == {"corpus": {"n": (table["source"] == "corpus").sum()}}
    keep, validation, test = seen.pop()
    assert set(refits.training["source"][keep]) == set(validation["source"]) == {"grammar"}
    assert refits.on_splits().keys() == {"random", "grouped"}
    for (keep, _, test), key in zip(seen, ("row", "group"), strict=True):
        assert len(test) > 10
        assert not set(refits.training[key][keep]) & set(test[key])
    assert set(refits.training["group"][seen[0][0]]) & set(seen[0][2]["group"])  # the leakage that a random split has


def test_reliability_is_drawn(tmp_path):
    charts.reliability(reliability([True, False, True], [0.9, 0.1, 0.8]), tmp_path / "curve.png", "three")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_the_model_card_tells_what_was_measured():
    found = evaluate(as_table(ROWS, "mine"), GIVEN, THRESHOLDS, {DEFAULT: THRESHOLDS}, parts={"grouped": np.ones(4, dtype=bool)}).as_dict()
    share = found["all"]["scams_caught"]
    found |= {
        "attacks": {"leet": {"n": 2, "before": share, "after": share}},
        "harmless": {"emoji": share},
        "splits": {"random": found["all"]},
    }
    info = {"thresholds": {DEFAULT: THRESHOLDS}, "data": {}, "notes": []}
    card = report.model_card(found, info)
    for part in (
        "### By kind of sender",
        "| short_code | 1 |",
        "| link | 1 |",
        "| leet |",
        "| emoji | 2 |",
        "| random | 4 |",
        "| 5.0% smishing |",
    ):
        assert part in card, part
    assert f"{found['calibration']['grouped']['expected_calibration_error']:.3f} on the 4 of sources trained on" in card
    assert "| leet |" not in report.figures(found)


@pytest.mark.parametrize("sender", [{}, {"sender": ["", ""]}], ids=["no column", "an empty one"])
def test_a_file_without_senders_is_measured_all_the_same(tmp_path, capsys, sender):
    file = tmp_path / "mine.csv"
    pd.DataFrame({"text": ["you up?", "USPS: pay $0.30 at usps.com-trk.top/a"], "label": ["ham", "smishing"], **sender}).to_csv(
        file, index=False
    )
    assert main(["evaluate", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["by_sender_kind"]["absent"]["n"] == 2


def test_a_file_of_ones_own_is_measured_the_same_way(tmp_path, capsys):
    file = tmp_path / "mine.csv"
    ROWS.to_csv(file, index=False)
    assert main(["evaluate", str(file)]) == 0
    out = capsys.readouterr().out
    for expected in (
        "sender kind",
        "short_code",
        "no link",
        "more than 320",
        "2024-02",
        "precision of smishing",
        "expected calibration error",
    ):
        assert expected in out, expected
    assert "brand" not in out
    assert main(["evaluate", str(file), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["by_sender_kind"]["absent"]["n"] == 2
    assert {"strict", "balanced", "catch", "used"} == found["precision"]["all"].keys()
