"""Creation of studies: every combination of a configuration, a scenario and a seed becomes a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, asdict, dataclass, field
from typing import Any

from django.db import transaction

from tournament import trainings
from tournament.models import Agent, Scenario, Study, StudyRun, TrainingPurpose
from tournament.refusals import RequestRefused
from training import configuration as configurations

MAX_CONFIGURATIONS = 12
MAX_SEEDS = 50
MAX_RUNS = 200
MAX_NAME = 50
MAX_CONFIGURATION_NAME = 30
DEFAULT_EPISODES = 40


class StudyRefused(RequestRefused):
    """A study that cannot be created as requested."""


@dataclass(frozen=True)
class StudyConfiguration:
    """One of the configurations that a study compares."""

    name: str
    algorithm: str
    preset: str = "quick"
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StudyRequest:
    """A study of `configurations`; `steps` are those of each run, None for the preset's of the first configuration."""

    name: str
    scenarios: Sequence[Scenario]
    team: str
    opponent: Agent
    configurations: Sequence[StudyConfiguration]
    _: KW_ONLY
    num_seeds: int = 5
    first_seed: int = 0
    steps: int | None = None
    evaluation_episodes: int = DEFAULT_EPISODES
    cores: int | None = None
    owner: Any = None


def create_study(request: StudyRequest) -> Study:
    """Create a study with all its trainings; seed by seed, so that configurations can be compared early.

    Raises StudyRefused with every reason.
    """
    scenarios, chosen = list(dict.fromkeys(request.scenarios)), request.configurations
    problems = _check(request, len(scenarios))
    if problems:
        raise StudyRefused(problems)
    steps = request.steps
    if steps is None:
        steps = configurations.STEPS.get(chosen[0].preset, {}).get(request.team, 0)
    with transaction.atomic():
        study = Study.objects.create(
            owner=request.owner, name=request.name.strip(), team=request.team, opponent=request.opponent,
            first_seed=request.first_seed, num_seeds=request.num_seeds, steps=steps,
            evaluation_episodes=request.evaluation_episodes,
            configurations=[asdict(one) | {"hyperparameters": dict(one.hyperparameters)} for one in chosen],
        )  # fmt: skip
        study.scenarios.set(scenarios)
        refused: dict[tuple[str, str], None] = {}
        for seed in range(request.first_seed, request.first_seed + request.num_seeds):
            for scenario in scenarios:
                for number, one in enumerate(chosen):
                    try:
                        _request(study, number, one, scenario, seed, request.cores)
                    except trainings.TrainingRefused as refusal:
                        refused |= dict.fromkeys(_tell(refusal, one, scenario))
            if refused:
                raise StudyRefused(list(refused))
    return study


def _check(request: StudyRequest, num_scenarios: int) -> list[tuple[str, str]]:
    name, chosen, num_seeds = request.name, request.configurations, request.num_seeds
    first_seed, episodes = request.first_seed, request.evaluation_episodes
    problems = []
    if not name.strip() or len(name.strip()) > MAX_NAME:
        problems.append(("name", f"A study needs a name of at most {MAX_NAME} characters."))
    if not num_scenarios:
        problems.append(("scenarios", "A study needs at least one scenario."))
    if not 1 <= len(chosen) <= MAX_CONFIGURATIONS:
        text = f"{len(chosen)} were given: expected 1 to {MAX_CONFIGURATIONS} configurations."
        problems.append(("configurations", text))
    problems += _check_names([one.name for one in chosen])
    if not 1 <= num_seeds <= MAX_SEEDS:
        problems.append(("num_seeds", f"{num_seeds} were requested: expected 1 to {MAX_SEEDS} seeds."))
    if not 0 <= first_seed <= configurations.MAX_SEED - MAX_SEEDS:
        problems.append(("first_seed", f"{first_seed} was requested: expected a whole number from 0."))
    if not 2 <= episodes <= trainings.MAX_EVALUATION_EPISODES:
        text = f"{episodes} were requested: expected 2 to {trainings.MAX_EVALUATION_EPISODES} episodes."
        problems.append(("evaluation_episodes", text))
    runs = len(chosen) * num_scenarios * num_seeds
    if runs > MAX_RUNS:
        text = f"The study would have {runs} runs, and one has at most {MAX_RUNS}. Choose fewer seeds or scenarios."
        problems.append(("num_seeds", text))
    return problems


def _check_names(names: Sequence[str]) -> list[tuple[str, str]]:
    problems = []
    for name in names:
        if not name.strip() or len(name) > MAX_CONFIGURATION_NAME:
            text = f"{name!r}: a configuration needs a name of at most {MAX_CONFIGURATION_NAME} characters."
            problems.append(("configurations", text))
        elif names.count(name) > 1:
            problems.append(("configurations", f"{name!r} names several configurations. Give each its own name."))
    return list(dict.fromkeys(problems))


def _request(
    study: Study, number: int, one: StudyConfiguration, scenario: Scenario, seed: int, cores: int | None
) -> StudyRun:
    training = trainings.create_training(
        trainings.TrainingRequest(
            f"{study.name}: {one.name}, seed {seed}"[:80], scenario, study.team, one.algorithm, study.opponent,
            preset=one.preset, hyperparameters=one.hyperparameters, steps=study.steps, seed=seed, cores=cores,
            evaluation_episodes=study.evaluation_episodes, purpose=TrainingPurpose.STUDY, owner=study.owner,
        )
    )  # fmt: skip
    return StudyRun.objects.create(study=study, configuration=number, scenario=scenario, seed=seed, training=training)


def _tell(refusal: RequestRefused, one: StudyConfiguration, scenario: Scenario) -> list[tuple[str, str]]:
    """Return a training's problems as problems of the study: of shared settings, or of one configuration."""
    shared = ("opponent", "steps", "evaluation_episodes", "cores", "name")
    return [
        (field, f"{scenario.name}: {text}") if field in shared else ("configurations", f"{one.name}: {text}")
        for field, text in refusal.problems
    ]
