"""Addresses of the pages for administrators."""

from django.urls import path

from portal.views.administration import announcements, log, overview, users

urlpatterns = [
    path("", overview.overview, name="administration"),
    path("workers/<path:name>/quarantine/", overview.quarantine, name="administration_quarantine"),
    path("workers/<path:name>/lift/", overview.lift, name="administration_lift"),
    path("users/", users.users, name="administration_users"),
    path("users/<str:username>/", users.user, name="administration_user"),
    path("users/<str:username>/<str:action>/", users.act, name="administration_user_act"),
    path("announcements/", announcements.announcements, name="administration_announcements"),
    path("announcements/<key:announcement_id>/", announcements.edit, name="administration_announcement"),
    path(
        "announcements/<key:announcement_id>/delete/",
        announcements.delete,
        name="administration_announcement_delete",
    ),
    path("log/", log.log, name="administration_log"),
    path("storage/", overview.storage, name="administration_storage"),
]
