import pytest

from legitext.messages import Message
from legitext.reading import read, shape_of


def words(text, sender=None):
    return list(read(Message(text, sender)).words)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Your code is 123456", ["your", "code", "is", "000000"]),
        ("Pay $84.17 now!!", ["pay", "$", "00.00", "now", "!"]),
        ("Call 800-555-0134", ["call", "<phone>"]),
        ("USPS and Bank of America", ["<brand>", "and", "<brand>"]),
        ("see https://usps.com/a today", ["see", "", "today"]),
        ("mail bob@example.com", ["mail", "<email>"]),
        ("Código válido", ["codigo", "valido"]),
        ("I'm home, don't wait", ["i'm", "home", "don't", "wait"]),
        ("ＦＲＥＥ аmount", ["free", "amount"]),
        ("ok 👍", ["ok"]),
    ],
)
def test_words(text, expected):
    assert words(text) == expected


def test_everyday_names_count_only_with_a_capital():
    assert words("Target run later?")[0] == "<brand>"
    assert words("what is your target weight")[3] == "target"
    assert words("WE MET AT YOUR TARGET PRACTICE")[4] == "target"
    assert words("TARGET: YOUR ORDER IS READY")[0] == "<brand>"


def test_a_place_does_not_speak():
    reading = read(Message("Did you spend $20 at Macy's? Reply YES"))
    assert [mention.brand.name for mention in reading.mentions] == ["Macy's"]
    assert reading.speaker is None


def test_the_first_that_can_speaks_else_the_senders_brand():
    assert read(Message("Chase: $20 at Target. Was it you?")).speaker.name == "Chase"
    assert read(Message("Your parcel is out for delivery", "28777")).speaker.name == "USPS"
    assert read(Message("Your parcel is out for delivery", "+63 995 271 4822")).speaker is None


def test_spans_point_at_the_words():
    text = "Your A͟mazon parcel: ＦＲＥＥ gift 🎁 at https://a.co/x ok"
    reading = read(Message(text))
    assert len(reading.spans) == len(reading.words)
    shown = [text[start:end] for start, end in reading.spans]
    assert shown[0] == "Your"
    assert shown[3] == "ＦＲＥＥ"
    assert shown[-1] == "ok"


@pytest.mark.parametrize(("word", "shape"), [("84.17", "00.00"), ("6pm", "0pm"), ("1" * 22, "000000000+"), ("g-123", "g-000")])
def test_shapes(word, shape):
    assert shape_of(word) == shape


def test_no_letter_hides_a_brand_behind_its_capital():
    reading = read(Message("NETFLİX: update your card"))
    assert reading.lower == "netflix: update your card"
    assert reading.speaker.name == "Netflix"
