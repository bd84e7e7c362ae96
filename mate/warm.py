"""``python -m mate.warm [MODULE...]``: compile all kernels now, so that nobody waits for them later.

Each module, of the game's own and of those named, has a function ``warm()`` that calls every kernel with every kind of argument it is used with.
Run it once after installing or changing anything; processes then read the compiled code from disk.
"""

import importlib
import sys
import time

MODULES = ("mate.engine", "mate.agents.batched")


def main(modules: list[str]) -> None:
    """Compile the kernels of the game and of the named modules, and say how long each took."""
    for name in (*MODULES, *modules):
        start = time.perf_counter()
        importlib.import_module(name).warm()
        print(f"{name}: {time.perf_counter() - start:.1f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
