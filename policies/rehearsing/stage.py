"""The rehearsal program: it loads the kernels once, then forks a confined process for each requested agent.

Loading takes two seconds of processor time, a fork a hundredth of a second. The parent process reads nothing of a
request. It waits for input and leaves standard input to the child that it forks. The child reads a line with its
limits, confines itself, reads a checkpoint's recipe and raw weights, plays, answers with a line of JSON on standard
output, and ends. The parent then writes a second line, which says how the child ended. After `IDLE_SECONDS` without a
request, the program ends.
"""

from __future__ import annotations

import json
import os
import select
import sys
from pathlib import Path
from typing import Any, BinaryIO

_ROOT = Path(__file__).resolve().parent.parent.parent
IDLE_SECONDS = 60.0


def _say(**message: Any) -> None:
    content = json.dumps(message, allow_nan=False).encode() + b"\n"
    while content:
        content = content[os.write(1, content) :]


def rehearse(source: BinaryIO, is_alone: bool) -> int:
    """Read a request, confine this process, play, and answer.

    Return the exit status: 0 if the request was read to its end.
    """
    from policies.importing import confinement
    from policies.importing.limits import Limits
    from policies.rehearsing import playing

    confinement.die_with_parent()
    request = json.loads(source.readline())
    confinement.confine(Limits(**request["limits"]), is_alone)
    status = 1
    try:
        checkpoint = read_checkpoint(source)
        status = 0
        found = playing.play(checkpoint, request["deterministic"], request["seconds"])
        _say(scenario=found.scenario, steps=found.steps, seconds=found.seconds)
    except playing.RehearsalFailed as failure:
        _say(failed=str(failure)[:2000])
    except MemoryError:
        _say(failed=f"It needs more than {request['limits']['memory'] // 2**20:,} MiB of memory.")
    except Exception as error:
        _say(broken=f"{type(error).__name__}: {error}"[:2000])
    return status


def read_checkpoint(source: BinaryIO) -> Any:
    """Read a checkpoint: a line with its recipe, then its weights in the order of the tensors' names."""
    import numpy as np

    from policies.checkpoint import Checkpoint
    from policies.recipe import Recipe

    recipe = Recipe.from_json(json.loads(source.readline()))
    weights = {}
    for name, shape in sorted(recipe.tensor_shapes.items()):
        tensor = np.empty(shape, "<f4")
        if source.readinto(tensor.reshape(-1).data.cast("B")) != tensor.nbytes:  # type: ignore[attr-defined]
            raise EOFError("the request is cut off")
        tensor.flags.writeable = False
        weights[name] = tensor
    return Checkpoint(recipe, weights)


def serve(is_alone: bool) -> None:
    """Fork a process for each request, one at a time, until no more requests come or a process fails."""
    while select.select([0], [], [], IDLE_SECONDS)[0]:
        if not _is_asked():
            return
        child = os.fork()
        if child == 0:
            status = 1
            try:
                with open(0, "rb", closefd=False) as source:
                    status = rehearse(source, is_alone)
            finally:
                os._exit(status)
        _, status, usage = os.wait4(child, 0)
        _say(ended=os.waitstatus_to_exitcode(status), processor_seconds=usage.ru_utime + usage.ru_stime)
        if status:
            return  # The unread rest of its request is still in the pipe.


def _is_asked() -> bool:
    """Return whether there is a request, and not the end of the input, without reading any of it."""
    import array
    import fcntl
    import termios

    waiting = array.array("i", [0])
    fcntl.ioctl(0, termios.FIONREAD, waiting)
    return waiting[0] > 0


def main() -> None:
    """Load everything, report that the program is ready, and serve requests."""
    from policies.importing import confinement

    confinement.die_with_parent()
    is_alone = confinement.leave_network()
    from policies.importing.child import warm_codecs
    from policies.rehearsing import playing

    warm_codecs()
    playing.warm()
    _say(ready=True)
    serve(is_alone)


if __name__ == "__main__":
    sys.path.insert(0, str(_ROOT))
    main()
