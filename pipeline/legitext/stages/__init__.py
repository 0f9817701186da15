"""One module a stage of `dvc.yaml`: each reads, calls and writes, and nothing imports it."""
