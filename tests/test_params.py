from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from legitext.errors import ParamsError
from legitext.params import Params, load_params


def test_the_projects_own_parameters_are_valid():
    assert load_params(Path(__file__).parents[1] / "params.yaml").train.character_ngrams == (2, 5)


def test_what_is_not_said_has_its_default(tmp_path):
    file = tmp_path / "params.yaml"
    file.write_text("train: {word_ngrams: 1}\n")
    params = load_params(file)
    assert params.train.word_ngrams == 1
    assert params.prepare == Params().prepare


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("trane: {}", "unknown section 'trane'"),
        ("train: {word_ngram: 1}", "train.word_ngram: unknown key"),
        ("train: {word_ngrams: 9}", "train.word_ngrams: 9 is out of range: from 1 to 2"),
        ("train: {word_ngrams: two}", "train.word_ngrams: 'two' is not a whole number"),
        ("train: {word_ngrams: true}", "train.word_ngrams: True is not a whole number"),
        ("train: {inverse_regularization: .nan}", "out of range"),
        ("train: {character_ngrams: [5, 2]}", "train.character_ngrams: .* must be two whole numbers"),
        ("train: {weights: {grammar: -1}}", "train.weights.grammar: -1 is not a weight"),
        ("train: {false_alarms: 0.01}", "train.false_alarms: 0.01 must map names of thresholds to values"),
        ("train: {false_alarms: {strict: 0.01}}", "found strict; give a share for each of strict, balanced, catch"),
        ("train: {false_alarms: {strict: 0.01, balanced: 0.005, catch: 0.02}}", "rising from strict to catch"),
        ("train: {class_weights: {scam: 2}}", "train.class_weights.scam: unknown label; known are ham, spam, smishing"),
        ("train: {class_weights: {spam: -1}}", "train.class_weights.spam: -1 is not a weight"),
        ("prepare: {test_from: {a: yesterday}}", "prepare.test_from.a: 'yesterday' is not a day"),
        ("prepare: {caps: {a: 1.5}}", "prepare.caps.a: 1.5 is not a whole number"),
        ("prepare: [1]", "prepare must hold keys and values"),
        ("synthesize: {seed: -1}", "synthesize.seed: -1 is out of range: at least 0"),
        ("synthesize: {habits: {shouting: 0.1}}", "synthesize.habits.shouting: unknown habit; known are typos"),
        ("synthesize: {habits: {typos: 2}}", "synthesize.habits.typos: 2 is not a share from 0 to 1"),
        ("synthesize: {templates: 3}", "synthesize.templates: 3 is not a text"),
        ("- a", "must hold sections"),
        ("a: [", "is not YAML"),
    ],
)
def test_a_wrong_key_or_value_is_named(tmp_path, content, says):
    file = tmp_path / "params.yaml"
    file.write_text(content)
    with pytest.raises(ParamsError, match=says):
        load_params(file)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ParamsError, match="No such file"):
        load_params(tmp_path / "params.yaml")


def test_every_parameter_stands_in_the_projects_file():
    values = yaml.safe_load((Path(__file__).parents[1] / "params.yaml").read_text())
    for section in fields(Params):
        assert set(values[section.name]) == {one.name for one in fields(section.default)}  # one left out would change unseen
