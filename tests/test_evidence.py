import pytest

from legitext.evidence import _SENTENCES, EVIDENCE, find_evidence, sentence
from legitext.messages import Message
from legitext.reading import read


def names(text, sender=None):
    return {clue.name for clue in find_evidence(read(Message(text, sender)))}


@pytest.mark.parametrize(
    ("text", "sender", "present", "absent"),
    [
        ("Amazon: track at https://a.co/9tRb4Lh", "262966", {"link_official", "sender_official"}, {"link_unnamed", "sender_impossible"}),
        ("USPS: held at https://usps-trk.top/a", "+63 995 271 4822", {"link_lookalike_of_speaker", "link_from_who_never_links", "sender_impossible"}, {"link_official"}),
        ("USPS 9400111206206512345675 delivered", "28777", {"number_checks", "sender_official"}, {"number_fails"}),
        ("USPS 9400111206206512345674 delivered", "28777", {"number_fails"}, {"number_checks"}),
        ("Lakeside Dental: confirm at lakesidedental.com/c", None, {"link_named"}, {"link_unnamed"}),
        ("Your table is booked: https://bit.ly/3xY", None, {"link_shortener"}, {"link_official_unnamed"}),
        ("pay at https://usps.com@bit.ly/x", None, {"link_userinfo"}, {"link_official"}),
        ("Reply with your card number and PIN", None, {"asks_card", "asks_pin"}, {"asks_ssn"}),
        ("Please reply Y, then exit the text and reopen it", None, {"asks_reply_y", "asks_reopen"}, set()),
        ("Your code is 123456. Never share it.", None, {"code_given", "no_share"}, {"asks_code"}),
        ("Reply STOP to cancel. Msg&data rates may apply", None, {"opt_out", "rates_line"}, set()),
        ("Y\u200bour acc\u200bount", None, {"hidden_letters"}, set()),
        ("Your аccount", None, {"lookalike_letters"}, set()),
        ("see you at 7", None, set(), set(EVIDENCE)),
    ],
)  # fmt: skip
def test_clues(text, sender, present, absent):
    found = names(text, sender)
    assert present <= found
    assert not absent & found


def test_nothing_known_is_no_evidence():
    assert names("see you at 7", None) == names("see you at 7", "") == set()


def test_clues_come_once_and_in_order():
    clues = find_evidence(read(Message("a https://x1.top/a b https://x2.top/b call 800-555-0134 or call 888-555-0100", "12345")))
    assert [clue.name for clue in clues] == [name for name in EVIDENCE if name in {clue.name for clue in clues}]


def test_every_clue_says_what_it_is():
    text, sender = "USPS: U​nusual activity, confirm your details at https://usps-trk.top/a within 12 hours", "+63 995 271 4822"
    reading = read(Message(text, sender))
    for clue in find_evidence(reading):
        said = sentence(clue, reading)
        assert said
        assert "{" not in said
        assert clue.span is None or 0 <= clue.span[0] < clue.span[1] <= len(text)


def test_sentences_and_features_are_the_same_set():
    assert set(EVIDENCE) == set(_SENTENCES)
    assert len(EVIDENCE) == len(set(EVIDENCE))
