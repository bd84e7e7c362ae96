"""Who may change what. Every view and endpoint that changes something asks here."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from tournament.models import Agent, PsroRun, Schedule, Tournament, TrainingRun, Upload

Owned = Agent | PsroRun | Schedule | Tournament | TrainingRun | Upload


def may_change(user: AbstractBaseUser | AnonymousUser, thing: Owned) -> bool:
    """Owners change what is theirs; administrators everything. What the portal owns is the administrators'."""
    if not user.is_authenticated or not user.is_active:
        return False
    return bool(getattr(user, "is_staff", False)) or (thing.owner_id is not None and thing.owner_id == user.pk)
