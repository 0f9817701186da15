"""From probabilities to a label: the one rule that training, measuring and serving share."""

from collections.abc import Mapping, Sequence
from typing import Any

from legitext.errors import InputError
from legitext.messages import LABELS

THRESHOLDS = ("strict", "balanced", "catch")
"""Names under which a model holds thresholds, from fewest false alarms to most scams caught."""

DEFAULT = "catch"
"""The one that is used where none is named."""


def against_ham(probability: float, ham: float) -> float:
    """How likely a label is if it is either this one or ham, from 0 to 1.

    A scam that might as well be advertising is not the less a scam for it: its probability of smishing is split, this is not.

    >>> against_ham(0.45, 0.05)
    0.9
    """
    both = probability + ham
    return probability / both if both else 0.0


def label_of(probabilities: Sequence[float], thresholds: Mapping[str, float]) -> str:
    """The likelier of the labels that reach their threshold against ham, or ham if none does.

    Args:
        probabilities: in the order of `LABELS`.
        thresholds: for each label but ham the least `against_ham`.

    >>> label_of([0.05, 0.45, 0.5], {"spam": 0.8, "smishing": 0.8})
    'smishing'
    >>> label_of([0.3, 0.35, 0.35], {"spam": 0.8, "smishing": 0.8})
    'ham'
    """
    ham = probabilities[0]
    found, most = LABELS[0], -1.0
    for label, probability in zip(LABELS[1:], probabilities[1:], strict=True):
        if probability > most and against_ham(probability, ham) >= thresholds[label]:
            found, most = label, probability
    return found


def thresholds_of(choice: str | float, named: Mapping[str, Mapping[str, float]]) -> Mapping[str, float]:
    """The thresholds of a name, or a number as the threshold of each label.

    Args:
        choice: a name in `named`, or a number above 0 and up to 1.
        named: by name, for each label but ham the least `against_ham`.

    Raises:
        InputError: if it is neither.

    >>> thresholds_of(0.9, {})
    {'spam': 0.9, 'smishing': 0.9}
    """
    number: Any = choice
    if isinstance(choice, str):
        if choice in named:
            return named[choice]
        try:
            number = float(choice)
        except ValueError:
            number = None
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number <= 1:
        raise InputError(f"threshold {choice!r}: name one of {', '.join(named)}, or give a number above 0 and up to 1")
    return dict.fromkeys(LABELS[1:], float(number))
