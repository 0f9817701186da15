"""Coverage-guided fuzzing: bytes changed at random, kept where they reach new code, judged as text and sender; all that a verdict promises must hold.

    pip install atheris  # optional, for Linux and macOS; no part of the lock
    python benchmarks/fuzz.py --seconds 60

What reached new code is kept in `.cache/fuzz/corpus`, so that the next run goes on there; a text that breaks a promise, or takes more
than 20 seconds, in `.cache/fuzz/crash-*` and `slow-*`, and `python benchmarks/fuzz.py FILE` judges one of them again.
"""

import argparse
import sys
from itertools import cycle
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["legitext"], exclude=["legitext.grammar", "legitext.slots"]):
    from legitext import Classifier
    from legitext.brands import registry

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from hostile import LINK_PIECES, SENDERS, WILD, WORD_PIECES, assert_promises  # noqa: E402
from legitext.grammar import load_templates, make_messages  # noqa: E402

STORE = ROOT / ".cache/fuzz"
BREAK = b"\xff"
"""Between the sender and the text; a byte that no UTF-8 holds. Without it there is no sender."""


def _bytes(text: str, sender: str | None) -> bytes:
    head = b"" if sender is None else sender.encode("utf-8", "surrogatepass") + BREAK
    return head + text.encode("utf-8", "surrogatepass")


def _judge(classifier: Classifier, data: bytes) -> None:
    head, separator, rest = data.partition(BREAK)
    text, sender = (rest, head) if separator else (head, None)
    # Surrogates pass, and other bytes that are no UTF-8 become surrogates.
    assert_promises(classifier, _text(text), None if sender is None else _text(sender))


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "surrogateescape")


def _seed(corpus: Path) -> None:
    messages = make_messages(load_templates(ROOT / "data/templates")[::60], 1, 3, registry())
    pieces = [*LINK_PIECES, *WORD_PIECES, *WILD]
    texts = [(one.text, one.sender) for one in messages] + list(zip(pieces, cycle(SENDERS)))
    for number, (text, sender) in enumerate(texts):
        (corpus / f"seed-{number}").write_bytes(_bytes(text, sender))


def _dictionary(file: Path) -> None:
    entries = {_bytes(piece, None)[:60] for piece in (*LINK_PIECES, *WORD_PIECES, *WILD)} | {BREAK}
    escaped = ("".join(f"\\x{byte:02x}" for byte in entry) for entry in sorted(entries) if entry)
    file.write_text("".join(f'"{entry}"\n' for entry in escaped))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--seconds", type=int, default=60)
    asked = parser.parse_args()
    classifier = Classifier.load()
    if asked.file is not None:
        _judge(classifier, asked.file.read_bytes())
        return
    corpus = STORE / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    if not any(corpus.iterdir()):
        _seed(corpus)
    _dictionary(STORE / "dictionary")
    atheris.Setup(
        [
            sys.argv[0], str(corpus), f"-dict={STORE}/dictionary", f"-max_total_time={asked.seconds}", "-max_len=4096", "-timeout=20",
            f"-artifact_prefix={STORE}/", "-print_final_stats=1",
        ],
        lambda data: _judge(classifier, data),
    )  # fmt: skip
    atheris.Fuzz()


if __name__ == "__main__":
    main()
