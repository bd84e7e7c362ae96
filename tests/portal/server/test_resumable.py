"""Uploads in pieces by the protocol tus: received bytes are kept, wherever the connection breaks."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from portal.models import IncomingFile
from portal.server import incoming
from tests.portal.served import Served, serve
from tournament.models import Upload

Call = Callable[..., Client]
ADDRESS = "/api/v1/uploads/resumable"
VERSION = {"tus-resumable": "1.0.0"}
FILE = bytes(range(256)) * 40


def metadata(**values: str) -> str:
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in values.items())


def begin(program: Client, length: int = len(FILE), **values: str) -> Any:
    headers = VERSION | {"upload-length": str(length), "upload-metadata": metadata(**values)}
    return program.post(ADDRESS, headers=headers)


def send(
    program: Client, address: str, offset: int, piece: bytes, kind: str = "application/offset+octet-stream"
) -> Any:
    return program.patch(address, piece, content_type=kind, headers=VERSION | {"upload-offset": str(offset)})


def offset_of(program: Client, address: str) -> int:
    return int(program.head(address, headers=VERSION)["Upload-Offset"])


def test_a_file_comes_in_pieces_and_is_checked_when_it_is_whole(call: Call, alice: User) -> None:
    program = call(alice)
    begun = begin(program, filename="weights.zip", name="Hawk", team="camera", mode="deterministic")
    assert begun.status_code == 201
    address = begun["Location"]
    for start in range(0, len(FILE), 4000):
        assert offset_of(program, address) == start
        assert not Upload.objects.exists()
        assert send(program, address, start, FILE[start : start + 4000]).status_code == 204
    upload = Upload.objects.get()
    assert address.endswith(str(upload.pk))
    assert upload.sha256 == hashlib.sha256(FILE).hexdigest()
    assert (upload.filename, upload.name, upload.team, upload.deterministic) == ("weights.zip", "Hawk", "camera", True)
    with upload.file.open() as stored:
        assert stored.read() == FILE
    assert offset_of(program, address) == len(FILE)
    assert program.get(f"/api/v1/uploads/{upload.pk}").json()["state"] == "waiting"


def test_bytes_that_do_not_continue_the_file_are_refused_with_the_place(call: Call, alice: User) -> None:
    program = call(alice)
    address = begin(program)["Location"]
    send(program, address, 0, FILE[:100])
    for offset in (0, 99, 101):
        answer = send(program, address, offset, FILE[offset:])
        assert (answer.status_code, answer.json()["code"]) == (409, "wrong_offset")
        assert "100 bytes" in answer.json()["detail"]
    assert offset_of(program, address) == 100


def test_more_bytes_than_were_promised_are_refused_and_leave_the_file_as_it_was(call: Call, alice: User) -> None:
    program = call(alice)
    address = begin(program, 10)["Location"]
    assert send(program, address, 0, b"12345").status_code == 204
    assert send(program, address, 5, b"678901").json()["code"] == "too_large"
    assert send(program, address, 5, b"67890").status_code == 204
    with Upload.objects.get().file.open() as stored:
        assert stored.read() == b"1234567890"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"upload-length": "5"}, "wrong_version"),
        (VERSION, "invalid"),
        (VERSION | {"upload-length": "-1"}, "invalid"),
        (VERSION | {"upload-length": "0"}, "empty_file"),
        (VERSION | {"upload-length": str(2**40)}, "too_large"),
        (VERSION | {"upload-length": "5", "upload-metadata": "nam eA=="}, "invalid"),
        (VERSION | {"upload-length": "5", "upload-metadata": "name ?"}, "invalid"),
        (VERSION | {"upload-length": "5", "upload-metadata": "name /w=="}, "refused"),
        (VERSION | {"upload-length": "5", "upload-metadata": metadata(team="referee")}, "refused"),
    ],
)
def test_an_upload_that_cannot_begin_is_refused(call: Call, alice: User, headers: dict[str, str], code: str) -> None:
    assert call(alice).post(ADDRESS, headers=headers).json()["code"] == code
    assert not IncomingFile.objects.exists()


def test_bytes_of_another_type_and_uploads_of_others_are_refused(call: Call, alice: User, bob: User) -> None:
    address = begin(call(alice))["Location"]
    assert send(call(alice), address, 0, b"x", "text/plain").status_code == 415
    assert send(call(bob), address, 0, b"x").status_code == 404
    assert call(bob).head(address, headers=VERSION).status_code == 404


def test_files_that_nobody_finishes_count_as_open_and_are_deleted_after_a_day(
    call: Call, alice: User, settings: Any
) -> None:
    program = call(alice)
    settings.ARENA_OPEN_UPLOADS = 1
    address = begin(program)["Location"]
    row = IncomingFile.objects.get()
    assert begin(program).json()["code"] == "too_many_uploads"
    IncomingFile.objects.update(created=timezone.now() - timedelta(days=2))
    assert begin(program).status_code == 201
    assert program.head(address, headers=VERSION).status_code == 404
    assert not incoming.path_of(row).exists()


def test_an_upload_is_given_up(call: Call, alice: User) -> None:
    program = call(alice)
    address = begin(program)["Location"]
    row = IncomingFile.objects.get()
    assert program.delete(address, headers=VERSION).status_code == 204
    assert not incoming.path_of(row).exists() and not IncomingFile.objects.exists()


def test_the_protocol_is_described(client: Client) -> None:
    answer = client.options(ADDRESS)
    assert answer.status_code == 204
    assert (answer["Tus-Version"], answer["Tus-Extension"]) == ("1.0.0", "creation,termination")
    assert int(answer["Tus-Max-Size"]) > 1_000_000


# A real server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("served"), ARENA_WEB_THREADS="2") as running:
        yield running


def test_a_line_that_is_cut_loses_its_piece_alone(server: Served) -> None:
    program = (
        "from django.contrib.auth.models import User; from portal.models import ApiToken\n"
        "print(ApiToken.issue(User.objects.create_user('cut'), 'tests')[1])"
    )
    token = server.manage("shell", "--no-imports", "-c", program).split()[-1]
    common = f"Host: localhost\nConnection: close\nAuthorization: Bearer {token}\nTus-Resumable: 1.0.0"
    piece = FILE * 200  # More than the 1 MiB that a form may have.

    def ask(method: str, path: str, more: str = "", body: bytes = b"") -> bytes:
        return server.ask(f"{method} {path} HTTP/1.1\n{common}\nContent-Length: {len(body)}{more}", body)

    begun = ask("POST", ADDRESS, f"\nUpload-Length: {2 * len(piece)}")
    address = next(line for line in begun.decode().split("\r\n") if line.lower().startswith("location:")).split(" ")[1]
    patch = "\nContent-Type: application/offset+octet-stream\nUpload-Offset: "
    assert b" 204 " in ask("PATCH", address, f"{patch}0", piece)
    head = f"PATCH {address} HTTP/1.1\n{common}\nContent-Length: {len(piece)}{patch}{len(piece)}\n\n"
    with server.connect() as line:
        line.sendall(head.replace("\n", "\r\n").encode() + piece[: len(piece) // 2])
    assert f"upload-offset: {len(piece)}".encode() in ask("HEAD", address).lower()
    assert b" 204 " in ask("PATCH", address, f"{patch}{len(piece)}", piece)
    upload = json.loads(ask("GET", f"/api/v1/uploads/{address.rsplit('/', 1)[1]}").split(b"\r\n\r\n", 1)[1])
    assert upload["sha256"] == hashlib.sha256(2 * piece).hexdigest()
