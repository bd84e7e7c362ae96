"""The replay viewer in a real browser: its pure functions, and the page that uses them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from django.urls import reverse
from playwright.sync_api import expect

from mate.engine import Batch
from mate.scenario import Scenario as Game
from portal import recordings
from tests.policies.speakers import make_speaker
from tests.portal.conftest import Open
from tournament import replays
from tournament.agents import Builtin, LearnedAgent
from tournament.models import Episode

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def viewer(open_page: Open, page: Any, real_episode: Episode, real_replay: bytes) -> Any:
    """The page of a replay on a laptop's screen."""
    page.set_viewport_size({"width": 1366, "height": 768})
    recordings.path_of(real_episode, "record").write_bytes(real_replay)
    page = open_page(reverse("replay", args=[real_episode.pk]))
    page.wait_for_selector("[data-replay][data-ready]")
    return page


def load(page: Any, module: str, body: str, *arguments: Any) -> Any:
    """Run a function body with a module's exports as `m` and the arguments as `a`; return its result."""
    return page.evaluate(
        f"async (a) => {{ const m = await import('/static/portal/replay/{module}.js'); {body} }}", arguments
    )


# What agents observe


def record_of(game: Game) -> bytes:
    return replays.record(game, Builtin("camera", "greedy"), Builtin("target", "greedy"), 7, max_steps=80)


def observations_of(data: bytes, game: Game) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """(frame, (N_c, D_c), (N_t, D_t)) of every twentieth frame, from the engine itself."""
    replay = replays.read(data)
    batch = Batch(game, 1)
    batch.reset(np.array([replay.seed], np.uint64))
    actions = (replay.columns[f"{team}_action"].astype(np.float64) for team in ("camera", "target"))
    for number, (camera, target) in enumerate(zip(*actions, strict=True), 1):
        batch.step(camera[None], target[None])
        if number % 20 == 0:
            batch.observe()
            yield number, batch.camera_observation[0].copy(), batch.target_observation[0].copy()


@pytest.mark.parametrize("options", [{}, {"enhanced_observation": "target"}, {"shared_field_of_view": "both"}], ids=str)
def test_the_viewer_shows_an_agents_observation_as_the_engine_gives_it(viewer: Any, options: dict[str, str]) -> None:
    """The quantisation of columns causes differences below one quantum, at most 0.05 map units."""
    game = replace(Game.load("MATE-4v2-9"), **options)
    data = record_of(game)
    for frame, camera, target in observations_of(data, game):
        found = load(
            viewer,
            "observation",
            """const { read } = await import('/static/portal/replay/format.js');
            const replay = await read(new Uint8Array(a[0]).buffer);
            const all = (team, list) => list.map((_, i) => m.observe(replay, a[1], team, i));
            return [all('camera', replay.cameras), all('target', replay.targets)];""",
            list(data), frame,
        )  # fmt: skip
        for shown, told in zip(found, (camera, target), strict=True):
            assert np.array(shown).shape == told.shape
            assert np.abs(np.array(shown) - told).max() < 0.1


def test_the_world_of_an_observation_has_just_what_the_vector_tells(viewer: Any) -> None:
    world = viewer.evaluate(
        """async () => {
          const m = await import('/static/portal/replay/observation.js');
          const {replay} = document.querySelector('[data-stage]').viewer;
          const vector = m.observe(replay, 0, 'camera', 1);
          const world = m.worldOf(vector, 'camera');
          const mask = replay.columns.camera_target_view_mask;
          return {
            index: world.index,
            seen: world.target.map(Boolean),
            told: replay.targets.map((_, j) => mask.at(0, replay.targets.length + j) > 0),
            own: [world.camera[1].x, replay.cameras[1].x],
          };
        }"""
    )
    assert world["index"] == 1 and world["seen"] == world["told"] and world["own"][0] == world["own"][1]


def test_an_agent_is_chosen_and_the_arena_shows_what_it_sees(viewer: Any) -> None:
    viewer.get_by_role("tab", name="Agents").click()
    viewer.get_by_role("button", name=re.compile("^C1")).click()
    expect(viewer.locator("[data-part=unobserve]")).to_contain_text("What this agent sees: C1")
    assert viewer.evaluate("document.querySelector('[data-stage]').viewer.agent.index") == 1
    viewer.keyboard.press("Escape")
    expect(viewer.locator("[data-part=unobserve]")).to_be_hidden()


# Playing


def test_a_replay_that_is_still_rendered_plays_as_far_as_it_is(viewer: Any) -> None:
    outcome = load(
        viewer,
        "player",
        """const after = (state, ...actions) => actions.reduce(m.reduce, state);
        const partial = m.start(100, 250, false);
        const playing = after(m.start(100, 0, false), {type: 'play'}, {type: 'tick', seconds: 10});
        return {
          wanted: [m.frameOf(partial), m.frameOf(after(partial, {type: 'extend', last: 400, isComplete: true}))],
          waits: [playing.playing, m.frameOf(playing)],
          goesOn: m.frameOf(after(playing, {type: 'extend', last: 400, isComplete: true}, {type: 'tick', seconds: 1})),
        };""",
    )
    assert outcome == {"wanted": [100, 250], "waits": [True, 100], "goesOn": 160}


def test_deliveries_are_jumped_to_and_an_episode_may_loop(viewer: Any) -> None:
    outcome = load(
        viewer,
        "player",
        """const after = (...actions) => actions.reduce(m.reduce, m.start(100));
        const jump = (by) => ({type: 'jump', frames: [10, 40], by});
        return {
          next: m.frameOf(after(jump(1))), last: m.frameOf(after(jump(1), jump(1), jump(1))),
          before: m.frameOf(after({type: 'seek', frame: 40}, jump(-1))),
          loops: m.frameOf(after({type: 'loop'}, {type: 'play'}, {type: 'tick', seconds: 2})),
        };""",
    )
    assert outcome == {"next": 10, "last": 100, "before": 10, "loops": 20}


def test_what_is_under_the_pointer_stays_there_when_it_is_magnified(viewer: Any) -> None:
    before, after, zoom = load(
        viewer,
        "lens",
        """const size = {width: 800, height: 600};
        const lens = m.zoomAt(m.WHOLE, size, 3, 380, 200);
        return [m.toWorld(m.WHOLE, size, 380, 200), m.toWorld(lens, size, 380, 200),
          m.zoomAt(lens, size, 100, 0, 0).zoom];""",
    )
    assert after == pytest.approx(before) and zoom == 12


def test_messages_are_drawn_and_hidden_by_their_kind(viewer: Any) -> None:
    """Two drawings of a frame just after a message differ only by its arrow."""
    frame = viewer.evaluate(
        """() => {
          const {replay} = document.querySelector('[data-stage]').viewer;
          for (let t = 0; t <= replay.last; t += 1) {
            const [message] = replay.messages(t);
            if (message) return t;
          }
          return -1;
        }"""
    )
    assert frame >= 0
    viewer.locator("[data-part=scrub]").fill(str(frame))
    picture = "document.querySelector('[data-part=canvas]').toDataURL()"
    shown = viewer.evaluate(picture)
    viewer.locator("summary[aria-label=Layers]").click()
    for box in viewer.locator(".viewer-kinds input").all():
        box.uncheck()
    assert viewer.evaluate(picture) != shown


def test_messages_of_a_network_are_hidden_by_their_kind(open_page: Open, page: Any, real_episode: Episode) -> None:
    speaker, game = make_speaker(), Game.load("MATE-4v8-9")
    spec = LearnedAgent("camera", speaker.digest)
    data = replays.record(game, spec, Builtin("target", "greedy"), 7, lambda digest: speaker, max_steps=500)
    recordings.path_of(real_episode, "record").write_bytes(data)
    page = open_page(reverse("replay", args=[real_episode.pk]))
    page.wait_for_selector("[data-replay][data-ready]")
    page.locator("summary[aria-label=Layers]").click()
    expect(page.locator(".viewer-kinds label")).to_have_text([" Warehouses with cargo", " Other"])
    page.locator("[data-part=scrub]").fill("3")  # before any target has found a warehouse empty
    picture = "document.querySelector('[data-part=canvas]').toDataURL()"
    shown = page.evaluate(picture)
    page.get_by_label("Warehouses with cargo").uncheck()
    assert page.evaluate(picture) == shown
    page.get_by_label("Other").uncheck()
    assert page.evaluate(picture) != shown


def test_a_menu_moves_nothing(viewer: Any) -> None:
    before = viewer.locator("[data-part=canvas]").bounding_box()
    viewer.locator("summary[aria-label=Layers]").click()
    expect(viewer.get_by_label("Trails")).to_be_visible()
    assert viewer.locator("[data-part=canvas]").bounding_box() == before


# The page


def test_all_controls_are_in_view_on_a_laptop(viewer: Any) -> None:
    assert viewer.evaluate("document.documentElement.scrollHeight") <= 768
    for part in ("canvas", "timeline", "play", "speed", "full", "copy"):
        expect(viewer.locator(f"[data-part={part}]")).to_be_in_viewport(ratio=1)
    expect(viewer.get_by_role("tablist")).to_be_in_viewport(ratio=1)


def test_tabs_are_moved_between_by_arrows(viewer: Any) -> None:
    viewer.get_by_role("tab", name="Stats").focus()
    viewer.keyboard.press("ArrowRight")
    viewer.keyboard.press("ArrowRight")
    expect(viewer.get_by_role("tab", name="Events")).to_be_focused()
    expect(viewer.get_by_role("tabpanel", name="Events").locator("li").first).to_contain_text("delivers")
    assert viewer.locator("[data-part=scrub]").input_value() == "0"


def test_a_delivery_in_the_list_leads_to_its_step(viewer: Any) -> None:
    viewer.get_by_role("tab", name="Events").click()
    link = viewer.locator(".viewer-events a").first
    step = (link.text_content() or "").replace(",", "")
    link.click()
    expect(viewer.locator("[data-part=scrub]")).to_have_value(step)
    expect(viewer.locator(".viewer-events [aria-current]").last).to_be_visible()


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("Picture (PNG)", b"\x89PNG"),
        ("10 seconds from here (GIF)", b"GIF89a"),
        ("10 seconds from here (WebM)", b"\x1aE\xdf\xa3"),
    ],
)
def test_pictures_and_films_are_made_in_the_browser(viewer: Any, name: str, start: bytes) -> None:
    viewer.evaluate("document.querySelector('[data-stage]').viewer.dispatch({type: 'speed', value: 64})")
    viewer.locator("summary[aria-label=Export]").click()
    with viewer.expect_download() as download:
        viewer.get_by_role("button", name=name).click()
    with open(download.value.path(), "rb") as file:
        assert file.read(len(start)) == start


def test_an_embedded_viewer_may_be_framed_and_has_its_controls(
    open_page: Open, viewer: Any, real_episode: Episode
) -> None:
    page = open_page(reverse("replay_embedded", args=[real_episode.pk]))
    page.wait_for_selector("[data-replay][data-ready]")
    page.keyboard.press("ArrowRight")
    assert page.locator("[data-part=scrub]").input_value() == "1"
    expect(page.locator("[data-part=full]")).to_be_in_viewport(ratio=1)
