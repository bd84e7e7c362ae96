"""Code examples: the lines of curl and of the Python client that read the data of a page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse


@dataclass(frozen=True)
class ApiExamples:
    """Paths of the API, and lines of Python; in these, `arena` is an `ArenaClient`."""

    paths: tuple[str, ...]
    lines: tuple[str, ...]


def of_agent(slug: str) -> ApiExamples:
    return ApiExamples(
        (reverse("api:get_agent", args=[slug]), f"{reverse('api:list_pairings')}?agent={slug}"),
        (
            f'agent = arena.agents.get("{slug}")',
            "print(agent.name, [(line.scenario, line.rank) for line in agent.standings])",
        ),
    )


def of_board(slug: str) -> ApiExamples:
    board = reverse("api:leaderboard", args=[slug])
    return ApiExamples(
        (board, f"{board}?format=csv", reverse("api:meta_game", args=[slug])),
        (f'board = arena.boards.get("{slug}")', "print([(line.rank, line.agent.slug) for line in board.cameras])"),
    )


def of_tournament(number: int) -> ApiExamples:
    return ApiExamples(
        (
            reverse("api:get_tournament", args=[number]),
            reverse("api:tournament_leaderboard", args=[number]),
            f"{reverse('api:tournament_episodes', args=[number])}?format=csv",
        ),
        (f"cup = arena.tournaments.get({number})", f"board = arena.boards.get(tournament={number})"),
    )


def of_pairing(number: int) -> ApiExamples:
    return ApiExamples(
        (reverse("api:get_pairing", args=[number]), reverse("api:episodes", args=[number])),
        (f"for episode in arena.episodes.of({number}):", "    print(episode.seed, episode.normalised_reward)"),
    )


def of_episode(number: int) -> ApiExamples:
    return ApiExamples(
        (reverse("api:get_episode", args=[number]), reverse("api:get_replay", args=[number])),
        (f"episode = arena.episodes.get({number})", f'arena.episodes.replay({number}, "episode-{number}.replay")'),
    )


EXAMPLES: dict[str, Callable[[Any], ApiExamples]] = {
    "agent": of_agent,
    "board": of_board,
    "tournament": of_tournament,
    "pairing": of_pairing,
    "episode": of_episode,
}
"""Functions that make the examples, by the kind of page."""
