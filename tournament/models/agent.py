"""Agents, each of which plays one team."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

TEAM_CHOICES = [("camera", _("Camera")), ("target", _("Target"))]
"""Teams (`mate.Team`) with what pages call them."""


class AgentKind(models.TextChoices):
    BUILTIN = "builtin", _("Built-in")
    CHECKPOINT = "checkpoint", _("Checkpoint")
    MIXTURE = "mixture", _("Mixture")
    OPERATOR = "operator", _("Operator's code")
    REMOTE = "remote", _("Remote process")


class Withdrawal(models.TextChoices):
    """How an agent is withdrawn from lists and leaderboards; its episodes and earlier snapshots stay."""

    NONE = "", _("Listed: everybody finds it, and leaderboards rate it")
    UNLISTED = "unlisted", _("Unlisted: who has its address finds it; no list and no leaderboard has it")
    RETIRED = "retired", _("Retired: as unlisted, and it plays in nothing new")
    PRIVATE = "private", _("Private: only its owner and the members of its lab see it and use it")


class Agent(models.Model):
    """A built-in baseline, a checkpoint, a mixture of agents, or external code.

    It is immutable except for its name and description.

    `spec` is the JSON form of a specification of `tournament.agents`; `digest` is its digest, so that the same weights
    played in the same mode are the same agent, whoever uploads them. `identity` is the digest with checkpoints named by
    what plays, without their provenance; an agent that is uploaded again is found by it. The digest never changes,
    because the seeds of episodes are derived from it. Equal agents may exist from the time before identities; only the
    first of them has an identity.
    """

    digest = models.CharField(max_length=64, unique=True, editable=False)
    identity = models.CharField(max_length=64, unique=True, null=True, editable=False)
    team = models.CharField(max_length=6, choices=TEAM_CHOICES)
    kind = models.CharField(max_length=10, choices=AgentKind.choices)
    name = models.CharField(max_length=80)
    slug = models.SlugField(max_length=100, unique=True)
    description = models.TextField(blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="agents"
    )
    lab = models.ForeignKey(
        "tournament.Lab", null=True, blank=True, on_delete=models.SET_NULL, related_name="agents",
        help_text="Whose members see, use and change it as its owner does.",
    )  # fmt: skip
    spec = models.JSONField()
    checkpoint = models.FileField(upload_to="checkpoints/", blank=True, max_length=255)
    architecture = models.CharField(max_length=80, blank=True, help_text="In words, such as 'Hierarchical MAPPO'.")
    num_cameras = models.PositiveSmallIntegerField(null=True, blank=True)
    num_targets = models.PositiveSmallIntegerField(null=True, blank=True)
    num_obstacles = models.PositiveSmallIntegerField(null=True, blank=True)
    trained_enhanced_observation = models.CharField(max_length=8, blank=True)
    provenance = models.JSONField(default=dict, blank=True)
    is_listed = models.BooleanField(
        default=True, help_text="Shown in lists and on leaderboards; milestones of trainings are not."
    )
    is_downloadable = models.BooleanField(
        _("Everyone may download it"), default=False, help_text=_("Its owner and administrators always may.")
    )
    withdrawn = models.CharField(max_length=8, choices=Withdrawal.choices, blank=True)
    listing_changed = models.DateTimeField(null=True, blank=True, editable=False)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["team", "kind", "name"]
        indexes = [models.Index(fields=["team", "kind"])]

    def __str__(self) -> str:
        return f"{self.name} ({self.team})"
