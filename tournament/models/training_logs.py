"""External logs of a user's trainings."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class TrainingLogs(models.Model):
    """A user's settings for all trainings started from now on; each training keeps a copy (`TrainingRun.logs`).

    Without a row there are no external logs.
    """

    owner = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="training_logs")
    tensorboard = models.BooleanField(
        "TensorBoard", default=False, help_text=_("Event files in the training's folder.")
    )
    wandb_project = models.CharField(
        _("Weights & Biases project"), max_length=80, blank=True, help_text=_("Empty: nothing is logged there.")
    )
    wandb_is_offline = models.BooleanField(
        _("Keep Weights & Biases logs in the folder"), default=True,
        help_text=_("Nothing is sent anywhere. Otherwise the trainer needs WANDB_API_KEY."),
    )  # fmt: skip

    def __str__(self) -> str:
        return f"logs of trainings of {self.owner_id}"

    def to_json(self) -> dict[str, object]:
        """Return the settings that a training keeps: only those of the logs that are switched on."""
        found: dict[str, object] = {"tensorboard": True} if self.tensorboard else {}
        if self.wandb_project:
            found |= {"wandb": self.wandb_project, "is_offline": self.wandb_is_offline}
        return found
