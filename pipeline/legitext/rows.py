"""Rows of files of any size: CSV, JSON lines and parquet, read in chunks and written in pieces that need only be put one after another."""

import csv
import io
import json
import os
import shutil
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from legitext.errors import DataError, InputError, MissingExtraError
from legitext.files import replacing
from legitext.messages import MAX_CHARACTERS

FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
CHUNK_ROWS = 2_000
CHUNK_BYTES = 1 << 20
LONGEST = 16 << 20
"""Bytes of a line, or of a CSV row over several lines, that are held at most; longer ones cannot be read."""

GROUP_ROWS = 100_000
"""Rows of a group in a parquet file."""

NOT_UTF8 = "it is not UTF-8: save the file as UTF-8 (iconv -f WINDOWS-1252 -t UTF-8)"

Record = dict[str, Any]
Refused = tuple[int, str]
"""The number of a row that cannot be read, and why."""


def format_of(path: str, given: str | None, side: str) -> str:
    """The format of a file by its ending, or `given` where that does not tell.

    Raises:
        InputError: if neither tells, or if parquet is to go through a pipe.
        MissingExtraError: if it is parquet, and there is no pyarrow.
    """
    found = FORMATS.get(Path(path).suffix.lower()) or given
    if found is None:
        raise InputError(f"{side} {path}: its name does not tell its format: end it in {', '.join(FORMATS)}, or name one with --format")
    if path == "-" and found == "parquet":
        raise InputError(f"{side} -: parquet is not read or written in one go, so it cannot go through a pipe: name a file")
    if found == "parquet":
        try:
            import pyarrow  # noqa: F401
        except ModuleNotFoundError:
            raise MissingExtraError("parquet", "pyarrow", "pyarrow") from None
    return found


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows as they lie in the file."""

    rows: Any
    """CSV: lists of fields. JSON lines: lines as bytes. Parquet: an Arrow stream."""

    numbers: Sequence[int]
    """Of each row: the line it begins in, or its place in a parquet file; from 1."""

    refused: tuple[Refused, ...]
    position: tuple[int, int]
    """Where the next chunk begins: bytes and lines before it, or rows twice."""

    size: int
    """In bytes, or rows of a parquet file."""


class Reader(ABC):
    """A file of rows; `columns` are its columns, of JSON lines those of the first chunk."""

    unit = "line"
    """What rows are numbered by."""

    measure = "bytes"
    """What chunks are measured in."""

    columns: list[str]
    total: int | None
    """The size of all chunks together; None if unknown."""

    @abstractmethod
    def chunks(self, position: tuple[int, int] | None = None) -> Iterator[Chunk]:
        """The rows from a position that a chunk told, or all."""

    @abstractmethod
    def records(self, chunk: Chunk) -> Iterator[tuple[int, Record | str]]:
        """The number of each row with its record, or with the reason why it has none."""

    def __getstate__(self) -> dict[str, Any]:
        return {"columns": self.columns}  # all that `records` needs in another process


def open_reader(path: str, kind: str, stream: BinaryIO) -> Reader:
    """The reader of a file of a format, from a stream that stands at its beginning.

    Raises:
        DataError: if it has no header, or is no parquet file.
    """
    kinds: dict[str, Callable[[str, BinaryIO], Reader]] = {"csv": CsvReader, "jsonl": JsonReader, "parquet": ParquetReader}
    return kinds[kind](path, stream)


class _Lines:
    """The lines of a stream, and those of the record under way, which can be gone back over."""

    def __init__(self, stream: BinaryIO, position: tuple[int, int]) -> None:
        self._stream = stream
        self.read, self.number = position
        self.taken: list[bytes] = []
        self._again: deque[bytes] = deque()
        self._size = 0

    def begin(self) -> None:
        """Forget the lines of the last record."""
        self.number += len(self.taken)
        self.taken.clear()
        self._size = 0

    def back(self) -> None:
        """Give all lines of the record under way but the first again."""
        self._again.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]

    @property
    def position(self) -> tuple[int, int] | None:
        """Where the next record begins; None if lines are given again."""
        return None if self._again else (self.read, self.number + len(self.taken))

    def take(self) -> bytes:
        """The next line; empty at the end.

        Raises:
            csv.Error: if it is, or makes the record, longer than `LONGEST`.
        """
        line = self._again.popleft() if self._again else self._next()
        if line:
            self.taken.append(line)
            self._size += len(line)
        if line is _TOO_LONG or self._size > LONGEST:
            raise csv.Error(f"longer than {LONGEST:,} bytes")
        return line

    def __iter__(self) -> Iterator[str]:
        while line := self.take():
            yield line.decode("utf-8", "surrogateescape")

    def _next(self) -> bytes:
        line = self._stream.readline(LONGEST + 1)
        self.read += len(line)
        if len(line) > LONGEST:
            rest = line
            while rest and not rest.endswith(b"\n"):
                rest = self._stream.readline(CHUNK_BYTES)
                self.read += len(rest)
            return _TOO_LONG
        return line.removeprefix(b"\xef\xbb\xbf") if self.read == len(line) else line


_TOO_LONG = b"too long\n"


class _TextReader(Reader):
    """What CSV and JSON lines share."""

    def __init__(self, path: str, stream: BinaryIO) -> None:
        self._path = path
        self._stream = stream
        self.total = None if path == "-" else Path(path).stat().st_size

    def _cut(self, rows: Iterable[tuple[int, Any, str | None]], lines: _Lines) -> Iterator[Chunk]:
        """Rows, each with its number and None or the reason why it cannot be read, in chunks."""
        begun = lines.read
        taken: list[Any] = []
        numbers: list[int] = []
        refused: list[Refused] = []
        for number, row, reason in rows:
            if reason is None:
                taken.append(row)
                numbers.append(number)
            else:
                refused.append((number, reason))
            if (len(taken) + len(refused) >= CHUNK_ROWS or lines.read - begun >= CHUNK_BYTES) and (position := lines.position):
                yield Chunk(taken, numbers, tuple(refused), position, lines.read - begun)
                begun, taken, numbers, refused = lines.read, [], [], []
        if taken or refused:
            yield Chunk(taken, numbers, tuple(refused), (lines.read, lines.number), lines.read - begun)


class CsvReader(_TextReader):
    """Commas, double quotes and a header; nothing is guessed: `NA` stays `NA`, and 28777 stays text."""

    def __init__(self, path: str, stream: BinaryIO) -> None:
        super().__init__(path, stream)
        lines = _Lines(stream, (0, 0))
        try:
            self.columns = next(csv.reader(lines, strict=True), [])
            "".join(self.columns).encode()
        except (csv.Error, UnicodeEncodeError) as error:
            reason = NOT_UTF8 if isinstance(error, UnicodeEncodeError) else str(error)
            raise DataError(f"{path}: its first line is no CSV header: {reason}") from None
        if not any(self.columns):
            raise DataError(f"{path} has no header: its first line must name the columns")
        self._begin = lines.position or (0, 0)

    def chunks(self, position: tuple[int, int] | None = None) -> Iterator[Chunk]:
        if position is not None:
            self._stream.seek(position[0])
        lines = _Lines(self._stream, position or self._begin)
        before = csv.field_size_limit(MAX_CHARACTERS + 1)
        try:
            yield from self._cut(self._rows(lines), lines)
        finally:
            csv.field_size_limit(before)

    def _rows(self, lines: _Lines) -> Iterator[tuple[int, Any, str | None]]:
        """A row that is no CSV takes one line with it: those after it, which a quote too many swallowed, are read anew."""
        reader = csv.reader(lines, strict=True)
        while True:
            lines.begin()
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                lines.back()
                reader = csv.reader(lines, strict=True)
                yield lines.number + 1, None, f"it is no CSV ({error}): quote texts that hold quotes, and double those"
                continue
            if len(fields) == len(self.columns):
                yield lines.number + 1, fields, None
            elif fields:
                yield lines.number + 1, None, f"it has {len(fields)} fields, the header {len(self.columns)}: quote texts that hold commas"

    def records(self, chunk: Chunk) -> Iterator[tuple[int, Record | str]]:
        for number, fields in zip(chunk.numbers, chunk.rows, strict=True):
            yield number, dict(zip(self.columns, fields, strict=True)) if _is_unicode("".join(fields)) else NOT_UTF8


class JsonReader(_TextReader):
    """One JSON object a line."""

    def __init__(self, path: str, stream: BinaryIO) -> None:
        super().__init__(path, stream)
        self._rest = self._read((0, 0))
        self._first = list(islice(self._rest, 1))
        rows = [row for chunk in self._first for _, row in self.records(chunk) if isinstance(row, dict)]
        self.columns = list(dict.fromkeys(name for row in rows for name in row))

    def chunks(self, position: tuple[int, int] | None = None) -> Iterator[Chunk]:
        if position is None:
            yield from self._first
            yield from self._rest
        else:
            self._stream.seek(position[0])
            yield from self._read(position)

    def _read(self, position: tuple[int, int]) -> Iterator[Chunk]:
        lines = _Lines(self._stream, position)
        yield from self._cut(self._rows(lines), lines)

    def _rows(self, lines: _Lines) -> Iterator[tuple[int, Any, str | None]]:
        while True:
            lines.begin()
            try:
                line = lines.take()
            except csv.Error as error:
                yield lines.number + 1, None, f"it is {error}"
                continue
            if not line:
                return
            if not line.isspace():
                yield lines.number + 1, line, None

    def records(self, chunk: Chunk) -> Iterator[tuple[int, Record | str]]:
        for number, line in zip(chunk.numbers, chunk.rows, strict=True):
            yield number, _json_object(line)


def _json_object(line: bytes) -> Record | str:
    try:
        record = _decode(line.decode("utf-8"))
    except UnicodeDecodeError:
        return NOT_UTF8
    except (ValueError, RecursionError) as error:
        return f"it is no JSON ({error})"
    return record if isinstance(record, dict) else f"it is a JSON {type(record).__name__}, not an object"


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


_decode = json.JSONDecoder(parse_constant=_no_number).decode


class ParquetReader(Reader):
    """Parquet with columns of any types."""

    unit = "row"
    measure = "rows"

    def __init__(self, path: str, stream: BinaryIO) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        try:
            self._file = parquet.ParquetFile(stream, pre_buffer=False, buffer_size=CHUNK_BYTES)
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{path} cannot be read as parquet ({str(error).splitlines()[0]}): it is damaged, or no parquet file") from None
        self._path = path
        self.schema = self._file.schema_arrow
        self.columns = list(self.schema.names)
        self.total: int = self._file.metadata.num_rows

    def chunks(self, position: tuple[int, int] | None = None) -> Iterator[Chunk]:
        import pyarrow as pa

        done = position[0] if position else 0
        try:
            for batch in self._batches(done):
                numbers = range(done + 1, done + len(batch) + 1)
                done += len(batch)
                yield Chunk(as_stream(self.schema, [batch]), numbers, (), (done, done), len(batch))
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{self._path}: no row after row {done:,} can be read ({str(error).splitlines()[0]}): it is damaged") from None

    def _batches(self, skipped: int) -> Iterator[Any]:
        """Batches of all rows but the first, which are not even unpacked where a whole group is skipped."""
        groups = range(self._file.num_row_groups)
        while groups and skipped >= (rows := self._file.metadata.row_group(groups[0]).num_rows):
            skipped, groups = skipped - rows, groups[1:]
        size = sum(self._file.metadata.row_group(group).total_byte_size for group in range(self._file.num_row_groups))
        rows_at_once = max(1, min(CHUNK_ROWS, CHUNK_BYTES * self.total // (size or 1)))
        for batch in self._file.iter_batches(rows_at_once, groups) if groups else ():
            if skipped < len(batch):
                yield batch.slice(skipped)
            skipped = max(0, skipped - len(batch))

    def records(self, chunk: Chunk) -> Iterator[tuple[int, Record | str]]:
        yield from zip(chunk.numbers, (row for batch in batches_of(chunk.rows) for row in batch.to_pylist()), strict=True)


def as_stream(schema: Any, batches: Iterable[Any]) -> bytes:
    """Batches as a whole Arrow stream; such streams, one after another, are what becomes a parquet file."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    found: bytes = sink.getvalue().to_pybytes()
    return found


def batches_of(stream: bytes) -> Iterator[Any]:
    """The batches of one Arrow stream."""
    import pyarrow as pa

    with pa.ipc.open_stream(stream) as reader:
        yield from reader


def _write_parquet(streams: Path, target: Path) -> None:
    """Turn a file of Arrow streams, one after another, into a parquet file, whole or not at all."""
    import pyarrow as pa
    from pyarrow import parquet

    with pa.OSFile(str(streams)) as source, replacing(target) as part:
        schema = pa.ipc.open_stream(source).schema
        source.seek(0)
        with parquet.ParquetWriter(part, schema, compression="zstd") as writer:
            held: list[Any] = []
            while source.tell() < source.size():
                held += pa.ipc.open_stream(source)
                if sum(map(len, held)) >= GROUP_ROWS:
                    writer.write_table(pa.Table.from_batches(held, schema))
                    held.clear()
            if held:
                writer.write_table(pa.Table.from_batches(held, schema))


@dataclass(frozen=True)
class Writer:
    """How rows with what is added to them are written; a worker has one, and so has who puts the pieces together."""

    kind: str
    columns: Sequence[str]
    added: Mapping[str, str]
    """By the name of an added column `string` or `double`."""

    schema: Any = field(default=None)
    """The Arrow schema of what was read, if that was parquet and parquet is written."""

    def header(self) -> bytes:
        """What comes before all rows."""
        if self.kind == "csv":
            return _csv([[*self.columns, *self.added]])
        return as_stream(self._arrow_schema(), []) if self.kind == "parquet" else b""

    def piece(self, chunk: Chunk, kept: Sequence[int], records: Sequence[Record], added: Mapping[str, Sequence[Any]]) -> bytes:
        """Rows in the file's form.

        Args:
            chunk: what was read.
            kept: the places in it of the rows to write; only those of parquet that becomes parquet are looked up there.
            records: the rows.
            added: by column a value for each of them.
        """
        if self.kind == "parquet":
            return self._arrow_piece(chunk, kept, records, added)
        values = list(zip(*added.values(), strict=True))
        if self.kind == "csv":
            cells = ([_cell(record.get(name)) for name in self.columns] for record in records)
            return _csv([*row, *more] for row, more in zip(cells, values, strict=True))
        lines = (as_json({**record, **dict(zip(added, more, strict=True))}) for record, more in zip(records, values, strict=True))
        return "".join(f"{line}\n" for line in lines).encode()

    def finish(self, pieces: Path, target: Path) -> None:
        """Make `target` of the file that holds the header and all pieces, whole or not at all; that file may be gone then."""
        if self.kind == "parquet":
            _write_parquet(pieces, target)
            return
        if target.exists():
            shutil.copymode(target, pieces)
        with pieces.open("rb") as written:
            os.fsync(written.fileno())
        pieces.replace(target)

    def check(self, record: Record) -> None:
        """Stop if the columns of a row are not those that can be written.

        Raises:
            InputError: with the reason.
        """
        if self.kind == "jsonl":
            for name in self.added:
                if name in record:
                    raise InputError(f"it has a {name!r} of its own, which the verdict would overwrite")
        elif not record.keys() <= self._known:
            unknown = next(name for name in record if name not in self._known)
            raise InputError(f"it has a {unknown!r}, which no row of the first chunk has")

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.columns)

    def _arrow_schema(self) -> Any:
        import pyarrow as pa

        schema = pa.schema([(name, pa.string()) for name in self.columns]) if self.schema is None else self.schema
        for name, kind in self.added.items():
            schema = schema.append(pa.field(name, pa.string() if kind == "string" else pa.float64()))
        return schema

    def _arrow_piece(self, chunk: Chunk, kept: Sequence[int], records: Sequence[Record], added: Mapping[str, Sequence[Any]]) -> bytes:
        import pyarrow as pa

        if self.schema is None:
            columns = [pa.array([_cell(record.get(name)) for record in records], pa.string()) for name in self.columns]
        else:
            columns = pa.Table.from_batches(batches_of(chunk.rows), self.schema).take(pa.array(kept, pa.int64())).columns
        schema = self._arrow_schema()
        more = [pa.array(values, schema.field(name).type) for name, values in added.items()]
        return as_stream(schema, pa.Table.from_arrays([*columns, *more], schema=schema).to_batches())


as_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=str).encode
"""A value in one line; what JSON has no form for (dates, decimals, bytes) as text."""


def _csv(rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    """A value as the text of a field, or None: texts and dates as they are, all else as JSON."""
    if value is None or isinstance(value, str):
        return value
    return as_json(value) if isinstance(value, bool | int | float | list | dict) else str(value)


def _is_unicode(text: str) -> bool:
    """Whether a text can be written in UTF-8, which one from bytes that are not cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
