import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from legitext.numbers import FORMATS, dhl, fedex, find_numbers, mod10, s10, ups

UPS = "1Z999AA10123456784"
USPS_22 = "9400111899223817264511"
USPS_GROUPED = "9400 1118 9922 3817 2645 11"
ORDER = "112-1234567-1234567"
TBA = "TBA123456789012"
FEDEX = "986578788855"
DHL = "3318810025"
S10 = "RB123456785US"


def found(text):
    return [(number.format, number.checks, text[number.start : number.end]) for number in find_numbers(text)]


USPS = [
    "9400111899223817264511",
    "9400111201080805483016",
    "9361289878700317633795",
    "9405803699300124287899",
    "9505511069605048600624",
    "9101123456789000000013",
    "9101026837331000039521",
    "92748931507708513018050063",
]


@pytest.mark.parametrize("number", [*USPS, "71123456789123456787", "03071790000523483741"])
def test_mod10(number):
    assert mod10(number[:-1]) == int(number[-1])


@pytest.mark.parametrize("number", ["9400111899223817264512", "9405803699300124287898", "9200000000000000000000", "03071790000523483742"])
def test_mod10_wrong(number):
    assert mod10(number[:-1]) != int(number[-1])


@given(st.text("0123456789", min_size=19, max_size=25), st.data())
def test_mod10_tells_every_single_wrong_digit(digits, data):
    place = data.draw(st.integers(0, len(digits) - 1))
    other = data.draw(st.sampled_from("0123456789").filter(lambda digit: digit != digits[place]))
    assert mod10(digits) in range(10)
    assert mod10(digits) != mod10(digits[:place] + other + digits[place + 1 :])


# 11 - 0 and 11 - 1 have no digit of their own: they are written 5 and 0.
@pytest.mark.parametrize(("digits", "check"), [("12345678", 5), ("47312482", 9), ("00000000", 5), ("00100000", 7), ("60000000", 7)])
def test_s10(digits, check):
    assert s10(digits) == check


def test_s10_writes_ten_as_zero():
    assert s10("00000008") == 0


@pytest.mark.parametrize(
    "number",
    ["1Z999AA10123456784", "1Z5R89390357567127", "1Z879E930346834440", "1Z410E7W0392751591", "1Z8V92A70367203024", "1ZXX3150YW44070023"],
)
def test_ups(number):
    assert ups(number[2:17]) == int(number[17])


@pytest.mark.parametrize("number", ["1Z999AA10123456785", "1Z5R89390357567128", "1Z1111111111111111"])
def test_ups_wrong(number):
    assert ups(number[2:17]) != int(number[17])


@pytest.mark.parametrize("number", ["986578788855", "477179081230", "799531274483", "790535312317", "974367662710", "794644790131"])
def test_fedex(number):
    assert fedex(number[:11]) == int(number[11])


@pytest.mark.parametrize("number", ["996578788855", "986578788856", "477179081231"])
def test_fedex_wrong(number):
    assert fedex(number[:11]) != int(number[11])


@pytest.mark.parametrize("number", ["3318810025", "8487135506", "1099255990", "3821724944", "3318810036", "3318810014", "1234567891"])
def test_dhl(number):
    assert dhl(number[:9]) == int(number[9])


@pytest.mark.parametrize("number", ["3318810010", "3318810034", "3318810011", "1234567899"])
def test_dhl_wrong(number):
    assert dhl(number[:9]) != int(number[9])


FOUND = [
    *((number, "usps_tracking", True) for number in USPS),
    ("9400111899223817264512", "usps_tracking", False),
    ("9205590164917312751089", "usps_tracking", True),
    ("420221539101026837331000039521", "usps_tracking", True),
    ("420221539101026837331000039522", "usps_tracking", False),
    ("4201002334249200190132607600833457", "usps_tracking", True),
    ("4201028200009261290113185417468510", "usps_tracking", True),
    ("4201028200009261290113185417468511", "usps_tracking", False),
    ("71123456789123456787", "usps_tracking", True),
    ("RB123456785US", "usps_tracking", True),
    ("EC473124829US", "usps_tracking", True),
    ("EC473124828US", "usps_tracking", False),
    ("1Z999AA10123456784", "ups_tracking", True),
    ("1Z999AA10123456785", "ups_tracking", False),
    ("1ZXX3150YW44070023", "ups_tracking", True),
    ("986578788855", "fedex_tracking", True),
    ("996578788855", "fedex_tracking", False),
    ("3318810025", "dhl_waybill", True),
    ("3318810010", "dhl_waybill", False),
    ("112-1234567-1234567", "amazon_order", None),
    ("TBA123456789012", "amazon_tba", None),
]


@pytest.mark.parametrize(("number", "form", "checks"), FOUND)
@pytest.mark.parametrize("frame", ["{}", "Your parcel {} is on its way.", "({})", "No.{}, ok", "#{}\n", "é: {}", "x={}&y=1"])
def test_found_in_a_text(frame, number, form, checks):
    assert found(frame.format(number)) == [(form, checks, number)]


GROUPED = [
    ("9400 1118 9922 3817 2645 11", True),
    ("9405 8036 9930 0124 2878 99", True),
    ("9361 2898 7870 0317 6337 95", True),
    ("9400 1118 9922 3817 2645 12", False),
    ("7112 3456 7891 2345 6787", True),
    ("9274 8931 5077 0851 3018 0500 63", True),
    ("420 22153 9101 0268 3733 1000 0395 21", True),
    ("420 10023-3424 9200 1901 3260 7600 8334 57", True),
    ("RB 123 456 785 US", True),
]


@pytest.mark.parametrize(("number", "checks"), GROUPED)
@pytest.mark.parametrize("frame", ["{}", "USPS: your item {} is out for delivery", "Item {}.", "2 items: {}\n10 am"])
def test_usps_in_groups(frame, number, checks):
    assert found(frame.format(number)) == [("usps_tracking", checks, number)]


TEXTS = [
    ("", []),
    ("Running late, see you soon", []),
    (
        f"{UPS} {USPS_22}",
        [("ups_tracking", True, UPS), ("usps_tracking", True, USPS_22)],
    ),
    (f"{FEDEX},{DHL}", [("fedex_tracking", True, FEDEX), ("dhl_waybill", True, DHL)]),
    (f"{FEDEX} {DHL}", [("fedex_tracking", True, FEDEX), ("dhl_waybill", True, DHL)]),
    (f"{FEDEX}\n{FEDEX}", [("fedex_tracking", True, FEDEX), ("fedex_tracking", True, FEDEX)]),
    (f"{ORDER}/{TBA}", [("amazon_order", None, ORDER), ("amazon_tba", None, TBA)]),
    (f"Order {ORDER}: {TBA} arrives today", [("amazon_order", None, ORDER), ("amazon_tba", None, TBA)]),
    (f"{S10}; {UPS}", [("usps_tracking", True, S10), ("ups_tracking", True, UPS)]),
    (f"{USPS_22} {USPS_22}", [("usps_tracking", True, USPS_22), ("usps_tracking", True, USPS_22)]),
    (f"{USPS_GROUPED}, {USPS_GROUPED}", [("usps_tracking", True, USPS_GROUPED), ("usps_tracking", True, USPS_GROUPED)]),
    (f"{USPS_GROUPED} {UPS}", [("usps_tracking", True, USPS_GROUPED), ("ups_tracking", True, UPS)]),
    (f"{DHL} {USPS_22} {FEDEX}", [("dhl_waybill", True, DHL), ("usps_tracking", True, USPS_22), ("fedex_tracking", True, FEDEX)]),
    (f"ups.com/track?tracknum={UPS}", [("ups_tracking", True, UPS)]),
    (f"https://www.dhl.com/track/{DHL}.", [("dhl_waybill", True, DHL)]),
]


@pytest.mark.parametrize(("text", "numbers"), TEXTS)
def test_texts(text, numbers):
    assert found(text) == numbers


NOT_NUMBERS = [
    "123456789",
    "12345678901",
    "1234567890123",
    "940011189922381726451",
    "94001118992238172645111",
    "9400111899223817264511X",
    "X9400111899223817264511",
    "1Z999AA1012345678",
    "1Z999AA101234567845",
    "A1Z999AA10123456784",
    "2Z999AA10123456784",
    "1Z999AA1012345678X",
    "112-1234567-123456",
    "112-1234567-12345678",
    "1112-1234567-1234567",
    "112-123456-1234567",
    "112-1234567-1234567-1",
    "TBA12345678901",
    "TBC123456789",
    "RB12345678US",
    "R1123456785US",
    "RB123456785USA",
    "212-555-0142",
    "(212) 555-0142",
    "+1 212 555 0142",
    "4111 1111 1111 1111",
    "Meet at 10:30 on 12/24/2025",
    "Your code is 482913",
    "$1,234.56",
    "123-45-6789",
    "90210-1234",
]


@pytest.mark.parametrize("text", NOT_NUMBERS)
def test_not_numbers(text):
    assert found(text) == []


PIECES = st.sampled_from(
    [UPS, USPS_22, USPS_GROUPED, ORDER, TBA, FEDEX, DHL, S10, "420", "22153", "12", " ", "-", "\n", ",", "A", "é", "٣", "９", "²", "\ud800"]
)


@given(st.one_of(st.text(st.characters()), st.lists(PIECES).map("".join)))
@example("٣٣١٨٨١٠٠٢٥")
@example("²²²²²²²²²²")
@example("1Z999AA1012345678٤")
def test_spans_are_in_order_and_apart(text):
    end = 0
    for number in find_numbers(text):
        assert number.format in FORMATS
        assert number.checks in {True, False, None}
        assert end <= number.start < number.end <= len(text)
        end = number.end


@given(st.lists(st.sampled_from([UPS, USPS_22, ORDER, TBA, FEDEX, DHL, S10]), min_size=1), st.sampled_from([", ", "; ", "\n", " and "]))
def test_every_number_of_a_list_is_found(numbers, between):
    text = between.join(numbers)
    assert [shown for _, checks, shown in found(text) if checks is not False] == numbers


def test_a_zip_may_stand_before_numbers_of_every_length():
    for body in ("9400111899223817264511", "92748931507708513018050063"):
        for zip_code in ("10023", "100233424"):
            (number,) = find_numbers(f"USPS 420{zip_code}{body} delivered")
            assert number.checks, (zip_code, body)
