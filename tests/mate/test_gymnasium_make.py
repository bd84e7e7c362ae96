"""``gymnasium.make`` and ``gymnasium.make_vec`` with the ids of this package."""

import subprocess
import sys

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import mate
from mate.interfaces.gymnasium import GymnasiumEnvironment
from mate.interfaces.gymnasium_vector import GymnasiumVectorEnvironment
from mate.rendering.viewer import NoWindowWarning
from tests.sources import ROOT

WRAPPERS = {
    "Wrapper": gymnasium.Wrapper,
    "FlattenObservation": gymnasium.wrappers.FlattenObservation,
    "NormalizeObservation": gymnasium.wrappers.NormalizeObservation,
    "RecordEpisodeStatistics": gymnasium.wrappers.RecordEpisodeStatistics,
    "RescaleAction": lambda env: gymnasium.wrappers.RescaleAction(env, -1.0, 1.0),
    "ClipAction": gymnasium.wrappers.ClipAction,
}


@pytest.mark.parametrize("id", ["MATE-4v2-9-v0", "MultiAgentTracking-v0", "mate:MATE-2v4-0-v0"])
def test_gymnasium_makes_every_id_as_one_team_against_greedy_opponents(id: str) -> None:
    env = gymnasium.make(id)
    observation, info = env.reset(seed=0)
    assert isinstance(env.unwrapped, GymnasiumEnvironment) and info == {}
    assert observation.shape == (env.unwrapped.env.num_cameras, observation.shape[1])
    assert env.observation_space.contains(observation)
    reward, terminated, truncated = env.step(env.action_space.sample())[1:4]
    assert isinstance(reward, float) and (terminated, truncated) == (False, False)


@pytest.mark.parametrize("name", WRAPPERS)
def test_gymnasiums_wrappers_go_around_it(name: str) -> None:
    env = WRAPPERS[name](gymnasium.make("MATE-4v2-9-v0"))
    observation, _ = env.reset(seed=0)
    assert env.observation_space.contains(observation.astype(env.observation_space.dtype))
    env.step(env.action_space.sample())


@pytest.mark.parametrize("options", [{}, {"team": "target"}, {"teammate": "naive", "opponent": "random"}])
def test_gymnasiums_checker_finds_nothing(options: dict) -> None:
    env = gymnasium.make("MATE-4v2-9-v0", **options).unwrapped
    check_env(env, skip_render_check=True)


def test_what_is_discrete_for_each_member_is_one_choice_for_each_row() -> None:
    env = gymnasium.make("MATE-4v2-9-v0", wrappers=[mate.WrapperSpec(mate.DiscreteCamera, levels=3)])
    env.reset(seed=0)
    assert env.action_space == gymnasium.spaces.MultiDiscrete([9] * 4)
    env.step(env.action_space.sample())


def test_configurations_and_overrides_are_those_of_the_package() -> None:
    with pytest.warns(UserWarning, match="bounty_factor"):
        env = gymnasium.make("MATE-4v8-9-v0", config="MATE-2v4-0.yaml", bounty_factor=0.5)
    assert env.observation_space.shape[0] == 2
    assert env.unwrapped.env.bounty_factor == 0.5


def test_a_limit_of_steps_is_gymnasiums_own() -> None:
    env = gymnasium.make("MATE-4v2-9-v0", max_episode_steps=2)
    env.reset(seed=0)
    assert [env.step(env.action_space.sample())[3] for _ in range(2)] == [False, True]


def test_an_environment_is_made_again_from_its_specification() -> None:
    env = gymnasium.make("MATE-4v2-9-v0", team="target", opponent="naive")
    again = gymnasium.make(gymnasium.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    assert str(again) == str(env)
    assert np.array_equal(env.reset(seed=5)[0], again.reset(seed=5)[0])


def test_seeds_repeat_an_episode_and_environments_without_one_differ() -> None:
    one, other = (gymnasium.make("MATE-4v2-9-v0") for _ in range(2))
    assert not np.array_equal(one.reset()[0], other.reset()[0])
    assert np.array_equal(one.reset(seed=4)[0], other.reset(seed=4)[0])
    action = np.zeros((4, 2))
    assert np.array_equal(one.step(action)[0], other.step(action)[0])


@pytest.mark.parametrize("mode", [None, "sync"])
def test_many_environments_are_made_at_once(mode: str | None) -> None:
    envs = gymnasium.make_vec("MATE-4v2-9-v0", num_envs=2, vectorization_mode=mode, opponent="naive")
    assert isinstance(envs, GymnasiumVectorEnvironment) is (mode is None)
    observations, _ = envs.reset(seed=1)
    assert observations.shape == (2, 4, 96)
    assert envs.step(envs.action_space.sample())[1].shape == (2,)
    envs.close()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"opponent": "gredy"}, "random, naive, greedy, heuristic"),
        ({"team": "cameras"}, "camera or target"),
        ({"teammate": "none"}, "random, naive, greedy, heuristic"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gymnasium.make("MATE-4v2-9-v0", **options)
    if "teammate" not in options:
        with pytest.raises(ValueError, match=message):
            gymnasium.make_vec("MATE-4v2-9-v0", num_envs=2, **options)


def test_a_window_is_asked_for_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    env = gymnasium.make("MATE-4v2-9-v0", render_mode="human")
    with pytest.warns(NoWindowWarning, match="no display"):
        env.reset(seed=0)
    assert env.render() is None
    pictures = gymnasium.make("MATE-4v2-9-v0", render_mode="rgb_array")
    pictures.reset(seed=0)
    assert pictures.render().shape == (800, 800, 3)


def test_importing_the_package_again_registers_nothing_twice() -> None:
    program = "import importlib, mate; importlib.reload(mate.registration).register(); import gymnasium; gymnasium.make"
    ended = subprocess.run([sys.executable, "-W", "error", "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
