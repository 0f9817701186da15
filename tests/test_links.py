"""Links: what is one, where it stands, where it goes and whom it imitates."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legitext.brands import registry
from legitext.links import OPEN_HOSTS, TRICKS, Link, find_links


def only(text: str) -> Link:
    links = find_links(text)
    assert len(links) == 1, f"expected one link, got {[link.host for link in links]}"
    return links[0]


def hosts(text: str) -> list[str]:
    return [link.host for link in find_links(text)]


def ids(cases: list) -> list[str]:
    return [case if isinstance(case, str) else case[0] for case in cases]


def table(names: str, cases: list):
    return pytest.mark.parametrize(names, cases, ids=ids(cases))


# Plain links

PLAIN = [
    # text, host, registrable domain, suffix
    ("https://usps.com", "usps.com", "usps.com", "com"),
    ("http://tools.usps.com/go", "tools.usps.com", "usps.com", "com"),
    ("HTTPS://WWW.USPS.COM/", "www.usps.com", "usps.com", "com"),
    ("ftp://files.example.org/list", "files.example.org", "example.org", "org"),
    ("www.example.net", "www.example.net", "example.net", "net"),
    ("WWW.EXAMPLE.NET/A", "www.example.net", "example.net", "net"),
    ("Track it: usps.com", "usps.com", "usps.com", "com"),
    ("Visit Chase.com today", "chase.com", "chase.com", "com"),
    ("Visit CHASE.COM today", "chase.com", "chase.com", "com"),
    ("Pay at parcel-fee.top now", "parcel-fee.top", "parcel-fee.top", "top"),
    ("Pay at parcel-fee.top/a7 now", "parcel-fee.top", "parcel-fee.top", "top"),
    ("gov.uk site: www.dvla.gov.uk", "www.dvla.gov.uk", "dvla.gov.uk", "gov.uk"),
    ("news on bbc.co.uk today", "bbc.co.uk", "bbc.co.uk", "co.uk"),
    ("orders.shop.com.au/8", "orders.shop.com.au", "shop.com.au", "com.au"),
    ("https://city.kawasaki.jp/", "city.kawasaki.jp", "city.kawasaki.jp", "kawasaki.jp"),
    ("see parcel2go.delivery/fee", "parcel2go.delivery", "parcel2go.delivery", "delivery"),
    ("usps-track.live is it", "usps-track.live", "usps-track.live", "live"),
    ("refund24.online/id", "refund24.online", "refund24.online", "online"),
    ("read lemonde.fr tonight", "lemonde.fr", "lemonde.fr", "fr"),
    ("read spiegel.de tonight", "spiegel.de", "spiegel.de", "de"),
    ("https://ab.cd.ef.example.co.nz/x", "ab.cd.ef.example.co.nz", "example.co.nz", "co.nz"),
    ("https://e.co", "e.co", "e.co", "co"),
    ("https://home.so/x", "home.so", "home.so", "so"),
    ("https://bücher.de/neu", "bücher.de", "bücher.de", "de"),
    ("сайт пример.рф тут", "пример.рф", "пример.рф", "рф"),
    ("https://xn--bcher-kva.de", "bücher.de", "bücher.de", "de"),
    ("//example.com/a", "example.com", "example.com", "com"),
    ("Url:example.com/a", "example.com", "example.com", "com"),
    ("$25 gift: example.com", "example.com", "example.com", "com"),
    ("clickhttps://example.com/a", "example.com", "example.com", "com"),
    ("Track at example.com.Thanks", "example.com", "example.com", "com"),
    ("Track at https://example.com.Thanks", "example.com", "example.com", "com"),
    ("example.com...thanks", "example.com", "example.com", "com"),
    ("Track...example.com", "example.com", "example.com", "com"),
    ("see example.com—thanks", "example.com", "example.com", "com"),
]


@table(("text", "host", "domain", "suffix"), PLAIN)
def test_plain_links(text, host, domain, suffix):
    link = only(text)
    assert (link.host, link.domain, link.suffix) == (host, domain, suffix)


PARTS = [
    ("https://example.com/a/b", {"scheme": "https", "path": "/a/b", "port": None, "userinfo": None, "depth": 0}),
    ("HTTP://example.com", {"scheme": "http", "path": ""}),
    ("ftp://example.com", {"scheme": "ftp"}),
    ("example.com/a", {"scheme": None, "path": "/a"}),
    ("//example.com/a", {"scheme": None, "path": "/a"}),
    ("herehttps://example.com/a", {"scheme": "https", "path": "/a"}),
    ("https://example.com?x=1#top", {"path": "?x=1#top"}),
    ("https://example.com#top", {"path": "#top"}),
    ("https://example.com:8443/a", {"port": 8443, "path": "/a"}),
    ("example.com:8080", {"port": 8080, "host": "example.com"}),
    ("example.com:8080/a", {"port": 8080, "path": "/a"}),
    ("https://www.example.com", {"depth": 1}),
    ("https://a.b.c.example.co.uk", {"depth": 3}),
    ("https://joe:pw@example.com/a", {"userinfo": "joe:pw", "host": "example.com", "path": "/a"}),
    ("https://joe@example.com:81/a", {"userinfo": "joe", "host": "example.com", "port": 81}),
    ("https://usps.com@parcel-fee.top/a", {"userinfo": "usps.com", "host": "parcel-fee.top", "owner": None}),
    ("usps.com@parcel-fee.top/a", {"userinfo": "usps.com", "host": "parcel-fee.top", "owner": None}),
    ("https://usps.com:443@parcel-fee.top/a", {"userinfo": "usps.com:443", "host": "parcel-fee.top", "owner": None}),
    ("https://parcel-fee.top/@usps.com", {"userinfo": None, "host": "parcel-fee.top", "path": "/@usps.com", "owner": None}),
    ("https://parcel-fee.top\\@usps.com", {"host": "parcel-fee.top", "owner": None}),
    ("https://parcel-fee.top?next=https://usps.com", {"host": "parcel-fee.top", "path": "?next=https://usps.com", "owner": None}),
    ("https://parcel-fee.top#usps.com", {"host": "parcel-fee.top", "path": "#usps.com", "owner": None}),
    ("parcel-fee.top/?u=www.usps.com/a", {"host": "parcel-fee.top", "owner": None}),
    ("http://185.22.14.9/a", {"host": "185.22.14.9", "domain": "185.22.14.9", "suffix": "", "address": True, "depth": 0}),
    ("185.22.14.9/pay", {"host": "185.22.14.9", "scheme": None, "address": True}),
    ("http://185.22.14.9:8080", {"host": "185.22.14.9", "port": 8080, "address": True}),
    ("http://3105820233/a", {"host": "3105820233", "domain": "3105820233", "suffix": "", "address": True}),
    ("http://[2001:db8::9]/a", {"address": True, "suffix": "", "path": "/a"}),
    ("https://xn--bcher-kva.de/a", {"punycode": True, "host": "bücher.de"}),
    ("https://example.com", {"punycode": False, "address": False, "shortener": False, "free_host": False}),
]


@table(("text", "parts"), PARTS)
def test_parts(text, parts):
    link = only(text)
    assert {name: getattr(link, name) for name in parts} == parts


# Disguises

DISGUISED = [
    # text, host, scheme
    ("hxxp://parcel-fee.top/a", "parcel-fee.top", "http"),
    ("hxxps://parcel-fee.top/a", "parcel-fee.top", "https"),
    ("hXXps://parcel-fee.top/a", "parcel-fee.top", "https"),
    ("hxxps://parcel-fee[.]top/a", "parcel-fee.top", "https"),
    ("hxxps://www[.]parcel-fee[.]top", "www.parcel-fee.top", "https"),
    ("parcel-fee[.]top", "parcel-fee.top", None),
    ("parcel-fee(.)top/a", "parcel-fee.top", None),
    ("parcel-fee[dot]com", "parcel-fee.com", None),
    ("parcel-fee(dot)com", "parcel-fee.com", None),
    ("parcel-fee(DOT)com", "parcel-fee.com", None),
    ("parcel-fee {dot} com", "parcel-fee.com", None),
    ("parcel-fee [.] com", "parcel-fee.com", None),
    ("www(dot)parcel-fee(dot)com/a", "www.parcel-fee.com", None),
    ("go to parcel-fee . com now", "parcel-fee.com", None),
    ("go to parcel-fee .com now", "parcel-fee.com", None),
    ("go to parcel-fee . com/a now", "parcel-fee.com", None),
    ("go to parcel . co . uk/a now", "parcel.co.uk", None),
    ("ｐａｒｃｅｌ.com/a", "parcel.com", None),
    ("ｈｔｔｐｓ：／／ｐａｒｃｅｌ．ｃｏｍ／ａ", "parcel.com", "https"),
    ("parcel。com/a", "parcel.com", None),
    ("https://parcel．com", "parcel.com", "https"),
    ("ⓟⓐⓡⓒⓔⓛ.com", "parcel.com", None),
    ("𝗽𝗮𝗿𝗰𝗲𝗹.com", "parcel.com", None),
    ("par\u200bcel.com/a", "parcel.com", None),
    ("par\u00adcel.c\u2060om", "parcel.com", None),
    ("https\u200b://parcel.com", "parcel.com", "https"),
    ("https://parcel-fee.\ncom/track", "parcel-fee.com", "https"),
    ("https://parcel-fee.top/\nus/track", "parcel-fee.top", "https"),
    ("https://parcel-\nfee.top/track", "parcel-fee.top", "https"),
]


@table(("text", "host", "scheme"), DISGUISED)
def test_disguised_links(text, host, scheme):
    link = only(text)
    assert (link.host, link.scheme) == (host, scheme)


SEVERAL = [
    ("usps.com,ups.com", ["usps.com", "ups.com"]),
    ("usps.com;ups.com|fedex.com", ["usps.com", "ups.com", "fedex.com"]),
    ("usps.com or https://ups.com or www.fedex.com", ["usps.com", "ups.com", "www.fedex.com"]),
    ("https://usps.com/a https://usps.com/b", ["usps.com", "usps.com"]),
    ("https://usps.com/\nhttps://ups.com/", ["usps.com", "ups.com"]),
    ("https://usps.com/\nwww.ups.com", ["usps.com", "www.ups.com"]),
    ("https://usps.com/\nThanks", ["usps.com"]),
    ("usps.com\nups.com", ["usps.com", "ups.com"]),
    ('<a href="https://parcel-fee.top">usps.com</a>', ["parcel-fee.top", "usps.com"]),
    ("[usps.com](https://parcel-fee.top)", ["usps.com", "parcel-fee.top"]),
]


@table(("text", "expected"), SEVERAL)
def test_several_links(text, expected):
    assert hosts(text) == expected


EMAILS = [
    ("write to help@example.com", []),
    ("HELP@EXAMPLE.COM", []),
    ("mailto:help@example.com", []),
    ("joe.b+sms@mail.example.co.uk, thanks", []),
    ("help@example.com.", []),
    ("(help@example.com)", []),
    ("help@example.com or example.org", ["example.org"]),
    ("example.org,help@example.com", ["example.org"]),
    ("ｈｅｌｐ＠example.com", []),
]


@table(("text", "expected"), EMAILS)
def test_email_addresses_apart(text, expected):
    assert hosts(text) == expected


# Not links

CHAT = [
    "ok.thanks",
    "I'm home.so tired",
    "see you tmrw.be safe",
    "Hello.How are you",
    "nice.me too",
    "done.on my way",
    "yes.in a min",
    "no.it was fun",
    "lunch.at noon?",
    "Thanks.Al",
    "good.to see you",
    "got it.is he there",
    "sorry.my bad",
    "Great.Top marks",
    "love it.live music later",
    "later.today works",
    "lol.no",
    "wow.cool",
    "sure.one sec",
    "call me.my phone died",
    "wait.what.no way",
    "sorry.late.so busy",
    "ok.buy milk",
    "yeah.man that was fun",
    "lol.wtf",
    "tired.doctor said rest",
    "sure.got it",
    "see you there. me too",
    "that was us . so what",
    "loved that place. club sandwich was great",
    "call the office. info below",
    "at the gate. app says 5 min",
    "I am in.Net result is zero",
    "@jane.doe.me hi",
]
TIMES = [
    "3.50pm.Thanks",
    "Done at 3.50pm.Thanks",
    "come at 7.30.be there",
    "10.am or 6.pm",
    "6.pm.see you",
    "on 24.12.2024 at 8.15",
    "by 12.05.in the lobby",
    "24/7 and/or w/o n/a",
]
PRICES = [
    "$3.50",
    "only $9.99/mo",
    "£4.99.Thanks",
    "€1.299,00",
    "19.95.Call now",
    "Was $20.now $10",
    "5.00/ea",
    "USD 12.50.In stock",
    "10.99.to pay",
]
VERSIONS = [
    "v2.10.3",
    "iOS 17.4.1 is out",
    "version 10.0.19045.3086",
    "Python 3.11.in use",
    "Android 14.is here",
    "build 1.0.0-rc.1",
]
ABBREVIATIONS = [
    "e.g.this",
    "i.e.that",
    "etc.so",
    "Mr.Smith",
    "Mrs.Jones",
    "Dr.No",
    "St.Louis",
    "approx.in line",
    "a.k.a.my boss",
    "No.5",
    "Acme Inc.In May",
    "Ph.D. in law",
    "at 9 a.m.to noon",
    "vs.me",
]
INITIALS = ["U.S.A", "U.S.A.", "U.S.", "U.K.", "D.C.", "J.K.Rowling", "J.R.R. Tolkien", "George W.Bush", "R.I.P", "N.Y.C"]
FILES = [
    "report.pdf",
    "IMG_2041.jpg",
    "notes.txt",
    "open readme.md please",
    "run setup.py first",
    "I sent photos.zip",
    "run build.sh",
    "clip.mov",
]
ELLIPSES = ["etc...ok", "so...no", "wait..what", "hmm....me", "ok…in a bit", "well..is it", "...", "…", "a...z"]
LISTS = ["1.to get milk 2.no eggs", "1.2, 2.3, 3.4.5", "1.call mom 2.me", "Sec.2.in short", "1.1.1 and 1.1.2", "a.b.c"]
EMPTY = ["", " ", "no links here", "http://", "https:// ", "www.", "//", "[.]", "://", "code 3105820233"]

NOT_LINKS = [
    pytest.param(text, id=f"{theme}-{text}")
    for theme, texts in (
        ("chat", CHAT),
        ("time", TIMES),
        ("price", PRICES),
        ("version", VERSIONS),
        ("abbreviation", ABBREVIATIONS),
        ("initials", INITIALS),
        ("file", FILES),
        ("ellipsis", ELLIPSES),
        ("list", LISTS),
        ("empty", EMPTY),
    )
    for text in texts
]


@pytest.mark.parametrize("text", NOT_LINKS)
def test_not_links(text):
    assert hosts(text) == []


# Whose link it is

OWNERS = [
    ("usps.com", "USPS"),
    ("tools.usps.com/go", "USPS"),
    ("https://www.amazon.com/orders?u=parcel-fee.top", "Amazon"),
    ("amazon.co.uk", "Amazon"),
    ("amazon.in/a", "Amazon"),
    ("a.co/d/7", "Amazon"),
    ("amzn.to/7", "Amazon"),
    ("secure.chase.com", "Chase"),
    ("cash.app/pay", "Cash App"),
    ("id.me", "ID.me"),
    ("x.com/a", "X"),
    ("53.com", "Fifth Third"),
    ("t-mobile.com", "T-Mobile"),
    ("dmv.ca.gov", "DMV"),
    ("ｕｓｐｓ．ｃｏｍ", "USPS"),
    ("us\u200bps.com", "USPS"),
    ("USPS[.]com", "USPS"),
    ("https://usps.com:443/a", "USPS"),
    ("https://usps.com/@parcel-fee.top", "USPS"),
    ("https://usps.com.", "USPS"),
    ("notusps.com", None),
    ("usps.org", None),
    ("usps.com.parcel-fee.top", None),
    ("parcel-fee.top/usps.com", None),
    ("https://\u0430mazon.com", None),
    ("https://www.ca.gov", None),
]


@table(("link", "owner"), OWNERS)
def test_owner(link, owner):
    found = only(f"Go to {link} now").owner
    assert (found and found.name) == owner


LOOKALIKES = [
    # host, brand, why: one of these
    ("usps.com-trk.top", "USPS", "prefix"),
    ("usps.com.parcel-fee.top", "USPS", "prefix"),
    ("www.usps.com.pkg.parcel-fee.top", "USPS", "prefix"),
    ("usps.com@parcel-fee.top", "USPS", "userinfo"),
    ("usps.parcel-fee.xyz", "USPS", "subdomain"),
    ("usps-track.parcel-fee.xyz", "USPS", "subdomain|hyphen"),
    ("usps-redelivery.com", "USPS", "hyphen"),
    ("my-usps.top", "USPS", "hyphen"),
    ("uspspost.vip", "USPS", "joined|edit"),
    ("usps.top", "USPS", "joined"),
    ("ussps.com", "USPS", "fake|edit"),
    ("us-ps.com", "USPS", "fake|hyphen"),
    ("parcel-fee.top/usps/track", "USPS", "path"),
    ("ｕｓｐｓ-track.top", "USPS", "hyphen"),
    ("amazon-verify.com", "Amazon", "hyphen"),
    ("amazon.account-check.net", "Amazon", "subdomain"),
    ("amazon.com.account-check.net", "Amazon", "prefix"),
    ("amaz0n.com", "Amazon", "homoglyph|fake"),
    ("arnazon.com", "Amazon", "homoglyph|fake"),
    ("amazom.com", "Amazon", "edit|fake"),
    ("amazonn.com", "Amazon", "edit|joined"),
    ("\u0430mazon.com", "Amazon", "homoglyph"),
    ("xn--mazon-3ve.com", "Amazon", "homoglyph"),
    ("amazón.com", "Amazon", "homoglyph|edit"),
    ("ups-tracking.com", "UPS", "hyphen"),
    ("ups.com-deliver.top", "UPS", "prefix"),
    ("fedex-delivery.top", "FedEx", "hyphen"),
    ("fedex.com.parcel-fee.info", "FedEx", "prefix"),
    ("dhl-customs-fee.com", "DHL", "hyphen"),
    ("dhl.parcel-customs.top", "DHL", "subdomain"),
    ("chase-alerts.com", "Chase", "hyphen"),
    ("secure.chase.com-login.top", "Chase", "prefix"),
    ("chase.account-lock.com", "Chase", "subdomain"),
    ("bankofamerica-alert.com", "Bank of America", "hyphen"),
    ("bank-of-america-alert.com", "Bank of America", "hyphen"),
    ("bankofamerlca.com", "Bank of America", "homoglyph|fake|edit"),
    ("bankofamerics.com", "Bank of America", "edit"),
    ("wellsfargo.account-lock.top", "Wells Fargo", "subdomain"),
    ("wells-fargo-login.com", "Wells Fargo", "hyphen"),
    ("wel1sfargo.com", "Wells Fargo", "homoglyph|edit"),
    ("example-portal.net/wellsfargo/login", "Wells Fargo", "path"),
    ("capital-one-alerts.com", "Capital One", "hyphen"),
    ("paypal-support.com", "PayPal", "hyphen"),
    ("paypal.com@185.22.14.9", "PayPal", "userinfo"),
    ("paypal.com.account-check.xyz", "PayPal", "prefix"),
    ("paypa1.com", "PayPal", "homoglyph|fake"),
    ("paypaI.com", "PayPal", "homoglyph|fake"),
    ("p\u0430ypal.com", "PayPal", "homoglyph"),
    ("appleid.apple.com-signin.top", "Apple", "prefix"),
    ("apple-id-verify.com", "Apple", "hyphen"),
    ("icloud-find.com", "Apple", "hyphen"),
    ("app1e.com", "Apple", "homoglyph|fake"),
    ("xn--80ak6aa92e.com", "Apple", "homoglyph"),
    ("netflix-billing.com", "Netflix", "hyphen"),
    ("netf1ix.com", "Netflix", "homoglyph|edit"),
    ("netfilx.com", "Netflix", "edit"),
    ("g00gle.com", "Google", "homoglyph|fake"),
    ("goolge.com", "Google", "edit"),
    ("rnicrosoft.com", "Microsoft", "homoglyph|fake"),
    ("microsoft-help.info", "Microsoft", "hyphen"),
    ("facebook.com.login-check.info", "Facebook", "prefix"),
    ("t-mobile-bill.com", "T-Mobile", "hyphen"),
    ("verizom.com", "Verizon", "edit"),
    ("wlamart.com", "Walmart", "edit"),
    ("coinbase-wallet.net", "Coinbase", "hyphen"),
    ("co1nbase.com", "Coinbase", "homoglyph|fake"),
    ("irs.gov-refund.top", "IRS", "prefix"),
    ("irs.refund-status.com", "IRS", "subdomain"),
    ("ezpassny.toll-fee.top", "E-ZPass", "subdomain"),
    ("e-zpassny.com-toll.vip", "E-ZPass", "prefix"),
]


@table(("link", "brand", "tricks"), LOOKALIKES)
def test_lookalikes(link, brand, tricks):
    found = only(f"Go to https://{link} now")
    assert found.owner is None
    assert found.lookalike is not None
    assert found.lookalike.name == brand
    assert found.trick in tricks.split("|")


def test_lookalike_table_is_broad():
    assert len({brand for _, brand, _ in LOOKALIKES}) >= 12
    assert {trick for *_, tricks in LOOKALIKES for trick in tricks.split("|")} == set(TRICKS)


GENUINE = [
    "pineapple.com",
    "snapple.com",
    "applebees.com",
    "targetedhealth.org",
    "unitedway.org",
    "purchase.com",
    "steeplechase.org",
    "groups.io",
    "startups.com",
    "discovery.com",
    "deltadental.com",
    "southwestern.edu",
    "citizenlab.ca",
    "cities.org",
    "metadata.org",
    "metacritic.com",
    "snapdragon.com",
    "snapon.com",
    "temuco.cl",
    "sofitel.com",
    "thebay.com",
    "chesapeakebay.net",
    "affirmations.org",
    "spectrumhealth.org",
    "huntingtonbeachca.gov",
    "publiccharters.org",
    "seamlessgutters.com",
    "contractors.com",
    "outlookindia.com",
    "finder.com",
    "kinder.com",
    "cooking.com",
    "elle.com",
    "heinz.com",
    "trust.org",
    "apply.com",
    "abode.com",
    "horizon.com",
    "brookings.edu",
    "meta.stackexchange.com",
    "meta.wikimedia.org",
    "en.wikipedia.org",
    "github.com",
    "nytimes.com",
]


@table("host", GENUINE)
def test_genuine_hosts_are_no_lookalikes(host):
    link = only(f"Go to https://{host} now")
    assert (link.owner, link.lookalike, link.trick) == (None, None, None)


@table("link", ["https://usps.com", "tools.usps.com", "https://www.t-mobile.com", "amazon.com/usps", "https://amazon.co.uk"])
def test_official_hosts_are_no_lookalikes(link):
    assert only(link).owner is not None
    assert (only(link).lookalike, only(link).trick) == (None, None)


# Where anybody may put anything

SHORT = [
    ("bit.ly/3xY", True),
    ("https://tinyurl.com/ab1", True),
    ("is.gd/ab1", True),
    ("cutt.ly/ab1", True),
    ("rb.gy/ab1", True),
    ("t.ly/ab1", True),
    ("ow.ly/ab1", True),
    ("https://goo.gl/ab1", True),
    ("rebrand.ly/ab1", True),
    ("shorturl.at/ab1", True),
    ("https://t.co/ab1", True),
    ("https://bit.ly.parcel-fee.top/ab1", False),
    ("https://parcel-fee.top/bit.ly", False),
    ("https://rabbit.ly/ab1", False),
    ("a.co/d/ab1", False),
    ("usps.com/ab1", False),
]


@table(("link", "expected"), SHORT)
def test_shorteners(link, expected):
    assert only(f"Go to {link} now").shortener is expected


FREE = [
    ("usps-help.weebly.com", True),
    ("joe.wixsite.com/usps", True),
    ("usps.github.io", True),
    ("usps-fee.vercel.app", True),
    ("usps-fee.web.app", True),
    ("usps-fee.pages.dev", True),
    ("usps-fee.joe.workers.dev", True),
    ("usps-fee.netlify.app", True),
    ("usps-fee.herokuapp.com", True),
    ("usps-fee.blogspot.com", True),
    ("usps-fee.duckdns.org", True),
    ("sites.google.com/view/usps", True),
    ("docs.google.com/forms/d/7", True),
    ("forms.gle/7", True),
    ("linktr.ee/usps", True),
    ("usps.com", False),
    ("parcel-fee.top", False),
    ("www.google.com", False),
    ("bbc.co.uk", False),
    ("weebly.com.parcel-fee.top", False),
]


@table(("link", "expected"), FREE)
def test_free_hosts(link, expected):
    found = only(f"Go to https://{link} now")
    assert found.free_host is expected
    if expected:
        assert found.owner is None


# Spans

SPANS = [
    # text, the link as written
    ("Track: https://usps.com/a now", "https://usps.com/a"),
    ("Track usps.com.", "usps.com"),
    ("Track usps.com!!!", "usps.com"),
    ("Is it usps.com?!", "usps.com"),
    ("usps.com: track", "usps.com"),
    ("usps.com/track... ok", "usps.com/track"),
    ("usps.com/track… ok", "usps.com/track"),
    ("(usps.com)", "usps.com"),
    ("[usps.com]", "usps.com"),
    ("<https://usps.com/a>", "https://usps.com/a"),
    ("(see https://usps.com/a).", "https://usps.com/a"),
    ("'usps.com'", "usps.com"),
    ("“usps.com/a”", "usps.com/a"),
    ("‘usps.com/a’", "usps.com/a"),
    ("«usps.com/a»", "usps.com/a"),
    ("*usps.com*", "usps.com"),
    ("（usps.com/a）", "usps.com/a"),
    ("https://example.org/a_(b) ok", "https://example.org/a_(b)"),
    ("hxxps://parcel-fee[.]top/a, ok", "hxxps://parcel-fee[.]top/a"),
    ("go to parcel-fee . com now", "parcel-fee . com"),
    ("go to parcel-fee(dot)com now", "parcel-fee(dot)com"),
    ("go to //parcel-fee.top/a now", "//parcel-fee.top/a"),
    ("https://joe@example.com:81/a now", "https://joe@example.com:81/a"),
    ("to https://parcel-fee.\ncom/track now", "https://parcel-fee.\ncom/track"),
    ("https://usps.com/\nT-Mobile users too", "https://usps.com/"),
    ("📦📦 usps.com/a 👍", "usps.com/a"),
    ("👩‍👩‍👧usps.com👍", "usps.com"),
    ("Así, señor: usps.com/a", "usps.com/a"),
    ("Asi\u0301, sen\u0303or: usps.com/a", "usps.com/a"),
    ("\u200bTrack\u200b it: \u200busps.com/a\u200b now", "usps.com/a"),
    ("track us\u200bps.com/a now", "us\u200bps.com/a"),
    ("ＴＲＡＣＫ　usps.com/a", "usps.com/a"),
    ("track ｕｓｐｓ．ｃｏｍ／ａ now", "ｕｓｐｓ．ｃｏｍ／ａ"),
    ("ﬁnd it… at usps.com/a", "usps.com/a"),
    ("z̷a̷l̷g̷o̷ usps.com/a", "usps.com/a"),
]


@table(("text", "written"), SPANS)
def test_spans(text, written):
    link = only(text)
    assert text[link.start : link.end] == written


# Any text

PIECES = [
    *["http", "https", "hxxp", "ftp", ":", "//", "://", "/", "\\", "www", "www.", ".", "..", "…", "[.]", "(dot)", " . ", "。", "@", "#"],
    *[
        "?",
        "=",
        "&",
        "-",
        "_",
        "*",
        ":80",
        ":99999",
        "usps",
        "amazon",
        "paypa1",
        "com",
        "co.uk",
        "top",
        "me",
        "рф",
        "xn--",
        "xn--80ak6aa92e",
    ],
    *["1", "3.50", "185.22.14.9", "999.9.9.9", "3105820233", " ", "\n", "\r", "\t", "\x00", "\x85", "(", ")", "[", "]", "<", ">", '"', "'"],
    *["»", "📦", "é", "e\u0301", "\u200b", "\u00ad", "ｕ", "．", "／", "а", "ﬁ", "İ", "ß", "$", "%2e", "\u202e", "\u1369"],
]
ANY_TEXT = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
WORDS = st.lists(st.text(string.ascii_lowercase, min_size=1, max_size=8), min_size=1, max_size=4).map(" ".join)
OFFICIAL = [(domain, brand.name) for brand in registry() for domain in (*brand.domains, *brand.short_links) if domain not in OPEN_HOSTS]
thorough = settings(max_examples=400, deadline=None, derandomize=True)


@thorough
@given(ANY_TEXT)
def test_spans_are_inside_in_order_and_apart(text):
    end = 0
    for link in find_links(text):
        assert end <= link.start < link.end <= len(text)
        end = link.end


@thorough
@given(ANY_TEXT)
def test_links_are_whole(text):
    for link in find_links(text):
        assert link.host == link.host.lower()
        assert link.host.endswith(link.domain)
        assert link.domain.endswith(link.suffix)
        assert link.depth >= 0
        assert (link.lookalike is None) == (link.trick is None)
        assert link.trick is None or link.trick in TRICKS
        assert link.owner is None or link.lookalike is None


@thorough
@given(
    before=WORDS,
    after=WORDS,
    official=st.sampled_from(OFFICIAL),
    scheme=st.sampled_from(["https://", "http://", "HTTPS://", "hxxps://", "https://www.", "www."]),
    path=st.sampled_from(["", "/", "/track", "/a?b=c&d=e", "?q=1", ":443/a"]),
)
def test_official_link_between_words(before, after, official, scheme, path):
    domain, name = official
    text = f"{before} {scheme}{domain}{path} {after}"
    link = only(text)
    assert text[link.start : link.end] == f"{scheme}{domain}{path}"
    assert link.owner is not None
    assert link.owner.name == name


def test_every_official_domain_is_found_bare():
    assert [domain for domain, _ in OFFICIAL if hosts(f"Go to {domain} now") != [domain]] == []


def test_every_official_domain_belongs_to_its_brand():
    owners = {domain: only(f"https://{domain}/a").owner for domain, _ in OFFICIAL}
    assert [domain for domain, name in OFFICIAL if owners[domain] is None or owners[domain].name != name] == []


@pytest.mark.parametrize("piece", ["a.", "a@", "//", "[.]", "http://", "x-", ".", "a[.]", "a . ", "usps.com ", "(", ")", "\n"])
def test_hostile_text_ends(piece):
    assert isinstance(find_links(piece * 20_000), list)
    assert isinstance(find_links("https://example.com/" + piece * 20_000), list)


@pytest.mark.parametrize("piece", ["http://", "http://a.", "https://a.b/\n"])
def test_hostile_lines_end(piece):
    assert isinstance(find_links(piece * 4_000 + "\n"), list)


ODD_PORTS = [
    "https://example.com:",
    "https://example.com:0",
    "https://example.com:99999",
    "https://example.com:\u1369",
    "example.com:\u0661",
]


@pytest.mark.parametrize("text", [*ODD_PORTS, pytest.param("https://example.com:" + "1" * 5_000, id="long")])
def test_odd_ports_do_no_harm(text):
    assert isinstance(find_links(text), list)
