"""`python -m legitext` is the command `legitext`."""

import sys

from legitext.cli import main

sys.exit(main())
