"""Uploading: files that are accepted for checking, files that are refused at once, and the page of the check."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.portal.markup import flatten
from tournament.models import Agent, PsroRun, Scenario, Upload, UploadState

Visit = Callable[..., Client]
HTMX = {"HX-Request": "true"}


def send(browser: Client, content: bytes = b"some bytes", **fields: Any) -> Any:
    name = fields.pop("filename", "policy.zip")
    file = SimpleUploadedFile(name, content)
    return browser.post(reverse("upload_create"), {"file": file, "mode": "stochastic", **fields})


def test_an_uploaded_file_is_hashed_and_waits_for_its_check(visit: Visit, alice: User) -> None:
    answer = send(visit(alice), name="My policy", team="camera", mode="deterministic")
    upload = Upload.objects.get()
    assert answer["Location"] == reverse("upload", args=[upload.pk])
    assert (upload.owner, upload.filename, upload.size, upload.state) == (alice, "policy.zip", 10, UploadState.WAITING)
    assert (upload.name, upload.team, upload.deterministic) == ("My policy", "camera", True)
    assert upload.sha256 == hashlib.sha256(b"some bytes").hexdigest()
    assert Path(upload.file.path).read_bytes() == b"some bytes"


def test_upstreams_default_play_mode_is_preselected(visit: Visit, alice: User) -> None:
    text = flatten(visit(alice).get(reverse("upload_create")).content.decode())
    assert 'value="stochastic" checked' in text


def test_the_users_filename_never_becomes_a_path(visit: Visit, alice: User, settings: Any) -> None:
    send(visit(alice), filename="..%2f..%2fevil.py")
    stored = Path(Upload.objects.get().file.path)
    assert stored.parent == Path(settings.MEDIA_ROOT) / "uploads"
    assert stored.name == hashlib.sha256(b"some bytes").hexdigest()


def test_an_anonymous_visitor_cannot_upload(client: Client, db: None) -> None:
    assert send(client)["Location"].startswith(reverse("sign_in"))
    assert not Upload.objects.exists()


def test_a_file_beyond_the_limit_is_refused_and_leaves_nothing(visit: Visit, alice: User, settings: Any) -> None:
    settings.ARENA_UPLOAD_LIMIT = 100_000
    answer = send(visit(alice), b"x" * 100_001)
    assert answer.status_code == 413
    assert b"larger than this portal accepts" in answer.content
    assert not Upload.objects.exists()


def test_a_file_at_the_limit_is_taken(visit: Visit, alice: User, settings: Any) -> None:
    settings.ARENA_UPLOAD_LIMIT = 100_000
    assert send(visit(alice), b"x" * 100_000).status_code == 302


def test_a_user_has_few_open_uploads_at_a_time(visit: Visit, alice: User, bob: User, settings: Any) -> None:
    settings.ARENA_OPEN_UPLOADS = 2
    for content in (b"one", b"two"):
        assert send(visit(alice), content).status_code == 302
    answer = send(visit(alice), b"three")
    assert answer.status_code == 429
    assert b"2 of your uploads wait or are being checked" in answer.content
    assert Upload.objects.count() == 2 == len(list((Path(settings.MEDIA_ROOT) / "uploads").iterdir()))
    assert send(visit(bob)).status_code == 302, "the limit is each user's own"


def test_an_upload_that_is_over_makes_room_for_another(visit: Visit, alice: User, settings: Any) -> None:
    settings.ARENA_OPEN_UPLOADS = 1
    for state in (UploadState.ACCEPTED, UploadState.REFUSED, UploadState.FAILED):
        assert send(visit(alice)).status_code == 302
        assert send(visit(alice)).status_code == 429
        Upload.objects.filter(state=UploadState.WAITING).update(state=state)
    make_upload(alice, state=UploadState.CHECKING)
    assert send(visit(alice)).status_code == 429


def test_an_empty_file_is_refused_with_a_reason(visit: Visit, alice: User) -> None:
    answer = send(visit(alice), b"")
    assert answer.status_code == 400
    assert b"empty" in answer.content


def test_no_file_is_refused_with_a_reason(visit: Visit, alice: User) -> None:
    answer = visit(alice).post(reverse("upload_create"), {"mode": "stochastic"})
    assert b"Choose the file to upload" in answer.content


def test_names_are_escaped(visit: Visit, alice: User) -> None:
    send(visit(alice), filename="<script>alert(1)<script>.zip")
    upload = Upload.objects.get()
    for address in (reverse("upload", args=[upload.pk]), reverse("uploads"), reverse("home")):
        assert b"<script>alert" not in visit(alice).get(address).content


def make_upload(owner: User, **fields: Any) -> Upload:
    return Upload.objects.create(owner=owner, filename="policy.zip", size=3, sha256="0" * 64, **fields)


STEPS = [
    {"name": "Read the archive", "status": "ok", "detail": "3 files"},
    {"name": "Recognise", "status": "running", "detail": ""},
    {"name": "Play a test", "status": "waiting", "detail": ""},
]


def test_the_page_follows_the_check_until_it_ends(client: Client, alice: User) -> None:
    upload = make_upload(alice, state=UploadState.CHECKING, steps=STEPS)
    address = reverse("upload", args=[upload.pk])
    part = client.get(address, headers=HTMX).content.decode()
    assert "Read the archive" in part and "3 files" in part
    assert "<html" not in part and 'hx-trigger="progress"' in part
    Upload.objects.update(state=UploadState.ACCEPTED)
    assert "hx-trigger" not in client.get(address, headers=HTMX).content.decode()


def test_a_refusal_is_told_in_words(client: Client, alice: User) -> None:
    upload = make_upload(alice, state=UploadState.REFUSED, reason="This pickle calls os.system.", steps=STEPS)
    assert b"This pickle calls os.system." in client.get(reverse("upload", args=[upload.pk])).content


def test_a_refusal_spells_files_as_they_are_and_leads_to_another_upload(visit: Visit, alice: User) -> None:
    upload = make_upload(alice, state=UploadState.REFUSED, reason="checkpoint-1, byte 7: it names 'os.system'.")
    page = visit(alice).get(reverse("upload", args=[upload.pk])).content.decode()
    assert "Refused.</strong> checkpoint-1, byte 7" in page
    main = page[page.index("<main") : page.index("</main>")]
    assert main.count(reverse("upload_create")) == 1


def test_an_accepted_upload_leads_to_a_tournament_with_its_agents_and_to_its_psro_run(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    upload = make_upload(alice, state=UploadState.ACCEPTED)
    upload.agents.add(agents["greedy-camera"])
    run = PsroRun.objects.create(
        name="Two pools", owner=alice, upload=upload, scenario=scenario, iterations_wanted=1, episodes_per_pairing=0
    )
    page = visit(alice).get(reverse("upload", args=[upload.pk])).content.decode()
    assert f'href="{reverse("tournament_create")}?agents=greedy-camera"' in page
    assert f'<a href="{reverse("psro_run", args=[run.pk])}">Two pools</a>' in page


def test_an_accepted_upload_leads_to_its_agents(client: Client, alice: User, agents: dict[str, Agent]) -> None:
    upload = make_upload(alice, state=UploadState.ACCEPTED)
    upload.agents.add(agents["greedy-camera"])
    assert reverse("agent", args=["greedy-camera"]) in client.get(reverse("upload", args=[upload.pk])).content.decode()


def test_a_waiting_upload_says_when_no_worker_is_there(client: Client, alice: User) -> None:
    assert b"No worker was heard of" in client.get(reverse("upload", args=[make_upload(alice).pk])).content


def test_uploaded_files_are_handed_to_nobody(visit: Visit, alice: User, admin: User) -> None:
    send(visit(alice))
    upload = Upload.objects.get()
    for address in (f"/{upload.file.name}", f"/files/{upload.file.name}", f"/media/{upload.file.name}"):
        assert b"some bytes" not in visit(admin).get(address, follow=True).content


def test_ones_own_uploads_can_be_listed_alone(visit: Visit, alice: User, bob: User) -> None:
    make_upload(alice)
    assert b"policy.zip" in visit(bob).get(reverse("uploads")).content
    assert b"policy.zip" not in visit(bob).get(reverse("uploads"), {"mine": 1}).content
