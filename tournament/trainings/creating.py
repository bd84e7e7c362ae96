"""Creation of trainings: requests, and their validation."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from django.db import transaction

from mate import Team
from tournament import agents, entries, names, operated, queries, withdrawal
from tournament.models import Agent, AgentKind, Scenario, TrainingLogs, TrainingRun
from tournament.refusals import RequestRefused
from training import configuration

MAX_EVALUATION_EPISODES = 1000
EVALUATION_EPISODES = 20


class TrainingRefused(RequestRefused):
    """A training that cannot be created or changed as requested."""


@dataclass(frozen=True)
class TrainingSettings:
    """How a team is trained; trainings, attacks and PSRO runs share these settings.

    `steps` are environment steps, None for the preset's. `hyperparameters` are those that differ from the preset's.
    With `evaluation_episodes` 0 the last milestone is the result; otherwise milestones play that many episodes against
    each opponent, and the best is chosen. `cores` is None for all that trainings may use.
    """

    algorithm: str
    preset: str = "quick"
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    steps: int | None = None
    evaluation_episodes: int = EVALUATION_EPISODES
    cores: int | None = None


@dataclass(frozen=True)
class TrainingRequest:
    """The training of an agent of `team` against `opponent`; if that is a mixture, each episode draws a member.

    The weights are initialised from `start_from`. The training also takes place in `more_scenarios`, and milestones are
    judged in these and in `test_scenarios` too. A training with a `purpose` makes an unlisted agent. The other fields
    are those of TrainingSettings.
    """

    name: str
    scenario: Scenario
    team: str
    algorithm: str
    opponent: Agent
    _: KW_ONLY
    preset: str = "quick"
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    steps: int | None = None
    evaluation_episodes: int = EVALUATION_EPISODES
    cores: int | None = None
    seed: int = 0
    start_from: Agent | None = None
    purpose: str = ""
    owner: Any = None
    more_scenarios: Sequence[Scenario] = ()
    test_scenarios: Sequence[Scenario] = ()


def create_training(request: TrainingRequest) -> TrainingRun:
    """Create a training; a trainer starts it within a second or two. Raises TrainingRefused."""
    checked = _check(request)
    kept = checked.to_json()
    for told_by_row in ("scenario", "opponents", "start_from", "more_scenarios", "test_scenarios"):
        kept.pop(told_by_row)
    with transaction.atomic():
        run = TrainingRun.objects.create(
            owner=request.owner, name=request.name.strip(), purpose=request.purpose, scenario=request.scenario,
            team=request.team, algorithm=request.algorithm, preset=request.preset, configuration=kept,
            opponent=request.opponent, start_from=request.start_from, seed=checked.seed, steps_wanted=checked.steps,
            evaluation_episodes=request.evaluation_episodes, logs=logs_of(request.owner),
        )  # fmt: skip
        run.more_scenarios.set(request.more_scenarios)
        run.test_scenarios.set(request.test_scenarios)
    return run


def _check(request: TrainingRequest) -> configuration.TrainingConfiguration:
    """Return the whole configuration of a training. Raises TrainingRefused with everything that is wrong."""
    given = dict(request.hyperparameters)
    if request.scenario.enhanced_observation != "none":
        given.setdefault("enhanced_observation", request.scenario.enhanced_observation)
    problems = _check_request(request)
    problems += _check_other_scenarios(request.opponent, (*request.more_scenarios, *request.test_scenarios))
    document = {name: getattr(request, name) for name in ("team", "algorithm", "preset", "steps", "seed", "cores")} | {
        "scenario": request.scenario.config,
        "hyperparameters": given,
        "more_scenarios": [one.config for one in request.more_scenarios],
        "test_scenarios": [one.config for one in request.test_scenarios],
        "opponents": list_opponents(request.opponent) or [{"name": "greedy"}],
    }
    try:
        checked = configuration.check(document)
    except configuration.ConfigurationError as error:
        raise TrainingRefused(problems + [name_field(problem) for problem in error.problems]) from error
    if request.start_from is not None and not problems:
        problems += [("start_from", problem) for problem in _compare_networks(request.start_from, checked)]
    if problems:
        raise TrainingRefused(problems)
    return checked


def _check_other_scenarios(opponent: Agent, scenarios: Sequence[Scenario]) -> list[tuple[str, str]]:
    """Return why the opponent cannot play the scenarios besides the first."""
    return [
        ("opponent", f"{scenario.name}: {problem}")
        for scenario in scenarios
        for problem in entries.check_fitness(opponent, scenario).problems
    ]


def logs_of(owner: Any) -> dict[str, Any]:
    """Return the settings of the external logs of a user's trainings."""
    wishes = TrainingLogs.objects.filter(owner=owner).first() if owner is not None else None
    return wishes.to_json() if wishes is not None else {}


def _check_request(request: TrainingRequest) -> list[tuple[str, str]]:
    """Return the problems of a request besides its configuration."""
    name, scenario, team, opponent = request.name, request.scenario, request.team, request.opponent
    start_from, cores, episodes = request.start_from, request.cores, request.evaluation_episodes
    problems = []
    if not name.strip() or len(name) > 80:
        problems.append(("name", "A training needs a name of at most 80 characters; its agent will have it too."))
    elif problem := names.find_agent_problem(name):
        problems.append(("name", problem))
    if opponent.team == team:
        other = Team(team).opponent
        problems.append(("opponent", f"{opponent.name} is a {team} agent; a {team} team trains against {other}s."))
    problems += [("opponent", problem) for problem in entries.check_fitness(opponent, scenario).problems]
    obstacles = withdrawal.find_problem(opponent), operated.find_training_problem(opponent)
    problems += [("opponent", problem) for problem in obstacles if problem]
    if start_from is not None:
        problems += [("start_from", problem) for problem in [withdrawal.find_problem(start_from)] if problem]
        problems += [("start_from", problem) for problem in _check_start(start_from, scenario, team)]
    if isinstance(episodes, bool) or not 0 <= episodes <= MAX_EVALUATION_EPISODES:
        text = f"{episodes} were requested: expected 0 to {MAX_EVALUATION_EPISODES} episodes."
        problems.append(("evaluation_episodes", text))
    most = most_cores()
    if isinstance(cores, int) and most is not None and cores > most:
        text = (
            f"{cores} processors were requested, and no machine that trains has more than {most}. "
            "Leave it empty to use all."
        )
        problems.append(("cores", text))
    return problems


def _check_start(agent: Agent, scenario: Scenario, team: str) -> list[str]:
    problems = list(entries.check_fitness(agent, scenario).problems)
    if agent.kind != AgentKind.CHECKPOINT:
        problems.append(f"{agent.name} has no weights to start from: it is no checkpoint.")
    if agent.team != team:
        problems.append(f"{agent.name} is a {agent.team} agent and cannot lend its weights to a {team} agent.")
    return problems


def _compare_networks(agent: Agent, checked: configuration.TrainingConfiguration) -> list[str]:
    """Return why a checkpoint's weights do not fit the network to be trained."""
    from policies.architectures import Architecture, EntityArchitecture
    from training.recipes import recipe_of

    spec = entries.load_spec(agent)
    assert isinstance(spec, agents.LearnedAgent)
    theirs, ours = entries.open_checkpoint(spec.checkpoint).recipe, recipe_of(checked)
    if not isinstance(theirs.architecture, Architecture | EntityArchitecture):
        return [
            f"{agent.name} is a graph of operators, which trainings cannot continue. Choose an agent that was "
            f"trained here."
        ]
    assert isinstance(ours.architecture, Architecture | EntityArchitecture)
    if type(theirs.architecture) is not type(ours.architecture):
        kind = "entity" if isinstance(theirs.architecture, EntityArchitecture) else "layers"
        return [f"{agent.name} has another network, with architecture {kind}. Set the hyperparameters as it has them."]
    pairs = (
        (theirs.architecture, ours.architecture), (theirs.action, ours.action),
        (theirs.preprocessing, ours.preprocessing),
    )  # fmt: skip
    differences = [
        f"{one.name.replace('_', ' ')} {write(getattr(part, one.name))} instead of {write(getattr(wanted, one.name))}"
        for part, wanted in pairs
        for one in dataclasses.fields(part)
        if getattr(part, one.name) != getattr(wanted, one.name)
    ]
    if not differences:
        return []
    return [f"{agent.name} has another network: {'; '.join(differences)}. Set the hyperparameters as it has them."]


def write(value: Any) -> str:
    """Return a value of a recipe in words."""
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def name_field(problem: str) -> tuple[str, str]:
    """Return a problem of a configuration as (field, sentence); it begins with the name of its field."""
    found = re.match(r"`(\w+)`[:,]? ?", problem)
    plain = problem.replace("`", "")
    return (found[1], plain) if found else ("", plain)


def list_opponents(agent: Agent) -> list[dict[str, Any]]:
    """Return the weighted opponents of training: built-in agents by `name`, checkpoints by path in the run's folder."""
    weights: Counter[tuple[str, str]] = Counter()

    def walk(spec: agents.Spec, weight: float) -> None:
        if isinstance(spec, agents.Mixture):
            for share, member in spec.members:
                walk(member, weight * share)
        elif isinstance(spec, agents.Builtin):
            weights["name", spec.name] += weight  # type: ignore[assignment]
        elif isinstance(spec, agents.LearnedAgent):
            weights["checkpoint", place_of(spec)] += weight  # type: ignore[assignment]

    walk(entries.load_spec(agent), 1.0)
    return [{kind: value, "weight": weight} for (kind, value), weight in weights.items()]


def place_of(spec: agents.LearnedAgent) -> str:
    """Return the path, in a run's folder, of the checkpoint that plays as the agent does."""
    return f"agents/{spec.checkpoint}-{'deterministic' if spec.deterministic else 'stochastic'}.zip"


def most_cores() -> int | None:
    """Return the processors of the largest live trainer; None where no trainer lives, or one uses a cluster."""
    cores = list(queries.live_trainers().values_list("cores", flat=True))
    known = [count for count in cores if count is not None]
    return max(known) if known and len(known) == len(cores) else None
