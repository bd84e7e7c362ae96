"""Attacks on an agent: attackers of several seeds are trained against it, and the best is judged on fresh seeds.

What the best attacker gains is a lower bound of the agent's exploitability: a better attacker may gain more. The
attackers are compared on selection seeds, so the figure from fresh seeds is not flattered by the choice.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import KW_ONLY, asdict, dataclass
from typing import Any

import numpy as np
from django.db import DatabaseError, transaction
from django.utils import timezone

from mate import Team
from mate.errors import UserError
from tournament import boards, leaderboards, measuring, organising, trainings
from tournament.models import (
    Agent,
    Attack,
    AttackState,
    Purpose,
    Scenario,
    TournamentState,
    TrainingPurpose,
    TrainingRun,
    TrainingState,
)
from tournament.refusals import RequestRefused
from tournament.trainings import TrainingSettings

log = logging.getLogger(__name__)

MAX_ATTACKERS = 20
DEFAULT_EPISODES = 200
SELECTION_EPISODES = 40
"""Number of episodes that each milestone plays for the choice of the best one."""
OPEN = (AttackState.TRAINING, AttackState.JUDGING)
RESUMABLE = (AttackState.FAILED, AttackState.CANCELLED)
ALGORITHMS = {Team.CAMERA: "hrl-mappo", Team.TARGET: "mappo"}
"""Default algorithms of attackers, by the attackers' team."""
SORRY = "Something failed on our side; the log of the sweep says more. Resume tries it again."


class AttackRefused(RequestRefused):
    """An attack that cannot be created as requested."""


def usual_training(agent: Agent) -> TrainingSettings:
    """Return the default training settings of an agent's attackers."""
    return TrainingSettings(ALGORITHMS[Team(agent.team).opponent], evaluation_episodes=SELECTION_EPISODES)


@dataclass(frozen=True)
class AttackRequest:
    """An attack on an agent, a checkpoint or a mixture; `training` is None for the default settings."""

    agent: Agent
    scenario: Scenario
    _: KW_ONLY
    num_attackers: int = 3
    first_seed: int = 0
    training: TrainingSettings | None = None
    episodes: int = DEFAULT_EPISODES
    owner: Any = None


def create_attack(request: AttackRequest) -> Attack:
    """Create an attack with its trainings; the sweep does the rest. Raises AttackRefused with every reason."""
    settings = request.training or usual_training(request.agent)
    count, episodes = request.num_attackers, request.episodes
    problems = []
    if not 1 <= count <= MAX_ATTACKERS:
        problems.append(("num_attackers", f"{count} were requested: expected 1 to {MAX_ATTACKERS} attackers."))
    most = organising.MAX_EPISODES_PER_PAIRING
    if not 2 <= episodes <= most:
        problems.append(("episodes", f"{episodes} were requested: expected 2 to {most:,} episodes."))
    if settings.evaluation_episodes < 2:
        problems.append(("evaluation_episodes", "Attackers are compared by episodes: expected at least 2 of them."))
    if problems:
        raise AttackRefused(problems)
    with transaction.atomic():
        attack = Attack.objects.create(
            owner=request.owner, agent=request.agent, scenario=request.scenario, training=asdict(settings),
            num_attackers=count, first_seed=request.first_seed, episodes=episodes,
        )  # fmt: skip
        try:
            for seed in range(request.first_seed, request.first_seed + count):
                attack.trainings.add(_request(attack, settings, seed))
        except trainings.TrainingRefused as refusal:
            raise AttackRefused(refusal.problems) from refusal
    return attack


def _request(attack: Attack, settings: TrainingSettings, seed: int) -> TrainingRun:
    agent = attack.agent
    return trainings.create_training(
        trainings.TrainingRequest(
            f"Attack {attack.pk} on {agent.name[:40]}, seed {seed}", attack.scenario, Team(agent.team).opponent,
            opponent=agent, seed=seed, purpose=TrainingPurpose.ATTACK, owner=attack.owner, **vars(settings),
        )
    )  # fmt: skip


# Steps


def advance_all() -> int:
    """Take the next step with each open attack; return how many steps were taken."""
    return sum(advance(attack) for attack in Attack.objects.filter(state__in=OPEN))


def advance(attack: Attack) -> bool:
    """Take the next step, if one is possible; return whether it was taken. Idempotent and safe under concurrency."""
    with transaction.atomic():
        row = Attack.objects.select_for_update(of=("self",)).select_related("agent", "scenario").get(pk=attack.pk)
        if row.state not in OPEN:
            return False
        try:
            with transaction.atomic():
                return _select(row) if row.state == AttackState.TRAINING else _judge(row)
        except DatabaseError:
            raise
        except UserError as error:
            row.reason = str(error)
        except Exception:
            log.exception("%s cannot go on", row)
            row.reason = SORRY
        row.state, row.finished = AttackState.FAILED, timezone.now()
        row.save(update_fields=["state", "reason", "finished"])
        return True


def _select(attack: Attack) -> bool:
    """When all trainings are over, choose the best attacker on selection seeds and plan its fresh episodes."""
    runs = list(attack.trainings.select_related("agent").order_by("seed"))
    if any(run.state in trainings.OPEN for run in runs):
        return False
    ended = [run for run in runs if run.state == TrainingState.FINISHED and run.result.get("payoff") is not None]
    if not ended:
        raise AttackRefused([("", "No attacker's training ended well; their pages say why. Resume tries them again.")])
    best = max(ended, key=lambda run: run.result["payoff"])
    assert best.agent is not None
    pair = {attack.agent.team: attack.agent, best.agent.team: best.agent}
    attack.attacker = best.agent
    attack.tournament = organising.create_tournament(
        organising.TournamentRequest(
            f"Attack {attack.pk} on {attack.agent.name}"[:120], attack.scenario, [pair[Team.CAMERA]],
            [pair[Team.TARGET]], attack.episodes, _fresh_seed(attack), owner=attack.owner, purpose=Purpose.ATTACK,
        )
    )  # fmt: skip
    attack.state = AttackState.JUDGING
    attack.save(update_fields=["attacker", "tournament", "state"])
    return True


def _fresh_seed(attack: Attack) -> int:
    words = f"attack/{attack.pk}/{attack.created.isoformat()}/fresh"
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:8], "big") >> 1


def _judge(attack: Attack) -> bool:
    """When the fresh episodes are played, record what they found."""
    played = attack.tournament
    if played is not None and played.state == TournamentState.PLAYING:
        return False
    if played is None or played.state != TournamentState.FINISHED:
        raise AttackRefused([("", "The matches of the best attacker did not end. Resume plays the rest of them.")])
    assert attack.attacker is not None
    game = leaderboards.meta_game_of_tournament(played)
    payoffs = measuring.payoffs_of(game, attack.attacker, attack.agent)
    if not payoffs:
        raise AttackRefused([("", "The best attacker has no episodes. Resume plays them.")])
    found = measuring.estimate(np.array(list(payoffs.values())))
    value = value_of(attack.scenario, attack.attacker.team)
    attack.result = {
        "payoff": asdict(found),
        "value": value and value.to_json(),
        "exploitability": value and _subtract(found, value),
        "attackers": [_describe(run) for run in attack.trainings.select_related("agent").order_by("seed")],
        "steps": sum(run.steps_done for run in attack.trainings.all()),
    }
    attack.state, attack.reason, attack.finished = AttackState.FINISHED, "", timezone.now()
    attack.save(update_fields=["result", "state", "reason", "finished"])
    return True


def _describe(run: TrainingRun) -> dict[str, Any]:
    agent = run.agent.slug if run.agent else None
    return {"training": run.pk, "seed": run.seed, "payoff": run.result.get("payoff"), "agent": agent}


@dataclass(frozen=True)
class GameValue:
    """The value of a board's meta-game to a team, with its 95 % interval and the snapshot that has it."""

    mean: float
    low: float | None
    high: float | None
    snapshot: int

    def to_json(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)


def value_of(scenario: Scenario, team: str) -> GameValue | None:
    """Return the value, to a team, of the meta-game of a scenario's listed agents; None where it is unknown."""
    board = boards.latest_board(scenario)
    if board is None or board.nash is None:
        return None
    nash = board.nash
    ends = (nash.value, nash.value_lower, nash.value_upper)
    if team == Team.CAMERA:
        return GameValue(*ends, board.snapshot.number)
    value, low, high = (None if end is None else -end for end in (ends[0], ends[2], ends[1]))
    assert value is not None
    return GameValue(value, low, high, board.snapshot.number)


def _subtract(found: measuring.MeanEstimate, value: GameValue) -> dict[str, float | None]:
    """Return the payoff minus the value. The limits are the widest that both intervals allow."""
    low = None if found.low is None else found.low - (value.mean if value.high is None else value.high)
    high = None if found.high is None else found.high - (value.mean if value.low is None else value.low)
    return {"mean": found.mean - value.mean, "low": low, "high": high}


# Steering and reading


def cancel_attack(attack: Attack) -> bool:
    """Stop an attack and its trainings at once. Returns whether it was open."""
    with transaction.atomic():
        stopped = Attack.objects.filter(pk=attack.pk, state__in=OPEN).update(
            state=AttackState.CANCELLED, finished=timezone.now()
        )
        if stopped:
            for run in attack.trainings.filter(state__in=trainings.OPEN):
                trainings.cancel_training(run)
            if attack.tournament is not None and attack.tournament.state == TournamentState.PLAYING:
                organising.cancel_tournament(attack.tournament)
    attack.refresh_from_db()
    return bool(stopped)


def resume_attack(attack: Attack) -> bool:
    """Resume a failed or cancelled attack: stopped trainings continue, the best is chosen and judged again.

    Returns whether it could be resumed.
    """
    with transaction.atomic():
        again = {"state": AttackState.TRAINING, "reason": "", "finished": None, "tournament": None, "attacker": None}
        resumed = Attack.objects.filter(pk=attack.pk, state__in=RESUMABLE).update(**again)
        if resumed:
            for run in attack.trainings.filter(state__in=trainings.RESUMABLE):
                trainings.resume_training(run)
    attack.refresh_from_db()
    return bool(resumed)


def strongest_of(agents: Iterable[Agent], scenario: Scenario) -> dict[int, Attack]:
    """Return each agent's finished attack with the highest mean payoff in a scenario, by the agent's key."""
    found = Attack.objects.filter(agent__in=list(agents), scenario=scenario, state=AttackState.FINISHED)
    strongest: dict[int, Attack] = {}
    for attack in found.order_by("pk"):
        known = strongest.get(attack.agent_id)
        if known is None or attack.result["payoff"]["mean"] > known.result["payoff"]["mean"]:
            strongest[attack.agent_id] = attack
    return strongest
