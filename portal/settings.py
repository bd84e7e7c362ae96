"""Django's settings.

Everything that differs between machines comes from environment variables (`portal.variables`). The defaults need no
other service.
"""

import fcntl
import os
import secrets
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url

from portal.launcher.installation import advise, choose_data
from portal.signing.mail import read_mail
from portal.signing.providers import read_providers
from portal.variables.reading import VariablesRefused, read_variables

BASE_DIR = Path(__file__).resolve().parent.parent
try:
    VARIABLES = read_variables()
except VariablesRefused as refusal:
    raise SystemExit(str(refusal)) from None
DATA_DIR = choose_data(os.environ)
try:
    DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
except OSError as error:
    raise SystemExit(f"The data folder {DATA_DIR} cannot be used: {error.strerror}. {advise(error)}") from None


# A dead server is noticed within half a minute, and stuck queries and transactions are ended. Options in
# DATABASE_URL override these, as in postgres://.../arena?connect_timeout=3
POSTGRESQL: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "options": f"-c statement_timeout={VARIABLES.ARENA_STATEMENT_SECONDS * 1000}"
    " -c idle_in_transaction_session_timeout=300000",
}


def read_database() -> dict[str, Any]:
    """Return the database of DATABASE_URL, else SQLite in the data folder."""
    if not VARIABLES.DATABASE_URL:  # A URL would cut a path at its first "#" or "?".
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": DATA_DIR / "arena.sqlite3", "CONN_MAX_AGE": 60}
    parsed = dj_database_url.parse(VARIABLES.DATABASE_URL, conn_max_age=60, conn_health_checks=True)
    database: dict[str, Any] = dict(parsed)
    if database["ENGINE"] == "django.db.backends.postgresql":
        database["OPTIONS"] = POSTGRESQL | database.get("OPTIONS", {})
    return database


def read_storage() -> dict[str, Any]:
    """Return the storage of files: the folder `files`, or the S3-compatible storage of ARENA_FILES."""
    if not VARIABLES.ARENA_FILES:
        return {"BACKEND": "tournament.storages.LocalStorage"}
    address = urlsplit(VARIABLES.ARENA_FILES)
    if find_spec("storages") is None or find_spec("boto3") is None:
        raise SystemExit("ARENA_FILES needs the extra `s3`: pip install 'mate-arena[s3]', or -r requirements-s3.in")
    for name in [name for name, value in os.environ.items() if name.startswith("AWS_") and not value]:
        del os.environ[name]  # Docker Compose passes unset variables as empty.
    place = {"bucket_name": address.netloc, "location": address.path.strip("/")}
    return {"BACKEND": "tournament.object_storage.ObjectStorage", "OPTIONS": place}


def read_secret_key() -> str:
    """Return SECRET_KEY, else the key in the data folder, which is generated once."""
    if VARIABLES.SECRET_KEY:
        return VARIABLES.SECRET_KEY
    path = DATA_DIR / "secret_key"
    try:
        return read_key(path) or make_key(path)
    except OSError as error:
        raise SystemExit(f"The secret key {path} cannot be kept: {error.strerror}. {advise(error)}") from None


def read_key(path: Path) -> str:
    """Return the key in a file; empty if there is no file, or if a full disk left it empty."""
    return path.read_text().strip() if path.exists() else ""


def make_key(path: Path) -> str:
    """Generate a key, store it atomically and return it.

    If several processes do so at once, all get the key of the first.
    """
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        if key := read_key(path):
            return key
        key = secrets.token_urlsafe(50)
        part = path.with_suffix(".part")
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        return key
    finally:
        os.close(folder)


SECRET_KEY = read_secret_key()
DEBUG = VARIABLES.DEBUG
ALLOWED_HOSTS = VARIABLES.ALLOWED_HOSTS
CSRF_TRUSTED_ORIGINS = VARIABLES.CSRF_TRUSTED_ORIGINS

# Proxies whose X-Forwarded headers are trusted. By default none are, since any client can send such headers.
FORWARDED_ALLOW_IPS = VARIABLES.FORWARDED_ALLOW_IPS

# Behind a TLS proxy: cookies are sent over HTTPS only, and browsers remember to use HTTPS only (HSTS).
IS_HTTPS = VARIABLES.ARENA_HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SECURE_HSTS_SECONDS = 30 * 24 * 3600 if IS_HTTPS else 0

# Sites whose accounts users can sign in with, and the mail server (no mail without it)
ARENA_PROVIDERS = read_providers(VARIABLES)
ARENA_MAIL = VARIABLES.ARENA_MAIL
ARENA_ADDRESS = VARIABLES.ARENA_ADDRESS
locals().update(read_mail(ARENA_MAIL))

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.sitemaps",
    "axes",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    *ARENA_PROVIDERS.apps,
    "django_htmx",
    "tournament.apps.TournamentConfig",
    "tasks.apps.TasksConfig",
    "portal.apps.PortalConfig",
]

MIDDLEWARE = [
    "portal.server.headers.SecurityHeaders",
    "portal.server.logs.RequestIds",
    "portal.server.probes.Probes",
    "portal.server.metrics.Measure",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.server.visitor_pages.VisitorPages",
    "portal.server.compression.Compression",
    "portal.server.entity_tags.EntityTags",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.views.errors.UserErrors",
    "portal.server.throttling.Throttle",
    "portal.inputs.UnknownNames",
    "portal.people.viewing.PrivateRows",
    "portal.server.audit.AuditLog",
    "axes.middleware.AxesMiddleware",
    "portal.server.idempotency.Idempotency",
]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
# Failed sign-ins are counted per name and IP address, so that nobody can lock another user out.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=10)
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_LOCKOUT_CALLABLE = "portal.views.accounts.refuse_sign_in"
AXES_VERBOSE = False

# Signing in (`portal.signing`). `portal.server.throttling` replaces most of allauth's rate limits.
ACCOUNT_ADAPTER = "portal.signing.adapters.ArenaAccounts"
ACCOUNT_FORMS = {
    "login": "portal.forms.signing.SignInForm",
    "reset_password_from_key": "portal.forms.signing.NewPasswordForm",
}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory"  # Only if mail is set up: `portal.signing.adapters.ConfirmedAddress`.
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE = ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_METHODS = ("password", "mfa")
ACCOUNT_RATE_LIMITS: dict[str, str | None] = dict.fromkeys(
    ("change_password", "manage_email", "reset_password", "reset_password_from_key", "signup", "login", "confirm_email")
) | {"login_failed": "10/600s/key"}
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if IS_HTTPS else "http"
MFA_ADAPTER = "portal.signing.adapters.ArenaSecondFactor"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1
SOCIALACCOUNT_ADAPTER = "portal.signing.social.ArenaSocialAccounts"
SOCIALACCOUNT_PROVIDERS = ARENA_PROVIDERS.settings
SOCIALACCOUNT_AUTO_SIGNUP = SOCIALACCOUNT_EMAIL_REQUIRED = False
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"  # The other site has verified it.

ROOT_URLCONF = "portal.urls"
ASGI_APPLICATION = "portal.server.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.server.compiling.notice",
                "portal.notifications.notices.current",
                "portal.signing.context.offered",
            ],
            "builtins": [
                "portal.templatetags.arena",
                "portal.templatetags.parts",
                "django.contrib.humanize.templatetags.humanize",
                "django.templatetags.i18n",
                "django.templatetags.static",
            ],
        },
    }
]

FORM_RENDERER = "portal.forms.rendering.Renderer"

DATABASES = {"default": read_database()}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Transactions take the write lock when they begin, so that writers wait for each other instead of failing.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=30000;",
    }

# Used codes and failed attempts, shared by all processes of the portal.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "portal_cache"}}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
CSRF_FAILURE_VIEW = "portal.views.errors.csrf_failure"
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"

# The language is that of the cookie, which the switch in the header sets, else that of the browser.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
NINJA_PAGINATION_CLASS = "portal.api.paging.Paging"
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.AppDirectoriesFinder"]
MEDIA_ROOT = DATA_DIR / "files"
MEDIA_URL = "/unserved/"  # Uploads are never served; no URL has this prefix.
STORAGES: dict[str, dict[str, Any]] = {
    "default": read_storage(),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Files are hashed while they stream to disk, and never held in memory.
FILE_UPLOAD_HANDLERS = ["portal.server.receiving.HashingUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # Fields of a form, without files.

SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

ARENA_LOG = VARIABLES.ARENA_LOG
# Unexpected errors go to the process's log with a traceback. Django's defaults would not log them.
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
        "json": {"()": "portal.server.logs.JsonLines"},
    },
    "handlers": {"log": {"class": "logging.StreamHandler", "formatter": ARENA_LOG}},
    "loggers": {"django": {"handlers": ["log"], "level": "ERROR"}},
}
if ARENA_LOG == "json":
    LOGGING["loggers"] = {"django": {"level": "ERROR"}}
    LOGGING["root"] = {"handlers": ["log"], "level": "INFO"}

# The web server
ARENA_WEB_THREADS = VARIABLES.ARENA_WEB_THREADS
ARENA_WEB_WAITING = VARIABLES.ARENA_WEB_WAITING
ARENA_METRICS_TOKEN = VARIABLES.ARENA_METRICS_TOKEN
ARENA_STREAMS = VARIABLES.ARENA_STREAMS
ARENA_STREAMS_EACH = VARIABLES.ARENA_STREAMS_EACH
ARENA_FREE_BYTES = VARIABLES.ARENA_FREE_BYTES
ARENA_EXPORT_BYTES = VARIABLES.ARENA_EXPORT_BYTES
ARENA_USER_BYTES = VARIABLES.ARENA_USER_BYTES

# Sign-up, rate limits (`portal.server.throttling`) and quotas
ARENA_SIGN_UP = VARIABLES.ARENA_SIGN_UP
ARENA_LIMITS = VARIABLES.ARENA_LIMITS
ARENA_QUOTAS = VARIABLES.ARENA_QUOTAS
ARENA_LIMITS_STORE = ""  # where limits are counted, if not in REDIS_URL

# Files
ARENA_CACHE_BYTES = VARIABLES.ARENA_CACHE_BYTES
ARENA_KEEP_ORIGINALS_DAYS = VARIABLES.ARENA_KEEP_ORIGINALS_DAYS
ARENA_KEEP_SNAPSHOTS_DAYS = VARIABLES.ARENA_KEEP_SNAPSHOTS_DAYS
ARENA_KEEP_REPLAYS = VARIABLES.ARENA_KEEP_REPLAYS

ARENA_WEBHOOKS = VARIABLES.ARENA_WEBHOOKS

# Work
REDIS_URL = VARIABLES.REDIS_URL or f"redis+socket://{DATA_DIR / 'redis.sock'}"
ARENA_PLAY = VARIABLES.ARENA_PLAY
ARENA_WORKERS = VARIABLES.ARENA_WORKERS
ARENA_BLOCK_SIZE = VARIABLES.ARENA_BLOCK_SIZE  # 0: chosen by the duration of episodes
ARENA_LABELS = VARIABLES.ARENA_LABELS
ARENA_AUDIT_SHARE = VARIABLES.ARENA_AUDIT_SHARE
ARENA_REMOTE_SECONDS = VARIABLES.ARENA_REMOTE_SECONDS
ARENA_LEASE_SECONDS = VARIABLES.ARENA_LEASE_SECONDS
ARENA_TRAINING_SLOTS = VARIABLES.ARENA_TRAINING_SLOTS
ARENA_TRAINING_CORES = VARIABLES.ARENA_TRAINING_CORES  # 0: all cores, shared among the slots
ARENA_TRAINING_NICE = VARIABLES.ARENA_TRAINING_NICE
ARENA_TRAINING_FREE_BYTES = VARIABLES.ARENA_TRAINING_FREE_BYTES
ARENA_TRAINING_COMMAND = VARIABLES.ARENA_TRAINING_COMMAND
ARENA_OPEN_UPLOADS = VARIABLES.ARENA_OPEN_UPLOADS
ARENA_SLOWEST_AGENT = VARIABLES.ARENA_SLOWEST_AGENT
ARENA_UPLOAD_LIMIT = VARIABLES.ARENA_UPLOAD_LIMIT
