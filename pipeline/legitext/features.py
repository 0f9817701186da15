"""The scikit-learn transformers: from messages to the columns of the model."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin

from legitext.evidence import EVIDENCE, find_evidence
from legitext.messages import Message, as_message
from legitext.reading import Reading, read
from legitext.table import messages_of
from legitext.terms import character_terms, word_terms

ANALYZERS: dict[str, Callable[[Sequence[str], int, int], Iterable[str]]] = {"words": word_terms, "characters": character_terms}
"""What cuts the words of a reading into terms."""


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
        analyzer: `words` or `characters`, see `ANALYZERS`.
        shortest, longest: number of words, or of characters inside a word, in a term.
        min_messages: how many messages must hold a term.
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

    def fit(self, readings: Sequence[Reading], y: Any = None, groups: Sequence[str] | None = None) -> Self:
        """Learn the terms and their idf.

        `terms_` are the terms in order, `idf_` (n_terms,) their idf, rounded to single precision.

        Args:
            readings: what to learn from.
            y: not used.
            groups: the group of each reading; without them each is its own.
        """
        frequency: Counter[str] = Counter()
        spread: Counter[str] = Counter()
        last: dict[str, int] = {}
        number_of: dict[str, int] = {}
        order = range(len(readings)) if groups is None else sorted(range(len(readings)), key=groups.__getitem__)
        for index in order:
            terms_here = set(self._terms_of(readings[index]))
            frequency.update(terms_here)
            if groups is None or self.min_groups < 2:
                continue
            group = number_of.setdefault(groups[index], len(number_of))
            for term in terms_here:
                if last.get(term) != group:
                    last[term] = group
                    spread[term] += 1
        counted = spread if last else frequency
        terms = sorted(term for term, count in frequency.items() if count >= self.min_messages and counted[term] >= self.min_groups)
        self.terms_: NDArray[np.str_] = np.array(terms, dtype=np.str_)
        counts = np.array([frequency[term] for term in terms], dtype=np.float64)
        idf = np.log((1 + len(readings)) / (1 + counts)) + 1
        self.idf_: NDArray[np.float64] = idf.astype(np.float32).astype(np.float64)
        self._place = {term: place for place, term in enumerate(terms)}
        return self

    def transform(self, readings: Sequence[Reading]) -> csr_matrix:
        """Shape (n_messages, n_terms)."""
        places: list[int] = []
        counts: list[int] = []
        ends = [0]
        place_of = self._place
        for reading in readings:
            found: dict[int, int] = defaultdict(int)
            for term in self._terms_of(reading):
                place = place_of.get(term)
                if place is not None:
                    found[place] += 1
            for place in sorted(found):
                places.append(place)
                counts.append(found[place])
            ends.append(len(places))
        columns = np.array(places, dtype=np.int32)
        idf = self.idf_[columns] if len(columns) else np.zeros(0)
        values = np.array(counts, dtype=np.float64) * idf
        row_ends = np.array(ends, dtype=np.int32)
        sizes = np.diff(row_ends)
        filled = sizes > 0
        squares = np.add.reduceat(values * idf, row_ends[:-1][filled]) if filled.any() else np.zeros(0)
        values /= np.repeat(np.sqrt(squares), sizes[filled])
        return csr_matrix((values, columns, row_ends), shape=(len(readings), len(self.terms_)))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """The terms."""
        return self.terms_.astype(object)

    def _terms_of(self, reading: Reading) -> Iterable[str]:
        return ANALYZERS[self.analyzer](reading.words, self.shortest, self.longest)

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("_place", None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "terms_" in state:
            self._place = {term: place for place, term in enumerate(self.terms_.tolist())}


class EvidenceFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Readings to one 0/1 column for each name in `EVIDENCE`."""

    def fit(self, readings: Sequence[Reading], y: Any = None, groups: Sequence[str] | None = None) -> Self:
        """Nothing is learnt."""
        return self

    def transform(self, readings: Sequence[Reading]) -> csr_matrix:
        """Shape (n_messages, len(EVIDENCE))."""
        place = {name: index for index, name in enumerate(EVIDENCE)}
        columns: list[int] = []
        ends = [0]
        for reading in readings:
            columns.extend(place[clue.name] for clue in find_evidence(reading))
            ends.append(len(columns))
        return csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(readings), len(EVIDENCE)))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """The names in `EVIDENCE`."""
        return np.array(EVIDENCE, dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return True
