"""The parts of a text that may speak for the whole: a scam is none the less a scam for small talk around it.

Innocent words beside a scam thin it out: they take a share of the norm and speak for themselves. So the words of a text are judged
once all together and once for each part, a run of whole sentences: smishing is scored against ham on the part that looks worst, less a
little for what is left out. All else rests on the whole: spam against ham, and evidence of who sends and where the links lead.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from legitext.reading import Reading

LEAST_WORDS = 12
"""Words of a part: fewer, torn from what is around them, mean anything."""

LEAST_WORDS_WITH_LINK = 8
MOST_WORDS = 80
LEFT_OUT = 0.9
"""What a part is worth less, in log-odds of smishing, the nearer it comes to leaving out all of the text."""

MOST_COUNTED = 30
"""Words of the text that are counted for this: else a scam among thousands of innocent words is worth less for each."""

_LEAST_SENTENCE = 3
"""Words of a sentence that can begin or end a part; shorter ones go with the next."""

_LONGEST_SENTENCE = 12
"""Words after which a text without stops is cut."""

_STOP = re.compile(r"\s(?:(?<=[.!?…]\s)|(?<=\n)|[-–—|:]\s)")


def parts_of(reading: Reading) -> list[tuple[int, int]]:
    """Each part as `words[start:end]` of the reading, without the whole.

    >>> from legitext import Message
    >>> from legitext.reading import read
    >>> parts_of(read(Message("Your parcel is held at our depot, pay at bit.ly/x Ok mom see you at eight")))
    [(0, 10)]
    """
    cuts = cuts_of(reading)
    return [(cuts[first], cuts[last]) for first, last in runs_between(cuts, reading)]


def runs_between(cuts: Sequence[int], reading: Reading) -> Iterator[tuple[int, int]]:
    """The parts between `cuts` as places of their first and their last cut; at most about 27 for each cut, so linear in their number."""
    whole = cuts[-1]
    if whole < LEAST_WORDS_WITH_LINK:
        return
    linked = "" in reading.words
    for first, start in enumerate(cuts):
        for last in range(first + 1, len(cuts)):
            length = cuts[last] - start
            if length > MOST_WORDS:
                break
            if length < LEAST_WORDS_WITH_LINK or length == whole:
                continue
            if length >= LEAST_WORDS or (linked and "" in reading.words[start : cuts[last]]):
                yield first, last


def price_of(length: int, whole: int) -> float:
    """What a part of so many words of a whole is worth less, see `LEFT_OUT`.

    >>> price_of(15, 30), price_of(15, 400), price_of(30, 400), price_of(60, 70)
    (0.45, 0.45, 0.0, 0.0)
    """
    counted = min(whole, MOST_COUNTED)
    return LEFT_OUT * (1 - length / counted) if length < counted else 0.0


def cuts_of(reading: Reading) -> list[int]:
    """The words before which a sentence begins, and behind them all the number of words; rising, the first is 0."""
    count = len(reading.words)
    if count <= LEAST_WORDS_WITH_LINK:
        return [0, count]
    stops = [match.end() for match in _STOP.finditer(reading.message.text)]
    if reading.links:
        stops = sorted(stops + [link.end for link in reading.links])
    starts = [start for start, _ in reading.spans]
    places = [bisect_left(starts, stop) for stop in stops]
    cuts = [0]
    for cut in [*(place for place in places if place < count), count]:
        if cut == count or cut - cuts[-1] >= _LEAST_SENTENCE:
            cuts.extend(range(cuts[-1] + _LONGEST_SENTENCE, cut, _LONGEST_SENTENCE))
            cuts.append(cut)
    return cuts
