"""Creating, pausing, resuming, extending and cancelling trainings. Trainers (`tasks.training`) run them."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from mate import Team
from tournament import agents, entries, names, operated, organising, queries, withdrawal
from tournament.models import Agent, AgentKind, Scenario, TournamentState, TrainingLogs, TrainingRun, TrainingState
from tournament.refusals import RequestRefused
from training import configuration, installed

MAX_EVALUATION_EPISODES = 1000
EVALUATION_EPISODES = 20
OPEN = (TrainingState.WAITING, TrainingState.TRAINING, TrainingState.PAUSED, TrainingState.EVALUATING)
RESUMABLE = (TrainingState.PAUSED, TrainingState.FAILED, TrainingState.CANCELLED)
EXTENDABLE = (TrainingState.PAUSED, TrainingState.FAILED, TrainingState.WAITING, TrainingState.FINISHED)
AGAIN = {"wanted": "", "error": "", "attempts": 0, "leased_until": None, "finished": None, "result": {}}
"""What is cleared when a training that stood still goes on; its evaluation is made anew."""


class TrainingRefused(RequestRefused):
    """A training that cannot be created or changed as requested."""


def create_training(
    name: str,
    scenario: Scenario,
    team: str,
    algorithm: str,
    opponent: Agent,
    *,
    preset: str = "quick",
    hyperparameters: Mapping[str, Any] | None = None,
    steps: int | None = None,
    seed: int = 0,
    start_from: Agent | None = None,
    cores: int | None = None,
    evaluation_episodes: int = EVALUATION_EPISODES,
    purpose: str = "",
    owner: Any = None,
    more_scenarios: Sequence[Scenario] = (),
    test_scenarios: Sequence[Scenario] = (),
) -> TrainingRun:
    """Create a training of an agent of `team` against `opponent` (a mixture is sampled in each episode).

    `steps` are environment steps, None for the preset's. The weights are initialised from `start_from`. With
    `evaluation_episodes` 0 the last milestone is the result; otherwise milestones play that many episodes against each
    opponent, and the best is chosen. It also trains on `more_scenarios`, and milestones are judged in these and in
    `test_scenarios` too. A run with a `purpose` makes an unlisted agent. A trainer starts it within a second or two.
    Raises TrainingRefused.
    """
    given = dict(hyperparameters or {})
    if scenario.enhanced_observation != "none":
        given.setdefault("enhanced_observation", scenario.enhanced_observation)
    problems = _check_request(name, scenario, team, opponent, start_from, cores, evaluation_episodes)
    problems += _check_other_scenarios(opponent, (*more_scenarios, *test_scenarios))
    document = {
        "scenario": scenario.config, "team": team, "algorithm": algorithm, "preset": preset, "hyperparameters": given,
        "more_scenarios": [one.config for one in more_scenarios],
        "test_scenarios": [one.config for one in test_scenarios],
        "steps": steps, "seed": seed, "cores": cores, "opponents": list_opponents(opponent) or [{"name": "greedy"}],
    }  # fmt: skip
    try:
        checked = configuration.check(document)
    except configuration.ConfigurationError as error:
        raise TrainingRefused(problems + [name_field(problem) for problem in error.problems]) from error
    if start_from is not None and not problems:
        problems += [("start_from", problem) for problem in _compare_networks(start_from, checked)]
    if problems:
        raise TrainingRefused(problems)
    kept = checked.to_json()
    for told_by_row in ("scenario", "opponents", "start_from", "more_scenarios", "test_scenarios"):
        kept.pop(told_by_row)
    with transaction.atomic():
        run = TrainingRun.objects.create(
        owner=owner, name=name.strip(), purpose=purpose, scenario=scenario, team=team, algorithm=algorithm,
        preset=preset, configuration=kept, opponent=opponent, start_from=start_from, seed=checked.seed,
        evaluation_episodes=evaluation_episodes, logs=logs_of(owner), steps_wanted=checked.steps,
        )  # fmt: skip
        run.more_scenarios.set(more_scenarios)
        run.test_scenarios.set(test_scenarios)
    return run


def _check_other_scenarios(opponent: Agent, scenarios: Sequence[Scenario]) -> list[tuple[str, str]]:
    """Return why the opponent cannot play the scenarios besides the first."""
    return [
        ("opponent", f"{scenario.name}: {problem}")
        for scenario in scenarios
        for problem in entries.check_fitness(opponent, scenario).problems
    ]


def logs_of(owner: Any) -> dict[str, Any]:
    """Return where else the trainings of a user are logged."""
    wishes = TrainingLogs.objects.filter(owner=owner).first() if owner is not None else None
    return wishes.to_json() if wishes is not None else {}


def _check_request(
    name: str,
    scenario: Scenario,
    team: str,
    opponent: Agent,
    start_from: Agent | None,
    cores: int | None,
    episodes: int,
) -> list[tuple[str, str]]:
    """Return the problems of a request besides its configuration."""
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
        f"{field.name.replace('_', ' ')} {write(getattr(part, field.name))} instead of "
        f"{write(getattr(wanted, field.name))}"
        for part, wanted in pairs
        for field in dataclasses.fields(part)
        if getattr(part, field.name) != getattr(wanted, field.name)
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


# Changing one that is there


def pause_training(run: TrainingRun) -> bool:
    """Pause a training after it has written its state; it keeps its place. Returns whether it could be paused."""
    waiting = TrainingRun.objects.filter(pk=run.pk, state=TrainingState.WAITING)
    training = TrainingRun.objects.filter(pk=run.pk, state=TrainingState.TRAINING)
    count = waiting.update(state=TrainingState.PAUSED, wanted="") or training.update(wanted="pause")
    run.refresh_from_db()
    return bool(count)


def resume_training(run: TrainingRun) -> bool:
    """Let a paused, failed or cancelled training go on from its last state, or be evaluated again.

    Returns whether it was one.
    """
    with transaction.atomic():
        rows = TrainingRun.objects.filter(pk=run.pk, state__in=RESUMABLE)
        changed = rows.update(state=TrainingState.WAITING, milestone_tournament=None, reevaluation=None, **AGAIN)
        if not changed:  # It may be pausing.
            changed = TrainingRun.objects.filter(pk=run.pk, state=TrainingState.TRAINING, wanted="pause").update(
                wanted=""
            )
    run.refresh_from_db()
    return bool(changed)


def extend_training(run: TrainingRun, steps: int) -> None:
    """Extend a training by `steps` environment steps, also a finished one: its agents so far stay.

    A paused or failed training is resumed as well. Raises TrainingRefused.
    """
    wanted = run.steps_wanted + steps if isinstance(steps, int) else 0
    if isinstance(steps, bool) or steps < 1 or wanted > configuration.MAX_STEPS:
        limit = f"{configuration.MAX_STEPS:,} in total"
        text = f"{steps} more were requested: expected a whole number from 1, up to {limit}."
        raise TrainingRefused([("steps", text)])
    more = F("steps_wanted") + steps
    with transaction.atomic():
        training = TrainingRun.objects.filter(pk=run.pk, state=TrainingState.TRAINING)
        others = TrainingRun.objects.filter(pk=run.pk, state__in=EXTENDABLE)
        again = {"state": TrainingState.WAITING, "milestone_tournament": None, "reevaluation": None, **AGAIN}
        extended = training.update(steps_wanted=more) or others.update(steps_wanted=more, **again)
    run.refresh_from_db()
    if not extended:
        text = f"It is {run.get_state_display().lower()}: a training is extended before its evaluation or after it."
        raise TrainingRefused([("", text)])


def cancel_training(run: TrainingRun) -> bool:
    """Stop a training at once, without saving.

    Its curve, its milestones and its last state stay. Returns whether it was open.
    """
    with transaction.atomic():
        stopped = TrainingRun.objects.filter(pk=run.pk, state__in=(*OPEN, TrainingState.FAILED)).update(
            # A new token fences off the trainer that holds it; it notices within a second and ends the process.
            state=TrainingState.CANCELLED, token=F("token") + 1, wanted="", leased_until=None, finished=timezone.now()
        )  # fmt: skip
    run.refresh_from_db()
    for tournament in (run.milestone_tournament, run.reevaluation):
        if stopped and tournament is not None and tournament.state == TournamentState.PLAYING:
            organising.cancel_tournament(tournament)
    return bool(stopped)


def describe_trainers() -> dict[str, Any]:
    """Return `num_trainers`, the number of live trainers, and `missing`, the required packages that this machine lacks.

    Trainers of other machines, and the training command, have their own packages.
    """
    missing = [] if settings.ARENA_TRAINING_COMMAND else installed.missing()
    return {"num_trainers": queries.live_trainers().count(), "missing": missing}


def explain_waiting(run: TrainingRun) -> str:
    """Return why a waiting training has not started, in words; empty where it is about to."""
    trainers = queries.live_trainers()
    cores, most = run.configuration.get("cores"), most_cores()
    if not trainers and not settings.ARENA_TRAINING_COMMAND and (missing := installed.missing()):
        return installed.explain(missing)
    if not trainers:
        return "No trainer was heard of in the last minute. It begins once one runs (`make run` starts one)."
    if cores and most is not None and cores > most:
        return (
            f"It asks for {cores} cores, and the largest machine that trains has {most}. It waits for a larger one; "
            "or cancel it and ask for fewer."
        )
    if run.leased_until and run.leased_until > timezone.now():
        return "Its process was lost, and it goes on from its last state in a moment."
    ahead = TrainingRun.objects.filter(state=TrainingState.WAITING, pk__lt=run.pk).count()
    busy = TrainingRun.objects.filter(state=TrainingState.TRAINING).count()
    if busy >= trainers.count():
        return (
            f"{busy} training{'s' if busy > 1 else ''} at a time, {ahead} before this one. It begins when a place is "
            f"free."
        )
    return ""
