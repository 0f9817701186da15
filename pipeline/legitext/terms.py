"""The terms that words are cut into: runs of words, and runs of characters inside a word."""

from collections.abc import Iterator, Sequence


def word_terms(words: Sequence[str], shortest: int, longest: int) -> Iterator[str]:
    """Runs of `shortest` to `longest` words, joined by a space; none reaches over a gap (`""`).

    >>> list(word_terms(["your", "code", "", "thanks"], 1, 2))
    ['your', 'code', 'your code', 'thanks']
    """
    for end, word in enumerate(words, 1):
        if not word:
            continue
        run = word
        if shortest == 1:
            yield run
        for size in range(2, longest + 1):
            start = end - size
            if start < 0 or not words[start]:
                break
            run = f"{words[start]} {run}"
            if size >= shortest:
                yield run


def runs_in(word: str, shortest: int, longest: int) -> list[str]:
    """Runs of `shortest` to `longest` characters of a word with its ends marked by spaces; none for signs and stand-ins.

    >>> runs_in("act", 3, 4)
    [' ac', 'act', 'ct ', ' act', 'act ']
    """
    if len(word) < 2 or word[0] == "<" or word[0] == "0":
        return []
    marked = f" {word} "
    size = len(marked)
    return [marked[start : start + length] for length in range(shortest, longest + 1) for start in range(size - length + 1)]
