"""The pages and the API of PSRO runs."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from mate import Team
from portal.forms.offering import SHOWN
from portal.models import ApiToken
from portal.people.quotas import list_usage
from tests.portal.markup import flatten
from tests.tournament.conftest import invent_episode
from tournament import entries, organising, psro_runs
from tournament.meta_solvers import META_SOLVERS
from tournament.models import Agent, BlockState, Episode, PsroPhase, PsroRun, PsroState, Scenario, Tournament
from tournament.payoffs import Episodes, MetaGame
from tournament.psro import accounts
from tournament.trainings import TrainingRequest, TrainingSettings, create_training
from training import configuration

Call = Callable[..., Client]
Visit = Callable[..., Client]
TRAINING = {"algorithm": "mappo", "steps": 10_000}
BEST_RESPONSE = TrainingSettings(**TRAINING)


@pytest.fixture
def scenario(db: None) -> Scenario:
    entries.register_builtin_agents()
    return entries.register_scenario("MATE-2v4-0")


@pytest.fixture
def token(alice: User) -> dict[str, str]:
    return {"Authorization": f"Bearer {ApiToken.issue(alice, 'test')[1]}"}


@pytest.fixture
def run(scenario: Scenario, alice: User) -> PsroRun:
    """A run of three iterations, whose best responses are the built-in agents."""
    agents = {(row.team, row.spec["name"]): row for row in entries.register_builtin_agents()}
    made = psro_runs.create_run(psro_runs.PsroRequest(
        "Growing", scenario, [agents["camera", "random"]], [agents["target", "random"]], BEST_RESPONSE, BEST_RESPONSE,
        iterations=2, owner=alice,
    ))  # fmt: skip
    rng = np.random.default_rng(5)
    whole, errors = rng.normal(size=(3, 3)), np.full((3, 3), 0.02)
    names = ["random", "naive", "greedy"]
    earlier = None
    for number in range(3):
        size = number + 1
        pools = [tuple(agents[team, name].digest for name in names[:size]) for team in Team]
        game = MetaGame(pools[0], pools[1], whole[:size, :size], errors[:size, :size], np.full((size, size), 10))
        strategies = np.full(size, 1 / size), np.full(size, 1 / size)
        made.iterations.create(
            number=number, phase=PsroPhase.SOLVED, solved=timezone.now(),
            camera=agents["camera", names[number]] if number else None,
            target=agents["target", names[number]] if number else None,
            table=accounts.PsroGame.of(game, np.full((size, size), 0.5)).to_json(),
            camera_strategy=strategies[0].tolist(), target_strategy=strategies[1].tolist(),
            figures=accounts.figures(game, strategies, earlier),
        )  # fmt: skip
        earlier = strategies
    return made


def asked(**changes: Any) -> dict[str, Any]:
    return {
        "name": "By program", "scenario": "mate-2v4-0", "camera_training": TRAINING, "target_training": TRAINING,
    } | changes  # fmt: skip


def post(client: Client, path: str, token: dict[str, str], body: Any = None) -> Any:
    return client.post(f"/api/v1{path}", body, content_type="application/json", headers=token)


def test_a_program_starts_a_run(client: Client, scenario: Scenario, token: dict[str, str]) -> None:
    answer = post(client, "/psro", token, asked(meta_solver="uniform", iterations=3))
    assert answer.status_code == 201, answer.json()
    assert (answer.json()["state"], answer.json()["iterations_wanted"]) == ("running", 3)
    assert client.get(f"/api/v1/psro/{answer.json()['id']}").json()["meta_solver"] == "uniform"


def test_all_that_is_wrong_with_a_request_is_told(client: Client, scenario: Scenario, token: dict[str, str]) -> None:
    wrong = asked(meta_solver="coin", camera_training=TRAINING | {"hyperparameters": {"gamma": 9}})
    answer = post(client, "/psro", token, wrong)
    assert answer.status_code == 409
    error = answer.json()["error"]
    assert error["where"] == "meta_solver"
    assert "meta_solver: 'coin' is unknown" in error["message"]
    assert "camera_gamma: gamma is 9" in error["message"]
    assert not PsroRun.objects.exists()


def test_starting_one_needs_a_token(client: Client, scenario: Scenario) -> None:
    assert post(client, "/psro", {}, asked()).status_code == 401


def test_a_program_reads_the_table_of_an_iteration(client: Client, run: PsroRun) -> None:
    table = client.get(f"/api/v1/psro/{run.pk}/iterations/1").json()
    assert [member["name"] for member in table["cameras"]] == ["Random", "Naive"]
    assert np.array(table["payoff"]).shape == (2, 2)
    missing = client.get(f"/api/v1/psro/{run.pk}/iterations/9")
    assert missing.status_code == 404
    assert missing.json()["error"]["message"] == "There is no such solved iteration here."


def test_the_export_has_a_folder_for_every_iteration_of_both_players(client: Client, run: PsroRun) -> None:
    answer = client.get(f"/api/v1/psro/{run.pk}/export")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = archive.namelist()
    folder = "NE-camera.MAPPO-vs.-target.MAPPO"
    assert f"{folder}/camera/00002/payoff.txt" in names
    assert f"{folder}/target/00001/exploitability.txt" in names
    assert f"{folder}/camera/00002/exploitability.txt" not in names  # it becomes known one iteration later


def test_only_the_owner_changes_a_run(client: Client, run: PsroRun, token: dict[str, str], bob: User) -> None:
    other = {"Authorization": f"Bearer {ApiToken.issue(bob, 'test')[1]}"}
    assert post(client, f"/psro/{run.pk}/pause", other).status_code == 403
    assert post(client, f"/psro/{run.pk}/pause", token).json()["state"] == "paused"
    assert post(client, f"/psro/{run.pk}/resume", token).json()["state"] == "running"
    assert post(client, f"/psro/{run.pk}/extend", token, {"iterations": 2}).json()["iterations_wanted"] == 4
    assert post(client, f"/psro/{run.pk}/cancel", token).json()["state"] == "cancelled"


def test_anybody_forks_a_run(client: Client, run: PsroRun, bob: User) -> None:
    other = {"Authorization": f"Bearer {ApiToken.issue(bob, 'test')[1]}"}
    answer = post(client, f"/psro/{run.pk}/fork", other, {"name": "Mine", "number": 1, "meta_solver": "self-play"})
    assert answer.status_code == 201, answer.json()
    assert (answer.json()["owner"], len(answer.json()["iterations"])) == ("bob", 2)


def test_the_page_shows_populations_strategies_and_payoffs(visit: Visit, run: PsroRun, alice: User) -> None:
    text = flatten(visit(alice).get(reverse("psro_run", args=[run.pk])).content.decode())
    assert "A lower bound: within trained responses." in text
    assert text.count('class="areas"') == 2
    assert "Payoffs of iteration 2" in text
    assert 'id="extend"' in text and 'id="fork"' in text


def test_an_earlier_iterations_payoffs_are_shown_on_request(visit: Visit, run: PsroRun, alice: User) -> None:
    answer = visit(alice).get(reverse("psro_run", args=[run.pk]), {"iteration": "1"})
    assert len(answer.context["payoffs"]["payoff"]) == 2


def test_the_scrubber_takes_an_iterations_strategies_and_payoffs_from_the_page(client: Client, run: PsroRun) -> None:
    headers = {"HX-Request": "true", "HX-Target": "iteration"}
    text = client.get(reverse("psro_run", args=[run.pk]), {"iteration": "1"}, headers=headers).content.decode()
    assert "Payoffs of iteration 1" in text and "Share in iteration 1" in text and 'class="payoff-map"' in text
    assert text.count('class="shown"') >= 2, "the pictures mark the iteration"


def test_a_visitor_sees_no_buttons(client: Client, run: PsroRun) -> None:
    text = client.get(reverse("psro_run", args=[run.pk])).content.decode()
    assert "Extend<" not in text and "Cancel run" not in text


def test_the_form_starts_a_run(visit: Visit, alice: User, scenario: Scenario) -> None:
    browser = visit(alice)
    form = browser.get(reverse("psro_create")).context["form"]
    values = {name: form[name].value() for name in form.fields}
    values = {name: value for name, value in values.items() if value not in (None, "")} | {"name": "From the form"}
    answer = browser.post(reverse("psro_create"), values | {"scenario": scenario.slug})
    made = PsroRun.objects.get()
    assert answer["Location"] == reverse("psro_run", args=[made.pk])
    assert (made.name, made.owner, made.camera_training["algorithm"]) == ("From the form", alice, "hrl-mappo")
    assert made.camera_training["hyperparameters"] == {}


def test_the_form_and_the_page_tell_what_the_meta_solvers_do(
    visit: Visit, alice: User, scenario: Scenario, run: PsroRun
) -> None:
    browser = visit(alice)
    form = browser.get(reverse("psro_create")).content.decode()
    page = browser.get(reverse("psro_run", args=[run.pk])).content.decode()
    for solver in META_SOLVERS.values():
        assert f'value="{solver.name}"' in form and solver.title in form and escape(solver.explanation) in form
        assert f'value="{solver.name}"' in page
    assert escape(META_SOLVERS["nash"].explanation) in page


def test_another_preset_changes_what_goes_with_it_and_keeps_the_rest(
    visit: Visit, alice: User, scenario: Scenario
) -> None:
    greedy = Agent.objects.get(slug="greedy-camera")
    asked = {"camera_preset": "upstream", "cameras": greedy.pk, "meta_solver": "uniform", "name": "Kept"}
    form = visit(alice).get(reverse("psro_create"), asked, headers={"HX-Request": "true"}).context["form"]
    assert list(form["cameras"].value()) == [greedy.pk]
    assert (form["name"].value(), form["meta_solver"].value(), form["is_warm"].value()) == ("Kept", "uniform", False)
    assert form["camera_steps"].value() == configuration.STEPS["upstream"]["camera"]


def test_the_form_puts_reasons_beside_their_fields(visit: Visit, alice: User, scenario: Scenario) -> None:
    answer = visit(alice).post(reverse("psro_create"), {"scenario": scenario.slug, "name": "", "iterations": "-1"})
    assert answer.status_code == 400
    assert {"name", "iterations", "cameras"} <= answer.context["form"].errors.keys()
    page = answer.content.decode()
    for wrong in ("name", "iterations", "cameras"):
        assert f'<a href="#id_{wrong}">' in page and f'id="id_{wrong}"' in page


def respond(run: PsroRun, payoff: Any, reward: float | None = None) -> PsroRun:
    """Let the run have one iteration whose responses, the second row and column, have these payoffs, or episodes
    that are all alike.
    """
    last = run.iterations.get(number=1)
    payoff = np.asarray(payoff, dtype=float)
    game = MetaGame(("c", "d"), ("t", "u"), payoff, np.full((2, 2), 0.02), np.full((2, 2), 10))
    if reward is not None:
        camera, target, number = (axis.ravel() for axis in np.indices((2, 2, 4)))
        episodes = Episodes(camera, target, 4 * target + number, np.full(16, reward))
        game = MetaGame.from_episodes(game.cameras, game.targets, episodes)
    first = np.array([1.0, 0.0])
    last.figures = accounts.figures(game, (first, first), (first[:1], first[:1]))
    last.save()
    run.iterations.filter(number=2).delete()
    return run


def row_of(client: Client, run: PsroRun) -> str:
    """Return the table's row of iteration 1 with collapsed spaces."""
    page = client.get(reverse("psro_run", args=[run.pk])).content.decode()
    return " ".join(page[page.index("<tbody>") : page.index("</tbody>")].split())


def test_an_iteration_whose_responses_failed_is_not_said_to_have_reached_zero(client: Client, run: PsroRun) -> None:
    row = row_of(client, respond(run, [[0.0, 0.5], [-0.5, 0.0]]))
    assert "0.000 to 0.000" not in row and row.count("response failed") == 2
    assert "at least 0.000" in row and "no upper limit" in row


def test_an_iteration_of_which_one_response_failed_has_no_upper_limit(client: Client, run: PsroRun) -> None:
    row = row_of(client, respond(run, [[0.0, 0.5], [0.5, 0.0]]))
    assert row.count("response failed") == 1 and "no upper limit" in row and "at least 0.4" in row


def test_episodes_that_do_not_differ_have_no_interval(client: Client, run: PsroRun) -> None:
    row = row_of(client, respond(run, np.zeros((2, 2)), reward=0.0))
    assert "no interval" in row and "0.000 to 0.000" not in row and row.count("its episodes do not differ") == 2


def test_programs_are_told_what_a_gain_shows(client: Client, run: PsroRun) -> None:
    respond(run, [[0.0, 0.5], [-0.5, 0.0]])
    figures = client.get(f"/api/v1/psro/{run.pk}").json()["iterations"][1]["figures"]
    assert figures["camera_gain"]["verdict"] == "failed"
    assert figures["nash_conv_interval"] == [0.0, None]


@pytest.mark.parametrize("state", PsroState.values)
def test_the_page_can_be_seen_in_every_state(visit: Visit, run: PsroRun, alice: User, state: str) -> None:
    PsroRun.objects.filter(pk=run.pk).update(state=state, reason="Because.")
    assert visit(alice).get(reverse("psro_run", args=[run.pk])).status_code == 200


def test_the_list_names_every_run(client: Client, run: PsroRun) -> None:
    assert "Growing" in client.get(reverse("psro_runs")).content.decode()


def test_buttons_do_what_they_say(visit: Visit, run: PsroRun, alice: User, bob: User) -> None:
    address = reverse("psro_act", args=[run.pk, "pause"])
    assert visit(bob).post(address).status_code == 403
    visit(alice).post(address)
    run.refresh_from_db()
    assert run.state == PsroState.PAUSED


@pytest.fixture
def anytime(run: PsroRun) -> PsroRun:
    """The run as one of anytime PSRO, whose last iteration had two rounds."""
    PsroRun.objects.filter(pk=run.pk).update(kind="anytime", rounds=2)
    last = run.iterations.get(number=2)
    for number, share in ((1, [0.2, 0.3, 0.5]), (2, [0.0, 0.25, 0.75])):
        trainings = {
            f"{team}_training": create_training(
                TrainingRequest(
                    f"{team} {number}", run.scenario, team, "mappo", opponent=getattr(run, f"{team.opponent}s").get()
                )
            )
            for team in Team
        }
        gains = {"camera_gains": [0.1, 0.2, 0.4], "target_gains": [-0.2, 0.0, -0.4]}
        strategies = {"camera_strategy": share, "target_strategy": share}
        last.rounds.create(number=number, is_over=True, **trainings, **gains, **strategies)
    run.refresh_from_db()
    return run


def test_a_program_starts_a_run_of_anytime_psro(client: Client, scenario: Scenario, token: dict[str, str]) -> None:
    answer = post(client, "/psro", token, asked(kind="anytime", rounds=3))
    assert answer.status_code == 201, answer.json()
    assert (answer.json()["kind"], answer.json()["rounds"]) == ("anytime", 3)
    refused = post(client, "/psro", token, asked(kind="sideways", rounds=0)).json()["error"]["message"]
    assert "kind: 'sideways' is unknown" in refused and "rounds: 0 were requested" in refused


def test_the_page_shows_the_rounds_of_anytime_psro(client: Client, anytime: PsroRun) -> None:
    text = flatten(client.get(reverse("psro_run", args=[anytime.pk])).content.decode())
    assert "Rounds of iteration 2" in text and "0.0 %, 25.0 %, 75.0 %" in text
    assert "Anytime PSRO, 2 rounds in each iteration" in text and "it does not increase" in text
    rounds = client.get(f"/api/v1/psro/{anytime.pk}").json()["iterations"][2]["rounds"]
    assert [one["camera_strategy"] for one in rounds] == [[0.2, 0.3, 0.5], [0.0, 0.25, 0.75]]


def test_a_nash_conv_surely_above_an_earlier_one_is_marked(client: Client, anytime: PsroRun) -> None:
    for number, interval in ((1, [0.1, 0.2]), (2, [0.3, 0.4])):
        row = anytime.iterations.get(number=number)
        row.figures |= {"nash_conv": sum(interval) / 2, "nash_conv_interval": interval}
        row.save()
    page = client.get(reverse("psro_run", args=[anytime.pk])).content.decode()
    assert page.count('<span class="badge warn">increased</span>') == 1


def test_a_run_that_changes_its_strategies_says_which_round_it_is_in(client: Client, anytime: PsroRun) -> None:
    anytime.iterations.filter(number=2).update(phase=PsroPhase.REFINING)
    anytime.iterations.get(number=2).rounds.filter(number=2).update(is_over=False)
    text = flatten(client.get(reverse("psro_run", args=[anytime.pk])).content.decode())
    assert "Iteration 2: round 2 of 2 changes the strategies" in text and "target 2" in text


def test_the_form_starts_anytime_psro(visit: Visit, alice: User, scenario: Scenario) -> None:
    browser = visit(alice)
    form = browser.get(reverse("psro_create"), {"kind": "anytime", "rounds": "6"}).context["form"]
    values = {name: form[name].value() for name in form.fields}
    values = {name: value for name, value in values.items() if value not in (None, "")} | {"name": "From the form"}
    browser.post(reverse("psro_create"), values | {"scenario": scenario.slug})
    made = PsroRun.objects.get()
    assert (made.kind, made.rounds) == ("anytime", 6)
    again = browser.get(reverse("psro_create"), {"like": made.pk}).context["form"]
    assert (again["kind"].value(), int(again["rounds"].value())) == ("anytime", 6)


@pytest.fixture
def pair(run: PsroRun) -> tuple[PsroRun, PsroRun]:
    """Two finished runs of the same populations."""
    run.name = "First"
    run.save()
    other = psro_runs.fork_run(run, psro_runs.ForkRequest("Second", 2))
    PsroRun.objects.update(state=PsroState.FINISHED)
    for one in (run, other):
        one.refresh_from_db()
    return run, other


def test_two_runs_head_to_head_from_the_page(
    visit: Visit, client: Client, pair: tuple[PsroRun, PsroRun], alice: User
) -> None:
    address, asked = reverse("psro_compare"), {"first": pair[0].pk, "second": pair[1].pk}
    text = flatten(client.get(address, asked).content.decode())
    assert "Not known yet" in text and "Play missing episodes" not in text
    assert reverse("sign_in") in client.post(reverse("psro_compare_play"), asked)["Location"]
    browser = visit(alice)
    answer = browser.post(reverse("psro_compare_play"), asked)
    assert answer.status_code == 302 and "Follow the tournament" in browser.get(answer["Location"]).content.decode()
    played = Tournament.objects.get(purpose="psro")
    random = np.random.default_rng(3)
    for block in played.blocks.select_related("pairing"):
        rows = [invent_episode(block.pairing, seed, float(random.uniform(0.4, 0.5))) for seed in block.seeds]
        Episode.objects.bulk_create(rows, ignore_conflicts=True)
    played.blocks.update(state=BlockState.DONE)
    organising.finish_if_complete(played)
    text = flatten(browser.get(answer["Location"]).content.decode())
    assert "The episodes do not show that either run's strategies are better." in text
    assert "Advantage of First: +0.000 (+0.000 to +0.000)" in text or "Advantage of First: 0.000" in text


def test_two_runs_head_to_head_for_programs(
    client: Client, pair: tuple[PsroRun, PsroRun], token: dict[str, str]
) -> None:
    path = f"/psro/{pair[0].pk}/against/{pair[1].pk}"
    assert client.get(f"/api/v1{path}").json()["payoffs"] is None
    assert post(client, path, {}).status_code == 401
    made = post(client, path, token).json()
    assert made["tournament"] and made["advantage"] is None and made["leader"] is None
    itself = client.get(f"/api/v1/psro/{pair[0].pk}/against/{pair[0].pk}")
    assert itself.status_code == 409 and "itself" in itself.json()["error"]["message"]


def test_a_head_to_head_counts_against_the_quotas_of_its_user(
    visit: Visit, call: Call, pair: tuple[PsroRun, PsroRun], alice: User, settings: Any
) -> None:
    settings.ARENA_QUOTAS = "tournaments=0"
    browser, program = visit(alice), call(alice)
    asked = {"first": pair[0].pk, "second": pair[1].pk}
    page = browser.post(reverse("psro_compare_play"), asked, follow=True).content.decode()
    assert "You would have 1 unfinished tournaments with this; one user may have 0." in page
    path = f"/api/v1/psro/{pair[0].pk}/against/{pair[1].pk}"
    settings.ARENA_QUOTAS = "episodes=3"
    refused = program.post(path, {}, content_type="application/json")
    assert refused.status_code == 409 and "one user may have 3. Ask for fewer" in refused.json()["detail"]
    assert not Tournament.objects.filter(owner=alice).exists()
    settings.ARENA_QUOTAS = "tournaments=1"
    assert program.post(path, {}, content_type="application/json").status_code == 200
    assert {row["name"]: row["used"] for row in list_usage(alice)}["tournaments"] == 1


def test_a_pair_that_cannot_be_compared_is_told_why(client: Client, run: PsroRun) -> None:
    answer = client.get(reverse("psro_compare"), {"first": run.pk, "second": run.pk})
    assert answer.status_code == 400 and "not finished" in answer.content.decode()


def test_of_many_runs_few_are_offered_and_others_are_found(client: Client, pair: tuple[PsroRun, PsroRun]) -> None:
    first, _second = pair
    kept = {field.attname: getattr(first, field.attname) for field in PsroRun._meta.concrete_fields}
    for name in ("id", "created"):
        del kept[name]
    PsroRun.objects.bulk_create(PsroRun(**kept | {"name": f"Sweep {number}"}) for number in range(SHOWN))
    address = reverse("psro_compare")
    assert f'value="{first.pk}"' not in client.get(address).content.decode()
    for asked in ({"find_second": "FIRS"}, {"second": first.pk}):
        assert f'value="{first.pk}"' in client.get(address, asked).content.decode()
    found = client.get(reverse("psro_pick"), {"search": "firs", "scenario": first.scenario.slug}).content.decode()
    assert f'data-value="{first.pk}"' in found and "Sweep" not in found
    elsewhere = client.get(reverse("psro_pick"), {"search": "firs", "scenario": "mate-8v8-9"}).content.decode()
    assert "No run matches." in elsewhere
