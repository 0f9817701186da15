"""How messages come, as against how they are written: typos, abbreviations, cuts, and the tricks of scams.

Every change leaves links, numbers and e-mail addresses alone, so that what a message rests on stays what it is.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

SMS_LENGTH = 160
"""Characters of one SMS in the GSM 7-bit alphabet (3GPP TS 23.038)."""


@dataclass(frozen=True, slots=True)
class Habits:
    """Shares of messages to which each habit happens; `tricks` to scams and spam alone, the others to all alike."""

    typos: float = 0.0
    """One or two words with two letters swapped, one left out or one doubled."""

    abbreviations: float = 0.0
    """Words shortened as people do in texts (`your` to `ur`, `account` to `acct`)."""

    lower: float = 0.0
    """All letters small."""

    emoji: float = 0.0
    """An emoji before or after the text."""

    parts: float = 0.0
    """Of the texts longer than one SMS: `1/2` or the like in front of them or behind."""

    cut: float = 0.0
    """Of the texts longer than one SMS: cut there, most with `…` or `...`."""

    tricks: float = 0.0
    """Three of ten words hidden from machines: letters spaced, broken by invisible ones, of other alphabets, or digits."""


NO_HABITS = Habits()

_PLAIN_WORD = re.compile(r"(?<![\w./@:#-])[A-Za-z]{4,}(?![\w./@:-])")
_ANY_WORD = re.compile(r"(?<![\w./@:#'’-])[A-Za-z]+(?![\w/@:'’-]|\.\w)")
_SHORT = {
    "account": "acct", "and": "&", "appointment": "appt", "are": "r", "at": "@", "because": "bc", "before": "b4", "confirm": "cnfrm", "customer": "cust",
    "delivery": "dlvry", "for": "4", "have": "hv", "information": "info", "message": "msg", "messages": "msgs", "minutes": "mins", "number": "#",
    "okay": "ok", "package": "pkg", "payment": "pymt", "people": "ppl", "please": "pls", "received": "rcvd", "reply": "rply", "schedule": "sched",
    "see": "c", "service": "svc", "text": "txt", "thanks": "thx", "through": "thru", "to": "2", "today": "2day", "tomorrow": "tmrw", "tonight": "2nite",
    "transaction": "txn", "with": "w/", "without": "w/o", "you": "u", "your": "ur",
}  # fmt: skip
_EMOJI = ("📦", "✅", "⚠️", "🚨", "🎉", "😊", "🙏", "👍", "❤️", "🔔", "📲", "💰", "⏰", "🎁", "🚚", "😀", "🔥", "👋", "✨", "📅")
_PARTS = ("1/2 ", "(1/2) ", "1of2: ", "(1 of 2) ", "2/2 ", "[1/2] ")
_LOOKALIKES = dict(zip("aceiopsxyBCEHKMOPTX", "асеіорѕхуВСЕНКМОРТХ", strict=True))
_DIGITS = {"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "l": "1"}
_TRICKS: tuple[Callable[[str, Random], str], ...] = (
    lambda word, rng: " ".join(word),
    lambda word, rng: word[: len(word) // 2] + rng.choice("\u200b\u200c\u2060\u00ad") + word[len(word) // 2 :],
    lambda word, rng: "".join(_LOOKALIKES.get(character, character) for character in word),
    lambda word, rng: "".join(_DIGITS.get(character, character) if rng.random() < 0.5 else character for character in word),
)


def as_it_comes(text: str, rng: Random, habits: Habits, *, genuine: bool) -> str:
    """The text as one of those who send such texts might have sent it."""
    if rng.random() < habits.abbreviations:
        text = _ANY_WORD.sub(lambda word: _SHORT.get(word[0].lower(), word[0]) if rng.random() < 0.6 else word[0], text)
    if rng.random() < habits.lower:
        text = _ANY_WORD.sub(lambda word: word[0].lower(), text)
    if rng.random() < habits.typos:
        text = _mistyped(text, rng)
    if rng.random() < habits.emoji:
        text = f"{rng.choice(_EMOJI)} {text}" if rng.random() < 0.4 else f"{text} {rng.choice(_EMOJI)}"
    if not genuine and rng.random() < habits.tricks:
        trick = rng.choice(_TRICKS)
        text = _PLAIN_WORD.sub(lambda word: trick(word[0], rng) if rng.random() < 0.3 else word[0], text)
    if len(text) > SMS_LENGTH:
        if rng.random() < habits.cut:
            text = text[: SMS_LENGTH - rng.randint(0, 6)].rstrip() + rng.choice(("…", "...", "...", ""))
        elif rng.random() < habits.parts:
            text = rng.choice(_PARTS) + text
    return text


def with_swapped_letters(text: str, rng: Random, share: float = 0.3) -> str:
    """The text with two letters swapped in a share of its words of four letters or more."""
    return _PLAIN_WORD.sub(lambda word: _swapped(word[0], rng) if rng.random() < share else word[0], text)


def _mistyped(text: str, rng: Random) -> str:
    words = list(_PLAIN_WORD.finditer(text))
    for word in sorted(rng.sample(words, min(len(words), rng.randint(1, 2))), key=lambda one: -one.start()):
        place = rng.randrange(1, len(word[0]) - 1)
        wrong = rng.choice(
            (_swapped(word[0], rng), word[0][:place] + word[0][place + 1 :], word[0][:place] + word[0][place] + word[0][place:])
        )
        text = text[: word.start()] + wrong + text[word.end() :]
    return text


def _swapped(word: str, rng: Random) -> str:
    place = rng.randrange(1, len(word) - 1)
    return word[:place] + word[place + 1 : place + 2] + word[place] + word[place + 2 :]
