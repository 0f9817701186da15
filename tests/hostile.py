"""What the tests of hostile texts and `benchmarks/fuzz.py` share: pieces that such texts are made of, and all that a verdict promises."""

import json
import math
import pickle

import pytest

from legitext import LABELS, Classifier, Message, Prediction
from legitext.classifier import verdict
from legitext.errors import InputError
from legitext.messages import MAX_CHARACTERS

SCHEMES = (
    "http",
    "https",
    "hxxp",
    "hxxps",
    "HTTPS",
    "ftp",
    "mailto",
    "tel",
    "sms",
    "javascript",
    "data",
    "file",
    "ws",
    "intent",
    "market",
    "blob",
    "about",
    "x-y",
)
HOSTS = ("usps.com", "usps.com-trk.top", "usps-trk.top", "bit.ly", "xn--80ak6aa92e.com", "xn--", "аррle.com", "93.184.216.34", "[::1]", "3627734766", "a" * 64 + ".com",
         "a.b.c.d.e.f.g.h.i.j.k.l.m.n.com", "usps[.]com", "usps (dot) com", "usps . com", "ｕｓｐｓ.com", "chase.com.", "..", "co.uk", "пример.рф", "💩.la", "amaz0n.com")  # fmt: skip
TAILS = ("", "/", "/a", "?q=1", "#x", ":443", ":99999", "/wellsfargo/login", "\\x", "'", ".Thanks", "/\n", "/a-\nb", ")", "//", "/%ff", "@evil.top", ";", "/\x00")  # fmt: skip
LINK_PIECES = (*(f"{scheme}://" for scheme in SCHEMES), "http:www.", "hxxp :// ", "https:\\\\", "www.", "//", "user:pw@", *HOSTS, *TAILS)
WORD_PIECES = ("USPS", "Wells Fargo", "bank of america", "U S P S", "AM/AZON", "4CCOUNT", "P@YPAL", "DEBlT", "I_OCKED", "your parcel is held", "code 482915", "never share it",
               "we will never ask for your PIN", "reply Y to reopen", "reply STOP to end", "9400 1112 0620 6512 3456 75", "1Z999AA10123456784", "112-1234567-1234567",
               "RB123456785US", "call 213-555-0100", "a@b.co", "ok see you at 7", "don't", "'", "n't ", "$0.30", "١٢٣", "²", "5️⃣", "<brand>", "<phone>")  # fmt: skip
WILD = ("\x00", "\ud800", "\udfff", "\ud83d", "\u200b", "\u200d", "\u00ad", "\u202e", "\u2066", "\u2069", "\u0301", "\u0301" * 30, "\u20e3", "\ufe0f", "\u034f", "\u3164",
        "\ufeff", "\ufffd", "\uffff", "\U0010ffff", "\U000e0041", "🎁", "👨‍👩‍👧", "İ", "ı", "ß", "ſ", "ŉ", "ﬃ", "ﷺ", "Ǆ", "가", "ᄀ", "ᅡ", "ก", "ي", "א", "中", "𝓊𝓈𝓅𝓈", "Ⓤ", "ᴜ", "а",
        "\u2028", "\x85", "\x1c", "\u1680", "\t", "\r\n", "…", "(" * 40, ")" * 40, "([{<«", "»>}])", "!?" * 20, "." * 40, "-" * 40)  # fmt: skip
SENDERS = (None, "", " ", "28777", "262-966", "+1 800 555 0100", "+63 995 271 4822", "6145550112", "***1234", "+63…", "+", "@", "a@b.co", "usps@mail.ru", "x@usps.com", "USPS", "PAYPA1",
           "1nfOvrfaccnt", "ＵＳＰＳ", "\ud800", "\x00", "١٢٣٤٥", "²²²²²", "\u202e28777", "** usps **", "00", "011", "a" * 500, "1" * 500, "@" * 99, "ɑpple", "INFO")  # fmt: skip


def assert_promises(classifier: Classifier, text: str, sender: str | None) -> Prediction | None:
    """That a verdict on any text and sender holds what it promises; the verdict, or None if there is nothing to judge."""
    if not text or text.isspace() or len(text) > MAX_CHARACTERS:
        with pytest.raises(InputError):
            classifier.predict_one(text, sender)
        return None
    prediction = classifier.predict_one(text, sender)
    probabilities = prediction.probabilities
    assert tuple(probabilities) == LABELS
    assert all(math.isfinite(value) and 0 <= value <= 1 for value in probabilities.values())
    assert math.isclose(sum(probabilities.values()), 1, abs_tol=1e-12)
    assert prediction.probability == probabilities[prediction.label]

    other = max(probabilities["spam"], probabilities["smishing"]) if prediction.label == "ham" else probabilities["ham"]
    assert math.isclose(math.fsum(reason.weight for reason in prediction.reasons), math.log(prediction.probability / other), abs_tol=1e-9)
    for reason in (*prediction.reasons, *prediction.evidence):
        assert math.isfinite(reason.weight)
        assert reason.sentence
        assert reason.span is None or 0 <= reason.span[0] < reason.span[1] <= len(text)
    assert set(prediction.evidence) <= set(prediction.reasons)

    assert classifier.predict(["hi", Message(text, sender)]) == [classifier.predict("hi"), prediction]
    copy = pickle.loads(pickle.dumps(prediction))  # noqa: S301  # our own
    assert copy.as_dict() == prediction.as_dict()
    assert json.loads(json.dumps(prediction.as_dict()))["label"] == prediction.label
    assert verdict(prediction, reasons=100)
    return prediction
