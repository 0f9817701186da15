"""The lock pins each package, for a Python and platform, to one version with its hashes and names no place; `make` installs from it alone."""

import re
import tomllib
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement

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


def test_all_that_the_project_asks_for_is_locked_in_a_version_that_will_do():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [Requirement(one) for one in chain(project["dependencies"], *project["optional-dependencies"].values())]
    locked = [(canonical(name), version) for name, version in (line.split()[0].split("==") for line in LOCKED)]
    assert len(asked) > 20
    for one in asked:
        versions = [version for name, version in locked if name == canonical(one.name)]
        assert canonical(one.name) == "legitext" or (versions and all(one.specifier.contains(version) for version in versions)), one


def test_what_make_installs_is_checked_against_the_hashes():
    made = (ROOT / "Makefile").read_text(encoding="utf-8")
    [install] = [line for line in made.splitlines() if "--requirement requirements.txt" in line and "pip install" in line]
    assert "--require-hashes" in install
