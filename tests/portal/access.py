"""Access rules for every page and every operation of the API, and functions that find the routes.

``tests/portal/test_access.py`` tries each route, found in the portal itself, with every actor and method. A route that
has no rule here fails.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from ninja import NinjaAPI

ACTORS = ("anonymous", "stranger", "owner", "staff")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Rule:
    """Who may call a route, and with which methods. ``arguments`` of its address add to those of the world.

    ``others`` is the status for signed-in users without the right: 403, or 404 if the object's existence is secret.
    """

    who: tuple[str, ...]
    methods: tuple[str, ...] = ("GET", "HEAD")
    arguments: tuple[dict[str, Any], ...] = ({},)
    body: dict[str, Any] = field(default_factory=dict)
    others: int = 403
    is_costly: bool = False
    """Whether allowed calls start a process that plays an episode: then only refused ones are tried."""
    is_empty: bool = False
    """Whether the test's portal has nothing to show: then users who may read get 404."""

    def allows(self, actor: str, method: str) -> bool:
        return actor in self.who and method in self.methods


MEMBERS = ("stranger", "owner", "staff")
OWNERS = ("owner", "staff")

READ = Rule(ACTORS)
FORM = Rule(MEMBERS, ("GET", "HEAD", "POST"))
MEMBER_PAGE = Rule(MEMBERS)
MEMBER_ACTION = Rule(MEMBERS, ("POST",))
OWNER_FORM = Rule(OWNERS, ("GET", "HEAD", "POST"))
STAFF_FORM = Rule(("staff",), ("GET", "HEAD", "POST"))
OWNER_ACTION = Rule(OWNERS, ("POST",))

NOTHING_THERE = Rule(ACTORS, METHODS, is_empty=True)
EMPTY_STEP = Rule(MEMBERS, is_empty=True)


def actions(who: tuple[str, ...], *names: str, key: str = "action") -> Rule:
    return Rule(who, ("POST",), tuple({key: name} for name in names))


def questions(who: tuple[str, ...], *names: str, key: str = "action") -> Rule:
    """Return the rule of actions that need confirmation: GET shows the question."""
    return Rule(who, ("GET", "HEAD", "POST"), tuple({key: name} for name in names))


PAGES: dict[str, Rule | tuple[Rule, ...]] = {
    **dict.fromkeys(
        (
            *("home", "leaderboards", "leaderboard", "compare", "snapshots", "snapshot", "payoffs", "payoff_figures"),
            *("board_embedded", "board_picture", "board_feed", "agent_feed", "tournament_feed", "sitemap"),
            *("agents", "agent", "tournament_payoff_figures", "training_compare"),
            *("uploads", "upload", "tournaments", "tournament", "tournament_snapshot", "tournament_payoffs", "choices"),
            *("trainings", "training", "psro_runs", "psro_run", "schedules", "schedule", "pairing", "replay", "beside"),
            "psro_compare",
            "psro_pick",
            *("lab", "status", "about", "search", "studies", "study", "attack", "scenarios"),
            *("scenario", "scenario_file", "user", "documents", "agent_pick"),
        ),
        READ,
    ),
    "document": Rule(ACTORS, arguments=({"name": "user-guide"},)),
    "document_file": Rule(ACTORS, arguments=({"name": "images/replay.png"},)),
    "replay_file": Rule(ACTORS, is_costly=True),
    "replay_picture": Rule(ACTORS, is_costly=True),
    "replay_film": Rule(MEMBERS, is_costly=True),
    "replay_embedded": READ,
    "agent_download": READ,  # an agent of the game, which is everybody's
    "psro_agents": Rule(ACTORS, is_empty=True),
    "agent_edit": OWNER_FORM,
    "agent_attack": FORM,
    "attack_act": (actions(OWNERS, "resume"), questions(OWNERS, "cancel")),
    "agent_reevaluate": Rule(MEMBERS, ("POST",), body={"scenario": "mate-2v4-0"}),
    "agent_add_scenario": OWNER_ACTION,
    "upload_create": FORM,
    "scenario_create": FORM,
    "scenario_draw": MEMBER_ACTION,
    "scenario_read": MEMBER_ACTION,
    "tournament_create": FORM,
    "tournament_cost": MEMBER_PAGE,
    "tournament_cancel": OWNER_FORM,
    "training_create": FORM,
    "training_logs": FORM,
    "training_logs_file": Rule(OWNERS, is_empty=True),
    "training_act": (actions(OWNERS, "pause", "resume", "extend"), questions(OWNERS, "cancel")),
    "psro_create": FORM,
    "psro_compare_play": MEMBER_ACTION,
    "psro_act": (
        actions(OWNERS, "pause", "resume", "extend"),
        questions(OWNERS, "cancel"),
        actions(MEMBERS, "fork"),
    ),
    "study_create": FORM,
    "study_export": Rule(ACTORS, arguments=({"name": "runs.csv"},)),
    "study_act": (actions(OWNERS, "resume"), questions(OWNERS, "cancel")),
    "schedule_create": FORM,
    "schedule_edit": OWNER_FORM,
    "schedule_change": (
        actions(OWNERS, "pause", "resume", "start", key="what"),
        questions(OWNERS, "delete", key="what"),
    ),
    "verify": Rule(MEMBERS, ("GET", "POST"), is_costly=True),
    "sign_in": Rule(ACTORS, ("GET", "HEAD", "POST")),
    "account_login": Rule(ACTORS, ("GET", "HEAD", "POST")),
    **dict.fromkeys(("sign_out", "account_logout"), Rule(ACTORS, ("POST",))),
    **dict.fromkeys(("sign_up", "account_signup"), Rule(ACTORS, ("GET", "HEAD", "POST"))),
    "account_inactive": READ,
    # The test's portal sends no mail.
    **dict.fromkeys(("account_reset_password_done", "account_reset_password_from_key_done"), NOTHING_THERE),
    **dict.fromkeys(("account_reset_password", "account_reset_password_from_key", "account_email"), NOTHING_THERE),
    # Steps that redirect users who come too early to the previous step.
    "mfa_authenticate": FORM,
    **dict.fromkeys(("account_email_verification_sent", "mfa_reauthenticate", "account_set_password"), FORM),
    **dict.fromkeys(("mfa_activate_totp", "mfa_generate_recovery_codes", "account_reauthenticate"), FORM),
    "mfa_deactivate_totp": Rule(MEMBERS, ("GET", "HEAD", "POST"), is_empty=True),
    **dict.fromkeys(("mfa_view_recovery_codes", "mfa_download_recovery_codes"), EMPTY_STEP),
    "mfa_index": MEMBER_PAGE,
    "account_change_password": Rule(MEMBERS, ("GET", "HEAD", "POST", "PUT")),
    "board_row": Rule(ACTORS, arguments=({"agent": "greedy-camera"},)),
    "set_language": Rule(ACTORS, ("POST",), body={"language": "en"}),
    "styleguide": Rule(("staff",)),
    **dict.fromkeys(
        (*("administration", "administration_users", "administration_log", "administration_storage"),), Rule(("staff",))
    ),
    **dict.fromkeys(
        (
            *("administration_quarantine", "administration_lift", "administration_user"),
            *("administration_announcements", "administration_announcement", "administration_announcement_delete"),
        ),
        STAFF_FORM,
    ),
    "administration_user_act": questions(("staff",), "block", "unblock", "sign-out"),
    "account": MEMBER_PAGE,
    "password_change": Rule(MEMBERS, ("GET", "HEAD", "POST", "PUT")),
    "account_data": MEMBER_PAGE,
    "notifications": FORM,
    "labs": FORM,
    "lab_invite": Rule(OWNERS, ("POST",), body={"username": "bob"}),
    "lab_accept": MEMBER_ACTION,
    "lab_delete": OWNER_FORM,
    "lab_remove": OWNER_FORM,
    "lab_role": OWNER_ACTION,
    "notifications_read": MEMBER_ACTION,
    "webhooks": FORM,
    "webhook_delete": Rule(("owner",), ("GET", "HEAD", "POST"), others=404),
    "account_delete": FORM,
    "token_create": MEMBER_ACTION,
    "token_revoke": Rule(("owner",), ("GET", "HEAD", "POST"), others=404),
}
"""Rules by name of the address. Django's administration is not listed: all of it is for staff only."""


def calls(who: tuple[str, ...], **body: Any) -> Rule:
    return Rule(who, ("POST",), body=body)


OPERATIONS = {
    **dict.fromkeys(
        (
            *("GET /labs/{slug}", "GET /users/{username}", "GET /problems", "GET /problems/{code}", "GET /status"),
            *("GET /scenarios", "GET /scenarios/{slug}", "GET /agents", "GET /agents/{slug}"),
            *("GET /uploads/{upload_id}", "GET /tournaments", "GET /tournaments/{tournament_id}", "GET /formats"),
            *("GET /trainings", "GET /trainings/hyperparameters", "GET /trainings/{run_id}"),
            *("GET /trainings/{run_id}/points", "GET /psro", "GET /psro/{run_id}"),
            *("GET /attacks", "GET /attacks/{attack_id}"),
            *("GET /studies", "GET /studies/{study_id}", "GET /studies/{study_id}/runs.csv"),
            *("GET /tournaments/{tournament_id}/choices", "GET /schedules", "GET /schedules/{schedule_id}"),
            *("GET /schedules/{schedule_id}/starts", "GET /scenarios/{slug}/leaderboard"),
            *("GET /scenarios/{slug}/meta-game", "GET /scenarios/{slug}/episodes", "GET /scenarios/{slug}/snapshots"),
            *("GET /scenarios/{slug}/history/{agent}", "GET /tournaments/{tournament_id}/leaderboard"),
            *("GET /tournaments/{tournament_id}/meta-game", "GET /tournaments/{tournament_id}/episodes"),
            *("GET /tournaments/{tournament_id}/snapshots", "GET /scenarios/{slug}/comparison", "GET /pairings"),
            *(f"GET /{one}/events" for one in ("uploads/{upload_id}", "tournaments/{tournament_id}")),
            *(f"GET /{one}/events" for one in ("trainings/{run_id}", "psro/{run_id}")),
            *("GET /pairings/{pairing_id}", "GET /pairings/{pairing_id}/episodes", "GET /episodes/{episode_id}"),
        ),
        READ,
    ),
    "GET /episodes/{episode_id}/replay": Rule(ACTORS, is_costly=True),
    **dict.fromkeys(
        (
            *("GET /psro/{run_id}/iterations/{number}", "GET /psro/{run_id}/export"),
            "GET /psro/{run_id}/against/{rival_id}",
        ),
        Rule(ACTORS, is_empty=True),
    ),
    "GET /studies/{study_id}/table.tex": Rule(ACTORS, is_empty=True),
    "PATCH /agents/{slug}": Rule(OWNERS, ("PATCH",), body={"description": "Trained for a day."}),
    "GET /agents/{slug}/file": MEMBER_PAGE,
    "GET /psro/{run_id}/agents": Rule(MEMBERS, is_empty=True),
    "GET /uploads": MEMBER_PAGE,
    "OPTIONS /uploads/resumable": Rule(ACTORS, ("OPTIONS",)),
    "POST /uploads/resumable": calls(MEMBERS),
    "HEAD /uploads/resumable/{resumable_id}": Rule(("owner",), ("HEAD",), others=404),
    "PATCH /uploads/resumable/{resumable_id}": Rule(("owner",), ("PATCH",), others=404),
    "DELETE /uploads/resumable/{resumable_id}": Rule(("owner",), ("DELETE",), others=404),
    "GET /account": MEMBER_PAGE,
    "GET /account/data": MEMBER_PAGE,
    "GET /notifications": MEMBER_PAGE,
    "GET /labs": MEMBER_PAGE,
    "POST /labs": calls(MEMBERS, name="Another lab"),
    "DELETE /labs/{slug}": Rule(OWNERS, ("DELETE",)),
    "POST /labs/{slug}/members": calls(OWNERS, username="bob"),
    "POST /labs/{slug}/join": calls(MEMBERS),
    "PATCH /labs/{slug}/members/{username}": Rule(OWNERS, ("PATCH",), body={"role": "owner"}),
    "DELETE /labs/{slug}/members/{username}": Rule(OWNERS, ("DELETE",)),
    "POST /notifications/read": calls(MEMBERS),
    "GET /webhooks": MEMBER_PAGE,
    "POST /webhooks": calls(MEMBERS),
    "DELETE /webhooks/{webhook_id}": Rule(("owner",), ("DELETE",), others=404),
    "GET /tokens": MEMBER_PAGE,
    "POST /tokens": calls(MEMBERS, name="another"),
    "DELETE /tokens/{token_id}": Rule(("owner",), ("DELETE",), others=404),
    "POST /agents/{slug}/scenarios": calls(OWNERS),
    "POST /remote-agents": calls(MEMBERS, name="Mine", team="camera"),
    "POST /scenarios": calls(MEMBERS, name="Mine", start="mate-2v4-0"),
    "POST /tournaments/estimate": calls(MEMBERS),
    "POST /uploads": calls(MEMBERS),
    "POST /tournaments": calls(MEMBERS),
    "POST /tournaments/{tournament_id}/cancel": calls(OWNERS),
    "POST /trainings": calls(MEMBERS),
    "POST /trainings/{run_id}/pause": calls(OWNERS),
    "POST /trainings/{run_id}/resume": calls(OWNERS),
    "POST /trainings/{run_id}/extend": calls(OWNERS, steps=2000),
    "POST /trainings/{run_id}/cancel": calls(OWNERS),
    "POST /psro": calls(MEMBERS),
    "POST /psro/{run_id}/against/{rival_id}": calls(MEMBERS),
    "POST /psro/{run_id}/pause": calls(OWNERS),
    "POST /psro/{run_id}/resume": calls(OWNERS),
    "POST /psro/{run_id}/extend": calls(OWNERS, iterations=3),
    "POST /psro/{run_id}/fork": calls(MEMBERS, iteration=0),
    "POST /psro/{run_id}/cancel": calls(OWNERS),
    "POST /agents/{slug}/attacks": calls(MEMBERS),
    "POST /attacks/{attack_id}/cancel": calls(OWNERS),
    "POST /attacks/{attack_id}/resume": calls(OWNERS),
    "POST /studies": calls(MEMBERS),
    "POST /studies/{study_id}/cancel": calls(OWNERS),
    "POST /studies/{study_id}/resume": calls(OWNERS),
    "POST /schedules": calls(MEMBERS),
    "PATCH /schedules/{schedule_id}": Rule(OWNERS, ("PATCH",), body={"name": "Other"}),
    "DELETE /schedules/{schedule_id}": Rule(OWNERS, ("DELETE",)),
    "POST /schedules/{schedule_id}/pause": calls(OWNERS),
    "POST /schedules/{schedule_id}/resume": calls(OWNERS),
    "POST /schedules/{schedule_id}/start": calls(OWNERS),
    "POST /agents/{slug}/reevaluations": calls(MEMBERS),
    "POST /episodes/{episode_id}/verify": Rule(MEMBERS, ("POST",), is_costly=True),
}
"""Rules by method and path, as in the OpenAPI description."""


def find_pages(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Yield (address, pattern) of all routes of the portal except the API."""
    for pattern in (resolver or get_resolver()).url_patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if pattern.namespace != "api":
                yield from find_pages(pattern, address)
        else:
            yield address, pattern


def find_operations(api: NinjaAPI) -> Iterator[tuple[str, Any]]:
    """Yield ("METHOD /path", operation) of an API."""
    for prefix, router in api._routers:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                for method in operation.methods:
                    yield f"{method} {prefix}{path}", operation


def find_arguments(world: dict[str, Any], template: str, names: set[str]) -> dict[str, Any]:
    """Return the world's arguments for an address: a slug is a scenario's on boards, else an agent's."""
    found = {name: world[name] for name in names if name in world}
    if "slug" in names and ("leaderboards/" in template or "scenarios/" in template):
        found["slug"] = "mate-2v4-0"
    if "slug" in names and "labs/" in template:
        found["slug"] = "trackers"
    if "run_id" in names:
        found["run_id"] = world["psro" if "psro/" in template else "training"]
    if "rival_id" in names:
        found["rival_id"] = world["psro"]
    if "uidb36" in names:
        found.update(uidb36="1", key="none")
    if "number" in names and "psro/" in template:
        found["number"] = 0
    return found


def list_pages(world: dict[str, Any], left_out: Container[str] = ()) -> Iterator[tuple[str, str]]:
    """Yield (name, address) of every page kind that can be opened, with the world's own things."""
    for address, pattern in find_pages():
        rule = PAGES.get(pattern.name or "")
        for one in rule if isinstance(rule, tuple) else (rule,) if rule else ():
            if "GET" in one.methods and not one.is_costly and not one.is_empty and pattern.name not in left_out:
                names = set(pattern.pattern.converters) | set(pattern.pattern.regex.groupindex)
                for more in one.arguments:
                    yield pattern.name, reverse(pattern.name, kwargs=find_arguments(world, address, names) | more)


def find_unruled(resolver: URLResolver | None = None, api: NinjaAPI | None = None) -> list[str]:
    """Return the pages and operations without a rule; administration has a single rule."""
    pages = [pattern.name or address for address, pattern in find_pages(resolver) if not address.startswith("admin/")]
    operations = [name for name, _ in find_operations(api)] if api else []
    return [*(name for name in pages if name not in PAGES), *(name for name in operations if name not in OPERATIONS)]
