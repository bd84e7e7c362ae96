"""Labs: inviting, joining and leaving, and who may do what."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from tournament import names
from tournament.models import Agent, Lab, LabRole, Membership
from tournament.refusals import RequestRefused

MOST_LABS = 20
"""Maximum number of labs that a user may own."""
MOST_MEMBERS = 100
"""Maximum number of members of a lab."""


def refuse(where: str, text: str) -> RequestRefused:
    return RequestRefused([(where, text)])


def create(user: Any, name: str, description: str = "") -> Lab:
    """Create a lab whose owner is the user. Raises RequestRefused."""
    name = name.strip()
    if not name or len(name) > 60:
        raise refuse("name", _("A lab needs a name of at most 60 characters."))
    if problem := names.find_problem(name):
        raise refuse("name", problem)
    if len(description) > 1000:
        raise refuse("description", _("A description has at most 1,000 characters."))
    if Lab.objects.filter(name__iexact=name).exists():
        raise refuse("name", _("There is a lab of this name. Choose another name."))
    if Membership.objects.filter(user=user, role=LabRole.OWNER, accepted=True).count() >= MOST_LABS:
        raise refuse("", _("You own %(count)d labs, the most that a user may own.") % {"count": MOST_LABS})
    with transaction.atomic():
        lab = Lab.objects.create(name=name, slug=free_slug(name), description=description.strip())
        Membership.objects.create(lab=lab, user=user, role=LabRole.OWNER, accepted=True)
    return lab


def free_slug(name: str) -> str:
    """Return a slug of the name that no lab has."""
    stem = slugify(name)[:60] or "lab"
    taken = set(Lab.objects.filter(slug__startswith=stem).values_list("slug", flat=True)) | {"new"}
    return stem if stem not in taken else next(found for n in range(2, 10**6) if (found := f"{stem}-{n}") not in taken)


def membership_of(lab: Lab, user: Any) -> Membership | None:
    """Return a user's membership of a lab, also if the user is only invited; None if there is none."""
    return lab.memberships.filter(user=user.pk).first() if user.is_authenticated else None


def may_manage(lab: Lab, user: Any) -> bool:
    """Return whether a user invites and removes members: the lab's owners and administrators do."""
    found = membership_of(lab, user)
    return bool(getattr(user, "is_staff", False)) or bool(found and found.accepted and found.role == LabRole.OWNER)


def invite(lab: Lab, name: str, role: str = LabRole.MEMBER) -> Membership:
    """Invite a user by name. Nothing changes for them until they accept. Raises RequestRefused."""
    user = User.objects.filter(username=name.strip(), is_active=True).first()
    if user is None:
        raise refuse("username", _("There is no user %(name)s.") % {"name": name.strip()})
    if lab.memberships.count() >= MOST_MEMBERS:
        raise refuse("", _("A lab has at most %(count)d members.") % {"count": MOST_MEMBERS})
    found, is_new = Membership.objects.get_or_create(lab=lab, user=user, defaults={"role": role})
    if not is_new:
        text = _("%(name)s is a member already.") if found.accepted else _("%(name)s is invited already.")
        raise refuse("username", text % {"name": user.get_username()})
    return found


def accept(lab: Lab, user: Any) -> Membership:
    """Join a lab to which the user is invited. Raises RequestRefused."""
    found = membership_of(lab, user)
    if found is None:
        raise refuse("", _("You are not invited to this lab. Ask one of its owners."))
    if not found.accepted:
        found.accepted = True
        found.save(update_fields=["accepted"])
    return found


def remove(lab: Lab, user: Any) -> None:
    """Remove a user from a lab, at their own or an owner's request; the agents that they brought leave too.

    Raises RequestRefused for the last owner.
    """
    with transaction.atomic():
        Lab.objects.select_for_update().get(pk=lab.pk)
        if is_last_owner(lab, user):
            text = _("A lab needs an owner. Make another member an owner first, or delete the lab.")
            raise refuse("", text)
        lab.memberships.filter(user=user.pk).delete()
        Agent.objects.filter(lab=lab, owner=user.pk).update(lab=None)


def set_role(lab: Lab, user: Any, role: str) -> None:
    """Make a member an owner, or an owner a member. Raises RequestRefused for the last owner."""
    with transaction.atomic():
        Lab.objects.select_for_update().get(pk=lab.pk)
        if role != LabRole.OWNER and is_last_owner(lab, user):
            raise refuse("role", _("A lab needs an owner. Make another member an owner first."))
        lab.memberships.filter(user=user.pk, accepted=True).update(role=role)


def is_last_owner(lab: Lab, user: Any) -> bool:
    owners = lab.memberships.filter(role=LabRole.OWNER, accepted=True)
    return owners.filter(user=user.pk).exists() and owners.count() == 1


def find_own_lab(user: Any, slug: str) -> Lab:
    """Return the lab of a slug of which the user is a member. Raises RequestRefused."""
    lab = Lab.objects.filter(slug=slug, memberships__user=user.pk, memberships__accepted=True).first()
    if lab is None:
        raise refuse("lab", _("You are in no lab %(name)s.") % {"name": slug})
    return lab
