"""Matches: episodes of one pairing, played in lockstep, with errors attributed to their cause."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mate import Team
from mate.communication import messages_of
from mate.depth import depth_of
from mate.errors import UserError
from policies.devices import DeviceError
from tournament import agents
from tournament.interruptions import Interrupted
from tournament.operators import OperatorError

if TYPE_CHECKING:
    from mate.agents.batched import BatchedAgent
    from mate.episodes import EpisodeResult
    from mate.scenario import Scenario


OURS = (MemoryError, DeviceError)
"""Errors of the machine, which are ours whichever agent they occur in."""


class MatchError(Exception):
    """A match that could not be finished; `cause` is camera, target (that agent's fault) or portal (ours)."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause


def play(
    scenario: Scenario,
    camera: agents.Spec,
    target: agents.Spec,
    seeds: Sequence[int],
    open_checkpoint: agents.OpenCheckpoint | None = None,
    batch_size: int | None = None,
    on_episode: Callable[[int, EpisodeResult], None] | None = None,
    on_step: Callable[[Any, Any], None] | None = None,
    on_reset: Callable[[Any, Any], None] | None = None,
    max_steps: int | None = None,
    connect: agents.ConnectRemote | None = None,
    between_steps: Callable[[], None] | None = None,
) -> list[EpisodeResult]:
    """Play one episode for each seed and return the results in the order of `seeds`.

    `on_episode(number, result)` is called as soon as the episode of `seeds[number]` is over; the other callbacks are
    those of `mate.episodes.play`. An exception of a callback ends the match and propagates. `max_steps` truncates all
    episodes. `connect` returns remote agents. Operators' agents play one episode at a time, so that agents that draw
    from global random generators are reproducible.

    Raises MatchError with the cause: an error of a learned agent is that agent's; an error of a built-in agent or of
    the engine is ours.
    """
    from mate import episodes

    def factory(spec: agents.Spec) -> Callable[[Scenario, int], BatchedAgent]:
        return lambda scenario, size: Attributed(spec, scenario, size, open_checkpoint, connect)

    if camera.team != Team.CAMERA or target.team != Team.TARGET:
        raise MatchError("portal", f"A {camera.team} agent cannot play as camera against a {target.team} agent.")
    return episodes.play(
        scenario,
        factory(camera),
        factory(target),
        seeds,
        batch_size=_choose_batch(camera, target) if batch_size is None else batch_size,
        max_steps=max_steps,
        on_reset=on_reset,
        on_step=on_step,
        on_episode=on_episode,
        between_steps=between_steps,
    )


def _choose_batch(*specs: agents.Spec) -> int:
    from mate import episodes

    leaves = [leaf for spec in specs for leaf in agents.leaves(spec)]
    return 1 if any(isinstance(leaf, agents.OperatorAgent) for leaf in leaves) else episodes.BATCH_SIZE


class Attributed:
    """A batched agent whose errors name their cause, and whose actions are checked to be finite."""

    def __init__(
        self,
        spec: agents.Spec,
        scenario: Scenario,
        size: int,
        open_checkpoint: agents.OpenCheckpoint | None,
        connect: agents.ConnectRemote | None = None,
    ) -> None:
        self.team = spec.team
        self.cause = spec.team if agents.checkpoints(spec) or agents.has_foreign_code(spec) else "portal"
        try:
            self.agent = agents.load(spec, scenario, size, open_checkpoint, connect)
        except (OSError, OperatorError, *OURS) as error:
            raise self._error("could not be loaded", error, "portal") from error
        except Exception as error:
            raise self._error("could not be loaded", error) from error

    @property
    def messages(self) -> Any:
        """As ``BatchedAgent.messages``; None for a team that cannot speak."""
        return messages_of(self.agent)

    @property
    def depth(self) -> Any:
        """As ``BatchedAgent.depth``."""
        return depth_of(self.agent)

    def reset(self, slots: Any, keys: Any, observations: Any) -> None:
        """As `BatchedAgent.reset`. Raises MatchError."""
        try:
            self.agent.reset(slots, keys, observations)
        except OURS as error:
            raise self._error("failed at the start of an episode", error, "portal") from error
        except Exception as error:
            raise self._error("failed at the start of an episode", error) from error

    def act(self, observations: Any, actions: Any, active: Any) -> None:
        """As `BatchedAgent.act`. Raises MatchError."""
        try:
            self.agent.act(observations, actions, active)
        except Interrupted:
            raise
        except OURS as error:
            raise self._error("failed while acting", error, "portal") from error
        except Exception as error:
            raise self._error("failed while acting", error) from error
        # The sum is cheap, and finite unless an action is infinite or absurdly large.
        if not np.isfinite(actions.sum()) and not np.isfinite(actions[active]).all():
            raise MatchError(self.cause, f"The {self.team} agent gave an action that is not a finite number.")

    def _error(self, what: str, error: Exception, cause: str | None = None) -> MatchError:
        if isinstance(error, OSError) and error.filename:  # The message must not reveal paths of the server.
            error = type(error)(error.errno, error.strerror)
        words = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        return MatchError(cause or self.cause, f"The {self.team} agent {what}: {words}")
