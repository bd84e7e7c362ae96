"""The shapes of the API's description: each has a name of its own."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from ninja import NinjaAPI, Schema
from pydantic import BaseModel

from portal.api import api
from portal.api.unknown import shapes_of
from tests.portal.access import find_operations


def shapes_in(model: Any, seen: set[type[BaseModel]]) -> Iterator[type[BaseModel]]:
    """The shapes that a model's fields hold, and those that these hold."""
    for field in model.model_fields.values():
        for shape in shapes_of(field.annotation):
            if shape not in seen:
                seen.add(shape)
                yield shape
                yield from shapes_in(shape, seen)


def find_collisions(api: NinjaAPI) -> dict[str, set[str]]:
    """Return the names that several shapes of an API share, with the places of these shapes."""
    found: dict[str, set[str]] = defaultdict(set)
    for _, operation in find_operations(api):
        models = [
            *operation.models,
            *(model for model in operation.response_models.values() if isinstance(model, type)),
        ]
        for model in models:
            for shape in shapes_in(model, set()):
                found[shape.__name__].add(f"{shape.__module__}.{shape.__qualname__}")
    return {name: places for name, places in found.items() if len(places) > 1}


def test_every_shape_of_the_description_has_its_own_name() -> None:
    assert find_collisions(api) == {}


def fields_of_body(path: str, method: str = "post") -> set[str]:
    described = api.get_openapi_schema()
    content = described["paths"][f"/api/v1{path}"][method]["requestBody"]["content"]["application/json"]
    name = content["schema"]["$ref"].rsplit("/", 1)[-1]
    return set(described["components"]["schemas"][name]["properties"])


def test_bodies_are_described_with_the_fields_that_their_operations_take() -> None:
    assert fields_of_body("/trainings/{run_id}/extend") == {"steps"}
    assert fields_of_body("/psro/{run_id}/extend") == {"iterations"}
    assert "number" in fields_of_body("/psro/{run_id}/fork")


def test_a_shape_that_takes_the_name_of_another_is_found() -> None:
    def one() -> type[Schema]:
        class ChangeIn(Schema):
            steps: int

        return ChangeIn

    def other() -> type[Schema]:
        class ChangeIn(Schema):
            iterations: int

        return ChangeIn

    first, second = one(), other()
    added = NinjaAPI(urls_namespace="shapes")

    @added.post("/a")
    def extend(request: Any, wanted: first) -> None:  # type: ignore[valid-type]
        """Takes one."""

    @added.post("/b")
    def prolong(request: Any, wanted: second) -> None:  # type: ignore[valid-type]
        """Takes the other."""

    assert set(find_collisions(added)) == {"ChangeIn"}


def test_files_and_refusals_are_described() -> None:
    """Schemathesis found tables as files, and statuses, that the description did not know of."""
    paths = api.get_openapi_schema()["paths"]
    episodes = paths["/api/v1/scenarios/{slug}/episodes"]["get"]["responses"]
    assert {"text/csv", "application/vnd.apache.parquet"} <= set(episodes[200]["content"])
    points = paths["/api/v1/trainings/{run_id}/points"]["get"]["responses"]
    assert set(points[200]["content"]) == {"application/json", "text/csv"}
    for path, operations in paths.items():
        for method, operation in operations.items():
            wanted = {400} | ({404} if "{" in path else set()) | ({401} if "security" in operation else set())
            assert wanted <= set(operation["responses"]), f"{method} {path}"
    assert 404 in paths["/api/v1/agents"]["get"]["responses"]
