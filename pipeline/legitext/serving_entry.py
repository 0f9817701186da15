"""What MLflow keeps with a logged model and runs to open it: the name of the class alone, so that an upgrade reaches old models too."""

from mlflow.models import set_model

from legitext.serving import ServedModel

set_model(ServedModel())
