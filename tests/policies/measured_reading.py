"""A program that reads files like uploads, each in a confined child process, and measures the cost.

It prints a line of JSON for each given path: `refused` or `sound`, the message, seconds of processor time and bytes of
memory.
"""

from __future__ import annotations

import json
import os
import sys

from policies.importing import confinement
from policies.importing.child import warm_codecs
from policies.importing.errors import ImportRefused
from policies.importing.limits import DEFAULT_LIMITS
from policies.importing.reading import read_file


def read(path: str, pipe: int) -> None:
    """In the child process: read the file and write the result to the pipe."""
    with open(path, "rb") as file, os.fdopen(pipe, "wb") as out:
        confinement.confine(DEFAULT_LIMITS, network_closed=False)
        try:
            report = read_file(file)
            json.dumps(report.to_json(), allow_nan=False)
            answer = {"outcome": "sound", "words": ""}
        except ImportRefused as refusal:
            answer = {"outcome": "refused", "words": str(refusal)}
        except MemoryError:
            answer = {"outcome": "refused", "words": f"{DEFAULT_LIMITS.memory >> 20} MiB of memory"}
        out.write(json.dumps(answer).encode())


def measure(path: str) -> dict[str, object]:
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        try:
            read(path, theirs)
        finally:
            os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        told = pipe.read()
    _, status, usage = os.wait4(child, 0)
    answer = json.loads(told) if told else {"outcome": "ended", "words": f"status {status}"}
    return answer | {"seconds": usage.ru_utime + usage.ru_stime, "memory": usage.ru_maxrss * 1024}


if __name__ == "__main__":
    warm_codecs()
    for path in sys.argv[1:]:
        print(json.dumps(measure(path)), flush=True)
