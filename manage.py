#!/usr/bin/env python
"""Django's command line for MATE Arena."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:  # Ctrl-C in the middle of setting up is no defect
        sys.exit(130)


if __name__ == "__main__":
    main()
