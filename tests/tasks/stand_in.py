"""`python stand_in.py FOLDER`: writes what a training's process writes, in seconds instead of hours.

Its seed says how it behaves (`BEHAVIOURS`). An iteration takes 0.1 s and 100 steps; every second one leaves a
milestone.
"""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

BEHAVIOURS = {"steady": 0, "failing": 101, "dying": 102, "stubborn": 103, "slow": 104, "garbled": 105}
STEPS = 100
COMMAND = [sys.executable, str(Path(__file__).resolve())]


class Asked(Exception):
    """The process got SIGTERM."""


def main(folder: Path) -> int:
    orders = json.loads((folder / "configuration.json").read_text())
    behaviour = {seed: name for name, seed in BEHAVIOURS.items()}.get(orders["seed"], "steady")
    with open(folder / "pids.txt", "a") as pids:
        pids.write(f"{os.getpid()}\n")
    if behaviour != "stubborn":
        signal.signal(signal.SIGTERM, ask)
    else:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print(f"Training {orders['algorithm']} as a stand-in: {behaviour}", flush=True)
    state = read_state(folder)
    try:
        while state["steps"] < orders["steps"]:
            iterate(folder, state, orders, behaviour)
    except Asked:
        return end(folder, "paused")
    except ArithmeticError as error:
        end(folder, "failed", str(error))
        return 2
    return end(folder, "finished")


def ask(*_: object) -> None:
    raise Asked


def read_state(folder: Path) -> dict[str, int]:
    path = folder / "state.json"
    return json.loads(path.read_text()) if path.exists() else {"iteration": 0, "steps": 0}


def iterate(folder: Path, state: dict[str, int], orders: dict[str, Any], behaviour: str) -> None:
    time.sleep(0.5 if behaviour in ("slow", "stubborn") else 0.1)
    iteration, steps = state["iteration"] + 1, orders["steps"]
    if behaviour == "failing" and iteration == 3:
        raise ArithmeticError("The loss is not a number after iteration 2. Lower `learning_rate`.")
    if behaviour == "dying" and iteration == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    line = {
        "iteration": iteration, "steps": iteration * STEPS, "return_mean": 1.0 * iteration, "coverage": 0.5,
        "transport": 0.25,
        "entropy": 1.5, "kl": float("nan"), "seconds": 0.1 * iteration, "decisions_per_second": 1000.0,
        "remaining_seconds": 0.1 * (steps / STEPS - iteration),
    }  # fmt: skip
    with open(folder / "progress.jsonl", "a") as progress:
        progress.write(json.dumps(line) + "\n" + ("no JSON\n" if behaviour == "garbled" else ""))
    if iteration % 2 == 0 or iteration * STEPS >= steps:
        export(folder, iteration, orders["team"])
    whole = folder / "state.part"
    whole.write_text(json.dumps({"iteration": iteration, "steps": iteration * STEPS}))
    whole.replace(folder / "state.json")
    state |= {"iteration": iteration, "steps": iteration * STEPS}


def export(folder: Path, iteration: int, team: str) -> None:
    (folder / "milestones").mkdir(exist_ok=True)
    path = folder / "milestones" / f"{iteration:06d}.zip"
    path.with_suffix(".json").write_text(json.dumps({"iteration": iteration, "steps": iteration * STEPS}))
    shutil.copyfile(checkpoint(iteration, team), path)


def checkpoint(seed: int, team: str) -> Path:
    """Return a checkpoint that the first stand-in makes for all others of a test process.

    The modules that make it take a second to load.
    """
    kept = Path(os.environ["ARENA_DATA"]) / f"stand-in-{team}-{seed}.zip"
    if not kept.exists():
        from policies import Dimensions
        from tests.policies.checkpoints import make_checkpoint

        part = kept.with_suffix(f".{os.getpid()}")
        make_checkpoint(seed=seed, team=team, scenario=Dimensions(2, 4, 0)).save(part)
        part.replace(kept)
    return kept


def end(folder: Path, state: str, error: str = "") -> int:
    (folder / "outcome.json").write_text(json.dumps({"state": state, "error": error}))
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    sys.exit(main(Path(sys.argv[-1])))
