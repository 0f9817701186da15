"""Do scams change by the month? Phishing from public gateways (`sms_gateways_us`): the months trained on against the later ones.

    python benchmarks/drift.py [--html PAGE] [--json]

The packaged model learnt from the early months, so part of the shift of its scores is that it knows them.
"""

import sys
import tempfile
from pathlib import Path

from legitext.cli import main
from legitext.params import load_params
from legitext.table import read_table, write_table

ROOT = Path(__file__).resolve().parents[1]
SOURCE = "sms_gateways_us"


def compare_months(table_file: Path, start: str, arguments: list[str]) -> int:
    """Run `legitext drift` on the source's messages before and from the day `start`."""
    table = read_table(table_file)
    rows = table[table["source"] == SOURCE]
    late = rows["timestamp"] >= start
    with tempfile.TemporaryDirectory() as folder:
        early_file, late_file = Path(folder, "gateways_early.parquet"), Path(folder, "gateways_late.parquet")
        write_table(rows[~late], early_file)
        write_table(rows[late], late_file)
        return main(["drift", str(early_file), str(late_file), *arguments])


if __name__ == "__main__":
    sys.exit(compare_months(ROOT / "data/messages.parquet", load_params(ROOT / "params.yaml").prepare.test_from[SOURCE], sys.argv[1:]))
