"""Labs: people who own agents together."""

from __future__ import annotations

from typing import Any, Literal

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema, Status

from portal.api.authentication import account_token, any_token
from portal.api.schemas import Asked, Text, answers
from portal.people.viewing import viewer_of
from tournament import labs as rules
from tournament import queries
from tournament.models import Lab

router = Router()
Role = Literal["owner", "member"]


class LabMemberOut(Schema):
    username: str
    role: Role
    accepted: bool = Field(description="false: invited only.")


class LabOut(Schema):
    slug: str
    name: str
    description: str
    members: list[LabMemberOut] = Field(description="Those who are only invited are told to the lab's owners alone.")
    agents: list[str] = Field(description="Slugs of its agents that you see.")


class LabIn(Asked):
    name: Text = Field(min_length=1, max_length=60, examples=["Tracking group"])
    description: Text = Field("", max_length=1000)


class InvitationIn(Asked):
    username: Text = Field(max_length=150)
    role: Role = "member"


class RoleIn(Asked):
    role: Role


def describe(lab: Lab, user: Any) -> dict[str, Any]:
    members = lab.memberships.select_related("user").order_by("-role", "user__username")
    if not rules.may_manage(lab, user):
        members = members.filter(accepted=True) | members.filter(user=user.pk)
    return {
        "slug": lab.slug,
        "name": lab.name,
        "description": lab.description,
        "members": [
            {"username": one.user.get_username(), "role": one.role, "accepted": one.accepted} for one in members
        ],
        "agents": [agent.slug for agent in queries.find_agents(viewer=user).filter(lab=lab)],
    }


def find_managed(request: HttpRequest, slug: str) -> Lab:
    """Return a lab that the caller manages. Raises PermissionDenied if the caller does not."""
    lab = get_object_or_404(Lab, slug=slug)
    if not rules.may_manage(lab, request.user):
        raise PermissionDenied("Only an owner of the lab or an administrator can do this.")
    return lab


@router.get("/labs", auth=any_token, response=answers(list[LabOut], 401), summary="Your labs and invitations")
def list_labs(request: HttpRequest) -> list[dict[str, Any]]:
    return [describe(lab, request.user) for lab in Lab.objects.filter(memberships__user=request.user.pk)]


@router.post(
    "/labs", auth=account_token, response=answers(LabOut, 400, 401, 403, 422, status=201), summary="Create a lab"
)
def create_lab(request: HttpRequest, wanted: LabIn) -> Any:
    """You become the owner of the lab. Members can see, use and change its agents, including private ones."""
    return Status(201, describe(rules.create(request.user, wanted.name, wanted.description), request.user))


@router.get("/labs/{slug}", response=answers(LabOut, 404), summary="One lab")
def get_lab(request: HttpRequest, slug: str) -> dict[str, Any]:
    return describe(get_object_or_404(Lab, slug=slug), viewer_of(request))


@router.delete(
    "/labs/{slug}",
    auth=account_token,
    response=answers(None, 401, 403, 404, status=204),
    summary="Delete a lab of yours",
)
def delete_lab(request: HttpRequest, slug: str) -> Any:
    """Every agent stays with its owner."""
    find_managed(request, slug).delete()
    return Status(204, None)


@router.post(
    "/labs/{slug}/members",
    auth=account_token,
    response=answers(LabOut, 400, 401, 403, 404, 422, status=201),
    summary="Invite a user to a lab of yours",
)
def invite(request: HttpRequest, slug: str, wanted: InvitationIn) -> Any:
    lab = find_managed(request, slug)
    rules.invite(lab, wanted.username, wanted.role)
    return Status(201, describe(lab, request.user))


@router.post(
    "/labs/{slug}/join",
    auth=account_token,
    response=answers(LabOut, 400, 401, 403, 404),
    summary="Accept an invitation",
)
def join(request: HttpRequest, slug: str) -> dict[str, Any]:
    lab = get_object_or_404(Lab, slug=slug)
    rules.accept(lab, request.user)
    return describe(lab, request.user)


@router.patch(
    "/labs/{slug}/members/{username}",
    auth=account_token,
    response=answers(LabOut, 400, 401, 403, 404, 422),
    summary="Change the role of a member",
)
def set_role(request: HttpRequest, slug: str, username: str, wanted: RoleIn) -> dict[str, Any]:
    lab = find_managed(request, slug)
    rules.set_role(lab, get_object_or_404(User, username=username, memberships__lab=lab), wanted.role)
    return describe(lab, request.user)


@router.delete(
    "/labs/{slug}/members/{username}",
    auth=account_token,
    response=answers(None, 400, 401, 403, 404, status=204),
    summary="Leave a lab, or take somebody out of one of yours",
)
def remove(request: HttpRequest, slug: str, username: str) -> Any:
    """The member's agents leave the lab too."""
    if username != request.user.get_username():
        find_managed(request, slug)
    lab = get_object_or_404(Lab, slug=slug)
    rules.remove(lab, get_object_or_404(User, username=username, memberships__lab=lab))
    return Status(204, None)
