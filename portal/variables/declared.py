"""Declarations of all variables with kind, default and meaning. ``docs/operations.md`` has them as a table."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from portal.launcher.installation import LocalInstallation
from portal.variables import kinds

MEBIBYTE = 1024 * 1024
LARGE = 2**53


def variable(
    default: Any,
    meaning: str,
    least: float | None = None,
    most: float | None = None,
    usual: str = "",
    secret: bool = False,
) -> Any:
    """Declare a variable: its default, its meaning (Markdown), and the range of a number.

    `usual` describes the default in words if the value does not. A `secret` is never printed.
    """
    more: dict[str, Any] = {"usual": usual, "secret": secret}
    return Field(default, description=meaning, ge=least, le=most, json_schema_extra=more)


class Variables(BaseSettings):
    """The checked values of all variables. An empty variable counts as not set."""

    model_config = SettingsConfigDict(
        case_sensitive=True, env_ignore_empty=True, extra="ignore", frozen=True, validate_default=False
    )

    ARENA_DATA: kinds.PathText = variable(
        "",
        "data folder: SQLite database, uploads, replays, static files, logs, secret key",
        usual="`data` in the checkout",
    )
    ARENA_HOST: kinds.Host = variable(LocalInstallation.host, "address that the website listens on")
    ARENA_PORT: int = variable(LocalInstallation.port, "port of the website", 1, 65535)
    ARENA_WEB_PROCESSES: int = variable(
        LocalInstallation.web_processes, "number of web server processes; one per core for pages", 1, 64
    )
    ARENA_WEB_THREADS: int = variable(
        4,
        "number of threads per process that answer requests, each with one database connection; one more makes large "
        "files",
        1,
        256,
    )
    ARENA_WEB_WAITING: int = variable(
        500, "maximum number of requests per process that wait for a thread; more get 503", 1, LARGE
    )
    ARENA_STREAMS: int = variable(1000, "maximum number of event streams per process that are open at once", 0, LARGE)
    ARENA_STREAMS_EACH: int = variable(50, "maximum number of them per user and per address", 0, LARGE)
    ARENA_WORKERS: int = variable(
        LocalInstallation.workers,
        "number of workers started by `make run`; one per core that may be fully used",
        0,
        256,
    )
    ARENA_PLAY: Literal["workers", "ray"] = variable(
        "workers",
        "who plays: processes of this machine (`workers`), or tasks on the cluster at `RAY_ADDRESS` (`ray`), at most "
        "`ARENA_WORKERS` at once ([Many machines](many-machines.md#playing-on-a-ray-cluster))",
    )
    DATABASE_URL: kinds.DatabaseAddress = variable(
        "", "for example `postgres://arena:PASSWORD@HOST:5432/arena`", usual="SQLite in the data folder", secret=True
    )
    REDIS_URL: kinds.RedisAddress = variable(
        "",
        "for example `redis://:PASSWORD@HOST:6379/0`; if it is set, no Redis is started",
        usual="a private Redis",
        secret=True,
    )
    SECRET_KEY: str = variable(
        "", "signs sessions; several web servers need the same", usual="generated, kept in the data folder", secret=True
    )
    ALLOWED_HOSTS: kinds.SiteNames = variable(
        ["localhost", "127.0.0.1", "[::1]"], "names under which the website is reached, with commas"
    )
    CSRF_TRUSTED_ORIGINS: kinds.Sites = variable([], "behind a proxy with TLS: `https://NAME`")
    ARENA_HTTPS: bool = variable(
        False, "`1` behind a proxy with TLS: cookies are sent only over TLS, and browsers are told to stay with it"
    )
    FORWARDED_ALLOW_IPS: kinds.Proxies = variable(
        [], "addresses or networks of trusted proxies, with commas: their `X-Forwarded-*` headers are used"
    )
    ARENA_ADMIN: kinds.UserName = variable("admin", "name of the first administrator; used only while there is none")
    ARENA_ADMIN_PASSWORD: str = variable("", "password of the first administrator", usual="generated", secret=True)
    ARENA_BLOCK_SIZE: int = variable(
        0,
        "number of episodes in a block, which a worker plays together",
        0,
        LARGE,
        usual="about 5 seconds of play; up to a minute with a remote agent",
    )
    ARENA_LEASE_SECONDS: float = variable(30, "seconds after which the work of a silent worker is reassigned", 1, LARGE)
    ARENA_PYTHON_AGENTS: kinds.AgentClasses = variable(
        "", "classes in Python that play as agents, as JSON ([Agents in Python](python-agents.md#operators-code))"
    )
    ARENA_REMOTE_SECONDS: float = variable(
        60,
        "seconds in which a remote agent answers a turn ([Agents in Python](python-agents.md#remote-agents))",
        1,
        LARGE,
    )
    ARENA_AUDIT_SHARE: float = variable(
        0.01,
        "share of blocks of which an episode is played again by another worker; 0 for none "
        "([Many machines](many-machines.md#a-wrong-worker))",
        0,
        1,
    )
    ARENA_LABELS: kinds.Words = variable(
        [], "labels of a worker on the status page, with commas, such as `lab-3,night`"
    )
    ARENA_LOG: Literal["line", "json"] = variable("line", "form of logs: lines of text, or `json`")
    ARENA_METRICS_TOKEN: str = variable(
        "", "token that `/metrics` asks for; without it nobody gets metrics", secret=True
    )
    SENTRY_DSN: kinds.Server = variable(
        "", "address of Sentry, where errors are sent ([Many machines](many-machines.md#watching))", secret=True
    )
    OTEL_EXPORTER_OTLP_ENDPOINT: kinds.Server = variable("", "address of OpenTelemetry, where traces are sent")
    ARENA_TRAINING_SLOTS: int = variable(
        LocalInstallation.trainers,
        "number of trainers started by `make run`, and so of simultaneous trainings; 0 for none",
        0,
        64,
    )
    ARENA_TRAINING_CORES: int = variable(
        0, "maximum number of processors of a training", 0, LARGE, usual="all, shared among the slots"
    )
    ARENA_TRAINING_NICE: int = variable(5, "niceness of trainings relative to matches and pages (0 to 19)", 0, 19)
    ARENA_TRAINING_FREE_BYTES: int = variable(
        512 * MEBIBYTE, "bytes of free space below which a training writes its state and stops", 0, LARGE
    )
    ARENA_TRAINING_COMMAND: kinds.Command = variable(
        [],
        "command that runs a training, for example a batch system's; the run's folder is appended",
        usual="`python -m training run`",
    )
    RAY_ADDRESS: kinds.ClusterAddress = variable(
        "",
        "a Ray cluster to train on, for example `HOST:6379`; trainings may then use any number of cores",
        usual="a private Ray for each training",
    )
    ARENA_UPLOAD_LIMIT: int = variable(64 * MEBIBYTE, "maximum size of an upload in bytes", 1, LARGE)
    ARENA_OPEN_UPLOADS: int = variable(5, "maximum number of uploads per user that wait or are being checked", 1, LARGE)
    ARENA_SLOWEST_AGENT: float = variable(
        20, "minimum number of steps per second of an uploaded agent; slower ones are refused", 0, LARGE
    )
    ARENA_USER_BYTES: int = variable(4096 * MEBIBYTE, "maximum bytes of all uploads of one user", 0, LARGE)
    ARENA_EXPORT_BYTES: int = variable(
        1024 * MEBIBYTE, "maximum bytes of kept exports; those asked for least recently are removed", 0, LARGE
    )
    ARENA_SIGN_UP: Literal["open", "invitation", "closed"] = variable(
        "open",
        "who may sign up: everybody (`open`), holders of a link from `manage.py invite NAME` (`invitation`), nobody "
        "(`closed`)",
    )
    ARENA_MAIL: kinds.MailAddress = variable(
        "",
        "where mail is handed over, such as `smtp://USER:PASSWORD@HOST:587/?from=arena@NAME` "
        "([Mail and accounts of other sites](#mail-and-accounts-of-other-sites))",
        usual="no mail",
        secret=True,
    )
    ARENA_ADDRESS: kinds.Server = variable("http://localhost:8000", "address of the portal, for links in mail")
    ARENA_GITHUB_ID: str = variable("", "sign in with GitHub: the client's id", usual="off")
    ARENA_GITHUB_SECRET: str = variable("", "the client's secret", secret=True)
    ARENA_OIDC_SERVER: kinds.Server = variable(
        "", "sign in with a provider of OpenID Connect: its address", usual="off"
    )
    ARENA_OIDC_ID: str = variable("", "the client's id there")
    ARENA_OIDC_SECRET: str = variable("", "the client's secret there", secret=True)
    ARENA_OIDC_NAME: str = variable("OpenID Connect", "the provider's name on the button")
    ARENA_OIDC_ORIGINS: kinds.SitesBySpace = variable(
        [], "where people enter their password on other hosts than the server's: those, with spaces"
    )
    ARENA_LIMITS: kinds.Limits = variable(
        "",
        "maximum rates per user and address, such as `sign-up=30/hour,starts=200/day`; `off` for no limits",
        usual="[Limits](#limits)",
    )
    ARENA_FILES: kinds.StorageAddress = variable(
        "",
        "S3-compatible storage instead, such as `s3://BUCKET/PREFIX` ([Many machines](many-machines.md#files))",
        usual="a folder",
    )
    ARENA_CACHE_BYTES: int = variable(
        4096 * MEBIBYTE, "maximum bytes of local copies of files in such storage", 0, LARGE
    )
    ARENA_KEEP_ORIGINALS_DAYS: float = variable(
        90, "days for which originals of checked uploads are kept; 0 for good", 0, 36500
    )
    ARENA_KEEP_SNAPSHOTS_DAYS: float = variable(
        0, "days for which fits of boards are kept that newer ones have superseded; 0 for good", 0, 36500
    )
    ARENA_KEEP_REPLAYS: int = variable(500, "number of rendered replays that are kept; the oldest go first", 1, LARGE)
    ARENA_STATEMENT_SECONDS: int = variable(120, "maximum seconds of one query on PostgreSQL", 0, 86400)
    ARENA_QUOTAS: kinds.Quotas = variable(
        "",
        "maximum of what one user has under way or keeps, such as `tournaments=5,episodes=100000`; `off` for no quotas",
        usual="[Quotas](#quotas)",
    )
    ARENA_WEBHOOKS: Literal["public", "any", "off"] = variable(
        "public",
        "where webhooks of users may send to: public addresses over https (`public`), any address, also private ones "
        "and plain http (`any`), or nowhere (`off`)",
    )
    ARENA_FREE_BYTES: int = variable(
        256 * MEBIBYTE,
        "minimum bytes of free space after an upload; an upload that would leave less is refused",
        0,
        LARGE,
    )
    ARENA_DEVICE: Literal["auto", "cpu", "cuda"] = variable(
        "auto",
        "device of networks in matches: `cpu`, `cuda`, or `auto` for whichever there is "
        "([Other machines](#other-machines))",
    )
    DEBUG: bool = variable(False, "`1` shows Django's error pages, with settings and code: only for developers")
    NUMBA_CACHE_DIR: kinds.PathText = variable(
        "", "folder of compiled kernels; must be writable", usual="`.numba_cache` in the checkout"
    )
