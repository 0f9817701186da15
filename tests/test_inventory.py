"""The inventory counts what the table and the wordings hold, and the data card says it."""

import shutil

import pandas as pd
import pytest

from legitext import report
from legitext.brands import registry
from legitext.grammar import load_templates
from legitext.inventory import by_kind, by_split, inventory, version
from legitext.params import Params, Prepare, Synthesize
from legitext.table import as_table

WORDINGS = """label: ham
brands: [USPS]
groups:
  - kind: delivered
    turns: ["Pay the fee at {fake_link} now"]
    wordings: ["Your parcel was left at the door", "We brought what you ordered this morning"]
  - kind: entregado
    language: es
    wordings: ["Su paquete ya fue entregado en la puerta"]
"""


@pytest.fixture
def facts(tmp_path):
    (tmp_path / "usps.yaml").write_text(WORDINGS)
    templates = load_templates(tmp_path)
    english, _, spanish = templates
    turn = english.turns[0]
    made = [
        ("Your parcel was left at the door", "ham", "28777", "USPS", "delivered", english.id, "train"),
        ("Su paquete ya fue entregado en la puerta", "ham", None, "USPS", "entregado", spanish.id, "test"),
        ("Your parcel was left at usps-x.top/a", "smishing", None, "Lakeside Bank", "twin_delivered", english.id, "train"),
        ("Pay the fee at usps-x.top/a now", "smishing", None, None, "turn", turn.id, "left_out"),
    ]
    grammar = as_table(pd.DataFrame([row[:-1] for row in made], columns=["text", "label", "sender", "brand", "kind", "group"]), "grammar")
    chat = as_table(pd.DataFrame({"text": ["hi", "hello you"], "label": ["ham", "ham"]}), "sms_spam")
    table = pd.concat([grammar, chat], ignore_index=True).assign(split=[*(row[-1] for row in made), "validation", "train"])
    params = Params(synthesize=Synthesize(templates=str(tmp_path), habits={"typos": 0.08}), prepare=Prepare(caps={"sms_spam": 7, "otp": 3}))
    trained = {"grammar": {"digest": "aa"}, "sms_spam": {"digest": "bb"}}
    return inventory(table, templates, registry(), params, trained, ["otp"])


def test_rows_are_counted_by_source_label_and_split(facts):
    table = by_split(facts)
    assert table.loc[("grammar", "ham")].to_dict() == {"train": 1, "validation": 0, "test": 1, "left_out": 0}
    assert table.loc[("grammar", "smishing")].to_dict() == {"train": 1, "validation": 0, "test": 0, "left_out": 1}
    assert table.loc[("sms_spam", "ham")].to_dict() == {"train": 1, "validation": 1, "test": 0, "left_out": 0}
    assert facts["sources"]["grammar"]["texts"]["smishing"] == {"median": 33, "longest_tenth": 35, "with_sender": 0.0, "with_link": 1.0}
    assert facts["sources"]["grammar"]["texts"]["ham"]["with_sender"] == 0.5


def test_wordings_are_counted_by_label_language_kind_and_brand(facts):
    assert [tuple(row) for row in by_kind(facts).to_numpy().tolist()] == [
        ("ham", "en", "delivered", 2, 1),
        ("ham", "es", "entregado", 1, 1),
        ("smishing", "en", "turn", 0, 1),
        ("smishing", "en", "twin", 0, 1),
    ]
    assert facts["grammar"]["brands"] == {"(invented)": {"smishing": 1}, "(none)": {"smishing": 1}, "USPS": {"ham": 2}}
    assert (facts["grammar"]["wordings"], facts["grammar"]["turns"]) == (3, 1)


def test_the_card_says_what_was_counted_and_what_was_missing_and_shows_no_text(facts):
    card = report.data_card(facts)
    assert "| grammar | smishing | 1 | 0 | 0 | 1 | `aa` |" in card
    assert "doi 10.24432/C5CC84" in card
    assert "Not at hand in this run: otp." in card
    assert "of sms_spam 7 groups are trained on." in card
    assert "typos 8%" in card
    assert "parcel was left" not in card
    assert "hello" not in card


def test_the_version_changes_with_a_wording_and_with_a_name_alone(tmp_path):
    (tmp_path / "a.yaml").write_text(WORDINGS)
    first = version(tmp_path)
    assert version(shutil.copytree(tmp_path, tmp_path / "copy")) == first
    (tmp_path / "copy/a.yaml").write_text(WORDINGS.replace("door", "gate"))
    assert version(tmp_path / "copy") != first
    (tmp_path / "a.yaml").rename(tmp_path / "b.yaml")
    assert version(tmp_path) != first
