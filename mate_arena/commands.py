"""The command `mate-arena`: what `make` does in a checkout, for the installed distribution."""

import sys

from mate_arena import open_application


def main() -> int:
    """Run the launcher's command line."""
    open_application()
    from portal.launcher.__main__ import main as launch

    return launch("mate-arena")


if __name__ == "__main__":
    sys.exit(main())
