"""Requests over many connections at once, each sent as soon as the one before is answered, by ``wrk``."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from typing import Any

SCRIPT = """
local paths, count = {%s}, 0
if #paths > 0 then
  request = function()
    count = count + 1
    return wrk.format("GET", paths[(count - 1) %% #paths + 1])
  end
end
done = function(summary, latency, requests)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.stderr:write(string.format(
    '{"requests": %%d, "seconds": %%f, "failed": %%d, "p50": %%f, "p95": %%f, "p99": %%f}\\n',
    summary.requests, summary.duration / 1e6, failed,
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3))
end
"""
"""Lua code for wrk: it requests the paths in turn, if there are any, and prints figures in milliseconds as JSON."""


def require() -> None:
    """Raise SystemExit if ``wrk`` is not installed."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing. On Debian: apt install wrk")


def press(address: str, connections: int, seconds: float, paths: list[str] | None = None) -> dict[str, Any]:
    """Request an address, or the ``paths`` of a site in turn, for some seconds.

    Returns the number of ``requests``, how many ``failed``, the ``seconds``, and the percentiles ``p50``, ``p95`` and
    ``p99`` of the response time in milliseconds.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT % ", ".join(map(json.dumps, paths or [])))
        script.flush()
        command = ["wrk", "--threads=1", f"--connections={connections}", f"--duration={seconds:g}s", "--timeout=30s"]
        done = subprocess.run([*command, "--script", script.name, address], capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stderr.splitlines()[-1])
    return told
