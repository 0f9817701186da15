"""What must change a verdict, and what must not, on the packaged model."""

import pytest

from legitext import Classifier

GENUINE = [
    ("USPS 9400111206206512345675, Out for Delivery 10/02/2025 7:35am FORT COLLINS CO 80525 Reply HELP 4 info-STOP to cancel", "28777"),
    ("482915 is your Amazon OTP. Do not share it with anyone.", "262966"),
    ("Chase Fraud: Did you use card 1234 for $84.17 at SHELL OIL? Reply YES or NO. STOP to end.", "24273"),
    ("Lakeside Dental: Hi Maria, your cleaning is tomorrow at 9:30 AM. Reply C to confirm or call 614-555-0112.", None),
    ("hey did you get the package i sent", "+16145550112"),
]


@pytest.fixture(scope="module")
def classifier():
    return Classifier.load()


@pytest.mark.parametrize(("text", "sender"), GENUINE)
def test_genuine_texts_are_ham_with_and_without_their_sender(classifier, text, sender):
    assert classifier.predict_one(text, sender).label == "ham"
    assert classifier.predict_one(text).label == "ham"


@pytest.mark.parametrize(
    ("genuine", "fake"),
    [
        (("Amazon: sign-in attempt from NC, US. Respond: https://amazon.com/a/c/r/k2NvX0dRmT", "262966"), ("Amazon: sign-in attempt from NC, US. Respond: https://amazon-acr.info/k2NvX0dRmT", "+63 927 555 0190")),
        (("Your UPS package arrives today. https://www.ups.com/track?n=1Z999AA10123456784", "69877"), ("Your UPS package is on hold. https://ups-track.top/1Z999", "+44 7911 123456")),
    ],
)  # fmt: skip
def test_link_and_sender_turn_the_verdict(classifier, genuine, fake):
    assert classifier.predict_one(*genuine).label == "ham"
    assert classifier.predict_one(*fake).label == "smishing"


@pytest.mark.parametrize("name", ["Maria", "John", "Xiomara", "Sam", "Priya"])
def test_a_first_name_changes_nothing(classifier, name):
    assert classifier.predict_one(f"Hi {name}, your appointment at Lakeside Dental is tomorrow at 2 PM. Reply C to confirm.").label == "ham"


def test_case_accents_and_emoji_raise_no_alarm(classifier):
    text = "Your table for 4 at Rosa's Grill is confirmed for Friday 7 PM. See you soon"
    for harmless in (text, text.upper(), text.lower(), text + " 🎉", text.replace("e", "é")):
        assert classifier.predict_one(harmless).label == "ham"
