"""Links in a text: where they stand, and where they really go."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from legitext.brands import Brand, Registry, registry
from legitext.unicode import Folded, fold

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

COMMON_SUFFIXES = frozenset(
    [
        "com",
        "net",
        "org",
        "info",
        "biz",
        "us",
        "co",
        "io",
        "app",
        "xyz",
        "top",
        "site",
        "shop",
        "online",
        "gov",
        "edu",
        "me",
        "cc",
        "ly",
        "vip",
        "club",
        "link",
        "live",
        "icu",
    ]
)
"""Suffixes that a reader takes for a link even with spaces around the dot."""

_WORDLIKE = frozenset(
    [
        "am",
        "an",
        "as",
        "at",
        "be",
        "by",
        "do",
        "gg",
        "go",
        "he",
        "hi",
        "id",
        "in",
        "is",
        "it",
        "la",
        "ma",
        "me",
        "mom",
        "my",
        "nc",
        "ne",
        "no",
        "of",
        "om",
        "one",
        "ok",
        "or",
        "pa",
        "pe",
        "pm",
        "ps",
        "re",
        "sa",
        "so",
        "st",
        "to",
        "tv",
        "us",
        "va",
        "vc",
        "ai",
        "ag",
        "al",
        "ad",
        "ar",
        "art",
        "baby",
        "bar",
        "best",
        "bet",
        "bid",
        "bingo",
        "blog",
        "boo",
        "call",
        "care",
        "cars",
        "case",
        "cash",
        "center",
        "cheap",
        "city",
        "click",
        "coach",
        "cool",
        "date",
        "day",
        "deal",
        "deals",
        "dog",
        "eat",
        "email",
        "events",
        "express",
        "fail",
        "family",
        "fan",
        "farm",
        "fit",
        "foo",
        "food",
        "football",
        "forsale",
        "free",
        "fun",
        "fund",
        "game",
        "games",
        "gift",
        "gifts",
        "give",
        "gives",
        "global",
        "gold",
        "golf",
        "group",
        "guide",
        "guru",
        "hair",
        "help",
        "here",
        "homes",
        "host",
        "hot",
        "how",
        "inc",
        "ink",
        "kids",
        "kim",
        "land",
        "law",
        "life",
        "like",
        "link",
        "live",
        "living",
        "loan",
        "loans",
        "lol",
        "love",
        "makeup",
        "meet",
        "men",
        "mobile",
        "money",
        "monster",
        "movie",
        "my",
        "name",
        "network",
        "new",
        "news",
        "now",
        "online",
        "open",
        "page",
        "party",
        "pay",
        "phone",
        "photo",
        "photos",
        "pics",
        "pink",
        "pizza",
        "place",
        "plus",
        "press",
        "pub",
        "quest",
        "read",
        "red",
        "rent",
        "repair",
        "report",
        "rest",
        "review",
        "rip",
        "room",
        "rsvp",
        "run",
        "safe",
        "sale",
        "save",
        "school",
        "science",
        "secure",
        "select",
        "sexy",
        "shop",
        "show",
        "site",
        "sky",
        "social",
        "space",
        "sport",
        "store",
        "stream",
        "studio",
        "study",
        "style",
        "support",
        "surf",
        "talk",
        "tax",
        "team",
        "tech",
        "tips",
        "today",
        "tools",
        "top",
        "tours",
        "toys",
        "trade",
        "training",
        "travel",
        "tube",
        "video",
        "vip",
        "voting",
        "watch",
        "weather",
        "win",
        "wine",
        "work",
        "works",
        "world",
        "wow",
        "yes",
        "you",
        "zero",
        "zone",
        "mr",
        "mrs",
        "dr",
    ]
)
"""Suffixes that are also words: after a dot without a space they may only begin the next sentence."""

_LABEL = r"[^\W_](?:[\w-]{0,62})"
_DOT = r"(?:\.|[ ]?(?:\[(?:\.|dot)\]|\((?:\.|dot)\)|\{(?:\.|dot)\})[ ]?|[ ]\.[ ]?(?=[a-zA-Z])|\*(?=[a-zA-Z]{2,24}/))"
_HOST = rf"{_LABEL}(?:{_DOT}{_LABEL}){{1,12}}\.?"
_TAIL = r"(?::\d{1,5})?(?:[/?#\\][^\s<>\"]*)?"
_FIND = re.compile(
    rf"""
    (?P<email> (?<![\w.+%-]) [\w.+%-]{{1,64}} @ {_LABEL} (?:\.{_LABEL}){{1,8}} (?![\w@]|[:/]) )
  | (?P<scheme> (?<![a-zA-Z]) (?:h[tx]{{2}}ps?|ftp) ) [ ]?:[ ]?(?:[/\\]{{1,3}}|(?=www\.)) [ ]? (?P<rest> [^\s<>"]+ (?: [ ]?\.[ ]?(?=[a-z]{{2,}}/) [^\s<>"]+ )? )
  | (?<![\w:/.]) // (?P<slashed> {_HOST}{_TAIL} )
  | (?<![\w@.$£€-]) (?P<bare> {_HOST} (?:@{_HOST})? {_TAIL} )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_BROKEN = re.compile(r"(?P<head>h[tx]{2}ps?://[^\s<>\"]*[/.=?&-])\n(?=[^\s<>\"]*[/.=?&-])", re.IGNORECASE)
_IPV4 = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}")
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
    if "." not in text and "*" not in text and "dot" not in text and "://" not in text:
        return Found()
    brands = registry() if brands is None else brands
    if "\n" in text:
        text = _BROKEN.sub(lambda broken: broken["head"] + "\x00", text)
    links: list[Link] = []
    emails: list[tuple[int, int]] = []
    for match in _FIND.finditer(text):
        if match["email"] is not None:
            emails.append(folded.span(*match.span("email")))
            continue
        part = next(name for name in ("rest", "slashed", "bare") if match[name] is not None)
        link = _read(match[part], match["scheme"], match.start(), match.start(part), folded, brands, explicit=part != "bare")
        if link is not None:
            links.append(link)
    return Found(tuple(links), tuple(emails))


def _read(written: str, scheme: str | None, begin: int, start: int, folded: Folded, brands: Registry, *, explicit: bool) -> Link | None:
    """The link that `written`, standing at `start` of the folded text, is; None if it only looks like one."""
    written = _trimmed(written)
    if not written:
        return None
    authority, path = _split_path(written.replace("\x00", ""))
    userinfo: str | None = None
    if "@" in authority:
        userinfo, _, authority = authority.rpartition("@")
    shown_host, port = _split_port(authority)
    host = _clean_host(shown_host)
    address = bool(_IPV4.fullmatch(host)) or (explicit and host.isdigit() and 7 <= len(host) <= 10)
    if _IPV4.fullmatch(host):
        address = all(int(part) < 256 for part in host.split(".")) and (explicit or bool(path) or port is not None)
        if not address:
            return None
    punycode = "xn--" in host
    if punycode:
        host = _decode(host)
    if address:
        domain, suffix, private = host, "", False
    else:
        found = _registrable(host)
        if found is None:
            return None
        domain, suffix, private = found
        if not explicit and not _stands_alone(shown_host, host, suffix, path, userinfo):
            return None
    open_host = host in OPEN_HOSTS or domain in OPEN_HOSTS
    owner = None if open_host else brands.owner(host)
    lookalike, trick = (None, None) if owner is not None or open_host else _imitated(host, domain, suffix, userinfo, path, brands)
    span = folded.span(begin, start + len(written))
    return Link(
        *span,
        scheme=None if scheme is None else ("ftp" if scheme.lower() == "ftp" else "https" if scheme[-1] in "sS" else "http"),
        host=host,
        domain=domain,
        suffix=suffix,
        path=path,
        depth=0 if address else host.count(".") - domain.count("."),
        userinfo=userinfo,
        port=port,
        owner=owner,
        shortener=domain in SHORTENERS,
        free_host=private or open_host or domain in FREE_HOSTS or host in FREE_HOSTS,
        address=address,
        punycode=punycode,
        lookalike=lookalike,
        trick=trick,
    )


def _trimmed(written: str) -> str:
    """`written` without the punctuation and brackets that close the sentence around it."""
    while written:
        last = written[-1]
        if last in ".,;:!?'\"*_~|-–" or (last in _CLOSERS and written.count(last) > written.count(_CLOSERS[last])):
            written = written[:-1]
        else:
            break
    return written


def _split_path(written: str) -> tuple[str, str]:
    for index, character in enumerate(written):
        if character in "/?#\\":
            return written[:index], written[index:]
    return written, ""


def _split_port(authority: str) -> tuple[str, int | None]:
    host, colon, port = authority.rpartition(":")
    if colon and port.isdigit() and 0 < int(port) < 65536:
        return host, int(port)
    return authority, None


_DOTS = re.compile(r"[ ]?[\[({][ ]?(?:\.|dot)[ ]?[\])}][ ]?|[ ]\.[ ]?|\*|[ ]?\.[ ]", re.IGNORECASE)


def _clean_host(shown: str) -> str:
    return _DOTS.sub(".", shown).strip(". ").casefold()


def _decode(host: str) -> str:
    labels = []
    for label in host.split("."):
        try:
            labels.append(label.encode("ascii").decode("idna") if label.startswith("xn--") else label)
        except UnicodeError:
            labels.append(label)
    return ".".join(labels)


@lru_cache(maxsize=1)
def _suffix_lists() -> tuple[Any, Any]:
    """The packaged public suffix list: the registries' part alone, and with the private part that names free hosts."""
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(accept_unknown=False, only_icann=True), PublicSuffixList(accept_unknown=False)


def _registrable(host: str) -> tuple[str, str, bool] | None:
    """The registrable domain of a host, its suffix, and whether that is a private one (a free host); None if it has none."""
    if len(host) > 253 or ".." in host:
        return None
    official, with_private = _suffix_lists()
    domain = official.privatesuffix(host)
    if domain is None:
        return None
    suffix = official.publicsuffix(host)
    wider = with_private.publicsuffix(host)
    return domain, suffix, wider is not None and wider != suffix


def _stands_alone(shown: str, host: str, suffix: str, path: str, userinfo: str | None) -> bool:
    """Whether a host without a scheme is a link and not the end of one sentence and the start of the next."""
    labels = host.split(".")
    if path.startswith("/") or labels[0] == "www" or userinfo is not None:
        return not (labels[0].isdigit() and len(labels) == 2 and not path.strip("/"))
    last = shown.rsplit(".", 1)[-1].strip(" ])}")
    if all(label.isdigit() for label in labels[:-1]) or (labels[0].isdigit() and suffix in _WORDLIKE):
        return False
    name = labels[-2 - suffix.count(".")]
    if len(name) == 1 and len(labels) == 2 and suffix not in {"co", "com"}:
        return False
    if suffix in _WORDLIKE:
        if last != last.lower() and not shown.isupper():
            return False
        return any(character.isdigit() or character == "-" for character in name) or (
            len(labels) > 2 and all(len(label) > 1 for label in labels) and shown == shown.lower()
        )
    if last[:1].isupper() and not last.isupper() and suffix not in COMMON_SUFFIXES:
        return False
    if " " in shown:
        return suffix in COMMON_SUFFIXES and last == last.lower()
    return len(suffix) > 2 or suffix in COMMON_SUFFIXES or len(name) > 3


_LEET = str.maketrans("0134578$@", "oieastbsa")


def _imitated(host: str, domain: str, suffix: str, userinfo: str | None, path: str, brands: Registry) -> tuple[Brand | None, str | None]:
    """The brand that a host which no brand owns imitates, and how; the clearest trick first."""
    tokens = brands.host_tokens
    if userinfo is not None:
        brand = brands.owner(_clean_host(userinfo.split(":")[0]))
        if brand is not None:
            return brand, "userinfo"
    labels = host.split(".")
    name_at = len(labels) - 1 - domain.count(".")
    name = labels[name_at] if domain else host
    for end in range(len(labels) - 1, 0, -1):
        for begin in range(max(0, end - 2), end):
            # usps.com-trk.top: an official domain, up to the hyphen that makes it another's
            head = ".".join(labels[begin:end]) + "." + labels[end].split("-")[0]
            if (brand := brands.by_domain.get(head)) is not None:
                return brand, "prefix"
    for label in labels[:name_at]:
        for part in label.split("-"):
            if part in tokens:
                return tokens[part], "subdomain"
    parts = name.split("-")
    if name in tokens or len(parts) > 1:
        for part in parts:
            if part in tokens:
                brand = tokens[part]
                return brand, "fake" if part in brand.fakes else "hyphen" if len(parts) > 1 else "joined"
    for part in parts:
        plain = part.translate(_LEET).replace("rn", "m").replace("vv", "w")
        if plain != part and plain in tokens and len(plain) > 3:
            return tokens[plain], "homoglyph"
    plain_name = fold(name).text.casefold()
    if plain_name != name and plain_name in tokens:
        return tokens[plain_name], "homoglyph"
    for part in parts:
        brand = _near(part, brands)
        if brand is not None:
            return brand, "edit"
    brand = _inside(name, brands)
    if brand is not None:
        return brand, "joined"
    for part in re.split(r"[^a-z0-9]+", path.casefold()):
        if len(part) > 3 and part in tokens:
            return tokens[part], "path"
    return None, None


def _near(part: str, brands: Registry) -> Brand | None:
    """The brand whose host token is one edit from `part`: a letter more, less, changed, or two swapped."""
    if not 4 <= len(part) <= 24 or part.isdigit():
        return None
    near = _near_index(brands)
    for short in (part, *(part[:index] + part[index + 1 :] for index in range(len(part)))):
        token = near.get(short)
        if (
            token is not None
            and token != part
            and len(token) >= 4
            and (len(token) > 4 or (abs(len(token) - len(part)) <= 1 and token[0] == part[0]))
        ):
            return brands.host_tokens[token]
    return None


_NEAR: dict[int, tuple[Registry, dict[str, str]]] = {}


def _near_index(brands: Registry) -> dict[str, str]:
    """Each host token and each token with one letter left out, to the token (the symmetric-delete idea of spelling correctors)."""
    known = _NEAR.get(id(brands))
    if known is None or known[0] is not brands:
        index: dict[str, str] = {}
        for token, brand in brands.host_tokens.items():
            if len(token) >= 5 and not brand.everyday:
                index.setdefault(token, token)
                for place in range(len(token)):
                    index.setdefault(token[:place] + token[place + 1 :], token)
            elif token == "usps":
                for place in range(len(token)):
                    index.setdefault(token[:place] + token[place + 1 :], token)
        _NEAR.clear()
        _NEAR[id(brands)] = known = (brands, index)
    return known[1]


def _inside(name: str, brands: Registry) -> Brand | None:
    """The brand whose token `name` begins or ends with, or holds, with other letters around it."""
    size = len(name)
    for length in range(min(size - 1, 20), 3, -1):
        for begin in range(size - length + 1):
            if length < 6 and begin not in (0, size - length):
                continue
            brand = brands.host_tokens.get(name[begin : begin + length])
            if brand is not None and not (brand.everyday and length < 6):
                return brand
    return None
