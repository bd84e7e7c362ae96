"""The former name of ``python -m mate_arena.conformance FILE...``; the next release will no longer have it."""

import runpy
import sys

if __name__ == "__main__":
    print("python -m mate.conformance is now python -m mate_arena.conformance.", file=sys.stderr)
    runpy.run_module("mate_arena.conformance", run_name="__main__", alter_sys=True)
