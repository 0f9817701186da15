"""Turn the fitted pipeline into the file that can be served, write its model and data card, and register it as challenger."""

import json
from pathlib import Path

import joblib
import numpy as np

from legitext import artifact, report, tracking
from legitext.brands import registry
from legitext.classifier import Classifier
from legitext.errors import ArtifactError
from legitext.files import digest, write_text
from legitext.grammar import load_templates
from legitext.inventory import inventory
from legitext.model import scores_in_parts
from legitext.params import load_params
from legitext.progress import say
from legitext.serving import CANDIDATE, register_both
from legitext.stages.running import stage
from legitext.table import messages_of, read_table

LARGEST_DIFFERENCE = 1e-9
CHECKED = 5
"""One test message in so many is scored both ways."""


@stage
def main() -> None:
    """`data/model.joblib` and the figures in `data/candidate` to model file and cards there, and a registered version."""
    params = load_params()
    model = joblib.load("data/model.joblib")
    sources = json.loads(Path("data/sources.json").read_text(encoding="utf-8"))
    slices = json.loads(Path("data/candidate/slices.json").read_text(encoding="utf-8"))
    table = read_table("data/messages.parquet")
    made = artifact.from_pipeline(model["pipeline"], model["thresholds"], model["data"], _notes(model["data"], sources["missing"]))
    classifier = Classifier(made)
    messages = messages_of(table[table["split"] == "test"][::CHECKED])
    apart = float(np.abs(classifier.decision_function(messages) - scores_in_parts(model["pipeline"], messages)).max())
    if apart > LARGEST_DIFFERENCE:
        raise ArtifactError(
            f"served and trained model differ by {apart:.2e} on a test message, more than {LARGEST_DIFFERENCE:.0e}: nothing was written"
        )
    say(f"served and trained model agree on {len(messages):,} test messages within {apart:.1e}")
    facts = inventory(table, load_templates(params.synthesize.templates), registry(), params, model["data"], sources["missing"])
    artifact.save(made, CANDIDATE)
    write_text("data/candidate/data.json", json.dumps(facts, indent=1) + "\n")
    write_text("data/candidate/data_card.md", report.data_card(facts))
    write_text("data/candidate/model_card.md", report.model_card(slices, classifier.info))
    for note in classifier.info["notes"]:
        say(note)
    say(f"{CANDIDATE}: {CANDIDATE.stat().st_size / 1e6:.2f} MB")
    runs = tracking.runs_with({"digest.model": digest(Path("data/model.joblib").read_bytes())})
    version = register_both(runs[0].info.run_id if runs else None)[1]
    say(f"registered as version {version}, the challenger: `legitext promote` ships it if it is no worse than what ships now")


def _notes(trained: dict[str, object], missing: list[str]) -> list[str]:
    if set(trained) <= {"grammar", "corrections"}:
        alone = "grammar and corrections" if "corrections" in trained else "grammar"
        return [f"Trained on the {alone} alone: no public corpus could be had, so expect more errors on personal chat and on spam."]
    return [f"Trained without {', '.join(missing)}, which could not be had."] if missing else []


if __name__ == "__main__":
    main()
