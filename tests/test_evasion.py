"""Disguises on the packaged model: the attacks do what they say, and cost little."""

from pathlib import Path

import pytest

from legitext import Classifier, Message, evasion, find_links
from legitext.brands import registry
from legitext.grammar import make_messages
from legitext.params import load_params
from legitext.split import is_held_out

ROOT = Path(__file__).parents[1]
TEXT = "Hello, your USPS parcel cannot be delivered, please confirm the address at https://usps-trk.top/a within 12 hours"


@pytest.mark.parametrize("name", [*evasion.ATTACKS, *evasion.HARMLESS])
def test_a_change_changes_words_and_no_link_and_is_the_same_each_time(name):
    change = {**evasion.ATTACKS, **evasion.HARMLESS}[name]
    changed = change(TEXT)
    assert changed != TEXT
    assert changed == change(TEXT)
    assert [link.host for link in find_links(changed)] == [link.host for link in find_links(TEXT)]


def test_a_dilution_keeps_the_scam_whole_beside_what_is_innocent():
    for name, dilute in evasion.DILUTIONS.items():
        diluted = dilute(TEXT, "Your code is 482915")
        assert diluted == dilute(TEXT, "Your code is 482915")
        assert diluted.startswith(TEXT + " ") or diluted.endswith(" " + TEXT)
        assert ("Your code is 482915" in diluted) == name.startswith("genuine")
        assert (len(diluted) == len(TEXT) + 1 + evasion.PADDING) == ("chat" in name)
    assert sum(link.owner is not None for link in find_links(diluted)) == 100


def test_no_attack_costs_much_and_nothing_harmless_alarms(templates):
    params = load_params(ROOT / "params.yaml").prepare
    held_out = [template for template in templates if is_held_out(template.id, params)]
    made = list(make_messages(held_out, 1, 99, registry()))
    scams = [Message(one.text, one.sender) for one in made if one.label == "smishing"]
    genuine = [Message(one.text, one.sender) for one in made if one.label == "ham"]
    assert min(len(scams), len(genuine)) >= 250
    found = evasion.compare(Classifier.load(), scams, genuine)
    for name, new in found["harmless"].items():
        assert new["share"] <= 0.01, name
    for name, row in found["attacks"].items():
        assert row["after"]["share"] >= row["before"]["share"] - 0.05, (
            name
        )  # 0.03 on the thousands of test scams; here they are some hundred
