"""Measure the model on rows it never saw, draw the pictures, and track the run."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd

from legitext import charts, tracking
from legitext.artifact import from_pipeline
from legitext.brands import registry
from legitext.classifier import Classifier
from legitext.decision import DEFAULT, THRESHOLDS
from legitext.doubts import doubts
from legitext.errors import ArtifactError
from legitext.evaluation import evaluate
from legitext.evasion import compare
from legitext.files import digest, replacing, write_text
from legitext.grammar import TWIN, Template, Twins, load_templates, make_twins
from legitext.messages import Message
from legitext.metrics import LEAST, areas, calls, goals, headline, share, slices
from legitext.model import probabilities
from legitext.params import Params, load_params
from legitext.progress import say, track
from legitext.refits import Refits
from legitext.split import is_held_out
from legitext.stages.running import stage
from legitext.table import messages_of, read_table
from legitext.yardstick import on_uci

SHIPPED = Path("models/legitext.joblib")
PICTURES = Path("data/candidate/pictures")
PLOTS = Path("data/plots")
CHARTED = 30
"""Genuine test messages that a kind must have to get a bar in the picture."""

SAMPLE = 1500
"""Most scams, and most genuine texts, that are disguised."""


@stage
def main() -> None:
    """`data/messages.parquet` and `data/model.joblib` to figures and pictures in `data/candidate`, to `data/plots` and an MLflow run."""
    from sklearn.metrics import precision_recall_curve

    params = load_params()
    settings = params.evaluate
    tracking.open_store()  # a store that cannot be used is found now, not at the end
    table = read_table("data/messages.parquet")
    model = joblib.load("data/model.joblib")
    sources = json.loads(Path("data/sources.json").read_text(encoding="utf-8"))
    test = table[table["split"] == "test"].reset_index(drop=True)
    given = probabilities(model["pipeline"], track(messages_of(test), "test messages scored"))
    called = calls(given, model["thresholds"][DEFAULT])
    options = {"seed": settings.seed, "resamples": settings.bootstrap}
    templates = load_templates(params.synthesize.templates)
    made = (test["source"] == "grammar").to_numpy()
    languages = {one.id: one.language for one in templates}
    business = test["source"].isin(["grammar", "benchmark_genuine", "benchmark_smishing"]).to_numpy()
    late = ((test["source"] == "sms_gateways_us") & test["kind"].isin(["parcel", "bank/account"])).to_numpy()
    report = evaluate(
        test.assign(language=test["group"].map(languages).where(made)),
        given,
        model["thresholds"][DEFAULT],
        model["thresholds"],
        only={"kind": business_rows(test).to_numpy(), "brand": business, "month": ~made},
        least=LEAST,
        parts={"grouped": test["source"].isin(list(model["data"])).to_numpy(), "all": np.ones(len(test), dtype=bool)},
        **options,
    )
    held_out = set(test.loc[made, "group"])
    report = replace(
        report,
        gateways_parcel_bank=slices(test[late], called[late], **options),
        thresholds={
            name: {**model["thresholds"][name], **_at_threshold(test, calls(given, model["thresholds"][name]), options)}
            for name in THRESHOLDS
        },
        twins=_on_twins([one for one in templates if one.id in held_out], model, params),
        disguises=_on_disguises(test, model, options),
        held_out=Refits(table, model["pipeline"], params).all(),
    )
    for sentence in _doubts(table):
        say(f"warning: {sentence}")
    if table.loc[table["source"] == "sms_spam", "label"].nunique() > 1:
        report = replace(report, yardstick=on_uci(table, params, lambda folds: track(folds, "yardstick: folds on UCI alone")))
    slices_of_it = report.as_dict()
    slices_of_it["goals"] = goals(slices_of_it)
    metrics = {**headline(slices_of_it, model), **areas(test, given)}
    write_text("data/candidate/slices.json", json.dumps(slices_of_it, indent=1) + "\n")
    write_text("data/candidate/metrics.json", json.dumps(metrics, indent=2) + "\n")

    points = {}
    for name, rows in (
        ("all test messages", np.ones(len(test), dtype=bool)),
        ("grammar: wordings held out", (test["source"] == "grammar").to_numpy()),
    ):
        precision, recall, _ = precision_recall_curve(test["label"][rows] == "smishing", given[rows, 2])
        points[name] = (precision, recall)
    charts.precision_recall(points, PICTURES / "precision_recall.png", "Smishing on unseen messages")
    charts.confusion(test["label"], called, PICTURES / "confusion.png", f"Test messages, at the threshold {DEFAULT}")
    genuine = {
        kind: row["genuine_flagged"]
        for kind, row in slices_of_it["by_kind"].items()
        if row.get("genuine_flagged", {}).get("n", 0) >= CHARTED
    }
    for name, one in report.calibration.items():
        title = {"grouped": "Test messages of the sources trained on", "all": "All test messages"}[name]
        charts.reliability(
            one.bins, PICTURES / f"reliability_{name}.png", f"{title}: calibration error {one.expected_calibration_error:.3f}"
        )
    charts.shares(
        genuine, PICTURES / "genuine_flagged.png", f"Genuine texts flagged, by kind of at least {CHARTED}", "flagged (%)", "#c53030"
    )
    _write_curve(points["all test messages"], PLOTS / "precision_recall.csv")
    with replacing(PLOTS / "confusion.csv") as part:
        pd.DataFrame({"actual": test["label"], "called": called}).to_csv(part, index=False)

    tables: dict[tuple[str, str], pd.DataFrame] = {}
    for (source, split), chosen in table[table["split"] != "left_out"].groupby(["source", "split"], sort=True):
        tables[str(source), {"train": "training", "validation": "validation", "test": "testing"}[str(split)]] = chosen
    tags = {
        "sources": ",".join(sorted(model["data"])),
        "missing": ",".join(sources["missing"]) or "none",
        "digest.model": digest(Path("data/model.joblib").read_bytes()),
        **{f"digest.{name}": facts["digest"] for name, facts in model["data"].items()},
    }
    run = tracking.log_run(params, tables, {**metrics, **slices_of_it}, PICTURES, model["pipeline"], tags)
    say(f"tracked as MLflow run {run}")


def _doubts(table: pd.DataFrame) -> list[str]:
    """What the model that ships has against the labels, if there is one, see `legitext.doubts`; `legitext promote` asks it again."""
    try:
        champion = Classifier.load(SHIPPED)
        before = json.loads(SHIPPED.with_name("slices.json").read_text(encoding="utf-8")).get("doubted", {})
    except (ArtifactError, OSError, ValueError):
        return []
    return doubts(table, champion, before)


def business_rows(table: pd.DataFrame) -> pd.Series:
    """Which rows have a kind that says what sort of text they are."""
    return (
        table["source"].isin(["grammar", "benchmark_genuine", "benchmark_smishing", "otp", "exais", "political_us"]) & table["kind"].notna()
    )


def _at_threshold(test: pd.DataFrame, called: np.ndarray, options: Mapping[str, int]) -> dict[str, Any]:
    """What a threshold costs and catches: on wordings held out, on the benchmark, and on chat."""
    parts = {
        "wordings held out": (test["source"] == "grammar") & ~test["kind"].str.startswith(TWIN, na=False),
        "benchmark": test["source"].isin(["benchmark_genuine", "benchmark_smishing"]),
        "chat and campaigns": test["source"].isin(["sms_spam", "nus_us_chat", "political_us"]),
        "gateways": test["source"] == "sms_gateways_us",
    }
    return {name: slices(test[rows], called[rows.to_numpy()], **options) for name, rows in parts.items() if rows.any()}


def _on_twins(templates: Sequence[Template], model: Mapping[str, Any], params: Params) -> dict[str, Any]:
    """Pairs of a genuine text and its smallest scam twin, from wordings never trained on, by what there is to know them by.

    A pair is right if the scam is called smishing, the genuine text is not, and the scam is scored higher.
    """
    settings = params.evaluate
    pairs = list(make_twins(templates, 6, settings.seed, registry(), held_out=lambda template_id: is_held_out(template_id, params.prepare)))
    rows = pd.DataFrame({"slice": [_slice_of(pair) for pair in pairs]})
    for side, messages in (("true", [pair.genuine for pair in pairs]), ("fake", [pair.scam for pair in pairs])):
        given = probabilities(model["pipeline"], [Message(one.text, one.sender) for one in messages])
        rows[side] = given[:, 2]
        rows[f"{side}_called"] = calls(given, model["thresholds"][DEFAULT]) == "smishing"
    rows["right"] = rows["fake_called"] & ~rows["true_called"] & (rows["fake"] > rows["true"])
    rows["higher"] = rows["fake"] > rows["true"]
    options = {"seed": settings.seed, "resamples": settings.bootstrap}
    figures = {"all": rows, **{str(name): part for name, part in rows.groupby("slice", sort=True)}}
    return {
        name: {
            "n": len(part),
            "right": share(part["right"], **options),
            "higher": share(part["higher"], **options),
            "scams_caught": share(part["fake_called"], **options),
            "genuine_called_smishing": share(part["true_called"], **options),
        }
        for name, part in figures.items()
    }


def _slice_of(pair: Twins) -> str:
    """What was turned, and what there is to know it by."""
    known = registry().by_name.get((pair.genuine.brand or "").casefold()) is not None
    sender = ", sender kept" if pair.scam.sender == pair.genuine.sender else ""
    return f"{'registered sender' if known else 'sender not registered'}: {pair.changed} turned{sender}"


def _on_disguises(test: pd.DataFrame, model: Mapping[str, Any], options: Mapping[str, int]) -> dict[str, Any]:
    """`legitext.evasion.compare` on a sample of the test scams, and of the genuine business texts."""
    scams = test[test["label"] == "smishing"]
    genuine = test[(test["label"] == "ham") & test["source"].isin(["grammar", "otp", "benchmark_genuine"])]
    sampled = [messages_of(rows.sample(min(len(rows), SAMPLE), random_state=options["seed"])) for rows in (scams, genuine)]
    say("scams disguised, genuine texts changed")
    return compare(Classifier(from_pipeline(model["pipeline"], model["thresholds"], {}, [])), sampled[0], sampled[1], **options)


def _write_curve(points: tuple[np.ndarray, np.ndarray], path: Path) -> None:
    """At most 200 points of a curve, evenly spread."""
    precision, recall = points
    keep = np.unique(np.linspace(0, len(precision) - 1, 200).astype(int))
    with replacing(path) as part:
        pd.DataFrame({"recall": recall[keep].round(5), "precision": precision[keep].round(5)}).to_csv(part, index=False)


if __name__ == "__main__":
    main()
