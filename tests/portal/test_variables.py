"""Environment variables: an invalid value ends every program with a message, and the documents list all variables."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from portal.launcher.installation import CHECKOUT
from portal.variables.allowances import USUAL_LIMITS, USUAL_QUOTAS
from portal.variables.declared import Variables
from portal.variables.reading import VariablesRefused, read_variables, remarks, table

OPERATIONS = CHECKOUT / "docs" / "operations.md"
WRONG = {
    "ARENA_DATA": ["two\nlines"],
    "ARENA_HOST": ["http://localhost", "localhost:80", "a b"],
    "ARENA_PORT": ["0", "65536", "http", "-1", "8e3", "８０"],
    "ARENA_WEB_PROCESSES": ["0", "many"],
    "ARENA_WEB_THREADS": ["0", "1.5"],
    "ARENA_WEB_WAITING": ["0", "none"],
    "ARENA_STREAMS": ["-1", "all"],
    "ARENA_STREAMS_EACH": ["-1", "all"],
    "ARENA_WORKERS": ["257", "two"],
    "ARENA_PLAY": ["cluster", "Ray"],
    "DATABASE_URL": ["arena", "mysql://arena:hidden@localhost/arena", "postgres://arena:hid/den@localhost:port/arena"],
    "REDIS_URL": ["localhost:6379", "amqp://:hidden@localhost/0"],
    "ALLOWED_HOSTS": ["https://arena.example.org", "arena.example.org:443", "localhost,a/b"],
    "CSRF_TRUSTED_ORIGINS": ["arena.example.org", "https://arena.example.org/page"],
    "ARENA_HTTPS": ["2", "maybe"],
    "FORWARDED_ALLOW_IPS": ["proxy", "10.0.0.0/33", "10.0.0.1 10.0.0.2"],
    "ARENA_ADMIN": ["an admin", "a" * 151],
    "ARENA_BLOCK_SIZE": ["-1", "4.5"],
    "ARENA_LEASE_SECONDS": ["-1", "0", "soon", "nan"],
    "ARENA_PYTHON_AGENTS": ["module:Class", "[]", '{"name": {"options": {}}}'],
    "ARENA_REMOTE_SECONDS": ["0", "inf"],
    "ARENA_AUDIT_SHARE": ["1.5", "-0.1", "1%"],
    "ARENA_LOG": ["xml", "JSON"],
    "SENTRY_DSN": ["key@sentry.example.org/1"],
    "OTEL_EXPORTER_OTLP_ENDPOINT": ["collector:4318"],
    "ARENA_TRAINING_SLOTS": ["65", "-1"],
    "ARENA_TRAINING_CORES": ["-1", "half"],
    "ARENA_TRAINING_NICE": ["20", "-1"],
    "ARENA_TRAINING_FREE_BYTES": ["-1", "1G"],
    "ARENA_TRAINING_COMMAND": ["sbatch 'run"],
    "RAY_ADDRESS": ["two words"],
    "ARENA_UPLOAD_LIMIT": ["0", "64MB"],
    "ARENA_OPEN_UPLOADS": ["0", "few"],
    "ARENA_SLOWEST_AGENT": ["-1", "slow"],
    "ARENA_USER_BYTES": ["-1", "4 GiB"],
    "ARENA_EXPORT_BYTES": ["-1", "1G"],
    "ARENA_SIGN_UP": ["yes", "Open"],
    "ARENA_MAIL": ["mail.example.org", "smtp://", "smtp://u:hidden@h/?form=x", "http://u:hidden@h/"],
    "ARENA_ADDRESS": ["arena.example.org", "ftp://arena.example.org"],
    "ARENA_OIDC_SERVER": ["id.example.org"],
    "ARENA_OIDC_ORIGINS": ["id.example.org"],
    "ARENA_LIMITS": ["signup=3/hour", "sign-up=often", "sign-up=3"],
    "ARENA_FILES": ["bucket", "s3://", "gs://bucket"],
    "ARENA_CACHE_BYTES": ["-1", "4G"],
    "ARENA_KEEP_ORIGINALS_DAYS": ["-1", "a week"],
    "ARENA_KEEP_SNAPSHOTS_DAYS": ["-1", "a week"],
    "ARENA_KEEP_REPLAYS": ["0", "many"],
    "ARENA_STATEMENT_SECONDS": ["-1", "1.5"],
    "ARENA_QUOTAS": ["wolves=1", "psro", "psro=many", "psro=-1"],
    "ARENA_WEBHOOKS": ["on", "Public"],
    "ARENA_FREE_BYTES": ["-1", "256M"],
    "ARENA_DEVICE": ["gpu", "cuda:0"],
    "DEBUG": ["2", "please"],
    "NUMBA_CACHE_DIR": ["tab\there"],
}
FREE = {
    *("SECRET_KEY", "ARENA_ADMIN_PASSWORD", "ARENA_LABELS", "ARENA_METRICS_TOKEN", "ARENA_OIDC_NAME"),
    *("ARENA_GITHUB_ID", "ARENA_GITHUB_SECRET", "ARENA_OIDC_ID", "ARENA_OIDC_SECRET"),
}
"""Variables that may have any value."""


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Variables.model_fields:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_value_is_refused_in_a_sentence_with_what_is_allowed(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(VariablesRefused) as refusal:
        read_variables()
    sentence = str(refusal.value).splitlines()[0]
    assert re.fullmatch(rf"{name} (is '.*'|is \".*\"|cannot be read); it must be .{{8,}}\.", sentence), sentence
    assert "hidden" not in sentence


def test_every_variable_is_tried_with_a_wrong_value() -> None:
    assert WRONG.keys() | FREE == set(Variables.model_fields)


def test_all_problems_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in WRONG:
        monkeypatch.setenv(name, WRONG[name][0])
    monkeypatch.setenv("ARENA_GITHUB_ID", "arena")
    with pytest.raises(VariablesRefused) as refusal:
        read_variables()
    told = [line.split()[0] for line in str(refusal.value).splitlines()]
    assert set(told) == WRONG.keys() | {"ARENA_GITHUB_ID"}


@pytest.mark.parametrize(
    ("set_", "missing"),
    [
        (["ARENA_GITHUB_ID"], "ARENA_GITHUB_SECRET"),
        (["ARENA_OIDC_ID", "ARENA_OIDC_SECRET"], "ARENA_OIDC_SERVER"),
    ],
)
def test_half_a_provider_is_refused_with_the_name_of_what_is_missing(
    set_: list[str], missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in set_:
        monkeypatch.setenv(name, "arena")
    with pytest.raises(VariablesRefused, match=f"{missing} must be set as well"):
        read_variables()


def test_a_portal_that_plays_on_ray_has_to_name_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARENA_PLAY", "ray")
    with pytest.raises(VariablesRefused, match="RAY_ADDRESS must name the cluster"):
        read_variables()
    monkeypatch.setenv("RAY_ADDRESS", "HOST:6379")
    assert read_variables().ARENA_PLAY == "ray"


def test_values_are_read_as_people_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    written = {
        "ARENA_HTTPS": "true",
        "DEBUG": "0",
        "ARENA_PORT": "",
        "ALLOWED_HOSTS": "arena.example.org, .example.net,[::1],*",
        "FORWARDED_ALLOW_IPS": "10.0.0.1, 172.16.0.0/12",
        "CSRF_TRUSTED_ORIGINS": "https://arena.example.org:8443/,",
        "ARENA_LABELS": "lab-3, night",
        "ARENA_TRAINING_COMMAND": "sbatch --wait 'my script'",
        "ARENA_OIDC_ORIGINS": "https://a.example.org https://b.example.org",
        "ARENA_LIMITS": "off",
        "REDIS_URL": "redis+socket:///tmp/redis.sock",
    }
    for name, value in written.items():
        monkeypatch.setenv(name, value)
    read = read_variables()
    assert read.ARENA_HTTPS and not read.DEBUG and read.ARENA_PORT == 8000
    assert read.ALLOWED_HOSTS == ["arena.example.org", ".example.net", "[::1]", "*"]
    assert read.FORWARDED_ALLOW_IPS == ["10.0.0.1", "172.16.0.0/12"]
    assert read.CSRF_TRUSTED_ORIGINS == ["https://arena.example.org:8443"]
    assert read.ARENA_LABELS == ["lab-3", "night"]
    assert read.ARENA_TRAINING_COMMAND == ["sbatch", "--wait", "my script"]
    assert read.ARENA_OIDC_ORIGINS == ["https://a.example.org", "https://b.example.org"]


def test_a_misspelt_name_is_remarked_on_with_the_one_that_is_meant() -> None:
    assert list(remarks({"ARENA_WORKER": "4", "ARENA_PORT": "1", "ARENA_URL": "http://localhost"})) == [
        "ARENA_WORKER is no variable of the portal and has no effect. Is it ARENA_WORKERS?"
    ]


def test_the_launcher_refuses_before_it_touches_anything(tmp_path: Path) -> None:
    wrong = {"ARENA_DATA": str(tmp_path / "data"), "ARENA_PORT": "http", "ARENA_QUOTAS": "wolves=1"}
    ended = subprocess.run(
        [sys.executable, "-m", "portal.launcher", "run"],
        cwd=CHECKOUT, env=os.environ | wrong, capture_output=True, text=True,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (1, "")
    assert [line.split()[0] for line in ended.stderr.splitlines()] == ["ARENA_PORT", "ARENA_QUOTAS"]
    assert not (tmp_path / "data").exists()


def test_the_table_of_the_documents_is_the_declared_one() -> None:
    assert table() in OPERATIONS.read_text(), "Replace the table by what `python -m portal.variables --table` prints."


@pytest.mark.parametrize(("name", "usual"), [("LIMITS", USUAL_LIMITS), ("QUOTAS", USUAL_QUOTAS)])
def test_the_documents_tell_the_usual_limits_and_quotas(name: str, usual: dict[str, object]) -> None:
    rows = OPERATIONS.read_text().split(f"| name in `ARENA_{name}`")[1].split("\n\n")[0]
    assert dict(re.findall(r"^\| `([a-z-]+)` \| `([^`]+)` \|", rows, re.MULTILINE)) == {
        key: str(value) for key, value in usual.items()
    }
