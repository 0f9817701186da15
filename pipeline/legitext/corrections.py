"""Texts whose verdict a user put right: noted in one file, which the next training reads."""

import csv
import io
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from legitext.errors import DataError, InputError
from legitext.files import check_utf8, locked, replacing
from legitext.messages import LABELS, MAX_CHARACTERS, Message
from legitext.unicode import fold

FILE = "data/corrections.csv"
"""Every correction, oldest first; of those of one text from one sender the last holds. These are users' messages: git ignores the file."""

COLUMNS = ("text", "sender", "label", "date")


@dataclass(frozen=True, slots=True)
class Correction:
    """What a message really is, as a user said."""

    message: Message
    label: str
    """One of `LABELS`."""

    day: date
    """When it was said, UTC."""

    def __post_init__(self) -> None:
        if self.label not in LABELS:
            raise InputError(f"the label is not one of {', '.join(LABELS)}")  # what stands there may be a text out of place: not shown

    @property
    def key(self) -> tuple[str, str]:
        """What corrections of one message share: text and sender as they are read, whatever spaces and tricks they come with."""
        return _folded(self.message.text), _folded(self.message.sender or "")


def correct(text: str, label: str, sender: str | None = None, path: str | Path = FILE) -> Correction | None:
    """Note in `path` what a text really is, unless that is known already; of several processes at once none loses a row.

    Returns:
        What held for this text and sender before, None if nothing did. Nothing is written if its label is the same.

    Raises:
        InputError: if the text, sender or label is none.
        DataError: if the file is damaged (see `standing`) or its folder is missing.
    """
    message = Message(text, sender)
    new = Correction(Message(_writable(message.text), _writable(message.sender or "").strip() or None), label, datetime.now(UTC).date())
    path = Path(path)
    if not path.parent.is_dir():
        raise DataError(f"there is no folder {path.parent} for {path.name}: run in the project's folder, where the training looks for it")
    with locked(path):
        before = standing(path).get(new.key)
        if before is None or before.label != label:
            _append(new, path)
    return before


def standing(path: str | Path = FILE) -> dict[tuple[str, str], Correction]:
    """The corrections that hold, by `Correction.key`; none if there is no file.

    Raises:
        DataError: naming the file and the line of the first row that is damaged, but nothing of what it says.
    """
    path = Path(path)
    if not path.is_file():
        return {}
    check_utf8(path)
    csv.field_size_limit(max(csv.field_size_limit(), MAX_CHARACTERS))  # a text may be longer than what is read by default
    rows = csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""), strict=True)
    corrections: dict[tuple[str, str], Correction] = {}
    line = 1
    try:
        for fields in rows:
            if line == 1 and fields != list(COLUMNS):
                raise InputError(f"the header must be {','.join(COLUMNS)}")
            if line > 1 and fields:
                one = _correction(fields)
                corrections[one.key] = one
            line = rows.line_num + 1
    except (csv.Error, InputError) as error:
        raise DataError(f"{path}, line {line:,}: {error}; mend the row or delete it") from None
    return corrections


def _correction(fields: list[str]) -> Correction:
    if len(fields) != len(COLUMNS):
        raise InputError(f"{len(fields)} fields instead of {len(COLUMNS)}, so a text that holds commas may lack its quotes")
    text, sender, label, day = fields
    try:
        said = date.fromisoformat(day)
    except ValueError:
        raise InputError("the date is not one like 2026-01-31") from None
    return Correction(Message(text, sender.strip() or None), label, said)


def _append(new: Correction, path: Path) -> None:
    """The file with one row more, whole or as it was."""
    before = path.read_bytes() if path.is_file() else b""
    written = io.StringIO(newline="")
    rows = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\n")  # by itself, it leaves a carriage return without quotes
    if not before:
        written.write(",".join(COLUMNS) + "\n")
    elif not before.endswith(b"\n"):
        written.write("\n")
    rows.writerow([new.message.text, new.message.sender or "", new.label, new.day.isoformat()])
    with replacing(path) as part:
        part.write_bytes(before + written.getvalue().encode("utf-8"))


def _folded(text: str) -> str:
    return " ".join(fold(text).text.split()) or text


def _writable(text: str) -> str:
    """`text` with marks for the bytes of a command line that were not UTF-8, as lines of standard input have them."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)
