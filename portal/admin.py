"""Django's admin pages. Records that the portal writes are shown, not edited."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from portal.forms.agents import AgentForm
from portal.models import Announcement, ApiToken, AuditEntry, Delivery, Webhook
from tournament import withdrawal
from tournament.models import (
    Agent,
    Block,
    Choice,
    Episode,
    Pairing,
    Priority,
    PsroRun,
    RatingSnapshot,
    Scenario,
    Schedule,
    Start,
    Tournament,
    TrainingRun,
    Upload,
    Worker,
)

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # as on the website
admin.site.site_header = admin.site.site_title = "MATE Arena"


class Facts(admin.ModelAdmin):
    """Read-only rows, which only the portal writes."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class Prioritised(Facts):
    """Rows of work. Administrators can set their priority."""

    actions = ("make_high", "make_normal", "make_background")

    @admin.action(description="Take the selected before all others")
    def make_high(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        rows.update(priority=Priority.HIGH)

    @admin.action(description="Take the selected in their turn")
    def make_normal(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        rows.update(priority=Priority.NORMAL)

    @admin.action(description="Take the selected when nothing else waits")
    def make_background(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        rows.update(priority=Priority.BACKGROUND)


@admin.register(Agent)
class AgentAdmin(admin.ModelAdmin):
    """Agents. Name, description and listing can be changed; the policy cannot."""

    form = AgentForm
    list_display = ("name", "team", "kind", "architecture", "owner", "created")
    list_filter = ("team", "kind")
    search_fields = ("name", "slug", "digest")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        changed = {"name", "description"}
        if isinstance(obj, Agent) and not withdrawal.find_obstacle(obj):
            changed.add("withdrawn")
        return [field.name for field in Agent._meta.fields if field.name not in changed]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(Scenario)
class ScenarioAdmin(Facts):
    list_display = ("name", "num_cameras", "num_targets", "num_obstacles", "enhanced_observation")


@admin.register(Tournament)
class TournamentAdmin(Prioritised):
    list_display = ("name", "scenario", "state", "priority", "num_episodes", "owner", "created")
    list_filter = ("state", "scenario")
    list_select_related = ("scenario", "owner")


@admin.register(Choice)
class ChoiceAdmin(Facts):
    list_display = ("tournament", "round", "pairing_id", "first", "count", "step", "reason", "probability")
    list_select_related = ("tournament",)


@admin.register(Schedule)
class ScheduleAdmin(Facts):
    """Schedules. They are created, paused and deleted on their own pages."""

    list_display = ("name", "kind", "expression", "scenario", "is_paused", "next_start", "owner")
    list_select_related = ("scenario", "owner")


@admin.register(Start)
class StartAdmin(Facts):
    list_display = ("schedule", "number", "due", "agent", "refusal", "created")
    list_select_related = ("schedule", "agent")


@admin.register(Upload)
class UploadAdmin(Facts):
    list_display = ("filename", "state", "size", "owner", "created")
    list_filter = ("state",)
    list_select_related = ("owner",)
    exclude = ("file",)


@admin.register(Block)
class BlockAdmin(Facts):
    list_display = ("id", "tournament", "state", "num_played", "num_episodes", "cause", "worker", "attempts")
    list_filter = ("state", "cause")
    list_select_related = ("tournament",)


@admin.register(Pairing)
class PairingAdmin(Facts):
    list_display = ("id", "scenario", "camera", "target")
    list_select_related = ("scenario", "camera", "target")


@admin.register(Episode)
class EpisodeAdmin(Facts):
    list_display = ("id", "pairing_id", "seed", "steps", "normalised_reward", "digest")


@admin.register(RatingSnapshot)
class SnapshotAdmin(Facts):
    list_display = ("scenario", "tournament", "number", "num_episodes", "created")
    list_select_related = ("scenario", "tournament")


@admin.register(TrainingRun)
class TrainingRunAdmin(Prioritised):
    list_display = (
        "name",
        "state",
        "priority",
        "algorithm",
        "team",
        "scenario",
        "steps_done",
        "steps_wanted",
        "owner",
        "created",
    )
    list_filter = ("state", "algorithm", "purpose")
    list_select_related = ("scenario", "owner")


@admin.register(PsroRun)
class PsroRunAdmin(Facts):
    list_display = ("name", "state", "meta_solver", "scenario", "iterations_wanted", "owner", "created")
    list_filter = ("state", "meta_solver")
    list_select_related = ("scenario", "owner")


@admin.register(Worker)
class WorkerAdmin(Facts):
    list_display = ("name", "seen", "doing")


@admin.register(AuditEntry)
class AuditAdmin(Facts):
    """The audit log: who did what."""

    list_display = ("created", "username", "token", "action", "path", "status")
    list_filter = ("action",)
    search_fields = ("username", "path")
    date_hierarchy = "created"


@admin.register(Announcement)
class AnnouncementAdmin(admin.ModelAdmin):
    list_display = ("text", "level", "begins", "ends")


@admin.register(Webhook)
class WebhookAdmin(Facts):
    list_display = ("url", "user", "is_active", "failures", "created")
    list_select_related = ("user",)


@admin.register(Delivery)
class DeliveryAdmin(Facts):
    list_display = ("notification", "webhook", "attempts", "due", "is_over", "error")
    list_filter = ("is_over",)
    list_select_related = ("notification", "webhook")


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):
    """API tokens. They can be revoked here, but not created, because only the owner may see the key."""

    list_display = ("name", "user", "prefix", "scopes", "created", "expires", "last_used")
    list_select_related = ("user",)
    readonly_fields = ("user", "name", "prefix", "digest", "scopes", "created", "expires", "last_used")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
