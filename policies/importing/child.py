"""The program that reads an uploaded file in a process of its own; ``policies.importing.sandbox`` starts it.

The file is its standard input. It writes a line of JSON to its standard output for its confinement, for each step, and
for the refusal or the report. After the report follow the recipes and the raw weights of its agents. The only argument
is the limits, as JSON.
"""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import IO, Any

import numpy as np

_ROOT = Path(__file__).resolve().parent.parent.parent


def _find_floors() -> None:
    """Make ``policies`` importable, and the modules of ``mate`` without its ``__init__``, which loads the engine."""
    sys.path.insert(0, str(_ROOT))
    game = types.ModuleType("mate")
    # In a wheel, `policies` lies in mate_arena/application, and `mate` beside mate_arena.
    game.__path__ = [str((_ROOT if (_ROOT / "mate").is_dir() else _ROOT.parent.parent) / "mate")]
    sys.modules["mate"] = game


def warm_codecs() -> None:
    """Load codecs that are otherwise imported during reading, when no file can be opened any more."""
    from policies.texts import ENCODINGS

    for codec in ("ascii", "cp437", "latin-1", "raw-unicode-escape", *ENCODINGS):
        "a".encode(codec).decode(codec)


def _say(output: IO[bytes], **message: Any) -> None:
    output.write(json.dumps(message, allow_nan=False).encode() + b"\n")
    output.flush()


def main() -> int:
    """Read the file. Return the exit status, which is 0 for a refusal too, because that is an answer."""
    from policies.importing import confinement

    confinement.die_with_parent()
    is_alone = confinement.leave_network()
    from policies.importing.errors import ImportRefused
    from policies.importing.limits import Limits
    from policies.importing.reading import read_file

    warm_codecs()
    limits = Limits(**json.loads(sys.argv[1]))
    output = sys.stdout.buffer
    _say(output, confinement=confinement.confine(limits, is_alone).to_json())
    try:
        report = read_file(
            sys.stdin.buffer,
            limits,
            lambda step: _say(output, step={"name": step.name, "status": step.status, "detail": step.detail}),
        )
        _say(output, report=report.to_json())
        for checkpoint in {agent.checkpoint.digest: agent.checkpoint for agent in report.agents}.values():
            _say(output, checkpoint=checkpoint.digest, recipe=checkpoint.recipe.to_json())
            for tensor in checkpoint.weights.values():
                output.write(np.ascontiguousarray(tensor, "<f4").data.cast("B"))
            output.flush()
    except ImportRefused as refusal:
        _say(output, refused=str(refusal))
    except MemoryError:
        _say(output, refused=f"reading it needs more than {limits.memory // 2**20:,} MiB of memory")
    return 0


if __name__ == "__main__":
    _find_floors()
    sys.exit(main())
