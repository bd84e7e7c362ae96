"""Proof that a run is solved: attackers of several seeds must fail against both strategies.

NashConv bounds what the run's own responses gain, and a team may have failed to learn a better response. A run
therefore ends as solved only when independent attackers, too, gain less than its limit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mate import Team
from tournament import attacks
from tournament.models import Attack, AttackState, PsroIteration, PsroRun
from tournament.psro_runs.requesting import derive_seed, opponent_of, training_of
from tournament.trainings import TrainingSettings

FRESH_EPISODES = 200


@dataclass(frozen=True)
class Proof:
    """The upper limit of the sum of both attacks' gains against an iteration's strategies; None while they go on."""

    limit: float | None

    def holds(self, epsilon: float) -> bool:
        """Return whether the attackers gain less than a limit."""
        return self.limit is not None and self.limit < epsilon


def request_attacks(run: PsroRun, iteration: PsroIteration) -> None:
    """Request an attack on each team's strategy, with the settings of the run's own responses."""
    for team in Team:
        settings = TrainingSettings(**training_of(run, team.opponent))
        attack = attacks.create_attack(
            attacks.AttackRequest(
                opponent_of(run, iteration, team), run.scenario, num_attackers=run.num_attackers,
                first_seed=derive_seed(run, f"attack/{team}/{iteration.number}") >> 32,
                training=replace(settings, evaluation_episodes=max(settings.evaluation_episodes, 2)),
                episodes=max(FRESH_EPISODES, run.episodes_per_pairing), owner=run.owner,
            )
        )  # fmt: skip
        setattr(iteration, f"{team}_attack", attack)
    iteration.save(update_fields=["camera_attack", "target_attack"])


def attacks_of(iteration: PsroIteration) -> list[Attack]:
    """Return the attacks on an iteration's strategies."""
    return [one for one in (iteration.camera_attack, iteration.target_attack) if one is not None]


def judge(iteration: PsroIteration) -> Proof:
    """Return what the attacks found; the limits of both gains are added, and no gain counts less than 0."""
    made = attacks_of(iteration)
    if len(made) < 2 or any(one.state != AttackState.FINISHED for one in made):
        return Proof(None)
    gains = [_limit_gain(one, float(iteration.figures["value"])) for one in made]
    return Proof(sum(max(gain, 0.0) for gain in gains))


def _limit_gain(attack: Attack, value: float) -> float:
    """Return the upper limit of an attacker's gain, given the strategies' payoff to the cameras."""
    found = attack.result["payoff"]
    limit = float("inf") if found["high"] is None else float(found["high"])
    return limit + value if attack.agent.team == Team.CAMERA else limit - value
