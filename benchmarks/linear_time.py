"""Does the time to judge a text grow with its length alone? Hostile texts of doubling length, and the ratio of their times.

    python benchmarks/linear_time.py

A ratio near 2 is linear, near 4 quadratic; short times are noise.
"""

import time

from legitext import Classifier, Message

PIECES = (
    "a", "a ", "a.", "0", "1l", "a@", "//", "[.]", "http://", "http://a.top/\n", "x-", ".", "(", "é", "а", "\u200bx", "\u0301x", "🎁", "USPS ", "reply ",
    "send it to ", "code ", "your pin ", "n't ", "9400 ", "1Z", "$1 ", "a'b ", "I_", "a/b ", "U S ", "4ccount ",
)  # fmt: skip
LENGTHS = (250_000, 500_000, 1_000_000)


def main() -> None:
    classifier = Classifier.load()
    classifier.predict("warm up https://usps.com")
    print(f"{'text':<20}" + "".join(f"{length:>12,}" for length in LENGTHS) + "   ratio")
    for piece in PIECES:
        seconds = []
        for length in LENGTHS:
            text = (piece * (length // len(piece) + 1))[:length]
            start = time.perf_counter()
            classifier.predict(Message(text, "262966"))
            seconds.append(time.perf_counter() - start)
        print(f"{piece!r:<20}" + "".join(f"{one:>10.2f} s" for one in seconds) + f"   {seconds[-1] / seconds[-2]:.1f}", flush=True)


if __name__ == "__main__":
    main()
