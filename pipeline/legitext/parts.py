"""The parts of a text that may speak for the whole: a scam is none the less a scam for small talk around it.

Innocent words beside a scam thin it out: they take a share of the norm and speak for themselves. So the words of a text are judged
once all together and once for each part, a run of whole sentences, and what looks worst counts. Who sends, and where the links
lead, is evidence about the whole text and is counted whatever the part.
"""

import re
from collections.abc import Iterator, Sequence

from legitext.reading import Reading

LEAST_WORDS = 12
"""Words of a part: fewer, torn from what is around them, mean anything."""

MOST_WORDS = 80
_LEAST_SENTENCE = 3
"""Words of a sentence that can begin or end a part; shorter ones go with the next."""

_LONGEST_SENTENCE = 20
"""Words after which a text without stops is cut."""

_STOP = re.compile(r"(?<=[.!?…])\s|\n|\s[-–—|:]\s")


def parts_of(reading: Reading) -> list[tuple[int, int]]:
    """Each part as `words[start:end]` of the reading, without the whole.

    >>> from legitext import Message
    >>> from legitext.reading import read
    >>> parts_of(read(Message("You won a free gift card worth 500 dollars today, claim it here: bit.ly/x Ok mom see you at eight")))
    [(0, 14)]
    """
    cuts = cuts_of(reading)
    return [(cuts[first], cuts[last]) for first, last in runs_between(cuts)]


def runs_between(cuts: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The parts between `cuts` as places of their first and their last cut; at most about 27 for each cut, so linear in their number."""
    for first, start in enumerate(cuts):
        for last in range(first + 1, len(cuts)):
            length = cuts[last] - start
            if length > MOST_WORDS:
                break
            if length >= LEAST_WORDS and length < cuts[-1]:
                yield first, last


def cuts_of(reading: Reading) -> list[int]:
    """The words before which a sentence begins, and behind them all the number of words; rising, the first is 0."""
    count = len(reading.words)
    if count <= LEAST_WORDS:
        return [0, count]
    stops = [match.end() for match in _STOP.finditer(reading.message.text)]
    if reading.links:
        stops = sorted(stops + [link.end for link in reading.links])
    cuts = [0]
    at = 0
    for word, (start, _) in enumerate(reading.spans):
        passed = at
        while at < len(stops) and stops[at] <= start:
            at += 1
        length = word - cuts[-1]
        if (at > passed and length >= _LEAST_SENTENCE) or length >= _LONGEST_SENTENCE:
            cuts.append(word)
    return [*cuts, count]
