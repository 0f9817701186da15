"""Training, validation and test rows that share no message, no near-copy and no template."""

import hashlib
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from legitext.links import scan
from legitext.params import Prepare
from legitext.unicode import fold, without_accents

SPLITS = ("train", "validation", "test", "left_out")
"""`left_out`: near-copies of a validation or test row, and what a cap or a role keeps out of training."""

_NOT_LETTERS = re.compile(r"[\W\d_]+")


def near_duplicate_text(text: str) -> str:
    """What is left of a text without case, digits, links, e-mail addresses and punctuation.

    >>> near_duplicate_text("Your code is 481-220: see https://a.co/x1")
    'your code is see'
    """
    folded = fold(text)
    found = scan(folded)
    for start, end in sorted([(link.start, link.end) for link in found.links] + list(found.emails), reverse=True):
        text = text[:start] + " " + text[end:]
    return " ".join(without_accents(_NOT_LETTERS.sub(" ", fold(text).text.lower())).split())


def group_of(text: str) -> str:
    """The near-duplicate group of a text: a digest of `near_duplicate_text`, or of the text itself where that leaves nothing."""
    return hashlib.sha256((near_duplicate_text(text) or text).encode("utf-8", "replace")).hexdigest()[:12]


def near_copies(texts: Sequence[str], of: Sequence[str], least: float) -> NDArray[np.bool_]:
    """For each of `texts` whether it is a near-copy of one in `of`: Jaccard index of the sets of word pairs at least `least`.

    Texts are taken as `near_duplicate_text` gives them; those of fewer than three words count only if they are equal.
    """
    known = set(of)
    copies = np.array([text in known for text in texts], dtype=bool)
    long = [index for index, text in enumerate(texts) if text.count(" ") >= 2 and not copies[index]]
    among = sorted({text for text in of if text.count(" ") >= 2})
    if long and among:
        mine, theirs = _word_pairs([texts[index] for index in long]), _word_pairs(among)
        for start in range(0, len(long), 512):
            rows = mine[start : start + 512]
            shared = (rows @ theirs.T).tocsr()
            sizes, other = np.asarray(rows.sum(axis=1)).ravel(), np.asarray(theirs.sum(axis=1)).ravel()
            union = np.repeat(sizes, np.diff(shared.indptr)) + other[shared.indices] - shared.data
            near = np.zeros(rows.shape[0], dtype=bool)
            near[np.repeat(np.arange(rows.shape[0]), np.diff(shared.indptr))[shared.data >= least * union]] = True
            copies[np.asarray(long)[start : start + 512][near]] = True
    return copies


def duplicate_groups(texts: Sequence[str], least: float) -> NDArray[np.int64]:
    """A group number for each text, so that near-copies (and copies of copies) share one. For cross-validation."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    masked = [near_duplicate_text(text) for text in texts]
    distinct = sorted(set(masked))
    place = {text: index for index, text in enumerate(distinct)}
    long = np.array([index for index, text in enumerate(distinct) if text.count(" ") >= 2])
    edges: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    if len(long):
        pairs = _word_pairs([distinct[index] for index in long])
        sizes = np.asarray(pairs.sum(axis=1)).ravel()
        for start in range(0, len(long), 512):
            shared = (pairs[start : start + 512] @ pairs.T).tocoo()
            near = shared.data >= least * (sizes[start + shared.row] + sizes[shared.col] - shared.data)
            edges.append((long[start + shared.row[near]], long[shared.col[near]]))
    rows = np.concatenate([edge[0] for edge in edges]) if edges else np.zeros(0, dtype=np.int64)
    columns = np.concatenate([edge[1] for edge in edges]) if edges else np.zeros(0, dtype=np.int64)
    graph = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(distinct), len(distinct)))
    _, component = connected_components(graph, directed=False)
    return np.array([component[place[text]] for text in masked], dtype=np.int64)


def assign_splits(table: pd.DataFrame, test_only: set[str], params: Prepare) -> pd.Series:
    """The split of each row of a message table, one of `SPLITS`.

    A row's place depends on its own group (or time) alone, so no row moves when data is added. A row near a test or validation row
    is then left out of training; it is never moved. Corrections are tested on or trained on: they are few, and each was asked for.
    """
    bucket = table["group"].map({group: bucket_of(group) for group in table["group"].unique()}).astype(float)
    split = pd.Series("train", index=table.index, dtype="object")
    split[bucket < params.test_share + params.validation_share] = "validation"
    split[bucket < params.test_share] = "test"
    split[(table["source"] == "corrections") & (split == "validation")] = "train"
    for source, day in params.test_from.items():
        timed = (table["source"] == source) & table["timestamp"].notna()
        late = timed & (table["timestamp"] >= pd.Timestamp(day))
        split[late] = "test"
        early = timed & ~late
        split[early & (split == "test")] = "train"
    split[table["source"].isin(test_only)] = "test"
    for source, cap in params.caps.items():
        training = (table["source"] == source) & (split == "train")
        keep = sorted(table.loc[training, "group"].unique(), key=bucket_of)[:cap]
        split[training & ~table["group"].isin(keep)] = "left_out"
    split[(table["source"] == "grammar") & (table["kind"] == "turn") & (split != "train")] = "left_out"  # no message by itself
    _leave_out_copies(table, split, params.near_copy)
    return split.astype("string")


def is_held_out(group: str, params: Prepare) -> bool:
    """Whether a group without a time is kept for testing or validation."""
    return bucket_of(group) < params.test_share + params.validation_share


def _leave_out_copies(table: pd.DataFrame, split: pd.Series, least: float) -> None:
    """Leave training rows out that are near-copies of test or validation rows, and validation rows that are copies of test rows.

    Messages of the grammar are kept apart by their templates; among themselves they are not compared.
    """
    masked = table["text"].map({text: near_duplicate_text(text) for text in table["text"].unique()})
    made = table["source"] == "grammar"
    for kept, cleaned in (("test", "validation"), ("test", "train"), ("validation", "train")):
        for of, texts in ((~made, ~made), (made, ~made), (~made, made)):
            rows = (split == cleaned) & texts
            against = masked[(split == kept) & of]
            if rows.any() and len(against):
                copies = near_copies(list(masked[rows]), list(against), least)
                split[rows[rows].index[copies]] = "left_out"


def bucket_of(group: str) -> float:
    """A number in [0, 1) that depends on the group's name alone."""
    return int(hashlib.sha256(f"split/{group}".encode()).hexdigest()[:13], 16) / 16**13


def _word_pairs(texts: Sequence[str]):  # type: ignore[no-untyped-def]  # scipy has no stubs
    """One row a text, one column a pair of neighbouring words (hashed), 1 where it occurs; float32 CSR."""
    from sklearn.feature_extraction.text import HashingVectorizer

    hashed = HashingVectorizer(
        analyzer="word",
        token_pattern=r"\S+",
        ngram_range=(2, 2),
        binary=True,
        norm=None,
        alternate_sign=False,
        n_features=2**22,
        dtype=np.float32,
        lowercase=False,
    )
    return hashed.transform(texts)
