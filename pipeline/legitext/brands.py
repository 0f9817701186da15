"""Who really sends: the registry of brands, their domains, sender ids and number formats.

The facts are in `brands.toml` beside this module, one table a brand, and a user can add a file of the same form.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from legitext.errors import DataError
from legitext.unicode import without_accents

LINK_HABITS = ("never", "sometimes", "usually")
ASKS = ("password", "card", "pin", "ssn", "code", "fee", "address", "reply_y", "call", "gift_card", "app_install", "crypto")
CONFIDENCES = ("confirmed", "unconfirmed")
KINDS = ("bank", "carrier", "crypto", "dating", "food", "government", "health", "jobs", "payments", "ride", "school", "security",
         "shop", "social", "streaming", "tech", "telecom", "toll", "travel", "utility")  # fmt: skip


@dataclass(frozen=True, slots=True)
class SenderId:
    """One sender id that a brand is known to use."""

    id: str
    """A short code or telephone number, digits only."""

    purpose: str
    source: str
    """Where the fact comes from."""

    confidence: str
    """One of `CONFIDENCES`."""


@dataclass(frozen=True, slots=True)
class Brand:
    """What is known of one sender."""

    name: str
    kind: str
    """One of `KINDS`."""

    aliases: tuple[str, ...] = ()
    """Other names by which a text speaks of it."""

    everyday: bool = False
    """Whether the name is also an everyday word (Chase, Target), and so counts only with a capital letter."""

    fakes: tuple[str, ...] = ()
    """Near-brand spellings met in fake hosts and texts, lower case."""

    domains: tuple[str, ...] = ()
    """Registrable domains, or exact hosts, that it owns."""

    short_links: tuple[str, ...] = ()
    """Short-link domains that it owns."""

    senders: tuple[SenderId, ...] = ()
    sender_names: tuple[str, ...] = ()
    """Alphanumeric sender names it uses."""

    numbers: tuple[str, ...] = ()
    """Names of the number formats it issues."""

    links: str = "sometimes"
    """Whether its texts hold links: one of `LINK_HABITS`."""

    never_asks: tuple[str, ...] = ()
    """What its texts never ask for, each one of `ASKS`."""

    report: tuple[str, ...] = ()
    """Sentences: where to report a fake."""

    check: str = ""
    """A sentence: where to look instead of in the text."""


@dataclass(frozen=True, eq=False)
class Registry:
    """All known brands, indexed by what a text shows of them."""

    brands: tuple[Brand, ...]
    by_domain: Mapping[str, Brand] = field(init=False, repr=False)
    by_sender: Mapping[str, tuple[Brand, ...]] = field(init=False, repr=False)
    """Each sender id or name to the brands that use it: sisters share some."""

    by_name: Mapping[str, Brand] = field(init=False, repr=False)
    phrases: Mapping[str, tuple[tuple[tuple[str, ...], Brand], ...]] = field(init=False, repr=False)
    """First word of each name or alias to its words and brand, longest first."""

    host_tokens: Mapping[str, Brand] = field(init=False, repr=False)
    """What a fake host imitates: the labels of official domains, and the near-brand spellings."""

    def __post_init__(self) -> None:
        by_domain: dict[str, Brand] = {}
        by_sender: dict[str, tuple[Brand, ...]] = {}
        by_name: dict[str, Brand] = {}
        phrases: dict[str, list[tuple[tuple[str, ...], Brand]]] = {}
        host_tokens: dict[str, Brand] = {}
        for brand in self.brands:
            for domain in (*brand.domains, *brand.short_links):
                _claim(by_domain, domain, brand, "the domain")
            for sender in (*(one.id for one in brand.senders), *(name.casefold() for name in brand.sender_names)):
                by_sender[sender] = (*by_sender.get(sender, ()), brand)
            _claim(by_name, brand.name.casefold(), brand, "the name")
            for name in (brand.name, *brand.aliases):
                words = tuple(words_of_name(name))
                if words and (len(words) > 1 or len(words[0]) > 1):
                    phrases.setdefault(words[0], []).append((words, brand))
            for domain in brand.domains:
                label = domain.split(".")[-2 if domain.count(".") == 1 else 0]
                if len(label) >= 3 and label not in _EVERYDAY_LABELS:
                    host_tokens.setdefault(label, brand)
            for fake in brand.fakes:
                host_tokens.setdefault(fake, brand)
        for brand in self.brands:
            for alias in brand.aliases:
                by_name.setdefault(alias.casefold(), brand)
            joined = "".join(words_of_name(brand.name))
            if len(joined) >= 4:
                host_tokens.setdefault(joined, brand)
        for found in phrases.values():
            found.sort(key=lambda phrase: -len(phrase[0]))
        index = object.__setattr__
        index(self, "by_domain", by_domain)
        index(self, "by_sender", by_sender)
        index(self, "by_name", by_name)
        index(self, "phrases", {first: tuple(found) for first, found in phrases.items()})
        index(self, "host_tokens", host_tokens)

    def __iter__(self) -> Iterator[Brand]:
        return iter(self.brands)

    def __len__(self) -> int:
        return len(self.brands)

    def owner(self, host: str) -> Brand | None:
        """The brand that owns `host` (lower case), as itself or as a subdomain of a domain of its own.

        >>> registry().owner("tools.usps.com").name
        'USPS'
        >>> registry().owner("usps.com-trk.top") is None
        True
        """
        while True:
            brand = self.by_domain.get(host)
            if brand is not None:
                return brand
            _, dot, host = host.partition(".")
            if not dot:
                return None

    def extended(self, path: str | Path) -> "Registry":
        """This registry with the brands of a user's own TOML file added; a brand of the same name takes the place of ours."""
        added = _read(Path(path).name, _bytes_of(Path(path)))
        names = {brand.name.casefold() for brand in added}
        return Registry((*(brand for brand in self.brands if brand.name.casefold() not in names), *added))


@lru_cache(maxsize=1)
def registry() -> Registry:
    """The registry that comes with the package, checked."""
    data = resources.files("legitext").joinpath("brands.toml").read_bytes()
    try:
        rows = json.loads(_as_json(data.decode("utf-8")))
    except ValueError:
        return Registry(_read("brands.toml", data))
    return Registry(_brands("brands.toml", rows))


_EVERYDAY_LABELS = frozenset(
    """
    account accounts anthem apps bank bird budget card cards carnival cash cms cox crypto current dave dds dol dps enterprise
    farmers frontier gap healthcare help key link live login mail match mobile mva mvd nationwide nest office one optimum pay pin
    progressive realtor redd remind rmd route signal spirit square store suncoast support thruway visible vote
    """.split()
)
"""Labels of official domains that any host may hold without imitating anybody."""


def words_of_name(name: str) -> list[str]:
    """The words of a name as the tokens of a text: `AT&T` is `at` and `t`, `Lowe's` is `lowe's`."""
    return re.findall(r"[a-z]+(?:'[a-z]+)?|\d+", without_accents(name.casefold()))


def _claim(index: dict[str, Brand], key: str, brand: Brand, what: str) -> None:
    other = index.setdefault(key, brand)
    if other is not brand:
        raise DataError(f"brands: {what} {key!r} is claimed by {other.name} and by {brand.name}: give it to one of them")


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"brands: cannot read {path}: {error.strerror}; name a TOML file with [[brand]] tables") from None


_TOML = re.compile(
    r"""
    (?P<text>"(?:[^"\\\n]|\\.)*+(?:"|$)) | ^\[\[brand\]\]\n(?P<first>\w+)\ =\  | ^(?P<key>\w+)\ =\  | \b(?P<inner>\w++)\ =\  | \#[^\n]* | ,(?=\s*[\]}])
    """,
    re.MULTILINE | re.VERBOSE,
)


def _as_json(text: str) -> str:
    """The packaged file as JSON, which is read in a third of the time; no JSON if it uses more of TOML than `_TOML` knows."""
    tables = _TOML.sub(_token_as_json, text)
    return f"[{tables[tables.index('{') :]}}}]"


def _token_as_json(match: re.Match[str]) -> str:
    match match.lastgroup:
        case "text":
            return match[0]
        case "first":
            return f'}},{{"{match["first"]}":'
        case "key":
            return f',"{match["key"]}":'
        case "inner":
            return f'"{match["inner"]}":'
        case _:  # a comment, or the comma behind the last of a list
            return ""


def _read(name: str, data: bytes) -> tuple[Brand, ...]:
    try:
        table = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"brands: {name} is not TOML in UTF-8: {error}") from None
    rows = table.pop("brand", None)
    if table or not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise DataError(f"brands: {name} must hold [[brand]] tables and nothing else")
    return _brands(name, rows)


def _brands(name: str, rows: list[dict[str, Any]]) -> tuple[Brand, ...]:
    return tuple(_brand(name, number, row) for number, row in enumerate(rows, 1))


_FIELDS = {one.name: one for one in fields(Brand)}


def _brand(file: str, number: int, row: dict[str, Any]) -> Brand:
    where = f"brands: {file}, brand {number} ({row.get('name', 'without a name')})"
    unknown = sorted(set(row) - set(_FIELDS))
    if unknown:
        raise DataError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(_FIELDS)}")
    for key in ("name", "kind"):
        if not isinstance(row.get(key), str) or not row[key]:
            raise DataError(f"{where}: {key!r} must be a text")
    values: dict[str, Any] = {}
    for key, value in row.items():
        expected = _FIELDS[key].type
        if key == "senders":
            if not isinstance(value, list):
                raise DataError(f"{where}: 'senders' must be a list of tables with id, purpose, source and confidence, not {value!r}")
            values[key] = tuple(_sender_id(where, one) for one in value)
        elif expected == tuple[str, ...]:
            if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
                raise DataError(f"{where}: {key!r} must be a list of texts, not {value!r}")
            values[key] = tuple(value)
        elif not isinstance(value, bool if key == "everyday" else str):
            raise DataError(f"{where}: {key!r} must be {'true or false' if key == 'everyday' else 'a text'}, not {value!r}")
        else:
            values[key] = value
    brand = Brand(**values)
    _one_of(where, "kind", [brand.kind], KINDS)
    _one_of(where, "links", [brand.links], LINK_HABITS)
    _one_of(where, "never_asks", brand.never_asks, ASKS)
    _one_of(where, "numbers", brand.numbers, tuple(_number_formats()))
    for domain in (*brand.domains, *brand.short_links):
        if domain != domain.lower() or not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", domain):
            raise DataError(f"{where}: {domain!r} is not a domain in lower case without scheme or path")
    return brand


def _number_formats() -> Iterable[str]:
    from legitext.numbers import FORMATS

    return FORMATS


def _sender_id(where: str, value: Any) -> SenderId:
    try:
        sender = SenderId(**value)
        if not all(isinstance(one, str) for one in (sender.purpose, sender.source)):
            raise TypeError
    except TypeError:
        raise DataError(f"{where}: a sender needs id, purpose, source and confidence, not {value!r}") from None
    if not isinstance(sender.id, str) or not sender.id.isdigit() or len(sender.id) not in {3, 4, 5, 6, 10}:
        raise DataError(f"{where}: sender id {sender.id!r} must be a short code or a ten-digit number, digits only, in quotes")
    _one_of(where, "confidence", [sender.confidence], CONFIDENCES)
    return sender


def _one_of(where: str, key: str, values: Iterable[str], known: tuple[str, ...]) -> None:
    for value in values:
        if value not in known:
            raise DataError(f"{where}: {key} {value!r} is not one of {', '.join(known)}")
