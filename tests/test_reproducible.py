"""The same data and parameters give the same table and model, bit for bit, wherever and however they are made."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from threadpoolctl import threadpool_info

from legitext.stages.running import stage

ROOT = Path(__file__).parents[1]
RUN = (
    "import joblib; from pathlib import Path\n"
    "from legitext import artifact; from legitext.cli import main\n"
    "from legitext.stages import prepare, synthesize, train\n"
    "assert main(['fetch']) == 0; synthesize.main(); prepare.main(); train.main()\n"
    "made = joblib.load('data/model.joblib')\n"
    "artifact.save(artifact.from_pipeline(made['pipeline'], made['thresholds'], made['data'], []), 'data/legitext.joblib')\n"
)
MADE = ("raw/sms_gateways_us.parquet", "synthetic.parquet", "messages.parquet", "sources.json", "model.joblib", "legitext.joblib")
GATEWAY = """text,label,sender,timestamp
"Your parcel waits – pay £2 at https://usps-trk.top/a",smishing,+16145550112,2022-12-31T23:30:00
"USPS: your account is held, confirm it",smishing,+16145550113,2023-01-01T00:30:00Z
"FedEx: pay the fee of $1.99",smishing,+16145550114,2022-07-01T12:00:00+02:00
"""


def test_a_stage_runs_on_one_thread_and_leaves_the_number_as_it_was():
    import numpy  # noqa: F401  # its threads are what is counted

    seen, before = [], [one["num_threads"] for one in threadpool_info()]
    stage(lambda: seen.extend(one["num_threads"] for one in threadpool_info()))()
    assert set(seen) == {1}
    assert [one["num_threads"] for one in threadpool_info()] == before


def foreign_locale() -> str:
    """A locale of another language, if there is one."""
    listed = subprocess.run(["locale", "-a"], capture_output=True, text=True).stdout.split() if shutil.which("locale") else []
    return next((name for name in listed if not name.startswith(("C", "POSIX", "en"))), "C")


def made_in(folder: Path, before: tuple[str, ...] = (), **environment: str) -> dict[str, bytes]:
    """What a tiny project gives that is made in `folder`."""
    for name in ("usps", "usps_fake", "spam"):
        (folder / "data/templates").mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / f"data/templates/{name}.yaml", folder / "data/templates")
    (folder / "corpora").mkdir()
    (folder / "corpora/sms_gateways_us.csv").write_text(GATEWAY, encoding="utf-8")
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["synthesize"]["per_template"] = 2
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    settings = {**os.environ, "HF_HUB_OFFLINE": "1", "LEGITEXT_CORPORA": "corpora", "PYTHONPATH": str(ROOT / "pipeline"), **environment}
    done = subprocess.run([*before, sys.executable, "-c", RUN], cwd=folder, env=settings, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
    return {name: (folder / "data" / name).read_bytes() for name in MADE}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base")
    return made_in(folder, PYTHONHASHSEED="0", TZ="UTC", LC_ALL="C.UTF-8", OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "4242", "TZ": "Asia/Kathmandu", "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
        {"PYTHONHASHSEED": "7", "TZ": "America/St_Johns", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONHASHSEED": "random", "TZ": "Pacific/Kiritimati", "LC_ALL": foreign_locale(), "OMP_NUM_THREADS": "8"},
    ],
    ids=["threads", "ascii", "foreign"],
)
def test_folder_hash_seed_time_zone_locale_and_cores_change_no_bit(base, tmp_path, environment):
    pinned = ("taskset", "-c", str(min(os.sched_getaffinity(0)))) if "LC_ALL" in environment and shutil.which("taskset") else ()
    folder = "another folder" if environment.get("LC_ALL") == "C" else "another folder, élan"  # which an ASCII system cannot name
    made = made_in(tmp_path / folder, pinned, **environment)
    assert [name for name in MADE if made[name] != base[name]] == []
