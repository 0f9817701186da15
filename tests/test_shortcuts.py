"""Shortcuts of reading and of evidence find what the plain way does, on ordinary and on hostile texts."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legitext import evidence, links, numbers, reading, unicode
from legitext.brands import registry
from legitext.messages import Message
from legitext.parts import LEAST_WORDS, LEAST_WORDS_WITH_LINK, MOST_WORDS, cuts_of, parts_of
from legitext.reading import read
from legitext.senders import _read, read_sender
from legitext.unicode import fold, see_through

WORDS = sorted({word for pattern in evidence._COMPILED.values() for word in re.findall(r"[a-z]+", pattern.pattern)})
PIECES = [*WORDS, *"abny19.,:'\"-/*@_ \n[]()", "n't ", "'ll ", "re-", "usps.com", "https://", "hxxp :// ", " . com", "[dot]", "1Z", "9400 1112 0620", "-1234567",
          "US", "123456", "٣٤٥٦٧", "é", "ſ", "\u200b", "🎁", "’", "…", "½", "(555)", "555", "+1 ", "555-1234", "the", "Bank of ", "USPS", "pAy", "AM/AZON", "4CCOUNT", "U S P S", "DEBlT", "never ask for your ", "code "]  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=80),
    st.lists(st.sampled_from(PIECES), max_size=25).flatmap(lambda pieces: st.sampled_from([" ".join(pieces), "".join(pieces)])),
)


def said_plainly(lower):
    found = {}
    for name, pattern in evidence._COMPILED.items():
        for match in pattern.finditer(lower):
            if name not in evidence._ASKS or not evidence._DENIED.search(lower, max(0, match.start() - 40), match.start()):
                found[name] = match.span()
                break
    return found


@settings(max_examples=600)
@given(TEXTS)
def test_patterns_are_found_where_all_of_them_tried_everywhere_are(text):
    assert evidence._said(text.lower()) == said_plainly(text.lower())


@pytest.mark.parametrize("name", evidence._COMPILED)
def test_each_pattern_begins_as_its_heads_say(name, made):
    """Every wording of the pattern in the grammar's messages, alone and behind a denial."""
    hits = {match[0] for text in made["text"] for match in evidence._COMPILED[name].finditer(text.lower())}
    for hit in list(hits)[:200]:
        for text in (hit, f"we never {hit}", f"never {hit}. {hit} {hit}"):
            assert evidence._said(text) == said_plainly(text)


@settings(max_examples=600)
@given(TEXTS)
def test_links_are_found_without_passing_anything_over(text):
    everywhere = re.compile("")
    folded = fold(text)
    with pytest.MonkeyPatch.context() as patch:
        quick = links.scan(folded)
        patch.setattr(links, "_HINT", everywhere)
        assert links.scan(folded) == quick


@given(TEXTS)
def test_numbers_and_disguises_are_found_without_a_first_look(text):
    quick = numbers.find_numbers(text), see_through(fold(text))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numbers, "_MAY_HOLD", re.compile(""))
        patch.setattr(unicode, "_MIXED", re.compile(unicode._MIXED.pattern.replace(unicode._PLAINLY, "")))
        assert (numbers.find_numbers(text), see_through(fold(text))) == quick


def in_one_piece(text, brands):
    return [reading._take_apart(brands, text)], -1


@settings(max_examples=600)
@given(TEXTS.filter(lambda text: text.strip()))
def test_a_text_in_pieces_is_read_as_in_one(text):
    in_pieces = read(Message(text, "+1 555 0100"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_cut", in_one_piece)
        assert read(Message(text, "+1 555 0100")) == in_pieces


@pytest.mark.parametrize(
    "text", ["call: 555 555 1234", "call +1 (555) 555-1234 now", "a-1 555 555-1234", " (555)555 1234", "1  555.555 1234", "x_ 555 555 1234"]
)
def test_a_telephone_number_with_spaces_is_read_as_in_one_piece(text):
    test_a_text_in_pieces_is_read_as_in_one.hypothesis.inner_test(text)


@given(TEXTS)
def test_folding_without_tricks_is_folding_by_the_letter(text):
    quick = fold(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unicode, "_is_no_trick", lambda character, plain: False)
        assert fold(text) == quick


@given(TEXTS.filter(lambda text: text.strip()))
def test_a_sender_read_again_is_read_alike(sender):
    assert read_sender(sender) == read_sender(sender) == _read(sender, registry())


@given(TEXTS.map(lambda text: f"ok {text} pay at usps-trk.top/a {text}. {text}"))
def test_parts_are_those_long_enough(text):
    one = read(Message(text))
    cuts = cuts_of(one)
    assert parts_of(one) == [
        (start, end)
        for place, start in enumerate(cuts)
        for end in cuts[place + 1 :]
        if end - start <= MOST_WORDS
        and (end - start >= LEAST_WORDS or (end - start >= LEAST_WORDS_WITH_LINK and "" in one.words[start:end]))
        and end - start < cuts[-1]
    ]
