"""What moved between two samples: nothing where nothing did, what was planted where it did, and intervals that hold."""

import importlib.util
import json
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import fisher_exact, ks_2samp, norm

from legitext import Classifier, Message
from legitext.cli import main
from legitext.drift import compare, difference_interval, fisher, moves, page, shifts
from legitext.errors import InputError
from legitext.table import as_table, messages_of, write_table

CLASSIFIER = Classifier.load()


@pytest.fixture(scope="module")
def halves(made):
    """Two samples of the same traffic: one message of each of 200 wordings, and another of each."""
    both = made[made.groupby("group")["text"].transform("size") == 2]
    wordings = both["group"].drop_duplicates().sample(200, random_state=3)
    rows = both[both["group"].isin(wordings)]
    return messages_of(rows.drop_duplicates("group")), messages_of(rows[rows.duplicated("group")])


@pytest.fixture(scope="module")
def file(tmp_path_factory, made):
    path = tmp_path_factory.mktemp("drift") / "mine.csv"
    made.iloc[:60][["text", "sender"]].to_csv(path, index=False)
    return path


def test_a_sample_does_not_differ_from_itself(halves):
    found = compare(halves[0], halves[0], CLASSIFIER)
    assert len(found.moves) > 100
    assert not found.moved
    for move in found.moves + found.calls:
        assert move.difference == 0
        assert move.low < 0 < move.high
    for shift in found.shifts:
        assert shift.value == pytest.approx(0)
        assert shift.low <= 0 <= shift.high


def test_two_samples_of_one_traffic_hardly_ever_seem_to_differ():
    rng = np.random.default_rng(5)
    said = 0
    for _ in range(300):
        shares = rng.beta(0.5, 8, 100)
        counts = [Counter({("word", str(at)): int(hits) for at, hits in enumerate(rng.binomial(size, shares))}) for size in (400, 150)]
        said += any(move.moved for move in moves(*counts, 400, 150))
    assert said <= 0.05 * 300


@pytest.mark.parametrize(
    ("kind", "item", "plant"),
    [
        ("word", "quokka", lambda one: Message(f"{one.text} quokka", one.sender)),
        ("domain", "quokka.top", lambda one: Message(f"{one.text} https://quokka.top/a", one.sender)),
        ("suffix", ".top", lambda one: Message(f"{one.text} https://quokka.top/a", one.sender)),
        ("sender", "international", lambda one: Message(one.text, "+63 995 271 4822")),
        ("evidence", "asks_gift_card", lambda one: Message(f"{one.text} steam card", one.sender)),
    ],
)
def test_what_is_planted_is_found_and_ranks_first(halves, kind, item, plant):
    reference, new = halves
    new = [plant(one) if at % 2 else one for at, one in enumerate(new)]
    found = compare(reference, new, CLASSIFIER, resamples=20)
    first = next(move for move in found.moved if move.kind == kind)
    assert first.item == item
    assert abs(first.difference) > 0.3
    assert first.low > 0
    sizes = [abs(move.difference) for move in found.moved]
    assert sizes == sorted(sizes, reverse=True)
    assert abs(first.difference) >= sizes[0] - 0.1  # what comes with it may be as large: a link, its suffix


def test_scores_that_shift_are_told_and_those_that_do_not_are_not(halves):
    reference, new = halves
    same = compare(reference, new, CLASSIFIER).shifts
    assert same[0].low < 0 < same[0].high
    assert [shift.value < shift.chance for shift in same[1:]] == [True, True]
    ham, _, smishing = np.asarray(CLASSIFIER.predict_proba([*reference, *new])).T
    scores = np.log(smishing / ham)
    rng, told = np.random.default_rng(3), np.zeros(3)
    for _ in range(40):  # samples of one traffic: one in twenty seems to differ
        some, others = np.split(rng.permutation(scores), 2)
        mean, *distances = shifts(some, others)
        told += [not mean.low < 0 < mean.high, *(shift.value > shift.chance for shift in distances)]
    assert (told <= 4).all(), told
    scam = Message("USPS: your parcel is held, confirm your address https://usps-trk.top/a", "+63 995 271 4822")
    found = compare(reference, new[:100] + [scam] * 100, CLASSIFIER)
    assert found.shifts[0].low > 0
    assert [shift.value > shift.chance for shift in found.shifts[1:]] == [True, True]
    assert found.calls[0].item == "smishing"
    assert found.calls[0].moved
    assert found.messages == (200, 200)
    assert found.wordings[1] <= 101


@pytest.mark.parametrize(("p", "q", "n", "m"), [(0.1, 0.3, 80, 60), (0.02, 0.02, 200, 100), (0.9, 0.5, 40, 200)])
def test_intervals_of_shares_hold_the_truth(p, q, n, m):
    rng = np.random.default_rng(7)
    low, high = difference_interval(rng.binomial(n, p, 4000), n, rng.binomial(m, q, 4000), m)
    assert 0.94 < ((low <= q - p) & (q - p <= high)).mean() < 0.99


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 1.0), (1.0, 1.0), (0.0, 2.0)])
def test_intervals_of_scores_hold_the_truth(mean, deviation):
    rng = np.random.default_rng(11)
    places = np.linspace(-9, 9, 5001)
    distance = np.abs(norm.cdf(places) - norm.cdf(places, mean, deviation)).max()
    held = np.zeros(3)
    for run in range(100):
        reference, new = rng.normal(size=200), rng.normal(mean, deviation, 150)
        edges = np.quantile(reference, np.arange(1, 10) / 10)
        before, after = (np.diff([0, *norm.cdf(edges, *of), 1]) for of in ((0, 1), (mean, deviation)))
        truth = (mean, distance, ((after - before) * np.log(after / before)).sum())
        held += [shift.low <= value <= shift.high for shift, value in zip(shifts(reference, new, run, 200), truth, strict=True)]
    assert (held >= 89).all(), held  # of 100; fewer than 89 where 95 are due would be chance in 1 of 100 cases


def test_figures_are_those_of_others():
    rng = np.random.default_rng(2)
    reference, new = rng.normal(size=90).round(1), rng.normal(0.4, 1, 70).round(1)
    found = shifts(reference, new, resamples=5)
    assert found[1].value == pytest.approx(ks_2samp(reference, new).statistic)
    assert found[0].value == pytest.approx(new.mean() - reference.mean())
    for hits in range(0, 21, 4):
        table = [[hits, 20 - hits], [6, 14]]
        assert fisher([hits], 20, [6], 20)[0] == pytest.approx(fisher_exact(table).pvalue)  # of equal sizes both tails are alike


def test_the_same_samples_give_the_same_figures(halves):
    assert compare(*halves, CLASSIFIER, resamples=20).as_dict() == compare(*halves, CLASSIFIER, resamples=20).as_dict()


def test_one_message_a_side_is_compared_and_none_is_not():
    found = compare([Message("hi there")], [Message("hi you, see https://usps-trk.top/a")], CLASSIFIER)
    assert not found.moved
    Tags(page(found, "a", "b"))
    with pytest.raises(InputError, match="at least one on each side"):
        compare([], [Message("hi")], CLASSIFIER)


def test_senders_that_one_side_does_not_know_are_no_difference(halves):
    reference, new = halves
    found = compare(reference, [Message(one.text) for one in new], CLASSIFIER, resamples=20)
    assert {move.item for move in found.moves if move.kind == "sender"} == {"absent"}
    assert "Only one of the samples knows senders: they are left out of both." in found.notes


class Tags(HTMLParser):
    """The tags of a page with their attributes; stops where one is closed that is not open."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.attributes, self.shown = [], Counter(), [], ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.seen[tag] += 1
        self.attributes += attributes
        if tag not in {"meta", "img"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.seen[tag] += 1
        self.attributes += attributes

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.shown += data


HOSTILE = 'USPS </td><script>alert("x")</script> & <img src=x onerror=alert(1)> $\\frac$ https://evil-\u202egro.top/<b> \x1b[2J'


def test_hostile_text_stays_text(halves):
    reference, new = halves
    found = compare(reference, [Message(f"{one.text} {HOSTILE}", one.sender) for one in new], CLASSIFIER, resamples=20)
    assert {"<", ">", "script", "onerror"} <= {move.item for move in found.moved if move.kind == "word"}
    tags = Tags(page(found, "<script>alert(2)</script>.csv", '"><img src=y>'))
    assert tags.seen["img"] == 1
    assert set(tags.seen) <= set(
        "html head meta title style body h1 h2 p ul li strong div table thead tbody tr th td bdi svg path circle img".split()
    )
    assert not [name for name, _ in tags.attributes if name.startswith("on") or name == "href"]
    assert [value[:22] for name, value in tags.attributes if name == "src"] == ["data:image/png;base64,"]
    for shown in ("<script>alert(2)</script>.csv", "<brand>", '"><img src=y>'):
        assert shown in tags.shown


def test_what_fewer_than_three_messages_hold_is_nowhere(tmp_path, capsys):
    texts = ["see you at seven"] * 20
    for name, more in (("old.csv", []), ("new.csv", ["my pin is xyzzy https://secret.top/a"] * 2 + ["plugh https://known.top/a"] * 12)):
        pd.DataFrame({"text": texts + more}).to_csv(tmp_path / name, index=False)
    files = [str(tmp_path / name) for name in ("old.csv", "new.csv")]
    assert main(["drift", *files, "--html", str(tmp_path / "page.html")]) == 0
    assert main(["drift", *files, "--json"]) == 0
    told = capsys.readouterr().out + (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "plugh" in told
    assert "known.top" in told
    assert "xyzzy" not in told
    assert "secret.top" not in told
    assert "see you" not in told


def test_the_command_compares_files_without_labels_and_finds_none_between_a_file_and_itself(file, tmp_path, capsys):
    assert main(["drift", str(file), str(file), "--html", str(tmp_path / "page.html")]) == 0
    out = capsys.readouterr().out
    assert "60 messages" in out
    assert "none of" in out
    assert "called smishing" in out
    renamed = tmp_path / "renamed.parquet"
    rows = pd.read_csv(file).rename(columns={"text": "body", "sender": "from"})
    rows.to_parquet(renamed)
    assert main(["drift", str(renamed), str(renamed), "--json", "--text-column", "body", "--sender-column", "from"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["messages"] == {"reference": 60, "new": 60}
    assert {move["item"] for move in found["moves"] if move["kind"] == "sender"} > {"short_code"}
    assert [path.name for path in tmp_path.glob("*page*")] == ["page.html"]


def test_bad_input_ends_with_one_line_and_leaves_the_page_alone(file, tmp_path, capsys):
    (tmp_path / "empty.csv").write_text("text\n", encoding="utf-8")
    (tmp_path / "blank.csv").write_text('text\nhi\n" "\n', encoding="utf-8")
    old_page = tmp_path / "page.html"
    old_page.write_text("old", encoding="utf-8")
    for arguments, says in (
        ([str(file), str(tmp_path / "no.csv")], "no.csv is not a file: name a .csv or .parquet file with a column text"),
        ([str(file), str(tmp_path / "empty.csv")], "empty.csv holds no rows"),
        ([str(file), str(tmp_path / "blank.csv")], "blank.csv, line 3: the text is empty"),
        ([str(file), str(file), "--text-column", "body"], "mine.csv: column 'body' is missing (found: text, sender)"),
        ([str(file), str(file), "--sender-column", "from"], "mine.csv: column 'from' is missing (found: text, sender)"),
        ([str(file), str(file), "--html", str(file)], "the page's name must end in .html"),
        ([str(file), str(file), "--model", "README.md"], "README.md"),
    ):
        assert main(["drift", "--html", str(old_page), *arguments]) == 2, arguments
        error = capsys.readouterr().err
        assert says in error
        assert error.count("\n") == 1
    assert old_page.read_text(encoding="utf-8") == "old"


def test_the_benchmark_compares_the_months_of_one_source(made, tmp_path, capsys):
    spec = importlib.util.spec_from_file_location("drift_benchmark", Path(__file__).parents[1] / "benchmarks/drift.py")
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    rows = made.iloc[:50].assign(timestamp=["2022-06-01"] * 30 + ["2023-02-01"] * 20, source=[benchmark.SOURCE] * 45 + ["other"] * 5)
    write_table(as_table(rows, "mine"), tmp_path / "messages.parquet")
    assert benchmark.compare_months(tmp_path / "messages.parquet", "2023-01-01", ["--json"]) == 0
    assert json.loads(capsys.readouterr().out)["messages"] == {"reference": 30, "new": 15}
