"""Bringing the corpora in: once, before the pipeline, so that its stages depend on files alone."""

import os
from pathlib import Path

import pandas as pd

from legitext.files import digest
from legitext.params import Fetch
from legitext.progress import say
from legitext.sources import load_all, mirrors_of, report
from legitext.table import read_table, write_table

RAW = "data/raw"
"""Where each source is kept as one message table."""


def fetch(params: Fetch, folder: str | Path = RAW) -> None:
    """Load every source that can be had into `folder`; files that would not change are left alone, so that nothing is made again."""
    loaded = load_all(mirrors_of(os.environ.get("LEGITEXT_CORPORA"), params.mirror))
    say("corpora:")
    report(loaded)
    for one in loaded:
        path = Path(folder) / f"{one.source.name}.parquet"
        if one.table is None:
            if path.is_file():
                say(f"           {one.source.name}: the copy fetched earlier is kept ({path})")
        elif not path.is_file() or digest_of(read_table(path)) != digest_of(one.table):
            write_table(one.table, path)


def digest_of(table: pd.DataFrame) -> str:
    """A digest of what a table says, whatever library wrote it."""
    return digest(table.drop(columns=["group", "split"], errors="ignore").to_csv(index=False).encode("utf-8", "replace"))
