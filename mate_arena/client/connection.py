"""Requests to a portal, which are repeated if the connection breaks; answers are read as JSON or as problems."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

import httpx

from mate_arena.client.errors import Problem, Unreachable
from mate_arena.client.shapes import Shape

One = TypeVar("One", bound=Shape)
API = "/api/v1"
RETRIES = 5
TIMEOUT = 60.0
"""Maximum seconds of one request."""
LONGEST_WAIT = 60.0
"""Maximum seconds that a portal may ask the client to wait before the next attempt."""
EVENTS = "text/event-stream"
SILENCE = 45.0
"""Seconds without a line after which a stream counts as broken; the portal sends a line every fifteen seconds."""
PASSING = (429, 502, 503, 504)
PIECE = 1024 * 1024


class Connection:
    """A portal's address and a token. Not shared among threads."""

    def __init__(
        self, url: str, token: str = "", *, retries: int = RETRIES, timeout: float = TIMEOUT, transport: Any = None
    ) -> None:
        headers = {"User-Agent": f"mate-arena/{_version()}"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self.url, self.retries = url, retries
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout, transport=transport)

    def close(self) -> None:
        self._http.close()

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request; repeat it if the connection breaks or the portal is busy.

        A POST has an idempotency key, so that it acts once. Raises Problem if the portal refuses the request, and
        Unreachable if it does not answer.
        """
        headers = dict(options.pop("headers", {}))
        if method == "POST":
            headers.setdefault("Idempotency-Key", str(uuid.uuid4()))
        for attempt in range(self.retries + 1):
            is_last = attempt == self.retries
            try:
                response = self._http.request(method, self._address(path), headers=headers, **_rewound(options))
            except httpx.TransportError as error:
                if is_last:
                    raise Unreachable(f"{self.url} does not answer ({error or type(error).__name__}).") from None
                time.sleep(_pause(attempt))
                continue
            wait = _asked_to_wait(response, attempt)
            if wait is None or is_last:
                return _checked(response)
            time.sleep(wait)
        raise AssertionError("unreachable")

    def get(self, path: str, shape: type[One], **parameters: Any) -> One:
        return shape.read(self.send("GET", path, params=_given(parameters)).json())

    def list(self, path: str, shape: type[One], **parameters: Any) -> list[One]:
        return [shape.read(item) for item in self.send("GET", path, params=_given(parameters)).json()]

    def post(self, path: str, shape: type[One], body: Mapping[str, Any] | None = None) -> One:
        return shape.read(self.send("POST", path, json=dict(body or {})).json())

    def patch(self, path: str, shape: type[One], body: Mapping[str, Any]) -> One:
        return shape.read(self.send("PATCH", path, json=dict(body)).json())

    def delete(self, path: str) -> None:
        self.send("DELETE", path)

    def pages(self, path: str, shape: type[One], *, limit: int = 200, **parameters: Any) -> Iterator[One]:
        """Yield all items of a list, page by page."""
        asked = _given(parameters) | {"limit": limit}
        while True:
            page = self.send("GET", path, params=asked).json()
            yield from map(shape.read, page["items"])
            if not page.get("next"):
                return
            asked["cursor"] = page["next"]

    def listen(self, path: str) -> Iterator[bool]:
        """Yield for each line of an event stream whether it is an event.

        The iteration ends if there is no stream or the connection breaks.
        """
        options: Any = {"headers": {"Accept": EVENTS}, "timeout": httpx.Timeout(TIMEOUT, read=SILENCE)}
        with suppress(httpx.TransportError), self._http.stream("GET", self._address(path), **options) as response:
            if response.status_code == 200 and response.headers.get("Content-Type", "").startswith(EVENTS):
                for line in response.iter_lines():
                    yield line.startswith("data:")

    def download(self, path: str, place: Path, **parameters: Any) -> int:
        """Write an answer to a file, completely or not at all; return the status. With 202 the file stays as it was."""
        part = place.with_name(f"{place.name}.part")
        for attempt in range(self.retries + 1):
            try:
                with self._streamed(path, _given(parameters)) as response:
                    if response.status_code == 202:
                        return 202
                    with part.open("wb") as file:
                        for piece in response.iter_bytes(PIECE):
                            file.write(piece)
                part.replace(place)
                return response.status_code
            except httpx.TransportError as error:
                part.unlink(missing_ok=True)
                if attempt == self.retries:
                    raise Unreachable(f"{self.url} does not answer ({error or type(error).__name__}).") from None
                time.sleep(_pause(attempt))
        raise AssertionError("unreachable")

    @contextmanager
    def _streamed(self, path: str, parameters: dict[str, Any]) -> Iterator[httpx.Response]:
        with self._http.stream("GET", self._address(path), params=parameters) as response:
            if response.status_code >= 300:
                response.read()
            yield _checked(response)

    def _address(self, path: str) -> str:
        return path if path.startswith(API) else API + path


def _version() -> str:
    try:
        return metadata.version("mate-arena")
    except metadata.PackageNotFoundError:  # It runs from a checkout that is not installed.
        return "0"


def _rewound(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a request, with its files rewound to their beginnings."""
    for _, file, *_ in options.get("files", {}).values():
        file.seek(0)
    return options


def _given(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value is not None and value != ""}


def _pause(attempt: int) -> float:
    """Return the seconds before the next attempt: exponential backoff with jitter."""
    return float(min(0.25 * 2**attempt, 8.0) * random.uniform(0.5, 1.0))


def _asked_to_wait(response: httpx.Response, attempt: int) -> float | None:
    """Return the seconds before a request may be sent again; None if the answer is final."""
    if response.status_code not in PASSING:
        return None
    asked = response.headers.get("Retry-After", "")
    seconds = float(asked) if asked.isdigit() else _pause(attempt)
    return seconds if seconds <= LONGEST_WAIT else None


def _checked(response: httpx.Response) -> httpx.Response:
    if response.status_code >= 300 and response.status_code != 304:
        raise Problem.of(response)
    return response
