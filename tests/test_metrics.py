import numpy as np
import pandas as pd
import pytest

from legitext.metrics import by, calls, expected_calibration_error, figure, overall, paired, share, slices, yardstick


def test_calls_follow_the_thresholds():
    given = np.array([[0.6, 0.1, 0.3], [0.1, 0.6, 0.3], [0.2, 0.1, 0.7], [0.05, 0.5, 0.45]])
    assert calls(given, {"smishing": 0.45, "spam": 0.5}).tolist() == ["ham", "spam", "smishing", "spam"]


def test_a_share_lies_in_its_interval_and_is_the_same_each_time():
    hits = [True] * 30 + [False] * 70
    figure = share(hits)
    assert figure["share"] == 0.3
    assert figure["low"] < 0.3 < figure["high"]
    assert figure["high"] - figure["low"] == pytest.approx(2 * 1.96 * np.sqrt(0.3 * 0.7 / 100), rel=0.2)
    assert share(hits) == figure
    assert share([])["n"] == 0


def test_the_three_figures_are_shares_of_their_own_label():
    table = pd.DataFrame({"label": ["ham", "ham", "smishing", "smishing", "spam"], "kind": ["a", "b", "a", None, "a"]})
    called = ["ham", "smishing", "smishing", "spam", "ham"]
    figures = slices(table, called)
    assert figures["n"] == 5
    assert {name: figures[name]["share"] for name in figures if name != "n"} == {
        "genuine_called_smishing": 0.5, "genuine_flagged": 0.5, "scams_caught": 0.5, "scams_flagged": 1.0, "spam_flagged": 0.0,
    }  # fmt: skip
    assert list(by("kind", table, called)) == ["a", "b"]
    assert by("kind", table, called, least=2).keys() == {"a"}
    assert "scams_caught" not in by("kind", table, called)["b"]


def test_a_weighted_figure_is_that_of_the_rows_repeated():
    random = np.random.default_rng(3)
    labels = random.choice(["ham", "spam", "smishing"], 60)
    given = random.dirichlet(np.ones(3), 60)
    called, weights = calls(given, {"smishing": 0.5, "spam": 0.5}), random.integers(0, 3, 60)
    again = np.repeat(np.arange(60), weights)
    shares = slices(pd.DataFrame({"label": labels[again]}), called[again])
    for name in ("genuine_called_smishing", "genuine_flagged", "scams_caught", "spam_flagged"):
        assert figure(name, labels, given, called, weights) == pytest.approx(shares[name]["share"], abs=1e-4)
    whole = overall(labels[again], given[again], called[again])
    assert figure("smishing_auc", labels, given, called, weights) == pytest.approx(whole["smishing_auc"], abs=1e-4)
    assert figure("spam_f1", labels, given, called, weights) == pytest.approx(whole["by_label"]["spam"]["f1"], abs=1e-4)
    assert np.isnan(figure("spam_auc", labels, given, called, labels == "spam"))


def test_a_paired_interval_rests_on_what_differs_and_on_groups_drawn_whole():
    hits = np.arange(400) % 10 < 7
    other = hits & (np.arange(400) % 40 != 0)  # one row in forty less

    def measures(second):
        return [lambda weights: weights @ hits / weights.sum(), lambda weights: weights @ second / weights.sum()]

    assert paired(measures(hits), np.arange(400)) == (0, 0)
    low, high = paired(measures(other), np.arange(400))
    assert low < -10 / 400 < high < 0
    assert paired(measures(other), np.arange(400)) == (low, high)
    assert paired(measures(other), np.arange(400) // 40) == pytest.approx((-10 / 400, -10 / 400))  # each group has lost just one
    assert paired(measures(other), np.arange(400) % 40 == 0)[1] == 0  # all losses are in one group, which may stay away


def test_overall_figures_of_a_perfect_and_a_blind_model():
    labels = ["ham", "spam", "smishing"] * 10
    perfect = np.tile(np.eye(3), (10, 1))
    figures = overall(labels, perfect, labels)
    assert figures["accuracy"] == figures["macro_f1"] == figures["smishing_auc"] == 1.0
    blind = overall(labels, np.full((30, 3), 1 / 3), ["ham"] * 30)
    assert blind["smishing_auc"] == 0.5
    assert blind["log_loss"] == pytest.approx(np.log(3), abs=1e-3)


def test_calibration_error_is_the_gap_between_said_and_seen():
    assert expected_calibration_error([True] * 8 + [False] * 2, [0.8] * 10) == pytest.approx(0)
    assert expected_calibration_error([False] * 10, [0.9] * 10) == pytest.approx(0.9)


def test_the_yardstick_keeps_groups_together():
    seen = []

    def fit_and_score(train, test):
        seen.append((set(train), set(test)))
        return np.linspace(0, 1, len(test))

    groups = np.repeat(np.arange(20), 3)
    result = yardstick(["x"] * 60, np.arange(60) % 2 == 0, groups, fit_and_score, 4, 1)
    assert result.keys() == {"grouped", "random"}
    for train, test in seen[:4]:
        assert not {groups[row] for row in train} & {groups[row] for row in test}
