import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from legitext.evidence import EVIDENCE
from legitext.features import AdditiveTfidf, EvidenceFeatures, Reader
from legitext.messages import Message
from legitext.terms import character_terms, runs_in, word_terms

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
    assert list(character_terms(["ab", "", "!"], 2, 2)) == [" a", "ab", "b "]
