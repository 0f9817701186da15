"""Do the tests hold on the oldest and on the newest numpy, pandas, scikit-learn, scipy and joblib that `pyproject.toml` allows?

    python benchmarks/versions.py [oldest|newest] [what pytest takes]

Both are put into `build/`, from the package index, and stand before the environment's own; all else is as in the lock. Without what
pytest takes it runs the tests of the modules that use them.
"""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIBRARIES = ("joblib", "numpy", "pandas", "scikit-learn", "scipy")
TESTS = (
    "artifact", "behaviour", "classifier", "corrections", "decision", "drift", "evaluation", "features", "inventory", "metrics", "model",
    "parts", "promotion", "serving", "sources", "split", "stages", "sweep", "table",
)  # fmt: skip


def _required() -> list[str]:
    """What `pyproject.toml` says of each of the libraries: its name and its lower bound, as `numpy>=2.2`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    said = [*project["dependencies"], *project["optional-dependencies"]["train"]]
    return [one for one in said if one.partition(">=")[0] in LIBRARIES]


def _hold(which: str, arguments: list[str]) -> bool:
    folder = ROOT / "build" / which
    wanted = [one.replace(">=", "==") if which == "oldest" else one for one in _required()]
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--upgrade",
        "--target",
        str(folder),
    ]
    subprocess.run([*pip, *wanted], check=True)
    paths = [str(folder), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    shown = f"from importlib.metadata import version; print({which!r}, *(f'{{one}} {{version(one)}}' for one in {LIBRARIES}), flush=True)"
    subprocess.run([sys.executable, "-c", shown], check=True, env=environment)
    tests = arguments or [f"tests/test_{name}.py" for name in TESTS]
    return subprocess.run([sys.executable, "-m", "pytest", "-q", *tests], cwd=ROOT, env=environment).returncode == 0


if __name__ == "__main__":
    asked = [one for one in sys.argv[1:2] if one in {"oldest", "newest"}]
    found = [_hold(which, sys.argv[1 + len(asked) :]) for which in asked or ("oldest", "newest")]
    sys.exit(not all(found))
