import numpy as np
import pytest

from legitext.messages import LABELS, Message
from legitext.model import build_pipeline, fit, probabilities, threshold_for, with_and_without_sender
from legitext.params import Train
from legitext.table import messages_of


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


def test_calibration_finds_the_temperature_of_inflated_scores(made, small_model):
    from copy import deepcopy

    from legitext.model import calibrate

    held_out = made.iloc[1::2]
    inflated = deepcopy(small_model)
    inflated.named_steps["classify"].coef_ *= 3
    inflated.named_steps["classify"].intercept_ *= 3
    assert calibrate(inflated, messages_of(held_out), list(held_out["label"])) == pytest.approx(3, rel=0.05)


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
