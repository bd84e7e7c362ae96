"""Strategies of anytime PSRO: rounds of regret minimisation against responses in training.

The steps are those of `psro.anytime.AnytimeOracle`, one transaction at a time. A round trains each team's response to
the other team's strategy, plays the responses against the populations, and its gains change the strategies. The
average over the rounds is the iteration's strategy, to which the next iteration's responses are trained.
"""

from __future__ import annotations

import numpy as np

from mate import Team
from tournament.models import Agent, PsroIteration, PsroRound, PsroRun, TournamentState, TrainingRun, TrainingState
from tournament.payoffs import Array, list_numbers
from tournament.psro.anytime import RegretMatching
from tournament.psro_runs.failing import RunFailed, check_tournament, check_training
from tournament.psro_runs.populations import population
from tournament.psro_runs.requesting import request_round, request_round_tournament
from tournament.psro_runs.solving import read_payoffs, read_table, solve


def needs_rounds(run: PsroRun, iteration: PsroIteration) -> bool:
    """Return whether a team has a choice between agents."""
    return any(len(population(run, team, iteration.number)) > 1 for team in Team)


def refine(run: PsroRun, iteration: PsroIteration) -> bool:
    """Take the next step of an iteration's rounds, if one is possible; return whether it was taken."""
    newest = iteration.rounds.last()
    if newest is None or newest.is_over:
        if newest is not None and newest.number == run.rounds:
            assert iteration.tournament is not None
            strategies = matching(run, iteration, Team.CAMERA).average, matching(run, iteration, Team.TARGET).average
            solve(run, iteration, read_table(run, iteration, iteration.tournament), strategies)
        else:
            _begin(run, iteration, newest.number + 1 if newest else 1)
        return True
    made = trainings_in(newest)
    if wanted := [team for team in responding(newest) if team not in made]:  # Those that were cancelled are anew.
        for team in wanted:
            setattr(newest, f"{team}_training", request_round(run, newest, team))
        newest.save()
        return True
    for name, training in made.items():
        check_training(training, name, iteration.number)
    if any(training.state != TrainingState.FINISHED or training.agent is None for training in made.values()):
        return False
    return _play(run, newest)


def _begin(run: PsroRun, iteration: PsroIteration, number: int) -> None:
    """Begin a round with the strategies that the gains of the rounds so far lead to."""
    camera, target = (list_numbers(matching(run, iteration, team).current) for team in Team)
    PsroRound.objects.create(iteration=iteration, number=number, camera_strategy=camera, target_strategy=target)


def _play(run: PsroRun, round_: PsroRound) -> bool:
    """Request the tournament of a round's responses; when it is over, record the gains against them."""
    if round_.tournament is None:
        round_.tournament = request_round_tournament(run, round_)
        round_.save(update_fields=["tournament"])
        return True
    if round_.tournament.state == TournamentState.PLAYING:
        return False
    check_tournament(round_.tournament, round_.iteration.number)
    for team, training in trainings_in(round_).items():
        assert training.agent is not None
        gains = _gains(run, round_, Team(team).opponent, training.agent)
        setattr(round_, f"{Team(team).opponent}_gains", list_numbers(gains))
    round_.is_over = True
    round_.save(update_fields=["camera_gains", "target_gains", "is_over"])
    return True


def _gains(run: PsroRun, round_: PsroRound, team: Team, response: Agent) -> Array:
    """Return the payoffs of a team's population (n,) against the other team's response."""
    assert round_.tournament is not None
    own, others = [one.digest for one in population(run, team, round_.iteration.number)], [response.digest]
    cameras, targets = (own, others) if team == Team.CAMERA else (others, own)
    game = read_payoffs(round_.tournament, cameras, targets)
    if missing := int((game.count == 0).sum()):
        raise RunFailed(
            f"Iteration {round_.iteration.number}: {missing} pairings have no episodes. Resume the run to play them."
        )
    return game.payoff[:, 0] if team == Team.CAMERA else -game.payoff[0]


def matching(run: PsroRun, iteration: PsroIteration, team: Team) -> RegretMatching:
    """Return a team's regret minimisation after the rounds that are over."""
    found = RegretMatching(len(population(run, team, iteration.number)))
    for one in iteration.rounds.filter(is_over=True):
        gains = one.camera_gains if team == Team.CAMERA else one.target_gains
        if gains:
            found.observe(np.array(gains))
    return found


def responding(round_: PsroRound) -> list[Team]:
    """Return the teams whose response a round trains: those whose opponents have a choice."""
    sizes = {Team.CAMERA: len(round_.target_strategy), Team.TARGET: len(round_.camera_strategy)}
    return [team for team in Team if sizes[team] > 1]


def trainings_in(row: PsroRound) -> dict[str, TrainingRun]:
    """Return the requested trainings of a round by team."""
    return {team: made for team in Team if (made := getattr(row, f"{team}_training")) is not None}


def choose_response(run: PsroRun, iteration: PsroIteration, team: Team, trained: Agent) -> Agent:
    """Return the response that joins a team after an iteration: the trained one, if its population does not have it.

    Otherwise it is the response of a round that did best against the strategy, of those that the population does not
    have either. If there are none, it is the trained one, which counts as failed.
    """
    known = {agent.digest for agent in population(run, team, iteration.number)}
    if trained.digest not in known:
        return trained
    strategy = np.array(iteration.camera_strategy if team.opponent == Team.CAMERA else iteration.target_strategy)
    found = []
    for one in iteration.rounds.filter(is_over=True):
        gains = one.camera_gains if team.opponent == Team.CAMERA else one.target_gains
        training = getattr(one, f"{team}_training")
        if gains and training is not None and training.agent is not None and training.agent.digest not in known:
            found.append((float(np.array(gains) @ strategy), training.agent))
    return min(found, key=lambda pair: pair[0])[1] if found else trained
