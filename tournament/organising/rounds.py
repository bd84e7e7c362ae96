"""Rounds: the choices of a tournament's format, given the results of all earlier rounds, and their blocks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import F

from tournament import formats, leaderboards
from tournament.contents import Contents, numbers_of
from tournament.fields import in_order
from tournament.formats import Evidence, Finding
from tournament.models import Agent, Block, BlockState, Choice, Episode, Pairing, Tournament, TournamentState

MAX_EPISODES = 1_000_000
"""Maximum number of episodes of one tournament. Longer formats are stopped there, and their finding says so."""
LARGEST_BLOCK = 1000
"""Maximum number of episodes of a waiting block; workers take smaller parts of it (`tasks.sizing`)."""
PART = 5000
"""Number of choices, and of blocks, that are written at once."""
NO_NUMBERS = np.empty(0, dtype=np.int64)
OPEN = (BlockState.WAITING, BlockState.LEASED)
_ROW = np.dtype([("pairing", np.int64), ("seed", np.int64), ("reward", np.float64)])

Fields = tuple[list[Agent], list[Agent]]


def next_round(tournament: Tournament, at_once: bool = True) -> bool:
    """Let the format choose the next round, and write its choices and their blocks.

    Returns whether there is a next round: False if the format chooses nothing. Of several concurrent callers one
    writes; the others change nothing and return True. Call it when no block of the round `tournament.round` is open.
    The whole is one transaction. Unless `at_once`, a large first round is only counted, and `preparing` writes it.
    """
    done = tournament.round
    fields = fields_of(tournament)
    format = format_of(tournament, fields)
    evidence = evidence_of(tournament, done, fields)
    finding = format.find(evidence, _earlier(tournament)).to_json()
    wanted = format.choose(evidence, done)
    choices = _cut_off(wanted, MAX_EPISODES - tournament.num_episodes)
    if wanted and not choices:
        finding["headline"] += f" Stopped at {MAX_EPISODES:,} episodes, the most that a tournament may have."
    with transaction.atomic():
        still = Tournament.objects.filter(pk=tournament.pk, state=TournamentState.PLAYING, round=done)
        if not (at_once or done) and is_long(choices):
            still.update(finding=finding, num_unwritten=sum(choice.count for choice in choices))
            return True
        if not still.update(round=done + bool(choices), finding=finding):
            return True
        if choices:
            write(tournament, done + 1, fields, choices, Contents(tournament))
    return bool(choices)


def is_long(choices: Sequence[formats.ChosenEpisodes]) -> bool:
    """Return whether choices can and should be written part by part: many, of which no two are of one pairing."""
    return len(choices) > PART and len({(choice.camera, choice.target) for choice in choices}) == len(choices)


def _cut_off(choices: Sequence[formats.ChosenEpisodes], most: int) -> list[formats.ChosenEpisodes]:
    """Return all choices, or none if they exceed `most` episodes."""
    return list(choices) if sum(choice.count for choice in choices) <= most else []


def fields_of(tournament: Tournament) -> Fields:
    """Return cameras and targets in the order in which they were entered."""
    return in_order(tournament.cameras), in_order(tournament.targets)


def format_of(tournament: Tournament, fields: Fields | None = None) -> formats.Format:
    """Return the tournament's format with its settings. Raises UserError if this version does not have it."""
    cameras, targets = ([agent.digest for agent in field] for field in fields or fields_of(tournament))
    return formats.FORMATS[tournament.format].make(tournament.settings, cameras, targets)


def _earlier(tournament: Tournament) -> Finding | None:
    return Finding.from_json(tournament.finding) if tournament.finding else None


def evidence_of(tournament: Tournament, last_round: int, fields: Fields) -> Evidence:
    """Return the tournament's own episodes of its rounds up to `last_round`.

    A pairing with a failed block is closed and its episodes are left out: how many finished before the error is random.
    """
    cameras, targets = fields
    digests = [agent.digest for agent in cameras], [agent.digest for agent in targets]
    if not last_round:
        return Evidence.of(*digests)
    rows = {agent.pk: row for row, agent in enumerate(cameras)}
    columns = {agent.pk: column for column, agent in enumerate(targets)}
    places = {
        key: (rows[camera], columns[target])
        for key, camera, target in tournament.pairings.order_by().values_list("pk", "camera", "target")
    }
    closed = np.zeros((len(cameras), len(targets)), dtype=bool)
    for pairing in tournament.blocks.filter(state=BlockState.FAILED).order_by().values_list("pairing_id", flat=True):
        closed[places[pairing]] = True
    table, numbers = _load(tournament, Contents(tournament, last_round))
    cells = np.array([places[key] for key in table["pairing"].tolist()], dtype=np.int64).reshape(-1, 2)
    counts = ~closed[cells[:, 0], cells[:, 1]]
    camera, target = cells[counts].T
    return Evidence.of(*digests, camera, target, numbers[counts], table["reward"][counts], closed)


def _load(tournament: Tournament, contents: Contents) -> tuple[np.ndarray, np.ndarray]:
    """Return the existing episodes of the contents, and their numbers."""
    episodes = Episode.objects.filter(
        pairing__tournaments=tournament, engine=tournament.engine, device=leaderboards.DEVICE
    )
    found = episodes.order_by("pairing_id", "seed").values_list("pairing_id", "seed", "normalised_reward")
    table = np.fromiter(found.iterator(chunk_size=20_000), dtype=_ROW)
    numbers = contents.find(table["pairing"], table["seed"])
    return table[numbers >= 0], numbers[numbers >= 0]


# Writing of a round


def write(
    tournament: Tournament, round: int, fields: Fields, choices: Sequence[formats.ChosenEpisodes], contents: Contents
) -> None:
    """Write choices of a round, and blocks of those of their episodes that do not exist yet.

    `contents` are the earlier choices of their pairings. Only PART choices are in memory as rows at a time.
    """
    known = contents.numbers
    times = Counter((choice.camera, choice.target) for choice in choices)
    later: Layers = defaultdict(list)
    num_new = num_missing = 0
    for start in range(0, len(choices), PART):
        part = choices[start : start + PART]
        rows = _write_choices(tournament, round, fields, part)
        wanted = _wanted_seeds(contents, rows, known)
        for row, choice in zip(rows, part, strict=True):
            if times[choice.camera, choice.target] > 1:  # An episode that a format chooses twice is played once.
                numbers = numbers_of(row.first, row.count, row.step)
                known[row.pairing_id] = np.union1d(known.get(row.pairing_id, NO_NUMBERS), numbers)
        missing = _leave_out_existing(tournament, rows, wanted)
        _write_blocks(tournament, _cut(missing, later))
        num_new += sum(map(len, wanted.values()))
        num_missing += sum(map(len, missing.values()))
    for number in sorted(later):
        _write_blocks(tournament, later[number])
    Tournament.objects.filter(pk=tournament.pk).update(
        num_episodes=F("num_episodes") + num_new, num_reused=F("num_reused") + num_new - num_missing
    )


def _write_choices(
    tournament: Tournament, round: int, fields: Fields, choices: Sequence[formats.ChosenEpisodes]
) -> list[Choice]:
    cameras, targets = fields
    pairings = _find_pairings(tournament, [(cameras[choice.camera], targets[choice.target]) for choice in choices])
    rows = [
        Choice(
            tournament=tournament,
            round=round,
            pairing=pairing,
            first=choice.first,
            count=choice.count,
            step=choice.step,
            reason=choice.reason[:200],
            probability=choice.probability,
        )
        for pairing, choice in zip(pairings, choices, strict=True)
    ]
    return Choice.objects.bulk_create(rows, batch_size=500)


def _find_pairings(tournament: Tournament, wanted: Sequence[tuple[Agent, Agent]]) -> list[Pairing]:
    """Return the pairing of each wanted pair of agents; missing ones are created and entered in the tournament."""
    scenario = tournament.scenario
    distinct = {(camera.pk, target.pk): (camera, target) for camera, target in wanted}
    Pairing.objects.bulk_create(
        [Pairing(scenario=scenario, camera=camera, target=target) for camera, target in distinct.values()],
        ignore_conflicts=True,
        batch_size=500,
    )
    teams = ({camera for camera, _ in distinct}, {target for _, target in distinct})
    found = Pairing.objects.filter(scenario=scenario, camera__in=teams[0], target__in=teams[1])
    by_agents = {(row.camera_id, row.target_id): row for row in found}
    link = Tournament.pairings.through
    of_these = link.objects.filter(tournament_id=tournament.pk, pairing__in=found.order_by())
    entered = set(of_these.values_list("pairing_id", flat=True))
    rows = [by_agents[agents] for agents in distinct]
    for row, (camera, target) in zip(rows, distinct.values(), strict=True):
        row.camera, row.target = camera, target
    link.objects.bulk_create(
        [link(tournament_id=tournament.pk, pairing_id=row.pk) for row in rows if row.pk not in entered], batch_size=500
    )
    return [by_agents[camera.pk, target.pk] for camera, target in wanted]


Seeds = dict[int, list[int]]
"""Seeds by the key of the pairing."""
Layers = dict[int, list[tuple[int, np.ndarray]]]
"""Blocks (pairing key, seeds) that are not written yet, by their number among the blocks of their pairing."""


def _wanted_seeds(contents: Contents, choices: Sequence[Choice], known: dict[int, np.ndarray]) -> Seeds:
    """Return the seeds of the choices' episodes whose numbers are not `known`, by pairing key."""
    wanted: Seeds = defaultdict(list)
    for choice in choices:
        pairing = choice.pairing
        numbers = np.setdiff1d(
            numbers_of(choice.first, choice.count, choice.step), known.get(pairing.pk, []), assume_unique=True
        )
        wanted[pairing.pk] += contents.seeds_of(pairing.camera.digest, pairing.target.digest, numbers)
    return {key: list(dict.fromkeys(seeds)) for key, seeds in wanted.items()}


def _leave_out_existing(tournament: Tournament, choices: Sequence[Choice], wanted: Seeds) -> Seeds:
    """Return the wanted seeds whose episodes do not exist yet; the choices were written one after the other."""
    of_these = Choice.objects.filter(tournament=tournament, pk__range=(choices[0].pk, choices[-1].pk))
    episodes = Episode.objects.filter(
        pairing__in=of_these.order_by().values("pairing"), engine=tournament.engine, device=leaderboards.DEVICE
    ).order_by()
    existing: dict[int, set[int]] = defaultdict(set)
    for pairing, seed in episodes.values_list("pairing_id", "seed").iterator(chunk_size=10_000):
        existing[pairing].add(seed)
    return {key: [seed for seed in seeds if seed not in existing[key]] for key, seeds in wanted.items()}


def _cut(missing: Seeds, later: Layers) -> list[tuple[int, np.ndarray]]:
    """Split the missing episodes into blocks; return the first one of every pairing, and add the others to `later`.

    This way all pairings have episodes before one has many.
    """
    size = settings.ARENA_BLOCK_SIZE or LARGEST_BLOCK
    first: list[tuple[int, np.ndarray]] = []
    for pairing, wanted in missing.items():
        for number, start in enumerate(range(0, len(wanted), size)):
            block = pairing, np.array(wanted[start : start + size], dtype=np.int64)
            (later[number] if number else first).append(block)
    return first


def _write_blocks(tournament: Tournament, blocks: Sequence[tuple[int, np.ndarray]]) -> None:
    for start in range(0, len(blocks), PART):
        Block.objects.bulk_create(
            (
                Block(tournament=tournament, pairing_id=pairing, seeds=seeds.tolist(), num_episodes=len(seeds))
                for pairing, seeds in blocks[start : start + PART]
            ),
            batch_size=500,
        )
