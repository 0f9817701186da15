"""What the pipeline writes for people: the model card and the README's table, from the metrics alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from legitext.classifier import Classifier, verdict
from legitext.decision import DEFAULT
from legitext.errors import DataError
from legitext.files import write_text
from legitext.messages import LABELS
from legitext.sources import SOURCES

EXAMPLE = ("USPS: your parcel is held, confirm your address https://usps-trk.top/a", "+63 995 271 4822")
"""The message that the README shows, with its sender."""

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
        "### By kind of genuine text, and of scam",
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
    if "thresholds" in metrics:
        lines.append(_thresholds_table(metrics["thresholds"]))
    if "grouped" in metrics.get("precision", {}):
        lines.append(
            "A filter meets mostly ham. Of what is called smishing, this share is smishing if so many of all messages are; the rest is ham, "
            "like that of the test messages of sources trained on:\n\n" + _precision_table(metrics["precision"]["grouped"])
        )
    if "unseen" in metrics:
        lines.append(
            "On senders, and on kinds of text, that a model was not shown at all (a fifth of the grammar's, drawn by name; trained anew without them):\n\n"
            + _slices_table(metrics["unseen"], "unseen")
        )
    if metrics.get("goals"):
        lines.append("What the project wants to reach, and what it has reached:\n\n" + _goals_table(metrics["goals"]))
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
    for name, what in (("sender_kind", "kind of sender"), ("link", "link"), ("length", "length in characters"), ("language", "language")):
        if f"by_{name}" in metrics:
            parts += [f"### By {what}", _slices_table(metrics[f"by_{name}"], what)]
    if "held_out_sources" in metrics:
        parts += [
            "### On sources held out",
            "Trained anew on all other corpora and a sample of the grammar's wordings, tested on the source:",
            _slices_table(metrics["held_out_sources"], "source held out"),
        ]
    if "splits" in metrics:
        parts += [
            "### On a random split",
            "A fifth of the training messages held out, row by row or with near-copies and wordings kept together, and trained anew on the "
            "rest; what the random split is better by is not to be had on new messages:",
            _slices_table(metrics["splits"], "split"),
        ]
    if "attacks" in metrics:
        rows = [f"| {name} | {_cell(row['before'])} | {_cell(row['after'])} |" for name, row in metrics["attacks"].items()]
        size = next(iter(metrics["attacks"].values()))["n"]
        parts += [
            "### Under attack",
            f"Scams caught of {size:,} test scams, before and after their words are disguised; and genuine texts that are called smishing "
            "only once they are changed in a harmless way:",
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
            f"| {row['name']} | {row['direction']} {row['goal']:.1%} | {_cell(row)} | {row['n']:,} | {'met' if row['met'] else 'missed'} |"
        )
    return "\n".join(lines)


def _cell(figure: Mapping[str, Any] | None) -> str:
    return "" if figure is None else f"{figure['share']:.1%} ({figure['low']:.1%}-{figure['high']:.1%})"
