"""The served file as an MLflow model: a table of messages in, verdicts with probabilities and reasons out; and its registered versions."""

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.pyfunc.model import PythonModel
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import Array, Object, Property

import legitext
from legitext.classifier import Classifier
from legitext.errors import ArtifactError, InputError
from legitext.files import digest
from legitext.messages import LABELS, Message
from legitext.tracking import EXAMPLE, STORE, mending, open_store

NAME = "legitext"
"""Under which versions are registered; the alias `champion` is the one that ships, `challenger` the one trained last."""

SHIPPED = Path("models/legitext.joblib")
CANDIDATE = Path("data/candidate/legitext.joblib")

REASONS = 3
"""Reasons for each row, unless the parameter `reasons` says otherwise."""

SIGNATURE = ModelSignature(
    inputs=Schema([ColSpec(DataType.string, "text"), ColSpec(DataType.string, "sender", required=False)]),
    outputs=Schema(
        [
            ColSpec(DataType.string, "label"),
            ColSpec(Object([Property(label, DataType.double) for label in LABELS]), "probabilities"),
            ColSpec(Array(DataType.string), "reasons"),
            ColSpec(DataType.string, "brand", required=False),
        ]
    ),
    params=ParamSchema([ParamSpec("reasons", DataType.long, REASONS)]),
)


class ServedModel(PythonModel):
    """`Classifier` behind MLflow's interface."""

    def load_context(self, context: Any) -> None:
        """Open the model file, the artifact `model`."""
        self._classifier = Classifier.load(context.artifacts["model"])

    def predict(self, context: Any, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """A verdict for each row of `text` and, where it is known, `sender`: label, probabilities, weightiest reasons, and brand.

        Raises:
            MlflowException: naming the row, counted from 1, whose text or sender is no text, or whose text is blank or too long.
        """
        count = (params or {}).get("reasons", REASONS)
        if count < 0:
            raise MlflowException.invalid_parameter_value(f"reasons is {count}: ask for 0 or more")
        senders = model_input["sender"] if "sender" in model_input else [None] * len(model_input)
        return [self._row(number, *pair, count) for number, pair in enumerate(zip(model_input["text"], senders, strict=True), 1)]

    def _row(self, number: int, text: Any, sender: Any, count: int) -> dict[str, Any]:
        try:
            verdict = self._classifier.predict(Message(_given(text), _given(sender)))
        except InputError as error:
            raise MlflowException.invalid_parameter_value(f"row {number}: {error}") from None
        return {
            "label": verdict.label,
            "probabilities": dict(verdict.probabilities),
            "reasons": [reason.sentence for reason in verdict.reasons[:count]],
            "brand": verdict.brand,
        }


def register(path: str | Path, alias: str, run: str | None = None, store: str = STORE) -> str:
    """The version that holds the model file `path`, with `alias` moved to it; it is made if no version holds these bytes yet.

    Args:
        path: a model file.
        alias: `champion` or `challenger`.
        run: the run that trained it; it is tagged with the version.
        store: the tracking store.

    Raises:
        ArtifactError: if the file is no model of this version.
    """
    Classifier.load(path)
    held = digest(Path(path).read_bytes())
    mlflow = open_store(store)
    client = mlflow.MlflowClient()
    with mending(store):
        versions = [int(one.version) for one in client.search_model_versions(f"name = '{NAME}' and tag.digest = '{held}'")]
        version = str(max(versions)) if versions else _made(mlflow, path, held, run)
        if run:
            client.set_tag(run, "model_version", version)
        client.set_registered_model_alias(NAME, alias, version)
    return version


def register_both(run: str | None = None, store: str = STORE) -> tuple[str | None, str]:
    """The versions of champion and challenger: what `models/` holds now, and what the pipeline made last, of `run`.

    The champion is None if there is no model in `models/` that this version can read.
    """
    try:
        champion = register(SHIPPED, "champion", store=store)
    except ArtifactError:
        champion = None
    return champion, register(CANDIDATE, "challenger", run, store)


def _made(mlflow: Any, path: str | Path, held: str, run: str | None) -> str:
    with mlflow.start_run(run_id=run) if run else nullcontext():
        logged = mlflow.pyfunc.log_model(
            name="served",
            python_model=str(Path(__file__).with_name("serving_entry.py")),
            artifacts={"model": str(path)},
            signature=SIGNATURE,
            input_example=EXAMPLE,
            pip_requirements=[f"legitext=={legitext.__version__}"],
        )
    return str(mlflow.register_model(logged.model_uri, NAME, tags={"digest": held}).version)


def _given(value: Any) -> Any:
    """`value`, or None if a table marks it as missing."""
    return None if pd.api.types.is_scalar(value) and pd.isna(value) else value
