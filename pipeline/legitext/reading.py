"""A message, read: what training and serving know of it before any weight is applied."""

import re
from bisect import bisect_left
from dataclasses import dataclass

from legitext.brands import Brand, Registry, registry
from legitext.links import Link, scan
from legitext.messages import Message
from legitext.numbers import Number, find_numbers
from legitext.senders import Sender, read_sender
from legitext.unicode import Folded, fold, see_through, without_accents

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

    spans: tuple[tuple[int, int], ...]
    """For each word its span in the original text."""

    links: tuple[Link, ...]
    emails: tuple[tuple[int, int], ...]
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
    found = scan(folded, brands)
    folded = see_through(folded, [(link.start, link.end) for link in found.links] + list(found.emails))
    lower = _lower(folded.text)
    words, spans, mentions = _words(folded, lower, found.links, found.emails, brands)
    return Reading(
        message,
        folded,
        lower,
        words,
        spans,
        found.links,
        found.emails,
        tuple(find_numbers(folded.text)),
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


def _words(
    folded: Folded, lower: str, links: tuple[Link, ...], emails: tuple[tuple[int, int], ...], brands: Registry
) -> tuple[tuple[str, ...], tuple[tuple[int, int], ...], tuple[Mention, ...]]:
    words: list[str] = []
    spans: list[tuple[int, int]] = []
    mentions: list[Mention] = []
    raw: list[str] = []  # words as written in lower case, for the names of brands
    skipped = sorted([(link.start, link.end, "") for link in links] + [(*span, EMAIL_WORD) for span in emails])
    at = 0
    moved = folded.origin is not None
    for match in _TOKEN.finditer(lower):
        start, end = folded.span(*match.span()) if moved else match.span()
        while at < len(skipped) and skipped[at][1] <= start:
            words.append(skipped[at][2])
            raw.append("")
            spans.append(skipped[at][:2])
            at += 1
        if at < len(skipped) and start < skipped[at][1] and end > skipped[at][0]:
            continue
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
        words.append(word)
        raw.append(token)
        spans.append((start, end))
    for start, end, word in skipped[at:]:
        words.append(word)
        raw.append("")
        spans.append((start, end))
    if brands.phrases:
        _name_brands(folded, raw, words, spans, mentions, brands)
    return tuple(words), tuple(spans), tuple(mentions)


_PLACES = frozenset(["at", "in", "on", "via", "with", "by", "through", "near", "inside", "using"])


def _name_brands(
    folded: Folded,
    raw: list[str],
    words: list[str],
    spans: list[tuple[int, int]],
    mentions: list[Mention],
    brands: Registry,
) -> None:
    """Find the names of brands among `raw` words; each becomes one `BRAND_WORD` in `words`."""
    if brands.phrases.keys().isdisjoint(raw):
        return  # as in most texts
    index = 0
    gone: list[int] = []
    while index < len(raw):
        for phrase, brand in brands.phrases.get(raw[index], ()):
            size = len(phrase)
            if size > 1 and tuple(raw[index : index + size]) != phrase:
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
            index += size - 1
            break
        index += 1
    for position in reversed(gone):
        del words[position], spans[position]


def _is_shouted(folded: Folded, raw: list[str], spans: list[tuple[int, int]], index: int) -> bool:
    """Whether a word stands in capitals as does the last of four letters or more before it."""
    if not _in_capitals(folded, spans[index]):
        return False
    for before in range(index - 1, max(-1, index - 9), -1):
        if len(raw[before]) > 3 and raw[before].isalpha():
            return _in_capitals(folded, spans[before])
    return False


def _in_capitals(folded: Folded, span: tuple[int, int]) -> bool:
    word = folded.original[span[0] : span[1]]
    return len(word) > 1 and word.isupper()


def _has_capital(folded: Folded, start: int, end: int) -> bool:
    if folded.origin is None:
        return folded.text[start].isupper()
    return folded.text[bisect_left(folded.origin, start)].isupper()
