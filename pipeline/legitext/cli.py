"""The command line: parse, call, print."""

import argparse
import io
import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from legitext.decision import DEFAULT, THRESHOLDS
from legitext.errors import InputError, LegitextError, MissingExtraError
from legitext.messages import LABELS, Message

LEAST_WEIGHT = 0.1
"""Reasons that weigh less are summed up."""

MOST_MOVED = 30
"""Rows of what moved that a terminal is shown."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 if it worked, 2 with one line on standard error if the input was at fault."""
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a text may hold what no terminal can show
    try:
        status = int(options.run(options))
        sys.stdout.flush()
        return status
    except LegitextError as error:
        print(f"legitext: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("legitext"):
            raise
        print(f"legitext: {MissingExtraError(f'`legitext {options.command}`', error.name)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("legitext: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read the output, `head` for one, has enough
        return 0
    except OSError as error:
        print(f"legitext: {error.strerror or error}: {error.filename or 'the output could not be written'}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="legitext", description="Is this text legit? Tells genuine texts from advertising and phishing.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    predict = commands.add_parser("predict", help="judge a text, or each line of standard input")
    predict.add_argument(
        "text", nargs="?", default="-", help="the text; - or none reads standard input, a text a line (blank lines are left out)"
    )
    predict.add_argument("--sender", help="what the phone shows as the sender")
    predict.add_argument("--explain", action="store_true", help="all reasons, the text with what they rest on, and what to do")
    predict.add_argument("--json", action="store_true", help="one JSON object a message")
    predict.set_defaults(run=_predict)

    score = commands.add_parser("score", help="judge every row of a file of any size")
    score.add_argument("source", metavar="IN", help=".csv, .jsonl or .parquet with a column of texts; - reads standard input")
    score.add_argument("target", metavar="OUT", help="the rows with label, probabilities and brand; - writes standard output")
    score.add_argument("--text-column", metavar="C", default="text", help="the column of texts (default: text)")
    score.add_argument("--sender-column", metavar="C", help="the column of senders (default: sender, where there is one)")
    score.add_argument("--prefix", metavar="P", default="", help="what the names of the added columns begin with (default: nothing)")
    score.add_argument("--format", choices=("csv", "jsonl", "parquet"), help="the format where a name does not tell")
    score.add_argument("--jobs", type=_processes, metavar="N", help="processes at once (default: one a processor)")
    score.add_argument("--engine", choices=("local", "spark"), default="local", help="this machine, or Apache Spark (default: local)")
    score.set_defaults(run=_score)

    correct = commands.add_parser("correct", help="note what a text really is, for the next training")
    correct.add_argument("text", help="the text")
    correct.add_argument("--label", required=True, choices=LABELS, help="what it is")
    correct.add_argument("--sender", help="what the phone shows as the sender")
    correct.set_defaults(run=_correct)

    info = commands.add_parser("info", help="show what the model is and was trained on")
    info.set_defaults(run=_info)

    evaluate = commands.add_parser("evaluate", help="measure the model on labelled messages of your own")
    evaluate.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help=".csv or .parquet with the columns text and label, and sender, kind, brand and timestamp if you have them",
    )
    evaluate.add_argument("--json", action="store_true", help="all figures as JSON")
    evaluate.set_defaults(run=_evaluate)

    drift = commands.add_parser("drift", help="compare two files of messages: what moved, and how the model's scores did")
    drift.add_argument("reference", metavar="REFERENCE", help=".csv or .parquet with a column of texts, and of senders if you have one")
    drift.add_argument("new", metavar="NEW", help="the same, of later messages")
    drift.add_argument("--html", metavar="PAGE", help="also write one self-contained .html page")
    drift.add_argument("--json", action="store_true", help="all figures as JSON")
    drift.add_argument("--text-column", metavar="C", default="text", help="the column of texts (default: text)")
    drift.add_argument("--sender-column", metavar="C", help="the column of senders (default: sender, where there is one)")
    drift.set_defaults(run=_drift)

    grammar = commands.add_parser("grammar", help="count the wordings of the grammar, or show those of one sort")
    grammar.add_argument("--templates", metavar="DIR", default="data/templates", help="the folder of wordings (default: data/templates)")
    for name, what in (("label", "a label"), ("kind", "a kind"), ("brand", "a brand or ~sort"), ("language", "a language")):
        grammar.add_argument(f"--{name}", help=f"show the wordings of {what}, with file and line")
    grammar.add_argument("--messages", type=int, metavar="N", default=0, help="also show N messages made from each")
    grammar.set_defaults(run=_grammar)

    fetch = commands.add_parser("fetch", help="bring the corpora in, from the Hub or a local mirror, and your corrections")
    fetch.set_defaults(run=_fetch)

    promote = commands.add_parser("promote", help="ship the model trained last, if it is no worse than the one that ships now")
    way = promote.add_mutually_exclusive_group()
    way.add_argument("--force", metavar="REASON", help="ship it whatever stops it; the reason is kept with it in MLflow")
    way.add_argument("--keep", action="store_true", help="keep the better of the two: it is no failure if the new one is stopped")
    promote.set_defaults(run=_promote)

    sweep = commands.add_parser("sweep", help="measure what each part of the model brings and what other settings would, as MLflow runs")
    sweep.add_argument("--jobs", type=_processes, metavar="N", default=-1, help="processes at once (default: one a processor)")
    sweep.add_argument("--quick", action="store_true", help="on a small share of the messages, to try it out")
    sweep.set_defaults(run=_sweep)

    for command in (predict, score, info, evaluate, drift):
        command.add_argument("--brands", metavar="FILE", help="a TOML file of brands of your own")
        command.add_argument("--model", metavar="FILE", help="a model file (default: the one that comes with the package)")
    for command in (predict, score, evaluate):
        command.add_argument(
            "--threshold",
            metavar="T",
            default=DEFAULT,
            help=f"{', '.join(THRESHOLDS)} (from fewest false alarms to most scams caught) or a number up to 1 (default: {DEFAULT})",
        )
    return parser


def _processes(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes: give 1 or more")
    return int(text)


def _predict(options: argparse.Namespace) -> int:
    from legitext.classifier import Classifier

    classifier = Classifier.load(options.model, options.brands, options.threshold)
    if options.text != "-":
        _print(classifier.predict_one(options.text, options.sender), options, options.text, reasons=0 if options.explain else 3)
        return 0
    judged = 0
    for number, line in _lines():
        try:
            prediction = classifier.predict(Message(line, options.sender))
        except InputError as error:
            raise InputError(f"line {number}: {error}") from None
        _print(prediction, options, line, reasons=0)
        judged += 1
    if not judged:
        raise InputError("standard input held no text: pass the text as an argument, or one message a line")
    return 0


def _lines() -> Iterator[tuple[int, str]]:
    """The lines of standard input that are not blank, with their numbers; bytes that are not UTF-8 are kept as marks."""
    if sys.stdin is None:
        return
    stream = getattr(sys.stdin, "buffer", None)
    lines = sys.stdin if stream is None else (line.decode("utf-8", "replace") for line in stream)
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield number, line.rstrip("\r\n")


def _print(prediction: Any, options: argparse.Namespace, text: str, *, reasons: int) -> None:
    from legitext.classifier import verdict

    if options.json:
        print(json.dumps(prediction.as_dict(), ensure_ascii=False))
        return
    lines = [_printable(line) for line in verdict(prediction, reasons)]
    print("\n".join(lines + (_explanation(prediction, text) if options.explain else [])))


def _explanation(prediction: Any, text: str) -> list[str]:
    """All reasons that weigh, the text with their places marked, what speaks for the sender, and what to do."""
    weighing = [reason for reason in prediction.reasons if abs(reason.weight) >= LEAST_WEIGHT]
    lines = ["", f"  {_marked(text, weighing)}", ""]
    lines += [_printable(f"  {reason.weight:+.2f}  {reason.sentence}") for reason in weighing]
    rest = sum(reason.weight for reason in prediction.reasons if abs(reason.weight) < LEAST_WEIGHT)
    lines.append(f"  {rest:+.2f}  all that weighs less")
    if prediction.evidence:
        lines += ["", "For the sender:", *(_printable(f"  {reason.sentence}") for reason in prediction.evidence)]
    if prediction.advice:
        lines += ["", "What to do:", *(f"  {line}" for line in prediction.advice)]
    return lines


def _printable(text: str) -> str:
    """`text` with a blank for whatever would steer the terminal or break the line."""
    return "".join(character if character.isprintable() else " " for character in text)


def _marked(text: str, reasons: list[Any]) -> str:
    """The text with the places of reasons marked: in colour on a terminal, else what speaks for the verdict in brackets."""
    weights = [0.0] * len(text)
    for reason in reasons:
        if reason.span is not None:
            for place in range(*reason.span):
                weights[place] += reason.weight
    colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    parts: list[str] = []
    for side, group in groupby(range(len(text)), key=lambda place: (weights[place] > 0) - (weights[place] < 0)):
        shown = _printable("".join(text[place] for place in group))
        if side and colours:
            shown = f"\x1b[{'1;31' if side > 0 else '32'}m{shown}\x1b[0m"
        elif side:
            shown = f"[{shown}]" if side > 0 else shown
        parts.append(shown)
    return "".join(parts)


def _score(options: argparse.Namespace) -> int:
    from joblib import cpu_count

    from legitext.progress import say
    from legitext.scoring import Options, score_file

    how = Options(
        options.text_column, options.sender_column, options.prefix, options.model, options.brands, options.threshold, options.format
    )
    if options.engine == "spark":
        from legitext import spark

        outcome = spark.score_file(options.source, options.target, how, options.jobs)
    else:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # a batch system stops as Ctrl-C does: what is done is noted
        outcome = score_file(options.source, options.target, how, options.jobs or cpu_count())
    where = f" (see {outcome.side})" if outcome.side else ""
    say(f"{outcome.judged:,} rows judged, {outcome.refused:,} could not be{where}")
    return 0


def _correct(options: argparse.Namespace) -> int:
    from legitext.corrections import FILE, correct

    if options.text == "-":
        raise InputError("a correction is not read from standard input: pass the text as an argument")
    before = correct(options.text, options.label, options.sender)
    if before is None:
        print(f"noted as {options.label} in {FILE}, for the next `make train`")
    elif before.label == options.label:
        print(f"known as {options.label} since {before.day}: nothing was written")
    else:
        print(f"noted as {options.label} in {FILE}, for the next `make train`: no longer {before.label}, as said on {before.day}")
    return 0


def _info(options: argparse.Namespace) -> int:
    from legitext.classifier import Classifier, default_path

    info = Classifier.load(options.model, options.brands).info
    print(f"model       {options.model or default_path()}")
    print(f"format      {info['format']}")
    print("made with   " + ", ".join(f"{name} {version}" for name, version in info["versions"].items()))
    print("labels      " + ", ".join(info["labels"]))
    for name, thresholds in info["thresholds"].items():
        print(f"thresholds  {name}: " + ", ".join(f"{label} {value:.3f}" for label, value in thresholds.items()))
    for name, facts in info["data"].items():
        print(f"trained on  {name}: {facts['rows']:,} messages, digest {facts['digest']}")
    for note in info["notes"]:
        print(f"note        {note}")
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    import pandas as pd

    from legitext.classifier import Classifier
    from legitext.evaluation import evaluate
    from legitext.progress import track
    from legitext.table import messages_of, read_labelled_file

    classifier = Classifier.load(options.model, options.brands, options.threshold)
    table = pd.concat([read_labelled_file(file).assign(file=file) for file in options.files], ignore_index=True)
    given = classifier.predict_proba(track(messages_of(table), "messages", len(table)))
    report = evaluate(
        table.drop(columns="source"), given, classifier.thresholds, {**classifier.info["thresholds"], "used": classifier.thresholds}
    )
    if options.json:
        print(json.dumps(report.as_dict(), indent=2, allow_nan=False))
        return 0
    for note in classifier.info["notes"]:
        print(f"note: {note}")
    for title, rows in {"all": {"all": report.all}, **report.by}.items():
        if title != "label" and (len(rows) > 1 or title in {"all", "kind", "brand"}):
            print(_as_text(title.replace("_", " "), rows), end="\n\n")
    precision = {name: rows for name, rows in report.precision["all"].items() if rows}
    if precision:
        lines = [["precision of smishing, if scams are", *next(iter(precision.values()))]]
        lines += [[name, *(_share(one) for one in rows.values())] for name, rows in precision.items()]
        print(_aligned(lines), end="\n\n")
    calibration = report.calibration["all"]
    lines = [["messages", "said to be smishing", "are smishing"]]
    lines += [[f"{one.n:,}", f"{one.stated:.1%}", f"{one.observed:.1%}"] for one in calibration.bins]
    print(f"expected calibration error {calibration.expected_calibration_error:.3f}\n{_aligned(lines)}")
    return 0


def _as_text(title: str, rows: Mapping[str, Any]) -> str:
    """A table of shares with their 95 % intervals, columns aligned."""
    keys = ("genuine_called_smishing", "genuine_flagged", "scams_caught", "scams_flagged", "spam_flagged")
    used = [key for key in keys if any(key in row for row in rows.values())]
    lines = [[title, "messages", *[key.replace("_", " ") for key in used]]]
    for name, row in rows.items():
        lines.append([_printable(name), f"{row['n']:,}", *(_share(row[key]) if key in row else "" for key in used)])
    return _aligned(lines)


def _share(one: Mapping[str, float]) -> str:
    return f"{one['share']:6.1%} ({one['low']:.1%}-{one['high']:.1%})"


def _drift(options: argparse.Namespace) -> int:
    from legitext.brands import registry
    from legitext.classifier import Classifier
    from legitext.drift import compare, page
    from legitext.files import write_text
    from legitext.table import read_messages_file

    if options.html and Path(options.html).suffix not in {".html", ".htm"}:
        raise InputError(f"--html {options.html}: the page's name must end in .html")
    classifier = Classifier.load(options.model, options.brands)
    files = (options.reference, options.new)
    reference, new = (read_messages_file(file, options.text_column, options.sender_column) for file in files)
    found = compare(reference, new, classifier, registry().extended(options.brands) if options.brands else None)
    if options.html:
        write_text(options.html, page(found, *(_printable(Path(file).name) for file in files)))
    print(json.dumps(found.as_dict(), indent=2) if options.json else _drift_as_text(found, files))
    return 0


def _drift_as_text(found: Any, files: Sequence[str]) -> str:
    """Both samples, how the model judges them, and what moved, most moved first."""
    from legitext.drift import LEVEL, figures_of

    samples = [
        [side, _printable(Path(file).name), f"{messages:,} messages", f"{wordings:,} different wordings"]
        for side, file, messages, wordings in zip(("reference", "new"), files, found.messages, found.wordings, strict=True)
    ]
    judged = [["judged", "reference", "new", "difference in points (95 % interval)", "q"]]
    judged += [[move.name, *figures_of(move)] for move in found.calls]
    scores = [["log-odds of smishing against ham", "reference", "new", "difference (95 % interval)", "by chance up to"]]
    scores += [[shift.name, *figures_of(shift)] for shift in found.shifts]
    moved = [["kind", "messages with", "reference", "new", "difference in points (95 % interval)", "q"]]
    moved += [[move.kind, _cut(_printable(move.name)), *figures_of(move)] for move in found.moved[:MOST_MOVED]]
    rest = len(found.moved) - MOST_MOVED
    return "\n\n".join(
        [
            "\n".join([_aligned(samples), *(f"note: {note}" for note in found.notes)]),
            _aligned(judged),
            _aligned(scores),
            f"{len(found.moved):,} of {len(found.moves):,} compared moved (q at most {LEVEL}), most moved first:\n{_aligned(moved)}"
            if found.moved
            else f"none of {len(found.moves):,} compared moved (q at most {LEVEL})",
            *([f"and {rest:,} more: --html and --json show them"] if rest > 0 else []),
        ]
    )


def _cut(text: str, most: int = 40) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _grammar(options: argparse.Namespace) -> int:
    from collections import Counter

    from legitext.brands import registry
    from legitext.grammar import load_templates, make_messages

    templates = load_templates(options.templates)
    wanted = {name: getattr(options, name) for name in ("label", "kind", "brand", "language") if getattr(options, name)}
    if not wanted:
        for title, values in (
            ("label", [(one.label, one) for one in templates]),
            ("language", [(one.language, one) for one in templates]),
            ("brand", [(brand, one) for one in templates for brand in one.brands or ("(nobody named)",)]),
            ("kind", [(one.kind, one) for one in templates]),
        ):
            counts = Counter((value, one.label) for value, one in values)
            rows = sorted({value for value, _ in counts}, key=lambda value: (-sum(counts[value, label] for label in LABELS), value))
            lines = [[title, "wordings", *LABELS]]
            for value in rows:
                of_label = [counts[value, label] for label in LABELS]
                lines.append([value, str(sum(of_label)), *(str(count or "") for count in of_label)])
            print(_aligned(lines), end="\n\n")
        return 0
    chosen = [
        one
        for one in templates
        if all(value in one.brands if name == "brand" else getattr(one, name) == value for name, value in wanted.items())
    ]
    if not chosen:
        asked = ", ".join(f"{name} {value!r}" for name, value in wanted.items())
        raise InputError(f"{options.templates} holds no wording of {asked}: `legitext grammar` lists what there is")
    for one in chosen:
        print(_printable(f"{one.where}  {one.label}/{one.kind}  {one.wording}"))
        for made in make_messages([one], options.messages, 1, registry()):
            print(_printable(f"    [{made.sender or 'no sender'}] {made.text}"))
    return 0


def _aligned(lines: list[list[str]]) -> str:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)


def _fetch(options: argparse.Namespace) -> int:
    from legitext.classifier import Classifier, default_path
    from legitext.doubts import swapped
    from legitext.fetching import fetch
    from legitext.params import load_params
    from legitext.progress import say
    from legitext.stages.running import alone, mend_rwlock, terminable

    params = load_params().fetch
    with terminable(), alone():
        mend_rwlock()
        changed = fetch(params)
    if changed and default_path().is_file():
        model = Classifier.load()
        for sentence in filter(None, (swapped(table, model) for table in changed)):
            say(f"warning: {sentence}")
    return 0


def _promote(options: argparse.Namespace) -> int:
    from legitext.params import load_params
    from legitext.promotion import promote
    from legitext.stages.running import alone, terminable

    if options.force is not None and not options.force.strip():
        raise InputError("--force needs a reason: say why the new model shall ship though it is worse")
    settings = load_params().evaluate
    with terminable(), alone():
        outcome = promote(settings, options.force)
    if outcome.comparisons:
        lines = [["figure", "messages", "champion", "challenger", "better by (95 %)", ""]]
        for one in outcome.comparisons:
            verdict = "worse" if one.worse else "better" if one.better else ""
            interval = f"{one.low:.2%} to {one.high:.2%}"
            lines.append([one.name, f"{one.n:,}", f"{one.champion:.2%}", f"{one.challenger:.2%}", interval, verdict])
        print(_aligned(lines), end="\n\n")
    for note in outcome.notes:
        print(f"note: {note}")
    old, new = f"version {outcome.champion}", f"version {outcome.challenger}"
    print(
        {
            "first": f"{new} ships: there was no model before that could be read",
            "unchanged": f"unchanged: the new model is the one that ships, {new}",
            "promoted": f"promoted: {new} ships instead of {old}, for it is no worse beyond noise on any guarded figure",
            "forced": f"promoted by force: {new} ships instead of {old}, though it is stopped by",
            "kept": f"kept: {old} ships on, for {new} is stopped by",
        }[outcome.result]
    )
    for stop in outcome.stops:
        print(f"  {stop}")
    return 1 if outcome.result == "kept" and not options.keep else 0


def _sweep(options: argparse.Namespace) -> int:
    from legitext import sweep
    from legitext.params import load_params
    from legitext.table import read_table

    table = read_table("data/messages.parquet")
    parent = sweep.run(load_params(), sweep.sample(table) if options.quick else table, options.jobs)
    steps = sweep.ablation(parent=parent)
    shown = [name for name in sweep.SHOWN if steps[name].notna().any()]
    lines = [["ablation", *(sweep.SHOWN[name] for name in shown)]]
    for step, row in steps.iterrows():
        lines.append([str(step), *(f"{row[name]:.3f}" for name in shown)])
    print(_aligned(lines))
    print(f"\nMLflow run {parent} holds these and the search. In the UI, after `make ui`:")
    for name, place in sweep.views().items():
        print(f"  {name}: http://127.0.0.1:5000{place}")
    return 0
