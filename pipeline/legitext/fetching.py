"""Bringing corpora and corrections in: once, before the pipeline, so that its stages depend on files alone."""

import os
from pathlib import Path

import pandas as pd

from legitext.corrections import FILE, standing
from legitext.files import digest
from legitext.params import Fetch
from legitext.progress import say
from legitext.sources import counted, load_all, mirrors_of, report
from legitext.table import as_table, read_table, write_table

RAW = "data/raw"
"""Where each source is kept as one message table."""


def fetch(params: Fetch, folder: str | Path = RAW) -> list[pd.DataFrame]:
    """Load every source that can be had, and the corrections that stand in `legitext.corrections.FILE`, into `folder`.

    Files that would not change are left alone, so that nothing is made again.

    Returns:
        The tables that are new or changed.
    """
    changed = []
    corrections = corrected()
    loaded = load_all(mirrors_of(os.environ.get("LEGITEXT_CORPORA"), params.mirror))
    say("corpora:")
    report(loaded)
    for one in loaded:
        path = Path(folder) / f"{one.source.name}.parquet"
        if one.table is None:
            if path.is_file():
                say(f"           {one.source.name}: the copy fetched earlier is kept ({path})")
        elif _keep(one.table, path):
            changed.append(one.table)
    path = Path(folder) / "corrections.parquet"
    if corrections is not None:
        say(f"  own      corrections: {counted(corrections)}")
        if _keep(corrections, path):
            changed.append(corrections)
    elif path.is_file():
        path.unlink()
        say(f"           corrections: {FILE} holds none any more, so the copy fetched earlier was removed ({path})")
    return changed


def corrected(path: str | Path = FILE) -> pd.DataFrame | None:
    """The corrections that hold as a message table of the source `corrections`; None if there are none."""
    rows = [(one.message.text, one.message.sender, one.label) for one in standing(path).values()]
    return as_table(pd.DataFrame(rows, columns=["text", "sender", "label"]), "corrections") if rows else None


def _keep(table: pd.DataFrame, path: Path) -> bool:
    """Whether `path` said something else than `table`, which it holds now."""
    changed = not path.is_file() or digest_of(read_table(path)) != digest_of(table)
    if changed:
        write_table(table, path)
    return changed


def digest_of(table: pd.DataFrame) -> str:
    """A digest of what a table says, whatever library wrote it."""
    return digest(table.drop(columns=["group", "split"], errors="ignore").to_csv(index=False).encode("utf-8", "replace"))
