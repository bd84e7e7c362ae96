"""``env.render()`` with and without a desktop. The desktop is a real X server without a screen."""

import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator

import numpy as np
import pytest

import mate
from mate.rendering.viewer import NoWindowWarning
from mate.rendering.window import _open

pygame = pytest.importorskip("pygame")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """An X server of its own; its display's name."""
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed")
    reading, writing = os.pipe()
    with subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1024x1024x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(writing)
        with open(reading) as pipe:
            name = f":{pipe.readline().strip()}"
        yield name
        process.terminate()


@pytest.fixture
def desktop(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DISPLAY", server)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("SDL_VIDEODRIVER", raising=False)
    yield
    for window in list(_open):
        window.close()


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)


def begun(size: int = 120) -> mate.MultiAgentTracking:
    env = mate.make("MATE-4v2-9-v0")
    env.reset(seed=0)
    env.render(window_size=size)
    return env


@pytest.mark.usefixtures("desktop")
def test_rendering_opens_a_window_that_shows_the_picture() -> None:
    env = begun(200)
    assert env.render() is True and env.viewer.is_open
    shown = pygame.surfarray.array3d(_open[0]._handle.get_surface()).swapaxes(0, 1)
    drawn = env.render(mode="rgb_array")
    assert shown.shape == drawn.shape == (200, 200, 3)
    assert np.abs(shown.astype(int) - drawn).mean() < 4  # the window's edges are smoothed less
    env.close()
    assert not _open and env.viewer is None


@pytest.mark.usefixtures("desktop")
def test_a_window_that_is_closed_stays_closed_and_the_episode_goes_on() -> None:
    env = begun()
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    assert env.render() is False and env.render() is False
    assert env.render(mode="rgb_array").shape == (120, 120, 3)
    env.step((np.zeros((4, 2)), np.zeros((2, 2))))
    env.close()
    assert env.render() is True


@pytest.mark.usefixtures("desktop")
def test_every_environment_has_a_window_of_its_own() -> None:
    one, other = begun(), begun()
    pygame.event.post(pygame.event.Event(pygame.WINDOWCLOSE, window=_open[0]._handle))
    assert (one.render(), other.render()) == (False, True)
    one.close()
    assert other.render() is True


@pytest.mark.usefixtures("desktop")
def test_environments_share_the_only_window_of_an_older_pygame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(pygame, "Window")
    one, other = begun(), begun()
    assert one.render() and other.render()
    one.close()
    assert other.render() is True
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    assert other.render() is False and not pygame.display.get_init()


@pytest.mark.usefixtures("desktop")
def test_keys_are_left_to_the_program_and_pygame_to_its_own_window() -> None:
    pygame.display.init()
    pygame.display.set_mode((50, 50))
    env = begun()
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_SPACE))
    env.render()
    assert [event.key for event in pygame.event.get(pygame.KEYDOWN)] == [pygame.K_SPACE]
    env.close()
    assert pygame.display.get_surface() is not None
    pygame.display.quit()


@pytest.mark.usefixtures("desktop")
def test_layers_pass_rendering_on_to_the_window() -> None:
    env = mate.MultiCamera(mate.RenderCommunication(mate.make("MATE-4v2-9-v0")), mate.GreedyTargetAgent(seed=0))
    env.reset()
    assert env.render(window_size=100) is True
    env.close()


@pytest.mark.usefixtures("nowhere")
def test_without_a_display_one_sentence_says_so_once_and_the_episode_goes_on() -> None:
    with pytest.warns(NoWindowWarning, match="there is no display") as said:
        env = begun()
    assert len(said) == 1 and said[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert env.render() is False
    assert env.render(mode="rgb_array").shape == (120, 120, 3)


@pytest.mark.usefixtures("desktop")
def test_without_pygame_the_sentence_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygame", None)
    with pytest.warns(NoWindowWarning, match="pip install pygame-ce"):
        begun()


def test_a_display_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":987")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("SDL_VIDEODRIVER", raising=False)
    with pytest.warns(NoWindowWarning, match="the display cannot be opened"):
        begun()


def test_an_unknown_mode_is_refused() -> None:
    env = mate.make("MATE-4v2-9-v0")
    env.reset()
    with pytest.raises(ValueError, match="'human' or 'rgb_array'"):
        env.render(mode="ansi")
