"""Measure the model on rows it never saw, draw the pictures, and track the run."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from legitext import charts, tracking
from legitext.brands import registry
from legitext.decision import DEFAULT, THRESHOLDS
from legitext.files import digest, replacing, write_text
from legitext.grammar import SENDER_TWIN, TWIN, Template, Twins, load_templates, make_twins
from legitext.messages import Message
from legitext.metrics import by, calls, goals, headline, overall, share, slices
from legitext.model import calibrate, choose_thresholds, probabilities, training_rows
from legitext.params import Params, load_params
from legitext.progress import say, track
from legitext.split import bucket_of, is_held_out
from legitext.stages.running import stage
from legitext.table import messages_of, read_table
from legitext.yardstick import on_uci

PICTURES = Path("data/candidate/pictures")
PLOTS = Path("data/plots")
_OF_TWINS = f"^(?:{SENDER_TWIN}|{TWIN})"


@stage
def main() -> None:
    """`data/messages.parquet` and `data/model.joblib` to figures and pictures in `data/candidate`, to `data/plots` and an MLflow run."""
    from sklearn.metrics import precision_recall_curve

    params = load_params()
    settings = params.evaluate
    table = read_table("data/messages.parquet")
    model = joblib.load("data/model.joblib")
    sources = json.loads(Path("data/sources.json").read_text(encoding="utf-8"))
    test = table[table["split"] == "test"].reset_index(drop=True)
    given = probabilities(model["pipeline"], track(messages_of(test), "test messages scored"))
    called = calls(given, model["thresholds"][DEFAULT])
    options = {"seed": settings.seed, "resamples": settings.bootstrap}
    business = test[test["source"].isin(["grammar", "benchmark_genuine", "benchmark_smishing"])]
    late = ((test["source"] == "sms_gateways_us") & test["kind"].isin(["parcel", "bank/account"])).to_numpy()
    slices_of_it: dict[str, Any] = {
        "test": overall(list(test["label"]), given, called),
        "all": slices(test, called, **options),
        "by_source": by("source", test, called, **options),
        "gateways_parcel_bank": slices(test[late], called[late], **options),
        "by_kind": by("kind", test[business_rows(test)], called[business_rows(test)], least=10, **options),
        "by_brand": by("brand", business, called[business.index], least=30, **options),
    }
    slices_of_it["thresholds"] = {
        name: {**model["thresholds"][name], **_at_threshold(test, calls(given, model["thresholds"][name]), options)} for name in THRESHOLDS
    }
    held_out = set(test.loc[test["source"] == "grammar", "group"])
    slices_of_it["twins"] = _on_twins([one for one in load_templates(params.synthesize.templates) if one.id in held_out], model, params)
    slices_of_it["unseen"] = _on_unseen(table, model["pipeline"], params)
    slices_of_it["goals"] = goals(slices_of_it)
    if (table["source"] == "sms_spam").any():
        slices_of_it["yardstick"] = on_uci(table, params, lambda folds: track(folds, "yardstick: folds on UCI alone"))
    metrics = headline(slices_of_it, model)
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
    charts.confusion(test["label"], called, PICTURES / "confusion.png", "Test messages")
    genuine = {
        kind: row["genuine_flagged"] for kind, row in slices_of_it["by_kind"].items() if row.get("genuine_flagged", {}).get("n", 0) >= 30
    }
    charts.shares(genuine, PICTURES / "genuine_flagged.png", "Genuine texts flagged, by kind", "flagged (%)", "#c53030")
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


def _on_unseen(table: pd.DataFrame, pipeline: Pipeline, params: Params) -> dict[str, Any]:
    """How models do on senders, and on kinds of text, that they were not shown: a fifth of the grammar's, drawn by name, each in turn.

    Their messages (and twins) leave training and the choice of thresholds. Senders are tested on wordings not trained on either, kinds on
    all their wordings. The terms are those of the whole model, the coefficients are fitted anew.
    """
    settings = params.evaluate
    made = table["source"] == "grammar"
    base = table["kind"].str.replace(_OF_TWINS, "", regex=True)
    features = Pipeline(pipeline.steps[:-1])
    training, weights, twins = training_rows(table[table["split"] == "train"], params.train)
    columns = features.transform(track(messages_of(training), "messages read for tests on unseen senders and kinds"))
    results = {}
    for name, values in (("senders", table["brand"].where(made)), ("kinds", base.where(made & (base != "turn")))):
        hidden = {value for value in values.dropna().unique() if bucket_of(f"unseen/{value}") < 0.2}
        keep = (
            ~(training["brand"] if name == "senders" else training["kind"].str.replace(_OF_TWINS, "", regex=True)).isin(hidden).to_numpy()
        )
        keep |= (training["source"] != "grammar").to_numpy()
        classifier = clone(pipeline.named_steps["classify"]).fit(
            columns[keep], training["label"][keep].to_numpy(dtype=str), weights[keep], twins[keep]
        )
        fitted = Pipeline([*features.steps, ("classify", classifier)])
        validation = table[(table["split"] == "validation") & ~(values.isin(hidden) & made)]
        calibrate(fitted, messages_of(validation), list(validation["label"]))
        genuine = validation[(validation["label"] == "ham") & (validation["source"] == "grammar")]
        thresholds = choose_thresholds(probabilities(fitted, messages_of(genuine)), params.train)
        unseen = table[made & values.isin(hidden) & ~table["kind"].str.startswith(TWIN, na=False)]
        if name == "senders":
            unseen = unseen[unseen["split"] == "test"]
        called = calls(probabilities(fitted, messages_of(unseen)), thresholds[DEFAULT])
        results[name] = {"held_out": len(hidden), **slices(unseen, called, settings.seed, settings.bootstrap)}
        say(f"unseen {name}: {len(hidden)} held out, {len(unseen):,} messages")
    return results


def _write_curve(points: tuple[np.ndarray, np.ndarray], path: Path) -> None:
    """At most 200 points of a curve, evenly spread."""
    precision, recall = points
    keep = np.unique(np.linspace(0, len(precision) - 1, 200).astype(int))
    with replacing(path) as part:
        pd.DataFrame({"recall": recall[keep].round(5), "precision": precision[keep].round(5)}).to_csv(part, index=False)


if __name__ == "__main__":
    main()
