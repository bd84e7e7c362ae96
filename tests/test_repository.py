"""The repository as a whole: its floors, names, documents, pins and container files."""

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from setuptools import Distribution
from setuptools.config.pyprojecttoml import apply_configuration

from portal.launcher.__main__ import ACTIONS
from tests.sources import FLOORS, ROOT, find_circle, import_graph, modules

PURE = (
    "names",
    *("agents", "matches", "seeds", "replays", "payoffs", "ratings", "meta_solvers", "evolution", "formats", "psro"),
    *("comparing", "distributions", "arranging", "tables", "packing", "strips"),
    *("drafts", "archives", "loading", "refusals"),
)
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(\[[a-z0-9,]+\])?==([A-Za-z0-9.]+)( ; .+)?$")
PINNED_FILES = ("requirements", "requirements-training", "requirements-dev")
OPTIONAL_FILES = (
    "requirements-film",
    "requirements-oauth",
    "requirements-observing",
    "requirements-s3",
    "requirements-window",
)
# Debian 12's own, each supported series, and the first patch of the newest.
PYTHONS = ("3.11.2", "3.11.14", "3.12.3", "3.13.5", "3.14.0")


def normalise(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def read_pins(file: str, python: str = PYTHONS[0]) -> dict[str, str]:
    """Package to version on Linux with that Python; fails on a line that is no pin, and on a second pin of a
    package.
    """
    pins: dict[str, str] = {}
    for line in (ROOT / file).read_text().splitlines():
        line = line.split("#")[0].strip()
        if line and not line.startswith(("-r ", "-c ")):
            match = PINNED.match(line)
            assert match, f"{file}: {line!r} is no plain pin NAME==VERSION"
            if Requirement(line).marker is None or holds(Requirement(line), python):
                assert normalise(match[1]) not in pins, f"{file} pins {match[1]} twice for Python {python}"
                pins[normalise(match[1])] = match[3]
    return pins


def holds(requirement: Requirement, python: str, extras: Iterable[str] = ()) -> bool:
    """Whether a requirement applies on Linux with that Python, for one of the extras or for none."""
    series = ".".join(python.split(".")[:2])
    place = {"python_full_version": python, "python_version": series, "sys_platform": "linux", "os_name": "posix"}
    place |= {"platform_system": "Linux", "implementation_name": "cpython", "platform_machine": "x86_64"}
    marker = requirement.marker
    return marker is None or any(marker.evaluate(place | {"extra": extra}) for extra in ("", *extras))


def test_imports_only_point_down_the_floors() -> None:
    wrong = [
        f"{module.path.relative_to(ROOT)}:{line} imports {name}"
        for module in modules()
        for name, line in module.imports()
        if name.split(".")[0] in FLOORS and FLOORS.index(name.split(".")[0]) > FLOORS.index(module.floor)
    ]
    assert not wrong, "\n".join(wrong)


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert find_circle(import_graph()) == []


def test_the_pure_parts_of_tournament_do_without_django() -> None:
    pure = tuple(f"tournament.{name}" for name in PURE)
    graph = import_graph()
    impure = {module.name for module in modules() if any(name.startswith("django") for name, _ in module.imports())}
    for name in graph:
        if name in pure or name.startswith(tuple(f"{one}." for one in pure)):
            assert name not in impure, f"{name} imports Django"
            assert not graph[name] & impure, f"{name} imports {graph[name] & impure}, which imports Django"


def test_the_game_policies_and_training_know_nothing_of_django() -> None:
    for module in modules():
        if module.floor in ("mate", "policies", "training"):
            assert not [name for name, _ in module.imports() if name.split(".")[0] in ("django", "celery", "redis")]


def test_web_processes_import_nothing_that_is_large_and_seldom_needed() -> None:
    program = (
        "import os, sys, django\n"
        "django.setup()\n"
        "from django.urls import get_resolver\n"
        "get_resolver().url_patterns\n"
        "large = ('torch', 'ray', 'scipy.special', 'scipy.optimize', 'scipy.sparse', 'nashpy', 'httpx', 'plotly')\n"
        "print([name for name in large if name in sys.modules])"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=os.environ, capture_output=True, text=True, check=True
    )
    assert outcome.stdout.strip().splitlines()[-1] == "[]"


def test_modules_have_names_that_say_something() -> None:
    named = [module.path for module in modules() if FORBIDDEN_NAMES & set(module.name.split("."))]
    # Aliases, for code written against the original.
    allowed = {ROOT / "mate" / "utils.py", ROOT / "mate" / "agents" / "utils.py"}
    assert set(named) <= allowed


def test_names_that_modules_import_from_each_other_exist() -> None:
    found = {module.name: module for module in modules()}
    missing = [
        f"{module.path.relative_to(ROOT)}:{line} imports {name}"
        for module in found.values()
        for name, line in module.imports()
        if (parent := name.rpartition(".")[0]) in found and name not in found and name.rpartition(".")[2] != "*"
        if not {"*", name.rpartition(".")[2]} & found[parent].names
    ]
    assert not missing, "\n".join(missing)


def test_one_name_means_one_class() -> None:
    places: dict[str, list[str]] = {}
    for module in modules():
        if module.name.startswith(("mate_arena.client", "mate_arena.cli")):
            continue  # The client is another program: its shapes have the names of the API's resources.
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(module.name)
    shared = {name: found for name, found in places.items() if len(found) > 1}
    shared.pop("Command", None)  # Django finds management commands by this name.
    assert shared.pop("Scenario") == [
        "mate.scenario",
        "tournament.models.scenario",
    ]  # The latter is a row of the former.
    assert not shared


def test_teams_and_built_in_agents_are_listed_in_one_place() -> None:
    lists = ({"naive", "greedy", "heuristic"}, {"camera", "target", "both"})
    copies = [
        (module.name, node.lineno)
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Tuple | ast.List | ast.Set)
        if any(listed <= {one.value for one in node.elts if isinstance(one, ast.Constant)} for listed in lists)
    ]
    assert not copies


def test_no_line_is_longer_than_an_editor_is_wide() -> None:
    # Migrations are written by Django, and what lies in `vendor` by others.
    listed = subprocess.run(["git", "ls-files", "*.py", "*.html", "*.css", "*.js"], cwd=ROOT, capture_output=True)
    files = [name for name in listed.stdout.decode().splitlines() if not re.search(r"migrations/|vendor/", name)]
    long = [
        f"{name}:{number}"
        for name in files
        for number, line in enumerate((ROOT / name).read_text().splitlines(), start=1)
        if len(line) > 120
    ]
    assert files and not long


@pytest.mark.django_db
def test_migrations_are_complete() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    text = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not target.startswith(("http://", "https://", "mailto:")):
            path, _, anchor = target.partition("#")
            linked = document.parent / path if path else document
            assert linked.exists(), f"{document.name} links to {target}"
            assert not anchor or anchor in headings(linked), f"{document.name} links to {target}"


def headings(document: Path) -> set[str]:
    """Anchors as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", document.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_document_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    for document in (ROOT / "docs").glob("*.md"):
        assert document.name == "README.md" or f"({document.name})" in index, (
            f"{document.name} is not in docs/README.md"
        )


@pytest.mark.parametrize("python", PYTHONS)
def test_all_that_is_installed_is_pinned_and_names_no_place(python: str) -> None:
    known: dict[str, str] = {}
    for name in PINNED_FILES:
        chosen, pinned = read_pins(f"{name}.in", python), read_pins(f"{name}.txt", python)
        assert chosen.items() <= pinned.items()
        shared = known.keys() & pinned.keys()
        assert {one: known[one] for one in shared} == {one: pinned[one] for one in shared}
        known |= pinned
    for name in OPTIONAL_FILES:
        assert read_pins(f"{name}.in").items() <= known.items()


@pytest.mark.parametrize("python", PYTHONS)
def test_whatever_a_pinned_package_requires_is_pinned_for_every_python(python: str) -> None:
    pins = {name: version for file in PINNED_FILES for name, version in read_pins(f"{file}.txt", python).items()}
    extras = {
        normalise(requirement.name): requirement.extras
        for file in PINNED_FILES
        for requirement in map(
            Requirement, re.findall(r"^[a-zA-Z][^#\n]*", (ROOT / f"{file}.in").read_text(), re.MULTILINE)
        )
    }
    missing = {
        f"{name} requires {requirement}"
        for name in pins
        for requirement in requirements_of(name)
        if holds(requirement, python, extras.get(name, ())) and normalise(requirement.name) not in pins
    }
    assert not {line for line in missing if not re.search("requires (cuda|nvidia|triton)", line)}


def requirements_of(name: str) -> list[Requirement]:
    """What an installed package requires; nothing where the package is for another platform and so not installed."""
    try:
        return [Requirement(text) for text in importlib.metadata.requires(name) or []]
    except importlib.metadata.PackageNotFoundError:
        return []


def test_every_supported_python_is_told_by_the_package_and_the_documents() -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert asked == ">=3.11,<3.15"
    for python in PYTHONS:
        assert python in SpecifierSet(asked)
    assert "3.11 to 3.14" in (ROOT / "README.md").read_text()


def test_the_package_says_which_licence_and_paper_it_has() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert project["license"] == citation["license"] == "MIT"
    assert project["version"] == citation["version"]
    assert citation["preferred-citation"]["authors"][0]["family-names"] == "Pan"


def test_the_package_can_be_built_with_every_extra() -> None:
    package = apply_configuration(Distribution(), str(ROOT / "pyproject.toml"))
    assert set(package.extras_require) == {"training", "film", "oauth", "observing", "s3", "window"}
    assert all(package.extras_require.values()) and package.install_requires


def test_scripts_can_be_run() -> None:
    assert os.access(ROOT / ".ci/audit", os.X_OK)
    for name in (".ci/run", ".ci/pins", ".ci/other-python"):
        assert os.access(ROOT / name, os.X_OK)
        subprocess.run(["bash", "-n", ROOT / name], check=True)


@pytest.fixture(scope="module")
def composition() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())


def test_containers_run_the_launchers_commands(composition: dict[str, Any]) -> None:
    ours = {name: service for name, service in composition["services"].items() if "build" in service}
    assert set(ours) == {"prepare", "web", "worker", "trainer", "sweep"}
    for name, service in ours.items():
        assert service["command"] == [name]
        assert name in ACTIONS
        assert (ROOT / "docker" / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
        assert {"SECRET_KEY", "DATABASE_URL", "REDIS_URL"} <= service["environment"].keys()
    assert composition["services"]["worker"]["deploy"]["replicas"] == 2


def test_containers_wait_for_what_they_need(composition: dict[str, Any]) -> None:
    services = composition["services"]
    for service in services.values():
        for needed, wait in service.get("depends_on", {}).items():
            assert needed in services
            assert wait["condition"] in ("service_healthy", "service_completed_successfully")
            assert wait["condition"] != "service_healthy" or "test" in services[needed]["healthcheck"]
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in composition["volumes"]


def test_secrets_of_containers_come_from_the_environment_and_are_in_the_example(composition: dict[str, Any]) -> None:
    text = (ROOT / "docker" / "compose.yaml").read_text()
    example = dict(
        line.split("=", 1)
        for line in (ROOT / "docker" / ".env.example").read_text().splitlines()
        if line and not line.startswith("#")
    )
    assert set(re.findall(r"(?<!\$)\$\{(\w+)", text)) == set(example)
    assert not any(value for name, value in example.items() if name.endswith(("KEY", "PASSWORD", "TOKEN")))


def test_the_pods_of_kubernetes_run_the_launchers_commands_and_share_no_folder() -> None:
    folder = ROOT / "deploy" / "kubernetes"
    listed = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
    files = [folder / name for name in listed if (folder / name).is_file()]
    documents = [one for file in files for one in yaml.safe_load_all(file.read_text())]
    deployments = {one["metadata"]["name"]: one["spec"] for one in documents if one["kind"] == "Deployment"}
    assert set(deployments) == {"web", "worker", "trainer", "sweep"}
    for name, spec in deployments.items():
        pod = spec["template"]["spec"]
        assert [container["args"] for container in pod["containers"]] == [[name]]
        assert all(container["args"][0] in ACTIONS for container in pod.get("initContainers", []))
        assert all("emptyDir" in volume for volume in pod["volumes"])
        assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
        assert pod["securityContext"]["runAsNonRoot"] is True
    (scaled,) = (one["spec"] for one in documents if one["kind"] == "ScaledObject")
    assert scaled["scaleTargetRef"]["name"] in deployments


def test_the_image_is_given_every_floor() -> None:
    given = (ROOT / "docker" / "Dockerfile.dockerignore").read_text().splitlines()
    assert {f"!{floor}" for floor in FLOORS} <= set(given)


def test_the_image_runs_without_root_and_says_how_it_is() -> None:
    lines = (ROOT / "docker" / "Dockerfile").read_text().splitlines()
    instructions = [line for line in lines if re.match(r"^[A-Z]+ ", line)]
    final = instructions[max(i for i, line in enumerate(instructions) if line.startswith("FROM")) :]
    assert "USER arena" in final
    assert any(line.startswith("HEALTHCHECK") and "health" in line for line in final)
    assert not any("apt-get" in line or "pip install" in line for line in final)
