"""One module a stage of `dvc.yaml`: each reads, calls and writes, and nothing imports it."""

import signal
import sys

if sys.argv[:1] == ["-m"] and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # `python -m` is about to import a stage and its libraries. Nothing is written before the stage starts, so Ctrl-C just ends it: some
    # libraries take an interrupt while they are imported for an error of their own.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
