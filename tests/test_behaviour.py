"""What must change a verdict, and what must not, on the packaged model."""

import pytest

from legitext import Classifier

GENUINE = [
    ("USPS 9400111205555123456784, Out for Delivery 03/18/2026 9:12am DULUTH MN 55802 Reply HELP 4 info-STOP to cancel", "28777"),
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


UPS = "UPS Update: your package 1Z999AA10123456784 arrives today. https://www.ups.com/track?n=1Z999AA10123456784"


@pytest.mark.parametrize(
    ("text", "sender"),
    [
        (UPS.replace("www.ups.com", "www.ups.com.track-map.cc"), "69877"),  # only the link, from a forged id
        (UPS.replace("www.ups.com", "ups-redelivery.top"), None),
        (
            "USPS 9400111205555123456784, Out for Delivery 03/18/2026 DULUTH MN 55802. Confirm at https://usps.com-trkvx.top/us",
            "28777",
        ),
        ("482915 is your Amazon OTP. Our agent will call you and ask for this code.", "(347) 555-0110"),
        ("Chase Fraud: Did you use card 1234 for $84.17 at SHELL OIL? If not, reply with your card number and PIN.", "(561) 555-0130"),
    ],
)
def test_a_link_or_one_sentence_makes_the_scam(classifier, text, sender):
    assert classifier.predict_one(text, sender).label == "smishing"


def test_only_the_sender_moves_the_score(classifier):
    text = "USPS: your package could not be delivered. We will try again tomorrow."
    scores = [
        classifier.predict_one(text, sender).probabilities["smishing"]
        for sender in ("28777", None, "+63 995 271 4822", "post-usps-x9f@hotmail.com")
    ]
    assert scores[0] < scores[1] < scores[2]
    assert scores[1] < scores[3]


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("Hi {}, your table at Rosa's Grill is ready", ["Maria", "John", "Xi", "Aaliyah"]),
        ("Citi Alert: a ${} charge was made on your card ending in 1234 at SHELL OIL", ["5.00", "84.17", "1,250.99", "9,400"]),
        ("Your cleaning at Lakeside Dental is on {}. Reply C to confirm", ["Mon, May 5", "12/24", "Friday", "2026-01-31"]),
        ("Your Vemiio verification code is {}", ["1234", "482915", "90210", "77777777"]),
    ],
)
def test_names_amounts_dates_and_codes_change_no_verdict(classifier, text, others):
    assert {classifier.predict_one(text.format(other)).label for other in others} == {"ham"}


def test_twins_of_registered_senders_are_told_apart(classifier, templates):
    """At least 200 pairs of the grammar: a genuine text, and the same with a link that imitates its sender's."""
    from legitext import find_links
    from legitext.brands import registry
    from legitext.grammar import make_twins

    pairs = [
        pair
        for pair in make_twins(templates, 2, 41, registry())
        if registry().by_name.get((pair.genuine.brand or "").casefold()) and any(link.lookalike for link in find_links(pair.scam.text))
    ]
    assert len(pairs) >= 200
    right = higher = 0
    for pair in pairs:
        true, false = (classifier.predict_one(one.text, one.sender) for one in (pair.genuine, pair.scam))
        higher += true.probabilities["smishing"] < false.probabilities["smishing"]
        right += true.label != "smishing" and false.label == "smishing"
    assert higher / len(pairs) >= 0.95
    assert right / len(pairs) >= 0.95


@pytest.mark.parametrize(
    ("text", "genuine", "fake"),
    [
        ("Chase Fraud: Did you use card 1234 for $84.17 at SHELL OIL? Reply YES or NO.", "24273", "+63 995 271 4822"),
        ("Amazon: your package could not be delivered. Reply 1 to reschedule.", "262966", "amazon-mail-services-mtofbz6b@hotmail.com"),
        (
            "USPS: your item could not be delivered because of an address problem. Call 800-275-8777 for help.",
            "28777",
            "rxkq8821@outlook.com",
        ),
        ("Wells Fargo: your debit card was locked after a declined purchase. Call us at 800-869-3557.", "93557", "+44 7911 123456"),
    ],
)
def test_only_the_sender_turns_the_verdict(classifier, text, genuine, fake):
    assert classifier.predict_one(text, genuine).label == "ham"
    assert classifier.predict_one(text, fake).label == "smishing"


@pytest.mark.parametrize(
    ("text", "sender", "genuine", "fake"),
    [
        ("Your Amazon package will arrive today. Track it at {}", "262966", "https://amzn.to/3xYz12Q", "https://amazon-track.top/3xYz12Q"),
        ("UPS Update: your package arrives today. {}", None, "https://www.ups.com/track?n=1", "https://ups-track.info/track?n=1"),
        (
            "Chase: we need to verify a recent transaction. Sign in at {}",
            None,
            "https://www.chase.com/verify",
            "https://chase-verify.cc/login",
        ),
        (
            "Netflix: your payment was declined. Update it at {}",
            None,
            "https://www.netflix.com/account",
            "https://netflix-billing.xyz/account",
        ),
    ],
)
def test_only_the_link_turns_the_verdict(classifier, text, sender, genuine, fake):
    assert classifier.predict_one(text.format(genuine), sender).label == "ham"
    assert classifier.predict_one(text.format(fake), sender).label == "smishing"
