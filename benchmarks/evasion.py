"""What disguises cost: scams under attack, and genuine texts under harmless changes, on messages never trained on.

    python benchmarks/evasion.py

Attacks touch words only: a link that is changed leads nowhere. Each is seeded by the text, so two runs agree.
"""

import hashlib
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from legitext import Classifier, Message

ROOT = Path(__file__).resolve().parents[1]
SHARE_OF_WORDS = 0.5
"""How many of the words of four letters and more an attack touches."""

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


def _words(text: str, change: Callable[[str, random.Random], str], share: float = SHARE_OF_WORDS) -> str:
    rng = random.Random(hashlib.sha256(text.encode("utf-8", "replace")).digest())
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


def compare(
    classifier: Classifier, scams: Sequence[Message], genuine: Sequence[Message]
) -> tuple[dict[str, tuple[float, float]], dict[str, tuple[float, int]]]:
    """By attack the share of scams called smishing before and after; by harmless change the genuine texts newly called smishing, as share and count."""
    called = [prediction.label == "smishing" for prediction in classifier.predict(scams)]
    caught = sum(called) / len(scams)
    after = {
        name: (
            caught,
            sum(one.label == "smishing" for one in classifier.predict([Message(attack(scam.text), scam.sender) for scam in scams]))
            / len(scams),
        )
        for name, attack in ATTACKS.items()
    }
    alarmed = [one.label == "smishing" for one in classifier.predict(genuine)]
    new: dict[str, tuple[float, int]] = {}
    for name, change in HARMLESS.items():
        changed = classifier.predict([Message(change(message.text), message.sender) for message in genuine])
        count = sum(one.label == "smishing" and not before for one, before in zip(changed, alarmed, strict=True))
        new[name] = (count / len(genuine), count)
    return after, new


def main() -> None:
    from legitext.table import messages_of, read_table

    table = read_table(ROOT / "data/messages.parquet")
    test = table[table["split"] == "test"]
    scams = messages_of(test[test["label"] == "smishing"])
    genuine = messages_of(test[(test["label"] == "ham") & test["source"].isin(["grammar", "otp", "benchmark_genuine"])])
    after, new = compare(Classifier.load(), scams, genuine)
    print(f"{len(scams):,} test scams, called smishing:")
    for name, (plain, attacked) in after.items():
        print(f"  {name:<26} {plain:6.1%} -> {attacked:6.1%}  {100 * (attacked - plain):+5.1f} points")
    print(f"{len(genuine):,} genuine test texts, newly called smishing:")
    for name, (share, count) in new.items():
        print(f"  {name:<26} {count:3d}  ({100 * share:.2f} %)")


if __name__ == "__main__":
    main()
