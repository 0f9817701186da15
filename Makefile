# legitext: everything a checkout needs is a target here. Nothing comes before them.

PYTHON ?= python3
VENV := .venv
BENCH := .bench
AUDIT := .audit
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export DO_NOT_TRACK := 1
export DVC_NO_ANALYTICS := true
export HF_HUB_DISABLE_TELEMETRY := 1
export MLFLOW_DISABLE_TELEMETRY := true
export PYTHONDONTWRITEBYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help train test versions lint types notebooks sweep bench audit ui wheel lock clean

help:  ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

train: $(VENV)/ready  ## fetch the corpora, run the pipeline, and keep the better of the new model and the one that ships
	legitext fetch
	dvc repro
	legitext promote --keep
	@legitext info

test: $(VENV)/ready  ## run the tests, the examples in the documentation and the notebooks, on two processors
	pytest -n 2 --dist loadfile

versions: $(VENV)/ready  ## run the tests of what uses them on the oldest and the newest numpy, pandas and scikit-learn allowed
	python benchmarks/versions.py

lint: $(VENV)/ready  ## check style and imports
	ruff format --check .
	ruff check .

types: $(VENV)/ready  ## check types
	mypy

notebooks: $(VENV)/ready  ## run the notebooks and keep what they show
	pytest --nbmake --overwrite notebooks

sweep: $(VENV)/ready  ## measure what each part of the model brings and what other settings would, as MLflow runs
	legitext sweep

bench: $(BENCH)/ready  ## compare with other classifiers, side by side, and write the figures into the README (OPTIONS=--quick only prints)
	$(BENCH)/bin/python benchmarks/peers.py $(OPTIONS)

audit: $(VENV)/ready  ## look for known vulnerabilities of the locked packages (needs PyPI; fails where it cannot be asked)
	$(VENV)/bin/python -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	$(AUDIT)/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off --requirement requirements.txt

ui: $(VENV)/ready  ## compare experiments in the MLflow UI, on http://127.0.0.1:5000
	mlflow ui --backend-store-uri sqlite:///mlflow.db --host 127.0.0.1 --port 5000

wheel: $(VENV)/ready  ## build the package into dist/
	hatchling build -t wheel

lock:  ## choose newer versions of all dependencies (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --upgrade \
	    --no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet -o requirements.txt

clean:  ## remove the environment and all that can be made again
	rm -rf $(VENV) $(BENCH) $(AUDIT) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis data/*.parquet data/*.joblib data/*.json data/plots data/candidate .dvc/cache .dvc/tmp

$(VENV)/ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "legitext needs Python 3.11 or newer, and $(PYTHON) is `$(PYTHON) --version`: name one with make PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# The libraries of the peers, on top of those of the project; one that cannot be had is left out of the comparison.
$(BENCH)/ready: $(VENV)/ready benchmarks/requirements.txt
	$(VENV)/bin/python -m venv $(BENCH)
	$(VENV)/bin/python -c 'import sysconfig as s; print("import site; site.addsitedir(%r)" % s.get_path("purelib"))' \
	    > "`$(BENCH)/bin/python -c 'import sysconfig as s; print(s.get_path("purelib"))'`/legitext.pth"
	grep '^[a-z]' benchmarks/requirements.txt | while read -r peer; do \
	    $(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check "$$peer" || echo "$$peer cannot be had here" >&2; done
	@touch $@
