"""A portal's REST API, called as by any program."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

TIMEOUT = 120.0


@dataclass(frozen=True)
class Portal:
    """A running portal and a token for it."""

    address: str
    token: str

    def get(self, path: str) -> Any:
        return self._ask(urllib.request.Request(f"{self.address}/api/v1/{path}"))

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._ask(urllib.request.Request(f"{self.address}/api/v1/{path}", data=json.dumps(body).encode()))

    def _ask(self, request: urllib.request.Request) -> Any:
        request.add_header("Authorization", f"Bearer {self.token}")
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{request.full_url}: {error.code} {error.read().decode()[:500]}") from error

    def is_up(self) -> bool:
        """Return whether the portal answers."""
        try:
            self.get("scenarios")
        except (urllib.error.URLError, ConnectionError):
            return False
        return True
