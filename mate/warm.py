"""``python -m mate.warm [--only] [MODULE...]``: compile all kernels now, so that nobody waits for them later.

Each module, of the game's own and of those named, has a function ``warm()`` that calls every kernel with every kind of
argument it is used with. Run it once after installing or changing anything; processes then read the compiled code from
disk. Code compiled from earlier sources is removed. With ``--only``, the named modules alone are compiled.
"""

import gc
import importlib
import shutil
import sys
import time

from mate.compilation import check_parts, outdated_folders

MODULES = ("mate.engine", "mate.agents.batched", "mate.batched")


def main(arguments: list[str]) -> None:
    """Compile the kernels of the game and of the named modules, and say how long each took."""
    named = [one for one in arguments if one != "--only"]
    gc.disable()  # the compiler makes millions of objects that stay: to look for garbage takes a sixth of the time
    for name in named if "--only" in arguments else (*MODULES, *named):
        start = time.perf_counter()
        importlib.import_module(name).warm()
        print(f"{name}: {time.perf_counter() - start:.1f} s", flush=True)
    check_parts()
    forget_earlier_sources()


def forget_earlier_sources() -> None:
    """Remove the compiled code of all sources but the present ones."""
    for folder in outdated_folders():
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
