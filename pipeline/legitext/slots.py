"""What fills the slots of a wording: names, dates, numbers, links and senders, each drawn from a seeded generator."""

import re
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from random import Random

from legitext import numbers
from legitext.brands import Brand, Registry, words_of_name

STATES = dict(
    zip(
        [
            "AL",
            "AK",
            "AZ",
            "AR",
            "CA",
            "CO",
            "CT",
            "DE",
            "FL",
            "GA",
            "HI",
            "ID",
            "IL",
            "IN",
            "IA",
            "KS",
            "KY",
            "LA",
            "ME",
            "MD",
            "MA",
            "MI",
            "MN",
            "MS",
            "MO",
            "MT",
            "NE",
            "NV",
            "NH",
            "NJ",
            "NM",
            "NY",
            "NC",
            "ND",
            "OH",
            "OK",
            "OR",
            "PA",
            "RI",
            "SC",
            "SD",
            "TN",
            "TX",
            "UT",
            "VT",
            "VA",
            "WA",
            "WV",
            "WI",
            "WY",
        ],
        [
            "Alabama",
            "Alaska",
            "Arizona",
            "Arkansas",
            "California",
            "Colorado",
            "Connecticut",
            "Delaware",
            "Florida",
            "Georgia",
            "Hawaii",
            "Idaho",
            "Illinois",
            "Indiana",
            "Iowa",
            "Kansas",
            "Kentucky",
            "Louisiana",
            "Maine",
            "Maryland",
            "Massachusetts",
            "Michigan",
            "Minnesota",
            "Mississippi",
            "Missouri",
            "Montana",
            "Nebraska",
            "Nevada",
            "New Hampshire",
            "New Jersey",
            "New Mexico",
            "New York",
            "North Carolina",
            "North Dakota",
            "Ohio",
            "Oklahoma",
            "Oregon",
            "Pennsylvania",
            "Rhode Island",
            "South Carolina",
            "South Dakota",
            "Tennessee",
            "Texas",
            "Utah",
            "Vermont",
            "Virginia",
            "Washington",
            "West Virginia",
            "Wisconsin",
            "Wyoming",
        ],
        strict=True,
    )
)
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
STREETS = [
    "Oak",
    "Maple",
    "Main",
    "Elm",
    "Cedar",
    "Pine",
    "Lake",
    "Hill",
    "Park",
    "Washington",
    "2nd",
    "5th",
    "14th",
    "Willow",
    "Birch",
    "Church",
    "Mill",
    "River",
    "Sunset",
    "Highland",
]
AREA_CODES = [
    "201",
    "202",
    "203",
    "205",
    "206",
    "208",
    "209",
    "210",
    "212",
    "213",
    "214",
    "216",
    "217",
    "219",
    "224",
    "228",
    "231",
    "234",
    "239",
    "240",
    "251",
    "253",
    "254",
    "256",
    "260",
    "267",
    "269",
    "270",
    "276",
    "281",
    "301",
    "302",
    "303",
    "304",
    "305",
    "307",
    "308",
    "309",
    "310",
    "312",
    "313",
    "314",
    "315",
    "316",
    "317",
    "318",
    "319",
    "320",
    "321",
    "323",
    "325",
    "330",
    "331",
    "334",
    "336",
    "337",
    "339",
    "346",
    "347",
    "351",
    "352",
    "360",
    "361",
    "385",
    "386",
    "401",
    "402",
    "404",
    "405",
    "406",
    "407",
    "408",
    "409",
    "410",
    "412",
    "413",
    "414",
    "415",
    "417",
    "419",
    "423",
    "424",
    "425",
    "430",
    "432",
    "434",
    "435",
    "440",
    "443",
    "458",
    "469",
    "470",
    "475",
    "478",
    "479",
    "480",
    "484",
    "501",
    "502",
    "503",
    "504",
    "505",
    "507",
    "508",
    "509",
    "510",
    "512",
    "513",
    "515",
    "516",
    "517",
    "518",
    "520",
    "530",
    "531",
    "539",
    "540",
    "541",
    "551",
    "559",
    "561",
    "562",
    "563",
    "567",
    "570",
    "571",
    "573",
    "574",
    "575",
    "580",
    "585",
    "586",
    "601",
    "602",
    "603",
    "605",
    "606",
    "607",
    "608",
    "609",
    "610",
    "612",
    "614",
    "615",
    "616",
    "617",
    "618",
    "619",
    "620",
    "623",
    "626",
    "628",
    "629",
    "630",
    "631",
    "636",
    "641",
    "646",
    "650",
    "651",
    "657",
    "660",
    "661",
    "662",
    "667",
    "678",
    "681",
    "682",
    "701",
    "702",
    "703",
    "704",
    "706",
    "707",
    "708",
    "712",
    "713",
    "714",
    "715",
    "716",
    "717",
    "718",
    "719",
    "720",
    "724",
    "725",
    "727",
    "731",
    "732",
    "734",
    "737",
    "740",
    "743",
    "747",
    "754",
    "757",
    "760",
    "762",
    "763",
    "765",
    "769",
    "770",
    "772",
    "773",
    "774",
    "775",
    "779",
    "781",
    "785",
    "786",
    "801",
    "802",
    "803",
    "804",
    "805",
    "806",
    "808",
    "810",
    "812",
    "813",
    "814",
    "815",
    "816",
    "817",
    "818",
    "828",
    "830",
    "831",
    "832",
    "843",
    "845",
    "847",
    "848",
    "850",
    "856",
    "857",
    "858",
    "859",
    "860",
    "862",
    "863",
    "864",
    "865",
    "870",
    "872",
    "878",
    "901",
    "903",
    "904",
    "906",
    "907",
    "908",
    "909",
    "910",
    "912",
    "913",
    "914",
    "915",
    "916",
    "917",
    "918",
    "919",
    "920",
    "925",
    "928",
    "929",
    "930",
    "931",
    "934",
    "936",
    "937",
    "938",
    "940",
    "941",
    "947",
    "949",
    "951",
    "952",
    "954",
    "956",
    "959",
    "970",
    "971",
    "972",
    "973",
    "978",
    "979",
    "980",
    "984",
    "985",
    "989",
]
ITEMS = [
    "Anker USB-C Charger 65W",
    "Bounty Paper Towels, 12 Rolls",
    "LEGO City Police Car",
    "Ninja Air Fryer 4 Qt",
    "Levi's 505 Jeans",
    "Hydro Flask 32oz",
    "AA Batteries, 48 Count",
    "Instant Pot Duo 6 Quart",
    "Dog Bed, Large, Gray",
    "Yoga Mat 6mm",
    "HDMI Cable 10 ft",
    "Kindle Paperwhite",
    "Pampers Size 4",
    "Running Shoes, Men's 10",
    "Coffee Beans Dark Roast 2lb",
    "Phone Case for iPhone 15",
    "LED Strip Lights 50ft",
    "Cat Litter 40 lb",
    "Desk Lamp",
    "Wireless Mouse",
    "Bluetooth Speaker",
    "Water Filter 3-Pack",
    "Winter Jacket",
    "Garden Hose 50 ft",
    "Board Game",
    "Tool Set, 40-Piece",
    "Sheet Set Queen",
    "Vitamin D3 5000 IU",
    "Toner Cartridge",
    "Backpack 30L",
    "Baby Monitor",
    "Office Chair",
    "Throw Pillows (Set of 2)",
    "Monitor Arm",
    "Notebook 3-Pack",
]
DISHES = [
    "pad thai",
    "pepperoni pizza",
    "2 burritos",
    "chicken tikka",
    "poke bowl",
    "lo mein",
    "wings combo",
    "veggie ramen",
    "carne asada tacos",
    "turkey club",
    "large fries",
    "caesar salad",
    "pho",
    "gyro plate",
]
MERCHANTS = [
    "TARGET T-0482",
    "SHELL OIL",
    "WAL-MART #2214",
    "STARBUCKS STORE 0911",
    "SQ *BLUE DOOR CAFE",
    "AMZN Mktp US",
    "UBER TRIP",
    "KROGER 318",
    "DELTA AIR",
    "CVS/PHARM",
    "PAYPAL *EBAY",
    "NETFLIX.COM",
    "COSTCO WHSE",
    "HOME DEPOT 6610",
    "MCDONALD'S F1120",
    "LYFT RIDE",
    "BEST BUY 00112",
    "CHEVRON 0203",
    "TST* LA COCINA",
    "APPLE.COM/BILL",
    "Kwik Trip",
    "Publix",
    "Trader Joe's",
    "Walgreens",
    "Old Navy",
    "Chipotle",
    "Sephora",
    "AutoZone",
    "PETCO",
    "7-ELEVEN",
]
MEDICINES = [
    "Lisinopril",
    "Metformin",
    "Atorvastatin",
    "Amoxicillin",
    "Levothyroxine",
    "Albuterol",
    "Omeprazole",
    "Sertraline",
    "Rx ending 42",
    "Gabapentin",
]
DEVICES = [
    "Chrome on Windows",
    "Safari on iPhone",
    "iPhone 14",
    "Firefox on Mac",
    "Pixel 8",
    "Samsung Galaxy S23",
    "iPad Air",
    "Edge on Windows 11",
    "Chrome on Android",
    "a new Windows PC",
    "MacBook Pro",
    "Fire TV Stick",
]
CARRIERS = ("UPS", "FedEx", "USPS", "DHL")
NATURE = [
    "Lake",
    "Cedar",
    "River",
    "Summit",
    "Harbor",
    "Valley",
    "Prairie",
    "Heritage",
    "Liberty",
    "Pioneer",
    "Golden",
    "Silver",
    "Blue",
    "Red",
    "Green",
    "Bright",
    "Sunrise",
    "Evergreen",
    "Maple",
    "Oak",
    "Pine",
    "Stone",
    "Granite",
    "Coastal",
    "Mountain",
    "North",
    "South",
    "East",
    "West",
    "Central",
    "Union",
    "First",
    "Community",
    "Family",
    "Peoples",
    "Premier",
    "Royal",
    "Grand",
    "Little",
    "Happy",
    "Urban",
    "Rustic",
    "Modern",
    "Twin",
    "Copper",
    "Iron",
    "Crescent",
    "Juniper",
    "Magnolia",
    "Willow",
    "Hudson",
    "Lincoln",
    "Jefferson",
    "Franklin",
    "Madison",
]
SORTS: dict[str, tuple[str, ...]] = {
    "bank": ("Credit Union", "FCU", "Bank", "Community Bank", "Savings Bank", "CU", "Federal Credit Union", "Bank & Trust"),
    "shop": (
        "Outfitters",
        "Boutique",
        "Home",
        "Goods",
        "Supply Co",
        "Books",
        "Pets",
        "Vape",
        "Furniture",
        "Shoes",
        "Jewelers",
        "Toys",
        "Co",
    ),
    "clinic": (
        "Dental",
        "Family Medicine",
        "Pediatrics",
        "Eye Care",
        "Vet Clinic",
        "Dermatology",
        "Health",
        "Orthopedics",
        "Animal Hospital",
        "Medical Group",
        "Physical Therapy",
    ),
    "pharmacy": ("Pharmacy", "Drug", "Rx", "Apothecary", "Drugstore"),
    "restaurant": ("Grill", "Pizza", "Cafe", "Tacos", "Bistro", "Kitchen", "BBQ", "Sushi", "Diner", "Brewing", "Coffee"),
    "app": ("ly", "app", "Pay", "Chat", "Hub", "Loop", "Wallet", "Box", "io", "Go", "Fit", "Play", "Meet", ""),
    "utility": ("Power", "Electric", "Energy", "Gas", "Water", "Electric Co-op", "Utilities", "PUD", "Power & Light"),
    "telecom": ("Wireless", "Mobile", "Fiber", "Broadband", "Cable", "Telecom", "Internet"),
    "school": ("Elementary", "High School", "ISD", "Middle School", "Public Schools", "Academy", "Unified", "College", "University"),
    "church": ("Church", "Chapel", "Baptist Church", "Lutheran", "Fellowship", "Temple", "Methodist", "Parish"),
    "hotel": ("Inn", "Hotel", "Suites", "Lodge", "Resort", "Motel"),
    "garage": ("Auto", "Tire", "Motors", "Ford", "Toyota", "Auto Repair", "Honda", "Collision", "Lube"),
    "salon": ("Salon", "Hair", "Spa", "Nails", "Barbershop", "Beauty Bar", "Lash Studio"),
    "gym": ("Fitness", "Yoga", "CrossFit", "Pilates", "Gym", "Cycle", "Dance Studio", "Martial Arts"),
    "town": ("County", "City", "Township", "Village"),
    "court": ("County Court", "Municipal Court", "Superior Court", "District Court", "Circuit Court"),
    "toll": ("Tollway", "Toll Pass", "Turnpike", "Express Lanes", "Bridge Toll"),
    "charity": ("Food Bank", "Foundation", "Rescue", "Blood Center", "Relief Fund", "Shelter", "Habitat"),
    "campaign": ("for Congress", "for Senate", "for Mayor", "for Governor", "for School Board", "for State House"),
    "employer": ("Staffing", "Logistics", "Foods", "Health System", "Hospitality", "Security", "Warehouse", "Home Care"),
    "company": (
        "Insurance",
        "Realty",
        "Plumbing",
        "Heating & Air",
        "Storage",
        "Solar",
        "Mortgage",
        "Cleaning",
        "Roofing",
        "Law",
        "Rentals",
        "Tax Service",
        "Movers",
        "Pest Control",
        "Lawn Care",
        "Title",
    ),
}
"""The sorts of invented senders, with the words their names end in."""

_SUFFIX_OF_SORT = {"bank": ["com", "org", "com", "net"], "town": ["gov", "us", "org", "com"], "court": ["gov", "us", "org"], "school": ["org", "edu", "net", "com"],
                   "church": ["org", "com", "church"], "charity": ["org", "org", "com"], "campaign": ["com", "org", "us"], "app": ["com", "io", "app", "co", "me"],
                   "toll": ["com", "org", "gov"]}  # fmt: skip
_SUFFIXES = ["com"] * 30 + ["net", "co", "us", "biz"] * 5 + ["shop", "info", "live", "online", "store"]
"""Of invented senders in general; some honest ones have what fakes like."""

_SHORTENERS = (
    "bit.ly",
    "bit.ly",
    "tinyurl.com",
    "ow.ly",
    "rb.gy",
    "t.ly",
    "is.gd",
    "cutt.ly",
    "tiny.cc",
    "shorturl.at",
    "rebrand.ly",
    "buff.ly",
)
_PATH_WORDS = [
    "track",
    "orders",
    "account",
    "pay",
    "appt",
    "s",
    "r",
    "t",
    "help",
    "offers",
    "view",
    "schedule",
    "my",
    "go",
    "book",
    "status",
    "menu",
    "app",
    "review",
    "portal",
    "confirm",
    "info",
    "l",
    "secure",
    "login",
    "verify",
]
_FAKE_WORDS = [
    "trk",
    "track",
    "parcel",
    "pkg",
    "delivery",
    "redelivery",
    "post",
    "help",
    "support",
    "secure",
    "verify",
    "login",
    "account",
    "acct",
    "id",
    "alert",
    "service",
    "center",
    "update",
    "pay",
    "bill",
    "claim",
    "us",
    "usa",
    "cs",
    "info",
    "my",
    "m",
    "portal",
    "notice",
    "auth",
]
_FAKE_SUFFIXES = (["com"] * 30 + ["top"] * 14 + ["info"] * 10 + ["xyz"] * 6 + ["us"] * 6 + ["shop"] * 5 + ["site"] * 4 + ["online"] * 4 + ["cc"] * 4
                  + ["vip", "live", "icu", "in", "gy", "club", "net", "net", "org", "co", "ly", "life", "click", "link", "app", "me", "world", "ru", "cn", "tk"])  # fmt: skip
_FREE = ("web.app", "weebly.com", "softr.app", "pages.dev", "netlify.app", "vercel.app", "github.io", "onlinehome.us", "wixsite.com", "duckdns.org",
         "firebaseapp.com", "blogspot.com", "myshopify.com", "square.site", "godaddysites.com", "workers.dev")  # fmt: skip
_COUNTRY_PREFIXES = ("+44", "+63", "+60", "+66", "+62", "+63", "+44", "+91", "+234", "+86", "+33", "+84", "+852", "+212", "+27", "+229")
_MAIL_HOSTS = ("gmail.com", "outlook.com", "hotmail.com", "icloud.com", "yahoo.com", "aol.com", "qq.com", "proton.me", "mail.ru", "gmx.com")


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks in a message, or who is imitated: a brand of the registry, a real name not in it, or an invented one."""

    name: str
    domain: str
    brand: Brand | None = None
    sort: str = ""


@dataclass(slots=True)
class Context:
    """One message in the making: its generators, its speaker, and the values that its slots have taken."""

    random: Random
    """For values and senders."""

    choices: Random
    """For the alternatives of the wording."""

    seed: str
    registry: Registry
    speaker: Speaker | None
    genuine: bool = True
    year: int = 2026
    values: dict[str, str] = field(default_factory=dict)


@lru_cache(maxsize=1)
def _pools() -> dict[str, tuple[str, ...]]:
    """Names of people and places, drawn once by Faker from a fixed seed."""
    from faker import Faker

    fake = Faker("en_US")
    fake.seed_instance(20240229)
    return {
        "first": tuple(dict.fromkeys(fake.first_name() for _ in range(1500))),
        "last": tuple(dict.fromkeys(fake.last_name() for _ in range(2000))),
        "city": tuple(dict.fromkeys(fake.city() for _ in range(2000))),
    }


def invent(sort: str, rng: Random) -> Speaker:
    """An invented sender of one of `SORTS`, with a domain of its own."""
    pools = _pools()
    ending = rng.choice(SORTS[sort])
    draw = rng.random()
    if sort == "app":
        stem = "".join(
            rng.choice(("zi", "lo", "ve", "ra", "ko", "mi", "ta", "no", "fle", "bri", "qua", "dou", "sna", "plu", "wa", "ny"))
            for _ in range(rng.randint(2, 3))
        )
        name = stem.capitalize() + ending if rng.random() < 0.7 else f"{stem.capitalize()} {ending}".strip()
    elif sort == "campaign":
        name = f"{rng.choice(pools['first'])} {rng.choice(pools['last'])} {ending}"
    elif sort == "town":
        name = f"City of {rng.choice(pools['city'])}" if ending == "City" else f"{rng.choice(pools['last'])} {ending}"
    elif draw < 0.35:
        name = f"{rng.choice(NATURE)} {rng.choice(('Creek', 'Ridge', 'Park', 'Point', 'Street', 'Hill', 'View', 'Grove', 'Star', 'Bay'))} {ending}"
    elif draw < 0.6:
        name = f"{rng.choice(pools['city'])} {ending}"
    elif draw < 0.85:
        name = f"{rng.choice(pools['last'])}{rng.choice((chr(39) + 's', '', '', ' & Sons', ' Family'))} {ending}"
    else:
        name = f"{rng.choice(NATURE)} {ending}"
    return Speaker(name, _own_domain(name, sort, rng), sort=sort)


def _own_domain(name: str, sort: str, rng: Random) -> str:
    words = words_of_name(name.replace("'", "").replace("&", " and " if rng.random() < 0.5 else " "))
    if len(words) > 2 and rng.random() < 0.25:
        words = words[:2]
    if len(words) > 2 and rng.random() < 0.15:
        words = ["".join(word[0] for word in words[:-1]), words[-1]]
    label = ("-" if rng.random() < 0.08 else "").join(words) or "text"
    return f"{label[:40]}.{rng.choice(_SUFFIX_OF_SORT.get(sort, _SUFFIXES))}"


def speaker_named(name: str, registry: Registry, rng: Random) -> Speaker:
    """The speaker that a template's `brands` entry stands for: `~sort` invents one."""
    if name.startswith("~"):
        return invent(name[1:], rng)
    brand = registry.by_name.get(name.casefold())
    if brand is not None and brand.domains:
        return Speaker(brand.name, brand.domains[0], brand)
    return Speaker(name, re.sub(r"[^a-z0-9-]", "", "".join(words_of_name(name))) + ".com", brand)


def _digits(rng: Random, size: int) -> str:
    return "".join(rng.choice(string.digits) for _ in range(size))


def _token(rng: Random, size: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(rng.choice(alphabet) for _ in range(size))


def _money(rng: Random, low: float, high: float) -> str:
    return f"${low * (high / low) ** rng.random():,.2f}"


def _day(context: Context) -> tuple[int, int, int, str]:
    """Year, month, day and weekday of a day in the message's year."""
    day = date(context.year, 1, 1) + timedelta(days=context.random.randrange(365))
    return day.year, day.month, day.day, WEEKDAYS[day.weekday()]


def _date(form: str) -> Callable[[Context], str]:
    def draw(context: Context) -> str:
        rng = context.random
        year, month, day, weekday = _day(context)
        chosen = rng.choice(("mdy", "md", "short", "dow", "long", "iso", "full")) if form == "any" else form
        name = MONTHS[month - 1]
        return {
            "mdy": f"{month:02}/{day:02}/{year}",
            "md": f"{month}/{day}",
            "short": f"{name[:3]} {day}",
            "dow": f"{weekday[:3]}, {name[:3]} {day}",
            "long": f"{weekday}, {name} {day}",
            "iso": f"{year}-{month:02}-{day:02}",
            "full": f"{name} {day}, {year}",
        }[chosen]

    return draw


def _phone_digits(rng: Random) -> tuple[str, str, str]:
    return rng.choice(AREA_CODES), str(rng.randint(200, 999)), _digits(rng, 4)


def _written_phone(parts: tuple[str, str, str], rng: Random) -> str:
    area, exchange, line = parts
    return rng.choice((f"{area}-{exchange}-{line}", f"({area}) {exchange}-{line}", f"{area}{exchange}{line}", f"{area}.{exchange}.{line}",
                       f"1-{area}-{exchange}-{line}", f"{area}-{exchange}-{line}"))  # fmt: skip


def _phone(context: Context) -> str:
    return _written_phone(_phone_digits(context.random), context.random)


def _toll_free_phone(context: Context) -> str:
    rng = context.random
    return _written_phone((rng.choice(("800", "888", "877", "866", "855", "844", "833")), str(rng.randint(200, 999)), _digits(rng, 4)), rng)


def _usps_tracking(context: Context) -> str:
    rng = context.random
    body = rng.choice(("9400", "9405", "9205", "9361", "9341", "9274", "9500")) + _digits(rng, 17)
    number = body + str(numbers.mod10(body))
    return number if rng.random() < 0.85 else " ".join(number[index : index + 4] for index in range(0, 22, 4))


def _ups_tracking(context: Context) -> str:
    body = _token(context.random, 6, string.ascii_uppercase + string.digits) + _digits(context.random, 9)
    return f"1Z{body}{numbers.ups(body)}"


def _fedex_tracking(context: Context) -> str:
    body = _digits(context.random, 11)
    return body + str(numbers.fedex(body))


def _dhl_tracking(context: Context) -> str:
    body = _digits(context.random, 9)
    return body + str(numbers.dhl(body))


def _link(context: Context, *, scheme: bool = True) -> str:
    """A link of the speaker's own."""
    rng = context.random
    speaker = context.speaker or invent("shop", rng)
    if rng.random() < (0.03 if speaker.brand is not None else 0.14):
        return _vendor_link(rng, scheme=scheme)
    start = rng.choice(("https://", "https://", "https://", "http://", "", "www.")) if scheme else ""
    brand = speaker.brand
    if brand is not None and brand.short_links and rng.random() < 0.45:
        return f"{start.replace('www.', 'https://')}{rng.choice(brand.short_links)}/{_token(rng, rng.randint(6, 9))}"
    domain = rng.choice(brand.domains[:3]) if brand is not None and brand.domains and rng.random() < 0.3 else speaker.domain
    sub = (
        rng.choice(("", "", "", "www.", "m.", "my.", "go.", "t.", "account.", "app.", "secure.", "pay.", "info."))
        if not start.endswith("www.")
        else ""
    )
    if domain.count(".") > 1:
        sub = ""
    return f"{start}{sub}{domain}{_path(rng)}"


def _vendor_link(rng: Random, *, scheme: bool) -> str:
    """A link over the short domain of a firm that sends texts for others: it tells nothing of the speaker."""
    if rng.random() < 0.5:
        host = f"{_token(rng, rng.randint(2, 5), string.ascii_lowercase)}.{rng.choice(('co', 'us', 'io', 'me', 'link', 'ly', 'to', 'vc', 'im', 'com'))}"
    else:
        host = f"{rng.choice(_VENDOR_WORDS)}{rng.choice(_VENDOR_ENDS)}.{rng.choice(('com', 'com', 'co', 'io', 'net', 'me', 'app', 'link'))}"
    path = "/".join(_token(rng, rng.randint(1, 8)) for _ in range(rng.choice((1, 1, 1, 2))))
    return f"{rng.choice(('https://', 'https://', 'http://', '')) if scheme else ''}{host}/{path}"


_VENDOR_WORDS = (
    "text",
    "txt",
    "msg",
    "sms",
    "reply",
    "book",
    "appt",
    "pay",
    "go",
    "chk",
    "deal",
    "shop",
    "care",
    "send",
    "click",
    "visit",
    "form",
    "sign",
    "meet",
    "order",
)
_VENDOR_ENDS = ("ly", "hub", "link", "now", "well", "pro", "desk", "loop", "wave", "it", "flow", "point", "stack", "dash")


def _path(rng: Random) -> str:
    draw = rng.random()
    if draw < 0.2:
        return ""
    if draw < 0.45:
        return f"/{rng.choice(_PATH_WORDS)}"
    if draw < 0.7:
        return f"/{_token(rng, rng.randint(4, 10))}"
    if draw < 0.9:
        return f"/{rng.choice(_PATH_WORDS)}/{_token(rng, rng.randint(4, 14))}"
    return f"/{rng.choice(_PATH_WORDS)}?{rng.choice(('id', 't', 'c', 'ref', 'n'))}={_digits(rng, rng.randint(4, 12))}"


def _short_link(context: Context) -> str:
    rng = context.random
    return f"{rng.choice(('https://', 'https://', '', 'http://'))}{rng.choice(_SHORTENERS)}/{_token(rng, rng.randint(5, 8))}"


def _plain_fake_host(rng: Random) -> str:
    draw = rng.random()
    suffix = rng.choice(_FAKE_SUFFIXES)
    if draw < 0.4:
        return f"{_token(rng, rng.randint(4, 7), string.ascii_lowercase + string.digits * (rng.random() < 0.5))}.{suffix}"
    if draw < 0.75:
        words = [rng.choice(_FAKE_WORDS + [word.lower() for word in NATURE]) for _ in range(2)]
        return f"{rng.choice(('', '-')).join(words)}.{suffix}"
    if draw < 0.9:
        pools = _pools()
        return f"{rng.choice(pools['last']).lower()}{rng.choice(('design', 'law', 'studio', 'garden', 'photo', 'travel', 'shop', ''))}.{rng.choice(('com', 'com.br', 'co.uk', 'in', 'com.ng', 'net', 'org', 'de'))}"
    return f"{_token(rng, 6, string.ascii_lowercase)}.{_token(rng, 4, string.ascii_lowercase)}.{suffix}"


_TRICKS: Sequence[tuple[float, str]] = (
    (0.16, "{token}-{word}.{suffix}"),
    (0.08, "{word}-{token}.{suffix}"),
    (0.08, "{token}{word}.{suffix}"),
    (0.05, "{word}{token}.{suffix}"),
    (0.13, "{official}-{tail}.{suffix}"),
    (0.03, "{official}.{plain}"),
    (0.04, "{token}.{plain}"),
    (0.06, "{near}.{suffix}"),
    (0.03, "{near}-{word}.{suffix}"),
    (0.02, "{official}@{plain}"),
    (0.05, "{token}-{word}.{free}"),
    (0.02, "{plain}/{token}"),
)
"""How a fake host imitates, with the share of all fake links; the rest is unrelated."""


def _fake_host(context: Context) -> str:
    rng = context.random
    speaker = context.speaker
    draw = rng.random()
    if speaker is None or (speaker.name == "Amazon" and draw > 0.12):
        return _unrelated(rng)
    draw = rng.random()
    label = speaker.domain.split(".")[0]
    token = label if speaker.brand is not None or rng.random() < 0.6 else (words_of_name(speaker.name) or ["my"])[0]
    near = rng.choice(speaker.brand.fakes) if speaker.brand is not None and speaker.brand.fakes else _misspelt(token, rng)
    for share, form in _TRICKS:
        draw -= share
        if draw < 0:
            return form.format(token=token, word=rng.choice(_FAKE_WORDS), suffix=rng.choice(_FAKE_SUFFIXES), official=speaker.domain, near=near,
                               tail=_token(rng, rng.randint(2, 5), string.ascii_lowercase), plain=_plain_fake_host(rng), free=rng.choice(_FREE))  # fmt: skip
    return _unrelated(rng)


def _unrelated(rng: Random) -> str:
    draw = rng.random()
    if draw < 0.12:
        return f"{rng.choice(_SHORTENERS)}/{_token(rng, rng.randint(5, 8))}"
    if draw < 0.22:
        return f"{_token(rng, rng.randint(5, 10), string.ascii_lowercase)}.{rng.choice(_FREE)}"
    if draw < 0.23:
        return ".".join(str(rng.randint(11, 223)) for _ in range(4)) + "/x"
    return _plain_fake_host(rng)


def _misspelt(word: str, rng: Random) -> str:
    if len(word) < 3:
        return word + word
    place = rng.randrange(1, len(word))
    return rng.choice((word[:place] + word[place - 1] + word[place:], word[:place] + word[place + 1 :], word[:place] + rng.choice(string.ascii_lowercase) + word[place + 1 :],
                       word.replace("o", "0", 1).replace("l", "1", 1)))  # fmt: skip


def _dressed(host: str, rng: Random) -> str:
    path = "" if "/" in host else _path(rng)
    start = rng.choices(("https://", "http://", "", "hxxps://", "//", "www."), (66, 8, 22, 1, 0.5, 2.5))[0]
    if not start and rng.random() < 0.04:
        host = host.replace(".", rng.choice((" . ", "[.]", "(.)")), 1)
    return f"{start}{host}{path}"


def _fake_link(context: Context) -> str:
    return _dressed(_fake_host(context), context.random)


def _fake_link_plain(context: Context) -> str:
    return _dressed(_unrelated(context.random), context.random)


def _fake_email(context: Context) -> str:
    rng = context.random
    draw = rng.random()
    label = context.speaker.domain.split(".")[0] if context.speaker is not None else "info"
    if draw < 0.5:
        local = _token(rng, rng.randint(6, 14), string.ascii_lowercase) + _digits(rng, rng.choice((0, 2, 3, 4)))
    elif draw < 0.75:
        local = f"{label}-{rng.choice(_FAKE_WORDS)}-{_token(rng, 8, string.ascii_lowercase + string.digits)}"
    else:
        pools = _pools()
        local = f"{rng.choice(pools['first'])}{rng.choice(pools['last'])}{_digits(rng, rng.randint(0, 5))}".lower()
    host = rng.choice(_MAIL_HOSTS) if rng.random() < 0.8 else _plain_fake_host(rng)
    return f"{local}@{host}"


def _own_email(context: Context) -> str:
    """The address of a firm, or of a person if nobody else speaks."""
    rng = context.random
    if context.speaker is not None:
        return f"{rng.choice(('info', 'noreply', 'alerts', 'hello', 'support', 'notify'))}@{context.speaker.domain}"
    pools = _pools()
    return f"{rng.choice(pools['first'])}{rng.choice(('.', '', '_'))}{rng.choice(pools['last'])}{rng.choice(('', '', rng.randint(1, 99)))}@{rng.choice(_MAIL_HOSTS[:6])}".lower()


def _code(size: int) -> Callable[[Context], str]:
    return lambda context: _digits(context.random, size)


def _account(context: Context) -> str:
    last = _digits(context.random, 4)
    return context.random.choice(
        (f"*{last}", f"x{last}", f"...{last}", f"ending in {last}", f"ending {last}", f"XXXX{last}", last, f"(...{last})")
    )


def _clock(form: str) -> Callable[[Context], str]:
    def draw(context: Context) -> str:
        hour, minute, half = (
            context.random.randint(1, 12),
            context.random.choice((0, 0, 15, 30, 45, context.random.randint(0, 59))),
            context.random.choice("ap"),
        )
        return {"plain": f"{hour}:{minute:02}{half}m", "caps": f"{hour}:{minute:02} {half.upper()}M", "hour": f"{hour}{half.upper()}M"}[
            form
        ]

    return draw


def _window(context: Context) -> str:
    start = context.random.randint(8, 18)
    end = start + context.random.choice((1, 2, 2, 3, 4))
    return context.random.choice(
        (f"{_twelve(start)}-{_twelve(end)} {'AM' if end < 12 else 'PM'}", f"{_twelve(start)}{'am' if start < 12 else 'pm'} and {_twelve(end)}{'am' if end < 12 else 'pm'}",
         f"{_twelve(start)}:00-{_twelve(end)}:00")
    )  # fmt: skip


def _twelve(hour: int) -> int:
    return (hour - 1) % 12 + 1


def _from(values: Sequence[str]) -> Callable[[Context], str]:
    return lambda context: context.random.choice(values)


def _pool(name: str) -> Callable[[Context], str]:
    return lambda context: context.random.choice(_pools()[name])


SLOTS: dict[str, Callable[[Context], str]] = {
    "first_name": _pool("first"),
    "last_name": _pool("last"),
    "full_name": lambda context: f"{_pool('first')(context)} {_pool('last')(context)}",
    "city": _pool("city"),
    "state": _from(tuple(STATES)),
    "state_name": _from(tuple(STATES.values())),
    "zip": lambda context: f"{context.random.randint(501, 99950):05}",
    "street": lambda context: (
        f"{context.random.choice(STREETS)} {context.random.choice(('St', 'Ave', 'Rd', 'Dr', 'Ln', 'Blvd', 'Way', 'Ct'))}"
    ),
    "address": lambda context: f"{context.random.randint(3, 9899)} {SLOTS['street'](context)}",
    "date": _date("any"),
    "date_mdy": _date("mdy"),
    "date_md": _date("md"),
    "date_short": _date("short"),
    "date_dow": _date("dow"),
    "date_long": _date("long"),
    "weekday": _from(WEEKDAYS),
    "month": _from(MONTHS),
    "year": lambda context: str(context.year),
    "time": _clock("plain"),
    "time_caps": _clock("caps"),
    "hour": _clock("hour"),
    "window": _window,
    "minutes": lambda context: str(context.random.choice((2, 3, 5, 5, 10, 10, 10, 15, 15, 20, 30, 60))),
    "hours": lambda context: str(context.random.choice((2, 6, 12, 12, 24, 24, 24, 36, 48, 48, 72))),
    "days": lambda context: str(context.random.randint(2, 10)),
    "money": lambda context: _money(context.random, 4, 400),
    "money_small": lambda context: _money(context.random, 0.3, 9.99),
    "money_big": lambda context: _money(context.random, 300, 9000),
    "dollars": lambda context: f"${context.random.choice((5, 10, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 250, 500, 1000))}",
    "percent": lambda context: f"{context.random.choice((5, 10, 15, 20, 25, 30, 35, 40, 50, 60, 70, 75))}%",
    "points": lambda context: f"{context.random.randint(200, 98000):,}",
    "code4": _code(4),
    "code5": _code(5),
    "code6": _code(6),
    "code7": _code(7),
    "code8": _code(8),
    "code_alnum": lambda context: _token(context.random, context.random.randint(5, 8), string.ascii_uppercase + "23456789"),
    "code_dash": lambda context: f"{context.random.choice('GABFS')}-{_digits(context.random, 6)}",
    "last4": _code(4),
    "account": _account,
    "order_number": lambda context: context.random.choice(
        (_digits(context.random, context.random.randint(4, 10)), _token(context.random, 8, string.ascii_uppercase + string.digits))
    ),
    "case_number": lambda context: context.random.choice(
        (_digits(context.random, 8), f"{context.random.choice('ABCRT')}{context.random.choice('KNST')}-{_digits(context.random, 6)}")
    ),
    "ref": lambda context: _token(context.random, context.random.randint(6, 10), string.ascii_uppercase + string.digits),
    "plate": lambda context: f"{_token(context.random, 3, string.ascii_uppercase)}{_digits(context.random, 4)}",
    "phone": _phone,
    "toll_free_phone": _toll_free_phone,
    "quantity": lambda context: str(context.random.randint(2, 12)),
    "amazon_order": lambda context: (
        f"{context.random.choice(('111', '112', '113', '114'))}-{_digits(context.random, 7)}-{_digits(context.random, 7)}"
    ),
    "tba": lambda context: f"TBA{_digits(context.random, 12)}",
    "usps_tracking": _usps_tracking,
    "ups_tracking": _ups_tracking,
    "fedex_tracking": _fedex_tracking,
    "dhl_tracking": _dhl_tracking,
    "item": _from(ITEMS),
    "dish": _from(DISHES),
    "merchant": _from(MERCHANTS),
    "medicine": _from(MEDICINES),
    "device": _from(DEVICES),
    "app_hash": lambda context: _token(context.random, 11, string.ascii_letters + string.digits + "+/"),
    "tail": lambda context: _token(context.random, context.random.randint(4, 9)),
    "carrier": _from(CARRIERS),
    "link": _link,
    "link_bare": lambda context: _link(context, scheme=False),
    "short_link": _short_link,
    "fake_link": _fake_link,
    "fake_link_plain": _fake_link_plain,
    "fake_email": _fake_email,
    "brand": lambda context: context.speaker.name if context.speaker is not None else "",
}
"""Every slot that a wording may name, with what draws its value."""

SENDERS = ("official", "short_code", "toll_free", "ten_digit", "foreign", "email", "name", "none", "scam")
"""The kinds of sender that a template may name, besides a literal id."""


def draw_sender(kind: str, context: Context) -> str | None:
    """A sender of one of the kinds in `SENDERS`, or `kind` itself, as a phone shows it."""
    rng = context.random
    if kind == "none":
        return None
    if kind == "scam":
        return draw_sender(_scam_kind(context), context)
    if kind == "official":
        brand = context.speaker.brand if context.speaker is not None else None
        if brand is not None and brand.sender_names and rng.random() < 0.06:
            return rng.choice(brand.sender_names)
        return rng.choice(brand.senders).id if brand is not None and brand.senders else draw_sender("short_code", context)
    if kind == "short_code":
        while (code := str(rng.randint(200, 999)) + _digits(rng, rng.choice((2, 2, 3)))) in context.registry.by_sender:
            pass
        return code
    if kind == "toll_free":
        return _toll_free_phone(context)
    if kind == "ten_digit":
        area, exchange, line = _phone_digits(rng)
        return rng.choice(
            (f"+1{area}{exchange}{line}", f"({area}) {exchange}-{line}", f"{area}{exchange}{line}", f"+1 {area}-{exchange}-{line}")
        )
    if kind == "foreign":
        prefix = rng.choice(_COUNTRY_PREFIXES)
        return rng.choice((f"{prefix}{_digits(rng, 10)}", f"{prefix} {_digits(rng, 3)} {_digits(rng, 3)} {_digits(rng, 4)}"))
    if kind == "email":
        return _own_email(context) if context.genuine else _fake_email(context)
    if kind == "name":
        name = context.speaker.name if context.speaker is not None else "INFO"
        return re.sub(r"[^A-Za-z0-9 ]", "", name)[:11].strip() or "INFO"
    return kind


def _scam_kind(context: Context) -> str:
    """The kind of a scam's sender. Shares: 1,062 US reports of 2022-23, of which 112 imitate USPS and 57 Amazon."""
    name = context.speaker.name if context.speaker is not None else ""
    weights = {"USPS": (11, 30, 54, 1, 1, 1, 2), "Amazon": (15, 12, 68, 1, 1, 1, 2)}.get(name, (49, 12, 22, 10, 1, 2, 4))
    return context.random.choices(("ten_digit", "foreign", "email", "none", "short_code", "name", "toll_free"), weights)[0]
