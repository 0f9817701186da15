"""What is judged: a text message, and the labels it can have."""

from dataclasses import dataclass

from legitext.errors import InputError

LABELS = ("ham", "spam", "smishing")
"""Genuine texts and personal chat; unwanted advertising; phishing by text. The order is that of every probability row."""

HAM, SMISHING = LABELS.index("ham"), LABELS.index("smishing")

MAX_CHARACTERS = 1_000_000
"""Longest text that is judged. A text message has at most some thousand characters, however many parts it is sent in."""


@dataclass(frozen=True, slots=True)
class Message:
    """One text message as a phone shows it."""

    text: str
    """What it says; not blank, at most `MAX_CHARACTERS` long."""

    sender: str | None = None
    """Who the phone says sent it: a short code, a telephone number, an e-mail address or a name; None if unknown."""

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise InputError(f"a message's text must be str, not {type(self.text).__name__}: decode or convert it first")
        if not self.text or self.text.isspace():
            raise InputError("a message's text is empty or blank: there is nothing to judge, so leave such messages out")
        if len(self.text) > MAX_CHARACTERS:
            raise InputError(
                f"a message's text has {len(self.text):,} characters, more than {MAX_CHARACTERS:,}: "
                "is it a whole file? Pass one message at a time"
            )
        if self.sender is not None and not isinstance(self.sender, str):
            raise InputError(f"a message's sender must be str or None, not {type(self.sender).__name__}: pass numbers as text")


def as_message(value: object) -> Message:
    """`value` itself if it is a Message, or a Message of that text.

    Raises:
        InputError: if it is neither a Message nor a usable text.
    """
    return value if isinstance(value, Message) else Message(value)  # type: ignore[arg-type]
