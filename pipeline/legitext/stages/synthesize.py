"""Make messages from the wordings."""

from itertools import chain

import pandas as pd

from legitext.brands import registry
from legitext.grammar import balanced, load_templates, make_messages, make_twins, turns_of
from legitext.habits import Habits
from legitext.params import load_params
from legitext.progress import track
from legitext.split import is_held_out
from legitext.stages.running import stage
from legitext.table import as_table, write_table


@stage
def main() -> None:
    """`data/templates` to `data/synthetic.parquet`."""
    params = load_params()
    settings, habits = params.synthesize, Habits(**params.synthesize.habits)

    def held_out(template_id: str) -> bool:
        return is_held_out(template_id, params.prepare)

    templates = load_templates(settings.templates)
    turns = [turn for turn in turns_of(templates) if not held_out(turn.id)]
    made = chain(
        make_messages(
            templates,
            balanced(templates, settings.per_template, settings.seed, registry(), settings.balance),
            settings.seed,
            registry(),
            habits,
        ),
        make_messages(turns, max(settings.per_template // 2, 1), settings.seed, registry(), habits),
        (one.scam for one in make_twins(templates, settings.twins_per_template, settings.seed, registry(), habits, held_out)),
    )
    rows = [
        (one.text, one.label, one.sender, one.brand, one.kind, one.template_id, f"{one.year}-01-01")
        for one in track(made, f"messages from {len(templates):,} wordings and {len(turns):,} sentences that turn them")
    ]
    table = pd.DataFrame(rows, columns=["text", "label", "sender", "brand", "kind", "group", "timestamp"])
    write_table(as_table(table, "grammar"), "data/synthetic.parquet")


if __name__ == "__main__":
    main()
