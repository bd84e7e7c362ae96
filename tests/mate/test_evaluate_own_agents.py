"""``--seed`` makes the results of user-written agents reproducible for any ``--jobs``, random source and memory."""

import json
import sys
import textwrap

import pytest

from mate.configuration import read_config
from mate.evaluate import main
from mate.evaluate.entrants import pair
from mate.evaluate.options import read_options
from mate.evaluate.reseeding import spawn_afresh
from mate.evaluate.turns import play_turns

MODULE = textwrap.dedent("""
    import random
    import mate
    import numpy as np

    class Own(mate.TargetAgentBase):
        def act(self, observation, info=None, deterministic=None):
            self.state, observation, info, _ = self.check_inputs(observation, info)
            return np.clip(self.choose(), -20.0, 20.0)

    class FromStream(Own):
        def choose(self):
            return self.np_random.normal(0.0, 20.0, 2)

    class FromSpace(Own):
        def choose(self):
            return self.action_space.sample()

    class FromGlobals(Own):
        def choose(self):
            return np.array([random.uniform(-20.0, 20.0), np.random.uniform(-20.0, 20.0)])

    class InConstructor(Own):
        def __init__(self):
            super().__init__()
            self.direction = self.np_random.normal(0.0, 20.0, 2)

        def choose(self):
            return self.direction + self.np_random.normal(0.0, 1.0, 2)

    class OwnGenerators(Own):
        def __init__(self, seed=None):
            super().__init__(seed=seed)
            self.generators = {"new": np.random.default_rng(), "old": np.random.RandomState()}
            self.dice = Dice()

        def choose(self):
            return 20.0 * np.array([self.generators["new"].normal(), self.generators["old"].randn()]) + self.dice.roll()

    class Dice:
        def __init__(self):
            self.random = random.Random()

        def roll(self):
            return self.random.randint(1, 6)

    class Wrapping(Own):
        def __init__(self, seed=None):
            super().__init__(seed=seed)
            self.inner = [mate.RandomTargetAgent(frame_skip=1)]

        def reset(self, observation):
            super().reset(observation)
            self.inner[0].reset(observation)
            self.late = FromStream()
            self.late.reset(observation)

        def choose(self):
            self.inner[0].observe(self._row)
            return self.inner[0].act(self._row) + self.late.act(self._row)

        def check_inputs(self, observation, info=None):
            self._row = observation
            return super().check_inputs(observation, info)

    class Mixed(mate.MixtureTargetAgent):
        def __init__(self, seed=None):
            super().__init__([FromStream(), mate.NaiveTargetAgent(), mate.GreedyTargetAgent()], [2, 1, 1], seed=seed)

    class Counting(Own):
        def __init__(self, **options):
            super().__init__(**options)
            self.episodes = 0

        def reset(self, observation):
            super().reset(observation)
            self.episodes += 1

        def choose(self):
            return self.np_random.normal(0.0, 5.0, 2) + 5.0 * self.episodes

    class Sharing(Own):
        def __init__(self, seed=None):
            super().__init__(seed=seed)
            self.board = []

        def spawn(self, num_agents):
            agents = super().spawn(num_agents)
            for agent in agents:
                agent.board = self.board
            return agents

        def choose(self):
            self.board.append(float(self.np_random.normal()))
            return np.full(2, sum(self.board))

    class Told(Own):
        seeds = []

        def __init__(self, seed, offset=0):
            super().__init__(seed=seed)
            Told.seeds.append(seed)
            self.offset = offset

        def choose(self):
            return np.zeros(2)
""")
CLASSES = (
    *("FromStream", "FromSpace", "FromGlobals", "InConstructor", "OwnGenerators"),
    *("Wrapping", "Mixed", "Counting", "Sharing"),
)


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Return an importable folder with a module of user-written agents and a scenario of 12 steps."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "own_agents.py").write_text(MODULE)
    (folder / "torch.py").write_text("raise ImportError")  # to import it takes seconds in every process
    config = read_config("MATE-4v2-9") | {"name": "short", "max_episode_steps": 12}
    (folder / "short.json").write_text(json.dumps(config))
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))
    sys.modules.pop("own_agents", None)


def pairing(own, name, *arguments):
    return pair(read_options(["--config", str(own / "short.json"), "--target-agent", f"own_agents:{name}", *arguments]))


@pytest.mark.parametrize("name", CLASSES)
def test_an_episode_depends_on_its_seed_alone(own, name):
    def play(*seeds):
        return play_turns(pairing(own, name), seeds)

    after_others = play(3, 4, 5)
    assert after_others[2:] == play(5)
    assert after_others[::-1] == play(5, 4, 3)
    assert len({result.digest for result in after_others}) == 3


@pytest.mark.parametrize("name", ["FromStream", "OwnGenerators", "InConstructor"])
def test_members_of_a_team_draw_for_themselves(own, name):
    prototype = pairing(own, name).target.build(0)

    def choices(key):
        return [tuple(agent.choose()) for agent in spawn_afresh(prototype, 3, key)]

    assert choices(1) == choices(1)
    assert len({*choices(1), *choices(2)}) == 6


def test_processes_do_not_change_results(own, capsys):
    def evaluate(*arguments):
        given = ["--config", str(own / "short.json"), "--target-agent", "own_agents:Counting", "--no-render", "--json"]
        assert main([*given, "--episodes", "3", "--seed", "4", *arguments]) == 0
        return json.loads(capsys.readouterr().out)["episodes"]

    one = evaluate()
    assert evaluate("--jobs", "2") == one
    assert [episode["seed"] for episode in one] == [4, 5, 6]


def test_a_constructor_that_asks_for_a_seed_gets_that_of_the_command(own):
    import own_agents

    own_agents.Told.seeds.clear()
    play_turns(pairing(own, "Told", "--seed", "7", "--target-kwargs", '{"offset": 1, "seed": 2}'), [7, 8])
    assert own_agents.Told.seeds == [7]


@pytest.mark.parametrize(("name", "seeds"), [("InConstructor", False), ("Counting", True), ("Mixed", True)])
def test_only_constructors_that_take_a_seed_are_given_one(own, name, seeds):
    def first_draw():
        return pairing(own, name).target.build(5).np_random.random()

    assert (first_draw() == first_draw()) == seeds
