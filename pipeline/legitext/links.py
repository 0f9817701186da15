"""Links in a text: where they stand, and where they really go."""

import ipaddress
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from legitext.brands import Brand, Registry, registry, words_of_name
from legitext.unicode import Folded, fold, without_accents

SHORTENERS = frozenset(
    [
        "adf.ly",
        "bit.do",
        "bit.ly",
        "bitly.com",
        "bl.ink",
        "buff.ly",
        "clck.ru",
        "cutt.ly",
        "dlvr.it",
        "goo.gl",
        "goo.gs",
        "is.gd",
        "lnk.to",
        "lnkd.in",
        "n9.cl",
        "ow.ly",
        "qi.lv",
        "qr.ae",
        "rb.gy",
        "rebrand.ly",
        "s.id",
        "short.gy",
        "shorturl.at",
        "smsg.io",
        "soo.gd",
        "surl.li",
        "t.co",
        "t.ly",
        "t2m.io",
        "tiny.cc",
        "tinyurl.com",
        "trib.al",
        "u.to",
        "urlz.fr",
        "v.gd",
        "wa.gl",
        "x.co",
        "x.gd",
        "yip.su",
    ]
)
"""Hosts that forward to anywhere. A brand's own short domain (a.co) belongs to the brand."""

FREE_HOSTS = frozenset(
    [
        "000webhostapp.com",
        "1and1.com",
        "bravesites.com",
        "cprapid.com",
        "duckdns.org",
        "godaddysites.com",
        "jimdofree.com",
        "mystrikingly.com",
        "onlinehome.us",
        "ngrok.io",
        "sites.google.com",
        "softr.io",
        "square.site",
        "strikingly.com",
        "webcindario.com",
        "webflow.io",
        "weebly.com",
        "wixsite.com",
        "yolasite.com",
        "carrd.co",
        "linktr.ee",
        "formstack.com",
        "typeform.com",
        "workers.dev",
    ]
)
"""Hosts where anybody can put a page under a name of their own, beyond those that the suffix list's private part names."""

OPEN_HOSTS = frozenset(
    [
        "t.co",
        "lnkd.in",
        "wa.me",
        "docs.google.com",
        "drive.google.com",
        "sites.google.com",
        "forms.gle",
        "goo.gl",
        "forms.office.com",
        "sway.office.com",
        "1drv.ms",
        "onedrive.live.com",
        "dropbox.com",
        "db.tt",
        "forms.microsoft.com",
        "sway.cloud.microsoft",
        "firebaseapp.com",
        "m.me",
        "discord.gg",
    ]
)
"""Hosts of brands behind which anybody's content stands: official, yet no proof."""

_PLAIN_SUFFIXES = frozenset("com net org gov edu mil biz xyz io co cc icu ly cfd cyou dev fyi sbs tk".split())
"""Suffixes that are no words: a reader takes what ends in one for a link, even with spaces around the dot."""

_COUNTRIES = frozenset(
    "ae au bd bg br ca ch cl cn cz de dk ee eu fi fr gr hk hu il jp ke kr kz lk lt lu lv mx nl nz ph pk pl pt ro ru sg sk tr tw ua uk vn za".split()
)
"""Country suffixes that begin no sentence, unlike `it`, `is`, `so`; sites of that country rather than of whoever likes the letters."""

_WORD_SUFFIXES = frozenset("app club info link online shop site top us vip".split())
"""Suffixes that are words, yet in so many links that a long name before one makes a link."""

_SHORT_WORDS = frozenset(
    "ad ag ai al am ar as at ba be bo by da do es gg id im in is it la li ma me mo ms mu my na ne ng ni no om pa pe pm pr re sa se si so st to us va ve".split()
)
"""Two-letter suffixes that begin sentences or stand for words, in English and other languages of text messages."""

_FILE_SUFFIXES = frozenset("md mov pl ps py rs sh so zip".split())
"""Suffixes that are also endings of file names."""

RISKY_SUFFIXES = frozenset(
    "bond buzz cc cf cfd click club cn cyou delivery fun ga gq gy help icu in info ink life live lol ml mom online pw quest ru sbs shop site store su support "
    "tk top today vip win work world ws xin xyz".split()
)
"""Suffixes where fakes thrive; under them an everyday name (chase.top) is more likely a fake than somebody else's honest name."""

_SERVICE_WORD = re.compile(
    r"verif|secur|log-?[io]n|sign-?in|account|acct|acc(?=up|s)|updat|support|track|deliver|parcel|packag|post(?:al|age|office)|toll|unlock|confirm|alert|bill(?:ing|s)"
    r"|refund|claim|auth|online|servic|help|info|notice|notif|portal|check|customer|client|pay(?=ment|-|$)|bank|card|token|valid|review|recover|restor|cancel|redirect"
)


def names_a_service(label: str) -> bool:
    """Whether a host's label holds a word of the kind that fakes put there, whole or clipped: `secure-acct`, `delivronline`.

    >>> names_a_service("check-my-trackupdate"), names_a_service("lakesidedental")
    (True, False)
    """
    return _SERVICE_WORD.search(label) is not None


_FAKE_WORDS = frozenset(
    """
    access account accounts acct action address alert alerts apply appeal auth authenticate authorize bank banking benefit benefits bill
    billing bills blocked bonus card cards cardservices care cash center centre chat check checkout claim claims code confirm confirmation
    contact coupon credit customer customs deal deals debit deliver deliveries delivery depot desk device dispatch dispute express fee fees
    find fine form forms fraud free freegift gift giftcard gifts gov help helpdesk helpline hold id identity invoice job jobs line loan lock
    locked login logon mail member membership message money notice notification notify num number offer offers online order orders otp
    package packages parcel parcels pass password pay paying payment payments penalty phone pin pkg portal post postal prime prize profile
    promo protect protection recover recovery redeliver redelivery refund refunds register renew renewal request rescheduled reschedule
    reset resolve restore returns review reward rewards safe safety sale schedule secure secured security service services session settle
    ship shipment shipping sign signin signon sms status stimulus store support suspended suspension survey tax team ticket tickets toll
    tolls trace track tracker tracking trak transfer trk txt unlock unlocked update updates upgrade user validate verification verified
    verify violation voucher wallet web win winner
    """.split()
)
"""Words that fakes put beside a brand's name."""

_FILLERS = frozenset(
    "a app apps com corp cs for get go home inc info intl link live local llc m mobile my net new now of official org plus pro site the to today top tv us usa vip www you your".split()
)
"""Words that join those, and alone mean nothing beside a name that is an everyday word (the-united-nations)."""

_WORD_TOKENS = frozenset(
    """
    adobe bestbuy booking charter citizensbank disasterassistance disney earlywarning keybank medicare
    messenger meta office outlook regions riverlink seamless snap socialsecurity uber
    """.split()
)
"""Host tokens of brands that others may hold in theirs too: they imitate only beside a fake word."""

_NOT_NEAR = frozenset("fastrack papal schwa titter tinier twister venom walgreen zeile".split())
"""Words and names one letter from a brand's that are nobody's fake."""

_NEAR_KEYS = {
    "a": "qswz", "b": "vghnd", "c": "xdfve", "d": "serfcx", "e": "wsdrc", "f": "drtgvc", "g": "ftyhbvq", "h": "gyujnb", "i": "ujkol",
    "j": "huikmni", "k": "jiolm", "l": "kopi", "m": "njkr", "n": "bhjmr", "o": "iklp", "p": "olq", "q": "wagp", "r": "edftn", "s": "awedxz",
    "t": "rfgyl", "u": "yhjiv", "v": "cfgbuy", "w": "qasev", "x": "zsdc", "y": "tghuv", "z": "asx",
}  # fmt: skip
"""For each letter those beside it on a keyboard and those that look like it: slips of the finger that fakers register."""

_LABEL = r"[^\W_](?:[\w-]{0,62})"
_DOT = r"(?:\.|[ ]?(?:\[(?:\.|dot)\]|\((?:\.|dot)\)|\{(?:\.|dot)\})[ ]?|[ ]\.[ ]?(?=[a-zA-Z])|\*(?=[a-zA-Z]{2,24}/))"
_HOST = rf"{_LABEL}(?:{_DOT}{_LABEL}){{1,12}}\.?"
_PATH = r"[/?#\\][^\s<>\"]*"
_TAIL = rf"(?::[0-9]{{1,5}})?(?:{_PATH})?"
_AUTHORITY = r"[^\s<>\"/?#\\,;|]+"
_FIND = re.compile(
    rf"""
    (?P<email> (?<![\w.+%-]) [\w.+%-]{{1,64}} @ {_LABEL} (?:\.{_LABEL}){{1,8}} (?![\w@]|[:/]) )
  | (?P<scheme> h[tx]{{2}}ps? | (?<![a-zA-Z]) ftp ) [ ]?:[ ]?(?:[/\\]{{1,3}}|(?=www\.)) [ ]?
    (?P<rest> {_AUTHORITY} (?: [ ]?\.[ ]? (?=(?:{"|".join(sorted(_PLAIN_SUFFIXES | _WORD_SUFFIXES))})/) {_AUTHORITY} )? (?:{_PATH})? )
  | (?<![\w:/.]) // (?P<slashed> {_HOST}{_TAIL} )
  | (?<![\w@$£€-]) (?<![^.\s]\.) (?P<bare> {_HOST} (?:@{_HOST})? {_TAIL} )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_HINT = re.compile(r"\.[^\W_]|[\[({](?:\.|dot)|[ ]\.[ ]?[a-z]|\*[a-z]|:[ ]?(?:[/\\]|www\.)", re.IGNORECASE)
"""What every link and address holds: a dot, or what stands for it, before a letter or digit, or the end of a scheme."""

_HINT_AHEAD = re.compile(r"\.|/|\\|www\.", re.IGNORECASE)


def may_hold_link(piece: str) -> bool:
    """Whether a text may hold a link or e-mail address for what stands in it between two spaces; if for none of it, it holds neither."""
    return _HINT.search(piece) is not None or _HINT_AHEAD.match(piece) is not None


_NEW_LINK = re.compile(r"[a-z]{3,8}:|www\.|//", re.IGNORECASE)
_IPV4 = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}")
_IPV6 = re.compile(r"\[([0-9a-fA-F:.]{2,45})\]")
_ENDS_SENTENCE = frozenset(".,;:!?'\"*_~|-–")
_CLOSERS = {")": "(", "]": "[", "}": "{", "»": "«"}


@dataclass(frozen=True, slots=True)
class Link:
    """One link, taken apart."""

    start: int
    end: int
    """Where it stands in the text: `text[start:end]`."""

    scheme: str | None
    """`http`, `https` or `ftp` as meant (`hxxps` is https); None where the text gives none."""

    host: str
    """Lower case, punycode decoded, dots restored."""

    domain: str
    """The registrable domain: what somebody had to register. The host itself for addresses."""

    suffix: str
    """The public suffix: `com`, `co.uk`; empty for addresses."""

    path: str
    """What follows the host, from the `/`, `?` or `#`; may be empty."""

    depth: int
    """How many labels stand before the registrable domain."""

    userinfo: str | None = None
    """What stands before an `@` in front of the host; a trick in a text message."""

    port: int | None = None
    owner: Brand | None = None
    """The brand whose official domain it is."""

    shortener: bool = False
    free_host: bool = False
    address: bool = False
    """Whether the host is an IP address, dotted or as an integer."""

    punycode: bool = False
    lookalike: Brand | None = None
    """The brand that the host imitates without being its own."""

    trick: str | None = None
    """How it imitates it: one of `TRICKS`."""


TRICKS = ("prefix", "userinfo", "subdomain", "hyphen", "joined", "edit", "homoglyph", "fake", "path")
"""The official domain in front of another; before an @; brand as a label of its own; brand in a hyphenated name; brand and other
letters; brand with a letter changed; look-alike letters; a near-brand spelling on record; the brand only behind the host."""


@dataclass(frozen=True, slots=True)
class Found:
    """All that was found in a text by one scan: links, and the spans of e-mail addresses."""

    links: tuple[Link, ...] = ()
    emails: tuple[tuple[int, int], ...] = ()


_LONGEST_HOST = 253
"""Characters of a host name at most (RFC 1035); of what else stands in a host's place no more are looked at."""

_READ_AGAIN = 4
"""How often a text is read again at most, on the whole, where something ran into a host, so that hostile texts take no longer."""


def find_links(text: str | Folded, brands: Registry | None = None) -> list[Link]:
    """The links in `text`, in order, with spans into the original text.

    >>> [link.domain for link in find_links("Track at usps.com-trk.top/a or https://tools.usps.com")]
    ['com-trk.top', 'usps.com']
    >>> find_links("Done at 3.50pm.Thanks, e.g.this one")
    []
    """
    return list(scan(text if isinstance(text, Folded) else fold(text), brands).links)


def scan(folded: Folded, brands: Registry | None = None) -> Found:
    """Links and e-mail addresses of a folded text."""
    text = folded.text
    if _HINT.search(text) is None:
        return Found()
    brands = registry() if brands is None else brands
    if "\n" in text and "://" in text:
        text = _mended(text)
    links: list[Link] = []
    emails: list[tuple[int, int]] = []
    position = 0
    again = _READ_AGAIN * len(text) + 10_000
    while (hint := _HINT.search(text, position)) is not None:
        # A link begins at most one space before its first hint, so what stands before the space before that is passed over.
        near = text.rfind(" ", position, hint.start())
        match = _FIND.search(text, max(position, text.rfind(" ", position, max(near, position))))
        if match is None:
            break
        position = match.end()
        if match["email"] is not None:
            emails.append(folded.span(*match.span("email")))
            continue
        part = next(name for name in ("rest", "slashed", "bare") if match[name] is not None)
        written = _bounded(match[part], brands, explicit=part != "bare")
        link = _read(written, match["scheme"], match.start(), match.start(part), folded, brands, explicit=part != "bare")
        if link is not None:
            links.append(link)
            behind = match.start(part) + len(written)
            if match.end() - behind <= again and not _split_path(match[part])[1]:
                # What ran into the host may hold a link of its own; never read a path twice, or hostile texts take for ever.
                again -= match.end() - behind
                position = behind
    return Found(tuple(links), tuple(emails))


def _mended(text: str) -> str:
    """`text` with a NUL for each line break that stands inside a link."""
    lines = text.split("\n")
    pieces = lines[:1]
    for before, line in pairwise(lines):
        joined = _runs_on(before.removesuffix("\r"), line)
        if joined and before.endswith("\r"):
            pieces[-1] = before[:-1] + "\x00"
        pieces += ["\x00" if joined else "\n", line]
    return "".join(pieces)


_FIRST_PIECE = re.compile(r"[^\s<>\"]+")


def _runs_on(before: str, line: str) -> bool:
    """Whether the link that ends one line goes on in the next."""
    if before[-1:] not in {"-", ".", "/", "=", "&", "?"} or "://" not in before:
        return False
    head = before[max(map(before.rfind, ' \t<>"')) + 1 :]
    piece = _FIRST_PIECE.match(line)
    if "://" not in head or piece is None or _NEW_LINK.match(line):
        return False
    following = _trimmed(piece[0])
    authority, path = _split_path(head.rpartition("://")[2])
    if not path:
        # The host itself is broken: neither half may be a host, and together they must be one.
        whole = _split_path(authority + following)[0]
        return _registrable(_clean_host(authority.rstrip("-."))) is None and _registrable(_clean_host(whole)) is not None
    if _registrable(_clean_host(_split_path(following)[0])) is not None:
        return False
    return _like_path(before[-1], following, alone=not line[piece.end() :].strip())


def _like_path(last: str, following: str, *, alone: bool) -> bool:
    """Whether `following` goes on with a path that broke after `last`; `alone` if nothing else stands in its line."""
    strong = any(character in "/=?&" for character in following)
    if last == "?":
        return "=" in following
    if last == ".":
        return alone and strong
    weak = alone and not following[:1].isupper() and any(character in ".-" for character in following)
    if last == "/":
        return (alone and strong) or weak
    return strong or weak or any(character.isdigit() for character in following)


def _bounded(written: str, brands: Registry, *, explicit: bool) -> str:
    """`written` up to where the link ends: without closing punctuation, a port that is none, or the next sentence's first word."""
    written = _trimmed(written)
    authority, path = _split_path(written)
    if "@" in authority:
        return written
    quoted, quote, _ = authority.partition("'")
    if quote and _registrable(_clean_host(quoted)) is not None:
        return quoted
    host, colon, port = authority.rpartition(":")
    if colon and port and "]" not in port and not _is_port(port):
        return _trimmed(host)
    return written if path or colon or authority in brands.by_domain else _unglued(authority, explicit=explicit)


def _trimmed(written: str) -> str:
    """`written` without the punctuation and brackets that close the sentence around it."""
    end = len(written)
    unopened: dict[str, int] = {}
    while end:
        last = written[end - 1]
        if last in _CLOSERS:
            if last not in unopened:
                unopened[last] = written.count(last) - written.count(_CLOSERS[last])
            if unopened[last] <= 0:
                break
            unopened[last] -= 1
        elif last not in _ENDS_SENTENCE:
            break
        end -= 1
    return written[:end]


def _unglued(shown: str, *, explicit: bool) -> str:
    """A host without the dash or the first word of the next sentence that has run into it; unchanged if no host is left.

    >>> _unglued("example.com.Thanks", explicit=True)
    'example.com'
    """
    if len(shown) > _LONGEST_HOST:
        return shown
    front, _, last = shown.rpartition(".")
    found = _registrable(_clean_host(shown))
    if found is None:
        # Only one word goes: more labels may be meant, and what stands before them is then nobody's host.
        kept = f"{front}.{last.partition('-')[0]}" if "-" in last else front
        return kept if _registrable(_clean_host(kept)) is not None else shown
    return front if _starts_sentence(front, last, found[0], explicit=explicit) else shown


def _starts_sentence(front: str, last: str, domain: str, *, explicit: bool) -> bool:
    """Whether `last` begins a sentence right after the host `front`, though the two would make a host."""
    suffix = front.rpartition(".")[2]
    if suffix not in _PLAIN_SUFFIXES or _registrable(_clean_host(front)) is None:
        return False
    return last.istitle() or (not explicit and len(last) == 2 and domain == f"{suffix}.{last}")  # nobody's name is `com`


def _read(written: str, scheme: str | None, begin: int, start: int, folded: Folded, brands: Registry, *, explicit: bool) -> Link | None:
    """The link that `written`, standing at `start` of the folded text, is; None if it only looks like one."""
    authority, path = _split_path(_as_typed(written, start, folded))
    userinfo: str | None = None
    if "@" in authority:
        userinfo, _, authority = authority.rpartition("@")
    shown, port = _split_port(authority)
    host = _clean_host(shown)
    punycode = "xn--" in host
    if punycode:
        host = _decode(host)
    address = _address(host, explicit=explicit, more=bool(path) or port is not None)
    found = (address, "", False) if address is not None else _registrable(host)
    as_seen = found is None and not host.isascii()
    if as_seen:
        # A look-alike in the suffix leads nowhere, yet the reader sees a link: read it as seen.
        found = _registrable(host := _latin(host))
    if found is None or (address is None and host.replace(".", "").isdigit()):
        return None
    domain, suffix, private = found
    host = address or host
    named = host in brands.by_domain and host not in OPEN_HOSTS  # maps.app.goo.gl is Google's, whatever goo.gl leads to
    open_host = not named and (host in OPEN_HOSTS or domain in OPEN_HOSTS)
    free_host = private or open_host or domain in FREE_HOSTS or host in FREE_HOSTS
    imitated = None if open_host or not host.isascii() else brands.owner(host)
    owner = None if as_seen else imitated
    fake: tuple[Brand | None, str | None] = (None, None)
    if owner is None and not open_host:
        fake = (imitated, "homoglyph") if imitated else _imitated(host, domain, suffix, userinfo, path, brands, free=free_host)
    if not (explicit or address or owner or (free_host and host != domain)) and not _stands_alone(
        shown, host, suffix, path, userinfo, fake[1]
    ):
        return None
    if owner is not None and not explicit and not path and _title_word(shown, suffix):
        return None
    span = folded.span(begin, start + len(written))
    return Link(
        *span,
        scheme=None if scheme is None else ("ftp" if scheme.lower() == "ftp" else "https" if scheme[-1] in "sS" else "http"),
        host=host,
        domain=domain,
        suffix=suffix,
        path=path.replace("\x00", ""),
        depth=0 if address else host.count(".") - domain.count("."),
        userinfo=userinfo,
        port=port,
        owner=owner,
        shortener=domain in SHORTENERS and not named,
        free_host=free_host,
        address=address is not None,
        punycode=punycode,
        lookalike=fake[0],
        trick=fake[1],
    )


def _as_typed(written: str, start: int, folded: Folded) -> str:
    """`written` with the letters of other alphabets that folding made Latin: a browser takes them for what they are.

    Full-width letters and other styles stay folded: those a browser folds as well.
    """
    if folded.origin is None or "lookalike" not in folded.counts:
        return written
    sources = (folded.original[folded.origin[start + index]] for index in range(len(written)))
    return "".join(
        source if read.isascii() and read.isalnum() and read not in unicodedata.normalize("NFKC", source) else read
        for read, source in zip(written, sources, strict=True)
    )


def _split_path(written: str) -> tuple[str, str]:
    match = _PATH_START.search(written)
    return (written, "") if match is None else (written[: match.start()], written[match.start() :])


_PATH_START = re.compile(r"[/?#\\]")


def _is_port(port: str) -> bool:
    return port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536


def _split_port(authority: str) -> tuple[str, int | None]:
    host, colon, port = authority.rpartition(":")
    if colon and _is_port(port):
        return host, int(port)
    return (host, None) if colon and not port else (authority, None)


_DOTS = re.compile(r"[ ]?[\[({][ ]?(?:\.|dot)[ ]?[\])}][ ]?|[ ]\.[ ]?|\*|[ ]?\.[ ]", re.IGNORECASE)


def _clean_host(shown: str) -> str:
    return _DOTS.sub(".", shown).replace("\x00", "").strip(". ").lower()


def _decode(host: str) -> str:
    labels = []
    for label in host.split("."):
        try:
            labels.append(label.encode("ascii").decode("idna").lower() if label.startswith("xn--") else label)
        except UnicodeError:
            labels.append(label)
    return ".".join(labels)


def _address(host: str, *, explicit: bool, more: bool) -> str | None:
    """The IP address that `host` is, if any; without a scheme only a dotted one with `more` behind it (a path or port)."""
    if explicit and host.isascii() and host.isdigit() and 7 <= len(host) <= 10:
        return host
    if (bracketed := _IPV6.fullmatch(host)) is not None and explicit:
        try:
            return str(ipaddress.IPv6Address(bracketed[1]))
        except ValueError:
            return None
    if _IPV4.fullmatch(host) and (explicit or more) and all(int(part) < 256 for part in host.split(".")):
        return host
    return None


@lru_cache(maxsize=1)
def _suffix_lists() -> tuple[Any, Any]:
    """The packaged public suffix list: the registries' part alone, and with the private part that names free hosts."""
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(accept_unknown=False, only_icann=True), PublicSuffixList(accept_unknown=False)


@lru_cache(maxsize=4096)
def _registrable(host: str) -> tuple[str, str, bool] | None:
    """The registrable domain of a host, its suffix, and whether that is a private one (a free host); None if it has none."""
    if len(host) > _LONGEST_HOST or ".." in host or "." not in host:
        return None
    official, with_private = _suffix_lists()
    domain = official.privatesuffix(host)
    if domain is None:
        return None
    suffix = domain.partition(".")[2]
    wider = with_private.publicsuffix(host)
    return domain, suffix, wider is not None and wider != suffix


def _title_word(shown: str, suffix: str) -> bool:
    """Whether the suffix is written like the first word of a sentence: `in.Net result`, but not `Chase.Com`."""
    last = shown.rpartition(".")[2].strip(" ])}")
    return last.istitle() and suffix not in _PLAIN_SUFFIXES - {"net", "co", "cc"}


def _stands_alone(shown: str, host: str, suffix: str, path: str, userinfo: str | None, trick: str | None) -> bool:
    """Whether a host without a scheme is a link and not the end of one sentence and the start of the next.

    What is left out is a matter of degree: the more a suffix is a word or a file's ending, the more the name must look like one
    that only a host has. An unknown suffix is taken for a word.
    """
    labels = host.split(".")
    name = labels[-2 - suffix.count(".")]
    if path.startswith("/") or labels[0] == "www" or userinfo is not None:
        return not (name.isdigit() and len(labels) == 2 and not path.strip("/"))
    if _title_word(shown, suffix) or not suffix.isascii():
        return not suffix.isascii()
    if name.isdigit():
        return len(name) > 1 and len(labels) == 2 and suffix in {"com", "net", "org", "xyz", "icu", "vip"}
    if len(name) == 1 and suffix not in {"co", "com"}:
        return False
    if _plain(suffix):
        return suffix not in _COUNTRIES or len(name) > 3
    odd = _odd(name)
    if suffix in _FILE_SUFFIXES or " " in shown:
        return odd and suffix in _WORD_SUFFIXES
    if trick in {"hyphen", "fake", "homoglyph", "prefix"} or (trick == "joined" and len(labels) == 2 and len(name) > 7):
        return True
    if suffix in _WORD_SUFFIXES and (len(name) > 5 or len(labels) > 2):
        return True
    return odd and (len(name) > 9 or suffix not in _SHORT_WORDS)


_TEXTING = re.compile(
    r"[0-9]+(?:[ap]m|k|x|st|nd|rd|th|hrs?|h|mins?|days?|sq|kg|km|yrs?)?|[a-z]{0,5}(?:1|2|4|8)(?:day|moro|mrw|nite|morrow|ever|eva|u|r|n)?"
)


def _odd(name: str) -> bool:
    """Whether the name has a digit or hyphen, and not as words and times of a chat have them: 7pm, 2day, gr8, check-in."""
    if "-" in name:
        return len(name) > 5
    return len(name) > 3 and any(character.isdigit() for character in name) and _TEXTING.fullmatch(name) is None


def _plain(suffix: str) -> bool:
    """Whether the suffix is no word: `com`, `de`, `co.uk`, `com.my`, but not `it` nor Italy's `no.it`."""
    first, dot, last = suffix.rpartition(".")
    return last in _COUNTRIES or suffix in _PLAIN_SUFFIXES or (bool(dot) and first in {"co", "com", "net", "org", "gov", "edu", "ac"})


class _Token(NamedTuple):
    """What a fake host may hold of a brand."""

    text: str
    """Letters and digits only."""

    brand: Brand
    everyday: bool
    """Whether honest hosts hold it too, so that it takes a fake word beside it."""

    fake: bool
    """Whether it is a near-brand spelling on record."""


class _Index(NamedTuple):
    """The host tokens of a registry, by what is looked up."""

    tokens: dict[str, _Token]
    """By their text, and those with a hyphen by that too."""

    heads: set[str]
    """The first three characters of each."""

    hyphened: list[str]
    """Those with a hyphen."""

    shapes: dict[str, _Token]
    """By their shape: see `_shape`."""

    near: dict[str, list[_Token]]
    """By their text and by it with one letter left out (the symmetric-delete idea of spelling correctors)."""


_INDEXES: dict[int, tuple[Registry, _Index]] = {}  # of the registry used last


def _index(brands: Registry) -> _Index:
    known = _INDEXES.get(id(brands))
    if known is None or known[0] is not brands:
        _INDEXES.clear()
        _INDEXES[id(brands)] = known = (brands, _make_index(brands))
    return known[1]


def _make_index(brands: Registry) -> _Index:
    index = _Index({}, set(), [], {}, {})
    for written, brand in sorted(brands.host_tokens.items(), key=lambda item: item[0] in item[1].fakes):
        text = re.sub("[^a-z0-9]", "", written)
        name = "".join(words_of_name(brand.name))
        token = _Token(text, brand, text in _WORD_TOKENS or (brand.everyday and text == name and len(text) > 3), written in brand.fakes)
        index.tokens.setdefault(written, token)
        index.tokens.setdefault(text, token)
        index.heads.update((written[:3], text[:3]))
        if "-" in written:
            index.hyphened.append(written)
        if not token.fake and len(text) > 3 and text.isalpha():
            index.shapes.setdefault(_shape(text), token)
        if not token.fake and not token.everyday and len(text) > 4:
            for short in {text, *_with_one_less(text)}:
                index.near.setdefault(short, []).append(token)
    return index


Fake = tuple[Brand, str]
"""A brand that a host imitates, and the trick."""


def _imitated(
    host: str, domain: str, suffix: str, userinfo: str | None, path: str, brands: Registry, *, free: bool
) -> tuple[Brand | None, str | None]:
    """The brand that a host which no brand owns imitates, and how; the clearest trick first."""
    risky = free or suffix in RISKY_SUFFIXES
    in_host, seen = _in_host(host, suffix, risky, brands)
    return _in_userinfo(userinfo, brands) or in_host or _in_path(path, seen, risky, _index(brands)) or (None, None)


@lru_cache(maxsize=4096)
def _in_host(host: str, suffix: str, risky: bool, brands: Registry) -> tuple[Fake | None, list[str]]:
    """The brand that a host imitates by itself, and its labels as they look."""
    labels = host.split(".")[: -1 - suffix.count(".")] if suffix else []
    found = _in_front(host.split("."), len(labels), brands)
    if suffix.partition(".")[0] in {"edu", "gov", "mil", "ac"}:
        labels = []  # such names are not for sale
    seen = [label if label.isascii() else _latin(label) for label in labels]
    return found or _in_labels(labels, seen, suffix, risky, _index(brands)), seen


def _latin(word: str) -> str:
    """`word` as a reader takes it who expects Latin letters."""
    return without_accents(fold("a " + word).text[2:]).lower()


def _in_userinfo(userinfo: str | None, brands: Registry) -> Fake | None:
    if userinfo is None:
        return None
    shown = _clean_host(userinfo.split(":")[0])[-_LONGEST_HOST:]
    brand = brands.owner(shown) or brands.host_tokens.get(shown)
    return None if brand is None else (brand, "userinfo")


def _in_front(labels: list[str], suffix_at: int, brands: Registry) -> Fake | None:
    """An official domain before the real one: usps.com-trk.top, up to the hyphen that makes it another's."""
    for end in range(suffix_at - 1, 0, -1):
        for begin in range(max(0, end - 2), end):
            brand = brands.by_domain.get(".".join([*labels[begin:end], labels[end].partition("-")[0]]))
            if brand is not None:
                return brand, "prefix"
    return None


def _in_labels(labels: list[str], seen: list[str], suffix: str, risky: bool, index: _Index) -> Fake | None:
    """A brand in the name or the labels before it; `seen` are the labels as they look."""
    words = [part for label in seen for part in label.split("-")]
    for number, (label, shown) in enumerate(zip(labels, seen, strict=True), 1 - len(labels)):
        foreign = without_accents(label) != shown
        found = _named(shown, words, suffix, index, is_name=number == 0, meant=foreign or risky)
        if found is not None:
            token, trick = found
            return token.brand, "homoglyph" if label != shown else trick
    for shown in seen:
        for part in shown.split("-"):
            found = _misspelt(part, words, index) or _inside(part, index) or _around_hyphen(shown, index)
            if found is not None:
                return found[0].brand, found[1]
    return None


def _named(label: str, words: list[str], suffix: str, index: _Index, *, is_name: bool, meant: bool) -> tuple[_Token, str] | None:
    """A token that is the label, one of its hyphened parts, or several of them in a row: bank-of-america-alert.

    `meant` if letters of another alphabet, or a suffix or host where fakes thrive, show already that the label imitates something.
    """
    parts = label.split("-")[:12]
    for begin in range(len(parts)):
        for end in range(min(len(parts), begin + 4), begin, -1):
            run = parts[begin:end]
            token = index.tokens.get("-".join(run))
            if token is None and end > begin + 1 and len(joined := "".join(run)) > 3:
                token = index.tokens.get(joined)
            if token is None or ((token.everyday or (begin and run == ["ups"])) and not meant and not _gives_away(words, run)):
                continue
            if (
                is_name
                and len(run) == len(parts)
                and not token.fake
                and suffix.rpartition(".")[2] in _COUNTRIES
                and token.brand.kind in _ABROAD
            ):
                continue
            trick = "fake" if token.fake else "joined" if len(parts) == 1 else "hyphen"
            return token, trick if is_name else "subdomain"
    return None


_ABROAD = frozenset(
    ["crypto", "dating", "food", "jobs", "payments", "ride", "security", "shop", "social", "streaming", "tech", "telecom", "travel"]
)
"""Kinds of brands with sites of their own in many countries, beyond those on record: google.de imitates nobody."""


def _gives_away(words: list[str], run: list[str]) -> bool:
    """Whether something beside an everyday name shows that the brand is meant: chase-alerts, but neither apple-orchard nor pop-ups."""
    return any(_spelled(word) and not _spelled(word, weak=True) for word in words if word not in run)


@lru_cache(maxsize=4096)
def _spelled(word: str, *, weak: bool = False) -> bool:
    """Whether `word` is made of digits and words that fakes put beside a name; `weak`: of digits and fillers alone.

    >>> _spelled("mysecurelogin24"), _spelled("orchard"), _spelled("my24", weak=True)
    (True, False, True)
    """
    ends = {0}
    for end in range(1, len(word) + 1):
        for begin in range(max(0, end - 14), end):
            piece = word[begin:end]
            if begin in ends and (piece in _FILLERS or piece.isdigit() or (not weak and piece in _FAKE_WORDS)):
                ends.add(end)
                break
    return len(word) in ends


_SHAPES = str.maketrans("0134578iq$@", "oleastblgsa")


def _shape(word: str) -> str:
    """What a hasty eye sees of `word`: one for all that look the same.

    >>> _shape("rnicros0ft") == _shape("microsoft")
    True
    """
    return word.translate(_SHAPES).replace("rn", "m").replace("vv", "w")


def _misspelt(part: str, words: list[str], index: _Index) -> tuple[_Token, str] | None:
    """A token that `part` is but for letters that look alike, or one slip."""
    if not 4 <= len(part) <= 24 or part in _NOT_NEAR or part.isdigit():
        return None
    token = index.shapes.get(_shape(part))
    if token is not None and token.text != part and (not token.everyday or len(part) > 4 or _gives_away(words, [part])):
        return token, "edit" if sorted(part) == sorted(token.text) else "homoglyph"
    if len(part) > 4:
        for short in (part, *_with_one_less(part)):
            for token in index.near.get(short, ()):
                if _is_slip(part, token.text):
                    return token, "edit"
    return None


def misspelt_brand(word: str, brands: Registry | None = None) -> Brand | None:
    """The brand that a word (lower case) is a misspelling of, by look-alike letters, one slip, or a spelling on record; not the brand itself.

    >>> misspelt_brand("amazn").name, misspelt_brand("amazon"), misspelt_brand("amazing")
    ('Amazon', None, None)
    """
    return _misspelt_word(word, registry() if brands is None else brands) if 5 <= len(word) <= 24 else None


@lru_cache(maxsize=20_000)
def _misspelt_word(word: str, brands: Registry) -> Brand | None:
    index = _index(brands)
    token = index.tokens.get(word)
    if token is not None:
        return token.brand if token.fake else None
    found = _misspelt(word, [], index) if word.isalnum() and word.isascii() else None
    return None if found is None else found[0].brand


def _with_one_less(word: str) -> list[str]:
    return [word[:place] + word[place + 1 :] for place in range(len(word))]


def _is_slip(part: str, token: str) -> bool:
    """Whether `part` is `token` with one slip that no other word explains.

    Two letters swapped, one doubled, or one hit beside its key or taken for its twin. In a long token also a letter too many or
    too few, or another vowel; in a short one those make honest words: truist and trust, tinder and tender.
    """
    if part[0] != token[0] or part == token:
        return False
    long = len(token) > 6
    at = next((place for place, (one, other) in enumerate(zip(part, token, strict=False)) if one != other), min(len(part), len(token)))
    if len(part) == len(token):
        if part[at + 1 :] == token[at + 1 :]:
            return len(token) > 8 or part[at] in _NEAR_KEYS.get(token[at], "") or (long and part[at] in "aeiou" and token[at] in "aeiou")
        return part[at : at + 2] == token[at + 1] + token[at] and part[at + 2 :] == token[at + 2 :]
    if len(part) > len(token):
        return part[at + 1 :] == token[at:] and (long or part[at] == part[at - 1])
    return long and part[at:] == token[at + 1 :]


def _inside(part: str, index: _Index) -> tuple[_Token, str] | None:
    """A token that `part` holds with other letters around it, the longest that makes sense there."""
    size = len(part)
    begins = [begin for begin in range(size - 2) if part[begin : begin + 3] in index.heads]
    for length in range(min(size - 1, 20), 2, -1) if begins else ():
        for begin in begins:
            token = index.tokens.get(part[begin : begin + length]) if begin + length <= size else None
            if token is not None and _fits(token, part[:begin], part[begin + length :]):
                return token, "joined"
    return None


def _around_hyphen(label: str, index: _Index) -> tuple[_Token, str] | None:
    """A token with a hyphen of its own that other letters touch: t-mobilelogin."""
    if "-" in label:
        for written in index.hyphened:
            if written in label:
                left, _, right = label.partition(written)
                if _fits(index.tokens[written], left.rpartition("-")[2], right.partition("-")[0]):
                    return index.tokens[written], "joined"
    return None


def _fits(token: _Token, left: str, right: str) -> bool:
    """Whether a token between `left` and `right` is meant as the brand: myuspsparcel, but not snapple or unitedway."""
    size = len(token.text)
    if size > 6 and not token.everyday and not token.fake:
        return True
    if not _spelled(left) or not _spelled(right):
        return False
    if size == 3 and left:
        return False  # checkups, theirs
    return (size > 3 and not token.everyday) or not (_spelled(left, weak=True) and _spelled(right, weak=True))


def _in_path(path: str, seen: Sequence[str], risky: bool, index: _Index) -> Fake | None:
    """A brand behind a host that is not its own, as a step of the path beside a fake word: /wellsfargo/login, but not /tag/google.

    The names of banks, carriers and offices need none at the head of a path: nobody writes of them there.
    """
    if len(path) < 5:
        return None
    steps = re.split(r"[/?&=.#]", path[:500].lower())
    for step in steps:
        token = index.tokens.get(step) if len(step) > 3 else None
        if token is None:
            continue
        named = path[1:].lower().startswith(step) and not token.everyday and token.brand.kind in _NEVER_TOPICS
        if named or risky or _gives_away([word for one in (*seen, *steps) for word in one.split("-")], [step]):
            return token.brand, "path"
    return None


_NEVER_TOPICS = frozenset(["bank", "carrier", "government", "toll", "utility"])
