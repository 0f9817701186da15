"""How a run that writes starts and ends: alone, errors in one line, an interruption quietly."""

import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from types import FrameType

from threadpoolctl import threadpool_limits

from legitext.errors import LegitextError
from legitext.files import locked
from legitext.progress import say

DATA = Path("data")

RWLOCK = Path(".dvc/tmp/rwlock")
"""Where DVC notes which files it is at; it writes the file in place."""


def stage(main: Callable[[], None]) -> Callable[[], None]:
    """Run `main` alone and on one thread, so that an expected error, a full or read-only disk for one, prints one line and exits with 2.

    Ctrl-C and SIGTERM exit with 130. On one thread, for sums of several are rounded otherwise: a model would hang on the number of processors.
    """

    @wraps(main)
    def run() -> None:
        try:
            with terminable(), alone(), threadpool_limits(1):
                main()
        except (LegitextError, OSError) as error:
            print(f"legitext: {in_one_line(error)}", file=sys.stderr)
            raise SystemExit(2) from None
        except KeyboardInterrupt:
            print("legitext: interrupted; the last good outputs are in place", file=sys.stderr)
            raise SystemExit(130) from None

    return run


def in_one_line(error: Exception) -> str:
    """What an expected error says."""
    if not isinstance(error, OSError):
        return str(error)
    what = error.strerror or (str(error).splitlines() or [type(error).__name__])[0]
    return f"{what}{f': {error.filename}' if error.filename else ''}; the last good outputs are in place"


@contextmanager
def alone() -> Iterator[None]:
    """Keep the project's folder to one run that writes there.

    Raises:
        LegitextError: if another is at work.
    """
    if sys.platform == "win32" or not DATA.is_dir():
        yield
        return
    with locked(DATA / "run", busy="another run is at work in this folder: wait for its end, then start this one again"):
        yield


def mend_rwlock() -> None:
    """Remove `RWLOCK` where a kill left it cut short: DVC would stop at it at every run from then on."""
    if not RWLOCK.is_file():
        return
    with locked(RWLOCK):  # as DVC itself locks it
        try:
            json.loads(RWLOCK.read_text(encoding="utf-8"))
        except ValueError:
            RWLOCK.unlink()
            say(f"{RWLOCK} was cut short by a run that was killed, so it was removed")


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM interrupt as Ctrl-C does, so that what is half done is cleared away.

    Raises:
        KeyboardInterrupt: if either came, whatever a library made of it: one that is interrupted while it is imported says that it cannot be.
    """
    came = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal came
        came = True
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = [one for one in (signal.SIGTERM, signal.SIGINT) if one == signal.SIGTERM or signal.getsignal(one) != signal.SIG_IGN]
    before = {one: signal.signal(one, interrupt) for one in heard}
    try:
        yield
    except Exception:
        if came:
            raise KeyboardInterrupt from None
        raise
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
