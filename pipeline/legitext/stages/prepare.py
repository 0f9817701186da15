"""Bring corpora, corrections and grammar into one table, with a split for each row."""

import json
import os
from pathlib import Path

import pandas as pd

from legitext.errors import DataError
from legitext.fetching import RAW, digest_of
from legitext.files import write_text
from legitext.params import load_params
from legitext.progress import say, track
from legitext.sources import SOURCES
from legitext.split import assign_splits, group_of
from legitext.stages.running import stage
from legitext.table import read_table, write_table


@stage
def main() -> None:
    """`data/raw` and `data/synthetic.parquet` to `data/messages.parquet` and `data/sources.json`."""
    params = load_params().prepare
    if os.environ.get("LEGITEXT_CORPORA") and not any(Path(RAW).glob("*.parquet")):
        raise DataError(f"LEGITEXT_CORPORA is set, but nothing was fetched into {RAW}: run `legitext fetch` (`make train` does)")
    tables = {"grammar": read_table("data/synthetic.parquet")}
    for name in (*(source.name for source in SOURCES), "corrections"):
        path = Path(RAW) / f"{name}.parquet"
        if path.is_file():
            tables[name] = read_table(path)
    missing = [source.name for source in SOURCES if source.name not in tables]
    for name in missing:
        say(f"{name}: not there, so the run goes on without it")
    for name, table in tables.items():
        if name != "grammar":
            table["group"] = [group_of(text) for text in track(table["text"], f"groups of {name}")]
    messages = pd.concat(tables.values(), ignore_index=True)
    messages["split"] = assign_splits(messages, {source.name for source in SOURCES if source.role == "test"}, params)
    say("messages by split: " + ", ".join(f"{split} {count:,}" for split, count in messages["split"].value_counts().items()))
    facts = {name: {"rows": len(table), "digest": digest_of(table)} for name, table in tables.items()}
    write_table(messages, "data/messages.parquet")
    write_text("data/sources.json", json.dumps({"sources": facts, "missing": missing}, indent=2) + "\n")


if __name__ == "__main__":
    main()
