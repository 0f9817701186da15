import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from legitext.unicode import fold

TRICKS = [
    # compatibility forms
    ("ＵＳＰＳ　ａｌｅｒｔ", "USPS alert"),
    ("ｕｓｐｓ．ｃｏｍ／ｔ？ｉｄ＝１", "usps.com/t?id=1"),
    ("𝗣𝗮𝘆𝗣𝗮𝗹", "PayPal"),
    ("𝓦𝓲𝓷𝓷𝓮𝓻", "Winner"),
    ("𝔉𝔯𝔢𝔢 ℂ𝕒𝕤𝕙", "Free Cash"),
    ("𝟷𝟾𝟶𝟶 𝟭𝟮𝟯", "1800 123"),
    ("ⓅⓐⓨⓅⓐⓛ", "PayPal"),
    ("🅄🅂🄿🅂", "USPS"),
    ("① ② ③", "1 2 3"),
    ("ᶠʳᵉᵉ ᴳᶦᶠᵗ", "free Gift"),
    ("veriﬁcation oﬀer", "verification offer"),
    ("PIN Ⅷ", "PIN VIII"),
    ("100\u00a0USD\u2009only\u202fnow", "100 USD only now"),
    # letters of other alphabets
    ("Pаypаl", "Paypal"),
    ("Amаzоn", "Amazon"),
    ("Your аррӏе ID", "Your apple ID"),
    ("СНАЅЕ alert: reply YES", "CHASE alert: reply YES"),
    ("Αmazon", "Amazon"),
    ("Enter your ΡΙΝ now", "Enter your PIN now"),
    ("uѕрѕ.com", "usps.com"),
    ("fеdех", "fedex"),
    ("սsps", "usps"),
    ("ᴘᴀʏᴘᴀʟ account", "paypal account"),
    ("ɡooɡle", "google"),
    ("Netflıx", "Netflix"),
    ("Your ᏢᎪᎩᏢᎪᏞ account", "Your PAYPAL account"),
    ("Иван, your Pаypаl code", "Иван, your Paypal code"),
    # characters that cannot be seen
    ("p\u200bass\u200bword", "password"),
    ("p\u200b\u200bay", "pay"),
    ("a\u200cccount", "account"),
    ("a\u200dccount", "account"),
    ("a\u2060ccount", "account"),
    ("\ufeffHi", "Hi"),
    ("de\u00adliv\u00adery", "delivery"),
    ("\u202eusps\u202c.com", "usps.com"),
    ("\u2066usps\u2069.com\u200e", "usps.com"),
    ("pa\u2062y", "pay"),
    ("pa\u180ey", "pay"),
    ("pa\u034fy", "pay"),
    ("pay\u3164pal", "paypal"),
    ("pa\ufe0fy", "pay"),
    ("pay\U000e0061\U000e0062", "pay"),
    # marks upon letters
    ("F\u0336R\u0336E\u0336E\u0336", "FREE"),
    ("p\u0332a\u0332y\u0332 \u0332n\u0332o\u0332w\u0332", "pay now"),
    ("$\u03365\u03360\u0336", "$50"),
    ("w\u0353\u0335\u0315i\u0347\u0334n\u0359\u0336", "win"),
    ("P\u0336а\u0336y\u0336", "Pay"),
    # punctuation
    ("“Hi” – it’s me…", '"Hi" - it\'s me...'),
    ("usps。com", "usps.com"),
    ("usps․com", "usps.com"),
    ("usps.com⁄t∕x", "usps.com/t/x"),
    ("e‑zpass", "e-zpass"),
]


@pytest.mark.parametrize(("text", "plain"), TRICKS)
def test_tricks_are_undone(text, plain):
    assert fold(text).text == plain


DECOMPOSED = ["¿Mañana a las 8? Sí, mamá", "Tiếng Việt của tôi", "Мой город", "crème brûlée", "안녕하세요"]


@pytest.mark.parametrize("text", DECOMPOSED)
def test_letters_in_pieces_are_put_together(text):
    folded = fold(unicodedata.normalize("NFD", text))
    assert folded.text == text
    assert folded.counts == {}


UNHARMED = [
    "¿Dónde estás? ¡Ven rápido, mamá! Te espero a las 8:30",
    "Su código de verificación es 482913. No lo comparta con nadie.",
    "Mañana cumple años la niña; compra piñata y pingüino",
    "El envío cuesta 12,50 €",
    "naïve café résumé, Zoë & Chloë",
    "Ça va? À bientôt, Noël à l'hôtel",
    "Grüße aus Köln, Straße 5",
    "Łódź, Kraków i Gdańsk",
    "Smørrebrød på Åland",
    "Þórður Guðmundsson",
    "Ačiū, šiandien žiūrėsiu",
    "😂😂 ok see you 👍🏽 🇺🇸",
    "Dinner 🍕🍕? 7️⃣ pm",
    "Γεια σου Νίκο, τι κάνεις;",
    "Dinner with Γιώργος and Ελένη at 7",
    "Η ΔΕΗ έστειλε τον λογαριασμό",
    "Привет, как дела? Ваш код: 4821",
    "Сара и Роса приехали",
    "Tell Владимир I said hi",
    "Пароль от Wi-Fi на столе",
    "שלום, מה שלומך היום?",
    "Happy birthday, שרה!",
    "בְּרֵאשִׁית",
    "مرحبا، كيف حالك؟",
    "Dinner at محمد's place",
    "اَلسَّلَامُ عَلَيْكُمْ",
    "Total ١٥٠ SAR",
    "नमस्ते, आप कैसे हैं?",
    "Meet प्रिया at the station",
    "Pay ₹ १०० to Ravi",
    "你好 明天见",
    "Lunch with 王小明 at noon",
    "二〇二四年 plan",
    "안녕하세요, 내일 봐요",
    "Call 김민수 back",
    "Chúc mừng năm mới! Hẹn gặp lại ở Đà Nẵng",
    "Nguyễn Thị Thương ơi, được không?",
    "こんにちは、ありがとうございます",
    "สวัสดีครับ ขอบคุณมาก ทำ",
    "გამარჯობა",
    "Շնորհակալություն",
    "АСЕ",
    "Η Άννα",
    "Error is ± 5 °C, σ = 2 and π > 3",
]


def without_joiners(text):
    return text.replace("\u200d", "").replace("\ufe0f", "")


@pytest.mark.parametrize("text", UNHARMED)
def test_genuine_text_survives(text):
    folded = fold(text)
    assert without_joiners(folded.text) == without_joiners(text)
    assert folded.counts == {}


EMOJI = ["❤️ you", "👨‍👩‍👧‍👦 dinner", "🏳️‍🌈", "👩🏾‍💻 at work", "🏴‍☠️", "☎️ me", "1️⃣2️⃣", "ok👍🏼ok", "🇲🇽🇺🇸"]


@pytest.mark.parametrize("text", EMOJI)
def test_emoji_lose_at_most_their_joiners_and_are_no_trick(text):
    folded = fold(text)
    assert without_joiners(folded.text) == without_joiners(text)
    assert folded.counts == {}


@pytest.mark.parametrize("text", ["می\u200cخواهم", "क्\u200dष", "न्\u200cय"])
def test_joiners_that_an_alphabet_needs_are_no_trick(text):
    assert fold(text).counts == {}


COUNTS = [
    ("", {}),
    ("Your package is here", {}),
    ("“Hi” – it’s me…", {}),
    ("\ufeffHi there", {}),
    ("Hi \u200bthere", {}),
    ("p\u200bassword", {"invisible": 1}),
    ("p\u200bass\u200bword", {"invisible": 2}),
    ("de\u00adliv\u00adery", {"invisible": 2}),
    ("pay\u202epal", {"invisible": 1}),
    ("pay\u3164pal", {"invisible": 1}),
    ("раypаl", {"lookalike": 3}),
    ("Enter your ΡΙΝ now", {"lookalike": 3}),
    ("ＰＡＹ", {"styled": 3}),
    ("𝗣𝗮𝘆 now", {"styled": 3}),
    ("ⓟⓐⓨ", {"styled": 3}),
    ("𝟏𝟐", {"styled": 2}),
    ("F\u0336R\u0336E\u0336E\u0336", {"marks": 4}),
    ("w\u0353\u0335\u0315in", {"marks": 3}),
    ("p\u200bаy ＵＰＳ o\u0336k", {"invisible": 1, "lookalike": 1, "styled": 3, "marks": 1}),
]


@pytest.mark.parametrize(("text", "counts"), COUNTS)
def test_counts(text, counts):
    assert fold(text).counts == counts


def test_a_pair_of_invisible_characters_counts_like_one():
    assert fold("p\u200b\u200bay").counts.get("invisible", 0) >= 1


SPANS = [
    ("Log in: раy\u200bpal now", "paypal", "раy\u200bpal"),
    ("🎉 Ｆｒｅｅ gift", "Free", "Ｆｒｅｅ"),
    ("\u202ego to ｕｓｐｓ．ｃｏｍ today", "usps.com", "ｕｓｐｓ．ｃｏｍ"),
    ("wait… usps", "usps", "usps"),
    ("o\u0336k veriﬁed now", "verified", "veriﬁed"),
    ("Se\u0301 pagar", "pagar", "pagar"),
]


@pytest.mark.parametrize(("text", "word", "source"), SPANS)
def test_spans_lead_back_to_the_original(text, word, source):
    folded = fold(text)
    start = folded.text.index(word)
    begin, end = folded.span(start, start + len(word))
    assert text[begin:end] == source


TRICKY = st.text(
    st.sampled_from(
        "aeiPay 15.$-\nаеорсуѕіΑρο\u0301\u0300\u0336\u0323\u0338\u200b\u200d\u00ad\u202e\ufe0f\u3164\u034fＡ１．ⓐ𝗣ﬁ½…ßéñ"
        "ıɡᴘИЖ王김हि\u093cא\u05b0ا١०가\u1100\u1161ﾊﾞ👍🏽\ud83d"
    ),
    max_size=12,
)
TEXTS = st.one_of(st.text(st.characters()), TRICKY)


@given(TEXTS)
@example("P\u0336а\u0336y\u0336")
@example("bа\u0301nk")
@example("\ud83d")
@example("\ud83d\ude00")
def test_folding_twice_is_folding_once(text):
    once = fold(text).text
    assert fold(once).text == once


@given(TEXTS)
@example("\u200b")
@example("ﷺ")
@example("e\u0301")
def test_every_span_lies_in_the_original(text):
    folded = fold(text)
    size = len(folded.text)
    if folded.origin is None:
        assert folded.text == text
    else:
        assert len(folded.origin) == size + 1
        assert all(one <= other for one, other in zip(folded.origin, folded.origin[1:], strict=False))
        assert folded.origin[-1] == len(text)
    for start in range(size + 1):
        for end in {start, min(start + 1, size), size}:
            begin, stop = folded.span(start, end)
            assert 0 <= begin <= stop <= len(text)
            assert (begin < stop) == (start < end)


@given(st.text(st.characters(max_codepoint=127)))
def test_ascii_stays_as_it_is(text):
    folded = fold(text)
    assert folded.text == text
    assert folded.counts == {}


@given(TEXTS)
def test_what_is_folded_has_no_lone_surrogates_and_no_invisible_format_characters(text):
    assert not {unicodedata.category(character) for character in fold(text).text} & {"Cs", "Cf"}


@given(TEXTS)
def test_counts_are_positive_counts_of_known_tricks(text):
    folded = fold(text)
    assert set(folded.counts) <= {"invisible", "lookalike", "styled", "marks"}
    assert all(0 < count <= len(text) + len(folded.text) for count in folded.counts.values())
