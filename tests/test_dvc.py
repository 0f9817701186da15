"""A stage runs again when code that decides its outputs changes."""

import ast
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "pipeline/legitext"
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
DECIDE_NOTHING = {"errors.py", "files.py", "params.py", "progress.py", "rows.py", "scoring.py", "stages/running.py", "__init__.py"}
"""How things are said and written, and how parameters are read: these are dependencies of their own. No stage judges files of users."""


def imported(module: Path, seen: set[Path]) -> set[Path]:
    """The package's modules that a module imports, and those that they import."""
    for node in ast.walk(ast.parse(module.read_text())):
        names = (
            [node.module, *(f"{node.module}.{one.name}" for one in node.names)] if isinstance(node, ast.ImportFrom) and node.module else []
        )
        for name in names:
            path = PACKAGE.parent / (name.replace(".", "/") + ".py")
            if name.startswith("legitext.") and path.is_file() and path not in seen:
                seen.add(path)
                imported(path, seen)
    return seen


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_the_code_it_runs(stage):
    module = PACKAGE / f"stages/{stage}.py"
    needed = {path.relative_to(PACKAGE).as_posix() for path in imported(module, {module})} - DECIDE_NOTHING
    needed |= {"brands.toml"} if "brands.py" in needed else set()
    listed = {dep.removeprefix("pipeline/legitext/") for dep in STAGES[stage]["deps"] if dep.startswith("pipeline/")}
    assert needed <= listed, f"add to {stage}: {sorted(needed - listed)}"
    assert all((PACKAGE / name).is_file() for name in listed)
