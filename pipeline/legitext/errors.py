"""The one family of errors that users meet: one line that says what was found, what was expected and what to do."""


class LegitextError(ValueError):
    """Base of every error raised on purpose; the command line prints it and ends with exit code 2."""


class InputError(LegitextError):
    """A message that cannot be judged: not a text, empty, or too long."""


class ArtifactError(LegitextError):
    """A model file that is missing, damaged, or of a format this version cannot read."""


class DataError(LegitextError):
    """A corpus, table or template that does not hold what it should."""


class ParamsError(LegitextError):
    """A key or value in `params.yaml` that no stage understands."""


class MissingExtraError(LegitextError):
    """A command that needs more than is installed, in an installation that only predicts the training extra."""

    def __init__(self, what: str, module: str | None, mend: str = "'legitext[train]'") -> None:
        super().__init__(f"{what} needs {module}, which is not installed: pip install {mend}")
