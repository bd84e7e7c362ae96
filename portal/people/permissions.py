"""Permissions to change objects. Every view and endpoint that changes an object uses this module."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied

from tournament.models import Agent, Attack, Membership, PsroRun, Schedule, Study, Tournament, TrainingRun, Upload

Owned = Agent | Attack | PsroRun | Schedule | Study | Tournament | TrainingRun | Upload
WORDS: dict[type, str] = {
    Agent: "agent", Attack: "attack", PsroRun: "run", Schedule: "schedule", Study: "study", Tournament: "tournament",
    TrainingRun: "training", Upload: "upload",
}  # fmt: skip


def may_change(user: AbstractBaseUser | AnonymousUser, thing: Owned) -> bool:
    """Return whether a user may change an object: its owner, members of its lab, and administrators may."""
    if not user.is_authenticated or not user.is_active:
        return False
    if getattr(user, "is_staff", False) or (thing.owner_id is not None and thing.owner_id == user.pk):
        return True
    lab = getattr(thing, "lab_id", None)
    return lab is not None and Membership.objects.filter(lab=lab, user=user.pk, accepted=True).exists()


def insist_on_change(user: AbstractBaseUser | AnonymousUser, thing: Owned, deed: str = "change it") -> None:
    """Raise PermissionDenied, which says who may perform the action, if the user may not change the object."""
    if not may_change(user, thing):
        raise PermissionDenied(f"Only the {WORDS[type(thing)]}'s owner or an administrator can {deed}.")
