"""How a stage ends when it is interrupted, whatever libraries make of it."""

import os
import signal
import subprocess
import sys

import pytest

from legitext.errors import DataError
from legitext.stages.running import stage, terminable


@pytest.fixture
def hears_sigint():
    """As a terminal starts it: a shell turns SIGINT off for what it starts in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("hears_sigint")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_library_that_takes_an_interrupt_for_an_error_of_its_own_is_interrupted_all_the_same(sent, capsys):
    @stage
    def main():
        try:
            os.kill(os.getpid(), sent)
        except KeyboardInterrupt:
            raise ImportError("numpy.core.multiarray failed to import") from None

    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert capsys.readouterr().err == "legitext: interrupted; the last good outputs are in place\n"


@pytest.mark.parametrize("error", [DataError("no table"), ImportError("no numpy")])
def test_an_error_without_an_interrupt_is_told_as_it_is(error):
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(type(error), match=str(error)), terminable():
        raise error
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before


def test_an_interrupt_that_whoever_started_it_wants_ignored_is_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with terminable():
            os.kill(os.getpid(), signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(("started_as", "ends"), [("-m", -signal.SIGINT), ("-c", 1)])
def test_an_interrupt_while_a_stages_libraries_are_imported_just_ends_it(started_as, ends):
    code = (
        f"import os, signal, sys; sys.argv[0] = {started_as!r}; import legitext.stages\n"
        "try: os.kill(os.getpid(), signal.SIGINT); signal.pause()\n"
        "except KeyboardInterrupt: raise ImportError from None\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, preexec_fn=restore)
    assert done.returncode == ends
    assert (b"ImportError" in done.stderr) == (ends == 1)


def restore():
    """Hear SIGINT, which a shell turns off for what it starts in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
