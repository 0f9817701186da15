import pytest

from legitext import Message
from legitext.parts import LEAST_WORDS, MOST_WORDS, parts_of
from legitext.reading import read

SCAM = "USPS: your parcel is held at our depot because the address is wrong, confirm it at https://usps-trk.top/a"
CHAT = "ok see you tonight then, love you. did you eat yet? mom made soup"


def texts_of(text):
    reading = read(Message(text))
    return [text[reading.spans[start][0] : reading.spans[end - 1][1]] for start, end in parts_of(reading)]


@pytest.mark.parametrize(
    "text",
    [f"{SCAM} {CHAT}", f"{CHAT}. {SCAM}", f"{CHAT}\n{SCAM}\n{CHAT}", f"{SCAM} {'and then we went home ' * 80}"],
    ids=["behind a link", "before", "around", "long, without a stop"],
)
def test_what_stands_beside_a_scam_is_cut_off(text):
    assert SCAM in texts_of(text)


@pytest.mark.parametrize(
    "text",
    ["ok", "Your code is 482915. Do not share it.", "Hi. Ok. Yes. No. Bye.", "no stop in it at all but many words which say nothing"],
)
def test_a_short_text_has_no_parts(text):
    assert texts_of(text) == []


def test_parts_are_whole_sentences_of_neither_few_nor_many_words():
    text = "One two three four. " * 60
    reading = read(Message(text))
    parts = parts_of(reading)
    assert all(LEAST_WORDS <= end - start <= MOST_WORDS and start % 4 == end % 4 == 0 for start, end in parts)
    assert len(set(parts)) == len(parts) > 500


@pytest.mark.parametrize("unit", ["a. ", "a b c. ", "a b c d\n", "word ", "x.top/a ", ". . . "])
def test_there_are_no_more_than_a_line_of_them(unit):
    one, two = (len(parts_of(read(Message(unit * size)))) for size in (1000, 2000))
    assert two <= 2.1 * one + 30
    assert two <= 30 * 2000
