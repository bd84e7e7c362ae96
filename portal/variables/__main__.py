"""``python -m portal.variables`` checks the environment variables. It exits with 1 and the reasons if some are invalid.

With ``--table`` it prints the table of all variables.
"""

import os
import sys

from portal.variables.reading import VariablesRefused, read_variables, remarks, table


def main() -> int:
    if sys.argv[1:] == ["--table"]:
        print(table())
        return 0
    for remark in remarks(os.environ):
        print(remark, file=sys.stderr)
    try:
        read_variables()
    except VariablesRefused as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
