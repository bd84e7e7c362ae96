"""Additions to the generated OpenAPI description: problems, headers, descriptions and examples of requests."""

from __future__ import annotations

from typing import Any

from portal.api.schemas import NO_NULL
from portal.problems import CONTENT_TYPE
from portal.server.idempotency import HEADER

PARAMETERS = {
    "slug": "Slug, such as `mate-4v8-9` or `greedy-camera`; of agents also the digest.",
    "agent": "Slug or digest of an agent.",
    "scenario": "Slug of a scenario, such as `mate-4v8-9`.",
    "first": "Slug or digest of the first agent.",
    "second": "Slug or digest of the second agent.",
    "team": "Team of the agents.",
    "kind": "Kind of the rows.",
    "state": "State of the rows.",
    "search": "A part of the name.",
    "owner": "User name of the owner.",
    "format": "Form of the table, or the format of tournaments.",
    "purpose": "Why a tournament was started, such as `placement` or `schedule`.",
    "algorithm": "Algorithm of the training, such as `hrl-mappo`.",
    "preset": "Preset whose values are the defaults.",
    "meta_solver": "Meta-solver, such as `nash`.",
    "tournament": "Number of a tournament.",
    "tournament_id": "Number of the tournament.",
    "pairing_id": "Number of the pairing.",
    "episode_id": "Number of the episode.",
    "attack_id": "Number of the attack.",
    "study_id": "Number of the study.",
    "measure": "Score of a run: `payoff`, or `gain` over the greedy agent.",
    "schedule_id": "Number of the schedule.",
    "run_id": "Number of the training or PSRO run.",
    "rival_id": "Number of the PSRO run to compare with.",
    "upload_id": "Identifier of the upload.",
    "resumable_id": "Identifier of the resumable upload; the upload has the same.",
    "token_id": "Number of the token.",
    "username": "User name.",
    "unread": "Only those that are not read.",
    "webhook_id": "Number of the webhook.",
    "number": "Number of the iteration.",
    "code": "Code of the kind of problem.",
}
"""Descriptions, by name, of parameters whose signatures have none."""

BEST_RESPONSE = {"algorithm": "mappo", "steps": 100_000}
EXAMPLES: dict[str, dict[str, Any]] = {
    "PATCH /agents/{slug}": {"name": "Hawk", "description": "Trained for a day."},
    "POST /agents/{slug}/reevaluations": {"scenario": "mate-2v4-0"},
    "POST /scenarios": {"name": "Lossy radio", "start": "mate-2v4-0", "document": {"message_dropout": 0.3}},
    "POST /tournaments": {
        "name": "First cup",
        "scenario": "mate-2v4-0",
        "cameras": ["greedy-camera", "random-camera"],
        "targets": ["greedy-target", "random-target"],
        "episodes_per_pairing": 10,
    },
    "POST /tournaments/estimate": {
        "scenario": "mate-2v4-0",
        "cameras": ["greedy-camera", "random-camera"],
        "targets": ["greedy-target", "random-target"],
        "format": "ranking",
        "settings": {"resolution": 0.02},
    },
    "POST /schedules": {"name": "Weekly cup", "kind": "cron", "expression": "0 3 * * 1", "scenario": "mate-2v4-0"},
    "PATCH /schedules/{schedule_id}": {"expression": "0 5 * * *"},
    "POST /trainings": {
        "name": "Night watch",
        "scenario": "mate-2v4-0",
        "team": "camera",
        "algorithm": "hrl-mappo",
        "opponent": "greedy-target",
        "hyperparameters": {"gamma": 0.98},
        "steps": 100_000,
    },
    "POST /trainings/{run_id}/extend": {"steps": 100_000},
    "POST /psro": {
        "name": "Cat and mouse",
        "scenario": "mate-2v4-0",
        "camera_training": BEST_RESPONSE,
        "target_training": BEST_RESPONSE,
        "iterations": 2,
    },
    "POST /psro/{run_id}/extend": {"iterations": 3},
    "POST /psro/{run_id}/fork": {"name": "Another way", "number": 0, "meta_solver": "uniform"},
    "POST /agents/{slug}/attacks": {
        "scenario": "mate-2v4-0",
        "num_attackers": 3,
        "training": {"steps": 1_000_000},
    },
    "POST /studies": {
        "name": "Does memory help?",
        "scenarios": ["mate-2v4-0"],
        "team": "camera",
        "opponent": "greedy-target",
        "configurations": [
            {"name": "LSTM", "algorithm": "hrl-mappo"},
            {"name": "none", "algorithm": "hrl-mappo", "hyperparameters": {"memory": "none"}},
        ],
        "num_seeds": 5,
        "steps": 1_000_000,
    },
    "POST /labs": {"name": "Tracking group", "description": "Who works on pursuit."},
    "POST /labs/{slug}/members": {"username": "bob", "role": "member"},
    "PATCH /labs/{slug}/members/{username}": {"role": "owner"},
    "POST /remote-agents": {"name": "My greedy camera", "team": "camera"},
    "POST /webhooks": {"url": "https://example.org/hook", "kinds": ["tournament", "rank"]},
    "POST /tokens": {"name": "nightly script", "scopes": ["tournaments"], "days": 30},
}
"""Examples of request bodies by method and path. A portal with the built-in agents accepts them."""

YES_OR_NO = ["true", "false", "1", "0", "yes", "no", "on", "off", "t", "f", "y", "n"]
FORMS = {
    "POST /uploads": {
        "file": {"type": "string", "format": "binary", "minLength": 1},
        "private": {"type": "string", "enum": YES_OR_NO, "default": "false"},
    }
}
"""Fields of forms, which are texts: what they may hold."""
NEEDED = {"POST /uploads": ["file"]}
"""Fields of forms that are optional for ninja, because the operation itself says that they are missing (`no_file`)."""

IDEMPOTENCY_KEY = {
    "in": "header",
    "name": HEADER,
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[ -~]+$"},
    "description": "A random UUID. A request that is repeated with the same key gets the first answer.",
}
IF_NONE_MATCH = {
    "in": "header",
    "name": "If-None-Match",
    "required": False,
    "schema": {"type": "string"},
    "description": "The `ETag` of an answer that you have; 304 says that it is still good.",
}
RATE_HEADERS = {
    name: {"schema": {"type": "integer"}, "description": words}
    for name, words in (
        ("RateLimit-Limit", "Requests of this kind that are allowed in its time."),
        ("RateLimit-Remaining", "Requests of this kind that are left."),
        ("RateLimit-Reset", "Seconds until more are allowed."),
    )
}
RETRY_AFTER = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}}
PROBLEM = {"schema": {"$ref": "#/components/schemas/ErrorOut"}}
OTHERS = {
    400: "The request could not be read",
    409: "The request was refused",
    429: "Too many requests",
    500: "A mistake of the portal",
    503: "The portal is busy",
}
"""Responses that every operation may return."""

FILES = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
"""Media types of the formats of tables."""


def complete(description: dict[str, Any], prefix: str) -> None:
    """Complete the description that ninja generates, in place."""
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            describe_parameters(operation)
            describe_answers(operation, method, path)
            describe_files(operation)
            content = operation.get("requestBody", {}).get("content", {})
            name = f"{method.upper()} {path.removeprefix(prefix)}"
            if name in NEEDED:
                form = content["multipart/form-data"]["schema"]
                form["properties"] |= FORMS[name]
                form["additionalProperties"] = False
                form["required"] = NEEDED[name]
            example = EXAMPLES.get(name)
            if example and "application/json" in content:
                content["application/json"]["example"] = example


def describe_parameters(operation: dict[str, Any]) -> None:
    for parameter in operation["parameters"]:
        shape = parameter["schema"]
        if shape.get("type") == "string" and parameter["in"] != "header" and not {"enum", "format"} & shape.keys():
            shape.setdefault("pattern", NO_NULL)
        words = PARAMETERS.get(parameter["name"])
        if words and "description" not in parameter:
            parameter["description"] = words


def describe_files(operation: dict[str, Any]) -> None:
    """Add the media types of files to an operation with a parameter `format`."""
    for parameter in operation["parameters"]:
        if parameter["name"] == "format":
            for form in FILES.keys() & parameter["schema"].get("enum", ()):
                content = operation["responses"][200].setdefault("content", {})
                content.setdefault("application/json", {"schema": {"type": "object"}})
                content[FILES[form]] = {"schema": {"type": "string", "format": "binary"}}


def describe_answers(operation: dict[str, Any], method: str, path: str) -> None:
    answers = operation["responses"]
    for status, words in OTHERS.items():
        answers.setdefault(status, {"description": words})
    if "security" in operation:
        answers.setdefault(401, {"description": "A token is needed"})
    if "{" in path or any(parameter["name"] == "scenario" for parameter in operation["parameters"]):
        answers.setdefault(404, {"description": "Not found"})
    for status, answer in answers.items():
        if status >= 400:
            answer["content"] = {CONTENT_TYPE: PROBLEM}
    for status in (429, 503):
        answers[status]["headers"] = dict(RETRY_AFTER)
    if method in ("head", "options"):
        return
    if method == "get":
        operation["parameters"].append(IF_NONE_MATCH)
        answers[304] = {"description": "Not modified"}
        return
    for status, answer in answers.items():
        if status < 300 or status == 429:
            answer["headers"] = answer.get("headers", {}) | RATE_HEADERS
    if method == "post":
        operation["parameters"].append(IDEMPOTENCY_KEY)
        answers.setdefault(422, {"description": "Unprocessable Entity", "content": {CONTENT_TYPE: PROBLEM}})
    operation["responses"] = dict(sorted(answers.items()))
