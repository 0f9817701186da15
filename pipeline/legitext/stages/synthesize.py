"""Make messages from the wordings."""

from itertools import chain

import pandas as pd

from legitext.brands import registry
from legitext.grammar import Noise, load_templates, make_messages, make_twins
from legitext.params import load_params
from legitext.progress import track
from legitext.stages.running import stage
from legitext.table import as_table, write_table


@stage
def main() -> None:
    """`data/templates` to `data/synthetic.parquet`."""
    params = load_params().synthesize
    templates = load_templates(params.templates)
    noise = Noise(params.typos, params.tricks)
    made = make_messages(templates, params.per_template, params.seed, registry(), noise)
    twins = (twin for _, twin in make_twins(templates, params.twins_per_template, params.seed, registry(), noise))
    rows = [
        (one.text, one.label, one.sender, one.brand, one.kind, one.template_id)
        for one in track(chain(made, twins), f"messages from {len(templates):,} wordings")
    ]
    table = pd.DataFrame(rows, columns=["text", "label", "sender", "brand", "kind", "group"])
    write_table(as_table(table, "grammar"), "data/synthetic.parquet")


if __name__ == "__main__":
    main()
