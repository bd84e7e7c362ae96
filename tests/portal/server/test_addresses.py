"""Limits by address, with a real server and Redis: headers in which a client claims an address have no effect."""

import re
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.portal.served import Served, serve
from tests.tasks.conftest import Broker


@pytest.fixture
def broker() -> Iterator[Broker]:
    running = Broker(Path(tempfile.mkdtemp(prefix="arena-")))  # A socket's path must be short.
    running.start()
    yield running
    running.kill()
    shutil.rmtree(running.folder, ignore_errors=True)


def try_password(server: Served, number: int) -> int:
    """Try to sign in, under another name and from another address, as the headers say."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    site = f"http://127.0.0.1:{server.port}/sign-in/"
    written = f"198.51.100.{number}"
    browser.addheaders = [("X-Forwarded-For", written), ("X-Real-IP", written), ("Forwarded", f"for={written}")]
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.open(site).read().decode())
    assert token
    try:
        fields = f"csrfmiddlewaretoken={token[1]}&username=user{number}&password=guess"
        return int(browser.open(site, fields.encode()).status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize(
    ("proxies", "statuses"),
    [("", [200, 200, 200, 429, 429]), ("127.0.0.1", [200, 200, 200, 200, 200])],
    ids=["nobody is believed", "this address is believed"],
)
def test_a_written_address_counts_only_from_a_named_proxy(
    tmp_path: Path, broker: Broker, proxies: str, statuses: list[int]
) -> None:
    limited = {"REDIS_URL": broker.url, "ARENA_LIMITS": "sign-in=3/hour", "FORWARDED_ALLOW_IPS": proxies}
    with serve(tmp_path, **limited) as server:
        assert [try_password(server, number) for number in range(len(statuses))] == statuses
        with redis.Redis(unix_socket_path=f"{broker.folder}/redis.sock") as store:
            assert store.keys("*"), "they are counted in Redis"
        broker.kill()
        assert try_password(server, 99) == 200, "where Redis does not answer, nobody is refused"
