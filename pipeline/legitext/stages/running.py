"""How a stage ends: errors in one line, an interruption quietly."""

import sys
from collections.abc import Callable
from functools import wraps

from legitext.errors import LegitextError


def stage(main: Callable[[], None]) -> Callable[[], None]:
    """Run `main` so that an expected error prints one line and exits with 2, and Ctrl-C exits with 130."""

    @wraps(main)
    def run() -> None:
        try:
            main()
        except LegitextError as error:
            print(f"legitext: {error}", file=sys.stderr)
            raise SystemExit(2) from None
        except KeyboardInterrupt:
            print("legitext: interrupted; the last good outputs are in place", file=sys.stderr)
            raise SystemExit(130) from None

    return run
