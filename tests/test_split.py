import pandas as pd
import pytest

from legitext.params import Prepare
from legitext.split import SPLITS, assign_splits, duplicate_groups, group_of, near_copies, near_duplicate_text
from legitext.table import as_table


def table_of(texts, source="mine", **columns):
    table = as_table(pd.DataFrame({"text": texts, "label": "ham", **columns}), source)
    table["group"] = [group_of(text) for text in texts]
    return table


@pytest.fixture(scope="module")
def many():
    return table_of([f"{first} {second} {third} tonight" for first in "alpha beta gamma delta".split() for second in "walks runs sits eats sleeps".split() for third in "fast slow late early often well".split()])  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Your code is 123456", "your CODE is 99."),
        ("See https://a.co/x now", "see http://bit.ly/y now!"),
        ("Win £100 at foo.com", "win £5,000 at bar.com"),
    ],
)
def test_near_duplicates_share_a_group(one, other):
    assert group_of(one) == group_of(other)


def test_texts_without_letters_keep_apart():
    assert near_duplicate_text("12 34!") == ""
    assert group_of("12 34!") != group_of("??")


def test_near_copies_are_found_and_others_not():
    masked = [
        near_duplicate_text(text)
        for text in ("We tried to deliver your parcel today but nobody was home", "ok", "see you at seven tonight")
    ]
    against = [
        near_duplicate_text(text) for text in ("We tried to deliver your parcel today, but nobody was at home", "ok", "dinner is ready now")
    ]
    assert near_copies(masked, against, 0.6).tolist() == [True, True, False]


def test_groups_join_copies_of_copies():
    texts = [
        "we tried to deliver your parcel today",
        "we tried to deliver your parcel today sir",
        "we tried to deliver your parcel today sir please",
        "hello",
    ]
    groups = duplicate_groups(texts, 0.7)
    assert len(set(groups[:3])) == 1
    assert groups[3] != groups[0]


def test_shares_are_near_what_was_asked_and_groups_stay_together(many):
    split = assign_splits(pd.concat([many, many], ignore_index=True), set(), Prepare(near_copy=1.0))
    assert set(split) <= set(SPLITS)
    assert 0.1 < (split == "test").mean() < 0.3
    assert (split[: len(many)].to_numpy() == split[len(many) :].to_numpy()).all()


def test_no_row_moves_when_data_is_added(many):
    alone = assign_splits(many, set(), Prepare(near_copy=1.0))
    more = table_of([f"entirely other words number {word}" for word in "one two three four five six seven eight nine ten".split()], "other")
    together = assign_splits(pd.concat([more, many], ignore_index=True), set(), Prepare(near_copy=1.0))[len(more) :]
    assert (alone.to_numpy() == together.to_numpy()).all()


def test_later_messages_are_tested_on():
    table = table_of(["first words here", "second words there", "third words where"], timestamp=["2022-05-01", "2023-02-01", "2023-01-01"])
    split = assign_splits(table, set(), Prepare(test_from={"mine": "2023-01-01"}))
    assert split.tolist()[1:] == ["test", "test"]
    assert split[0] != "test"


def test_sources_for_testing_are_never_trained_on(many):
    assert set(assign_splits(many, {"mine"}, Prepare())) == {"test"}


def test_a_training_row_near_a_test_row_is_left_out():
    early = table_of(["we tried to deliver your parcel today but failed", "lunch at noon with everybody then"], "train_source")
    late = table_of(["we tried to deliver your parcel today, but failed!"], "test_source")
    split = assign_splits(pd.concat([early, late], ignore_index=True), {"test_source"}, Prepare(test_share=0.05, validation_share=0.05))
    assert split[0] == "left_out"
    assert split[2] == "test"


def test_caps_leave_out_whole_groups_the_same_ones_each_time(many):
    params = Prepare(caps={"mine": 20}, near_copy=1.0)
    first, again = (assign_splits(many, set(), params) for _ in range(2))
    assert (first == "train").sum() == 20
    assert (first.to_numpy() == again.to_numpy()).all()
