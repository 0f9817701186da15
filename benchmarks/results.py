"""What the benchmarks measured, in Markdown and as a picture: `publish` puts it into the README.

python benchmarks/results.py
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs/peers.png"

_COLUMNS = (
    ("one text, p50", "one_p50_us", "{:,.0f} µs"),
    ("p99", "one_p99_us", "{:,.0f} µs"),
    ("many, a second", "many_per_second", "{:,.0f}"),
    ("memory", "peak_mib", "{:,.0f} MiB"),
    ("cold start", "cold_s", "{:.2f} s"),
)


def peers_section(figures: Mapping[str, Any]) -> str:
    """The table of the classifiers, and what it says."""
    peers, machine = figures["peers"], figures["machine"]
    ours = peers["legitext"]
    head = ["", *(title for title, *_ in _COLUMNS), "files", "AUC", "scams caught", "macro F1"]
    lines = [head, ["---"] * len(head)]
    for peer in peers.values():
        times = [f"{form.format(peer[key])} ({_times(peer['ratios'][key])})" for _, key, form in _COLUMNS]
        size = f"{peer['file_mb']:,.1f} MB ({_times(peer['file_mb'] / ours['file_mb'])})"
        lines.append([peer["title"], *times, size, *_quality(peer)])
    lines += [[title, f"left out ({reason})", *[""] * (len(head) - 2)] for title, reason in figures["left_out"].items()]
    blind, genuine = ours["without_senders"], ours["benchmark"]["n"] - ours["caught"]["n"]
    return "\n\n".join(
        [
            f"Measured in one run on {machine['processor']}, one of {machine['cores']} cores, {machine['system']}, Python "
            f"{machine['python']}; in brackets how many times legitext's, the median of the ratios within each round. All learnt from the same {figures['learnt']:,} messages, legitext also "
            "from texts whose words it hides. One text: "
            f"{figures['single']:,} of the grammar's test messages of 100 to 160 characters, warm; many: a list of {figures['many']:,} test messages, half of "
            f"the grammar, half of corpora. Memory and cold start: a new process that imports, opens and judges one text, less an empty `python`. "
            f"Medians of {figures['rounds']} rounds in which all take turns.",
            "\n".join(f"| {' | '.join(line)} |" for line in lines),
            f"AUC and scams caught are of the benchmark, {genuine} genuine business texts and {ours['caught']['n']} scams, none of them learnt from; scams "
            "caught where at most 1.5 % of the genuine ones are called smishing, with 95 % intervals. Macro F1 is of "
            f"{ours['grouped']['n']:,} test messages of the sources learnt from, near-copies and wordings kept apart. legitext alone looks at "
            f"senders; without them its AUC is {blind['benchmark']['auc']:.3f}, it catches {_share(blind['caught'])} and its macro F1 is "
            f"{blind['grouped']['macro_f1']:.3f}.",
            "![Time of one text against quality](docs/peers.png)",
            "Settings: " + "; ".join(f"{peer['title']}: {peer['settings']}" for peer in peers.values()) + ".",
        ]
    )


def _quality(peer: Mapping[str, Any]) -> list[str]:
    return [f"{peer['benchmark']['auc']:.3f}", _share(peer["caught"]), f"{peer['grouped']['macro_f1']:.3f}"]


def _share(figure: Mapping[str, Any]) -> str:
    return f"{figure['share']:.0%} ({figure['low']:.0%}-{figure['high']:.0%})"


def _times(ratio: float) -> str:
    return f"{ratio:,.0f}×" if ratio >= 9.95 else f"{ratio:.1f}×" if ratio >= 0.095 else f"{ratio:.2g}×"


def scale_section(rows: Sequence[Mapping[str, Any]]) -> str:
    """The table of training by size."""
    lines = ["| messages | learnt, with copies | processor time | of a message learnt | most memory |", "|---|---|---|---|---|"]
    for row in rows:
        each = row["cpu_seconds"] / row["learnt"]
        lines.append(
            f"| {row['messages']:,} | {row['learnt']:,} | {row['cpu_seconds']:,.0f} s | {each * 1e3:.2f} ms | {row['peak_mib'] / 1024:.1f} GiB |"
        )
    return "\n".join(lines)


GOALS = (
    ("one text of 100 to 160 characters, warm, p50", "p50_us", "{:,.0f} µs", 60),
    ("one text, warm, p99", "p99_us", "{:,.0f} µs", 200),
    ("a list of texts, one core, a second", "many_per_second", "{:,.0f}", 25_000),
    ("first prediction of a new process, beyond an empty python", "first_s", "{:.2f} s", 0.25),
    ("model file opened", "opened_ms", "{:,.0f} ms", 30),
    ("peak memory of a process that predicts", "peak_mib", "{:,.0f} MiB", 80),
)
"""What is shown, its key, its form, and what was wanted: at most so much, of many at least."""


def latency_section(figures: Mapping[str, Any]) -> str:
    """What was wanted and what is, and where the time of one text goes."""
    lines = ["| figure | wanted | measured | |", "|---|---|---|---|"]
    for what, key, form, goal in GOALS:
        met = figures[key] >= goal if key == "many_per_second" else figures[key] <= goal
        lines.append(
            f"| {what} | {'at least' if key == 'many_per_second' else 'at most'} {form.format(goal)} | {form.format(figures[key])} "
            f"| {'met' if met else 'missed'} |"
        )
    profile = figures["profile_us"]
    whole = next(iter(profile.values()))
    steps = ["| step, each alone | of one text | share |", "|---|---|---|"]
    for step, microseconds in profile.items():
        indent = "&emsp;" * ((len(step) - len(step.lstrip())) // 2)
        steps.append(f"| {indent}{step.strip()} | {microseconds:,.1f} µs | {microseconds / whole:.0%} |")
    return "\n\n".join(["\n".join(lines), "Where the time of one text goes:", "\n".join(steps)])


def scoring_section(figures: Mapping[str, Any]) -> str:
    """What it takes to judge a file, and what a billion messages would."""
    lines = ["| way | messages | a second | a core-second | most memory | core-hours a billion |", "|---|---|---|---|---|---|"]
    rows = [*figures["ways"], figures["large"]] if "large" in figures else figures["ways"]
    for row in rows:
        a_core = row["rows"] / row["work"]
        lines.append(
            f"| {row['name']} | {row['rows']:,} | {row['rows'] / row['seconds']:,.0f} | {a_core:,.0f} | {row['peak_mib']:,} MiB "
            f"| {1e9 / a_core / 3600:,.0f} |"
        )
    others, apart = figures["differ"]["Spark from local"]
    return "\n\n".join(
        [
            "\n".join(lines),
            f"Of the {figures['ways'][0]['rows']:,} messages {others:,} were labelled otherwise by Spark than by `legitext score`; probabilities "
            f"differ by at most {apart:.0e}.",
        ]
    )


def draw(figures: Mapping[str, Any], path: Path) -> None:
    """Time of one text against the AUC on the benchmark, and against macro F1."""
    import matplotlib.pyplot as plt

    peers = figures["peers"]
    figure, both = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained", sharex=True)
    for axes, (part, key), title in zip(
        both, (("benchmark", "auc"), ("grouped", "macro_f1")), ("Benchmark: AUC of smishing", "Test messages: macro F1"), strict=True
    ):
        for number, (name, peer) in enumerate(peers.items()):
            marker = {"s": 130, "marker": "*"} if name == "legitext" else {"s": 55, "marker": "oDsP^vX"[number % 7]}
            axes.scatter(peer["one_p50_us"], peer[part][key], label=peer["title"] if axes is both[0] else None, zorder=3, **marker)
        axes.set_xscale("log")
        axes.set_xlabel("time of one text, median (µs, one core)")
        axes.set_ylabel(title.partition(": ")[2])
        axes.set_title(title)
        axes.grid(alpha=0.3, which="both")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    figure.suptitle("Up and to the left is better")
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


def sections() -> dict[str, str]:
    """By name of a block of the README what it holds."""
    files = {
        "peers": (ROOT / "benchmarks/peers.json", peers_section),
        "latency": (ROOT / "benchmarks/latency.json", latency_section),
        "scale": (ROOT / "benchmarks/scale.json", scale_section),
        "scoring": (ROOT / "benchmarks/scoring.json", scoring_section),
    }
    return {name: write(json.loads(path.read_text(encoding="utf-8"))) for name, (path, write) in files.items() if path.is_file()}


def publish() -> None:
    """Write the README's blocks and the picture."""
    from legitext.report import update_readme

    update_readme(ROOT / "README.md", sections())
    draw(json.loads((ROOT / "benchmarks/peers.json").read_text(encoding="utf-8")), PICTURE)


if __name__ == "__main__":
    publish()
