"""Whatever a text and a sender hold, the verdict holds what it promises."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hostile import HOSTS, LINK_PIECES, SCHEMES, SENDERS, TAILS, WILD, WORD_PIECES, assert_promises
from legitext import Classifier, find_links
from legitext.brands import registry
from legitext.grammar import make_messages

ANY = st.characters(exclude_categories=[])


@pytest.fixture(scope="module")
def classifier():
    return Classifier.load()


@pytest.fixture(scope="module")
def real(templates):
    """Messages of the grammar, to be cut up."""
    return [one.text for one in make_messages(templates[::11], 1, 5, registry())]


def joined(pieces):
    return st.lists(pieces, min_size=1, max_size=14).flatmap(
        lambda some: st.sampled_from(["", " ", "\n"]).map(lambda between: between.join(some))
    )


LINKS = st.tuples(
    st.sampled_from([*(f"{one}://" for one in SCHEMES), "", "www.", "//"]), st.sampled_from(HOSTS), st.sampled_from(TAILS)
).map("".join)
PIECES = st.one_of(st.sampled_from(LINK_PIECES), st.sampled_from(WORD_PIECES), st.sampled_from(WILD), LINKS, st.text(ANY, max_size=6))
SENDER = st.one_of(st.sampled_from(SENDERS), st.text(ANY, max_size=20), joined(PIECES))


@settings(max_examples=250, deadline=None)
@given(st.data(), SENDER)
def test_any_text_from_any_sender_gets_a_verdict_that_holds(classifier, real, data, sender):
    text = data.draw(st.sampled_from(real))
    start, end = sorted((data.draw(st.integers(0, len(text))), data.draw(st.integers(0, len(text)))))
    hostile = data.draw(joined(PIECES))
    assert_promises(
        classifier, data.draw(st.sampled_from([text[:start] + hostile + text[end:], text[start:end] + hostile, hostile])), sender
    )


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_is_judged_and_only_links_of_the_web_are_links(classifier, scheme):
    prediction = assert_promises(classifier, f"USPS: parcel held, pay at {scheme}://usps-trk.top/a today", "+63 995 271 4822")
    assert prediction.label == "smishing"
    assert {link.scheme for link in find_links(f"see {scheme}://usps-trk.top/a")} <= {"http", "https", "ftp", None}


@pytest.mark.parametrize(
    ("unit", "count"),
    [
        *[(character, 1_000_000) for character in ("a", "\x00", "\ud800", "\u0301", "\u202e")],
        ("x.co ", 100_000),
        ("https://usps.com/a ", 2000),
        ("http:www.a.co'", 2000),
        ("([{<" * 1000 + ">}])" * 1000, 2),
        ("e" + "\u0301" * 99, 1000),
        ("\u2067אבג\u2069 usps.com ", 3000),
        ("Wells Fargo ", 5000),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_texts_as_long_as_they_may_be(classifier, unit, count):
    assert_promises(classifier, unit * count, "28777")


def test_what_runs_into_a_host_is_read_again_but_not_for_ever(monkeypatch):
    """A text of which each link gives all that follows back takes as many readings as it has links, each of what is left: too many."""
    read = []
    from legitext import links

    bounded = links._bounded
    monkeypatch.setattr(
        links, "_bounded", lambda written, brands, explicit: read.append(len(written)) or bounded(written, brands, explicit=explicit)
    )
    assert len(find_links("http:www.a.co'" * 10)) == 10
    for count in (1000, 2000):
        read.clear()
        find_links("http:www.a.co'" * count)
        assert sum(read) <= 7 * 14 * count + 20_000


def test_of_what_stands_before_an_at_no_more_is_looked_at_than_a_host_has(monkeypatch):
    asked = []
    from legitext.brands import Registry

    owner = Registry.owner
    monkeypatch.setattr(Registry, "owner", lambda self, host: asked.append(host) or owner(self, host))
    (link,) = find_links(f"http://{'a.' * 5000}usps.com@b.co")
    assert link.trick == "userinfo"
    assert max(map(len, asked)) <= 253
