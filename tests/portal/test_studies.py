"""Studies on the website and by API: started, followed, read, exported, cancelled."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.portal.test_api import check_error
from tournament import studies, trainings
from tournament.models import Agent, Milestone, Scenario, Study, StudyState, TrainingPoint, TrainingRun, TrainingState
from training.scores import summarise

Visit = Callable[..., Client]
V1 = "/api/v1"


@pytest.fixture
def study(alice: User, scenario: Scenario, agents: dict[str, Agent]) -> Study:
    chosen = [
        studies.StudyConfiguration("plain & simple", "mappo"),
        studies.StudyConfiguration("small", "mappo", hyperparameters={"memory": "none"}),
    ]
    return studies.create_study(
        studies.StudyRequest(
            "Memory", [scenario], "camera", agents["greedy-target"], chosen, num_seeds=2, steps=1000, owner=alice
        )
    )


@pytest.fixture
def scored(study: Study) -> Study:
    """Return the study when all of its runs have ended, with curves and scores."""
    for number, run in enumerate(study.runs.all()):
        TrainingPoint.objects.bulk_create(
            TrainingPoint(run=run.training, iteration=i, steps=100 * i, return_mean=i + number) for i in (1, 2, 3)
        )
        for i in (1, 2):
            Milestone.objects.create(run=run.training, iteration=i, steps=100 * i, payoff=-0.5 + 0.01 * number * i)
        run.payoffs, run.gains = [-0.5 + 0.01 * number, -0.4], [0.01 * number]
        run.save()
    TrainingRun.objects.update(state=TrainingState.FINISHED)
    study.figures = {one: summarise(studies.scores_of(study, one)).to_json() for one in studies.MEASURES}
    study.state = StudyState.FINISHED
    study.save()
    return study


def fields(scenario: Scenario, agents: dict[str, Agent], **changes: Any) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "name": "Memory", "team": "camera", "scenarios": [scenario.pk], "opponent": agents["greedy-target"].pk,
        "num_seeds": 2, "first_seed": 0, "steps": 1000, "evaluation_episodes": 4, "rows": 2,
    }  # fmt: skip
    for number, (name, text) in enumerate((("plain", ""), ("small", "memory = none\nhidden_sizes = 16, 16"))):
        row = {"name": name, "algorithm": "mappo", "preset": "quick", "changes": text}
        wanted |= {f"configuration_{number}_{part}": value for part, value in row.items()}
    return wanted | changes


def test_a_user_starts_a_study_in_the_browser(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    answer = visit(alice).post(reverse("study_create"), fields(scenario, agents))
    study = Study.objects.get()
    assert answer["Location"] == reverse("study", args=[study.pk])
    assert (study.owner, study.runs.count()) == (alice, 4)
    assert study.configurations[1]["hyperparameters"] == {"memory": "none", "hidden_sizes": [16, 16]}


def test_lines_that_are_wrong_are_told_beside_their_field_and_nothing_is_made(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    wrong = fields(scenario, agents, configuration_1_changes="memroy = none\ngamma = 2")
    answer = visit(alice).post(reverse("study_create"), wrong)
    page = answer.content.decode()
    assert answer.status_code == 400 and "memroy = none" in page and "gamma " in page
    assert not Study.objects.exists() and not TrainingRun.objects.exists()


def test_configurations_are_added_to_the_form_and_keep_what_was_written(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    page = visit(alice).get(reverse("study_create"), fields(scenario, agents, rows=3)).content.decode()
    assert "configuration_2_name" in page and "hidden_sizes = 16, 16" in page


def test_a_study_can_begin_with_a_training_s_settings(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    run = trainings.create_training(
        trainings.TrainingRequest(
            "Learner", scenario, "camera", "mappo", agents["greedy-target"], hyperparameters={"gamma": 0.5}, owner=alice
        )
    )
    page = visit(alice).get(reverse("study_create"), {"like": run.pk}).content.decode()
    assert "gamma = 0.5" in page


def test_a_page_tells_how_far_the_runs_are_before_there_is_a_figure(visit: Visit, study: Study) -> None:
    page = visit(None).get(reverse("study", args=[study.pk])).content.decode()
    assert "<strong>0</strong> of 4 runs" in page and "IQM" not in page


def test_a_page_has_curves_aggregates_and_profile_and_claims_no_interval_of_two_runs(
    visit: Visit, scored: Study
) -> None:
    page = visit(None).get(reverse("study", args=[scored.pk])).content.decode()
    assert "plain &amp; simple" in page and "Memory = none" in page
    assert "Payoff of milestones" in page and "Performance profile" in page
    assert "too few runs" in page


@pytest.mark.parametrize("measure", ["payoff", "gain"])
@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("runs.csv", b"configuration,"), ("figures.json", b"{"), ("table.tex", b"% Study"), ("curves.svg", b"<svg"),
        ("curves.pdf", b"%PDF"), ("profile.svg", b"<svg"), ("profile.pdf", b"%PDF"),
    ],
)  # fmt: skip
def test_figures_leave_as_files(visit: Visit, scored: Study, name: str, begins: bytes, measure: str) -> None:
    answer = visit(None).get(reverse("study_export", args=[scored.pk, name]), {"measure": measure})
    assert answer.status_code == 200 and answer.content.startswith(begins)


def test_there_is_no_picture_before_there_are_figures(visit: Visit, study: Study) -> None:
    assert visit(None).get(reverse("study_export", args=[study.pk, "profile.svg"])).status_code == 404
    assert visit(None).get(reverse("study_export", args=[study.pk, "other.txt"])).status_code == 404


def test_an_owner_cancels_a_study_after_a_question(visit: Visit, alice: User, study: Study) -> None:
    address = reverse("study_act", args=[study.pk, "cancel"])
    assert b"4 runs have not ended" in visit(alice).get(address).content
    visit(alice).post(address)
    study.refresh_from_db()
    assert study.state == StudyState.CANCELLED
    assert set(TrainingRun.objects.values_list("state", flat=True)) == {TrainingState.CANCELLED}


def test_a_program_starts_and_reads_a_study(
    call: Callable[..., Client], alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    wanted = {
        "name": "Memory", "scenarios": ["mate-2v4-0"], "team": "camera", "opponent": "greedy-target", "num_seeds": 2,
        "steps": 1000, "configurations": [{"name": "plain", "algorithm": "mappo"}],
    }  # fmt: skip
    made = call(alice).post(f"{V1}/studies", wanted, content_type="application/json")
    assert made.status_code == 201 and made.json()["num_runs"] == 2
    number = made.json()["id"]
    assert call().get(f"{V1}/studies/{number}").json()["runs"][0]["configuration"] == "plain"
    assert call().get(f"{V1}/studies").json()["items"][0]["scenarios"] == ["mate-2v4-0"]
    wrong = wanted | {"configurations": [{"name": "", "algorithm": "none"}]}
    check_error(call(alice).post(f"{V1}/studies", wrong, content_type="application/json"), 409, "refused")
