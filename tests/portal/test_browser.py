"""The website in a real browser: what scripts do, and how pages fit on screens."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from portal import recordings
from tests.portal.conftest import PASSWORD, Open
from tournament.models import Agent, Episode, Pairing, Scenario, Tournament, Upload, UploadState

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
expect: Any = pytest.importorskip("playwright.sync_api").expect


def sign_in(open_page: Open, user: User) -> None:
    page = open_page(reverse("sign_in"))
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("summary", has_text=f"Account of {user.username}")).to_be_visible()


@pytest.fixture
def shown(open_page: Open, real_episode: Episode, real_replay: bytes) -> Any:
    """The page of a replay whose file exists, ready to play."""
    recordings.path_of(real_episode, "record").write_bytes(real_replay)
    page = open_page(reverse("replay", args=[real_episode.pk]))
    page.wait_for_selector("[data-replay][data-ready]")
    return page


def step_of(page: Any) -> int:
    return int(page.locator("[data-part=scrub]").input_value())


def wait_until(page: Any, is_so: Callable[[], bool], tries: int = 200) -> None:
    """Poll a condition. (Playwright's own method evaluates code in the page, which the pages' policy forbids.)"""
    for _ in range(tries):
        if is_so():
            return
        page.wait_for_timeout(50)
    raise AssertionError("It did not come to that.")


def test_a_click_on_the_heat_map_leads_to_the_pairing(open_page: Open, played: Tournament, pairing: Pairing) -> None:
    page = open_page(reverse("leaderboard", args=["mate-2v4-0"]))
    page.wait_for_selector("[data-heatmap][data-ready]")
    cell = page.locator(".payoff-map .cell").first
    cell.hover()
    expect(page.locator("[data-readout]")).to_contain_text("3 episodes")
    cell.click()
    page.wait_for_url(f"**{reverse('pairing', args=[pairing.pk])}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Greedy vs Greedy")


def test_the_table_below_the_heat_map_leads_there_by_keyboard(
    open_page: Open, played: Tournament, pairing: Pairing
) -> None:
    page = open_page(reverse("leaderboard", args=["mate-2v4-0"]))
    page.get_by_text("The same as a table").press("Enter")
    page.locator(f"table.matrix a[href='{reverse('pairing', args=[pairing.pk])}']").press("Enter")
    page.wait_for_url(f"**{reverse('pairing', args=[pairing.pk])}")


def test_a_replay_plays_and_pauses(shown: Any) -> None:
    shown.get_by_role("button", name="Play").click()
    wait_until(shown, lambda: step_of(shown) > 20)
    shown.get_by_role("button", name="Pause").click()
    stopped = step_of(shown)
    shown.wait_for_timeout(200)
    assert step_of(shown) == stopped


def test_a_replay_is_stepped_and_jumped_by_keyboard(shown: Any, real_episode: Episode) -> None:
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft", "Shift+ArrowRight"):
        shown.keyboard.press(key)
    assert step_of(shown) == 12
    shown.keyboard.press("End")
    assert step_of(shown) == real_episode.steps
    shown.keyboard.press("Home")
    assert step_of(shown) == 0
    shown.keyboard.press("+")
    expect(shown.locator("[data-part=speed]")).to_have_value("2")
    shown.keyboard.press("Space")
    expect(shown.get_by_role("button", name="Pause")).to_be_visible()


def test_a_replay_is_scrubbed_and_its_figures_follow(shown: Any, real_episode: Episode) -> None:
    shown.locator("[data-part=scrub]").fill(str(real_episode.steps))
    expect(shown.locator("[data-fact=delivered]")).to_have_text(str(real_episode.delivered))
    reward = f"{real_episode.target_reward:,.0f}".replace("-", "−")
    expect(shown.locator("[data-fact=targetReward]")).to_have_text(reward)
    expect(shown.locator("[data-fact=meanCoverage]")).to_have_text(f"{100 * real_episode.coverage:.1f} %")
    expect(shown.locator("[data-fact=transport]")).to_have_text(f"{100 * real_episode.transport:.1f} %")


def test_a_replay_opens_at_the_step_of_its_address(open_page: Open, shown: Any, real_episode: Episode) -> None:
    shown.locator("[data-part=scrub]").fill("123")
    wait_until(shown, lambda: shown.url.endswith("#t=123"))
    shown.reload()
    shown.wait_for_selector("[data-replay][data-ready]")
    assert step_of(shown) == 123


def test_a_replay_is_told_in_words(shown: Any) -> None:
    expect(shown.locator("[data-part=spoken]")).to_have_text(re.compile(r"Step 0: \d of 4 targets are seen, by"))


def test_a_replay_is_drawn(shown: Any) -> None:
    """Where the first camera stands there is neither ground nor its shadow."""
    colours = shown.evaluate(
        """() => {
          const canvas = document.querySelector('[data-part=canvas]'),
            {replay} = document.querySelector('[data-replay]').viewer;
          const scale = Math.min(canvas.width, canvas.height) / 2100;
          const at = (x, y) => [...canvas.getContext('2d').getImageData(
            canvas.width / 2 + x * scale, canvas.height / 2 - y * scale, 1, 1).data].join();
          const camera = replay.cameras[0];
          return [at(-1040, 0), at(camera.x, camera.y), at(-900, 900)];
        }"""
    )
    assert len(set(colours)) == 3


def test_a_downloaded_replay_is_the_file(shown: Any, real_replay: bytes) -> None:
    with shown.expect_download() as download:
        shown.locator("summary[aria-label=Export]").click()
        shown.get_by_role("link", name="Download the replay").click()
    assert Path(download.value.path()).read_bytes() == real_replay


def test_the_reducer_and_the_format_keep_their_promises(shown: Any) -> None:
    outcome = shown.evaluate(
        """async () => {
          const {start, reduce, frameOf} = await import('/static/portal/replay/player.js');
          const {read} = await import('/static/portal/replay/format.js');
          const after = (...actions) => actions.reduce(reduce, start(100));
          const refused = async (bytes) => {
            try { await read(new Uint8Array(bytes).buffer); return 'read'; } catch (error) { return error.message; } };
          return {
            clamps: frameOf(after({type: 'seek', frame: 1000})),
            below: frameOf(after({type: 'step', by: -5})),
            nothing: frameOf(after({type: 'seek', frame: NaN})),
            halfSecond: frameOf(after({type: 'play'}, {type: 'speed', value: 2}, {type: 'tick', seconds: 0.5})),
            stopsAtTheEnd: after({type: 'play'}, {type: 'tick', seconds: 60}).playing,
            startsOver: frameOf(after({type: 'seek', frame: 100}, {type: 'play'})),
            stepPauses: after({type: 'play'}, {type: 'step', by: 1}).playing,
            fastest: after(...Array(20).fill({type: 'faster'})).speed,
            slowest: after(...Array(20).fill({type: 'slower'})).speed,
            unknown: after({type: 'dance'}).position,
            noReplay: await refused([1, 2, 3]),
            other: await refused([77, 65, 84, 69, 82, 80, 76, 89, 255, 0, 0, 0]),
          };
        }"""
    )
    assert outcome == {
        "clamps": 100, "below": 0, "nothing": 0, "halfSecond": 60, "stopsAtTheEnd": False, "startsOver": 0,
        "stepPauses": False, "fastest": 64, "slowest": 0.25, "unknown": 0,
        "noReplay": "This is not a replay file.", "other": "The replay is cut short.",
    }  # fmt: skip


def test_the_browser_decodes_what_python_decodes(shown: Any, real_replay: bytes) -> None:
    from tournament import replays

    columns = replays.read(real_replay).columns
    last = len(columns["target_location"]) - 1
    decoded = shown.evaluate(
        """(last) => {
          const {columns} = document.querySelector('[data-replay]').viewer.replay;
          return Object.fromEntries(Object.entries(columns).map(([name, column]) =>
            [name, Array.from({length: column.series}, (_, s) => column.at(Math.min(last, column.length - 1), s))]));
        }""",
        last,
    )
    assert set(decoded) == set(columns)
    for name, values in decoded.items():
        expected = columns[name][min(last, len(columns[name]) - 1)].reshape(-1)
        assert values == pytest.approx([float(value) for value in expected], abs=1e-6), name


def test_the_browser_reads_who_told_whom_what(shown: Any, real_replay: bytes) -> None:
    from tournament import replays

    replay = replays.read(real_replay)
    lines, used = replay.columns["camera_message_lines"], replay.columns["camera_messages"]
    kinds = replay.header["facts"]["message_kinds"]
    read = shown.evaluate(
        """(last) => {
          const {replay} = document.querySelector('[data-replay]').viewer;
          return Array.from({length: last + 1}, (_, t) => replay.messages(t).filter(({team}) => team === 'camera'));
        }""",
        replay.num_steps,
    )
    expected = [
        [dict(zip(("team", "sender", "recipient", "kind"), ("camera", *line[:2], kinds[str(line[2])]), strict=True))
         for line in lines[arrived].tolist()]
        for arrived in used
    ]  # fmt: skip
    assert read == [[], *expected]
    assert {message["kind"] for messages in read for message in messages} == {"state", "sightings"}


def test_an_upload_is_followed_live(open_page: Open, alice: User, agents: dict[str, Agent]) -> None:
    steps = [{"name": "Read the archive", "status": "running", "detail": ""}]
    upload = Upload.objects.create(
        owner=alice, filename="policy.zip", size=3, sha256="0" * 64, state=UploadState.CHECKING, steps=steps
    )
    page = open_page(reverse("upload", args=[upload.pk]))
    expect(page.locator(".steps li.running")).to_contain_text("Read the archive")
    steps = [steps[0] | {"status": "ok"}, {"name": "Recognise", "status": "failed", "detail": "It is a text."}]
    Upload.objects.update(state=UploadState.REFUSED, reason="It is no checkpoint.", steps=steps)
    expect(page.locator(".notice.error")).to_contain_text("It is no checkpoint.")
    expect(page.locator(".steps li.failed")).to_contain_text("It is a text.")


def test_a_file_that_is_too_large_is_told_before_it_is_sent(
    open_page: Open, alice: User, settings: Any, tmp_path: Path
) -> None:
    settings.ARENA_UPLOAD_LIMIT = 1024 * 1024
    sign_in(open_page, alice)
    page = open_page(reverse("upload_create"))
    large = tmp_path / "large.zip"
    large.write_bytes(os.urandom(1024 * 1024 + 1))
    page.get_by_label("Checkpoint file").set_input_files(large)
    expect(page.get_by_role("alert")).to_contain_text("accepts at most 1 MiB")
    page.get_by_role("button", name="Upload checkpoint").click()
    assert page.url.endswith(reverse("upload_create"))


def test_a_newcomer_signs_up_uploads_and_starts_a_tournament(
    open_page: Open, scenario: Scenario, agents: dict[str, Agent], tmp_path: Path
) -> None:
    page = open_page(reverse("tournament_create"))
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Username").fill("carol")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password confirmation").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("New tournament")
    page.get_by_role("group", name="Targets").get_by_label("Random").uncheck()
    page.get_by_label("Episodes a pairing").fill("3")
    expect(page.locator("#estimate")).to_contain_text("36 episodes")
    page.get_by_role("button", name="Start tournament").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("MATE-2v4-0 round robin")
    expect(page.locator("#progress")).to_contain_text("0 of 36 episodes")
    assert Tournament.objects.get().owner.username == "carol"
    page = open_page(reverse("upload_create"))
    checkpoint = tmp_path / "mine.zip"
    checkpoint.write_bytes(b"not really")
    page.get_by_label("Checkpoint file").set_input_files(checkpoint)
    page.get_by_role("button", name="Upload checkpoint").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("mine.zip")


def test_the_theme_is_kept(open_page: Open, db: None) -> None:
    page = open_page("/help/")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    page.get_by_role("button", name="Switch between light and dark").click()
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_the_keyboard_reaches_the_content_first(open_page: Open, db: None) -> None:
    page = open_page("/help/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_the_reference_of_the_api_leads_from_an_operation_to_its_schemas(open_page: Open, db: None) -> None:
    page = open_page("/api/v1/docs")
    operation = page.locator(".operation", has_text="Start a tournament").first
    operation.locator("summary").click()
    expect(operation.get_by_text("curl -X POST")).to_be_visible()
    operation.get_by_role("link", name="TournamentDetailOut").click()
    expect(page.locator("#schema-TournamentDetailOut")).to_be_visible()  # Its part has been unfolded.


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_is_wider_than_a_phone(
    open_page: Open, page: Any, alice: User, real_episode: Episode, real_replay: bytes, played: Tournament, theme: str
) -> None:
    recordings.path_of(real_episode, "record").write_bytes(real_replay)
    Agent.objects.filter(slug="random-camera").update(
        name="NE-camera.HRL-MAPPO-vs.-target.MAPPO camera mixture of iteration 2"
    )
    page.emulate_media(color_scheme=theme)
    sign_in(open_page, alice)
    page.set_viewport_size({"width": 360, "height": 740})
    for address in (
        "/", "/leaderboards/mate-2v4-0/", "/agents/", "/agents/greedy-camera/", "/tournaments/new/", "/uploads/new/",
        f"/tournaments/{played.pk}/", f"/pairings/{real_episode.pairing_id}/", f"/episodes/{real_episode.pk}/",
        "/status/", "/help/", "/account/", "/tournaments/", "/uploads/", "/schedules/", "/training/", "/training/new/",
        "/psro/", "/psro/new/", "/api/v1/docs",
    ):  # fmt: skip
        open_page(address)
        page.wait_for_load_state()
        page.wait_for_timeout(150)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, f"{address} is {width} pixels wide"
        assert page.evaluate("document.documentElement.dataset.theme") == theme
