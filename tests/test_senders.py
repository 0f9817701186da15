import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from legitext.senders import KINDS, read_sender


def names(sender):
    return {brand.name for brand in sender.brands}


SHORT_CODES = [
    ("28777", {"USPS"}),
    (" 28777 ", {"USPS"}),
    ("69877", {"UPS"}),
    ("262966", {"Amazon"}),
    ("262-966", {"Amazon"}),
    ("24273", {"Chase"}),
    ("692484", {"Citi"}),
    ("347268", {"Discover"}),
    ("22000", {"Google"}),
    ("32665", {"Facebook", "Instagram"}),
    ("456", {"T-Mobile"}),
    ("48219", set()),
    ("898211", set()),
    ("7726", set()),
    ("911", set()),
]


@pytest.mark.parametrize(("sender", "brands"), SHORT_CODES)
def test_short_codes(sender, brands):
    read = read_sender(sender)
    assert (read.kind, names(read), read.disguised) == ("short_code", brands, False)


TOLL_FREE = [
    "8005550199",
    "18005550199",
    "+18005550199",
    "800-555-0199",
    "1-800-555-0199",
    "+1-800-555-0199",
    "(800) 555-0199",
    "1 (800) 555-0199",
    "+1 (800) 555-0199",
    "+1 800 555 0199",
    "800.555.0199",
    "1/800/555/0199",
    "800 555 0199",
    "0018005550199",
    "833-555-0147",
    "+1 844 555 0147",
    "(855) 555-0147",
    "18665550147",
    "+1 (877) 555-0147",
    "888 555 0147",
]


@pytest.mark.parametrize("sender", TOLL_FREE)
def test_toll_free(sender):
    read = read_sender(sender)
    assert (read.kind, read.country, names(read), read.disguised) == ("toll_free", None, set(), False)


US_NUMBERS = [
    "2125550142",
    "12125550142",
    "+12125550142",
    "212-555-0142",
    "1-212-555-0142",
    "(212) 555-0142",
    "(212)555-0142",
    "+1 (212) 555-0142",
    "+1 212 555 0142",
    "+1.212.555.0142",
    "212.555.0142",
    "212 555 0142",
    "0012125550142",
    "801-555-0142",
    "881 555 0142",
    "+1 416 555 0142",
]


@pytest.mark.parametrize("sender", US_NUMBERS)
def test_ten_digit_us_numbers(sender):
    read = read_sender(sender)
    assert (read.kind, read.country, names(read), read.disguised) == ("us_number", None, set(), False)


INTERNATIONAL = [
    ("+442079460958", "GB"),
    ("+44 20 7946 0958", "GB"),
    ("+44 (0)20 7946 0958", "GB"),
    ("(+44) 20 7946 0958", "GB"),
    ("0044 20 7946 0958", "GB"),
    ("011 44 20 7946 0958", "GB"),
    ("+63 995 271 4822", "PH"),
    ("+63-995-271-4822", "PH"),
    ("011639952714822", "PH"),
    ("+91 98100 12345", "IN"),
    ("0091-98100-12345", "IN"),
    ("+234 803 555 0142", "NG"),
    ("+233 24 555 0142", "GH"),
    ("+212 612-345678", "MA"),
    ("+86 138 0013 8000", "CN"),
    ("+852 5555 0142", "HK"),
    ("+855 12 345 678", "KH"),
    ("+880 1712-345678", "BD"),
    ("+52 55 5555 0142", "MX"),
    ("+55 (11) 95555-0142", "BR"),
    ("+49 151 55501420", "DE"),
    ("+33 6 55 50 14 20", "FR"),
    ("+34 612 34 56 78", "ES"),
    ("+39 06 5550 1420", "IT"),
    ("+30 21 0555 0142", "GR"),
    ("+48 512 345 678", "PL"),
    ("+380 50 555 0142", "UA"),
    ("+7 912 345-67-89", "RU"),
    ("+972 50-555-0142", "IL"),
    ("+92 300 5550142", "PK"),
    ("+81 90-5555-0142", "JP"),
    ("+82 10-5555-0142", "KR"),
    ("+84 91 234 56 78", "VN"),
    ("+61 412 345 678", "AU"),
    ("+27 82 555 0142", "ZA"),
    ("+65 8555 0142", "SG"),
    ("+389 70 123 456", "MK"),
    ("+592 612 3456", "GY"),
]


@pytest.mark.parametrize(("sender", "country"), INTERNATIONAL)
def test_international(sender, country):
    read = read_sender(sender)
    assert (read.kind, read.country, names(read), read.disguised) == ("international", country, set(), False)


def test_a_number_too_long_for_the_us_is_international_without_its_plus():
    assert read_sender("639952714822").kind == "international"


EMAILS = [
    ("auto-reply@usps.com", {"USPS"}, False),
    ("Auto-Reply@USPS.COM", {"USPS"}, False),
    ("shipment-tracking@amazon.com", {"Amazon"}, False),
    ("order-update@email.amazon.co.uk", {"Amazon"}, False),
    ("fedex@fedex.com", {"FedEx"}, False),
    ("no.reply.alerts@chase.com", {"Chase"}, False),
    ("info@x.com", {"X"}, False),
    ("jane.doe@gmail.com", set(), False),
    ("john1985@yahoo.com", set(), False),
    ("maria_lopez@icloud.com", set(), False),
    ("anna4u@gmail.com", set(), False),
    ("chase.miller@gmail.com", set(), False),
    ("grandma@comcast.net", set(), False),
    ("bob.jones@att.net", set(), False),
    ("front.desk@oakdental.example", set(), False),
    ("xq7k2mf9@hotmail.com", set(), True),
    ("mtofbz6b41@outlook.com", set(), True),
    ("usps-support@gmail.com", set(), True),
    ("paypal.billing@outlook.com", set(), True),
    ("uspsdelivery4821@outlook.com", set(), True),
    ("amazon-mail-services-mtofbz6b@hotmail.com", set(), True),
    ("service@paypal-secure.com", set(), True),
    ("service@amaz0n.com", set(), True),
    ("support@usps.com-trk.top", set(), True),
]


@pytest.mark.parametrize(("sender", "brands", "disguised"), EMAILS)
def test_email(sender, brands, disguised):
    read = read_sender(sender)
    assert (read.kind, read.country, names(read), read.disguised) == ("email", None, brands, disguised)


def test_an_address_that_names_one_brand_on_the_domain_of_another_is_disguised():
    read = read_sender("amazon-mail-services-mtofbz6b@x.com")
    assert (read.kind, read.disguised) == ("email", True)
    assert "Amazon" not in names(read)


NAMES = [
    ("AMAZON", {"Amazon"}, False),
    ("AMZL US", {"Amazon"}, False),
    ("amazon", {"Amazon"}, False),
    ("USPS", {"USPS"}, False),
    ("FedEx", {"FedEx"}, False),
    ("Wells Fargo", {"Wells Fargo"}, False),
    ("AT&T", {"AT&T"}, False),
    ("T-Mobile", {"T-Mobile"}, False),
    ("Lowe's", {"Lowe's"}, False),
    ("Lowe’s", {"Lowe's"}, False),
    ("Booking.com", {"Booking.com"}, False),
    ("BofA", {"Bank of America"}, False),
    ("Joe's Pizza", set(), False),
    ("BELLA SALON", set(), False),
    ("Oak Dental", set(), False),
    ("Peluquería Ñandú", set(), False),
    ("中国移动", set(), False),
    ("VM-HDFCBK", set(), False),
    ("Mom", set(), False),
    ("Studio54", set(), False),
    ("5Guys", set(), False),
    ("7Eleven", set(), False),
    ("Forever21", set(), False),
    ("Car2Go", set(), False),
    ("B2B Media", set(), False),
    ("MyGym24", set(), False),
    ("1nfOvrfaccnt", set(), True),
    ("Amaz0n", set(), True),
    ("PAYPA1", set(), True),
    ("AMZN-SEC-4X9Q", set(), True),
    ("ver1fy4cc0unt", set(), True),
]


@pytest.mark.parametrize(("sender", "brands", "disguised"), NAMES)
def test_alphanumeric_names(sender, brands, disguised):
    read = read_sender(sender)
    assert (read.kind, read.country, names(read), read.disguised) == ("name", None, brands, disguised)


MASKED = [
    ("+63…", "PH"),
    ("+63...", "PH"),
    ("+63 9** *** **22", "PH"),
    ("+63 995 XXX XXXX", "PH"),
    ("+44 7•••••• 12", "GB"),
    ("+234***", "NG"),
    ("***1234", None),
    ("••••1234", None),
    ("…1234", None),
    ("xxx-xxx-1234", None),
    ("(XXX) XXX-1234", None),
    ("555-123-####", None),
    ("___-___-1234", None),
]


@pytest.mark.parametrize(("sender", "country"), MASKED)
def test_masked(sender, country):
    read = read_sender(sender)
    assert (read.kind, read.country, names(read), read.disguised) == ("masked", country, set(), False)


@pytest.mark.parametrize("sender", ["+1 (***) ***-1234", "+1…", "+1 212 *** ****"])
def test_masked_numbers_of_the_us_are_not_foreign(sender):
    read = read_sender(sender)
    assert read.kind == "masked"
    assert read.country in {None, "US"}


@pytest.mark.parametrize("sender", [None, "", " ", "   ", "\t", "\n", "\r\n", "\u00a0", "\u3000", "\u200b", "\ufeff", " \u200e\u202a "])
def test_absent(sender):
    read = read_sender(sender)
    assert (read.kind, read.country, names(read), read.disguised) == ("absent", None, set(), False)


INVISIBLE = [
    ("２８７７７", "short_code", None, {"USPS"}),
    ("28\u200b777", "short_code", None, {"USPS"}),
    ("\u202a28777\u202c", "short_code", None, {"USPS"}),
    ("\u202a+1 (800) 555\u20110199\u202c", "toll_free", None, set()),
    ("+1\u00a0(212)\u00a0555\u20110142", "us_number", None, set()),
    ("＋６３　９９５　２７１　４８２２", "international", "PH", set()),
    ("\u2068+44 20 7946 0958\u2069", "international", "GB", set()),
    ("auto-reply＠usps．com", "email", None, {"USPS"}),
    ("Joe\u2019s\u00a0Pizza", "name", None, set()),
]


@pytest.mark.parametrize(("sender", "kind", "country", "brands"), INVISIBLE)
def test_full_width_and_invisible_characters_do_not_matter(sender, kind, country, brands):
    read = read_sender(sender)
    assert (read.kind, read.country, names(read)) == (kind, country, brands)


@pytest.mark.parametrize("sender", ["Аmazon", "USP\u200bS", "РауРаl", "\u13aamazon"])
def test_a_brand_name_in_other_letters_or_broken_up_is_disguised_and_not_official(sender):
    read = read_sender(sender)
    assert (read.kind, names(read), read.disguised) == ("name", set(), True)


@pytest.mark.parametrize("sender", ["?", "???", "-", "+", "()", "@", "😀", "1", "12", "5550142", "(123) 456-7890", "0123456789"])
def test_unreadable(sender):
    read = read_sender(sender)
    assert (read.kind, read.country, names(read), read.disguised) == ("unreadable", None, set(), False)


SENDER_LIKE = st.text(st.sampled_from("+0123456789١２² ().-/*xX…#_@<>abcUSPS\u200b\u202e\u0301а中😀\ud800"), max_size=20)


@given(st.one_of(st.text(st.characters()), SENDER_LIKE))
@example("\ud83d")
@example("+")
@example("+1")
@example("011")
@example("@@.")
@example("²²²²²")
def test_every_text_is_of_some_kind(sender):
    read = read_sender(sender)
    assert read.kind in KINDS
    assert read == read_sender(sender)
    assert read.country is None or read.kind in {"international", "masked"}


@given(st.text("0123456789", min_size=1, max_size=20), st.sampled_from([" ", "-", "."]))
def test_separators_do_not_change_the_kind(digits, separator):
    assert read_sender(separator.join(digits)).kind == read_sender(digits).kind


def test_decoration_around_a_name_is_no_name():
    assert read_sender("** usps **").brands == ()
    assert [brand.name for brand in read_sender("USPS").brands] == ["USPS"]
