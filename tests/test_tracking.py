"""The store of MLflow: what is said where it fails."""

import shutil
from unittest import mock

import pytest
from sqlalchemy.exc import OperationalError

from legitext import tracking
from legitext.errors import LegitextError
from legitext.files import replacing


def locked() -> OperationalError:
    return OperationalError("UPDATE runs", {}, Exception("database is locked"))


@pytest.fixture
def store(empty_store, tmp_path):
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    name = f"sqlite:///{tmp_path}/mlflow.db"
    yield name
    tracking.open_store(name).end_run()  # the one whose end could not be noted


def test_an_interrupted_run_is_interrupted_though_the_store_cannot_note_its_end(store):
    with (
        mock.patch("mlflow.tracking.fluent.end_run", side_effect=locked()) as end,
        pytest.raises(KeyboardInterrupt),
        tracking.run(store),
    ):
        raise KeyboardInterrupt
    assert end.called


def test_a_store_that_fails_without_being_interrupted_is_named(store):
    with (
        mock.patch("mlflow.tracking.fluent.end_run", side_effect=locked()),
        pytest.raises(LegitextError, match=r"MLflow cannot use sqlite:.*database is locked.*close what uses it"),
        tracking.run(store),
    ):
        pass


def test_what_sqlite_leaves_beside_a_store_half_made_vanishes_with_it(tmp_path):
    file, gone = tmp_path / "mlflow.db", 2**22 - 1  # no process has this number
    left = [tmp_path / f".mlflow.db.{gone}.abc.db.part{end}" for end in ("", "-journal", "-wal")]
    for one in left:
        one.write_bytes(b"half")
    with replacing(file) as part:
        part.with_name(f"{part.name}-journal").write_bytes(b"half")
        part.write_bytes(b"whole")
    assert [one.name for one in tmp_path.iterdir()] == ["mlflow.db"]
    assert file.read_bytes() == b"whole"
