"""The reverse proxy of the composition, as a real nginx in front of the real web server."""

import ipaddress
import os
import re
import shutil
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from portal.launcher.installation import CHECKOUT
from tests.portal.served import Served, find_port, serve
from tests.waiting import wait_for

NGINX = shutil.which("nginx") or ("/usr/sbin/nginx" if Path("/usr/sbin/nginx").exists() else "")
needs_nginx = pytest.mark.skipif(not NGINX or not shutil.which("openssl"), reason="no nginx: apt install nginx-light")


def test_the_composition_believes_its_proxy_and_nobody_else() -> None:
    composition = yaml.safe_load((CHECKOUT / "docker" / "compose.yaml").read_text())
    services = composition["services"]
    address = services["proxy"]["networks"]["default"]["ipv4_address"]
    assert services["web"]["environment"]["FORWARDED_ALLOW_IPS"] == f"${{FORWARDED_ALLOW_IPS:-{address}}}"
    network = ipaddress.ip_network(composition["networks"]["default"]["ipam"]["config"][0]["subnet"])
    assert ipaddress.ip_address(address) in network


class Proxy:
    """A running nginx with the composition's configuration, its ports and files replaced."""

    def __init__(self, folder: Path, web: str) -> None:
        self.port, self.plain = find_port(), find_port()
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
             "-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")],
            check=True, capture_output=True,
        )  # fmt: skip
        text = (CHECKOUT / "docker" / "nginx.conf.template").read_text()
        text = text.replace("${ARENA_NAME}", "localhost").replace("${ARENA_WEB}", web)
        text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl")
        text = text.replace("listen 80;", f"listen 127.0.0.1:{self.plain};")
        text = text.replace("/etc/nginx/certificates", str(folder))
        places = "".join(
            f"{name}_temp_path {folder / name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        user = "user root;\n" if os.geteuid() == 0 else ""
        whole = f"{user}daemon off;\npid {folder}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{places}{text}}}\n"
        (folder / "nginx.conf").write_text(whole)
        self.command = [NGINX, "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
        self.process = subprocess.Popen(self.command)
        wait_for(self.answers)

    def answers(self) -> bool:
        try:
            return self.get("/help/") == 200
        except OSError:
            return False

    def open(self, path: str, **headers: str) -> urllib.request.Request:
        return urllib.request.Request(f"https://localhost:{self.port}{path}", headers=headers)

    def ask(self, request: urllib.request.Request) -> tuple[int, dict[str, str], str]:
        unchecked = ssl.create_default_context()
        unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
        try:
            with urllib.request.urlopen(request, context=unchecked, timeout=60) as answer:
                return answer.status, dict(answer.headers), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read().decode()

    def get(self, path: str, **headers: str) -> int:
        return self.ask(self.open(path, **headers))[0]


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("proxy")
    names = {"ARENA_HTTPS": "1", "FORWARDED_ALLOW_IPS": "127.0.0.1", "ARENA_LIMITS": "sign-in=3/hour"}
    with serve(folder, **names) as server:
        running = Proxy(folder, f"127.0.0.1:{server.port}")
        running.server = server  # type: ignore[attr-defined]
        yield running
        running.process.terminate()
        running.process.wait()


@needs_nginx
def test_pages_come_over_tls_with_word_to_stay_there(proxy: Proxy) -> None:
    status, headers, _ = proxy.ask(proxy.open("/help/"))
    assert status == 200
    assert {name.lower(): value for name, value in headers.items()}["strict-transport-security"].startswith("max-age=")


@needs_nginx
def test_forms_are_taken_over_tls_without_further_settings(proxy: Proxy) -> None:
    assert try_password(proxy) == 200


@needs_nginx
def test_plain_visitors_are_led_to_tls(proxy: Proxy) -> None:
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *args: object, **kwargs: object) -> None:
            return None

    with pytest.raises(urllib.error.HTTPError) as led:
        urllib.request.build_opener(Stay).open(f"http://localhost:{proxy.plain}/agents/")
    assert (led.value.code, led.value.headers["Location"]) == (301, "https://localhost/agents/")


@needs_nginx
def test_the_portal_sees_the_visitors_address_and_not_what_is_written_of_it(proxy: Proxy) -> None:
    code = (
        "from axes.models import AccessAttempt as a; print(sorted(set(a.objects.values_list('ip_address', flat=True))))"
    )
    try_password(proxy, **{"X-Forwarded-For": "198.51.100.9"})
    server: Served = proxy.server  # type: ignore[attr-defined]
    assert server.manage("shell", "--command", code).splitlines()[-1] == "['127.0.0.1']"


def try_password(proxy: Proxy, **headers: str) -> int:
    _, answered, page = proxy.ask(proxy.open("/sign-in/"))
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    cookie = re.search(r"csrftoken=([^;]+)", answered.get("set-cookie") or answered.get("Set-Cookie", ""))
    assert token and cookie
    origin = f"https://localhost:{proxy.port}"
    request = proxy.open("/sign-in/", Cookie=f"csrftoken={cookie[1]}", Origin=origin, Referer=f"{origin}/", **headers)
    request.data = f"csrfmiddlewaretoken={token[1]}&username=alice&password=guess".encode()
    return proxy.ask(request)[0]
