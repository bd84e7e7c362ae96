"""Entry point of ``python -m mate.evaluate``."""

import sys

from mate.evaluate.command import main

if __name__ == "__main__":
    sys.exit(main())
