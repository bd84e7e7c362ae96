"""The episodes of an agent in a scenario as arrays, kept in memory while they are the same.

A reader compares one agent with several others, so its ten thousand rows would be read again for each page.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from mate import Team
from tournament import totals, visibility
from tournament.leaderboards import DEVICE, engine_version
from tournament.models import Agent, AgentKind, Episode, Scenario

MOST_EPISODES = 200_000
"""Maximum number of an agent's latest episodes that are read, so that no page takes seconds."""
MOST_KEPT = 1_000_000
"""Maximum number of rows in the cache of a process: 32 MB. The least recently used agents are dropped first."""
ROW = np.dtype([("opponent", np.int64), ("seed", np.int64), ("reward", np.float64), ("episode", np.int64)])
Rows = NDArray[np.void]


@dataclass(frozen=True)
class OwnEpisodes:
    """An agent's rows, and the state of the database in which they were read. Nobody may change the rows."""

    state: Hashable
    rows: Rows


_known: LRUCache[tuple[int, int, bool], OwnEpisodes] = LRUCache(MOST_KEPT, getsizeof=lambda own: len(own.rows) + 1)
"""Cache by the keys of scenario and agent, and whether private opponents are included."""
_lock = Lock()


def read(scenario: Scenario, agent: Agent, is_private: bool) -> Rows:
    """Return the agent's latest episodes of the current engine, sorted by opponent and seed.

    Episodes against private agents are included if `is_private`, those against remote agents never.
    """
    own = totals.of(scenario, engine_version(), DEVICE).filter(**{f"pairing__{agent.team}": agent})
    counts = tuple(own.order_by("pk").values_list("pk", "version", "count"))
    remote = Agent.objects.filter(kind=AgentKind.REMOTE)  # It may play differently the next time.
    hidden = frozenset((remote if is_private else remote | visibility.hidden_agents(None)).values_list("pk", flat=True))
    key, state = (scenario.pk, agent.pk, is_private), (engine_version(), counts, hidden)
    with _lock:
        found = _known.get(key)
    if found is None or found.state != state:
        is_long = sum(count for *_, count in counts) > MOST_EPISODES
        found = OwnEpisodes(state, _read(scenario, agent, hidden, is_long))
        with _lock:
            _known[key] = found
    return found.rows


def _read(scenario: Scenario, agent: Agent, hidden: frozenset[int], is_long: bool) -> Rows:
    """Read the rows from the database; the latest ones if they are too many, since sorting takes time."""
    other = "pairing__target_id" if agent.team == Team.CAMERA else "pairing__camera_id"
    episodes = Episode.objects.filter(
        **{f"pairing__{agent.team}": agent}, pairing__scenario=scenario, engine=engine_version(), device=DEVICE
    )
    if hidden:
        episodes = episodes.exclude(**{f"{other}__in": hidden})
    if is_long:
        episodes = episodes.order_by("-id")
    rows = episodes.values_list(other, "seed", "normalised_reward", "id")[:MOST_EPISODES]
    table = np.fromiter(rows.iterator(chunk_size=10_000), dtype=ROW)
    table = table[np.lexsort((table["seed"], table["opponent"]))]
    table.flags.writeable = False
    return table
