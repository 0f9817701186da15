"""Spark judges as this machine does, and needs nothing of the driver but the job."""

import json
import os
import random
import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from legitext import artifact, scoring, serving, spark, tracking
from legitext.classifier import Classifier
from legitext.cli import main
from legitext.decision import THRESHOLDS
from legitext.errors import InputError, MissingExtraError
from legitext.messages import LABELS
from legitext.scoring import Options
from test_scoring import SCAM, read

if shutil.which("java") is None:
    pytest.skip("Spark needs Java", allow_module_level=True)

ROWS = 200_000


@pytest.fixture(scope="module")
def session():
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYSPARK_PYTHON", raising=False)
        found = spark.session(2)
        yield found
        found.stop()


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A parquet file of short messages with numbers of their own, and some rows that hold none."""
    chosen = random.Random(1)
    wordings: list[str | None] = [
        "Your code is {}",
        "ok, at {} then",
        "Sale: {} off, reply STOP to end",
        f"{SCAM}{{}}",
        "call me on {}",
        " ",
        None,
    ]
    weights = [20, 30, 20, 10, 20, 0.2, 0.2]
    texts = [one and one.format(number) for number, one in enumerate(chosen.choices(wordings, weights, k=ROWS))]
    senders = chosen.choices([None, "28777", "Amazon", "+63 995 271 4822"], k=ROWS)
    path = tmp_path_factory.mktemp("many") / "many.parquet"
    parquet.write_table(pa.table({"id": range(ROWS), "text": texts, "sender": senders}), path, row_group_size=ROWS // 8)
    return path


def test_the_same_answers_as_the_local_engine_on_every_row(session, many):
    here, there = many.with_name("here.parquet"), many.with_name("there.parquet")
    local = scoring.score_file(str(many), str(here))
    outcome = spark.score_file(str(many), str(there), Options())
    assert outcome[:2] == local[:2]
    assert outcome.judged + outcome.refused == ROWS
    assert outcome.refused > 10
    assert parquet.read_table(there).sort_by("id").equals(parquet.read_table(here))
    refused = [json.loads(line) for part in Path(outcome.side).glob("*.json") for line in part.read_text().splitlines()]
    rejected = [json.loads(line) for line in Path(local.side).read_text().splitlines()]
    assert sorted((row["id"] + 1, row["reason"]) for row in refused) == [(row["row"], row["reason"]) for row in rejected]


@pytest.mark.parametrize(
    ("name", "content", "bad"),
    [
        ("in.csv", f'n,text\n1,"{SCAM}, ""now"""\n2,"one\ntwo "\n3\n4, x ,5\n6, \n7,NA\n', ["3", "4", "6"]),
        (
            "in.jsonl",
            "".join(
                f"{line}\n"
                for line in (json.dumps({"n": "1", "text": SCAM}), '{"n": "2", "text": "hi', '{"n": "3"}', '{"n": "4", "text": "NA"}')
            ),
            [None, "3"],
        ),
    ],
)
def test_rows_that_cannot_be_read_go_to_a_folder_beside(session, tmp_path, capsys, name, content, bad):
    source, target, here = tmp_path / name, tmp_path / f"out_{name}", tmp_path / f"here_{name}"
    source.write_text(content)
    assert main(["score", str(source), str(target), "--engine", "spark", "--jobs", "2"]) == 0
    assert main(["score", str(source), str(here)]) == 0
    local = {row["n"]: numbers(row) for row in read(here)}
    found = [row for part in target.glob("part-*") for row in read(part.rename(part.with_suffix(source.suffix)))]
    assert {row["n"]: numbers(row) for row in found} == local
    refused = [json.loads(line) for part in Path(f"{target}.rejected").glob("*.json") for line in part.read_text().splitlines()]
    assert sorted((row.get("n") for row in refused), key=str) == sorted(bad, key=str)
    assert all(row["reason"] for row in refused)
    assert f"{len(found)} rows judged, {len(bad)} could not be (see {target}.rejected)" in capsys.readouterr().err


def numbers(row):
    """A row with its probabilities as numbers, which Java writes in another way."""
    return {**row, **{label: float(row[label]) for label in LABELS}}


def test_a_table_is_judged_with_the_models_of_the_driver_each_opened_once_a_process(session, tmp_path, small_model):
    thresholds = {key: {"smishing": 0.5, "spam": 0.5} for key in THRESHOLDS}
    artifact.save(artifact.from_pipeline(small_model, thresholds, {}, []), tmp_path / "small.joblib")
    brands = '[[brand]]\nname = "Lakeside Dental"\nkind = "health"\ndomains = ["lakesidedental.com"]\n'
    (tmp_path / "brands.toml").write_text(brands)
    frame = session.createDataFrame([(SCAM, "1"), ("Lakeside Dental: see you at 7", "2"), (None, "3")] * 40, "sms string, label string")
    given = {"model": str(tmp_path / "small.joblib"), "brands": str(tmp_path / "brands.toml")}
    small = spark.score(frame, text="sms", prefix="small_", **given)
    both = spark.score(small, text="sms", prefix="big_").repartition(8)
    shutil.rmtree(tmp_path)
    rows = both.collect()
    for prefix, classifier in (("big_", Classifier.load()),):
        for row in rows:
            verdict = classifier.predict_one(row.sms) if row.sms else None
            assert row[f"{prefix}label"] == (verdict and verdict.label)
            assert row[f"{prefix}smishing"] == (verdict and verdict.probabilities["smishing"])
    assert {row.small_brand for row in rows} == {"USPS", "Lakeside Dental", None}
    assert {row.small_ham for row in rows} != {row.big_ham for row in rows}
    shipped = session.sparkContext.broadcast(spark.Shipped(None, None, "strict"))

    def opened_in(batches):
        for _ in batches:
            yield pa.RecordBatch.from_pydict({"process": [os.getpid()], "classifier": [id(shipped.value.classifier)]})

    opened = session.range(80).repartition(16).mapInArrow(opened_in, "process long, classifier long").distinct().collect()
    assert len(opened) == len({row.process for row in opened}) < 16


def test_what_spark_cannot_do_is_said_in_one_line(session, tmp_path, capsys, monkeypatch):
    (tmp_path / "in.csv").write_text("text\nhi there\n")
    (tmp_path / "out").mkdir()
    for source, target, says in (
        ("no.csv", "new.csv", "does not exist"),
        ("in.csv", "out", "already exists"),
        ("-", "out", "Spark reads and writes no pipes"),
    ):
        arguments = [source if source == "-" else str(tmp_path / source), str(tmp_path / target), "--format", "csv", "--engine", "spark"]
        assert main(["score", *arguments]) == 2
        assert says in capsys.readouterr().err
    with pytest.raises(InputError, match="column 'n' is int, not string"):
        spark.score(session.createDataFrame([(1,)], "n int"), text="n")
    monkeypatch.setitem(__import__("sys").modules, "pyspark.sql", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'legitext\[spark\]'"):
        spark.session()


def test_the_registered_champion_is_a_function_of_spark(session, tmp_path, monkeypatch, empty_store):
    import mlflow

    store = shutil.copy(empty_store, tmp_path)
    monkeypatch.chdir(tmp_path)
    serving.register(Path(serving.__file__).parents[2] / "models/legitext.joblib", "champion", store=f"sqlite:///{store}")
    tracking.open_store(f"sqlite:///{store}")
    judge = mlflow.pyfunc.spark_udf(session, "models:/legitext@champion", env_manager="local", params={"reasons": 1})
    frame = session.createDataFrame([(SCAM, "+63 995 271 4822"), ("see you at seven", None)], "text string, sender string")
    verdicts = [row.verdict for row in frame.withColumn("verdict", judge("text", "sender")).collect()]
    for row, found in zip(frame.collect(), verdicts, strict=True):
        verdict = Classifier.load().predict_one(row.text, row.sender)
        assert (found.label, found.brand) == (verdict.label, verdict.brand)
        assert {label: found.probabilities[label] for label in LABELS} == verdict.probabilities
        assert found.reasons == [verdict.reasons[0].sentence]
