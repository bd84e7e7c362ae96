"""PSRO runs: two populations that grow by best responses to each other's strategies, iteration by iteration."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .agent import Agent
from .attack import Attack
from .scenario import Scenario
from .tournament import Tournament
from .training import TrainingRun
from .upload import Upload


class PsroState(models.TextChoices):
    RUNNING = "running", _("Running")
    PAUSED = "paused", _("Paused")
    FINISHED = "finished", _("Finished")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Stopped by an error")


class PsroKind(models.TextChoices):
    """How an iteration's strategies are found."""

    ORDINARY = "psro", _("PSRO")
    ANYTIME = "anytime", _("Anytime PSRO")


class PsroRun(models.Model):
    """Policy-space response oracles in one scenario (Lanctot et al. 2017).

    The populations begin with `cameras` and `targets`. Each iteration trains a best response of each team to the other
    team's strategy of the iteration before, plays the pairings that are new, and solves the meta-game of all agents
    with `meta_solver`; anytime PSRO finds the strategies by regret minimisation in `rounds` rounds (`PsroRound`).
    `camera_training` and `target_training` have the fields of
    `tournament.trainings.TrainingSettings`; they are empty in an imported run.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="psro_runs"
    )
    name = models.CharField(max_length=60)
    scenario = models.ForeignKey(Scenario, on_delete=models.PROTECT, related_name="psro_runs")
    cameras = models.ManyToManyField(Agent, related_name="+")
    targets = models.ManyToManyField(Agent, related_name="+")
    kind = models.CharField(max_length=10, choices=PsroKind.choices, default=PsroKind.ORDINARY)
    rounds = models.PositiveSmallIntegerField(
        default=4, help_text="How often each iteration of anytime PSRO changes its strategies."
    )
    meta_solver = models.CharField(max_length=20, help_text="One of tournament.meta_solvers.META_SOLVERS.")
    camera_training = models.JSONField(default=dict)
    target_training = models.JSONField(default=dict)
    episodes_per_pairing = models.PositiveIntegerField()
    is_anytime = models.BooleanField(
        default=False, help_text="More episodes are played where they narrow NashConv most."
    )
    is_warm = models.BooleanField(default=True, help_text="Best responses start from their team's last one.")
    base_seed = models.BigIntegerField(default=0)
    iterations_wanted = models.PositiveIntegerField()
    epsilon = models.FloatField(null=True, blank=True, help_text="It ends when NashConv is surely below this.")
    num_attackers = models.PositiveSmallIntegerField(
        default=0, help_text="Attackers of each strategy that must fail before it ends as solved; 0: none are trained."
    )
    hours_wanted = models.FloatField(null=True, blank=True, help_text="No iteration is begun after so many hours.")
    state = models.CharField(max_length=10, choices=PsroState.choices, default=PsroState.RUNNING)
    reason = models.TextField(blank=True, help_text="Why it ended, or what went wrong and what to do, in words.")
    forked_from = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="forks")
    upload = models.ForeignKey(
        Upload,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="psro_runs",
        help_text="It came from here.",
    )
    camera_agent = models.ForeignKey(
        Agent, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="The final mixture."
    )
    target_agent = models.ForeignKey(Agent, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    seconds_before = models.FloatField(default=0.0, help_text="Time that it ran before it was last resumed.")
    resumed = models.DateTimeField(null=True, blank=True)
    created = models.DateTimeField(auto_now_add=True)
    finished = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created", "-id"]
        indexes = [models.Index(fields=["state"])]

    def __str__(self) -> str:
        return self.name


class PsroPhase(models.TextChoices):
    TRAINING = "training", _("Training best responses")
    PLAYING = "playing", _("Playing new pairings")
    REFINING = "refining", _("Adjusting strategies")
    SOLVED = "solved", _("Solved")


class PsroIteration(models.Model):
    """One iteration: the best responses it added, the meta-game, its strategies and their exploitability.

    `table` holds `cameras` and `targets` (digests, oldest first), `payoff`, `error`, `count` and `coverage`; `figures`
    holds what `tournament.psro.accounts` computes from it.
    """

    run = models.ForeignKey(PsroRun, on_delete=models.CASCADE, related_name="iterations")
    number = models.PositiveIntegerField()
    phase = models.CharField(max_length=8, choices=PsroPhase.choices)
    camera_training = models.ForeignKey(TrainingRun, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    target_training = models.ForeignKey(TrainingRun, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    camera = models.ForeignKey(Agent, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    target = models.ForeignKey(Agent, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    tournament = models.ForeignKey(Tournament, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    camera_attack = models.ForeignKey(
        Attack,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="On its cameras.",
    )
    target_attack = models.ForeignKey(Attack, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    table = models.JSONField(default=dict, blank=True)
    camera_strategy = models.JSONField(default=list, blank=True)
    target_strategy = models.JSONField(default=list, blank=True)
    figures = models.JSONField(default=dict, blank=True)
    created = models.DateTimeField(auto_now_add=True)
    solved = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="one_psro_iteration")]

    def __str__(self) -> str:
        return f"iteration {self.number} of {self.run_id}"


class PsroRound(models.Model):
    """One round of regret minimisation in an iteration of anytime PSRO.

    Each team's response is trained against the other team's strategy of this round. `tournament` plays the responses
    against the populations. `camera_gains` are the payoffs of the cameras' population against the targets' response,
    and `target_gains` those of the targets' population against the cameras' response; they are empty until they are
    known. A response to a population of one agent is not trained here.
    """

    iteration = models.ForeignKey(PsroIteration, on_delete=models.CASCADE, related_name="rounds")
    number = models.PositiveSmallIntegerField()
    camera_strategy = models.JSONField(default=list)
    target_strategy = models.JSONField(default=list)
    camera_training = models.ForeignKey(TrainingRun, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    target_training = models.ForeignKey(TrainingRun, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    tournament = models.ForeignKey(Tournament, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    camera_gains = models.JSONField(default=list, blank=True)
    target_gains = models.JSONField(default=list, blank=True)
    is_over = models.BooleanField(default=False)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["iteration", "number"], name="one_psro_round")]

    def __str__(self) -> str:
        return f"round {self.number} of {self.iteration}"


class PsroComparison(models.Model):
    """Two runs of one scenario head to head: the tournament in which each one's final mixtures play the other's."""

    first = models.ForeignKey(PsroRun, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(PsroRun, on_delete=models.CASCADE, related_name="+")
    tournament = models.ForeignKey(Tournament, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["first", "second"], name="one_psro_comparison")]

    def __str__(self) -> str:
        return f"{self.first} against {self.second}"
