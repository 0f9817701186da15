"""The public corpora: what each is, and one small function that reads it into a message table.

The Hub comes first, a local mirror second. A mirror is a folder with one file a source, laid out as `Source.file` says.
"""

import hashlib
import html
import http.client
import logging
import os
import re
import threading
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from legitext.errors import DataError, LegitextError
from legitext.files import check_utf8
from legitext.progress import say
from legitext.table import as_table, line_in

HUB_SECONDS = 3.0
"""How long the Hub has to answer before it counts as out of reach."""

LOAD_SECONDS = 60.0
"""How long it then has to hand a source over; the largest is some 100 kB."""

ROLES = ("train", "test")
"""`train`: part is trained on and part tested on. `test`: no row ever enters a model that ships."""


@dataclass(frozen=True, slots=True)
class Source:
    """The facts of one corpus."""

    name: str
    file: str
    """Where it lies in a mirror."""

    address: str
    """Where the public can get it; the Hub's id if `hub` is set."""

    licence: str
    citation: str
    role: str
    """One of `ROLES`."""

    language: str
    holds: str
    """What it holds, in a few words."""

    tidy: Callable[[pd.DataFrame], pd.DataFrame]
    """From the columns as published to those of a message table."""

    hub: bool = False


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of one source: its table, or why there is none."""

    source: Source
    table: pd.DataFrame | None
    origin: str
    """`hub`, `mirror` or `missing`."""

    why: str = ""
    """If missing: what was tried and how to get it."""


# --- one small function a corpus ---


def _uci(rows: pd.DataFrame) -> pd.DataFrame:
    _needs(rows, "sms", "label")
    named = rows["label"].map({0: "ham", 1: "spam", "0": "ham", "1": "spam"})
    return pd.DataFrame({"text": _unmasked(rows["sms"]), "label": named.where(named.notna(), rows["label"].astype(str))})


def _mishra_soni(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(text=_unmasked(rows["text"]))


_WAY_OUT = r"(?i)\bstop\b|unsubscribe|opt[- ]?out|\bt&cs?\b|18\s?(?:\+|plus)"
_ENGLISH = re.compile(r"\b(?:your|the|to|is|you|and|has|been|for|please|on|of|was|not|we|will|this|from)\b", re.IGNORECASE)
_CRYPTO = r"(?i)btc|usdt|\busd\b|\bcoin|crypto|balance|withdraw|deposit|password|pwd|login:|login code|remaining\s?value"


def _gateways_world(rows: pd.DataFrame) -> pd.DataFrame:
    # Labels are loose. Kept are English texts; not the account-credit bait, which is one scheme in most rows, nor advertising.
    english = rows["text"].map(lambda text: len({word.lower() for word in _ENGLISH.findall(text)}) >= 2)
    other = rows["text"].str.contains(_CRYPTO, regex=True) | rows["text"].str.contains(_WAY_OUT, regex=True)
    return _without_local_numbers(_gateways(rows[english & ~other]))


def _without_local_numbers(rows: pd.DataFrame) -> pd.DataFrame:
    """A number of the country where a corpus was collected is foreign in the US alone: what that means cannot be learnt from it."""
    return rows.assign(sender=rows["sender"].mask(rows["sender"].str.fullmatch(r"\+?[\d\s().-]{7,20}").fillna(False).astype(bool), None))


def _gateways(rows: pd.DataFrame) -> pd.DataFrame:
    _needs(rows, "text", "sender", "timestamp")
    if "cat" in rows.columns:
        # What is neither parcel nor bank and offers a way out is advertising, much of it of honest shops, under a label that is loose.
        rows = rows[~(rows["cat"].isin(["other", "gambling/promo"]) & rows["text"].str.contains(_WAY_OUT, regex=True))]
    # Names in the sender column are those of services, not of who sent it ("Kumu" for a parcel notice): only numbers are kept.
    number = rows["sender"].str.fullmatch(r"\+?[\d -]{3,20}")
    return rows.assign(
        text=_unmasked(rows["text"]),
        sender=rows["sender"].where(number, None),
        kind=rows["cat"] if "cat" in rows.columns else None,
        timestamp=_times(rows["timestamp"], "ISO8601"),
    )


def _nus(rows: pd.DataFrame) -> pd.DataFrame:
    _needs(rows, "text", "timestamp")
    day = rows["timestamp"].str.replace(r"[./]", "-", regex=True)
    return rows.assign(text=_unmasked(rows["text"]), kind="chat", timestamp=_times(day.str.split(" ").str[0], "mixed"))


def _ph(rows: pd.DataFrame) -> pd.DataFrame:
    _needs(rows, "text", "sender", "timestamp")
    return _without_local_numbers(rows.assign(text=_unmasked(rows["text"]), timestamp=_times(rows["timestamp"], "ISO8601")))


def _exais(rows: pd.DataFrame) -> pd.DataFrame:
    _needs(rows, "text", "label", "sender", "timestamp")
    # In its collection, "spam" is mostly notices of the telephone company: wanted or not, they are not phishing.
    named = rows["sender"].str.contains(r"(?i)bank|gtb|zenith|diamond|\buba\b|access ?(?:bank|money)", regex=True, na=False)
    said = rows["text"].str.contains(r"(?i)\b(?:acct|a/c|debit|credit)\b.{0,80}\b(?:bal|amt|ngn|avail)", regex=True)
    bank = rows["label"].eq("ham") & (named | said)
    return rows.assign(kind=bank.map({True: "bank_alert", False: None}), timestamp=_times(rows["timestamp"], "%d/%m/%Y %H:%M"))


def _political(rows: pd.DataFrame) -> pd.DataFrame:
    _needs(rows, "timestamp")
    return rows.assign(kind="political", timestamp=_times(rows["timestamp"], "ISO8601"))


def _codes(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(kind="code")


def _as_it_is(rows: pd.DataFrame) -> pd.DataFrame:
    return rows


SOURCES: tuple[Source, ...] = (
    Source(
        "sms_spam",
        "ucirvine/sms_spam/plain_text/train-00000-of-00001.parquet",
        "ucirvine/sms_spam",
        "CC BY 4.0",
        "Almeida, Gómez Hidalgo, Yamakami: SMS Spam Collection, UCI 2011, doi 10.24432/C5CC84",
        "train",
        "en",
        "British and Singaporean chat, premium-rate advertising",
        _uci,
        hub=True,
    ),
    Source(
        "mishra_soni",
        "mishra_soni.csv",
        "https://data.mendeley.com/datasets/f45bkkt8pr/1",
        "CC BY 4.0",
        "Mishra, Soni: SMS Phishing Dataset, Mendeley Data 2022, doi 10.17632/f45bkkt8pr.1",
        "train",
        "en",
        "chat, advertising and phishing, less the rows of the UCI collection",
        _mishra_soni,
    ),
    Source(
        "sms_gateways_us",
        "sms_gateways_us.csv",
        "https://github.com/wspr-ncsu/sms-phishing",
        "MIT",
        "Nahapetyan et al.: On SMS Phishing Tactics and Infrastructure, IEEE S&P 2024",
        "train",
        "en",
        "phishing sent through public gateways to US numbers, 2022-2023",
        _gateways,
    ),
    Source(
        "sms_gateways_world",
        "sms_gateways_world.csv",
        "https://github.com/wspr-ncsu/sms-phishing",
        "MIT",
        "Nahapetyan et al.: On SMS Phishing Tactics and Infrastructure, IEEE S&P 2024",
        "train",
        "en (of many)",
        "phishing sent through public gateways to other countries; the English part, without account-credit bait",
        _gateways_world,
    ),
    Source(
        "nus_us_chat",
        "nus_us_chat.csv",
        "https://doi.org/10.25540/WVM0-4RNX",
        "free to use, with citation",
        "Chen, Kan: The NUS SMS Corpus, doi 10.25540/WVM0-4RNX",
        "train",
        "en",
        "personal chat of US senders, 2010-2015",
        _nus,
    ),
    Source(
        "ph_marketing",
        "ph_marketing.csv",
        "published by S. L. Chua; no address on record",
        "CC BY 4.0",
        "S. L. Chua: Philippine SMS collection, 2022-2026",
        "train",
        "en, tl",
        "brands' and government's bulk texts; gambling and loans",
        _ph,
    ),
    Source(
        "otp",
        "otp.csv",
        "tests of open-source parsers of one-time codes",
        "MIT, CC0",
        "collected from the tests of open-source parsers",
        "test",
        "en and others",
        "one-time codes",
        _codes,
    ),
    Source(
        "exais",
        "exais.csv",
        "published with the ExAIS study; no address on record",
        "none stated",
        "ExAIS SMS data set, Nigeria, 2013-2016",
        "test",
        "en",
        "Nigerian chat, bank alerts and notices, 2013-2016",
        _exais,
    ),
    Source(
        "political_us",
        "political_us.csv",
        "https://github.com/coreyclip/Political-SMS-Dashboard",
        "GPL-3.0",
        "coreyclip: Political SMS Dashboard, 2020-2022",
        "test",
        "en",
        "campaigns' bulk texts from US short codes",
        _political,
    ),
    Source(
        "benchmark_genuine",
        "genuine.csv",
        "not published: gathered from help pages, parsers' tests and public inboxes",
        "for validation only",
        "gathered by the project",
        "test",
        "en",
        "genuine business texts to US phones",
        _as_it_is,
    ),
    Source(
        "benchmark_smishing",
        "smishing.csv",
        "not published: gathered from public warnings and reports",
        "for validation only",
        "gathered by the project",
        "test",
        "en",
        "scams seen in the US since 2022",
        _as_it_is,
    ),
    Source(
        "benchmark_twins",
        "twins.csv",
        "not published: composed from documented formats",
        "for validation only",
        "gathered by the project",
        "test",
        "en",
        "a genuine text and its smallest scam twin, pair by pair",
        lambda rows: rows.assign(kind=rows["pair_id"] if "pair_id" in rows.columns else None),
    ),
)
"""Every corpus that the pipeline knows, in the order in which it is read."""


def load_all(mirrors: Sequence[Path], sources: Iterable[Source] = SOURCES) -> list[Loaded]:
    """Each source from the Hub if it answers, else from the first mirror that has it; one that cannot be had is reported, not fatal.

    Raises:
        DataError: if a mirror is no folder, or a source that was found does not hold what it should.
    """
    for mirror in mirrors:
        if not mirror.is_dir():
            raise DataError(f"the mirror {mirror} is not a folder: name one that is, or none")
    online: bool | None = None
    loaded = []
    for source in sources:
        if source.hub and online is None:
            online = hub_answers()
            if not online:
                _go_offline()
        loaded.append(load(source, mirrors, online=bool(online)))
    return loaded


def load(source: Source, mirrors: Sequence[Path], *, online: bool) -> Loaded:
    """One source, from the Hub or a mirror."""
    tried = []
    if source.hub:
        if online:
            try:
                return Loaded(source, _tidied(source, _within(LOAD_SECONDS, lambda: _from_hub(source))), "hub")
            except LegitextError:
                raise
            except Exception as error:  # whatever the network or the Hub does, the mirror comes next
                tried.append(f"the Hub ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no reason given'})")
        else:
            tried.append(f"the Hub (no answer from {_hub()} within {HUB_SECONDS:g} s)")
    for mirror in mirrors:
        path = mirror / source.file
        if path.is_file():
            return Loaded(source, _tidied(source, _from_file(path), path), "mirror")
        tried.append(f"{path}{' (a link to nothing)' if path.is_symlink() else ' (no file)' if path.exists() else ''}")
    where = (
        f"get it from {'the Hub, ' if source.hub else ''}{source.address}"
        if source.hub or "//" in source.address
        else f"it is {source.address}"
    )
    why = (
        f"{source.name}: not found; tried {', '.join(tried) if tried else 'nothing, for no mirror is named'}; {where}, and put it "
        f"as {source.file} into the folder that LEGITEXT_CORPORA names"
    )
    return Loaded(source, None, "missing", why)


def report(loaded: Sequence[Loaded]) -> None:
    """Say what was found and what was not, a line a source."""
    for one in loaded:
        if one.table is None:
            say(f"  missing  {one.why}")
        else:
            say(f"  {one.origin:<8} {one.source.name}: {counted(one.table)}")


def counted(table: pd.DataFrame) -> str:
    """How many messages a table holds, by label."""
    counts = ", ".join(f"{label} {count:,}" for label, count in table["label"].value_counts().items())
    return f"{len(table):,} messages ({counts})"


def hub_answers(seconds: float = HUB_SECONDS) -> bool:
    """Whether the Hub answers a request within `seconds`; False at once if offline use is asked for."""
    if any(os.environ.get(name, "").lower() in {"1", "true", "yes", "on"} for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE")):
        return False
    answered = threading.Event()

    def ask() -> None:
        try:
            with urllib.request.urlopen(f"{_hub()}/api/datasets?limit=1", timeout=seconds):
                answered.set()
        except (OSError, ValueError, http.client.HTTPException):
            pass

    threading.Thread(target=ask, daemon=True).start()  # looking a name up can hang beyond any time-out
    return answered.wait(seconds)


def mirrors_of(setting: str | None, default: str) -> list[Path]:
    """The mirrors that `LEGITEXT_CORPORA` names (folders joined by the system's path separator), else `default` if it exists."""
    if setting:
        return [Path(part).expanduser() for part in setting.split(os.pathsep) if part]
    return [Path(default)] if Path(default).is_dir() else []


def _hub() -> str:
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def _go_offline() -> None:
    """Keep `datasets` from retrying a Hub that does not answer."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["HF_DATASETS_OFFLINE"] = "1"


def _quiet_datasets() -> None:
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    import datasets

    datasets.disable_progress_bars()
    for name in ("datasets", "huggingface_hub"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what they find is said in one line here


def _from_hub(source: Source) -> pd.DataFrame:
    _quiet_datasets()
    from datasets import load_dataset

    rows: pd.DataFrame = load_dataset(source.address, split="train").to_pandas()
    return rows


def _within(seconds: float, load: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """What `load` gives, or its exception; after `seconds` it is left alone.

    Raises:
        TimeoutError: if it takes longer; nobody asks the Hub again then.
    """
    done: Future[pd.DataFrame] = Future()

    def run() -> None:
        try:
            done.set_result(load())
        except Exception as error:
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()  # of a Hub that sends a little now and then, no time-out of its own would tire
    try:
        return done.result(seconds)
    except TimeoutError:
        if not done.done():
            _go_offline()
            raise TimeoutError(f"not handed over within {seconds:g} s") from None
        raise


def _from_file(path: Path) -> pd.DataFrame:
    """A mirror's file through `datasets`, every CSV column as text."""
    _quiet_datasets()
    import tempfile

    from datasets import Features, Value, load_dataset

    with tempfile.TemporaryDirectory() as cache:
        if path.suffix == ".parquet":
            try:
                rows: pd.DataFrame = load_dataset("parquet", data_files=str(path), split="train", cache_dir=cache).to_pandas()
            except Exception as error:
                cause = error.__cause__ or error
                raise DataError(f"{path}: cannot be read as parquet ({str(cause).strip().splitlines()[0]}): fetch it anew") from None
            return rows
        check_utf8(path)
        with path.open(encoding="utf-8", newline="") as file:
            import csv

            lines = csv.reader(file)
            header, follows = next(lines, []), any(map(any, lines))
        if not {"text", "label"} <= set(header):
            raise DataError(f"{path}, line 1: the header must name text and label, comma-separated; found {_shown(header)}")
        if not follows:
            raise DataError(f"{path}, line 1: no row follows the header: fetch it anew")
        try:
            rows = load_dataset(
                "csv",
                data_files=str(path),
                split="train",
                cache_dir=cache,
                features=Features({name: Value("string") for name in header}),
                keep_default_na=False,
            ).to_pandas()
        except Exception as error:
            cause = error.__cause__ or error
            raise DataError(
                f"{path}: not a comma-separated table ({str(cause).strip().splitlines()[0]}): quote texts that hold commas"
            ) from None
    return rows


def _shown(header: Sequence[str]) -> str:
    """What stands where a header was expected, in a few words."""
    found = ", ".join(header).strip()
    if found.startswith("<"):
        return "a web page: download the file itself"
    return (found if len(found) <= 80 else f"{found[:80]}...") or "nothing"


def _tidied(source: Source, rows: pd.DataFrame, path: Path | None = None) -> pd.DataFrame:
    """The message table of a source as published, in the file `path` or on the Hub.

    Raises:
        DataError: with the file, and the line where there is one.
    """
    is_csv = path is not None and path.suffix == ".csv"
    name = f"{source.name} on the Hub" if path is None else str(path)
    where = f"{name}, line 1" if is_csv else name
    try:
        tidy = source.tidy(rows)
    except DataError as error:
        raise DataError(f"{where}: {error}") from None
    if not len(tidy):
        raise DataError(f"{where}: it holds no row that is used: fetch it anew")
    return as_table(tidy, source.name, line_in(path) if path is not None and is_csv else lambda index: f"{name}, row {index + 1:,}")


def _needs(rows: pd.DataFrame, *columns: str) -> None:
    for column in columns:
        if column not in rows.columns:
            raise DataError(f"column {column!r} is missing (found: {', '.join(map(str, rows.columns))}): is it another data set?")


def _times(values: pd.Series, form: str) -> pd.Series:
    return pd.to_datetime(values, format=form, errors="coerce", utc=True)


# --- masks that a corpus put in the place of numbers and names, and that would give the source away ---

_MASK = re.compile(r"<(?:#|decimal|time|url|email|name|street|ukp)>|\*{2,}", re.IGNORECASE)


def _unmasked(texts: pd.Series) -> pd.Series:
    return texts.map(unmask)


def unmask(text: str) -> str:
    """`text` with HTML entities decoded and a corpus's masks filled in, so that none of them marks its source.

    Numbers are drawn from the text itself, hence the same at every run.
    """
    if not isinstance(text, str):
        return text
    text = html.unescape(text).replace("\u00a0", " ")
    text = re.sub("\ufffd(?=[ ]?\\d)", "£", text)
    text = re.sub("(?<=\\w)\ufffd(?=\\w)", "'", text).replace("\ufffd", "")
    if "<" not in text and "**" not in text:
        return text
    seed = int(hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8], 16)

    def fill(match: re.Match[str]) -> str:
        number = (seed + 7919 * match.start()) % 1_000_003
        mask = match[0].lower()
        if mask == "<#>":
            return str(number % (10, 100, 1000)[number % 3] + 1)
        if mask == "<decimal>":
            return f"{number % 40}.{number % 10}{number % 7}"
        if mask == "<time>":
            return f"{number % 12 + 1}:{(number // 12) % 6}0"
        if mask == "<name>":
            return ("Sam", "Alex", "Jo", "Chris", "Pat", "Kim")[number % 6]
        return ""

    filled = _MASK.sub(fill, text)
    return filled if filled.strip() else "..."
