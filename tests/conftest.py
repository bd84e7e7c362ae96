"""Settings of all tests: the reference data, the browser, and the restriction of a run to some tests."""

import gc
import os
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from playwright.sync_api import expect

from tests.chromium import ADVICE, find_chromium
from tests.spreading import spread

ROOT = Path(__file__).resolve().parent.parent

# A browser test's page runs an event loop in the thread that also reads the database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
os.environ.setdefault("NUMBA_NUM_THREADS", "1")
# Tests compare results bit by bit with those of the CPU, even on a machine with a GPU.
os.environ["ARENA_DEVICE"] = "cpu"
# On processors of AMD, MKL's results otherwise depend on the number of rows; PyTorch reads this when it is loaded.
os.environ.setdefault("MKL_CBWR", "COMPATIBLE")
# How long an example takes depends on what else the machine does.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")
expect.set_options(timeout=30_000)  # milliseconds; on a busy machine a page takes seconds


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--only-database", action="store_true", help="run only tests whose outcome may depend on the database"
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Skip the tests of floors without a database before they are imported: they load PyTorch and Ray."""
    below = {ROOT / "tests" / floor for floor in ("mate", "policies", "training")}
    return True if config.getoption("--only-database") and collection_path in below else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--only-database"):
        keep = [item for item in items if uses_database(item) and not is_elsewhere(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(keep)])
        items[:] = keep
    if find_chromium() is None:
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason=f"no Chromium: {ADVICE}"))
    if worker := getattr(config, "workerinput", None):
        items[:] = spread(items, worker["workercount"])


def pytest_collection_finish() -> None:
    """Exclude all objects of imported modules from garbage collection, which would traverse them each time."""
    gc.freeze()


def is_elsewhere(item: pytest.Item) -> bool:
    """Return whether a test does not depend on the kind of database, although it reads some rows."""
    return any(item.get_closest_marker(name) for name in ("browser", "one_database"))


def uses_database(item: pytest.Item) -> bool:
    fixtures = {"db", "transactional_db", "django_db_serialized_rollback"}
    return item.get_closest_marker("django_db") is not None or bool(fixtures & set(getattr(item, "fixturenames", ())))


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Empty the test database quickly after each test whose transactions were committed."""
    from tests.emptying import Emptying

    with django_db_blocker.unblock():
        Emptying().install()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Use the machine's own Chromium, with options for root and for containers with little shared memory."""
    return browser_type_launch_args | {
        "executable_path": find_chromium(),
        "args": ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
    }


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """Return the folder of ARENA_REFERENCE_DATA (recordings, genuine checkpoints), or skip the test without it."""
    folder = Path(os.environ.get("ARENA_REFERENCE_DATA") or ROOT.parent / "shared")
    if not folder.is_dir():
        pytest.skip("no reference data: set ARENA_REFERENCE_DATA to its folder")
    return folder
