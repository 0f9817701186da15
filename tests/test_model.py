from collections import Counter

import numpy as np
import pandas as pd
import pytest

from legitext.messages import LABELS, Message
from legitext.model import (
    EvidenceRegression,
    build_pipeline,
    choose_thresholds,
    fit,
    probabilities,
    threshold_for,
    training_rows,
    with_and_without_sender,
    with_parts,
    with_swapped_letters,
)
from legitext.params import Train
from legitext.table import as_table, messages_of


def test_probabilities_are_finite_and_sum_to_one(small_model, made):
    given = probabilities(small_model, messages_of(made[:200]))
    assert given.shape == (200, len(LABELS))
    assert np.isfinite(given).all()
    assert given.sum(axis=1) == pytest.approx(np.ones(200))


def test_two_fits_are_the_same_to_the_bit(made):
    rows = made[::4]
    one, two = (fit(build_pipeline(Train()), messages_of(rows), list(rows["label"])) for _ in range(2))
    assert (one.named_steps["classify"].coef_ == two.named_steps["classify"].coef_).all()


def test_coefficients_fit_in_single_precision(small_model):
    coefficients = small_model.named_steps["classify"].coef_
    assert (coefficients == coefficients.astype(np.float32)).all()


def test_a_label_never_seen_has_no_probability(made):
    rows = made[made["label"] != "spam"][::6]
    pipeline = fit(build_pipeline(Train()), messages_of(rows), list(rows["label"]))
    assert (probabilities(pipeline, [Message("hello there")])[:, LABELS.index("spam")] == 0).all()


def test_calibration_mends_inflated_scores_and_a_shifted_ham(made, small_model, monkeypatch):
    from copy import deepcopy

    from legitext.model import calibrate

    monkeypatch.setattr("legitext.parts.LEFT_OUT", 0.0)  # what is left out costs the same however inflated the scores
    held_out = made.iloc[1::2]
    own = calibrate(deepcopy(small_model), messages_of(held_out), list(held_out["label"]))
    inflated = deepcopy(small_model)
    classifier = inflated.named_steps["classify"]
    classifier.coef_ *= 3
    classifier.intercept_ = 3 * classifier.intercept_ - 4 * (classifier.classes_ == "ham")
    ham = LABELS.index("ham")
    before = probabilities(inflated, messages_of(held_out))
    assert calibrate(inflated, messages_of(held_out), list(held_out["label"])) == pytest.approx(3 * own, rel=0.05)
    given = probabilities(inflated, messages_of(held_out))
    assert given[:, ham].mean() == pytest.approx((held_out["label"] == "ham").mean(), abs=0.01)
    assert abs(before[:, ham].mean() - given[:, ham].mean()) > 0.02


@pytest.mark.parametrize(("share", "expected_above"), [(0.0, 0), (0.1, 10), (0.255, 25), (1.0, 100)])
def test_the_threshold_keeps_its_promise_on_the_scores_it_was_chosen_on(share, expected_above):
    scores = np.linspace(0.001, 0.9, 100)
    above = (scores >= threshold_for(scores, share)).sum()
    assert above <= expected_above
    assert above >= expected_above - 1 or share == 1.0


def test_ties_at_the_threshold_do_not_break_the_promise():
    scores = np.array([0.9] * 5 + [0.1] * 95)
    assert (scores >= threshold_for(scores, 0.03)).sum() <= 3


def test_every_message_with_a_sender_also_appears_without(made):
    rows = with_and_without_sender(made[:100])
    named = made[:100]["sender"].notna().sum()
    assert len(rows) == 100 + named
    assert rows["sender"].isna().sum() == 100


def columns(*rows):
    from scipy.sparse import csr_matrix

    return csr_matrix(np.array(rows, dtype=float))


def test_hidden_words_give_evidence_weight():
    """Words explain all of the training messages; what the evidence is worth shows where they are hidden."""
    X, y = columns(*[[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 0]] * 10), ["smishing", "smishing", "ham"] * 10
    leaning = EvidenceRegression(evidence=1, C=100).fit(X, y)
    carried = EvidenceRegression(evidence=1, C=100, hidden_words=1.0).fit(X, y)
    assert carried.coef_[1, 3] > leaning.coef_[1, 3] > 0


def test_a_penalty_on_evidence_makes_it_weigh_less():
    X, y = columns(*[[1, 1], [0, 0]] * 10), ["smishing", "ham"] * 10
    free, held = (EvidenceRegression(evidence=1, evidence_penalty=penalty).fit(X, y).coef_[1] for penalty in (1.0, 100.0))
    assert held[1] < free[1]
    assert held[0] > free[0]


def test_of_twins_the_words_teach_nothing():
    rows, labels = [[1, 0, 0]] * 10 + [[0, 1, 0]] * 10 + [[1, 0, 1]] * 10, ["ham"] * 10 + ["smishing"] * 20
    twins = [False] * 20 + [True] * 10
    with_words = EvidenceRegression(evidence=1).fit(columns(*rows), labels)
    without = EvidenceRegression(evidence=1).fit(columns(*rows), labels, evidence_only=twins)
    assert without.coef_[1, 0] < with_words.coef_[1, 0]
    assert without.coef_[1, 2] > 0


def test_rows_given_in_blocks_are_fitted_as_those_given_at_once():
    X = columns(*np.random.default_rng(1).integers(0, 2, (60, 7)))
    y, twins = ["ham", "spam", "smishing"] * 20, [True, False, False, False] * 15
    options = {"evidence": 2, "evidence_penalty": 4.0, "hidden_words": 0.1}
    once = EvidenceRegression(**options).fit(X, y, evidence_only=twins)
    blocks = EvidenceRegression(**options).fit((X[start : start + 13] for start in range(0, 60, 13)), y, evidence_only=twins)
    assert (once.coef_ == blocks.coef_).all()
    assert (once.intercept_ == blocks.intercept_).all()


def test_letters_are_swapped_in_a_share_of_the_messages_and_the_same_each_time(made):
    changed = with_swapped_letters(made, 0.5)
    assert changed.equals(with_swapped_letters(made, 0.5))
    share = (changed["text"] != made["text"]).mean()
    assert 0.3 < share < 0.6


def test_thresholds_keep_their_promises_against_ham():
    rng = np.random.default_rng(1)
    genuine = rng.dirichlet([8, 1, 1], size=1000)
    scams = {"strict": 0.001, "balanced": 0.005, "catch": 0.02}
    spam = {"strict": 0.002, "balanced": 0.01, "catch": 0.05}
    chosen = choose_thresholds(genuine, Train(false_alarms=scams, spam_false_alarms=spam))
    for place, label, shares in ((2, "smishing", scams), (1, "spam", spam)):
        against = genuine[:, place] / (genuine[:, place] + genuine[:, 0])
        for name, share in shares.items():
            allowed = round(1000 * share)
            assert allowed - 1 <= (against >= chosen[name][label]).sum() <= allowed


def test_parts_of_genuine_texts_are_learnt_and_of_no_others(made):
    rows = with_parts(made, 0.9)
    added = rows[len(made) :]
    assert len(added) > 100
    assert set(added["label"]) == {"ham"}
    wholes = set(made["text"])
    assert all(any(text in whole for whole in wholes) for text in added["text"][:20])


def test_the_part_that_is_learnt_is_the_one_that_looks_worst():
    scam = "Pay the toll fee today at once or your license is suspended now."
    text = f"{scam} Thanks again for the lovely dinner, the kids loved it so much, see you all on Sunday."
    rows = as_table(
        pd.DataFrame([(text, "ham", "a"), *((scam, "smishing", str(n)) for n in range(5))], columns=["text", "label", "group"]), "grammar"
    )
    assert with_parts(rows, 1.0)["text"].tolist()[len(rows) :] == [scam.rstrip(".")]


def test_a_twin_by_its_sender_is_learnt_whole_and_never_without_it():
    rows = as_table(
        pd.DataFrame(
            [
                ("Chase: did you pay $5? Reply YES or NO", "ham", "24273", "bank", "a"),
                ("Chase: did you pay $5? Reply YES or NO", "smishing", "+63 995 271 4822", "twin_sender_bank", "a"),
                ("Chase: did you pay $5? See https://chase-pay.top/a", "smishing", "24273", "twin_bank", "a"),
            ],
            columns=["text", "label", "sender", "kind", "group"],
        ),
        "grammar",
    )
    training, _, twins = training_rows(rows, Train(asides=0, parts=0, swapped_letters=0))
    assert Counter(training["kind"]) == {"bank": 2, "twin_sender_bank": 1, "twin_bank": 2}
    assert set(training["kind"][twins]) == {"twin_bank"}


def test_a_label_can_be_given_more_weight(made):
    rows = made.groupby("label").head(20)
    training, weights, _ = training_rows(rows, Train(weights={"grammar": 0.5}))
    _, more, _ = training_rows(rows, Train(weights={"grammar": 0.5}, class_weights={"smishing": 3.0}))
    assert (weights == 0.5).all()
    assert (more == np.where(training["label"] == "smishing", 1.5, 0.5)).all()
