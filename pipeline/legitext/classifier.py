"""Serving: from a message to a verdict with its reasons, without the training libraries."""

import math
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from legitext import artifact as artifacts
from legitext.brands import Registry, registry
from legitext.decision import DEFAULT, label_of, thresholds_of
from legitext.errors import InputError
from legitext.evidence import GENUINE, Clue, find_evidence, sentence
from legitext.kept import Kept
from legitext.messages import HAM, LABELS, SMISHING, Message, as_message
from legitext.parts import cuts_of, price_of, runs_between
from legitext.reading import PHONE_WORD, Reading, read
from legitext.terms import runs_in

if TYPE_CHECKING:
    import pandas as pd

Span = tuple[int, int]
_CACHED_WORDS = 20_000


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of the score."""

    weight: float
    """What it adds to the log-odds of the verdict, see `Prediction.reasons`; below 0 it speaks against the verdict."""

    sentence: str
    """For a person."""

    span: Span | None = None
    """Where in the text it rests, as `text[start:end]`; None if on the sender or on the whole."""


@dataclass(frozen=True)
class Prediction:
    """A verdict."""

    label: str
    """One of `LABELS`: what the model's thresholds make of the probabilities, so not always the likeliest."""

    probability: float
    """Of the label, from 0 to 1."""

    probabilities: Mapping[str, float]
    """Of each label; they sum to 1."""

    brand: str | None
    """The registered brand that the text speaks for, genuinely or not; None if it names none."""

    _explain: Callable[[], "Explanation"] = field(repr=False, compare=False)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why, weightiest first, and last of all where the score starts before anything is read.

        The weights add up to the log-odds (natural logarithm) of smishing, or of spam, against ham, as that is what the thresholds are
        of; those of ham are against the likelier of the others, and add up to less than 0 if that is likelier, but under its threshold.
        Worked out when asked for, as are `evidence` and `advice`.
        """
        return self._explain().reasons

    @property
    def evidence(self) -> tuple[Reason, ...]:
        """What shows that the sender is who it says it is, such as its own link or number; empty if nothing does."""
        return self._explain().evidence

    @property
    def advice(self) -> tuple[str, ...]:
        """What to do now, and where to report it; empty for ham."""
        return self._explain().advice

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_explain": _Known(self._explain())}

    def as_dict(self) -> dict[str, Any]:
        """All of it as builtins, for JSON."""
        return {
            "label": self.label,
            "probability": self.probability,
            "probabilities": dict(self.probabilities),
            "brand": self.brand,
            "reasons": [asdict(reason) for reason in self.reasons],
            "evidence": [asdict(reason) for reason in self.evidence],
            "advice": list(self.advice),
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is worked out of a prediction when it is asked for."""

    reasons: tuple[Reason, ...]
    evidence: tuple[Reason, ...]
    advice: tuple[str, ...]


class _Once:
    """An explanation that is worked out the first time it is asked for."""

    __slots__ = ("_known", "_work_out")

    def __init__(self, work_out: Callable[[], Explanation]) -> None:
        self._work_out = work_out
        self._known: Explanation | None = None

    def __call__(self) -> Explanation:
        if self._known is None:
            self._known = self._work_out()
        return self._known


@dataclass(frozen=True, slots=True)
class _Known:
    """An explanation worked out already, so that a prediction can be pickled without its classifier."""

    explanation: Explanation

    def __call__(self) -> Explanation:
        return self.explanation


class Classifier:
    """A trained model, ready to judge messages. Threads may share one."""

    def __init__(self, artifact: Mapping[str, Any], brands: Registry | None = None, threshold: str | float = DEFAULT) -> None:
        """Take a checked artifact, as `legitext.artifact.load` returns it, a registry of brands (default: the packaged one), and the
        threshold that holds where none is named, see `load`."""
        self._brands = brands
        self.info = {key: artifact[key] for key in ("format", "versions", "labels", "thresholds", "data", "notes")}
        self.thresholds = thresholds_of(threshold, artifact["thresholds"])
        """For each label but ham the least `legitext.decision.against_ham`, where no other is asked for."""
        self._intercept = [float(value) for value in artifact["intercept"]]
        self._words = _Block(artifact["words"])
        evidence = artifact["evidence"]
        self._evidence = dict(zip(evidence["names"], evidence["coefficients"].T.astype(float).tolist(), strict=True))
        self._characters = _Block(artifact["characters"])
        self._forget()

    def _forget(self) -> None:
        self._known = Kept(self._sum_word, _CACHED_WORDS)
        self._pairs = Kept(self._sum_pair)

    def __getstate__(self) -> dict[str, Any]:
        """Without what is kept, which makes no classifier another one: datasets tells by its pickle what it has mapped already."""
        return {name: value for name, value in self.__dict__.items() if name not in ("_known", "_pairs")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    @classmethod
    def load(cls, path: str | Path | None = None, brands: str | Path | None = None, threshold: str | float = DEFAULT) -> "Classifier":
        """The model in the file `path`, or the one that comes with the package.

        Args:
            path: a model file.
            brands: a TOML file of brands of your own, in the form of the package's `brands.toml`; nothing is trained again.
            threshold: `strict` (fewest false alarms), `balanced` or `catch` (most scams caught), see the README for what each costs;
                or a number above 0 and up to 1, how likely smishing, or spam, must be against ham.

        Raises:
            ArtifactError: if the file is missing, damaged, or not a model of this version.
            DataError: if the brands are not in that form.
            InputError: if there is no such threshold.
        """
        own = None if brands is None else registry().extended(brands)
        return cls(artifacts.load(default_path() if path is None else path), own, threshold)

    @overload
    def predict(self, messages: str | Message, threshold: str | float | None = None) -> Prediction: ...  # type: ignore[overload-overlap]  # a str is one message

    @overload
    def predict(self, messages: Iterable[str | Message], threshold: str | float | None = None) -> list[Prediction]: ...

    def predict(
        self, messages: str | Message | Iterable[str | Message], threshold: str | float | None = None
    ) -> Prediction | list[Prediction]:
        """The verdict on one message, or a list of verdicts on many, in their order.

        Args:
            messages: one or many.
            threshold: as in `load`; without it the classifier's own holds.

        Raises:
            InputError: if one is not a text, is blank, or is too long; if there is no such threshold.
        """
        thresholds = self._thresholds(threshold)
        if isinstance(messages, (str, Message, bytes)) or messages is None or not isinstance(messages, Iterable):
            return self._predict(as_message(messages), thresholds)
        return [self._predict(as_message(message), thresholds) for message in _many(messages)]

    def predict_one(self, text: str, sender: str | None = None, threshold: str | float | None = None) -> Prediction:
        """The verdict on one text and what the phone shows as its sender; `threshold` as in `predict`."""
        return self._predict(Message(text, sender), self._thresholds(threshold))

    def score_frame(self, frame: "pd.DataFrame", text: str = "text", sender: str | None = "sender", prefix: str = "") -> "pd.DataFrame":
        """A pandas table with the columns `label`, `ham`, `spam`, `smishing` (the probabilities) and `brand` added.

        Args:
            frame: a row for each message; one whose text is missing, blank or too long gets no verdict.
            text: its column of texts.
            sender: its column of senders; `sender` need not be there.
            prefix: what the names of the added columns begin with.

        Raises:
            InputError: if a column is missing, or one called like an added one is there already; if a text is not a text.
        """
        from legitext.scoring import score_frame

        return score_frame(self, frame, text, sender, prefix)

    def map_batch(
        self, batch: Mapping[str, Any], text: str = "text", sender: str | None = "sender", prefix: str = ""
    ) -> dict[str, list[Any]]:
        """The columns that `score_frame` adds, for `dataset.map(classifier.map_batch, batched=True)` of Hugging Face's datasets.

        The brand of a text that names none is empty, for a column that begins with a thousand missing values is given no type there.
        Other names are passed as `fn_kwargs={"text": "sms", "prefix": "legitext_"}`.
        """
        from legitext.scoring import map_batch

        return map_batch(self, batch, text, sender, prefix)

    def predict_proba(self, messages: Iterable[str | Message]) -> NDArray[np.float64]:
        """Shape (n_messages, 3): probabilities in the order of `LABELS`."""
        return np.array([_softmax(scores) for scores in self.decision_function(messages).tolist()]).reshape(-1, len(LABELS))

    def decision_function(self, messages: Iterable[str | Message]) -> NDArray[np.float64]:
        """Shape (n_messages, 3): scores in the order of `LABELS`, of which `predict_proba` is the softmax."""
        rows = [self._scores(read(as_message(message), self._brands))[0] for message in _many(messages)]
        return np.array(rows, dtype=np.float64).reshape(-1, len(LABELS))

    def label_of(self, probabilities: Iterable[float], threshold: str | float | None = None) -> str:
        """The label that probabilities, in the order of `LABELS`, give, see `legitext.decision`; `threshold` as in `predict`."""
        return label_of(list(probabilities), self._thresholds(threshold))

    def _thresholds(self, choice: str | float | None) -> Mapping[str, float]:
        return self.thresholds if choice is None else thresholds_of(choice, self.info["thresholds"])

    def _predict(self, message: Message, thresholds: Mapping[str, float]) -> Prediction:
        reading = read(message, self._brands)
        scores, _ = self._scores(reading)
        values = _softmax(scores)
        label = label_of(values, thresholds)
        brand = reading.speaker
        return Prediction(
            label,
            values[LABELS.index(label)],
            dict(zip(LABELS, values, strict=True)),
            brand.name if brand is not None else None,
            _Once(partial(self._explain, message, label)),
        )

    def _scores(self, reading: Reading) -> tuple[list[float], Span]:
        """The score of each label, and the part `words[start:end]` on which smishing is scored against ham, see `legitext.parts`."""
        s0, s1, s2 = self._intercept
        for clue in find_evidence(reading):
            coefficients = self._evidence.get(clue.name)
            if coefficients is not None:
                s0 += coefficients[0]
                s1 += coefficients[1]
                s2 += coefficients[2]
        columns = self._columns(reading.words or ("",))
        square_w, w0, w1, w2, square_c, c0, c1, c2 = map(sum, columns)
        ham = _normed(square_w, w0, square_c, c0)
        spam = _normed(square_w, w1, square_c, c1)
        most, part = _normed(square_w, w2, square_c, c2), (0, len(reading.words))
        leading = columns[0], columns[3], columns[4], columns[7]
        cuts = cuts_of(reading)
        for first, last in runs_between(cuts, reading):
            start, end = cuts[first], cuts[last]
            run = slice(2 * start, 2 * end - 1)
            lead = _normed(*[sum(column[run]) for column in leading]) - price_of(end - start, len(reading.words))
            if lead > most:
                most, part = lead, (start, end)
        return [s0 + ham, s1 + ham + spam, s2 + ham + most], part

    def _columns(self, words: Sequence[str]) -> "list[_Sums]":
        """What each term adds, in eight columns as in `_Sums`: the words in turn with the pairs that they make with the next."""
        terms = [_NOTHING] * (2 * len(words) - 1)
        terms[::2] = map(self._known.__getitem__, words)
        pairs = map(self._words.places.get, [f"{before} {word}" for before, word in pairwise(words)])
        terms[1::2] = map(self._pairs.__getitem__, pairs)
        return [*zip(*terms, strict=True)]

    def _sum_word(self, word: str) -> "_Sums":
        """What a word and all its character runs add."""
        block = self._characters
        found = [place for place in map(block.places.get, runs_in(word, block.shortest, block.longest)) if place is not None]
        runs = [sum(map(column.__getitem__, found), 0.0) for column in block.columns]
        return (*self._sum_pair(self._words.places.get(word))[:4], *runs)

    def _sum_pair(self, place: int | None) -> "_Sums":
        """What the pair of words at a place among the terms adds; nothing if it is none of them."""
        return _NOTHING if place is None else (*(column[place] for column in self._words.columns), *_NOTHING[4:])

    def _explain(self, message: Message, label: str) -> Explanation:
        reading = read(message, self._brands)
        scores, part = self._scores(reading)
        mine = LABELS.index(label)
        other = max(range(1, len(LABELS)), key=scores.__getitem__) if mine == HAM else HAM
        reasons = []
        price = price_of(part[1] - part[0], len(reading.words)) * ((other == SMISHING) - (mine == SMISHING))
        if price:
            reasons.append(Reason(price, "only a part of the text looks like a scam"))
        evidence = []
        clues = find_evidence(reading)
        for clue in clues:
            coefficients = self._evidence.get(clue.name)
            if coefficients is not None:
                reason = Reason(coefficients[mine] - coefficients[other], sentence(clue, reading), clue.span)
                reasons.append(reason)
                if clue.name in GENUINE:
                    evidence.append(reason)
        reasons += self._word_reasons(reading, part, mine, other)
        reasons.sort(key=lambda reason: -reason.weight)
        start = self._intercept[mine] - self._intercept[other]
        reasons.append(Reason(start, f"before anything is read, {LABELS[mine]} against {LABELS[other]}"))
        return Explanation(tuple(reasons), tuple(evidence), advice_on(label, reading, clues))

    def _word_reasons(self, reading: Reading, part: Span, mine: int, other: int) -> list[Reason]:
        """One reason for each word that tells `mine` from `other`: smishing from ham on the part, spam from ham on the whole."""
        weights = [0.0] * len(reading.words)
        for label, sign in ((mine, 1), (other, -1)):
            if label != HAM:
                start, end = part if label == SMISHING else (0, len(reading.words))
                for index, weight in enumerate(self._word_weights(reading.words[start:end], label), start):
                    weights[index] += sign * weight
        text = reading.message.text
        return [
            Reason(weight, f"the {_sort_of(written)} “{written}”", span)
            for weight, span in zip(weights, reading.spans, strict=True)
            if weight and (written := text[span[0] : span[1]])
        ]

    def _word_weights(self, words: Sequence[str], label: int) -> list[float]:
        """What each of some words in a row adds to a label against ham: its own term, its character runs, half of each pair it is in."""
        block = self._words
        shares = [[0.0, 0.0] for _ in words]
        squares = [0.0, 0.0]
        for index, word in enumerate(words):
            if not word:
                continue
            place = block.places.get(word)
            if place is not None:
                squares[0] += block.columns[0][place]
                shares[index][0] += block.columns[1 + label][place]
            if block.longest > 1 and index and words[index - 1]:
                place = block.places.get(f"{words[index - 1]} {word}")
                if place is not None:
                    squares[0] += block.columns[0][place]
                    half = block.columns[1 + label][place] / 2
                    shares[index][0] += half
                    shares[index - 1][0] += half
            sums = self._known[word]
            squares[1] += sums[4]
            shares[index][1] += sums[5 + label]
        w, c = (1 / math.sqrt(square) if square else 0.0 for square in squares)
        return [share[0] * w + share[1] * c for share in shares]


def _sort_of(written: str) -> str:
    """What a person calls what stands in a text: of numbers the model knows the length alone."""
    if any(character.isalpha() for character in written):
        return "word"
    return "number" if any(character.isdigit() for character in written) else "sign"


def _many(messages: Any) -> Iterable[Any]:
    """`messages` if they are many, and not a table or one text, whose parts would be taken for messages."""
    if isinstance(messages, (str, bytes, Message, Mapping)) or hasattr(messages, "columns") or not isinstance(messages, Iterable):
        raise InputError(f"expected a list of texts or Messages, not {type(messages).__name__}: of a table, pass its column of texts")
    return messages


class _Block:
    """The terms of a block with what each adds to the norm, to the score of ham, and to the leads of the other labels over it."""

    __slots__ = ("columns", "longest", "places", "shortest")

    def __init__(self, block: Mapping[str, Any]) -> None:
        self.shortest: int = block["shortest"]
        self.longest: int = block["longest"]
        terms = block["terms"].split("\n") if block["terms"] else []
        self.places = dict(zip(terms, range(len(terms)), strict=True))
        idf = block["idf"].astype(np.float64)
        ham, *others = block["coefficients"].astype(np.float64) * idf
        self.columns = tuple(array("d", row.tobytes()) for row in (idf * idf, ham, *(other - ham for other in others)))
        """What each term adds under the root, to ham, and to the others' leads; arrays take a third of the memory of lists, and are there at once."""


def advice_on(label: str, reading: Reading, clues: Iterable[Clue]) -> tuple[str, ...]:
    """What to do about a message of a label: the rules that hold for all, then what the brand it speaks for says."""
    if label == "ham":
        return ()
    if label == "spam":
        return ("Answer STOP only to a sender you know.", "Block the sender, and forward the text to 7726 (SPAM).")
    asks = [
        words
        for words, holds in (
            ("don't open the link", bool(reading.links)),
            ("don't call a number it gives", any(clue.name == "asks_call" for clue in clues) or PHONE_WORD in reading.words),
            ("don't reply, not even with STOP", True),
        )
        if holds
    ]
    first = ", ".join(asks)
    brand = reading.speaker
    lines = [f"{first[0].upper()}{first[1:]}."]
    if brand is not None and brand.check:
        lines.append(brand.check)
    lines += (brand is not None and brand.report) or ("Forward it to 7726 (SPAM).",)
    return (*lines, "If you have answered it, change the password of the account, and call your bank from the number on your card.")


def verdict(prediction: Prediction, reasons: int = 3) -> list[str]:
    """A prediction in lines for a person: the verdict first, then the weightiest reasons for it, at most so many."""
    notes = [f"speaks for {prediction.brand}"] if prediction.brand else []
    likeliest = max(prediction.probabilities, key=prediction.probabilities.__getitem__)
    if likeliest != prediction.label:
        why = "is likelier, but the threshold is low" if likeliest == LABELS[HAM] else "is too little for its threshold"
        notes.append(f"{likeliest} {prediction.probabilities[likeliest]:.1%} {why}")
    lines = [f"{prediction.label}  {prediction.probability:.1%}" + (f"  ({'; '.join(notes)})" if notes else "")]
    lines += [f"  {reason.weight:+.2f}  {reason.sentence}" for reason in prediction.reasons[:reasons] if reason.weight > 0]
    return lines


def default_path() -> Path:
    """The model that comes with the package: beside its modules in an installation, in `models/` in a checkout."""
    here = Path(__file__).resolve().parent
    packed = here / "legitext.joblib"
    return packed if packed.is_file() else here.parent.parent / "models" / "legitext.joblib"


_opened: list[Classifier] = []
_opening = Lock()


def default_classifier() -> Classifier:
    """The model that comes with the package, opened once, however many threads ask for it first."""
    if not _opened:
        with _opening:
            if not _opened:
                _opened.append(Classifier.load())
    return _opened[0]


def predict(text: str, sender: str | None = None, threshold: str | float | None = None) -> Prediction:
    """The verdict of the packaged model on one text.

    Args:
        text: what the message says.
        sender: what the phone shows as its sender; None if unknown.
        threshold: `strict`, `balanced`, `catch` (what is used without one) or a number, see `Classifier.load`.

    Raises:
        InputError: if the text is not a text, blank, or too long; if there is no such threshold.

    >>> predict("USPS: your parcel is held, confirm your address https://usps-trk.top/a", sender="+63 995 271 4822").label
    'smishing'
    """
    return default_classifier().predict_one(text, sender, threshold)


_Sums = tuple[float, ...]
"""What some terms add under the root, to the score of ham, and to the leads of spam and smishing over it: of words, then of character runs. Eight numbers."""

_NOTHING: _Sums = (0.0,) * 8


def _normed(square_w: float, words: float, square_c: float, characters: float) -> float:
    """A score or lead from the sums over the terms of both blocks, see `AdditiveTfidf`."""
    return (words / math.sqrt(square_w) if square_w else 0.0) + (characters / math.sqrt(square_c) if square_c else 0.0)


def _softmax(scores: list[float]) -> list[float]:
    top = max(scores)
    parts = [math.exp(score - top) for score in scores]
    total = sum(parts)
    return [part / total for part in parts]
