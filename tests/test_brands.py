import json
import tomllib
from importlib import resources

import pytest

from legitext import brands
from legitext.brands import ASKS, registry, words_of_name
from legitext.errors import DataError
from legitext.numbers import FORMATS


def test_the_registry_knows_enough_senders():
    brands = registry()
    assert len(brands) >= 60
    assert len({brand.name for brand in brands}) == len(brands)


def test_usps_and_amazon_are_complete():
    usps, amazon = registry().by_name["usps"], registry().by_name["amazon"]
    assert {sender.id for sender in usps.senders} >= {"28777", "69975"}
    assert usps.links == "never"
    assert {"usps.com", "uspis.gov"} <= set(usps.domains)
    assert {"password", "card", "ssn", "fee"} <= set(usps.never_asks)
    assert any("spam@uspis.gov" in line for line in usps.report)
    assert "262966" in {sender.id for sender in amazon.senders}
    assert {"a.co", "amzn.to"} <= {*amazon.short_links, *amazon.domains}
    assert {"amazon_order", "amazon_tba"} <= set(amazon.numbers)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("usps.com", "USPS"),
        ("tools.usps.com", "USPS"),
        ("a.co", "Amazon"),
        ("www.amazon.co.uk", "Amazon"),
        ("pizza.com", None),
        ("usps.com-trk.top", None),
        ("notusps.com", None),
        ("com", None),
        ("", None),
    ],
)
def test_owner_matches_whole_domains(host, name):
    owner = registry().owner(host)
    assert (owner.name if owner else None) == name


def test_every_fact_is_one_of_the_known_kinds():
    for brand in registry():
        assert set(brand.never_asks) <= set(ASKS)
        assert set(brand.numbers) <= set(FORMATS)
        assert brand.report, brand.name
        assert brand.check.endswith("."), brand.name
        assert not set(brand.fakes) & {domain.split(".")[0] for domain in brand.domains}


def test_users_add_brands_of_their_own(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('[[brand]]\nname = "Lakeside Dental"\nkind = "health"\ndomains = ["lakesidedental.com"]\n')
    extended = registry().extended(file)
    assert extended.owner("book.lakesidedental.com").name == "Lakeside Dental"
    assert extended.owner("usps.com").name == "USPS"
    assert registry().owner("lakesidedental.com") is None


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('[[brand]]\nname = "A"\nkind = "shop"\ncolour = "red"\n', "unknown key 'colour'"),
        ('[[brand]]\nname = "A"\nkind = "circus"\n', "kind 'circus' is not one of"),
        ('[[brand]]\nkind = "shop"\n', "'name' must be a text"),
        ('[[brand]]\nname = "A"\nkind = "shop"\ndomains = ["https://a.com/"]\n', "not a domain"),
        ('[[brand]]\nname = "A"\nkind = "shop"\ndomains = ["usps.com"]\n', "claimed by USPS and by A"),
        ('[[brand]]\nname = "A"\nkind = "shop"\nsenders = [{id = "12345"}]\n', "needs id, purpose, source and confidence"),
        ("brand = 3", "must hold"),
        ("not toml at all [", "not TOML"),
    ],
)
def test_a_wrong_file_is_named_with_its_fault(tmp_path, content, says):
    file = tmp_path / "mine.toml"
    file.write_text(content)
    with pytest.raises(DataError, match=says):
        registry().extended(file)


def test_a_missing_file_is_named():
    with pytest.raises(DataError, match=r"cannot read nowhere\.toml"):
        registry().extended("nowhere.toml")


def test_names_are_cut_as_texts_are():
    assert words_of_name("AT&T") == ["at", "t"]
    assert words_of_name("Lowe's") == ["lowe's"]


def test_the_packaged_file_is_read_as_toml_reads_it(monkeypatch):
    text = resources.files("legitext").joinpath("brands.toml").read_text(encoding="utf-8")
    assert json.loads(brands._as_json(text)) == tomllib.loads(text)["brand"]
    monkeypatch.setattr(brands, "_as_json", lambda text: f"{text} is no JSON")
    assert registry.__wrapped__().brands == registry().brands
