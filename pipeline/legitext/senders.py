"""What a phone shows as the sender: its kind, and the brand it belongs to."""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from legitext.brands import Brand, Registry, registry, words_of_name
from legitext.links import find_links
from legitext.unicode import fold

KINDS = ("absent", "masked", "short_code", "toll_free", "us_number", "international", "email", "name", "unreadable")
"""`us_number` is a ten-digit number of the North American plan; `masked` shows only part of a number (`+63…`, `***1234`)."""

_TOLL_FREE = {"800", "833", "844", "855", "866", "877", "888"}
_EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>.]+")
_PHONE = re.compile(r"\(?\+?[\d\s().\-/]+")
_MASK = re.compile(r"[*xX•…#_]{2,}|…|\.\.\.")
_CODES = (
    "1 US 7 RU 20 EG 27 ZA 30 GR 31 NL 32 BE 33 FR 34 ES 36 HU 39 IT 40 RO 41 CH 43 AT 44 GB 45 DK 46 SE 47 NO 48 PL 49 DE 51 PE "
    "52 MX 53 CU 54 AR 55 BR 56 CL 57 CO 58 VE 60 MY 61 AU 62 ID 63 PH 64 NZ 65 SG 66 TH 81 JP 82 KR 84 VN 86 CN 90 TR 91 IN "
    "92 PK 93 AF 94 LK 95 MM 98 IR 211 SS 212 MA 213 DZ 216 TN 218 LY 220 GM 221 SN 222 MR 223 ML 224 GN 225 CI 226 BF 227 NE "
    "228 TG 229 BJ 230 MU 231 LR 232 SL 233 GH 234 NG 235 TD 236 CF 237 CM 238 CV 239 ST 240 GQ 241 GA 242 CG 243 CD 244 AO "
    "245 GW 246 IO 248 SC 249 SD 250 RW 251 ET 252 SO 253 DJ 254 KE 255 TZ 256 UG 257 BI 258 MZ 260 ZM 261 MG 262 RE 263 ZW "
    "264 NA 265 MW 266 LS 267 BW 268 SZ 269 KM 290 SH 291 ER 297 AW 298 FO 299 GL 350 GI 351 PT 352 LU 353 IE 354 IS 355 AL "
    "356 MT 357 CY 358 FI 359 BG 370 LT 371 LV 372 EE 373 MD 374 AM 375 BY 376 AD 377 MC 378 SM 380 UA 381 RS 382 ME 383 XK "
    "385 HR 386 SI 387 BA 389 MK 420 CZ 421 SK 423 LI 500 FK 501 BZ 502 GT 503 SV 504 HN 505 NI 506 CR 507 PA 508 PM 509 HT "
    "590 GP 591 BO 592 GY 593 EC 594 GF 595 PY 596 MQ 597 SR 598 UY 599 CW 670 TL 672 NF 673 BN 674 NR 675 PG 676 TO 677 SB "
    "678 VU 679 FJ 680 PW 681 WF 682 CK 683 NU 685 WS 686 KI 687 NC 688 TV 689 PF 690 TK 691 FM 692 MH 850 KP 852 HK 853 MO "
    "855 KH 856 LA 880 BD 886 TW 960 MV 961 LB 962 JO 963 SY 964 IQ 965 KW 966 SA 967 YE 968 OM 970 PS 971 AE 972 IL 973 BH "
    "974 QA 975 BT 976 MN 977 NP 992 TJ 993 TM 994 AZ 995 GE 996 KG 998 UZ "
).split()
_COUNTRIES = dict(zip(_CODES[::2], _CODES[1::2], strict=True))
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
    "aol.com att.net bellsouth.net charter.net comcast.net cox.net earthlink.net gmail.com gmx.com googlemail.com hotmail.com icloud.com "
    "live.com mac.com mail.com mail.ru me.com msn.com outlook.com proton.me protonmail.com qq.com rocketmail.com sbcglobal.net "
    "spectrum.net verizon.net xfinity.com yahoo.com ymail.com".split()
)
"""Mail hosts where anybody, or any customer, gets an address: whoever owns them did not write."""


def read_sender(sender: str | None, brands: Registry | None = None) -> Sender:
    """What `sender` is and whose.

    >>> read_sender("28777")
    Sender(kind='short_code', country=None, brands=(Brand(name='USPS', ...),), disguised=False)
    >>> read_sender("+63 995 271 4822").country
    'PH'
    """
    if sender is None:
        return ABSENT
    brands = registry() if brands is None else brands
    return _read_known(sender, brands) if len(sender) <= _LONGEST_KEPT else _read(sender, brands)


_LONGEST_KEPT = 64
"""Characters of a sender that is kept once read, so that what is kept stays small."""


def _read(sender: str, brands: Registry) -> Sender:
    folded = fold(sender)
    shown = folded.text.strip()
    if not shown:
        return ABSENT
    if shown.isascii() and shown.removeprefix("+").isdigit():
        return _number(shown, brands)
    tricked = any(folded.counts.get(trick) for trick in ("lookalike", "invisible", "marks", "styled"))
    if _EMAIL.fullmatch(shown):
        return _email(shown.casefold(), brands, tricked)
    if any(character.isdigit() for character in shown) and _MASK.search(shown) and not re.search(r"[a-wyzA-WYZ]", shown):
        return Sender("masked", _country(shown))
    if _PHONE.fullmatch(shown) and any(character.isdigit() for character in shown):
        return _number(shown, brands)
    if not any(character.isalnum() for character in shown):
        return Sender("unreadable")
    owners = () if tricked else _owners_of_name(shown, brands)
    return Sender("name", brands=owners, disguised=tricked or (not owners and _is_disguised(shown, brands)))


_read_known = lru_cache(maxsize=4096)(_read)  # the same senders come again and again


def _owners_of_name(shown: str, brands: Registry) -> tuple[Brand, ...]:
    owners = brands.by_sender.get(shown.casefold(), ())
    if owners:
        return owners
    if not re.fullmatch(r"[\w &.'’+-]+", shown):
        return ()  # decoration around a name is no name of a brand
    words = tuple(words_of_name(shown))
    return next(((brand,) for phrase, brand in brands.phrases.get(words[0], ()) if phrase == words), ()) if words else ()


def _number(shown: str, brands: Registry) -> Sender:
    shown = shown.lstrip("( ")
    digits = re.sub(r"\D", "", shown)
    if 3 <= len(digits) <= 6:  # with a + too, as some gateways write it: no country's numbers are that short
        return Sender("short_code", brands=brands.by_sender.get(digits, ()))
    if shown.startswith("+") or (digits.startswith(("00", "011")) and len(digits) > 9):
        digits = digits if shown.startswith("+") else re.sub(r"^(00|011)", "", digits)
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


def _email(shown: str, brands: Registry, tricked: bool) -> Sender:
    local, _, host = shown.rpartition("@")
    owner = None if host in FREE_MAIL or tricked else brands.owner(host)
    named = _brand_in(local, brands)
    imitated = owner is None and any(link.lookalike is not None for link in find_links(f"https://{host}", brands))
    disguised = tricked or imitated or (named is not None and named is not owner) or (owner is None and _is_noise(local))
    return Sender("email", brands=() if owner is None or disguised else (owner,), disguised=disguised)


def _brand_in(local: str, brands: Registry) -> Brand | None:
    """The brand that an address's name is made to look like: `amazon-mail-services`, `uspsdelivery4821`; not `chase.miller`."""
    found = find_links(f"https://{re.sub(r'[^a-z0-9-]+', '-', local).strip('-')}.com", brands)
    if not found:
        return None
    brand = found[0].owner or found[0].lookalike
    return None if brand is None or brand.everyday else brand


def _is_noise(local: str) -> bool:
    """Whether letters and digits alternate as nobody's name does."""
    changes = sum(1 for one, other in pairwise(local) if one.isalnum() and other.isalnum() and one.isdigit() != other.isdigit())
    return changes >= 3


_NOTICES = ("info", "alert", "notice", "admin", "account", "bank", "secur", "servic", "support", "verif", "update")
_LEET = str.maketrans("013457$@", "oieastsa")


def _is_disguised(shown: str, brands: Registry) -> bool:
    """Whether a name is a brand's or a notice's in disguise: `PAYPA1`, `AMAZ0N`, `1nfOvrfaccnt`; not `Car2Go` or `MyGym24`."""
    plain = re.sub(r"[^a-z0-9]", "", shown.casefold())
    imitated = brands.host_tokens.get(plain)
    if imitated is not None and plain in imitated.fakes:
        return True
    straight = plain.translate(_LEET)
    if straight == plain:
        return False
    if _is_noise(shown):
        return True
    return straight in brands.host_tokens or plain.replace("1", "l").translate(_LEET) in brands.host_tokens or straight.startswith(_NOTICES)
