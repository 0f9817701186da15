"""What is installed is what was locked: each package in one version with its hashes, from no named place."""

import re
import tomllib
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parents[1]
LINES = (ROOT / "requirements.txt").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
LOCKED = [line for line in LINES if line.strip() and not line.lstrip().startswith("#")]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_each_package_is_pinned_and_hashed_and_no_place_is_named():
    assert len(LOCKED) > 100
    for line in LOCKED:
        assert re.fullmatch(r"[\w.-]+==[\w.+!]+( ; [^#]+?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*", line), line
    assert not re.search(r"https?:|--(extra-)?index|--find-links|@ ", (ROOT / "requirements.txt").read_text(encoding="utf-8"))
    names = [canonical(line.split("==")[0]) for line in LOCKED]
    markers = [line.partition(" ; ")[2].partition("--hash")[0].strip() for line in LOCKED]
    assert len({*zip(names, markers, strict=True)}) == len(names)


def test_all_that_the_project_asks_for_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = chain(project["dependencies"], *project["optional-dependencies"].values())
    wanted = {canonical(re.match(r"[\w.-]+", one)[0]) for one in asked} - {"legitext"}
    assert len(wanted) > 10
    assert wanted <= {canonical(line.split("==")[0]) for line in LOCKED}
