"""Verdicts on tables of Apache Spark: the classifier travels with the job, and each Python worker opens it once."""

import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from legitext.classifier import Classifier, default_path
from legitext.decision import DEFAULT
from legitext.errors import DataError, InputError, MissingExtraError
from legitext.rows import format_of
from legitext.scoring import COMMAND_LINE, Options, Outcome, added_columns, as_sent, judge_columns, sender_column, some_judged

if TYPE_CHECKING:
    from pyspark import Broadcast
    from pyspark.sql import DataFrame, SparkSession

MALFORMED = "_corrupt_record"
"""Spark's name for the column of what it could not take apart."""

CSV: dict[str, bool | str] = {
    "header": True,
    "quote": '"',
    "escape": '"',
    "multiLine": True,
    "ignoreLeadingWhiteSpace": False,
    "ignoreTrailingWhiteSpace": False,
}
"""CSV as the local engine reads and writes it."""

LOCAL = {"spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
"""Settings where all is done on this machine: nothing listens to others."""

TASKS_A_CORE = 4
"""Parts that a table has at least: Spark cuts files by what it costs to read them, which is little beside judging."""


class Shipped:
    """The bytes of a classifier's files, which any process opens once."""

    def __init__(self, model: str | None, brands: str | None, threshold: str | float) -> None:
        self._model = Path(model or default_path()).read_bytes()
        self._brands = None if brands is None else Path(brands).read_bytes()
        self._threshold = threshold

    @cached_property
    def classifier(self) -> Classifier:
        with TemporaryDirectory() as folder:
            model, brands = Path(folder, "legitext.joblib"), Path(folder, "brands.toml")
            model.write_bytes(self._model)
            if self._brands is not None:
                brands.write_bytes(self._brands)
            return Classifier.load(model, None if self._brands is None else brands, self._threshold)


def score(
    frame: "DataFrame",
    text: str = "text",
    sender: str | None = "sender",
    prefix: str = "",
    *,
    model: str | None = None,
    brands: str | None = None,
    threshold: str | float = DEFAULT,
) -> "DataFrame":
    """A Spark table with the columns `label`, `ham`, `spam`, `smishing` (the probabilities) and `brand` added.

    The workers need legitext installed, but no model: the bytes of this one are broadcast to them.

    Args:
        frame: a row for each message; one whose text is missing, blank or too long gets no verdict.
        text: its column of texts, a string.
        sender: its column of senders; `sender` need not be there.
        prefix: what the names of the added columns begin with.
        model, brands, threshold: as in `Classifier.load`.

    Raises:
        ArtifactError: if the model cannot be opened.
        InputError: if a column is missing or no string, or one called like an added one is there already.
    """
    from pyspark.sql.types import DoubleType, StringType, StructField, StructType

    Classifier.load(model, brands, threshold)
    found = sender_column(frame.columns, text, sender, prefix, ("text= or sender=", "prefix='legitext_'"))
    if not isinstance(frame.schema[text].dataType, StringType):
        raise InputError(f"column {text!r} is {frame.schema[text].dataType.simpleString()}, not string: name the column of texts")
    kinds = {"string": StringType(), "double": DoubleType()}
    schema = StructType([*frame.schema, *(StructField(name, kinds[kind]) for name, kind in added_columns(prefix).items())])
    shipped = frame.sparkSession.sparkContext.broadcast(Shipped(model, brands, threshold))
    return frame.mapInArrow(partial(judge_batches, shipped=shipped, text=text, sender=found, prefix=prefix), schema)


def judge_batches(batches: Iterable[Any], shipped: "Broadcast[Shipped]", text: str, sender: str | None, prefix: str) -> Iterator[Any]:
    """What a worker does: Arrow batches with the columns of verdicts added."""
    import pyarrow as pa

    kinds = {"string": pa.string(), "double": pa.float64()}
    for batch in batches:
        columns = judge_columns(shipped.value.classifier, *_sent(batch, text, sender), prefix)
        added = [pa.array(columns[name], kinds[kind]) for name, kind in added_columns(prefix).items()]
        yield pa.RecordBatch.from_arrays([*batch.columns, *added], [*batch.schema.names, *columns])


def _refusals(batches: Iterable[Any], text: str, sender: str | None) -> Iterator[Any]:
    """The rows that have no verdict, each with the reason."""
    import pyarrow as pa

    for batch in batches:
        texts, senders = _sent(batch, text, sender)
        reasons = [_refusal(*row) for row in zip(texts, senders or [None] * len(texts), strict=True)]
        kept = batch.append_column("reason", pa.array(reasons, pa.string()))
        yield kept.filter(kept.column("reason").is_valid())


def _sent(batch: Any, text: str, sender: str | None) -> tuple[list[Any], list[Any] | None]:
    return batch.column(text).to_pylist(), None if sender is None else batch.column(sender).to_pylist()


def _refusal(text: Any, sender: Any) -> str | None:
    try:
        as_sent(text, sender)
    except InputError as error:
        return str(error)
    return None


def session(jobs: int | None = None) -> "SparkSession":
    """The session there is, or one as Spark is configured, or on this machine with `jobs` cores.

    Raises:
        MissingExtraError: without pyspark.
    """
    try:
        from pyspark.sql import SparkSession
    except ModuleNotFoundError as error:
        raise MissingExtraError("Spark", error.name, "'legitext[spark]'") from None
    builder = SparkSession.builder.appName("legitext")
    if jobs:
        for key, value in LOCAL.items():
            builder = builder.config(key, value)
        builder = builder.master(f"local[{jobs}]")
    if "PYSPARK_GATEWAY_PORT" not in os.environ:  # not started by spark-submit, so the workers are of this machine
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)  # rows go to and fro as Arrow
    found = builder.getOrCreate()
    found.sparkContext.setLogLevel("ERROR")
    return found


def score_file(source: str, target: str, options: Options, jobs: int | None = None) -> Outcome:
    """Judge all rows of a file or folder with Spark, and write a folder as Spark does: in several files, and in no order.

    Rows without a verdict go to the folder `<target>.rejected`, as JSON lines with the reason.

    Args:
        source, target: paths or addresses that Spark knows; neither is a pipe, and there is no target yet.
        options: how to judge.
        jobs: cores of this machine; None leaves to Spark's configuration where the work is done.

    Raises:
        InputError, DataError: as `legitext.scoring.score_file`.
    """
    kind = format_of(source, options.format, "IN")
    written = format_of(target, options.format or kind, "OUT")
    if "-" in (source, target):
        raise InputError("Spark reads and writes no pipes: name files or folders, or leave --engine spark out")
    spark = session(jobs)
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException
    from pyspark.sql import Observation
    from pyspark.sql.functions import col, count, lit, when
    from pyspark.sql.types import StringType, StructField, StructType

    try:
        frame = _read(spark, source, kind)
        parts = TASKS_A_CORE * spark.sparkContext.defaultParallelism
        if frame.rdd.getNumPartitions() < parts:
            frame = frame.repartition(parts)
        columns = [column for column in frame.columns if column != MALFORMED]
        text, prefix = options.text, options.prefix
        sender = sender_column(columns, text, options.sender, prefix, COMMAND_LINE)
        if MALFORMED in frame.columns:
            frame = frame.withColumn(text, when(col(MALFORMED).isNull(), col(text)))
        scored = score(frame, text, sender, prefix, model=options.model, brands=options.brands, threshold=options.threshold)
        label = col(f"{prefix}label")
        seen = Observation()
        scored = scored.observe(seen, count(label).alias("judged"), count(lit(1)).alias("all"))
        _write(scored.where(label.isNotNull()).drop(MALFORMED), target, written)
        judged, refused = seen.get["judged"], seen.get["all"] - seen.get["judged"]
        if refused:
            schema = StructType([*frame.schema, StructField("reason", StringType())])
            listed = frame.mapInArrow(partial(_refusals, text=text, sender=sender), schema)
            listed.write.mode("overwrite").json(f"{target}.rejected")
    except (PySparkException, Py4JJavaError) as error:
        raise DataError(f"Spark: {str(error).strip().splitlines()[0]}") from None
    return some_judged(source, Outcome(judged, refused, f"{target}.rejected" if refused else None))


def _read(spark: "SparkSession", source: str, kind: str) -> "DataFrame":
    if kind == "parquet":
        return spark.read.parquet(source)
    if kind == "jsonl":
        return spark.read.json(source, allowNonNumericNumbers=False, columnNameOfCorruptRecord=MALFORMED)
    names = spark.read.options(**CSV).csv(source).columns
    schema = ", ".join(f"`{name.replace('`', '``')}` string" for name in [*names, MALFORMED])
    return spark.read.schema(schema).options(**CSV, columnNameOfCorruptRecord=MALFORMED).csv(source)


def _write(frame: "DataFrame", target: str, kind: str) -> None:
    if kind == "csv":
        frame.write.options(**{name: value for name, value in CSV.items() if name != "multiLine"}).csv(target)
    elif kind == "jsonl":
        frame.write.json(target, ignoreNullFields=False)
    else:
        frame.write.parquet(target)
