"""Verdicts on many rows: on files of any size in chunks on all cores, on pandas tables, and on batches of a Hugging Face dataset."""

import json
import os
import shutil
import signal
import sys
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, closing
from dataclasses import dataclass
from hashlib import file_digest
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from legitext.classifier import Classifier, Prediction, default_path
from legitext.decision import DEFAULT
from legitext.errors import DataError, InputError, LegitextError
from legitext.files import digest, try_lock, write_text
from legitext.messages import LABELS, Message
from legitext.progress import say, track
from legitext.rows import CHUNK_BYTES, Chunk, Reader, Record, Refused, Writer, as_json, format_of, open_reader

if TYPE_CHECKING:
    import pandas as pd

SECONDS_BETWEEN_NOTES = 1.0
"""How much work a process that is killed loses at most."""


def added_columns(prefix: str = "") -> dict[str, str]:
    """The columns that verdicts add, with `string` or `double`: the label, the probability of each label, and the brand.

    >>> list(added_columns("legitext_"))
    ['legitext_label', 'legitext_ham', 'legitext_spam', 'legitext_smishing', 'legitext_brand']
    """
    kinds = {"label": "string", **dict.fromkeys(LABELS, "double"), "brand": "string"}
    return {f"{prefix}{name}": kind for name, kind in kinds.items()}


def sender_column(columns: Iterable[str], text: str, sender: str | None, prefix: str, choices: tuple[str, str]) -> str | None:
    """The column of senders, None if there is none: `sender` need not be there, any other that is asked for must.

    Raises:
        InputError: if a column that is needed is missing or there twice, or if one is called as one that is added. `choices` say what
            names other columns, and what sets the added ones apart.
    """
    columns = list(columns)
    wanted = [text] if sender in (None, "sender") and "sender" not in columns else [text, sender or "sender"]
    for column in wanted:
        if columns.count(column) != 1:
            what = "there twice" if column in columns else "missing"
            raise InputError(
                f"column {column!r} is {what} (found: {', '.join(map(str, columns)) or 'none'}): name another with {choices[0]}"
            )
    clash = [column for column in columns if column in added_columns(prefix)]
    if clash:
        raise InputError(f"there is a column {clash[0]!r} already, which the verdicts add: set them apart with {choices[1]}")
    return wanted[1] if len(wanted) > 1 else None


def columns_of(predictions: Iterable[Prediction | None], prefix: str = "") -> dict[str, list[Any]]:
    """Verdicts as columns, see `added_columns`; None in each for what has no verdict."""
    rows = [(None,) * (len(LABELS) + 2) if one is None else (one.label, *one.probabilities.values(), one.brand) for one in predictions]
    names = added_columns(prefix)
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)) if rows else {name: [] for name in names}


def judge_columns(classifier: Classifier, texts: Sequence[Any], senders: Sequence[Any] | None, prefix: str = "") -> dict[str, list[Any]]:
    """Verdicts on columns of texts and senders, as columns; what is missing, blank or too long has none.

    Args:
        classifier: who judges.
        texts: str or None.
        senders: texts, numbers or None; None if there are none.

    Raises:
        InputError: naming the row, from 0, whose text is neither.
    """
    found: list[Message | None] = []
    for row, (text, sender) in enumerate(zip(texts, senders or [None] * len(texts), strict=True)):
        if text is not None and not isinstance(text, str):
            raise InputError(f"row {row}: a text must be str, not {type(text).__name__}: name the column of texts")
        try:
            found.append(as_sent(text, sender))
        except InputError:
            found.append(None)
    verdicts = iter(classifier.predict([message for message in found if message is not None]))
    return columns_of((None if message is None else next(verdicts) for message in found), prefix)


def as_sent(text: Any, sender: Any) -> Message:
    """A row's text and sender as a message; a sender may be a number, as tables hold short codes.

    Raises:
        InputError: if there is no text to judge.
    """
    if text is None:
        raise InputError("it has no text")
    if isinstance(sender, float) and sender.is_integer():
        sender = int(sender)  # what tables make of whole numbers where some are missing
    return Message(text, None if sender is None else str(sender).strip() or None)


def score_frame(classifier: Classifier, frame: "pd.DataFrame", text: str, sender: str | None, prefix: str) -> "pd.DataFrame":
    """See `Classifier.score_frame`."""
    import pandas as pd

    sender = sender_column(frame.columns, text, sender, prefix, ("text= or sender=", "prefix='legitext_'"))
    columns = judge_columns(classifier, _values(frame[text]), None if sender is None else _values(frame[sender]), prefix)
    kinds = {"string": "string", "double": "float64"}
    return frame.assign(**{name: pd.Series(columns[name], frame.index, kinds[kind]) for name, kind in added_columns(prefix).items()})


def _values(column: "pd.Series[Any]") -> list[Any]:
    return column.astype("object").where(column.notna(), None).tolist()


def map_batch(classifier: Classifier, batch: Mapping[str, Any], text: str, sender: str | None, prefix: str) -> dict[str, list[Any]]:
    """See `Classifier.map_batch`."""
    sender = sender_column(batch, text, sender, prefix, ("fn_kwargs={'text': ...}", "fn_kwargs={'prefix': 'legitext_'}"))
    columns = judge_columns(classifier, list(batch[text]), None if sender is None else list(batch[sender]), prefix)
    columns[f"{prefix}brand"] = [brand or "" for brand in columns[f"{prefix}brand"]]
    return columns


@dataclass(frozen=True, slots=True)
class Options:
    """How rows are to be judged."""

    text: str = "text"
    """The column of texts."""

    sender: str | None = None
    """That of senders; None takes `sender` where there is one."""

    prefix: str = ""
    """What the names of the added columns begin with."""

    model: str | None = None
    brands: str | None = None
    threshold: str | float = DEFAULT
    """As in `Classifier.load`."""

    format: str | None = None
    """`csv`, `jsonl` or `parquet`, where a name does not tell."""


COMMAND_LINE = ("--text-column or --sender-column", "--prefix legitext_")


class Outcome(NamedTuple):
    """How many rows were judged, how many could not be, and the file that lists the latter, if there is one."""

    judged: int
    refused: int
    side: str | None


Judged = tuple[bytes, int, list[Refused]]
"""What is made of a chunk: its piece of output, how many rows that holds, and the rows that cannot be read."""


class _Judge:
    """What a worker needs: it opens the classifier once, and turns a chunk into the piece of output that it makes."""

    def __init__(self, reader: Reader, writer: Writer, options: Options, sender: str | None) -> None:
        self._reader, self._writer, self._options, self._sender = reader, writer, options, sender
        self._classifier = Classifier.load(options.model, options.brands, options.threshold)

    def __call__(self, chunk: Chunk) -> Judged:
        refused = list(chunk.refused)
        kept: list[int] = []
        records: list[Record] = []
        messages: list[Message] = []
        for place, (number, record) in enumerate(self._reader.records(chunk)):
            try:
                if isinstance(record, str):
                    raise InputError(record)
                self._writer.check(record)
                message = as_sent(record.get(self._options.text), record.get(self._sender) if self._sender else None)
            except InputError as error:
                refused.append((number, str(error)))
            else:
                kept.append(place)
                records.append(record)
                messages.append(message)
        verdicts = self._classifier.predict(messages)
        try:
            piece = self._piece(chunk, kept, records, verdicts)
        except (ValueError, RecursionError):  # rare, so looked for only now
            reasons = [self._unwritable(chunk, *row) for row in zip(kept, records, verdicts, strict=True)]
            refused += [(chunk.numbers[place], reason) for place, reason in zip(kept, reasons, strict=True) if reason]
            rows = [row for row, reason in zip(zip(kept, records, verdicts, strict=True), reasons, strict=True) if not reason]
            kept, records, verdicts = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
            piece = self._piece(chunk, kept, records, verdicts)
        return piece, len(kept), sorted(refused)

    def _piece(self, chunk: Chunk, kept: Sequence[int], records: Sequence[Record], verdicts: Sequence[Prediction]) -> bytes:
        return self._writer.piece(chunk, kept, records, columns_of(verdicts, self._options.prefix))

    def _unwritable(self, chunk: Chunk, place: int, record: Record, verdict: Prediction) -> str | None:
        try:
            self._piece(chunk, [place], [record], [verdict])
        except (ValueError, RecursionError) as error:
            return f"it cannot be written ({error})"
        return None


def score_file(source: str, target: str, options: Options | None = None, jobs: int = 1) -> Outcome:
    """Judge all rows of a file, in their order, in memory that does not grow with it.

    What is done stays in `<target>.partial` if the run is stopped, and the same call goes on from there; `target` appears once it is
    whole. Rows that cannot be read go to `<target>.rejected.jsonl`, with their number and the reason.

    Args:
        source: a .csv, .jsonl or .parquet file, or `-` for standard input.
        target: another, which may be of another format, or `-` for standard output; then rows that cannot be read go to standard error.
        options: how to judge.
        jobs: processes. Where a script calls this with more than one, it must do so under `if __name__ == "__main__":`.

    Raises:
        InputError: if a name does not tell the format, or a column that is needed is missing, or one that is added is there already.
        DataError: if the file cannot be read at all, no row of it can be judged, or it changes meanwhile.
        ArtifactError: if the model cannot be opened.
    """
    options = options or Options()
    kind = format_of(source, options.format, "IN")
    written = format_of(target, options.format or kind, "OUT")
    if target != "-" and Path(target).is_dir():
        raise InputError(f"OUT {target} is a folder: name a file")
    if "-" not in (source, target) and Path(source).resolve() == Path(target).resolve():
        raise InputError(f"OUT {target} is the file that is read: name another")
    with ExitStack() as stack:
        stream = sys.stdin.buffer if source == "-" else stack.enter_context(_opened(source))
        reader = open_reader(source, kind, stream)
        sender = _sender_of(reader, kind, source, options)
        schema = getattr(reader, "schema", None) if written == "parquet" else None
        writer = Writer(written, reader.columns, added_columns(options.prefix), schema)
        made_of = None if source == "-" else _made_of(stream, reader, writer, options)
        output: _ToPipe | _ToFile
        output = stack.enter_context(_ToPipe(writer)) if target == "-" else stack.enter_context(_ToFile(target, made_of, writer))
        begin = output.before.position
        left = None if reader.total is None else reader.total - (begin or (0, 0))[0]
        small = left is not None and reader.measure == "bytes" and left <= CHUNK_BYTES
        judged = stack.enter_context(closing(_judged(reader.chunks(begin), 1 if small else jobs, (reader, writer, options, sender))))
        for chunk, (piece, rows, refused) in track(judged, f"{reader.measure} of {source}", left, lambda one: one[0].size):
            output.add(chunk, piece, rows, [as_json({reader.unit: number, "reason": reason}) for number, reason in refused])
        if made_of is not None and made_of["input"] != _state_of(stream, made_of["input"]["digest"]):
            raise DataError(f"{source} changed while it was read: run again once it is whole")
        outcome = output.finish()
    return some_judged(source, outcome)


def some_judged(source: str, outcome: Outcome) -> Outcome:
    """`outcome`, unless there were rows and none was judged.

    Raises:
        DataError: then.
    """
    if outcome.refused and not outcome.judged:
        where = f", see {outcome.side}" if outcome.side else ""
        raise DataError(f"{source}: none of its {outcome.refused:,} rows can be judged{where}; is --text-column right?")
    return outcome


def _opened(source: str) -> BinaryIO:
    path = Path(source)
    if not path.is_file():
        raise DataError(f"{source} is not a file: name a .csv, .jsonl or .parquet file, or - for standard input")
    return path.open("rb")


def _sender_of(reader: Reader, kind: str, source: str, options: Options) -> str | None:
    if not reader.columns and kind == "jsonl":
        return options.sender or "sender"  # no row can be read, or there is none
    try:
        found = sender_column(reader.columns, options.text, options.sender, options.prefix, COMMAND_LINE)
    except InputError as error:
        raise InputError(f"{source}: {error}") from None
    return "sender" if kind == "jsonl" and found is None else found  # the first rows may lack what later ones have


def _made_of(stream: BinaryIO, reader: Reader, writer: Writer, options: Options) -> dict[str, Any]:
    """All that decides what the output is: what is kept of another run goes on only if that is the same."""
    import legitext

    place = stream.tell()
    stream.seek(0)
    found = file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]  # BinaryIO lacks the readinto that files have
    stream.seek(place)
    classifier = Classifier.load(options.model, options.brands, options.threshold)
    return {
        "input": _state_of(stream, found),
        "legitext": legitext.__version__,
        "model": digest(Path(options.model or default_path()).read_bytes()),
        "brands": [digest(Path(path).read_bytes()) for path in (Path(__file__).with_name("brands.toml"), options.brands) if path],
        "thresholds": dict(classifier.thresholds),
        "columns": {"text": options.text, "sender": options.sender, "added": list(writer.added), "read": reader.columns},
        "formats": [type(reader).__name__, writer.kind],
    }


def _state_of(stream: BinaryIO, found: str) -> dict[str, Any]:
    state = Path(stream.name).stat()
    return {"bytes": state.st_size, "modified_ns": state.st_mtime_ns, "digest": found}


def _judged(chunks: Iterator[Chunk], jobs: int, arguments: tuple[Reader, Writer, Options, str | None]) -> Generator[tuple[Chunk, Judged]]:
    """Chunks with what is made of them, in their order; some are under way at once, and no more."""
    if jobs == 1:
        judge = _Judge(*arguments)
        for chunk in chunks:
            yield chunk, judge(chunk)
        return
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _begin, arguments)
    under_way: deque[tuple[Chunk, Future[Judged]]] = deque()
    try:
        for chunk in chunks:
            under_way.append((chunk, pool.submit(_work, chunk)))
            if len(under_way) > 2 * jobs:
                first, future = under_way.popleft()
                yield first, future.result()
        while under_way:
            first, future = under_way.popleft()
            yield first, future.result()
    except BrokenProcessPool:
        raise LegitextError("a process ended before its work was done, perhaps for want of memory: run again, with fewer --jobs") from None
    finally:
        pool.shutdown(cancel_futures=True)


_at_work: list[_Judge] = []


def _begin(reader: Reader, writer: Writer, options: Options, sender: str | None) -> None:
    """Make this process a worker: one that leaves Ctrl-C to its parent, and ends with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with, args=(parent_process(),), daemon=True).start()
    _at_work.append(_Judge(reader, writer, options, sender))


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


def _work(chunk: Chunk) -> Judged:
    return _at_work[0](chunk)


class _Done(NamedTuple):
    """How far an output is."""

    position: tuple[int, int] | None = None
    """Where the input goes on; None at its beginning."""

    pieces: int = 0
    refusals: int = 0
    """Bytes written of each."""

    judged: int = 0
    refused: int = 0
    """Rows."""

    def after(self, chunk: Chunk, pieces: int, refusals: int, judged: int, refused: int) -> "_Done":
        return _Done(chunk.position, self.pieces + pieces, self.refusals + refusals, self.judged + judged, self.refused + refused)


class _ToPipe:
    """Pieces straight to standard output, refusals to standard error."""

    def __init__(self, writer: Writer) -> None:
        self.done = self.before = _Done()
        sys.stdout.buffer.write(writer.header())

    def __enter__(self) -> "_ToPipe":
        return self

    def __exit__(self, *raised: object) -> None:
        pass

    def add(self, chunk: Chunk, piece: bytes, judged: int, refusals: Sequence[str]) -> None:
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        for line in refusals:
            say(line)
        self.done = self.done.after(chunk, 0, 0, judged, len(refusals))

    def finish(self) -> Outcome:
        return Outcome(self.done.judged, self.done.refused, None)


class _ToFile:
    """Pieces and refusals in the folder `<target>.partial`, with a note of how far they are and what they are made of."""

    def __init__(self, target: str, made_of: Mapping[str, Any] | None, writer: Writer) -> None:
        self._target, self._made_of, self._writer = Path(target), made_of, writer
        self._side = Path(f"{target}.rejected.jsonl")
        self._folder = Path(f"{target}.partial")
        self._note = self._folder / "note.json"
        self._noted = time.monotonic()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._pieces, self._refusals = ((self._folder / name).open("ab") for name in ("pieces", "rejected.jsonl"))
        if not try_lock(self._pieces):
            raise LegitextError(f"{target} is being written by another process: wait for it, or name another file")
        self.done = self.before = self._known()
        if self.done.position is None:
            self._note.unlink(missing_ok=True)  # before what it speaks of is gone
        self._pieces.truncate(self.done.pieces)
        self._refusals.truncate(self.done.refusals)
        if self.done.position is None:
            header = writer.header()
            self._pieces.write(header)
            self.done = _Done(pieces=len(header))
        else:
            say(f"{target}: goes on after {self.done.judged + self.done.refused:,} rows that a run before has done")

    def _known(self) -> _Done:
        """How far a run before came that was the same as this."""
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            if self._made_of is not None and note["made_of"] == self._made_of:
                position, *more = note["done"]
                done = _Done(tuple(position), *more)
                if self._pieces.tell() >= done.pieces and self._refusals.tell() >= done.refusals:
                    return done
        except (OSError, ValueError, LookupError, TypeError):
            pass
        return _Done()

    def __enter__(self) -> "_ToFile":
        return self

    def __exit__(self, kind: object, *raised: object) -> None:
        if kind is not None and self._made_of is not None and self.done.position is not None:
            self._write_note()
            say(f"{self._target}: stopped after {self.done.judged + self.done.refused:,} rows; the same command goes on from there")
        self._pieces.close()
        self._refusals.close()
        if kind is None or self._made_of is None or self.done.position is None:
            shutil.rmtree(self._folder)

    def add(self, chunk: Chunk, piece: bytes, judged: int, refusals: Sequence[str]) -> None:
        lines = "".join(f"{line}\n" for line in refusals).encode()
        self._pieces.write(piece)
        self._refusals.write(lines)
        self.done = self.done.after(chunk, len(piece), len(lines), judged, len(refusals))
        if self._made_of is not None and time.monotonic() - self._noted >= SECONDS_BETWEEN_NOTES:
            self._write_note()

    def _write_note(self) -> None:
        for file in (self._pieces, self._refusals):
            file.flush()
            os.fsync(file.fileno())
        write_text(self._note, json.dumps({"made_of": self._made_of, "done": self.done}, indent=1))
        self._noted = time.monotonic()

    def finish(self) -> Outcome:
        self._pieces.close()
        self._refusals.close()
        self._side.unlink(missing_ok=True)
        if self.done.refused:
            (self._folder / "rejected.jsonl").replace(self._side)
        if self.done.judged or not self.done.refused:
            self._writer.finish(self._folder / "pieces", self._target)
        return Outcome(self.done.judged, self.done.refused, str(self._side) if self.done.refused else None)
