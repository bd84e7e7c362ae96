"""Nothing compiles at run time after set-up."""

import subprocess
import sys

PROGRAM = """
import importlib, itertools
import numba
import numpy as np
from numba.core import event
from mate import Scenario, VectorEnv, warm
from policies import Action, Architecture, Checkpoint, Dimensions, Preprocessing, Recipe
from tournament import agents, matches
from tournament.meta_solvers import META_SOLVERS
from tournament.payoffs import Episodes, MetaGame
from tournament.ratings import BoardEvidence, rate
from tournament.strips import split
from tournament.replays import record

for name in (*warm.MODULES, "policies.warm", "tournament.warm"):
    importlib.import_module(name).warm()

def network(team, action):
    recipe = Recipe(
        team, Architecture((6, 5), "tanh", "lstm", 4, skip_connection=True), action, Dimensions(4, 8, 9),
        frame_skip=5, preprocessing=Preprocessing(relative_coordinates=True, rescaled=True),
    )
    weights = {name: np.full(shape, 0.1, np.float32) for name, shape in recipe.tensor_shapes.items()}
    return Checkpoint(recipe, weights)

def play(scenario, camera, target, *checkpoints):
    known = {checkpoint.digest: checkpoint for checkpoint in checkpoints}
    matches.play(scenario, camera, target, range(3), known.__getitem__, batch_size=2, max_steps=12)

with event.install_recorder("numba:compile") as recorder:
    for name, enhanced in itertools.product(("MATE-4v8-9", "MATE-2v4-0", "MATE-1v1-9"), ("none", "both")):
        scenario = Scenario.load(name, enhanced_observation=enhanced)
        for camera, target in itertools.product(agents.BUILTIN_NAMES, repeat=2):
            play(scenario, agents.Builtin("camera", camera), agents.Builtin("target", target))
    scenario = Scenario.load("MATE-4v8-9", max_episode_steps=20)
    flat, hierarchical = network("camera", Action("levels", 5)), network("camera", Action("select-many"))
    walker = network("target", Action("box"))
    learned = [agents.LearnedAgent("camera", one.digest, False) for one in (flat, hierarchical)]
    against = agents.LearnedAgent("target", walker.digest, True)
    for camera in (*learned, agents.Mixture("camera", tuple((0.5, one) for one in learned))):
        play(scenario, camera, against, flat, hierarchical, walker)
    record(scenario, agents.Builtin("camera", "heuristic"), agents.Builtin("target", "heuristic"), 5)
    camera, target, seed = (axis.ravel() for axis in np.indices((3, 4, 5)))
    rate(MetaGame.from_episodes("abc", "wxyz", Episodes(camera, target, seed * target, np.random.rand(60))))
    for is_played in (camera < 3, seed != camera, seed + camera + target > 3,
        (camera + 1) * seed % 3 > 0, camera != target, seed < 1):
        episodes = Episodes(camera[is_played], target[is_played], seed[is_played], np.random.rand(is_played.sum()))
        evidence = BoardEvidence("abc", "wxyz", split(episodes))
        rate(evidence, {})
        more = Episodes(np.array([0, 1]), np.array([2, 3]), np.array([7, 4]), np.array([0.5, 0.5]))
        evidence.update(split(episodes) | split(more))
        rate(evidence, {})
        for solver in META_SOLVERS.values():
            solver.solve(np.random.rand(3, 4))
    for dtype in (np.float64, np.float32):
        env = VectorEnv(scenario, 2, dtype=dtype)
        for _ in range(25):
            env.step(np.zeros((2, 4, 2)), np.zeros((2, 8, 2)))
    compiled = [entry.data["dispatcher"] for _, entry in recorder.buffer if entry.is_start]
    numba.njit(lambda x: x + 1)(1)
    assert len(recorder.buffer) > 2 * len(compiled), "compiling is not noticed"
for dispatcher in compiled:
    print(dispatcher)
"""


def test_no_match_and_no_rating_compiles_anything_after_warming_up():
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (0, ""), run.stdout + run.stderr
