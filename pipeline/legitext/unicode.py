"""The one folding of text that training and serving share: what a reader sees, without the tricks that hide it."""

import re
import unicodedata
from dataclasses import dataclass, field

from legitext.confusables import LATIN_LOOKALIKES

_PUNCTUATION = {"‘": "'", "’": "'", "‛": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "…": "...", "。": ".", "．": ".", "｡": ".",
                "․": ".", "⁄": "/", "∕": "/", "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-", "：": ":"}  # fmt: skip
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0\u2800")
_WORD = re.compile(r"\w+")


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
    origin: list[int] = []
    last = len(text) - 1
    for index, character in enumerate(text):
        if character < "\x80":
            characters.append(character)
            origin.append(index)
            continue
        plain = _plain(character)
        if not plain:
            if 0 < index < last and text[index - 1].isalnum() and text[index + 1].isalnum():
                counts["invisible"] = counts.get("invisible", 0) + 1
            continue
        if len(plain) == 1 and unicodedata.category(plain) in {"Mn", "Me"}:
            if characters and _add_mark(characters, plain):
                continue
            if characters and _is_latin(characters[-1]):
                counts["marks"] = counts.get("marks", 0) + 1
                continue
        elif plain.isascii() and plain.isalnum() and character.isalnum():
            counts["styled"] = counts.get("styled", 0) + 1
        for one in plain:
            characters.append(one)
            origin.append(index)
    origin.append(len(text))
    if any(character in LATIN_LOOKALIKES for character in characters):
        _replace_lookalikes(characters, counts)
    return Folded("".join(characters), text, origin, counts)


def without_accents(word: str) -> str:
    """`word` with the accents of Latin letters removed, so that `código` and `codigo` are one word."""
    if word.isascii():
        return word
    return "".join(_without_accent(character) for character in word)


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
    return character


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
        letters = [character for character in word[0] if character.isalpha() or character in LATIN_LOOKALIKES]
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
