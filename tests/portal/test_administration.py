"""Pages and actions of administrators: queues and workers, users, announcements, the audit log, storage."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.models import Announcement, ApiToken, AuditEntry, UserLimits
from portal.people import quotas
from portal.server.uploaders import Uploader, bound
from tournament.models import Block, BlockState, Tournament, Upload, Worker

Visit = Callable[..., Client]


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


@pytest.fixture
def office(visit: Visit, admin: User) -> Client:
    return visit(admin)


def test_the_queues_say_how_much_waits_and_since_when(office: Client, tournament: Tournament, alice: User) -> None:
    Upload.objects.create(owner=alice, name="Mine", size=1, sha256="0" * 64)
    Upload.objects.update(created=timezone.now() - timedelta(hours=3))
    shown = text_of(office.get(reverse("administration")))
    assert f'data-label="Waiting">{tournament.blocks.count()}</td>' in shown
    assert "3 h ago" in shown


def test_a_worker_is_quarantined_with_a_reason_and_its_blocks_are_played_again(
    office: Client, played: Tournament
) -> None:
    Worker.objects.create(name="odd@host", seen=timezone.now(), engine="1", processor="Abacus")
    Block.objects.update(worker="odd@host")
    address = reverse("administration_quarantine", args=["odd@host"])
    assert "Abacus" in text_of(office.get(reverse("administration")))
    assert "voided" in text_of(office.get(address)) and office.post(address).status_code == 400
    assert office.post(address, {"reason": "Its memory is broken."}).status_code == 302
    assert Worker.objects.get().quarantine == "Its memory is broken."
    assert set(played.blocks.values_list("state", flat=True)) == {BlockState.WAITING}
    assert "Its memory is broken." in text_of(office.get(reverse("administration_lift", args=["odd@host"])))
    office.post(reverse("administration_lift", args=["odd@host"]))
    assert Worker.objects.get().quarantine == ""
    assert list(AuditEntry.objects.values_list("action", flat=True)) == [
        "POST administration_lift",
        "POST administration_quarantine",
    ]


def test_users_are_found_with_what_they_keep(office: Client, alice: User, bob: User) -> None:
    Upload.objects.create(owner=alice, name="Mine", size=3 * 2**20, sha256="0" * 64)
    shown = text_of(office.get(reverse("administration_users"), {"search": "ali"}))
    assert reverse("administration_user", args=["alice"]) in shown and "3.0 MB" in shown
    assert reverse("administration_user", args=["bob"]) not in shown
    assert "No user fits" in text_of(office.get(reverse("administration_users"), {"state": "blocked"}))


def test_a_blocked_user_is_out_until_the_block_is_lifted(office: Client, visit: Visit, alice: User) -> None:
    browser, token = visit(alice), ApiToken.issue(alice, "laptop")[1]
    block = reverse("administration_user_act", args=["alice", "block"])
    assert "can no longer sign in" in text_of(office.get(block)) and User.objects.get(pk=alice.pk).is_active
    office.post(block)
    assert browser.get(reverse("account")).status_code == 302 and ApiToken.find(token) is None
    office.post(reverse("administration_user_act", args=["alice", "unblock"]))
    assert ApiToken.find(token) is not None
    assert browser.get(reverse("account")).status_code == 302, "the old session stays ended"


def test_an_administrator_cannot_lock_herself_out(office: Client, admin: User) -> None:
    answer = office.post(reverse("administration_user_act", args=[admin.username, "block"]))
    assert answer.status_code == 403 and User.objects.get(pk=admin.pk).is_active
    assert office.post(reverse("administration_user_act", args=[admin.username, "promote"])).status_code == 404


def test_sessions_and_tokens_of_a_user_are_ended_and_no_others(
    office: Client, visit: Visit, alice: User, bob: User
) -> None:
    hers, his = visit(alice), visit(bob)
    ApiToken.issue(alice, "laptop")
    ApiToken.issue(bob, "laptop")
    office.post(reverse("administration_user_act", args=["alice", "sign-out"]))
    assert hers.get(reverse("account")).status_code == 302 and his.get(reverse("account")).status_code == 200
    assert list(ApiToken.objects.values_list("user__username", flat=True)) == ["bob"]


def test_a_users_own_limits_replace_those_of_the_portal(office: Client, alice: User, bob: User) -> None:
    address = reverse("administration_user", args=["alice"])
    office.post(address, {"tournaments": "3", "storage": "0"})
    assert quotas.quotas_of(alice)["tournaments"] == 3 and quotas.quotas_of(bob)["tournaments"] == 20
    assert quotas.quotas_of(alice)["tokens"] == quotas.quotas_of(bob)["tokens"]
    assert bound(Uploader(alice)).code == "quota" and bound(Uploader(bob)).is_welcome
    assert 'value="3"' in text_of(office.get(address))
    office.post(address, {})
    assert not UserLimits.objects.exists() and bound(Uploader(alice)).is_welcome


def test_an_announcement_is_written_in_two_languages_changed_and_deleted(office: Client, client: Client) -> None:
    now = timezone.now().strftime("%Y-%m-%dT%H:%M")
    form = {"text": "Maintenance", "text_zh": "维护", "level": "warning", "begins": now}
    assert office.post(reverse("administration_announcements"), form).status_code == 302
    row = Announcement.objects.get()
    assert "Maintenance" in text_of(client.get(reverse("about"))) and "data-dismiss" not in text_of(
        client.get("/help/")
    )
    chinese = text_of(client.get(reverse("about"), headers={"accept-language": "zh-hans"}))
    assert "维护" in chinese and "Maintenance" not in chinese
    address = reverse("administration_announcement", args=[row.pk])
    office.post(address, form | {"is_dismissible": "on"})
    assert f'data-dismiss="announcement-{row.pk}"' in text_of(client.get("/help/", headers={"accept-language": "en"}))
    assert office.post(address, form | {"ends": "2020-01-01T00:00"}).status_code == 400
    office.post(reverse("administration_announcement_delete", args=[row.pk]))
    assert not Announcement.objects.exists()


def test_the_audit_log_is_filtered_and_paged_by_its_last_entry(office: Client, alice: User) -> None:
    AuditEntry.objects.bulk_create(
        AuditEntry(
            user=alice, username="alice", action="POST tournament_create", path=f"/tournaments/{number}/", status=302
        )
        for number in range(120)
    )
    AuditEntry.objects.create(username="", action="POST account_delete", path="/account/delete/", status=302)
    address = reverse("administration_log")
    assert "deleted account" in text_of(office.get(address))
    first = office.get(address, {"user": "alice"})
    assert "/tournaments/119/" in text_of(first) and "/tournaments/19/" not in text_of(first)
    older = text_of(office.get(address, {"user": "alice", "before": first.context["next"]}))
    assert "/tournaments/19/" in older and "/tournaments/20/" not in older
    tomorrow = (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%d")
    assert "No entry fits" in text_of(office.get(address, {"from": tomorrow}))
    assert "/tournaments/7/" in text_of(office.get(address, {"action": "tournament", "path": "/7/", "until": tomorrow}))
    assert office.get(address, {"from": "2020-02-31", "before": "x"}).status_code == 200


def test_storage_says_what_is_kept_and_how_long(office: Client, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    (tmp_path / "replays").mkdir()
    (tmp_path / "replays" / "1.replay").write_bytes(bytes(2048))
    shown = text_of(office.get(reverse("administration_storage")))
    assert "ARENA_KEEP_ORIGINALS_DAYS" in shown and "2.0 KB" in shown
