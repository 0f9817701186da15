"""What disguises cost: scams under attack or beside innocent text, and genuine texts under harmless changes, on messages never trained on.

    python benchmarks/evasion.py

The evaluation of the pipeline does the same on a sample.
"""

from pathlib import Path

from legitext import Classifier
from legitext.evasion import compare
from legitext.table import messages_of, read_table

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    table = read_table(ROOT / "data/messages.parquet")
    test = table[table["split"] == "test"]
    scams = messages_of(test[test["label"] == "smishing"])
    genuine = messages_of(test[(test["label"] == "ham") & test["source"].isin(["grammar", "otp", "benchmark_genuine"])])
    found = compare(Classifier.load(), scams, genuine)
    print(f"{len(scams):,} test scams, called smishing:")
    for name, row in found["attacks"].items():
        before, after = row["before"]["share"], row["after"]["share"]
        print(f"  {name:<32} {before:6.1%} -> {after:6.1%}  {100 * (after - before):+5.1f} points")
    print(f"{len(genuine):,} genuine test texts, newly called smishing:")
    for name, row in found["harmless"].items():
        print(f"  {name:<32} {round(row['share'] * row['n']):3d}  ({100 * row['share']:.2f} %)")


if __name__ == "__main__":
    main()
