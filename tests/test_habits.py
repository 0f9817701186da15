from random import Random

import pytest

from legitext.habits import NO_HABITS, SMS_LENGTH, Habits, as_it_comes, with_swapped_letters
from legitext.links import find_links

TEXT = "Your account needs attention: please confirm the payment for order 1234-5678 at https://example.com/Pay/Confirm or call 800-555-0134 today"
LONG = TEXT + ". Thank you for being a customer, we look forward to seeing you again in one of our stores very soon."


def test_no_habit_changes_nothing():
    assert as_it_comes(TEXT, Random(1), NO_HABITS, genuine=False) == TEXT


@pytest.mark.parametrize("name", ["typos", "abbreviations", "lower", "emoji", "tricks"])
def test_a_habit_changes_words_and_neither_links_nor_numbers(name):
    changed = [as_it_comes(TEXT, Random(seed), Habits(**{name: 1.0}), genuine=False) for seed in range(20)]
    assert sum(text != TEXT for text in changed) > 15
    for text in changed:
        assert [link.host for link in find_links(text)] == ["example.com"]
        assert "https://example.com/Pay/Confirm" in text
        assert "1234-5678" in text
        assert "800-555-0134" in text


def test_long_texts_are_cut_or_counted():
    for seed in range(20):
        cut = as_it_comes(LONG, Random(seed), Habits(cut=1.0), genuine=True)
        assert len(cut) <= SMS_LENGTH + 3
        assert LONG.startswith(cut.rstrip(".…"))
        assert as_it_comes(LONG, Random(seed), Habits(parts=1.0), genuine=True).endswith(LONG)
        assert as_it_comes("short", Random(seed), Habits(cut=1.0, parts=1.0), genuine=True) == "short"


def test_tricks_are_for_scams_alone():
    assert as_it_comes(TEXT, Random(1), Habits(tricks=1.0), genuine=True) == TEXT


def test_habits_come_at_their_rates():
    hit = sum(as_it_comes(TEXT, Random(seed), Habits(emoji=0.3), genuine=True) != TEXT for seed in range(2000))
    assert 540 < hit < 660


def test_swapped_letters_keep_the_letters():
    changed = with_swapped_letters("please confirm your delivery tomorrow", Random(3), 1.0)
    assert changed != "please confirm your delivery tomorrow"
    assert sorted(changed) == sorted("please confirm your delivery tomorrow")
