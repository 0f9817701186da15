"""The wordings in `data/templates/*.yaml`, and the messages made from them."""

import hashlib
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from legitext.brands import Registry
from legitext.errors import DataError
from legitext.evidence import ASKS_BACK
from legitext.habits import NO_HABITS, Habits, as_it_comes
from legitext.links import find_links
from legitext.messages import LABELS
from legitext.slots import SENDERS, SLOTS, SORTS, Context, draw_sender, speaker_named

DEFAULT_SENDERS = {
    "ham": ("official", "short_code", "toll_free", "ten_digit"),
    "chat": ("ten_digit",),
    "spam": ("short_code", "ten_digit", "toll_free", "email"),
    "smishing": ("scam",),
}
"""Kinds of sender where a group names none; `chat` is ham that nobody but a person sends."""

FIRST_YEAR, LAST_YEAR = 2021, 2026
"""Years that messages are of, unless a group says `since`."""

LANGUAGES = ("en", "es")

NEAR_COPY = 0.6
"""Share of word pairs in common (Jaccard) from which two wordings of one file count as copies of each other."""

SPOOFED = 0.01
"""Share of scams that show an official sender, and of those that hold an official link as a decoy beside their own."""


@dataclass(frozen=True, slots=True)
class Slot:
    """`{name}`: a value drawn for each message; written in capitals, the value is too."""

    name: str
    base: str
    capitals: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """`{one|another}`: one of several texts."""

    options: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True)
class Template:
    """One wording, with what its group says of it."""

    id: str
    """`file/kind/digest of the wording`: it changes only when the wording does."""

    label: str
    kind: str
    brands: tuple[str, ...]
    senders: tuple[str, ...]
    wording: str
    parts: tuple[Any, ...] = field(repr=False)
    slots: Mapping[str, tuple[tuple[Any, ...], ...]] = field(repr=False)
    """The file's own slots."""

    language: str = "en"
    """One of `LANGUAGES`."""

    since: int = FIRST_YEAR
    """The first year in which such texts were seen."""

    turns: tuple["Template", ...] = field(default=(), repr=False)
    """Sentences that make a scam of this genuine wording, each a wording of a scam itself."""

    where: str = field(default="", repr=False)
    """File and line, for errors."""


@dataclass(frozen=True, slots=True)
class Made:
    """One message made from a template."""

    text: str
    sender: str | None
    label: str
    brand: str | None
    kind: str
    template_id: str
    year: int = LAST_YEAR
    source: str = "grammar"


@dataclass(frozen=True, slots=True)
class Twins:
    """A genuine message, and the scam that differs from it in one thing."""

    genuine: Made
    scam: Made
    changed: str
    """What was turned: `link`, `sentence` or `sender`."""


def load_templates(folder: str | Path) -> list[Template]:
    """Every wording of every `*.yaml` in `folder`, checked, in the order of files and lines.

    Raises:
        DataError: naming file and line, where a file does not follow the form, or a wording stands twice.
    """
    files = sorted(Path(folder).glob("*.yaml"))
    if not files:
        raise DataError(f"grammar: no *.yaml in {folder}: name the folder that holds the wordings")
    templates: list[Template] = []
    seen: dict[str, str] = {}
    for file in files:
        of_file = list(_read_file(file))
        for template in of_file:
            other = seen.setdefault(template.wording, template.where)
            if other != template.where:
                raise DataError(f"{template.where}: the same wording stands at {other}: remove one of them")
        _refuse_near_copies(of_file)
        templates += of_file
    return templates


def _refuse_near_copies(templates: Sequence[Template]) -> None:
    holders: dict[tuple[str, str], list[int]] = defaultdict(list)
    sizes: list[int] = []
    for index, template in enumerate(templates):
        words = re.sub(r"[\W\d_]+", " ", re.sub(r"\{[^{}|]*\}", " ", template.wording).casefold()).split()
        pairs = set(pairwise(words))
        shared: dict[int, int] = defaultdict(int)
        for pair in pairs:
            for other in holders[pair]:
                shared[other] += 1
            holders[pair].append(index)
        for other, count in shared.items():
            if len(pairs) >= 3 and count >= NEAR_COPY * (len(pairs) + sizes[other] - count):
                raise DataError(
                    f"{template.where}: a near copy of the wording at {templates[other].where}: write it in other words, or make one of both"
                )
        sizes.append(len(pairs))


def make_messages(
    templates: Sequence[Template],
    per_template: int | Mapping[str, int],
    seed: int,
    brands: Registry,
    habits: Habits = NO_HABITS,
) -> Iterator[Made]:
    """Messages from each template, as they come with `habits`; repeats of one text are left out.

    Each message has generators of its own, seeded by `seed`, its template and its number, so that a new template changes no other's
    messages.

    Args:
        templates: the wordings.
        per_template: how many messages each makes; or that by its id, see `balanced`.
        seed: of all that is drawn.
        brands: the registry.
        habits: how messages come.
    """
    for template in templates:
        texts: set[tuple[str, str | None]] = set()
        for number in range(per_template if isinstance(per_template, int) else per_template[template.id]):
            made, _ = _make(template, f"{seed}/{template.id}/{number}", brands)
            made = _sent(made, f"{seed}/{template.id}/{number}", habits)
            if (made.text, made.sender) not in texts:
                texts.add((made.text, made.sender))
                yield made


_LENGTHS = (50, 80, 110, 140, 170, 210)
"""Characters between which texts count as alike in length."""


def balanced(templates: Sequence[Template], per_template: int, seed: int, brands: Registry, strength: float = 1.0) -> dict[str, int]:
    """How many messages to make from each template so that neither a link nor the length of a text gives its label away.

    Scams as they are written hold links more often than genuine texts do and run longer; learnt so, a link would speak for a scam and a
    short text for a genuine one. So wordings of a sort (link or none, and length) that is rarer among the genuine than among the scams
    make more messages where they are genuine, and fewer where they are scams, and the other way round: both sorts then have the same
    shares, in the middle between theirs. About `per_template` a wording on the whole, at most four times as many. `strength` 0 leaves
    the wordings as they are, 1 makes the shares the same.
    """
    sorts: dict[str, tuple[bool, int]] = {}
    for template in templates:
        text = _make(template, f"{seed}/{template.id}/0", brands)[0].text
        sorts[template.id] = (bool(find_links(text, brands)), sum(len(text) > length for length in _LENGTHS))
    shares: dict[str, dict[tuple[bool, int], float]] = {}
    for label in LABELS:
        of_label = Counter(sorts[template.id] for template in templates if template.label == label)
        total = max(sum(of_label.values()), 1)
        shares[label] = {sort: count / total for sort, count in of_label.items()}
    middle = {sort: (shares["ham"].get(sort, 0.0) * shares["smishing"].get(sort, 0.0)) ** 0.5 for sort in set(sorts.values())}
    whole = sum(middle.values()) or 1.0
    counts = {}
    for template in templates:
        factor = 1.0
        if template.label != "spam":
            factor = (middle[sorts[template.id]] / whole / shares[template.label][sorts[template.id]]) ** strength
        counts[template.id] = min(max(round(per_template * factor), 1), 4 * per_template)
    return counts


def turns_of(templates: Sequence[Template]) -> list[Template]:
    """The sentences that make scams of these wordings, each once, as wordings of their own."""
    return list({turn.id: turn for template in templates for turn in template.turns}.values())


TWIN = "twin_"
"""Begins the kind of a scam made from a genuine wording."""

SENDER_TWIN = "twin_sender_"
"""Of one that differs by its sender alone."""


def make_twins(
    templates: Sequence[Template],
    per_template: int,
    seed: int,
    brands: Registry,
    habits: Habits = NO_HABITS,
    held_out: Callable[[str], bool] | None = None,
) -> Iterator[Twins]:
    """Pairs of a genuine message and its smallest scam twin, up to `per_template` from each genuine template that can be turned.

    Its link goes elsewhere; or a sentence that asks for what no sender asks for stands at its end; or, of a sender in the registry whose
    text asks for an answer or a call, it comes from where that sender never writes. A third of the first two keep the genuine sender, as a
    spoofed one does. Twins are smishing and share the template's id.

    Args:
        templates: wordings, of which the genuine ones with a sender are turned.
        per_template: most pairs from one.
        seed: of the values.
        brands: the registry.
        habits: how the scams come.
        held_out: which template ids are kept from training; a wording is turned only by sentences on its own side.
    """
    for template in templates:
        if template.label != "ham" or not template.brands:
            continue
        linked = any(isinstance(part, Slot) and part.base in {"link", "link_bare"} for part in _slots_of(template.parts))
        turns = [turn for turn in template.turns if held_out is None or held_out(turn.id) == held_out(template.id)]
        seen: set[str] = set()
        for number in range(per_template):
            key = f"twin/{seed}/{template.id}/{number}"
            genuine, context = _make(template, key, brands)
            rng, context.genuine = context.random, False
            known = context.speaker is not None and context.speaker.brand is not None and bool(context.speaker.brand.senders)
            ways = (
                ["link"] * 2 * linked
                + ["sentence"] * 2 * bool(turns)
                + ["sender"] * 3 * (known and ASKS_BACK.search(genuine.text) is not None)
            )
            if not ways:
                break
            changed = rng.choice(ways)
            text, sender = genuine.text, genuine.sender
            if changed == "sender":
                sender = draw_sender(rng.choice(("foreign", "email")), context)
            else:
                if changed == "link":
                    context.values |= {name: SLOTS["fake_link"](context) for name in context.values if name.startswith("link")}
                    text = _render(template.parts, template, _again(context)).strip()
                else:
                    turn = rng.choice(turns)
                    text = _turned(genuine.text, _render(turn.parts, turn, _again(context)), rng)
                if rng.random() >= 1 / 3:
                    sender = draw_sender("scam", context)
            if (text, sender) != (genuine.text, genuine.sender) and f"{sender} {text}" not in seen:
                seen.add(f"{sender} {text}")
                scam = replace(
                    genuine,
                    text=text,
                    sender=sender,
                    label="smishing",
                    kind=f"{SENDER_TWIN if changed == 'sender' else TWIN}{template.kind}",
                )
                yield Twins(genuine, _sent(scam, key, habits), changed)


def _sent(made: Made, seed: str, habits: Habits) -> Made:
    if habits is NO_HABITS:
        return made
    return replace(made, text=as_it_comes(made.text, random.Random(f"{seed}/habits"), habits, genuine=made.label == "ham"))


def _turned(text: str, sentence: str, rng: random.Random) -> str:
    """A genuine text with a scam's sentence behind it, or in the place of its last one."""
    sentences = re.split(r"(?<=[.!?]) +", text)
    if len(sentences) > 1 and rng.random() < 0.5:
        text = " ".join(sentences[:-1])
    return f"{text.rstrip()}{'' if text.rstrip()[-1:] in '.!?:' else '.'} {sentence}"


def _slots_of(parts: Sequence[Any]) -> Iterator[Slot]:
    for part in parts:
        if isinstance(part, Slot):
            yield part
        elif isinstance(part, Choice):
            for option in part.options:
                yield from _slots_of(option)


def _make(template: Template, seed: str, brands: Registry) -> tuple[Made, Context]:
    rng = random.Random(seed)
    speaker = speaker_named(rng.choice(template.brands), brands, rng) if template.brands else None
    year = rng.randint(template.since, LAST_YEAR)
    context = Context(rng, random.Random(f"{seed}/choices"), seed, brands, speaker, template.label == "ham", year)
    text = _render(template.parts, template, context).strip()
    sender = draw_sender(rng.choice(template.senders), context)
    if template.label == "smishing" and speaker is not None and speaker.brand is not None:
        if rng.random() < SPOOFED:
            sender = draw_sender("official", context)
        if "link" in template.wording and rng.random() < SPOOFED:
            text = f"{text} {SLOTS['link'](context)}"
    name = speaker.name if speaker is not None else None
    return Made(text, sender, template.label, name, template.kind, template.id, year), context


def _again(context: Context) -> Context:
    """The same message once more: its choices fall as before, its slots keep their values."""
    return replace(context, choices=random.Random(f"{context.seed}/choices"), genuine=False)


def _render(parts: Sequence[Any], template: Template, context: Context) -> str:
    return "".join(_value(part, template, context) for part in parts)


def _value(part: Any, template: Template, context: Context) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, Choice):
        return _render(context.choices.choice(part.options), template, context)
    value = context.values.get(part.name.lower())
    if value is None:
        own = template.slots.get(part.base)
        value = _render(context.random.choice(own), template, context) if own is not None else SLOTS[part.base](context)
        context.values[part.name.lower()] = value
    return value.upper() if part.capitals else value


def parse_markup(text: str, known: set[str]) -> tuple[Any, ...]:
    """The parts of a wording: literal texts, `Slot`s and `Choice`s.

    Raises:
        ValueError: if a brace is not closed or a slot is not one of `known`.
    """
    parts, end = _parse(text, 0, known, inside=False)
    if end != len(text):
        raise ValueError(f"a brace closes at character {end + 1} that was never opened")
    return parts[0]


def _parse(text: str, start: int, known: set[str], *, inside: bool) -> tuple[list[tuple[Any, ...]], int]:
    options: list[list[Any]] = [[]]
    index = start
    literal = ""

    def keep() -> None:
        nonlocal literal
        if literal:
            options[-1].append(literal)
            literal = ""

    while index < len(text):
        character = text[index]
        if character == "{":
            keep()
            inner, index = _parse(text, index + 1, known, inside=True)
            if index >= len(text):
                raise ValueError("a brace is opened and not closed")
            if len(inner) == 1:
                options[-1].append(_slot(inner[0], known))
            else:
                options[-1].append(Choice(tuple(inner)))
        elif character == "}":
            break
        elif character == "|" and inside:
            keep()
            options.append([])
        else:
            literal += character
        index += 1
    keep()
    return [tuple(option) for option in options], index


def _slot(inner: tuple[Any, ...], known: set[str]) -> Slot:
    if len(inner) != 1 or not isinstance(inner[0], str):
        raise ValueError(f"a slot holds one name, not {inner!r}; alternatives need a | between them")
    name = inner[0]
    lower = name.lower()
    base = lower if lower in known else re.sub(r"(?:_|(?<![\d_]))\d+$", "", lower)
    if base not in known:
        raise ValueError(f"there is no slot {name!r}: use one of the built-in slots or list it under `slots:` in this file")
    return Slot(name, base, name.isupper() and name != lower)


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""That of libyaml, where PyYAML comes with it, reads the wordings several times as fast."""

_FILE_KEYS = {"label", "language", "since", "brands", "senders", "slots", "turns", "groups"}
_GROUP_KEYS = {"kind", "label", "language", "since", "brands", "senders", "turns", "wordings"}


def _read_file(file: Path) -> Iterator[Template]:
    try:
        root = yaml.compose(file.read_text(encoding="utf-8"), _LOADER)
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: not UTF-8 at byte {error.start}: save it as UTF-8") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise DataError(f"{file}:{line}: not YAML: {error.problem}; put wordings in double quotes") from None
    except yaml.reader.ReaderError as error:
        raise DataError(f"{file}: not YAML: {error.reason} at character {error.position}: take it out") from None
    top = _mapping(file, root, _FILE_KEYS, "a wordings file")
    own = {name: _texts(file, node, f"slot {name}") for name, node in _pairs(file, top["slots"])} if "slots" in top else {}
    known = set(SLOTS) | set(own)
    slots = {name: tuple(_parts(file, node, known) for node in nodes) for name, nodes in own.items()}
    if "groups" not in top or not isinstance(top["groups"], yaml.SequenceNode):
        raise DataError(f"{file}: `groups` must list the groups of wordings")
    for node in top["groups"].value:
        group = {
            **{key: value for key, value in top.items() if key not in {"slots", "groups"}},
            **_mapping(file, node, _GROUP_KEYS, "a group"),
        }
        for key in ("kind", "wordings", "label"):
            if key not in group:
                raise DataError(f"{_at(file, node)}: a group needs `{key}`")
        label, kind = _text(file, group["label"]), _text(file, group["kind"])
        if label not in LABELS:
            raise DataError(f"{_at(file, group['label'])}: label {label!r} is not one of {', '.join(LABELS)}")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", kind):
            raise DataError(f"{_at(file, group['kind'])}: kind {kind!r} must be lower-case words joined by _")
        brands = tuple(_text(file, one) for one in _texts(file, group["brands"], "brands")) if "brands" in group else ()
        for one in brands:
            if one.startswith("~") and one[1:] not in SORTS:
                raise DataError(
                    f"{_at(file, group['brands'])}: {one!r} is no sort of sender; sorts are {', '.join('~' + sort for sort in SORTS)}"
                )
        senders = tuple(_text(file, one) for one in _texts(file, group["senders"], "senders")) if "senders" in group else ()
        for one in senders:
            if one not in SENDERS and not re.search(r"\d", one):
                raise DataError(
                    f"{_at(file, group['senders'])}: sender {one!r} is neither an id with digits nor one of {', '.join(SENDERS)}"
                )
        language = _text(file, group["language"]) if "language" in group else "en"
        if language not in LANGUAGES:
            raise DataError(f"{_at(file, group['language'])}: language {language!r} is not one of {', '.join(LANGUAGES)}")
        since = _year(file, group["since"]) if "since" in group else FIRST_YEAR
        turns = tuple(
            Template(
                _id(file, "turn", text),
                "smishing",
                "turn",
                brands,
                ("scam",),
                text,
                _parts(file, one, known),
                slots,
                language,
                since,
                where=_at(file, one),
            )
            for one in (_texts(file, group["turns"], "turns") if "turns" in group else ())
            for text in (_text(file, one),)
        )
        senders = senders or DEFAULT_SENDERS["chat" if label == "ham" and not brands else label]
        for wording in _texts(file, group["wordings"], "wordings"):
            text = _text(file, wording)
            parts = _parts(file, wording, known)
            if not brands and re.search(r"\{brand\}", text, re.IGNORECASE):
                raise DataError(f"{_at(file, wording)}: {{brand}} is used, but the group has no brands")
            yield Template(
                _id(file, kind, text), label, kind, brands, senders, text, parts, slots, language, since, turns, _at(file, wording)
            )


def _id(file: Path, kind: str, text: str) -> str:
    return f"{file.stem}/{kind}/{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _year(file: Path, node: yaml.Node) -> int:
    text = _text(file, node)
    if not text.isdecimal() or not FIRST_YEAR <= int(text) <= LAST_YEAR:
        raise DataError(f"{_at(file, node)}: since {text!r} is not a year from {FIRST_YEAR} to {LAST_YEAR}")
    return int(text)


def _at(file: Path, node: yaml.Node) -> str:
    return f"{file}:{node.start_mark.line + 1}"


def _pairs(file: Path, node: yaml.Node) -> list[tuple[str, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        raise DataError(f"{_at(file, node)}: expected `key: value` lines")
    return [(str(key.value), value) for key, value in node.value]


def _mapping(file: Path, node: yaml.Node | None, keys: set[str], what: str) -> dict[str, yaml.Node]:
    if node is None:
        raise DataError(f"{file}: the file is empty; {what} has the keys {', '.join(sorted(keys))}")
    found = dict(_pairs(file, node))
    for key in found:
        if key not in keys:
            raise DataError(f"{_at(file, node)}: unknown key {key!r}; {what} has the keys {', '.join(sorted(keys))}")
    return found


def _texts(file: Path, node: yaml.Node, what: str) -> list[yaml.Node]:
    if not isinstance(node, yaml.SequenceNode):
        raise DataError(f"{_at(file, node)}: {what} must be a list")
    return list(node.value)


def _text(file: Path, node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
        raise DataError(f"{_at(file, node)}: expected a text")
    return str(node.value)


def _parts(file: Path, node: yaml.Node, known: set[str]) -> tuple[Any, ...]:
    try:
        return parse_markup(_text(file, node), known)
    except ValueError as error:
        raise DataError(f"{_at(file, node)}: {error}") from None
