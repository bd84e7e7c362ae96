"""The REST API, version 1: what the website shows and does, for programs. Reading needs no token; changing does."""

from ninja import NinjaAPI

from portal.api import (
    agents,
    boards,
    comparisons,
    episodes,
    errors,
    formats,
    pairings,
    psro,
    scenarios,
    schedules,
    tournaments,
    training,
    uploads,
)

DESCRIPTION = """
Everything can be read without a token. To upload and to start or cancel tournaments, send
`Authorization: Bearer TOKEN`; make a token on your account page or with `python manage.py create_token USER`.

Errors are `{"error": {"code", "message", "where"}}`; the message says what to do. Lists take `limit` (at most 1,000) and
`offset`. Tables come as CSV with `?format=csv`. Seeds are strings, since they have up to 63 bits.
"""

api = NinjaAPI(title="MATE Arena", version="1", description=DESCRIPTION, urls_namespace="api", docs_url="/docs")
errors.register(api)
for tag, router in (
    ("Scenarios", scenarios.router),
    ("Agents", agents.router),
    ("Uploads", uploads.router),
    ("Tournaments", tournaments.router),
    ("Trainings", training.router),
    ("PSRO", psro.router),
    ("Tournaments", formats.router),
    ("Schedules", schedules.router),
    ("Ratings and payoffs", boards.router),
    ("Ratings and payoffs", comparisons.router),
    ("Pairings", pairings.router),
    ("Episodes and replays", episodes.router),
):
    api.add_router("", router, tags=[tag])
