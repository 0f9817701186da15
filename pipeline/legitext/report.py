"""What the pipeline writes for people: the model card and the README's table, from the metrics alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from legitext.classifier import Classifier, verdict
from legitext.decision import DEFAULT
from legitext.errors import DataError
from legitext.files import write_text
from legitext.messages import LABELS
from legitext.metrics import LEAST
from legitext.sources import SOURCES
from legitext.split import SPLITS

EXAMPLE = ("USPS: your parcel is held, confirm your address https://usps-trk.top/a", "+63 995 271 4822")
"""The message that the README shows, with its sender."""

FEW = 30
"""Messages below which a share says of how many it is."""

_COLUMNS = (
    ("genuine_called_smishing", "genuine called smishing"),
    ("genuine_flagged", "genuine flagged at all"),
    ("scams_caught", "scams caught"),
    ("spam_flagged", "spam flagged"),
)


def model_card(metrics: Mapping[str, Any], artifact_info: Mapping[str, Any]) -> str:
    """The model card in Markdown."""
    thresholds = artifact_info["thresholds"][DEFAULT]
    corpora = [f"{source.name} ({source.licence}; {source.citation})" for source in SOURCES if source.name in artifact_info["data"]]
    parts = [
        "# Model card: legitext",
        *[f"> **{note}**" for note in artifact_info["notes"]],
        "A linear model that tells genuine texts and personal chat (`ham`) from advertising (`spam`) and phishing by text "
        "(`smishing`). This page is written by the pipeline; do not edit it.",
        "## Use",
        "Meant for texts to US phones, in English above all. It judges one message by its words, its links and its sender; it does not open "
        "links, and it knows nothing of the conversation before. It is advice to a reader or one signal to a filter, not proof: genuine texts "
        "are called smishing, and scams are missed, at the rates below.",
        "## Model",
        "Additive TF-IDF of words and of characters inside words, and named evidence on links, senders and demands, in one "
        f"multinomial logistic regression; the part of a text that looks most like a scam decides. A label stands if it is likely enough "
        f"against ham: smishing from {thresholds['smishing']:.3f} on, spam from {thresholds['spam']:.3f} on, unless another threshold is "
        "asked for; of those that stand, the likelier is given, else ham.",
        "## Trained on",
        _data_table(artifact_info["data"]),
        (f"Corpora: {'; '.join(corpora)}. " if corpora else "")
        + ("Corrections are texts that users labelled. " if "corrections" in artifact_info["data"] else "")
        + "Messages of the grammar are made from wordings written for this project. Sources for testing only never enter training.",
        "## Measured",
        figures(metrics),
        f"### By kind of genuine text, and of scam\n\nKinds that at least {LEAST['kind']} test messages of businesses, and scams, have.",
        _slices_table(metrics.get("by_kind", {}), "kind"),
        *_more(metrics),
        "## Limits",
        "- Sources are few; most scams in them are of 2022-2023, and most chat is older.\n"
        "- A scam without link, sender or demand (“Hi, how are you?”) cannot be told from chat.\n"
        "- Other languages than English are hardly covered.\n"
        "- Whoever knows the model can write around it.",
        "## Make it again",
        "`make train` with the same corpora, and the same Python and libraries, gives the same file, bit for bit.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def data_card(facts: Mapping[str, Any]) -> str:
    """The data card in Markdown, from what `legitext.inventory.inventory` counted."""
    grammar, made, split = facts["grammar"], facts["made"], facts["split"]
    here = [source for source in SOURCES if source.name in facts["sources"]]
    labels = {label: [one for one in grammar["kinds"] if one["label"] == label] for label in LABELS}
    later = ", ".join(f"{name} from {day} on" for name, day in split["test_from"].items() if name in facts["sources"])
    caps = ", ".join(f"of {name} {count:,} groups are trained on" for name, count in split["caps"].items() if name in facts["sources"])
    out = sum(counts.get("left_out", 0) for of in facts["sources"].values() for counts in of["rows"].values())
    parts = [
        "# Data card: legitext",
        "What the model is trained, chosen and measured on. This page is written by the pipeline and counts messages; it shows none. Do not edit it.",
        "## Use",
        "Meant to train and measure classifiers of texts to US phones: genuine texts of businesses and personal chat (`ham`), advertising "
        "(`spam`), and phishing by text (`smishing`). Not meant to estimate how common scams are: the shares of labels are those of the "
        "sources, not of anybody's phone. Not meant to learn about persons, and not to write scams.",
        "## Sources",
        _table(
            ("source", "holds", "language", "licence", "citation", "address", "use"),
            [
                (
                    one.name,
                    one.holds,
                    one.language,
                    one.licence,
                    one.citation,
                    one.address,
                    "testing alone" if one.role == "test" else "training, testing",
                )
                for one in here
            ],
        ),
        (f"Not at hand in this run: {', '.join(facts['missing'])}. " if facts["missing"] else "")
        + "The grammar's messages are made from wordings written for this project, under its own licence"
        + (", and corrections are texts that users labelled; they stay on their machine." if "corrections" in facts["sources"] else ".")
        + " Corpora are fetched, never kept in the repository. Sources for testing alone never enter training.",
        "## Messages by label and split",
        _table(
            ("source", "label", *SPLITS, "digest of the source's training rows"),
            [
                (source, label, *(counts.get(name, 0) for name in SPLITS), f"`{facts['trained'][source]}`" if "train" in counts else "")
                for source, of in facts["sources"].items()
                for label, counts in of["rows"].items()
            ],
        ),
        "### Length, senders, links",
        _table(
            ("source", "label", "characters (median)", "characters (longest tenth from)", "with a sender", "with a link"),
            [
                (source, label, of["median"], of["longest_tenth"], f"{of['with_sender']:.1%}", f"{of['with_link']:.1%}")
                for source, row in facts["sources"].items()
                for label, of in row["texts"].items()
            ],
        ),
        "## Left out",
        "\n".join(
            [
                f"- {out:,} messages (`left_out`): training rows that are near-copies of validation or test rows (from {split['near_copy']:.0%} of "
                "word pairs in common), validation rows near test rows, held-out sentences that turn wordings, "
                "and what a cap or a role keeps out of training.",
                *([f"- Caps, where there is too much of one thing: {caps}."] if caps else []),
                *([f"- Late messages are tested on, never trained on: {later}."] if later else []),
                "- Before that, rows that a source's own reader drops: those of `mishra_soni` that are UCI's; of the gateways advertising with a "
                "way out, and abroad also other languages and account-credit bait, whose labels are loose.",
                "- Names in the sender column of the gateways, which are those of services and not of who sent. Masks of numbers and names, "
                "which would give a source away, are filled in.",
            ]
        ),
        "## Grammar",
        f"Version `{grammar['digest']}` (a digest of its files): {grammar['wordings']:,} wordings, and {grammar['turns']:,} sentences that make a "
        f"scam of a genuine wording. {made['per_template']} messages are made from each wording, up to {made['twins_per_template']} scam "
        "twins from each genuine one that can be turned.",
        _table(
            ("label", "language", "kinds", "wordings", "messages"),
            [
                (label, language, len(rows), sum(row["wordings"] for row in rows), sum(row["messages"] for row in rows))
                for label, kinds in labels.items()
                for language in dict.fromkeys(one["language"] for one in kinds)
                for rows in ([one for one in kinds if one["language"] == language],)
            ],
        ),
        "Habits, as shares of messages (`parts` and `cut` of the long ones, `tricks` of scams and spam alone): "
        + ", ".join(f"{name} {share:.0%}" for name, share in made["habits"].items())
        + ".",
        "### By brand",
        _table(("brand", *LABELS), [(brand, *(counts.get(label, 0) for label in LABELS)) for brand, counts in grammar["brands"].items()]),
        "### By kind",
        _table(
            ("label", "language", "kind", "wordings", "messages"),
            [tuple(one[name] for name in ("label", "language", "kind", "wordings", "messages")) for one in grammar["kinds"]],
        ),
        "## Limits",
        "- The genuine business texts are written, not received: the wordings follow help pages and public reports, but real ones vary more.\n"
        "- Twins and invented senders are tidier than what scams come with; habits are drawn at set rates, not measured ones.\n"
        "- Chat is of 2010-2015 and from few people; most real scams are of 2022-2023; spam is mostly British and Philippine.\n"
        "- Corpora label by hand or by rule; near the border of spam and smishing they disagree.\n"
        "- Spanish is only in the grammar; other languages are hardly there.",
        "## Make it again",
        "`make train` fetches the corpora, makes the grammar's messages and splits all by near-duplicate group; the same corpora, wordings and "
        "`params.yaml` give the same rows, and the digests above. `legitext grammar` shows the wordings, with file and line.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def figures(metrics: Mapping[str, Any], notes: Sequence[str] = ()) -> str:
    """The measured tables in Markdown, under the notes on what the model was trained without."""
    lines = [f"**{note}**" for note in notes]
    overall = metrics["test"]
    lines.append(
        f"On the {overall['n']:,} test messages (no near-copy of a corpus message, and no wording of the grammar's, was trained on): accuracy {overall['accuracy']:.3f}, "
        f"macro F1 {overall['macro_f1']:.3f}"
        + (f", AUC of smishing {overall['smishing_auc']:.3f}" if "smishing_auc" in overall else "")
        + f", expected calibration error {_calibration(metrics)}. With 95 % bootstrap intervals, by source:"
    )
    lines.append(_slices_table(metrics["by_source"], "source"))
    lines.append("Each share is of the row's messages of that label.")
    if worst := _worst(metrics):
        lines.append("Where it fails most:\n\n" + worst)
    if "thresholds" in metrics:
        lines.append(_thresholds_table(metrics["thresholds"]))
    if "grouped" in metrics.get("precision", {}):
        lines.append(
            "A filter meets mostly ham. Of what is called smishing, this share is smishing if so many of all messages are; the rest is ham, "
            "like that of the test messages of sources trained on:\n\n" + _precision_table(metrics["precision"]["grouped"])
        )
        if "all" in metrics["precision"]:
            lines.append(
                "And if the rest is like the ham of all test messages, of other countries, too:\n\n"
                + _precision_table(metrics["precision"]["all"])
            )
    if "unseen" in metrics:
        lines.append(
            "On senders, and on kinds of text, that a model was not shown at all (a fifth of the grammar's, drawn by name; trained anew without them):\n\n"
            + _slices_table(metrics["unseen"], "unseen")
        )
    if metrics.get("goals"):
        lines.append(
            "What the project wants to reach, and what it has reached (met or missed by the figure itself, not by its interval):\n\n"
            + _goals_table(metrics["goals"])
        )
    twins = metrics.get("twins", {})
    if twins:
        lines.append(
            "Twins: a genuine text and the scam that differs from it by a link, one sentence or its sender, from wordings and sentences "
            "not trained on. A pair is right if the scam is called smishing, the genuine text is not, and the scam is scored higher:\n\n"
            "| twins | pairs | right | scored higher | scam caught | genuine called smishing |\n|---|---|---|---|---|---|\n"
            + "\n".join(
                f"| {name} | {row['n']:,} | "
                + " | ".join(_cell(row[key]) for key in ("right", "higher", "scams_caught", "genuine_called_smishing"))
                + " |"
                for name, row in twins.items()
            )
        )
    if "yardstick" in metrics:
        grouped, random = metrics["yardstick"]["grouped"], metrics["yardstick"]["random"]
        lines.append(
            "The yardstick people know, UCI's SMS Spam Collection alone (trained and tested on it by cross-validation, spam against ham):\n\n"
            "| folds | F1 of spam | AUC | accuracy |\n|---|---|---|---|\n"
            f"| near-duplicates kept together | {grouped['f1']:.4f} | {grouped['auc']:.4f} | {grouped['accuracy']:.4f} |\n"
            f"| at random, as papers split | {random['f1']:.4f} | {random['auc']:.4f} | {random['accuracy']:.4f} |"
        )
    return "\n\n".join(lines)


def _calibration(metrics: Mapping[str, Any]) -> str:
    """The calibration error, on the rows like those it was calibrated on first, if it was measured there."""
    whole = f"{metrics['test']['expected_calibration_error']:.3f}"
    parts = metrics.get("calibration", {})
    if "grouped" not in parts:
        return whole
    return f"{parts['grouped']['expected_calibration_error']:.3f} on the {parts['grouped']['n']:,} of sources trained on, {whole} on all"


def _more(metrics: Mapping[str, Any]) -> list[str]:
    """The sections of the model card that the README does without; those that were not measured are left out."""
    parts = []
    for name, what in (
        ("sender_kind", "kind of sender"),
        ("link", "link"),
        ("length", "length in characters"),
        ("language", "language (of the grammar's messages)"),
    ):
        if f"by_{name}" in metrics:
            parts += [f"### By {what}", _slices_table(metrics[f"by_{name}"], name.replace("_", " "))]
    if "held_out_sources" in metrics:
        parts += [
            "### On sources held out",
            "Trained anew on all other corpora and a sample of the grammar's wordings, tested on the source:",
            _slices_table(metrics["held_out_sources"], "source held out"),
        ]
    if "splits" in metrics:
        parts += [
            "### On a random split",
            "A fifth of the corpora's training messages and of a sample of the grammar's held out, row by row or with near-copies and "
            "wordings kept together, and trained anew on the rest; what the random split is better by is not to be had on new messages:",
            _slices_table(metrics["splits"], "split"),
        ]
    if "poisoned" in metrics:
        rows = [
            f"| {name} | {row.get('smishing_auc', float('nan')):.3f} | "
            + " | ".join(_cell(row.get(key)) for key in ("genuine_called_smishing", "scams_caught", "doubted"))
            + f" | {'yes' if row['stopped'] else 'no'} |"
            for name, row in metrics["poisoned"].items()
        ]
        parts += [
            "### Poisoned labels",
            "Trained anew on the corpora and a sample of the grammar's wordings, some labels of which were turned (scams to ham, ham to "
            "smishing), and tested on right ones. Doubted are training labels against which the model that learnt the right ones is sure of "
            "another; `legitext promote` stops what was trained on labels the champion doubts more than its own:",
            "\n".join(
                [
                    "| training labels | AUC of smishing | genuine called smishing | scams caught | doubted | stopped |",
                    "|---|---|---|---|---|---|",
                    *rows,
                ]
            ),
        ]
    if "attacks" in metrics:
        rows = [f"| {name} | {_cell(row['before'])} | {_cell(row['after'])} |" for name, row in metrics["attacks"].items()]
        size = next(iter(metrics["attacks"].values()))["n"]
        parts += [
            "### Under attack",
            f"Scams caught of {size:,} test scams, before and after their words are disguised or innocent text is put beside them; and "
            "genuine texts that are called smishing only once they are changed in a harmless way:",
            "\n".join(["| attack | before | after |", "|---|---|---|", *rows]),
            "\n".join(
                [
                    "| harmless change | genuine texts | newly called smishing |",
                    "|---|---|---|",
                    *[f"| {name} | {row['n']:,} | {_cell(row)} |" for name, row in metrics["harmless"].items()],
                ]
            ),
        ]
    return parts


def _worst(metrics: Mapping[str, Any], least: int = 100) -> str:
    """Where genuine texts and scams fare worst, as a list in Markdown: by source and kind of sender with at least `least` of them.

    Also what share of advertising is called so; empty if nothing was measured.
    """
    lines = []
    for figure, worst, words in (
        ("genuine_called_smishing", max, "Of genuine texts those {} are called smishing most often."),
        ("scams_caught", min, "Of scams those {} are caught least often."),
    ):
        found = []
        for dimension, what in (("by_source", "of `{}`"), ("by_sender_kind", "from a sender of kind `{}`")):
            rows = {name: row[figure] for name, row in metrics.get(dimension, {}).items() if row.get(figure, {}).get("n", 0) >= least}
            if len(rows) > 1:
                name = worst(rows, key=lambda one: rows[one]["share"])
                found.append(f"{what.format(name)} ({rows[name]['share']:.1%})")
        if found:
            lines.append("- " + words.format(", and ".join(found)))
    spam = metrics.get("test", {}).get("by_label", {}).get("spam")
    if spam:
        lines.append(f"- Of {spam['n']:,} advertising texts {spam['recall']:.1%} are called spam; most others pass as ham.")
    return "\n".join(lines)


def example(classifier: Classifier) -> str:
    """A prediction as the command line prints it, in Markdown."""
    text, sender = EXAMPLE
    lines = "\n".join(verdict(classifier.predict_one(text, sender)))
    return f'```console\n$ legitext predict "{text}" --sender "{sender}"\n{lines}\n```'


def update_readme(path: str | Path, sections: Mapping[str, str]) -> None:
    """Put each section between its marks, `<!-- name: begin -->` and `<!-- name: end -->`.

    Raises:
        DataError: if the marks of a section are not there.
    """
    old = new = Path(path).read_text(encoding="utf-8")
    for name, section in sections.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        head, found, rest = new.partition(begin)
        _, closed, tail = rest.partition(end)
        if not found or not closed:
            raise DataError(f"{path} lacks the marks {begin} and {end}: put them where the pipeline shall write")
        new = f"{head}{begin}\n{section}\n{end}{tail}"
    if new != old:
        write_text(path, new)


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in [list(head), ["---"] * len(head), *lines])


def _data_table(data: Mapping[str, Any]) -> str:
    lines = ["| source | messages | ham | spam | smishing | digest |", "|---|---|---|---|---|---|"]
    for name, facts in data.items():
        counts = " | ".join(f"{facts['labels'].get(label, 0):,}" for label in ("ham", "spam", "smishing"))
        lines.append(f"| {name} | {facts['rows']:,} | {counts} | `{facts['digest']}` |")
    return "\n".join(lines)


def _slices_table(rows: Mapping[str, Any], name: str) -> str:
    columns = [column for column in _COLUMNS if any(column[0] in row for row in rows.values())]
    lines = [f"| {name} | messages | " + " | ".join(title for _, title in columns) + " |", "|---" * (len(columns) + 2) + "|"]
    for value, row in rows.items():
        cells = " | ".join(_cell(row.get(key)) for key, _ in columns)
        lines.append(f"| {value} | {row['n']:,} | {cells} |")
    return "\n".join(lines)


def _thresholds_table(rows: Mapping[str, Any]) -> str:
    """What each threshold costs and catches, on messages not trained on."""
    columns = (("genuine_called_smishing", "genuine called smishing"), ("scams_caught", "scams caught"))
    parts = list(dict.fromkeys(part for row in rows.values() for part in row if part not in LABELS))
    shown = [(part, key, title) for part in parts for key, title in columns if any(key in row.get(part, {}) for row in rows.values())]
    lines = [
        f"The thresholds, chosen on validation wordings for the false alarms that `params.yaml` states (used unless another is named: `{DEFAULT}`):",
        "",
        "| threshold | smishing, spam from | " + " | ".join(f"{part}: {title}" for part, _, title in shown) + " |",
        "|---" * (len(shown) + 2) + "|",
    ]
    for name, row in rows.items():
        cells = " | ".join(_cell(row.get(part, {}).get(key)) for part, key, _ in shown)
        lines.append(f"| `{name}` | {row['smishing']:.3f}, {row['spam']:.3f} | {cells} |")
    return "\n".join(lines)


def _precision_table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """By threshold, precision at each prevalence."""
    prevalences = list(dict.fromkeys(prevalence for row in rows.values() for prevalence in row))
    lines = ["| threshold | " + " | ".join(f"{one} smishing" for one in prevalences) + " |", "|---" * (len(prevalences) + 1) + "|"]
    lines += [f"| `{name}` | " + " | ".join(_cell(row.get(one)) for one in prevalences) + " |" for name, row in rows.items()]
    return "\n".join(lines)


def _goals_table(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = ["| goal | wanted | measured | messages | |", "|---|---|---|---|---|"]
    for row in rows:
        lines.append(
            f"| {row['name']} | {row['direction']} {row['goal']:.1%} | {row['share']:.2%} ({row['low']:.1%}-{row['high']:.1%}) | {row['n']:,} | "
            f"{'met' if row['met'] else 'missed'} |"
        )
    return "\n".join(lines)


def _cell(figure: Mapping[str, Any] | None) -> str:
    """A share with its interval, and of how many where these are few."""
    if figure is None:
        return ""
    few = f" of {figure['n']}" if figure.get("n", FEW) < FEW else ""
    return f"{figure['share']:.1%}{few} ({figure['low']:.1%}-{figure['high']:.1%})"
