#!/usr/bin/env python
"""Django's command line for MATE Arena."""

import os
import sys


def main() -> None:
    # A shell that works on another Django project says so with this variable, and does not mean us.
    if os.environ.get("DJANGO_SETTINGS_MODULE", "").split(".")[0] not in ("portal", "tests"):
        os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:  # Ctrl-C in the middle of setting up is no defect
        sys.exit(130)


if __name__ == "__main__":
    main()
