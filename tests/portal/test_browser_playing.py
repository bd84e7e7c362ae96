"""The speed of replays in a real browser: a replay follows the clock, whatever keys are pressed meanwhile."""

from typing import Any

import pytest
from django.urls import reverse

from portal import recordings
from tests.portal.conftest import Open
from tournament.models import Episode

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FRAMES_PER_SECOND = 60
MEASURE = """async ([during, seconds]) => {
  const scrub = document.querySelector("[data-part=scrub]");
  const play = document.querySelector("[data-part=play]");
  const frame = () => new Promise(requestAnimationFrame);
  const key = (name, repeat = false) =>
    play.dispatchEvent(new KeyboardEvent("keydown", { key: name, repeat, bubbles: true, cancelable: true }));
  const acts = {
    nothing: () => {},
    twice: () => { for (let i = 0; i < 8; i += 1) play.click(); },
    seek: () => { for (let i = 0; i < 4; i += 1) {
      play.click(); scrub.dispatchEvent(new Event("input")); play.click(); } },
    speed: () => { for (const name of ["+", "-"]) { play.click(); key(name); play.click(); } },
    held: () => { key("k"); for (let i = 0; i < 30; i += 1) key("k", true); key("k"); },
    hidden: () => { play.click(); document.dispatchEvent(new Event("visibilitychange")); play.click(); },
  };
  play.click();
  await frame();
  acts[during]();
  const before = [performance.now(), Number(scrub.value)];
  while (performance.now() - before[0] < 1000 * seconds) await frame();
  return { played: Number(scrub.value) - before[1], seconds: (performance.now() - before[0]) / 1000,
    says: play.getAttribute("aria-label") };
}"""


@pytest.fixture
def replay(open_page: Open, real_episode: Episode, real_replay: bytes) -> Any:
    recordings.path_of(real_episode, "record").write_bytes(real_replay)
    page = open_page(reverse("replay", args=[real_episode.pk]))
    page.wait_for_selector("[data-replay][data-ready]")
    return page


def check_speed(page: Any, during: str) -> None:
    """Check that a replay is not faster than the clock. A slow machine may skip frames, so slower is allowed."""
    measured = page.evaluate(MEASURE, [during, 0.4])
    assert measured["says"] == "Pause"
    assert 0 < measured["played"] <= 1.25 * FRAMES_PER_SECOND * measured["seconds"]


@pytest.mark.parametrize("during", ["twice", "seek", "speed", "held", "hidden"])
def test_what_is_pressed_within_a_frame_does_not_speed_a_replay_up(replay: Any, during: str) -> None:
    check_speed(replay, during)


def test_two_replays_in_step_keep_their_speed_too(beside: Any) -> None:
    check_speed(beside, "twice")


def test_time_in_which_the_page_was_hidden_is_not_played(replay: Any) -> None:
    """A hidden page gets no frames, although its clock goes on."""
    played = replay.evaluate(
        """async () => {
          const scrub = document.querySelector("[data-part=scrub]");
          const frame = () => new Promise(requestAnimationFrame);
          document.querySelector("[data-part=play]").click();
          await frame();
          const clock = performance.now.bind(performance);
          const request = requestAnimationFrame.bind(window);
          performance.now = () => clock() + 60000;
          window.requestAnimationFrame = (act) => request((now) => act(now + 60000));
          const before = Number(scrub.value);
          document.dispatchEvent(new Event("visibilitychange"));
          await frame();
          await frame();
          return Number(scrub.value) - before;
        }"""
    )
    assert played < 2 * FRAMES_PER_SECOND


def test_a_key_that_is_held_down_toggles_once(replay: Any) -> None:
    button = replay.locator("[data-part=play]")
    for key in ("k", "Enter"):
        button.focus()
        for _ in range(4):  # The first is the press, the others repeat it.
            replay.keyboard.down(key)
        replay.keyboard.up(key)
        assert button.get_attribute("aria-label") == ("Pause" if key == "k" else "Play")
