"""The parameters of the pipeline: `params.yaml`, a section a stage, checked.

A section is a frozen dataclass; an unknown key or a value out of range stops the run with its name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from legitext.decision import THRESHOLDS
from legitext.errors import ParamsError
from legitext.habits import Habits
from legitext.messages import LABELS

Section = TypeVar("Section")


@dataclass(frozen=True, slots=True)
class Fetch:
    """Where the corpora come from."""

    mirror: str = "data/corpora"
    """Folder with local copies; the environment's LEGITEXT_CORPORA goes before it."""


@dataclass(frozen=True, slots=True)
class Synthesize:
    """How messages are made from the wordings."""

    templates: str = "data/templates"
    per_template: int = field(default=5, metadata={"low": 1, "high": 10_000})
    balance: float = field(default=0.0, metadata={"low": 0.0, "high": 1.0})
    """How far the counts are moved so that neither a link nor the length of a text gives its label away, see `grammar.balanced`."""

    habits: Mapping[str, float] = field(default_factory=dict)
    """Shares of messages by habit, see `legitext.habits.Habits`; 0 where none is given."""

    twins_per_template: int = field(default=2, metadata={"low": 0, "high": 10_000})
    """Scam twins of each genuine wording that can be turned."""

    seed: int = field(default=1, metadata={"low": 0})


@dataclass(frozen=True, slots=True)
class Prepare:
    """How messages become training, validation and test rows."""

    test_share: float = field(default=0.2, metadata={"low": 0.05, "high": 0.5})
    validation_share: float = field(default=0.1, metadata={"low": 0.05, "high": 0.5})
    near_copy: float = field(default=0.7, metadata={"low": 0.3, "high": 1.0})
    """Share of word pairs that two texts have in common (Jaccard) from which they count as copies of each other."""

    test_from: Mapping[str, str] = field(default_factory=dict)
    """For sources with a time: the day (YYYY-MM-DD) from which messages are tested on."""

    caps: Mapping[str, int] = field(default_factory=dict)
    """For sources with too much of one thing: how many groups are trained on."""


@dataclass(frozen=True, slots=True)
class Train:
    """The model."""

    inverse_regularization: float = field(default=1.0, metadata={"low": 1e-6, "high": 1e6})
    """`C` of the logistic regression."""

    word_ngrams: int = field(default=2, metadata={"low": 1, "high": 2})
    character_ngrams: tuple[int, ...] = (2, 5)
    """Shortest and longest run of characters inside a word."""

    min_messages: int = field(default=3, metadata={"low": 1})
    """In how many training messages a term must stand to be learnt."""

    min_groups: int = field(default=2, metadata={"low": 1})
    """Of how many wordings or near-duplicate groups these messages must be; all corrections count as one."""

    weights: Mapping[str, float] = field(default_factory=dict)
    """Weight of a message by source; 1 where none is given."""

    class_weights: Mapping[str, float] = field(default_factory=dict)
    """Weight of a message by label, on top of that by source; 1 where none is given."""

    false_alarms: Mapping[str, float] = field(default_factory=lambda: {"strict": 0.001, "balanced": 0.005, "catch": 0.017})
    """By name of a threshold the share of the grammar's genuine validation messages that may be called smishing."""

    spam_false_alarms: Mapping[str, float] = field(default_factory=lambda: {"strict": 0.001, "balanced": 0.005, "catch": 0.01})
    """By name, the share of them that may be called spam."""

    evidence_penalty: float = field(default=4.0, metadata={"low": 0.01, "high": 10_000})
    """How many times stronger the penalty on the coefficients of evidence is than on those of words."""

    hidden_words: float = field(default=0.1, metadata={"low": 0.0, "high": 10.0})
    """Weight of each message with its words hidden, so that evidence must carry the verdict."""

    swapped_letters: float = field(default=0.22, metadata={"low": 0.0, "high": 1.0})
    """Share of messages learnt with letters swapped in three of ten words."""

    parts: float = field(default=1.0, metadata={"low": 0.0, "high": 1.0})
    """Share of genuine texts of which a part is learnt, too."""

    asides: float = field(default=0.25, metadata={"low": 0.0, "high": 1.0})
    """Share of scams and spam that are also learnt with a line of chat beside them; half as many of the other texts."""

    twin_weight: float = field(default=0.5, metadata={"low": 0.0, "high": 100.0})
    """Weight of a scam that was made from a genuine wording by turning its link or one sentence."""

    max_iterations: int = field(default=400, metadata={"low": 1})


@dataclass(frozen=True, slots=True)
class Evaluate:
    """What is measured."""

    folds: int = field(default=5, metadata={"low": 2, "high": 20})
    """Folds of the yardstick on the UCI collection."""

    yardstick_inverse_regularization: float = field(default=300.0, metadata={"low": 1e-6, "high": 1e6})
    """`C` of the yardstick's models: its corpus is small, so its terms need more freedom."""

    yardstick_evidence_penalty: float = field(default=16.0, metadata={"low": 0.01, "high": 10_000})
    """How many times stronger the penalty on evidence is there: in chat of the 2000s it tells little."""

    seed: int = field(default=1, metadata={"low": 0})
    bootstrap: int = field(default=500, metadata={"low": 20, "high": 100_000})
    """Resamples behind each 95 % interval."""


@dataclass(frozen=True, slots=True)
class Params:
    """All sections."""

    fetch: Fetch = Fetch()
    synthesize: Synthesize = Synthesize()
    prepare: Prepare = Prepare()
    train: Train = Train()
    evaluate: Evaluate = Evaluate()


def load_params(path: str | Path = "params.yaml") -> Params:
    """Read and check `params.yaml`.

    Raises:
        ParamsError: naming the section and key, what was found and what is allowed.
    """
    import yaml

    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ParamsError(f"{path}: {error.strerror}; run in the project's folder, or name the file") from None
    except UnicodeDecodeError as error:
        raise ParamsError(f"{path} is not UTF-8 at byte {error.start}: save it as UTF-8") from None
    except yaml.YAMLError as error:
        raise ParamsError(f"{path} is not YAML: {str(error).splitlines()[0]}") from None
    if values is not None and not isinstance(values, dict):
        raise ParamsError(f"{path} must hold sections, one for each stage")
    known = {one.name: type(one.default) for one in fields(Params)}
    sections: dict[str, Any] = {}
    for name, section in (values or {}).items():
        if name not in known:
            raise ParamsError(f"{path}: unknown section {name!r}; known are {', '.join(known)}")
        sections[name] = _section(f"{path}: {name}", known[name], {} if section is None else section)
    return Params(**sections)


def _section(where: str, kind: type[Section], values: Any) -> Section:
    if not isinstance(values, dict):
        raise ParamsError(f"{where} must hold keys and values, not {values!r}")
    known = {one.name: one for one in fields(kind)}  # type: ignore[arg-type]
    checked = {}
    for key, value in values.items():
        if key not in known:
            raise ParamsError(f"{where}.{key}: unknown key; known are {', '.join(known)}")
        one = known[key]
        checked[key] = _value(f"{where}.{key}", key, one.type, value, one.metadata)
    return kind(**checked)


def _value(where: str, key: str, expected: Any, value: Any, limits: Mapping[str, Any]) -> Any:
    if expected in (int, float):
        if isinstance(value, bool) or not isinstance(value, (int, float) if expected is float else int):
            raise ParamsError(f"{where}: {value!r} is not {'a number' if expected is float else 'a whole number'}")
        low, high = limits.get("low"), limits.get("high")
        if (low is not None and value < low) or (high is not None and value > high) or value != value:
            allowed = f"from {low} to {high}" if high is not None else f"at least {low}"
            raise ParamsError(f"{where}: {value!r} is out of range: {allowed}")
        return expected(value)
    if expected is str:
        if not isinstance(value, str) or not value:
            raise ParamsError(f"{where}: {value!r} is not a text")
        return value
    if key == "character_ngrams":
        if not (isinstance(value, list) and len(value) == 2 and all(type(one) is int for one in value) and 1 <= value[0] <= value[1] <= 8):
            raise ParamsError(f"{where}: {value!r} must be two whole numbers from 1 to 8, the shortest first")
        return tuple(value)
    if not isinstance(value, dict):
        raise ParamsError(f"{where}: {value!r} must map {_NAMES_OF.get(key, 'sources')} to values")
    if key.endswith("false_alarms"):
        return _false_alarms(where, value)
    for name, one in value.items():
        if key == "habits":
            _share_of_habit(f"{where}.{name}", name, one)
            continue
        if key == "class_weights" and name not in LABELS:
            raise ParamsError(f"{where}.{name}: unknown label; known are {', '.join(LABELS)}")
        _by_source(f"{where}.{name}", key, one)
    return dict(value)


_NAMES_OF = {
    "habits": "habits",
    "class_weights": "labels",
    "false_alarms": "names of thresholds",
    "spam_false_alarms": "names of thresholds",
}


def _false_alarms(where: str, values: Mapping[str, Any]) -> dict[str, float]:
    if set(values) != set(THRESHOLDS):
        raise ParamsError(f"{where}: found {', '.join(map(str, values)) or 'nothing'}; give a share for each of {', '.join(THRESHOLDS)}")
    shares = [values[name] for name in THRESHOLDS]
    if not all(isinstance(one, int | float) and not isinstance(one, bool) and 0 < one <= 0.5 for one in shares) or shares != sorted(shares):
        raise ParamsError(f"{where}: {shares!r} must be shares above 0 and up to 0.5, rising from {THRESHOLDS[0]} to {THRESHOLDS[-1]}")
    return dict(zip(THRESHOLDS, map(float, shares), strict=True))


def _share_of_habit(where: str, name: str, value: Any) -> None:
    known = [one.name for one in fields(Habits)]
    if name not in known:
        raise ParamsError(f"{where}: unknown habit; known are {', '.join(known)}")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ParamsError(f"{where}: {value!r} is not a share from 0 to 1")


def _by_source(where: str, key: str, value: Any) -> None:
    if key == "test_from":
        try:
            date.fromisoformat(value)
        except (TypeError, ValueError):
            raise ParamsError(f"{where}: {value!r} is not a day like '2023-01-01' in quotes") from None
    elif (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not 0 <= value <= 1e9
        or (key == "caps" and not isinstance(value, int))
    ):
        raise ParamsError(f"{where}: {value!r} is not {'a whole number' if key == 'caps' else 'a weight'} of at least 0")
