"""The message table: one schema for every source, checked wherever a table is made or read."""

import csv
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pandas as pd

from legitext.errors import DataError
from legitext.files import LONGEST_LINE, check_utf8, replacing
from legitext.messages import LABELS, MAX_CHARACTERS, Message

COLUMNS = ("text", "label", "sender", "brand", "kind", "source", "group", "timestamp")
"""text, label: as in `Message` and `LABELS`. sender, brand, kind: text or missing. source: the corpus, `corrections` or
`grammar`. group: messages that are near-duplicates, or of one template, share it. timestamp: when it was sent, UTC without zone, or
missing."""

REQUIRED = ("text", "label")

Place = Callable[[int], str]
"""Where the row with an index stands, in words."""


def as_table(rows: pd.DataFrame, source: str, place: Place | None = None) -> pd.DataFrame:
    """`rows` as a message table of `source`: columns in order, missing ones added, empty senders, brands and kinds made missing.

    Args:
        rows: with the columns text and label, and any other of `COLUMNS`.
        source: their source, where they name none.
        place: what tells where a row stands; without, it is the source and the row, counted from 1.

    Raises:
        DataError: with the place and what to do, at the first row that is not a message.
    """
    missing = [column for column in REQUIRED if column not in rows.columns]
    if missing:
        found = ", ".join(map(str, rows.columns)) or "none"
        raise DataError(f"{source}: column {missing[0]!r} is missing (found: {found}): a message table needs text and label")
    table = pd.DataFrame({column: rows[column] if column in rows.columns else None for column in COLUMNS})
    table["source"] = source if "source" not in rows.columns else rows["source"]
    for column in ("sender", "brand", "kind", "group"):
        table[column] = _stripped(table[column])
    try:
        times = pd.to_datetime(table["timestamp"], utc=True)
    except ValueError as error:
        raise DataError(
            f"{source}: a timestamp cannot be read ({str(error).splitlines()[0]}): write 2026-01-31 12:00 or leave it empty"
        ) from None
    table["timestamp"] = times.dt.tz_localize(None).astype("datetime64[ms]")
    check_table(table, source, place)
    return table.reset_index(drop=True).astype({column: "string" for column in COLUMNS if column != "timestamp"})


def check_table(table: pd.DataFrame, source: str, place: Place | None = None) -> None:
    """Stop at the first row that is not a message.

    Raises:
        DataError: naming its place, as for `as_table`, and the mend.
    """
    _check_texts(table, source, place)
    wrong = ~table["label"].isin(LABELS)
    if wrong.any():
        label = table["label"][wrong].iloc[0]
        _stop_at(wrong, source, place, f"label {label!r} is not one of {', '.join(LABELS)}: map it or drop the row")


def _check_texts(table: pd.DataFrame, source: str, place: Place | None) -> None:
    texts = table["text"]
    _stop_at(
        texts.map(lambda text: not isinstance(text, str)), source, place, "the text is missing or not a text: fill it in or drop the row"
    )
    _stop_at(texts.map(lambda text: not text.strip()), source, place, "the text is empty: drop the row")
    _stop_at(
        texts.map(lambda text: len(text) > MAX_CHARACTERS),
        source,
        place,
        f"the text has more than {MAX_CHARACTERS:,} characters: is a closing quote missing?",
    )


def _stripped(values: pd.Series) -> pd.Series:
    """Values as text without blanks around it; None where nothing is left."""
    values = values.astype("object").where(values.notna(), None)
    return values.map(lambda value: None if value is None or not str(value).strip() else str(value).strip())


def _stop_at(wrong: pd.Series, source: str, place: Place | None, what: str) -> None:
    if bool(wrong.any()):
        first = int(wrong.to_numpy().argmax())
        more = int(wrong.sum()) - 1
        where = f"{source}, row {first + 1:,} of {len(wrong):,}" if place is None else place(int(wrong.index[first]))
        raise DataError(f"{where}{f' (and {more:,} more)' if more else ''}: {what}")


def line_in(path: Path) -> Place:
    """Where a row of a CSV file stands: the file and the line on which the row begins; texts may hold line ends."""

    def place(index: int) -> str:
        csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))
        number, begins = -1, 1  # the header is no row
        last = ""

        def noted(file: Iterable[str]) -> Iterator[str]:
            nonlocal last
            for line in file:
                last = line
                yield line

        with path.open(encoding="utf-8", newline="") as file:
            lines = csv.reader(noted(file))
            for _ in lines:
                if last.strip():  # blank lines are no rows either; a quoted blank is one
                    number += 1
                if number > index:
                    break
                begins = lines.line_num + 1
        return f"{path}, line {begins:,}"

    return place


def write_table(table: pd.DataFrame, path: str | Path) -> None:
    """Write a table as parquet, whole or not at all; the same table gives the same bytes."""
    with replacing(path) as part:
        table.to_parquet(part, engine="pyarrow", compression="zstd", index=False)


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a table that `write_table` wrote."""
    try:
        return pd.read_parquet(path)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist: run `dvc repro` (or `make train`) to make it") from None
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read as parquet ({str(error).splitlines()[0]}): it is damaged; if the pipeline made it, delete it and run `dvc repro`"
        ) from None


def messages_of(table: pd.DataFrame) -> list[Message]:
    """The rows of a table as messages: its column `text`, and `sender` where there is one."""
    return list(each_message(table))


def each_message(table: pd.DataFrame) -> Iterator[Message]:
    """`messages_of` one at a time, for tables of millions."""
    if "sender" not in table.columns:
        yield from map(Message, table["text"])
        return
    for text, sender in zip(table["text"], table["sender"], strict=True):
        yield Message(text, None if pd.isna(sender) else sender)


def read_labelled_file(path: str | Path) -> pd.DataFrame:
    """A user's own labelled messages: CSV (UTF-8, comma, header) or parquet with text, label and any other column of a table.

    Raises:
        DataError: naming the file, and the row where there is one.
    """
    path = Path(path)
    rows = _read_rows(path, "the columns text and label")
    return as_table(rows.drop(columns="source", errors="ignore"), path.name, line_in(path) if path.suffix == ".csv" else None)


def read_messages_file(path: str | Path, text_column: str = "text", sender_column: str | None = None) -> list[Message]:
    """The messages of a user's own file, which needs no labels: CSV (UTF-8, comma, header) or parquet.

    Args:
        path: the file.
        text_column: the column of texts.
        sender_column: that of senders; None takes `sender` where there is one.

    Raises:
        DataError: naming the file, and the column or row where there is one.
    """
    path = Path(path)
    rows = _read_rows(path, f"a column {text_column}")
    for column in (text_column, sender_column):
        if column is not None and column not in rows.columns:
            found = ", ".join(map(str, rows.columns)) or "none"
            raise DataError(
                f"{path.name}: column {column!r} is missing (found: {found}): name another with --text-column or --sender-column"
            )
    senders = rows.get("sender" if sender_column is None else sender_column)
    table = pd.DataFrame({"text": rows[text_column], "sender": None if senders is None else _stripped(senders)}).reset_index(drop=True)
    _check_texts(table, path.name, line_in(path) if path.suffix == ".csv" else None)
    return messages_of(table)


def _read_rows(path: Path, needed: str) -> pd.DataFrame:
    if not path.is_file():
        raise DataError(f"{path} is not a file: name a .csv or .parquet file with {needed}")
    if path.suffix == ".parquet":
        rows = read_table(path)
    elif path.suffix == ".csv":
        rows = read_csv(path)
    else:
        raise DataError(f"{path}: {path.suffix or 'no ending'} is not read: save it as .csv or .parquet")
    if len(rows) == 0:
        raise DataError(f"{path} holds no rows: give it at least one message")
    return rows


def read_csv(path: Path) -> pd.DataFrame:
    """A CSV file as texts; nothing is guessed: `NA` stays `NA`, and 28777 stays text."""
    check_utf8(path)
    try:
        rows = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(f"{path}: not a CSV file with a header row ({str(error).strip()}): quote texts that hold commas") from None
    if not isinstance(rows.index, pd.RangeIndex):
        raise DataError(f"{path}: rows have more fields than the header names: quote texts that hold commas")
    return rows
