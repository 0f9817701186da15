"""Predicting must not drag the training libraries in, and the wheel must predict on its own."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ("sklearn", "pandas", "scipy", "datasets", "mlflow", "matplotlib", "yaml", "faker", "tqdm", "requests", "dvc", "joblib")


def python(code, **more):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, **more)


def test_importing_and_predicting_imports_no_training_library():
    done = python(f"import sys, legitext; legitext.predict('hi there'); print([name for name in {HEAVY} if name in sys.modules])")
    assert done.stdout.strip() == "[]", done.stderr


def test_importing_alone_opens_nothing():
    done = python(
        "import sys\n"
        "sys.addaudithook(lambda event, args: print(args[0]) if event == 'open' and str(args[0]).endswith(('.joblib', '.toml', '.dat')) else None)\n"
        "sys.addaudithook(lambda event, args: print(event) if event.startswith('socket') else None)\n"
        "import legitext\n"
    )
    assert done.stdout == "", done.stdout + done.stderr


def test_nothing_on_the_way_to_a_verdict_touches_the_network():
    done = python(
        "import sys\n"
        "sys.addaudithook(lambda event, args: print(event) if event.startswith('socket.') else None)\n"
        "import legitext; legitext.predict('see https://tools-usps.com/x', sender='a@b.co').reasons\n"
    )
    assert done.stdout == "", done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_the_model_and_the_registry_and_no_path_of_this_machine(wheel):
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
        assert {"legitext/legitext.joblib", "legitext/brands.toml", "legitext/py.typed"} <= names
        assert not [name for name in names if name.startswith(("pipeline", "tests", "data"))]
        assert packed.getinfo("legitext/legitext.joblib").file_size < 5_000_000


def test_the_wheel_predicts_without_the_training_libraries(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path)
    code = (
        "import sys\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        f"for name in {HEAVY}: sys.modules[name] = None\n"
        "import legitext\n"
        f"assert legitext.__file__.startswith({str(tmp_path)!r}), legitext.__file__\n"
        "print(legitext.predict('USPS: your parcel is held, confirm https://usps-trk.top/a', sender='+63 995 271 4822').label)\n"
    )
    done = python(code, cwd=tmp_path)
    assert done.stdout.strip() == "smishing", done.stderr
