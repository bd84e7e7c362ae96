"""Hooks of Schemathesis, which loads this file in an environment of its own: what OpenAPI has no words for."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import uuid4

import schemathesis

KEY = "Idempotency-Key"
VALID_KEY = re.compile("[ -~]{1,200}")
OWN_TOKEN = 2**40
"""Key of the token in `benchmarks.fuzz_api`, which this environment cannot import."""
UNKNOWN_HEADER = "x-schemathesis-unknown-property"
PIECE_TYPE = "application/offset+octet-stream"


@schemathesis.hook  # type: ignore[untyped-decorator]
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Send a valid idempotency key once, because another request with it is refused; keep the token of all requests."""
    if VALID_KEY.fullmatch(str((case.headers or {}).get(KEY, ""))):
        case.headers[KEY] = str(uuid4())
    if str((case.path_parameters or {}).get("token_id")) == str(OWN_TOKEN):
        case.path_parameters["token_id"] = OWN_TOKEN + 10**6


@schemathesis.hook  # type: ignore[untyped-decorator]
def filter_case(context: Any, case: Any) -> bool:
    """Leave out requests that are invalid because of an unknown header: HTTP lets servers ignore those."""
    return UNKNOWN_HEADER not in (case.headers or {})


@schemathesis.serializer(PIECE_TYPE)  # type: ignore[untyped-decorator]
def serialize_piece(context: Any, value: Any) -> bytes:
    """Send a piece of a resumable upload as it is."""
    return value if isinstance(value, bytes) else json.dumps(value).encode()
