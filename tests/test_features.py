from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import hstack, vstack
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from legitext.evidence import EVIDENCE
from legitext.features import COPY, AdditiveTfidf, EvidenceFeatures, Reader, fit_columns
from legitext.messages import Message
from legitext.table import messages_of
from legitext.terms import runs_in, word_terms

TEXTS = ["your code is 123456", "your parcel is held", "code for your parcel", "ok see you"]


@pytest.fixture(scope="module")
def readings():
    return Reader().transform(TEXTS)


def test_reader_takes_messages_texts_and_tables():
    table = pd.DataFrame({"text": ["hi", "ho"], "sender": ["28777", None]})
    from_table = Reader().transform(table)
    assert [one.message for one in from_table] == [Message("hi", "28777"), Message("ho")]
    assert [one.message for one in Reader().transform(table[["text"]])] == [Message("hi"), Message("ho")]
    assert [one.message for one in Reader().transform([Message("hi", "28777"), "ho"])] == [one.message for one in from_table]


def test_values_follow_the_formula(readings):
    tfidf = AdditiveTfidf("words", 1, 2, min_messages=1).fit(readings)
    row = tfidf.transform(readings[:1]).toarray()[0]
    idf = dict(zip(tfidf.terms_.tolist(), tfidf.idf_, strict=True))
    terms = list(word_terms(readings[0].words, 1, 2))
    norm = np.sqrt(sum(idf[term] ** 2 for term in terms))
    for term, value in zip(tfidf.terms_.tolist(), row, strict=True):
        assert value == pytest.approx(terms.count(term) * idf[term] / norm, abs=1e-15)


def test_what_stands_in_one_group_alone_is_no_term():
    readings = Reader().transform(["zorblatt code", "zorblatt code now", "your code"])
    every = AdditiveTfidf("words", 1, 1, min_messages=2).fit(readings)
    assert set(every.terms_) == {"zorblatt", "code"}
    spread = AdditiveTfidf("words", 1, 1, min_messages=2, min_groups=2).fit(readings, groups=["a", "a", "b"])
    assert set(spread.terms_) == {"code"}
    assert spread.idf_[0] == every.idf_[list(every.terms_).index("code")]


def test_idf_is_the_smoothed_one(readings):
    tfidf = AdditiveTfidf("words", 1, 1, min_messages=1).fit(readings)
    idf = dict(zip(tfidf.terms_.tolist(), tfidf.idf_, strict=True))
    assert idf["your"] == pytest.approx(np.log(5 / 4) + 1, abs=1e-6)
    assert idf["held"] == pytest.approx(np.log(5 / 2) + 1, abs=1e-6)


def test_a_repeated_word_adds_its_own_square_once_more(readings):
    tfidf = AdditiveTfidf("words", 1, 1, min_messages=1).fit(readings)
    once, twice = tfidf.transform(Reader().transform(["code", "code code"])).toarray()
    column = tfidf.terms_.tolist().index("code")
    assert once[column] == pytest.approx(1)
    assert twice[column] == pytest.approx(np.sqrt(2))


def test_rare_and_unknown_terms_are_left_out(readings):
    tfidf = AdditiveTfidf("words", 1, 1, min_messages=2).fit(readings)
    assert tfidf.terms_.tolist() == ["code", "is", "parcel", "your"]
    assert tfidf.transform(Reader().transform(["nothing known", "!"])).nnz == 0


def test_unfitted_and_cloned_estimators_say_so(readings):
    fitted = AdditiveTfidf().fit(readings)
    check_is_fitted(fitted)
    with pytest.raises(NotFittedError):
        check_is_fitted(clone(fitted))
    assert clone(AdditiveTfidf("characters", 2, 5, min_messages=7)).get_params() == {
        "analyzer": "characters", "shortest": 2, "longest": 5, "min_messages": 7, "min_groups": 1,
    }  # fmt: skip


def test_fitting_again_gives_the_same(readings):
    one, two = (AdditiveTfidf("characters", 2, 5, min_messages=1).fit(readings) for _ in range(2))
    assert one.terms_.tolist() == two.terms_.tolist()
    assert (one.transform(readings) != two.transform(readings)).nnz == 0
    assert one.get_feature_names_out().shape == (one.transform(readings).shape[1],)


def test_evidence_is_one_column_a_name():
    columns = EvidenceFeatures().transform(Reader().transform(["see you at 7", "USPS: pay at https://usps-trk.top/a"]))
    assert columns.shape == (2, len(EVIDENCE))
    assert columns[0].nnz == 0
    assert set(columns[1].data) == {1.0}


def test_words_do_not_pair_over_a_gap():
    assert list(word_terms(["at", "", "now"], 1, 2)) == ["at", "now"]
    assert list(word_terms(["a", "b", "c"], 2, 3)) == ["a b", "b c", "a b c"]


def test_characters_stay_inside_their_word():
    assert runs_in("ab", 2, 3) == [" a", "ab", "b ", " ab", "ab "]
    assert runs_in("<brand>", 2, 5) == runs_in("000000", 2, 5) == runs_in("$", 2, 5) == []


def test_columns_made_in_one_pass_are_those_of_fit_and_transform(made, monkeypatch):
    """To the bit, with fewer rows at a time than there are."""
    monkeypatch.setattr("legitext.features.ROWS", 37)
    monkeypatch.setattr("legitext.features.LARGE", 3000)
    readings, groups = Reader().transform(messages_of(made[:400])), list(made["group"][:400])

    def blocks():
        return [AdditiveTfidf("words", 1, 2, min_groups=2), AdditiveTfidf("characters", 2, 4, min_groups=2), EvidenceFeatures()]

    at_once, streamed = blocks(), blocks()
    columns = list(fit_columns(streamed, iter(readings), groups))
    expected = hstack([block.fit(readings, groups=groups).transform(readings) for block in at_once]).tocsr().astype(np.float32)
    assert [block.shape[0] for block in columns] == [37] * 10 + [30]
    found = vstack(columns).tocsr()
    for part in ("data", "indices", "indptr"):
        assert (getattr(found, part) == getattr(expected, part)).all()
    for one, other in zip(at_once[:2], streamed[:2], strict=True):
        assert len(one.terms_) > 100
        assert one.terms_.tolist() == other.terms_.tolist()
        assert (one.idf_ == other.idf_).all()


def test_terms_are_counted_as_one_counts_by_hand(made):
    """Once a message and once a group, however often a word is repeated."""
    readings, groups = Reader().transform(messages_of(made[:300])), list(made["group"][:300])
    holders, spread = defaultdict(set), defaultdict(set)
    for row, (reading, group) in enumerate(zip(readings, groups, strict=True)):
        for word in reading.words:
            for term in runs_in(word, 2, 3):
                holders[term].add(row)
                spread[term].add(group)
    tfidf = AdditiveTfidf("characters", 2, 3, min_messages=3, min_groups=2).fit(readings, groups=groups)
    wanted = sorted(term for term in holders if len(holders[term]) >= 3 and len(spread[term]) >= 2)
    assert tfidf.terms_.tolist() == wanted
    assert tfidf.idf_ == pytest.approx([np.log(301 / (1 + len(holders[term]))) + 1 for term in wanted], abs=1e-6)


def test_what_stands_in_copies_makes_no_term_but_counts_for_how_common_a_term_is():
    readings = Reader().transform(["a code", "a link", "a name", "a name", "a name"])
    tfidf = AdditiveTfidf("words", 1, 1, min_messages=1, min_groups=1).fit(readings, groups=["x", "y", COPY, COPY, COPY])
    assert tfidf.terms_.tolist() == ["a", "code", "link"]
    assert tfidf.idf_[0] == pytest.approx(1)  # all five hold it
    spread = AdditiveTfidf("words", 1, 1, min_messages=2, min_groups=2).fit(readings, groups=["x", "y", "x", COPY, "y"])
    assert spread.terms_.tolist() == ["a", "name"]
    none = AdditiveTfidf("words", 1, 1, min_messages=2, min_groups=2).fit(readings, groups=["x", "y", "x", COPY, COPY])
    assert none.terms_.tolist() == ["a"]
