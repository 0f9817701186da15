"""The one folding of text that training and serving share: what a reader sees, without the tricks that hide it."""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from legitext.confusables import LATIN_LOOKALIKES

_PUNCTUATION = {"‘": "'", "’": "'", "‛": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "…": "...", "。": ".", "．": ".", "｡": ".",
                "․": ".", "⁄": "/", "∕": "/", "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-", "：": ":"}  # fmt: skip
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0\u2800")
_WORD = re.compile(r"\w+")
_SPACED = re.compile(r"(?<![\w.])[^\W\d_](?P<gap>[ .*_|/-])(?:[^\W\d_](?P=gap)){2,38}[^\W\d_](?!\w|[.@/-]\w)")
_PLAINLY = r"(?!(?:[A-Z]?[a-z]+|[A-Z]+)(?![\w@$!|/*^~.'-]))"  # a word in plain letters is no disguise, so most are passed over at once
_MIXED = re.compile(
    rf"(?<![\w@$]){_PLAINLY}(?=[a-zA-Z]*[0-9@$!|_*^~./'-]?[a-zA-Z0-9])[a-zA-Z0-9@$!|]+(?:[/|_*^~.'-][a-zA-Z0-9@$!|]+){{0,3}}(?<![!|])"
)
_LEET_AS_I = str.maketrans("0134578@$!|I", "oieastbasiil")
_LEET_AS_L = str.maketrans("0134578@$!|l", "oleastbasllI")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_SIGNS = re.compile(r"[/|_*^~.'-]")
OFTEN_DISGUISED = frozenset(
    "access account accounts activate activated activity address adult alert amount appleid authorize available balance bank banking "
    "bill billing bitcoin bonus browser cancel cancelled card cards cash casino claim click code confirm confirmation congratulations "
    "contact courier credit customer customs deactivated debit debt deliver delivered delivery deposit disabled document driver due "
    "earn email exclusive expire expired expires failed fee final form fraud free friend gambling gift hold identity immediately "
    "incomplete information insurance invalid invest investment invoice job jobs license limited link loan loans locked login lottery "
    "lucky mail message money mortgage notice notification offer online order package parcel password pay payment payments "
    "pending penalty phone platform please poker post postal prize problem product profit profits protect purchase receive recovery "
    "redeem redelivery refund registration release remote renew reply restore restricted return reward rewards salary sale schedule "
    "scheduled secure security selected service services settle shipment shipping signin stimulus store subscription suspended "
    "suspicious system telegram text toll tolls tracking transaction transfer unauthorized undelivered unlock unpaid unusual update "
    "urgent user validate vehicle verification verified verify viagra violation visit voucher wallet warehouse warning website "
    "whatsapp winner withdraw withdrawal won work".split()
)
"""Words whose disguise gives a scam away; the names of brands come beside them from the registry."""


@dataclass(frozen=True, slots=True)
class Folded:
    """A text as it is read: every character of it knows where in the original it came from."""

    text: str
    """The folded text; case, accents, punctuation and line breaks are kept."""

    original: str = ""
    """The text as it came."""

    origin: list[int] | None = None
    """For each character of `text` the index of its source in the original, and the original's length; None if they agree."""

    counts: dict[str, int] = field(default_factory=dict)
    """How often each trick was undone: `invisible` (zero-width or soft hyphen inside a word), `lookalike`, `styled`, `marks`."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original that `text[start:end]` was read from; empty spans stay empty."""
        if self.origin is None:
            return start, end
        if start >= end:
            return self.origin[start], self.origin[start]
        return self.origin[start], self.origin[end - 1] + 1


def fold(text: str) -> Folded:
    """Undo what hides letters from a machine but not from a reader.

    Compatibility forms become plain (NFKC, Unicode Standard Annex #15), letters of other alphabets inside Latin words become the
    letters they imitate (UTS #39), invisible characters and marks stacked on Latin letters go. Words of other alphabets, accents
    and emoji stay. Folding a folded text changes nothing.
    """
    if text.isascii():
        return Folded(text, text)
    counts: dict[str, int] = {}
    characters: list[str] = []
    origin = []
    unseen = 0  # invisible characters since the last letter or digit
    for index, character in enumerate(text):
        plain = character if character < "\x80" else _plain(character)
        if not plain:
            unseen += bool(characters) and _is_latin_or_digit(characters[-1])
            continue
        if unseen:
            if _is_latin_or_digit(plain[0]):
                counts["invisible"] = counts.get("invisible", 0) + unseen
            unseen = 0
        if character >= "\u0300" and len(plain) == 1:
            if characters and _joins(plain) and _add_mark(characters, plain):
                continue
            if _is_stray_mark(plain):
                counts["marks"] = counts.get("marks", 0) + 1
                continue
        if character > "\x7f" and plain.isascii() and plain.isalnum():
            counts["styled"] = counts.get("styled", 0) + 1
        for one in plain:
            characters.append(one)
            origin.append(index)
    origin.append(len(text))
    if any(character in LATIN_LOOKALIKES for character in characters):
        _replace_lookalikes(characters, counts)
    return Folded("".join(characters), text, origin, counts)


def _is_no_trick(character: str, plain: str) -> bool:
    """Whether a character, read as `plain`, can be seen and is read alike whatever is around it, such as quotation marks, emoji and accented letters."""
    if not plain or (plain.isascii() and plain.isalnum()) or any(one in LATIN_LOOKALIKES for one in plain):
        return False
    return character < "\u0300" or not (_joins(plain[0]) or _is_stray_mark(plain[0]))


def see_through(folded: Folded, keep: Sequence[tuple[int, int]] = ()) -> Folded:
    """Undo what breaks words up: `U S P S`, `U.S.P.S`, `AM/AZON`, `4CCOUNT`, `DEBlT`.

    Letters standing alone in a row become one word; digits and signs inside a word give way to letters where that makes one of the
    words that scams disguise or the name of a brand.

    Args:
        folded: a folded text.
        keep: spans of the original that stay as they are: links, where a changed letter is another site.

    Returns:
        The text without these tricks, and their counts `spaced` and `leet` beside those of the folding.
    """
    text = folded.text
    edits: list[tuple[int, int, str, str]] = []
    for run in _SPACED.finditer(text):
        joined = "".join(character for character in run[0] if character.isalnum())
        edits.append((*run.span(), joined, "spaced"))
    for word in _MIXED.finditer(text):
        plain = _undisguised(word[0])
        if plain is not None:
            edits.append((*word.span(), plain, "leet"))
    kept = sorted(keep)
    edits = [edit for edit in edits if not _touches(folded.span(edit[0], edit[1]), kept)]
    if not edits:
        return folded
    counts = dict(folded.counts)
    parts: list[str] = []
    origin: list[int] = []
    source = folded.origin if folded.origin is not None else range(len(text) + 1)
    done = 0
    for start, end, plain, trick in sorted(edits):
        if start < done:
            continue
        counts[trick] = counts.get(trick, 0) + 1
        parts += [text[done:start], plain]
        origin += source[done:start]
        origin += [source[min(start + place, end - 1)] for place in range(len(plain) - 1)] + [source[end - 1]]
        done = end
    parts.append(text[done:])
    origin += source[done:]
    return Folded("".join(parts), folded.original, origin, counts)


def is_disguised(piece: str) -> bool:
    """Whether `see_through` may find a word broken up or disguised in what stands between two spaces; with spaces in it, in none."""
    return _SPACED.search(piece) is not None or any(_undisguised(word[0]) is not None for word in _MIXED.finditer(piece))


def without_accents(word: str) -> str:
    """`word` with the accents of Latin letters removed, so that `código` and `codigo` are one word."""
    if word.isascii():
        return word
    return "".join(_without_accent(character) for character in word)


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    from legitext.brands import registry  # not above: the registry cuts names as this module does

    names = ("".join(words) for phrases in registry().phrases.values() for words, _ in phrases)
    return frozenset(name for name in names if len(name) >= 4)


@lru_cache(maxsize=1)
def _spellings() -> frozenset[str]:
    from legitext.brands import registry

    return frozenset(name.lower() for brand in registry() for name in (brand.name, *brand.aliases))


@lru_cache(maxsize=1)
def _disguised_words() -> frozenset[str]:
    return OFTEN_DISGUISED | _names()


def _undisguised(word: str) -> str | None:
    """The word that a disguised one stands for; None if it is none, or stands there plainly."""
    if len(word) < 4 or len(word) > 24:
        return None
    plain = word.lower()
    if word.isalpha() and (plain == word or word.isupper() or (word[0].isupper() and word[1:] == plain[1:] and "I" not in word[1:])):
        return None
    known = _disguised_words()
    if plain in known:
        return None
    if "-" in word and (plain in _spellings() or plain.replace("-", "") not in _names()):  # T-Mobile, sign-in and pre-order are plain
        return None
    joined = _SIGNS.sub("", word)
    if "I_" in word:
        known_as = word.replace("I_", "l").lower()
        if known_as in known:
            return known_as
    for candidate in (joined.lower(), joined.translate(_LEET_AS_I).lower(), joined.translate(_LEET_AS_L).lower()):
        if candidate in known and not candidate.isdigit():
            return candidate
    return None


def _touches(span: tuple[int, int], spans: Sequence[tuple[int, int]]) -> bool:
    """Whether a span overlaps one of `spans`, which are in order and do not overlap each other."""
    after = bisect_left(spans, (span[1], 0))
    return after > 0 and spans[after - 1][1] > span[0]


def _plain(character: str) -> str:
    """One character as it is read: one or more characters, none if it cannot be seen."""
    known = _PLAIN.get(character)
    if known is None:
        known = _PLAIN[character] = _look_up(character)
    return known


_PLAIN: dict[str, str] = {}  # at most one entry for each of Unicode's characters


def _look_up(character: str) -> str:
    if character in _PUNCTUATION:
        return _PUNCTUATION[character]
    category = unicodedata.category(character)
    if category == "Cs":
        return "\ufffd"
    if category in {"Cf", "Cc"} or character in _FILLERS or "\ufe00" <= character <= "\ufe0f":
        return "" if character != "\x85" else "\n"
    if category in {"Zs", "Zl", "Zp"}:
        return " " if category == "Zs" else "\n"
    if category[0] in "LN" or "\uff00" <= character <= "\uffef" or "\ufe50" <= character <= "\ufe6f":
        folded = unicodedata.normalize("NFKC", character)
        if any(unicodedata.category(one)[0] == "M" for one in folded):
            return character
        return "".join(_PUNCTUATION.get(one, one) for one in folded if unicodedata.category(one) != "Cf")
    if category == "So":  # letters in circles and squares; but not a trademark sign
        folded = unicodedata.normalize("NFKC", character)
        return folded if len(folded) == 1 and folded.isascii() and folded.isalnum() else character
    return character


def _joins(character: str) -> bool:
    """Whether a character can melt into the one before it: a combining mark, or a Korean vowel or final consonant."""
    return unicodedata.category(character)[0] == "M" or "\u1161" <= character <= "\u11ff"


def _is_stray_mark(character: str) -> bool:
    """Whether it is a mark that no alphabet needs once it has not joined its letter: overlines, strokes, stacked accents; but a keycap emoji's frame."""
    return (
        "\u0300" <= character <= "\u036f"
        or "\u1ab0" <= character <= "\u1aff"
        or "\u1dc0" <= character <= "\u1dff"
        or ("\u20d0" <= character <= "\u20ff" and character != "\u20e3")
    )


def _is_latin_or_digit(character: str) -> bool:
    return ("0" <= character <= "9") or _is_latin(character) or character in LATIN_LOOKALIKES


def _add_mark(characters: list[str], mark: str) -> bool:
    """Whether the mark and the letter before it make one letter (`e` and an acute accent: é), which then stands there."""
    composed = unicodedata.normalize("NFC", characters[-1] + mark)
    if len(composed) == 1:
        characters[-1] = composed
        return True
    return False


def _is_latin(character: str) -> bool:
    return character.isalpha() and (character < "\u0250" or unicodedata.name(character, "").startswith("LATIN "))


def _replace_lookalikes(characters: list[str], counts: dict[str, int]) -> None:
    """Turn look-alikes into Latin letters in words that are partly Latin, or, in a wholly Latin text, that could be."""
    text = "".join(characters)
    foreign = any(character.isalpha() and character not in LATIN_LOOKALIKES and not _is_latin(character) for character in characters)
    latin = any(_is_latin(character) for character in characters)
    for word in _WORD.finditer(text):
        letters = [character for character in word[0] if character.isalpha()]  # other alphabets' digits are no letters
        if not any(character in LATIN_LOOKALIKES for character in letters):
            continue
        mixed = any(_is_latin(character) and character not in LATIN_LOOKALIKES for character in letters)
        if mixed or (latin and not foreign and len(letters) > 1):
            for index in range(word.start(), word.end()):
                letter = LATIN_LOOKALIKES.get(characters[index])
                if letter is not None:
                    characters[index] = letter
                    counts["lookalike"] = counts.get("lookalike", 0) + 1


def _without_accent(character: str) -> str:
    if character < "\x80":
        return character
    decomposed = unicodedata.normalize("NFD", character)
    return decomposed[0] if decomposed[0] < "\x80" else character
