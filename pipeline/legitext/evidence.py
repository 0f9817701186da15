"""Evidence: who sent it, where its links go, what it asks for. Named features of a reading.

Every feature is 0 or 1, and 0 where nothing is known: a message without sender or link is neither better nor worse for it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_lowercase
from typing import Protocol

from legitext.brands import Brand, Registry
from legitext.kept import MOST_KEPT, Kept
from legitext.links import RISKY_SUFFIXES, Link, misspelt_brand, names_a_service
from legitext.reading import Reading

Span = tuple[int, int]

_GOOD_SUFFIXES = frozenset(
    ["com", "org", "net", "gov", "edu", "mil", "us", "co", "io", "app", "me", "ly", "ai", "tv", "ca", "co.uk", "com.mx", "be", "gl", "to"]
)

_ASKS: dict[str, str] = {
    "asks_password": r"\b(?:enter|confirm|verify|update|send|reply|provide|give|need|with)\b[^.!?\n]{0,30}\bpass(?:word|phrase)",
    "asks_card": r"\b(?:card|debit|credit)[ -]?(?:numbers?|details|info(?:rmation)?|no)\b|\b(?:reply|text|send|respond)\b[^.!?\n]{0,20}\bcards?\b|\bcvv\b|\bcard (?:and|&) pin\b",
    "asks_pin": r"\b(?:your|and|enter|with|confirm|atm|card|debit) pin\b(?! (?:is|code|has|was|to|for|from|number is|:))",
    "asks_ssn": r"\bssn\b|\bsocial security (?:number|no\b|card)|\blast (?:4|four) of your social",
    "asks_fee": r"\b(?:redelivery|re-delivery|shipping|customs|handling|processing|clearance|release|storage|import|duty) (?:fee|charge|cost|payment|tax|duty)s?\b",
    "asks_reply_y": r"\b(?:reply|respond|answer|text back|send)(?: with)?[ :]*[\"'(]?(?:y|1|ok|yes)[\"')]?(?=[ ,.]| to\b)[^\n]{0,40}\b(?:open|reopen|re-open|activate|exit|link|close|again|access|refresh)",
    "asks_reopen": r"\bre-?open|\bexit (?:the|this)\b|\bcopy (?:and paste )?(?:the |this )?(?:link|url|web ?address|address|it)\b|\b(?:in|into|to|with) (?:your )?(?:safari|chrome|browser)\b",
    "asks_call": r"\b(?:call|contact|dial|ring|phone)\b[^.!?\n]{0,40}?(?:\d{3}[-. )]|\+?1?\d{10})",
    "asks_gift_card": r"\bgift ?cards?\b|\b(?:apple|google play|steam|itunes|vanilla|razer) cards?\b",
    "asks_app_install": r"\b(?:install|download)\b[^.!?\n]{0,30}\b(?:app|apk|anydesk|teamviewer|software|rustdesk)\b",
    "asks_code": r"\b(?:send|give|tell|read|text|forward|share|reply|respond|provide|pass|confirm|repeat|say)\b(?: \w+){0,4} (?:code|otp|passcode|digits)\b(?! (?:with (?:any|no)|or))|\b(?:give|read|tell|send|forward|repeat|pass|show) (?:it|them|these|this)(?: on)? (?:to|back)\b|\b(?:ask|asks|asking|need|needs|require|requires|collect) (?:you )?(?:for )?(?:it|this|this code|the code|your code|that code|these digits)\b",
    "says_will_ask": r"\b(?:will|'ll|may|going to|is about to) (?:call|ask|contact|phone|ring)\b|\b(?:agent|representative|rep|specialist|officer|advisor|team|department|technician)s? (?:will|'ll) (?:ask|need|request|require|collect|verify)",
    "asks_crypto": r"\b(?:bitcoin|btc|usdt|ethereum|eth|crypto|binance|coinbase)\b",
    "asks_move_chat": r"\b(?:whats ?app|telegram|wechat|line id|signal app|viber)\b",
    "asks_tap": r"\b(?:click|tap|press|visit|go to|follow|open|use|access)\b[^.!?\n]{0,30}\b(?:link|below|following|page|url|website)\b",
    "asks_confirm_details": r"\b(?:confirm|update|verify|correct|complete|provide|validate|re-?enter|fill in|supply)\b[^.!?\n]{0,30}\b(?:address|details|information|info|account|identity|payment|billing|profile|data|zip|postal code)\b",
    "asks_save_number": r"\b(?:new number|my new phone|save (?:this|my|it)|lost my phone|phone (?:broke|is broken|fell|died)|dropped my phone|broke my phone)\b",
    "asks_who": r"\b(?:who (?:is|are) (?:this|you)|where are you from|nice to meet you|wrong (?:number|person)|is this (?!a |the |your )\w+|are you (?!coming|home|free|there|still|ok|in|up|going|on|at|around|done|here|able|ready)\w+\?)",
}
"""What a text asks for; a demand that is denied (`we never ask for your PIN`) does not count."""

_PRESSURE: dict[str, str] = {
    "deadline": r"\b(?:within|in|next|only) (?:the next )?\d+ ?(?:h|hr|hrs|hours?|minutes?|mins?|days?)\b|\bby (?:tonight|midnight|tomorrow|end of day|today)\b|\bexpires? (?:today|tonight|soon|in)\b|\bimmediately\b|\bas soon as possible\b|\basap\b|\bright away\b|\bact now\b|\bbefore (?:it is|it's) too late\b",
    "suspension": r"\b(?:suspend|lock|restrict|disabl|deactivat|block|frozen|freez|terminat|revok|detain|impound|seiz)\w*",
    "on_hold": r"\b(?:on hold|held|holding|stopped|returned to (?:the )?sender|cannot be (?:delivered|completed|shipped))\b",
    "last_notice": r"\b(?:final|last|urgent|third|immediate|2nd|3rd) (?:notice|warning|reminder|attempt|notification|chance|call)\b",
    "threat": r"\b(?:penalt|late fee|legal action|lawsuit|arrest|warrant|prosecut|license (?:suspen|revo)|collections?\b|credit score|fines?\b|enforcement|court action)\w*",
    "failed": r"\b(?:fail|unable|could ?n[o']t|cannot|can't|incorrect|incomplete|invalid|wrong|missing|unpaid|overdue|outstanding|declin|unusual|suspicious|unauthori[sz]ed|unrecogni[sz]ed)\w*",
    "prize": r"\b(?:won|winner|winners|congrat\w*|prize|raffle|draw|claim|selected|1st|2nd|3rd|lucky)\b",
    "gift": r"\b(?:gift|reward|rewards|bonus|free|voucher|points?)\b",
    "money_offer": r"\b(?:earn|make|paid|salary|income|profit)\b[^.!?\n]{0,25}\$?\d|\bpart[- ]time\b|\bremote (?:job|work|position)|\bwork from home\b|\b(?:per|a) (?:day|week|hour)\b",
}
_SETTLING: dict[str, str] = {
    "opt_out": r"\b(?:reply|text|txt|send|rply)[ :]+[\"']?stop\b|\bstop[\"']? ?(?:2|to|4)? ?(?:end|quit|opt|cancel|unsub|stop|out)|\bunsubscribe|\bopt[- ]?out|\bstop2end",
    "rates_line": r"(?:msg|message|text|txt)s? ?(?:&|and|n|/|\+) ?data rates|\bstd (?:msg|rates)|\bmsg frequency|\b(?:recurring|autodialed) (?:msgs|messages)",
    "no_share": r"(?:don'?t|do not|never|not) (?:share|forward|give|tell|disclose|reveal)|keep (?:it|this) (?:confidential|private|secret)|(?:won'?t|will not|will never|never|not) (?:call|ask|contact|text)",
    "if_not_you": r"\bif (?:you )?(?:did(?:n'?t| not)|this was(?:n'?t| not)|it was(?:n'?t| not)|not you|not requested)|\bwasn'?t you|\bdidn'?t request|\bignore this|\bdisregard",
    "code_given": r"\b(?:code|otp|passcode|pin|password)\b[^.!?\n]{0,25}\b\d{4,8}\b|\b\d{4,8}\b[^.!?\n]{0,30}\b(?:code|otp|passcode)\b|\b[a-z]-\d{4,8}\b",
}
_COMPILED = {name: re.compile(pattern) for group in (_ASKS, _PRESSURE, _SETTLING) for name, pattern in group.items()}
_DENIED = re.compile(r"\b(?:not|never|n't|dont|wont|nor|no one|nobody|without|won't|don't)\b(?: \w+){0,3} ?$|n't (?:\w+ ){0,3}$")

_HEADS = {
    "asks_password": "con ent giv nee pro rep sen upd ver wit",
    "asks_card": "car cre cvv deb rep res sen tex",
    "asks_pin": "and atm car con deb ent wit you",
    "asks_ssn": "las soc ssn",
    "asks_fee": "cle cus dut han imp pro re red rel shi sto",
    "asks_reply_y": "ans rep res sen tex",
    "asks_reopen": "cop exi in int re reo to wit",
    "asks_call": "cal con dia pho rin",
    "asks_gift_card": "app gif goo itu raz ste van",
    "asks_app_install": "dow ins",
    "asks_code": "ask col con for giv nee pas pro rea rep req res say sen sha sho tel tex",
    "says_will_ask": "'ll adv age dep goi is may off rep spe tea tec wil",
    "asks_crypto": "bin bit btc coi cry eth usd",
    "asks_move_chat": "lin sig tel vib wec wha",
    "asks_tap": "acc cli fol go ope pre tap use vis",
    "asks_confirm_details": "com con cor fil pro re ree sup upd val ver",
    "asks_save_number": "bro dro los my new pho sav",
    "asks_who": "are is nic whe who wro",
    "deadline": "act as asa bef by exp imm in nex onl rig wit",
    "suspension": "blo dea det dis fre fro imp loc res rev sei sus ter",
    "on_hold": "can hel hol on ret sto",
    "last_notice": "2nd 3rd fin imm las thi urg",
    "threat": "arr col cou cre enf fin lat law leg lic pen pro war",
    "failed": "can cou dec fai inc inv mis out ove sus una unp unr unu wro",
    "prize": "1st 2nd 3rd cla con dra luc pri raf sel win won",
    "gift": "bon fre gif poi rew vou",
    "money_offer": "a ear inc mak pai par per pro rem sal wor",
    "opt_out": "opt rep rpl sen sto tex txt uns",
    "if_not_you": "did dis if ign was",
    "code_given": "cod otp pas pin",
}
"""How the words begin with which each pattern does, up to three letters; beside them `code_given` begins with digits or one letter."""

_RATES = ("rates", "std msg", "msg frequency", "recurring", "autodialed")
"""What a text with a `rates_line` holds, which may begin inside a word."""

_NO_SHARE_HEAD = re.compile(r"(?:don'?t|do|not|never|keep|won'?t|will)\Z")
"""How what stands before a space ends where `no_share` begins."""

_HEAD = re.compile(r"\b(?:\w{1,3}|'ll)")


_Patterns = tuple[tuple[str, re.Pattern[str]], ...]


def _patterns_by_head() -> dict[str, _Patterns]:
    found: dict[str, list[tuple[str, re.Pattern[str]]]] = {letter: [("code_given", _COMPILED["code_given"])] for letter in ascii_lowercase}
    for name, heads in _HEADS.items():
        for head in heads.split():
            found.setdefault(head, []).append((name, _COMPILED[name]))
    return {head: tuple(patterns) for head, patterns in found.items()}


_BY_HEAD = _patterns_by_head()
_DIGITS_AHEAD = (("code_given", _COMPILED["code_given"]),)


def _heads(piece: str) -> tuple[tuple[int, _Patterns], ...]:
    """Where in what stands between two spaces words begin as patterns do, and those patterns."""
    found = []
    for head in _HEAD.finditer(piece):
        word = head[0]
        patterns = _BY_HEAD.get(word) or (_DIGITS_AHEAD if len(word) == 3 and word.isdecimal() else ())
        if patterns:
            found.append((head.start(), patterns))
    end = _NO_SHARE_HEAD.search(piece)
    if end is not None:
        found.append((end.start(), (("no_share", _COMPILED["no_share"]),)))
    return tuple(found)


_known_heads = Kept(_heads)


def _said(lower: str) -> dict[str, Span]:
    """Where each pattern is first met, if it is not denied there; each is tried only where a word begins as it does."""
    found: dict[str, Span] = {}
    passed: dict[str, int] = {}  # by name the end of what was denied: matches do not overlap
    at = 0
    for piece in lower.split(" "):
        for offset, patterns in _known_heads[piece]:
            start = at + offset
            for name, pattern in patterns:
                if name in found or passed.get(name, 0) > start:
                    continue
                match = pattern.match(lower, start)
                if match is not None:
                    if name in _ASKS and _DENIED.search(lower, max(0, start - 40), start):
                        passed[name] = match.end()
                    else:
                        found[name] = match.span()
        at += len(piece) + 1
    if any(piece in lower for piece in _RATES):
        match = _COMPILED["rates_line"].search(lower)
        if match is not None:
            found["rates_line"] = match.span()
    return found


ASKS_BACK = re.compile(r"\b(?:reply|text|answer|respond)\b[^.]{0,15}\b(?:y|n|yes|no|1|2)\b|\bcall\b", re.IGNORECASE)
"""What asks for an answer or a call, as genuine questions about a payment do, too."""

_SENTENCES: dict[str, str] = {
    "link_official": "the link goes to {owner}'s own site",
    "link_official_stranger": "the link goes to {owner}'s site, though the text speaks for {speaker}",
    "link_official_unnamed": "the link goes to the official site of {owner}",
    "link_lookalike": "the link imitates {lookalike} but goes to {domain}",
    "link_lookalike_of_speaker": "the link looks like {lookalike}'s, but {domain} is not theirs",
    "link_trick_prefix": "an official address stands in front of another domain, {domain}",
    "link_trick_name": "the name of a brand is built into {domain}",
    "link_trick_misspelt": "{domain} is a misspelt brand",
    "link_trick_path": "a brand is named behind a host that is not its own",
    "link_public_body": "{domain} stands under .{suffix}, which only public bodies get",
    "link_shortener": "a public link shortener hides where the link goes",
    "link_free_host": "the page stands on a host where anybody can put one",
    "link_address": "the link goes to a bare IP address",
    "link_userinfo": "the link hides its host behind an @",
    "link_punycode": "the link's host is written in another alphabet",
    "link_odd_suffix": "the link ends in .{suffix}, which few genuine senders use",
    "link_risky_suffix": "the link ends in .{suffix}, where fakes thrive",
    "link_service_words": "{domain} is named after a service, not after who sends",
    "link_named": "the link's domain, {domain}, is named in the text",
    "link_named_partly": "{domain} adds to a name that is in the text",
    "link_unnamed": "the text does not say whose site {domain} is",
    "link_random": "{domain} looks drawn by chance",
    "link_belies_sender": "the sender id is {speaker}'s, but {domain} is not: ids can be forged",
    "link_strange_twice": "{domain} is strange in more than one way",
    "brand_misspelt": "the name of {misspelt} is misspelt",
    "link_bare": "the link is given without https://",
    "link_many": "there are several links",
    "link_not_speakers": "the text speaks for {speaker}, but the link is not theirs",
    "link_from_who_never_links": "{speaker}'s texts never hold a link",
    "sender_short_code": "it came from a short code, which senders must register",
    "sender_toll_free": "it came from a toll-free number",
    "sender_us_number": "it came from an ordinary US number",
    "sender_international": "it came from a foreign number",
    "sender_email": "it came from an e-mail address",
    "sender_name": "the sender shows only a name",
    "sender_official": "{sender} is {sender_brand}'s{purpose}",
    "sender_of_another": "{sender} is {sender_brand}'s, but the text speaks for {speaker}",
    "sender_impossible": "{speaker} does not text from such a sender",
    "sender_impossible_asks": "it asks for an answer or a call, and {speaker} does not text from such a sender",
    "sender_private_for_brand": "{speaker} is named, but an ordinary number sent it",
    "sender_disguised": "the sender's name is made up to hide what it is",
    "number_checks": "the number {number} passes its check digit",
    "number_fails": "the number {number} fails its check digit",
    "speaks_for_brand": "it speaks for {speaker}",
    "asks_never": "it asks for what {speaker} never asks for",
    "hidden_letters": "letters are disguised or broken up by invisible characters",
    "lookalike_letters": "letters of another alphabet stand for Latin ones",
    "styled_letters": "letters are written in a special style",
    "disguised_words": "words are disguised by digits or signs",
    "spaced_words": "a word is spelled with gaps between its letters",
    "has_email": "it holds an e-mail address",
    "asks_password": "it asks for a password",
    "asks_card": "it asks for card details",
    "asks_pin": "it asks for a PIN",
    "asks_ssn": "it asks for a Social Security number",
    "asks_fee": "it asks for a fee",
    "asks_reply_y": "it asks for a Y or 1 in reply",
    "asks_reopen": "it asks to reopen the text or to copy the link",
    "asks_call": "it asks to call a number",
    "asks_gift_card": "it speaks of gift cards",
    "asks_app_install": "it asks to install an app",
    "asks_code": "it asks to pass a code on",
    "says_will_ask": "it says that somebody will call or ask",
    "code_to_pass_on": "it gives a code and asks to pass it on",
    "asks_crypto": "it speaks of crypto money",
    "asks_move_chat": "it asks to move to another messenger",
    "asks_tap": "it asks to open a link",
    "asks_confirm_details": "it asks to confirm personal details",
    "asks_save_number": "it speaks of a new number",
    "asks_who": "it starts a talk with a stranger",
    "deadline": "it sets a deadline",
    "suspension": "it says that something is locked or taken away",
    "on_hold": "it says that something is held back",
    "last_notice": "it calls itself a last notice",
    "threat": "it threatens with a penalty",
    "failed": "it says that something failed or is wrong",
    "prize": "it promises a prize",
    "gift": "it speaks of a gift, reward or points",
    "money_offer": "it promises easy money",
    "opt_out": "it says how to stop such texts",
    "rates_line": "it states message and data rates",
    "no_share": "it warns not to share a code",
    "if_not_you": "it says what to do if it was not you",
    "code_given": "it gives a one-time code",
}
EVIDENCE = tuple(_SENTENCES)
"""The names of all features, in the order of the model's columns."""

GENUINE = frozenset({"sender_official", "link_official", "link_official_unnamed", "link_public_body", "number_checks"})
"""Those that speak for the sender being who it says it is."""

LINKS_JUDGED = 12
"""Hosts of one text that are looked at closely. Foreign ones come first: official ones count only where there is no other."""

_STRANGE = ("link_unnamed", "link_named_partly", "link_lookalike", "link_lookalike_of_speaker")
_INDEX = {name: index for index, name in enumerate(EVIDENCE)}


@dataclass(frozen=True, slots=True)
class Clue:
    """One feature that is present, and what it rests on."""

    name: str
    span: Span | None
    """Where in the original text; None if it rests on the sender or on the whole."""

    link: Link | None = None


def find_evidence(reading: Reading) -> list[Clue]:
    """The clues of a message, each feature at most once, in the order of `EVIDENCE`."""
    clues: dict[str, Clue] = {}

    def add(name: str, span: Span | None = None, link: Link | None = None) -> None:
        if name not in clues:
            clues[name] = Clue(name, span, link)

    speaker = reading.speaker
    foreign = any(link.owner is None for link in reading.links)
    judged: set[str] = set()
    for link in reading.links:
        if link.owner is not None and (foreign or is_only_a_name(link)):
            continue  # an official address beside another proves nothing
        if link.host not in judged and len(judged) < LINKS_JUDGED:
            judged.add(link.host)
            _judge_link(link, reading, speaker, add)
    if len(reading.links) > 1:
        add("link_many", (reading.links[1].start, reading.links[1].end))
    _judge_sender(reading, speaker, add)
    if speaker is not None:
        mention = next((one for one in reading.mentions if one.speaks), None)
        add("speaks_for_brand", (mention.start, mention.end) if mention is not None else None)
    for number in reading.numbers:
        if speaker is not None and number.format in speaker.numbers and number.checks is not None:
            add("number_checks" if number.checks else "number_fails", reading.folded.span(number.start, number.end))
    if reading.emails:
        add("has_email", reading.emails[0])
    counts = reading.folded.counts
    if counts:
        _judge_tricks(counts, add)
    for name, span in _said(reading.lower).items():
        add(name, reading.folded.span(*span))
    if "sender_impossible" in clues:
        asked = ASKS_BACK.search(reading.lower)
        if asked is not None:
            add("sender_impossible_asks", reading.folded.span(*asked.span()))
    if "code_given" in clues and ("asks_code" in clues or "says_will_ask" in clues):
        add("code_to_pass_on", clues["asks_code" if "asks_code" in clues else "says_will_ask"].span)
    if "sender_official" in clues and "link_not_speakers" in clues:
        add("link_belies_sender", clues["link_not_speakers"].span, clues["link_not_speakers"].link)
    strange = next((clues[name] for name in _STRANGE if name in clues), None)
    if strange is not None and not {"link_odd_suffix", "link_random"}.isdisjoint(clues):
        add("link_strange_twice", strange.span, strange.link)
    plain = _plain_words(reading.brands)
    if not plain.issuperset(reading.words):
        for word, span in zip(reading.words, reading.spans, strict=True):
            if misspelt_brand(word, reading.brands) is not None:
                add("brand_misspelt", span)
                break
            plain.add(word)
        if len(plain) > MOST_KEPT:
            plain.clear()
    if speaker is not None:
        for ask in speaker.never_asks:
            clue = clues.get(f"asks_{ask}")
            if clue is not None:
                add("asks_never", clue.span)
                break
    return sorted(clues.values(), key=lambda clue: _INDEX[clue.name])


@lru_cache(maxsize=4)
def _plain_words(brands: Registry) -> set[str]:
    """Words already met that are no misspelt brand."""
    return set()


def sentence(clue: Clue, reading: Reading) -> str:
    """The clue in words, for a person."""
    link, speaker = clue.link, reading.speaker
    start, end = clue.span if clue.span is not None else (0, 0)
    return _SENTENCES[clue.name].format(
        owner=link.owner.name if link is not None and link.owner is not None else "",
        lookalike=link.lookalike.name if link is not None and link.lookalike is not None else "",
        domain=link.domain if link is not None else "",
        suffix=link.suffix if link is not None else "",
        speaker=speaker.name if speaker is not None else "",
        sender=reading.message.sender or "",
        purpose=_purpose(reading),
        sender_brand=" or ".join(brand.name for brand in reading.sender.brands),
        number=reading.message.text[start:end],
        misspelt=_misspelt_in(reading) if clue.name == "brand_misspelt" else "",
    )


def _judge_link(link: Link, reading: Reading, speaker: Brand | None, add: "Add") -> None:
    span = (link.start, link.end)
    if link.owner is not None:
        if speaker is None:
            add("link_official_unnamed", span, link)
        else:
            add("link_official" if link.owner is speaker or _named(link.owner, reading) else "link_official_stranger", span, link)
        return
    if speaker is not None and speaker.domains:
        add("link_not_speakers", span, link)
        if speaker.links == "never":
            add("link_from_who_never_links", span, link)
    if link.lookalike is not None:
        add("link_lookalike_of_speaker" if link.lookalike is speaker else "link_lookalike", span, link)
        trick = {"prefix": "prefix", "userinfo": "prefix", "path": "path", "homoglyph": "misspelt", "edit": "misspelt", "fake": "misspelt"}
        add(f"link_trick_{trick.get(link.trick or '', 'name')}", span, link)
    for name, holds in (
        ("link_shortener", link.shortener),
        ("link_free_host", link.free_host),
        ("link_address", link.address),
        ("link_userinfo", link.userinfo is not None),
        ("link_punycode", link.punycode),
        ("link_odd_suffix", not link.address and link.suffix not in _GOOD_SUFFIXES),
        ("link_bare", link.scheme is None),
    ):
        if holds:
            add(name, span, link)
    if link.shortener or link.address:
        return
    label = link.host.split(".")[-2 - link.suffix.count(".")] if link.suffix else link.host
    if link.suffix in {"gov", "mil"} or link.suffix.endswith((".gov", ".mil")):
        add("link_public_body", span, link)
        return
    named = _how_named(label, reading) if link.lookalike is None else None
    if named is not None:
        add(named, span, link)
    elif not link.free_host:
        add("link_unnamed", span, link)
    if _looks_random(label):
        add("link_random", span, link)
    if link.suffix.rpartition(".")[2] in RISKY_SUFFIXES:
        add("link_risky_suffix", span, link)
    if named != "link_named" and names_a_service(label):
        add("link_service_words", span, link)


def _misspelt_in(reading: Reading) -> str:
    found = (misspelt_brand(word, reading.brands) for word in reading.words if len(word) > 4)
    return next(brand.name for brand in found if brand is not None)


def is_only_a_name(link: Link) -> bool:
    """Whether an official address is how the text calls its sender (`your Amazon.com account`) rather than where it sends the reader."""
    return link.owner is not None and link.scheme is None and not link.path and not link.host.startswith("www.")


def _named(brand: Brand, reading: Reading) -> bool:
    return any(mention.brand is brand for mention in reading.mentions)


_HARMLESS = frozenset("my go get the shop app us online hello team co hq now inc usa and of by try at for your".split())


def _how_named(label: str, reading: Reading) -> str | None:
    """Whether the words of the text outside its links spell the domain's name, wholly, in part, or not."""
    left = squeezed = label.replace("-", "")
    words = {word for word in reading.words if len(word) > 2 and word.isalpha()}
    for word in sorted(words, key=lambda word: (-len(word), word)):
        if word in left:
            left = left.replace(word, " ")
    rest = left.split()
    if all(part in _HARMLESS or len(part) <= 2 for part in rest) and sum(map(len, rest)) <= len(squeezed) / 2:
        return "link_named"
    return "link_named_partly" if sum(map(len, rest)) < len(squeezed) - 3 else None


def _looks_random(label: str) -> bool:
    """Whether digits stand inside letters, or five consonants other than s in a row."""
    return bool(re.search(r"[a-z]\d+[a-z]|\d[a-z]\d|[bcdfghjklmnpqrtvwxz]{5}", label))


def _judge_sender(reading: Reading, speaker: Brand | None, add: "Add") -> None:
    sender = reading.sender
    if sender.kind in {"absent", "unreadable"}:
        return
    if sender.kind == "masked":
        if sender.country not in {None, "US"}:
            add("sender_international")
    else:
        add(f"sender_{sender.kind}")
    if sender.disguised:
        add("sender_disguised")
    if sender.brands:
        official = speaker is None or speaker in sender.brands
        add("sender_official" if official else "sender_of_another")
    elif speaker is not None:
        if sender.kind == "email" or (sender.kind in {"international", "masked"} and sender.country != "US"):
            add("sender_impossible")
        elif sender.kind == "us_number":
            add("sender_private_for_brand")


def _judge_tricks(counts: Mapping[str, int], add: "Add") -> None:
    if counts.get("invisible") or counts.get("marks"):
        add("hidden_letters")
    if counts.get("lookalike"):
        add("lookalike_letters")
    if counts.get("styled", 0) > 2:
        add("styled_letters")
    if counts.get("leet"):
        add("disguised_words")
    if counts.get("spaced"):
        add("spaced_words")


def _purpose(reading: Reading) -> str:
    """What the sender's id is known to be for, in brackets."""
    digits = re.sub(r"\D", "", reading.message.sender or "")
    known = [sender for brand in reading.sender.brands for sender in brand.senders if sender.id == digits]
    return f" ({known[0].purpose})" if known else ""


class Add(Protocol):
    """The form of the function that takes a clue."""

    def __call__(self, name: str, span: Span | None = None, link: Link | None = None) -> None: ...
