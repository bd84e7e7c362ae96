"""``python -m tournament.psro``: a PSRO run without a portal."""

import sys

from tournament.psro.command import main

if __name__ == "__main__":
    sys.exit(main())
