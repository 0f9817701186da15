"""Caches hold no more than they may, and threads that share them get what one alone does."""

from concurrent.futures import ThreadPoolExecutor

from legitext.classifier import Classifier
from legitext.kept import LONGEST_KEPT, Kept


def test_no_more_is_kept_than_may_be_and_no_long_text():
    asked = []
    kept = Kept(lambda key: asked.append(key) or key, most=3)
    for key in ["a", "b", "a", None, "c", "x" * (LONGEST_KEPT + 1)]:
        assert kept[key] == key
        assert len(kept) <= 3
    assert asked == ["a", "b", None, "c", "x" * (LONGEST_KEPT + 1)]
    assert list(kept) == ["c"]


def test_threads_that_drive_out_what_others_need_all_get_the_same_answers(made, monkeypatch):
    texts = made["text"].tolist()[:150]
    expected = Classifier.load().predict_proba(texts)
    monkeypatch.setattr("legitext.classifier._CACHED_WORDS", 5)
    shared = Classifier.load()
    with ThreadPoolExecutor(8) as threads:
        for found in threads.map(lambda _: shared.predict_proba(texts), range(8)):
            assert (found == expected).all()
