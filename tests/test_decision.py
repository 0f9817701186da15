import pytest

from legitext.decision import against_ham, label_of

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
