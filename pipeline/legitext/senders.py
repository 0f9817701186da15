"""What a phone shows as the sender: its kind, and the brand it belongs to."""

import re
from dataclasses import dataclass
from itertools import pairwise

from legitext.brands import Brand, Registry, registry
from legitext.unicode import fold

KINDS = ("absent", "masked", "short_code", "toll_free", "us_number", "international", "email", "name", "unreadable")
"""`us_number` is a ten-digit number of the North American plan; `masked` shows only part of a number (`+63…`, `***1234`)."""

_TOLL_FREE = {"800", "833", "844", "855", "866", "877", "888"}
_EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>.]+")
_PHONE = re.compile(r"\+?[\d\s().\-/]+")
_MASK = re.compile(r"[*xX•…#_]{2,}|…|\.\.\.")
_COUNTRIES = {
    "1": "US", "7": "RU", "20": "EG", "27": "ZA", "30": "GR", "31": "NL", "32": "BE", "33": "FR", "34": "ES", "36": "HU", "39": "IT",
    "40": "RO", "41": "CH", "43": "AT", "44": "GB", "45": "DK", "46": "SE", "47": "NO", "48": "PL", "49": "DE", "51": "PE", "52": "MX",
    "53": "CU", "54": "AR", "55": "BR", "56": "CL", "57": "CO", "58": "VE", "60": "MY", "61": "AU", "62": "ID", "63": "PH", "64": "NZ",
    "65": "SG", "66": "TH", "81": "JP", "82": "KR", "84": "VN", "86": "CN", "90": "TR", "91": "IN", "92": "PK", "93": "AF", "94": "LK",
    "95": "MM", "98": "IR", "212": "MA", "213": "DZ", "216": "TN", "218": "LY", "220": "GM", "221": "SN", "225": "CI", "226": "BF",
    "227": "NE", "228": "TG", "229": "BJ", "231": "LR", "232": "SL", "233": "GH", "234": "NG", "237": "CM", "243": "CD", "249": "SD",
    "250": "RW", "251": "ET", "254": "KE", "255": "TZ", "256": "UG", "258": "MZ", "260": "ZM", "261": "MG", "263": "ZW", "351": "PT",
    "352": "LU", "353": "IE", "354": "IS", "355": "AL", "357": "CY", "358": "FI", "359": "BG", "370": "LT", "371": "LV", "372": "EE",
    "373": "MD", "374": "AM", "375": "BY", "380": "UA", "381": "RS", "385": "HR", "386": "SI", "387": "BA", "420": "CZ", "421": "SK",
    "502": "GT", "503": "SV", "504": "HN", "505": "NI", "506": "CR", "507": "PA", "509": "HT", "591": "BO", "593": "EC", "595": "PY",
    "598": "UY", "670": "TL", "673": "BN", "675": "PG", "852": "HK", "853": "MO", "855": "KH", "856": "LA", "880": "BD", "886": "TW",
    "960": "MV", "961": "LB", "962": "JO", "963": "SY", "964": "IQ", "965": "KW", "966": "SA", "967": "YE", "968": "OM", "971": "AE",
    "972": "IL", "973": "BH", "974": "QA", "975": "BT", "976": "MN", "977": "NP", "992": "TJ", "993": "TM", "994": "AZ", "995": "GE",
    "996": "KG", "998": "UZ",
}  # fmt: skip
"""Country calling codes (ITU-T E.164) with their ISO 3166 countries; +1 is counted as US."""


@dataclass(frozen=True, slots=True)
class Sender:
    """A sender, read."""

    kind: str
    """One of `KINDS`."""

    country: str | None = None
    """ISO 3166 code of an international number's country, if its calling code is known."""

    brands: tuple[Brand, ...] = ()
    """The brands whose official id or name this is; usually one."""

    disguised: bool = False
    """Whether it hides what it is: an e-mail address or a name that imitates a brand or a notice with noise around it."""


ABSENT = Sender("absent")

FREE_MAIL = frozenset(
    [
        "aol.com",
        "gmail.com",
        "gmx.com",
        "googlemail.com",
        "hotmail.com",
        "icloud.com",
        "live.com",
        "mac.com",
        "mail.ru",
        "me.com",
        "msn.com",
        "outlook.com",
        "proton.me",
        "protonmail.com",
        "qq.com",
        "yahoo.com",
        "ymail.com",
    ]
)
"""Mail hosts where anybody gets an address: whoever owns them did not write."""


def read_sender(sender: str | None, brands: Registry | None = None) -> Sender:
    """What `sender` is and whose.

    >>> read_sender("28777")
    Sender(kind='short_code', country=None, brands=(Brand(name='USPS', ...),), disguised=False)
    >>> read_sender("+63 995 271 4822").country
    'PH'
    """
    if sender is None:
        return ABSENT
    shown = fold(sender).text.strip()
    if not shown:
        return ABSENT
    brands = registry() if brands is None else brands
    if _EMAIL.fullmatch(shown):
        return _email(shown.casefold(), brands)
    if any(character.isdigit() for character in shown) and _MASK.search(shown) and not re.search(r"[a-wyzA-WYZ]", shown):
        return Sender("masked", _country(shown))
    if _PHONE.fullmatch(shown) and any(character.isdigit() for character in shown):
        return _number(shown, brands)
    if not any(character.isalnum() for character in shown):
        return Sender("unreadable")
    owners = brands.by_sender.get(shown.casefold(), ())
    if not owners and shown.casefold() in brands.by_name:
        owners = (brands.by_name[shown.casefold()],)
    return Sender("name", brands=owners, disguised=not owners and _is_disguised(shown))


def _number(shown: str, brands: Registry) -> Sender:
    digits = re.sub(r"\D", "", shown)
    if 3 <= len(digits) <= 6 and not shown.startswith("+"):
        return Sender("short_code", brands=brands.by_sender.get(digits, ()))
    if shown.startswith(("+", "00", "011")):
        digits = re.sub(r"^(00|011)", "", digits)
        if not (digits.startswith("1") and len(digits) == 11):
            return Sender("international", _country("+" + digits))
    national = digits[1:] if len(digits) == 11 and digits.startswith("1") else digits
    if len(national) == 10 and national[0] not in "01":
        kind = "toll_free" if national[:3] in _TOLL_FREE else "us_number"
        return Sender(kind, brands=brands.by_sender.get(national, ()))
    return Sender("international" if len(digits) > 10 else "unreadable")


def _country(shown: str) -> str | None:
    match = re.match(r"\+(\d{1,3})", shown)
    if match is None:
        return None
    return next((_COUNTRIES[match[1][:size]] for size in (3, 2, 1) if match[1][:size] in _COUNTRIES), None)


def _email(shown: str, brands: Registry) -> Sender:
    local, _, host = shown.rpartition("@")
    owner = None if host in FREE_MAIL else brands.owner(host)
    return Sender(
        "email", brands=() if owner is None else (owner,), disguised=owner is None and (_names_brand(local, brands) or _is_disguised(local))
    )


def _names_brand(text: str, brands: Registry) -> bool:
    return any(part in brands.host_tokens for part in re.split(r"[^a-z0-9]+", text.casefold()))


def _is_disguised(shown: str) -> bool:
    """Whether letters and digits alternate as in `1nfOvrfaccnt` or `mtofbz6b`, which no person or firm calls itself."""
    changes = sum(1 for one, other in pairwise(shown) if one.isalnum() and other.isalnum() and one.isdigit() != other.isdigit())
    return changes >= 2 or bool(re.search(r"[a-z]\d[a-z]|[a-z][A-Z]{1}[a-z]{0,3}\d", shown))
