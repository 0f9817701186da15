"""Words broken up or spelled with digits are read as the words they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legitext.links import scan
from legitext.messages import Message
from legitext.reading import read
from legitext.unicode import fold, see_through


@pytest.mark.parametrize(
    ("text", "seen", "trick"),
    [
        ("U S P S notice", "USPS notice", "spaced"),
        ("U.S.P.S notice", "USPS notice", "spaced"),
        ("a m a z o n locked", "amazon locked", "spaced"),
        ("U-S-P-S parcel", "USPS parcel", "spaced"),
        ("AM/AZON", "amazon", "leet"),
        ("your 4CCOUNT", "your account", "leet"),
        ("I_OCKED", "locked", "leet"),
        ("your DEBlT card", "your debit card", "leet"),
        ("Netfl1x", "netflix", "leet"),
        ("P@YPAL", "paypal", "leet"),
        ("confirm add.ress", "confirm address", "leet"),
        ("c0urier", "courier", "leet"),
        ("ver!fy", "verify", "leet"),
        ("pay-pal", "paypal", "leet"),
    ],
)
def test_tricks_are_seen_through_and_counted(text, seen, trick):
    through = see_through(fold(text))
    assert through.text == seen
    assert through.counts == {trick: 1}


@pytest.mark.parametrize(
    "text",
    [
        "see you in the U.S.A today",
        "e.g. at 5 p.m. or P.O. Box 12",
        "don't re-order, pre-order or sign-in",
        "T-Mobile and Wal-Mart",
        "iPhone15, gr8, 2nd, b2b, 4x4",
        "code N7QX2K or 482915",
        "Hi I'm ill, IBM called",
        "it's 7pm",
        "e-mail me",
        "and/or",
    ],
)
def test_plain_words_stay(text):
    assert see_through(fold(text)).text == text
    assert see_through(fold(text)).counts == {}


def test_links_stay_as_they_are():
    text = "see amaz0n.com and https://netfl1x.top/acc0unt"
    folded = fold(text)
    links = scan(folded).links
    assert len(links) == 2
    assert see_through(folded, [(link.start, link.end) for link in links]).text == text


PIECES = st.sampled_from(
    ["U S P S", "a.m.a.z.o.n", "4ccount", "AM/AZON", "l0cked", "ok", " ", "  ", "é", "\u200b", "а", "https://a.co/x", "-", ".", "1", "n't"]
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_seeing_through_twice_is_once_and_spans_lie_in_the_original(text):
    once = see_through(fold(text))
    twice = see_through(fold(once.text))
    assert see_through(fold(twice.text)).text == twice.text
    for place in range(len(once.text)):
        start, end = once.span(place, place + 1)
        assert 0 <= start < end <= len(text)


@given(st.text(st.characters(exclude_categories=[]), min_size=1).filter(lambda text: bool(text.strip())))
def test_every_text_can_be_read_and_every_span_lies_in_it(text):
    reading = read(Message(text))
    assert len(reading.words) == len(reading.spans)
    for start, end in reading.spans:
        assert 0 <= start < end <= len(text)


def test_a_megabyte_of_anything_is_read():
    for piece in ("a", "a.", "9400 ", "U S P S ", "http://a.top/\n", "é\u0301", "4ccount ", "\u200b"):
        text = (piece * (1_000_000 // len(piece) + 1))[:1_000_000]
        if text.strip():
            assert read(Message(text)).message.text == text
