"""Does the time to judge a text grow with its length alone? Hostile texts of doubling length, and the ratio of their processor times.

    python benchmarks/linear_time.py            # the whole way of a text, and every regular expression of the package
    python benchmarks/linear_time.py --seek 60  # try for so many seconds what is put together at random; exit code 1 if one is not linear

A ratio near 2 is linear, near 4 quadratic; short times are noise. Of the texts for a pattern, which repeat words of its own and signs,
drawn at random, the one is shown that takes longest at 16,000 characters.
"""

import argparse
import ast
import importlib
import importlib.util
import pkgutil
import random
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import legitext
from legitext import Classifier, Message

PIECES = (
    "a", "a ", "a.", "0", "1l", "a@", "//", "[.]", "http://", "http://a.top/\n", "x-", ".", "(", "é", "а", "\u200bx", "\u0301x", "🎁", "USPS ", "reply ",
    "send it to ", "code ", "your pin ", "n't ", "9400 ", "1Z", "$1 ", "a'b ", "I_", "a/b ", "U S ", "4ccount ", "http:www.a.co'", "Wells Fargo ",
)  # fmt: skip
SIGNS = (
    *" .,-_'/\\@:*!?#=&|~()[]{}<>\"\n\t\x00aAIl10$£éßа١中🎁\u0301\u200b\u202e\ud800", "\r\n", "42", "9400", "420", "TBA", "US", "http", "https://", "http:www.",
    "hxxp :// ", "www.", "a.co", ".com", "top", "usps", "Wells Fargo", "xn--", "[dot]", " . ", "n't", "not", "never",
)  # fmt: skip
LENGTHS = (250_000, 500_000, 1_000_000)
PATTERN_LENGTHS = (64_000, 128_000, 256_000)
FIRST_LENGTH = 16_000
DRAWN = 150
LEAST = 0.05
"""Seconds below which a ratio says nothing."""

STEEP = 3.0
"""The ratio above which time does not grow with length alone."""

Way = Callable[[str], object]
Shape = tuple[str, str]
"""What a text repeats in its first half and in its second."""


def text_of(shape: Shape, length: int) -> str:
    half = length // 2
    return "".join((unit * (half // len(unit) + 1))[:half] for unit in shape)


def drawn(words: list[str], rng: random.Random) -> Shape:
    first, second = ("".join(rng.choices(words, k=rng.randint(1, 5))) for _ in range(2))
    return first, first if rng.random() < 0.6 else second


def seconds(way: Way, shape: Shape, length: int) -> float:
    text = text_of(shape, length)
    start = time.process_time()
    way(text)
    return time.process_time() - start


def patterns() -> Iterator[tuple[str, str, Way]]:
    """Each pattern of the package: its name or place, its source, and its use: tried at every place of a text, or at its head alone."""
    names = [module.name for module in pkgutil.walk_packages(legitext.__path__, "legitext.") if not module.name.endswith("_")]
    specs = {name: importlib.util.find_spec(name) for name in names}
    trees = {name: ast.parse(Path(spec.origin).read_text(encoding="utf-8")) for name, spec in specs.items() if spec and spec.origin}
    uses = [ast.unparse(node) for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    for name, tree in trees.items():
        for held, value in vars(importlib.import_module(name)).items():
            used = {use.rpartition(".")[2] for use in uses if use.startswith(f"{held}.")}
            for key, pattern in _held(value):
                yield (
                    f"{name}.{held}{key}".removeprefix("legitext."),
                    pattern.pattern,
                    _way(pattern, bool(used) and used <= {"match", "fullmatch"}),
                )
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and re.fullmatch(
                r"re\.(sub|search|split|findall|match|fullmatch)", function := ast.unparse(node.func)
            ):
                source = ast.literal_eval(node.args[0])
                yield f"{name}:{node.lineno}".removeprefix("legitext."), source, _way(re.compile(source), function.endswith("match"))


def _held(value: object) -> Iterator[tuple[str, re.Pattern[str]]]:
    if isinstance(value, re.Pattern):
        yield "", value
    elif isinstance(value, dict):
        for key, one in value.items():
            found = one[0] if isinstance(one, tuple) and one else one
            if isinstance(found, re.Pattern):
                yield f"[{key}]", found


def _way(pattern: re.Pattern[str], at_its_head: bool) -> Way:
    if at_its_head:
        return lambda text: (pattern.match(text), pattern.fullmatch(text))
    return lambda text: sum(1 for _ in pattern.finditer(text))


def show(name: str, times: list[float]) -> bool:
    """A line of the table; whether the time is linear."""
    steep = times[-1] > LEAST and times[-1] / max(times[-2], 1e-6) > STEEP
    ratio = f"{times[-1] / times[-2]:.1f}" if times[-1] > LEAST else ""
    print(f"{name[:43]:<44}" + "".join(f"{one:>10.3f} s" for one in times) + f"   {ratio:>4}" + " !" * steep, flush=True)
    return not steep


def each_pattern() -> bool:
    linear = True
    for name, source, way in patterns():
        rng = random.Random(name)
        words = [*re.findall("[A-Za-z]{2,}", source), *SIGNS]
        shapes = [(sign, sign) for sign in SIGNS] + [drawn(words, rng) for _ in range(DRAWN)]
        worst = max((seconds(way, shape, FIRST_LENGTH), shape) for shape in shapes)[1]
        shown = repr(worst[0]) if worst[0] == worst[1] else f"{worst[0]!r} {worst[1]!r}"
        linear &= show(f"{name}  {shown}", [seconds(way, worst, length) for length in PATTERN_LENGTHS])
    return linear


def the_whole(way: Way) -> bool:
    linear = True
    for piece in PIECES:
        linear &= show(repr(piece), [seconds(way, (piece, piece), length) for length in LENGTHS])
    return linear


def seek(way: Way, limit: float) -> bool:
    """Whether no text put together at random takes more time than its length explains."""
    rng = random.Random()
    words = [*PIECES, *SIGNS]
    start, tried, worst = time.monotonic(), 0, 0.0
    while time.monotonic() < start + limit:
        shape = drawn(words, rng)
        tried += 1
        took = seconds(way, shape, FIRST_LENGTH)
        worst = max(worst, took / FIRST_LENGTH)
        if took > LEAST and seconds(way, shape, 2 * FIRST_LENGTH) > STEEP * took:
            times = [min(seconds(way, shape, length) for _ in range(3)) for length in (FIRST_LENGTH, 2 * FIRST_LENGTH)]
            if times[1] > STEEP * times[0]:
                print(f"{tried:,} texts tried; not linear: {shape!r}, {times[0]:.2f} s and {times[1]:.2f} s")
                return False
    print(f"{tried:,} texts tried, none of them not linear; at most {1e6 * worst:.0f} µs a character")
    return True


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seek", type=float, metavar="SECONDS")
    limit = parser.parse_args().seek
    classifier = Classifier.load()
    classifier.predict("warm up https://usps.com").as_dict()
    if limit:
        sys.exit(not seek(lambda text: text.isspace() or classifier.predict(Message(text, "262966")).reasons, limit))
    print(f"{'a text of':<44}" + "".join(f"{length:>12,}" for length in LENGTHS) + "  ratio")
    linear = the_whole(lambda text: classifier.predict(Message(text, "262966")))
    print(f"\n{'a pattern on a text of':<44}" + "".join(f"{length:>12,}" for length in PATTERN_LENGTHS) + "  ratio")
    sys.exit(not (each_pattern() and linear))


if __name__ == "__main__":
    main()
