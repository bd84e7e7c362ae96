"""The portal's addresses."""

from django.contrib import admin
from django.contrib.sitemaps.views import sitemap
from django.urls import include, path, re_path, register_converter
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe
from django.views.i18n import set_language

from portal.api import api
from portal.inputs import takes
from portal.keys import KeyConverter
from portal.sharing.feeds import AgentFeed, BoardFeed, TournamentFeed
from portal.sharing.sitemaps import SITEMAPS
from portal.views import (
    about,
    agents,
    attacks,
    board_rows,
    comparisons,
    documents,
    home,
    leaderboards,
    pairings,
    psro,
    replays,
    scenarios,
    schedules,
    searching,
    sharing,
    status,
    studies,
    styleguide,
    tournaments,
    training,
    training_curves,
    training_logs,
    uploads,
)

handler400 = "portal.views.errors.bad_request"
handler404 = "portal.views.errors.not_found"
handler500 = "portal.views.errors.server_error"

register_converter(KeyConverter, "key")

# Without a token, so that pages for visitors need no cookie: the worst that another site could do is to choose a
# language.
choose_language = csrf_exempt(takes(form=["language", "next"])(require_POST(set_language)))
urlpatterns = [
    path("", home.home, name="home"),
    path("leaderboards/", leaderboards.leaderboards, name="leaderboards"),
    path("leaderboards/<slug:slug>/", leaderboards.leaderboard, name="leaderboard"),
    path("leaderboards/<slug:slug>/agents/<slug:agent>/", board_rows.board_row, name="board_row"),
    path("leaderboards/<slug:slug>/compare/", comparisons.compare, name="compare"),
    path("leaderboards/<slug:slug>/snapshots/", leaderboards.snapshots, name="snapshots"),
    path("leaderboards/<slug:slug>/snapshots/<key:number>/", leaderboards.snapshot, name="snapshot"),
    path("leaderboards/<slug:slug>/snapshots/<key:number>/payoffs/", leaderboards.payoffs, name="payoffs"),
    path(
        "leaderboards/<slug:slug>/snapshots/<key:number>/payoffs/figures/",
        leaderboards.payoff_figures,
        name="payoff_figures",
    ),
    path("agents/", agents.agents, name="agents"),
    path("agents/pick/", tournaments.pick, name="agent_pick"),
    path("agents/<slug:slug>/", agents.agent, name="agent"),
    path("agents/<slug:slug>/edit/", agents.edit, name="agent_edit"),
    path("agents/<slug:slug>/download/", agents.download, name="agent_download"),
    path("agents/<slug:slug>/attack/", attacks.create, name="agent_attack"),
    path("attacks/<key:attack_id>/", attacks.attack, name="attack"),
    path("attacks/<key:attack_id>/<str:action>/", attacks.act, name="attack_act"),
    path("agents/<slug:slug>/reevaluate/", agents.reevaluate, name="agent_reevaluate"),
    path("agents/<slug:slug>/add-scenario/", agents.add_scenario, name="agent_add_scenario"),
    path("uploads/", uploads.uploads, name="uploads"),
    path("uploads/new/", uploads.create, name="upload_create"),
    path("uploads/<uuid:upload_id>/", uploads.upload, name="upload"),
    path("scenarios/", scenarios.scenarios, name="scenarios"),
    path("scenarios/new/", scenarios.create, name="scenario_create"),
    path("scenarios/new/map/", scenarios.draw, name="scenario_draw"),
    path("scenarios/new/file/", scenarios.read_file, name="scenario_read"),
    path("scenarios/<slug:slug>/", scenarios.scenario, name="scenario"),
    path("scenarios/<slug:slug>/file/", scenarios.scenario_file, name="scenario_file"),
    path("tournaments/", tournaments.tournaments, name="tournaments"),
    path("tournaments/new/", tournaments.create, name="tournament_create"),
    path("tournaments/new/cost/", tournaments.cost, name="tournament_cost"),
    path("tournaments/<key:tournament_id>/", tournaments.tournament, name="tournament"),
    path("tournaments/<key:tournament_id>/cancel/", tournaments.cancel, name="tournament_cancel"),
    path(
        "tournaments/<key:tournament_id>/snapshots/<key:number>/",
        leaderboards.tournament_snapshot,
        name="tournament_snapshot",
    ),
    path(
        "tournaments/<key:tournament_id>/snapshots/<key:number>/payoffs/",
        leaderboards.tournament_payoffs,
        name="tournament_payoffs",
    ),
    path(
        "tournaments/<key:tournament_id>/snapshots/<key:number>/payoffs/figures/",
        leaderboards.tournament_payoff_figures,
        name="tournament_payoff_figures",
    ),
    path("tournaments/<key:tournament_id>/choices/", tournaments.choices, name="choices"),
    path("training/", training.trainings, name="trainings"),
    path("training/compare/", training_curves.compare, name="training_compare"),
    path("training/new/", training.create, name="training_create"),
    path("training/<key:run_id>/", training.training, name="training"),
    path("training/<key:run_id>/logs/", training_logs.download, name="training_logs_file"),
    path("training/<key:run_id>/<str:action>/", training.act, name="training_act"),
    path("psro/", psro.runs, name="psro_runs"),
    path("psro/new/", psro.create, name="psro_create"),
    path("psro/<key:run_id>/", psro.run, name="psro_run"),
    path("psro/<key:run_id>/agents/", psro.download, name="psro_agents"),
    path("psro/<key:run_id>/<str:action>/", psro.act, name="psro_act"),
    path("studies/", studies.studies, name="studies"),
    path("studies/new/", studies.create, name="study_create"),
    path("studies/<key:study_id>/", studies.study, name="study"),
    path("studies/<key:study_id>/files/<str:name>/", studies.export, name="study_export"),
    path("studies/<key:study_id>/<str:action>/", studies.act, name="study_act"),
    path("schedules/", schedules.all_schedules, name="schedules"),
    path("schedules/new/", schedules.create, name="schedule_create"),
    path("schedules/<key:schedule_id>/", schedules.schedule, name="schedule"),
    path("schedules/<key:schedule_id>/edit/", schedules.edit, name="schedule_edit"),
    re_path(
        r"^schedules/(?P<schedule_id>[0-9]{1,18})/(?P<what>pause|resume|start|delete)/$",
        schedules.change,
        name="schedule_change",
    ),
    path("pairings/<key:pairing_id>/", pairings.pairing, name="pairing"),
    path("episodes/<key:episode_id>/", replays.replay, name="replay"),
    path("episodes/<key:episode_id>/beside/<key:other_id>/", replays.beside, name="beside"),
    path("episodes/<key:episode_id>/picture.png", replays.picture, name="replay_picture"),
    path("episodes/<key:episode_id>/film/", replays.film, name="replay_film"),
    path("embed/episodes/<key:episode_id>/", replays.embedded, name="replay_embedded"),
    path("episodes/<key:episode_id>/replay/", replays.replay_file, name="replay_file"),
    path("episodes/<key:episode_id>/verify/", replays.verify, name="verify"),
    path("embed/leaderboards/<slug:slug>/", sharing.embedded_board, name="board_embedded"),
    path("leaderboards/<slug:slug>/picture.png", sharing.board_picture, name="board_picture"),
    path("leaderboards/<slug:slug>/feed.atom", require_safe(takes()(BoardFeed())), name="board_feed"),
    path("agents/feed.atom", require_safe(takes()(AgentFeed())), name="agent_feed"),
    path("tournaments/feed.atom", require_safe(takes()(TournamentFeed())), name="tournament_feed"),
    path("sitemap.xml", require_safe(takes("p")(sitemap)), {"sitemaps": SITEMAPS}, name="sitemap"),
    path("status/", status.status, name="status"),
    path("search/", searching.find, name="search"),
    path("language/", choose_language, name="set_language"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
    path("help/", about.about, name="about"),
    path("docs/", documents.documents, name="documents"),
    path("docs/<slug:name>/", documents.document, name="document"),
    path("docs/files/<path:name>", documents.document_file, name="document_file"),
    path("api/v1/", api.urls),
    path("administration/", include("portal.administration_urls")),
    path("admin/", admin.site.urls),
    path("", include("portal.account_urls")),
]
