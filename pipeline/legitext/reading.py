"""A message, read: what training and serving know of it before any weight is applied."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import compress, pairwise
from operator import attrgetter, itemgetter
from typing import NamedTuple, TypeVar

from legitext.brands import Brand, Registry, registry
from legitext.kept import Kept
from legitext.links import Found, Link, may_hold_link, scan
from legitext.messages import Message
from legitext.numbers import Number, find_numbers
from legitext.senders import Sender, read_sender
from legitext.unicode import Folded, fold, is_disguised, see_through, without_accents

Span = tuple[int, int]

BRAND_WORD = "<brand>"
"""Stands for the name of any registered brand, so that a wording learnt from one brand holds for all."""

PHONE_WORD = "<phone>"
EMAIL_WORD = "<email>"
LONGEST_WORD = 40
"""Letters of a word that are looked at."""

_TOKEN = re.compile(
    r"(?P<phone>(?<![\w-])(?:\+?1[-. ]?)?(?:\(\d{3}\)\ ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?![\w-]))"
    r"|(?P<number>\d(?:[\d.,:/-]{0,38}\d)?(?![^\W\d_]))"
    r"|(?P<word>\w+(?:'\w+)*)"
    r"|(?P<sign>[!?]+|[$£€¥₹%#*@\[\]<>=+~|])"
)
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Mention:
    """A registered brand named in a text."""

    brand: Brand
    start: int
    end: int
    """Span in the original text."""

    speaks: bool
    """Whether it can be the brand that speaks; not if it is where a card was used or by whom a parcel comes (`at Target`)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A message taken apart once; every feature is made from this."""

    message: Message
    folded: Folded
    lower: str
    """The folded text in lower case, without accents; as long as the folded text."""

    words: tuple[str, ...]
    """The words in order: lower case, digits as 0, names of brands as `BRAND_WORD`; links left out; `""` where words do not touch."""

    spans: tuple[Span, ...]
    """For each word its span in the original text."""

    links: tuple[Link, ...]
    emails: tuple[Span, ...]
    numbers: tuple[Number, ...]
    mentions: tuple[Mention, ...]
    sender: Sender
    brands: Registry
    """Who is known."""

    @property
    def speaker(self) -> Brand | None:
        """The registered brand that the text claims to speak for: the first named, else the one whose id the sender is."""
        for mention in self.mentions:
            if mention.speaks:
                return mention.brand
        return self.sender.brands[0] if len(self.sender.brands) == 1 else None


def read(message: Message, brands: Registry | None = None) -> Reading:
    """Take `message` apart, in time linear in its length."""
    brands = registry() if brands is None else brands
    folded = fold(message.text)
    pieces, traits = _cut(folded.text, brands)
    found = scan(folded, brands) if traits & _LINK else _NOTHING_FOUND
    skipped = _skipped(found) if traits & _LINK else ()
    if traits & _DISGUISE or (traits & _LETTER and _SPELLED_OUT.search(folded.text)):
        seen = see_through(folded, [(start, end) for start, end, _ in skipped])
        if seen is not folded:
            folded = seen
            pieces, traits = _cut(folded.text, brands)
    words, spans, mentions = _words(folded, pieces, skipped, brands if traits & _NAME else None)
    return Reading(
        message,
        folded,
        folded.text.lower() if folded.origin is None else " ".join(map(_LOWER, pieces)),
        words,
        spans,
        found.links,
        found.emails,
        tuple(find_numbers(folded.text)) if traits & _DIGITS else (),
        mentions,
        read_sender(message.sender, brands),
        brands,
    )


def shape_of(word: str) -> str:
    """A word with its digits as 0, so that numbers are known by their form; of long ones the form is cut.

    >>> shape_of("84.17"), shape_of("6pm"), shape_of("794644790131")
    ('00.00', '0pm', '000000000+')
    """
    shaped = _DIGIT.sub("0", word)
    if len(shaped) > 9 and shaped.startswith("000000000"):
        return "000000000+"
    return shaped[:LONGEST_WORD]


def _lower(text: str) -> str:
    lower = text.lower()
    if not lower.isascii():
        lower = "".join(_lower_one(one) for one in text)
    return lower


def _lower_one(character: str) -> str:
    lower = without_accents(character).lower()
    return lower if len(lower) == 1 else character


class _Piece(NamedTuple):
    """What stands between two spaces, or at an end of a text, taken apart."""

    lower: str
    raw: tuple[str, ...]
    """Its words as written, in lower case, for the names of brands."""

    words: tuple[str, ...]
    spans: tuple[Span, ...]
    """Of the words, inside the piece."""

    traits: int
    """What the text may hold for it: the sum of some of the following."""


_LINK, _DISGUISE, _LETTER, _DIGITS, _NAME = (1 << bit for bit in range(5))
_LOWER = attrgetter("lower")
_NOTHING_FOUND = Found()
_LONG = 100
"""Characters of a piece above which it is not looked at for disguises by itself, but with the whole text."""

_SPELLED_OUT = re.compile(r" [^\W\d_] [^\W\d_] ")
"""What a word with spaces between its letters holds, of letters that are pieces."""

_DIGITS_AHEAD = re.compile(r"\d{3}|1Z")
"""What a telephone number and each of `legitext.numbers.FORMATS` hold, and in no pieces but one."""

_PHONE_AHEAD = re.compile(r"\d{3}[-. ]\d{4}")


@lru_cache(maxsize=4)
def _pieces_of(brands: Registry) -> Kept[str, _Piece]:
    """Pieces by how they are written: most texts are made of the same ones."""
    return Kept(partial(_take_apart, brands))


def _cut(text: str, brands: Registry) -> tuple[list[_Piece], int]:
    """The pieces of a folded text, and all their traits."""
    known = _pieces_of(brands)
    pieces = [*map(known.__getitem__, text.split(" "))]
    traits = 0
    for piece in pieces:
        traits |= piece.traits
    if traits & _DIGITS and _PHONE_AHEAD.search(text):
        pieces = [*map(known.__getitem__, _around_phones(text))]
    return pieces, traits


def _around_phones(text: str) -> list[str]:
    """The pieces of a text, cut at no space where a telephone number may begin or go on."""
    pieces = text.split(" ")
    runs = [pieces[:1]]
    for before, piece in pairwise(pieces):
        last = before[-1:]
        if (piece.startswith("(") or piece[:1].isdecimal()) and not (last.isalpha() or last in {"_", "-"}):
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return [" ".join(run) for run in runs]


def _take_apart(brands: Registry, written: str) -> _Piece:
    lower = _lower(written)
    raw: list[str] = []
    words: list[str] = []
    spans: list[Span] = []
    for match in _TOKEN.finditer(lower):
        kind = match.lastgroup
        token = match[0]
        if kind == "word" and token.isalpha():
            word = token[:LONGEST_WORD]
        elif kind == "phone":
            word = PHONE_WORD
        elif kind == "sign":
            word = token[0]
        else:
            word = shape_of(token)
        raw.append(token)
        words.append(word)
        spans.append(match.span())
    traits = (
        _LINK * may_hold_link(written)
        + _DISGUISE * (len(written) > _LONG or is_disguised(written))
        + _LETTER * (len(written) == 1 and written.isalpha())
        + _DIGITS * (_DIGITS_AHEAD.search(written) is not None)
        + _NAME * (not brands.phrases.keys().isdisjoint(raw))
    )
    return _Piece(lower, tuple(raw), tuple(words), tuple(spans), traits)


def _skipped(found: Found) -> list[tuple[int, int, str]]:
    """In order what is no word, by its span in the original, and what stands for it among the words."""
    return sorted([(link.start, link.end, "") for link in found.links] + [(start, end, EMAIL_WORD) for start, end in found.emails])


def _words(
    folded: Folded, pieces: list[_Piece], skipped: Sequence[tuple[int, int, str]], brands: Registry | None
) -> tuple[tuple[str, ...], tuple[Span, ...], tuple[Mention, ...]]:
    """The words with their spans, and the mentions of `brands`, if any are named."""
    words: list[str] = []
    raw: list[str] = []
    spans: list[Span] = []
    at = 0
    for lower, as_written, own, places, _ in pieces:
        words += own
        if brands is not None:
            raw += as_written
        for start, end in places:
            spans.append((at + start, at + end))
        at += len(lower) + 1
    if folded.origin is not None:
        origin = folded.origin
        spans = [(origin[start], origin[end - 1] + 1) for start, end in spans]
    if skipped:
        gaps = _gaps(spans, skipped)
        words = _filled(words, gaps, [word for _, _, word in skipped])
        raw = _filled(raw, gaps, [""] * len(skipped))
        spans = _filled(spans, gaps, [(start, end) for start, end, _ in skipped])
    mentions = () if brands is None else _name_brands(folded, raw, words, spans, brands)
    return tuple(words), tuple(spans), mentions


def _gaps(spans: Sequence[Span], skipped: Sequence[tuple[int, int, str]]) -> list[Span]:
    """For each that is skipped the words `[first:last]` that it overlaps; where it overlaps none, both are its place among them."""
    gaps: list[Span] = []
    last = 0
    for start, end, _ in skipped:
        first = bisect_right(spans, start, last, key=_END)
        last = bisect_left(spans, end, first, key=_START)
        gaps.append((first, last))
    return gaps


_START, _END = itemgetter(0), itemgetter(1)
_T = TypeVar("_T")


def _filled(items: list[_T], gaps: Iterable[Span], fillings: Iterable[_T]) -> list[_T]:
    """`items` with one filling in place of each gap."""
    filled: list[_T] = []
    done = 0
    for (first, last), filling in zip(gaps, fillings, strict=True):
        filled += items[done:first]
        filled.append(filling)
        done = last
    return filled + items[done:]


_PLACES = frozenset(["at", "in", "on", "via", "with", "by", "through", "near", "inside", "using"])


def _name_brands(folded: Folded, raw: list[str], words: list[str], spans: list[Span], brands: Registry) -> tuple[Mention, ...]:
    """Find the names of brands among `raw` words; each becomes one `BRAND_WORD` in `words`."""
    mentions: list[Mention] = []
    gone: list[int] = []
    phrases = brands.phrases
    named = 0  # words up to here are part of a name found
    for index in [index for index, token in enumerate(raw) if token in phrases]:
        if index < named:
            continue
        following = raw[index + 1] if index + 1 < len(raw) else ""
        for phrase, brand in phrases[raw[index]]:
            size = len(phrase)
            if size > 1 and (phrase[1] != following or tuple(raw[index : index + size]) != phrase):
                continue
            start, end = spans[index][0], spans[index + size - 1][1]
            if brand.everyday and not _has_capital(folded, start, end):
                continue
            if brand.everyday and size == 1 and _is_shouted(folded, raw, spans, index):
                continue  # where every word is in capitals, they tell nothing
            speaks = index == 0 or raw[index - 1] not in _PLACES
            mentions.append(Mention(brand, start, end, speaks))
            words[index] = BRAND_WORD
            spans[index] = (start, end)
            gone.extend(range(index + 1, index + size))
            named = index + size
            break
    if gone:
        kept = bytearray(b"\1") * len(words)
        for position in gone:
            kept[position] = 0
        words[:], spans[:] = compress(words, kept), compress(spans, kept)
    return tuple(mentions)


def _is_shouted(folded: Folded, raw: list[str], spans: list[Span], index: int) -> bool:
    """Whether a word stands in capitals as does the last of four letters or more before it."""
    if not _in_capitals(folded, spans[index]):
        return False
    for before in range(index - 1, max(-1, index - 9), -1):
        if len(raw[before]) > 3 and raw[before].isalpha():
            return _in_capitals(folded, spans[before])
    return False


def _in_capitals(folded: Folded, span: Span) -> bool:
    word = folded.original[span[0] : span[1]]
    return len(word) > 1 and word.isupper()


def _has_capital(folded: Folded, start: int, end: int) -> bool:
    if folded.origin is None:
        return folded.text[start].isupper()
    return folded.text[bisect_left(folded.origin, start)].isupper()
