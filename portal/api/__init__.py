"""The REST API, version 1: the website's data and actions for programs. Reading needs no token; changing does."""

from functools import cache
from typing import Any

from ninja import NinjaAPI, Schema
from ninja.errors import ValidationError, ValidationErrorContext
from ninja.openapi.schema import OpenAPISchema

# Validators of a schema are built at its first use. Building all of them takes half a second of every start and 6 MB.
Schema.model_config["defer_build"] = True

from portal.api import (  # noqa: E402
    account,
    agents,
    attacks,
    boards,
    comparisons,
    description,
    episodes,
    errors,
    events,
    formats,
    kinds,
    labs,
    notifications,
    pairings,
    psro,
    remotes,
    resumable,
    scenarios,
    schedules,
    status,
    studies,
    tournaments,
    training,
    unknown,
    uploads,
)
from portal.api.reference import Reference  # noqa: E402

DESCRIPTION = """
Everything can be read without a token. To upload and to start or cancel tournaments, send
`Authorization: Bearer TOKEN`; make a token on your account page or with `python manage.py create_token USER`.

Errors are problem details (RFC 9457): `detail` says what is wrong, where, and what to do, and `code` is for programs.
Lists take `limit` (at most 1,000) and the `next` of the page before as `cursor`. Answers have an `ETag`.
A `POST` with an `Idempotency-Key` may be repeated. Tables come as CSV with `?format=csv`. Seeds are strings,
since they have up to 63 bits.
"""


class Api(NinjaAPI):
    """The API. It caches its OpenAPI description, because generating one takes a third of a second."""

    @cache  # noqa: B019  (one instance, which lives as long as the process)
    def describe(self, path_prefix: str) -> OpenAPISchema:
        described = super().get_openapi_schema(path_prefix=path_prefix)
        description.complete(described, "/" + path_prefix.strip("/"))
        return described

    def get_openapi_schema(self, *, path_prefix: str | None = None, path_params: Any = None) -> OpenAPISchema:
        return self.describe(self.get_root_path(path_params or {}) if path_prefix is None else path_prefix)

    def validation_error_from_error_contexts(
        self, error_contexts: list[ValidationErrorContext[Any]]
    ) -> ValidationError:
        """Add to the error about an unknown field which field was probably meant.

        Only this method knows the schemas.
        """
        found = super().validation_error_from_error_contexts(error_contexts)
        originals = [
            (context.model, error) for context in error_contexts for error in context.pydantic_validation_error.errors()
        ]
        for told, (model, error) in zip(found.errors, originals, strict=True):
            if error["type"] == "extra_forbidden":
                told["msg"] = unknown.describe_extra(model, error["loc"])
        return found


api = Api(
    title="MATE Arena", version="1", description=DESCRIPTION, urls_namespace="api", docs_url="/docs", docs=Reference()
)
errors.register(api)
for tag, router in (
    ("Scenarios", scenarios.router),
    ("Agents", agents.router),
    ("Agents", remotes.router),
    ("Uploads", resumable.router),
    ("Uploads", uploads.router),
    ("Tournaments", tournaments.router),
    ("Trainings", training.router),
    ("PSRO", psro.router),
    ("Studies", studies.router),
    ("Attacks", attacks.router),
    ("Tournaments", formats.router),
    ("Schedules", schedules.router),
    ("Ratings and payoffs", boards.router),
    ("Ratings and payoffs", comparisons.router),
    ("Pairings", pairings.router),
    ("Episodes and replays", episodes.router),
    ("Progress", events.router),
    ("Account", account.router),
    ("Account", notifications.router),
    ("Labs", labs.router),
    ("Portal", status.router),
    ("Portal", kinds.router),
):
    unknown.guard(router)
    api.add_router("", router, tags=[tag])
