"""Trainings: runs that make an agent, the curves they leave, and the milestones that are evaluated."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .agent import TEAM_CHOICES, Agent
from .lease import Lease
from .priority import Priority
from .scenario import Scenario
from .tournament import Tournament


class TrainingState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    TRAINING = "training", _("Training")
    PAUSED = "paused", _("Paused")
    EVALUATING = "evaluating", _("Being evaluated")
    FINISHED = "finished", _("Finished")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Failed")


class TrainingPurpose(models.TextChoices):
    """What requested a training other than a user; its agent is then not listed."""

    OWN = "", _("A user")
    PSRO = "psro", _("PSRO run")
    STUDY = "study", _("Study")
    ATTACK = "attack", _("Attack")


class TrainingRun(Lease):
    """One team of one scenario learning against an opponent, on its way to becoming an agent.

    `configuration` is the complete request, in the form of `training.configuration`, with agents by digest, not file.
    While it trains, a trainer's supervisor holds it as a worker holds a block.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="trainings"
    )
    name = models.CharField(max_length=80, help_text="Also the name of the agent that it makes.")
    purpose = models.CharField(max_length=16, blank=True, help_text="Empty for a user's own; else who asked for it.")
    scenario = models.ForeignKey(Scenario, on_delete=models.PROTECT, related_name="trainings")
    team = models.CharField(max_length=6, choices=TEAM_CHOICES)
    algorithm = models.CharField(max_length=16)
    preset = models.CharField(max_length=16)
    configuration = models.JSONField(default=dict)
    opponent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="trainings_against")
    start_from = models.ForeignKey(
        Agent, null=True, blank=True, on_delete=models.PROTECT, related_name="trainings_from"
    )
    seed = models.BigIntegerField(default=0)
    evaluation_episodes = models.PositiveIntegerField(
        default=40, help_text="Per milestone and opponent; 0: the last milestone is taken as it is."
    )
    steps_wanted = models.PositiveBigIntegerField(help_text="Environment steps.")
    steps_done = models.PositiveBigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=TrainingState.choices, default=TrainingState.WAITING)
    priority = models.SmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    wanted = models.CharField(max_length=8, blank=True, help_text="What its owner asked for while it trains: pause.")
    progress = models.JSONField(default=dict, blank=True, help_text="The newest line of the trainer's progress.")
    error = models.TextField(blank=True, help_text="What went wrong and what to do, in words.")
    log = models.TextField(blank=True, help_text="The end of the trainer's log.")
    logs = models.JSONField(default=dict, blank=True, help_text="Where else it is logged; see TrainingLogs.")
    code = models.CharField(max_length=64, blank=True, help_text="Versions of the code that trained.")
    milestone_tournament = models.ForeignKey(
        Tournament, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    reevaluation = models.ForeignKey(Tournament, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    agent = models.ForeignKey(
        Agent, null=True, blank=True, on_delete=models.PROTECT, related_name="trainings", help_text="What it made."
    )
    more_scenarios = models.ManyToManyField(Scenario, related_name="+", blank=True, help_text="Trained on as well.")
    test_scenarios = models.ManyToManyField(
        Scenario, related_name="+", blank=True, help_text="Never trained on; evaluated in."
    )
    transfers = models.ManyToManyField(
        Tournament, related_name="+", blank=True, help_text="The evaluations of milestones in its other scenarios."
    )
    result = models.JSONField(default=dict, blank=True, help_text="How the agent did in the re-evaluation.")
    created = models.DateTimeField(auto_now_add=True)
    started = models.DateTimeField(null=True, blank=True)
    finished = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created", "-id"]
        indexes = [models.Index(fields=["state", "id"])]

    def __str__(self) -> str:
        return f"training {self.pk}"


class TrainingPoint(models.Model):
    """The figures of one iteration, from its trainer. Rates are from 0 to 1; the return is of the team's own reward."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="points")
    iteration = models.PositiveIntegerField()
    steps = models.PositiveBigIntegerField(help_text="Environment steps so far.")
    return_mean = models.FloatField(null=True)
    coverage = models.FloatField(null=True)
    transport = models.FloatField(null=True)
    entropy = models.FloatField(null=True)
    kl = models.FloatField(null=True)
    learning_rate = models.FloatField(null=True)
    seconds = models.FloatField(null=True, help_text="Training time so far.")
    decisions_per_second = models.FloatField(null=True)

    class Meta:
        ordering = ["iteration"]
        constraints = [models.UniqueConstraint(fields=["run", "iteration"], name="one_point")]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.iteration}"


class Milestone(models.Model):
    """An exported checkpoint of a run. `payoff` is its team's mean normalised reward against the training opponent."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="milestones")
    iteration = models.PositiveIntegerField()
    steps = models.PositiveBigIntegerField()
    agent = models.ForeignKey(Agent, null=True, blank=True, on_delete=models.PROTECT, related_name="milestones")
    payoff = models.FloatField(null=True, blank=True)
    error = models.FloatField(null=True, blank=True, help_text="Standard error of the payoff.")
    num_episodes = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["iteration"]
        constraints = [models.UniqueConstraint(fields=["run", "iteration"], name="one_milestone")]

    def __str__(self) -> str:
        return f"milestone {self.iteration} of training {self.run_id}"
