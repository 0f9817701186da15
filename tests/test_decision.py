import pytest

from legitext.decision import against_ham, label_of, thresholds_of
from legitext.errors import InputError

THRESHOLDS = {"spam": 0.6, "smishing": 0.8}


@pytest.mark.parametrize(
    ("probabilities", "label"),
    [
        ([0.9, 0.05, 0.05], "ham"),
        ([0.15, 0.05, 0.8], "smishing"),
        ([0.05, 0.45, 0.5], "smishing"),  # as likely advertising, yet hardly ham
        ([0.05, 0.5, 0.45], "spam"),
        ([0.3, 0.05, 0.65], "ham"),  # 0.68 against ham
        ([0.3, 0.55, 0.15], "spam"),  # 0.65 against ham
        ([0.2, 0.25, 0.55], "ham"),  # neither reaches its threshold
        ([0.0, 0.0, 1.0], "smishing"),
        ([1.0, 0.0, 0.0], "ham"),
    ],
)
def test_the_likelier_of_the_labels_that_stand(probabilities, label):
    assert label_of(probabilities, THRESHOLDS) == label


def test_nothing_is_against_nothing():
    assert against_ham(0.0, 0.0) == 0.0


def test_a_threshold_is_chosen_by_name_or_number():
    named = {"strict": {"spam": 0.95, "smishing": 0.99}, "catch": THRESHOLDS}
    assert thresholds_of("strict", named)["smishing"] == 0.99
    assert thresholds_of(0.7, named) == thresholds_of("0.7", named) == {"spam": 0.7, "smishing": 0.7}
    assert thresholds_of(1, named) == {"spam": 1.0, "smishing": 1.0}


@pytest.mark.parametrize("choice", ["lax", "", 0, 1.5, float("nan"), "nan", -0.1, True, None])
def test_another_threshold_is_refused_in_one_line(choice):
    with pytest.raises(InputError, match="name one of strict, catch, or give a number above 0 and up to 1"):
        thresholds_of(choice, {"strict": THRESHOLDS, "catch": THRESHOLDS})
