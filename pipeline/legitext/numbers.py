"""Numbers that a sender issues and a faker invents: tracking, waybill and order numbers with their check digits."""

import re
from bisect import bisect_left
from collections.abc import Callable
from typing import NamedTuple


class Number(NamedTuple):
    """A number of a known format found in a text."""

    format: str
    """One of `FORMATS`."""

    checks: bool | None
    """Whether its check digit is right; None for formats that have none."""

    start: int
    end: int


def mod10(digits: str) -> int:
    """The check digit of USPS's domestic barcodes: weights 3 and 1 from the right, modulo 10.

    Source: USPS Publication 199, "Intelligent Mail Package Barcode Implementation Guide".

    >>> mod10("940011189922381726451")
    1
    """
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return -total % 10


def s10(digits: str) -> int:
    """The check digit of an international mail item's eight digits: weights 8 6 4 2 3 5 9 7, modulo 11.

    Source: Universal Postal Union standard S10.

    >>> s10("47312482")
    9
    """
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(digits, (8, 6, 4, 2, 3, 5, 9, 7), strict=True)) % 11
    return {10: 0, 11: 5}.get(rest, rest)


def ups(characters: str) -> int:
    """The check digit of a UPS 1Z number's fifteen characters: letters count (code point - 63) modulo 10, every second doubled.

    >>> ups("999AA1012345678")
    4
    """
    total = 0
    for place, character in enumerate(characters):
        value = int(character) if character.isdigit() else (ord(character) - 63) % 10
        total += value * (2 if place % 2 else 1)
    return -total % 10


def fedex(digits: str) -> int:
    """The check digit of a FedEx Express number's eleven digits: weights 3 1 7 repeated, modulo 11, 10 counting as 0.

    >>> fedex("79464479013")
    1
    """
    return sum(int(digit) * weight for digit, weight in zip(digits, (3, 1, 7) * 4, strict=False)) % 11 % 10


def dhl(digits: str) -> int:
    """The check digit of a DHL Express waybill's nine digits: their value modulo 7.

    >>> dhl("123456789")
    1
    """
    return int(digits) % 7


def _usps(number: str) -> bool:
    number = re.sub(r"[ -]", "", number)
    if number[:2].isalpha():
        return s10(number[2:10]) == int(number[10])
    proper = (number[8:], number[12:]) if number.startswith("420") else (number,)  # a ZIP of five or nine digits may come first
    return any(mod10(one[:-1]) == int(one[-1]) for one in proper if len(one) in {20, 22, 26})


FORMATS: dict[str, tuple[re.Pattern[str], Callable[[str], bool] | None]] = {
    "usps_tracking": (
        re.compile(
            r"(?<![\w-])(?:(?:420[ ]?\d{5}(?:-?\d{4})?[ ]?)?(?:9[1-5]\d\d(?:[ ]?\d{4}){5}[ ]?\d\d|(?:9[1-5]|7[01])\d\d(?:[ ]?\d{4}){4}(?:[ ]?\d\d)?)"
            r"|[A-Z]{2}[ ]?\d{3}[ ]?\d{3}[ ]?\d{3}[ ]?US)(?![\w-])"
        ),
        _usps,
    ),
    "ups_tracking": (re.compile(r"(?<![\w-])1Z[0-9A-Z]{15}\d(?![\w-])"), lambda number: ups(number[2:17]) == int(number[17])),
    "amazon_order": (re.compile(r"(?<![\w-])\d{3}-\d{7}-\d{7}(?![\w-])"), None),
    "amazon_tba": (re.compile(r"(?<![\w-])TBA\d{12}(?![\w-])"), None),
    "fedex_tracking": (re.compile(r"(?<![\w-])\d{12}(?![\w-])"), lambda number: fedex(number[:11]) == int(number[11])),
    "dhl_waybill": (re.compile(r"(?<![\w-])\d{10}(?![\w-])"), lambda number: dhl(number[:9]) == int(number[9])),
}
"""Each format's name with the pattern of its numbers and the check of one that matches, if it has a check digit."""


_MAY_HOLD = re.compile(r"\d(?:(?:[ -]?\d){8}|(?<=1)Z)")
"""What each format holds: nine digits with at most a space or hyphen between them, or the head of a UPS number."""


def find_numbers(text: str) -> list[Number]:
    """The numbers of known formats in `text`, in order; of formats that overlap, the first in `FORMATS`."""
    found: list[Number] = []  # in order; no two overlap
    if _MAY_HOLD.search(text) is None:
        return found
    for name, (pattern, checks) in FORMATS.items():
        for match in pattern.finditer(text):
            place = bisect_left(found, match.start(), key=lambda number: number.start)
            free = (place == 0 or found[place - 1].end <= match.start()) and (place == len(found) or match.end() <= found[place].start)
            if free:
                found.insert(place, Number(name, None if checks is None else checks(match[0]), match.start(), match.end()))
    return found
