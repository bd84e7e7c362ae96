"""What leaves the portal as files: episodes as CSV, the meta-game as CSV and JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import QuerySet

from tournament.contents import Contents
from tournament.leaderboards import DEVICE, meta_game_of_tournament
from tournament.models import Episode, Pairing, Tournament
from tournament.payoffs import MetaGame

EPISODE_COLUMNS = {
    "scenario": "pairing__scenario__digest",
    "camera": "pairing__camera__digest",
    "target": "pairing__target__digest",
    "engine": "engine",
    "device": "device",
    "seed": "seed",
    "steps": "steps",
    "completed": "completed",
    "target_reward": "target_reward",
    "normalised_reward": "normalised_reward",
    "coverage": "coverage",
    "real_coverage": "real_coverage",
    "transport": "transport",
    "delivered": "delivered",
    "digest": "digest",
}
ORDER = ("pairing__scenario__digest", "pairing__camera__digest", "pairing__target__digest", "engine", "device", "seed")


def episodes_of_tournament(tournament: Tournament) -> Iterator[str]:
    """Lines of CSV with the episodes that a tournament consists of."""
    rows = Episode.objects.filter(pairing__tournaments=tournament, engine=tournament.engine, device=DEVICE)
    return write_episodes(rows, Contents(tournament).by_agents())


def episodes_of_pairing(pairing: Pairing) -> Iterator[str]:
    """Lines of CSV with all episodes of a pairing."""
    return write_episodes(pairing.episodes.all())


def write_episodes(episodes: QuerySet[Episode], wanted: dict[tuple[str, str], set[int]] | None = None) -> Iterator[str]:
    """Lines of CSV, a header first, ordered by agents' digests and seed: the same episodes give the same bytes.

    Agents and scenario are given by digest; real numbers with all their digits. Only the `wanted` seeds of each camera and
    target (digests) are written, if given.
    """
    yield _line(list(EPISODE_COLUMNS))
    rows = episodes.order_by(*ORDER).values_list(*EPISODE_COLUMNS.values())
    camera, target, seed = map(list(EPISODE_COLUMNS).index, ("camera", "target", "seed"))
    for row in rows.iterator(chunk_size=2000):
        if wanted is None or row[seed] in wanted.get((row[camera], row[target]), ()):
            yield _line(row)


def _line(values: Sequence[Any]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(
        [
            repr(value) if isinstance(value, float) else int(value) if isinstance(value, bool) else value
            for value in values
        ]
    )
    return buffer.getvalue()


def meta_game_as_csv(game: MetaGame) -> Iterator[str]:
    """Lines of CSV, one for each cell that was played: agents' digests, payoff, standard error, episodes."""
    yield _line(["camera", "target", "payoff", "error", "episodes"])
    for row, camera in enumerate(game.cameras):
        for column, target in enumerate(game.targets):
            if game.count[row, column]:
                error = float(game.error[row, column])
                values = [
                    float(game.payoff[row, column]),
                    "" if error != error else error,
                    int(game.count[row, column]),
                ]
                yield _line([camera, target, *values])


def meta_game_as_json(tournament: Tournament) -> dict[str, Any]:
    """A tournament's meta-game as JSON values, agents by digest."""
    return meta_game_of_tournament(tournament).to_json()
