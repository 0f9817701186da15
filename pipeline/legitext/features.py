"""The scikit-learn transformers: from messages to the columns of the model."""

from array import array
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, Generic, Self, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.base import BaseEstimator, TransformerMixin

from legitext.evidence import EVIDENCE, find_evidence
from legitext.messages import Message, as_message
from legitext.reading import Reading, read
from legitext.table import messages_of
from legitext.terms import runs_in, word_terms

T = TypeVar("T")

ROWS = 5_000
"""Rows of a block that are in work at once."""

COPY = -1
"""In place of a group, for a text that was made from others: no term is learnt because it stands there, too."""

LARGE = 16_000_000
"""Parts that are held as one: of so many the memory is given back to the system at once."""

PIECES: dict[str, Callable[[Sequence[str], int, int], Iterable[str]]] = {"words": word_terms, "characters": lambda words, *_: words}
"""What cuts the words of a reading into pieces."""

TERMS: dict[str, Callable[[str, int, int], Iterable[str]]] = {"words": lambda piece, *_: (piece,), "characters": runs_in}
"""What cuts a piece into terms: as the character runs of a word are the same wherever it stands, they are cut once."""


class Bag(Generic[T]):
    """The parts of many things as numbers, given in the order in which parts are first seen."""

    def __init__(self, parts_of: Callable[[T], Iterable[str]], things: Iterable[T] = ()) -> None:
        self.numbers: dict[str, int] = {}
        self._parts_of = parts_of
        self._held: list[tuple[array[int], array[int]]] = [(array("i"), array("i", [0]))]
        for thing in things:
            self.add(thing)

    def __len__(self) -> int:
        return sum(len(ends) - 1 for _, ends in self._held)

    def add(self, thing: T) -> None:
        """Put one more thing's parts in."""
        numbers = self.numbers
        parts, ends = self._held[-1]
        if len(parts) > LARGE and len(ends) % ROWS == 1:  # so that the blocks of two bags have as many rows
            parts, ends = array("i"), array("i", [0])
            self._held.append((parts, ends))
        parts.extend([numbers.setdefault(part, len(numbers)) for part in self._parts_of(thing)])
        ends.append(len(parts))

    def blocks(self) -> Iterator[csr_matrix]:
        """One row a thing, one column a part, some things at a time: a 1 each time the part occurs, in order."""
        for held in self._held:
            yield from self._blocks(*held)

    def emptied(self) -> Iterator[csr_matrix]:
        """`blocks`, none of which stays in the bag."""
        self._held.reverse()
        while self._held:
            yield from self._blocks(*self._held.pop())

    def _blocks(self, parts: "array[int]", ends: "array[int]") -> Iterator[csr_matrix]:
        for start in range(0, max(len(ends) - 1, 1), ROWS):
            own = np.asarray(ends)[start : start + ROWS + 1]
            columns = np.asarray(parts)[own[0] : own[-1]]
            yield csr_matrix((np.ones(len(columns), dtype=np.int32), columns, own - own[0]), shape=(len(own) - 1, len(self.numbers)))


class Reader(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Messages (or plain texts) to readings, with the packaged registry of brands."""

    def fit(self, messages: Sequence[Message | str], y: Any = None) -> Self:
        """Nothing is learnt."""
        return self

    def transform(self, messages: Iterable[Message | str] | pd.DataFrame) -> list[Reading]:
        """One `Reading` a message; of a table, its columns `text` and, where there is one, `sender` are read."""
        if isinstance(messages, pd.DataFrame):
            messages = messages_of(messages)
        return [read(as_message(message)) for message in messages]

    def __sklearn_is_fitted__(self) -> bool:
        return True


class AdditiveTfidf(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """TF-IDF whose terms do not share a norm, so that a word's part of the score does not depend on its neighbours' being repeated.

    With `tf` the number of times a term occurs in a message and `idf = ln((1 + n) / (1 + df)) + 1` over the `n` messages of which
    `df` hold it, the value of a term is::

        tf * idf / sqrt(sum over all known terms of tf * idf**2)

    The usual norm has `(tf * idf)**2` under the root. Here each occurrence adds its own `idf**2`, so sums over the n-grams of a
    word can be kept and reused wherever the word stands.

    Args:
        analyzer: `words` or `characters`, see `PIECES`.
        shortest, longest: number of words, or of characters inside a word, in a term.
        min_messages: how many messages must hold a term, copies aside.
        min_groups: how many groups (wordings, near-duplicates) they must be of, where groups are given: what stands in one wording
            alone, such as a made-up name, tells nothing of others.

    >>> tfidf = AdditiveTfidf("words", 1, 1, min_messages=1).fit(Reader().transform(["a code", "a link"]))
    >>> tfidf.terms_.tolist()
    ['a', 'code', 'link']
    >>> tfidf.transform(Reader().transform(["a code a"])).toarray().round(3).tolist()
    [[1.003, 0.705, 0.0]]
    """

    def __init__(self, analyzer: str = "words", shortest: int = 1, longest: int = 2, *, min_messages: int = 3, min_groups: int = 1) -> None:
        self.analyzer = analyzer
        self.shortest = shortest
        self.longest = longest
        self.min_messages = min_messages
        self.min_groups = min_groups

    def fit(self, readings: Sequence[Reading], y: Any = None, groups: Sequence[Hashable] | None = None) -> Self:
        """Learn the terms and their idf.

        `terms_` are the terms in order, `idf_` (n_terms,) their idf, rounded to single precision.

        Args:
            readings: what to learn from.
            y: not used.
            groups: the group of each reading, or `COPY`; without them each is its own.
        """
        return self.learn(Bag(self.pieces_of, readings), groups)

    def transform(self, readings: Sequence[Reading]) -> csr_matrix:
        """Shape (n_messages, n_terms)."""
        return vstack(list(self.columns(Bag(self.pieces_of, readings)))).tocsr()

    def pieces_of(self, reading: Reading) -> Iterable[str]:
        """What a bag of readings holds."""
        return PIECES[self.analyzer](reading.words, self.shortest, self.longest)

    def learn(self, bag: Bag[Reading], groups: Sequence[Hashable] | None = None) -> Self:
        """`fit` on the pieces of readings."""
        terms = Bag(self._terms_of, bag.numbers)
        of_piece = vstack(list(terms.emptied())).tocsr()
        own = np.array([group != COPY for group in groups or [None] * len(bag)], dtype=bool)
        frequency, messages = _holders(bag.blocks(), of_piece, own)
        spread = _holders(_by_group(bag, groups), of_piece)[0] if groups is not None and self.min_groups > 1 else messages
        kept = (messages >= self.min_messages) & (spread >= self.min_groups)
        names = sorted((name, number) for name, number in terms.numbers.items() if kept[number])
        self.terms_: NDArray[np.str_] = np.array([name for name, _ in names], dtype=np.str_)
        idf = np.log((1 + len(bag)) / (1 + frequency[[number for _, number in names]].astype(np.float64))) + 1
        self.idf_: NDArray[np.float64] = idf.astype(np.float32).astype(np.float64)
        self._place = {name: place for place, (name, _) in enumerate(names)}
        return self

    def columns(self, bag: Bag[Reading]) -> Iterator[csr_matrix]:
        """What `transform` gives, some rows at a time, while the bag is emptied."""
        known = Bag(lambda piece: (term for term in self._terms_of(piece) if term in self._place), bag.numbers)
        places = np.array([self._place[term] for term in known.numbers], dtype=np.int32)
        of_piece = vstack(list(known.emptied())).tocsr()
        of_piece = csr_matrix((of_piece.data, places[of_piece.indices], of_piece.indptr), shape=(len(bag.numbers), len(self.terms_)))
        for block in bag.emptied():
            found = block @ of_piece
            found.sort_indices()
            idf = self.idf_[found.indices]
            values = found.data * idf
            sizes = np.diff(found.indptr)
            filled = sizes > 0
            squares = np.add.reduceat(values * idf, found.indptr[:-1][filled]) if filled.any() else np.zeros(0)
            values /= np.repeat(np.sqrt(squares), sizes[filled])
            yield csr_matrix((values, found.indices, found.indptr), shape=found.shape)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """The terms."""
        return self.terms_.astype(object)

    def _terms_of(self, piece: str) -> Iterable[str]:
        return TERMS[self.analyzer](piece, self.shortest, self.longest)

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("_place", None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "terms_" in state:
            self._place = {term: place for place, term in enumerate(self.terms_.tolist())}


def _holders(blocks: Iterable[csr_matrix], of_piece: csr_matrix, own: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """Shape (2, n_terms): how many rows of pieces hold a term; and how many of the rows `own`."""
    held = np.zeros((2, of_piece.shape[1]), dtype=np.int64)
    start = 0
    for block in blocks:
        found = block @ of_piece
        chosen = found if own is None else found[own[start : start + block.shape[0]]]
        held += [np.bincount(one.indices, minlength=held.shape[1]) for one in (found, chosen)]
        start += block.shape[0]
    return held


def _by_group(bag: Bag[Any], groups: Sequence[Hashable]) -> Iterator[csr_matrix]:
    """One row a group, one column a piece: 1 where one of the group's things, copies aside, holds it."""
    numbers: dict[Hashable, int] = {}
    group_of = np.array([COPY if group == COPY else numbers.setdefault(group, len(numbers)) for group in groups], dtype=np.int64)
    held, start, size = np.zeros(0, dtype=np.int64), 0, len(bag.numbers)
    for block in bag.blocks():
        rows = np.repeat(group_of[start : start + block.shape[0]], np.diff(block.indptr))
        held = np.union1d(held, (rows * size + block.indices)[rows != COPY])
        start += block.shape[0]
    rows, columns = np.divmod(held, max(size, 1))
    whole = csr_matrix((np.ones(len(held), dtype=np.int32), (rows, columns)), shape=(len(numbers), size))
    for first in range(0, whole.shape[0], ROWS // 10):
        yield whole[first : first + ROWS // 10]


class EvidenceFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Readings to one 0/1 column for each name in `EVIDENCE`."""

    def fit(self, readings: Sequence[Reading], y: Any = None, groups: Sequence[Hashable] | None = None) -> Self:
        """Nothing is learnt."""
        return self

    def transform(self, readings: Sequence[Reading]) -> csr_matrix:
        """Shape (n_messages, len(EVIDENCE))."""
        return vstack(list(self.columns(Bag(self.pieces_of, readings)))).tocsr()

    def pieces_of(self, reading: Reading) -> Iterable[str]:
        """What a bag of readings holds."""
        return [clue.name for clue in find_evidence(reading)]

    def learn(self, bag: Bag[Reading], groups: Sequence[Hashable] | None = None) -> Self:
        """Nothing is learnt."""
        return self

    def columns(self, bag: Bag[Reading]) -> Iterator[csr_matrix]:
        """What `transform` gives, some rows at a time, while the bag is emptied."""
        place = {name: index for index, name in enumerate(EVIDENCE)}
        places = np.array([place[name] for name in bag.numbers], dtype=np.int32)
        for block in bag.emptied():
            yield csr_matrix((np.ones(block.nnz), places[block.indices], block.indptr), shape=(block.shape[0], len(EVIDENCE)))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """The names in `EVIDENCE`."""
        return np.array(EVIDENCE, dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return True


def fit_columns(
    blocks: Sequence[AdditiveTfidf | EvidenceFeatures], readings: Iterable[Reading], groups: Sequence[Hashable] | None = None
) -> Iterator[csr_matrix]:
    """Fit the blocks and give their columns side by side, some rows at a time and in single precision: what is read is not kept.

    Args:
        blocks: to be fitted.
        readings: what to learn from.
        groups: as in `AdditiveTfidf.fit`.
    """
    bags = [Bag(block.pieces_of) for block in blocks]
    for reading in readings:
        for bag in bags:
            bag.add(reading)
    for block, bag in zip(blocks, bags, strict=True):
        block.learn(bag, groups)
    for parts in zip(*(block.columns(bag) for block, bag in zip(blocks, bags, strict=True)), strict=True):
        yield hstack(parts).tocsr().astype(np.float32)
