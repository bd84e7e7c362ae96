"""The launcher: its refusals, and the life cycle of its processes."""

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import redis
from django.http.request import validate_host

from portal.launcher import broker, commands, preparation
from portal.launcher.children import LOG_LIMIT, Child, limit_log
from portal.launcher.installation import CHECKOUT, LaunchRefused, LocalInstallation
from portal.launcher.supervisor import answers
from tests.waiting import wait_for

FOREVER = "import time\nwhile True: time.sleep(1)"


def is_alive(pid: int) -> bool:
    """Return whether a process is running; a zombie is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def installation(tmp_path: Path) -> LocalInstallation:
    made = LocalInstallation(tmp_path / "data")
    made.make_folders()
    return made


@pytest.fixture
def child(installation: LocalInstallation) -> Iterator[Callable[[str], Child]]:
    made: list[Child] = []

    def make(program: str) -> Child:
        made.append(Child("child", [sys.executable, "-c", program], installation.logs / "child.log", dict(os.environ)))
        return made[-1]

    yield make
    for one in made:
        one.end(0)


def test_defaults_need_no_environment() -> None:
    made = LocalInstallation.from_environment({})
    assert (made.data, made.port, made.workers, made.redis_url) == (CHECKOUT / "data", 8000, 2, None)
    assert made.address == "http://127.0.0.1:8000/"


@pytest.mark.parametrize(("play", "workers"), [("workers", 64), ("ray", 1)])
def test_one_process_submits_the_tasks_of_all_workers_to_a_ray_cluster(play: str, workers: int) -> None:
    environment = {"ARENA_PLAY": play, "ARENA_WORKERS": "64"}
    assert LocalInstallation.from_environment(environment).workers == workers


@pytest.mark.parametrize(
    ("hosts", "name"),
    [("arena.example.org,localhost", "arena.example.org"), (".example.org", "example.org"), ("*", "localhost")],
)
def test_the_website_is_asked_for_its_health_by_a_name_that_it_answers_to(hosts: str, name: str) -> None:
    hosts_seen: list[str] = []

    class Website(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hosts_seen.append(self.headers["Host"])
            self.send_response(200)
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Website) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        environment = {"ALLOWED_HOSTS": hosts, "ARENA_PORT": str(server.server_port)}
        assert answers(LocalInstallation.from_environment(environment))
    assert hosts_seen == [name]
    assert validate_host(name, hosts.split(","))


def test_an_ipv6_host_has_brackets_in_its_address() -> None:
    assert LocalInstallation.from_environment({"ARENA_HOST": "::1"}).address == "http://[::1]:8000/"


def test_a_data_folder_that_cannot_be_made_is_refused_with_the_variable_to_set(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LaunchRefused, match="ARENA_DATA"):
        LocalInstallation(tmp_path / "file" / "data").make_folders()


@pytest.mark.parametrize(
    "named",
    [
        {"ARENA_UPLOAD_LIMIT": "64MB"},
        {"ARENA_LEASE_SECONDS": "-1"},
        {"DATABASE_URL": "arena"},
        {"ARENA_DATA": __file__},
    ],
)
def test_settings_that_make_no_sense_end_every_command_with_one_sentence(tmp_path: Path, named: dict[str, str]) -> None:
    environment = os.environ | {"ARENA_DATA": str(tmp_path)} | named
    ended = subprocess.run(
        [sys.executable, CHECKOUT / "manage.py", "check"], env=environment, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert next(iter(named)) in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", ["data#1", "what?mode=ro", "50%25", "a b/c'd\"", "Übung;x=1"])
def test_the_database_lies_in_the_data_folder_whatever_its_path(tmp_path: Path, name: str) -> None:
    program = (
        "import django; django.setup(); from django.db import connection as c; c.ensure_connection(); "
        "print(c.settings_dict['NAME'])"
    )
    environment = {"ARENA_DATA": str(tmp_path / name), "DJANGO_SETTINGS_MODULE": "portal.settings"}
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == str(tmp_path / name / "arena.sqlite3")
    made = {path.name for path in (tmp_path / name).iterdir()}
    assert made >= {"arena.sqlite3", "secret_key"}
    assert [path.name for path in tmp_path.iterdir()] == [Path(name).parts[0]]
    assert (tmp_path / name).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["two\nlines", "tab\there", "bell\a"])
def test_a_data_folder_that_cannot_be_printed_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(LaunchRefused, match="ARENA_DATA") as refusal:
        LocalInstallation(tmp_path / name).make_folders()
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def refuse(**_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("portal.launcher.installation.tempfile.TemporaryFile", refuse)
    with pytest.raises(LaunchRefused, match="Make room"):
        LocalInstallation(tmp_path / "data").make_folders()


@pytest.mark.parametrize("left", ["", "\n", None])
def test_a_secret_key_that_a_full_disk_left_empty_is_made_anew_once(tmp_path: Path, left: str | None) -> None:
    if left is not None:
        (tmp_path / "secret_key").write_text(left)
    program = "from portal.settings import SECRET_KEY; print(SECRET_KEY)"
    command = [sys.executable, "-c", program]
    environment = os.environ | {"ARENA_DATA": str(tmp_path)}
    started = [
        subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    keys = {one.communicate()[0].strip() for one in started}
    assert len(keys) == 1 and len(keys.pop()) > 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("limit", [0, 10])
def test_a_key_that_cannot_be_written_whole_is_not_left_half(tmp_path: Path, limit: int) -> None:
    program = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"  # as a full disk does
        "import portal.settings"
    )
    environment = os.environ | {"ARENA_DATA": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "secret_key cannot be kept" in ended.stderr and len(ended.stderr.splitlines()) == 1
    assert not (tmp_path / "secret_key").exists()


@pytest.mark.parametrize("foreign", ["shop.settings", "portalx.settings", ""])
def test_the_settings_of_another_project_in_the_shell_are_passed_over(
    installation: LocalInstallation, foreign: str
) -> None:
    named = {"DJANGO_SETTINGS_MODULE": foreign}
    assert commands.child_environment(installation, named)["DJANGO_SETTINGS_MODULE"] == "portal.settings"
    environment = os.environ | named | {"ARENA_DATA": str(installation.data)}
    command = [sys.executable, CHECKOUT / "manage.py", "diffsettings", "--output=unified"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert "+ SETTINGS_MODULE = 'portal.settings'" in ended.stdout or "portal.settings" in ended.stdout, ended.stderr


def test_preparations_of_one_data_folder_take_turns(installation: LocalInstallation) -> None:
    order: list[str] = []

    def follow() -> None:
        with installation.preparing():
            order.append("second")

    with installation.preparing():
        second = threading.Thread(target=follow)
        second.start()
        second.join(0.2)
        assert second.is_alive()
        order.append("first")
    second.join()
    assert order == ["first", "second"]


def test_the_data_folder_is_closed_to_others(installation: LocalInstallation) -> None:
    assert installation.data.stat().st_mode & 0o777 == 0o700


def test_a_second_launcher_on_the_same_data_is_refused_and_told_of_the_first(installation: LocalInstallation) -> None:
    with installation.lock():
        second = subprocess.run(
            [sys.executable, "-m", "portal.launcher", "run"],
            cwd=CHECKOUT,
            env=os.environ | {"ARENA_DATA": str(installation.data)},
            capture_output=True,
            text=True,
        )
    assert second.returncode == 1
    assert f"already runs on {installation.data} (process {os.getpid()})" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_lock_is_free_once_its_holder_has_ended(installation: LocalInstallation) -> None:
    installation.lock().close()
    installation.lock().close()


def test_an_occupied_port_is_refused_in_plain_words(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        outcome = subprocess.run(
            [sys.executable, "-m", "portal.launcher", "run"],
            cwd=CHECKOUT,
            env=os.environ | {"ARENA_DATA": str(tmp_path / "data"), "ARENA_PORT": str(port)},
            capture_output=True,
            text=True,
        )
    assert outcome.returncode == 1
    assert f"Port {port} on 127.0.0.1 cannot be used" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_children_keep_byte_code_and_use_one_thread(installation: LocalInstallation) -> None:
    environment = commands.child_environment(installation, {"PYTHONDONTWRITEBYTECODE": "1", "PATH": "/bin"})
    assert "PYTHONDONTWRITEBYTECODE" not in environment
    assert environment["OMP_NUM_THREADS"] == environment["NUMBA_NUM_THREADS"] == "1"
    assert environment["ARENA_DATA"] == str(installation.data)


def test_packages_of_another_system_do_not_stand_before_ours(installation: LocalInstallation, tmp_path: Path) -> None:
    for name in ("numpy", "my_agents"):
        (tmp_path / f"{name}.py").write_text("__version__ = 'of another system'\n")
    environment = commands.child_environment(installation, os.environ | {"PYTHONPATH": str(tmp_path)})
    program = "import my_agents, numpy; print(numpy.ndarray.__module__, my_agents.__version__)"
    command = [sys.executable, "-c", program]
    assert (
        subprocess.run(command, env=environment, capture_output=True, text=True).stdout == "numpy of another system\n"
    )


@pytest.mark.parametrize("folder", ["data", "with a space", "d" * 100, "#1 50%?", 'it\'s "quoted" \\', "Übung"])
def test_the_private_broker_answers_its_url_and_nobody_else(tmp_path: Path, folder: str) -> None:
    installation = LocalInstallation(tmp_path / folder)
    installation.make_folders()
    plan = broker.plan(installation)
    server = subprocess.Popen(plan.command, stdout=subprocess.DEVNULL)
    try:
        client = redis.Redis.from_url(plan.url.replace("redis+socket", "unix"))
        wait_for(lambda: answers_ping(client))
        assert broker.explain_silence(plan.url) == ""
        if plan.url.startswith("redis+socket"):
            assert (installation.data / "redis.sock").stat().st_mode & 0o077 == 0
        else:
            port = client.connection_pool.connection_kwargs["port"]
            with pytest.raises(redis.AuthenticationError):
                redis.Redis(port=port).ping()
            assert "REDIS_URL" in broker.explain_silence(f"redis://127.0.0.1:{port}/0")
        client.close()
    finally:
        server.terminate()
        server.wait(10)
    assert "REDIS_URL" in broker.explain_silence(plan.url)


@pytest.mark.parametrize(
    ("on_the_path", "chosen"),
    [
        (["valkey-server"], "valkey-server"),
        (["redis-server"], "redis-server"),
        (["redis-server", "valkey-server"], "valkey-server"),
    ],
)
def test_a_server_on_the_path_is_used_before_the_packaged_one(
    tmp_path: Path, on_the_path: list[str], chosen: str
) -> None:
    for name in on_the_path:
        (tmp_path / name).touch(mode=0o755)
    assert broker.find_server(str(tmp_path)) == str(tmp_path / chosen)


def test_without_a_server_on_the_path_the_packaged_one_is_used(tmp_path: Path) -> None:
    (tmp_path / "redis-server").touch(mode=0o644)  # no program
    packaged = broker.find_server(str(tmp_path))
    version = subprocess.run([packaged, "--version"], capture_output=True, text=True, check=True).stdout
    assert version.startswith("Valkey server")


@pytest.mark.parametrize("package", ["valkey", "no-such-package"])
def test_a_package_without_a_server_gives_none(package: str) -> None:
    assert broker.find_packaged_server(package) is None


def answers_ping(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def test_a_child_that_dies_is_reported_and_planned_to_start_again_later_each_time(
    child: Callable[[str], Child],
) -> None:
    failing = child("raise SystemExit(3)")
    pauses = []
    for _ in range(3):
        failing.start()
        wait_for(lambda: not failing.is_running)
        message = failing.note_death()
        assert message is not None and "ended with status 3" in message
        pauses.append(failing.start_again - time.monotonic())
    assert pauses == pytest.approx([1, 2, 4], abs=0.5)


def test_a_childs_output_is_in_its_log(child: Callable[[str], Child]) -> None:
    speaking = child("import sys; print('out'); print('err', file=sys.stderr)")
    speaking.start()
    wait_for(lambda: not speaking.is_running)
    assert set(speaking.log.read_text().split()) == {"out", "err"}


def test_a_child_that_ignores_being_asked_is_killed_with_all_it_started(
    child: Callable[[str], Child], tmp_path: Path
) -> None:
    stubborn = child(
        "import signal, subprocess, sys\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"grandchild = subprocess.Popen([sys.executable, '-c', {FOREVER!r}])\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(grandchild.pid) + '\\n')\n" + FOREVER
    )
    stubborn.start()
    assert stubborn.process is not None
    pid = stubborn.process.pid
    wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().endswith("\n"))
    grandchild = int((tmp_path / "pid").read_text())
    stubborn.signal(signal.SIGTERM)
    stubborn.end(time.monotonic() + 0.2)
    assert not is_alive(pid)
    wait_for(lambda: not is_alive(grandchild))


def test_children_end_with_a_launcher_that_is_killed(tmp_path: Path) -> None:
    launcher = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import os, pathlib, sys\n"
            "from portal.launcher.children import Child\n"
            f"child = Child('c', [sys.executable, '-c', {FOREVER!r}], pathlib.Path({str(tmp_path / 'log')!r}), "
            f"os.environ)\n"
            "child.start()\n"
            "print(child.process.pid, flush=True)\n" + FOREVER,
        ],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert launcher.stdout is not None
    pid = int(launcher.stdout.readline())
    assert is_alive(pid)
    launcher.kill()
    launcher.wait()
    wait_for(lambda: not is_alive(pid))
    launcher.stdout.close()


def test_a_long_log_is_moved_aside_while_its_process_writes_on(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    with open(log, "ab", buffering=0) as writer:
        writer.write(b"x" * (LOG_LIMIT + 1))
        limit_log(log)
        writer.write(b"next\n")
    assert log.read_bytes() == b"next\n"
    assert (tmp_path / "web.log.1").stat().st_size == LOG_LIMIT + 1


def test_kernels_are_compiled_anew_when_any_of_their_sources_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparation, "CHECKOUT", tmp_path)
    monkeypatch.setattr("portal.launcher.installation.CHECKOUT", tmp_path)
    stamps = [preparation.warm_stamp({})]
    for source in ("mate/engine/rules.py", "policies/networks.py", "tournament/ratings/elo.py", "tournament/warm.py"):
        (tmp_path / source).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / source).write_text("")
        stamps.append(preparation.warm_stamp({}))
    assert len(set(stamps)) == len(stamps)
