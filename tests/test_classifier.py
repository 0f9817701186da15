import pickle
from dataclasses import replace

import numpy as np
import pytest

from legitext import LABELS, Classifier, Message, predict
from legitext.brands import registry
from legitext.classifier import verdict
from legitext.errors import InputError
from legitext.reading import read


@pytest.fixture(scope="module")
def classifier():
    return Classifier.load()


def test_a_text_gives_a_prediction_and_a_list_a_list(classifier):
    one = classifier.predict("see you at seven")
    assert one.label in LABELS
    many = classifier.predict([Message("see you at seven"), "USPS: parcel held https://usps-trk.top/a"])
    assert isinstance(many, list)
    assert many[0] == one
    assert classifier.predict([]) == []
    assert [one.label for one in classifier.predict(text for text in ("a b", "c d"))] == [
        one.label for one in classifier.predict(["a b", "c d"])
    ]


def test_probabilities_sum_to_one_and_carry_the_label(classifier):
    for text in ("hi", "FREE entry!! win £1000 now txt 80086", "Your code is 123456", "🎁" * 50, "мама мыла раму", "\ud800 lone"):
        prediction = classifier.predict(text)
        assert sum(prediction.probabilities.values()) == pytest.approx(1)
        assert list(prediction.probabilities) == list(LABELS)
        assert prediction.probability == prediction.probabilities[prediction.label]


def test_reasons_add_up_to_the_log_odds(classifier):
    for text, sender in (
        ("USPS: your parcel is held, confirm https://usps-trk.top/a", "+63 995 271 4822"),
        ("Your Google code is 123456", None),
        ("lol ok", "6145550112"),
    ):
        prediction = classifier.predict_one(text, sender)
        of = prediction.probabilities
        other = max(of["spam"], of["smishing"]) if prediction.label == "ham" else of["ham"]
        assert sum(reason.weight for reason in prediction.reasons) == pytest.approx(np.log(prediction.probability / other), abs=1e-9)
        weights = [reason.weight for reason in prediction.reasons]
        assert weights[:-1] == sorted(weights[:-1], reverse=True)
        assert prediction.reasons[-1].sentence.startswith("before anything is read")
        for reason in prediction.reasons:
            assert reason.sentence
            assert reason.span is None or 0 <= reason.span[0] < reason.span[1] <= len(text)


def test_predictions_travel_without_their_model(classifier):
    prediction = classifier.predict_one("USPS: parcel held https://usps-trk.top/a", "+63 995 271 4822")
    copy = pickle.loads(pickle.dumps(prediction))  # noqa: S301  # our own
    assert copy == prediction
    assert copy.reasons == prediction.reasons
    assert len(pickle.dumps(prediction)) < 20_000


def test_as_dict_is_ready_for_json(classifier):
    import json

    said = json.loads(json.dumps(classifier.predict("USPS: parcel held https://usps-trk.top/a").as_dict()))
    assert set(said) == {"label", "probability", "probabilities", "brand", "reasons", "evidence", "advice"}
    assert said["brand"] == "USPS"


@pytest.mark.parametrize("bad", [None, b"bytes", 7, "", "   ", "x" * 10_000_000, [None], ["ok", 3]])
def test_bad_input_is_refused_in_one_line(classifier, bad):
    with pytest.raises(InputError) as caught:
        classifier.predict(bad)
    assert "\n" not in str(caught.value)


def test_the_same_text_always_gets_the_same_answer(classifier):
    texts = [f"text {number} of many, code {number * 7919}" for number in range(50)]
    assert classifier.predict(texts) == Classifier.load().predict(texts) == classifier.predict(texts)


def test_the_word_cache_is_bounded(monkeypatch):
    monkeypatch.setattr("legitext.classifier._CACHED_WORDS", 10)
    small = Classifier.load()
    small.predict([f"abc{chr(97 + number)}def{chr(97 + number)}" for number in range(26)])
    assert len(small._known) <= 10


def test_a_classifier_that_was_pickled_judges_as_before(classifier):
    before = pickle.dumps(classifier)
    text = "USPS: your parcel is held, confirm your address https://usps-trk.top/a"
    assert pickle.loads(before).predict_one(text) == classifier.predict_one(text)  # noqa: S301
    assert pickle.dumps(classifier) == before


def test_the_packaged_model_answers():
    assert predict("USPS: your parcel is held, confirm your address https://usps-trk.top/a", sender="+63 995 271 4822").label == "smishing"
    assert predict("hey are you coming over later").label == "ham"


def test_evidence_says_what_shows_the_sender_genuine(classifier):
    prediction = classifier.predict_one("USPS 9400111206206512345675, Delivered 10/02/2025 7:35am TAMPA FL 33612", "28777")
    said = " ".join(reason.sentence for reason in prediction.evidence)
    assert "28777 is USPS's (tracking texts" in said
    assert "9400111206206512345675 passes its check digit" in said
    assert prediction.label == "ham"
    assert prediction.advice == ()
    assert classifier.predict("ok see you").evidence == ()


def test_a_brand_that_names_no_place_to_report_leaves_the_common_one(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('[[brand]]\nname = "Lakeside Dental"\nkind = "health"\ndomains = ["lakesidedental.com"]\n')
    fake = Classifier.load(brands=file).predict_one(
        "Lakeside Dental: your card was declined, pay at lakeside-dental.top/a", "+63 995 271 4822"
    )
    assert (fake.label, fake.brand) == ("smishing", "Lakeside Dental")
    assert any("7726" in line for line in fake.advice)


def test_advice_names_the_brands_own_ways(classifier):
    advice = " ".join(
        classifier.predict_one("USPS: parcel held, pay at https://usps-trk.top/a or call 213-555-0100", "+63 995 271 4822").advice
    )
    for part in ("Don't open the link", "don't call", "don't reply", "usps.com", "7726", "spam@uspis.gov"):
        assert part in advice


def test_a_users_own_brand_counts_without_training(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(
        '[[brand]]\nname = "Quillfeather"\nkind = "shop"\ndomains = ["qfgoods.example.com"]\nsenders = [{id = "77123", purpose = "orders", source = "us", confidence = "confirmed"}]\n'
    )
    text = "Quillfeather: your order is on its way. Track it: https://qfgoods.example.com/t/81"
    mine, theirs = Classifier.load(brands=file).predict_one(text, "77123"), Classifier.load().predict_one(text, "77123")
    assert mine.brand == "Quillfeather"
    assert theirs.brand is None
    assert mine.probabilities["smishing"] < theirs.probabilities["smishing"]
    assert "77123 is Quillfeather's (orders)" in [reason.sentence for reason in mine.evidence]


def test_a_table_or_a_mapping_is_not_taken_for_its_names(classifier):
    import pandas as pd

    for many in ({"text": "hello"}, pd.DataFrame({"text": ["hello"]})):
        with pytest.raises(InputError, match="expected a list of texts"):
            classifier.predict(many)
    for one in ("hello", Message("hello"), None):
        with pytest.raises(InputError, match="expected a list of texts"):
            classifier.predict_proba(one)


def test_an_explanation_is_worked_out_once(classifier, monkeypatch):
    prediction = classifier.predict("USPS: parcel held https://usps-trk.top/a")
    first = prediction.reasons
    monkeypatch.setattr(Classifier, "_scores", None)
    assert prediction.reasons is first
    assert prediction.advice


def test_a_stricter_threshold_calls_fewer_and_changes_no_probability(classifier):
    texts = [
        "USPS: your parcel is held, confirm https://usps-trk.top/a",
        "Your bill is due. Pay at example.net/pay",
        "hi",
        "Win cash now: cash.top",
    ]
    strict, catch, all_of_them = (classifier.predict(texts, threshold) for threshold in ("strict", "catch", 1e-6))
    assert [one.label for one in catch] == [one.label for one in classifier.predict(texts)]
    assert [one.probabilities for one in strict] == [one.probabilities for one in all_of_them]
    flagged = [sum(one.label != "ham" for one in given) for given in (strict, catch, all_of_them)]
    assert flagged == sorted(flagged)
    assert flagged[-1] == len(texts)
    assert Classifier.load(threshold="strict").predict(texts[0]).label == strict[0].label == predict(texts[0], threshold="strict").label


@pytest.mark.parametrize(
    "chat",
    [
        "ok see you tonight then, love you",
        "ok see you tonight then. the blue chairs are in the garage, bring two. " * 30,
        "haha no way. tell me everything tomorrow. did you eat yet? " * 30,
        "we had such a great time at the lake. " * 40,
    ],
)
def test_words_cut_off_give_no_reasons_and_the_scam_stands(classifier, chat):
    scam = "USPS: your parcel is held at our depot because the address is wrong, confirm it at https://usps-trk.top/a"
    text = f"{scam} {chat}"
    alone, padded = classifier.predict(scam), classifier.predict(text)
    assert (alone.label, padded.label) == ("smishing", "smishing")
    reading = read(Message(text), registry())
    start, end = classifier._scores(reading)[1]
    assert end - start < len(reading.words)
    words = [reason.span for reason in padded.reasons if reason.sentence.startswith(("the word", "the number", "the sign"))]
    assert words
    assert all(reading.spans[start][0] <= span[0] and span[1] <= len(scam) for span in words)
    assert not [reason for reason in padded.reasons if reason.span is not None and reason.span[1] > len(scam)]


def test_a_verdict_in_lines_says_what_speaks_for_it_and_what_else_was_likely(classifier):
    scam = classifier.predict("USPS: parcel held https://usps-trk.top/a")
    head, *lines = verdict(scam)
    assert head == f"smishing  {scam.probability:.1%}  (speaks for USPS)"
    assert lines == [f"  {reason.weight:+.2f}  {reason.sentence}" for reason in scam.reasons[:3]]
    doubtful = replace(scam, label="ham", probability=scam.probabilities["ham"])
    assert f"smishing {scam.probability:.1%} is too little for its threshold" in verdict(doubtful)[0]
    hasty = classifier.predict("see you at seven", 0.001)
    assert hasty.label != "ham"
    assert f"ham {hasty.probabilities['ham']:.1%} is likelier, but the threshold is low" in verdict(hasty)[0]
