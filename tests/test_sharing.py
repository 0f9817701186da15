"""One classifier for many: threads and processes get the answers one thread gets, and memory stays flat."""

import importlib
import mmap
import multiprocessing
import random
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import legitext
from legitext import artifact
from legitext import classifier as serving
from legitext.classifier import Classifier
from legitext.decision import THRESHOLDS
from legitext.table import messages_of

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def file(small_model, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "legitext.joblib"
    artifact.save(artifact.from_pipeline(small_model, {key: {"smishing": 0.5, "spam": 0.5} for key in THRESHOLDS}, {}, []), path)
    return path


@pytest.fixture(scope="module")
def messages(made):
    """Messages of wordings, and of words that come once, more than caches hold."""
    rng = random.Random(5)
    new = [" ".join(f"{rng.getrandbits(40):x}" for _ in range(40)) + f" {number}.top/x" for number in range(550)]
    return [*messages_of(made)[::8], *new]


def told(prediction):
    return prediction, prediction.reasons, prediction.evidence, prediction.advice


def test_threads_that_share_a_classifier_get_the_answers_of_one(file, messages):
    alone, shared = Classifier.load(file), Classifier.load(file)
    expected = [told(alone.predict(message)) for message in messages]
    orders = [random.Random(seed).sample(range(len(messages)), len(messages) // 2) for seed in range(8)]
    start = threading.Barrier(8)

    def work(order):
        start.wait()  # so that all meet empty caches
        return [told(shared.predict(messages[place])) == expected[place] for place in order]

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as threads:
            assert all(all(same) for same in threads.map(work, orders))
    finally:
        sys.setswitchinterval(before)


@pytest.mark.parametrize("method", sorted({"fork", "spawn"} & set(multiprocessing.get_all_start_methods())))
def test_processes_get_the_answers_of_one(file, messages, method):
    classifier = Classifier.load(file)
    parts = [messages[::7], messages[1::7]]
    expected = [classifier.predict(part) for part in parts]  # so that what is forked has been used
    packaged = legitext.predict("see you at seven")
    with multiprocessing.get_context(method).Pool(2) as pool:
        given = pool.map(classifier.predict, parts, chunksize=1)
        assert [told(one) for one in given[0]] == [told(one) for one in expected[0]]
        assert given[1] == expected[1]
        assert pool.apply(legitext.predict, ["see you at seven"]) == packaged


def test_the_packaged_model_is_opened_once_whichever_threads_ask(monkeypatch):
    opened = []
    load = Classifier.load
    monkeypatch.setattr(serving, "_opened", [])
    monkeypatch.setattr(Classifier, "load", lambda: opened.append(1) or load())
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(legitext.predict, ["see you at seven"] * 16))
    assert len(opened) == 1


def test_memory_is_flat_over_texts_that_are_all_new(file):
    """In a process of its own, whose peak nothing else has raised: 100,000 texts, after 30,000 that fill the caches."""
    code = f"""
import random, resource, sys
from legitext import Classifier, Message
rng = random.Random(3)
classifier = Classifier.load({str(file)!r})

def judge(count):
    for _ in range(count // 1000):
        texts = [Message(f"pay {{rng.getrandbits(40):x}} {{rng.getrandbits(40):x}} " + f"at {{rng.getrandbits(40):x}}.top" * (not number % 8), str(10**9 + rng.getrandbits(20))) for number in range(1000)]
        assert len(classifier.predict(texts)) == 1000
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)

print(judge(30_000), judge(100_000))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    early, late = map(float, done.stdout.split())
    assert late - early < 8, f"{early:.0f} MiB, then {late:.0f} MiB"


def test_it_holds_for_some_seconds_of_threads_processes_and_hostile_texts(file, messages, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    soak = importlib.import_module("soak")
    tallies = soak.soak(4, [*messages[:300], *soak.HOSTILE], str(file), new=200)
    assert [len(tallies[name]) for name in ("threads", "processes")] == [soak.THREADS, soak.PROCESSES]
    for one in (*tallies["threads"], *tallies["processes"]):
        assert one.judged > 0
        assert (one.differing, one.errors) == (0, 0)
        assert one.memory < 64
        assert one.peak < 64


@pytest.mark.parametrize("leaks", [False, True])
def test_the_soak_sees_what_is_never_given_back(leaks, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    soak = importlib.import_module("soak")
    kept, start = [], time.monotonic()
    with soak.Memory(3) as memory:
        while time.monotonic() - start < 3:
            made = [str(number) for number in range(20_000)]
            pages = mmap.mmap(-1, 4_000_000)  # not of the heap, where holes that earlier tests left would take it in
            pages.write(bytes(4_000_000))
            kept.extend([*made, pages] if leaks else [])
            time.sleep(0.05)
    grown = memory.put_into(soak.Tally())
    assert (grown.blocks > soak.MOST_BLOCKS) == leaks
    assert (grown.memory > soak.MOST_MEMORY) == leaks


def test_a_soak_too_short_to_look_at_memory_says_so(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    soak = importlib.import_module("soak")
    with soak.Memory(60) as memory:
        time.sleep(0.3)
    with pytest.raises(RuntimeError, match="give it more time"):
        memory.put_into(soak.Tally())
