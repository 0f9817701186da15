import re
from collections import Counter

import pytest

from legitext.brands import registry
from legitext.errors import DataError
from legitext.grammar import LAST_YEAR, balanced, load_templates, make_messages, make_twins, parse_markup, turns_of
from legitext.habits import Habits
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
            links = find_links(made.text)
            official = sum(link.owner is not None for link in links if link.path)  # a few hold one beside their own, as a decoy
            assert "@" in made.text or not official or official < len(links), made.text


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
        (GOOD.replace("{status}", "\x07{status}"), "mine.yaml: not YAML: control characters are not allowed at character "),
        (GOOD.replace("label: ham", "label: nice"), "mine.yaml:2: label 'nice' is not one of"),
        (GOOD.replace("kind: scan", "sort: scan"), "unknown key 'sort'"),
        (GOOD.replace("{status}", "{statue}"), "mine.yaml:9: there is no slot 'statue'"),
        (GOOD.replace("{status}", "{status"), "mine.yaml:9: a brace is opened and not closed"),
        (GOOD.replace("{status}", "status}"), "mine.yaml:9: a brace closes"),
        (GOOD.replace("brands: [USPS]", "brands: [~circus]"), "'~circus' is no sort of sender"),
        (GOOD.replace("kind: scan", "kind: scan\n    senders: [pigeon]"), "sender 'pigeon' is neither"),
        (GOOD.replace("brands: [USPS]\n", "").replace("USPS {usps", "{brand} {usps"), "the group has no brands"),
        (GOOD + '      - "USPS {usps_tracking}, {status} {Thanks|} {CITY} {city}"\n', "the same wording stands at"),
        (GOOD.replace("label: ham", "label: ham\nlanguage: la"), "mine.yaml:3: language 'la' is not one of en, es"),
        (GOOD.replace("label: ham", "label: ham\nsince: 1999"), "mine.yaml:3: since '1999' is not a year from 2021 to 2026"),
        (
            GOOD + '      - "Your big parcel is here, come and get it"\n      - "Your parcel is here, come and get it"\n',
            "mine.yaml:11: a near copy of the wording at",
        ),
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


TURNED = """
label: ham
brands: [USPS, ~shop]
turns:
  - "Confirm your address at {fake_link}"
  - "Reply with your card number."
groups:
  - kind: scan
    since: 2024
    wordings:
      - "{brand}: your parcel was left at the door on {date_long} {year}. Questions? Call {phone}"
      - "Track it at {link}"
"""


def test_a_message_says_what_it_is_and_its_dates_are_of_its_year(tmp_path):
    for made in make_messages(load_templates(write(tmp_path, TURNED)), 20, 1, registry()):
        assert (made.source, made.kind, made.label) == ("grammar", "scan", "ham")
        assert 2024 <= made.year <= LAST_YEAR
        assert made.template_id.startswith("mine/scan/")
        if made.text.startswith((made.brand or "") + ":"):
            assert str(made.year) in made.text


def test_twins_differ_in_one_thing(tmp_path):
    templates = load_templates(write(tmp_path, TURNED))
    pairs = list(make_twins(templates, 40, 1, registry()))
    assert {pair.changed for pair in pairs} == {"link", "sentence", "sender"}
    for pair in pairs:
        assert (pair.genuine.label, pair.scam.label) == ("ham", "smishing")
        assert pair.genuine.template_id == pair.scam.template_id
        if pair.changed == "sender":
            assert pair.scam.text == pair.genuine.text
            assert pair.scam.sender != pair.genuine.sender
        elif pair.changed == "link":
            rest = [re.sub(r"\S+$", "", one.text) for one in (pair.genuine, pair.scam)]
            assert rest[0] == rest[1]
            assert not any(link.owner for link in find_links(pair.scam.text))
        else:
            assert "Confirm your address at" in pair.scam.text or pair.scam.text.endswith("Reply with your card number.")


def test_held_out_wordings_are_turned_by_held_out_sentences_alone(tmp_path):
    templates = load_templates(write(tmp_path, TURNED))
    one, _ = turns_of(templates)
    held_out = {templates[0].id, one.id}
    for pair in make_twins(templates, 20, 1, registry(), held_out=held_out.__contains__):
        if pair.changed == "sentence":
            assert ("Confirm your address" in pair.scam.text) == (pair.scam.template_id == templates[0].id)


def test_messages_come_one_by_one(templates):
    def first_alone():
        yield templates[0]
        raise AssertionError("the second wording was asked for before its turn")

    stream = make_messages(first_alone(), 2, 1, registry(), Habits(typos=0.1))
    assert next(stream).template_id == templates[0].id
    with pytest.raises(AssertionError, match="before its turn"):
        list(stream)


def test_there_are_enough_wordings_of_each_sort(templates):
    counts = Counter((one.label, one.id.split("/")[0].removesuffix("_more"), one.language) for one in templates)
    of_file = Counter()
    for (_, name, _), count in counts.items():
        of_file[name] += count
    least = {"amazon": 100, "usps": 70, "carriers": 70, "codes": 120, "bank": 90, "shops": 60, "offers": 60, "chat": 150, "usps_fake": 90,
             "amazon_fake": 70, "fake_banks": 60, "fake_tolls_dmv": 40, "fake_accounts": 50, "spam": 150, "opt_in": 25, "support": 20}  # fmt: skip
    assert {name: of_file[name] for name, count in least.items() if of_file[name] < count} == {}
    by_language = Counter((one.language, one.label) for one in templates)
    assert by_language["es", "ham"] >= 60
    assert by_language["es", "smishing"] >= 40
    assert len({brand for one in templates if one.label == "ham" for brand in one.brands}) >= 200


def test_no_surface_fact_gives_the_label_away(templates):
    """Whether there is a link or a sender, whether Amazon or USPS is named, and how long a text is: together, on unseen wordings."""
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold, cross_val_predict

    some = [one for one in templates if one.label != "spam"][::2]
    made = list(make_messages(some, balanced(some, 4, 1, registry()), 1, registry()))
    made += [pair.scam for pair in make_twins(some, 1, 1, registry())]
    facts = np.array(
        [
            (bool(find_links(one.text)), one.sender is not None, "amazon" in one.text.lower(), "usps" in one.text.lower(), len(one.text))
            for one in made
        ],
        dtype=float,
    )
    scam = np.array([one.label == "smishing" for one in made])
    probe = HistGradientBoostingClassifier(max_depth=3, max_iter=60, random_state=0)
    groups = [one.template_id for one in made]
    said = cross_val_predict(probe, facts, scam, groups=groups, cv=GroupKFold(4), method="predict_proba")[:, 1]
    assert roc_auc_score(scam, said) < 0.65


NEAREST = 0.5
"""Share of word pairs in common (Jaccard) that no message of eight words or more reaches with a known text."""


NINE = 9
"""Words in a row that no message shares with a text to validate on."""


def runs_of(text: str) -> set[tuple[str, ...]]:
    """Each run of `NINE` words."""
    words = re.findall(r"[^\W_]+", re.sub("['’]", "", text.casefold()))
    return {tuple(words[start : start + NINE]) for start in range(len(words) - NINE + 1)}


def test_no_message_shares_nine_words_in_a_row_with_the_benchmark(templates, mirror):
    """Against copying from memory: a long text may hold another's sentence and be far from the whole of it. Terms that every sender is told
    to use, as of rates, are shorter.
    """
    from legitext.sources import load_all

    folder = mirror.parent / "benchmark"
    if not folder.is_dir():
        pytest.skip(f"no benchmark at {folder}")
    known = {run for one in load_all([folder]) if one.table is not None for text in one.table["text"] for run in runs_of(text)}
    assert len(known) > 1000
    made = [*make_messages(templates, 5, 1, registry()), *(twins.scam for twins in make_twins(templates, 8, 1, registry()))]
    assert {one.template_id: " ".join(run) for one in made for run in runs_of(one.text) & known} == {}


def test_no_message_is_near_a_known_text(templates, mirror):
    """Against copying. Shorter texts are stock phrases (`Your code is 123456`), which belong to nobody; USPS's scan texts have one form,
    which it publishes.
    """
    import pandas as pd

    from legitext.sources import load_all
    from legitext.split import near_copies, near_duplicate_text

    known = pd.concat(
        [
            one.table
            for one in load_all([mirror, mirror.parent / "benchmark"] if (mirror.parent / "benchmark").is_dir() else [mirror])
            if one.table is not None
        ]
    )
    texts = [near_duplicate_text(text) for text in known["text"].unique()]
    written = [one for one in templates if not one.wording.startswith("USPS {usps_tracking}, ")]
    made = [one for one in make_messages(written, 1, 1, registry()) if len(near_duplicate_text(one.text).split()) >= 8]
    near = near_copies([near_duplicate_text(one.text) for one in made], texts, NEAREST)
    assert [(one.template_id, one.text) for one, is_near in zip(made, near, strict=True) if is_near] == []
