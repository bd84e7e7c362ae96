"""Settings of the test suite: the portal's own, with a data folder and a database of each test process's own."""

import atexit
import os
import shutil
import tempfile

# Children of a test process share its data folder; the processes of a parallel run each make their own.
PROCESS = os.environ.get("PYTEST_XDIST_WORKER", "main")
if os.environ.get("ARENA_TEST_PROCESS") != PROCESS:
    os.environ["ARENA_TEST_PROCESS"] = PROCESS
    os.environ["ARENA_DATA"] = tempfile.mkdtemp(prefix="arena-")
    atexit.register(shutil.rmtree, os.environ["ARENA_DATA"], ignore_errors=True)

from portal.settings import *  # noqa: E402, F403
from portal.settings import DATA_DIR, DATABASES, STORAGES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
(DATA_DIR / "static").mkdir(exist_ok=True)
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, not memory: threads and child processes then lock it as in production.
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}
ARENA_LIMITS = (
    os.environ.get("ARENA_LIMITS") or "off"
)  # Tests would exceed the limits, as they act much faster than people. Tests of limits enable them.
