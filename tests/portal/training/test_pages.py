"""Trainings on the website and by API: started, followed, paused, extended, cancelled; errors stand at their fields."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.templatetags.arena import signed
from tests.portal.markup import flatten
from tests.portal.training.conftest import fields
from tournament import entries, measuring, trainings
from tournament.models import Agent, Milestone, Scenario, Tournament, TrainingPoint, TrainingRun, TrainingState, Worker
from training import installed

Visit = Callable[..., Client]
Call = Callable[..., Client]
HTMX = {"HX-Request": "true"}
V1 = "/api/v1"


# Asking for one


def test_a_user_asks_for_a_training(visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]) -> None:
    asked = fields(agents, hyperparameter_gamma="0.95", hyperparameter_hidden_sizes="32, 16")
    answer = visit(alice).post(reverse("training_create"), asked)
    run = TrainingRun.objects.get()
    assert answer["Location"] == reverse("training", args=[run.pk])
    assert (run.owner, run.name, run.seed, run.steps_wanted) == (alice, "Learner", 7, 5000)
    assert run.configuration["hyperparameters"]["gamma"] == 0.95
    assert run.configuration["hyperparameters"]["hidden_sizes"] == [32, 16]


def test_a_schedule_is_written_as_points(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    visit(alice).post(reverse("training_create"), fields(agents, hyperparameter_learning_rate="0: 0.001, 1: 1e-4"))
    run = TrainingRun.objects.get()
    assert run.configuration["hyperparameters"]["learning_rate"] == [[0.0, 0.001], [1.0, 0.0001]]


def test_what_the_form_shows_is_what_the_form_takes(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    """Sending every field as it is shown changes nothing about the preset."""
    browser = visit(alice)
    for preset, algorithm in (
        ("quick", "hrl-mappo"), ("upstream", "hrl-qmix"), ("quick", "maddpg"), ("upstream", "iql"), ("quick", "i2c"),
    ):  # fmt: skip
        asked = {"preset": preset, "algorithm": algorithm}
        form = browser.get(reverse("training_create"), asked).context["form"]
        shown = {name: form[name].value() for name in form.fields if name.startswith("hyperparameter_")}
        answer = browser.post(
            reverse("training_create"), fields(agents, algorithm=form.algorithm, preset=preset, **shown)
        )
        assert answer.status_code == 302
        run = TrainingRun.objects.latest("pk")
        assert run.configuration["hyperparameters"] == json.loads(json.dumps(form.defaults()))


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"hyperparameter_gamma": "1.5"}, "hyperparameter_gamma", "It is 1.5; it is a number from 0 to 1."),
        ({"hyperparameter_gamma": "nan"}, "hyperparameter_gamma", "from 0 to 1"),
        ({"hyperparameter_coefficient_raw_reward": "9999999"}, "hyperparameter_coefficient_raw_reward",
        "from −1,000,000 to 1,000,000"),
        ({"hyperparameter_passes": "many"}, "hyperparameter_passes", "a whole number from 1 to 100"),
        ({"hyperparameter_hidden_sizes": "64, wide"}, "hyperparameter_hidden_sizes", "whole number"),
        ({"hyperparameter_learning_rate": "0: 1, 2: 3"}, "hyperparameter_learning_rate", "ascend from 0 to 1"),
        ({"hyperparameter_horizon": "10", "hyperparameter_fragment_length": "900"}, "hyperparameter_fragment_length",
        "longer than"),
        ({"steps": "0"}, "steps", "greater than or equal to 1"),
        ({"seed": "-1"}, "seed", "greater than or equal to 0"),
        ({"opponent": ""}, "opponent", "required"),
        ({"evaluation_episodes": "5000"}, "evaluation_episodes", "less than or equal to 1000"),
    ],
)  # fmt: skip
def test_what_is_impossible_is_told_beside_its_field_and_what_was_filled_in_stays(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent], change: dict[str, str], field: str,
    says: str
) -> None:  # fmt: skip
    answer = visit(alice).post(reverse("training_create"), fields(agents, **change))
    assert answer.status_code == 400
    assert says in str(answer.context["form"].errors[field])
    assert f'<a href="#id_{field}">' in answer.content.decode().split('role="alert"')[1]
    assert b'value="Learner"' in answer.content
    assert not TrainingRun.objects.exists()


def test_what_was_chosen_stays_where_it_still_can_when_another_choice_changes_the_form(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    asked = {"team": "camera", "preset": "upstream", "opponent": agents["naive-target"].pk, "cores": 2}
    form = visit(alice).get(reverse("training_create"), asked, headers=HTMX).context["form"]
    assert (form["opponent"].value(), form["cores"].value()) == (str(asked["opponent"]), "2")
    for impossible in ({"team": "target"}, {"opponent": "x"}, {"opponent": "9" * 400}):
        form = visit(alice).get(reverse("training_create"), asked | impossible, headers=HTMX).context["form"]
        assert Agent.objects.get(pk=form["opponent"].value()).name == "Greedy"


def test_an_opponent_of_another_scenario_is_refused_with_both_figures(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent], quartet: Agent
) -> None:
    page = visit(alice).get(reverse("training_create"), {"scenario": "mate-2v4-0"}).content.decode()
    assert f'value="{quartet.pk}"' not in page
    assert visit(alice).post(reverse("training_create"), fields(agents, opponent=quartet.pk)).status_code == 400
    with pytest.raises(trainings.TrainingRefused, match="trained for 4 cameras, and MATE-2v4-0 has 2"):
        trainings.create_training(trainings.TrainingRequest("Learner", scenario, "camera", "mappo", quartet))


def test_more_cores_than_any_machine_has_are_refused(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    Worker.objects.create(name="trainer@here", seen=timezone.now(), trains=True, cores=2)
    answer = visit(alice).post(reverse("training_create"), fields(agents, cores=64))
    assert "no machine that trains has more than 2" in str(answer.context["form"].errors["cores"])


def test_targets_are_offered_what_is_for_targets(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    answer = visit(alice).get(reverse("training_create"), {"team": "target", "algorithm": "hrl-mappo"}, headers=HTMX)
    form = answer.context["form"]
    assert (form.team, form.algorithm) == ("target", "mappo")
    assert {agent.team for agent in form.fields["opponent"].queryset} == {"camera"}
    text = answer.content.decode()
    assert "hrl-mappo" not in text and "<html" not in text


@pytest.mark.parametrize("algorithm", ["mappo", "qmix", "maddpg", "tarmac", "i2c"])
def test_every_hyperparameter_is_offered_with_its_meaning_and_default(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent], algorithm: str
) -> None:
    from training.configuration import HYPERPARAMETERS, defaults

    answer = visit(alice).get(reverse("training_create"), {"algorithm": algorithm})
    text = answer.content.decode()
    for name in defaults("quick", algorithm, "camera"):
        assert f'name="hyperparameter_{name}"' in text
        assert HYPERPARAMETERS[name].meaning[1:30] in text.replace("&#x27;", "'")


def test_an_algorithm_is_explained_in_the_readers_language(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    asked = {"algorithm": "qmix"}
    text = visit(alice).get(reverse("training_create"), asked, headers={"accept-language": "zh-hans"}).content.decode()
    assert "混合网络" in text


def test_a_scenario_that_shows_everything_is_trained_in_as_it_is(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    shown = entries.register_scenario("MATE-2v4-0", "target")
    run = trainings.create_training(
        trainings.TrainingRequest("Learner", shown, "camera", "mappo", agents["greedy-target"])
    )
    assert run.configuration["hyperparameters"]["enhanced_observation"] == "target"


def test_the_time_is_estimated_from_the_last_such_training(visit: Visit, alice: User, learning: TrainingRun) -> None:
    TrainingRun.objects.update(steps_done=50_000, progress={"seconds": 10.0})
    text = visit(alice).get(reverse("training_create"), {"algorithm": "hrl-mappo"}).content.decode()
    assert "5,000 steps a second" in text and "about 33 min" in text
    assert (
        "steps a second here"
        not in visit(alice).get(reverse("training_create"), {"algorithm": "ippo"}).content.decode()
    )


def test_the_matches_of_an_evaluation_are_counted(
    client: Client, learning: TrainingRun, tournament: Tournament
) -> None:
    TrainingRun.objects.update(state=TrainingState.EVALUATING, milestone_tournament=tournament)
    text = client.get(reverse("training", args=[learning.pk])).content.decode()
    assert "being played" in text and "0 of 12 episodes" in text


def test_an_anonymous_visitor_asks_for_none(client: Client, scenario: Scenario, agents: dict[str, Agent]) -> None:
    assert client.post(reverse("training_create"), fields(agents))["Location"].startswith(reverse("sign_in"))
    assert not TrainingRun.objects.exists()


def test_a_portal_without_scenarios_says_so(visit: Visit, alice: User) -> None:
    assert visit(alice).get(reverse("training_create")).status_code == 404


# Following one


def test_everybody_can_read_the_list_and_a_training(client: Client, learning: TrainingRun) -> None:
    assert b"Alice&#x27;s learner" in client.get(reverse("trainings")).content
    text = client.get(reverse("training", args=[learning.pk])).content.decode()
    assert "<strong>500</strong> of 1000 steps" in flatten(text)
    assert "about 5 min left" in text
    assert 'class="chart"' in text and "Milestone of iteration 5" in text
    assert "iteration 5 &lt;done&gt;" in text
    assert "<form" not in text.split("<main")[1].split("</main>")[0]


def test_only_what_changes_is_sent_again(client: Client, learning: TrainingRun) -> None:
    address = reverse("training", args=[learning.pk])
    part = client.get(address, {"state": "training"}, headers=HTMX)
    assert "<html" not in part.content.decode() and "HX-Refresh" not in part
    for name in ("live", "milestones", "figures", "log"):
        assert f'id="{name}"' in part.content.decode()
    TrainingRun.objects.update(state=TrainingState.PAUSED)
    assert client.get(address, {"state": "training"}, headers=HTMX)["HX-Refresh"] == "true"


def test_the_axis_of_the_milestones_intervals_has_its_ends_named(client: Client, learning: TrainingRun) -> None:
    address = reverse("training", args=[learning.pk])
    assert 'class="ends"' not in client.get(address).content.decode()
    Milestone.objects.create(run=learning, iteration=6, steps=600, payoff=-0.5, error=0.1, num_episodes=4)
    least, most = measuring.interval(-0.5, 0.1, 4)
    ends = f"<span>{signed(least)}</span><span>{signed(most)}</span>"
    assert ends in flatten(client.get(address).content.decode())


def test_why_a_training_waits_is_told(client: Client, run: TrainingRun) -> None:
    page = client.get(reverse("training", args=[run.pk])).content.decode()
    assert "No trainer was heard of" in page and "<code>make run</code>" in page and "`" not in page
    Worker.objects.create(name="trainer@here", seen=timezone.now(), trains=True, cores=2)
    TrainingRun.objects.create(
        name="Earlier", scenario=run.scenario, team="camera", algorithm="mappo", preset="quick",
        opponent=run.opponent, steps_wanted=1, state=TrainingState.TRAINING,
    )  # fmt: skip
    text = client.get(reverse("training", args=[run.pk])).content.decode()
    assert "Trainings that run: 1; that wait before this one: 0" in text


def test_a_failure_is_told_in_words_with_what_to_do(visit: Visit, alice: User, learning: TrainingRun) -> None:
    TrainingRun.objects.update(
        state=TrainingState.FAILED, error="The training has diverged. Set a smaller `learning_rate`."
    )
    text = visit(alice).get(reverse("training", args=[learning.pk])).content.decode()
    assert "The training has diverged. Set a smaller" in text
    assert "last state are kept" in text and "Resume" in text


def test_a_finished_training_shows_its_agent_and_how_it_did(
    client: Client, learning: TrainingRun, agents: dict[str, Agent]
) -> None:
    estimate = {"mean": -0.2, "error": 0.01, "low": -0.22, "high": -0.18, "episodes": 80}
    learning.state, learning.agent = TrainingState.FINISHED, agents["heuristic-camera"]
    learning.result = {
        "iteration": 5, "steps": 500, "baseline": "Greedy",
        "against": [{"opponent": "greedy-target", "name": "Greedy", **estimate,
        "gain": {**estimate, "mean": 0.1, "low": 0.05, "high": 0.15}}],
    }  # fmt: skip
    learning.save()
    text = client.get(reverse("training", args=[learning.pk])).content.decode()
    assert "−0.220 to −0.180" in flatten(text) and "+0.050 to +0.150" in flatten(text)
    assert "trained against" in text


def test_trainings_are_compared_over_common_axes(
    client: Client, learning: TrainingRun, agents: dict[str, Agent]
) -> None:
    assert f'name="run" value="{learning.pk}"' in flatten(client.get(reverse("trainings")).content.decode())
    other = TrainingRun.objects.get(pk=learning.pk)
    other.pk, other.seed, other.name = None, 99, "Sister"
    other.save()
    TrainingPoint.objects.bulk_create(
        TrainingPoint(run=other, iteration=i, steps=100 * i, return_mean=3.0 * i) for i in range(1, 6)
    )
    address = reverse("training_compare")
    answer = client.get(address, {"run": [learning.pk, other.pk]})
    chart, _ = answer.context["charts"][0]
    assert [one.label for one in chart.series] == ["Alice's learner", "Sister"]
    assert answer.content.decode().count('class="chart"') == len(answer.context["charts"])
    banded = client.get(address, {"run": [learning.pk, other.pk], "seeds": "band"})
    chart, _ = banded.context["charts"][0]
    assert [one.label for one in chart.series] == ["Alice's learner, 2 seeds"]
    assert chart.series[0].points[0] == (100.0, 2.25) and chart.series[0].band[0] == (100.0, 1.5, 3.0)


@pytest.mark.parametrize("keys", [[], ["x"], ["9" * 30], ["12345"]])
def test_a_comparison_of_no_training_says_so(client: Client, db: None, keys: list[str]) -> None:
    answer = client.get(reverse("training_compare"), {"run": keys})
    assert answer.status_code == 200 and "No training is chosen" in answer.content.decode()


def test_a_training_says_which_phase_it_is_in(client: Client, run: TrainingRun) -> None:
    def current() -> str:
        text = client.get(reverse("training", args=[run.pk])).content.decode()
        return flatten(text).split('aria-current="step">')[1].split("<")[0].strip()

    assert current() == "Waiting for a trainer"
    TrainingRun.objects.update(state=TrainingState.TRAINING)
    assert current() == "Loading Ray and the networks"
    TrainingRun.objects.update(progress={"iteration": 1})
    assert current() == "Training"


def test_a_page_with_a_long_curve_costs_few_queries(
    client: Client, run: TrainingRun, django_assert_max_num_queries: Any
) -> None:
    TrainingPoint.objects.bulk_create(
        TrainingPoint(run=run, iteration=i, steps=i, return_mean=1.0) for i in range(2000)
    )
    with django_assert_max_num_queries(12):
        answer = client.get(reverse("training", args=[run.pk]))
    assert len(answer.content) < 120_000


def test_many_trainings_are_compared_by_their_settings_with_bands_over_seeds_and_thinned_curves(
    client: Client, run: TrainingRun, django_assert_max_num_queries: Any
) -> None:
    """A study's worth of runs at once: 40 runs of two settings are two curves, from few queries and in a small page."""
    copies = {field.attname: getattr(run, field.attname) for field in TrainingRun._meta.concrete_fields}
    del copies["id"]
    runs = [
        TrainingRun.objects.create(**copies | {"seed": seed, "name": algorithm, "algorithm": algorithm})
        for algorithm in ("mappo", "ippo")
        for seed in range(20)
    ]
    TrainingPoint.objects.bulk_create(
        TrainingPoint(run=one, iteration=i, steps=i, return_mean=float(one.seed)) for one in runs for i in range(450)
    )
    address = reverse("training_compare")
    asked = {"run": [one.pk for one in runs]}
    with django_assert_max_num_queries(12):
        banded = client.get(address, asked | {"seeds": "band"})
    [(chart, _told)] = banded.context["charts"]
    assert [one.label for one in chart.series] == ["mappo, 20 seeds", "ippo, 20 seeds"]
    assert all(one.band and len(one.points) <= 400 for one in chart.series)
    with django_assert_max_num_queries(12):
        each = client.get(address, asked)
    assert len(each.context["charts"][0][0].series) == 40 and len(banded.content) < 150_000


# Changing one


def test_the_owner_pauses_resumes_extends_and_cancels(visit: Visit, alice: User, run: TrainingRun) -> None:
    browser = visit(alice)

    def press(action: str, **data: Any) -> str:
        answer = browser.post(reverse("training_act", args=[run.pk, action]), data, follow=True)
        run.refresh_from_db()
        return answer.content.decode()

    press("pause")
    assert run.state == TrainingState.PAUSED
    press("resume")
    assert run.state == TrainingState.WAITING
    assert "1,500 steps" in press("extend", steps="500")
    assert run.steps_wanted == 1500
    press("cancel")
    assert run.state == TrainingState.CANCELLED
    assert "moved on already" in press("pause")


def test_a_training_process_is_asked_to_pause(visit: Visit, alice: User, learning: TrainingRun) -> None:
    browser = visit(alice)
    text = browser.post(reverse("training_act", args=[learning.pk, "pause"]), follow=True).content.decode()
    learning.refresh_from_db()
    assert (learning.state, learning.wanted) == (TrainingState.TRAINING, "pause")
    assert "Pausing" in text and "Do not pause" in text
    browser.post(reverse("training_act", args=[learning.pk, "resume"]))
    learning.refresh_from_db()
    assert learning.wanted == ""


def test_another_user_changes_nothing(visit: Visit, bob: User, run: TrainingRun) -> None:
    browser = visit(bob)
    assert b"Cancel training" not in browser.get(reverse("training", args=[run.pk])).content
    for action in ("pause", "cancel", "extend"):
        assert browser.post(reverse("training_act", args=[run.pk, action]), {"steps": 5}).status_code == 403
    run.refresh_from_db()
    assert (run.state, run.steps_wanted) == (TrainingState.WAITING, 1000)


def test_nothing_is_changed_by_following_a_link_or_by_an_unknown_button(
    visit: Visit, alice: User, run: TrainingRun
) -> None:
    assert visit(alice).get(reverse("training_act", args=[run.pk, "pause"])).status_code == 405
    visit(alice).get(reverse("training_act", args=[run.pk, "cancel"]))  # Asks.
    run.refresh_from_db()
    assert run.state == TrainingState.WAITING
    assert visit(alice).post(reverse("training_act", args=[run.pk, "explode"])).status_code == 404


def test_no_more_steps_are_shown_than_there_are_in_all(client: Client, run: TrainingRun) -> None:
    progress = {"iteration": 1, "seconds": 20.0, "decisions_per_second": 100.0}
    TrainingRun.objects.filter(pk=run.pk).update(
        state=TrainingState.TRAINING, steps_wanted=20_500, steps_done=41_000, progress=progress
    )
    for page in (reverse("training", args=[run.pk]), reverse("trainings")):
        text = client.get(page).content.decode()
        assert "of 20.5 k" not in text and "of 41 k" in text
    told = client.get(f"/api/v1/trainings/{run.pk}").json()
    assert (told["steps_expected"], told["remaining_seconds_high"]) == (41_000, 0.0)


@pytest.mark.parametrize("address", ["training_create", "trainings", "psro_create"])
@pytest.mark.parametrize("lacking", [["torch", "ray"], ["tensorboardX"], []])
def test_pages_of_training_say_with_which_command_missing_packages_are_installed(
    visit: Visit,
    alice: User,
    scenario: Scenario,
    agents: dict[str, Agent],
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    lacking: list[str],
) -> None:
    monkeypatch.setattr(installed, "missing", lambda: lacking)
    page = visit(alice).get(reverse(address)).content.decode()
    assert ("<code>make training</code>" in page) == bool(lacking)
    assert all(name in page for name in lacking)
    if address == "training_create":
        assert ("disabled> Start the training" in flatten(page)) == bool(lacking)


def test_a_waiting_training_says_that_packages_are_missing_until_a_trainer_has_them(
    run: TrainingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installed, "missing", lambda: ["ray"])
    assert "`make training`" in trainings.explain_waiting(run)
    Worker.objects.create(name="elsewhere", seen=timezone.now(), trains=True)
    assert "make training" not in trainings.explain_waiting(run)


def test_a_command_of_ones_own_brings_its_own_packages(
    run: TrainingRun, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(installed, "missing", lambda: ["ray"])
    settings.ARENA_TRAINING_COMMAND = ["srun"]
    assert "make training" not in trainings.explain_waiting(run)
    assert trainings.describe_trainers()["missing"] == []
