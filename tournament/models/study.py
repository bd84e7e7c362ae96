"""Studies: configurations of trainings, each run with several seeds in several scenarios."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .agent import TEAM_CHOICES, Agent
from .scenario import Scenario
from .training import TrainingRun


class StudyState(models.TextChoices):
    RUNNING = "running", _("Running")
    FINISHED = "finished", _("Finished")
    CANCELLED = "cancelled", _("Cancelled")


class Study(models.Model):
    """Configurations x seeds x scenarios, of one team against one opponent.

    `configurations` is a list of {name, algorithm, preset, hyperparameters}; the first is the reference of comparisons.
    `figures` has, by measure (`payoff`, `gain`), the summary of `training.scores`; it is empty before a run has ended.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="studies"
    )
    name = models.CharField(max_length=50)
    team = models.CharField(max_length=6, choices=TEAM_CHOICES)
    opponent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    scenarios = models.ManyToManyField(Scenario, related_name="studies")
    configurations = models.JSONField(default=list)
    first_seed = models.BigIntegerField(default=0)
    num_seeds = models.PositiveIntegerField()
    steps = models.PositiveBigIntegerField(help_text="Environment steps of each run.")
    evaluation_episodes = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=StudyState.choices, default=StudyState.RUNNING)
    figures = models.JSONField(default=dict, blank=True)
    created = models.DateTimeField(auto_now_add=True)
    finished = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created", "-id"]
        verbose_name_plural = "studies"

    def __str__(self) -> str:
        return self.name


class StudyRun(models.Model):
    """One training of a study, with the scores of its agent's episodes on fresh seeds once it has ended.

    `payoffs` are the team's normalised rewards against the study's opponent, `gains` the differences to the baseline on
    the same seeds.
    """

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="runs")
    configuration = models.PositiveSmallIntegerField(help_text="Position among the study's configurations.")
    scenario = models.ForeignKey(Scenario, on_delete=models.PROTECT, related_name="+")
    seed = models.BigIntegerField()
    training = models.OneToOneField(TrainingRun, on_delete=models.PROTECT, related_name="study_run")
    payoffs = models.JSONField(default=list, blank=True)
    gains = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["configuration", "scenario", "seed"]
        constraints = [
            models.UniqueConstraint(fields=["study", "configuration", "scenario", "seed"], name="one_study_run")
        ]

    def __str__(self) -> str:
        return f"run {self.configuration}/{self.scenario_id}/{self.seed} of study {self.study_id}"
