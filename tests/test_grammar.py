import re
from collections import Counter

import pytest

from legitext.brands import registry
from legitext.errors import DataError
from legitext.grammar import load_templates, make_messages, parse_markup
from legitext.links import find_links
from legitext.messages import LABELS
from legitext.numbers import find_numbers
from legitext.slots import SLOTS


def write(folder, text):
    (folder / "mine.yaml").write_text(text, encoding="utf-8")
    return folder


GOOD = """
label: ham
brands: [USPS]
slots:
  status: [Delivered, "Left at {city}"]
groups:
  - kind: scan
    wordings:
      - "USPS {usps_tracking}, {status} {Thanks|} {CITY} {city}"
"""


def test_there_is_something_of_every_label_and_of_both_great_brands(templates):
    assert len(templates) >= 80
    assert {template.label for template in templates} == set(LABELS)
    for brand in ("USPS", "Amazon"):
        for label in ("ham", "smishing"):
            assert sum(template.label == label and brand in template.brands for template in templates) >= 20, (brand, label)


def test_ids_are_unique_and_hang_on_the_wording_alone(templates, tmp_path):
    assert len({template.id for template in templates}) == len(templates)
    before = load_templates(write(tmp_path, GOOD))[0].id
    after = load_templates(write(tmp_path, GOOD + '      - "Another one"\n'))[0].id
    assert before == after


def test_messages_are_the_same_for_a_seed_and_others_for_another(templates):
    some = templates[::40]
    first, again, other = (list(make_messages(some, 3, seed, registry())) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_new_wording_changes_no_other_message(tmp_path):
    before = list(make_messages(load_templates(write(tmp_path, GOOD)), 5, 1, registry()))
    after = list(make_messages(load_templates(write(tmp_path, GOOD + '      - "Another one"\n')), 5, 1, registry()))
    assert after[: len(before)] == before


def test_slots_are_filled_alike_within_a_message_and_capitals_are_kept(tmp_path):
    for made in make_messages(load_templates(write(tmp_path, GOOD)), 20, 1, registry()):
        upper, plain = re.search(r"([A-Z .'-]+) ([A-Za-z .'-]+)$", made.text).groups()
        assert plain.upper().endswith(upper.split()[-1])
        (number,) = find_numbers(made.text)
        assert (number.format, number.checks) == ("usps_tracking", True)


def test_no_message_shows_markup_or_is_empty(templates):
    for made in make_messages(templates, 1, 3, registry()):
        assert made.text.strip()
        assert not re.search(r"[{}]|\{\w+\}", made.text), made.template_id


def test_genuine_links_are_the_speakers_and_fake_ones_are_not(templates):
    for made in make_messages(
        [one for one in templates if set(one.brands) & {"USPS", "Amazon"} and "link" in one.wording], 2, 5, registry()
    ):
        if made.label == "smishing" and "fake_link" in next(one.wording for one in templates if one.id == made.template_id):
            assert "@" in made.text or not any(link.owner for link in find_links(made.text) if link.path), made.text


def test_scams_come_from_the_senders_that_scams_come_from(templates):
    amazon = [one for one in templates if one.label == "smishing" and one.brands == ("Amazon",) and one.senders == ("scam",)]
    senders = [made.sender or "" for made in make_messages(amazon, 10, 1, registry())]
    kinds = Counter("email" if "@" in sender else "other" for sender in senders)
    assert 0.6 < kinds["email"] / len(senders) < 0.76  # 68 % of the reports that imitate Amazon


def test_every_slot_draws_a_text(templates):
    import random

    from legitext.slots import Context, invent

    for name, draw in SLOTS.items():
        context = Context(random.Random(name), random.Random(name), name, registry(), invent("shop", random.Random(name)))
        assert draw(context).strip(), name


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "empty"),
        ("label: [", "not YAML"),
        (GOOD.replace("label: ham", "label: nice"), "mine.yaml:2: label 'nice' is not one of"),
        (GOOD.replace("kind: scan", "sort: scan"), "unknown key 'sort'"),
        (GOOD.replace("{status}", "{statue}"), "mine.yaml:9: there is no slot 'statue'"),
        (GOOD.replace("{status}", "{status"), "mine.yaml:9: a brace is opened and not closed"),
        (GOOD.replace("{status}", "status}"), "mine.yaml:9: a brace closes"),
        (GOOD.replace("brands: [USPS]", "brands: [~circus]"), "'~circus' is no sort of sender"),
        (GOOD.replace("kind: scan", "kind: scan\n    senders: [pigeon]"), "sender 'pigeon' is neither"),
        (GOOD.replace("brands: [USPS]\n", "").replace("USPS {usps", "{brand} {usps"), "the group has no brands"),
        (GOOD + '      - "USPS {usps_tracking}, {status} {Thanks|} {CITY} {city}"\n', "the same wording stands at"),
    ],
)
def test_a_wrong_file_is_named_with_line_and_fault(tmp_path, content, says):
    with pytest.raises(DataError, match=re.escape(says)):
        load_templates(write(tmp_path, content))


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no \*\.yaml in"):
        load_templates(tmp_path)


def test_markup_nests():
    parts = parse_markup("{a {city}|b}", {"city"})
    assert len(parts) == 1
    assert len(parts[0].options) == 2
