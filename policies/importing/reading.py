"""Reading an uploaded file in this process: the steps and their order.

``policies.importing.read`` does the same in a child process with limits. Use that for files from other people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from posixpath import basename, dirname, join
from typing import IO, Any

from policies.checkpoint import (
    MAX_RECIPE_BYTES,
    MAX_WEIGHTS_BYTES,
    RECIPE_NAME,
    WEIGHTS_NAME,
    Checkpoint,
    parse_policy,
    parse_weights,
)
from policies.errors import CheckpointError
from policies.fields import shorten
from policies.graphs.graph import Graph
from policies.importing import onnx, psro
from policies.importing.archives import Archive, open_archive
from policies.importing.errors import CutOff, ImportRefused
from policies.importing.limits import DEFAULT_LIMITS, Limits
from policies.importing.maps import MAX_MAP_BYTES, find_map, parse_map
from policies.importing.names import is_clutter, is_plain, storable
from policies.importing.parameters import Parameters, parse_parameters
from policies.importing.recognition import read_worker, recognise
from policies.importing.report import ImportedAgent, ImportReport, Journal, ResultTable, Step
from policies.importing.trials import TrialFolder, choose_checkpoint, find_trials, has_trials, place_in_psro
from policies.recipe import Recipe

QUOTES = "'\""
MAX_CUT_OFF = 3


def read_file(
    file: IO[bytes], limits: Limits = DEFAULT_LIMITS, watch: Callable[[Step], None] | None = None
) -> ImportReport:
    """Return a report on the seekable binary ``file``; ``watch`` is called with every step when it has ended.

    Raises ImportRefused with the reason if any part of the file cannot be used.
    """
    journal = Journal(watch or (lambda step: None))
    with journal.step("Open the archive") as details:
        archive = open_archive(file, limits)
        details.append(f"a {archive.kind} with {len(archive.members)} files")
        if archive.num_links:
            details.append(f"{archive.num_links} symbolic links were ignored")
    folders = native_folders(list(archive.members))
    if folders:
        return _read_natives(archive, folders, limits, journal)
    return _TrialReading(archive, limits, journal).read()


def native_folders(names: list[str]) -> list[str]:
    """Return the folders with a ``policy.json`` among these paths; none if the archive also has trials."""
    folders = [dirname(name) for name in names if basename(name) == RECIPE_NAME]
    return folders if "" in folders or not has_trials(names) else []


def _read_natives(archive: Archive, folders: list[str], limits: Limits, journal: Journal) -> ImportReport:
    if len(folders) > limits.max_agents:
        raise ImportRefused(f"the archive has {len(folders)} checkpoints; at most {limits.max_agents} are read at once")
    contents = archive.read(dict.fromkeys((join(folder, RECIPE_NAME) for folder in folders), MAX_RECIPE_BYTES))
    recipes = dict(sorted(_read_recipe(archive, path, bytes(content), journal) for path, content in contents))
    known = [recipe for recipe in recipes.values() if isinstance(recipe, Recipe)]
    with journal.step("Add the weights up", is_silent=True):
        check_weights(sum(recipe.number_of_parameters for recipe in known), limits)
    limit = {path: MAX_WEIGHTS_BYTES if basename(path) == WEIGHTS_NAME else onnx.MAX_MODEL_BYTES for path in recipes}
    agents = {}
    for path, content in archive.read(limit):
        recipe = recipes[path]
        if isinstance(recipe, Recipe):
            agents[path] = _read_weights(path, content, recipe, journal)
        else:
            agents[path] = _read_model(path, content, recipe, journal)
    with journal.step("Add the weights up", is_silent=True):
        check_weights(sum(agent.checkpoint.recipe.number_of_parameters for agent in agents.values()), limits)
    return ImportReport(tuple(agents[path] for path in recipes), steps=tuple(journal.steps))


def check_weights(number: int, limits: Limits) -> None:
    """Raise ImportRefused if the networks of one file have more weights than the limit."""
    if number > limits.max_weights:
        raise ImportRefused(
            f"its networks have at least {number:,} weights in all, where {limits.max_weights:,} are read; upload "
            f"fewer at once"
        )


def _read_recipe(archive: Archive, path: str, content: bytes, journal: Journal) -> tuple[str, Recipe | dict[str, Any]]:
    """Return the path of the weights beside a policy.json, and its recipe, or its parsed content for an ONNX model."""
    folder = dirname(path)
    weights_path = join(folder, WEIGHTS_NAME)
    with journal.step(f"Read {shorten(path, 120).strip(QUOTES)}") as details:
        parsed = parse_policy(content)
        if onnx.is_onnx(parsed):
            model_path = join(folder, onnx.MODEL_NAME)
            if model_path not in archive.members:
                raise ImportRefused(
                    f"{shorten(model_path, 200)} is missing; policy.json says that the network is in ONNX's format "
                    f"(docs/onnx.md)"
                )
            details.append("a network in ONNX's format")
            return model_path, parsed
        if weights_path not in archive.members:
            raise ImportRefused(
                f"{shorten(weights_path, 200)} is missing; a native checkpoint has {RECIPE_NAME} and "
                f"{WEIGHTS_NAME} beside each "
                "other (docs/checkpoint-format.md)"
            )
        recipe = Recipe.from_json(parsed)
        details.append(describe(recipe))
        others = sum(dirname(name) == folder and not is_clutter(name) for name in archive.members) - 2
        if others:
            details.append(f"{others} other files of its folder were not opened")
    return weights_path, recipe


def _read_weights(path: str, content: bytearray, recipe: Recipe, journal: Journal) -> ImportedAgent:
    with journal.step("Check the weights") as details:
        packed = bytes(content)
        content.clear()  # At most two copies of large weights exist at a time.
        weights = parse_weights(packed, recipe)
        del packed
        checkpoint = Checkpoint(recipe, weights)
        details.append(f"{recipe.number_of_parameters:,} numbers, all finite, in the shapes that {RECIPE_NAME} implies")
    return ImportedAgent(_name_of_native(recipe), recipe.team, checkpoint, storable(path), questions=())


def _read_model(path: str, content: bytearray, policy: dict[str, Any], journal: Journal) -> ImportedAgent:
    with journal.step("Read the graph") as details:
        checkpoint = onnx.read_model(policy, memoryview(content))
        recipe = checkpoint.recipe
        assert isinstance(recipe.architecture, Graph)
        details.append(
            f"{len(recipe.architecture.nodes):,} operators with {recipe.number_of_parameters:,} weights, read as data"
        )
        details.append(describe(recipe))
    return ImportedAgent(_name_of_native(recipe), recipe.team, checkpoint, storable(path), questions=())


def _name_of_native(recipe: Recipe) -> str:
    name = recipe.provenance.get("name")
    return name[:100] if isinstance(name, str) and name.isprintable() and name.strip() else f"{recipe.team} checkpoint"


def describe(recipe: Recipe) -> str:
    """Return a recipe as a line of text."""
    play = {
        "levels": f"a grid of {recipe.action.levels} x {recipe.action.levels} actions",
        "pose": f"a grid of {recipe.action.levels} x {recipe.action.levels} relative poses",
        "box": "continuous actions",
        "direct": "continuous actions without sampling",
    }.get(recipe.action.decoding, f"selecting targets ({recipe.action.decoding})")
    return (
        f"a {recipe.team} agent for {recipe.scenario or 'any scenario'}; {play}; a decision every {recipe.frame_skip} "
        f"frames"
    )


class _TrialReading:
    """The reading of an archive of trial folders."""

    def __init__(self, archive: Archive, limits: Limits, journal: Journal) -> None:
        self.archive, self.limits, self.journal = archive, limits, journal
        self.small: dict[str, bytes] = {}
        self.tables: dict[str, ResultTable] = {}
        self.chosen: dict[str, tuple[TrialFolder, list[str]]] = {}
        self.agents: list[ImportedAgent] = []
        self.digests: dict[tuple[str, str, int], str] = {}
        self.num_weights = 0

    def read(self) -> ImportReport:
        """Return the report on all trials of the archive."""
        self._find()
        parameters = {trial.folder: self._read_parameters(trial) for trial, _ in self.chosen.values()}
        pending = list(self.chosen)
        while pending:
            pending = self._read_checkpoints(pending, parameters)
        mixtures = self._read_result() if self.tables else []
        tables = psro.final_tables(self.tables)
        results = psro.all_results(self.tables, self.digests, self._trained_where())
        steps = tuple(self.journal.steps)
        return ImportReport(tuple(self.agents), tuple(mixtures), tuple(tables), steps, tuple(results))

    def _read_checkpoints(self, paths: list[str], parameters: dict[str, Parameters]) -> list[str]:
        """Read the agents at these paths; return the paths to try instead of truncated ones."""
        contents = self.archive.read(dict.fromkeys(paths, self.limits.max_checkpoint))
        instead = []
        for _ in paths:
            with self.journal.step("Unpack the checkpoint", is_silent=True):
                found = next(contents, None)
                if found is None:
                    raise ImportRefused("the archive lists a checkpoint that is not in it; make the archive again")
            path, content = found
            older = self._read_agent(path, memoryview(content), parameters[self.chosen[path][0].folder])
            if older is not None:
                instead.append(older)
        return instead

    def _trained_where(self) -> dict[tuple[str, str, int], str]:
        """Return the paths in checkpoint_path.txt by (root, player, iteration)."""
        found = {}
        for path, content in self.small.items():
            place = place_in_psro(path)
            if place is not None and basename(path) == psro.BEST_NAME:
                told = psro.read_path(content)
                found[place] = told if is_plain(told) else ""
        return found

    def _find(self) -> None:
        with self.journal.step("Find the trials") as details:
            trials = find_trials(list(self.archive.members), self.archive.num_links)
            if len(trials) > self.limits.max_agents:
                raise ImportRefused(
                    f"the archive has {len(trials)} trials; at most {self.limits.max_agents} are read at once"
                )
            table_paths = psro.table_paths(list(self.archive.members))
            wanted = dict.fromkeys((trial.parameters for trial in trials), self.limits.max_parameters)
            wanted |= dict.fromkeys(table_paths, self.limits.max_table)
            self._check_texts(wanted)
            self.small = {path: bytes(content) for path, content in self.archive.read(wanted)}
            best = self._best_checkpoints()
            for trial in trials:
                path, note = choose_checkpoint(trial, best.get(place_in_psro(trial.folder)))
                self.chosen[path] = (trial, [note] if note else [])
                details.append(f"{trial.label}: {basename(path)}{f' ({note})' if note else ''}")
            for path in table_paths:
                if basename(path) != psro.BEST_NAME:
                    self.tables[path] = psro.parse_table(path, self.small[path])
            psro.check_amount(self.tables.values(), self.limits.max_numbers)

    @contextmanager
    def _step(self, name: str, trial: TrialFolder) -> Iterator[list[str]]:
        """Run a step about one trial; if there are several, a refusal names the trial."""
        with self.journal.step(f"{name} of {trial.label}") as details:
            try:
                yield details
            except CheckpointError as error:
                if len(self.chosen) == 1:
                    raise
                raise ImportRefused(f"{trial.label}: {error}") from None

    def _check_texts(self, names: Iterable[str]) -> None:
        sizes = (self.archive.members[name].size for name in names if name in self.archive.members)
        amount, limit = sum(sizes), self.limits.max_texts
        if amount > limit:
            raise ImportRefused(
                f"params.json files and PSRO tables have {amount:,} bytes in all, where {limit:,} are read; leave "
                f"the tables of the "
                "first iterations out"
            )

    def _best_checkpoints(self) -> dict[tuple[str, str, int] | None, str]:
        """Return the path in each iteration's checkpoint_path.txt, by the iteration's place in the result."""
        contents = {path: content for path, content in self.small.items() if basename(path) == psro.BEST_NAME}
        return {place_in_psro(path): psro.read_path(content) for path, content in contents.items()}

    def _read_parameters(self, trial: TrialFolder) -> Parameters:
        with self._step("Read params.json", trial) as details:
            parameters = parse_parameters(self.small[trial.parameters])
            if trial.player is not None and trial.player != parameters.team:
                raise ImportRefused(
                    f"params.json describes a {parameters.team} policy in the folder of the {trial.player} player"
                )
            parameters = self._with_map(trial, parameters, details)
            details.append(
                f"{parameters.shown_algorithm} {parameters.team}, trained on {shorten(parameters.scenario_name)} "
                f"with a "
                f"decision every {parameters.frame_skip} frames"
            )
        return parameters

    def _with_map(self, trial: TrialFolder, parameters: Parameters, details: list[str]) -> Parameters:
        """Return the parameters with the map that they name, if it is no preset and the archive contains it."""
        if parameters.scenario is not None or parameters.scenario_config is not None:
            return parameters
        path = find_map(self.archive.members, trial.folder, parameters.scenario_name)
        if not path or self.archive.members[path].size > MAX_MAP_BYTES:
            return parameters
        _, content = next(self.archive.read({path: MAX_MAP_BYTES}))
        config = parse_map(bytes(content))
        told = "its map was read" if config else "it is no map in YAML or JSON"
        details.append(f"{shorten(path, 120).strip(QUOTES)}: {told}")
        return parameters.on_map(config) if config else parameters

    def _read_agent(self, path: str, content: memoryview, parameters: Parameters) -> str | None:
        """Read the agent of a checkpoint; if it is truncated, return the path of an older one to try instead."""
        trial, notes = self.chosen[path]
        with self._step("Read the checkpoint", trial) as details:
            try:
                worker = read_worker(content, shorten(basename(path), 80).strip(QUOTES))
            except CutOff:
                older = self._instead_of(path)
                if older is None:
                    raise
                details.append(f"{basename(path)} is cut off; {basename(older)} is older and is tried instead")
                return older
            details.append(f"{len(content):,} bytes, read as data; nothing in it was executed")
        with self._step("Recognise the policy", trial) as details:
            checkpoint, remarks = recognise(parameters, worker, {"format": "RLlib 1.12 checkpoint"})
            details.append(describe(checkpoint.recipe))
            details.append(f"{checkpoint.recipe.number_of_parameters:,} weights, all finite, in the expected shapes")
            self.num_weights += checkpoint.recipe.number_of_parameters
            check_weights(self.num_weights, self.limits)
        place = place_in_psro(trial.folder)
        if place is not None:
            self.digests[place] = checkpoint.digest
        name = f"{parameters.shown_algorithm} {trial.label if place else parameters.team} {parameters.shown_scenario}"
        told = (*notes, *remarks)
        self.agents.append(ImportedAgent(name[:100], parameters.team, checkpoint, storable(path), told))
        return None

    def _instead_of(self, path: str) -> str | None:
        """Choose the next older checkpoint of a trial in place of a truncated one; None if there is none."""
        trial, notes = self.chosen[path]
        place = trial.checkpoints.index(path)
        if place == 0 or len(notes) > MAX_CUT_OFF:
            return None
        older = trial.checkpoints[place - 1]
        note = (
            f"{basename(path)} is cut off: its run was stopped while it was written; {basename(older)} was taken "
            f"instead"
        )
        self.chosen[older] = (trial, [*(told for told in notes if "is cut off" in told), note])
        return older

    def _read_result(self) -> list[Any]:
        with self.journal.step("Read the PSRO result") as details:
            mixtures = psro.final_mixtures(self.tables, self.digests)
            for mixture in mixtures:
                if mixture.is_playable:
                    details.append(f"{mixture.name} can be played")
                else:
                    details.append(
                        f"{mixture.name} cannot be put together: the archive lacks the checkpoints of "
                        f"{', '.join(mixture.missing)}"
                    )
        return mixtures
