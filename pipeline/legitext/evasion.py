"""What disguises cost: attacks on the words of scams, innocent text beside them, and harmless changes of genuine texts.

Attacks touch words only: a link that is changed leads nowhere. Each is seeded by the text, so two runs agree.
"""

import hashlib
import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from legitext.classifier import Classifier
from legitext.messages import Message
from legitext.metrics import Share, share

SHARE_OF_WORDS = 0.5
"""How many of the words of four letters and more an attack touches."""

PADDING = 2000
"""Characters of small talk put beside a scam."""

_WORD = re.compile(r"(?<![\w./@:-])[A-Za-z]{4,}(?![\w./@:-])")
_LOOKALIKES = dict(zip("aceiopsxyABCEHIKMOPTX", "асеіорѕхуАВСЕНІКМОРТХ", strict=True))
_LEET = {"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7", "l": "1"}
_CHAT = (
    "ok see you tonight then, love you",
    "haha no way, tell me everything tomorrow",
    "did you eat yet? mom made soup",
    "running late sorry, start without me",
    "thanks again for dinner, the kids loved it",
    "can you pick up milk on the way home",
)


def _rng(text: str) -> random.Random:
    return random.Random(hashlib.sha256(text.encode("utf-8", "replace")).digest())


def _words(text: str, change: Callable[[str, random.Random], str], share: float = SHARE_OF_WORDS) -> str:
    rng = _rng(text)
    return _WORD.sub(lambda word: change(word[0], rng) if rng.random() < share else word[0], text)


def _swap(word: str, rng: random.Random) -> str:
    place = rng.randrange(1, len(word) - 2)
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def _some(word: str, rng: random.Random, table: dict[str, str]) -> str:
    places = [place for place, character in enumerate(word) if character in table]
    chosen = set(rng.sample(places, (len(places) + 1) // 2))
    return "".join(table[character] if place in chosen else character for place, character in enumerate(word))


def _inserted(word: str, rng: random.Random, what: Sequence[str]) -> str:
    place = rng.randrange(1, len(word))
    return word[:place] + rng.choice(what) + word[place:]


def swaps(text: str) -> str:
    return _words(text, _swap, 0.25)


def lookalikes(text: str) -> str:
    return _words(text, lambda word, rng: _some(word, rng, _LOOKALIKES))


def leet(text: str) -> str:
    return _words(text, lambda word, rng: _some(word, rng, _LEET))


def zero_width(text: str) -> str:
    return _words(text, lambda word, rng: _inserted(word, rng, "\u200b\u200c\u200d\u2060\u00ad"))


def full_width(text: str) -> str:
    return _words(text, lambda word, _: "".join(chr(ord(character) + 0xFEE0) for character in word))


def spacing(text: str) -> str:
    return _words(text, lambda word, _: " ".join(word), 0.25)


def case(text: str) -> str:
    return _words(text, lambda word, rng: "".join(rng.choice((character.upper(), character.lower())) for character in word), 1.0)


def appended(text: str) -> str:
    rng = random.Random(text)
    return f"{text} {rng.choice(_CHAT)}"


def all_together(text: str) -> str:
    for attack in (case, lookalikes, zero_width, full_width):
        text = attack(text)
    return appended(text)


ATTACKS: dict[str, Callable[[str], str]] = {
    "letters swapped": swaps,
    "look-alike letters": lookalikes,
    "leet": leet,
    "zero-width characters": zero_width,
    "full-width letters": full_width,
    "letters spaced out": spacing,
    "random case": case,
    "innocent words appended": appended,
    "all together": all_together,
}
HARMLESS: dict[str, Callable[[str], str]] = {
    "accents": lambda text: _words(text, lambda word, rng: _some(word, rng, dict(zip("aeioun", "áéíóúñ", strict=True)))),
    "emoji": lambda text: f"{text} 🎉😊",
    "upper case": lambda text: _words(text, lambda word, _: word.upper(), 1.0),
    "lower case": lambda text: _words(text, lambda word, _: word.lower(), 1.0),
}


def _chat(text: str) -> str:
    """`PADDING` characters of small talk."""
    chat = ". ".join(_rng(text).choices(_CHAT, k=PADDING // min(map(len, _CHAT))))
    return chat[:PADDING]


DILUTIONS: dict[str, Callable[[str, str], str]] = {
    "2,000 characters of chat behind": lambda text, _: f"{text} {_chat(text)}",
    "2,000 characters of chat before": lambda text, _: f"{_chat(text)} {text}",
    "genuine text behind": lambda text, genuine: f"{text} {genuine}",
    "genuine text before": lambda text, genuine: f"{genuine} {text}",
    "100 official links behind": lambda text, _: " ".join([text, *(f"https://www.usps.com/{number}" for number in range(100))]),
}
"""Innocent text beside a scam, made from the scam and a genuine text."""


def compare(
    classifier: Classifier, scams: Sequence[Message], genuine: Sequence[Message], seed: int = 1, resamples: int = 500
) -> dict[str, Any]:
    """What disguises cost at the classifier's own thresholds.

    Returns:
        `attacks`, by name, dilutions with some of the `genuine` texts among them: the shares of `scams` called smishing `before` and
        `after`; `harmless`, by name: the share of the `genuine` texts that are called smishing once changed and were not before.
    """

    def beside(dilute: Callable[[str, str], str]) -> Callable[[str], str]:
        return lambda text: dilute(text, _rng(text).choice(genuine).text)

    def called(messages: Sequence[Message], change: Callable[[str], str] = str) -> list[bool]:
        changed = [Message(change(message.text), message.sender) for message in messages]
        return [prediction.label == "smishing" for prediction in classifier.predict(changed)]

    def new(change: Callable[[str], str]) -> Share:
        return share([now and not before for now, before in zip(called(genuine, change), alarmed, strict=True)], seed, resamples)

    caught, alarmed = share(called(scams), seed, resamples), called(genuine)
    dilutions = {name: beside(dilute) for name, dilute in DILUTIONS.items()} if genuine else {}
    attacks: Mapping[str, Any] = {
        name: {"n": len(scams), "before": caught, "after": share(called(scams, attack), seed, resamples)}
        for name, attack in {**ATTACKS, **dilutions}.items()
    }
    return {"attacks": attacks, "harmless": {name: new(change) for name, change in HARMLESS.items()}}
