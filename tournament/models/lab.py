"""Labs: people who own agents together. (A team is camera or target.)"""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Lab(models.Model):
    """Some users who see, use and change agents together."""

    name = models.CharField(_("Name"), max_length=60, unique=True)
    slug = models.SlugField(max_length=80, unique=True, editable=False)
    description = models.TextField(_("Description"), max_length=1000, blank=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class LabRole(models.TextChoices):
    """Owners invite and remove members; both use and change the lab's agents."""

    OWNER = "owner", _("Owner")
    MEMBER = "member", _("Member")


class Membership(models.Model):
    """A user's membership of a lab; it is an invitation until it is `accepted`."""

    lab = models.ForeignKey(Lab, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=6, choices=LabRole.choices, default=LabRole.MEMBER)
    accepted = models.BooleanField(default=False)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-role", "created"]
        constraints = [models.UniqueConstraint(fields=["lab", "user"], name="once_in_a_lab")]

    def __str__(self) -> str:
        return f"{self.user} in {self.lab}"
